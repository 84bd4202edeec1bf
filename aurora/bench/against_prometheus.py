"""The same samples and overview questions as a real Prometheus: 100 components, 30 days, a sample a minute.

Prometheus gets them as blocks of promtool, as large as it would compact them itself, and answers over its HTTP API;
its answers are not even parsed. Aurora's are data frames.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import polars as pl

from aurora.bench.data import MINUTES_PER_DAY, WALKS, health
from aurora.bench.demo import settings_in
from aurora.bench.frame import Bench, Figure, Goal, SkippedError, benchmark
from aurora.bench.history import declare, load_days, rolled_up
from aurora.bench.measure import medians, seconds
from aurora.contracts.operations import ComponentHealth
from aurora.errors import AuroraError
from warehouse.lake import Lake
from warehouse.query import Warehouse

COMPONENTS, DAYS, TIMES = 100, 30, 9
LIMIT_S, STEP_S = 600, 3600
SERIES = "from health_series(since := $since, until := $until, bucket_s := 3600)"
# Question: (ours, PromQL). PromQL looks back from the end of a bucket.
QUESTIONS = {
    "CPU of each by hour": (f"select component_id, bucket_at, cpu_pct {SERIES}", "avg_over_time(cpu_pct[1h])"),
    "mean response of all by hour": (
        f"select bucket_at, avg(response_time_ms) {SERIES} group by bucket_at",
        "avg(avg_over_time(response_time_ms[1h]))",
    ),
    "95th percentile of response of each by hour": (
        f"select component_id, bucket_at, response_time_p95_ms {SERIES}",
        "quantile_over_time(0.95, response_time_ms[1h])",
    ),
    "requests of all by hour": (
        f"select bucket_at, sum(requests_per_minute) {SERIES} group by bucket_at",
        "sum(avg_over_time(requests_per_minute[1h]))",
    ),
}


@benchmark
def against_prometheus(bench: Bench) -> Iterator[Figure]:
    """Milliseconds of overview questions over 30 days and bytes per sample, both with the same samples."""
    programs = {name: shutil.which(name) for name in ("prometheus", "promtool")}
    if absent := [name for name, path in programs.items() if path is None]:
        raise SkippedError(f"{' and '.join(absent)}: install the Debian package prometheus")
    components, days = bench.size(COMPONENTS, 5), bench.size(DAYS, 2)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    blocks = bench.folder / "prometheus"
    loading = seconds(lambda: _blocks(bench.folder / "samples.txt", blocks, components, days, now))
    bench.say(f"promtool made the blocks in {loading:.0f} s")
    settings = settings_in(bench.folder)
    lake = Lake(settings.lake)
    declare(lake, components, now)
    load_days(lake, components, now, range(days))
    rolled_up(lake, settings, now)
    warehouse, since = Warehouse(settings.published), now - timedelta(days=days)
    samples = components * days * MINUTES_PER_DAY * len(WALKS)
    ours, theirs = _bytes(lake) / samples, _size(blocks) / samples
    yield Figure("bytes per sample / blocks of Prometheus", ours, "bytes", theirs, Goal("ratio", "<=", 0.5))
    with _served(blocks) as server:
        for name, (sql, query) in QUESTIONS.items():
            asked = {"query": query, "start": since.timestamp() + STEP_S, "end": now.timestamp(), "step": STEP_S}
            span = {"since": since.replace(tzinfo=None), "until": now.replace(tzinfo=None)}
            _same(warehouse.rows(sql, span), json.loads(_answer(server, asked)))
            ours, theirs = medians(TIMES, lambda: warehouse.rows(sql, span), lambda: _answer(server, asked))  # noqa: B023
            goal = Goal("ratio", "<=", 1 / 3)
            yield Figure(f"{name}, {days} days / Prometheus", 1000 * ours, "ms", 1000 * theirs, goal)


def _blocks(text: Path, blocks: Path, components: int, days: int, now: datetime) -> None:
    """Blocks of the very samples that `load_days` lands."""
    with text.open("wb") as file:
        for name in WALKS:
            file.write(f"# TYPE {name} gauge\n".encode())
            for number in reversed(range(days)):
                day = health(components, MINUTES_PER_DAY, now - timedelta(days=number + 1), seed=number)
                at = pl.col("ts_start").dt.epoch("s")
                line = pl.concat_str(
                    pl.lit(name + '{component="'), "component_id", pl.lit('"} '), name, pl.lit(" "), at
                )
                day.select(line).write_csv(file, include_header=False, quote_style="never")
        file.write(b"# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=486h", "--quiet"]
    subprocess.run([*command, str(text), str(blocks)], check=True, timeout=LIMIT_S, capture_output=True)
    text.unlink()


@contextmanager
def _served(blocks: Path) -> Iterator[HTTPConnection]:
    """A connection to a Prometheus over those blocks, on this machine alone."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = blocks.parent / "prometheus.yml"
    config.write_text("scrape_configs: []\n", encoding="utf-8")
    options = (f"--config.file={config}", f"--storage.tsdb.path={blocks}", "--storage.tsdb.retention.time=10y")
    command = ["prometheus", *options, f"--web.listen-address={address}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            server = HTTPConnection(address, timeout=60)
            _wait(server)
            yield server
        finally:
            process.terminate()


def _wait(server: HTTPConnection) -> None:
    for _ in range(300):
        with suppress(OSError):
            server.request("GET", "/-/ready")
            answer = server.getresponse()
            answer.read()
            if answer.status == 200:
                return
        server.close()
        time.sleep(0.1)
    raise SkippedError("Prometheus did not become ready in 30 s")


def _answer(server: HTTPConnection, asked: Mapping[str, Any]) -> bytes:
    server.request("GET", "/api/v1/query_range?" + urlencode(asked))
    return server.getresponse().read()


def _same(ours: pl.DataFrame, theirs: dict[str, Any]) -> None:
    """Raises AuroraError unless the mean of all values differs by less than 1 %: a quick wrong answer is none."""
    values = [float(value) for one in theirs["data"]["result"] for _, value in one["values"]]
    mean, expected = float(ours.to_series(-1).to_numpy().mean()), sum(values) / len(values)
    if len(values) != ours.height or abs(mean / expected - 1) >= 0.01:
        told = f"{ours.height} values with a mean of {mean:g}, and Prometheus {len(values)} with {expected:g}"
        raise AuroraError(f"the answers differ: Aurora tells {told}")


def _bytes(lake: Lake) -> int:
    return sum(Path(file).stat().st_size for file in lake.files(ComponentHealth))


def _size(folder: Path) -> int:
    return sum(
        file.stat().st_size
        for block in folder.iterdir()
        if block.is_dir()
        for file in block.rglob("*")
        if file.is_file()
    )
