"""What belongs to what: statements of files and people, the things they find, and what nobody claims."""

import json
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.cost import FocusCost
from aurora.contracts.delivery import Deployments, Repositories
from aurora.contracts.estate import Applications, AppLinks, Components, Edits
from aurora.contracts.operations import BackupJobs
from tests.conftest import Published
from tests.frames import DAY, NOW, component, edit, link, put, row
from warehouse.lake import Lake
from warehouse.query import Warehouse


def repository(repo_id: str, full_name: str, **values: Any) -> Row:
    return (
        row(Repositories, repo_id=repo_id, full_name=full_name) | {"url": f"https://git.acme.org/{full_name}"} | values
    )


def decided(app_id: str, kind: str, native_id: str, state: str = "confirmed", number: int = 1, **values: Any) -> Row:
    told = {"kind": kind, "native_id": native_id, "path_prefix": "", "state": state} | values
    return edit(app_id, f"link:{kind}:{native_id}", told, number)


def apps(lake: Lake, *names: str, **values: Any) -> None:
    put(lake, Applications, [row(Applications, app_id=name, name=name, updated_at=NOW) | values for name in names])


def linked(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    told = warehouse.rows("select app_id, native_id, is_found from app_links_now order by all")
    return list(told.iter_rows())


def test_one_thing_declared_in_several_places_is_one_link_and_the_explicit_one_counts(
    lake: Lake, published: Published
) -> None:
    put(lake, Components, [component("s1:a")])
    put(lake, AppLinks, [link("shop", "component", "s1:a", method="rule", share_ratio=0.1)], "rules")
    put(lake, AppLinks, [link("shop", "component", "S1:A", method="explicit", share_ratio=0.2)], "files")
    put(lake, AppLinks, [link("shop", "component", "s1:a", method="suggested", state="rejected")], "guesses")
    told = published().rows("from link_statements").to_dicts()
    # "S1:A" is the name of the component, found in whatever case it is written
    assert [(one["native_id"], one["stated_as"], one["state"], one["share_ratio"], one["said_by"]) for one in told] == [
        ("s1:a", "S1:A", "confirmed", 0.2, "files")
    ]


def test_a_person_wins_over_files_and_rules_until_it_is_taken_back(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("s1:a"), component("s1:b")])
    put(lake, AppLinks, [link("shop", "component", "s1:a"), link("blog", "component", "s1:.*", is_pattern=True)])
    put(lake, Edits, [decided("shop", "component", "s1:a", "rejected", 9), decided("wiki", "component", "s1:b")])
    put(lake, Edits, [decided("blog", "component", "s1:a", "rejected", 8)])
    assert linked(published()) == [("blog", "s1:b", True), ("wiki", "s1:b", True)]
    back = edit("shop", "link:component:s1:a", None, 7, "revert") | {"after": None}
    put(lake, Edits, [back, decided("wiki", "component", "s1:b", "rejected", 0)])
    assert linked(published()) == [("blog", "s1:b", True), ("shop", "s1:a", True)]
    put(lake, Edits, [decided("shop", "component", "s1:a", "rejected", 6)])
    assert linked(published()) == [("blog", "s1:b", True)]


def test_a_decision_that_cannot_be_read_changes_nothing(lake: Lake, published: Published) -> None:
    put(lake, Components, [component(f"s1:{name}") for name in "abcdef"])
    hostile = ["not json", "[1]", '"x"', "null", "3", "{", '{"kind": {"a": 1}, "native_id": [2], "state": "confirmed"}']
    rows = [edit("shop", f"link:component:{number}", None) | {"after": text} for number, text in enumerate(hostile)]
    rows += [
        decided("shop", "component", "s1:a", number=9),
        edit("shop", "link:component:s1:a", None, 1) | {"after": "{"},
    ]
    rows += [decided("shop", "component", "s1:b", share_ratio="lots", is_pattern="perhaps")]
    rows += [decided("shop", "component", "s1:c", "sure"), decided("shop", "nonsense", "s1:d")]
    rows += [edit("shop", "link:component:s1:e", None) | {"after": None}]
    put(lake, Edits, rows)
    told = linked(published())
    assert {("shop", "s1:a", True), ("shop", "s1:b", True), ("shop", "s1:d", False)} <= set(told)
    assert not {"s1:c", "s1:e"} & {native_id for _, native_id, _ in told}


