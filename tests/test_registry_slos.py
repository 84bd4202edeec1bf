"""Objectives as code: SQL in a TOML file becomes an objective that is evaluated, a wrong one is told by its line."""

from pathlib import Path

import pytest

from aurora.contracts import Row
from aurora.contracts.estate import RegistryFaults
from aurora.contracts.operations import ProbeResults, SloPoints, Slos
from aurora.registry_export import as_toml, read_register
from aurora.slo_job import evaluate
from ingest.registry.parse import parse
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, put, row, settings
from tests.test_registry import HEAD, Rig, faults
from warehouse.lake import Lake

ANSWERS = """[[slo]]
id = "shop-answers"
name = "Shop answers"
app = "shop"
kind = "ratio"
good = '''select started_at as ts, 1 as value
  from probe_results where is_success and started_at >= :since and started_at < :until'''
total = "select started_at as ts, 1 as value from probe_results where started_at >= :since and started_at < :until"
target = 99.5
window = "28d"
"""
LEFT_OUT = "; this objective was left out"


@pytest.fixture
def rig(lake: Lake, data: Path, tmp_path: Path) -> Rig:
    return Rig(lake, data, tmp_path / "beside")


def objectives(text: str) -> list[Row]:
    return [row for entry in parse(text, "slos.toml", "registry").entries for table, row in entry if table is Slos]


def test_a_file_beside_the_settings_becomes_objectives_that_are_evaluated(
    rig: Rig, lake: Lake, data: Path, published: Published
) -> None:
    """Ten probes of which one failed: nine of ten were good."""
    rig.write("slos.toml", ANSWERS)
    rig.write("slos/shop/disk.toml", ANSWERS.replace("shop-answers", "shop-disk").replace("99.5", "50"))
    rig.write("applications.toml", ANSWERS.replace("shop-answers", "shop-third"))
    assert rig.run().error is None
    told = rig.rows(Slos, "slo_id", "name", "app_id", "kind", "target_pct", "window", "declared_in", "version")
    assert told == [
        ("shop-answers", "Shop answers", "shop", "ratio", 99.5, "28d", "slos.toml:1", 1),
        ("shop-disk", "Shop answers", "shop", "ratio", 50.0, "28d", "slos/shop/disk.toml:1", 1),
        ("shop-third", "Shop answers", "shop", "ratio", 99.5, "28d", "applications.toml:1", 1),
    ]
    probes = [row(ProbeResults, started_at=NOW - (n + 1) * MINUTE, is_success=n > 0) for n in range(10)]
    put(lake, ProbeResults, probes)
    published()
    evaluate(settings(data=data, demo=False), lake, NOW)
    points = lake.read(SloPoints).filter(lake.read(SloPoints)["slo_id"] == "shop-answers")
    assert (points["good"].sum(), points["total"].sum()) == (9, 10)


def test_versions_are_written_for_what_changes_and_a_last_one_for_what_is_gone(rig: Rig) -> None:
    rig.write("slos.toml", ANSWERS)
    rig.run()
    written = rig.lake.version(Slos)
    rig.write("slos.toml", "# moved down\n\n" + ANSWERS)
    rig.run(NOW + HOUR)
    assert rig.lake.version(Slos) == written
    rig.write("slos.toml", ANSWERS.replace("99.5", "99.9"))
    rig.run(NOW + 2 * HOUR)
    rig.write("slos.toml", "")
    rig.run(NOW + DAY)
    rig.run(NOW + 2 * DAY)
    assert rig.rows(Slos, "version", "target_pct", "is_deleted") == [
        (1, 99.5, False),
        (2, 99.9, False),
        (3, 99.9, True),
    ]


def test_a_broken_file_keeps_its_objectives(rig: Rig) -> None:
    rig.write("slos.toml", ANSWERS)
    rig.run()
    rig.write("slos.toml", ANSWERS + "[")
    assert rig.run(NOW + HOUR).status == "partial"
    assert rig.rows(Slos, "is_deleted") == [False]


def test_a_wrong_one_is_told_and_left_out_and_the_others_go_on(rig: Rig) -> None:
    wrong = ANSWERS.replace("shop-answers", "wrong").replace("select started_at", "delete started_at", 1)
    rig.write("slos.toml", wrong + ANSWERS)
    assert rig.run().status == "partial"
    assert rig.rows(Slos, "slo_id") == ["shop-answers"]
    (told,) = rig.rows(RegistryFaults, "file", "line", "entity_id", "field", "is_refused")
    assert told == ("slos.toml", 6, "wrong", "good", True)
    (message,) = rig.rows(RegistryFaults, "message")
    assert message.startswith("good: this is no SQL (Parser Error")
    assert message.endswith(LEFT_OUT)


