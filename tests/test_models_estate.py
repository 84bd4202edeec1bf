"""What the pages of an application read: the ledger of changes, repositories, packages, users, store listings."""

import json
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from aurora.contracts import Row, Table
from aurora.contracts.delivery import Commits, Deployments, Releases, Repositories
from aurora.contracts.estate import Applications, AppLinks, Components, Edits
from aurora.contracts.mobile import (
    MobileApps,
    MobileEngagementDaily,
    MobileInstallsDaily,
    MobileReleases,
    MobileVitalsDaily,
    ReleaseHealthDaily,
    StoreRatingsDaily,
)
from aurora.contracts.operations import (
    Alerts,
    Anomalies,
    ChangeEvents,
    Incidents,
    MaintenanceWindows,
    MetricPoints,
    ThirdPartyIncidents,
)
from aurora.contracts.security import Advisories, FindingDecisions, Findings, Packages, Scans
from aurora.doctor import check_model
from tests import frames
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, component, edit, link, row
from warehouse.lake import Lake
from warehouse.model import load_models

TODAY = NOW.date()
SPAN = "change_ledger(since := timestamp '2026-03-01', until := timestamp '2026-03-11')"
Rows = list[tuple[Any, ...]]


def put(lake: Lake, table: type[Table], rows: list[Row], source_instance: str = "t1") -> None:
    """Land rows; applications of links are registered too, by a source of their own: links of others are nobody's."""
    frames.put(lake, table, rows, source_instance)
    if table is AppLinks:
        names = dict.fromkeys(one["app_id"] for one in rows)
        frames.put(lake, Applications, [row(Applications, app_id=name, name=name) for name in names], "registered")


def told(published: Published, sql: str) -> Rows:
    return published().rows(sql).rows()


def ago(days: float) -> datetime:
    return NOW - days * DAY


def on(days: int) -> date:
    return TODAY - timedelta(days=days)


def put_all(lake: Lake, table: type[Table], *rows: Row) -> None:
    """Each with the least that the contract takes."""
    put(lake, table, [row(table) | one for one in rows])


def held(published: Published, name: str, arguments: str = "") -> None:
    """The mart holds its grain and checks on the rows of this test."""
    assert check_model(published(), name, arguments) == []


# --- change ledger


def finding(name: str, **values: Any) -> Row:
    least: Row = {"finding_id": name, "category": "sast", "title": "eval", "severity": "high", "state": "open"}
    return least | {"first_seen_at": ago(1), "tool": "semgrep"} | values


def test_the_ledger_tells_config_third_parties_and_findings_of_each_application(
    lake: Lake, published: Published
) -> None:
    """Two applications share component c and repository r; a change of c's twin is a row of each, one of x of nobody.

    A third party's incident on c and x is a row of each application, none of nobody. Of the findings in r, that in
    web/ is the shop's (its folder is the longest), that elsewhere the blog's, the stated one wiki's.
    """
    put(lake, Components, [component("c"), component("x"), component("twin", same_as="c")])
    links = [link("shop", "component", "c"), link("blog", "component", "c"), link("blog", "repository", "r")]
    links += [link("shop", "repository", "r", path_prefix="web"), link("pay", "project", "p")]
    put(lake, Repositories, [row(Repositories, repo_id="r")])
    put(lake, AppLinks, links)
    at = {"occurred_at": ago(1)}
    put_all(
        lake,
        ChangeEvents,
        {"change_id": "1", "kind": "feature_flag", "title": "flag on", "component_id": "twin"} | at,
        {"change_id": "2", "kind": "schema", "title": "index", "component_id": "x", "actor": "ann"} | at,
    )
    outage: Row = {"provider": "mailer", "title": "delays", "state": "open", "is_maintenance": False}
    put_all(
        lake,
        ThirdPartyIncidents,
        outage | {"third_party_incident_id": "o", "started_at": ago(2), "component_ids": ["x", "c"], "impact": "minor"},
        outage | {"third_party_incident_id": "n", "started_at": ago(2), "component_ids": ["x", "y"]},
        outage | {"third_party_incident_id": "none", "started_at": ago(2), "component_ids": []},
    )
    put_all(
        lake,
        Findings,
        finding("web", repo_id="r", file="web/a.py"),
        finding("other", repo_id="r", file="website/a.py"),
        finding("stated", repo_id="r", file="web/a.py", app_id="wiki"),
        finding("project", project_id="p", category="sca", package_name="left-pad", package_version="1"),
        finding("smell", repo_id="r", category="code_smell"),
        finding("nobodys", repo_id="s"),
    )
    rows = told(published, f"select kind, subject_id, app_id, state, title, actor from {SPAN} order by all nulls last")
    assert rows == [
        ("config", "1", "blog", "feature_flag", "flag on", None),
        ("config", "1", "shop", "feature_flag", "flag on", None),
        ("config", "2", None, "schema", "index", "ann"),
        ("third_party", "n", None, "open", "mailer: delays", "mailer"),
        ("third_party", "none", None, "open", "mailer: delays", "mailer"),
        ("third_party", "o", "blog", "minor", "mailer: delays", "mailer"),
        ("third_party", "o", "shop", "minor", "mailer: delays", "mailer"),
        ("vulnerability", "nobodys", None, "high", "eval", "semgrep"),
        ("vulnerability", "other", "blog", "high", "eval", "semgrep"),
        ("vulnerability", "project", "pay", "high", "left-pad 1: eval", "semgrep"),
        ("vulnerability", "stated", "wiki", "high", "eval", "semgrep"),
        ("vulnerability", "web", "shop", "high", "eval", "semgrep"),
    ]
    held(published, "change_ledger", SPAN.removeprefix("change_ledger"))


