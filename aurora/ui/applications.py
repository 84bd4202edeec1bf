"""Applications as cards, as a table, and two of them side by side."""

from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import tables, words
from aurora.ui.words import ago, count, money, number, percent, pill, safe

APPLICATION = "pages/estate/application.py"
CARDS = 16
GOOD, FAIR = 85, 60
_BAND = {"green": "healthy", "orange": "degraded", "red": "down", "gray": "unknown"}


def score_hue(score: float | None) -> str:
    """The colour word of a score: green from GOOD, orange from FAIR, red below, gray where there is none."""
    if score is None:
        return "gray"
    return "green" if score >= GOOD else "orange" if score >= FAIR else "red"


def facts(row: Row) -> list[tuple[str, str]]:
    """What a card says, in reading order; what is not known is left to the caller to hide."""
    return [
        ("Users", count(row["active_users"])),
        ("Last deployed", deployed(row["last_deployed_at"], row["last_version"])),
        ("Cost this month", money(row["month_cost"], row["currency"])),
        ("Uptime 30 d", percent(row["uptime_30d_pct"])),
        ("Response", number(row["response_time_ms"], "ms")),
        ("Open alerts", count(row["open_alert_count"])),
    ]


def deployed(at: datetime | None, version: str | None) -> str:
    """'3 h ago, 2.9.2'; n/a where nothing was ever deployed."""
    if at is None:
        return words.NOTHING
    return f"{ago(at)}{f', {version}' if version else ''}"


def cards(frame: pl.DataFrame) -> None:
    """One card per application, in the order of the frame; each opens its page."""
    with st.grid(columns=4, min_column_width=240):
        for row in frame.iter_rows(named=True):
            with st.container(border=True, gap="small", height="stretch"):
                card(row)


def card(row: Row) -> None:
    """Name, health, score, users, last deployment, cost, alerts of one application."""
    mark = words.STATUS[row["status"]]
    st.page_link(
        APPLICATION,
        label=f"**{safe(row['name'])}**",
        icon=f":material/{mark.icon}:",
        query_params={"app": row["app_id"]},
    )
    pairs = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in facts(row) if said != words.NOTHING
    )
    kind = f"{words.TYPE_WORD.get(row['type'], row['type'])} · {row['team_name'] or row['team_id'] or 'no team'}"
    if row["tier"]:
        kind += f" · tier {row['tier']}"
    st.html(
        f'<div class="aurora-card">{_badge(row)}<p><b style="color: {words.on_page(mark)}">{mark.sign} {mark.word}</b>'
        f"<span>{escape(row['status_reason'] or '')}</span></p><dl>{pairs}</dl><small>{escape(kind)}</small></div>"
    )


def _badge(row: Row) -> str:
    score = row["score"]
    said = (
        f"score {score:.0f} of 100 over 30 days, {row['score_coverage_pct']:.0f}% of it known"
        if score is not None
        else "no score"
    )
    shown = f"{score:.0f}" if score is not None else "–"
    # What is down or degraded now is never drawn as good, whatever its month was like.
    band = row["status"] if row["status"] in ("down", "degraded") else _BAND[score_hue(score)]
    color = words.on_page(words.STATUS[band])
    return f'<i class="aurora-score" style="color: {color}" title="{said}" aria-label="{said}">{shown}</i>'


