"""Rules over questions: what fires, what waits, what ends, and what is not known; and that faults end nothing."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import Row
from aurora.contracts.estate import Applications, ScorecardResults
from aurora.contracts.operations import Alerts, ComponentHealth, SloPoints, Slos
from aurora.contracts.platform import Questions, SyncRuns
from aurora.contracts.rules import Rules
from aurora.errors import SettingsError
from aurora.insights.gates import NO_RULE, gate
from aurora.insights.rules import Limits, alert_changes, limits_of
from aurora.insights.scorecards import load_scorecards
from aurora.judge import judge
from aurora.rules_job import Watcher
from aurora.settings import Settings
from aurora.slo_job import evaluate
from tests.conftest import Published
from tests.frames import MINUTE, NOW, put, row, settings
from warehouse.lake import Lake
from warehouse.objectives import fault_of

AT = NOW.replace(tzinfo=None)
BASE: Row = dict.fromkeys(Rules.own_columns()) | {"rule_id": "r", "name": "Queue", "purpose": "alert", "kind": "query"}


def rule(**values: Any) -> Row:
    return BASE | {"warn": 5.0, "critical": 10.0} | values


def answer(*values: float | None, **columns: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"value": pl.Series(values, dtype=pl.Float64), **columns})


def changed(told: Row, frame: pl.DataFrame, lasting: list[Row], at: datetime = AT) -> list[tuple[str, str, str]]:
    """Subject, state and severity of the rows that change; `lasting` goes on with them."""
    rows = list(alert_changes(told, frame, lasting, at))
    open_ones = {one["fingerprint"]: one for one in lasting} | {one["fingerprint"]: one for one in rows}
    lasting[:] = [one for one in open_ones.values() if one["state"] != "resolved"]
    return [(one["fingerprint"].removeprefix("rule:r:"), one["state"], one["severity"]) for one in rows]


def test_it_fires_at_its_limits_turns_graver_and_ends() -> None:
    lasting: list[Row] = []
    assert changed(rule(), answer(4.9), lasting) == []
    assert changed(rule(), answer(5.0), lasting) == [("", "firing", "warning")]
    assert changed(rule(), answer(6.0), lasting) == [], "what is the same is not told again"
    assert changed(rule(), answer(10.0), lasting) == [("", "firing", "critical")]
    assert lasting[0]["threshold"] == 10.0
    assert lasting[0]["started_at"] == AT
    assert changed(rule(), answer(1.0), lasting, AT + MINUTE) == [("", "resolved", "critical")]
    assert lasting == []


def test_it_waits_for_its_time_before_it_fires() -> None:
    """Above the limit for 5 minutes: pending at 0 and 4, firing at 5; the episode began at 0."""
    told, lasting = rule(for_s=300.0), list[Row]()
    assert changed(told, answer(7), lasting) == [("", "pending", "warning")]
    assert changed(told, answer(7), lasting, AT + 4 * MINUTE) == []
    assert changed(told, answer(7), lasting, AT + 5 * MINUTE) == [("", "firing", "warning")]
    assert (lasting[0]["started_at"], lasting[0]["fired_at"]) == (AT, AT + 5 * MINUTE)
    again: list[Row] = []
    changed(told, answer(7), again)
    assert changed(told, answer(1), again, AT + MINUTE) == [("", "resolved", "warning")]


def test_null_neither_opens_nor_ends() -> None:
    lasting: list[Row] = []
    assert changed(rule(), answer(None), lasting) == []
    changed(rule(), answer(7), lasting)
    assert changed(rule(), answer(None), lasting) == []
    assert changed(rule(), answer(float("nan")), lasting) == []
    assert [one["state"] for one in lasting] == ["firing"]


def test_each_subject_has_its_alert_and_ends_when_it_is_gone() -> None:
    lasting: list[Row] = []
    both = answer(7, 12, app_id=["shop", "blog"])
    assert changed(rule(), both, lasting) == [("shop", "firing", "warning"), ("blog", "firing", "critical")]
    assert {one["app_id"] for one in lasting} == {"shop", "blog"}
    assert changed(rule(), answer(7, app_id=["shop"]), lasting) == [("blog", "resolved", "critical")]
    twice = answer(12, 6, app_id=["shop", "shop"])
    assert changed(rule(), twice, lasting) == [("shop", "firing", "critical")], "the worst row of a subject counts"


def test_limits_may_look_down_and_severity_may_be_capped() -> None:
    falls = limits_of(rule(warn=99.0, critical=90.0))
    assert [falls.level(value) for value in (99.5, 99.0, 90.0, None)] == ["ok", "warning", "critical", "unknown"]
    assert limits_of(rule(warn=1.0, critical=None, scope='{"direction": "below"}')) == Limits(1.0, None, below=True)
    assert changed(rule(severity="info"), answer(50), []) == [("", "firing", "info")]
    assert changed(rule(severity="critical"), answer(6), []) == [("", "firing", "warning")]


@pytest.mark.parametrize(
    ("told", "frame", "fault"),
    [
        (rule(warn=None, critical=None), answer(1), "no limit"),
        (rule(), pl.DataFrame({"a": [1], "b": [2]}), "no column value"),
        (rule(), pl.DataFrame({"value": ["x"]}), "holds no numbers"),
    ],
)
def test_what_cannot_be_judged_changes_nothing(told: Row, frame: pl.DataFrame, fault: str) -> None:
    lasting: list[Row] = []
    changed(rule(), answer(7), lasting)
    with pytest.raises(ValueError, match=fault):
        changed(told, frame, lasting)
    assert len(lasting) == 1


def test_an_answer_without_rows_ends_what_there_was() -> None:
    lasting: list[Row] = []
    changed(rule(), answer(7, subject=["a"]), lasting)
    over = list(alert_changes(rule(), answer(subject=pl.Series([], dtype=pl.String)), lasting, AT))  # type: ignore[arg-type]
    assert [(one["state"], one["is_end_inferred"]) for one in over] == [("resolved", True)]


def test_gates_go_hold_and_halt() -> None:
    rules = [rule(rule_id=name, name=name.title(), purpose="gate") for name in ("bugs", "tests")]
    well = {"bugs": answer(1, 50, app_id=["shop", "blog"]), "tests": answer(0)}
    assert gate(rules, well, "shop").word == "go"
    halted = gate(rules, well, "blog")
    assert (halted.word, [one.name for one in halted.reasons]) == ("halt", ["Bugs", "Tests"])
    assert halted.reasons[0].sentence == "50 is at or above 10."
    assert gate(rules, well | {"tests": answer(6)}, "shop").word == "hold"


def test_a_gate_that_does_not_know_holds() -> None:
    rules = [rule(purpose="gate")]
    for told, said in (
        (answer(None), "not known"),
        ("it failed", "it failed"),
        (answer(1, app_id=["blog"]), "says nothing of shop"),
        (pl.DataFrame({"x": ["a"]}), "cannot be judged"),
    ):
        verdict = gate(rules, {"r": told}, "shop")
        assert (verdict.word, said in verdict.reasons[0].sentence) == ("hold", True), said
    assert gate(rules, {}, "shop").word == "hold"
    assert gate([], {}, "shop").word == "go"
    assert "nothing was checked" in NO_RULE


@pytest.fixture
def mine(data: Path) -> Settings:
    return settings(data=data, config=data / "aurora.toml", demo=False)


SQL = "select component_id, cpu_pct as value from component_health where ts_start >= :since and ts_start < :until"


def asked_now(lake: Lake, sql: str, version: int = 1) -> None:
    least = row(Questions, question_id="q", version=version, is_deleted=False)
    put(lake, Questions, [least | {"sql": sql, "parameters": None}])


def declared(lake: Lake, sql: str = SQL, **values: Any) -> None:
    put(
        lake,
        Questions,
        [row(Questions, question_id="q", version=1, is_deleted=False) | {"sql": sql, "parameters": None}],
    )
    least = {"rule_id": "r", "version": 1, "question_id": "q", "sql": None, "is_deleted": False, "is_enabled": True}
    put(lake, Rules, [row(Rules) | BASE_OWN | least | {"warn": 80.0} | values])


BASE_OWN: Row = {"name": "CPU", "purpose": "alert", "kind": "query"}


def load(lake: Lake, cpu_pct: float | None) -> None:
    put(lake, ComponentHealth, [row(ComponentHealth, component_id="c", cpu_pct=cpu_pct, ts_start=NOW - MINUTE)])


def test_the_worker_asks_a_rule_opens_and_ends_its_alert(lake: Lake, mine: Settings, published: Published) -> None:
    seconds = [0.0]
    watch = Watcher(lambda: seconds[0])
    declared(lake)
    load(lake, 90.0)
    published()
    watch(mine, lake, NOW)
    alert = lake.read(Alerts).row(0, named=True)
    assert (alert["state"], alert["component_id"], alert["value"], alert["threshold"]) == ("firing", "c", 90.0, 80.0)
    assert alert["title"] == "CPU: c"
    published()
    told = published().rows("select asked_status, fault, question_title from rules_now").row(0)
    assert told[:2] == ("success", None)
    watch(mine, lake, NOW + 3 * timedelta(days=1))
    assert lake.read(Alerts)["state"].to_list() == ["firing"], "it is not due yet"
    seconds[0] += 60
    watch(mine, lake, NOW + 3 * timedelta(days=1))  # nothing of the last day any more
    assert lake.read(Alerts)["state"].to_list() == ["resolved"]


@pytest.mark.parametrize(
    "sql",
    [
        "select no_such as value from components",
        "select * from read_text('/etc/passwd')",
        "select :nobody_knows as value",
        "drop table components",
        "select 'x' as value",
        "select n::varchar as subject, 99 as value from range(20001) t(n)",
    ],
    ids=["no-column", "file", "no-value", "write", "text", "too-many"],
)
def test_a_rule_that_fails_says_so_and_ends_nothing(sql: str, lake: Lake, mine: Settings, published: Published) -> None:
    declared(lake)
    load(lake, 90.0)
    published()
    Watcher()(mine, lake, NOW)
    put(
        lake,
        Questions,
        [row(Questions, question_id="q", version=2, is_deleted=False) | {"sql": sql, "parameters": None}],
    )
    published()
    watch = Watcher()
    watch(mine, lake, NOW + MINUTE)
    assert lake.read(Alerts)["state"].to_list() == ["firing"]
    failed = lake.read(SyncRuns).filter(status="failed")
    assert failed["stream"].to_list() == ["rule r"]
    assert failed["error"][0]
    assert published().rows("select asked_status from rules_now").item() == "failed"


def test_alerts_of_a_rule_that_is_switched_off_end(lake: Lake, mine: Settings, published: Published) -> None:
    declared(lake)
    load(lake, 90.0)
    published()
    Watcher()(mine, lake, NOW)
    off = BASE_OWN | {"rule_id": "r", "version": 2, "question_id": "q", "is_enabled": False, "is_deleted": False}
    put(lake, Rules, [row(Rules) | off | {"changed_at": NOW + MINUTE}])
    published()
    Watcher()(mine, lake, NOW + MINUTE)
    alert = lake.read(Alerts).row(0, named=True)
    assert (alert["state"], alert["is_end_inferred"]) == ("resolved", True)


def test_a_question_measures_an_objective_as_it_stands(lake: Lake, mine: Settings, published: Published) -> None:
    """good and total of the question, 3 of 4; then it is changed; then it is retired, and that is told."""
    minute = NOW - MINUTE
    asked_now(lake, f"select timestamp '{minute:%Y-%m-%d %H:%M:%S}' as ts, 3 as good, 4 as total -- of a vendor;")
    own = {"slo_id": "s", "kind": "ratio", "window": "30d", "target_pct": 90.0, "good_sql": "question:q"}
    put(lake, Slos, [row(Slos, version=1, is_deleted=False) | own | {"total_sql": "question:q", "threshold": None}])
    published()
    evaluate(mine, lake, NOW)
    assert lake.read(SloPoints).select("good", "total").rows() == [(3.0, 4.0)]
    assert published().rows("select question_id from slos_now").item() == "q"
    put(lake, Questions, [row(Questions, question_id="q", version=2, is_deleted=True, sql="select 1 as a")])
    assert published().rows("select good_sql from slos_now").item() == "question:q"
    assert fault_of("question:q") == "the question 'q' is retired, or was never saved"


def test_questions_answer_scorecard_rules(lake: Lake, mine: Settings, published: Published) -> None:
    """One rule names the question, one a question that is gone; one of people holds its value to a limit."""
    asked_now(lake, "select 'shop' as app_id, 7 as value, true as passed union all select 'blog', null, null")
    put(lake, Applications, [row(Applications, app_id=name, lifecycle=None) for name in ("shop", "blog", "wiki")])
    own = {"rule_id": "queue", "version": 1, "question_id": "q", "is_deleted": False, "is_enabled": True, "sql": None}
    own |= {"purpose": "scorecard", "kind": "query", "name": "Queue is short", "critical": 5.0}
    put(lake, Rules, [row(Rules) | own | {"scope": '{"scorecard": "ready", "level": "gold"}'}])
    (mine.config.parent / "scorecards.toml").write_text(CARD, encoding="utf-8")
    published()
    judge(mine, lake, NOW)
    told = lake.read(ScorecardResults).sort("rule_id", "subject_id").select("rule_id", "subject_id", "result", "detail")
    assert told.rows() == [
        ("ready/file", "blog", "not_checked", None),
        ("ready/file", "shop", "pass", None),
        ("ready/file", "wiki", "not_checked", "no data that would answer this"),
        *[("ready/gone", name, "not_checked", "no question is saved as 'gone'") for name in ("blog", "shop", "wiki")],
        ("ready/rule-queue", "blog", "not_checked", "The answer has no value: it is not known."),
        ("ready/rule-queue", "shop", "fail", "7 is at or above 5."),
        ("ready/rule-queue", "wiki", "not_checked", "no data that would answer this"),
    ]


CARD = """
[[scorecard]]
id = "ready"
name = "Ready"
description = "x"
rule = [
  {id = "file", level = "basic", title = "t", help = "h", question = "q"},
  {id = "gone", level = "basic", title = "t", help = "h", question = "gone"},
]
"""


@pytest.mark.parametrize("answers", ["", 'sql = "select 1", question = "q"'])
def test_a_scorecard_rule_has_one_answer(tmp_path: Path, answers: str) -> None:
    file = tmp_path / "scorecards.toml"
    both = answers or 'title = "t"'
    file.write_text(CARD.replace('title = "t", help = "h", question = "q"', f'{both}, help = "h"'), encoding="utf-8")
    with pytest.raises(SettingsError, match="rule 'file'"):
        load_scorecards(file)