SPELLINGS = [
    "https://git.acme.org/Web/Shop",
    "https://git.acme.org/web/shop.git",
    "https://git.acme.org/web/shop/",
    "https://ann:secret@git.acme.org/web/shop.git/",
    "git@git.acme.org:web/shop.git",
    "ssh://git@git.acme.org/web/shop.git",
    "ssh://git@git.acme.org:2222/web/shop.git",
    "git.acme.org/web/shop",
    "g1:1",
    "web/shop",
    "WEB/Shop",
    "shop",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_repository_is_found_in_any_spelling(lake: Lake, published: Published, spelling: str) -> None:
    put(lake, Repositories, [repository("g1:1", "web/shop"), repository("g1:2", "web/shop-api")])
    put(lake, AppLinks, [link("shop", "repository", spelling)])
    assert linked(published()) == [("shop", "g1:1", True)]


def test_an_id_beats_a_name_and_a_name_an_address(lake: Lake, published: Published) -> None:
    """`x` is the id of one, the name of another; `y` is the name of one and the address of another."""
    put(lake, Repositories, [repository("x", "a/one"), repository("r2", "x"), repository("r3", "y")])
    put(lake, Repositories, [repository("r4", "a/four", url="https://y/")])
    put(lake, AppLinks, [link("shop", "repository", "x"), link("blog", "repository", "y")])
    assert linked(published()) == [("blog", "r3", True), ("shop", "x", True)]


def test_tags_patterns_and_twins_find_components(lake: Lake, published: Published) -> None:
    put(
        lake, Components, [component("s1:a", tags='{"app": "shop", "it\'s.a/b~c": "1"}'), component("s1:b", tags="[1]")]
    )
    put(lake, Components, [component("s1:c", name="Web-7"), component("s2:c", name="ip-7", same_as="s1:c")])
    put(lake, Components, [component("s1:chat", kind="messaging_channel", name="alarms"), component("s1:d", tags="no")])
    links = [link("tag", "component", "tag:app=shop"), link("odd", "component", "tag:it's.a/b~c=1")]
    links += [
        link("name", "component", "web-.*", is_pattern=True),
        link("id", "component", ".*:(a|b)", is_pattern=True),
    ]
    links += [
        link("case", "component", "(?i)web-[0-9]", is_pattern=True),
        link("part", "component", "s1", is_pattern=True),
    ]
    links += [link("twin", "component", "s2:c"), link("twins", "component", "IP-7")]
    links += [link("chat", "component", "alarms"), link("quantified", "component", "s1:dd?", is_pattern=True)]
    links += [link("either", "component", "s1:a|s1:b", is_pattern=True)]
    put(lake, AppLinks, links)
    warehouse = published()
    found: dict[str, list[str | None]] = {app: [] for app, *_ in linked(warehouse)}
    for app, native_id, is_found in linked(warehouse):
        found[app].append(native_id if is_found else None)
    assert found == {
        "tag": ["s1:a"],
        "odd": ["s1:a"],
        "name": [None],
        "case": ["s1:c"],
        "id": ["s1:a", "s1:b"],
        "part": [None],
        "twin": ["s1:c"],
        "twins": ["s1:c"],
        "chat": ["s1:chat"],
        "quantified": ["s1:d"],
        "either": ["s1:a", "s1:b"],
    }
    belongs = warehouse.rows("select app_id from app_components where component_id = 's1:c' order by all")
    assert belongs["app_id"].to_list() == ["case", "twin", "twins"]


@pytest.mark.parametrize("pattern", ["(", "[", "a{1000}{1000}", "*", "\\", "(?<n>", "(" * 3000])
def test_a_malformed_expression_breaks_nothing(lake: Lake, published: Published, pattern: str) -> None:
    put(lake, Components, [component("s1:a"), component(pattern)])
    links = [link("shop", "component", pattern, is_pattern=True), link("blog", "component", "s1:.", is_pattern=True)]
    put(lake, AppLinks, [*links, link("shop", "repository", "r", env_pattern=pattern)])
    shipped = row(Deployments, deployment_id="d", repo_id="r", environment="prod", created_at=NOW, updated_at=NOW)
    put(lake, Deployments, [shipped])
    warehouse = published()
    assert ("blog", "s1:a", True) in linked(warehouse)
    assert ("shop", pattern, False) in linked(warehouse)
    # it stands for an environment of that very name, not for all
    assert warehouse.rows("from deployments_by_app").height == 0


def test_costs_pass_as_they_stand_and_a_link_to_nothing_stays(lake: Lake, published: Published) -> None:
    apps(lake, "tag:team=x")
    put(lake, Components, [component("s1:a", tags='{"team": "x"}')])
    put(lake, AppLinks, [link("shop", "cost", "tag:team=x", share_ratio=0.5), link("shop", "project", "nobody")])
    told = published().rows("select kind, native_id, is_found, share_ratio from app_links_now order by kind")
    assert list(told.iter_rows()) == [("cost", "tag:team=x", True, 0.5), ("project", "nobody", False, None)]


def test_a_service_brings_its_components(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("s1:a", service="cart"), component("s1:b", service="cart"), component("s1:c")])
    put(lake, AppLinks, [link("shop", "service", "CART"), link("shop", "component", "s1:a")])
    warehouse = published()
    assert list(warehouse.rows("select component_id from app_components order by all")["component_id"]) == [
        "s1:a",
        "s1:b",
    ]
    assert warehouse.rows("select native_id from unlinked")["native_id"].to_list() == ["s1:c"]