def test_the_ledger_tells_edits_in_words(lake: Lake, published: Published) -> None:
    said = {"kind": "repository", "native_id": "git:x", "state": "confirmed"}
    edits = [
        edit("shop", "tier", 1, 9, before="2"),
        edit("shop", "domain", "pay", 8),
        edit("shop", "stack_backend", ["go", "python"], 7, before="null"),
        edit("shop", "link:repository:git:x", said, 6),
        edit("shop", "link:messaging_channel:q", said | {"kind": "messaging_channel", "state": "rejected"}, 5),
        edit("shop", "link:odd", "x", 4),
        edit("shop", "tier", None, 3, "revert"),
        edit("shop", "team_id", "t", 2, "confirm"),
        edit("web", "run_requested_at", "now", 1, entity_type="settings"),
    ]
    put(lake, Edits, edits)
    assert told(published, f"select app_id, title from {SPAN} order by occurred_at") == [
        ("shop", "tier: 2 -> 1"),
        ("shop", "domain: nothing -> pay"),
        ("shop", "stack_backend: nothing -> go, python"),
        ("shop", "repository git:x linked"),
        ("shop", "messaging channel git:x not linked"),
        ("shop", "link:odd: nothing -> x"),
        ("shop", "tier: as the sources say again"),
        ("shop", "team_id: confirmed"),
        (None, "settings web, run_requested_at: nothing -> now"),
    ]


def release(name: str, **values: Any) -> Row:
    least: Row = {"mobile_release_id": name, "store_app_id": "ios", "version": name, "track": "production"}
    return least | {"state": "released", "created_at": ago(4), "updated_at": ago(1)} | values


def test_the_ledger_tells_store_releases_rating_drops_and_cost_jumps(lake: Lake, published: Published) -> None:
    """Rating 4.5, then 4.25 for three days: one drop, of 0.25, on its first day. 30 EUR a day where 10 were expected:
    a jump; 4 where 10 were: one down.

    Of the releases only those on the production track that reach users; without a release day it is the creation.
    """
    put(
        lake,
        AppLinks,
        [link("shop", "store_app", "ios"), link("blog", "store_app", "ios"), link("shop", "cost", "service:vm")],
    )
    put_all(
        lake,
        MobileReleases,
        release("1", released_at=ago(3)),
        release("2", state="rolling_out"),
        release("beta", track="beta"),
        release("held", state="halted"),
        release("3", store_app_id="nobodys"),
    )
    ratings = [(day, 4.25 if day < 3 else 4.5) for day in range(12)]
    put(lake, StoreRatingsDaily, [rating(on(day), value) for day, value in ratings])
    made_of = [json.dumps({"kind": "app", "observed": cost, "expected": "10"}) for cost in ("30", "4")]
    jumps = [
        {"anomaly_id": f"{n}", "ts_start": ago(n).replace(hour=0, minute=0), "parts": parts}
        for n, parts in enumerate(made_of, start=1)
    ]
    common = {"subject": "cost", "app_id": "shop", "currency": "EUR", "state": "open"}
    put_all(lake, Anomalies, *(jump | common for jump in jumps))
    rows = told(
        published, f"select kind, app_id, subject_id, occurred_at, state, title from {SPAN} order by all nulls last"
    )
    midnight = datetime.combine(TODAY, datetime.min.time())
    assert rows == [
        ("cost_jump", "shop", "shop EUR", midnight - 2 * DAY, "-60 %", "cost 4.00 EUR, usually 10.00"),
        ("cost_jump", "shop", "shop EUR", midnight - DAY, "+200 %", "cost 30.00 EUR, usually 10.00"),
        ("rating_drop", "blog", "ios", midnight - 2 * DAY, "-0.25", "rating 4.25, 4.50 a week before"),
        ("rating_drop", "shop", "ios", midnight - 2 * DAY, "-0.25", "rating 4.25, 4.50 a week before"),
        ("store_release", "blog", "1", ago(3).replace(tzinfo=None), "released", "version 1"),
        ("store_release", "blog", "2", ago(4).replace(tzinfo=None), "rolling_out", "version 2"),
        ("store_release", "shop", "1", ago(3).replace(tzinfo=None), "released", "version 1"),
        ("store_release", "shop", "2", ago(4).replace(tzinfo=None), "rolling_out", "version 2"),
        ("store_release", None, "3", ago(4).replace(tzinfo=None), "released", "version 3"),
    ]


