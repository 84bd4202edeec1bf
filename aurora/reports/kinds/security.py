"""For who answers for security: findings found, mended and open, what is exploited, dependencies, coverage of scans."""

from aurora.reports.document import Block, Figures, Section, Words
from aurora.reports.parts import packages, risk
from aurora.reports.report import Asked, Report


def sections(asked: Asked) -> tuple[Section, ...]:
    """The month, open findings, dependencies and scans."""
    return asked.together(_month, _open, _dependencies)


def _month(asked: Asked) -> Section:
    blocks: tuple[Block, ...] = (
        Figures(risk.by_severity(asked)), Words((*risk.findings_said(asked), *packages.said(asked)), "What changed"),
        *risk.severity_chart(asked), risk.by_application(asked),
    )  # fmt: skip
    return Section("The month", blocks)


def _open(asked: Asked) -> Section:
    return Section("Open findings", (risk.findings(asked),))


def _dependencies(asked: Asked) -> Section:
    blocks: tuple[Block, ...] = (packages.table(asked), packages.scans(asked))
    return Section("Dependencies and scans", blocks, on_new_page=True)


report = Report(
    "Security report",
    "What was found, what was mended, what is open, and which applications nobody looks at.",
    sections,
)
