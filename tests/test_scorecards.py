"""Scorecards: the file, what a rule says of whom, levels, history, initiatives, and the rules that are shipped."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from aurora.contracts import COMMON, Row
from aurora.contracts.cost import Budgets, FocusCost
from aurora.contracts.delivery import Deployments, Repositories
from aurora.contracts.estate import Applications, AppLinks, Components, ScorecardResults, Tasks, Teams
from aurora.contracts.operations import ComponentHealth, Incidents, RestoreTests, Runbooks, Slos
from aurora.contracts.security import FindingDecisions, Findings, Packages, Scans
from aurora.errors import LostRaceError, SettingsError
from aurora.insights.scorecards import Scorecard, load_scorecards, results
from aurora.settings import ROOT
from ingest.check import check
from tests.conftest import Published
from tests.frames import DAY, HOUR, NOW, component, health, link, put, row, stamp
from tests.test_pages import sentences, shown
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.query import Warehouse
from warehouse.record import record_version

SHIPPED = ROOT / "data" / "reference" / "scorecards.toml"
TODAY = NOW.date()
RULE = """
[[scorecard.rule]]
id = "{id}"
level = "{level}"
title = "T"
help = "H"
sql = "{sql}"
"""
CARD = '[[scorecard]]\nid = "{id}"\nname = "N"\ndescription = "D"\nsubject = "{subject}"\n'
EVERYBODY = "select app_id as subject_id, true as passed from applications_now"


def card(id: str = "c", subject: str = "app", applies: str = "", **rules: str) -> str:
    """A scorecard in TOML; its rules as name=sql, the level before `__` in the name."""
    head = CARD.format(id=id, subject=subject) + (f'applies = "{applies}"\n' if applies else "")
    split = [(name.partition("__"), sql) for name, sql in rules.items()]
    return head + "".join(RULE.format(id=name[2], level=name[0], sql=sql) for name, sql in split)


def loaded(folder: Path, text: str) -> tuple[Scorecard, ...]:
    file = folder / "scorecards.toml"
    file.write_text(text, encoding="utf-8")
    return load_scorecards(file)


def said(frame: pl.DataFrame) -> dict[tuple[str, str], str]:
    """(rule, subject) -> result."""
    return {(rule, who): what for rule, who, what in frame.select("rule_id", "subject_id", "result").iter_rows()}


def app(app_id: str, **values: Any) -> Row:
    return row(Applications, app_id=app_id, name=app_id, env_tier="production", updated_at=NOW) | values


def result(rule_id: str, subject_id: str, outcome: str, level: str = "basic", day: date = TODAY) -> Row:
    scorecard = rule_id.partition("/")[0]
    return row(
        ScorecardResults, rule_id=rule_id, scorecard=scorecard, level=level, subject_type="app",
        subject_id=subject_id, day=day, result=outcome,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (card(basic__a=EVERYBODY) + card(basic__a=EVERYBODY), "scorecard 'c': id: there are 2"),
        (card(basic__a=EVERYBODY, gold__a=EVERYBODY), "scorecard 'c', rule 'a': id: there are 2"),
        (card(iron__a=EVERYBODY), "scorecard 'c', rule 'a', level: Input should be 'basic', 'bronze'"),
        (card(basic__a="drop table x"), "scorecard 'c', rule 'a', sql: write one question"),
        (card(basic__a="select 1; select 2"), "write one question"),
        (card(basic__a=" "), "write one question"),
        (card(), "scorecard 'c', rule: Field required"),
        (card(id="A B", basic__a=EVERYBODY), "scorecard 'A B', id: 'A B': use lower-case"),
        (card(subject="server", basic__a=EVERYBODY), "scorecard 'c', subject: Input should be 'app', 'team'"),
        (card(basic__a=EVERYBODY) + "wieght = 3", "scorecard 'c', rule 'a', wieght: Extra inputs"),
        ("scorecard = 3", "scorecard: Input should be a valid tuple"),
        ("[[scorecard", "this is not TOML"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SettingsError) as told:
        loaded(tmp_path, text)
    assert str(told.value).startswith(f"{tmp_path}/scorecards.toml: ")
    assert fault in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_scorecards(tmp_path / "none.toml")


def test_a_semicolon_inside_text_or_a_comment_ends_nothing(tmp_path: Path) -> None:
    sql = "with a as (select 'x;y' as b) -- ;\\n/* ; */ from a;"
    (found,) = loaded(tmp_path, card(basic__a=sql))
    assert found.rule[0].sql.endswith("from a")


def test_rules_stand_in_the_order_of_levels(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, card(gold__g=EVERYBODY, basic__b=EVERYBODY, silver__s=EVERYBODY))
    assert list(found.rules()) == ["c/b", "c/s", "c/g"]


def answers(subjects: list[str], **said: pl.DataFrame | Exception) -> Callable[[str], pl.DataFrame]:
    """A warehouse that gives the subjects, and to `select <name>` what is said under that name."""

    def ask(sql: str) -> pl.DataFrame:
        told = said.get(sql.removeprefix("select "))
        if isinstance(told, Exception):
            raise told
        return told if told is not None else pl.DataFrame({"subject_id": subjects})

    return ask


def test_what_is_not_answered_is_not_checked(tmp_path: Path) -> None:
    """One rule, five subjects: a true, b false, c null, d absent, e twice (true and false: the fail wins)."""
    cards = loaded(tmp_path, card(basic__r="select r"))
    told = pl.DataFrame(
        {
            "subject_id": ["a", "b", "c", "e", "e", "stranger"],
            "passed": [True, False, None, True, False, False],
            "detail": ["ok", "bad", "", "fine", "worse", None],
        }
    )
    frame = results(cards, answers(["a", "b", "c", "d", "e"], r=told), TODAY)
    assert frame.select("subject_id", "result", "detail").rows() == [
        ("a", "pass", "ok"),
        ("b", "fail", "bad"),
        ("c", "not_checked", None),
        ("d", "not_checked", "no data that would answer this"),
        ("e", "fail", "worse"),
    ]
    assert frame.columns == [name for name in ScorecardResults.own_columns() if name not in COMMON]
    assert not check(ScorecardResults, frame, stamp("aurora")).rejects


def test_a_pass_beside_an_unknown_is_not_checked(tmp_path: Path) -> None:
    told = pl.DataFrame({"subject_id": ["a", "a"], "passed": [True, None]})
    frame = results(loaded(tmp_path, card(basic__r="select r")), answers(["a"], r=told), TODAY)
    assert frame["result"].to_list() == ["not_checked"]


@pytest.mark.parametrize(
    ("told", "detail"),
    [
        (ValueError("no such table: x\nLINE 1: ..."), "no such table: x"),
        (ValueError(), "ValueError"),
        (pl.DataFrame({"who": ["a"]}), "the rule's SQL gives no column passed and no column subject_id"),
        (pl.DataFrame({"subject_id": ["a"], "passed": ["yes"]}), "the rule's column passed is not true or false"),
    ],
)
def test_a_rule_that_breaks_leaves_the_others_alone(
    tmp_path: Path, told: pl.DataFrame | Exception, detail: str
) -> None:
    fine = pl.DataFrame({"subject_id": ["a"], "passed": [True]})
    cards = loaded(tmp_path, card(basic__bad="select bad", basic__fine="select fine"))
    frame = results(cards, answers(["a"], bad=told, fine=fine), TODAY)
    assert frame.select("rule_id", "result", "detail").rows() == [
        ("c/bad", "not_checked", detail),
        ("c/fine", "pass", None),
    ]


def test_subjects_are_those_that_live_and_that_it_applies_to(lake: Lake, published: Published, tmp_path: Path) -> None:
    """Retired ones are nobody's; a team that only an application names is a team too; a bad condition is told."""
    put(lake, Applications, [
        app("shop", tier=1, team_id="web", domain="sales"), app("blog", tier=3, team_id="docs"),
        app("old", tier=1, lifecycle="retired", team_id="gone"),
    ])  # fmt: skip
    put(lake, Teams, [row(Teams, team_id="web", kind="team"), row(Teams, team_id="law", kind="domain")])
    ask = published().rows
    cards = loaded(
        tmp_path,
        card("tiered", applies="tier <= 2", basic__r=EVERYBODY)
        + card("teams", "team", basic__r="select 'web' as subject_id, true as passed")
        + card("domains", "domain", basic__r="select 'law' as subject_id, false as passed")
        + card("broken", applies="nothing = 1", basic__r=EVERYBODY),
    )
    frame = results(cards, ask, TODAY)
    assert said(frame) == {
        ("tiered/r", "shop"): "pass",
        ("teams/r", "web"): "pass",
        ("teams/r", "docs"): "not_checked",
        ("domains/r", "law"): "fail",
        ("domains/r", "sales"): "not_checked",
        ("broken/r", "shop"): "not_checked",
        ("broken/r", "blog"): "not_checked",
    }
    assert frame.filter(pl.col("scorecard") == "broken")["detail"].str.starts_with("applies: ").all()


