"""`aurora import` of a FOCUS export: a file, a folder or a place in S3 becomes charge lines, period by period."""

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile

import polars as pl

from aurora.contracts.cost import FocusCost
from aurora.errors import ContractError
from ingest.check import Reject, Stamp, as_json
from ingest.focus import columns as focus
from ingest.focus.convert import kind_of, to_focus
from ingest.focus.files import FAULTS, Slice, UnevenError, digest_of, files_of, header, slices
from ingest.focus.report import Report
from ingest.focus.shape import named, shaped
from ingest.focus.values import instants
from ingest.history import Outcome, record_run, sync_row
from ingest.import_report import Imported
from ingest.land import Landed, quarantine
from warehouse.lake import Batch, Lake
from warehouse.staged import Staged, replace_files

STREAM = "import-focus_cost"
SHAPING = "1"  # changes whenever the same file would make other rows
IN_MEMORY = 32 * 2**20  # bytes of rejected rows that wait in memory, more of them in a file
AT_ONCE = 10_000  # rejected rows that are quarantined by one write


def import_focus(lake: Lake, path: Path, stamp: Stamp, *, is_estimated: bool, is_check: bool) -> Imported:
    """Land an export: its rows replace those of the same source and billing period, by one commit.

    The same export again changes nothing. Raises ContractError with one sentence.
    """
    files = _files(path)
    reading = partial(_Reading, path, stamp.source_instance, is_estimated)
    if is_check:
        report = reading().over(lambda one: one.checked(files)).report
        return Imported("focus_cost", Landed(report.good, 0, report.bad), report=tuple(report.lines()), is_check=True)
    stream = f"{stamp.source_instance}/{STREAM}"
    mark = f"{SHAPING}/{stamp.source_instance}/{is_estimated}/{digest_of(files)}"
    run_id = f"focus-{hashlib.sha256(mark.encode()).hexdigest()[:24]}"
    if (held := _held(lake, stream, run_id)) is not None:
        landed, report = Landed(0, held), Report()
    else:
        # What is quarantined belongs to this content, so that the same content is known again by its run.
        own = replace(stamp, run_id=run_id)
        done = reading().over(lambda one: _land(lake, files, one, own, stream))
        landed, report = done.landed, done.report
    outcome = Outcome(stamp.source_instance, STREAM, "partial" if landed.quarantined_count else "success", landed)
    told = sync_row("import", STREAM, stamp.at, datetime.now(UTC), outcome)
    record_run(lake, stamp.source_instance, STREAM, run_id if report.good else stamp.run_id, told, stamp.at)
    return Imported("focus_cost", landed, report=tuple(report.lines()) if report.good else ())


def _files(path: Path) -> list[Path]:
    """The export's files, each with all that none may lack."""
    if not path.exists():
        raise ContractError(f"{path}: there is no such file")
    files = files_of(path)
    if not files:
        raise ContractError(f"{path}: there is neither a CSV nor a Parquet file in it")
    for file in files:
        try:
            names = header(file)
            lacks = [] if kind_of(names) else focus.missing(names)
        except FAULTS as error:
            raise _unreadable(file, error) from error
        if lacks:
            raise ContractError(f"{file}: this is no FOCUS export: it has no column {', '.join(lacks)}")
    return files


def _unreadable(file: Path, error: BaseException) -> ContractError:
    first = str(error).strip().splitlines()
    return ContractError(f"{file}: this cannot be read as FOCUS: {first[0] if first else type(error).__name__}")


def _held(lake: Lake, stream: str, run_id: str) -> int | None:
    """How many rows this very content has in the lake, None if it is not there whole."""
    cursor = lake.cursor(FocusCost, stream)[1] or {}
    if cursor.get("run") != run_id:
        return None
    source = stream.partition("/")[0]
    mine = (pl.col("source_instance") == source) & (pl.col("run_id") == run_id)
    held = int(lake.scan(FocusCost).filter(mine).select(pl.len()).collect().item())
    return held if held == cursor.get("rows") else None


@lru_cache(maxsize=1000)
def _period(said: object) -> str | None:
    """The start of a billing period as the lake tells it, None for what is no instant."""
    at = instants(pl.Series([said], strict=False))[0]
    return f"{at:%Y-%m-%dT%H:%M:%S}" if at else None


