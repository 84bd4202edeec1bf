"""Reports of tests and coverage: what they say becomes rows once; what is broken, foreign or hostile lands nothing."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aurora.contracts import Table
from aurora.contracts.delivery import CoverageReports, Repositories, TestCases, TestRuns
from aurora.doctor import check_model
from aurora.errors import ContractError
from ingest import markup
from ingest.formats.junit import message_hash, seconds
from ingest.importing import _reader_of, import_file
from ingest.land import Landed
from ingest.report import About, epoch_of, instant_of
from tests.conftest import Published
from tests.frames import NOW, ROOT, put, row
from warehouse.lake import Lake

JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="all tests" tests="99" failures="0">
  <testsuite name="checkout" tests="99" time="1,234.5" timestamp="2026-03-01T10:00:00">
    <properties><property name="jvm" value="21"/></properties>
    <testcase classname="shop.Cart" name="adds" time="0.25"/>
    <testcase classname="shop.Cart" name="pays" time="2">
      <failure type="Refused" message="card 4711&#10;at 0xAFFE"/></testcase>
    <testcase classname="shop.Cart" name="ships"><error>NullPointer
    at Ship.java:12</error></testcase>
    <testcase classname="shop.Cart" name="later"><skipped/></testcase>
    <testcase classname="shop.Cart" name="sometimes" time="0.5">
      <flakyFailure type="Timeout" message="after 31 s"/></testcase>
    <testcase classname="shop.Cart" name="twice" time="0.1"/>
    <testcase classname="shop.Cart" name="twice" time="0.1"><failure/></testcase>
  </testsuite>
  <testsuite name="browser" timestamp="2026-03-01T12:00:00+02:00">
    <testsuite name="chrome"><testcase name="opens" time=""/></testsuite>
    <testsuite name="chrome"><testcase name="opens" time="1"/></testsuite>
  </testsuite>
</testsuites>
"""
COBERTURA = """<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="0.99" lines-covered="99" lines-valid="100" timestamp="1772359200000" version="7">
  <packages><package name="shop"><classes>
    <class name="cart" filename="shop\\cart.py">
      <methods><method name="add"><lines><line number="1" hits="5"/></lines></method></methods>
      <lines><line number="1" hits="5"/><line number="2" hits="0"/>
             <line number="3" hits="1" branch="true" condition-coverage="50% (1/2)"/></lines>
    </class>
    <class name="cart$1" filename="shop\\cart.py">
      <lines><line number="2" hits="1"/><line number="9" hits="0"/></lines></class>
    <class name="tax" filename="shop/tax.py"><lines><line number="1" hits="0"/></lines></class>
  </classes></package></packages>
</coverage>
"""
LCOV = """TN:unit
SF:src/cart.js
FN:1,add
DA:1,5
DA:2,0
DA:3,-,checksum
BRDA:1,0,0,1
BRDA:1,0,1,-
LF:99
LH:99
end_of_record
TN:browser
SF:src/cart.js
DA:2,1
DA:7,=====
BRDA:1,0,1,2
end_of_record
# a file that tells sums only
SF:src/tax.js
LF:10
LH:4
end_of_record
"""
JACOCO = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd">
<report name="shop">
  <sessioninfo id="a" start="1772352000000" dump="1772355600000"/>
  <sessioninfo id="b" start="1772352000000" dump="1772359200000"/>
  <group name="api"><package name="com/shop">
    <class name="com/shop/Cart" sourcefilename="Cart.java">
      <method name="add" desc="()V" line="1"><counter type="LINE" missed="1" covered="3"/></method>
      <counter type="LINE" missed="1" covered="3"/><counter type="BRANCH" missed="1" covered="1"/>
    </class>
    <sourcefile name="Cart.java"><line nr="1" mi="0" ci="3" mb="1" cb="1"/>
      <counter type="LINE" missed="1" covered="3"/><counter type="BRANCH" missed="1" covered="1"/></sourcefile>
    <sourcefile name="Tax.java"><counter type="LINE" missed="2" covered="0"/></sourcefile>
    <counter type="LINE" missed="3" covered="3"/>
  </package></group>
  <group name="web"><package name="com/shop">
    <sourcefile name="Cart.java"><counter type="INSTRUCTION" missed="0" covered="4"/></sourcefile>
  </package></group>
  <counter type="LINE" missed="50" covered="50"/>
