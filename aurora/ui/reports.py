"""Parts of the Reports page: the choice, its printed pages, files to take, runs, and what is sent when."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.reports.make import MIME, Wanted, make
from aurora.reports.month import Month, last_full, month_of
from aurora.reports.pdf import pages
from aurora.reports.report import build, folder_of, load_reports
from aurora.reports.schedule import next_at
from aurora.settings import Settings
from aurora.ui import tables
from aurora.ui.data import lake, settings, utc_now
from aurora.ui.frame import empty
from aurora.ui.words import ago, safe
from warehouse.record import make_visible

MONTHS, DRAWN_S = 13, 600
TO_WORD = {"folder": "Folder of reports"}
STATE = {"ok": "✓ Made", "failed": "✕ Failed"}


def months(now: datetime) -> list[str]:
    """The months to choose from, the last full one first, and the running one last."""
    full = [last_full(now)]
    while len(full) < MONTHS:
        full.append(full[-1].before)
    return [*map(str, full), str(full[0].after)]


def choice() -> tuple[str, Month]:
    """Report and month; ?report= and ?month= in the URL."""
    names = [name.capitalize() for name in load_reports()]
    name = st.segmented_control("Report", names, default=names[0], required=True, key="report", bind="query-params")
    month = st.selectbox("Month", months(utc_now()), key="month", bind="query-params", width=120)
    return (name or names[0]).lower(), month_of(month)


def preview(name: str, month: Month) -> None:
    """The pages once they are asked for, else the way to ask for them."""
    asked = f"{name} {month}"
    if st.session_state.get("reports-shown") != asked:
        place = st.empty()
        with place.container(border=True, horizontal_alignment="center"):
            st.markdown(f":material/description: **{load_reports()[name].title}, {month.title}**", width="content")
            st.caption(load_reports()[name].about, width="content")
            if not st.button("Show its pages", icon=":material/visibility:", key="reports-show"):
                return
        place.empty()
        st.session_state["reports-shown"] = asked
    shown = _pages(str(settings().published), name, str(month))
    st.caption(f"{len(shown)} {'page' if len(shown) == 1 else 'pages'}, as they will be printed")
    with st.container(height=1000, border=True, key="reports-pages"):
        for number, page in enumerate(shown, 1):
            st.image(page, caption=f"Page {number} of {len(shown)}", width="stretch")


@st.cache_data(ttl=DRAWN_S, max_entries=12, show_spinner="The pages are drawn")
def _pages(folder: str, name: str, month: str) -> list[bytes]:
    """The pages as pictures, kept for a while: new data come each minute, and a month hardly changes."""
    return pages(build(name, settings(), month_of(month)))


def take(name: str, month: Month) -> None:
    """Both files to download; each is made, kept and recorded when it is asked for."""
    for format, icon in (("pdf", "picture_as_pdf"), ("html", "html")):
        st.download_button(
            f"Download {format.upper()}", data=_made(settings(), Wanted(name, month, format)),
            file_name=f"{name}-{month}.{format}", mime=MIME[format], icon=f":material/{icon}:", on_click="ignore",
            key=f"report-{format}", type="primary" if format == "pdf" else "secondary",
        )  # fmt: skip


def _made(mine: Settings, wanted: Wanted) -> Any:
    shared = lake()

    def made_now() -> bytes:
        content = make(mine, shared, wanted).content
        make_visible(mine.data, shared)
        return content

    return made_now


def there_are(runs: pl.DataFrame) -> None:
    """Every report: what it is for, when it was made last and when it is sent next."""
    newest = {row["report"]: row for row in runs.sort("started_at").iter_rows(named=True)}
    schedules = settings().report.schedule
    rows = [
        {
            "name": report.title, "about": report.about,
            "made": ago(newest[name]["started_at"]) if name in newest else "never",
            "next": _next([next_at(one, utc_now()) for one in schedules if one.report == name]),
        }
        for name, report in load_reports().items()
    ]  # fmt: skip
    config = st.column_config
    tables.plain(
        pl.DataFrame(rows), "Reports",
        name=config.TextColumn("Report", width=160), about=config.TextColumn("What it says", width=520),
        made=config.TextColumn("Made", width=100), next=config.TextColumn("Sent next (UTC)", width=130),
    )  # fmt: skip


def _next(instants: list[datetime]) -> str:
    return f"{min(instants):%d %b %H:%M}" if instants else "not planned"


def schedule() -> None:
    """What aurora.toml says of sending, in words."""
    rows = [
        {
            "report": one.report.capitalize(), "format": one.format.upper(),
            "turn": f"day {one.day} of each month, {one.time} UTC", "next": f"{next_at(one, utc_now()):%d %b %Y %H:%M}",
            "to": ", ".join(TO_WORD.get(to, f"E-mail of {to.removeprefix('env:')}") for to in one.to),
        }
        for one in settings().report.schedule
    ]  # fmt: skip
    if not rows:
        st.caption("Nothing is sent by itself: write [[report.schedule]] in aurora.toml; its template shows how.")
        return
    config = st.column_config
    tables.plain(
        pl.DataFrame(rows), "Schedules", report=config.TextColumn("Report"), format=config.TextColumn("As", width=70),
        turn=config.TextColumn("When", width=220), next=config.TextColumn("Next (UTC)", width=140),
        to=config.TextColumn("To", width=260),
    )  # fmt: skip


def failed(runs: pl.DataFrame) -> None:
    """The newest run of each report that failed, and what to do."""
    newest = runs.sort("started_at").group_by("report", maintain_order=True).last()
    for row in newest.filter(pl.col("status") == "failed").iter_rows(named=True):
        st.warning(
            f"{row['report'].capitalize()}, {ago(row['started_at'])}: {safe(row['error'])}. "
            "Mend that and make it again here; a schedule tries again within the hour.",
            icon=":material/error:",
        )


def made(runs: pl.DataFrame) -> None:
    """Runs, newest first; the file of the chosen one to take, where it is still there."""
    if not runs.height:
        empty("No report was made yet", "Download one above, or let aurora.toml send one: [[report.schedule]].")
        return
    told = [_told(row) for row in runs.iter_rows(named=True)]
    config = st.column_config
    columns = {
        "started_at": config.DatetimeColumn("Made (UTC)", format="D MMM YYYY HH:mm"),
        "report": config.TextColumn("Report"), "month": config.TextColumn("Month", width=80),
        "format": config.TextColumn("As", width=60), "state": config.TextColumn("State", width=90),
        "size": config.NumberColumn("Size", format="bytes", width=90), "by": config.TextColumn("For", width=170),
        "error": config.TextColumn("What is wrong", width="large"),
    }  # fmt: skip
    row = tables.clicked(runs, pl.DataFrame(told), "report-runs", "Reports that were made", columns, placeholder="")
    if row and (file := _file(row)):
        st.download_button(f"Download {file.name}", data=file.read_bytes, file_name=file.name, key="report-made",
                           mime=MIME.get(file.suffix[1:]), icon=":material/download:", on_click="ignore")  # fmt: skip
    elif row:
        st.caption("Its file is not kept here: it was written elsewhere, or failed. Make it again above.")


def _told(row: Row) -> Row:
    said = json.loads(row["parameters"] or "{}")
    target = said.get("period", "").rpartition("/")[2]
    return {
        "started_at": row["started_at"], "report": row["report"].capitalize(), "month": said.get("month"),
        "format": str(said.get("format", "")).upper(), "state": STATE[row["status"]], "size": row["size_bytes"],
        "by": TO_WORD.get(target, f"E-mail of {target.removeprefix('env:')}") if target else "A person",
        "error": row["error"] or "",
    }  # fmt: skip


def _file(row: Row) -> Path | None:
    """The file of a run, if it lies in the folder of reports: a path in a row is no key to other files."""
    path = Path(row["path"]).resolve() if row["path"] else None
    if path is None or not path.is_relative_to(folder_of(settings()).resolve()) or not path.is_file():
        return None
    return path