def test_levels_by_hand(lake: Lake, published: Published) -> None:
    """Rules: basic b1 b2, silver s1, gold g1; bronze has none, so it is neither asked nor given.

    all: passes everything -> gold, nothing next. up: b1 b2 pass, s1 fails, g1 passes -> basic, next silver by s1.
    dark: b1 b2 pass, s1 not checked -> basic, since what is not checked has not passed. none: b1 fails -> no level.
    """
    outcomes = {
        "all": ("pass", "pass", "pass", "pass"),
        "up": ("pass", "pass", "fail", "pass"),
        "dark": ("pass", "pass", "not_checked", "fail"),
        "none": ("fail", "pass", "pass", "pass"),
    }
    rules = (("c/b1", "basic"), ("c/b2", "basic"), ("c/s1", "silver"), ("c/g1", "gold"))
    rows = [
        result(rule, who, what[place], level)
        for who, what in outcomes.items()
        for place, (rule, level) in enumerate(rules)
    ]
    before = [result("c/b1", who, "pass", day=TODAY - timedelta(days=1)) for who in (*outcomes, "gone")]
    put(lake, ScorecardResults, rows + before, "aurora")
    teams = {"all": "web", "up": "web", "dark": "docs", "none": None}
    put(lake, Applications, [app(who, team_id=team, domain="sales") for who, team in teams.items()])
    warehouse = published()
    found = warehouse.rows("from scorecard_levels order by subject_id")
    columns = (
        "subject_id",
        "level",
        "next_level",
        "next_rule_ids",
        "passed_count",
        "failed_count",
        "not_checked_count",
    )
    assert found.select(columns).rows() == [
        ("all", "gold", None, [], 4, 0, 0),
        ("dark", "basic", "silver", ["c/s1"], 2, 1, 1),
        ("none", None, "basic", ["c/b1"], 3, 1, 0),
        ("up", "basic", "silver", ["c/s1"], 3, 1, 0),
    ]
    # web: one at gold, one at basic, 7 of 8 rules; docs: one at basic, 2 of 4; without a team: no level, 3 of 4.
    teams_of = warehouse.rows("from scorecard_groups where group_type = 'team' order by group_id nulls last")
    shares = ("group_id", "none_count", "basic_count", "gold_count", "basic_pct", "gold_pct", "passed_pct")
    assert teams_of.select(shares).rows() == [
        ("docs", 0, 1, 0, 100.0, 0.0, 50.0),
        ("web", 0, 1, 1, 100.0, 50.0, 87.5),
        (None, 1, 0, 0, 0.0, 0.0, 75.0),
    ]
    sales = warehouse.rows("from scorecard_groups where group_type = 'domain'").row(0, named=True)
    assert (sales["group_id"], sales["subject_count"], sales["passed_pct"]) == ("sales", 4, 75.0)


