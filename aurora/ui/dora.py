"""What the Delivery page says of DORA's figures: cards with band, trend and what they rest on; bands explained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.insights.dora import BANDS, INDUSTRY, SIZES, Metric, Scores, band, next_band, scores
from aurora.ui import tables
from aurora.ui.frame import empty
from aurora.ui.words import NOTHING, number, percent, plural, span

SIGN = {"elite": "●", "high": "●", "medium": "▲", "low": "✕"}
COLOR = {"elite": "green", "high": "green", "medium": "orange", "low": "red"}
HUES = {"elite": "#047857", "high": "#047857", "medium": "#B45309", "low": "#B91C1C"}
VERSIONS = ("2023", "2024", "2025")


def rate(per_day: float | None) -> str:
    """'3.2 a day', '2.1 a week', '1.4 a month', 'n/a'."""
    if per_day is None:
        return NOTHING
    for days, word in ((1, "day"), (7, "week")):
        if per_day * days >= 1:
            return f"{number(per_day * days, '', 1)} a {word}"
    return f"{number(per_day * 30, '', 1)} a month"


def lasted(seconds: float | None) -> str:
    """A duration in words, n/a if it is not known."""
    return NOTHING if seconds is None else span(seconds)


@dataclass(frozen=True)
class Card:
    """One of the five: its columns in `dora` and `dora_weeks`, how it is said, and which way is good."""

    metric: Metric
    label: str
    name: str
    weekly: str
    say: Callable[[float | None], str]
    is_up_good: bool
    rests_on: Callable[[Row], str]
    help: str


CARDS = (
    Card(
        "lead", "Change lead time", "lead_median_s", "lead_median_s", lasted, False,
        lambda row: plural(row["lead_count"] or 0, "change"),
        "Median time from a change's oldest commit to the first production deployment that contains it.",
    ),
    Card(
        "frequency", "Deployment frequency", "per_day", "deployment_count", rate, True,
        lambda row: f"{plural(row['deployment_count'] or 0, 'deployment')} in {plural(row['day_count'] or 0, 'day')}",
        "Production deployments that arrived, rollbacks too, over the days since the first. Failed attempts do not.",
    ),
    Card(
        "recovery", "Recovery time", "recovery_median_s", "recovery_median_s", lasted, False,
        lambda row: f"{row['failed_count'] or 0} failed, {row['open_failure_count'] or 0} not over",
        "Median time from a failed deployment or its first incident until its incidents are over or one succeeds.",
    ),
    Card(
        "fail", "Change fail rate", "change_fail_pct", "change_fail_pct", lambda value: percent(value, 1), False,
        lambda row: f"{row['failed_count'] or 0} of {row['change_count'] or 0}",
        "Deployments that failed, were rolled back or had an incident, once each, of all but rollbacks.",
    ),
    Card(
        "rework", "Rework rate", "rework_pct", "rework_pct", lambda value: percent(value, 1), False,
        lambda row: f"{row['rework_count'] or 0} of {row['run_count'] or 0}",
        "Deployments that mend: rollbacks and hotfixes.",
    ),
)  # fmt: skip


def cards(row: Row, before: Row | None, weeks: pl.DataFrame, version: str) -> None:
    """The five figures of one application or team, each with band or score, its weeks, and against the span before."""
    told = scored(row)
    with st.grid(columns=5, min_column_width=170):
        for card in CARDS:
            value, then = row[card.name], before[card.name] if before else None
            points = [] if not weeks.height else [one for one in weeks[card.weekly] if one is not None]
            st.metric(
                card.label, card.say(value), _change(card, value, then), border=True, height="stretch", help=card.help,
                delta_color=_color(card, value, then), chart_data=points if len(points) > 1 else None, chart_type="bar",
                delta_description=f"{judged(card.metric, value, told, version)} · {card.rests_on(row)}",
            )  # fmt: skip


def company(frame: pl.DataFrame, version: str) -> None:
    """The middle application of each figure, and how many are in which band: never a mean over teams."""
    with st.grid(columns=5, min_column_width=170):
        for card in CARDS:
            known = frame.filter(pl.col(card.name).is_not_null())[card.name]
            middle = None if not known.len() else float(known.median())  # type: ignore[arg-type]
            words = [band(card.metric, value, "2024" if version == "2024" else "2023") for value in known]
            told = " / ".join(str(words.count(word)) for word in BANDS) if any(words) else ""
            st.metric(
                card.label, card.say(middle), border=True, height="stretch",
                help=f"{card.help} Of the application in the middle of {known.len()}: applications are never averaged.",
                delta=told or None, delta_color="off", delta_arrow="off",
            )  # fmt: skip
    st.caption("The application in the middle; below, how many are elite / high / medium / low. Nothing is averaged.")


def judged(metric: Metric, value: float | None, told: Scores, version: str) -> str:
    """'● elite', '6.0 of 10', or that there is none."""
    if version == "2025":
        score = getattr(told, metric)
        return "no score" if score is None else f"{score:.1f} of 10"
    word = band(metric, value, "2024" if version == "2024" else "2023")
    return "no band" if word is None else f"{SIGN[word]} {word}"


def scored(row: Row) -> Scores:
    """The scores of 2025 of a row of `dora`."""
    return scores(*(row[card.name] for card in sorted(CARDS, key=lambda card: ORDER.index(card.metric))))


ORDER: tuple[Metric, ...] = ("lead", "frequency", "recovery", "fail", "rework")


def _change(card: Card, value: float | None, then: float | None) -> str | None:
    if value is None or not then:
        return None
    return f"{100 * (value / then - 1):+.0f}%"


def _color(card: Card, value: float | None, then: float | None) -> Any:
    if value is None or not then or abs(value / then - 1) < 0.05:
        return "off"
    return "normal" if card.is_up_good else "inverse"


def table(frame: pl.DataFrame, version: str, key: str) -> Row | None:
    """All applications or teams with their five figures and bands; returns the row that was chosen."""
    if not frame.height:
        empty(
            "No deployment to production in this range", "Connect CI, git or `aurora record deployment`; see Sources."
        )
        return None
    rows = [_line(row, version) for row in frame.iter_rows(named=True)]
    shown = pl.DataFrame(
        rows, schema={name: pl.List(pl.String) if isinstance(one, list) else None for name, one in rows[0].items()}
    )
    return tables.clicked(frame, shown, key, "DORA's figures", _columns())


def _line(row: Row, version: str) -> dict[str, Any]:
    told = scored(row)
    line: dict[str, Any] = {"name": row["name"], "scope": "Team" if row["scope_type"] == "team" else "Application"}
    for card in CARDS:
        line[card.metric] = card.say(row[card.name])
        line[f"{card.metric}_band"] = _marks(card.metric, row[card.name], told, version)
    return line | {"n": row["run_count"]}


def _marks(metric: Metric, value: float | None, told: Scores, version: str) -> list[str]:
    word = judged(metric, value, told, version)
    return [] if word.startswith("no ") else [word]


def _columns() -> dict[str, Any]:
    config = st.column_config
    options = [f"{SIGN[word]} {word}" for word in BANDS]
    columns: dict[str, Any] = {
        "name": config.TextColumn("Name", pinned=True, width=190),
        "scope": config.TextColumn("Kind", width=90),
    }
    for card in CARDS:
        columns[card.metric] = config.TextColumn(card.label, width=135, help=card.help)
        columns[f"{card.metric}_band"] = config.MultiselectColumn(
            "", options=options, color=[HUES[word] for word in BANDS], width=85
        )
    return columns | {"n": config.NumberColumn("Deployments", width=95)}


def compared(row: Row) -> None:
    """The scores of 2025 beside those of the industry and of companies of some size."""
    told = scored(row)
    lines = [("This one", told), ("Industry, 2025", INDUSTRY), *SIZES.items()]
    frame = pl.DataFrame(
        [{"whose": name, **{one: getattr(each, one) for one in (*ORDER, "overall")}} for name, each in lines],
        schema={"whose": pl.String, **dict.fromkeys((*ORDER, "overall"), pl.Float64)},
    )
    config = st.column_config
    labels = {card.metric: card.label for card in CARDS} | {"overall": "Overall"}
    columns = {"whose": config.TextColumn("Whose", width=150)} | {
        name: config.NumberColumn(label, format="%.1f") for name, label in labels.items()
    }
    tables.draw(frame, frame, "Scores of 2025 compared", columns)
    st.caption(
        "Scores of 0 to 10 by DORA's quick check of 2025; the survey has no companies of 10 to 19 people. "
        "Its recovery of sizes is printed upside down there and turned here."
    )


def advice(row: Row) -> list[str]:
    """What would bring each figure into the next better band of 2023."""
    found = []
    for card in CARDS:
        step = next_band(card.metric, row[card.name]) if card.metric != "rework" else None
        if step:
            word, limit = step
            how = "to" if card.is_up_good else "below" if card.metric != "fail" else "to at most"
            found.append(f"**{card.label}** from {card.say(row[card.name])} {how} {card.say(limit)} is {word}.")
    return found
