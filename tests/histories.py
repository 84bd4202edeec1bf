"""Repositories that tests build: commit by commit, or from the tables of a real history."""

import csv
import os
import subprocess
from pathlib import Path

from aurora.settings import ROOT
from ingest.vendors import git_repository

START = 1_700_000_000
REFERENCE = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "git-history"


class Repo:
    """A repository under construction; every commit is an hour after the one before."""

    def __init__(self, path: Path, *init: str) -> None:
        self.path, self.hours = path, 0
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", *init)

    def git(self, *arguments: str | bytes, at: str = "", name: str = "Ann", mail: str = "ann@corp.example") -> str:
        when = at or f"{START + self.hours * 3600} +0200"
        environment = {
            "PATH": git_repository.SEARCHED,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": mail,
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_DATE": when,
        }
        done = subprocess.run(["git", *arguments], cwd=self.path, env=environment, capture_output=True, check=True)
        return done.stdout.decode(errors="replace").strip()

    def commit(self, subject: str | bytes, files: dict[str, str | bytes] | None = None, **who: str) -> str:
        """The sha of a new commit with these files."""
        self.hours += 1
        for name, content in (files or {}).items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-m", subject, **who)
        return self.git("rev-parse", "HEAD")

    def raw_commit(self, parent: str, person: bytes, message: bytes) -> str:
        """The sha of a commit as no git would write it, made the head of main."""
        tree = self.git("rev-parse", f"{parent}^{{tree}}")
        head = f"tree {tree}\nparent {parent}\n".encode()
        body = head + b"author " + person + b"\ncommitter " + person + b"\n\n" + message
        file = self.path.parent / "raw"
        file.write_bytes(body)
        sha = self.git("hash-object", "-t", "commit", "-w", "--literally", str(file))
        self.git("update-ref", "refs/heads/main", sha)
        return sha


def _table(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def imported(repo: Repo, name: str) -> int:
    """Rebuild a history from its table of commits and tags, parents first; how many commits there are."""
    commits = _table(f"{name}.commits.csv")
    children: dict[str, list[str]] = {}
    waiting = {row["sha"]: len(row["parents"].split()) for row in commits}
    for row in commits:
        for parent in row["parents"].split():
            children.setdefault(parent, []).append(row["sha"])
    ready = [sha for sha, count in waiting.items() if count == 0]
    marks: dict[str, int] = {}
    found = {row["sha"]: row for row in commits}
    lines: list[str] = []
    while ready:
        sha = ready.pop()
        marks[sha] = len(marks) + 1
        row = found[sha]
        lines += ["commit refs/heads/main", f"mark :{marks[sha]}", f"author A <a@x> {row['author_unix']} +0000"]
        lines += [f"committer A <a@x> {row['committer_unix']} +0000", f"data {len(row['subject'].encode())}"]
        lines += [row["subject"]]
        parents = [marks[parent] for parent in row["parents"].split()]
        lines += [f"{'merge' if position else 'from'} :{mark}" for position, mark in enumerate(parents)] + [""]
        for child in children.get(sha, []):
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    for tag in _table(f"{name}.tags.csv"):
        if tag["commit"] in marks:
            lines += [f"tag {tag['tag']}", f"from :{marks[tag['commit']]}"]
            lines += [f"tagger A <a@x> {tag['created_unix']} +0000", "data 1", "x"]
    lines += ["reset refs/heads/main", f"from :{marks[commits[0]['sha']]}", ""]
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], cwd=repo.path, input="\n".join(lines).encode(), check=True
    )
    return len(marks)
