"""For engineering leads: DORA's five figures, each application and team, sprints, projects and what comes next."""

from aurora.reports.document import Block, Figures, Said, Section, Words
from aurora.reports.measures import figure, what_changed
from aurora.reports.parts import delivering
from aurora.reports.report import Asked, Report


def sections(asked: Asked) -> tuple[Section, ...]:
    """The five figures, applications and teams, sprints and projects."""
    return asked.together(_five, _scopes, _planning)


def _five(asked: Asked) -> Section:
    five = delivering.five(asked)
    blocks: tuple[Block, ...] = (
        Figures(tuple(figure(one, asked.month) for one in five)),
        Words(what_changed(five, asked.month), "What changed"), *delivering.days(asked), *delivering.lead_times(asked),
    )  # fmt: skip
    return Section("The month", blocks, delivering.rests_on(asked))


def _scopes(asked: Asked) -> Section:
    tables = delivering.scopes(asked, "team", "Team"), delivering.scopes(asked, "app", "Application")
    told = "Each figure is of that team or application alone; nothing is averaged."
    return Section("Teams and applications", tables, told, on_new_page=True)


def _planning(asked: Asked) -> Section:
    late = delivering.late_projects(asked.rows(delivering.PROJECTS))
    words = Words(late or (Said("No project is forecast to be late.", "good"),))
    blocks: tuple[Block, ...] = (
        words,
        delivering.projects(asked),
        delivering.sprints(asked),
        delivering.upcoming(asked),
    )
    return Section("Sprints and projects", blocks, on_new_page=True)


report = Report(
    "Delivery report",
    "How often software reached production, how long it took, what failed, and what comes next.",
    sections,
)
