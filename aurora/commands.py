"""What the commands of the `aurora` script do."""

import logging
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import duckdb
import polars as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid
from rich.text import Text

from aurora.advise_job import Adviser, judging_and_advising
from aurora.contracts import Row
from aurora.contracts.estate import Applications
from aurora.cost_job import look_for_anomalies
from aurora.errors import AlreadyRunningError, AuroraError
from aurora.judge import judge
from aurora.registry_export import as_toml, read_register
from aurora.reports.schedule import send_due
from aurora.rules_job import Watcher
from aurora.settings import Settings, SourceSettings, load
from aurora.slo_job import evaluate
from aurora.up import end_with_parent
from ingest.connector import load_connectors
from ingest.focus.remote import at_hand
from ingest.history import Outcome
from ingest.importing import import_file
from ingest.land import Landed
from ingest.plan import SELF, checked, planned_sources
from ingest.pushes import Push, record_deployment
from ingest.repositories import repo_id_of
from ingest.run import Ingest
from ingest.schedule import Worker
from warehouse.lake import Lake
from warehouse.locks import holder, locked
from warehouse.maintain import compact_all, tidy
from warehouse.publish import publish
from warehouse.query import Warehouse
from warehouse.record import make_visible
from warehouse.text import as_csv, as_json

END_WITHIN_S = 3.0
AT_ONCE = 32


def check_settings(settings: Settings) -> None:
    """Raises SettingsError for a source whose connector or options are wrong."""
    checked(settings, load_connectors())


def ingest_now(settings: Settings, names: list[str], out: Console) -> int:
    """Run the named sources (or all) once, with progress; 1 if one failed."""
    lake = Lake(settings.lake)
    planned = planned_sources(checked(settings, load_connectors()), lake)
    unknown = set(names) - {source.name for source in planned}
    if unknown:
        have = ", ".join(source.name for source in planned)
        raise AuroraError(f"no source is named {', '.join(sorted(unknown))}: sources are {have}")
    wanted = [source for source in planned if source.name in names or (not names and source.name != SELF)]
    outcomes = _ingest_with_bars(settings, lake, wanted, out)
    make_visible(settings.data, lake)
    judge(settings, lake)
    evaluate(settings, lake)
    look_for_anomalies(settings, lake)
    make_visible(settings.data, lake)
    evaluate(settings, lake)  # alerts speak of points that are published
    Watcher()(settings, lake)
    Adviser()(settings, lake)  # and advice is held back by budgets that burn
    make_visible(settings.data, lake)
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    for outcome in failed:
        out.print(Text.assemble(("✕ ", "red"), f"{outcome.source}/{outcome.stream}: {outcome.error}"), soft_wrap=True)
    return 1 if failed else 0


def _ingest_with_bars(settings: Settings, lake: Lake, wanted: list[SourceSettings], out: Console) -> list[Outcome]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(20),
        TextColumn("{task.fields[rows]:>9,} rows"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=out) as progress:
        bars = {source.name: progress.add_task(source.name, total=None, start=False, rows=0) for source in wanted}

        def tell(stream: str, landed: Landed) -> None:
            bar = bars[stream.split("/")[0]]
            progress.update(bar, rows=progress.tasks[bar].fields["rows"] + landed.row_count)

        ingest = Ingest(lake, settings, load_connectors(), progress=tell)

        def run(source: SourceSettings) -> list[Outcome]:
            progress.start_task(bars[source.name])
            outcomes = ingest.run(source)
            progress.update(bars[source.name], total=1, completed=1)
            publish(lake, settings.data)
            return outcomes

        # Side by side, so that a source which hangs delays no other.
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [outcome for outcomes in pool.map(run, wanted) for outcome in outcomes]


def import_now(settings: Settings, files: list[str], said: Row, out: Console) -> int:
    """Import files, telling for each what landed; 1 if a file is refused. `said`: what import_file() takes."""
    lake, code = Lake(settings.lake), 0
    for file in files:
        try:
            with at_hand(file) as path:
                told = import_file(lake, path, **said)
        except AuroraError as error:
            out.print(Text.assemble(("✕ ", "red"), str(error)), soft_wrap=True)
            code = 1
            continue
        out.print(f"{file}: {told.sentence()}", soft_wrap=True)
        for line in told.report:
            out.print(f"  {line}", soft_wrap=True)
    make_visible(settings.data, lake)
    return code