</report>
"""
FILES = {"junit.xml": JUNIT, "cobertura.xml": COBERTURA, "lcov.info": LCOV, "jacoco.xml": JACOCO}
TEN = datetime(2026, 3, 1, 10, tzinfo=UTC).replace(tzinfo=None)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """A file made at ten."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(file, (TEN.replace(tzinfo=UTC).timestamp(),) * 2)
    return file


def test_junit(lake: Lake, tmp_path: Path) -> None:
    told = import_file(lake, written(tmp_path, "junit.xml", JUNIT), app_id="shop", sha="abc", repo="github:1")
    assert told.sentence() == "9 rows into test_cases and test_runs"
    runs = lake.read(TestRuns).sort("test_run_id").to_dicts()
    figures = ["suite", "test_count", "failure_count", "error_count", "skipped_count", "duration_s", "executed_at"]
    assert [tuple(one[name] for name in figures) for one in runs] == [
        # by hand: adds, pays, ships, later, sometimes and twice two times; what passed in the end did not fail
        ("checkout", 7, 2, 1, 1, 1234.5, TEN),
        ("browser > chrome", 1, 0, 0, 0, None, TEN),
        ("browser > chrome (2)", 1, 0, 0, 0, 1.0, TEN),
    ]
    assert {(one["app_id"], one["sha"], one["repo_id"], one["ci_run_id"]) for one in runs} == {
        ("shop", "abc", "github:1", None)
    }
    cases = lake.read(TestCases).sort("test_run_id", "name")
    assert cases.select("classname", "name", "result", "duration_s", "message").rows() == [
        ("shop.Cart", "adds", "passed", 0.25, None),
        ("shop.Cart", "pays", "failed", 2.0, "Refused: card 4711 at 0xAFFE"),
        ("shop.Cart", "ships", "error", None, "NullPointer at Ship.java:12"),
        ("shop.Cart", "sometimes", "passed", 0.5, "Timeout: after 31 s"),
        ("shop.Cart", "twice", "failed", 0.1, "(nothing said)"),
        ("", "opens", "passed", 1.0, None),
    ]
    assert set(cases["test_run_id"]) <= {one["test_run_id"] for one in runs}


def totals(lake: Lake) -> list[tuple[object, ...]]:
    columns = ("path", "lines_covered", "lines_valid", "branches_covered", "branches_valid")
    return sorted(lake.read(CoverageReports).select(columns).rows(), key=str)


def test_cobertura(lake: Lake, tmp_path: Path) -> None:
    """By hand: cart 1, 2 (of the inner class), 3 of 1, 2, 3, 9; the root's 99 of 100 is not believed."""
    told = import_file(lake, written(tmp_path, "coverage.xml", COBERTURA), source_instance="ci", sha="abc")
    assert told.sentence() == "3 rows into coverage_reports"
    assert totals(lake) == [("", 3, 5, 1, 2), ("shop/cart.py", 3, 4, 1, 2), ("shop/tax.py", 0, 1, 0, 0)]
    rows = lake.read(CoverageReports)
    assert rows["reported_at"].unique().to_list() == [TEN], "1772359200000 is in milliseconds"
    assert rows.select("format", "sha", "app_id", "source_instance").unique().rows() == [
        ("cobertura", "abc", None, "ci")
    ]


def test_lcov(lake: Lake, tmp_path: Path) -> None:
    """By hand: cart 1 and 2 (in the browser) of 1, 2, 3, 7, both branches; tax as it says, without branches."""
    import_file(lake, written(tmp_path, "lcov.info", LCOV))
    assert totals(lake) == [("", 6, 14, 2, 2), ("src/cart.js", 2, 4, 2, 2), ("src/tax.js", 4, 10, None, None)]
    assert lake.read(CoverageReports)["reported_at"].unique().to_list() == [TEN], "a tracefile has its file's time"


def test_jacoco(lake: Lake, tmp_path: Path) -> None:
    """By hand: the sum of the files; a file without a line counter tells no lines, one without branches has none."""
    import_file(lake, written(tmp_path, "jacoco.xml", JACOCO))
    assert totals(lake) == [
        ("", 3, 6, 1, 2),
        ("api/com/shop/Cart.java", 3, 4, 1, 2),
        ("api/com/shop/Tax.java", 0, 2, 0, 0),
        ("web/com/shop/Cart.java", None, None, 0, 0),
    ]
    assert lake.read(CoverageReports)["reported_at"].unique().to_list() == [TEN]


