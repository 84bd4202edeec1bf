"""The registry as code: files become rows, faults are told with their line, and what is exported reads the same."""

import os
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import COMMON, Row, Table
from aurora.contracts.cost import Budgets
from aurora.contracts.estate import (
    Applications,
    AppLinks,
    ComponentEdges,
    Memberships,
    People,
    RegistryFaults,
    Teams,
)
from aurora.contracts.operations import Slos
from aurora.registry_export import Register, as_toml, read_register
from aurora.settings import SourceSettings
from ingest.connectors.registry import TABLES, connector
from ingest.history import Outcome
from ingest.plan import planned_sources
from ingest.registry.fields import LIMIT
from ingest.registry.file import MAX_BYTES
from ingest.registry.parse import BrokenError, parse
from ingest.run import Ingest
from tests.conftest import Published
from tests.frames import DAY, HOUR, NOW, ROOT, settings
from warehouse.lake import Lake

EXAMPLE = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "registry.md").read_text(encoding="utf-8"), re.DOTALL)[0]
HEAD = '[[application]]\nid = "shop"\n'


class Rig:
    """A folder of registry files beside aurora.toml, and runs over it."""

    def __init__(self, lake: Lake, data: Path, folder: Path) -> None:
        self.lake, self.folder, self.now = lake, folder, NOW
        (folder / "applications").mkdir(parents=True)
        mine = settings(data=data, config=folder / "aurora.toml", demo=False, detect_prometheus=False)
        self.source = next(source for source in planned_sources(mine, lake) if source.name == "registry")
        self.ingest = Ingest(lake, mine, {"registry": connector}, clock=lambda: self.now)
        self.written = 0

    def write(self, name: str, text: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.written += 1
        os.utime(path, ns=(self.written * 10**9, self.written * 10**9))

    def run(self, now: datetime | None = None) -> Outcome:
        self.now = now or self.now
        (outcome,) = self.ingest.run(self.source)
        assert outcome.landed.quarantined_count == 0
        return outcome

    def rows(self, table: type[Table], *names: str) -> list[Any]:
        frame = self.lake.read(table).sort(table.spec.key)
        return frame.select(names).rows() if len(names) > 1 else frame[names[0]].to_list()


@pytest.fixture
def rig(lake: Lake, data: Path, tmp_path: Path) -> Rig:
    return Rig(lake, data, tmp_path / "beside")


def faults(text: str) -> list[tuple[int | None, str | None, str]]:
    return [(fault.line, fault.field, fault.message) for fault in parse(text, "a.toml", "registry").faults]


def rows(text: str, table: type[Table]) -> list[Row]:
    return [row for entry in parse(text, "a.toml", "registry").entries for of, row in entry if of is table]


def test_the_example_of_the_documentation_becomes_rows(rig: Rig) -> None:
    rig.write("applications.toml", EXAMPLE)
    outcome = rig.run()
    assert (outcome.status, outcome.error) == ("success", None)
    (told,) = rig.lake.read(Applications).to_dicts()
    wanted = {
        "app_id": "owner-portal", "name": "Owner portal", "type": "web", "type_raw": None, "env_tier": "production",
        "lifecycle": "active", "tier": 1, "domain": "commerce", "product": "ownership", "team_id": "portal-team",
        "stack_backend": ["python", "fastapi"], "qa_lead": "Chi Wen", "rpo_s": 900.0, "rto_s": 14_400.0,
        "runbook_url": "https://runbooks.example.com/owner-portal", "tags": '{"cost_center": "4711", "region": "eu"}',
        "declared_in": "applications.toml:13", "updated_at": NOW.replace(tzinfo=None), "source": "registry",
    }  # fmt: skip
    assert {name: told[name] for name in wanted} == wanted
    assert rig.rows(AppLinks, "kind", "native_id", "path_prefix", "env_pattern", "is_pattern", "method", "share_ratio") == [  # noqa: E501
        ("component", "prod:portal-.*", "", None, True, "explicit", None),
        ("component", "prod:portal-db", "", None, False, "explicit", None),
        ("component", "tag:app=owner-portal", "", None, False, "rule", None),
        ("cost", "account:123", "", None, False, "explicit", 0.5),
        ("cost", "tag:app=owner-portal", "", None, False, "explicit", None),
        ("project", "jira:OWN", "", None, False, "explicit", None),
        ("repository", "git:mono", "services/portal", "prod-.*", False, "explicit", None),
        ("repository", "git:owner-portal", "", None, False, "explicit", None),
        ("service", ".*/owner\\-portal(-[a-z]+)?", "", None, True, "rule", None),
        ("store_app", "com.example.owner", "", None, False, "explicit", None),
    ]  # fmt: skip
    assert rig.rows(Teams, "team_id", "kind", "parent_id", "channel") == [
        ("portal-team", "team", "commerce", "#portal")
    ]
    assert sorted(rig.rows(People, "display_name")) == ["Ana Ruiz", "Ben Okoro"]
    assert sorted(rig.rows(Memberships, "role")) == ["developer", "product_owner"]
    assert set(rig.rows(Memberships, "person_id")) == set(rig.rows(People, "person_id"))
    assert rig.rows(ComponentEdges, "from_id", "to_id", "to_type", "kind", "evidence") == [
        ("owner-portal", "identity-service", "app", "depends_on", "declared"),
        ("owner-portal", "prod-prometheus:node-1", "component", "depends_on", "declared"),
    ]
    assert rig.rows(Slos, "slo_id", "kind", "name", "target_pct", "threshold", "window", "declared_in", "app_id") == [
        ("owner-portal-availability", "time_slice", "Availability", 99.9, None, "30d", "applications.toml:13", "owner-portal"),  # noqa: E501
        ("owner-portal-response", "threshold", "Response time", 95.0, 300.0, "30d", "applications.toml:13", "owner-portal"),  # noqa: E501
    ]  # fmt: skip
    assert rig.rows(Budgets, "budget_id", "limit_amount", "currency", "period", "starts_on") == [
        ("owner-portal-monthly", Decimal(3000), "USD", "month", date(2026, 1, 1))
    ]
    assert rig.rows(RegistryFaults, "message") == []


def test_an_untouched_run_writes_nothing(rig: Rig) -> None:
    rig.write("applications.toml", EXAMPLE)
    rig.write("applications/b.toml", HEAD + "tier = 9\n")
    rig.run()
    before = {table: rig.lake.version(table) for table in TABLES}
    rig.run(NOW + HOUR / 2)
    assert {table: rig.lake.version(table) for table in TABLES} == before


def test_what_is_removed_from_a_file_disappears_and_a_removed_file_empties(rig: Rig) -> None:
    rig.write("applications.toml", HEAD + 'has = { project = ["x"] }\n[[application]]\nid = "till"\n')
    rig.write("applications/deep/er/c.toml", '[[application]]\nid = "cellar"\n')
    rig.run()
    assert rig.rows(Applications, "app_id", "declared_in") == [
        ("cellar", "applications/deep/er/c.toml:1"), ("shop", "applications.toml:1"), ("till", "applications.toml:4"),
    ]  # fmt: skip
    rig.write("applications.toml", '[[application]]\nid = "till"\n')
    rig.run()
    assert (rig.rows(Applications, "app_id"), rig.rows(AppLinks, "app_id")) == (["cellar", "till"], [])
    (rig.folder / "applications" / "deep" / "er" / "c.toml").unlink()
    (rig.folder / "applications.toml").unlink()
    assert rig.run().status == "success"
    assert rig.rows(Applications, "app_id") == []


BROKEN: list[tuple[str | bytes, int | None, str]] = [
    (HEAD + "name = ?\n", 3, "this is not TOML"),
    (HEAD + 'id = "twice"\n', 3, "this is not TOML"),
    (b'[[application]]\nid = "sh\xff"', 2, "not UTF-8"),
    (HEAD + 'name = "\x00"', 3, "this is not TOML"),
    (b"#" * (MAX_BYTES + 1), None, "larger than 5 MiB"),
    ("a = " + "[" * 90_000, None, "too deep"),
    ("a = " + "{b = " * 90_000, None, "too deep"),
    ("a = " + "9" * 9_000, None, "too many digits"),
    ("\n" + ".".join("a" * 100_000) + " = 1", 2, "dots in one key"),
    ("x = 1\n[" + ".".join("a" * 200) + "]", 2, "dots in one key"),
]


@pytest.mark.parametrize(("text", "line", "words"), BROKEN, ids=[words[:12] for _, _, words in BROKEN])
def test_a_broken_file_is_told_and_keeps_its_entries(rig: Rig, text: Any, line: int | None, words: str) -> None:
    rule = '[[rule]]\nkind = "service"\nmatch = "svc-{app_id}"\n'
    rig.write("applications.toml", HEAD + 'team = "red"\nbudget = { monthly = 10, currency = "EUR" }\n')
    rig.write("applications/b.toml", '[[application]]\nid = "till"\n' + rule)
    rig.run()
    rig.write("applications.toml", text)
    rig.write("applications/b.toml", rule)
    outcome = rig.run()
    assert outcome.status == "partial"
    ((file, told_line, message, refused),) = rig.rows(RegistryFaults, "file", "line", "message", "is_refused")
    assert (file, told_line, refused) == ("applications.toml", line, True)
    assert words in message
    assert rig.rows(Applications, "app_id", "team_id") == [("shop", "red")]
    assert rig.rows(AppLinks, "native_id") == ["svc-shop"]
    assert rig.rows(Budgets, "is_deleted") == [False]
    rig.write("applications.toml", HEAD)
    assert rig.run().status == "success"
    assert (rig.rows(RegistryFaults, "file"), rig.rows(Applications, "team_id")) == ([], [None])
    assert rig.rows(Budgets, "version", "is_deleted") == [(1, False), (2, True)]


def test_a_budget_without_a_start_keeps_the_month_in_which_it_was_first_read(rig: Rig) -> None:
    rig.write("applications.toml", HEAD + 'budget = { monthly = "10", currency = "EUR" }')
    rig.run()
    rig.run(NOW + 60 * DAY)
    rig.write("applications.toml", HEAD + 'budget = { monthly = "20.50", currency = "EUR" }')
    rig.run()
    march = date(2026, 3, 1)
    assert rig.rows(Budgets, "version", "limit_amount", "starts_on") == [
        (1, Decimal(10), march), (2, Decimal("20.5"), march),
    ]  # fmt: skip


def test_the_second_application_of_an_id_is_left_out_whole(rig: Rig) -> None:
    rig.write("applications.toml", HEAD + 'name = "First"\n')
    rig.write("applications/b.toml", "\n" + HEAD + 'has = { project = ["x"] }\n')
    outcome = rig.run()
    assert outcome.error is not None
    assert outcome.error.startswith("applications/b.toml, line 2: application shop stands here (applications/b.toml, line 2) and in applications.toml, line 1:")  # noqa: E501  # fmt: skip
    assert (rig.rows(Applications, "name"), rig.rows(AppLinks, "native_id")) == (["First"], [])


WRONG: list[tuple[str, str, str]] = [
    ("tier = 5", "tier", "tier: write 1, 2, 3 or 4"),
    ('tier = "1"', "tier", "tier: write 1, 2, 3 or 4"),
    ("tier = true", "tier", "tier: write 1, 2, 3 or 4"),
    ("name = 5", "name", "name: write text in quotes"),
    ('name = "  "', "name", "name: it is empty"),
    ('name = "a\\u0000b"', "name", "name: it holds control characters"),
    (f'name = "{"x" * (LIMIT + 1)}"', "name", "name: it is longer than 500 signs"),
    ('type = "webb"', "type", "type: write one of web, mobile_ios,"),
    ('environment = "moon"', "environment", "environment: write one of production"),
    ('lifecycle = "dead"', "lifecycle", "lifecycle: write one of planned"),
    ('runbook = "javascript:alert(1)"', "runbook", "runbook: write an address that begins with https://"),
    ('links = { A = "ftp://x" }', "links.A", "links.A: write an address"),
    ("tags = { a = 1.5 }", "tags.a", "tags.a: write text in quotes"),
    ('stack = { frontend = "react" }', "stack.frontend", "stack.frontend: write a list"),
    ('stack = { frontent = ["react"] }', "stack.frontent", "did you mean frontend?"),
    ("stack = 5", "stack", "stack: write a table"),
    ('ownerz = { devops = "D" }', "ownerz", "an application has no such key: did you mean owners?"),
    ('recovery = { rpo = "soon" }', "recovery.rpo", "recovery.rpo: write a duration"),
    ('depends_on = ["No Slug"]', "depends_on", "write the id of another application"),
    ('depends_on = ["shop"]', "depends_on", "write the id of another application"),
    ('depends_on = ["component:"]', "depends_on", "write the id of another application"),
    ('has = { repository = "git:x" }', "has.repository", "has.repository: write a list"),
    ('has = { repositories = ["git:x"] }', "has.repositories", "did you mean repository?"),
    ('has = { cost = [{ id = "a", share = 1.5 }] }', "has.cost.share", "write a number above 0, at most 1"),
    ('has = { cost = [{ id = "a", pattern = "b" }] }', "has.cost", "id or pattern"),
    ('has = { component = [{ pattern = "(" }] }', "has.component.pattern", "no regular expression"),
    ('has = { component = [{ pattern = "(?=x)" }] }', "has.component.pattern", "no regular expression"),
    ('has = { component = [{ pattern = "a{1,2000}" }] }', "has.component.pattern", "no regular expression"),
    (f'has = {{ component = [{{ pattern = "{"x" * 501}" }}] }}', "has.component.pattern", "longer than 500"),
    ('has = { component = [{ id = "a", environment = "[" }] }', "has.component.environment", "no regular expression"),
    ("objective = { availability_pct = 101 }", "objective.availability_pct", "above 0, at most 100"),
    ("objective = { response_ms = nan }", "objective.response_ms", "write a number above 0"),
    ('budget = { monthly = 10.5, currency = "EUR" }', "budget.monthly", "a float is not exact"),
    ('budget = { monthly = "10" }', "budget.currency", "write three capitals"),
    ('budget = { currency = "EUR" }', "budget.monthly", "it is missing"),
    ("uptime = 99.9", "uptime", "uptime is read from sources, not typed: remove it"),
    ("responseTime = 5", "responseTime", "response time is read from sources, not typed: remove it"),
    ("monthly_cost = 5", "monthly_cost", "monthly cost is read from sources, not typed: remove it"),
]


@pytest.mark.parametrize(("said", "field", "words"), WRONG, ids=[said[:30] for said, _, _ in WRONG])
def test_a_wrong_field_is_told_with_its_line_and_the_rest_counts(said: str, field: str, words: str) -> None:
    text = f'{HEAD}domain = "d"\n[[application]]\nid = "other"\ntier = 2\n\n{HEAD}product = "p"\n# a remark\n{said}\n'
    told = faults(text)
    assert told[0][:2] == (12, field)
    assert words in told[0][2]
    assert [row["product"] for row in rows(text, Applications)] == [None, None, "p"]
    assert rows(text, AppLinks) == []
    assert rows(text, Budgets) == []


def test_words_that_are_not_known_are_kept_beside_unknown() -> None:
    (row,) = rows(HEAD + 'type = "Main Frame"\nenvironment = "prod"\n', Applications)
    told = (row["type"], row["type_raw"], row["env_tier"], row["env_tier_raw"])
    assert told == ("unknown", "Main Frame", "production", "prod")


def test_lines_are_found_through_tables_strings_and_remarks() -> None:
    text = '''# [[application]]
[[team]]
id = "red"
members = [
  { name = "A", role = "boss" },
]
[[application]]
id = "one"
description = """
[[application]]
tier = 7
"""
[application.stack]
frontend = ["x"]
backend = 5 # tier = 1
[[application]]
tier = 9
id = "two"
recovery.rpo = "never"
[[rule]]
kind = "servis"
match = "x"
'''
    assert [(line, field) for line, field, _ in faults(text)] == [
        (4, "members.role"), (15, "stack.backend"), (17, "tier"), (19, "recovery.rpo"), (21, "kind"),
    ]  # fmt: skip
    assert [row["declared_in"] for row in rows(text, Applications)] == ["a.toml:7", "a.toml:16"]


def test_entries_without_a_usable_id_are_refused_and_others_load() -> None:
    text = (
        '[[application]]\nname = "x"\n[[application]]\nid = "<b>Shop</b>"\n[[application]]\nid = 5\n[[team]]\n' + HEAD
    )
    said = parse(text, "a.toml", "registry")
    assert [(fault.line, fault.entity, fault.refused) for fault in said.faults] == [
        (7, None, True), (1, "x", True), (4, "<b>Shop</b>", True), (6, None, True),
    ]  # fmt: skip
    assert [row["app_id"] for row in rows(text, Applications)] == ["shop"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[application]\nid = "x"\n', 1, "write [[application]]"),
        ("\n[[aplication]]\n", 2, "did you mean application?"),
        ("application = [1]\n", 1, "write [[application]]"),
        ("\nname = 'x'\n", 2, "a registry file has no such key"),
    ],
)
def test_what_is_no_entry_is_told(text: str, line: int, words: str) -> None:
    ((told, _, message),) = faults(text)
    assert told == line
    assert words in message


