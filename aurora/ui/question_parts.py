"""What the page of questions says and draws: the list, one question's head, its answer, uses and versions."""

import difflib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.explore.ask import Answer
from aurora.explore.parameters import names
from aurora.explore.questions import chart_of
from aurora.ui import question_answer, tables
from aurora.ui.frame import empty
from aurora.ui.question_acts import end_rule, restore_question
from aurora.ui.words import ago, plural, safe

HEIGHT = 380
USED_AS = {"dashboard": "Dashboard", "alert": "Alert rule", "scorecard": "Scorecard rule", "gate": "Release gate",
           "objective": "Objective"}  # fmt: skip
CROSSED = {"alert": ("warns", "critical"), "gate": ("holds", "halts"), "scorecard": ("fails", "fails")}
PAGES = {"dashboard": ("pages/explore/dashboards.py", "dashboard"), "objective": ("pages/operate/slos.py", "slo")}


def matching(frame: pl.DataFrame, tags: Sequence[str], whose: Sequence[str], text: str, me: str) -> pl.DataFrame:
    """The questions that the filters leave."""
    if tags:
        frame = frame.filter(pl.col("tags").list.eval(pl.element().is_in(list(tags))).list.any())
    if len(whose) == 1:
        frame = frame.filter(pl.col("owner") == me if whose == ["mine"] else pl.col("is_shared"))
    if text:
        tagged = pl.col("tags").list.join(" ")
        found = pl.concat_str(["title", "question_id", "owner", tagged], separator=" ", ignore_nulls=True)
        frame = frame.filter(found.str.to_lowercase().str.contains(text.lower(), literal=True))
    return frame


def table(frame: pl.DataFrame, key: str) -> str | None:
    """The questions; returns the one that was clicked."""
    used = [", ".join(USED_AS[word].lower() for word in (said or "").split(", ") if word) for said in frame["used_as"]]
    shown = frame.select(
        "title", "tags", pl.Series("used_as", used), "owner",
        pl.col("is_shared").replace_strict({True: "shared", False: "private"}).alias("is_shared"),
        pl.col("asked_at").map_elements(ago, return_dtype=pl.String).fill_null("never"),
        pl.col("changed_at").map_elements(ago, return_dtype=pl.String).alias("changed"), "version",
    )  # fmt: skip
    row = tables.clicked(frame, shown, key, f"{plural(frame.height, 'question')}, most used first", _columns(), 16, "")
    return str(row["question_id"]) if row else None


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "title": config.TextColumn("Question", width=300),
        "tags": config.ListColumn("Tags", width=170),
        "used_as": config.TextColumn("Used as", width=210),
        "owner": config.TextColumn("Owner", width=110),
        "is_shared": config.TextColumn("Seen by", width=80),
        "asked_at": config.TextColumn("Last asked", width=95),
        "changed": config.TextColumn("Changed", width=95),
        "version": config.NumberColumn("Version", width=70, format="plain"),
    }


