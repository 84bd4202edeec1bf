"""Real servers for tests: Prometheus, node exporter and Alertmanager on free ports, stopped when the test is over."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

READY_S = 15.0
CONFIG = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
alerting:
  alertmanagers:
    - static_configs:
        - targets: ["127.0.0.1:{alertmanager}"]
rule_files: [rules.yml]
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["127.0.0.1:{node}"]
        labels: {{env: test}}
  - job_name: itself
    static_configs:
      - targets: ["127.0.0.1:{prometheus}"]
  - job_name: gone
    static_configs:
      - targets: ["127.0.0.1:{nothing}"]
"""
RULES = """
groups:
  - name: test
    rules:
      - alert: AlwaysFiring
        expr: vector(1)
        for: 0s
        labels: {severity: critical, instance: "127.0.0.1:%d"}
        annotations: {summary: "This one always fires"}
"""
ALERTMANAGER = """
route: {receiver: nobody}
receivers: [{name: nobody}]
inhibit_rules:
  - {source_matchers: [role="cause"], target_matchers: [role="effect"]}
"""


@dataclass(frozen=True)
class Monitoring:
    """Addresses of a running Prometheus that scrapes a node exporter, fires an alert and tells its Alertmanager."""

    prometheus: str
    alertmanager: str
    node: str
    nothing: str


def binary(name: str, *, may_be_absent: bool = False) -> str:
    """Path of a server's program; a test without it is skipped, and fails in CI unless it may be absent there."""
    path = shutil.which(name)
    if path is None:
        sentence = f"{name} is not installed: install the Debian package of that name to run this test"
        if os.environ.get("CI") == "true" and not may_be_absent:
            pytest.fail(sentence)
        pytest.skip(sentence)
    return path


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def running(command: list[str], folder: Path, ready: str) -> Iterator[None]:
    """A server process while the block runs, entered when `ready` answers 200."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_until_ready(process, ready, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Return when the address answers 200; fail the test with the server's last words otherwise."""
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        if answers(url):
            return
        time.sleep(0.05)
    pytest.fail(f"{url} is not ready: {log.read_text(errors='replace')[-600:]}")


def answers(url: str) -> bool:
    """Whether a GET of the address gives 200."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return int(answer.status) == 200
    except OSError:
        return False


@contextmanager
def monitoring(folder: Path) -> Iterator[Monitoring]:
    """Prometheus, node exporter and Alertmanager in `folder` while the block runs."""
    names = ("prometheus-node-exporter", "prometheus-alertmanager", "prometheus")
    node_exporter, alertmanager, prometheus = (binary(name) for name in names)
    node, alerts, prom, nothing = free_ports(4)
    (folder / "prometheus.yml").write_text(
        CONFIG.format(alertmanager=alerts, node=node, nothing=nothing, prometheus=prom)
    )
    (folder / "rules.yml").write_text(RULES % node)
    (folder / "alertmanager.yml").write_text(ALERTMANAGER)
    told = [f"http://127.0.0.1:{port}" for port in (prom, alerts, node, nothing)]
    with ExitStack() as servers:
        start = [node_exporter, f"--web.listen-address=127.0.0.1:{node}"]
        servers.enter_context(running(start, folder, f"{told[2]}/"))
        start = [
            alertmanager,
            f"--web.listen-address=127.0.0.1:{alerts}",
            "--config.file=alertmanager.yml",
            "--storage.path=alertmanager",
            "--cluster.listen-address=",
        ]
        servers.enter_context(running(start, folder, f"{told[1]}/-/ready"))
        start = [
            prometheus,
            f"--web.listen-address=127.0.0.1:{prom}",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=prometheus",
            "--rules.alert.resend-delay=2s",
        ]
        servers.enter_context(running(start, folder, f"{told[0]}/-/ready"))
        yield Monitoring(*told)


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    """One set of monitoring servers for the tests of a module."""
    with monitoring(tmp_path_factory.mktemp("monitoring")) as servers:
        yield servers
