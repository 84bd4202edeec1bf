"""Importing files: what fits lands once, what does not is quarantined with file and line, the rest is told."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from aurora.contracts.cost import FocusCost
from aurora.contracts.delivery import Commits
from aurora.contracts.estate import Applications, Components
from aurora.contracts.operations import Incidents
from aurora.contracts.platform import Quarantine
from aurora.errors import ContractError
from ingest import importing
from ingest.importing import import_file
from ingest.land import Landed
from tests.frames import finished, frame, python, row
from warehouse.lake import Lake

HEAD = "component_id,name,type,first_seen_at,last_seen_at"
TIMES = "2026-03-01T00:00:00Z,2026-03-02T01:00:00+01:00"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """Two good rows, one unknown column, four bad rows; the second row holds a line break."""
    file = tmp_path / "components.csv"
    lines = [
        f"{HEAD},cpu_count,colour,tags",
        f'a,"A, the first",server,{TIMES},4,red,""',
        f'b,"two\nlines",database,{TIMES},,,',
        f"c,C,mainframe,{TIMES},1,,",
        "d,D,api,2026-03-01T00:00:00,2026-03-01T00:00:00Z,1,,",
        f"e,E,api,{TIMES},1_000,,",
        f"f,,api,{TIMES},1,,",
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def quarantined(lake: Lake) -> dict[int, str]:
    return {json.loads(one["payload"])["line"]: one["message"] for one in lake.read(Quarantine).iter_rows(named=True)}


def test_csv(lake: Lake, csv: Path) -> None:
    told = import_file(lake, csv)
    assert told.landed == Landed(2, 0, 4)
    assert told.left_out == ("colour",)
    assert told.sentence() == "2 rows into components, 4 quarantined (see Sources); columns without a place: colour"
    rows = {one["component_id"]: one for one in lake.read(Components).iter_rows(named=True)}
    assert (rows["a"]["name"], rows["a"]["cpu_count"], rows["a"]["region"]) == ("A, the first", 4, None)
    assert rows["b"]["cpu_count"] is None
    assert rows["a"]["last_seen_at"] == datetime(2026, 3, 2)  # noqa: DTZ001
    assert (rows["a"]["source"], rows["a"]["source_instance"]) == ("import", "components")


def test_what_is_quarantined_names_file_and_line(lake: Lake, csv: Path) -> None:
    import_file(lake, csv)
    told = quarantined(lake)
    assert set(told) == {5, 6, 7, 8}
    assert told[5].startswith("components.csv, line 5: type = 'mainframe' is none of server, database")
    assert "line 6: first_seen_at = '2026-03-01T00:00:00' is no instant with a zone" in told[6]
    assert "line 7: cpu_count = '1_000' is no whole number" in told[7]
    assert "line 8: name is missing" in told[8]
    assert json.loads(lake.read(Quarantine)["payload"][0])["file"] == "components.csv"


def test_twice_changes_nothing(lake: Lake, csv: Path) -> None:
    import_file(lake, csv)
    versions = lake.version(Components), lake.version(Quarantine)
    again = import_file(lake, csv)
    assert again.landed == Landed(0, 2, 4)
    assert "2 were there already" in again.sentence()
    assert (lake.version(Components), lake.version(Quarantine)) == versions


def test_from_four_processes_at_once_changes_nothing_more(lake: Lake, csv: Path) -> None:
    script = """
