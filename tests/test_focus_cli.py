"""`aurora import` and `aurora export focus` as they are typed."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.command import aurora
from tests.test_focus_import import file


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings without demo and sources."""
    settings = tmp_path / "aurora.toml"
    settings.write_text("detect_prometheus = false\ndemo = false\n")
    return settings


def test_an_export_is_checked_imported_and_exported(data: Path, config: Path, tmp_path: Path) -> None:
    bill = file(tmp_path, {"BilledCost": "1.50"}, {"BilledCost": "x"})
    said = aurora(data, config, "import", str(bill), "--check")
    assert (said.code, said.text.splitlines()[0]) == (0, f"{bill}: 1 rows would land, 1 would not")
    assert "  period 2026-01-01: 1 rows, billed 1.5 EUR, effective 1.4" in said.text.splitlines()
    said = aurora(data, config, "import", str(bill), "--source", "aws", "--estimated")
    assert (said.code, said.text.splitlines()[0]) == (0, f"{bill}: 1 rows into focus_cost, 1 quarantined (see Sources)")
    query = "select source_instance, is_estimated, is_complete from cost_periods"
    assert aurora(data, config, "sql", query, "--format", "csv").text.splitlines()[1] == "aws,true,false"
    out = tmp_path / "out.parquet"
    said = aurora(data, config, "export", "focus", str(out), "--since", "2026-01-01", "--source", "aws")
    assert (said.code, said.text.strip()) == (0, f"{out}: 1 rows")
    assert pl.read_parquet(out)["BilledCost"].to_list() == [Decimal("1.5")]
    assert aurora(data, config, "export", "focus", str(out), "--since", "today").code == 2


def test_a_missing_column_is_a_sentence(data: Path, config: Path, tmp_path: Path) -> None:
    bill = file(tmp_path, {})
    bill.write_text(bill.read_text().replace("ServiceName", "Nothing"))
    said = aurora(data, config, "import", str(bill))
    assert said.code == 1
    assert said.text.strip() == f"✕ {bill}: this is no FOCUS export: it has no column ServiceName"