def table(frame: pl.DataFrame, key: str) -> None:
    """The same as a table; a name is a link to the application's page."""
    names = [
        f"/application?app={quote(app_id)}#{quote(name)}" for app_id, name in frame.select("app_id", "name").iter_rows()
    ]
    shown = frame.with_columns(
        pl.Series("link", names),
        pl.col("status").map_elements(lambda word: [pill(word)], return_dtype=pl.List(pl.String)).alias("state"),
        pl.col("type").replace_strict(words.TYPE_WORD, default="Unknown").alias("kind_word"),
        pl.coalesce("team_name", "team_id").alias("team"),
        pl.col("status_reason").fill_null(""),
        pl.col("last_deployed_at").map_elements(ago, return_dtype=pl.String).alias("deployed"),
        pl.col("month_cost").cast(pl.Float64),
    )
    shown = shown.select(
        "link", "state", "score", "status_reason", "kind_word", "env_tier", "tier", "team", "active_users",
        "uptime_30d_pct", "response_time_ms", "error_rate_pct", "deployed", "deployment_count_30d", "month_cost",
        "currency", "open_alert_count", "serious_finding_count",
    )  # fmt: skip
    tables.draw(frame, shown, "Applications with health, score, users and cost", _columns(), most=18, key=key)


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "link": config.LinkColumn("Application", display_text=r"#(.*)$", pinned=True, width=190),
        "state": config.MultiselectColumn(
            "Health",
            options=[pill(word) for word in words.STATUS],
            color=[mark.pill for mark in words.STATUS.values()],
            width=120,
        ),
        "score": config.ProgressColumn("Score", min_value=0, max_value=100, format="%.0f", width=100),
        "status_reason": config.TextColumn("Why", width=200),
        "kind_word": config.TextColumn("Type", width=100),
        "env_tier": config.TextColumn("Environment", width=100),
        "tier": config.NumberColumn("Tier", width=50),
        "team": config.TextColumn("Team", width=130),
        "active_users": config.NumberColumn("Users", format="localized", width=80),
        "uptime_30d_pct": config.NumberColumn("Uptime 30 d", format="%.2f%%", width=90),
        "response_time_ms": config.NumberColumn("Response", format="%.0f ms", width=85),
        "error_rate_pct": config.NumberColumn("Errors", format="%.2f%%", width=75),
        "deployed": config.TextColumn("Last deployed", width=100),
        "deployment_count_30d": config.NumberColumn("Deployed 30 d", width=95),
        "month_cost": config.NumberColumn("Cost this month", format="localized", width=110),
        "currency": config.TextColumn("", width=50),
        "open_alert_count": config.NumberColumn("Alerts", width=60),
        "serious_finding_count": config.NumberColumn("Findings", width=70, help="Open findings, critical or high"),
    }


MEASURES: list[tuple[str, str, str, bool]] = [
    # label, column, unit, is more better
    ("Score", "score", "", True),
    ("Uptime 30 d", "uptime_30d_pct", "%", True),
    ("Response", "response_time_ms", "ms", False),
    ("Error rate", "error_rate_pct", "%", False),
    ("Active users", "active_users", "", True),
    ("Deployments 30 d", "deployment_count_30d", "", True),
    ("Open alerts", "open_alert_count", "", False),
    ("Critical or high findings", "serious_finding_count", "", False),
]


def compare(left: Row, right: Row) -> None:
    """Two applications line by line; the better figure of each line is marked, where one is better."""
    lines = [_line(label, left[name], right[name], unit, more) for label, name, unit, more in MEASURES]
    cost = [money(row["month_cost"], row["currency"]) for row in (left, right)]
    lines.append(f"<tr><th>Cost this month</th><td>{escape(cost[0])}</td><td>{escape(cost[1])}</td></tr>")
    for label, name in (("Team", "team_name"), ("Owner", "product_owner"), ("Last version", "last_version")):
        said = [escape(str(row[name] or words.NOTHING)) for row in (left, right)]
        lines.append(f"<tr><th>{label}</th><td>{said[0]}</td><td>{said[1]}</td></tr>")
    states = [f"<td>{pill(row['status'])}</td>" for row in (left, right)]
    head = "".join(f"<th>{escape(row['name'])}</th>" for row in (left, right))
    body = f"<tr><th>Health</th>{''.join(states)}</tr>{''.join(lines)}"
    st.html(f'<table class="aurora-compare"><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>')


def _line(label: str, left: float | None, right: float | None, unit: str, more_is_better: bool) -> str:
    digits = 2 if unit == "%" else 0
    cells = [number(value, unit, digits) for value in (left, right)]
    marks = ["", ""]
    if left is not None and right is not None and left != right:
        marks[int((right > left) == more_is_better)] = " ✓"
    return f"<tr><th>{label}</th>" + "".join(f"<td>{cells[n]}{marks[n]}</td>" for n in (0, 1)) + "</tr>"