def test_inline_arrays_are_entries_too() -> None:
    assert [row["declared_in"] for row in rows('\napplication = [{ id = "a" }, { id = "b" }]', Applications)] == [
        "a.toml:2",
        "a.toml:2",
    ]


@pytest.mark.parametrize(
    "said",
    [
        'kind = "service"', 'kind = "service"\nmatch = "a"\npattern = "b"', 'kind = "servise"\nmatch = "a"',
        'kind = "service"\nmatch = "{id}"', 'kind = "service"\npattern = "("',
        'kind = "service"\npattern = "(?={app_id})"',
        'kind = "service"\nmatch = "a"\napplies_to = { team = 1.5 }', 'kind = "service"\nmatch = "a"\napplies_to = 5',
        'kind = "service"\nmatch = "a"\nenvironment = "["',
        'kind = "service"\nmatch = "a"\napplies_to = { colour = "x" }',
    ],
)  # fmt: skip
def test_a_rule_that_is_half_right_ties_nothing(said: str) -> None:
    found = parse(f"[[rule]]\n{said}\n", "a.toml", "registry")
    assert found.rules == []
    assert found.faults
    assert all(fault.line for fault in found.faults)


def test_rules_apply_to_those_they_name_and_spell_out_what_they_fill_in() -> None:
    text = """[[rule]]
kind = "service"
pattern = "{name}/{app_id}x{2}"
applies_to = { team = ["red", "blue"], tier = 1, environment = "prod" }
"""
    (rule,) = parse(text, "a.toml", "registry").rules
    mine = {"app_id": "a-1", "name": "A.*", "team_id": "red", "tier": 1, "env_tier": "production"}
    row = rule.row(mine | {"env_tier_raw": "prod"})
    assert row is not None
    assert (row["native_id"], row["is_pattern"], row["method"]) == (r"A\.\*/a\-1x{2}", True, "rule")
    assert rule.row(mine) is None
    assert rule.row(mine | {"env_tier_raw": "prod", "team_id": "green"}) is None


