"""One vocabulary for all tables: how the values of a column are shown, in which unit, and where it stands."""

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import TABLES
from aurora.contracts.columns import words_of
from aurora.ui import words
from aurora.ui.headings import MEASURES, SPREAD, WINDOW, heading

UNITS = {
    "_pct": "%.1f%%", "_ms": "%.0f ms", "_ratio": "%.1f%%", "_bytes": "bytes", "_per_minute": "%.1f /min",
    "_count": "localized", "_cores": "%.2f cores", "_hours": "%.1f h", "_days": "%.0f days", "_min": "%.0f min",
}  # fmt: skip
WITHOUT_THOUSANDS = {"tier", "line", "version", "http_status", "level_rank", "status_rank", "hops"}
PILLS = {
    "status", "severity", "security_status", "license_status", "state", "state_told", "decided_state", "to_state",
    "from_state", "result",
}  # fmt: skip
CLOSED = {name for table in TABLES.values() for name, column in table.columns().items() if words_of(column)}
CLOSED |= {"direction", "environment", "origin", "rule", "node_type", "worst_part", "group_type", "decided_state"}
CLOSED |= {"crossing_vital"}
OF_FIELDS = {"field", "missing"}
# Ids that people chose and know by heart.
READABLE = {"app_id", "suggested_app_id", "team_id", "rule_id", "entity_id"}
NAMES = ("name", "title", "full_name")
LONG_S = ((172800, 3600, "%.1f h"), (7200, 60, "%.0f min"), (10, 1, "%.0f s"))


