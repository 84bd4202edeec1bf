"""The blocks of the Command Center: banner, figures, attention, application cards, ledger."""

from datetime import datetime
from typing import Any, Literal

import polars as pl
import streamlit as st

from aurora.insights.attention import Attention
from aurora.insights.costs import month_to_date
from aurora.ui import words
from aurora.ui.filters import Span
from aurora.ui.frame import empty
from aurora.ui.words import ago, column, count, delta, money, number, percent, plural, safe

COMPONENT = "pages/operate/component.py"
HEALTH = "pages/operate/system_health.py"
KIND_ICON = {
    "deployment": "rocket_launch",
    "release": "sell",
    "alert": "notifications",
    "incident": "emergency",
    "edit": "edit",
    "maintenance": "build",
}
LEDGER_SHOWN = 12


def banner(components: pl.DataFrame, incidents: pl.DataFrame) -> None:
    """One line in red, only while something is down."""
    down = components.filter(components["status"] == "down")
    if not down.height:
        return
    degraded = components.filter(components["status"] == "degraded").height
    text = f"**{plural(down.height, 'component')} down**"
    text += f", {degraded} degraded. " if degraded else ". "
    worst = down.row(0, named=True)
    text += f"{safe(worst['name'])}: {safe(worst['status_reason'] or 'down')}."
    if incidents.height:
        incident = incidents.row(0, named=True)
        text += f" Incident open since {incident['started_at']:%H:%M} UTC: {safe(incident['title'])}."
    st.error(text, icon=":material/error:")