def test_what_changed_in_the_minutes_before(lake: Lake, published: Published) -> None:
    """60 min before noon: 11:00 itself (60 min) and 11:45 (15 min) count, 10:59 and noon itself do not."""
    put(lake, Applications, [row(Applications, app_id="shop", name="Shop")])
    changes = [
        {"change_id": f"{minutes}", "occurred_at": NOW - minutes * MINUTE, "app_id": app, "kind": "config"}
        for minutes, app in ((0, "shop"), (15, "shop"), (60, "blog"), (61, "shop"))
    ]
    put_all(lake, ChangeEvents, *changes)
    put_all(
        lake,
        MaintenanceWindows,
        {"maintenance_id": "m", "starts_at": NOW - MINUTE, "ends_at": NOW, "is_deleted": False},
    )
    put_all(
        lake, Alerts, {"alert_id": "a", "started_at": NOW - 3 * HOUR, "fired_at": NOW - 30 * MINUTE, "app_id": "shop"}
    )
    put_all(lake, Incidents, {"incident_id": "i", "started_at": NOW - 20 * MINUTE, "app_id": "shop", "state": "open"})
    put_all(lake, Releases, {"release_id": "v1", "repo_id": "r", "created_at": NOW - 10 * MINUTE})
    shipped = {"deployment_id": "d", "created_at": NOW - 40 * DAY, "finished_at": NOW - 5 * MINUTE, "app_id": "shop"}
    put_all(lake, Deployments, shipped)
    sql = "select minutes_before, kind, subject_id from changes_before(timestamp '2026-03-10 12:00', 60)"
    everything = told(published, f"{sql} order by 1")
    shops = [(5, "deployment", "d"), (15, "config", "15"), (20, "incident", "i"), (30, "alert", "a")]
    others = [(1, "maintenance", "m"), (10, "release", "v1"), (60, "config", "60")]
    assert everything == sorted(shops + others)
    assert told(published, f"{sql} where app_id = 'shop' order by 1") == shops
    assert told(published, f"{sql} where app_name = 'Shop' order by 1") == shops
    held(published, "changes_before", "(timestamp '2026-03-10 12:00', 60)")


# --- repositories


def commit(sha: str, days: float, **values: Any) -> Row:
    least: Row = {"repo_id": "r", "sha": sha, "committed_at": ago(days), "subject": f"subject {sha}"}
    return least | {"author_name": "ann", "is_merge": False} | values


def test_repositories_of_an_application_with_the_commits_of_its_folder(lake: Lake, published: Published) -> None:
    """Commits of r: a 40 days ago in api, b 20 days in web and api, c 5 days with no folder told, d 5 days in api.

    shop has the folders web/shop and docs: b and c = 2, both in 30 days, c the last. blog has all of it: the host says
    900; b, c and d = 3 are of 30 days; d is as late as c, but the head: it is the last. empty: no commit is known, so
    nothing is counted.
    """
    repositories: list[Row] = [
        {
            "repo_id": "r",
            "url": "https://git.example/r",
            "default_branch": "main",
            "head_sha": "d",
            "commit_count": 900,
        },
        {"repo_id": "empty"},
    ]
    put_all(lake, Repositories, *repositories)
    put_all(
        lake,
        Commits,
        commit("a", 40, paths=["api"]),
        commit("b", 20, paths=["web", "api"]),
        commit("c", 5),
        commit("d", 5, paths=["api"]),
    )
    links = [
        link("shop", "repository", "r", path_prefix="web/shop"),
        link("shop", "repository", "r", path_prefix="docs"),
    ]
    links += [link("blog", "repository", "r"), link("blog", "repository", "r", path_prefix="web")]
    put(lake, AppLinks, [*links, link("blog", "repository", "empty"), link("blog", "repository", "gone")])
    last = "head_sha, last_sha, last_subject, last_author"
    sql = f"select app_id, repo_id, {last}, commit_count, commit_count_30d, path_prefix from app_repositories"
    assert told(published, f"{sql} order by 1, 2") == [
        ("blog", "empty", None, None, None, None, None, None, None),
        ("blog", "r", "d", "d", "subject d", "ann", 900, 3, None),
        ("shop", "r", "d", "c", "subject c", "ann", 2, 2, "docs, web/shop"),
    ]
    held(published, "app_repositories")


