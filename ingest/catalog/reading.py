"""The walk through all places with catalog files: entities into a catalog, what cannot be read into the faults."""

import posixpath
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from aurora.errors import SourceError
from aurora.settings import ROOT
from ingest.catalog.entities import Entity, entity_of
from ingest.catalog.references import Catalog
from ingest.catalog.roots import Content, Root, root_of
from ingest.catalog.yaml_documents import BrokenFileError, Refused, documents
from ingest.connector import Run
from ingest.declared import Declared

MAX_FILES = 10_000


def read_catalog(run: Run[Any], declared: Declared, paths: tuple[str, ...], names: tuple[str, ...]) -> Catalog:
    """All entities under the paths. A path that cannot be read is said; SourceError if none of them can."""
    reading = Reading(run, declared, names)
    failures: list[SourceError] = []
    places = list(named(run, paths))
    for path, shown in places:
        try:
            reading.read(root_of(path, run), shown)
        except SourceError as error:
            if error.error_class == "timeout":
                raise
            failures.append(error)
            reading.broken(shown, None, f"{error}; what it said before stays")
    if len(failures) == len(places):
        raise failures[0]
    return reading.catalog


def named(run: Run[Any], paths: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Each place once, with the name under which its files are told; the same for a place that is gone for a while."""
    seen: dict[Path, str] = {}
    for told in paths:
        path = (ROOT / Path(told).expanduser()).resolve()
        if path in seen:
            run.warn(f"{told} is the same place as {seen[path]}: it was read once")
            continue
        is_file = path.suffix in (".yaml", ".yml")
        name = (path.parent.name if is_file else path.name.removesuffix(".git")) or "catalog"
        taken = set(seen.values())
        shown = (f"{name}-{number}" if number > 1 else name for number in count(1))
        seen[path] = next(one for one in shown if one not in taken)
        yield path, seen[path]


class Reading:
    """What has been read so far; `catalog` is not whole once anything could not be read."""

    def __init__(self, run: Run[Any], declared: Declared, names: tuple[str, ...]) -> None:
        self.run, self.declared, self.names, self.catalog = run, declared, names, Catalog()
        self._seen: set[str] = set()

    def read(self, root: Root, shown: str) -> None:
        """Read a root's catalog files, then what their Locations name, round after round."""
        paths = list(self._unseen(root, root.catalog_files(self.names)))
        while paths:
            targets: list[str] = []
            for path, content in root.read(paths):
                self.run.remaining_s()
                file = f"{shown}/{path}".encode(errors="replace").decode()
                for entity in self._entities(file, content):
                    targets += location_targets(root, path, entity) if entity.ref.kind == "location" else ()
            paths = list(self._unseen(root, iter(targets)))
        if root.is_cut:
            self.broken(shown, None, "has too many files, or folders that cannot be read: it was read in part")

    def broken(self, file: str, line: int | None, message: str) -> None:
        """Say that a file or root cannot be read."""
        self.catalog.is_whole = False
        self.declared.broken(file, line, message)

    def _unseen(self, root: Root, paths: Iterator[str]) -> Iterator[str]:
        for path in paths:
            place = root.place(path)
            if place in self._seen:
                continue
            if len(self._seen) >= MAX_FILES:
                self.catalog.is_whole = False
                self.run.warn(
                    f"there are more than {MAX_FILES:,} catalog files: the others were not read, narrow paths"
                )
                return
            self._seen.add(place)
            yield path

    def _entities(self, file: str, content: Content) -> Iterator[Entity]:
        """The entities of a file that are good; each of the others is a fault."""
        if isinstance(content, str):
            self.broken(file, None, f"the file {content}")
            return
        try:
            found = documents(content)
        except BrokenFileError as error:
            self.broken(file, error.line, f"the file {error}")
            return
        for document in found:
            entity = document if isinstance(document, Refused) else entity_of(document, file)
            refused = self.catalog.add(entity) if isinstance(entity, Entity) else entity
            if isinstance(refused, Refused):
                self.declared.fault(file, refused.line, f"the document {refused.message}", refused=True)
            elif isinstance(entity, Entity):
                yield entity


def location_targets(root: Root, path: str, entity: Entity) -> Iterator[str]:
    """Files of the same root that a Location names; addresses are left to other sources, a path out is a fault."""
    told = [(text, entity.line("spec.target")) for text in [entity.text("spec.target", 1_000)] if text]
    for target, line in told + entity.texts("spec.targets"):
        if "://" in target:
            continue
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if target.startswith("/") or inside.split("/")[0] == "..":
            message = f"the target {target[:80]!r} leads out of its folder and was not read: add that place to paths"
        elif "*" in target:
            message = f"the target {target[:80]!r} is a pattern, which is not followed: name each file"
        elif not root.has(inside):
            message = f"the target {target[:80]!r} is no file here: mend or remove it"
        else:
            yield inside
            continue
        entity.complain("spec.targets", message, line)