def record_now(settings: Settings, repo: str | None, said: Row) -> str:
    """Record a deployment; one line about it, once it is published. `said`: what Push takes."""
    lake = Lake(settings.lake)
    push = Push(**said, repo_id=repo_id_of(lake, repo) if repo else None)
    done = record_deployment(settings.data, lake, push, datetime.now(UTC))
    make_visible(settings.data, lake)
    news = "" if done.is_news else " (known already)"
    if not lake.scan(Applications).filter(pl.col("app_id") == push.app_id).collect().height:
        news += f"; no application is registered as {push.app_id}"
    return f"{push.app_id} on {push.environment}: {push.status}, as {done.deployment_id}{news}"


def ask(settings: Settings, query: str, format: str, out: Console) -> None:
    """Print (or, for parquet, write to standard output) the answer to one query."""
    try:
        frame = Warehouse(settings.published).rows(query)
    except duckdb.Error as error:
        raise AuroraError(f"the warehouse refused the query: {error}") from error
    if format == "csv":
        print(as_csv(frame).decode(), end="")
    elif format == "json":
        print(as_json(frame))
    elif format == "parquet":
        frame.write_parquet(sys.stdout.buffer)
    elif format == "table":
        with pl.Config(
            tbl_rows=200, tbl_cols=-1, fmt_str_lengths=60, tbl_hide_dataframe_shape=True, tbl_width_chars=-1
        ):
            out.print(str(frame), soft_wrap=True)
        out.print(f"{frame.height} rows")
    else:
        raise AuroraError(f"there is no format {format!r}: use table, csv, json or parquet")


def print_registry(settings: Settings) -> None:
    """Print the register as it stands, as the TOML that may stand beside aurora.toml."""
    print(as_toml(read_register(Warehouse(settings.published).rows)), end="")


def list_sources(settings: Settings, out: Console) -> None:
    """Print the connectors there are, and each source with freshness and last error."""
    out.print("Connectors: " + ", ".join(load_connectors()))
    grid = Grid(
        "source", "connector", "stream", "status", "last good", "rows 24 h", "quarantined", "last error", box=None
    )
    told: dict[str, list[Row | None]] = {}
    if (settings.published / "current.json").exists():
        for row in Warehouse(settings.published).rows("from source_freshness order by all").iter_rows(named=True):
            told.setdefault(row["source_instance"], []).append(row)
    for source in planned_sources(checked(settings, load_connectors()), Lake(settings.lake)):
        for told_by in told.pop(source.name, [None]):
            grid.add_row(*_source_cells(source.name, source.connector, told_by))
    out.print(grid)


def _source_cells(name: str, connector: str, row: Row | None) -> list[str]:
    if row is None:
        return [name, connector, "", "never ran", "", "", "", ""]
    last_good = str(row["last_good_at"] or "never")[:19]
    error = "" if row["status"] == "success" else str(row["error"] or "")
    counts = [str(row["row_count_24h"]), str(row["quarantined_count_24h"])]
    return [name, connector, str(row["stream"]), str(row["status"]), last_good, *counts, error]


def maintain_now(settings: Settings, out: Console) -> None:
    """Compact, checkpoint and vacuum, and print what changed."""
    lake = Lake(settings.lake)
    for done in compact_all(lake, settings.data):
        out.print(f"{done.table}: {done.files_before} files to {done.files_after}, {done.row_count:,} rows as before")
    gone = sum(done.vacuumed for done in tidy(lake, settings))
    make_visible(settings.data, lake)
    out.print(f"checkpoints written, {gone} old files removed")


def work(settings: Settings) -> None:
    """The worker process: run until SIGTERM. Raises AlreadyRunningError naming the process that runs already."""
    lock = settings.data / "locks" / "worker.lock"
    try:
        with locked(lock, wait=False):
            lake, connectors = Lake(settings.lake), load_connectors()
            worker = Worker(
                Ingest(lake, checked(settings, connectors), connectors),
                planned_sources,
                lambda: checked(load(), connectors),
                judging_and_advising(),
                evaluate,
                look_for_anomalies,
                Watcher(),
                send_due,
            )
            signal.signal(signal.SIGTERM, lambda *_: worker.stop.set())
            end_with_parent(worker.stop.set)
            threading.Thread(target=_end_hard, args=(worker.stop,), daemon=True).start()
            worker.work()
    except AlreadyRunningError as error:
        raise AlreadyRunningError(
            f"a scheduler runs already on {settings.data}, as process {holder(lock)}: one is enough"
        ) from error


def _end_hard(stop: threading.Event) -> None:
    """A source that hangs must not hold up the end; every commit is whole, so leaving at once loses nothing."""
    stop.wait()
    threading.Event().wait(END_WITHIN_S)
    logging.shutdown()
    os._exit(0)