def test_history_by_hand(lake: Lake, published: Published) -> None:
    """Today 1 of 2 passes, yesterday 2 of 2; seven days back is outside of a week of which today is the last day."""
    days = [(0, "pass", "not_checked"), (1, "pass", "pass"), (7, "fail", "fail")]
    rows = [
        result("c/r", who, what, day=TODAY - timedelta(days=back))
        for back, *both in days
        for who, what in zip("ab", both, strict=True)
    ]
    put(lake, ScorecardResults, rows, "aurora")
    found = published().rows("from scorecard_history(days := 7) order by day")
    assert found.select("rule_id", "day", "passed_pct", "not_checked_count").rows() == [
        ("c/r", TODAY - timedelta(days=1), 100.0, 0),
        ("c/r", TODAY, 50.0, 1),
    ]


def initiative(task_id: str, **values: Any) -> dict[str, Any]:
    least = {"task_id": task_id, "kind": "initiative", "title": "T", "state": "open", "changed_by": "ann"}
    return least | {"subject_type": "scorecard", "subject_id": "c/r", "created_at": NOW - 3 * DAY} | values


def test_progress_of_initiatives_by_hand(data: Path, lake: Lake, published: Published) -> None:
    """Four apps: 1 passed on the last day judged before the start (25 %), 3 pass today (75 %), d is left."""
    start = dict(zip("abcd", ("pass", "fail", "fail", "not_checked"), strict=True))
    today = dict(zip("abcd", ("pass", "pass", "pass", "not_checked"), strict=True))
    rows = [result("c/r", who, what, day=TODAY - timedelta(days=5)) for who, what in start.items()]
    rows += [result("c/r", who, "fail", day=TODAY - timedelta(days=2)) for who in start]
    put(lake, ScorecardResults, rows + [result("c/r", who, what) for who, what in today.items()], "aurora")
    record_version(data, lake, Tasks, initiative("late", due_on=TODAY - timedelta(days=1)), 0)
    record_version(data, lake, Tasks, initiative("due", due_on=TODAY), 0)
    record_version(data, lake, Tasks, initiative("old", created_at=NOW - 30 * DAY), 0)
    record_version(data, lake, Tasks, initiative("done", due_on=TODAY - timedelta(days=1), state="done"), 0)
    record_version(data, lake, Tasks, initiative("lost", subject_id="c/none"), 0)
    record_version(data, lake, Tasks, initiative("risk", kind="risk"), 0)
    record_version(data, lake, Tasks, initiative("gone"), 0)
    record_version(data, lake, Tasks, initiative("gone", is_deleted=True), 1)
    found = published().rows("from initiatives_now order by task_id")
    assert found.select("task_id", "start_passed_pct", "passed_pct", "open_subject_ids", "is_overdue").rows() == [
        ("done", 25.0, 75.0, ["d"], False),
        ("due", 25.0, 75.0, ["d"], False),
        ("late", 25.0, 75.0, ["d"], True),
        ("lost", None, None, None, False),
        ("old", None, 75.0, ["d"], False),
    ]


