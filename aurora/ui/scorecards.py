"""The blocks of the Scorecards page: figures, levels, trend, matrix, rules and teams."""

from dataclasses import dataclass
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from aurora.insights.scorecards import LEVELS, Rule, Scorecard
from aurora.settings import ROOT
from aurora.ui import charts, tables
from aurora.ui.graph_parts import linked, name_column
from aurora.ui.plots import plot
from aurora.ui.words import percent, safe

APPLICATION = "pages/estate/application.py"
SUBJECT_WORD = {"app": "application", "team": "team", "domain": "domain"}


@dataclass(frozen=True)
class Step:
    """How a level is said: word, a circle that fills, and the colour of its pill under white text."""

    word: str
    sign: str
    hue: str

    @property
    def pill(self) -> str:
        """'◑ Bronze': sign and word, never colour alone."""
        return f"{self.sign} {self.word}"


STEPS = {
    "none": Step("None", "○", "#78716C"),
    "basic": Step("Basic", "◔", "#0369A1"),
    "bronze": Step("Bronze", "◑", "#92511F"),
    "silver": Step("Silver", "◕", "#56678A"),
    "gold": Step("Gold", "●", "#A16207"),
}
SIGN = {"pass": "✓", "fail": "✕", "not_checked": "?"}
RESULT = {"pass": "✓ Passes", "fail": "✕ Fails", "not_checked": "? Not checked"}
HUE = ["#047857", "#B91C1C", "#6B7280"]


def coming(scorecards: tuple[Scorecard, ...]) -> None:
    """Every rule that will be judged: shown while nothing has been."""
    said = [
        {"scorecard": card.name, "level": [STEPS[rule.level].pill], "rule": rule.title, "to pass": rule.help}
        for card in scorecards
        for rule in card.rules().values()
    ]
    if said:
        st.subheader("What will be judged", anchor=False)
        tables.plain(pl.DataFrame(said), "Rules", 16, level=_pills("Level", _level_pills(), 95), **_texts("rule"))


def figures(levels: pl.DataFrame, trend: pl.DataFrame, initiatives: pl.DataFrame, subject: str) -> None:
    """How many are judged, how much of what is asked they pass, and what is being done."""
    then = trend["passed_pct"][0] if trend.height > 1 else None
    share = 100 * int(levels["passed_count"].sum()) / int(levels["rule_count"].sum())
    held = levels["level"].drop_nulls().len()
    overdue = initiatives["is_overdue"].sum()
    with st.grid(columns=5, min_column_width=150):
        common: dict[str, Any] = {"border": True, "height": "stretch"}
        st.metric(f"{SUBJECT_WORD[subject]}s".capitalize(), f"{levels.height:,}", f"{held} hold a level",
                  delta_color="off", delta_arrow="off", **common)  # fmt: skip
        st.metric(
            "Rules passed", percent(share, 1), f"{share - then:+.1f} pp" if then is not None else None,
            delta_description=f"since {trend['bucket_at'][0]:%d %b}" if then is not None else None,
            help="Passed rules of all rules asked. What is not checked has not passed.", **common,
        )  # fmt: skip
        st.metric("Failing", f"{levels['failed_count'].sum():,}", help="Rules that fail, over all subjects.", **common)
        st.metric(
            "Not checked", f"{levels['not_checked_count'].sum():,}",
            help="Rules that no data can answer yet: neither passed nor failed.", **common,
        )  # fmt: skip
        st.metric("Initiatives", f"{initiatives.height:,}", f"{overdue} overdue", delta_arrow="off",
                  delta_color="inverse" if overdue else "off", **common)  # fmt: skip


def level_bar(levels: pl.DataFrame) -> None:
    """One bar: who holds which level, as counts with signs, and the words below it."""
    counts = {name: (levels["level"].fill_null("none") == name).sum() for name in STEPS}
    parts = "".join(
        f'<span style="flex: {counts[name]} 1 0; min-width: max-content; background: {step.hue}; color: #fff;'
        f' padding: .45rem .5rem; white-space: nowrap"'
        f' title="{step.word}">{counts[name]} {step.sign}</span>'
        for name, step in STEPS.items()
        if counts[name]
    )
    said = " · ".join(f"{step.pill} {counts[name]}" for name, step in STEPS.items())
    st.html(
        f'<div role="img" aria-label="{escape(said)}" style="display: flex; gap: 2px; border-radius: .5rem;'
        f' overflow: hidden; font-weight: 600; font-variant-numeric: tabular-nums">{parts}</div>'
    )
    st.caption(said)


