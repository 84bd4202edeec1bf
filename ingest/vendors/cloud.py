"""What connectors of clouds share: the environment that tags tell, and measures that fit the health columns."""

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from ingest.connector import Run

TIERS = {
    **dict.fromkeys(("production", "prod", "prd", "live"), "production"),
    **dict.fromkeys(("staging", "stage", "stg", "preprod", "uat"), "staging"),
    **dict.fromkeys(("testing", "test", "qa"), "testing"),
    **dict.fromkeys(("development", "dev"), "development"),
}
TIER_TAGS = ("environment", "env", "stage", "tier")


def tag_fields(run: Run[Any], tags: Mapping[str, str]) -> Row:
    """env_tier, service and tags of a component from its tags or labels, whatever their capitals."""
    low = {name.lower(): value for name, value in tags.items() if value}
    tier = next((low[name] for name in TIER_TAGS if name in low), None)
    return {
        "env_tier": run.word(TIERS, tier) if tier else None,
        "service": low.get("service") or low.get("service.name"),
        "tags": json.dumps(dict(tags), sort_keys=True) if tags else None,
    }


def measured(column: str, value: float | None) -> float | None:
    """A number that its column takes: no NaN, nothing negative, a percentage at most 100; else None."""
    if value is None or not math.isfinite(value) or value < 0:
        return None
    return min(value, 100.0) if column.endswith("_pct") else value


def used_pct(free: float, size: float | None) -> float | None:
    """Percentage in use when `free` of `size` is free; None when the size is not known."""
    return max(0.0, 100 * (1 - free / size)) if size else None


def health_row(component_id: str, start: datetime, step: timedelta, fields: Row) -> Row:
    """One wide row; `fields` are measures and status, an impossible measure is dropped."""
    clean = {name: measured(name, it) if isinstance(it, int | float) else it for name, it in fields.items()}
    return {"component_id": component_id, "ts_start": start, "ts_end": start + step, **clean}
