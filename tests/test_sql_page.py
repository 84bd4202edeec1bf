"""The SQL page: what is asked, answered, drawn, linked to, laid out and taken along."""

import base64
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
import uvicorn
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from aurora.errors import QueryError
from aurora.explore.offers import KEPT, Offer, Offers, offers
from aurora.gateway.files import Files
from aurora.settings import ROOT, Settings
from aurora.ui import catalog, codemirror, sql_parameters
from aurora.ui.data import LastGood
from aurora.ui.sql_chart import fitting
from aurora.ui.sql_editor import Draft
from aurora.ui.sql_editor.layout import laid_out
from aurora.ui.sql_editor.words import words
from aurora.ui.sql_examples import EXAMPLES
from aurora.ui.sql_history import values_of
from aurora.ui.sql_link import MOST_LETTERS, link_query, packed, sql_link, unpacked
from aurora.ui.sql_results import profile
from aurora.ui.sql_runs import KEPT as KEPT_RUNS
from aurora.ui.sql_runs import title_of
from tests.servers import free_ports
from tests.templates import copy_of
from tests.test_pages import acme, sentences, shown  # noqa: F401
from warehouse.query import Warehouse

PAGE = ROOT / "pages/explore/sql.py"


def asked(data: Path, monkeypatch: pytest.MonkeyPatch, sql: str, **values: object) -> AppTest:
    """The page as a link to that SQL opens it."""
    return settled(shown(PAGE, data, monkeypatch, **link_query(sql, values)))


def settled(test: AppTest) -> AppTest:
    """The page once nothing runs: a question may take longer than the page waits on a busy machine."""
    until = time.monotonic() + 60
    while test.session_state["sql-desk"].running:
        assert time.monotonic() < until
        time.sleep(0.2)
    return test.run()


def answer(test: AppTest) -> pl.DataFrame:
    """The rows that the page shows last."""
    return pl.from_pandas(test.dataframe[-1].value)


def press(test: AppTest, key: str) -> AppTest:
    return settled(test.button(key=key).click().run())


