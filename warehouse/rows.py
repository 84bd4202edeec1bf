"""Rows on their way into the lake: stored types, partitions, and which of them are new, changed or known."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import unquote

import polars as pl
from deltalake import DeltaTable

from aurora.contracts import COMMON, Table

HEARTBEAT = timedelta(hours=1)
COMPARED_ROWS = 100_000


@dataclass(frozen=True)
class News:
    """A batch against what the lake holds: rows with new keys, rows that changed, and how many were known."""

    fresh: pl.DataFrame
    changed: pl.DataFrame
    known: int


def stored(table: type[Table], frame: pl.DataFrame, *, is_sorted: bool = False) -> pl.DataFrame:
    """The frame as it is stored: columns in order, instants without zone, partition column added, sorted by key."""
    zoned = [name for name, kind in table.dtypes().items() if isinstance(kind, pl.Datetime)]
    frame = frame.select(table.own_columns()).with_columns(pl.col(zoned).dt.replace_time_zone(None))
    spec = table.spec
    if spec.part_column and spec.part_of:
        start = pl.col(spec.part_of).cast(pl.Date)
        frame = frame.with_columns((start if spec.part == "day" else start.dt.truncate("1mo")).alias(spec.part_column))
    # A stable sort makes use of the runs that samples arrive in: it takes half the time.
    return frame if is_sorted or frame.height < 2 else frame.sort(spec.key, maintain_order=True)


def scan(table: type[Table], files: list[str]) -> pl.LazyFrame:
    """A lazy frame over Parquet files of the table, whichever age of its schema they have."""
    kinds = stored(table, table.empty()).schema
    part = table.spec.part_column
    wanted = {name: kind for name, kind in kinds.items() if name != part}
    return pl.scan_parquet(
        files, schema=wanted, missing_columns="insert", extra_columns="ignore", hive_partitioning=False
    )


def touched_files(table: type[Table], handle: DeltaTable, frame: pl.DataFrame) -> list[str]:
    """Files that may hold a key of the frame, by partition and by the lake's statistics."""
    if not frame.height:
        return []
    actions = pl.DataFrame(handle.get_add_actions(flatten=True))
    part, spec = table.spec.part_column, table.spec
    if part and actions.height:
        actions = actions.filter(pl.col(f"partition.{part}").is_in(frame[part].unique().to_list()))
    bounds = ["source_instance"]
    if spec.time in spec.key:
        bounds.append(spec.time)
    for name in bounds:
        low, high = f"min.{name}", f"max.{name}"
        if {low, high} <= set(actions.columns):
            outside = (pl.col(high) < frame[name].min()) | (pl.col(low) > frame[name].max())
            actions = actions.filter(~outside.fill_null(False))
    return [as_path(f"{handle.table_uri.rstrip('/')}/{path}") for path in actions["path"]]


def as_path(uri: str) -> str:
    """A file of a local lake as the path it has on disk (the lake escapes spaces and the like), any other as it is."""
    uri = uri.removeprefix("file://")
    return uri if "://" in uri else unquote(uri)


def compare(table: type[Table], frame: pl.DataFrame, files: list[str]) -> News:
    """What is new in the frame, by the table's mode: append and versioned rows never change, upsert rows may."""
    if not files or not frame.height:
        return News(frame, frame.clear(), 0)
    key = list(table.spec.key)
    if table.spec.mode != "upsert":
        fresh = frame.join(_keys(table, frame, files), on=key, how="anti", maintain_order="left")
        return News(fresh, frame.clear(), frame.height - fresh.height)
    known = _keyed(table, frame, files).collect()
    fresh = frame.join(known, on=key, how="anti", maintain_order="left")
    both = frame.join(known, on=key, how="inner", suffix="_before", maintain_order="left")
    if "first_seen_at" in frame.columns:
        # Two streams that meet a thing at different times need not agree on when: the earliest sighting stays.
        both = both.with_columns(pl.min_horizontal("first_seen_at", "first_seen_at_before").alias("first_seen_at"))
    changed = both.filter(_changed(table, frame)).select(frame.columns)
    return News(fresh, changed, frame.height - fresh.height - changed.height)


def _keys(table: type[Table], frame: pl.DataFrame, files: list[str]) -> pl.DataFrame:
    return _keyed(table, frame, files).select(table.spec.key).unique().collect()