# --- packages


def package(name: str, days: int = 0, **values: Any) -> Row:
    least: Row = {"repo_id": "r", "manifest_path": "package.json", "purl": f"pkg:npm/{name}@1", "ecosystem": "npm"}
    return row(Packages) | least | {"name": name, "package_version": "1", "day": on(days)} | values


def test_whether_a_package_is_secure(lake: Lake, published: Published) -> None:
    """Findings beat advisories beat age; two findings name by-purl, one of them with an advisory that names it too."""
    names = ("by-purl", "by-name", "refuted", "fixed", "other-version", "advised", "withdrawn", "ranges", "pypi-only")
    packages = [package(name, latest_version="1") for name in names]
    packages += [package("old", latest_version="2"), package("unasked")]
    packages += [package("scanned", repo_id="s"), package("scanned long ago", repo_id="t")]
    put(lake, Packages, packages)
    sca: Row = {"category": "sca", "repo_id": "r"}
    put_all(
        lake,
        Findings,
        finding("1", purl="pkg:npm/by-purl@1", advisory_ids=["GHSA-2", "GHSA-1"], **sca),
        finding("2", package_name="by-purl", package_version="1", **sca),
        finding("3", package_name="by-name", package_version="1", **sca),
        finding("4", purl="pkg:npm/fixed@1", state="fixed", **sca),
        finding("5", package_name="other-version", package_version="2", **sca),
        finding("7", purl="pkg:npm/refuted@1", **sca),
        finding("6", purl="pkg:npm/unasked@1", category="sca", repo_id="elsewhere"),
    )
    put_all(lake, FindingDecisions, {"finding_key": "7", "version": 1, "state": "false_positive", "is_deleted": False})
    advisory: Row = {"ecosystem": "npm", "affected": json.dumps({"versions": ["0.9", "1"]})}
    put_all(
        lake,
        Advisories,
        advisory | {"advisory_id": "GHSA-1", "package_name": "by-purl"},
        advisory | {"advisory_id": "GHSA-9", "package_name": "advised", "ecosystem": "NPM"},
        advisory | {"advisory_id": "w", "package_name": "withdrawn", "withdrawn_at": ago(1)},
        advisory | {"advisory_id": "r", "package_name": "ranges", "affected": json.dumps([{"ranges": []}])},
        advisory | {"advisory_id": "p", "package_name": "pypi-only", "ecosystem": "PyPI"},
    )
    scan: Row = {"is_complete": True, "status": "success"}
    put_all(
        lake,
        Scans,
        scan | {"scan_id": "1", "repo_id": "s", "started_at": ago(29.9)},
        scan | {"scan_id": "2", "repo_id": "t", "started_at": ago(30.1)},
        scan | {"scan_id": "3", "repo_id": "t", "started_at": ago(1), "is_complete": False},
        scan | {"scan_id": "4", "repo_id": "t", "started_at": ago(1), "status": "failed"},
    )
    sql = "select name, security_status, finding_count, advisory_ids from packages_now"
    rows = {name: tuple(rest) for name, *rest in told(published, sql)}
    assert rows == {
        "by-purl": ("vulnerable", 2, ["GHSA-1", "GHSA-2"]),
        "by-name": ("vulnerable", 1, None),
        "advised": ("vulnerable", 0, ["GHSA-9"]),
        "old": ("outdated", 0, None),
        "unasked": (None, 0, None),
        "scanned": ("secure", 0, None),
        "scanned long ago": (None, 0, None),
        **dict.fromkeys(("refuted", "fixed", "other-version", "withdrawn", "ranges", "pypi-only"), ("secure", 0, None)),
    }
    held(published, "packages_now")