def test_the_second_of_two_writers_is_told(data: Path, lake: Lake) -> None:
    record_version(data, lake, Tasks, initiative("i"), 0)
    record_version(data, lake, Tasks, initiative("i", title="ann's"), 1)
    with pytest.raises(LostRaceError, match="changed by somebody else meanwhile: reload and decide again"):
        record_version(data, lake, Tasks, initiative("i", title="bob's"), 1)
    last = Warehouse(data / "published").rows("from tasks_now")
    assert last.select("version", "title").rows() == [(2, "ann's")]


def test_every_shipped_rule_answers_over_nothing(published: Published) -> None:
    ask = published().rows
    cards = load_scorecards(SHIPPED)
    assert [found.id for found in cards] == ["production-readiness", "resilience", "team-standards"]
    for found in cards:
        for rule in found.rule:
            answer = ask(rule.sql)
            assert answer.height == 0, rule.id
            assert answer.columns == ["subject_id", "passed", "detail"], rule.id
            assert answer.schema["passed"] == pl.Boolean, rule.id
    assert results(cards, ask, TODAY).height == 0


def good_and_bad(lake: Lake) -> None:
    """`good` does all that is asked, `bad` none of it, of `dark` nothing is known but that it runs in tier 1."""
    owners = {"product_owner": "ann", "lead_developer": "bob", "team_id": "web", "runbook_url": "https://x.example"}
    put(lake, Applications, [
        app("good", tier=1, rpo_s=900.0, rto_s=3600.0, **owners), app("bad", tier=2, team_id="web", rto_s=60.0),
        app("dark", tier=1),
    ])  # fmt: skip
    put(lake, Teams, [row(Teams, team_id="web", kind="team", channel="#web", contact=None)])
    put(lake, Repositories, [row(Repositories, repo_id=f"r:{name}") for name in ("good", "bad")])
    put(lake, Components, [component(f"c:{name}") for name in ("good", "bad")])
    put(lake, AppLinks, [
        link(name, kind, f"{kind[0]}:{name}") for name in ("good", "bad") for kind in ("repository", "component")
    ])  # fmt: skip
    put(lake, AppLinks, [link("dark", "repository", "r:nowhere")], "t2")
    # Twenty of thirty days observed, in samples of a day; `bad` was down for one of them: 95 % up.
    samples = [
        health(f"c:{name}", NOW - day * DAY, 86400, status="down" if name == "bad" and day == 4 else "healthy")
        for name in ("good", "bad") for day in range(1, 21)
    ]  # fmt: skip
    put(lake, ComponentHealth, samples)
    put(lake, Slos, [versioned(Slos, slo_id="s", component_id="c:good", target_pct=99.9)])
    put(lake, Runbooks, [versioned(Runbooks, runbook_id="tip", app_id="bad", kind="suggestion")])
    deployments(lake)
    money(lake)
    security(lake)
    tested: dict[str, Any] = {"kind": "restore", "is_success": True, "started_at": NOW - 80 * DAY, "restore_s": 1800.0}
    put(lake, RestoreTests, [
        row(RestoreTests, 1, restore_test_id="1", app_id="good", **tested, data_loss_s=0.0),
        row(RestoreTests, 2, restore_test_id="2", app_id="bad", **{**tested, "started_at": NOW - 100 * DAY}),
    ])  # fmt: skip


