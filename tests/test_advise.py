"""Advice: overlaps, guards, versions and the check on the bill, by hand; then the job over a lake."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora import advise_job
from aurora.advise_job import Adviser, advise
from aurora.contracts import Row
from aurora.contracts.cost import FocusCost
from aurora.contracts.estate import Components
from aurora.contracts.operations import Advice, ComponentHealth, SloPoints, Slos
from aurora.insights.advise import Candidate, candidates, changes, realised
from aurora.settings import Settings
from tests.conftest import Published
from tests.frames import DAY, MINUTE, NOW, component, put, row, settings
from tests.savings_frames import charge, charges, samples
from warehouse.lake import Lake
from warehouse.record import record_version

VM = "resource:vm"


@pytest.fixture
def mine(data: Path) -> Settings:
    return settings(data=data, config=data / "aurora.toml", demo=False)


def finding(rule: str, saving: str | None, **values: Any) -> Row:
    own: Row = {"rule": rule, "subject_id": VM, "within": [], "resource_id": "vm", "component_id": "c", "app_id": None}
    own |= {"provider": "AWS", "currency": "USD", "base_cost": Decimal(300), "confidence_ratio": Decimal("0.5")}
    own |= {"saving_amount": None if saving is None else Decimal(saving), "risk": "low", "effort": "small"}
    return own | {"is_guarded": True, "message": "m", "suggestion": "s", "evidence": '{"window_days": 14}'} | values


def standing(made: list[Candidate], state: str = "open", **values: Any) -> dict[str, Row]:
    """The advice as advice_now tells it once it was written."""
    known = {}
    for version in changes(made, {}, set()):
        told = json.loads(version["evidence"])
        known[version["advice_id"]] = version | {
            "state": state, "subject_id": told["subject"], "alternative_to": told["alternative_to"],
            "counted_amount": Decimal(told["counted_amount"]),
        } | values  # fmt: skip
    return known


def said(made: list[Candidate]) -> dict[str, tuple[Decimal, str | None]]:
    return {one.row["rule"]: (one.counted, one.alternative_to) for one in made}


def test_of_two_on_one_resource_the_best_counts_and_the_other_is_its_alternative() -> None:
    """150 at 80 % weighs 120, 200 at 50 % weighs 100: the first counts with 150, the other with nothing."""
    made = candidates([finding("a", "200"), finding("b", "150", confidence_ratio=0.8)], {}, [])
    assert said(made) == {"b": (Decimal(150), None), "a": (Decimal(0), f"b:USD:{VM}")}
    best = next(changes(made, {}, {"a", "b"}))
    assert json.loads(best["evidence"])["alternatives"] == [f"a:USD:{VM}"]
    assert (best["saving_amount"], best["state"], best["priority"]) == (Decimal(150), "open", "medium")


def test_two_currencies_of_one_resource_are_two_coins() -> None:
    made = candidates([finding("a", "200"), finding("b", "100", currency="EUR")], {}, [])
    assert said(made) == {"a": (Decimal(200), None), "b": (Decimal(100), None)}


@pytest.mark.parametrize("saving", [None, "0", "-5", "0.001"])
def test_what_saves_nothing_is_no_advice(saving: str | None) -> None:
    assert candidates([finding("a", saving)], {}, []) == []


def test_a_guard_blocks_what_makes_smaller_and_the_next_best_counts() -> None:
    guards = [{"subject_type": "component", "subject_id": "c", "reason": reason} for reason in ("burns", "is down")]
    made = candidates([finding("a", "200"), finding("b", "10", is_guarded=False)], {}, guards)
    assert {one.row["rule"]: one.blocked_by for one in made} == {"a": "burns; is down", "b": None}
    assert said(made) == {"b": (Decimal(10), None), "a": (Decimal(0), f"b:USD:{VM}")}
    alone = candidates([finding("a", "200")], {}, guards)
    assert [(one.blocked_by, one.counted) for one in alone] == [("burns; is down", Decimal(200))]


@pytest.mark.parametrize(
    ("kind", "name", "values"), [("app", "shop", {"app_id": "shop"}), ("cluster", "c1", {"subject_id": "cluster:c1"})]
)
def test_an_application_and_a_cluster_are_guarded_too(kind: str, name: str, values: Row) -> None:
    guards = [{"subject_type": kind, "subject_id": name, "reason": "burns"}]
    (one,) = candidates([finding("a", "200", **values)], {}, guards)
    assert one.blocked_by == "burns"


def test_a_commitment_counts_for_what_narrower_advice_leaves() -> None:
    """27 % of 1,000 are 270; 400 of the service go by two resources, a blocked third stays: 270 - 0.27 * 400 = 162."""
    wide = finding("plan", "270", subject_id="service:s", base_cost=Decimal(1000), is_guarded=False)
    narrow = [finding("x", str(amount), subject_id=f"resource:{amount}", within=["service:s"]) for amount in (150, 250)]
    blocked = finding("x", "99", subject_id="resource:9", within=["service:s"], component_id="down")
    guards = [{"subject_type": "component", "subject_id": "down", "reason": "is down"}]
    made = candidates([wide, *narrow, blocked], {}, guards)
    assert {one.row["subject_id"]: one.counted for one in made}["service:s"] == Decimal(162)
    euros = [one | {"currency": "EUR"} for one in narrow]
    assert candidates([wide, *euros], {}, [])[-1].counted == Decimal(270)


def test_a_cluster_counts_for_what_its_nodes_leave_and_not_below_zero() -> None:
    """608 idle: a node of 500 leaves 108 of it, one of 700 nothing; the service around saves 27 % less of both."""
    idle = finding("k", "608", subject_id="cluster:c", within=["service:s"], base_cost=Decimal(3040))
    wide = finding("plan", "270", subject_id="service:s", base_cost=Decimal(1000))
    for saving, left, of_plan in ((500, Decimal(108), Decimal("240.84")), (700, Decimal(0), Decimal(270))):
        node = finding("x", str(saving), within=["cluster:c"])
        counted = {one.row["subject_id"]: one.counted for one in candidates([wide, idle, node], {}, [])}
        assert (counted["cluster:c"], counted["service:s"]) == (left, of_plan)


def test_unchanged_advice_is_not_written_and_changed_advice_is() -> None:
    """A saving that moves from 100 to 109 is the same; to 110 it is a tenth more, and new."""
    known = standing(candidates([finding("a", "100")], {}, []))
    for saving, count in (("100", 0), ("109", 0), ("91", 0), ("110", 1), ("90", 1)):
        assert len(list(changes(candidates([finding("a", saving)], known, []), known, {"a"}))) == count, saving
    guards = [{"subject_type": "component", "subject_id": "c", "reason": "is down"}]
    (version,) = changes(candidates([finding("a", "100")], known, guards), known, {"a"})
    assert version["blocked_by"] == "is down"


def test_what_is_no_longer_so_is_withdrawn_unless_its_rule_did_not_answer() -> None:
    known = standing(candidates([finding("a", "100")], {}, []))
    (gone,) = changes([], known, {"a"})
    assert gone["is_deleted"]
    assert list(changes([], known, {"b"})) == []
    back = known | {name: one | {"is_deleted": True} for name, one in known.items()}
    assert list(changes([], back, {"a"})) == []
    (again,) = changes(candidates([finding("a", "100")], back, []), back, {"a"})
    assert (again["is_deleted"], again["reason"]) == (False, "it is so again")


def test_dismissed_advice_comes_back_only_if_the_saving_doubles() -> None:
    known = standing(candidates([finding("a", "100")], {}, []), "dismissed")
    assert candidates([finding("a", "199.99")], known, []) == []
    (version,) = changes(candidates([finding("a", "200")], known, []), known, {"a"})
    assert (version["state"], version["saving_amount"]) == ("open", Decimal(200))
    assert list(changes([], known, {"a"})) == [], "what people dismissed is not withdrawn"


def test_a_dismissed_best_leaves_its_place_to_the_next() -> None:
    known = standing(candidates([finding("a", "100")], {}, []), "dismissed")
    made = candidates([finding("a", "100"), finding("b", "50")], known, [])
    assert said(made) == {"b": (Decimal(50), None)}


def test_accepted_advice_stays_and_keeps_its_coin() -> None:
    known = standing(candidates([finding("a", "100", within=["service:s"])], {}, []), "accepted")
    wide = finding("plan", "270", subject_id="service:s", base_cost=Decimal(1000))
    made = candidates([finding("a", "400"), finding("b", "50"), wide], known, [])
    assert said(made) == {"b": (Decimal(0), f"a:USD:{VM}"), "plan": (Decimal(243), None)}
    assert f"a:USD:{VM}" not in {version["advice_id"] for version in changes(made, known, {"a", "b", "plan"})}


def test_after_a_round_that_is_done_it_is_new_advice() -> None:
    known = standing(candidates([finding("a", "100")], {}, []), "done")
    (one,) = candidates([finding("a", "40")], known, [])
    assert one.advice_id == f"a:USD:{VM}#2"


@pytest.mark.parametrize(
    ("before", "days", "after", "amount"),
    [
        ("300", 30, "150", "152.00"),  # (10 - 5) * 30.4
        ("300", 30, "0", "304.00"),  # it vanished
        ("300", 30, "450", "-152.00"),  # a rise is not hidden
        ("50", 5, "150", "152.00"),  # five days old when it was accepted
    ],
)
def test_realised_is_the_mean_day_before_minus_after_a_month(before: str, days: int, after: str, amount: str) -> None:
    assert realised(Decimal(before), days, Decimal(after), 30) == Decimal(amount)


def machines(lake: Lake, *names: str) -> None:
    """Machines of 304 a month whose half is enough: 152."""
    for name in names:
        put(lake, Components, [component(f"t1:{name}", cpu_count=8)])
        put(lake, ComponentHealth, samples(f"t1:{name}", 18, 35) + samples(f"t1:{name}", 18, 35, 1, MINUTE)[-30:-1])
    put(lake, FocusCost, [one for name in names for one in charges(name, "10")])


def now(published: Published, at: datetime = NOW) -> list[Row]:
    return list(published(at).rows("from savings order by advice_id").iter_rows(named=True))


def test_the_job_writes_advice_once_and_withdraws_it(lake: Lake, mine: Settings, published: Published) -> None:
    machines(lake, "vm")
    published()
    advise(mine, lake, NOW)
    (one,) = now(published)
    assert (one["rule"], one["promised_amount"], one["counted_amount"]) == ("rightsizing", Decimal(152), Decimal(152))
    assert (one["state"], one["days_open"], one["subject_id"], one["provider"]) == ("open", 0, VM, "AWS")
    written = lake.version(Advice)
    advise(mine, lake, NOW)
    assert lake.version(Advice) == written
    put(lake, ComponentHealth, samples("t1:vm", 70, 70, 16, timedelta(minutes=20)), "t2")
    published()
    advise(mine, lake, NOW + MINUTE)
    assert now(published) == []
    assert lake.read(Advice).sort("version")["is_deleted"].to_list() == [False, True]


def test_a_burning_budget_blocks_and_the_advice_stays_visible(lake: Lake, mine: Settings, published: Published) -> None:
    machines(lake, "vm")
    slo = row(Slos, slo_id="s", name="Shop answers", component_id="t1:vm", kind="ratio", target_pct=99.0, window="30d")
    put(lake, Slos, [slo | {"app_id": None, "is_deleted": False, "version": 1, "good_sql": "x", "total_sql": "x"}])
    points = [
        row(SloPoints, slo_id="s", ts_start=NOW - n * MINUTE, ts_end=NOW - (n - 1) * MINUTE, good=5.0, total=10.0)
        for n in range(1, 121)
    ]
    put(lake, SloPoints, points)
    published()
    advise(mine, lake, NOW)
    (one,) = now(published)
    assert (one["state"], one["blocked_by"]) == ("open", "objective burns its error budget: Shop answers")


@pytest.mark.parametrize(
    ("load", "values", "reason"),
    [
        ([("cpu_pct", 85.0)], {}, "P99 of CPU or memory was above 80 % within a day"),
        ([], {"status": "degraded"}, "it is degraded now"),
    ],
)
def test_a_peak_or_trouble_of_today_blocks(
    lake: Lake, mine: Settings, published: Published, load: list[tuple[str, float]], values: Row, reason: str
) -> None:
    """An hour at 85 % is one of 24 and of 384 hours: P99 of a day sees it, that of 16 days does not (1 %)."""
    put(lake, Components, [component("t1:vm", cpu_count=8)])
    rows = samples("t1:vm", 18, 35, 16, timedelta(minutes=15))
    for one in rows[-2:]:
        one |= dict(load)
    rows[-1] |= values
    put(lake, ComponentHealth, rows)
    put(lake, FocusCost, charges("vm", "10"))
    published()
    advise(mine, lake, NOW)
    (told,) = now(published)
    assert told["blocked_by"] == reason


def accept(lake: Lake, data: Path, at: datetime, state: str = "accepted") -> None:
    """A person accepts all advice there is."""
    told = lake.read(Advice).drop("source", "source_instance", "run_id", "ingested_at")
    for last in told.sort("version").unique("advice_id", keep="last").iter_rows(named=True):
        one = {name: value for name, value in last.items() if not name.startswith("part_")}
        version = one.pop("version")
        record_version(data, lake, Advice, one | {"state": state, "changed_by": "ann", "changed_at": at}, version)


def test_accepted_advice_is_checked_on_the_bill_after_30_days(
    lake: Lake, mine: Settings, published: Published, data: Path
) -> None:
    """10 a day before; (10 - 5) * 30.4 = 152, gone (10 - 0) * 30.4, dearer (10 - 15) * 30.4."""
    expected = {"half": Decimal(152), "gone": Decimal(304), "dear": Decimal(-152)}
    machines(lake, *expected)
    published()
    advise(mine, lake, NOW)
    accept(lake, data, NOW)
    days_after = {"half": "5", "dear": "15", "other": "1"}
    later = [
        charge(name, told, -ago, x_SourceExport="later") for name, told in days_after.items() for ago in range(1, 33)
    ]
    put(lake, FocusCost, later)
    for days in (30, 32):
        at = NOW + days * DAY
        published(at)
        advise(mine, lake, at)
        done = [one for one in now(published, at) if one["rule"] == "rightsizing" and one["state"] == "done"]
        assert len(done) == (3 if days == 32 else 0), "due a month after it was accepted"
    assert {one["subject_id"].removeprefix("resource:"): one["realised_amount"] for one in done} == expected
    for one in done:
        assert (one["promised_amount"], one["accepted_at"]) == (Decimal(152), NOW.replace(tzinfo=None))
        assert one["checked_on"] == at.date()
        assert one["reason"].startswith("checked on the bill: 300.00 in 30 days before 2026-03-10")
    (rule,) = published(at).rows("from saving_rules where done_count > 0").iter_rows(named=True)
    assert (rule["promised_amount"], rule["realised_amount"]) == (Decimal(3 * 152), Decimal(304))


def test_a_bill_that_has_not_come_checks_nothing(lake: Lake, mine: Settings, published: Published, data: Path) -> None:
    machines(lake, "vm")
    published()
    advise(mine, lake, NOW)
    accept(lake, data, NOW)
    at = NOW + 40 * DAY
    published(at)
    advise(mine, lake, at)
    assert [one["state"] for one in now(published, at)] == ["accepted"]


def test_what_people_decide_meanwhile_wins(
    lake: Lake, mine: Settings, published: Published, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines(lake, "vm")
    published()
    advise(mine, lake, NOW)
    published()
    original: Callable[..., Any] = advise_job.findings

    def slow(warehouse: Any) -> Any:
        accept(lake, data, NOW + MINUTE, "dismissed")
        found, rules = original(warehouse)
        return [one | {"saving_amount": one["saving_amount"] / 2} for one in found], rules

    monkeypatch.setattr(advise_job, "findings", slow)
    advise(mine, lake, NOW + MINUTE)
    rows = lake.read(Advice).sort("version")
    assert rows["state"].to_list() == ["open", "dismissed"]


def test_a_rule_that_breaks_takes_no_other_with_it(
    lake: Lake, mine: Settings, published: Published, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machines(lake, "vm")
    warehouse = published()
    ask = type(warehouse).rows

    def broken(self: Any, sql: str, params: Any = None) -> pl.DataFrame:
        if sql == "from savings_idle":
            raise ValueError("hostile")
        return ask(self, sql, params)

    monkeypatch.setattr(type(warehouse), "rows", broken)
    advise(mine, lake, NOW)
    assert "rule idle: not asked: hostile" in caplog.text
    assert [one["rule"] for one in now(published)] == ["rightsizing"]


def test_it_advises_once_an_hour_or_when_something_changed(
    lake: Lake, mine: Settings, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[int] = []
    monkeypatch.setattr(advise_job, "advise", lambda *_: times.append(1))
    adviser = Adviser()
    for _ in range(2):
        adviser(mine, lake)
    assert len(times) == 1
    put(lake, FocusCost, charges("vm", "10", range(1, 3)))
    adviser(mine, lake)
    assert len(times) == 2