def test_a_report_that_names_no_file_tells_its_total(lake: Lake, tmp_path: Path) -> None:
    import_file(lake, written(tmp_path, "a.xml", '<coverage line-rate="1" lines-covered="3" lines-valid="4"/>'))
    import_file(
        lake,
        written(
            tmp_path, "b.xml", '<report name="x"><group name=""/><counter type="LINE" missed="1" covered="2"/></report>'
        ),
    )
    assert totals(lake) == [("", 2, 3, None, None), ("", 3, 4, None, None)]


@pytest.mark.parametrize("name", FILES)
def test_twice_changes_nothing(lake: Lake, tmp_path: Path, name: str) -> None:
    """Neither does a copy that was made a month later: what has no time of its own keeps the one it landed with."""
    file = written(tmp_path, name, FILES[name])
    first = import_file(lake, file, source_instance="ci", app_id="shop")
    tables: tuple[type[Table], ...] = (TestRuns, TestCases, CoverageReports)
    before = [(lake.version(table), lake.read(table).height) for table in tables]
    later = datetime(2026, 4, 5, tzinfo=UTC).timestamp()
    os.utime(file, (later, later))
    again = import_file(lake, file.rename(tmp_path / "copy"), source_instance="ci", app_id="shop")
    assert again.landed == Landed(0, first.landed.row_count)
    assert [(lake.version(table), lake.read(table).height) for table in tables] == before
    import_file(lake, tmp_path / "copy", source_instance="ci", app_id="shop", sha="another")
    assert sum(lake.read(table).height for table in tables) == 2 * first.landed.row_count


def test_the_slowest_are_kept(lake: Lake, tmp_path: Path) -> None:
    cases = "".join(f'<testcase name="t{number}" time="{number}"/>' for number in range(50))
    import_file(lake, written(tmp_path, "x.xml", f"<testsuite>{cases}</testsuite>"))
    assert sorted(lake.read(TestCases)["duration_s"]) == [float(number) for number in range(30, 50)]
    assert lake.read(TestRuns).select("suite", "test_count", "duration_s").rows() == [("x", 50, 1225.0)]


def test_a_suite_that_tells_no_case_is_believed(lake: Lake, tmp_path: Path) -> None:
    suites = (
        '<testsuite name="a" tests="6" failures="1" skipped="2"/><testsuite name="b"/><testsuite name="c" tests="x"/>'
    )
    import_file(lake, written(tmp_path, "x.xml", f"<testsuites>{suites}</testsuites>"))
    told = (
        lake.read(TestRuns).sort("suite").select("suite", "test_count", "failure_count", "error_count", "skipped_count")
    )
    assert told.rows() == [("a", 6, 1, 0, 2), ("b", 0, 0, 0, 0), ("c", 0, 0, 0, 0)]
    assert import_file(lake, written(tmp_path, "y.xml", "<testsuites/>")).landed == Landed()


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("1.5", 1.5), ("1,234.5", 1234.5), ("1,234", 1234.0), ("0,123", 0.123), ("12,5", 12.5),
        ("1,234,567", 1234567.0), ("1e-3", 0.001), ("", None), (None, None), ("-1", None), ("1.5s", None),
        ("NaN", None), ("inf", None), ("9" * 99, None),
    ],
)  # fmt: skip
def test_durations(told: str | None, value: float | None) -> None:
    assert seconds(told) == value


def test_messages_that_differ_in_numbers_are_one() -> None:
    one = message_hash("Timeout after 31 s at 0xdeadbeef in 7f1c2d3e-0a1b-4c5d-8e9f-001122334455")
    assert one == message_hash("timeout after 7 s at 0x1   in 00000000-0000-4000-8000-000000000000")
    assert one != message_hash("timeout before 7 s")
    assert len(one) == 16