def test_the_newest_day_of_each_source_counts(lake: Lake, published: Published) -> None:
    """s1 told a and b two days ago, a alone yesterday: b is gone. s2 told b three days ago, still its newest day.

    Both told a; s1 is newer, though s2 knows the latest version.
    """
    put(lake, Packages, [package("a", 2), package("b", 2)], "s1")
    put(lake, Packages, [package("a", 1)], "s1")
    put(lake, Packages, [package("a", 3, latest_version="2"), package("b", 3)], "s2")
    rows = told(published, "select name, source_instance, day, security_status from packages_now order by 1")
    assert rows == [("a", "s1", on(1), None), ("b", "s2", on(3), None)]


def test_packages_of_applications_that_share_a_repository(lake: Lake, published: Published) -> None:
    """web is shop's and pay's (equal folders); webapp is no part of it, so it is of all who have the whole repository.

    The one that the source gives to wiki is wiki's alone.
    """
    rows = [package("a", manifest_path="web/package.json"), package("b", manifest_path="webapp/package.json")]
    rows += [package("c"), package("d", manifest_path="web/x/package.json", app_id="wiki"), package("e", repo_id="s")]
    put(lake, Packages, rows)
    links = [link("shop", "repository", "r", path_prefix="web"), link("pay", "repository", "r", path_prefix="web/")]
    put(lake, AppLinks, [*links, link("blog", "repository", "r"), link("shop", "repository", "r")])
    assert told(published, "select name, app_id from app_packages order by all") == [
        ("a", "pay"),
        ("a", "shop"),
        ("b", "blog"),
        ("b", "shop"),
        ("c", "blog"),
        ("c", "shop"),
        ("d", "wiki"),
    ]
    held(published, "app_packages")


# --- users


def counted(metric: str, value: float | None, at: datetime, **values: Any) -> Row:
    least: Row = {"series_id": f"{metric}{at}{values}", "metric": metric, "ts_start": at, "value": value}
    return row(MetricPoints) | least | {"agg": "max"} | values


def listing(table: type[Table], store: str, days: int, count: int | None, **values: Any) -> Row:
    name = "device_count" if table is MobileEngagementDaily else "active_device_count"
    return row(table) | {"store_app_id": store, "version": "1", "country": "de", "day": on(days), name: count} | values


def test_active_users_by_the_first_source_that_has_the_day(lake: Lake, published: Published) -> None:
    """shop has the tag: its metric counts today (9, the higher of two), app.active_users does not.

    Yesterday: stores: ios 10 + 5 of two countries; android has no installs, so engagement 7: 22.
    Two days ago: release health of production, versions 3 + 4 = 7; staging is not counted. Three: nobody knows.
    blog has no tag: app.active_users 2 through its component; wiki's tags are no JSON object.
    """
    put(lake, Components, [component("c")])
    tags = json.dumps({"active_users_metric": "shop.users"})
    put_all(lake, Applications, {"app_id": "shop", "tags": tags}, {"app_id": "blog"}, {"app_id": "wiki", "tags": "[1]"})
    links = [link("shop", "store_app", "ios"), link("shop", "store_app", "android"), link("shop", "project", "p")]
    put(lake, AppLinks, [*links, link("blog", "component", "c")])
    points = [counted("shop.users", 9.0, NOW, app_id="shop"), counted("shop.users", 8.0, NOW - HOUR, app_id="shop")]
    points += [
        counted("app.active_users", 99.0, NOW, app_id="shop"),
        counted("app.active_users", 2.0, NOW, component_id="c"),
    ]
    points += [counted("shop.users", None, ago(1), app_id="shop"), counted("app.active_users", 3.0, NOW, app_id="wiki")]
    put(lake, MetricPoints, points)
    installs = [listing(MobileInstallsDaily, "ios", 1, 10), listing(MobileInstallsDaily, "ios", 1, 5, country="fr")]
    put(lake, MobileInstallsDaily, [*installs, listing(MobileInstallsDaily, "android", 1, None)])
    engaged = [listing(MobileEngagementDaily, "ios", 1, 1000), listing(MobileEngagementDaily, "android", 1, 7)]
    put(lake, MobileEngagementDaily, engaged)
    health: Row = {"project_id": "p", "store_app_id": "ios", "day": on(2), "env_tier": "production"}
    put_all(
        lake,
        ReleaseHealthDaily,
        health | {"version": "1", "user_count": 3},
        health | {"version": "2", "user_count": 4, "store_app_id": None},
        health | {"version": "2", "user_count": 50, "env_tier": "staging"},
        health | {"version": "1", "user_count": None, "day": on(3)},
    )
    rows = told(published, "select app_id, day, active_users, told_by from app_usage_daily order by app_id, day desc")
    assert rows == [
        ("blog", TODAY, 2, "metric"),
        ("shop", TODAY, 9, "metric"),
        ("shop", on(1), 22, "store"),
        ("shop", on(2), 7, "release_health"),
        ("wiki", TODAY, 3, "metric"),
    ]
    held(published, "app_usage_daily")


