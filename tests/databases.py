"""Real database servers for tests: PostgreSQL with a streaming replica and PgBouncer, Redis, MariaDB.

They run in a temporary folder on free ports, without fsync, as another user where the tests run as root (the servers
refuse root), and are gone when the test is over. A missing program skips the test.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import pytest

from tests.servers import binary, free_ports

READY_S = 30.0
QUICK = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB", "autovacuum=off"]


@dataclass(frozen=True)
class Cluster:
    """Ports of a primary, its replica and a PgBouncer before it, and the folder of their files."""

    primary: int
    replica: int
    pooler: int
    folder: Path
    pids: dict[str, int]


def program(name: str, *folders: str) -> str:
    """Path of a program that may stand outside of PATH, in the newest folder that has it."""
    found = [path for folder in folders for path in glob(f"{folder}/{name}")]
    return sorted(found)[-1] if found else binary(name, may_be_absent=True)


def as_other(user: str = "nobody") -> list[str]:
    """What to put before a command so that it does not run as root."""
    return (
        [binary("setpriv", may_be_absent=True), f"--reuid={user}", f"--regid={_group(user)}", "--clear-groups"]
        if os.getuid() == 0
        else []
    )


def _group(user: str) -> str:
    return subprocess.run(["id", "-g", user], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that the other user may write: pytest's own is closed to everybody else."""
    folder = Path(tempfile.mkdtemp(prefix="aurora-db-"))
    if os.getuid() == 0:
        shutil.chown(folder, "nobody", int(_group("nobody")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list[str], folder: Path) -> None:
    """A command that must succeed."""
    done = subprocess.run([*as_other(), *command], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-800:]} {done.stderr[-800:]}"


@contextmanager
def serving(command: list[str], folder: Path, is_ready: Callable[[], bool]) -> Iterator[int]:
    """A server process, by its id, while the block runs; entered when it is ready."""
    log = folder / f"{Path(command[0]).name}-{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        process = subprocess.Popen([*as_other(), *command], cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + READY_S
            while not is_ready():
                if time.monotonic() > end or process.poll() is not None:
                    pytest.fail(f"{command[0]} is not ready: {log.read_text(errors='replace')[-800:]}")
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def listens(port: int) -> Callable[[], bool]:
    """Whether somebody listens on a port of this machine."""

    def is_ready() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    return is_ready


def pg(name: str) -> str:
    """A program of PostgreSQL."""
    return program(name, "/usr/lib/postgresql/*/bin")


def pg_answers(port: int) -> Callable[[], bool]:
    """Whether PostgreSQL accepts connections."""
    asked = [pg("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return lambda: subprocess.run(asked, check=False).returncode == 0


def pg_start(data: Path, port: int, *more: str) -> list[str]:
    """The command that starts a PostgreSQL in the foreground."""
    told = [*QUICK, f"unix_socket_directories={data.parent}", "listen_addresses=127.0.0.1", *more]
    # SIGTERM waits for clients to leave; the tests have closed theirs
    return [pg("postgres"), "-D", str(data), "-p", str(port), *(part for one in told for part in ("-c", one))]


def psql(port: int, question: str, database: str = "postgres", user: str = "postgres") -> str:
    """What psql says."""
    command = [pg("psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U", user]
    environment = {"PGPASSWORD": "watching", "PATH": os.environ["PATH"]}
    told = [*command, "-d", database, "-c", question]
    done = subprocess.run(told, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


USERS = """
create role aurora login password 'watching'; grant pg_monitor to aurora;
create role blind login password 'watching';
"""
BOUNCER = """
[databases]
shop = host=127.0.0.1 port={port} dbname=shop
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
auth_type = plain
auth_file = {users}
stats_users = aurora
ignore_startup_parameters = extra_float_digits
default_pool_size = 2
unix_socket_dir =
"""


@contextmanager
def postgres_cluster() -> Iterator[Cluster]:
    """A primary with the databases shop and postgres, a streaming replica on slot `standby`, and a PgBouncer."""
    bouncer = program("pgbouncer", "/usr/sbin")
    primary, replica, own = free_ports(3)
    with scratch() as folder, ExitStack() as servers:
        data, copy = folder / "primary", folder / "replica"
        run([pg("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"], folder)
        hba = (
            "local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost replication postgres 127.0.0.1/32 trust\n"
        )
        (data / "pg_hba.conf").write_text(hba + "host all all 127.0.0.1/32 scram-sha-256\n")
        library = "shared_preload_libraries=pg_stat_statements"
        first = serving(pg_start(data, primary, library, "max_connections=25"), folder, pg_answers(primary))
        pids = {"primary": servers.enter_context(first)}
        psql(primary, USERS)
        psql(primary, "create database shop")
        psql(primary, "create extension pg_stat_statements")
        place = ["-h", "127.0.0.1", "-p", str(primary), "-U", "postgres"]
        run([pg("pg_basebackup"), "-D", str(copy), *place, "-c", "fast", "-R", "-C", "-S", "standby", "-N"], folder)
        second = serving(pg_start(copy, replica, "max_connections=25"), folder, pg_answers(replica))
        pids["replica"] = servers.enter_context(second)
        users = folder / "users.txt"
        users.write_text('"aurora" "watching"\n"postgres" "any"\n"blind" "watching"\n')
        (folder / "pgbouncer.ini").write_text(BOUNCER.format(port=primary, own=own, users=users))
        pids["pooler"] = servers.enter_context(serving([bouncer, str(folder / "pgbouncer.ini")], folder, listens(own)))
        yield Cluster(primary, replica, own, folder, pids)


@contextmanager
def redis_server(*settings: str, port: int = 0) -> Iterator[tuple[int, int]]:
    """Port and process id of a Redis that keeps nothing on disk."""
    redis, port = program("redis-server", "/usr/bin"), port or free_ports(1)[0]
    with scratch() as folder:
        command = [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *settings]
        with serving(command, folder, listens(port)) as pid:
            yield port, pid


@contextmanager
def mariadb_server(*settings: str) -> Iterator[tuple[int, Path]]:
    """Port and socket of a MariaDB whose root may come in through the socket."""
    install, server = program("mariadb-install-db", "/usr/bin"), program("mariadbd", "/usr/sbin")
    (port,) = free_ports(1)
    with scratch() as folder:
        data, place = folder / "data", folder / "sock"
        told = ["--no-defaults", f"--datadir={data}"]
        small = ["--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0"]
        run([install, *told, *small, "--auth-root-authentication-method=normal", "--skip-test-db"], folder)
        command = [server, *told, *small, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={place}", *settings]
        with serving(command, folder, listens(port)):
            yield port, place
