"""Hours of development work by person and day: from time sheets, from work items, and as settings state them.

Time sheets are CSV or TOML files (`timesheets`, files or folders relative to Aurora's folder), a line for a person, day
and application: `person,day,hours,app` or `project`, and at will `rate` and `currency`. Work items: an item counts for
the hours in which its assignee had it in progress, on weekdays (UTC) that are over, for a working day at most; where a
person's items of a day add up to more, all are cut by the same share, so that nobody has more than a day's hours. What
has been in progress for more than 92 days counts for the first of them. Stated hours stand in `hours` below. Each row
says its method; of one person, application and day a time sheet counts before work items, and these before stated hours
(mart work_hours_counted). A person is an id, a login or a name as the trackers tell it. Of a rate the newest that holds
on the day counts: the person's, else that of the role (as in teams of the registry), else the one that names neither.

    [[source]]
    name = "hours"
    connector = "people_hours"
    timesheets = ["timesheets"]            # or none
    work_items = true
    hours_per_day = 8

    [[source.rate]]
    role = "developer"                     # or person = "ana@example.com"
    rate = "55.00"                         # an hour, in quotes
    currency = "USD"
    since = 2026-01-01

    [[source.hours]]
    role = "designer"                      # or person
    app = "owner-portal"
    hours_a_week = 10                      # or hours_a_day
    since = 2026-01-01
    until = 2026-06-30                     # at will; so are rate and currency

Needs: read access to the files.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import polars as pl
from pydantic import Field

from aurora.contracts import COMMON, Row
from aurora.contracts.cost import WorkHours
from aurora.contracts.delivery import WorkItemChanges, WorkItems
from aurora.contracts.estate import Memberships, People
from ingest.connector import Checkpoint, Connector, Item, Options, Run
from ingest.spend import cells
from ingest.spend.entries import Entry, WrongError, read_entries
from ingest.spend.rates import Configured, Rate, Rates, price
from ingest.spend.work_items import worked_hours

KEYS = ("person", "day", "hours", "app", "project", "role", "rate", "currency")
DAY_H = 24.0


class PeopleHoursOptions(Options):
    """`timesheets`: files or folders; `work_items`: whether items count; `rate` and `hours`: tables as above."""

    timesheets: tuple[str, ...] = ()
    work_items: bool = True
    hours_per_day: float = Field(8.0, gt=0, le=24)
    rate: tuple[Rate, ...] = ()
    hours: tuple[Configured, ...] = ()


connector = Connector("people_hours", PeopleHoursOptions)


@connector.stream(WorkHours, every="30m", is_whole=True)
def fetch_work_hours(run: Run[PeopleHoursOptions]) -> Iterator[Item]:
    """All hours by the three methods, each time whole."""
    people = _people(run)
    rates = Rates(
        (
            one.model_copy(update={"person": people.get((one.person or "").lower(), one.person)})
            for one in run.options.rate
        ),
        _roles(run),
    )
    rows, kept = _sheets(run, rates, people)
    rows += _of_items(run, rates) if run.options.work_items else []
    rows += _stated(run, rates, people)
    kinds = {name: kind for name, kind in WorkHours.dtypes().items() if name not in COMMON}
    yield WorkHours, pl.concat([pl.DataFrame(rows, schema=kinds, orient="row"), kept.select(list(kinds))])
    # The same each time: a cursor that moves would write a version of the table for nothing.
    yield Checkpoint({"read": "whole"})


def _people(run: Run[PeopleHoursOptions]) -> dict[str, str]:
    """Every way to call a person, in small letters -> person_id; what could mean several is left out."""
    called: dict[str, set[str]] = defaultdict(set)
    for one in run.known(People).iter_rows(named=True):
        for name in (one["person_id"], one["display_name"], *(one["logins"] or [])):
            called[(name or "").lower()].add(one["person_id"])
    return {name: next(iter(ids)) for name, ids in called.items() if len(ids) == 1 and name}


def _roles(run: Run[PeopleHoursOptions]) -> dict[str, list[str]]:
    roles: dict[str, set[str]] = defaultdict(set)
    for person, role in run.known(Memberships).select("person_id", "role").iter_rows():
        roles[person].add(role)
    return {person: sorted(found) for person, found in roles.items()}


def _sheets(run: Run[PeopleHoursOptions], rates: Rates, people: dict[str, str]) -> tuple[list[Row], pl.DataFrame]:
    """Rows of the time sheets, and what files said before that cannot be read now."""
    found = read_entries(run, run.options.timesheets, "hours")
    rows, total = list[Row](), defaultdict[tuple[str, date], float](float)
    for entry in found.entries:
        try:
            row = sheet_row(run, entry, rates, people)
            total[row["person_id"], row["day"]] += row["hours"]
            if total[row["person_id"], row["day"]] > DAY_H:
                total[row["person_id"], row["day"]] -= row["hours"]
                raise WrongError("with it the person has more than 24 hours on that day: mend one of them")
            rows.append(row)
        except WrongError as error:
            entry.refused(run, WorkHours, error)
    starts = [run.id(f"sheet/{label}#") for label in found.broken]
    mine = pl.any_horizontal(pl.lit(False), *(pl.col("work_hours_id").str.starts_with(start) for start in starts))
    return rows, run.landed(WorkHours).filter(mine)


def sheet_row(run: Run[PeopleHoursOptions], entry: Entry, rates: Rates, people: dict[str, str]) -> Row:
    """A row of work_hours from a line of a time sheet. Raises WrongError."""
    entry.only(KEYS)
    values = entry.values
    person, day, hours = cells.needed(values, "person"), cells.day(values, "day"), cells.hours(values, "hours", DAY_H)
    app, project, role = cells.slug(values, "app"), cells.text(values, "project"), cells.text(values, "role")
    if day is None or hours is None or (app is None) == (project is None):
        raise WrongError("write person, day, hours, and app or project")
    person = people.get(person.lower(), person)
    rate, currency = rates.of(person, day, role)
    if "rate" in values:
        rate, currency = cells.amount(values, "rate"), cells.currency(values)
    return {
        "work_hours_id": run.id(f"sheet/{entry.file}#{entry.number}"),
        "app_id": app,
        "project_id": project,
        "person_id": person,
        "day": day,
        "hours": hours,
        "rate_amount": rate,
        "currency": currency,
        "method": "timesheet",
    }


def _of_items(run: Run[PeopleHoursOptions], rates: Rates) -> list[Row]:
    rows = []
    items, changes = run.known(WorkItems), run.known(WorkItemChanges)
    for one in worked_hours(items, changes, run.now.date(), run.options.hours_per_day):
        rate, currency = rates.of(one.person, one.day)
        rows.append(
            {
                "work_hours_id": run.id(f"items/{one.person}/{one.project or ''}/{one.day:%Y%m%d}"),
                # Of an item that stands in a repository alone, the repository is what leads to its application.
                "project_id": one.project,
                "person_id": one.person,
                "day": one.day,
                "hours": one.hours,
                "rate_amount": rate,
                "currency": currency,
                "method": "work_items",
            }
        )
    return rows


def _stated(run: Run[PeopleHoursOptions], rates: Rates, people: dict[str, str]) -> Iterator[Row]:
    for number, one in enumerate(run.options.hours):
        person = people.get(one.person.lower(), one.person) if one.person else None
        for day, hours in one.days(run.now.date()):
            yield {
                "work_hours_id": run.id(f"stated/{number}/{day:%Y%m%d}"),
                "app_id": one.app,
                "person_id": person,
                "day": day,
                "hours": hours,
                "method": "configured",
            } | price(rates, one, person, day)
