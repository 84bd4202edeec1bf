"""What a person asks a page for; every answer lives in the URL, so a link shows the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from aurora.ui.data import FRESH_S, utc_now

RANGES = {"1h": (1, 60), "24h": (24, 900), "7d": (168, 7200), "30d": (720, 21600), "90d": (2160, 86400)}
RECENT = ("1h", "24h", "7d", "30d")
LONG = ("7d", "30d", "90d")


@dataclass(frozen=True)
class Span:
    """A time range: [since, until) in UTC without zone, and the bucket that gives about a hundred points."""

    label: str
    since: datetime
    until: datetime
    bucket_s: int

    @property
    def before(self) -> "Span":
        """The span of the same length just before."""
        return Span(self.label, self.since - (self.until - self.since), self.since, self.bucket_s)

    @property
    def window(self) -> dict[str, object]:
        """As the parameters of models that take since and until."""
        return {"since": self.since, "until": self.until}

    @property
    def params(self) -> dict[str, object]:
        """As the parameters of models that take since, until and bucket_s."""
        return {"since": self.since, "until": self.until, "bucket_s": self.bucket_s}

    @property
    def words(self) -> str:
        """'last 24 h'."""
        return {"1h": "last hour", "24h": "last 24 h"}.get(self.label) or f"last {self.label.removesuffix('d')} days"


def span_of(label: str) -> Span:
    """The span of that label up to now, cut to FRESH_S so that what is cached can be found again."""
    hours, bucket_s = RANGES[label]
    now = utc_now()
    until = now - timedelta(seconds=now.second % FRESH_S, microseconds=now.microsecond)
    return Span(label, until - timedelta(hours=hours), until, bucket_s)


def time_range(default: str = "24h", labels: tuple[str, ...] = RECENT) -> Span:
    """The range control: labels of RANGES; ?range= in the URL."""
    label = st.segmented_control(
        "Range", list(labels), default=default, required=True, key="range", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return span_of(label or default)


def pills(label: str, options: list[str], key: str) -> list[str]:
    """A choice of several words, none meaning all; ?<key>= in the URL, so options are the words themselves."""
    chosen = st.pills(
        label, options, selection_mode="multi", key=key, bind="query-params", label_visibility="collapsed"
    )
    return list(chosen or [])


def search(label: str, key: str = "q") -> str:
    """A search field; ?q= in the URL."""
    text = st.text_input(
        label, key=key, placeholder=label, label_visibility="collapsed", bind="query-params", icon=":material/search:"
    )
    return (text or "").strip()