@dataclass
class _Reading:
    """An export on its way: what is said of it, and what of it cannot stand."""

    path: Path
    export: str
    is_estimated: bool
    is_careful: bool = False
    report: Report = field(default_factory=Report)
    rejects: "_Rejects" = field(default_factory=lambda: _Rejects())
    landed: Landed = field(default_factory=Landed)

    def frames(self, files: list[Path]) -> Iterator[pl.DataFrame]:
        """The rows that stand, slice by slice."""
        row = 0
        for file in files:
            start = row
            try:
                for read in slices(file, is_careful=self.is_careful):
                    yield self._slice(file, read, row, row - start)
                    row += read.frame.height
            except UnevenError:
                raise
            except FAULTS as error:
                raise _unreadable(file, error) from error

    def over(self, work: Callable[["_Reading"], Landed]) -> "_Reading":
        """Do the work, once more with care if a file turns out to need it; the reading that it was done with."""
        try:
            self.landed = work(self)
        except UnevenError:
            if self.is_careful:
                raise
            return _Reading(self.path, self.export, self.is_estimated, is_careful=True).over(work)
        finally:
            self.rejects.close()
        return self

    def checked(self, files: list[Path]) -> Landed:
        """Read all for the report alone."""
        for _ in self.frames(files):
            pass
        return Landed(self.report.good, 0, self.report.bad)

    def _slice(self, file: Path, read: Slice, row: int, of_file: int) -> pl.DataFrame:
        frame = read.frame
        if kind_of(frame.columns):
            frame, kind = to_focus(frame)
            self.report.kinds.add(kind)
        made = shaped(frame, self.export, row, self.is_estimated)
        names = named(frame.clear()).columns
        rejects = [self._told(file, reject, row - of_file) for reject in [*made.rejects, *read.broken]]
        self.report.add(names, made.good, rejects)
        self.rejects.add(rejects)
        return made.good

    def _told(self, file: Path, reject: Reject, before: int) -> Reject:
        """With the file and the row in it, and the billing period that is short of it."""
        where = {} if reject.place is None else {"row": reject.place - before + 1}
        period = _period(reject.payload.get("BillingPeriodStart"))
        said = {"file": file.name, **where, "x_SourceExport": self.export, "x_BillingPeriod": period}
        place = f"{file.name}, row {where['row']}" if where else file.name
        return Reject(reject.rule, f"{place}: {reject.message}", reject.payload | said, reject.place)


class _Rejects:
    """Rejected rows that wait until it is known what lands; they may be more than memory holds."""

    def __init__(self) -> None:
        self.first: Reject | None = None
        self._lines = SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", errors="replace")  # noqa: SIM115

    def add(self, rejects: list[Reject]) -> None:
        """Take some."""
        for reject in rejects:
            self.first = self.first or reject
            self._lines.write(as_json(asdict(reject)) + "\n")

    def batches(self) -> Iterator[list[Reject]]:
        """What was taken, once."""
        self._lines.seek(0)
        while some := [Reject(**json.loads(line)) for line in islice(self._lines, AT_ONCE)]:
            yield some

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()


def _land(lake: Lake, files: list[Path], reading: _Reading, stamp: Stamp, stream: str) -> Landed:
    marks = {"source": stamp.source, "source_instance": stamp.source_instance, "run_id": stamp.run_id}
    constants = [pl.lit(value).alias(name) for name, value in marks.items()]
    constants.append(pl.lit(stamp.at).cast(FocusCost.dtypes()["ingested_at"]).alias("ingested_at"))
    # Two sources may name an export alike.
    mine = pl.concat_str(pl.lit(f"{stamp.source_instance}:"), pl.col("x_RowId")).alias("x_RowId")
    with Staged(FocusCost, lake.root) as staged:
        _staged(staged, (frame.with_columns(mine, *constants) for frame in reading.frames(files)))
        if not reading.report.good:
            why = f", such as {reading.rejects.first.message}" if reading.rejects.first else ""
            raise ContractError(f"{reading.path}: no row of it can stand{why}: nothing is changed")
        for rejects in reading.rejects.batches():
            own = [replace(one, payload=one.payload | {"x_Import": stamp.run_id}) for one in rejects]
            quarantine(lake, FocusCost, own, stamp, stream)
        cursor = {"run": stamp.run_id, "rows": staged.row_count}
        while (
            done := replace_files(lake, staged, Batch(stream, lake.cursor(FocusCost, stream)[0] + 1, cursor))
        ).repeated:
            pass
    return Landed(done.row_count, 0, reading.report.bad)


def _staged(staged: Staged, frames: Iterator[pl.DataFrame]) -> None:
    """Stage frames, each while the next one is being made."""
    with ThreadPoolExecutor(1) as writer:
        before: Future[None] | None = None
        for frame in frames:
            if before:
                before.result()
            before = writer.submit(staged.add, frame)
        if before:
            before.result()