def test_suggestions_by_the_words_of_names(lake: Lake, published: Published) -> None:
    """Jaccard: shared words / all words of both, words of ids and names together, generic ones left out.

    "Order Desk" (order, desk) against acme/order-desk-api, id g1:1 (order, desk; `acme` is no part of the name's last
    word, but of the name: acme, order, desk, 1 is too short): 2 / 3 = 0.667.
    "Fleet" against s1:fleet named fleet: 1 / 1, at most 0.95. "Fleet" against acme/fleet-map: fleet of acme, fleet,
    map: 1 / 3, below a half.
    """
    apps(lake, "order-desk", name="Order Desk")
    put(lake, Applications, [row(Applications, app_id="fleet", name="Fleet Service", updated_at=NOW)], "t2")
    put(lake, Applications, [row(Applications, app_id="api", name="The web app", updated_at=NOW)], "t3")
    put(lake, Repositories, [repository("g1:1", "acme/order-desk-api"), repository("g1:2", "acme/fleet-map")])
    put(lake, Components, [component("s1:fleet", name="fleet"), component("s1:web-api", name="web-api")])
    told = published().rows(
        "select app_id, native_id, confidence_ratio, shared_words from link_suggestions order by all"
    )
    assert [(app, thing, round(ratio, 3), words) for app, thing, ratio, words in told.iter_rows()] == [
        ("fleet", "s1:fleet", 0.95, ["fleet"]),
        ("order-desk", "g1:1", 0.667, ["desk", "order"]),
    ]


def test_what_is_linked_or_was_rejected_is_not_suggested_and_three_are_enough(lake: Lake, published: Published) -> None:
    names = ["cart-a1", "cart-a2", "cart-a3", "cart-a4", "cart"]
    apps(lake, *names)
    put(lake, Components, [component("s1:cart", name="cart"), component("s2:cart", name="cart")])
    suggested = "select app_id from link_suggestions where native_id = 's1:cart' order by confidence_ratio desc, app_id"
    assert published().rows(suggested)["app_id"].to_list() == ["cart", "cart-a1", "cart-a2"]
    put(lake, Edits, [decided("cart", "component", "s1:cart", "rejected")])
    assert published().rows(suggested)["app_id"].to_list() == ["cart-a1", "cart-a2", "cart-a3"]
    put(lake, Edits, [decided("cart-a4", "component", "s1:cart")])
    warehouse = published()
    assert warehouse.rows(suggested).height == 0
    assert set(warehouse.rows("from link_suggestions")["native_id"]) == {"s2:cart"}


def test_a_retired_application_is_not_suggested_but_a_guess_of_a_source_is_weighed(
    lake: Lake, published: Published
) -> None:
    apps(lake, "cart")
    apps_of_old = row(Applications, app_id="chart", name="chart", updated_at=NOW) | {"lifecycle": "retired"}
    put(lake, Applications, [apps_of_old], "t2")
    put(lake, Components, [component("s1:cart", name="cart"), component("s1:chart", name="chart")])
    put(lake, AppLinks, [link("cart", "component", "s1:cart", method="suggested", state="suggested")])
    warehouse = published()
    assert warehouse.rows("select app_id from link_suggestions")["app_id"].to_list() == ["cart"]
    assert linked(warehouse) == []


