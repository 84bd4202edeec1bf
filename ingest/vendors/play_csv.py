"""Reports of the Play Console: CSV in UTF-16 with a byte order mark, `NA` where nothing is told.

https://support.google.com/googleplay/android-developer/answer/6135870
"""

import csv
import io
import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aurora.contracts import Table
from aurora.errors import SourceError
from ingest.connector import Run
from ingest.vendors.play_api import Object, Play

MAX_BYTES = 512 * 1024 * 1024
UNKNOWN_COUNTRY = "ZZ"  # the code of CLDR for it
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))
_ABSENT = ("", "na", "nan", "null", "-")
Cells = dict[str, str]


def decoded(raw: bytes) -> str:
    """The text of a report; what is no text in it becomes U+FFFD.

    Without a mark it is UTF-8, or UTF-16 where the second byte is a NUL.
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(name, errors="replace")
    return raw.decode("utf-16-le" if raw[1:2] == b"\0" else "utf-8", errors="replace")


def text_of(play: Play, bucket: str, file: Object) -> str:
    """A report's text. Raises SourceError."""
    with TemporaryDirectory(prefix="aurora-play-") as folder:
        path = Path(folder) / "report.csv"
        play.save(bucket, file.name, path)
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(
                f"{play.run.source_instance}: {file.name} has more than {MAX_BYTES >> 20} MiB: it is left out",
                "bad_query",
            )
        return decoded(path.read_bytes())


def lines(run: Run[Any], table: type[Table], file: str, text: str, needed: tuple[str, ...]) -> Iterator[Cells]:
    """The lines of a report by column, names in lower case. Raises SourceError where it is no such report.

    Where CSV itself breaks, the lines before it count and the rest is one refusal.
    """
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in needed if name not in names]:
            raise SourceError(
                f"{run.source_instance}: {file} has no column {missing[0]!r} (it has {', '.join(names)[:200]}): "
                "check bucket",
                "schema_drift",
            )
        for cells in reader:
            if cells and len(cells) < len(names):  # where a place is cut off, the line would be one of all places
                run.refuse(table, "csv", f"{file}: line {reader.line_num} is too short", {"cells": cells})
            elif cells:
                yield dict(zip(names, cells, strict=False))
    except csv.Error as error:
        run.refuse(
            table, "csv", f"{file}: line {reader.line_num} and what follows cannot be read: {error}", {"file": file}
        )


def word(cell: str | None) -> str | None:
    """A cell's text, None where nothing is told."""
    told = (cell or "").strip()
    return None if told.lower() in _ABSENT else told


def whole(cell: str | None) -> int | None:
    """A cell as a count. Raises ValueError."""
    told = word(cell)
    if told is None:
        return None
    if not re.fullmatch(r"\d{1,3}(,\d{3})+|\d{1,18}", told):
        raise ValueError(f"{told[:40]!r} is no count")
    return int(told.replace(",", ""))


def stars(cell: str | None) -> float | None:
    """A cell as an average of stars from 1 to 5; 0 is how some reports say that there was none. Raises ValueError."""
    told = word(cell)
    value = float(told) if told is not None else 0.0
    if value == 0.0:
        return None
    if not math.isfinite(value) or not 1.0 <= value <= 5.0:
        raise ValueError(f"{str(told)[:40]!r} is no average of 1 to 5 stars")
    return value


def country(cell: str | None) -> str:
    """A country's code of two letters; NA is Namibia and no gap. Raises ValueError."""
    told = (cell or "").strip().upper()
    if told and not re.fullmatch("[A-Z]{2}", told):
        raise ValueError(f"{told[:40]!r} is no country's code of two letters")
    return told or UNKNOWN_COUNTRY


def day(cell: str | None) -> date:
    """A cell as a day. Raises ValueError."""
    return date.fromisoformat((cell or "").strip())


def instant(cell: str | None) -> datetime | None:
    """A cell of milliseconds since 1970 as an instant. Raises ValueError or OverflowError."""
    told = word(cell)
    return EPOCH + timedelta(milliseconds=int(told)) if told is not None else None