def test_folders_loops_and_pipes_do_no_harm(rig: Rig) -> None:
    folder = rig.folder / "applications"
    rig.write("applications/folder.toml/real.toml", HEAD)
    rig.write("applications/.hidden.toml", HEAD + "tier = 9")
    rig.write("applications/notes.txt", "no")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "again.toml").symlink_to(folder / "folder.toml" / "real.toml")
    assert rig.run().status == "success"
    assert rig.rows(Applications, "app_id") == ["shop"]
    (folder / "self.toml").symlink_to(folder / "self.toml")
    (folder / "gone.toml").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe.toml")
    assert rig.run().status == "partial"
    assert rig.rows(Applications, "app_id") == ["shop"]
    told = set(rig.rows(RegistryFaults, "file"))
    assert told == {f"applications/{name}.toml" for name in ("self", "gone", "pipe")}


def test_a_storm_of_faults_is_bounded(rig: Rig) -> None:
    """5,000 entries without an id; of 5,000 unknown keys 50 are told one by one and the others in one: 5,051 faults."""
    rig.write("applications.toml", "[[application]]\n" * 5_000 + HEAD + "".join(f"k{n} = 1\n" for n in range(5_000)))
    outcome = rig.run()
    assert outcome.error is not None
    assert outcome.error.endswith("and 5050 more: see Registry")
    assert len(rig.rows(RegistryFaults, "line")) == 1_000
    assert rig.rows(Applications, "app_id") == ["shop"]


