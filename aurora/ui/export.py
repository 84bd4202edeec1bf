"""All that a page draws can be taken along: one menu of its tables and charts, and its queries in a fold."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import streamlit as st

from aurora.errors import QueryError
from aurora.settings import ROOT
from aurora.ui import files, tables
from aurora.ui.data import generation, rows
from aurora.ui.drawn import Drawn, Query, collecting
from aurora.ui.frame import MENU_KEY, told
from aurora.ui.sql_link import sql_link
from aurora.ui.words import plural, safe

SHOWN = 1000
EXPLORER = ROOT / "pages" / "explore" / "sql.py"
PARAMETER = re.compile(r"\$(\w+)")
MIME = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "svg": "image/svg+xml",
    "dot": "text/vnd.graphviz",
}
LABELS = {"csv": "CSV", "parquet": "Parquet", "png": "PNG", "svg": "SVG", "dot": "DOT"}


@dataclass(frozen=True)
class Stamp:
    """Of which generation a page's figures are, and when it was published (UTC)."""

    number: int
    at: datetime

    def __str__(self) -> str:
        return f"As of {self.at:%-d %b %Y %H:%M:%S} UTC · generation {self.number} · Aurora"


@contextmanager
def exported() -> Iterator[None]:
    """A page; what it draws inside stands in the menu at the top right."""
    with collecting() as drawn:
        yield
    if drawn:
        with told(), st.container(key="export"):
            _menu(drawn, _stamp())


def _stamp() -> Stamp:
    now = generation()
    return Stamp(now.number, datetime.fromisoformat(now.published_at).replace(tzinfo=None))


@st.fragment
def _menu(drawn: list[Drawn], stamp: Stamp) -> None:
    """Filled once it is open, and by itself: the page is not drawn again."""
    fold = st.popover("Export", icon=":material/download:", type="tertiary", key=MENU_KEY, on_change="rerun")
    fold.caption(f"What this page shows, all rows and columns, times in UTC. {stamp}.")
    if not fold.open:
        return
    with fold:
        for place, one in enumerate(drawn):
            with st.container(gap=None, key=f"take-{place}"):
                icon = "show_chart" if one.chart else "table"
                count = plural(one.frame.height, "row")
                st.markdown(f":material/{icon}: {safe(one.name)} :gray[:small[· {count}]]")
                take(one, stamp, f"export-{place}")


def take(one: Drawn, stamp: Stamp, key: str) -> None:
    """A row of links: each format of a table or chart, made when it is clicked, and its query in the explorer."""
    with st.container(horizontal=True, gap="small"):
        for kind, made in as_files(one, stamp).items():
            st.download_button(
                f":primary[{LABELS[kind]}]", data=made, file_name=file_name(one.name, stamp, kind), mime=MIME[kind],
                key=f"{key}-{kind}", on_click="ignore", type="tertiary",
            )  # fmt: skip
        if one.query and EXPLORER.is_file():
            _explore(one.query, f"{key}-sql")


def _explore(query: Query, key: str) -> None:
    try:
        link = sql_link(with_values(*query))
    except QueryError:
        return
    st.link_button(":primary[:material/terminal: Open in SQL]", link, type="tertiary", key=key)


def as_files(one: Drawn, stamp: Stamp) -> dict[str, Callable[[], bytes]]:
    """Format -> what makes the file: pictures of a chart first, then its rows."""
    about = {
        "aurora.name": one.name,
        "aurora.generation": str(stamp.number),
        "aurora.as_of": f"{stamp.at.isoformat()}Z",
    }
    if one.query:
        about["aurora.sql"] = with_values(*one.query)
    made: dict[str, Callable[[], bytes]] = {}
    chart = one.chart
    if isinstance(chart, str):
        made["dot"] = chart.encode
    elif chart is not None:
        made["png"] = partial(files.png, chart, one.name, str(stamp))
        made["svg"] = partial(files.svg, chart, one.name, str(stamp))
    return made | {"csv": partial(files.csv, one.frame), "parquet": partial(files.parquet, one.frame, about)}


def file_name(name: str, stamp: Stamp, kind: str) -> str:
    """'aurora-open-pull-requests-20261129-2002.csv'."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-")
    return f"aurora-{slug or 'rows'}-{stamp.at:%Y%m%d-%H%M}.{kind}"


def behind(queries: dict[str, Query], key: str) -> None:
    """A fold that shows, once opened, each query with its SQL and its rows, and the ways to take them along."""
    fold = st.expander(
        "Rows and SQL behind this page", icon=":material/table_rows:", key=f"{key}-fold", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        name = st.segmented_control(
            "Rows of", list(queries), default=next(iter(queries)), required=True, key=f"{key}-of",
            label_visibility="collapsed",
        )  # fmt: skip
        query = queries[name or next(iter(queries))]
        frame = rows(query[0], **query[1])
        st.code(with_values(*query), language="sql")
        said = f"Rows of {name or key}"
        tables.draw(frame, frame.head(SHOWN), said, {})
        take(Drawn(said, frame, None, query), _stamp(), f"{key}-rows")


def with_values(sql: str, params: dict[str, Any]) -> str:
    """The SQL with its parameters written out, so that it runs as it stands in any DuckDB client."""
    return PARAMETER.sub(lambda found: _literal(params[found[1]]) if found[1] in params else found[0], sql)


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, int | float | Decimal):
        return str(value).lower()
    text = "'" + str(value).replace("'", "''") + "'"
    if isinstance(value, datetime):
        return f"timestamp {text}"
    return f"date {text}" if hasattr(value, "isoformat") else text
