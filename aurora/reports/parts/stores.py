"""How mobile apps did in their stores: crashes, ratings, versions, and how far each is from its store's limits."""

import polars as pl

from aurora.contracts import Row
from aurora.reports import cells, charts
from aurora.reports.document import Cell, Chart, Column, Pair, Table
from aurora.reports.measures import Compared, Measure, many, pct
from aurora.reports.report import Asked
from aurora.words import spoken

OVER = "from mobile_over(since := $since, until := $until) order by name, platform"
CRASHES = """
    select h.day, n.name, 100.0 * (1 - sum(h.crashed_session_count) / nullif(sum(h.session_count), 0)) as value
    from mobile_health_days h join mobile_apps_now n on n.listing_id = h.listing_id
    where h.day >= $since and h.day < $until group by all order by day, name"""
RATINGS = """
    select r.day, n.name, max(r.rating_avg) as value
    from store_ratings_daily r
    join mobile_listings m on m.store_app_id = r.store_app_id join mobile_apps_now n on n.listing_id = m.listing_id
    where r.country = '' and r.rating_avg is not null and r.day >= $since and r.day < $until
      and r.part_month = $since::date group by all order by day, name"""
VITALS = """
    from mobile_vitals_now where state <> 'no_limit' and device_model = ''
    order by used_pct desc nulls last, name, vital"""
OLD = """
    from force_update_candidates where verdict in ('force', 'ask')
    order by verdict = 'force' desc, counted_a_day desc nulls last"""
RELEASES = """
    from release_watch where released_at >= $since and released_at < $until order by released_at, name"""
CRASH_FREE = Measure("Crash-free sessions", pct(2), "up", "points", 0.01, is_of_full=True)
DOWNLOADS = Measure("First downloads", many, "up", "share", 0.5)
SESSIONS = Measure("Sessions", many, "up", "share", 0.5)


def crash_free(asked: Asked) -> list[tuple[str, Compared]]:
    """Crash-free sessions of each app by its name."""
    now, before = asked.rows(OVER), asked.rows(OVER, **asked.month.before.window)
    was = dict(before.select("listing_id", "crash_free_pct").iter_rows())
    return [
        (row["name"], Compared(CRASH_FREE, row["crash_free_pct"], was.get(row["listing_id"])))
        for row in now.iter_rows(named=True)
    ]


def worst(asked: Asked) -> Compared:
    """The app with the fewest crash-free sessions of those that tell; not told where none does."""
    known = [compared for _, compared in crash_free(asked) if compared.now is not None]
    lowest = min(known, key=lambda one: float(one.now or 0), default=None)
    measure = Measure("Crash-free, worst app", pct(2), "up", "points", 0.01, is_of_full=True)
    return Compared(measure, lowest.now, lowest.before) if lowest else Compared(measure, None, None)


def totals(asked: Asked) -> list[Compared]:
    """Sessions and first downloads of all apps."""
    frames = asked.rows(OVER), asked.rows(OVER, **asked.month.before.window)
    pairs = ((SESSIONS, "session_count"), (DOWNLOADS, "first_download_count"))
    return [Compared(measure, *(_sum(frame, name) for frame in frames)) for measure, name in pairs]


def _sum(frame: pl.DataFrame, name: str) -> int | None:
    return int(frame[name].sum()) if frame[name].drop_nulls().len() else None


def apps(asked: Asked) -> Table:
    """Every listing over the month."""
    before = dict(asked.rows(OVER, **asked.month.before.window).select("listing_id", "crash_free_pct").iter_rows())
    rows = [_app(row, before.get(row["listing_id"])) for row in asked.rows(OVER).iter_rows(named=True)]
    columns = (
        Column("App", width=3), Column("Store", width=0.9), Column("Sessions", True), Column("Crash-free", True),
        Column(asked.month.before.name, True), Column("Rating", True, 0.8), Column(asked.month.before.name, True, 0.9),
        Column("Ratings", True, 0.9), Column("Downloads", True),
    )  # fmt: skip
    return Table("Apps", columns, rows, "No store listing is known: add App Store Connect or Google Play.")