# --- store listings


def rating(day: date, value: float | None, **values: Any) -> Row:
    return row(StoreRatingsDaily) | {"store_app_id": "ios", "country": "", "day": day, "rating_avg": value} | values


def test_a_rating_drop_is_a_fifth_of_a_star_in_a_week(lake: Lake, published: Published) -> None:
    """3.9 to 3.7 is a drop, though 3.9 - 3.7 = 0.1999... in floats; 4.0 to 3.81 (0.19) is none.

    No figure seven days before, null, one country alone, or a rise: no drop. The next day goes on: not its first.
    """
    rows = [rating(on(8), 3.9), rating(on(7), 3.9), rating(on(1), 3.7, rating_count=8), rating(on(0), 3.6)]
    rows += [rating(on(days), value, store_app_id="near") for days, value in ((7, 4.0), (0, 3.81))]
    rows += [rating(on(days), value, store_app_id="null") for days, value in ((7, 4.0), (0, None))]
    rows += [rating(on(days), value, store_app_id="rise") for days, value in ((7, 3.0), (0, 4.0))]
    rows += [rating(on(days), value, store_app_id="gap") for days, value in ((6, 5.0), (0, 1.0))]
    rows += [rating(on(days), value, country="de") for days, value in ((9, 5.0), (2, 1.0))]
    put(lake, StoreRatingsDaily, rows)
    put(lake, AppLinks, [link("shop", "store_app", "ios"), link("blog", "store_app", "ios")])
    told_rows = told(published, "from rating_drops order by day")
    assert [one[:3] for one in told_rows] == [("ios", on(1), "blog"), ("ios", on(0), "blog")]
    assert [one[3:5] for one in told_rows] == [(3.7, 3.9), (3.6, 3.9)]
    assert [one[5] for one in told_rows] == pytest.approx([0.2, 0.3])
    assert [one[6:] for one in told_rows] == [(8, True), (None, False)]
    held(published, "rating_drops")


def vital(name: str, value: float, users: int | None, days: int = 1, **values: Any) -> Row:
    least: Row = {"store_app_id": "ios", "vital": name, "value": value, "unit": "ratio", "user_count": users}
    return row(MobileVitalsDaily) | least | {"day": on(days)} | values


def test_a_store_listing_as_it_stands(lake: Lake, published: Published) -> None:
    """Sessions of 28 days: 600 of which 3 crashed, 400 of which 1: 100 * (1 - 4 / 1000) = 99.6 %. Day 28 ago is out.

    Crashes by two models: (0.01 * 300 + 0.02 * 100) / 400 = 0.0125, that is 1.25 %; ANR without users: mean of 0.1 %
    and 0.3 % = 0.2 %. The newest day counts; the last release is the later of what store and track tell.
    """
    store = {"store_app_id": "ios", "platform": "ios", "name": "Shop"}
    put_all(lake, MobileApps, store | {"day": on(1), "rating_avg": 4.0, "current_version": "1", "download_count": 7})
    now = {"day": on(0), "rating_avg": 4.5, "rating_count": 12, "last_released_at": ago(9)}
    put_all(
        lake,
        MobileApps,
        store | now | {"download_count": 9},
        {"store_app_id": "bare", "store_native_id": "bare", "day": on(0)},
    )
    links = [link("shop", "store_app", "ios"), link("shop", "project", "p"), link("blog", "project", "q")]
    put(lake, AppLinks, [*links, link("blog", "store_app", "ios"), link("blog", "store_app", "bare")])
    sessions: Row = {"project_id": "p", "env_tier": "production"}
    put_all(
        lake,
        ReleaseHealthDaily,
        sessions | {"version": "1", "day": on(0), "session_count": 600, "crashed_session_count": 3},
        sessions
        | {"version": "1", "day": on(27), "session_count": 400, "crashed_session_count": 1, "store_app_id": "ios"},
        sessions | {"version": "1", "day": on(28), "session_count": 100, "crashed_session_count": 100},
        sessions | {"version": "2", "day": on(0), "session_count": 100, "crashed_session_count": None},
        sessions | {"version": "1", "day": on(0), "session_count": 9, "crashed_session_count": 9, "project_id": "q"},
        sessions
        | {"version": "3", "day": on(0), "session_count": 9, "crashed_session_count": 9, "env_tier": "testing"},
    )
    crash = "user_perceived_crash"
    vitals = [vital(crash, 0.01, 300, device_model="a"), vital(crash, 0.02, 100, device_model="b", days=27)]
    vitals += [vital("anr", 0.001, None), vital("anr", 0.003, None, days=2), vital(crash, 0.9, 999, days=28)]
    put(lake, MobileVitalsDaily, vitals)
    active = [listing(MobileInstallsDaily, "ios", 1, 70), listing(MobileInstallsDaily, "ios", 2, 60)]
    put(lake, MobileInstallsDaily, active)
    put_all(lake, MobileReleases, release("2", released_at=ago(3)), release("3", track="beta", released_at=ago(1)))
    rows = {one["store_app_id"]: one for one in published().rows("from mobile_overview").rows(named=True)}
    ios, bare = rows["ios"], rows["bare"]
    facts = (
        "app_id",
        "platform",
        "rating_avg",
        "rating_count",
        "download_count",
        "current_version",
        "active_device_count",
    )
    assert [ios[name] for name in facts] == ["blog", "ios", 4.5, 12, 9, "2", 70]
    assert (ios["active_on"], ios["last_released_at"]) == (on(1), ago(3).replace(tzinfo=None))
    shares = ("crash_free_pct", "user_perceived_crash_pct", "anr_pct")
    assert [ios[name] for name in shares] == pytest.approx([99.6, 1.25, 0.2])
    unknown = (*shares, "user_perceived_anr_pct", "active_device_count", "last_released_at", "rating_avg")
    assert [bare[name] for name in unknown] == [None] * len(unknown)
    held(published, "mobile_overview")


