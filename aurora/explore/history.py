"""What was asked: a row of query_runs for each question, and what changed between two answers."""

import atexit
import hashlib
import json
import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from aurora.contracts import Row
from aurora.contracts.platform import QueryRuns
from aurora.errors import AuroraError, CancelledError, QueryError, RefusedError
from aurora.explore.ask import ASKING, Answer, Handle, Limits, ask
from aurora.own_rows import write_rows
from warehouse.lake import Lake

log = logging.getLogger("aurora.explore")
MAX_ERROR = 2000
MAX_SQL = 100_000


class History:
    """Rows of query_runs, written together every few seconds: a commit for each question would publish for each."""

    def __init__(self, lake: Lake, every_s: float = 10.0) -> None:
        self._lake, self._every_s = lake, every_s
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._rows: list[Row] = []
        self._timer: threading.Timer | None = None
        atexit.register(self.close)

    def add(self, row: Row) -> None:
        """Keep a row, to be written soon."""
        with self._lock:
            self._rows.append(row)
            if self._timer is None:
                self._timer = threading.Timer(self._every_s, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def pending(self) -> pl.DataFrame:
        """The rows that are not written yet, newest first, as they will stand in query_runs (instants UTC, no zone)."""
        with self._lock:
            rows = [row | {"started_at": row["started_at"].replace(tzinfo=None)} for row in reversed(self._rows)]
        kinds = {name: kind for name, kind in QueryRuns.dtypes().items() if name in _columns()}
        return pl.DataFrame(rows, schema=kinds | {"started_at": pl.Datetime("us")}, orient="row")

    def flush(self) -> None:
        """Write what was kept; what cannot be written is kept for the next time."""
        with self._writing:
            with self._lock:
                self._timer, rows = None, list(self._rows)
            try:
                write_rows(self._lake, QueryRuns, rows, datetime.now(UTC), "explore")
            except AuroraError as error:
                log.error("runs of queries are not recorded: %s", error)
                return
            with self._lock:
                del self._rows[: len(rows)]

    def close(self) -> None:
        """Write what is left, before the process ends."""
        with self._lock:
            timer = self._timer
        if timer:
            timer.cancel()
        self.flush()
        atexit.unregister(self.close)


def ask_and_remember(
    history: History,
    published: Path,
    sql: str,
    params: Mapping[str, object] = {},
    *,
    actor: str = "local",
    question_id: str | None = None,
    limits: Limits = ASKING,
    handle: Handle | None = None,
) -> Answer:
    """As `ask`; whatever comes of it is a row of the history. Raises what `ask` raises."""
    started = datetime.now(UTC)
    outcome: Answer | AuroraError
    try:
        outcome = ask(published, sql, params, actor=actor, limits=limits, handle=handle)
    except (QueryError, RefusedError, CancelledError) as error:
        history.add(run_row(sql, params, error, started, actor, question_id))
        raise
    history.add(run_row(sql, params, outcome, started, actor, question_id))
    return outcome


def run_row(
    sql: str,
    params: Mapping[str, object],
    outcome: Answer | AuroraError,
    started_at: datetime,
    actor: str,
    question_id: str | None = None,
) -> Row:
    """The row of query_runs that tells what came of a question; started_at is UTC."""
    row: Row = {
        "query_run_id": uuid.uuid4().hex,
        "actor": actor,
        "question_id": question_id,
        "sql": sql[:MAX_SQL],
        "parameters": json.dumps(dict(params), default=str, ensure_ascii=False) if params else None,
        "started_at": started_at,
        "duration_ms": None, "row_count": None, "result_hash": None, "error": None,
    }  # fmt: skip
    if isinstance(outcome, Answer):
        told = {"duration_ms": outcome.duration_ms, "row_count": outcome.frame.height}
        return row | told | {"status": "ok", "result_hash": result_hash(outcome.frame)}
    return row | {"status": _status(outcome), "error": str(outcome)[:MAX_ERROR]}


def result_hash(frame: pl.DataFrame) -> str:
    """The same for the same columns and rows in any order, since a query without ORDER BY has none."""
    told = hashlib.sha256(repr(list(frame.schema.items())).encode())
    for line in _lines(frame):
        told.update(line.encode("utf-8", "surrogatepass"))
    return told.hexdigest()


def _lines(frame: pl.DataFrame) -> list[str]:
    """The rows as text, sorted; a hundred thousand of them row by row would keep the page waiting for seconds."""
    plain = (pl.String, pl.Boolean, pl.Date, pl.Datetime, pl.Time)
    if not frame.width or not all(kind.is_numeric() or isinstance(kind, plain) for kind in frame.dtypes):
        return sorted(repr(row) for row in frame.iter_rows())
    told = [pl.col(name).cast(pl.String).str.replace_all("\\", "\\\\", literal=True) for name in frame.columns]
    lines = pl.concat_str([one.fill_null("\\N") for one in told], separator="\\,")
    return list(frame.select(lines.alias("line"))["line"].sort())


def difference(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str] = ()) -> pl.DataFrame:
    """What changed from one answer to the next: `change` is added, removed or (with a key) changed.

    A changed row is told as it is now, `changed_columns` names what differs and `<column> before` says what stood
    there. Without a key, whole rows are compared, each as often as it stands there. Raises QueryError for a key that
    is no column of both, or not unique.
    """
    before, after = _alike(before, after)
    if not key:
        gone, new = _left_over(before, after), _left_over(after, before)
        return pl.concat([_marked(new, "added"), _marked(gone, "removed")])
    _check_key(before, after, key)
    old = before.rename({name: _before(name) for name in before.columns if name not in key})
    both = after.join(old, on=list(key), how="inner", nulls_equal=True, maintain_order="left")
    values = [name for name in after.columns if name not in key]
    differs = {name: pl.col(name).ne_missing(pl.col(_before(name))) for name in values}
    changed = both.filter(pl.any_horizontal(*differs.values())) if values else both.clear()
    changed = changed.with_columns(_named(differs))
    kept = [_before(name) for name in values if changed.select(differs[name].any()).item()]
    parts = [
        _marked(after.join(before, on=list(key), how="anti", nulls_equal=True), "added"),
        _marked(before.join(after, on=list(key), how="anti", nulls_equal=True), "removed"),
        _marked(changed.select(*after.columns, "changed_columns", *kept), "changed"),
    ]
    return pl.concat(parts, how="diagonal")


