"""For who answers for mobile apps: crashes, ratings, versions, and the limits of the stores."""

from aurora.reports.document import NOT_TOLD, Block, Figures, Said, Section, Words
from aurora.reports.measures import figure, what_changed
from aurora.reports.parts import stores
from aurora.reports.report import Asked, Report


def sections(asked: Asked) -> tuple[Section, ...]:
    """The month, versions, limits."""
    return asked.together(_month, _versions)


def _month(asked: Asked) -> Section:
    compared = [*stores.totals(asked), stores.worst(asked)]
    words = what_changed(compared, asked.month)
    per_app = tuple(
        Said(f"{name}: {figure(one, asked.month).value} of sessions without a crash"
             + (f" ({figure(one, asked.month).change})." if figure(one, asked.month).change else "."), one.tone)
        for name, one in stores.crash_free(asked) if figure(one, asked.month).value != NOT_TOLD
    )  # fmt: skip
    figures = Figures(tuple(figure(one, asked.month) for one in compared))
    blocks: tuple[Block, ...] = (
        figures,
        Words((*words, *per_app), "What changed"),
        *stores.trends(asked),
        stores.apps(asked),
        stores.vitals(asked),
    )
    return Section("The month", blocks)


def _versions(asked: Asked) -> Section:
    return Section("Versions", (stores.releases(asked), stores.old_versions(asked)))


report = Report("Mobile report", "How the apps did in their stores: crashes, ratings, versions and limits.", sections)
