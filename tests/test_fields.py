"""Fields of applications: who says what, what stands, when it was confirmed, and how it is typed in and shown."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contracts import Row
from aurora.contracts.estate import Applications, AppLinks, Edits
from aurora.insights.fields import FIELDS, shown, typed
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, edit, link, put, row
from warehouse.lake import Lake

NOBODY: Row = {"name": "shop", "type": "unknown", "env_tier": "unknown", "updated_at": NOW - 10 * DAY}


def told(lake: Lake, source: str, app_id: str = "shop", **values: Any) -> None:
    put(lake, Applications, [row(Applications, app_id=app_id) | NOBODY | values], f"{source}-{app_id}", source)


def app(published: Published, app_id: str = "shop") -> Row:
    return published().rows("from applications_now where app_id = $id", {"id": app_id}).row(0, named=True)


def field(published: Published, name: str) -> Row:
    sql = "from application_fields where app_id = 'shop' and field = $name"
    return published().rows(sql, {"name": name}).row(0, named=True)


def test_field_by_field_people_then_files_then_catalogs_then_the_newest(lake: Lake, published: Published) -> None:
    told(lake, "kubernetes", product="old", domain="old", devops="old", qa_lead="old", lead_developer="old")
    newer: Row = {"domain": "new", "devops": "new", "qa_lead": "new", "updated_at": NOW - DAY, "type": "api"}
    put(lake, Applications, [row(Applications, app_id="shop") | NOBODY | newer], "import", "import")
    told(lake, "backstage", devops="catalog", qa_lead="catalog", type="web", updated_at=NOW - 300 * DAY)
    told(lake, "registry", qa_lead="file", env_tier="testing", updated_at=NOW - 400 * DAY, name="Shop")
    put(lake, Edits, [edit("shop", "lead_developer", "ann")])
    one = app(published)
    names = ("product", "domain", "devops", "qa_lead", "lead_developer", "type", "env_tier", "name")
    assert [one[name] for name in names] == ["old", "new", "catalog", "file", "ann", "web", "testing", "Shop"]
    assert one["source"] == "registry"


def test_an_empty_list_says_nothing(lake: Lake, published: Published) -> None:
    told(lake, "registry", stack_backend=[], links="{}", tags="null")
    told(lake, "backstage", stack_backend=["go"], links='{"a": "b"}', tags='{"k": "v"}')
    one = app(published)
    assert (one["stack_backend"], one["links"], one["tags"]) == (["go"], '{"a": "b"}', '{"k": "v"}')


def test_a_field_is_set_cleared_and_given_back(lake: Lake, published: Published) -> None:
    told(lake, "registry", tier=2, stack_backend=["go"], links='{"a":"https://a"}', rpo_s=60.0, product="tills")
    cleared = [edit("shop", name, None) for name in ("tier", "stack_backend", "links", "rpo_s", "product")]
    put(lake, Edits, cleared)
    one = app(published)
    assert {one[name] for name in ("tier", "links", "rpo_s", "product")} | {one["stack_backend"]} == {None}
    said: Row = {"tier": 1, "stack_backend": ["a", "ü, b"], "links": {"x": "y"}, "rpo_s": 900.0, "product": 'q"'}
    put(lake, Edits, [edit("shop", name, value, 0) for name, value in said.items()])
    one = app(published)
    assert {name: one[name] for name in said} == said | {"links": '{"x": "y"}'}
    put(lake, Edits, [edit("shop", "tier", None, -1, "revert") | {"after": None}])
    assert app(published)["tier"] == 2


WRONG = [
    '"high"',
    '"x"',
    "[1]",
    '{"a": {"b": 1}}',
    "true",
    "1e999",
    '"NaN"',
    '"Infinity"',
    "-5",
    "[[",
    "",
    "nonsense",
    "null",
]


@pytest.mark.parametrize("text", WRONG)
def test_an_edit_of_the_wrong_kind_breaks_nothing(lake: Lake, published: Published, text: str) -> None:
    told(lake, "registry", type="web", tier=2)
    put(lake, Edits, [edit("shop", name, None) | {"after": text} for name in FIELDS])
    one = app(published)
    assert one["type"] in ("web", "unknown")
    assert one["env_tier"] == "unknown"
    assert one["lifecycle"] is None
    for name in ("rpo_s", "rto_s"):
        assert one[name] is None or 0 <= one[name] < 1e12
    for name in ("links", "tags"):
        assert one[name] is None or isinstance(json.loads(one[name]), dict)
    fields = published().rows("from application_fields")
    assert fields.height == 22
    assert all(
        isinstance(shown(FIELDS[name], value), str) for name, value in fields.select("field", "value").iter_rows()
    )


def test_an_edit_that_is_no_json_leaves_the_one_before(lake: Lake, published: Published) -> None:
    told(lake, "registry", tier=2)
    put(lake, Edits, [edit("shop", "tier", 1, 9), edit("shop", "tier", None, 1) | {"after": "{"}])
    assert app(published)["tier"] == 1
    assert field(published, "tier")["value"] == "1"


def test_a_named_edit_makes_an_application_and_other_edits_do_not(lake: Lake, published: Published) -> None:
    said = {"kind": "component", "native_id": "x", "state": "confirmed"}
    edits = [edit("new", "name", "New one"), edit("new", "type", "api"), edit("tiered", "tier", 1)]
    edits += [edit("linked", "link:component:x", said), edit("cleared", "name", None)]
    edits += [edit("gone", "name", "Gone", 9), edit("gone", "name", None, 1, "revert") | {"after": None}]
    put(lake, Edits, edits)
    put(lake, AppLinks, [link("declared", "component", "x")])
    rows = published().rows("select app_id, name, type, env_tier, source, tier from applications_now")
    assert list(rows.iter_rows()) == [("new", "New one", "api", "unknown", "people", None)]


def test_retired_by_an_edit(lake: Lake, published: Published) -> None:
    told(lake, "registry", lifecycle="active")
    put(lake, Edits, [edit("shop", "lifecycle", "retired")])
    warehouse = published()
    assert warehouse.rows("select lifecycle from applications_now")["lifecycle"].to_list() == ["retired"]
    assert warehouse.rows("from orphans(days := 30)").height == 0


def test_who_says_a_field_and_where(lake: Lake, published: Published) -> None:
    told(lake, "kubernetes", devops="k", product="p")
    told(lake, "backstage", devops="c", qa_lead="q")
    told(lake, "registry", tier=2, declared_in="apps.toml:3")
    put(lake, Edits, [edit("shop", "domain", "d", 5, edit_id="e1"), edit("shop", "product", None, 5)])
    rows = {one["field"]: one for one in published().rows("from application_fields").iter_rows(named=True)}
    assert set(rows) == set(FIELDS)
    assert len(rows) == 22
    origins = {name: rows[name]["origin"] for name in ("product", "devops", "qa_lead", "tier", "domain", "rto_s")}
    expected = {"product": "edit", "devops": "catalog", "qa_lead": "catalog", "tier": "file", "domain": "edit"}
    assert origins == expected | {"rto_s": "nobody"}
    assert (rows["tier"]["value"], rows["tier"]["said_by"], rows["tier"]["declared_in"]) == (
        "2",
        "registry-shop",
        "apps.toml:3",
    )
    assert (rows["domain"]["said_by"], rows["domain"]["last_edit_id"], rows["domain"]["value"]) == ("ann", "e1", '"d"')
    assert (rows["product"]["value"], rows["product"]["declared_value"]) == (None, '"p"')
    assert (rows["rto_s"]["value"], rows["rto_s"]["said_by"], rows["rto_s"]["is_due"]) == (None, None, False)
    assert rows["type"]["origin"] == "nobody"


CONFLICTS = [
    ("declared is what it was edited over", 2, [(2, 1)], False),
    ("declared is what the edit says", 1, [(2, 1)], False),
    ("declared is new", 3, [(2, 1)], True),
    ("declared where nothing was", 3, [(None, 1)], True),
    ("declared is gone", None, [(2, 1)], False),
    ("edited twice, declared is still the same", 2, [(2, 1), (1, 4)], False),
    ("kept against the new one", 3, [(2, 1), (3, 1)], False),
    ("cleared, declared is still the same", 2, [(2, None)], False),
    ("cleared, declared is new", 3, [(2, None)], True),
]


@pytest.mark.parametrize(
    ("declared", "edits", "is_conflict"), [one[1:] for one in CONFLICTS], ids=[one[0] for one in CONFLICTS]
)
def test_a_conflict_is_an_edit_over_another_value_than_the_declared(
    lake: Lake,
    published: Published,
    declared: int | None,
    edits: list[tuple[int | None, int | None]],
    is_conflict: bool,
) -> None:
    told(lake, "registry", tier=declared)
    said = [edit("shop", "tier", new, 9 - place, before=json.dumps(old)) for place, (old, new) in enumerate(edits)]
    put(lake, Edits, said)
    assert field(published, "tier")["is_conflict"] is is_conflict


def test_spelling_of_json_is_no_conflict(lake: Lake, published: Published) -> None:
    told(lake, "registry", links='{"a": "https://\\u00e9"}', stack_backend=["a", "b"], rpo_s=900.0)
    over = {"links": '{"a":"https://é"}', "stack_backend": '["a", "b"]', "rpo_s": "900.0"}
    put(lake, Edits, [edit("shop", name, None, before=text) for name, text in over.items()])
    assert published().rows("from application_fields where is_conflict").height == 0


def test_a_confirmation_moves_the_date_and_not_the_value(lake: Lake, published: Published) -> None:
    told(lake, "registry", tier=2, product="p")
    put(
        lake,
        Edits,
        [edit("shop", "tier", 1, 60), edit("shop", "tier", None, 5, "confirm", changed_by="bob") | {"after": None}],
    )
    one = field(published, "tier")
    assert (one["value"], one["said_by"], one["confirmed_by"]) == ("1", "ann", "bob")
    assert one["said_at"] == (NOW - HOUR).replace(tzinfo=None)
    assert one["confirmed_at"] == (NOW - 5 * MINUTE).replace(tzinfo=None)


def test_a_change_of_the_file_confirms_what_it_says(lake: Lake, published: Published) -> None:
    """A file changed after the confirmation confirms; one changed before it does not; nor does it confirm an edit."""
    put(lake, Edits, [edit("shop", "tier", None, 60, "confirm") | {"after": None}, edit("shop", "product", "x", 60)])
    told(lake, "registry", tier=2, product="p", updated_at=NOW - 2 * HOUR)
    assert field(published, "tier")["confirmed_by"] == "ann"
    told(lake, "registry", tier=3, product="p", updated_at=NOW - MINUTE)
    one, other = field(published, "tier"), field(published, "product")
    assert (one["confirmed_by"], one["confirmed_at"]) == ("registry-shop", (NOW - MINUTE).replace(tzinfo=None))
    assert (other["confirmed_by"], other["confirmed_at"]) == ("ann", (NOW - HOUR).replace(tzinfo=None))


@pytest.mark.parametrize(("name", "days"), [("tier", 180), ("team_id", 180), ("product", 365), ("tags", 365)])
def test_a_field_is_due_once_its_days_are_over(lake: Lake, published: Published, name: str, days: int) -> None:
    value: Any = {"tier": 2, "tags": '{"k": "v"}'}.get(name, "x")
    told(lake, "registry", **{name: value}, updated_at=NOW - days * DAY)
    assert field(published, name)["is_due"] is False
    told(lake, "registry", **{name: value}, updated_at=NOW - days * DAY - timedelta(microseconds=1))
    told(lake, "registry", "other", **{name: value}, updated_at=NOW - days * DAY - timedelta(microseconds=1))
    sql = "select is_due from application_fields where app_id = 'other' and field = $name"
    assert published().rows(sql, {"name": name})["is_due"].to_list() == [True]


# Fields as they are typed in


TYPED = {
    "text": st.text(max_size=40),
    "list": st.text(alphabet="ab ,é\"'[]\n", max_size=20),
    "map": st.text(alphabet='ab =é"\n', max_size=20),
    "whole": st.sampled_from(["1", "2", "3", "4", ""]),
    "address": st.sampled_from(["https://a/b?c=d#e", "http://x"]),
    "duration": st.from_regex(r"\A[0-9]{1,6}[smhd]\Z"),
}


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(list(FIELDS.values())))
def test_what_is_typed_is_shown_and_typed_again_the_same(data: st.DataObject, one: Any) -> None:
    strategy = st.sampled_from(one.words) if one.kind == "word" else TYPED[one.kind]
    try:
        first = typed(one, data.draw(strategy))
    except ValueError:  # what it says is tested below
        return
    assert typed(one, shown(one, first)) == first
    assert first.encode()


def test_every_kind_of_field_as_it_is_typed() -> None:
    said = {
        "name": ("  Shop \ud800", '"Shop ?"'),
        "type": ("Mobile iOS", '"mobile_ios"'),
        "tier": ("4", "4"),
        "stack_backend": (" a, b,,ü ", '["a","b","ü"]'),
        "stack_frontend": (" , ", "null"),
        "runbook_url": ("https://x/y", '"https://x/y"'),
        "links": ("Board = https://a?b=c\n\n", '{"Board":"https://a?b=c"}'),
        "tags": ("k=v\nflag", '{"k":"v","flag":""}'),
        "rpo_s": ("90m", "5400.0"),
        "rto_s": ("0s", "0.0"),
        "product": ("", "null"),
    }
    assert {name: typed(FIELDS[name], text) for name, (text, _) in said.items()} == {n: v for n, (_, v) in said.items()}
    assert shown(FIELDS["rpo_s"], "5400.0") == "90m"
    assert shown(FIELDS["rto_s"], "0.5") == "0.5s"


REFUSED = [
    ("type", "spaceship", "none of web"),
    ("tier", "5", "1, 2, 3 or 4"),
    ("tier", "high", "1, 2, 3 or 4"),
    ("runbook_url", "javascript:alert(1)", "http"),
    ("runbook_url", 'https://x" onclick="y', "http"),
    ("links", "Board", "http"),
    ("links", "Board = file:///etc/passwd", "http"),
    ("tags", "= v", "key = value"),
    ("rpo_s", "4 weeks", "15m"),
    ("rpo_s", "1e9d", "15m"),
    ("name", "x" * 2001, "2,000"),
    ("stack_backend", "x" * 2001, "2,000"),
]


@pytest.mark.parametrize(("name", "text", "says"), REFUSED)
def test_what_cannot_be_taken_is_refused_with_what_to_write(name: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{FIELDS[name].label}: .*{says}"):
        typed(FIELDS[name], text)


@pytest.mark.parametrize(
    "text", [None, "", "{", "NaN", "1e999", '"abc"', "[[[1]]]", '{"a": [1]}', "-1", "true", "[" * 99_999]
)
def test_whatever_a_value_says_it_is_shown(text: str | None) -> None:
    assert all(isinstance(shown(one, text), str) for one in FIELDS.values())


def test_the_fields_are_those_of_the_mart(lake: Lake, published: Published) -> None:
    told(lake, "registry")
    assert set(published().rows("select field from application_fields")["field"]) == set(FIELDS)