def versioned(table: Any, **values: Any) -> Row:
    return row(table) | {"version": 1, "is_deleted": False} | values


def deployments(lake: Lake) -> None:
    """`good`: 8 well in the last 8 days, one named by an incident: 1 of 8 = 12.5 %. `bad`: 1 of 5 undone, long ago."""
    rows = [
        row(
            Deployments, deployment_id=f"{name}{n}", repo_id=f"r:{name}", env_tier="production", sha=f"{name}{n}",
            status="rolled_back" if (name, n) == ("bad", 3) else "success", created_at=NOW - back * DAY,
            started_at=NOW - back * DAY, finished_at=NOW - back * DAY, is_rollback=None,
        )
        for name, first, many in (("good", 1, 8), ("bad", 40, 5))
        for n, back in enumerate(range(first, first + many))
    ]  # fmt: skip
    put(lake, Deployments, rows)
    blamed = row(Incidents, incident_id="i", caused_by_deployment_id="good2", started_at=NOW - HOUR)
    put(lake, Incidents, [blamed])


def money(lake: Lake) -> None:
    """Both have a budget of 100 a month; `good` spent 60 of it this month, `bad` 140."""
    held = {"limit_amount": Decimal(100), "currency": "USD", "period": "month", "starts_on": date(2026, 1, 1)}
    put(lake, Budgets, [versioned(Budgets, budget_id=n, name=n, app_id=n, **held) for n in ("good", "bad")])
    charges = [
        row(
            FocusCost, n, x_RowId=name, ServiceName=name, EffectiveCost=Decimal(cost), BilledCost=Decimal(cost),
            BillingCurrency="USD", ChargePeriodStart=NOW - DAY, BillingPeriodStart=NOW - 9 * DAY, x_SourceExport="e",
        )
        for n, (name, cost) in enumerate((("good", 60), ("bad", 140)))
    ]  # fmt: skip
    put(lake, FocusCost, charges)
    put(lake, AppLinks, [link(name, "cost", f"service:{name}") for name in ("good", "bad")], "t3")