@pytest.fixture
def at_acme(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """The data folder of acme, read by the functions under test."""
    monkeypatch.setenv("AURORA_DATA", str(acme))
    monkeypatch.setattr("aurora.ui.data._last_good", LastGood())
    return acme


def test_a_link_opens_its_question_and_runs_it(at_acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = asked(at_acme, monkeypatch, "select 41 + :n::int as answer, 'ä' as letter", n="1")
    assert not test.exception
    assert answer(test).to_dicts() == [{"answer": 42, "letter": "ä"}]
    assert "1 row ·" in sentences(test)
    assert test.session_state["sql-desk"].draft.text.startswith("select 41")
    assert test.number_input(key="sql-value-n").value == 1


def test_each_run_is_a_result_of_its_own_and_the_last_few_are_kept(
    at_acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = asked(at_acme, monkeypatch, "select 1 as one")
    for _ in range(KEPT_RUNS):
        press(test, "sql-run")
    numbers = [run.number for run in test.session_state["sql-desk"].runs]
    assert numbers == list(range(2, KEPT_RUNS + 2))
    press(test, f"sql-close-{numbers[-1]}")
    assert [run.number for run in test.session_state["sql-desk"].runs] == numbers[:-1]
    assert test.session_state["sql-desk"].open == numbers[-2]


def test_a_capped_answer_says_that_it_is_not_all(at_acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = asked(at_acme, monkeypatch, "select unnest(range(1500)) as n")
    assert "1,500 rows ·" in sentences(test)
    test.selectbox(key="sql-cap").select(1_000)
    press(test, "sql-run")
    assert "First 1,000 rows · a download has all of them" in sentences(test)
    assert answer(test).height == 1000


def test_a_fault_is_told_with_its_place_and_the_page_lives_on(at_acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = asked(at_acme, monkeypatch, "select nothing_such from component_status")
    assert not test.exception
    assert "nothing_such" in test.error[0].value
    assert any("LINE 1" in block.value for block in test.code)
    test = asked(at_acme, monkeypatch, "delete from applications")
    assert test.error
    assert not test.exception


def test_a_broken_link_and_an_unknown_question_are_told(at_acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cut on its way" in sentences(shown(PAGE, at_acme, monkeypatch, q="!!"))
    assert "retired" in sentences(shown(PAGE, at_acme, monkeypatch, question="nowhere"))


def test_explain_tells_steps_and_shares(at_acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = asked(at_acme, monkeypatch, "select count(*) from component_health where component_id like '%pay%'")
    press(test, "sql-explain")
    assert {metric.label for metric in test.metric} >= {"Took", "Planning", "Read", "Steps"}
    tree = next(block.proto.body for block in test.get("html") if "aurora-plan" in block.proto.body)
    assert "Add up" in tree
    assert "component_health" in tree


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.icon for example in EXAMPLES])
def test_an_example_gives_something_worth_seeing(
    example: object, at_acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = shown(PAGE, at_acme, monkeypatch)
    press(test, f"sql-example-{EXAMPLES.index(example)}")  # type: ignore[arg-type]
    assert not test.exception
    assert not test.error
    assert answer(test).height > 1 or "component" in EXAMPLES[EXAMPLES.index(example)].title  # type: ignore[arg-type]


def test_the_chart_of_an_answer_is_drawn_and_changed(at_acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = asked(at_acme, monkeypatch, "select * from (values ('a', 3, 5), ('b', 4, 1)) t(word, n, m)")
    number = test.session_state["sql-desk"].open
    test.segmented_control(key=f"sql-view-{number}").set_value("Chart").run()
    run = test.session_state["sql-desk"].looked_at
    assert run.chart == {"kind": "bar", "x": "word", "y": ["n"]}
    test.segmented_control(key=f"sql-chart-{number}-kind").set_value("Number").run()
    assert [metric.value for metric in test.metric] == ["3"]


def saving() -> None:
    """The form of saving alone: AppTest does not run the fragment that a dialog is."""
    from aurora.ui.sql_runs import desk
    from aurora.ui.sql_save import form

    if not desk().draft.text:
        desk().hand_over("select 'a' as word, 3 as n where :app is null or :since < :until", is_run=False)
        desk().given = {"app": "shop", "since": "2026-03-01"}
    form(desk())


def test_a_question_that_was_tried_is_kept_and_opened_again(
    acme: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = copy_of(acme, tmp_path / "own")
    shown(PAGE, own, monkeypatch)
    form = AppTest.from_function(saving, default_timeout=60).run()
    form.button(key="sql-save-now").click().run()
    assert "title" in form.error[0].value
    form.text_input[0].set_value("Words & numbers").run()
    form.button(key="sql-save-now").click().run()
    assert not form.exception
    kept = Warehouse(own / "published").rows("from questions_now where title = 'Words & numbers'").row(0, named=True)
    assert '"app": "shop"' in kept["parameters"]
    assert "since" not in kept["parameters"]
    opened = settled(shown(PAGE, own, monkeypatch, question=kept["question_id"]))
    assert opened.session_state["sql-desk"].question["title"] == "Words & numbers"
    assert answer(opened).to_dicts() == [{"word": "a", "n": 3}]


def test_what_was_asked_is_found_again(at_acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = asked(at_acme, monkeypatch, "select 'found again' as it where :until > :since", until=date(2026, 3, 7))
    desk = test.session_state["sql-desk"]
    test.segmented_control(key=f"sql-tab-{desk.turn}").set_value("History").run()
    assert any("found again" in sql for sql in pl.from_pandas(test.dataframe[-1].value)["sql"])
    row = {"parameters": '{"until": "2026-03-08 00:00:00", "since": "2026-03-01 00:00:00", "n": null}'}
    assert values_of(row) == {"until": "2026-03-07", "since": "2026-03-01 00:00:00", "n": None}


def test_what_fits_an_answer() -> None:
    day = pl.Series("day", [date(2026, 3, 1), date(2026, 3, 2)])
    two = pl.DataFrame({"a": [1, 2], "b": [2.0, 4.0]})
    assert fitting(two.with_columns(day))["kind"] == "line"
    assert fitting(two) == {"kind": "point", "x": "a", "y": ["b"]}
    assert fitting(two.head(1)) == {"kind": "number", "y": ["a", "b"]}
    assert fitting(pl.DataFrame({"w": ["x", "x"], "n": [1, 2]}))["kind"] == "bar"
    assert fitting(pl.DataFrame({"w": ["x"]}))["kind"] == "table"


def test_columns_in_figures() -> None:
    frame = pl.DataFrame({"n": [1, None, 3, 3], "w": ["b", "a", "a", None], "l": [[1], [2, 3], None, []]})
    told = {row["column"]: row for row in profile(frame).to_dicts()}
    assert told["n"]["null_pct"] == 25
    assert (told["n"]["lowest"], told["n"]["highest"]) == ("1", "3")
    assert told["n"]["mean"] == pytest.approx(7 / 3)
    assert told["w"]["most"] == "a  (2 times)"
    assert told["l"]["values"] == 3


def test_a_question_travels_in_an_address() -> None:
    sql = "select 'ä€😀' -- " + "long " * 2000
    query = parse_qs(urlsplit(sql_link(sql, app="a&b", since=date(2026, 3, 1), none=None)).query)
    assert unpacked(query["q"][0]) == sql
    assert (query[":app"], query[":since"]) == (["a&b"], ["2026-03-01"])
    assert ":none" not in query


@pytest.mark.parametrize(
    "hostile",
    [
        "", "%%%", "ä", "a" * 5, packed("x")[:-3], packed("x" * (MOST_LETTERS + 1)),
        base64.urlsafe_b64encode(zlib.compress(b"\xff\xfe")).decode(),
        base64.urlsafe_b64encode(zlib.compress(b"0" * 50_000_000, 9)).decode(),
    ],
)  # fmt: skip
def test_an_address_that_holds_no_question_holds_none(hostile: str) -> None:
    assert unpacked(hostile) is None


def test_days_are_whole_and_the_last_one_counts() -> None:
    values = {
        "since": datetime.fromisoformat("2026-03-01"),
        "until": datetime.fromisoformat("2026-03-08"),
        "app": None,
        "n": 3,
    }
    assert sql_parameters.as_told(values) == {"since": "2026-03-01", "until": "2026-03-07", "n": "3"}


def test_titles_say_what_a_result_is_from() -> None:
    assert title_of("select 1 from (select 2 from incidents_now) x") == "incidents_now"
    assert title_of("select 1 from deployments", "plan") == "Plan of deployments"
    assert title_of("select 1") == "select 1"


def test_what_is_typed_counts_unless_it_was_replaced_meanwhile() -> None:
    draft = Draft()
    draft.hear({"text": "select 1", "selected": "1", "revision": 0})
    assert (draft.text, draft.selected) == ("select 1", "1")
    draft.replace("select 2")
    draft.hear({"text": "select 1, old", "revision": 0})
    assert draft.text == draft.given == "select 2"
    draft.add("x")
    draft.add("x")
    assert draft.insert == {"id": 2, "text": "x"}


def test_layout_changes_blanks_alone(at_acme: Path) -> None:
    sql = "SELECT Name AS Foo,  sum( x ) FROM components WHERE y=:app AND z = ' A  B' -- why\nGROUP   BY ALL"
    fresh = laid_out(sql)
    assert fresh != sql
    assert "as Foo" in fresh
    assert "= :app" in fresh
    assert "' A  B'" in fresh
    assert "-- why" in fresh
    assert laid_out(fresh) == fresh
    for broken in ("select (1", "selec 1", "select '", "{% if %}"):
        with pytest.raises(QueryError):
            laid_out(broken)


def test_the_catalog_finds_names_first_then_columns_then_meanings(at_acme: Path) -> None:
    everything = catalog.entries()
    assert catalog.found("deployments", everything)[0].name == "deployments"
    assert any(entry.name == "component_health" for entry in catalog.found("cpu_pct", everything))
    assert catalog.found("quarantine broke", everything)[0].name == "quarantine"
    assert catalog.found("zebra giraffe", everything) == []
    taking = [entry for entry in everything.values() if entry.takes]
    assert len(taking) > 20
    assert all(catalog.columns_of(entry) for entry in taking)


def test_the_editor_knows_tables_columns_and_the_engines_words(at_acme: Path) -> None:
    told = words([("Mine", "select 1")])
    assert any(column.startswith("status ") for column in told["tables"]["component_status"]["columns"])
    assert told["tables"]["health_series"]["call"].startswith("health_series(since := :since, until := :until")
    assert {"qualify", "asof", "select"} <= set(told["dialect"]["keywords"].split())
    assert {"arg_max", "utc_now"} <= {name for name, *_ in told["functions"]}
    assert "day" not in told["dialect"]["builtin"].split()
    assert told["snippets"] == [["Mine", "select 1"]]


def test_the_modules_of_the_editor_are_found_by_what_they_export() -> None:
    folder = codemirror.folder()
    if folder is None:
        pytest.skip("the nicegui package is not installed: the editor is a text area")
    assert codemirror.sql_module()
    assert "SQLDialect" in (folder / str(codemirror.sql_module())).read_text(encoding="utf-8")


@pytest.fixture
def files(acme: Path) -> Iterator[str]:  # noqa: F811
    """The address of a web server with the route of files alone."""
    [port] = free_ports(1)
    app = Starlette(routes=[Files(Settings(data=acme, config=acme / "aurora.toml")).route])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/explore/files"
    server.should_exit = True
    thread.join()
    offers.is_served = False


def fetched(address: str) -> tuple[int, bytes, str]:
    try:
        with urllib.request.urlopen(address, timeout=120) as told:
            return told.status, told.read(), str(told.headers["content-disposition"])
    except urllib.error.HTTPError as error:
        return error.code, error.read(), ""


def test_all_rows_are_fetched_by_whoever_holds_the_token(files: str) -> None:
    token = offers.add(Offer("select unnest(range(:n)) as n", {"n": 60_000}, "numbers", "me"))
    status, body, told = fetched(f"{files}/{token}.csv")
    assert status == 200
    assert body.count(b"\n") == 60_001
    assert 'filename="aurora-numbers-' in told
    assert fetched(f"{files}/{token}.exe")[0] == 404
    assert fetched(f"{files}/{token[:-1]}.csv")[0] == 404
    wrong = offers.add(Offer("select nothing_such", {}, "x", "me"))
    assert fetched(f"{files}/{wrong}.csv")[:1] == (422,)
    assert b"nothing_such" in fetched(f"{files}/{wrong}.csv")[1]


def test_old_offers_are_let_go() -> None:
    kept = Offers()
    first = kept.add(Offer("select 1", {}, "x", "me"))
    for _ in range(KEPT):
        last = kept.add(Offer("select 1", {}, "x", "me"))
    assert kept.find(first) is None
    assert kept.find(last)