def heading(question: Row) -> None:
    """Title, tags, owner, and when it was changed."""
    st.subheader(safe(question["title"]), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for tag in question["tags"] or []:
            st.badge(safe(tag), color="blue")
        seen = "shared" if question["is_shared"] else "private"
        said = f"{safe(question['owner'])} · {seen} · version {question['version']}, {ago(question['changed_at'])}"
        st.caption(f"{said} by {safe(question['changed_by'])}", width="content")


def answered(question: Row, ask: Callable[[], Answer], key: str) -> None:
    """The answer as chart or figure, with its rows and a file of them; or why there is none."""
    try:
        told = ask()
    except AuroraError as error:
        st.error(f"It has no answer now: {safe(str(error).splitlines()[0])}", icon=":material/error:")
        return
    with st.container(border=True):
        is_chart = bool(chart_of(question)) and told.frame.height
        looks = ["Chart", "Table"]
        look = st.segmented_control("Look", looks, default=looks[0], required=True, key=f"{key}-look",
                                    label_visibility="collapsed") if is_chart else "Table"  # fmt: skip
        if look == "Chart":
            question_answer.draw(question, told, HEIGHT, key)
        elif told.frame.height:
            question_answer.table(told.frame, HEIGHT + 100, question["title"])
        else:
            empty("No rows", "Its SQL found nothing in this range. Choose a longer one.")
    first = "the first " if told.is_capped else ""
    st.caption(f"{first}{plural(told.frame.height, 'row')} in {told.duration_ms:,.0f} ms".capitalize())


def feed(question: Row) -> None:
    """The address at which spreadsheets and BI tools read the question."""
    if not question["is_shared"]:
        empty("A private question has no feed", "Share it, and spreadsheets and BI tools can read it at an address.")
        return
    here = urlsplit(st.context.url or "")
    given = urlencode({name: f"<{name}>" for name in names(question["sql"])}, safe="<>")
    told = f"{here.scheme}://{here.netloc}/questions/{question['question_id']}.csv" + (f"?{given}" if given else "")
    st.code(told, language=None, wrap_lines=True)
    st.caption(
        "For Excel, Power BI, notebooks: all rows, asked anew each time; also as .parquet, .xlsx and .json. Parameters "
        "may be left out. From another machine it takes the token of [answers] in aurora.toml."
    )


def uses(frame: pl.DataFrame) -> None:
    """What uses the question: each with its state and the way to it."""
    if not frame.height:
        empty("Nothing uses it", "Add it to a dashboard, or use it as a rule or an objective, with the buttons above.")
        return
    for row in frame.iter_rows(named=True):
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f"**{USED_AS[row['used_as']]}** {safe(row['used_by'])}", width="stretch")
            _state(row)
            if row["used_as"] in PAGES:
                path, param = PAGES[row["used_as"]]
                st.page_link(
                    path, label="Open", icon=":material/arrow_forward:", query_params={param: row["used_by_id"]}
                )
            elif st.button(
                "Delete the rule", key=f"end-{row['used_by_id']}", icon=":material/delete:", type="tertiary"
            ):
                told(partial(end_rule, row["used_by_id"], row["written_version"]))


def _state(row: Row) -> None:
    words = CROSSED.get(row["used_as"], ("", ""))
    limits = [f"{word} at {row[name]:,.6g}" for name, word in zip(("warn", "critical"), words, strict=True)
              if row[name] is not None]  # fmt: skip
    if row["fault"] and row["asked_status"] == "failed":
        st.badge("failing", icon=":material/error:", color="red", help=safe(row["fault"]))
    elif row["used_as"] == "alert":
        st.badge(f"asked {ago(row['asked_at'])}", color="green" if row["asked_at"] else "gray")
    if limits:
        st.caption(", ".join(limits), width="content")


def versions(frame: pl.DataFrame, question: Row) -> None:
    """The versions, newest first; the SQL of two of them beside each other, and an older one restored."""
    names = {row["number"]: _said(row) for row in frame.iter_rows(named=True)}
    if len(names) < 2:
        st.caption(f"{names[next(iter(names))]}: the only one so far.")
        return
    numbers = list(names)
    left, right = st.columns(2)
    old = left.selectbox("Before", numbers, index=1, format_func=names.__getitem__)
    new = right.selectbox("After", numbers, index=0, format_func=names.__getitem__)
    told_of = {row["number"]: row for row in frame.iter_rows(named=True)}
    changes = list(difference(told_of[old]["sql"], told_of[new]["sql"]))
    if changes:
        st.code("\n".join(changes), language="diff")
    else:
        st.caption("Both have the same SQL.")
    if st.button(f"Restore version {old}", icon=":material/history:", disabled=old == numbers[0]):
        told(lambda: restore_question(question["question_id"], old, question["written_version"]))


def _said(row: Row) -> str:
    retired = ", retired" if row["is_retired"] else ""
    return f"{row['number']} · {row['changed_at']:%d %b %Y %H:%M} by {row['changed_by']}{retired}"


def difference(old: str, new: str) -> list[str]:
    """The lines of both, those that went and came marked by - and +; nothing if they are the same."""
    if old == new:
        return []
    return [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if not line.startswith("? ")]


def gone(frame: pl.DataFrame) -> None:
    """A question that is not there, or was retired: that can be taken back."""
    if not frame.height:
        empty("No such question", "Choose one of all questions.")
        return
    newest = frame.row(0, named=True)
    empty("This question is retired", f"{newest['changed_by']} took it out {ago(newest['changed_at'])}.")
    good = frame.filter(~pl.col("is_retired"))
    if good.height and st.button("Restore it", icon=":material/history:"):
        told(lambda: restore_question(newest["question_id"], good["number"][0], newest["written_version"]))


def told(act: Callable[[], object]) -> None:
    """Do it and draw the page anew; or say why it was not done."""
    try:
        act()
    except AuroraError as error:
        st.error(f"This was not done: {safe(error)}.", icon=":material/error:")
    else:
        st.rerun()
