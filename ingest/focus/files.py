"""Files of a FOCUS export: what is one, which belong together, and their rows in slices that fit in memory.

Every file of a folder, however deep, belongs to one export; what is neither CSV nor Parquet is passed over.
"""

import csv
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, cast

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from ingest.check import Reject
from ingest.focus.columns import is_focus
from ingest.focus.convert import kind_of

SLICE = 100_000
BLOCK = 16 << 20  # bytes of CSV that are read at a time; a line cannot be longer
HEAD = 1 << 16
ENDINGS = (".csv", ".csv.gz", ".parquet")
SEPARATORS = ",;\t|"
FAULTS = (OSError, EOFError, ValueError, pa.ArrowException, pl.exceptions.PolarsError)


class UnevenError(ValueError):
    """Not every line of a CSV file has as many cells as its header, or it is no CSV."""


@dataclass
class Slice:
    """Some rows of a file as they are written there, and lines of it that are no rows."""

    frame: pl.DataFrame
    broken: list[Reject] = field(default_factory=list)


def files_of(path: Path) -> list[Path]:
    """The files of an export in the order in which their rows are numbered: itself, or all of a folder."""
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.rglob("*") if one.is_file() and one.name.lower().endswith(ENDINGS))


def recognised(path: Path) -> bool:
    """Whether a file or folder holds a FOCUS export, or a cost report that can become one, by its columns."""
    try:
        first = next(iter(files_of(path)), None)
        names = header(first) if first else []
        return is_focus(names) or kind_of(names) is not None
    except FAULTS:
        return False


def digest_of(files: list[Path]) -> str:
    """A fingerprint of the files' content, wherever they lie."""
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def header(path: Path) -> list[str]:
    """The names of the columns. Raises ValueError or another of FAULTS where there are none."""
    if path.name.lower().endswith(".parquet"):
        return list(pq.read_schema(path).names)
    return _csv_header(path)[0]


def slices(path: Path, *, is_careful: bool = False) -> Iterator[Slice]:
    """The rows of a file in order. Raises one of FAULTS for what cannot be read to its end.

    CSV is read by polars, which is quick but gives up at the first line with too many cells, and raises UnevenError
    then; carefully it is read by Arrow, which tells such lines.
    """
    names = header(path)
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise ValueError(f"column {twice[0]} stands in its header twice")
    if path.name.lower().endswith(".parquet"):
        yield from _parquet(path)
    elif is_careful or path.name.lower().endswith(".gz"):
        yield from _csv(path)
    else:
        yield from _quick_csv(path)


def _parquet(path: Path) -> Iterator[Slice]:
    rows = pl.scan_parquet(path, hive_partitioning=False)
    for frame in rows.collect_batches(chunk_size=SLICE, maintain_order=True):
        yield Slice(frame)


def _csv_header(path: Path) -> tuple[list[str], str]:
    """Names and separator: the one that makes most columns of the first line."""
    with _opened(path) as file:
        line = file.readline(HEAD).decode("utf-8-sig")
    if not line.strip():
        raise ValueError("it is empty")
    found = [(next(csv.reader([line], delimiter=separator)), separator) for separator in SEPARATORS]
    names, separator = max(found, key=lambda one: len(one[0]))
    return [name.strip() for name in names], separator


def _opened(path: Path) -> IO[bytes]:
    # gzip of Python, since Arrow's own takes a file that was cut off for one that has ended.
    return cast(IO[bytes], gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


def _quick_csv(path: Path) -> Iterator[Slice]:
    names, separator = _csv_header(path)
    rows = pl.scan_csv(path, infer_schema=False, separator=separator, new_columns=names)
    try:
        for frame in rows.collect_batches(chunk_size=SLICE, maintain_order=True):
            # An empty line is no row.
            yield Slice(
                frame.filter(pl.any_horizontal(pl.all().is_not_null())) if frame.null_count().row(0)[0] else frame
            )
    except pl.exceptions.NoDataError:
        return
    except pl.exceptions.PolarsError as error:
        raise UnevenError(str(error)) from error


def _csv(path: Path) -> Iterator[Slice]:
    """Text as it stands in the file; a line with another number of cells than the header is told apart."""
    names, separator = _csv_header(path)
    broken: list[Reject] = []

    def skip(row: arrow_csv.InvalidRow) -> Literal["skip"]:
        said = f"it has {row.actual_columns} cells, the header has {row.expected_columns}"
        broken.append(Reject("cells", said, {"line": row.text[:2000]}))
        return "skip"

    with _opened(path) as file:
        if not (file.readline() and file.readline()):
            return
    kinds = dict.fromkeys(names, pa.large_string())
    read = arrow_csv.ReadOptions(block_size=BLOCK, column_names=names, skip_rows=1)
    parse = arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=skip)
    convert = arrow_csv.ConvertOptions(column_types=kinds, strings_can_be_null=False)
    with _opened(path) as source, arrow_csv.open_csv(source, read, parse, convert) as reader:
        for batch in reader:
            told, broken = Slice(pl.DataFrame(batch), broken), []
            yield told
    if broken:
        yield Slice(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), broken)
