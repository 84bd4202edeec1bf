"""For finance: what technology cost, by service, application and team, budgets, savings, and what a unit costs."""

from aurora.reports.document import Block, Figures, Said, Section, Words
from aurora.reports.measures import Compared, figure
from aurora.reports.parts import money, plans, spend
from aurora.reports.report import Asked, Report


def sections(asked: Asked) -> tuple[Section, ...]:
    """The month, where it went, whose it is, budgets, savings, anomalies."""
    return asked.together(_month, _services, _owners, _plans)


def _month(asked: Asked) -> Section:
    spent = spend.spent(asked)
    cost = spent.total() if spent else Compared(spend.spend_measure(asked.currency or ""), None, None)
    wall = [cost, *spend.units(asked), *money.unit_costs(asked)]
    figures = Figures(tuple(figure(one, asked.month) for one in wall))
    if spent is None:
        nothing = Said(f"Nothing is charged for {asked.month.title}: import a bill, or add a source of costs.", "warn")
        return Section("The month", (figures, Words((nothing,))))
    moved = (*spend.movers(spent, asked.month, "service"), *spend.movers(spent, asked.month, "app"))
    blocks: tuple[Block, ...] = (
        figures,
        Words(moved, "What moved"),
        *spend.daily(asked),
        *spend.apart(spent),
        money.months(asked),
    )
    return Section("The month", blocks)


def _services(asked: Asked) -> Section:
    spent = spend.spent(asked)
    if spent is None:
        return Section("Where it went", (), "Nothing is charged.")
    return Section("Where it went", (spend.table(spent, "service", "Services", asked.month),), on_new_page=True)


def _owners(asked: Asked) -> Section:
    spent = spend.spent(asked)
    if spent is None:
        return Section("Whose it is", (), "Nothing is charged.")
    blocks: tuple[Block, ...] = (
        *money.owners_chart(spent), spend.table(spent, "app", "Applications", asked.month),
        spend.table(spent, "team", "Teams", asked.month),
    )  # fmt: skip
    return Section("Whose it is", blocks, money.unowned(spent), on_new_page=True)


def _plans(asked: Asked) -> Section:
    words = Words(plans.saved(asked) or (Said("No advice on cost is open."),))
    blocks: tuple[Block, ...] = (words, plans.budgets(asked), money.anomalies(asked), plans.savings(asked))
    return Section("Plans, surprises and savings", blocks, on_new_page=True)


report = Report(
    "Finance report",
    "What technology cost, where it went, whose it is, how budgets stand, and what could be saved.",
    sections,
)