def test_times_that_cannot_be_are_not_believed() -> None:
    about = About("s", "d", "x", NOW, NOW)
    assert about.believed(instant_of("2026-03-01T10:00:00.5+02:00")) == datetime(2026, 3, 1, 8, 0, 0, 500_000, UTC)
    assert instant_of("2026-03-01T10:00:00") == datetime(2026, 3, 1, 10, tzinfo=UTC)
    for told in ("2027-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "yesterday", "", None):
        assert about.believed(instant_of(told)) == NOW
    assert epoch_of("1772359200") == epoch_of("1772359200000") == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert [epoch_of(told) for told in ("", "x", "1e308", "nan", None)] == [None] * 5
    assert about.believed(epoch_of("0")) == NOW


BOMB = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><testsuite name="&b;"/>'
CASE = '<testsuite name="x"><testcase name="y"><failure>&x;</failure></testcase></testsuite>'
LEAK = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + CASE
OUTSIDE = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + CASE
PARAMETER = '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><testsuite name="x"/>'
UNNUMBERED = '<coverage line-rate="1"><class filename="a"><lines><line hits="1"/></lines></class></coverage>'
WORDS = '<report name="a"><group/><counter type="LINE" missed="x" covered="1"/></report>'
REFUSED: list[tuple[str, str | bytes, str | None, str]] = [
    ("a bomb", BOMB, "junit", "its DOCTYPE declares things"),
    ("a file of this machine", LEAK, "junit", "its DOCTYPE declares things"),
    ("a parameter entity", PARAMETER, "junit", "its DOCTYPE declares things"),
    ("an entity of somewhere else", OUTSIDE, "junit", "it uses entities that XML itself does not know"),
    ("deep", "<testsuite>" * 300, "junit", "deep in each other"),
    ("half", JUNIT[: JUNIT.index("<skipped")], None, "no element found"),
    ("no XML", "PK\x03\x04", "junit", "not well-formed"),
    ("nothing", "", "cobertura", "no element found"),
    ("another encoding", b'<?xml version="1.0" encoding="klingon"?><testsuite/>', "junit", "encoding"),
    ("several bytes", b'<?xml version="1.0" encoding="shift_jis"?><testsuite/>', "junit", "multi-byte"),
    ("HTML", "<html><body/></html>", "junit", "its root is <html>"),
    ("HTML as coverage", "<html/>", "cobertura", "its root is <html>"),
    ("HTML as JaCoCo", "<html/>", "jacoco", "its root is <html>"),
    ("Clover", '<coverage clover="3"/>', "cobertura", "its root is <coverage>"),
    ("Clover, not told", '<coverage clover="3" generated="1"/>', None, "cannot tell its format"),
    ("text, not told", "hello", None, "cannot tell its format"),
    ("a line without a number", UNNUMBERED, None, "a line is told with number ''"),
    ("a counter of words", WORDS, None, "a counter is told with missed 'x'"),
    ("a tracefile cut off", "SF:a\nD", None, "line 2: 'D' is no record"),
    ("a tracefile without an end", LCOV.rstrip()[:-14], None, "it ends within a record"),
    ("a tracefile of words", "SF:a\nDA:one,1\nend_of_record\n", None, "line 2: 'one' is no number"),
    ("a tracefile of little", "SF:a\nDA:1\nend_of_record\n", None, "line 2: DA:1 tells less than 2 things"),
    ("a tracefile of nothing", "TN:\nend_of_record\n", None, "it names no file"),
    ("a tracefile of one line", "SF:" + "x" * 30_000, None, "is no record of a tracefile"),
    ("no tracefile", "hello", "lcov", "line 1: 'hello' is no record"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "format", "words"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_is_broken_foreign_or_hostile_lands_nothing(
    lake: Lake, tmp_path: Path, content: str | bytes, format: str | None, words: str
) -> None:
    file = written(tmp_path, "report", content)
    with pytest.raises(ContractError) as caught:
        import_file(lake, file, format=format)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{file}: ")
    assert "\n" not in str(caught.value)
    for table in (TestRuns, TestCases, CoverageReports):
        assert lake.version(table) is None


def test_a_report_that_is_too_large_is_refused(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MAX_BYTES", 100)
    with pytest.raises(ContractError, match="the file is larger than"):
        import_file(lake, written(tmp_path, "a.xml", JUNIT))


def test_a_doctype_that_only_names_a_dtd_is_passed_over(tmp_path: Path) -> None:
    empty = '<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"[]>'
    markup.walk(written(tmp_path, "a.xml", f"{empty}<report>&lt;&#65;</report>"), markup.Walker())


def test_long_names_and_texts_are_cut(lake: Lake, tmp_path: Path) -> None:
    long = "x" * 50_000
    case = f'<testcase name="{long}" classname="\u202e{long}"><failure>{long}</failure></testcase>'
    import_file(lake, written(tmp_path, "a.xml", f'<testsuite name="{long}">{case}</testsuite>'))
    [told] = lake.read(TestCases).to_dicts()
    assert (len(told["name"]), len(told["classname"]), len(told["message"])) == (500, 500, 2000)
    assert set(told["classname"]) == {"x"}


def test_a_repository_is_meant_by_id_or_by_name(lake: Lake, tmp_path: Path) -> None:
    names = {"git:1": "shop", "hub:1": "twin", "lab:1": "twin"}
    put(lake, Repositories, [row(Repositories, repo_id=one, full_name=name) for one, name in names.items()])
    for said in ("shop", "lab:1", "new:7"):
        import_file(lake, written(tmp_path, "a.xml", JUNIT), repo=said)
    assert sorted(set(lake.read(TestRuns)["repo_id"])) == ["git:1", "lab:1", "new:7"]
    for said, words in (("twin", "several repositories are named twin: .* hub:1, lab:1"), ("nobody", "no repository")):
        with pytest.raises(ContractError, match=words):
            import_file(lake, written(tmp_path, "a.xml", JUNIT), repo=said)


def test_what_does_not_fit_is_said(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="leave --table out"):
        import_file(lake, written(tmp_path, "a.xml", JUNIT), table="test_runs")
    file = written(tmp_path, "commits.csv", "repo_id,sha\n")
    with pytest.raises(ContractError, match="commits has no app_id: leave --app out"):
        import_file(lake, file, app_id="shop")
    file = written(tmp_path, "components.csv", "component_id,name\n")
    for told, words in (({"sha": "a"}, "leave --sha out"), ({"repo": "a:1"}, "leave --repo out")):
        with pytest.raises(ContractError, match=words):
            import_file(lake, file, **told)  # type: ignore[arg-type]


def suite(lake: Lake, folder: Path, number: int, failed: str = "", sha: str | None = "a1", **told: str) -> None:
    """A run of three tests, `number` hours after eight; `told` says more of a case, or of the source and so on."""
    cases = "".join(
        f'<testcase classname="Shop" name="{name}">{told.pop(name, "<failure/>" if name in failed else "")}</testcase>'
        for name in ("buys", "pays", "ships")
    )
    at = f"2026-03-0{1 + number // 16}T{8 + number % 16:02}:00:00Z"
    text = f'<testsuite name="shop" timestamp="{at}">{cases}</testsuite>'
    import_file(lake, written(folder, "a.xml", text), **{"source_instance": "ci", "sha": sha, **told})  # type: ignore[arg-type]


FLAKY = "select source_instance, name, flaky_run_count, tried_again_count, run_count, commit_count from flaky_tests"


def test_flaky_tests(lake: Lake, published: Published, tmp_path: Path) -> None:
    """By hand: pays failed, then passed, at a1; ships was tried again at b2; what failed each time or changed is none.

    buys failed at both runs of c3, and at d4 it failed where the run after skipped it. ships failed at e5 in one source
    and passed in another: two platforms. pays failed without a commit, and passed without one. Nine runs are of `ci`.
    """
    suite(lake, tmp_path, 0, "pays", "a1")
    suite(lake, tmp_path, 1, "", "a1")
    suite(lake, tmp_path, 2, "", "b2", ships='<flakyFailure message="late"/>')
    suite(lake, tmp_path, 3, "buys", "c3")
    suite(lake, tmp_path, 4, "buys", "c3")
    suite(lake, tmp_path, 5, "buys", "d4")
    suite(lake, tmp_path, 6, "", "d4", buys="<skipped/>")
    suite(lake, tmp_path, 7, "ships", "e5", source_instance="linux")
    suite(lake, tmp_path, 8, "", "e5", source_instance="windows")
    suite(lake, tmp_path, 9, "pays", None)
    suite(lake, tmp_path, 10, "", None)
    warehouse = published()
    assert warehouse.rows(f"{FLAKY} order by name").rows() == [
        ("ci", "pays", 1, 0, 9, 1),
        ("ci", "ships", 1, 1, 9, 1),
    ]
    told = warehouse.rows("select name, message, last_at from flaky_tests order by name").rows()
    assert told == [("pays", "(nothing said)", TEN.replace(hour=8)), ("ships", "late", TEN)]
    assert check_model(warehouse, "flaky_tests") == []


def test_flaky_tests_of_more_than_thirty_days_ago_are_over(lake: Lake, published: Published, tmp_path: Path) -> None:
    suite(lake, tmp_path, 0, "pays")
    suite(lake, tmp_path, 1)
    assert published(datetime(2026, 3, 31, 8, tzinfo=UTC)).rows(FLAKY).height == 1
    assert published(datetime(2026, 3, 31, 8, 1, tzinfo=UTC)).rows(FLAKY).height == 0


REFERENCE = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "tests"
# Their roots tell figures of other files or count one line twice: parts cut out of larger reports.
CUT_OUT = {"Cobertura_dotnettest_old.xml", "Cobertura_dotnet-coverage.xml", "Cobertura_altcover.xml"}
AS_A_WHOLE = {
    "c#-cobertura.xml",
    "cobertura-small.xml",
    "coverage-missing-sources.xml",
    "cobertura-counter-aggregation.xml",
}


@pytest.fixture
def reference() -> Path:
    if not REFERENCE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{REFERENCE} is missing: reports cannot be compared with other readers")
        pytest.skip(f"{REFERENCE} is not here")
    return REFERENCE


def read(file: Path) -> tuple[str, list[dict[str, object]]]:
    kind, reader = _reader_of(file, None)
    return kind, [told for _, told in reader.rows(file, About("s", "d", file.stem, NOW, NOW))]


def test_coverage_is_what_the_reports_of_others_say(reference: Path) -> None:
    """Of whole reports our count of lines is the total that their own tools wrote into the root."""
    compared = 0
    for name, wanted in json.loads((reference / "coverage" / "expected_totals.json").read_text()).items():
        file = reference / "coverage" / name
        root = wanted.get("root", {})
        if wanted["format"] == "jacoco" and "LINE" in wanted.get("root_counters", {}):
            missed, covered = wanted["root_counters"]["LINE"]
            expected = (covered, missed + covered)
        elif wanted["format"] == "lcov":
            expected = (wanted["LH_sum"], wanted["LF_sum"])
        elif "lines-valid" in root and (
            file.parent.name in ("CodeCoverageSummary", "Reports") or file.name in AS_A_WHOLE
        ):
            if file.name in CUT_OUT:
                continue
            expected = (int(root["lines-covered"]), int(root["lines-valid"]))
        else:
            continue
        total = read(file)[1][0]
        assert (total["lines_covered"], total["lines_valid"]) == expected, name
        compared += 1
    assert compared >= 15


def test_tests_are_counted_as_others_count_them(reference: Path) -> None:
    """The titles that a widely used action gives to the same files: '1 errors, 1 fail, 2 skipped, 3 pass in 0s'."""
    compared = 0
    for results in (reference / "publish-unit-test-result" / "junit-xml").rglob("*.results.json"):
        file = results.with_name(results.name.replace(".results.json", ".xml"))
        title = json.loads(results.read_text())["title"]
        found = {word: int(number) for number, word in re.findall(r"(\d+) (errors|fail|skipped|pass)", title)}
        if whole := re.search(r"All (\d+) tests pass", title):
            found["pass"] = int(whole[1])
        kind, rows = read(file)
        runs = [one for one in rows if "suite" in one]
        tests, failed, errors, skipped = (
            sum(int(str(one[name])) for one in runs)
            for name in ("test_count", "failure_count", "error_count", "skipped_count")
        )
        assert kind == "junit"
        told = {"fail": failed, "errors": errors, "skipped": skipped, "pass": tests - failed - errors - skipped}
        assert {word: number for word, number in told.items() if number} == found, file.name
        compared += 1
    assert compared >= 10


def test_every_report_of_others_is_read_or_refused_with_a_sentence(reference: Path) -> None:
    kinds, refused = set(), []
    for file in sorted(path for path in reference.rglob("*") if path.suffix in (".xml", ".info", ".trx")):
        try:
            kinds.add(read(file)[0])
        except (ContractError, ValueError) as error:
            refused.append(str(error))
    assert kinds == {"junit", "cobertura", "lcov", "jacoco"}
    assert all(refused)
