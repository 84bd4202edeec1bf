"""The score of an application on its page: its parts, the rows that took points, and those rows themselves."""

import json

import polars as pl
import streamlit as st

from aurora.contracts import TABLES, Row
from aurora.ui import charts, tables
from aurora.ui.data import rows
from aurora.ui.frame import empty
from aurora.ui.plots import plot
from aurora.ui.words import safe

LEAST = 0.05
PARTS = """
    select part, score, weight_ratio, lost_score, has_data, reasons, day from app_scores
    where app_id = $id and day = (select max(day) from app_scores where app_id = $id)
    order by has_data desc, lost_score desc, part"""
WHY_NOT = "select part, no_data_reason from app_score_facts where app_id = $id and not has_data"
SCORE_DAYS = "select day, score from app_score_days where app_id = $id order by day"
SAMPLES = """
    select ts_start, {measures} from component_health
    where coalesce((select same_as from components c where c.component_id = component_health.component_id),
                   component_health.component_id) = $row_id
      and part_day >= (utc_now() - interval {days} day)::date and {wanted} order by {order} limit 50"""
# The rows behind a reason, where they are not simply the row of that key.
EVIDENCE = {
    "availability": SAMPLES.format(
        measures="ts_end, status, status_reason", days=30, wanted="status = 'down'", order="ts_start desc"
    ),
    "latency": SAMPLES.format(
        measures="response_time_ms, requests_per_minute", days=1, wanted="response_time_ms > 0",
        order="response_time_ms desc",
    ),
    "errors": SAMPLES.format(
        measures="error_rate_pct, requests_per_minute", days=1, wanted="error_rate_pct > 0", order="error_rate_pct desc"
    ),
    "cost": """
        select day, service, effective_cost, currency, account_id, resource_id from cost_lines
        where service = $row_id and day >= date_trunc('month', utc_now())::date
        order by effective_cost desc limit 50""",
    "mobile": """
        select day, version, country, value, unit, user_count from mobile_vitals_daily
        where store_app_id || '/' || vital = $row_id order by day desc limit 50""",
}  # fmt: skip


def score(row: Row) -> None:
    """The parts of the score, and below each row that took points."""
    parts = rows(PARTS, id=row["app_id"])
    st.subheader("Where the points go", anchor=False)
    if not parts.height:
        empty("Not judged yet", "Scores are made every five minutes while Aurora runs.")
        return
    if row["score"] is None:
        st.info("Not enough is known of it to judge: less than 30% of the weights have data.", icon=":material/help:")
    plot(charts.parts(parts), parts, "Score of each part, 0 to 100, and the points that it takes")
    lost_points(reasons(parts), row["score"] is not None)
    why_not = dict(rows(WHY_NOT, id=row["app_id"]).iter_rows())
    missing = [f"{part} ({why_not.get(part, 'no data')})" for part in parts.filter(~pl.col("has_data"))["part"]]
    if missing:
        st.caption(f"No data, so not counted either way: {safe(', '.join(missing))}.")
    days = rows(SCORE_DAYS, id=row["app_id"])
    if days.height > 1:
        plot(charts.score_days(days), days, "Score per day")


def lost_points(lost: pl.DataFrame, is_judged: bool) -> None:
    """Each reason; a chosen one shows the rows themselves."""
    if not lost.height:
        if is_judged:
            st.markdown(":green[:material/check_circle: No row takes a point: all that is known is good.]")
        return
    chosen = tables.pick(
        lost, "lost", "Rows that took points",
        part=st.column_config.TextColumn("Part", width=80),
        lost=st.column_config.NumberColumn("Points", format="−%.1f", width=60),
        text=st.column_config.TextColumn("What took them", width="large"),
        row_table=None, row_id=None,
    )  # fmt: skip
    if chosen and (sql := evidence(chosen["part"], chosen["row_table"])):
        tables.plain(rows(sql, row_id=chosen["row_id"]), "The rows themselves", 6)
    else:
        st.caption("Choose a line to see the rows themselves.")


def evidence(part: str, table: str | None) -> str | None:
    """The question that shows the rows of a reason, by `$row_id`; None where they are many and named in the text."""
    if part in EVIDENCE and table in ("component_health", "cost_lines", "mobile_vitals_daily"):
        return EVIDENCE[part]
    spec = TABLES[table].spec if table in TABLES else None
    return f"from {spec.name} where {spec.key[0]} = $row_id order by {spec.time} desc limit 20" if spec else None


def reasons(parts: pl.DataFrame) -> pl.DataFrame:
    """part, lost, text, row_table, row_id: the rows that took points, most first; less than LEAST is left out."""
    told = [
        {"part": part, "lost": one["lost"], "text": one["text"], "row_table": one["table"], "row_id": one["id"]}
        for part, said in parts.select("part", "reasons").iter_rows()
        for one in json.loads(said or "[]")
        if one["lost"] >= LEAST
    ]
    kinds = {"part": pl.String, "lost": pl.Float64, "text": pl.String, "row_table": pl.String, "row_id": pl.String}
    return pl.DataFrame(told, schema=kinds).sort("lost", descending=True)