import sys
from pathlib import Path
from ingest.importing import import_file
from warehouse.lake import Lake
print(import_file(Lake(sys.argv[1]), Path(sys.argv[2])).landed.row_count)
"""
    processes = [python(script, lake.root, csv) for _ in range(4)]
    assert sum(int(finished(process)) for process in processes) == 2
    assert (lake.read(Components).height, lake.read(Quarantine).height) == (2, 4)


def test_json_lines_keep_their_kinds(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "incidents.jsonl"
    least = {"incident_id": "i:1", "env_tier": "production", "title": "x", "severity": "high", "state": "open"}
    least |= {"started_at": "2026-03-01T00:00:00Z", "updated_at": "2026-03-01T00:00:00Z"}
    odd = least | {"incident_id": "i:2", "is_planned": "perhaps"}
    full = least | {"incident_id": "i:3", "is_planned": True, "affected_apps": ["a", "b;c"], "engineer_hours": 1.5}
    file.write_text(f"{json.dumps(least)}\n\n{json.dumps(odd)}\n{json.dumps(full)}\n")
    assert import_file(lake, file).landed == Landed(2, 0, 1)
    told = lake.read(Incidents).filter(pl.col("incident_id") == "i:3").row(0, named=True)
    assert (told["is_planned"], told["affected_apps"], told["engineer_hours"]) == (True, ["a", "b;c"], 1.5)
    assert list(quarantined(lake)) == [3]


def test_parquet_keeps_its_kinds(lake: Lake, tmp_path: Path) -> None:
    made = frame(Commits, [row(Commits, number, parents=["p"]) for number in range(3)])
    file = tmp_path / "Commits Büro 2.parquet"
    made.drop("source", "source_instance", "run_id", "ingested_at").write_parquet(file)
    assert import_file(lake, file, table="commits").landed.row_count == 3
    assert lake.read(Commits)["source_instance"].unique().to_list() == ["commits-b-ro-2"]
    assert lake.read(Commits)["parents"].to_list() == [["p"]] * 3


def costs(count: int, start: int = 0) -> pl.DataFrame:
    rows = [row(FocusCost, number, x_SourceExport="e", x_RowId=f"r{number}") for number in range(start, start + count)]
    month = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [one | {"BillingPeriodStart": month, "BilledCost": Decimal("1.10")} for one in rows]
    return frame(FocusCost, rows)


def test_a_cost_export_of_several_slices_lands_whole(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write replaces its export's month, so slices that were written one by one would erase each other."""
    monkeypatch.setattr(importing, "SLICE", 4)
    file = tmp_path / "focus_cost.parquet"
    for made in (costs(10), costs(9, 1)):
        made.write_parquet(file)
        assert import_file(lake, file).landed.row_count == made.height
        assert sorted(lake.read(FocusCost)["x_RowId"]) == sorted(made["x_RowId"])


def test_keys_that_come_twice_in_a_file_count_once(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "SLICE", 2)
    file = tmp_path / "components.csv"
    lines = [f"{name},{number},server,{TIMES}" for number, name in enumerate("aabca")]
    file.write_text("\n".join([HEAD, *lines]))
    assert import_file(lake, file).landed == Landed(3, 2)
    assert dict(lake.read(Components).select("component_id", "name").iter_rows()) == {"a": "4", "b": "2", "c": "3"}


def test_an_app_for_rows_that_have_none(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "incidents.csv"
    head = "incident_id,app_id,env_tier,title,severity,state,started_at,updated_at"
    file.write_text(f"{head}\n1,,production,x,high,open,{TIMES}\n2,blog,production,x,high,open,{TIMES}\n")
    import_file(lake, file, app_id="shop", source_instance="mine")
    told = lake.read(Incidents)
    assert dict(told.select("incident_id", "app_id").iter_rows()) == {"1": "shop", "2": "blog"}
    assert told["source_instance"].unique().to_list() == ["mine"]


def test_a_file_of_a_header_only(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "components.csv"
    file.write_text(HEAD + "\n")
    assert import_file(lake, file).landed == Landed()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("components.csv", None, "there is no such file"),
        ("components.xlsx", b"x", "cannot tell its format: say --format cobertura or csv"),
        ("things.csv", b"a\n1\n", "there is no table things"),
        ("components.csv", b"a,b\n1,2\n", "no column is named like one of components"),
        ("components.csv", b"", "cannot be read as csv"),
        ("components.csv", b'component_id,name\n"a\n', "cannot be read as csv"),
        ("components.csv", b"component_id,name\na,b,c\n", "cannot be read as csv"),
        ("components.csv", b"component_id,name\n\xff\xfe,b\n", "cannot be read as csv"),
        ("components.jsonl", b'{"a": 1}\n{', "line 2 is not JSON"),
        ("components.jsonl", b"[1]\n", "line 1 is no JSON object"),
        ("components.jsonl", b"\xff\n", "cannot be read as jsonl"),
        ("components.parquet", b"PAR1 but not really PAR1", "cannot be read as parquet"),
    ],
)
def test_a_file_that_is_refused_gets_one_sentence(
    lake: Lake, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ContractError) as caught:
        import_file(lake, file)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)
    assert lake.version(Components) is None


def test_applications_of_two_files_stand_side_by_side(lake: Lake, tmp_path: Path) -> None:
    for name in ("one", "two"):
        file = tmp_path / f"{name}.csv"
        file.write_text(f"app_id,name,type,env_tier,updated_at\n{name},{name},web,production,2026-03-01T00:00:00Z\n")
        import_file(lake, file, table="applications")
    assert sorted(lake.read(Applications)["app_id"]) == ["one", "two"]