def security(lake: Lake) -> None:
    """Both have an old critical finding; `good` accepted its own and was scanned. 1 of 4 against 2 of 4 outdated."""
    old: dict[str, Any] = {"category": "sca", "severity": "critical", "state": "open", "first_seen_at": NOW - 8 * DAY}
    put(lake, Findings, [row(Findings, finding_id=f"f:{n}", repo_id=f"r:{n}", **old) for n in ("good", "bad")])
    put(lake, FindingDecisions, [versioned(FindingDecisions, finding_key="f:good", state="accepted", expires_on=TODAY)])
    scanned: dict[str, Any] = {"status": "success", "is_complete": True, "started_at": NOW - DAY}
    put(lake, Scans, [row(Scans, scan_id="1", repo_id="r:good", **scanned)])
    packages = [
        row(
            Packages, n, repo_id=f"r:{name}", purl=f"p{n}", name=f"p{n}", package_version="1", day=TODAY,
            latest_version="2" if n < outdated else "1",
            license_status="denied" if (name, n) == ("bad", 0) else "allowed",
        )
        for name, outdated in (("good", 1), ("bad", 2))
        for n in range(4)
    ]  # fmt: skip
    put(lake, Packages, packages)


def test_the_shipped_rules_by_hand(lake: Lake, published: Published) -> None:
    """See good_and_bad: uptime 100 % against 95 % of 99.5 %; change fail rate 1/8 < 15 % against 1/5."""
    good_and_bad(lake)
    frame = results(load_scorecards(SHIPPED), published().rows, TODAY)
    ready = said(frame.filter(pl.col("scorecard") == "production-readiness"))
    unknown = {"deploys-monthly", "uptime", "change-fail-rate", "critical-vulnerabilities", "licences", "dependencies"}
    unknown |= {"within-budget"}
    rules = {rule.partition("/")[2] for rule, _ in ready}
    assert {rule for (rule, who), what in ready.items() if who == "good" and what != "pass"} == set()
    passed = {rule.partition("/")[2] for (rule, who), what in ready.items() if who == "bad" and what == "pass"}
    assert passed == {"team", "repository", "components", "budget"}
    assert {what for (rule, who), what in ready.items() if who == "bad"} == {"pass", "fail"}
    assert {
        rule.partition("/")[2] for (rule, who), what in ready.items() if (who, what) == ("dark", "not_checked")
    } == unknown
    assert {
        rule.partition("/")[2] for (rule, who), what in ready.items() if (who, what) == ("dark", "fail")
    } == rules - unknown
    lasting = said(frame.filter(pl.col("scorecard") == "resilience"))
    assert {what for (_, who), what in lasting.items() if who == "good"} == {"pass"}
    assert [lasting[f"resilience/{rule}", "bad"] for rule in ("objectives", "recovery-runbook", "restore-tested")] == [
        "fail"
    ] * 3
    assert lasting["resilience/restore-within-objectives", "bad"] == "fail"  # 30 min, declared 1 min
    assert lasting["resilience/restore-within-objectives", "dark"] == "not_checked"
    teams = said(frame.filter(pl.col("scorecard") == "team-standards"))
    assert teams == {
        ("team-standards/channel", "web"): "pass",
        ("team-standards/contact", "web"): "fail",
        ("team-standards/every-owner", "web"): "fail",
        ("team-standards/every-runbook", "web"): "not_checked",
        ("team-standards/every-ready", "web"): "not_checked",
    }
    put(lake, ScorecardResults, frame.rows(named=True), "aurora")
    again = said(results(load_scorecards(SHIPPED), published().rows, TODAY))
    assert again["team-standards/every-runbook", "web"] == "fail"
    assert again["team-standards/every-ready", "web"] == "fail"
    levels = published().rows("from scorecard_levels where scorecard = 'production-readiness' order by subject_id")
    assert levels.select("subject_id", "level").rows() == [("bad", None), ("dark", None), ("good", "gold")]


