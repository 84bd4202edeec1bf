"""What somebody has to decide, found by rules: each with the reason in figures, whose it is and until when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from aurora.reports import cells
from aurora.reports.document import Cell, Column, Said, Table, Tone
from aurora.reports.parts import delivering, plans, risk, stores
from aurora.reports.report import Asked
from aurora.words import plural

ADVICE = 3
OVERDUE = """
    select f.title, f.kev_due_on, f.app_ids[1] as app_id, a.name as app_name, a.lead_developer
    from findings_now f left join applications_now a on a.app_id = f.app_ids[1]
    where f.is_open and f.is_known_exploited order by f.kev_due_on, f.title"""
SAVINGS = """
    select s.message, s.counted_amount, s.currency, a.product_owner
    from savings s left join applications_now a on a.app_id = s.app_id
    where s.standing = 'open' and s.currency = $currency and s.counted_amount is not null
    order by s.counted_amount desc, s.advice_id"""


@dataclass(frozen=True)
class Decision:
    """Something to decide: the choice, why now, who is asked, by when (None: no day is told), and how pressing."""

    what: str
    why: str
    who: str
    by: date | None
    tone: Tone


def found(asked: Asked) -> list[Decision]:
    """All that is to be decided, the most pressing first, then by day."""
    rules = (_findings, _projects, _budgets, _objectives, _versions, _savings)
    return sorted(
        (one for rule in rules for one in rule(asked)),
        key=lambda one: (("bad", "warn", "good", "plain").index(one.tone), one.by or date.max),
    )


def _findings(asked: Asked) -> Iterator[Decision]:
    for row in asked.rows(OVERDUE).iter_rows(named=True):
        late = row["kev_due_on"] is not None and row["kev_due_on"] < asked.at.date()
        why = "It is known to be exploited elsewhere" + (", and its day has passed." if late else ".")
        where = f" in {row['app_name'] or row['app_id']}" if row["app_id"] else ""
        yield Decision(f"Mend “{row['title']}”{where}, or accept the risk", why, cells.or_none(row["lead_developer"]),
                       row["kev_due_on"], "bad" if late else "warn")  # fmt: skip


def _projects(asked: Asked) -> Iterator[Decision]:
    for row in asked.rows(delivering.PROJECTS).iter_rows(named=True):
        if delivering.is_late(row):
            days = (row["forecast_on"] - row["next_release_on"]).days
            why = f"At its pace it is done on {cells.day(row['forecast_on'])}, {plural(days, 'day')} late."
            who = cells.or_none(", ".join(row["product_managers"] or []) or row["lead"])
            yield Decision(f"{row['name']}: move the date, or cut scope", why, who, row["next_release_on"], "warn")


def _budgets(asked: Asked) -> Iterator[Decision]:
    for row in asked.rows(plans.BUDGETS).iter_rows(named=True):
        if row["state"] in ("over", "forecast_over"):
            used = f"{cells.pct(row['used_pct'], 0)} of {cells.amount(row['limit_amount'], row['currency'])} are spent"
            why = f"{used}; {cells.amount(row['forecast_cost'], row['currency'])} are forecast."
            tone: Tone = "bad" if row["state"] == "over" else "warn"
            yield Decision(f"{row['name']}: raise the budget, or spend less", why, cells.or_none(row["team_name"]),
                           row["runs_out_on"] or row["ends_on"], tone)  # fmt: skip


def _objectives(asked: Asked) -> Iterator[Decision]:
    frame = asked.rows(risk.SLOS).filter(~pl.col("is_kept"))
    for row in frame.iter_rows(named=True):
        why = f"{cells.pct(row['sli_pct'])} were kept of {cells.pct(row['target_pct'], 1)} in {asked.month.name}."
        yield Decision(f"{row['name']}: mend it before new features, or promise less", why,
                       cells.or_none(row["app_name"]), None, "warn")  # fmt: skip


def _versions(asked: Asked) -> Iterator[Decision]:
    for row in asked.rows(stores.OLD).filter(pl.col("verdict") == "force").iter_rows(named=True):
        why = f"{100 * (row['share_ratio'] or 0):.1f} % still use it; {row['reason']}."
        yield Decision(
            f"{row['name']}: force users of {row['version']} to update", why, cells.or_none(row["app_id"]), None, "warn"
        )


def _savings(asked: Asked) -> Iterator[Decision]:
    frame = asked.rows(SAVINGS) if asked.currency else pl.DataFrame()
    for row in frame.head(ADVICE).iter_rows(named=True):
        worth = cells.amount(row["counted_amount"], row["currency"])
        yield Decision(f"Accept or dismiss: {row['message']}", f"It would save {worth} a month.",
                       cells.or_none(row["product_owner"]), None, "plain")  # fmt: skip


def table(decisions: list[Decision]) -> Table:
    """All of them."""
    rows: list[list[str | Cell]] = [
        [
            Cell({"bad": "✕ now", "warn": "▲ soon", "good": "●", "plain": "– open"}[one.tone], one.tone),
            one.what,
            one.why,
            one.who,
            cells.day(one.by),
        ]
        for one in decisions
    ]
    columns = (
        Column("When", width=0.95), Column("Decision", width=3.6), Column("Why", width=3.2), Column("Asked", width=1.5),
        Column("By", True, 1.1),
    )  # fmt: skip
    return Table("", columns, rows, "Nothing waits for a decision, as far as sources tell.")


def said(decisions: list[Decision]) -> Said:
    """How many there are, in a sentence."""
    pressing = sum(one.tone == "bad" for one in decisions)
    if not decisions:
        return Said("Nothing waits for a decision, as far as sources tell.", "good")
    tail = f", {pressing} of them overdue" if pressing else ""
    asked_for = f"{plural(len(decisions), 'decision')} {'are' if len(decisions) > 1 else 'is'} asked for"
    return Said(f"{asked_for}{tail}: see the last part.", "bad" if pressing else "warn")
