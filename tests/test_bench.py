"""`aurora bench`: the frame, the figures it tells, and each benchmark at a tiny size. Speed is never asserted."""

import io
import json
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from aurora.bench import frame as framework
from aurora.bench.data import MINUTES_PER_DAY, STAMP, START, WALKS, health, stamped
from aurora.bench.frame import Bench, Figure, Goal, SkippedError, load_benchmarks, run_benchmarks
from aurora.bench.measure import in_child, medians, percentile, quickest, watched_memory
from aurora.bench.upsert import MONTH, alerts
from aurora.contracts import TABLES
from aurora.contracts.operations import Alerts, ComponentHealth
from aurora.errors import AuroraError
from ingest.check import check

SHAPE = {"name", "value", "unit", "baseline", "ratio", "goal", "ok"}


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> dict[str, framework.Work]:
    """An empty registry in place of the real one."""
    known: dict[str, framework.Work] = {}
    monkeypatch.setattr(framework, "_registered", known)
    monkeypatch.setattr(framework, "iter_modules", lambda paths: [])
    return known


def run(names: list[str], json_file: Path | None = None) -> tuple[int, str]:
    """(exit code, what was printed)."""
    printed = io.StringIO()
    code = run_benchmarks(names, json_file, Console(file=printed, width=200), scale=0.001)
    return code, printed.getvalue()


def tiny(name: str, folder: Path, scale: float = 0.001) -> list[Figure]:
    """The figures of one real benchmark at a tiny size."""
    return list(load_benchmarks()[name](Bench(folder, scale, lambda sentence: None)))


@pytest.mark.parametrize(
    ("figure", "ratio", "ok"),
    [
        (Figure("free", 5.0, "ms"), None, None),
        (Figure("free", 5.0, "ms", 2.0), 2.5, None),
        (Figure("value", 5.0, "ms", 2.0, Goal("value", "<=", 5.0)), 2.5, True),
        (Figure("value", 5.1, "ms", 2.0, Goal("value", "<=", 5.0)), 2.55, False),
        (Figure("speed", 4.0, "rows/s", 10.0, Goal("ratio", ">=", 0.4)), 0.4, True),
        (Figure("speed", 3.9, "rows/s", 10.0, Goal("ratio", ">=", 0.4)), 0.39, False),
        (Figure("no floor", 1.0, "x", None, Goal("ratio", "<=", 9.0)), None, False),
    ],
)
def test_a_figure_knows_its_ratio_and_whether_its_goal_is_reached(
    figure: Figure, ratio: float | None, ok: bool | None
) -> None:
    assert figure.ratio == (pytest.approx(ratio) if ratio is not None else None)
    assert figure.ok is ok


def test_the_json_file_holds_one_object_per_figure(registered: dict[str, framework.Work], tmp_path: Path) -> None:
    @framework.benchmark
    def told(bench: Bench) -> Iterator[Figure]:
        yield Figure("quick / floor", 2.0, "ms", 4.0, Goal("ratio", "<=", 1.0))
        yield Figure("without a goal", 3.0, "ms")

    code, printed = run([], tmp_path / "new" / "figures.json")
    assert code == 0
    assert json.loads((tmp_path / "new" / "figures.json").read_text()) == [
        {
            "name": "quick / floor",
            "value": 2.0,
            "unit": "ms",
            "baseline": 4.0,
            "ratio": 0.5,
            "goal": "ratio <= 1",
            "ok": True,
        },
        {
            "name": "without a goal",
            "value": 3.0,
            "unit": "ms",
            "baseline": None,
            "ratio": None,
            "goal": None,
            "ok": None,
        },
    ]
    assert "quick / floor" in printed


def test_a_missed_goal_is_told_by_the_exit_code(registered: dict[str, framework.Work]) -> None:
    @framework.benchmark
    def slow(bench: Bench) -> Iterator[Figure]:
        yield Figure("slow", 2.0, "ms", None, Goal("value", "<=", 1.0))

    assert run(["slow"])[0] == 1


def test_a_skip_tells_its_reason_and_keeps_what_was_measured(
    registered: dict[str, framework.Work], tmp_path: Path
) -> None:
    @framework.benchmark
    def half(bench: Bench) -> Iterator[Figure]:
        yield Figure("before", 1.0, "ms")
        raise SkippedError("no pages here")

    code, printed = run([], tmp_path / "figures.json")
    assert code == 0
    assert "half: skipped: no pages here" in printed
    assert [figure["name"] for figure in json.loads((tmp_path / "figures.json").read_text())] == ["before"]


def test_a_benchmark_that_breaks_does_not_stop_the_others(registered: dict[str, framework.Work]) -> None:
    @framework.benchmark
    def broken(bench: Bench) -> Iterator[Figure]:
        yield Figure("never", 1 / 0, "ms")

    @framework.benchmark
    def sound(bench: Bench) -> Iterator[Figure]:
        yield Figure("figure of the sound one", 1.0, "ms")

    code, printed = run([])
    assert code == 1
    assert "broken: ZeroDivisionError" in printed
    assert "figure of the sound one" in printed


def test_each_benchmark_gets_a_folder_that_is_gone_afterwards(registered: dict[str, framework.Work]) -> None:
    seen: list[Path] = []

    @framework.benchmark
    def leaves_files(bench: Bench) -> Iterator[Figure]:
        seen.append(bench.folder)
        (bench.folder / "left").write_text("behind")
        yield Figure("any", 1.0, "ms")
        raise ValueError("after the figure")

    run([])
    assert seen[0].is_relative_to(tempfile.gettempdir())
    assert not seen[0].exists()


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    with pytest.raises(AuroraError, match=r"no benchmark nonsense: there are .*landing"):
        run(["landing", "nonsense"])


