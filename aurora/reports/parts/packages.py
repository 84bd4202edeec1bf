"""Dependencies that are known to be vulnerable or old, and which applications are scanned at all."""

from aurora.reports import cells
from aurora.reports.document import Column, Said, Table
from aurora.reports.report import Asked
from aurora.words import plural

VULNERABLE = """
    select p.name, p.package_version, p.latest_version, p.ecosystem, p.finding_count, p.is_direct,
           string_agg(distinct coalesce(a.name, p.app_id, p.repo_id), ', ') as apps
    from (select distinct on (app_id, purl) * from app_packages) p
    left join applications_now a on a.app_id = p.app_id
    where p.security_status = 'vulnerable'
    group by all order by p.finding_count desc, p.name, p.package_version"""
COUNTS = """
    select count(*) as package_count, count(*) filter (where security_status = 'vulnerable') as vulnerable_count,
           count(*) filter (where license_status = 'denied') as denied_count
    from packages_now"""
SCANNED = """
    select a.name, a.tier, a.team_id, s.app_id is not null as is_scanned, f.open_count
    from applications_now a left join app_scanned s on s.app_id = a.app_id
    left join (select unnest(app_ids) as app_id, count(*) as open_count from findings_now
               where is_open and is_security group by 1) f on f.app_id = a.app_id
    where a.env_tier = 'production' or a.env_tier is null order by is_scanned, a.tier nulls last, a.name"""


def said(asked: Asked) -> tuple[Said, ...]:
    """How many dependencies are vulnerable, and which applications nobody scans, in words."""
    row = asked.row(COUNTS) or {}
    frame = asked.rows(SCANNED)
    blind = frame.filter(~frame["is_scanned"])["name"].to_list()
    told = []
    if row.get("package_count"):
        known = f"{row['vulnerable_count']:,} of {plural(row['package_count'], 'package')}"
        told.append(Said(f"{known} are known to be vulnerable.", "bad" if row["vulnerable_count"] else "good"))
    if blind:
        names = ", ".join(blind[:4]) + (" and others" if len(blind) > 4 else "")
        told.append(Said(f"Nobody scans {plural(len(blind), 'application')}: {names}.", "warn"))
    return tuple(told)


def table(asked: Asked) -> Table:
    """Vulnerable dependencies, most findings first."""
    rows = [
        [
            row["name"],
            cells.or_none(row["package_version"]),
            cells.or_none(row["latest_version"]),
            cells.or_none(row["ecosystem"]),
            cells.whole(row["finding_count"]),
            {True: "direct", False: "by another"}.get(row["is_direct"], cells.NONE),
            row["apps"] or "–",
        ]
        for row in asked.rows(VULNERABLE).iter_rows(named=True)
    ]
    columns = (
        Column("Package", width=2.4),
        Column("Version", width=0.9),
        Column("Newest", width=0.9),
        Column("Kind", width=0.7),
        Column("Findings", True, 0.8),
        Column("Used", width=0.9),
        Column("Applications", width=2.4),
    )
    return Table(
        "Vulnerable dependencies",
        columns,
        rows,
        "No dependency is known to be vulnerable.",
        f"As of {cells.day(asked.at)}.",
    )


def scans(asked: Asked) -> Table:
    """Applications, those that nobody scans first."""
    rows = [
        [row["name"], cells.or_none(row["tier"]),
         cells.judged("scanned", "good") if row["is_scanned"] else cells.judged("nobody looks", "bad"),
         cells.whole(row["open_count"] or 0) if row["is_scanned"] else cells.whole(row["open_count"])]
        for row in asked.rows(SCANNED).iter_rows(named=True)
    ]  # fmt: skip
    columns = (
        Column("Application", width=3),
        Column("Tier", True, 0.6),
        Column("Scans", width=1.6),
        Column("Open findings", True),
    )
    note = "Scanned: a complete scan in the last 30 days, or findings that are told."
    return Table("Which applications are scanned", columns, rows, "No application is registered.", note)
