"""Advice on cost, each hour and whenever bill, rollups or decisions have changed: asked of models, kept as versions.

Each model `savings_<rule>` is a rule: to add one, add its file. Advice whose 30 days are over is checked on the bill.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl

from aurora.contracts import Row
from aurora.contracts.cost import CostAllocations, CostDays, FocusCost
from aurora.contracts.operations import Advice, ComponentHealth1d
from aurora.errors import ContractError, LostRaceError
from aurora.insights.advise import candidates, changes, realised
from aurora.judge import judge
from aurora.settings import Settings
from warehouse.lake import Lake
from warehouse.model import load_models
from warehouse.publish import current
from warehouse.query import Warehouse

log = logging.getLogger("aurora.advise")
AURORA = "aurora"
LIMIT_S = 120.0
PREFIX = "savings_"
KNOWN = "from advice_now where type = 'cost'"
DUE = "from advice_checks"
GUARDS = "from advice_guards"
RESTS_ON = (FocusCost, CostDays, CostAllocations, ComponentHealth1d, Advice)


class Adviser:
    """Advises when an hour has begun, since budgets may burn by now, or when what advice rests on has changed."""

    def __init__(self) -> None:
        self._seen: tuple[str, list[int | None]] | None = None

    def __call__(self, settings: Settings, lake: Lake) -> None:
        """Advise, if it is due."""
        due = f"{datetime.now(UTC):%Y-%m-%d %H}", [lake.version(table) for table in RESTS_ON]
        if due != self._seen:
            advise(settings, lake)
            self._seen = due


def judging_and_advising() -> Callable[[Settings, Lake], None]:
    """The job of the worker that judges, and advises where that is due."""
    adviser = Adviser()

    def both(settings: Settings, lake: Lake) -> None:
        judge(settings, lake)
        adviser(settings, lake)

    return both


def advise(settings: Settings, lake: Lake, now: datetime | None = None) -> None:
    """Write what is new, changed, withdrawn or checked. A rule that cannot be asked is logged, the others go on."""
    at = now or datetime.now(UTC)
    if current(settings.published) is None:
        return  # nothing is published yet
    warehouse = Warehouse(settings.published, LIMIT_S)
    known = {row["advice_id"]: row for row in warehouse.rows(KNOWN).iter_rows(named=True)}
    for row in checked(warehouse, known, at):
        _write(lake, row, known[row["advice_id"]]["written_version"], at)
        known[row["advice_id"]] |= row
    found, rules = findings(warehouse)
    made = candidates(found, known, warehouse.rows(GUARDS).iter_rows(named=True))
    for row in list(changes(made, known, rules)):
        before = known.get(row["advice_id"])
        _write(lake, row, before["written_version"] if before else 0, at)


def findings(warehouse: Warehouse) -> tuple[list[Row], set[str]]:
    """What each rule found, and the rules that answered."""
    found: list[Row] = []
    rules = set()
    for model in load_models():
        rule = model.name.removeprefix(PREFIX)
        if rule == model.name:
            continue
        try:
            found += [row | {"rule": rule} for row in warehouse.rows(f"from {model.name}").iter_rows(named=True)]
        except Exception as error:  # a rule over hostile figures must not take the others with it
            log.warning("rule %s: not asked: %s", rule, str(error).splitlines()[0])
        else:
            rules.add(rule)
    return found, rules


def checked(warehouse: Warehouse, known: dict[str, Row], at: datetime) -> Iterator[Row]:
    """Accepted advice that the bill can speak of now, done, with what it realised."""
    for due in warehouse.rows(DUE).iter_rows(named=True):
        sums = due["before_cost"], due["before_day_count"], due["after_cost"], due["after_day_count"]
        if None in sums:
            continue  # an amount beyond all money
        told = (
            f"checked on the bill: {sums[0]:.2f} in {sums[1]} days before {due['accepted_on']}, "
            f"{sums[2]:.2f} in {sums[3]} days after"
        )
        over = {"state": "done", "realised_amount": realised(*sums), "checked_on": at.date(), "reason": told}
        yield known[due["advice_id"]] | over


def _write(lake: Lake, row: Row, expected: int, at: datetime) -> None:
    """Write the next version, unless somebody was quicker. Raises ContractError for a row that breaks the contract."""
    common: dict[str, Any] = {
        "source": AURORA,
        "source_instance": AURORA,
        "ingested_at": at,
        "run_id": uuid.uuid4().hex,
    }
    stamp = {"version": expected + 1, "changed_by": AURORA, "changed_at": at}
    own = {name: row.get(name) for name in Advice.own_columns()} | stamp | common
    good, failure = Advice.filter(pl.DataFrame([own], schema=Advice.dtypes(), orient="row"))
    if len(failure):
        raise ContractError(f"advice: {row['advice_id']} breaks the contract: {', '.join(failure.counts())}")
    try:
        lake.write_version(Advice, pl.DataFrame(good), expected)
    except LostRaceError as error:
        log.info("%s", error)