def test_everything_that_belongs_to_nobody_is_listed(lake: Lake, published: Published) -> None:
    apps(lake, "mail")
    put(lake, Components, [component("s1:a"), component("s1:gone", lifecycle="terminated"), component("s1:mine")])
    put(lake, Components, [component("s2:a", same_as="s1:a"), component("s1:paid", type="third_party")])
    put(lake, Repositories, [repository("g1:1", "acme/x"), repository("g1:mine", "acme/y")])
    put(lake, BackupJobs, [row(BackupJobs, number, backup_plan_id="nightly", started_at=NOW) for number in (1, 2)])
    charges: list[tuple[str, str, str | None, str | None]] = [
        ("1", "mail", None, None),
        ("2", "disk", None, None),
        ("3", "disk", "acc", None),
    ]
    charges += [("4", "tagged", None, '{"team": "x"}'), ("5", "tagged", None, None), ("6", "odd", None, "not json")]
    put(lake, FocusCost, [charge(*one) for one in charges])
    links = [link("mail", "component", "s1:mine"), link("mail", "repository", "acme/y")]
    links += [link("mail", "cost", "account:acc"), link("mail", "cost", "tag:team=x")]
    put(lake, AppLinks, links)
    told = published().rows("select kind, native_id, suggested_app_id from unlinked order by all")
    assert [one[:2] for one in told.iter_rows()] == [
        ("backup", "nightly"),
        ("component", "s1:a"),
        ("cost", "service:mail"),
        ("cost", "service:odd"),
        ("repository", "g1:1"),
        ("third_party", "s1:paid"),
    ]


def charge(name: str, service: str, account: str | None, tags: str | None) -> Row:
    told = {"x_RowId": name, "ServiceName": service, "SubAccountId": account, "Tags": tags, "x_SourceExport": "e"}
    return row(FocusCost, ChargePeriodStart=NOW, BillingPeriodStart=NOW.replace(day=1)) | told


def test_orphans_are_those_that_were_silent_for_longer(lake: Lake, published: Published) -> None:
    """Seen exactly 30 days ago is not silent for more than 30 days; a second more is; nothing at all is as well."""
    apps(lake, "edge", "over", "never")
    retired = row(Applications, app_id="retired", name="old", updated_at=NOW) | {"lifecycle": "retired"}
    put(lake, Applications, [retired], "t2")
    seconds = DAY / 86_400
    first = NOW - 90 * DAY
    put(lake, Components, [component("s1:edge", last_seen_at=NOW - 30 * DAY, first_seen_at=first)])
    put(lake, Components, [component("s1:over", last_seen_at=NOW - 30 * DAY - seconds, first_seen_at=first)])
    put(lake, AppLinks, [link(name, "component", f"s1:{name}") for name in ("edge", "over")])
    told = published().rows("select app_id, silent_days from orphans(days := 30) order by all")
    assert list(told.iter_rows()) == [("never", None), ("over", 30)]


def test_marks_hold_any_key(lake: Lake, published: Published) -> None:
    tags = json.dumps({"a.b": "x", "": "empty", 'q"': None, "n": 1, "o": {"p": 2}})
    told = published().rows(
        "select tag_marks($tags) as marks, tag_marks('[]') as none, tag_marks(null) as null_", {"tags": tags}
    )
    assert told.row(0) == (["tag:a.b=x", "tag:=empty", 'tag:q"=', "tag:n=1", 'tag:o={"p":2}'], [], [])


@pytest.mark.parametrize(
    ("pattern", "start"),
    [
        ("prod:.*", "prod:"),
        (r".*:App\-12\-.*", ":app-12-"),
        (r"a\-?b", "a"),
        ("abc*", "ab"),
        (r"^foo\.bar+", "foo.bar"),
        ("x|y", ""),
        ("(ab)c", ""),
    ],
)
def test_the_text_that_all_matches_of_a_pattern_hold(pattern: str, start: str, published: Published) -> None:
    assert published().rows("select literal_start($pattern) as start", {"pattern": pattern})["start"][0] == start