def _app(row: Row, before: float | None) -> list[str | Cell]:
    return [
        row["name"],
        spoken(row["platform"]),
        cells.many(row["session_count"]),
        cells.pct(row["crash_free_pct"], 2),
        cells.pct(before, 2),
        cells.told(row["rating_avg"], "{:.2f}".format),
        cells.told(row["base_rating_avg"], "{:.2f}".format),
        cells.whole(row["rating_count"]),
        cells.whole(row["first_download_count"]),
    ]


def trends(asked: Asked) -> tuple[Pair, ...]:
    """Crash-free sessions and ratings by day; nothing where neither is told."""
    crashes, ratings = asked.rows(CRASHES), asked.rows(RATINGS)
    if not crashes.height or not ratings.height:
        return ()
    return (
        Pair(
            Chart("Crash-free sessions by day", _lines(crashes, "%", ".2f"), "Crash-free sessions of each app by day"),
            Chart("Rating by day", _lines(ratings, "stars", ".1f"), "Store rating of each app by day"),
        ),
    )


def _lines(frame: pl.DataFrame, unit: str, form: str) -> dict[str, object]:
    wide = frame.pivot(on="name", index="day", values="value", sort_columns=True).sort("day")
    names = {name: name for name in wide.columns if name != "day"}
    return charts.lines(wide, names, unit, width=charts.HALF, height=170, form=form)


def vitals(asked: Asked) -> Table:
    """Each vital with a limit of its store, the nearest to it first."""
    rows = [
        [row["name"], spoken(row["vital"]), _valued(row["mean_28d"], row["unit"]),
         _valued(row["limit_value"], row["unit"]), cells.pct(row["used_pct"], 0), cells.state(row["state"])]
        for row in asked.rows(VITALS).iter_rows(named=True)
    ]  # fmt: skip
    columns = (
        Column("App", width=3), Column("Vital", width=2), Column("Mean 28 days", True), Column("Limit", True, 0.8),
        Column("Of limit", True, 0.8), Column("Standing", width=1.5),
    )  # fmt: skip
    return Table(
        "Against the limits of the stores",
        columns,
        rows,
        "No vital with a limit is told.",
        f"As of {cells.day(asked.at)}.",
    )


def _valued(value: float | None, unit: str) -> str:
    if unit == "ratio":
        return cells.told(value, lambda known: f"{100 * known:.2f} %")
    return cells.told(value, lambda known: f"{known:,.0f} {unit}")


def releases(asked: Asked) -> Table:
    """Versions that were released in the month and what their first days say of them."""
    rows = [
        [row["name"], row["version"], cells.day(row["released_at"]), cells.state(row["state"]),
         cells.pct(row["crash_free_pct"]), cells.pct(row["base_crash_free_pct"]), cells.state(row["verdict"]),
         cells.or_none("; ".join(row["reasons"] or []))]
        for row in asked.rows(RELEASES).iter_rows(named=True)
    ]  # fmt: skip
    columns = (
        Column("App", width=2.5),
        Column("Version", width=0.8),
        Column("Released", True, 1.1),
        Column("State", width=1.1),
        Column("Crash-free", True, 0.9),
        Column("Before", True, 0.8),
        Column("Verdict", width=1),
        Column("Why", width=2.3),
    )
    told = "No version was released in this month."
    return Table("Released in the month", columns, rows, told, "Its first 14 days against those of the version before.")


def old_versions(asked: Asked) -> Table:
    """Versions whose users should update."""
    rows = [
        [row["name"], row["version"], row["newest_version"], cells.state(row["verdict"]),
         cells.told(row["share_ratio"], lambda value: f"{100 * value:.1f} %"), cells.or_none(row["reason"])]
        for row in asked.rows(OLD).iter_rows(named=True)
    ]  # fmt: skip
    columns = (
        Column("App", width=2.6), Column("Version", width=0.8), Column("Newest", width=0.8), Column("Do", width=1.5),
        Column("Still used", True, 0.9), Column("Why", width=2.6),
    )  # fmt: skip
    return Table(
        "Versions that should go",
        columns,
        rows,
        "No old version needs an update to be asked for.",
        f"As of {cells.day(asked.at)}.",
    )
