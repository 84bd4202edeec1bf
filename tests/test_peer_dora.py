"""Deployments of a peer's own tests: which succeeded before which, as its DORA plugin finds it.

What it makes of pipelines that are called deployments (its deployment generator) has no like here: a connector says
what a deployment is, by the vendor's word or by the settings, and CI runs stay CI runs.
"""

import csv
import os
from datetime import datetime
from pathlib import Path

import pytest

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments
from tests.conftest import Published
from tests.frames import DAY, NOW, ROOT, put, row
from warehouse.lake import Lake

REFERENCE = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data")
PEER = REFERENCE / "api" / "devlake-e2e" / "dora" / "prev_success_deployment_commit"
STATUSES = {"SUCCESS": "success", "FAILURE": "failed"}
TIERS = {"PRODUCTION": "production", "STAGING": "staging", "": "unknown"}


def told(name: str) -> list[dict[str, str]]:
    with (PEER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def deployment(peer: dict[str, str]) -> Row:
    """One of its rows as ours: its scope is an application, its result a status, its commit a SHA."""
    began, over = (datetime.fromisoformat(peer[name]) for name in ("started_date", "finished_date"))
    return row(
        Deployments, deployment_id=peer["id"], app_id=peer["cicd_scope_id"], repo_id=peer["repo_url"],
        environment=peer["environment"].lower() or "none", env_tier=TIERS[peer["environment"]], sha=peer["commit_sha"],
        status=STATUSES[peer["result"]], created_at=began, started_at=began, finished_at=over, updated_at=over,
        is_inferred=False,
    )  # fmt: skip


@pytest.mark.skipif(not PEER.is_dir(), reason="the reference data are not here")
def test_which_deployment_succeeded_before_which(lake: Lake, published: Published) -> None:
    put(lake, Deployments, [deployment(one) for one in told("cicd_deployment_commits_before.csv")])
    found = published(NOW + 365 * DAY).rows("select deployment_id, previous_deployment_id from deployment_predecessors")
    ours = {name: before for name, before in found.iter_rows() if before}
    theirs = {one["id"]: one["prev_success_deployment_commit_id"] for one in told("cicd_deployment_commits_after.csv")}
    assert ours == {name: before for name, before in theirs.items() if before}
