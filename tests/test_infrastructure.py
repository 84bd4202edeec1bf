"""Infrastructure as it stands now: worked out by hand, stale never healthy, null never zero; and the page's views."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import (
    ComponentHealth,
    DbReplication,
    DbStats,
    MessagingChannels,
    MessagingVolumes,
    ThirdPartyIncidents,
    ThirdPartyStatus,
    WorkloadStates,
)
from aurora.ui.navigation import page_files
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, ROOT, component, health, put, row
from tests.test_pages import acme, shown
from warehouse.lake import Lake

__all__ = ["acme"]  # a fixture


def seen(lake: Lake, kind: str, *names: str) -> None:
    """Components with a healthy sample that ended a minute ago."""
    put(lake, Components, [component(name, type=kind) for name in names])
    put(lake, ComponentHealth, [health(name, NOW - 2 * MINUTE, status="healthy", disk_pct=40.0) for name in names])


def told(published: Published, model: str) -> dict[Any, Row]:
    """The rows of a model by their component."""
    return {one["component_id"]: one for one in published().rows(f"from {model}").iter_rows(named=True)}


def test_databases_by_hand(lake: Lake, published: Published) -> None:
    """45 of 60 is 75 %; 90 of 100 is degraded; no maximum is no share; 16 min is stale; 3 days is not known at all."""
    seen(lake, "database", "fits", "full", "open", "old", "silent", "down")
    put(lake, ComponentHealth, [health("down", NOW - MINUTE / 2, 30, status="down", status_reason="refused")])
    cases = [("fits", 1, 45, 60), ("full", 1, 90, 100), ("open", 1, 5, None), ("old", 16, 5, 10)]
    cases += [("silent", 3 * 1440, 5, 10), ("down", 1, 0, 0)]
    stats = [
        row(DbStats, component_id=name, database="d", observed_at=NOW - age * MINUTE)
        | {"connections_used": used, "connections_max": most, "role": "primary"}
        for name, age, used, most in cases
    ]
    put(lake, DbStats, [*stats, stats[0] | {"observed_at": NOW - HOUR, "connections_used": 60}])
    now = told(published, "databases_now")
    assert {name: (one["status"], one["used_pct"]) for name, one in now.items()} == {
        "fits": ("healthy", 75.0), "full": ("degraded", 90.0), "open": ("healthy", None), "old": ("unknown", None),
        "silent": ("healthy", None), "down": ("down", None),
    }  # fmt: skip
    assert (now["old"]["status_reason"], now["old"]["connections_used"]) == ("no figures for 16 min", None)
    assert now["full"]["status_reason"] == "90 % of connections in use"
    assert (now["silent"]["database"], now["down"]["status_reason"]) == (None, "refused")
    assert now["fits"]["age_s"] == 60


def test_replication_by_hand(lake: Lake, published: Published) -> None:
    cases: list[tuple[str, str | None, float | None, int, str]] = [
        ("near", "streaming", 0.0, 1, "healthy"), ("far", "streaming", 61.0, 1, "degraded"),
        ("stopped", "stopped", None, 1, "down"), ("catching", "catching_up", 2.0, 1, "degraded"),
        ("mute", "streaming", None, 1, "unknown"), ("wordless", None, 0.0, 1, "unknown"),
        ("old", "streaming", 0.0, 16, "unknown"),
    ]  # fmt: skip
    rows = [
        row(DbReplication, component_id=name, replica_id="r", observed_at=NOW - age * MINUTE, state=state, lag_s=lag_s)
        for name, state, lag_s, age, _ in cases
    ]
    put(lake, DbReplication, rows)
    now = told(published, "db_replication_now")
    assert {name: one["status"] for name, one in now.items()} == {case[0]: case[4] for case in cases}
    assert (now["old"]["lag_s"], now["old"]["state"], now["near"]["lag_s"]) == (None, "unknown", 0.0)


def test_workloads_by_hand(lake: Lake, published: Published) -> None:
    """0.5 of 2 cores is 25 %, 300 of 400 bytes is 75 %; without a limit there is no share."""
    cases = [("good", 2, 2, 1, "healthy"), ("less", 3, 2, 1, "degraded"), ("none", 2, 0, 1, "down")]
    cases += [("rests", 0, 0, 1, "healthy"), ("old", 2, 2, 16, "unknown")]
    seen(lake, "api", *(case[0] for case in cases), "mute")
    states = [
        row(WorkloadStates, component_id=name, observed_at=NOW - age * MINUTE, desired=desired, ready=ready)
        for name, desired, ready, age, _ in cases
    ]
    used = {"cpu_cores": 0.5, "cpu_limit_cores": 2.0, "memory_used_bytes": 300, "memory_limit_bytes": 400}
    states[0] |= used
    states[1] |= {"not_ready_reason": "CrashLoopBackOff"}
    put(lake, WorkloadStates, [*states, row(WorkloadStates, component_id="mute", observed_at=NOW - MINUTE)])
    now = told(published, "workloads_now")
    assert {name: one["status"] for name, one in now.items()} == {
        **{case[0]: case[4] for case in cases}, "mute": "unknown"
    }  # fmt: skip
    assert (now["good"]["cpu_limit_pct"], now["good"]["memory_limit_pct"]) == (25.0, 75.0)
    assert (now["less"]["cpu_limit_pct"], now["less"]["status_reason"]) == (None, "2 of 3 ready: CrashLoopBackOff")
    assert now["old"]["ready"] is None


def test_third_parties_by_hand(lake: Lake, published: Published) -> None:
    """What a page says counts unless it is older than 3 h or the samples here are worse."""
    cases = [("good", "healthy", 60, "healthy"), ("bad", "down", 60, "down"), ("old", "healthy", 181, "unknown")]
    seen(lake, "third_party", *(case[0] for case in cases), "worse", "pageless")
    put(lake, ComponentHealth, [health("worse", NOW - MINUTE / 2, 30, status="down", status_reason="no answer")])
    said = [("worse", "healthy", 1, "down"), *cases]
    rows = [
        row(ThirdPartyStatus, component_id=name, observed_at=NOW - age * MINUTE, status=status)
        for name, status, age, _ in said
    ]
    put(lake, ThirdPartyStatus, rows)
    incident = {"component_ids": ["bad"], "is_maintenance": False, "started_at": NOW - HOUR, "title": "Outage"}
    states = [("open", False), ("monitoring", False), ("resolved", False), ("open", True)]
    incidents = [
        row(ThirdPartyIncidents, number, **incident) | {"state": state, "is_maintenance": planned}
        for number, (state, planned) in enumerate(states)
    ]
    put(lake, ThirdPartyIncidents, incidents)
    now = told(published, "third_parties_now")
    expected = {case[0]: case[3] for case in said} | {"pageless": "healthy"}
    assert {name: one["status"] for name, one in now.items()} == expected
    assert (now["bad"]["open_incident_count"], now["bad"]["status_reason"]) == (2, "Outage")
    assert now["worse"]["status_reason"] == "no answer"


def test_messaging_by_hand(lake: Lake, published: Published) -> None:
    """1,200 of 4,800 a minute is 25 %; 10 and 20 messages of this week are 30, those of nine days ago are not."""
    cases: list[tuple[str, str, str | None, int, str]] = []
    cases += [("good", "available", "green", 1, "healthy"), ("red", "available", "red", 1, "degraded")]
    cases += [("cut", "blocked", "green", 1, "down"), ("part", "limited", None, 1, "degraded")]
    cases += [("dark", "unknown", None, 1, "unknown"), ("old", "available", "green", 31, "unknown")]
    rows = [
        row(MessagingChannels, component_id=name, observed_at=NOW - age * MINUTE, can_send=can, quality=quality)
        for name, can, quality, age, _ in cases
    ]
    rows[0] |= {"throughput_per_minute": 1200.0, "throughput_limit_per_minute": 4800.0}
    put(lake, MessagingChannels, rows)
    volumes = [
        row(MessagingVolumes, number, component_id="good", ts_start=NOW - age, ts_end=NOW, sent_count=sent)
        for number, (age, sent) in enumerate(((HOUR, 10), (6 * DAY, 20), (9 * DAY, 400)))
    ]
    put(lake, MessagingVolumes, volumes)
    now = told(published, "messaging_channels_now")
    assert {name: one["status"] for name, one in now.items()} == {case[0]: case[4] for case in cases}
    good, red = now["good"], now["red"]
    assert (good["used_pct"], good["sent_count_7d"], good["failed_count_7d"]) == (25.0, 30, None)
    assert (red["used_pct"], red["sent_count_7d"]) == (None, None)


def test_totals_by_hand(lake: Lake, published: Published) -> None:
    seen(lake, "server", "a", "b")
    put(lake, ComponentHealth, [health("b", NOW - timedelta(seconds=30), 30, status="healthy", disk_pct=71.0)])
    put(lake, Components, [component("c")])
    now = published().rows("from infrastructure_totals").row(0, named=True)
    assert (now["server_count"], now["server_down_count"], now["server_unknown_count"]) == (3, 0, 1)
    assert (now["disk_component"], now["disk_pct"], now["used_pct"]) == ("b", 71.0, None)


def words(test: AppTest) -> str:
    return " ".join(str(part.value) for part in [*test.error, *test.markdown])


PAGE = next(one.path for one in page_files(ROOT / "pages") if one.path.stem == "infrastructure")
VIEWS = ("Servers", "Databases", "Workloads", "CDN", "Third parties", "Messaging")


def test_an_empty_view_says_what_fills_it(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for view in VIEWS:
        test = shown(PAGE, begun, monkeypatch, view=view)
        assert not test.exception
        assert ":material/inbox:" in words(test), view
        assert any("connector" in caption.value for caption in test.caption), view


def test_every_view_has_rows_of_the_demo(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for view in VIEWS:
        test = shown(PAGE, acme, monkeypatch, view=view)
        assert not test.exception
        assert not test.error, view
        frames = [len(frame.value) for frame in test.dataframe]
        assert len(frames) == (2 if view in ("Databases", "Third parties") else 1), view
        assert min(frames) > 0, view
