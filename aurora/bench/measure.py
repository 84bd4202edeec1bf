"""Measuring: seconds of a call, medians, work in a process of its own, growth of memory."""

import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import polars as pl
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.delta import ROW_GROUP

T = TypeVar("T")
Call = Callable[[], object]
# Fork would take the threads' locks of polars, delta-rs and DuckDB with it.
SPAWN = multiprocessing.get_context("spawn")


def seconds(call: Call) -> float:
    """Seconds that one call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def medians(times: int, *calls: Call) -> list[float]:
    """Median seconds of each call, taken in turns so that a slow moment of the machine meets all of them."""
    return [statistics.median(took) for took in _in_turns(times, calls)]


def quickest(times: int, *calls: Call) -> list[float]:
    """Least seconds of each call: for few long calls, whose differences are what else the machine did meanwhile."""
    return [min(took) for took in _in_turns(times, calls)]


def _in_turns(times: int, calls: tuple[Call, ...]) -> list[tuple[float, ...]]:
    return list(zip(*([seconds(call) for call in calls] for _ in range(times)), strict=True))


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, -(-int(share * 1000) * len(values) // 1000) - 1)]


def arrow(frame: pl.DataFrame) -> pa.Table:
    """The frame as a table that pyarrow can write."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def bare_write(table: pa.Table, file: Path) -> None:
    """The floor of landing: the same rows as one Parquet file, with the lake's compression and row groups."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file, compression="zstd", compression_level=3, row_group_size=ROW_GROUP)


def in_child(work: Callable[..., T], *args: object, environment: Mapping[str, str] | None = None) -> T:
    """What `work` returns in a fresh process; what it raises is raised here."""
    with ProcessPoolExecutor(1, SPAWN, initializer=_enter, initargs=(dict(environment or {}),)) as pool:
        return pool.submit(work, *args).result()


def _enter(environment: dict[str, str]) -> None:
    os.environ.update(environment)


class Peak:
    """The highest resident memory of this process while it was watched, as growth in bytes."""

    growth = 0


@contextmanager
def watched_memory(every_s: float = 0.005) -> Iterator[Peak]:
    """Watch this process's resident memory."""
    process, peak, done = psutil.Process(), Peak(), threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        while not done.wait(every_s):
            peak.growth = max(peak.growth, process.memory_info().rss - before)

    thread = threading.Thread(target=watch, name="memory-watch")
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()