# --- deployments


def deployed(name: str, hours: float, sha: str | None, **values: Any) -> Row:
    """A success in production of repository r, so many hours after the first of March; named values take precedence."""
    at = datetime(2026, 3, 1, tzinfo=UTC) + hours * HOUR
    own: Row = {
        "deployment_id": name,
        "environment": "production",
        "env_tier": "production",
        "repo_id": "r",
        "sha": sha,
    }
    own |= {"created_at": at, "finished_at": at, "status": "success", "is_inferred": False, "app_id": "shop"}
    return row(Deployments) | own | values


def verdicts(published: Published) -> dict[str, tuple[str, bool]]:
    rows = told(published, "select deployment_id, status, is_rollback from deployments_by_app")
    return {name: (status, is_rollback) for name, status, is_rollback in rows}


GOOD, UNDONE, BACK = ("success", False), ("rolled_back", False), ("success", True)


@pytest.mark.parametrize(
    ("eu", "us"),
    [
        pytest.param({"environment": "eu"}, {"environment": "us"}, id="environments"),
        pytest.param({}, {"repo_id": "s"}, id="repositories"),
        pytest.param({"repo_id": None, "component_id": "a"}, {"repo_id": None, "component_id": "b"}, id="components"),
        pytest.param({"repo_id": None, "store_app_id": "a"}, {"repo_id": None, "store_app_id": "b"}, id="stores"),
        pytest.param({"repo_id": None}, {"repo_id": None, "environment": "us"}, id="nothing told"),
        pytest.param({}, {"app_id": "blog"}, id="applications"),
    ],
)
def test_what_runs_a_version_behind_is_not_rolled_back(lake: Lake, published: Published, eu: Row, us: Row) -> None:
    """eu: s2, s3, s4; us a version behind: s1, s2, s3. In one walk: s2 s1 s3 s2 s4 s3, where s2 and s3 come back.

    Then us really goes back to s2, which undoes its s3.
    """
    shas = ("s2", "s1", "s3", "s2", "s4", "s3", "s2")
    rows = [deployed(f"{n}{sha}", n, sha, **(us if n % 2 or n == 6 else eu)) for n, sha in enumerate(shas)]
    put(lake, Deployments, rows)
    names = [f"{n}{sha}" for n, sha in enumerate(shas)]
    assert verdicts(published) == dict.fromkeys(names, GOOD) | {"5s3": UNDONE, "6s2": BACK}
    held(published, "deployments_by_app")


def test_what_is_no_return_to_an_older_commit(lake: Lake, published: Published) -> None:
    """The same commit twice running, or without a commit, is no rollback; what the source says beats the rule.

    A failed attempt is no step. Of two at one instant the id decides: a1, a2, a1 is a return.
    """
    rows = [deployed("1", 1, "s1"), deployed("2", 2, "s1"), deployed("3", 3, None), deployed("4", 4, None)]
    rows += [deployed("5", 5, "s2", status="failed"), deployed("6", 6, "s3"), deployed("7", 7, "s1", is_rollback=False)]
    rows += [deployed("8", 8, "s9", is_rollback=True)]
    staged: Row = {"environment": "staging", "env_tier": "staging"}
    rows += [deployed("b", 1, "a2", **staged), deployed("a", 1, "a1", **staged), deployed("c", 2, "a1", **staged)]
    put(lake, Deployments, rows)
    expected = dict.fromkeys("1234678ab", GOOD) | {
        "5": ("failed", False),
        "7": UNDONE,
        "8": BACK,
        "b": UNDONE,
        "c": BACK,
    }
    assert verdicts(published) == expected


