"""Raw answers that Apache DevLake recorded of its vendors and what it makes of them, where they are at hand."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.frames import ROOT

Json = Any
TABLES = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "api" / "devlake-e2e"
needs_tables = pytest.mark.skipif(not TABLES.is_dir(), reason="the reference data are not here")


def told(path: str) -> list[dict[str, str]]:
    """The rows of a table of the peer."""
    with (TABLES / path).open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if line.strip("\r\n"))
        csv.field_size_limit(10**9)
        return list(csv.DictReader(lines))


def answers(path: str, **params: Json) -> list[tuple[Json, dict[str, str]]]:
    """(answer, row) of a raw table, those that were asked with the given parameters."""
    rows = [row for row in told(path) if params.items() <= json.loads(row["params"]).items()]
    return [(json.loads(row["data"]), row) for row in rows]
