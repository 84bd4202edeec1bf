"""Where catalog files lie: a folder, a single file, or a local git repository, read from HEAD without a checkout."""

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from aurora.errors import SourceError
from ingest.catalog.yaml_documents import MAX_BYTES
from ingest.connector import Run
from ingest.vendors.git_repository import Repository

MAX_ENTRIES = 200_000
SKIPPED = {"node_modules", ".venv"}
_AT_ONCE = 200
Content = bytes | str  # the bytes of a file, or a sentence that says why there are none
_TOO_LARGE = f"is larger than {MAX_BYTES >> 20} MiB and was not read: split it"
_MISSING = "is missing from the repository: try git fsck or git fetch there"


class Root(Protocol):
    """A place with catalog files; paths are relative to it, with slashes."""

    is_cut: bool

    def catalog_files(self, names: tuple[str, ...]) -> Iterator[str]:
        """Paths of all files with one of these names; `is_cut` is set when a bound ended the search."""

    def has(self, path: str) -> bool:
        """True if there is such a file."""

    def place(self, path: str) -> str:
        """The one name of a file, however it was reached."""

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Content]]:
        """Each path with its bytes or with the reason why it cannot be read."""


def root_of(path: Path, run: Run[Any]) -> Root:
    """The root at a path. Raises SourceError when nothing is there or git refuses it."""
    if (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir()):
        return RepositoryRoot(path, run)
    if path.is_dir():
        return FolderRoot(path)
    if path.is_file():
        return FolderRoot(path.parent, path.name)
    raise SourceError(f"{path} is no folder, file or git repository: mend paths", "not_found")


class FolderRoot:
    """A folder of the file system, or one file in it; links that lead out of the folder are not followed."""

    def __init__(self, folder: Path, only: str | None = None) -> None:
        self.folder, self.is_cut, self._only = folder, False, only

    def catalog_files(self, names: tuple[str, ...]) -> Iterator[str]:
        if self._only:
            yield self._only
            return
        count, waiting = 0, [""]
        while waiting:
            here = waiting.pop()
            folders = []
            for entry in self._entries(here):
                count += 1
                if count > MAX_ENTRIES:
                    self.is_cut = True
                    return
                path = posixpath.join(here, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    folders += [] if _is_skipped(entry.name) else [path]
                elif entry.name in names:
                    yield path
            waiting += reversed(folders)

    def _entries(self, here: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder / here) as found:
                return sorted(islice(found, MAX_ENTRIES + 1), key=lambda entry: entry.name)
        except OSError:
            self.is_cut = True
            return []

    def has(self, path: str) -> bool:
        return (self.folder / path).is_file() or (self.folder / path).is_symlink()

    def place(self, path: str) -> str:
        return os.path.realpath(self.folder / path)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Content]]:
        for path in paths:
            yield path, self._content(self.folder / path)

    def _content(self, file: Path) -> Content:
        try:
            real = file.resolve(strict=True)
            if not real.is_relative_to(self.folder):
                return "is a link that leads out of its folder and was not read: put the file itself here"
            told = real.stat()
            if not stat.S_ISREG(told.st_mode):
                return "is no regular file and was not read: put a file here"
            if told.st_size > MAX_BYTES:
                return _TOO_LARGE
            with real.open("rb") as opened:
                return opened.read(MAX_BYTES + 1)
        except (OSError, RuntimeError) as error:
            return f"cannot be read ({getattr(error, 'strerror', None) or 'a link in a circle'}): mend its rights"


class RepositoryRoot(Repository):
    """The tree of a repository's HEAD; submodules and symbolic links in it are not followed."""

    def __init__(self, path: Path, run: Run[Any]) -> None:
        super().__init__(path, run)
        self.is_cut = False
        if not self.line("rev-parse", "--verify", "-q", "HEAD^{commit}"):
            raise SourceError(f"{path} has no commit yet: commit its catalog files", "not_found")
        self._blobs = dict(islice(self._tree(), MAX_ENTRIES))

    def _tree(self) -> Iterator[tuple[str, tuple[str, int]]]:
        for place, token in enumerate(self.tokens("ls-tree", "-r", "-z", "-l", "--full-tree", "HEAD")):
            facts, _, path = token.partition("\t")
            mode, _, sha, size = (*facts.split(), "", "", "", "")[:4]
            if place >= MAX_ENTRIES:
                self.is_cut = True
                return
            if mode.startswith("100"):
                yield path, (sha, int(size) if size.isdecimal() else -1)

    def catalog_files(self, names: tuple[str, ...]) -> Iterator[str]:
        for path in sorted(self._blobs):
            *folders, name = path.split("/")
            if name in names and not any(_is_skipped(folder) for folder in folders):
                yield path

    def has(self, path: str) -> bool:
        return path in self._blobs

    def place(self, path: str) -> str:
        return f"{self.path}:{path}"

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, Content]]:
        small = []
        for path in paths:
            size = self._blobs[path][1]
            if size > MAX_BYTES or size < 0:
                yield path, _TOO_LARGE if size > 0 else _MISSING
            else:
                small.append(path)
        for start in range(0, len(small), _AT_ONCE):
            yield from self._contents(small[start : start + _AT_ONCE])

    def _contents(self, paths: list[str]) -> Iterator[tuple[str, Content]]:
        """What `git show` writes one blob after the other, cut at the sizes that the tree tells."""
        blobs = [self._blobs[path] for path in paths]
        with self._git(("show", "--no-textconv", "--no-color", *(sha for sha, _ in blobs), "--")) as (_, output, _):
            for path, (_, size) in zip(paths, blobs, strict=True):
                data = output.read(size)
                yield path, data if len(data) == size else _MISSING


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in SKIPPED
