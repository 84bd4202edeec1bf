"""The page of SLOs: empty, worst first with its budget and burn, and an objective declared on it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from aurora.contracts import Row
from aurora.contracts.operations import ProbeResults, SloPoints, Slos
from aurora.ui import slo_form
from tests.frames import MINUTE, ROOT, put, row
from tests.test_pages import shown
from warehouse.lake import Lake
from warehouse.publish import publish

PAGE = ROOT / "pages" / "operate" / "slos.py"


def now() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def objective(slo_id: str, **values: Any) -> Row:
    own = {"slo_id": slo_id, "name": slo_id, "kind": "ratio", "window": "30d", "target_pct": 99.0, "threshold": None}
    return row(Slos, is_deleted=False, version=1, good_sql="select 1", total_sql="select 2") | own | values


def points(slo_id: str, good: float) -> list[Row]:
    """Two hours of points of ten events."""
    return [
        row(SloPoints, slo_id=slo_id, ts_start=now() - n * MINUTE, ts_end=now() - (n - 1) * MINUTE, state="ok")
        | {"good": good, "total": 10.0}
        for n in range(1, 121)
    ]


def test_it_says_how_to_declare_one_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(Lake(tmp_path / "lake"), tmp_path)
    test = shown(PAGE, tmp_path, monkeypatch)
    assert not test.exception
    assert "No objective is declared" in " ".join(one.value for one in test.markdown)


def test_the_worst_stands_first_with_its_burn_and_its_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """5 of 10 fail at 99 %: burn 50, above each factor, so it burns fast; the other loses nothing."""
    lake = Lake(tmp_path / "lake")
    put(lake, Slos, [objective("calm"), objective("burns")])
    put(lake, SloPoints, [*points("calm", 10.0), *points("burns", 5.0)])
    publish(lake, tmp_path)
    test = shown(PAGE, tmp_path, monkeypatch)
    assert not test.exception
    assert not test.error
    said = [one.value for one in test.markdown]
    assert any("**burns** burns its budget 50.0 times as fast as allowed" in one for one in said)
    figures = {one.label: one.value for one in test.metric}
    assert (figures["Objectives kept"], figures["Burning now"], figures["Not measured"]) == ("1 of 2", "1", "0")
    assert test.dataframe[0].value["name"].to_list() == ["burns", "calm"]
    assert test.subheader[0].value == "burns\\: ✕ Burning fast"
    assert [one.value for one in test.code] == ["select 1", "select 2"]
    calm = shown(PAGE, tmp_path, monkeypatch, slo="calm")
    assert calm.subheader[0].value.endswith("● Within budget")


def drawn() -> None:
    from aurora.ui import slo_form

    slo_form.form(None)


def test_an_objective_is_tried_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """4 of 5 probes are good: 80 %."""
    lake = Lake(tmp_path / "lake")
    rows = [row(ProbeResults, probe_id="p", started_at=now() - n * MINUTE, is_success=n > 1) for n in range(1, 6)]
    put(lake, ProbeResults, rows)
    publish(lake, tmp_path)
    shown(PAGE, tmp_path, monkeypatch)  # the settings of this folder are in force from here on
    test = AppTest.from_function(drawn, default_timeout=60).run()
    assert "Write a name" in test.warning[0].value
    test.text_input[0].set_value("Probes answer").run()
    assert test.success[0].value == "Last 24 h: 80.000% kept, in 5 minutes with data."
    test.text_area[1].set_value("select * from read_csv('/etc/passwd')").run()
    assert "what is not published" in test.warning[0].value
    test.text_area[1].set_value(slo_form.TOTAL).run()
    next(one for one in test.button if one.label == "Save").click().run()
    assert not test.exception
    saved = lake.read(Slos).row(0, named=True)
    assert (saved["slo_id"], saved["version"], saved["target_pct"], saved["source"]) == (
        "probes-answer",
        1,
        99.9,
        "people",
    )
