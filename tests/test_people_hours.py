"""Hours of work: from work items by hand-made histories, from time sheets, as stated; rates, and nothing twice."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aurora.contracts import Row, Table
from aurora.contracts.cost import WorkHours
from aurora.contracts.delivery import WorkItemChanges, WorkItems
from aurora.contracts.estate import Memberships, People
from aurora.contracts.platform import Quarantine
from aurora.doctor import check_model
from aurora.settings import SourceSettings
from ingest.connector import load_connectors
from ingest.history import Outcome
from ingest.run import Ingest
from ingest.spend.rates import Configured, Rate, Rates
from ingest.spend.work_items import MOST_DAYS, worked_hours
from tests.conftest import Published
from tests.frames import link, put, row, settings
from tests.test_models_cost import linked, told
from warehouse.lake import Lake

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
TODAY = date(2026, 3, 10)
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def item(name: str, assignee: str | None = "ann", **values: Any) -> Row:
    least = {"project_id": "p", "assignee_id": assignee, "state": "done", "created_at": MONDAY - 10 * 24 * HOUR}
    return row(WorkItems, work_item_id=name) | least | values


def change(name: str, hours: float, field: str, before: str | None, after: str | None) -> Row:
    told: Row = {"change_id": f"{name}{field}{hours}", "work_item_id": name, "field": field}
    return told | {"from_value": before, "to_value": after, "changed_at": MONDAY + hours * HOUR}


def frame(table: type[Table], rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=table.dtypes())


def worked(items: list[Row], changes: list[Row] | None = None) -> dict[tuple[str, int], float]:
    """(person, day of March) -> hours."""
    found = worked_hours(frame(WorkItems, items), frame(WorkItemChanges, changes or []), TODAY, 8.0)
    return {(one.person, one.day.day): one.hours for one in found}


def moved(name: str, start: float, end: float | None) -> list[Row]:
    """In progress from one hour to another, counted from Monday 2 March 00:00."""
    begun = [change(name, start, "state", "todo", "in_progress")]
    return begun if end is None else [*begun, change(name, end, "state", "in_progress", "done")]


def test_an_item_counts_for_its_hours_of_a_day_and_for_a_working_day_at_most() -> None:
    """10:00 to 13:30 is 3.5 h; from Tuesday 20:00 to Thursday 02:00 it is 4, 8 of 24 and 2 h."""
    changes = moved("a", 10, 13.5) + moved("b", 44, 74)
    assert worked([item("a"), item("b")], changes) == {("ann", 2): 3.5, ("ann", 3): 4, ("ann", 4): 8, ("ann", 5): 2}


def test_items_of_a_day_share_it() -> None:
    """Monday: a for 24 h (capped at 8), b for 4 h: 12 h cut to 8. Of another project c: a 4, b 2 and c 2 of 16."""
    changes = moved("a", 0, 24) + moved("b", 0, 4) + moved("c", 0, 4)
    items = [item("a"), item("b"), item("c", project_id="q")]
    found = worked_hours(frame(WorkItems, items), frame(WorkItemChanges, changes), TODAY, 8.0)
    assert {one.project: one.hours for one in found} == {"p": 6.0, "q": 2.0}


def test_weekends_and_days_that_are_not_over_do_not_count() -> None:
    """From Friday 18:00 on, still in progress on Tuesday the 10th: 6 h, Monday 8 h."""
    assert worked([item("a", state="in_progress")], moved("a", 4 * 24 + 18, None)) == {("ann", 6): 6, ("ann", 9): 8}


def test_hours_are_of_who_had_the_item_then() -> None:
    """ann until 12:00, then nobody until 14:00, then bob until 15:00; back in progress at 20:00 for two hours."""
    changes = [*moved("a", 10, 15), change("a", 12, "assignee", "ann", None), change("a", 14, "assignee", None, "bob")]
    changes += [change("a", 20, "state", "done", "in_progress"), change("a", 22, "state", "in_progress", "done")]
    assert worked([item("a", "bob")], changes) == {("ann", 2): 2, ("bob", 2): 3}


def test_without_changes_an_item_tells_of_itself() -> None:
    """Started at 09:00 and resolved at 11:00; one that is done at an instant nobody knows counts for nothing."""
    known = item("a", started_at=MONDAY + 9 * HOUR, resolved_at=MONDAY + 11 * HOUR)
    unknown = item("b", started_at=MONDAY + 9 * HOUR)
    assert worked([known, unknown, item("c"), item("d", None, started_at=MONDAY, state="in_progress")]) == {
        ("ann", 2): 2
    }
    begun = [change("a", 3, "state", "in_progress", "done")]
    assert worked([item("a", started_at=MONDAY + HOUR)], begun) == {("ann", 2): 2}


def test_what_is_forgotten_in_progress_counts_for_a_quarter() -> None:
    old = item("a", state="in_progress", started_at=MONDAY - 400 * 24 * HOUR)
    found = worked_hours(frame(WorkItems, [old]), frame(WorkItemChanges, []), TODAY, 8.0)
    days = [one.day for one in found]
    assert max(days) - min(days) <= timedelta(days=MOST_DAYS)


spans = st.lists(st.tuples(st.floats(0, 150), st.floats(0.01, 100), st.sampled_from("pq")), min_size=1, max_size=12)


@hypothesis_settings(deadline=None)
@given(spans)
def test_nobody_has_more_than_a_days_hours(spans: list[tuple[float, float, str]]) -> None:
    items = [item(str(number), project_id=one[2]) for number, one in enumerate(spans)]
    changes = [one for number, (start, took, _) in enumerate(spans) for one in moved(str(number), start, start + took)]
    found = worked_hours(frame(WorkItems, items), frame(WorkItemChanges, changes), TODAY, 8.0)
    for day in {one.day for one in found}:
        assert 0 < sum(one.hours for one in found if one.day == day) <= 8 + 1e-9
        assert day.weekday() < 5


def test_the_newest_rate_that_holds_counts_the_persons_first() -> None:
    told = [
        {"rate": "10", "currency": "USD"},
        {"role": "developer", "rate": "50", "currency": "usd", "since": date(2026, 1, 1)},
        {"role": "developer", "rate": "60.5", "currency": "USD", "since": date(2026, 3, 1)},
        {"person": "ann", "rate": 70, "currency": "EUR", "since": date(2026, 3, 5)},
    ]
    rates = Rates([Rate.model_validate(one) for one in told], {"ann": ["developer"], "bob": ["developer"]})
    asked = [("ann", 4), ("ann", 5), ("bob", 5), ("eve", 5), (None, 5)]
    assert [rates.of(person, date(2026, 3, day))[0] for person, day in asked] == [
        Decimal("60.5"),
        70,
        Decimal("60.5"),
        10,
        10,
    ]
    assert rates.of("bob", date(2026, 2, 28)) == (50, "USD")
    assert rates.of(None, date(2026, 3, 9), "developer") == (Decimal("60.5"), "USD")
    assert Rates([], {}).of("ann", TODAY) == (None, None)


def test_stated_hours_are_of_weekdays() -> None:
    """10 h a week are 2 h on each weekday: from Friday the 6th to Tuesday the 10th, Friday and Monday are over."""
    stated = Configured.model_validate({"app": "shop", "hours_a_week": 10, "since": date(2026, 3, 6)})
    assert list(stated.days(TODAY)) == [(date(2026, 3, 6), 2.0), (date(2026, 3, 9), 2.0)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": [{"app": "shop", "since": "2026-03-01"}]},
        {"hours": [{"app": "shop", "since": "2026-03-01", "hours_a_day": 8, "hours_a_week": 40}]},
        {"hours": [{"app": "shop", "since": "2026-03-01", "hours_a_day": 25}]},
        {"hours": [{"app": "shop", "since": "2026-03-01", "hours_a_day": 1, "rate": "5"}]},
        {"rate": [{"rate": 55.5, "currency": "USD"}]},
        {"rate": [{"rate": "-1", "currency": "USD"}]},
        {"rate": [{"rate": "1", "currency": "dollars"}]},
    ],
)
def test_wrong_settings_are_refused(lake: Lake, data: Path, wrong: Row) -> None:
    outcome = run(lake, data, **wrong)
    assert (outcome.status, outcome.error_class) == ("failed", "bad_query")


def run(lake: Lake, data: Path, **options: Any) -> Outcome:
    source = SourceSettings.model_validate({"name": "hours", "connector": "people_hours", **options})
    stand = settings(data=data, config=data / "aurora.toml")
    return Ingest(lake, stand, load_connectors(), clock=lambda: AT).run(source)[0]


def test_nothing_counts_twice(lake: Lake, data: Path, tmp_path: Path, published: Published) -> None:
    """Monday 2 March, ann: 8 h in progress for p, half for shop, half for blog; by her sheet 3 h for shop, stated 1 h.

    shop: 3 h by the sheet at 60; blog: 4 h by items at 60, her role's. Tuesday: stated 1 h at her own 80 for shop.
    The designer's 2 h on both days stand beside, without a rate. eve's line is of 25 hours, bob's of no day: refused.
    """
    people = [row(People, person_id="j:1", display_name="Ann", logins=["ann"], is_bot=False)]
    put(lake, People, people)
    put(lake, Memberships, [row(Memberships, scope_type="team", person_id="j:1", role="developer")])
    put(lake, WorkItems, [item("a", "j:1")])
    put(lake, WorkItemChanges, moved("a", 0, 24))
    linked(lake, link("shop", "project", "p"), link("blog", "project", "p"))
    sheet = "person,day,hours,app\nAnn,2026-03-02,3,shop\neve,2026-03-02,25,shop\nbob,,1,shop\n"
    (tmp_path / "march.csv").write_text(sheet, encoding="utf-8")
    since, until = date(2026, 3, 2), date(2026, 3, 3)
    stated = {"app": "shop", "since": since, "until": until}
    options: Row = {
        "timesheets": [str(tmp_path / "march.csv")],
        "rate": [{"role": "developer", "rate": "60", "currency": "USD"}],
        "hours": [
            stated | {"person": "ANN", "hours_a_day": 1, "rate": "80", "currency": "USD"},
            stated | {"role": "designer", "hours_a_week": 10},
        ],
    }
    assert run(lake, data, **options).landed.quarantined_count == 2
    assert [one.partition(":")[0] for one in sorted(lake.read(Quarantine)["message"])] == [
        "march.csv, line 3", "march.csv, line 4",
    ]  # fmt: skip
    sql = "select app_id, day, method, hours, rate_amount, person_id from work_hours_counted order by all"
    assert told(published, sql) == [
        ("blog", since, "work_items", 4, 60, "j:1"),
        ("shop", since, "configured", 2, None, None),
        ("shop", since, "timesheet", 3, 60, "j:1"),
        ("shop", until, "configured", 1, 80, "j:1"),
        ("shop", until, "configured", 2, None, None),
    ]
    columns = "app_id, hours, unpriced_hours, timesheet_hours, work_item_hours, stated_hours, labour_cost"
    assert told(published, f"select {columns} from app_work_hours order by 1") == [
        ("blog", 4, 0, 0, 4, 0, 240),
        ("shop", 8, 4, 3, 0, 5, 260),
    ]
    assert check_model(published(), "work_hours_counted") == []
    version = lake.version(WorkHours)
    assert run(lake, data, **options).status == "success"
    assert lake.version(WorkHours) == version
    run(lake, data, work_items=False)
    assert lake.read(WorkHours).is_empty()
