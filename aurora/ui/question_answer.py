"""A question's answer as it is drawn: chart, figure or table; and the fields for its parameters."""

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.explore.ask import Answer
from aurora.explore.charts import currencies_of, drawn, is_number
from aurora.explore.parameters import names
from aurora.explore.questions import chart_of as chart_of
from aurora.explore.questions import initial
from aurora.ui.columns import dressed
from aurora.ui.data import rows
from aurora.ui.headings import heading
from aurora.ui.tables import ROW
from aurora.ui.words import NOTHING, money, number, percent, plural, safe, span

APPS = "select app_id from applications_now where coalesce(lifecycle, 'active') <> 'retired' order by app_id"
UNITS = {"_pct": "%", "_ms": "ms", "_bytes": "bytes", "_days": "days", "_hours": "h", "_min": "min", "_s": "s"}
OF_PAGE = ("since", "until", "app")


def draw(question: Row, answer: Answer, height: int, key: str) -> None:
    """The answer as the question says, else as a table, within a height."""
    chart, frame = chart_of(question), answer.frame
    picture = drawn(frame, chart, height, on_axis)
    if chart.get("kind") == "number" and figures(frame, chart, question["title"]):
        return
    if picture is not None:
        st.altair_chart(picture, alt=question["title"], key=f"{key}-chart")
    elif frame.height:
        table(frame, height, question["title"])
    else:
        st.caption(":material/inbox: No rows: nothing of this kind in this range.")
    if answer.is_capped:
        st.caption(f"The first {plural(frame.height, 'row')}; there are more.")


def table(frame: pl.DataFrame, height: int, name: str) -> None:
    """The rows, in words and units as everywhere."""
    shown, config = dressed(frame, {})
    st.dataframe(
        shown, hide_index=True, row_height=ROW, placeholder="n/a", alt=name, column_config=config,
        height=min(height, frame.height * ROW + 40),
    )  # fmt: skip


def figures(frame: pl.DataFrame, chart: dict[str, Any], label: str) -> bool:
    """The newest value as a figure, the earlier ones as its trend; False if the answer has no such number."""
    name = next((y for y in chart.get("y") or [] if isinstance(y, str) and is_number(frame, y)), None)
    if name is None:
        return False
    values = frame[name].cast(pl.Float64)
    trend = values.drop_nulls().to_list() if values.len() > 2 else None
    value = values[-1] if values.len() else None
    currencies = currencies_of(frame, name)
    exact = frame[name][-1] if values.len() else None
    is_one_money = len(currencies) == 1 and isinstance(exact, Decimal)
    told = money(exact, currencies[0]) if is_one_money else said(name, value)
    st.metric(safe(label), told, label_visibility="collapsed", chart_data=trend, chart_type="area",
              height="stretch")  # fmt: skip
    return True


def on_axis(name: str) -> str:
    """What a column is called on an axis, with its unit."""
    unit = next((said for ending, said in UNITS.items() if name.endswith(ending)), None)
    return f"{heading(name)}, {unit}" if unit else heading(name)


def said(name: str, value: float | None) -> str:
    """A figure in the unit that its column's name ends with; null is n/a."""
    if value is None:
        return NOTHING
    if name.endswith("_pct"):
        return percent(value)
    if name.endswith("_ratio"):
        return percent(100 * value, 1)
    if name.endswith("_s"):
        return span(value)
    word = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")
    return number(value, word, 0 if value == int(value) or abs(value) >= 1000 else 2)


def asked_for(question: Row, key: str) -> dict[str, Any]:
    """A field for each parameter that no range control answers; their values, None for an empty one."""
    first, values = initial(question), dict[str, Any]()
    for name in names(question["sql"]):
        if name == "app":
            values[name] = app_field(f"{key}-app", first.get("app"))
        elif name not in OF_PAGE:
            values[name] = _field(name, first.get(name), f"{key}-{name}")
    return values


def app_field(key: str, first: Any = None) -> str | None:
    """The choice of an application, none meaning every one."""
    apps = [str(app) for app in rows(APPS)["app_id"]]
    place = apps.index(first) if first in apps else None
    chosen = st.selectbox("Application", apps, index=place, placeholder="Every application", key=key, width=230,
                          label_visibility="collapsed")  # fmt: skip
    return str(chosen) if chosen else None


def _field(name: str, first: Any, key: str) -> Any:
    label = heading(name)
    if isinstance(first, bool):
        return st.toggle(label, value=first, key=key)
    if isinstance(first, int | float):
        return st.number_input(label, value=first, key=key, width=150)
    return st.text_input(label, value="" if first is None else str(first), key=key, width=190) or None
