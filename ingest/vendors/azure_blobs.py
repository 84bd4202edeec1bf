"""A container of Azure Blob storage over plain REST: what lies in it, and its blobs as text or as files.

API: https://learn.microsoft.com/rest/api/storageservices/list-blobs and .../get-blob; a shared access signature stands
in the address, a token in a header.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote
from xml.etree import ElementTree

from aurora.errors import SourceError
from ingest.http import Answer, Http, Site

VERSION = "2023-11-03"
MAX_PAGES = 200
_DECLARES = ("<!DOCTYPE", "<!ENTITY")


@dataclass(frozen=True)
class Blob:
    """One blob of a listing."""

    name: str
    etag: str
    modified: datetime


class Container:
    """A container as a run reads it, signed in by `sas` or else by `token`. Every method raises SourceError."""

    def __init__(self, http: Http, url: str, sas: str | None, token: Callable[[], str]) -> None:
        self.http, self.url, self.token = http, url.rstrip("/"), token
        self.sas = (sas or "").lstrip("?")
        signature = parse_qs(self.sas).get("sig", [])
        self.client = copy.copy(http)
        self.client.site = Site(self.url, secrets=(self.sas, *signature))

    def blobs(self, prefix: str) -> Iterator[Blob]:
        """The blobs whose names begin so."""
        asked = {"restype": "container", "comp": "list", "prefix": prefix}
        for _ in range(MAX_PAGES):
            root = self._listing(self._ask("", params=asked))
            yield from (self._blob(element) for element in root.iter("Blob"))
            marker = root.findtext("NextMarker")
            if not marker or marker == asked.get("marker"):
                return
            asked = asked | {"marker": marker}
        raise SourceError(
            f"{self.http.who}: {self.url} has more than {MAX_PAGES} pages of blobs: give the export its own directory",
            "bad_query",
        )

    def text(self, name: str) -> str:
        """A small blob as text."""
        return self._ask(name).text

    def save(self, name: str, path: Path) -> None:
        """A blob of any size as a file."""
        self._ask(name, into=path)

    def _ask(self, name: str, **kwargs: Any) -> Answer:
        headers = {"x-ms-version": VERSION}
        if not self.sas:
            headers["Authorization"] = f"Bearer {self.token()}"
        where = self.url + (f"/{quote(name)}" if name else "") + (f"?{self.sas}" if self.sas else "")
        before = self.client.request_count
        try:
            return self.client.ask("GET", where, headers=headers, **kwargs)
        finally:
            self.http.request_count += self.client.request_count - before

    def _listing(self, answer: Answer) -> ElementTree.Element:
        text = answer.text.lstrip("\ufeff")
        try:
            if any(word in text for word in _DECLARES):
                raise ValueError("it declares entities")
            root = ElementTree.fromstring(text)  # noqa: S314 - nothing is declared in it, so nothing expands
        except (ElementTree.ParseError, ValueError) as error:
            raise self._strange(f"no list of blobs ({error})") from error
        if root.tag != "EnumerationResults":
            raise self._strange(f"<{root.tag}> and no list of blobs")
        return root

    def _blob(self, element: ElementTree.Element) -> Blob:
        told = {name: element.findtext(f"Properties/{name}") for name in ("Etag", "Last-Modified")}
        try:
            modified = parsedate_to_datetime(str(told["Last-Modified"])).astimezone(UTC)
        except ValueError as error:
            raise self._strange("a blob without the time of its change") from error
        return Blob(element.findtext("Name") or "", told["Etag"] or "", modified)

    def _strange(self, told: str) -> SourceError:
        return SourceError(f"{self.http.who}: {self.url} answered with {told}: check container", "schema_drift")