PAGE = ROOT / "pages" / "estate" / "scorecards.py"


@pytest.fixture
def judged(data: Path, lake: Lake) -> Path:
    """Two applications that were judged five days ago by the shipped file's names: one holds Basic, one nothing."""
    put(
        lake, Applications, [app("shop", team_id="web", product_owner="Ann"), app("blog", team_id="docs", devops="Bob")]
    )
    day = datetime.now(UTC).date() - timedelta(days=5)
    rows = [
        result(f"production-readiness/{rule}", who, "pass" if who == "shop" or rule == "team" else "fail", level, day)
        for who in ("shop", "blog")
        for rule, level in (("team", "basic"), ("product-owner", "basic"), ("removed", "basic"))
    ]
    rows += [result("production-readiness/slo", who, "not_checked", "bronze", day) for who in ("shop", "blog")]
    put(lake, ScorecardResults, rows, "aurora")
    publish(lake, data)
    return data


def test_the_page_shows_levels_and_what_stands_between(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(PAGE, judged, monkeypatch)
    assert not test.exception
    matrix = test.dataframe[0].value
    assert matrix["name"].to_list() == ["/application?app=blog#blog", "/application?app=shop#shop"]
    assert [cell[0] for cell in matrix["level"]] == ["○ None", "◔ Basic"]
    assert matrix["between"].to_list() == ["Product owner, production-readiness/removed", "SLO"]
    assert [cell[0] for cell in matrix["production-readiness/slo"]] == ["?", "?"]
    assert {metric.label: metric.value for metric in test.metric} == {
        "Applications": "2", "Rules passed": "50.0%", "Failing": "2", "Not checked": "2", "Initiatives": "0",
    }  # fmt: skip
    assert "judged last on" in sentences(test)


def test_filters_of_the_page_live_in_the_url(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(PAGE, judged, monkeypatch, level="basic", team="web")
    assert test.dataframe[0].value["name"].to_list() == ["/application?app=shop#shop"]
    crossed = shown(PAGE, judged, monkeypatch, level="basic", team="docs")
    assert "No subject matches" in sentences(crossed)


def test_a_failing_rule_can_be_asked_for(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(PAGE, judged, monkeypatch, failing="product-owner")
    assert test.dataframe[0].value["name"].to_list() == ["/application?app=blog#blog"]


def test_nothing_judged_says_what_will_be(data: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    put(lake, Applications, [app("shop")])
    publish(lake, data)
    test = shown(PAGE, data, monkeypatch)
    assert "Nothing is judged yet" in sentences(test)
    assert "SLO" in test.dataframe[0].value["rule"].to_list()
    (data / "scorecards.toml").write_text("[[scorecard]]", encoding="utf-8")
    assert "scorecard number 1, id: Field required" in sentences(shown(PAGE, data, monkeypatch)).replace("\\", "")


def test_an_initiative_opens_in_a_dialog(judged: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    record_version(judged, lake, Tasks, initiative("i", subject_id="production-readiness/team", title="<b>All</b>"), 0)
    test = shown(PAGE, judged, monkeypatch)
    assert "\\<b\\>All" in sentences(test)
    assert [bar.text for bar in test.get("progress")] == ["Team: 2 of 2 pass"]
    test = next(button for button in test.button if button.label == "Change").click().run()
    assert "<b>All</b>" in [field.value for field in test.text_input]
    assert "production-readiness/team" in [box.value for box in test.selectbox]


def the_form(task: dict[str, object] | None) -> None:
    """The script of a page with the form alone: AppTest does not run the fragment that a dialog is."""
    from aurora.insights.scorecards import load_scorecards
    from aurora.settings import ROOT
    from aurora.ui.initiatives import form

    form(load_scorecards(ROOT / "data" / "reference" / "scorecards.toml")[0].rules(), task)


def saved(task: dict[str, Any] | None, title: str, owner: str) -> str:
    """What the form says after it was filled in and sent."""
    test = AppTest.from_function(the_form, args=(task,), default_timeout=60).run()
    next(field for field in test.text_input if field.label == "Title").set_value(title)
    next(box for box in test.selectbox if box.label == "Owner").set_value(owner)
    test.button[0].click().run()
    assert not test.exception
    return " ".join(error.value for error in test.error)


def test_the_form_tells_who_fails_and_knows_names(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the rule Product owner blog fails and shop does not; Ann owns one of them, Bob runs the other."""
    shown(PAGE, judged, monkeypatch)
    test = AppTest.from_function(the_form, args=(None,), default_timeout=60).run()
    assert "**1 of 2 subjects fails**." in sentences(test)
    assert next(box for box in test.selectbox if box.label == "Owner").options == ["Ann", "Bob"]
    test.selectbox[0].set_value("production-readiness/slo").run()
    assert "**0 of 2 subjects fail**, 2 not checked." in sentences(test)
    test.selectbox[0].set_value("production-readiness/uptime").run()
    assert "not judged yet" in sentences(test)


def test_ids_stand_in_the_url_and_names_on_the_page(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(PAGE, judged, monkeypatch, level="basic", failing="nothing", scorecard="nowhere")
    assert [group.options for group in test.button_group] == [
        ["Production readiness", "Resilience", "Team standards"], ["None", "Basic", "Bronze", "Silver", "Gold"],
    ]  # fmt: skip
    assert test.dataframe[0].value["name"].to_list() == ["/application?app=shop#shop"]
    next(box for box in test.selectbox if box.label == "Failing rule").set_value("product-owner").run()
    assert "product-owner" in test.query_params["failing"]
    assert "No subject matches" in sentences(test)
    test.button_group[0].set_value("resilience").run()
    assert "resilience" in test.query_params["scorecard"]


def test_an_initiative_is_started_and_changed_by_one_at_a_time(
    judged: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(PAGE, judged, monkeypatch)  # the settings of this folder are in force from here on
    assert "Write a title and who answers for it" in saved(None, " ", "Ann")
    assert saved(None, "Owners <b>for</b> all", "Ann") == ""
    (first,) = Warehouse(judged / "published").rows("from tasks_now").rows(named=True)
    assert (first["title"], first["subject_id"], first["owner_id"], first["version"], first["state"]) == (
        "Owners <b>for</b> all", "production-readiness/product-owner", "Ann", 1, "open",
    )  # fmt: skip
    assert saved(first, "quicker", "Ann") == ""
    assert "changed by somebody else meanwhile" in saved(first, "slower", "Bob")
    (last,) = Warehouse(judged / "published").rows("from tasks_now").rows(named=True)
    assert (last["title"], last["version"], last["created_at"]) == ("quicker", 2, first["created_at"])


def test_every_figure_leads_to_its_rows(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(PAGE, judged, monkeypatch)
    test.session_state["scorecards-fold"] = True
    for name in ("Levels", "Results", "Trend", "Teams", "Initiatives"):
        test.session_state["scorecards-of"] = name
        test.run()
        assert not test.error, [error.value for error in test.error]
        assert any("scorecard = 'production-readiness'" in code.value for code in test.code), name
