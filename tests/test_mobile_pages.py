"""What the pages of mobile apps say of rows that were made by hand, and what their filters leave."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.settings import ROOT
from aurora.ui.mobile import matching, names, said, titled, worst
from aurora.ui.mobile_charts import adoption
from aurora.ui.mobile_releases import worst as worst_release
from tests.frames import NOW
from tests.test_pages import acme as acme
from tests.test_pages import sentences, shown

APP: dict[str, Any] = {
    "name": "Shop", "platform": "android", "vital_state": "over", "vital": "user_perceived_crash", "used_pct": 144.6,
    "device_model": "old *phone*", "crossing_vital": None, "crosses_on": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (APP, r"over its limit: User-perceived crash on old \*phone\* at 145% of what the store allows."),
        (APP | {"crossing_vital": "wake_lock", "crosses_on": date(2026, 4, 2)}, "; Wake lock will reach its limit on"),
        (APP | {"vital_state": "near", "device_model": "", "used_pct": 91.0}, "is nearest: User-perceived crash at"),
        (APP | {"vital_state": "unknown", "vital": None, "used_pct": None}, "of those whose store tells vitals."),
    ],
    ids=["over", "over and rising", "near", "unknown"],
)  # fmt: skip
def test_the_worst_app_in_a_sentence(row: dict[str, Any], text: str) -> None:
    assert text in worst(pl.DataFrame([row]))


def test_a_vital_is_said_in_its_unit() -> None:
    told = [(0.0109, "ratio"), (0.00002, "ratio"), (342.4, "ms"), (214 * 1024**2, "bytes"), (None, "ms")]
    assert [said(value, unit) for value, unit in told] == ["1.09%", "0.0020%", "342 ms", "214 MiB", None]


def test_names_of_apps_are_only_text() -> None:
    apps = pl.DataFrame({"listing_id": ["ios:1"], "name": ["[x](https://evil.example) *y*"], "platform": ["ios"]})
    assert names(apps) == {"ios:1": r"\[x\]\(https\://evil\.example\) \*y\* (iOS)"}


def test_a_platform_that_the_name_tells_is_said_once() -> None:
    assert titled("Shop for iOS", "ios") == "Shop for iOS"
    assert titled("Shop for iOS", "android") == "Shop for iOS (Android)"


def test_filters_leave_what_they_name() -> None:
    frame = pl.DataFrame(
        {"name": ["Shop", "Blog", "Shop"], "platform": ["ios", "ios", "android"], "app_id": [None, "b", "s"]}
    )
    assert matching(frame, ["iOS"], "").height == 2
    assert matching(frame, ["iOS"], "SHOP").rows() == [("Shop", "ios", None)]
    assert matching(frame, [], "").height == 3


def test_a_release_on_its_way_out_is_said_before_a_worse_one_that_is_over() -> None:
    out = {"name": "Shop", "version": "2", "platform": "ios", "state": "rolling_out", "rollout_ratio": 0.2}
    out |= {"verdict": "hold", "reasons": ["it starts 26 % slower", "rated 4.0"], "released_at": NOW}
    over = out | {"version": "1", "state": "halted", "verdict": "halt", "rollout_ratio": None}
    text = worst_release(pl.DataFrame([over, out]))
    assert text == "**Shop 2** (iOS, out to 20%): hold; it starts 26 % slower; rated 4\\.0."


def test_curves_are_those_of_the_newest_versions_by_days_since_release() -> None:
    days = [
        {"version": f"{n}", "age_days": age, "share_ratio": 0.5, "released_on": date(2026, 1, n), "day": NOW.date()}
        for n in range(1, 9) for age in (0, 61)
    ]  # fmt: skip
    drawn: Any = adoption(pl.DataFrame(days)).layer[0].data
    assert drawn["version"].unique().sort().to_list() == ["3", "4", "5", "6", "7", "8"]
    assert drawn["age_days"].unique().to_list() == [0]


def test_the_address_filters_and_chooses(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apps of one platform; the listing that is asked for; a verdict; a kind of crash."""
    page = ROOT / "pages/mobile"
    android = shown(page / "mobile.py", acme, monkeypatch, platform="Android")
    assert list(android.dataframe[0].value["platform"]) == ["Android"]
    assert "is over its limit" in sentences(android)
    held = shown(page / "releases.py", acme, monkeypatch, verdict="Halt")
    assert set(held.dataframe[0].value["state"].str[0]) == {"✕ Halted"}
    hangs = shown(page / "crashes.py", acme, monkeypatch, kind="ANR and hangs")
    assert set(hangs.dataframe[0].value["kind"]) == {"ANR"}
    nothing = shown(page / "engagement.py", acme, monkeypatch, range="7d")
    assert {metric.label: metric.value for metric in nothing.metric}["Sessions"] != "n/a"
