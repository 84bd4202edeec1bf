"""Rows of security: findings, nightly scans, packages, and what advisories say about them."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from aurora.contracts import Row, Table
from aurora.contracts.security import Advisories, Findings, KevEntries, Packages, Scans
from ingest.demo.catalog import APPS, App
from ingest.demo.findings import Finding, findings, scan_at, versions
from ingest.demo.packages import package_rows
from ingest.demo.world import DAY, MINUTE, Slice, World, floor

CVSS = {"critical": 9.6, "high": 8.1, "medium": 5.9, "low": 3.1}
TOOLS = {"sca": "trivy", "license": "trivy", "secret": "gitleaks", "sast": "semgrep"}
SCANNERS = {"trivy": ("sca", "license"), "semgrep": ("sast",), "gitleaks": ("secret",)}


def security_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """What the nightly scans of the slice's completed days saw, and today's packages; nothing within a day."""
    if not world.is_daily_due(span):
        return
    days, since, end = span.days(), floor(span.since, DAY), floor(span.until, DAY)
    seen = findings(world, end)
    told = [one for one in seen if one.fixed >= since]
    yield from ((Findings, finding_row(world, one, end)) for one in told)
    yield from ((Scans, row) for day in days for app in APPS for row in scan_rows(world, app, day, seen))
    denied = {(one.app.app_id, one.word or "") for one in seen if one.category == "license" and one.fixed >= end}
    yield from ((Packages, row) for row in package_rows(world, end, _used(world, seen, end), denied))
    advised = {one.rule: one for one in told if one.category == "sca"}
    yield from ((Advisories, advisory_row(world, one)) for one in advised.values())
    exploited = [one for one in seen if one.is_story and one.severity == "critical"]
    yield from ((KevEntries, kev_row(one)) for one in exploited)


def finding_row(world: World, finding: Finding, end: datetime) -> Row:
    """The row of a finding as the last scan before `end` (a UTC midnight) saw it."""
    is_fixed = finding.fixed < end
    last = scan_at(world, finding.app, finding.fixed - DAY if is_fixed else end - DAY)
    first, fixed = (scan_at(world, finding.app, day) for day in (finding.first, finding.fixed))
    return {
        "finding_id": world.id(finding.native_id),
        "repo_id": world.id(finding.app.app_id),
        "category": finding.category,
        "tool": TOOLS[finding.category],
        "rule_id": finding.rule,
        "title": finding.title,
        "severity": finding.severity,
        "cwes": [finding.cwe] if finding.cwe else [],
        "file": finding.file,
        "line": finding.line,
        "effort_min": 15.0 + 5 * int(world.dice(finding.native_id, "effort") * 24),
        "state": "fixed" if is_fixed else "open",
        "first_seen_at": first,
        "last_seen_at": last,
        "fixed_at": fixed if is_fixed else None,
        "updated_at": fixed if is_fixed else first,
        "url": f"https://security.example.com/findings/{finding.app.app_id}/{finding.first:%Y%m%d}",
        **_package_of(world, finding),
    }


def _package_of(world: World, finding: Finding) -> Row:
    """The columns that tell of a package, for findings about one."""
    if finding.word is None:
        return {}
    ecosystem, is_sca = finding.ecosystem, finding.category == "sca"
    row: Row = {"package_name": ecosystem.package.format(word=finding.word), "file": ecosystem.manifest}
    if not is_sca:
        return row
    own, mended = versions(world, finding)
    return row | {
        "cvss_score": CVSS[finding.severity],
        "advisory_ids": [finding.rule],
        "purl": f"{ecosystem.purl.format(word=finding.word)}@{own}",
        "package_version": own,
        "fixed_version": mended,
        "is_direct": True,
        "is_reachable": finding.is_story or None,
        "has_fix": True,
    }


def _used(world: World, seen: tuple[Finding, ...], end: datetime) -> dict[tuple[str, str], tuple[str, str]]:
    """Version and latest version of the packages that had findings: mended ones are up to date."""
    used: dict[tuple[str, str], tuple[str, str]] = {}
    for one in seen:
        if one.category == "sca" and one.word:
            own, mended = versions(world, one)
            used[one.app.app_id, one.word] = (mended if one.fixed < end else own, mended)
    return used


def scan_rows(world: World, app: App, day: datetime, seen: tuple[Finding, ...]) -> Iterator[Row]:
    """The rows of a night's scans of a repository: one for each scanner, all complete."""
    at = scan_at(world, app, day)
    there = [one for one in seen if one.app is app and one.is_open(day)]
    for tool, categories in SCANNERS.items():
        counts = [one.severity for one in there if one.category in categories]
        yield {
            "scan_id": world.id(f"scan/{tool}/{app.app_id}/{day:%Y%m%d}"),
            "tool": tool,
            "format": "sarif",
            "repo_id": world.id(app.app_id),
            "branch": "main",
            "started_at": at - 4 * MINUTE,
            "finished_at": at,
            "status": "success",
            "is_complete": True,
            **{f"{name}_count": counts.count(name) for name in ("critical", "high", "medium", "low", "info")},
        }


def advisory_row(world: World, finding: Finding) -> Row:
    """The row of the advisory that a finding follows; published in the week of the finding or before."""
    published = floor(finding.first, timedelta(days=7)) - int(world.dice(finding.rule, "published") * 20) * DAY
    ecosystem = finding.ecosystem
    _, mended = versions(world, finding)
    return {
        "advisory_id": finding.rule,
        "aliases": [],
        "ecosystem": ecosystem.name,
        "package_name": ecosystem.package.format(word=finding.word),
        "affected": json.dumps([{"introduced": "0", "fixed": mended}]),
        "summary": finding.title,
        "severity": finding.severity,
        "cvss_score": CVSS[finding.severity],
        "published_at": published,
        "updated_at": published,
    }


def kev_row(finding: Finding) -> Row:
    """The row of a vulnerability that is known to be exploited: listed on the day it was found, due in two weeks."""
    added = finding.first.date()
    return {
        "cve": finding.rule,
        "added_on": added,
        "due_on": added + timedelta(days=14),
        "is_ransomware": False,
        "vendor_project": "Example",
        "product": finding.ecosystem.package.format(word=finding.word),
        "required_action": "Update to the mended version, or take the package out of use.",
        "catalog_version": f"{finding.first:%Y.%m.%d}",
    }
