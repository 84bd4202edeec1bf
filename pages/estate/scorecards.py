"""Scorecards: who meets which standard, what stands between them and the next level, and what is being done.

icon: workspace_premium
order: 33
"""

from datetime import timedelta

import polars as pl
import streamlit as st

from aurora.insights.scorecard_rules import with_rules
from aurora.insights.scorecards import Scorecard, load_scorecards
from aurora.ui import initiatives, named
from aurora.ui import scorecards as blocks
from aurora.ui.data import rows, settings, utc_now
from aurora.ui.export import behind, download
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.words import plural, safe

APPLICATIONS = "select app_id, source_instance from applications_now"
RULES = "from rules_now where purpose = 'scorecard' and is_enabled order by rule_id"
LEVELS = "from scorecard_levels where scorecard = $scorecard order by coalesce(level_rank, 0), failed_count desc, name"
RESULTS = "from scorecard_results_now where scorecard = $scorecard order by rule_id, subject_id"
GROUPS = "from scorecard_groups where scorecard = $scorecard order by group_type desc, passed_pct, group_id nulls last"
TREND = """
    select day::timestamp as bucket_at, 100.0 * sum(passed_count) / sum(subject_count) as passed_pct,
           100.0 * sum(passed_count) filter (where level = 'basic')
             / sum(subject_count) filter (where level = 'basic') as basic,
           100.0 * sum(passed_count) filter (where level = 'bronze')
             / sum(subject_count) filter (where level = 'bronze') as bronze,
           100.0 * sum(passed_count) filter (where level = 'silver')
             / sum(subject_count) filter (where level = 'silver') as silver,
           100.0 * sum(passed_count) filter (where level = 'gold')
             / sum(subject_count) filter (where level = 'gold') as gold
    from scorecard_history(days := 30) where scorecard = $scorecard group by day order by day"""
INITIATIVES = """
    from initiatives_now where is_open and scorecard = $scorecard
    order by is_overdue desc, due_on nulls last, title"""


def matching(levels: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """The subjects that the filters leave: level, team and failing rule, kept in the URL."""
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        held = named.several("Level", {name: step.word for name, step in blocks.STEPS.items()}, "level")
        teams = st.multiselect(
            "Team", levels["team_id"].drop_nulls().unique().sort().to_list(), key="team", bind="query-params",
            placeholder="All teams", label_visibility="collapsed", width=220,
        )  # fmt: skip
        failing = named.one_or_none("Failing rule", {rule.id: rule.title for rule in card.rule}, "failing")
    if held:
        levels = levels.filter(pl.col("level").fill_null("none").is_in(held))
    if teams:
        levels = levels.filter(pl.col("team_id").is_in(teams))
    if failing:
        levels = levels.filter(pl.col("failed_rule_ids").list.contains(f"{card.id}/{failing}"))
    return levels


def judged(day: object) -> None:
    """When the results are of; a warning if nothing has judged since the day before yesterday."""
    if isinstance(day, type(utc_now().date())) and day < utc_now().date() - timedelta(days=1):
        st.badge(f"judged last on {day:%d %b %Y}", icon=":material/warning:", color="orange")
    else:
        st.caption(f":material/gavel: Judged on {day:%d %b %Y}, UTC")


def top(card: Scorecard, levels: pl.DataFrame) -> None:
    """Figures, level bar, trend, and what is being done."""
    trend, started = rows(TREND, scorecard=card.id), rows(INITIATIVES, scorecard=card.id)
    blocks.figures(levels, trend, started, card.subject)
    left, right = st.columns([2, 1], gap="medium")
    with left.container(border=True, height="stretch"):
        st.subheader("Levels held", anchor=False)
        blocks.level_bar(levels)
        st.subheader("Rules passed, last 30 days", anchor=False)
        blocks.trend_chart(trend)
    with right.container(border=True, height="stretch"):
        initiatives.listed(started, card.rules())


def parts(card: Scorecard, levels: pl.DataFrame) -> None:
    """The tables: subjects by rules, rules, teams and domains."""
    results = rows(RESULTS, scorecard=card.id)
    names = ["Subjects", "Rules", *(["Teams"] if card.subject == "app" else [])]
    tabs = dict(zip(names, st.tabs(names, key="part", on_change="rerun", bind="query-params"), strict=True))
    if tabs["Subjects"].open:
        with tabs["Subjects"]:
            shown = matching(levels, card)
            if shown.height:
                chosen = blocks.matrix(shown, results, card.rules(), card.subject)
                for level in shown.filter(shown["subject_id"] == (chosen or "")).iter_rows(named=True):
                    blocks.one_subject(level, results, card.rules())
            else:
                empty("No subject matches", "Clear the level, team or rule filter above.")
    if tabs["Rules"].open:
        with tabs["Rules"]:
            blocks.rules_table(results, card.rules())
    if "Teams" in tabs and tabs["Teams"].open:
        with tabs["Teams"]:
            blocks.groups_table(rows(GROUPS, scorecard=card.id))


with page("Scorecards"):
    cards = with_rules(load_scorecards(settings().reference("scorecards.toml")), rows(RULES).to_dicts())
    applications = rows(APPLICATIONS)
    if not cards:
        empty("No scorecard is written", "Write one in scorecards.toml beside aurora.toml: see docs/scorecards.md.")
        st.stop()
    chosen = named.one("Scorecard", {card.id: card.name for card in cards}, "scorecard")
    card = next(card for card in cards if card.id == chosen)
    levels = rows(LEVELS, scorecard=card.id)
    st.caption(f"{safe(card.description)}.")
    if levels.height:
        top(card, levels)
        parts(card, levels)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            freshness()
            judged(levels["day"][0])
            demo_badge(levels)
            download(levels.drop("next_rule_ids", "failed_rule_ids"), card.name, "levels-csv")
        behind(
            {
                "Levels": (LEVELS, {"scorecard": card.id}),
                "Results": (RESULTS, {"scorecard": card.id}),
                "Trend": (TREND, {"scorecard": card.id}),
                "Teams": (GROUPS, {"scorecard": card.id}),
                "Initiatives": (INITIATIVES, {"scorecard": card.id}),
            },
            "scorecards",
        )
    else:
        none = "Applications appear when a source or a file declares them."
        soon = f"{plural(applications.height, 'application')} so far; rules are judged every five minutes."
        empty("Nothing is judged yet", soon if applications.height else none)
        demo_badge(applications)
        blocks.coming(cards)