def _columns() -> list[str]:
    return ["query_run_id", "actor", "question_id", "sql", "parameters", "started_at", "duration_ms", "status",
            "row_count", "result_hash", "error"]  # fmt: skip


def _status(error: AuroraError) -> str:
    if isinstance(error, CancelledError):
        return "cancelled"
    return "refused" if isinstance(error, RefusedError) else "failed"


def _before(name: str) -> str:
    return f"{name} before"


def _alike(before: pl.DataFrame, after: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both with all columns of either, null where one has none; types that differ become text."""
    both = before.schema | after.schema
    unlike = [name for name in both if before.schema.get(name) != after.schema.get(name)]
    for name in unlike:
        both[name] = both[name] if name not in before.schema or name not in after.schema else pl.String()
    return _with(before, both), _with(after, both)


def _with(frame: pl.DataFrame, kinds: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in kinds.items()
    )


def _left_over(some: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The rows that the others do not have, or have less often."""
    if not some.columns:
        return some
    each = pl.int_range(pl.len()).over(some.columns).alias("_n")
    keyed = [frame.with_columns(each) for frame in (some, others)]
    return keyed[0].join(keyed[1], on=[*some.columns, "_n"], how="anti", nulls_equal=True).drop("_n")


def _named(differs: Mapping[str, pl.Expr]) -> pl.Expr:
    told = [pl.when(differ).then(pl.lit(name)) for name, differ in differs.items()]
    return (
        (pl.concat_list(told) if told else pl.lit([], dtype=pl.List(pl.String)))
        .list.drop_nulls()
        .alias("changed_columns")
    )


def _marked(frame: pl.DataFrame, change: str) -> pl.DataFrame:
    return frame.select(pl.lit(change).alias("change"), pl.all())


def _check_key(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str]) -> None:
    missing = [name for name in key if name not in after.columns]
    if missing:
        raise QueryError(f"{', '.join(missing)} is no column of the answer: choose a key that is one.")
    for frame, when in ((before, "earlier"), (after, "later")):
        if frame.select(pl.struct(key).is_duplicated().any()).item():
            raise QueryError(
                f"{', '.join(key)} stands in several rows of the {when} answer: choose a key that does not."
            )
