"""Every figure leads to its rows: the SQL behind it, the rows, and both to take along."""

from typing import Any

import polars as pl
import streamlit as st

from aurora.ui.data import rows, utc_now
from warehouse.text import as_csv

SHOWN = 1000


def behind(queries: dict[str, tuple[str, dict[str, Any]]], key: str) -> None:
    """A fold that shows, once opened, each query with its SQL, its rows and a CSV of them."""
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
        sql, params = queries[name or next(iter(queries))]
        frame = rows(sql, **params)
        st.code(with_values(sql, params), language="sql")
        st.dataframe(frame.head(SHOWN), hide_index=True, height=320, alt=f"Rows of {name}")
        download(frame, name or key, f"{key}-rows-csv")


def download(frame: pl.DataFrame, name: str, key: str) -> None:
    """A CSV of the frame, instants in ISO 8601 UTC."""
    st.download_button(
        "Export CSV",
        data=lambda: as_csv(frame, for_spreadsheets=True),
        file_name=f"aurora-{name.lower().replace(' ', '-')}-{utc_now():%Y%m%d-%H%M}.csv",
        mime="text/csv",
        key=key,
        on_click="ignore",
        icon=":material/download:",
    )


def with_values(sql: str, params: dict[str, Any]) -> str:
    """The SQL with its parameters written out, so that it runs as it stands in any DuckDB client."""
    for name in sorted(params, key=len, reverse=True):
        value = params[name]
        text = str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
        text = f"timestamp {text}" if hasattr(value, "isoformat") else text
        sql = sql.replace(f"${name}", text)
    return sql