def _keyed(table: type[Table], frame: pl.DataFrame, files: list[str]) -> pl.LazyFrame:
    """Rows of the files that can share a key with the frame, bounded so that the scan skips row groups."""
    first, when = table.spec.key[0], table.spec.time
    rows = scan(table, files).filter(pl.col(first).is_in(frame[first].unique().to_list()))
    if when in table.spec.key:
        rows = rows.filter(pl.col(when).is_between(frame[when].min(), frame[when].max()))
    return rows


def _changed(table: type[Table], frame: pl.DataFrame) -> pl.Expr:
    """True for a row that says something new: not older, and other than last_seen_at (or an hour has passed)."""
    quiet = {*COMMON, "last_seen_at", table.spec.part_column, *table.spec.key}
    differs = pl.any_horizontal(
        pl.lit(False),
        *(pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in frame.columns if name not in quiet),
    )
    if "last_seen_at" in frame.columns:
        differs = differs | (pl.col("last_seen_at") - pl.col("last_seen_at_before") >= HEARTBEAT)
    if "updated_at" in frame.columns:
        differs = differs & (pl.col("updated_at") >= pl.col("updated_at_before")).fill_null(True)
    return differs


def merge_predicate(table: type[Table], frame: pl.DataFrame) -> str:
    """Equality of the key, with the partitions named literally so that writers of other partitions do not conflict."""
    parts = [f't."{name}" = s."{name}"' for name in table.spec.key]
    column = table.spec.part_column
    if column:
        parts.insert(0, f"t.{column} IN ({', '.join(literal(value) for value in frame[column].unique().sort())})")
    return " AND ".join(parts)


def slice_predicate(frame: pl.DataFrame, names: list[str], whole_of: str | None = None) -> str:
    """The rows that the frame replaces: those of its slices, which the columns `names` tell apart.

    No row of a whole stream replaces all of its source, where that is the slice. "" if nothing is replaced.
    """
    slices = frame.select(names).unique().sort(names)
    if not slices.height and whole_of and names == ["source_instance"]:
        slices = pl.DataFrame({"source_instance": [whole_of.partition("/")[0]]})
    return " OR ".join(
        "(" + " AND ".join(f'"{name}" = {literal(value)}' for name, value in row.items()) + ")"
        for row in slices.iter_rows(named=True)
    )


def before_predicate(table: type[Table], day: date) -> str:
    """The partitions that end before that day."""
    first = day if table.spec.part == "day" else day.replace(day=1)
    return f"{table.spec.part_column} < {literal(first)}"


def slice_names(table: type[Table], is_alone: bool = False) -> list[str]:
    """The columns that name a slice of a table that is replaced slice by slice; alone, a source is one slice."""
    if is_alone:
        return ["source_instance"]
    return list(
        dict.fromkeys(["source_instance", *table.spec.slice_by, *(["day"] if table.spec.mode == "snapshot" else [])])
    )


def says_the_same(table: type[Table], frame: pl.DataFrame, handle: DeltaTable, stream: str, names: list[str]) -> bool:
    """True if the lake's slices hold these rows already, when and by which run they landed aside.

    A file that is read each minute would else write a new version each minute. Beyond COMPARED_ROWS it is not asked.
    """
    if frame.height > COMPARED_ROWS:
        return False
    slices = frame.select(names).unique()
    if not frame.height:
        slices = pl.DataFrame({"source_instance": [stream.partition("/")[0]]})
    is_all = not frame.height or names == ["source_instance"]
    files = [as_path(uri) for uri in handle.file_uris()] if is_all else touched_files(table, handle, frame)
    if not files:
        return not frame.height
    key = list(table.spec.key)
    held = scan(table, files).join(slices.lazy(), on=slices.columns, how="semi").sort(key).collect()
    quiet = [name for name in ("ingested_at", "run_id", table.spec.part_column) if name in frame.columns]
    return held.drop(quiet, strict=False).equals(
        frame.sort(key).drop(quiet).select(held.drop(quiet, strict=False).columns)
    )


def literal(value: object) -> str:
    """A value as the lake's predicates spell it."""
    if isinstance(value, datetime):
        return f"arrow_cast('{value.isoformat()}', 'Timestamp(Microsecond, None)')"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    if isinstance(value, bool | int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
