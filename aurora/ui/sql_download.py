"""All rows of a result as a file: the question is asked again without a cap, its answer goes by the disk."""

import re
import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from aurora.explore.offers import ADDRESS, FORMATS, Format, Offer, offers
from aurora.explore.parameters import bound
from aurora.ui.data import settings
from aurora.ui.session import actor
from aurora.ui.sql_runs import Run

WORDS: dict[Format, str] = {"csv": "CSV", "parquet": "Parquet", "xlsx": "Excel", "json": "JSON"}


def downloads(run: Run) -> None:
    """The menu of files in which all rows of a result can be had."""
    name = re.sub(r"[^a-z0-9]+", "-", run.title.lower()).strip("-") or "rows"
    offer = Offer(run.sql, run.values, name, actor())
    with st.popover("Download", icon=":material/download:", key=f"sql-download-{run.number}"):
        st.caption("All rows, asked anew")
        if not offers.is_served:
            _without_gateway(run, offer)
            return
        run.token = run.token or offers.add(offer)
        for kind in FORMATS:
            st.link_button(
                WORDS[kind], f"{ADDRESS}/{run.token}.{kind}", width="stretch", key=f"sql-{kind}-{run.number}"
            )


def _without_gateway(run: Run, offer: Offer) -> None:
    """Where only Streamlit serves, its own button sends the file, out of memory."""
    for kind in FORMATS:
        st.download_button(
            WORDS[kind], data=partial(_content, offer, kind), file_name=f"aurora-{offer.name}.{kind}",
            on_click="ignore", width="stretch", key=f"sql-{kind}-{run.number}",
        )  # fmt: skip


def _content(offer: Offer, kind: Format) -> bytes:
    from aurora.explore.ask import save

    sql, params = bound(offer.sql, offer.values)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows.{kind}"
        save(settings().published, sql, params, path, kind, actor=offer.actor)
        return path.read_bytes()