def test_a_byte_order_mark_and_windows_lines_are_read(rig: Rig) -> None:
    rig.write("applications.toml", b"\xef\xbb\xbf" + (HEAD + "tier = 9\n").replace("\n", "\r\n").encode())
    outcome = rig.run()
    assert outcome.error == "applications.toml, line 3: tier: write 1, 2, 3 or 4"


def test_an_own_source_takes_the_place_of_the_planned_one(lake: Lake, tmp_path: Path) -> None:
    own = SourceSettings.model_validate({"name": "estate", "connector": "registry", "paths": ["x.toml"]})
    for sources, wanted in (((own,), ["estate"]), ((), ["registry"])):
        mine = settings(config=tmp_path / "aurora.toml", source=sources, demo=False, detect_prometheus=False)
        found = [source for source in planned_sources(mine, lake) if source.connector == "registry"]
        assert [source.name for source in found] == wanted
    beside = tuple(str(tmp_path / name) for name in ("applications.toml", "applications", "slos.toml", "slos"))
    assert connector.options.model_validate(found[0].options).model_dump() == {"paths": beside}


def _register(text: str) -> Register:
    """What a warehouse would know of this text, as far as an export reads it."""
    apps, links, teams, edges, slos, budgets, people, members = (
        pl.DataFrame(rows(text, table), {n: k for n, k in table.dtypes().items() if n not in COMMON}, orient="row")
        for table in (Applications, AppLinks, Teams, ComponentEdges, Slos, Budgets, People, Memberships)
    )
    own = slos.filter(pl.col("good_sql").is_not_null())
    slos = slos.filter(pl.col("good_sql").is_null())
    up = slos.filter(pl.col("kind") == "time_slice").select("app_id", "window", availability_pct="target_pct")
    within = slos.filter(pl.col("kind") == "threshold").select("app_id", "window", response_ms="threshold")
    named = members.join(people, on="person_id").select("role", team_id="scope_id", name="display_name")
    return Register(
        apps, links, teams, named, up.join(within, on=["app_id", "window"], how="full", coalesce=True),
        budgets, edges.rename({"from_id": "app_id"}), own,
    )  # fmt: skip


