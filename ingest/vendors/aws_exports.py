"""Data Exports of AWS in S3: which billing periods have a new manifest, and the files that a manifest lists.

Layout: https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html. A manifest is written when
all its files are there; files that no manifest lists are what an earlier run left.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from aurora.errors import ErrorClass, SourceError
from aurora.settings import Frozen
from ingest.connector import Json
from ingest.focus.files import ENDINGS, FAULTS, Slice, slices
from ingest.vendors.aws import Aws, Region

_PERIOD = re.compile(r"^billing_period=(\d{4})-(0[1-9]|1[0-2])/", re.IGNORECASE)
MANIFEST_BYTES = 16 * 1024**2
CHUNK = 1024**2


class Export(Frozen):
    """One export as its S3 delivery names it; `region` is that of the bucket, where it is not the source's first."""

    bucket: str = Field(pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    name: str = Field(min_length=1, max_length=128, pattern="^[^/]+$")
    prefix: str = ""
    region: Region | None = None

    @property
    def root(self) -> str:
        """The folder of the export in its bucket, with a slash at its end."""
        return "/".join(part for part in (self.prefix.strip("/"), self.name) if part) + "/"


@dataclass(frozen=True)
class Manifest:
    """The newest manifest of one billing period; `mark` changes with each refresh of the export."""

    period: datetime
    key: str
    etag: str
    modified: datetime

    @property
    def month(self) -> str:
        """The billing period as YYYY-MM."""
        return f"{self.period:%Y-%m}"

    @property
    def end(self) -> datetime:
        """The instant at which the billing period ends, UTC."""
        return datetime(self.period.year + self.period.month // 12, self.period.month % 12 + 1, 1, tzinfo=UTC)

    @property
    def mark(self) -> str:
        """What the cursor keeps of it."""
        return f"{self.etag} {self.modified.isoformat()}"


class Bucket:
    """One export as a run reads it. Every method raises SourceError."""

    def __init__(self, aws: Aws, export: Export) -> None:
        self.aws, self.export = aws, export
        self.region: str = export.region or aws.run.options.regions[0]

    def manifests(self, oldest: datetime) -> list[Manifest]:
        """The newest manifest of each billing period from that of `oldest` on, the newest period first."""
        root = f"{self.export.root}metadata/"
        after = f"{root}BILLING_PERIOD={oldest:%Y-%m}"
        listed = self.aws.pages(
            "s3", self.region, "list_objects_v2", Bucket=self.export.bucket, Prefix=root, StartAfter=after
        )
        newest: dict[datetime, Manifest] = {}
        for page in listed:
            for item in page.get("Contents", ()):
                found = self._manifest(item, item["Key"].removeprefix(root))
                if found and found.end > oldest:
                    rival = newest.get(found.period, found)
                    newest[found.period] = max(found, rival, key=lambda one: (one.modified, one.key))
        return sorted(newest.values(), key=lambda one: one.period, reverse=True)

    def _manifest(self, item: Json, rest: str) -> Manifest | None:
        told = _PERIOD.match(rest)
        if told is None or not rest.endswith(f"/{self.export.name}-Manifest.json"):
            return None
        period = datetime(int(told[1]), int(told[2]), 1, tzinfo=UTC)
        return Manifest(period, item["Key"], item["ETag"], item["LastModified"].astimezone(UTC))

    def files(self, manifest: Manifest) -> list[str]:
        """Keys of the files that the manifest lists, all of them inside the export's own folder."""
        answer = self._get(manifest.key, f"the manifest of {manifest.month}")
        if answer["ETag"] != manifest.etag:
            raise self.fault(
                manifest, "its manifest was rewritten meanwhile: the next run reads the new one", "partial"
            )
        try:
            listed = json.loads(answer["Body"].read(MANIFEST_BYTES))["dataFiles"]
            keys = [self._key(uri) for uri in listed]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self.fault(
                manifest, f"s3://{self.export.bucket}/{manifest.key} is no manifest", "schema_drift"
            ) from error
        if strange := next((uri for uri, key in zip(listed, keys, strict=True) if key is None), None):
            told = (
                f"its manifest lists {str(strange)[:200]}, which is not in s3://{self.export.bucket}/{self.export.root}"
            )
            raise self.fault(manifest, told, "schema_drift")
        return [key for key in keys if key is not None]

    def _key(self, uri: str) -> str | None:
        """The key in the bucket; None for what lies elsewhere. A manifest may write keys alone, too."""
        key = uri.removeprefix(f"s3://{self.export.bucket}/")
        return key if key.startswith(self.export.root) and ".." not in key.split("/") else None

    def slices(self, manifest: Manifest, folder: Path) -> Iterator[Slice]:
        """The lines of the period's files, some at a time, as told; a file is gone from `folder` when it is read."""
        for key in self.files(manifest):
            path = folder / Path(key).name
            if not path.name.lower().endswith(ENDINGS):
                told = f"{key} is neither Parquet nor csv.gz: choose one of them for the export"
                raise self.fault(manifest, told, "bad_query")
            try:
                self._copy(key, path)
            except SourceError as error:
                if error.error_class != "not_found":
                    raise
                told = f"its manifest lists s3://{self.export.bucket}/{key}, which is not there"
                raise self.fault(manifest, told, "not_found") from error
            yield from self._read(manifest, key, path)
            path.unlink()

    def _copy(self, key: str, path: Path) -> None:
        answer = self._get(key, "a file of the export")
        with path.open("wb") as file, self.aws.faults(f"s3:GetObject of {key}"):
            for chunk in answer["Body"].iter_chunks(CHUNK):
                self.aws.run.remaining_s()
                file.write(chunk)

    def _get(self, key: str, what: str) -> Any:
        client = self.aws.client("s3", self.region)
        with self.aws.faults(f"s3:GetObject of {what} s3://{self.export.bucket}/{key}"):
            return client.get_object(Bucket=self.export.bucket, Key=key)

    def _read(self, manifest: Manifest, key: str, path: Path) -> Iterator[Slice]:
        try:
            yield from slices(path, is_careful=True)
        except FAULTS as error:
            said = " ".join(str(error)[:200].split())
            raise self.fault(manifest, f"{key} cannot be read: {said}", "schema_drift") from error

    def fault(self, manifest: Manifest, told: str, kind: ErrorClass) -> SourceError:
        """What is wrong with a billing period; the rows that it had before stay."""
        where = f"{self.aws.run.source_instance}: export {self.export.name}, billing period {manifest.month}"
        return SourceError(f"{where}: {told}; what landed of it before stays", kind)
