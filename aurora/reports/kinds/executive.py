"""For the company's owner: what changed, what it cost, what is at risk, what comes, and what is to be decided."""

from aurora.reports.document import Block, Figures, Pair, Said, Section, Words
from aurora.reports.measures import Compared, figure, what_changed
from aurora.reports.parts import decisions, delivering, performance, plans, recovery, risk, spend, stores
from aurora.reports.report import Asked, Report

SHOWN, FIRST = 8, 3


def sections(asked: Asked) -> tuple[Section, ...]:
    """In short, technology performance, investment, risk, roadmap, decisions."""
    return asked.together(_in_short, _performance, _investment, _risk, _roadmap, _decisions)


def _in_short(asked: Asked) -> Section:
    month, spent, asked_for = asked.month, spend.spent(asked), decisions.found(asked)
    five, estate, incidents = delivering.five(asked), performance.estate(asked), performance.incidents(asked)
    cost = spent.total() if spent else Compared(spend.spend_measure(asked.currency or ""), None, None)
    wall = [*estate[:2], incidents[0], cost, five[0], five[2], risk.severe(asked), stores.worst(asked)]
    blocks: tuple[Block, ...] = (
        Figures(tuple(figure(one, month) for one in wall)),
        Words(what_changed([*wall, *estate[2:], five[1], incidents[1]], month, 4), "What changed"),
        Words(_cost(spent, asked), "What it cost"),
        Words((*risk.findings_said(asked), risk.objectives_said(asked)), "What is at risk"),
        *_charts(asked),
        Words((decisions.said(asked_for),), "What is to be decided"),
        *(decisions.table(asked_for[:FIRST]),) * bool(asked_for),
    )
    return Section("In short", blocks)


def _charts(asked: Asked) -> tuple[Block, ...]:
    pair = (*performance.availability(asked), *spend.total_chart(asked))
    return (Pair(*pair),) if len(pair) == 2 else pair


def _cost(spent: spend.Spent | None, asked: Asked) -> tuple[Said, ...]:
    if spent is None:
        return (Said(f"Nothing is charged for {asked.month.title}: no bill is told.", "warn"),)
    return (*spend.movers(spent, asked.month, "service", 2), *plans.saved(asked))


def _performance(asked: Asked) -> Section:
    five = Figures(tuple(figure(one, asked.month) for one in delivering.five(asked)[:4]))
    blocks: tuple[Block, ...] = (
        *performance.response(asked),
        five,
        *delivering.days(asked),
        performance.applications(asked),
    )
    return Section("Technology performance", blocks, delivering.rests_on(asked), on_new_page=True)


def _investment(asked: Asked) -> Section:
    spent = spend.spent(asked)
    units = Figures(tuple(figure(one, asked.month) for one in spend.units(asked)))
    if spent is None:
        return Section("Investment", (units,), f"Nothing is charged for {asked.month.title}.", True)
    lead = f"{figure(spent.total(), asked.month).value} in {asked.month.title}."
    blocks: tuple[Block, ...] = (
        units, *spend.daily(asked), Words(spend.movers(spent, asked.month, "app"), "What moved, by application"),
        spend.table(spent, "service", "Services", asked.month, SHOWN), plans.budgets(asked, SHOWN), *spend.apart(spent),
    )  # fmt: skip
    return Section("Investment", blocks, lead, on_new_page=True)


def _risk(asked: Asked) -> Section:
    blocks: tuple[Block, ...] = (
        Figures(risk.by_severity(asked)), risk.findings(asked, SHOWN), risk.objectives(asked, SHOWN - 2),
        recovery.incidents(asked), recovery.restores(asked, SHOWN - 2),
    )  # fmt: skip
    return Section("Risk", blocks, risk.objectives_said(asked).text, on_new_page=True)


def _roadmap(asked: Asked) -> Section:
    late = delivering.late_projects(asked.rows(delivering.PROJECTS))
    words = (Words(late or (Said("No project is forecast to be late.", "good"),)),)
    blocks: tuple[Block, ...] = (
        *words,
        delivering.projects(asked),
        delivering.upcoming(asked),
        plans.savings(asked, SHOWN),
    )
    return Section("Roadmap", blocks, on_new_page=True)


def _decisions(asked: Asked) -> Section:
    told = decisions.table(decisions.found(asked))
    return Section("Decisions needed", (told,), "Found by rules from what sources tell.", on_new_page=True)


report = Report(
    "Executive report",
    "How technology performed, what it cost, what is at risk, and what is to be decided.",
    sections,
)
