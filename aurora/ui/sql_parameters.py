"""The fields of a question's parameters: `:since` asks for a day, `:app` for an application, others for text."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from aurora.explore.parameters import names
from aurora.ui.data import rows, utc_now

PREFIX = "sql-value-"
A_WEEK = timedelta(days=7)
A_DAY = timedelta(days=1)
CHOICES = {
    "app": "select app_id as one from applications_now order by one",
    "component": "select component_id as one from component_status order by requests_per_minute desc nulls last, one",
    "team": "select distinct team_id as one from applications_now where team_id is not null order by one",
}
DAYS = re.compile(r"(^|_)(since|until|from|to|at|on|day|date)$")
NUMBERS = re.compile(r"(^|_)(days|minutes|hours|limit|count|s|n|ms|pct|top|number)$")
FIRST_NUMBERS = {"days": 30, "minutes": 15, "hours": 24, "bucket_s": 3600, "step_s": 3600, "limit": 100, "top": 10}


def asked_for(sql: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a field for each parameter of the SQL, begun with `given` (text as an address holds it); their values.

    Days are instants at their start, `until` and `to` at their end, UTC. An empty field is null.
    """
    wanted = names(sql)
    if not wanted:
        return {}
    values: dict[str, Any] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="sql-parameters"):
        for name in wanted:
            values[name] = _field(name, given.get(name))
    return values


def forget() -> None:
    """Let the fields begin anew with what is given."""
    for key in [key for key in st.session_state if str(key).startswith(PREFIX)]:
        del st.session_state[key]


def _field(name: str, given: Any) -> Any:
    key = PREFIX + name
    if choices := CHOICES.get(name.removesuffix("_id")):
        return _choice(name, key, choices, given)
    if DAYS.search(name):
        return _instant(name, key, given)
    if NUMBERS.search(name):
        return st.number_input(f":{name}", value=_number(name, given), step=1, key=key, width=130)
    if name.startswith(("with_", "is_", "has_")):
        return st.toggle(f":{name}", value=str(given).lower() != "false", key=key)
    said = st.text_input(f":{name}", value="" if given is None else str(given), key=key, width=170,
                         help=f"Taken as text: write `:{name}::int` in the SQL for a number.")  # fmt: skip
    return said or None


def _choice(name: str, key: str, sql: str, given: Any) -> str | None:
    options = [str(one) for one in rows(sql)["one"]]
    place = options.index(str(given)) if str(given) in options else 0
    chosen = st.selectbox(f":{name}", options, index=place if options else None, key=key, width=210, placeholder="null")
    return chosen and str(chosen)


def _instant(name: str, key: str, given: Any) -> datetime | None:
    """The start of the chosen day, for `until` and `to` the start of the next: the day itself is asked for as well."""
    is_end = name.endswith(("until", "to"))
    first = _day(given) or (utc_now() - (timedelta(0) if is_end else A_WEEK)).date()
    day = st.date_input(f":{name} (UTC)", value=first, key=key, width=150, format="YYYY-MM-DD")
    if not isinstance(day, date):
        return None
    return datetime.combine(day, time()) + (A_DAY if is_end else timedelta(0))


def _day(given: Any) -> date | None:
    try:
        return date.fromisoformat(str(given)[:10])
    except ValueError:
        return None


def _number(name: str, given: Any) -> int:
    try:
        return int(str(given))
    except ValueError:
        return FIRST_NUMBERS.get(name, 10)


def as_told(values: Mapping[str, Any]) -> dict[str, str]:
    """The values as an address holds them: an end of a day as the day itself."""
    told = {}
    for name, value in values.items():
        if isinstance(value, datetime):
            told[name] = (value - A_DAY if name.endswith(("until", "to")) else value).date().isoformat()
        elif value is not None:
            told[name] = str(value)
    return told
