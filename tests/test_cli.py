"""The command line as a person meets it: processes, exit codes, one sentence of trouble, readable output."""

import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from aurora import __version__
from aurora.contracts import TABLES
from aurora.contracts.cost import FocusCost
from aurora.contracts.delivery import Commits
from aurora.contracts.estate import Components, Edits
from aurora.contracts.operations import ComponentHealth
from aurora.doctor import examine
from aurora.settings import load
from ingest.connector import load_connectors
from ingest.plan import planned_sources
from tests.command import aurora, process
from tests.frames import NOW, component, finished, health, put, python, row, settings
from warehouse.heartbeat import Heartbeat, beat
from warehouse.lake import Batch, Lake
from warehouse.publish import publish


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "aurora.toml"
    file.write_text("detect_prometheus = false\ndemo = false\n")
    return file


def test_version(data: Path, config: Path) -> None:
    said = process(data, config, "--version")
    assert (said.code, said.text, said.err) == (0, f"aurora {__version__}\n", "")


def test_sql_in_every_format(lake: Lake, data: Path, config: Path) -> None:
    put(lake, Commits, [row(Commits, 0, parents=["p", "q,r"], subject='say "hi"')])
    publish(lake, data)
    query = "select sha, subject, parents, committed_at from commits"
    table = process(data, config, "sql", query)
    assert table.code == 0
    assert "sha-0" in table.text
    assert "1 rows" in table.text
    told = json.loads(aurora(data, config, "sql", query, "--format", "json").out)
    assert (told[0]["subject"], told[0]["parents"]) == ('say "hi"', ["p", "q,r"])
    csv = pl.read_csv(io.BytesIO(aurora(data, config, "sql", query, "--format", "csv").out))
    assert csv.row(0)[:3] == ("sha-0", 'say "hi"', '["p", "q,r"]')
    parquet = pl.read_parquet(io.BytesIO(process(data, config, "sql", query, "--format", "parquet").out))
    assert parquet["parents"].to_list() == [["p", "q,r"]]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("sql", "select 1"), 1, "nothing is published yet"),
        (("ingest", "nobody"), 1, "no source is named nobody: sources are aurora-self"),
        (("import", "gone.csv", "--table", "components"), 1, "gone.csv: there is no such file"),
        (("sources", "now"), 2, "unexpected"),
        (("fly",), 2, "No such command"),
    ],
)
def test_trouble_is_a_sentence_and_a_code(
    data: Path, config: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    said = aurora(data, config, *words)
    assert said.code == code
    assert sentence in said.text + said.err
    assert "Traceback" not in said.text + said.err


def test_a_query_that_is_wrong(lake: Lake, data: Path, config: Path) -> None:
    publish(lake, data)
    said = aurora(data, config, "sql", "select nothing from components")
    assert said.code == 1
    assert "the warehouse refused the query" in said.err
    assert aurora(data, config, "sql", "select 1", "--format", "xml").code == 1


def test_wrong_settings_end_with_2(data: Path, config: Path) -> None:
    config.write_text("colour = 1\n")
    said = process(data, config, "sources")
    assert said.code == 2
    assert said.err.strip() == f"✕ {config}, line 1: colour: there is no such setting: remove it or mend its spelling"


def test_import_refuses_one_file_and_takes_the_other(data: Path, config: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "components.csv", tmp_path / "things.csv"
    good.write_text(
        "component_id,name,type,first_seen_at,last_seen_at\na,A,api,2026-03-01T00:00:00Z,2026-03-01T00:00:00Z\n"
    )
    bad.write_text("a\n1\n")
    said = aurora(data, config, "import", str(bad), str(good))
    assert said.code == 1
    assert said.text.count("✕") == 1
    assert f"{bad}: 'there is no table" not in said.text
    assert f"{good}: 1 rows into components" in said.text
    assert (
        aurora(data, config, "sql", "select component_id from components", "--format", "csv").text
        == "component_id\na\n"
    )


def test_import_of_reports(data: Path, config: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "junit.xml", tmp_path / "bad.xml"
    good.write_text('<testsuite name="s"><testcase name="t"/></testsuite>')
    bad.write_text('<!DOCTYPE a [<!ENTITY a "x">]><testsuite name="&a;"/>')
    said = aurora(data, config, "import", str(good), "--app", "shop", "--repo", "git:1", "--sha", "abc")
    assert (said.code, said.text.strip()) == (0, f"{good}: 1 rows into test_runs")
    told = aurora(data, config, "sql", "select app_id, repo_id, sha, test_count from test_runs", "--format", "csv")
    assert told.text == "app_id,repo_id,sha,test_count\nshop,git:1,abc,1\n"
    said = aurora(data, config, "import", str(bad), "--format", "junit")
    assert (said.code, said.text.count("✕"), len(said.text.strip().splitlines())) == (1, 1, 1)
    assert "its DOCTYPE declares things" in said.text


def test_sources_tell_connectors_and_what_never_ran(data: Path, config: Path) -> None:
    said = aurora(data, config, "sources")
    assert said.code == 0
    for connector in load_connectors():
        assert connector in said.text
    assert "aurora-self" in said.text
    assert "never ran" in said.text


def test_demo_remove_leaves_no_row_and_keeps_the_others(lake: Lake, data: Path, config: Path) -> None:
    config.write_text("detect_prometheus = false\n")
    for source in ("demo", "prod"):
        put(lake, Components, [component(f"{source}:a")], source)
        put(lake, ComponentHealth, [health(f"{source}:a", NOW)], source)
        put(lake, FocusCost, [row(FocusCost, x_RowId=f"{source}:1")], source)
    stream = next(stream for stream in load_connectors()["demo"].streams.values())
    name, table = f"demo/{stream.name}", stream.tables[0]
    empty = table.empty()
    number = lake.cursor(table, name)[0] + 1
    lake.write(table, empty, Batch(name, number, {"until": NOW.isoformat()}))
    publish(lake, data)

    said = aurora(data, config, "demo", "remove")
    assert said.code == 0
    assert "The demo estate is gone: 3 rows removed" in said.text
    fresh = Lake(data / "lake")
    for told in TABLES.values():
        assert "demo" not in fresh.read(told)["source_instance"].to_list()
    assert {fresh.read(told).height for told in (Components, ComponentHealth, FocusCost)} == {1}
    assert fresh.cursor(table, name)[1] is None
    query = "select count(*) as n from components where source_instance = 'demo'"
    assert aurora(data, config, "sql", query, "--format", "csv").text == "n\n0\n"

    mine = settings(data=data, detect_prometheus=False)
    assert "demo" not in [source.name for source in planned_sources(mine, fresh)]
    assert aurora(data, config, "demo", "add").code == 0
    assert "demo" in [source.name for source in planned_sources(mine, Lake(data / "lake"))]
    assert fresh.read(Edits)["after"].sort().to_list() == ["false", "true"]


def test_doctor_ends_with_1_while_something_is_wrong_and_with_0_then(lake: Lake, data: Path, config: Path) -> None:
    said = aurora(data, config, "doctor")
    assert said.code == 1
    assert "✕ the scheduler does not run: start Aurora with `aurora up`" in said.text
    assert "nothing is published yet" in said.text
    put(lake, Components, [component("a")])
    publish(lake, data)
    now = datetime.now(UTC).isoformat()
    beat(data, Heartbeat(os.getpid(), now, now, None, ()))
    said = aurora(data, config, "doctor")
    assert said.code == 0, said.text
    assert "✕" not in said.text


def test_doctor_finds_wrong_sources_and_old_settings(data: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(
        '[[source]]\nname = "a"\nconnector = "nagios"\n'
        '[[source]]\nname = "b"\nconnector = "prometheus"\nurl = "http://p"\ntoken = "env:NOT_THERE"\n'
        '[[source]]\nname = "c"\nconnector = "host"\ncolour = 1\n'
    )
    mine = load(data, config)
    now = datetime.now(UTC).isoformat()
    beat(data, Heartbeat(1, now, now, "aurora.toml, line 9: no", ()))
    told = "\n".join(finding.text for finding in examine(mine) if finding.is_wrong)
    assert "source a: no connector 'nagios': use one of" in told
    assert "source b: environment variable NOT_THERE is not set" in told
    assert f"{config}, line 12: colour: there is no such setting" in told
    assert "the old settings are in use: aurora.toml, line 9: no" in told


def test_maintain_tells_what_it_did(lake: Lake, data: Path, config: Path) -> None:
    for number in range(10):
        put(lake, Components, [component(f"a{number}")])
    said = aurora(data, config, "maintain")
    assert said.code == 0
    assert "components" in said.text
    assert Lake(data / "lake").read(Components).height == 10


def test_importing_the_core_is_quick_and_reads_no_pages() -> None:
    heavy = {"streamlit", "pages", "ingest", "requests"}
    script = f"import sys, warehouse.query; print({heavy} & set(sys.modules))"
    assert finished(python(script)).strip() == "set()"
