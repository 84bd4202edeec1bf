"""The pages of questions and dashboards: list, answer, versions, uses, arranging, and hostile words on them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from streamlit.testing.v1 import AppTest

from aurora.contracts.estate import Applications
from aurora.contracts.platform import Dashboards, QueryRuns, Questions
from aurora.contracts.rules import Rules
from aurora.errors import QueryError, UsageError
from aurora.explore import dashboards, questions, uses
from aurora.explore.ask import close
from aurora.explore.block import block
from aurora.explore.dashboards import Block, Dashboard
from aurora.gate_command import gate_now
from aurora.ui.question_parts import difference
from aurora.ui.sql_history import history
from tests.frames import ROOT, put, row, settings
from tests.test_pages import sentences, shown
from warehouse.lake import Lake
from warehouse.publish import publish

QUESTIONS, BOARDS = ROOT / "pages" / "explore" / "questions.py", ROOT / "pages" / "explore" / "dashboards.py"
SQL = "select app_id, 7 as value from applications_now where :app is null or app_id = :app order by 1"
AT = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)
BAR = {"kind": "bar", "x": "app_id", "y": ["value"]}
HOSTILE = "![x](https://evil.example/x.png) <b>b</b>"


@pytest.fixture(scope="module", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    close()


@pytest.fixture
def kept(begun: Path) -> Path:
    """Two applications, a question in two versions, one that fails, a private one of somebody else, a dashboard."""
    lake = Lake(begun / "lake")
    put(lake, Applications, [row(Applications, app_id=name, lifecycle=None) for name in ("shop", "blog")])
    questions.save(lake, None, "Queues", "select 1 as value", {}, BAR, ["ops"], "local", True)
    questions.save(lake, "queues", "Queues", SQL, {}, BAR, ["ops"], "local", True)
    questions.save(lake, None, "Broken", "select no_such from components", {}, None, ["x"], "local", True)
    questions.save(lake, None, "Secret plan", "select 1 as a", {}, None, [], "eve", False)
    board = Dashboard(
        title="Mine",
        block=(Block(question="queues"), Block(question="broken"), Block(text=HOSTILE), Block(question="secret-plan")),
    )
    dashboards.save(lake, None, board, "local", True, "local")
    publish(lake, begun)
    return begun


def pressed(test: AppTest, label: str) -> AppTest:
    return next(one for one in test.button if one.label == label).click().run()


def labels(test: AppTest) -> set[str]:
    return {one.label for one in test.button}


def test_the_list_shows_what_a_visitor_may_see(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(QUESTIONS, kept, monkeypatch)
    assert not test.exception
    table = test.dataframe[0].value
    assert table["title"].to_list() == ["Broken", "Queues"]
    assert table["used_as"].to_list() == ["dashboard", "dashboard"]
    narrowed = shown(QUESTIONS, kept, monkeypatch, tag="ops", q="queu")
    assert narrowed.dataframe[0].value["title"].to_list() == ["Queues"]
    assert "No question matches" in sentences(shown(QUESTIONS, kept, monkeypatch, q="nothing like it"))


def test_one_question_is_answered_compared_and_restored(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(QUESTIONS, kept, monkeypatch, question="queues")
    assert not test.exception
    assert not test.error
    assert len(test.get("vega_lite_chart")) == 1
    assert "2 rows in" in sentences(test)
    history().flush()
    runs = Lake(kept / "lake").read(QueryRuns)
    assert runs.select("question_id", "actor", "status", "row_count").rows() == [
        ("queues", "test@example.com", "ok", 2)
    ]
    assert any(one.value.endswith("/questions/queues.csv?app=<app>") for one in test.code)
    diff = next(one.value for one in test.code if one.language == "diff")
    assert "- select 1 as value" in diff
    assert f"+ {SQL}" in diff
    pressed(test, "Restore version 1")
    lake = Lake(kept / "lake")
    newest = lake.read(Questions).filter(question_id="queues").sort("version").row(-1, named=True)
    assert (newest["version"], newest["sql"]) == (3, "select 1 as value")


def test_a_question_without_an_answer_says_why(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(QUESTIONS, kept, monkeypatch, question="broken")
    assert not test.exception
    assert "It has no answer now" in test.error[0].value
    assert "no_such" in test.error[0].value.replace("\\", "")


def test_a_private_or_retired_question_is_not_shown(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = shown(QUESTIONS, kept, monkeypatch, question="secret-plan")
    assert "Secret" not in sentences(private)
    assert not private.code
    lake = Lake(kept / "lake")
    questions.retire(lake, "queues", "ann")
    publish(lake, kept)
    gone = shown(QUESTIONS, kept, monkeypatch, question="queues")
    assert "This question is retired" in sentences(gone)
    pressed(gone, "Restore it")
    assert not lake.read(Questions).filter(question_id="queues").sort("version")["is_deleted"][-1]


def test_versions_are_compared_line_by_line() -> None:
    assert difference("a\nb", "a\nb") == []
    assert difference("a\nb\nc", "a\nx\nc") == ["  a", "- b", "+ x", "  c"]


def used() -> None:
    from aurora.ui import question_forms
    from aurora.ui.question_acts import questions_of_mine

    question_forms.use(next(one for one in questions_of_mine() if one["question_id"] == "queues"), "alert")


def test_a_question_becomes_an_alert_rule(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(QUESTIONS, kept, monkeypatch)  # the settings of this folder are in force from here on
    test = AppTest.from_function(used, default_timeout=60).run()
    assert "no limit" in test.info[0].value
    test.number_input[1].set_value(5.0).run()
    assert test.warning[0].value == "Now: 2 critical."
    pressed(test, "Save")
    rule = Lake(kept / "lake").read(Rules).row(0, named=True)
    assert (rule["purpose"], rule["question_id"], rule["critical"], rule["warn"]) == ("alert", "queues", 5.0, None)
    page = shown(QUESTIONS, kept, monkeypatch, question="queues")
    assert "**Alert rule** Queues" in sentences(page)
    pressed(page, "Delete the rule")
    assert Lake(kept / "lake").read(Rules).sort("version")["is_deleted"].to_list() == [False, True]


def test_a_dashboard_shows_answers_and_faults_in_their_places(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(BOARDS, kept, monkeypatch)
    assert not test.exception
    said = sentences(test)
    assert len(test.get("vega_lite_chart")) == 1
    assert "No answer now" in said
    assert "retired or private" in said
    assert "![x]" not in said
    assert " <b>" not in said


def test_a_dashboard_is_arranged_in_a_draft_and_saved_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = pressed(shown(BOARDS, kept, monkeypatch), "Arrange")
    lake = Lake(kept / "lake")
    test.button(key="arrow_forward-0").click().run()
    test.button(key="off-3").click().run()
    test.selectbox(key="width-0-6").set_value(12).run()
    assert lake.read(Dashboards).height == 1, "nothing is saved before it is said"
    assert not test.exception
    pressed(test, "Save")
    layout = json.loads(lake.read(Dashboards).sort("version")["layout"][-1])["blocks"]
    assert [(one.get("question"), one["width"]) for one in layout] == [("broken", 12), ("queues", 6), (None, 6)]
    assert "Discard" not in labels(test)


def test_a_text_of_a_dashboard_is_changed(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = pressed(shown(BOARDS, kept, monkeypatch), "Arrange")
    test.text_area[0].set_value("**Read me**").run()
    pressed(test, "Save")
    layout = json.loads(Lake(kept / "lake").read(Dashboards).sort("version")["layout"][-1])["blocks"]
    assert layout[2]["text"] == "**Read me**"


def test_a_report_takes_a_question(kept: Path) -> None:
    told = block(kept / "published", "queues", AT, values={"app": "shop"})
    assert (told.title, told.frame.rows(), told.chart is not None) == ("Queues", [("shop", 7)], True)
    with pytest.raises(QueryError, match="no question is saved"):
        block(kept / "published", "nope", AT)


def test_a_pipeline_asks_the_gate(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake, mine = Lake(kept / "lake"), settings(data=kept, config=kept / "aurora.toml", demo=False)
    assert gate_now(mine, "shop", [], Console()) == 0
    for name, critical in (("strict", 5.0), ("mild", 50.0)):
        uses.save_rule(lake, "gate", "queues", {"name": name, "critical": critical}, "ann")
    uses.save_rule(lake, "gate", "broken", {"name": "unknown", "warn": 1.0}, "ann")
    publish(lake, kept)
    assert gate_now(mine, "shop", ["mild"], Console()) == 0
    assert gate_now(mine, "shop", ["mild", "unknown"], Console()) == 3
    assert gate_now(mine, "blog", [], Console()) == 4
    told = capsys.readouterr().out
    assert "strict: 7 is at or above 5." in told
    assert "It cannot be asked" in told
    with pytest.raises(UsageError, match="no application 'nope'"):
        gate_now(mine, "nope", [], Console())
    with pytest.raises(UsageError, match="no release rule 'nope'"):
        gate_now(mine, "shop", ["nope"], Console())


@pytest.mark.parametrize("said", [{"name": " ", "warn": 1.0}, {"name": "x"}])
def test_a_rule_needs_a_name_and_a_limit(said: dict[str, Any], lake: Lake) -> None:
    with pytest.raises(QueryError, match="write a"):
        uses.save_rule(lake, "gate", "q", said, "ann")
    assert lake.read(Rules).height == 0


def test_an_objective_is_declared_over_a_question(lake: Lake) -> None:
    from aurora.contracts.operations import Slos

    name = uses.save_objective(lake, "q", {"name": "Mail goes out", "target_pct": 99.0, "window": "30d"}, "ann")
    saved = lake.read(Slos).row(0, named=True)
    assert (name, saved["good_sql"], saved["total_sql"]) == ("mail-goes-out", "question:q", "question:q")