def trend_chart(trend: pl.DataFrame) -> None:
    """The share of passed rules of each level, day by day; a trend takes two of them."""
    if trend.height < 2:
        st.caption("The trend begins with the second day of judging.")
        return
    present: dict[str, str] = {name: STEPS[name].word for name in LEVELS if trend[name].is_not_null().any()}
    chart = charts.lines(trend, present, "% passed", height=210)
    plot(chart, trend, "Share of passed rules per level over 30 days")


def matrix(levels: pl.DataFrame, results: pl.DataFrame, rules: dict[str, Rule], subject: str) -> str | None:
    """Subjects by rules, first those that not everybody passes; returns the subject_id of the cell that was clicked."""
    wide = results.with_columns(
        pl.col("result").replace_strict(SIGN).map_elements(lambda sign: [sign], return_dtype=pl.List(pl.String))
    ).pivot("rule_id", index="subject_id", values="result")
    titles = {rule_id: rule.title for rule_id, rule in rules.items()}
    between = pl.col("next_rule_ids").map_elements(lambda ids: said_rules(ids, titles), return_dtype=pl.String)
    shown = levels.select(
        "subject_id", "name", _pill_of("level"), between.alias("between"), "passed_count", "rule_count", "team_id"
    ).join(wide, on="subject_id", how="left", maintain_order="left")
    missed = set(results.filter(pl.col("result") != "pass")["rule_id"])
    asked = sorted((rule_id for rule_id in rules if rule_id in wide.columns), key=lambda rule_id: rule_id not in missed)
    config = st.column_config
    is_app = subject == "app"
    name = linked(pl.lit("app"), "subject_id") if is_app else pl.col("name")
    column = name_column if is_app else config.TextColumn
    raw = levels.join(results.pivot("rule_id", index="subject_id", values="result"), on="subject_id", how="left")
    selection = tables.draw(
        raw, shown.select(name, "level", "between", *asked), "Subjects with level and the result of each rule",
        {
            "name": column(SUBJECT_WORD[subject].capitalize(), pinned=True, width=190),
            "level": _pills("Level", _level_pills(), 95),
            "between": config.TextColumn("Stands before the next level", width=210),
            **{
                rule_id: _pills(f"{STEPS[rule.level].sign} {rule.title}", list(SIGN.values()), 32 + 7 * len(rule.title),
                                HUE, f"{STEPS[rule.level].word}: {safe(rule.help)}")
                for rule_id, rule in rules.items()
            },
        },
        most=16, key="matrix", choose="single-cell",
    )  # fmt: skip
    opens = " The name opens the application." if is_app else ""
    st.caption(f"✓ passes · ✕ fails · ? not checked. Choose a result to see why, and what to do.{opens}")
    chosen = selection["cells"] if selection else []
    return str(shown["subject_id"][chosen[0][0]]) if chosen and chosen[0][0] < shown.height else None


def said_rules(ids: list[str], titles: dict[str, str]) -> str:
    """'SLO, Budget': the titles of those rules, ids of rules that are no more as they are; '' if there are none."""
    return ", ".join(titles.get(rule_id, rule_id) for rule_id in ids)