def dressed(frame: pl.DataFrame, given: dict[str, Any]) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The frame as people read it, and Streamlit's column settings; columns of `given` keep their own settings.

    Rows keep their order, so that a place in the answer is a place in `frame`.
    """
    currency = _only_currency(frame)
    config: dict[str, Any] = {}
    series = {}
    for name in frame.columns:
        series[name], config[name] = _column(frame[name], f" ({currency})" if currency else "", name in given)
    config |= dict.fromkeys(_left_out(frame, bool(currency)))
    return pl.DataFrame([series[name] for name in _order(frame)]), config | given


def _only_currency(frame: pl.DataFrame) -> str | None:
    if "currency" not in frame.columns or not any(map(_is_money, frame.iter_columns())):
        return None
    found = frame["currency"].unique().to_list()
    return str(found[0]) if len(found) == 1 and found[0] else None


def _is_money(series: pl.Series) -> bool:
    name = series.name
    if "Quantity" in name:
        return False
    return isinstance(series.dtype, pl.Decimal) or (
        series.dtype.is_numeric() and (name == "cost" or name.endswith(("_cost", "_amount")))
    )


def _column(series: pl.Series, currency: str, is_given: bool) -> tuple[pl.Series, Any]:
    """The values as shown and the settings of one column; what the caller set himself is only put in words."""
    if is_given and not isinstance(series.dtype, pl.String):
        return series, None
    kinds: tuple[tuple[bool, Callable[[pl.Series], tuple[pl.Series, Any]]], ...] = (
        (isinstance(series.dtype, pl.String | pl.Null), lambda one: _text(one, is_given)),
        (isinstance(series.dtype, pl.Boolean), _flag),
        (isinstance(series.dtype, pl.Datetime), _instant),
        (isinstance(series.dtype, pl.Date), _day),
        (isinstance(series.dtype, pl.List) and series.name in OF_FIELDS, _fields),
        (_is_money(series), lambda one: _money(one, currency)),
        (series.dtype.is_numeric(), _number),
    )
    for fits, draw in kinds:
        if fits:
            return draw(series)
    return series, st.column_config.Column(heading(series.name))


def _text(series: pl.Series, is_given: bool) -> tuple[pl.Series, Any]:
    name, label = series.name, heading(series.name)
    series = series.cast(pl.String)
    if name in PILLS and not is_given:
        return _pills(series)
    if name in OF_FIELDS:
        return series.replace({one: heading(one) for one in series.unique().drop_nulls()}), st.column_config.TextColumn(
            label
        )
    if name in CLOSED:
        known = {word: words.spoken(word) for word in series.unique().drop_nulls() if word in words.KNOWN}
        return series.replace(known), st.column_config.TextColumn(label)
    if name == "sha" or name.endswith("_sha"):
        return series.str.head(7), st.column_config.TextColumn(label, width=80)
    # Only addresses of the web become links; else the text stands as it is.
    if (name == "url" or name.endswith("_url")) and series.drop_nulls().str.contains(r"^https?://").all():
        return series, st.column_config.LinkColumn(label, display_text="Open", width=70)
    return series, st.column_config.TextColumn(label)


def _pills(series: pl.Series) -> tuple[pl.Series, Any]:
    marks = {word: words.marked(word) for word in series.unique().drop_nulls().sort()}
    hues = dict(marks.values())
    shown = pl.Series(series.name, [None if one is None else [marks[one][0]] for one in series], pl.List(pl.String))
    config = st.column_config.MultiselectColumn(
        heading(series.name), options=list(hues), color=list(hues.values()) or None, width=125
    )
    return shown, config


def _flag(series: pl.Series) -> tuple[pl.Series, Any]:
    """✓ for true, nothing for false, ? where it is not known."""
    said = pl.Series(series.name, [{True: "✓", False: ""}.get(one, "?") for one in series], pl.String)
    return said, st.column_config.TextColumn(heading(series.name), width=90)


def _instant(series: pl.Series) -> tuple[pl.Series, Any]:
    label = heading(series.name)
    label = label if label.endswith("(UTC)") else f"{label} (UTC)"
    return series, st.column_config.DatetimeColumn(label, format="D MMM HH:mm:ss")


def _day(series: pl.Series) -> tuple[pl.Series, Any]:
    form = "MMM YYYY" if "month" in series.name else "D MMM YYYY"
    return series, st.column_config.DateColumn(heading(series.name), format=form)


def _fields(series: pl.Series) -> tuple[pl.Series, Any]:
    said = [None if one is None else [heading(str(word)) for word in one] for one in series]
    return pl.Series(series.name, said, pl.List(pl.String)), st.column_config.ListColumn(heading(series.name))


def _money(series: pl.Series, currency: str) -> tuple[pl.Series, Any]:
    label = f"{heading(series.name)}{currency}"
    return series.cast(pl.Float64).round(2), st.column_config.NumberColumn(label, format="accounting")


def _number(series: pl.Series) -> tuple[pl.Series, Any]:
    name, label = series.name, heading(series.name)
    if name.endswith("_s") or name == "seconds":
        size, form = _long(series)
        return series / size, st.column_config.NumberColumn(label, format=form)
    if "uptime" in name and name.endswith("_pct"):
        # Cut, not rounded: 99.996 % of a month is not all of it.
        return ((series * 100).floor() / 100).round(2), st.column_config.NumberColumn(label, format="%.2f%%")
    form = _format(name, series.dtype)
    return series * 100 if name.endswith("_ratio") else series, st.column_config.NumberColumn(label, format=form)


def _long(series: pl.Series) -> tuple[int, str]:
    """By how much to divide seconds, and how to say them, so that the longest is readable."""
    most = float(series.cast(pl.Float64).max() or 0)  # type: ignore[arg-type]
    return next(((size, form) for limit, size, form in LONG_S if most >= limit), (1, "%.1f s"))


def _format(name: str, kind: pl.DataType) -> str:
    bare = WINDOW.sub("", name)
    if spread := SPREAD.search(bare):
        bare = bare.removesuffix(spread[0]) if bare.startswith(MEASURES) else bare
    for suffix, form in UNITS.items():
        if bare.endswith(suffix):
            return form
    if kind.is_integer():
        return "plain" if name in WITHOUT_THOUSANDS else "localized"
    return "%.1f h" if name == "hours" else "%.1f" if name.endswith("score") else "%.2f"


def _left_out(frame: pl.DataFrame, currency_is_said: bool) -> list[str]:
    """Columns that say nothing to a reader: ids beside their names, the lake's own columns, bytes."""
    columns = frame.columns
    out = ["currency"] if currency_is_said else []
    for name, after in zip(columns, [*columns[1:], ""], strict=True):
        stem = name.removesuffix("_id")
        has_name = f"{stem}_name" in columns or stem in columns or (after in NAMES and name in {"app_id", "repo_id"})
        if stem != name and has_name:
            out.append(name)
        if name in ("part_day", "part_month") or isinstance(frame.schema[name], pl.Binary):
            out.append(name)
    return out


def _order(frame: pl.DataFrame) -> list[str]:
    """The columns as they stand; ids behind the rest where a name says what a row is."""
    columns = frame.columns
    if not set(NAMES) & set(columns):
        return columns
    late = [name for name in columns if name.endswith(("_id", "_ids")) and name not in READABLE]
    return [name for name in columns if name not in late] + late
