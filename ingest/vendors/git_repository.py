"""A local git repository, asked safely: nothing that its settings name is run, nothing is fetched."""

import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from aurora.errors import SourceError
from ingest.connector import Run

SEARCHED = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"
MAX_TOKEN_BYTES = 16 * 1024 * 1024
_SAFE = ("safe.directory=*", "core.fsmonitor=false", "core.hooksPath=/dev/null", "log.showRoot=true")
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks, by a command of its own choice
}


class Repository:
    """One repository; `native_id` is host/path of its origin, or its folder's name where it has none."""

    def __init__(self, path: Path, run: Run[Any]) -> None:
        self.path, self._run = path, run
        if not path.is_dir() or not self.line("rev-parse", "--git-dir"):
            raise SourceError(f"{path} is no git repository: put the top folder of a clone into paths", "not_found")
        host, place, self.url = origin(self.line("config", "--get", "remote.origin.url"))
        self.full_name = place or path.name or "repository"
        self.native_id = f"{host}/{place}" if host and place else self.full_name

    def default_branch(self) -> str | None:
        """The branch that origin names as its default, else the one checked out; None when there is neither."""
        remote = self.line("symbolic-ref", "-q", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
        return remote or self.line("symbolic-ref", "-q", "--short", "HEAD") or None

    def line(self, *arguments: str) -> str:
        """The one line that git answers, "" if it refuses."""
        with self._git(arguments) as (process, output, _):
            said = output.read()
            process.wait()
        return said.decode(errors="replace").strip() if process.returncode == 0 else ""

    def tokens(self, *arguments: str) -> Iterator[str]:
        """What git writes, cut at each NUL, as it comes. Raises SourceError when git fails or the time is used up."""
        with self._git(arguments) as (process, output, complaints):
            rest = b""
            while part := output.read1(65536):  # type: ignore[attr-defined]
                *whole, rest = (rest + part).split(b"\0")
                yield from (token.decode(errors="replace") for token in whole)
                if len(rest) > MAX_TOKEN_BYTES:
                    raise SourceError(f"{self.path}: a field passes {MAX_TOKEN_BYTES >> 20} MiB: refused", "partial")
            self._run.remaining_s()
            if process.wait():
                complaints.seek(0)
                said = " ".join(complaints.read(300).decode(errors="replace").split())
                raise SourceError(f"{self.path}: git {arguments[0]} failed ({said}): try git fsck there", "partial")

    @contextmanager
    def _git(self, arguments: tuple[str, ...]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
        """Git under way, killed when the run's time is used up or the reader leaves."""
        settings = [part for setting in _SAFE for part in ("-c", setting)]
        environment = {**_ENVIRONMENT, "PATH": SEARCHED, "GIT_CEILING_DIRECTORIES": str(self.path.parent)}
        command = ["git", "--no-pager", "-C", str(self.path), *settings, *arguments]
        with tempfile.TemporaryFile() as complaints:
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, env=environment
                )
            except FileNotFoundError as error:
                raise SourceError(f"git is not installed in {SEARCHED}: install it there", "not_found") from error
            assert process.stdout is not None  # noqa: S101
            limit = threading.Timer(self._run.remaining_s(), process.kill)
            limit.start()
            try:
                yield process, process.stdout, complaints
            finally:
                limit.cancel()
                process.kill()
                process.stdout.close()
                process.wait()


def counted(repository: Repository, head: str, state: dict[str, Any]) -> int | None:
    """How many commits the head has behind it, itself among them; walked once for each, None if git refuses."""
    if state.get("counted", [""])[0] != head:
        count = repository.line("rev-list", "--count", head, "--")
        if not count:
            return None
        state["counted"] = [head, int(count)]
    return int(state["counted"][1])


def origin(address: str) -> tuple[str, str, str | None]:
    """Host, path and shown address of a remote, without user, password and query; ("", "", None) for a local one."""
    scp = re.fullmatch(r"(?:[^@/\s]+@)?([\w.-]+):(?!//)(?!\\)(.+)", address)
    if scp and len(scp[1]) > 1:
        host, place, scheme = scp[1].lower(), scp[2], "ssh"
        return _remote(scheme, host, host, place)
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "", "", None
    if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
        return "", "", None
    return _remote(parts.scheme, parts.hostname, f"{parts.hostname}{port}", parts.path)


def _remote(scheme: str, host: str, shown_host: str, path: str) -> tuple[str, str, str | None]:
    place = path.strip("/").removesuffix(".git")
    return (host, place, f"{scheme}://{shown_host}/{place}") if place else ("", "", None)