def figures(
    span: Span,
    series: pl.DataFrame,
    before: pl.DataFrame,
    shipped: tuple[pl.DataFrame, pl.DataFrame],
    costs: pl.DataFrame,
    open_now: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    """The wall of figures with their sparklines, each against the span before."""
    with st.grid(columns=6 if costs.height else 5, min_column_width=185):
        _figure("Availability", series, before, "availability_pct", percent, "pp", 2, good="up")
        _figure("Response, p95", series, before, "response_time_p95_ms", lambda value: number(value, "ms"), "ms", 0)
        _figure("Error rate", series, before, "error_rate_pct", lambda value: number(value, "%", 2), "pp", 2)
        _shipped(span, *shipped)
        _open(*open_now)
        if costs.height:
            _spend(costs)


def _figure(
    label: str,
    series: pl.DataFrame,
    before: pl.DataFrame,
    name: str,
    say: Any,
    unit: str,
    digits: int,
    good: str = "down",
) -> None:
    now, then = _mean(series, name), _mean(before, name)
    change = delta(now, then, unit, digits)
    steady = now is None or then is None or abs(now - then) < 0.5 * 10**-digits
    color: Literal["off", "normal", "inverse"] = "off" if steady else ("normal" if good == "up" else "inverse")
    points = [value for value in column(series, name) if value is not None]
    st.metric(
        label, say(now), change, delta_color=color, chart_data=points or None, chart_type="area", border=True,
        delta_description="vs. span before" if change else None,
        help="Mean over the range, of all components that were measured.",
    )  # fmt: skip


def _mean(frame: pl.DataFrame, name: str) -> float | None:
    value = frame[name].mean() if frame.height else None
    return float(value) if isinstance(value, int | float) else None


def _shipped(span: Span, now: pl.DataFrame, before: pl.DataFrame) -> None:
    good = now.filter(now["status"] != "failed")
    bucket = f"{max(span.bucket_s * 8, 3600)}s"
    bars = now.group_by_dynamic("at", every=bucket).agg(pl.len())["len"].to_list() if now.height > 1 else None
    st.metric(
        "Deployments", f"{good.height}", f"{now.height - before.height:+d}", delta_color="off", chart_data=bars,
        chart_type="bar", border=True, delta_description=f"{now.height - good.height} failed",
        help="Production deployments that ended well, in the range; failed ones are counted beside.",
    )  # fmt: skip


def _open(alerts: pl.DataFrame, incidents: pl.DataFrame) -> None:
    critical = alerts.filter(alerts["severity"] == "critical").height
    st.metric(
        "Open alerts", f"{alerts.height}", f"{critical} critical", delta_arrow="off",
        delta_color="inverse" if critical else "off", border=True,
        delta_description=plural(incidents.height, "incident"), help="Firing, pending or acknowledged now.",
    )  # fmt: skip


def _spend(costs: pl.DataFrame) -> None:
    """Spend of the current month against the same days of the last one, in the currency that most of it is in."""
    told = month_to_date(costs)
    change = f"{told.change_pct:+.1f}%" if told.change_pct is not None else None
    st.metric(
        f"Tech spend, {told.month_on:%b}", money(told.spent, told.currency), change, delta_color="inverse",
        chart_type="area", chart_data=told.last_days, border=True,
        delta_description="vs. same days last month" if change else None,
        help="Effective cost of the month so far, as charged.",
    )  # fmt: skip


def attention_list(items: list[Attention]) -> None:
    """What to look at first; each opens its component."""
    if not items:
        st.markdown(":green[:material/check_circle: Nothing is down, degraded or silent.]")
        return
    for item in items:
        color = words.SEVERITY_COLOR.get(item.severity, "gray")
        icon = {"red": "error", "orange": "warning"}.get(color, "help")
        label = f":{color}[:material/{icon}:] {safe(item.title)}"
        with st.container(gap=None):
            if item.component_id:
                st.page_link(COMPONENT, label=label, query_params={"component": item.component_id})
            else:
                st.markdown(label)
            st.caption(f"{safe(item.detail)} · {ago(item.since)}")


def applications(frame: pl.DataFrame) -> None:
    """One card per application, worst first."""
    with st.grid(columns=4, min_column_width=230):
        for row in frame.iter_rows(named=True):
            with st.container(border=True, gap="small", height="stretch"):
                _card(row)


def _card(row: dict[str, Any]) -> None:
    mark = words.STATUS[row["status"]]
    st.page_link(
        HEALTH, label=f"**{safe(row['name'])}**", icon=f":material/{mark.icon}:", query_params={"app": row["app_id"]}
    )
    said = f": {safe(row['status_reason'])}" if row["status_reason"] else ""
    st.markdown(f":{mark.color}[{mark.sign} {mark.word}]{said}")
    st.caption(f"{words.TYPE_WORD.get(row['type'], row['type'])} · {safe(row['team_id'] or 'no team')}")
    facts = [
        ("Uptime 30 d", percent(row["uptime_30d_pct"])),
        ("Response", number(row["response_time_ms"], "ms")),
        ("Users", count(row["active_users"])),
        ("Deployed", _deployed(row["last_deployed_at"], row["last_version"])),
        ("Cost this month", money(row["month_cost"], row["currency"])),
    ]
    shown = [(name, said) for name, said in facts if said != words.NOTHING or name in ("Uptime 30 d", "Response")]
    st.markdown("\n".join(f"{name}: **{said.replace('$', chr(92) + '$')}**  " for name, said in shown))


def _deployed(at: datetime | None, version: str | None) -> str:
    if at is None:
        return words.NOTHING
    return f"{ago(at)}{f' ({safe(version)})' if version else ''}"


def ledger(frame: pl.DataFrame) -> None:
    """The newest changes on one axis."""
    if not frame.height:
        empty("Nothing changed", "No deployment, release, alert, incident or edit in this range.")
        return
    shown = frame.with_columns(
        pl.col("kind").str.to_titlecase(),
        pl.coalesce("app_name", "app_id", pl.lit("")).alias("app"),
        pl.col("state").str.replace_all("_", " "),
    ).select("occurred_at", "kind", "app", "title", "state", "actor")
    st.dataframe(
        shown.head(200), hide_index=True, row_height=34, height=min(shown.height, LEDGER_SHOWN) * 34 + 38,
        alt="Changes, newest first", key="ledger",
        column_config={
            "occurred_at": st.column_config.DatetimeColumn("When (UTC)", format="D MMM HH:mm", width="small"),
            "kind": st.column_config.TextColumn("Kind", width="small"),
            "app": st.column_config.TextColumn("Application"),
            "title": st.column_config.TextColumn("What", width="large"),
            "state": st.column_config.TextColumn("State", width="small"),
            "actor": st.column_config.TextColumn("By"),
        },
    )  # fmt: skip
