"""For who runs production: availability, objectives and their error budgets, incidents, backups."""

from aurora.reports.document import Block, Figures, Section, Words
from aurora.reports.measures import figure, what_changed
from aurora.reports.parts import performance, recovery, risk
from aurora.reports.report import Asked, Report


def sections(asked: Asked) -> tuple[Section, ...]:
    """The month, objectives, incidents, applications, backups."""
    return asked.together(_month, _objectives, _incidents, _backups)


def _month(asked: Asked) -> Section:
    all_compared = [*performance.estate(asked), *performance.incidents(asked)]
    wall = [*all_compared, *performance.response_to_incidents(asked)]
    blocks: tuple[Block, ...] = (
        Figures(tuple(figure(one, asked.month) for one in wall)),
        Words((*what_changed(wall, asked.month), risk.objectives_said(asked)), "What changed"),
        *performance.availability(asked, wide=True), *performance.response(asked), *performance.errors(asked),
    )  # fmt: skip
    return Section("The month", blocks)


def _objectives(asked: Asked) -> Section:
    return Section("What was promised and kept", (risk.objectives(asked), performance.uptimes(asked)), on_new_page=True)


def _incidents(asked: Asked) -> Section:
    return Section("Incidents", (recovery.incidents(asked), performance.downtimes(asked)), on_new_page=True)


def _backups(asked: Asked) -> Section:
    lead = "A backup that nobody restored is a hope."
    return Section("Backups", (recovery.restores(asked),), lead)


report = Report(
    "Reliability report",
    "What was promised and kept, what broke, how long it took, and whether it could be restored.",
    sections,
)