def _without_place(found: list[Row]) -> list[Row]:
    # An export says the canonical word, since an edit may have set it: how a word was spelt before is not kept.
    unsaid = {"declared_in": None, "type_raw": None, "env_tier_raw": None}
    return sorted(({**row, **unsaid} for row in found), key=str)


HARD = (
    HEAD
    + r'''
name = "Quotes \" and \\ and ü \U0001F600"
description = """two
lines, <b>markup</b>, [[application]]"""
type = "cobol"
environment = "prod"
tags = { "a.b" = "x=y", "c d" = "]" }
recovery = { rpo = "0m", rto = "90s" }
stack = { frontend = [] }
has = { component = [{ pattern = "a\\.b{2}" }, { pattern = "x", environment = "p" }], repository = [
  { id = "r", path = "/a/" }, "r", { id = "r", path = "b", share = 0.25 }] }
[[application]]
id = "bare"
[[team]]
id = "t"
[[slo]]
id = "bare-answers"
app = "bare"
component = "c:1"
kind = "threshold"
good = """select ts, value
from "x" where y = 'z'"""
threshold = 1.5
target = 99.9
window = "7d"
'''
)


@pytest.mark.parametrize("text", [EXAMPLE, HARD], ids=["example", "hard"])
def test_what_is_exported_reads_the_same(text: str) -> None:
    told = as_toml(_register(text))
    for table in (Applications, AppLinks, Teams, ComponentEdges, Slos, Budgets):
        assert _without_place(rows(told, table)) == _without_place(rows(text, table))
    assert as_toml(_register(told)) == told


def test_what_a_warehouse_exports_declares_the_same_estate(rig: Rig, published: Published) -> None:
    """File, lake, warehouse, export, lake again: nothing changes but links by rule, which are written out."""
    rig.write("applications.toml", EXAMPLE.partition("[[rule]]")[0])
    rig.run()
    before = {table: rig.lake.version(table) for table in (Applications, AppLinks, Teams, Slos, Budgets)}
    told = as_toml(read_register(published().rows))
    rig.write("applications.toml", told)
    assert rig.run(NOW + HOUR).error is None
    after = {table: rig.lake.version(table) for table in before}
    places = {Applications, AppLinks}  # these also tell the line, which moves
    assert {table.spec.name for table in before if before[table] != after[table]} <= {t.spec.name for t in places}
    assert as_toml(read_register(published().rows)) == told


def test_an_empty_estate_is_an_empty_text() -> None:
    assert as_toml(_register("")) == ""


@pytest.mark.parametrize("text", ["\x00", "[", '[[application]]\nid = "x"\n[[application.id]]'])
def test_no_toml_is_a_sentence_with_a_line(text: str) -> None:
    with pytest.raises(BrokenError, match="this is not TOML") as told:
        parse(text, "a.toml", "registry")
    assert told.value.line