def test_every_subject_is_found() -> None:
    wanted = {"append", "bytes_per_sample", "demo", "landing", "pages", "publishing", "questions", "start", "upsert"}
    known = load_benchmarks()
    assert wanted <= known.keys()
    assert all(work.__doc__ for work in known.values())


def test_the_data_are_the_same_on_every_run_and_keep_their_contract() -> None:
    frame = health(4, 90)
    assert frame.equals(health(4, 90))
    assert not frame.equals(health(4, 90, seed=8))
    assert frame.height == 360
    assert frame["ts_start"].is_sorted()
    assert frame["ts_end"].max() == START + timedelta(minutes=90)
    for name in WALKS:
        assert frame[name].round(1).equals(frame[name])
    checked = check(ComponentHealth, frame, STAMP)
    assert checked.rejects == []
    assert checked.good.select(ComponentHealth.own_columns()).equals(stamped(frame))


def test_a_walk_moves_in_small_steps_and_visits_more_than_one_value() -> None:
    one = health(1, MINUTES_PER_DAY)
    assert one["cpu_pct"].n_unique() > 50
    steps = one["cpu_pct"].diff().drop_nulls()
    assert steps.abs().to_list() == pytest.approx([0.0] * steps.len(), abs=4.0)
    assert one["error_rate_pct"].min() == 0.0


def test_the_alerts_keep_their_contract_and_their_names() -> None:
    rows = alerts(MONTH, 10, 5, step=100)
    checked = check(Alerts, rows, STAMP)
    assert (checked.rejects, checked.good.height) == ([], 5)
    assert rows["alert_id"].to_list() == [f"bench:alert-{number:08d}" for number in (10, 110, 210, 310, 410)]
    assert rows["started_at"].dt.month().n_unique() == 1


@pytest.mark.parametrize("name", ["landing", "publishing", "questions", "demo", "registry", "applications"])
def test_a_benchmark_runs_at_a_tiny_size(name: str, tmp_path: Path) -> None:
    before = set(TABLES)
    figures = tiny(name, tmp_path)
    assert figures
    assert all(figure.as_json().keys() == SHAPE for figure in figures)
    assert all(figure.value > 0 and figure.ratio for figure in figures)
    assert set(TABLES) == before


def test_bytes_per_sample_counts_walks_and_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORA_DATA", str(tmp_path / "empty"))
    walks, host = tiny("bytes_per_sample", tmp_path)
    assert "random walks" in walks.name
    assert 0 < walks.value < 8
    assert host.name.startswith("bytes per sample, host sampled now (2 rows)")


def test_append_reads_beside_its_writes(tmp_path: Path) -> None:
    p50, p95 = tiny("append", tmp_path)
    assert p50.value <= p95.value


def test_upsert_measures_in_a_fresh_process(tmp_path: Path) -> None:
    took, peak, worst, worst_peak = tiny("upsert", tmp_path)
    assert [figure.unit for figure in (took, peak, worst, worst_peak)] == ["s", "GiB", "s", "GiB"]
    assert peak.value > 0
    assert worst_peak.goal is None


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 5), (0.95, 10), (0.9, 9), (0.0, 1), (1.0, 10)])
def test_percentile(share: float, wanted: float) -> None:
    assert percentile([float(number) for number in (3, 1, 2, 10, 5, 4, 9, 7, 8, 6)], share) == wanted


def test_calls_are_measured_in_turns() -> None:
    order: list[str] = []
    assert len(medians(2, lambda: order.append("a"), lambda: order.append("b"))) == 2
    assert len(quickest(1, lambda: order.append("c"))) == 1
    assert order == ["a", "b", "a", "b", "c"]


def test_memory_growth_is_seen() -> None:
    with watched_memory(0.001) as peak:
        held = [pl.Series([1.0]).new_from_index(0, 8_000_000).to_numpy().copy() for _ in range(2)]
        medians(20, lambda: held[0].sum())
    assert peak.growth > 32_000_000


def test_a_child_has_its_environment_and_its_errors_come_back() -> None:
    assert in_child(_variable, "AURORA_BENCH_WORD", environment={"AURORA_BENCH_WORD": "told"}) == "told"
    with pytest.raises(KeyError):
        in_child(_variable, "AURORA_BENCH_WORD")


def _variable(name: str) -> str:
    import os

    return os.environ[name]


def test_importing_focus_is_measured_from_both_kinds_of_file(tmp_path: Path) -> None:
    figures = tiny("focus_import", tmp_path, 0.00002)
    assert [figure.unit for figure in figures] == ["rows/s", "bytes"] * 2 + ["rows/s"]
    assert [figure.name.split(" / ")[0] for figure in figures[:4:2]] == [
        "FOCUS import of parquet",
        "FOCUS import of csv",
    ]
    assert all(figure.value > 0 for figure in figures)


def test_the_explorer_is_measured_against_duckdb_alone(tmp_path: Path) -> None:
    figures = tiny("explore", tmp_path)
    assert [figure.unit for figure in figures] == ["ms"] * 12 + ["rows/s", "bytes"]
    assert all(figure.value > 0 for figure in figures[-2:])