def one_subject(level: dict[str, Any], results: pl.DataFrame, rules: dict[str, Rule]) -> None:
    """Why one subject stands where it stands, what fails first, with what to do."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            step, towards = STEPS[level["level"] or "none"], level["next_level"]
            after = f" · next: {STEPS[towards].pill}" if towards else " · nothing left to do"
            st.markdown(f"**{safe(level['name'])}** · {step.pill}{after}", width="content")
            if level["subject_type"] == "app" and (ROOT / APPLICATION).is_file():
                st.page_link(
                    APPLICATION, label="Open the application", icon=":material/arrow_forward:",
                    query_params={"app": level["subject_id"]},
                )  # fmt: skip
        found = results.filter(pl.col("subject_id") == level["subject_id"]).sort("level_rank", "rule_id")
        rank = pl.col("result").replace_strict({"fail": 0, "not_checked": 1, "pass": 2}, return_dtype=pl.Int8)
        shown = found.sort(rank, "level_rank", "rule_id").select(
            pl.col("result").map_elements(lambda word: [RESULT[word]], return_dtype=pl.List(pl.String)),
            _pill_of("level"),
            _of(rules, "title").alias("rule"),
            pl.col("detail").fill_null("").alias("found"),
            _of(rules, "help").alias("to pass"),
        )
        tables.plain(
            shown, "Rules of one subject", 16, result=_pills("Result", list(RESULT.values()), 125, HUE),
            level=_pills("Level", _level_pills(), 95), **_texts("rule"),
        )  # fmt: skip


def rules_table(results: pl.DataFrame, rules: dict[str, Rule]) -> None:
    """Each rule with the share that passes, most failing first within its level."""
    shown = (
        results.group_by("rule_id", "level", "level_rank")
        .agg(
            (100 * (pl.col("result") == "pass").mean()).alias("passed_pct"),
            *((pl.col("result") == word).sum().alias(f"{word}_count") for word in SIGN),
        )
        .sort("level_rank", "passed_pct", "rule_id")
        .select(
            _of(rules, "title").alias("rule"), _pill_of("level"), "passed_pct", "pass_count", "fail_count",
            "not_checked_count", _of(rules, "help").alias("to pass"),
        )
    )  # fmt: skip
    config = st.column_config
    tables.plain(
        shown, "Rules", 18, level=_pills("Level", _level_pills(), 95),
        passed_pct=config.ProgressColumn("Passing", min_value=0, max_value=100, format="%.0f%%", width=120),
        pass_count=config.NumberColumn("✓ Pass", width=70), fail_count=config.NumberColumn("✕ Fail", width=70),
        not_checked_count=config.NumberColumn("? Not checked", width=110), **_texts("rule"),
    )  # fmt: skip


def groups_table(groups: pl.DataFrame) -> None:
    """Per team and domain: how many hold which level, and the share of passed rules."""
    config = st.column_config
    counts: dict[str, Any] = {f"{name}_count": config.NumberColumn(step.pill, width=80) for name, step in STEPS.items()}
    shown = groups.select(
        pl.col("group_type").str.to_titlecase(), pl.col("group_name").fill_null("without one"), "subject_count",
        "passed_pct", *counts, "failed_count", "not_checked_count",
    )  # fmt: skip
    tables.plain(
        shown, "Levels per team and domain", 14, group_type=config.TextColumn("Of", width=80),
        group_name=config.TextColumn("Team or domain", pinned=True, width=170),
        subject_count=config.NumberColumn("Applications", width=100),
        passed_pct=config.ProgressColumn("Rules passed", min_value=0, max_value=100, format="%.0f%%", width=130),
        failed_count=config.NumberColumn("✕ Fails", width=75),
        not_checked_count=config.NumberColumn("? Not checked", width=110), **counts,
    )  # fmt: skip


def _of(rules: dict[str, Rule], field: str) -> pl.Expr:
    said = {rule_id: str(getattr(rule, field)) for rule_id, rule in rules.items()}
    # A rule that is no longer in the file is shown by its id, without advice.
    return pl.col("rule_id").replace_strict(said, default=pl.col("rule_id") if field == "title" else "")


def _pill_of(column: str) -> pl.Expr:
    words = pl.col(column).fill_null("none")
    return words.map_elements(lambda word: [STEPS[word].pill], return_dtype=pl.List(pl.String)).alias(column)


def _level_pills() -> list[str]:
    return [step.pill for step in STEPS.values()]


def _pills(label: str, options: list[str], width: int, hues: list[str] | None = None, hint: str | None = None) -> Any:
    color = hues or [step.hue for step in STEPS.values()]
    return st.column_config.MultiselectColumn(label, options=options, color=color, width=width, help=hint)


def _texts(pinned: str) -> dict[str, Any]:
    config = st.column_config
    return {
        pinned: config.TextColumn("Rule", pinned=True, width=150),
        "found": config.TextColumn("What was found", width=260),
        "to pass": config.TextColumn("To pass", width="large"),
    }
