"""What is asked of store reviews: filters in the URL, and the SQL of what they leave; values are parameters only."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import polars as pl
import streamlit as st

from aurora.ui.data import rows
from aurora.ui.filters import Span, pills, search
from aurora.ui.mobile import PLATFORMS
from warehouse.review_words import themes

APART = "|"
ANSWERS = ["answered", "unanswered"]
# Choices are one text, parts set apart by `|`, so that the SQL with its values runs in any DuckDB client.
CHOSEN = """($apps = '' or list_contains(string_split($apps, '|'), coalesce({of}app_id, {of}listing_id)))
      and ($platforms = '' or list_contains(string_split($platforms, '|'), {of}platform))
      and ($countries = '' or list_contains(string_split($countries, '|'), country))
      and ($languages = '' or list_contains(string_split($languages, '|'), language))
      and ($versions = '' or list_contains(string_split($versions, '|'), version))
      and ($ratings = '' or list_contains(string_split($ratings, '|'), rating::varchar))
      and ($answers = '' or list_contains(string_split($answers, '|'), if(is_replied, 'answered', 'unanswered')))"""
TOLD = f"""store_reviews_told
    where part_month between date_trunc('month', $since)::date and $until::date
      and created_at >= $since and created_at < $until
      and {CHOSEN.format(of="")}"""
FOUND = """
      and contains(lower(concat_ws(' ', title, body, reply_body)), lower($text))"""
ABOUT = """
      and review_id in (select review_id from store_review_themes
                        where list_contains(string_split($themes, '|'), theme)
                          and day between $since::date and $until::date)"""
COUNTED = f"""store_review_days d join store_review_apps a on a.store_app_id = d.listing_id
    where d.day >= $since::date and d.day <= $until::date
      and {CHOSEN.format(of="a.")}"""
CHOICES = """
    select list(distinct coalesce(a.app_id, a.listing_id)) as apps, list(distinct platform) as platforms,
           list(distinct country) as countries, list(distinct language) as languages, list(distinct version) as versions
    from store_review_days d join store_review_apps a on a.store_app_id = d.listing_id
    where theme = '' and day >= $since::date and day <= $until::date"""
EVER = "select count(*) as n from (from store_review_apps where is_counted limit 1)"


@dataclass(frozen=True)
class Asked:
    """The filters as SQL and parameters: of reviews themselves, and of their counts by day (which know no text)."""

    span: Span
    params: dict[str, Any]

    @property
    def told(self) -> str:
        """FROM and WHERE of the reviews."""
        return TOLD + (FOUND if "text" in self.params else "") + (ABOUT if "themes" in self.params else "")

    @property
    def counting(self) -> dict[str, Any]:
        """Parameters of the counts by day."""
        return {name: value for name, value in self.params.items() if name not in ("text", "themes")}

    @property
    def before(self) -> dict[str, Any]:
        """The parameters of reviews, of as many days just before."""
        days = self.span.until.date() - self.span.since.date() + timedelta(days=1)
        return self.params | {"since": self.span.since - days, "until": self.span.since}


def days_of(span: Span) -> Span:
    """The span as whole days up to now, today among them: counts are kept by day."""
    first = span.until.date() - (span.until - span.since) + timedelta(days=1)
    return Span(span.label, datetime.combine(first, time()), span.until, span.bucket_s)


def ask(span: Span) -> Asked:
    """The filters, kept in the URL."""
    known = rows(CHOICES, **span.window).row(0, named=True)
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        platforms = [word.lower() for word in pills("Platform", PLATFORMS, "platform")]
        ratings = pills("Stars", ["1", "2", "3", "4", "5"], "stars")
        answers = pills("Reply", ANSWERS, "reply")
        text = search("Find words in reviews")
    with st.container(horizontal=True, vertical_alignment="center", key="more-filters"):
        apps = _several("All applications", known["apps"], "app")
        countries = _several("All countries", known["countries"], "country")
        languages = _several("All languages", known["languages"], "language")
        versions = _several("All versions", known["versions"], "version")
        about = _several("All themes", list(themes()), "theme", in_order=True)
    chosen = {
        "apps": apps, "platforms": platforms, "countries": countries, "languages": languages, "versions": versions,
        "ratings": ratings, "answers": answers,
    }  # fmt: skip
    params: dict[str, Any] = {name: APART.join(values) for name, values in chosen.items()} | span.window
    return Asked(span, params | ({"text": text} if text else {}) | ({"themes": APART.join(about)} if about else {}))


def _several(label: str, options: list[str] | None, key: str, *, in_order: bool = False) -> list[str]:
    """A choice of several values, none meaning all; what is not told is no choice."""
    told = [option for option in options or [] if option]
    return st.multiselect(
        label, told if in_order else sorted(told), key=key, bind="query-params", placeholder=label,
        label_visibility="collapsed",
    )  # fmt: skip


def is_any_known() -> bool:
    """Whether there ever was a review."""
    return bool(rows(EVER)["n"][0])


def matching(frame: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """The rows of listings that the choice of applications and platforms leaves."""
    apps, platforms = (asked.params[name].split(APART) if asked.params[name] else [] for name in ("apps", "platforms"))
    if apps:
        frame = frame.filter(pl.coalesce("app_id", "listing_id").is_in(apps))
    return frame.filter(pl.col("platform").is_in(platforms)) if platforms else frame