def test_a_deployment_told_again_across_half_hours(lake: Lake, published: Published) -> None:
    """Another source tells 00:29 as 00:31 and 00:01 as 00:31 (30 min), the next half hours; 31 minutes are too many.

    Folded per application, tier and commit: neither environment nor repository needs to be the same.
    """
    minutes = {"a": (29, 31), "b": (31, 29), "c": (1, 31), "d": (29, 60)}
    put(lake, Deployments, [deployed(sha, own / 60, sha) for sha, (own, _) in minutes.items()])
    again: Row = {"is_inferred": True, "environment": "prod", "repo_id": None}
    put(lake, Deployments, [deployed(f"{sha}2", at / 60, sha, **again) for sha, (_, at) in minutes.items()], "tags")
    assert set(verdicts(published)) == {"a", "b", "c", "d", "d2"}


def test_a_store_releases_a_version_once_whoever_tells_of_it(lake: Lake, published: Published) -> None:
    """The store's own source and the public listing tell 2.1 of a listing a day apart; 2.2 and another listing stay."""
    store: Row = {"repo_id": None, "store_app_id": "asc:12", "version": "2.1"}
    put(lake, Deployments, [deployed("a", 1, None, **store)])
    seen = store | {"store_app_id": "itunes:12", "is_inferred": True}
    rows = [deployed("b", 25, None, **seen), deployed("c", 50, None, **seen | {"version": "2.2"})]
    put(lake, Deployments, [*rows, deployed("d", 2, None, **seen | {"store_app_id": "itunes:13"})], "tags")
    assert set(verdicts(published)) == {"a", "c", "d"}


def test_thousands_of_redeploys_of_one_commit_are_walked_in_no_time(lake: Lake, published: Published) -> None:
    """20,000 of one commit take a tenth of a second; compared each with each they took six and more."""
    put(lake, Deployments, [deployed("d", 1, "same")])
    many = """with deployments as materialized (
        select * replace (deployment_id || n as deployment_id, created_at + interval 6 minute * n as created_at)
        from main.deployments, range(20000) as r(n))
        , deployment_owners as (select deployment_id, app_id from deployments)"""
    sql = next(model.sql for model in load_models() if model.name == "deployments_by_app")
    warehouse = published()
    begun = time.process_time()
    counts = warehouse.rows(f"{many} select count(*), count(*) filter (is_rollback) from ({sql})").rows()
    assert counts == [(20_000, 0)]
    assert time.process_time() - begun < 2


def test_a_deployment_known_by_its_component_alone(lake: Lake, published: Published) -> None:
    """c is shop's and blog's, its twin stands for c. What has a repository, a store or a component of nobody, waits."""
    put(lake, Components, [component("c"), component("twin", same_as="c"), component("x")])
    put_all(lake, Applications, {"app_id": "shop"}, {"app_id": "blog"}, {"app_id": "wiki"})
    put(lake, AppLinks, [link("shop", "component", "c"), link("blog", "component", "c")])
    alone: Row = {"app_id": None, "repo_id": None}
    rows = [deployed("c", 1, "s1", component_id="c", **alone), deployed("t", 2, "s2", component_id="twin", **alone)]
    rows += [deployed("x", 3, "s3", component_id="x", **alone), deployed("none", 4, "s4", **alone)]
    rows += [
        deployed("repo", 5, "s5", component_id="c", app_id=None),
        deployed("gone", 6, "s6", component_id="?", **alone),
    ]
    rows += [deployed("store", 7, "s7", component_id="c", store_app_id="s", **alone)]
    rows += [deployed("said", 8, "s8", component_id="c", repo_id=None, app_id="wiki")]
    put(lake, Deployments, rows)
    owned = [("c", "blog"), ("c", "shop"), ("said", "wiki"), ("t", "blog"), ("t", "shop")]
    assert told(published, "select deployment_id, app_id from deployments_by_app order by all") == owned
    left = told(published, "select deployment_id from deployments_unlinked order by 1")
    assert left == [("gone",), ("none",), ("repo",), ("store",), ("x",)]
    for name in ("deployment_owners", "deployments_unlinked"):
        held(published, name)