def test_one_id_counts_once_also_beside_the_objective_of_an_application(rig: Rig) -> None:
    rig.write("applications.toml", HEAD + "objective = { availability_pct = 99.9 }\n")
    rig.write("slos.toml", ANSWERS.replace("shop-answers", "shop-availability"))
    told = rig.run().error
    assert told == (
        "slos.toml, line 1: slo shop-availability stands here (slos.toml, line 1) and in applications.toml, line 1: "
        "the first counts, remove one of them"
    )
    assert rig.rows(Slos, "kind") == ["time_slice"]


@pytest.mark.parametrize(
    ("said", "line", "told"),
    [
        ("", 1, "kind: it is missing: write ratio, threshold, time_slice"),
        ('kind = "rato"', 3, "kind: write one of ratio, threshold, time_slice"),
        ('kind = "vendor"', 3, "kind: write one of ratio, threshold, time_slice"),
        ('kind = "ratio"', 1, "good: it is missing: write one SELECT of ts and value"),
        ('kind = "ratio"\nthreshold = 5', 4, "threshold: a ratio has none: remove it, or write kind threshold or time_slice"),  # noqa: E501
        ('kind = "ratio"\ngood = "select 1; select 2"', 4, "good: write exactly one SELECT"),
        ('kind = "ratio"\ngood = "select * from read_csv(\'x\')"', 4, "good: read_csv reads what is not published: ask published tables only"),  # noqa: E501
        ('kind = "ratio"\ntotal = "select day, value from x"', 4, "total: it has no column ts: select the instant as ts and the number as value"),  # noqa: E501
        ('kind = "ratio"\ntotal = 3', 4, "total: write text in quotes"),
        ('kind = "time_slice"', 1, "good: write one SELECT of ts and value, or the app or component whose health is meant"),  # noqa: E501
        ('kind = "time_slice"\napp = "a"\nthreshold = 0', 5, "threshold: write the good part in percent from which a minute is good, such as 95"),  # noqa: E501
        ('kind = "threshold"\napp = "a"', 1, "threshold: it is missing: write the highest value that is still good, such as 300"),  # noqa: E501
        ('kind = "threshold"\napp = "a"\nthreshold = nan', 5, "threshold: write a number"),
        ('kind = "threshold"\nthreshold = 1\ntotal = "select ts, value from x"', 5, "total: a threshold counts the values of good: remove it"),  # noqa: E501
        ('kind = "ratio"\ntarget = 100', 4, "target: write a percentage above 0 and below 100, such as 99.9"),
        ('kind = "ratio"\ntarget = "99"', 4, "target: write a percentage above 0 and below 100, such as 99.9"),
        ('kind = "ratio"\nwindow = "14d"', 4, "window: write one of 7d, 28d, 30d, calendar_month"),
        ('kind = "ratio"\napp = "The shop"', 4, 'app: write lower-case letters, digits and "-", at most 100'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(said: str, line: int, told: str) -> None:
    text = f'[[slo]]\nid = "a"\n{said}\n'
    assert objectives(text) == []
    assert (line, told.split(":")[0], told + LEFT_OUT) in faults(text)


def test_a_key_that_there_is_not_is_told_and_the_objective_stands() -> None:
    text = ANSWERS.replace("app =", "app_id =") + 'description = "x"\n'
    assert [row["app_id"] for row in objectives(text)] == [None]
    assert [(line, field) for line, field, _ in faults(text)] == [(4, "app_id"), (11, "description")]
    assert faults(text)[0][2] == "app_id: an objective has no such key: did you mean app?"
    (told,) = faults(ANSWERS.replace("shop-answers", "Shop"))
    assert told[2].endswith('such as "owner-portal"; this objective was left out')


def test_without_sql_the_health_of_the_application_or_component_is_meant() -> None:
    up = '[[slo]]\nid = "a"\nkind = "time_slice"\ncomponent = "prod:a"\ntarget = 99\n'
    quick = '[[slo]]\nid = "b"\nkind = "threshold"\nthreshold = 300\napp = "shop"\ntarget = 95\n'
    told = [(row["name"], row["good_sql"], row["threshold"], row["window"]) for row in objectives(up + quick)]
    assert told == [("a", None, None, "30d"), ("b", None, 300.0, "30d")]
    assert faults(up + quick) == []


def test_the_export_tells_them_apart_from_the_objective_of_an_application(rig: Rig, published: Published) -> None:
    rig.write("applications.toml", HEAD + "objective = { availability_pct = 99.9 }\n")
    rig.write("slos.toml", ANSWERS.replace('kind = "ratio"', 'kind = "time_slice"\nthreshold = 95'))
    rig.run()
    told = as_toml(read_register(published().rows))
    assert "availability_pct = 99.9" in told
    written = rig.lake.version(Slos)
    rig.write("slos.toml", told.partition("[[slo]]")[1] + told.partition("[[slo]]")[2])
    assert rig.run(NOW + HOUR).error is None
    assert rig.lake.version(Slos) == written
