"""Landing a week of health samples, against a bare Parquet write of the same frame."""

import shutil
from collections.abc import Iterator

from aurora.bench.data import MINUTES_PER_DAY, STAMP, health, stamped
from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import arrow, bare_write, quickest
from aurora.contracts.operations import ComponentHealth
from ingest.land import land
from warehouse.lake import Batch, Lake

COMPONENTS = 500


@benchmark
def landing(bench: Bench) -> Iterator[Figure]:
    """Rows per second of the lake's write alone, and of contract check, sort and write."""
    raw = health(COMPONENTS, bench.size(7 * MINUTES_PER_DAY, 2))
    checked = stamped(raw)
    table = arrow(checked)
    batch = Batch("bench/landing", 1)

    def write() -> None:
        Lake(bench.folder / "written").write(ComponentHealth, checked, batch)
        shutil.rmtree(bench.folder / "written")

    def land_all() -> None:
        land(Lake(bench.folder / "landed"), ComponentHealth, raw, STAMP, batch)
        shutil.rmtree(bench.folder / "landed")

    floor_s, written_s, landed_s = quickest(
        3, lambda: bare_write(table, bench.folder / "bare.parquet"), write, land_all
    )
    rows, floor = raw.height, raw.height / floor_s
    yield Figure(
        "landing: lake write / bare Parquet write", rows / written_s, "rows/s", floor, Goal("ratio", ">=", 0.4)
    )
    yield Figure("landing: check, sort, write / bare write", rows / landed_s, "rows/s", floor, Goal("ratio", ">=", 0.2))
