"""Reports: what they say stands in the warehouse, null is 'not told', and what is hostile stays text."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from aurora.contracts.platform import ReportRuns
from aurora.errors import AuroraError, ReportError, UsageError
from aurora.reports import charts
from aurora.reports.again import write_report
from aurora.reports.document import (
    NOT_TOLD,
    Cell,
    Chart,
    Column,
    Document,
    Figure,
    Figures,
    Logo,
    Said,
    Section,
    Table,
    Words,
)
from aurora.reports.html import html
from aurora.reports.make import Wanted, make
from aurora.reports.month import Month, last_full, month_of
from aurora.reports.pdf import as_data, pages, pdf
from aurora.reports.report import as_of, build, load_reports
from aurora.settings import Settings
from aurora.words import money
from tests.command import aurora
from tests.pdf_text import page_texts
from tests.templates import copy_of, shared, with_demo
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

NOW = datetime(2026, 11, 2, 7, 0, tzinfo=UTC).replace(tzinfo=None)
REPORTS = ("executive", "delivery", "finance", "mobile", "reliability", "security")
OCTOBER = Month(date(2026, 10, 1))
HOSTILE = '#panic("x") $1/0$ *b* _i_ `c` <script>alert(1)</script> @ref // \\ ]] "quoted" & <img src=x onerror=y>'
RTL, EMOJI = "شركة داماك שלום", "Launch 🚀 ✅"


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo estate, to read only."""
    return shared(tmp_path_factory, "acme", with_demo)


def settings_of(data: Path, **values: Any) -> Settings:
    return Settings(data=data, config=data / "aurora.toml", demo=False, **values)


def document(*blocks: Any, **values: Any) -> Document:
    told = {
        "title": "A report", "about": "What it is for.", "period": "October 2026", "company": "Example",
        "sections": (Section("First", tuple(blocks)),), "at": NOW, "source": "state 1234",
        "accent": "#0369A1",
    }  # fmt: skip
    return Document(**(told | values))


def blocks_of(made: Document, kind: type) -> Iterator[Any]:
    return (block for section in made.sections for block in section.blocks if isinstance(block, kind))


def month_in(data: Path) -> Month:
    return last_full(as_of(Warehouse(data / "published")))


@pytest.fixture(scope="module")
def made(acme: Path) -> dict[str, Document]:
    """Every report of the last full month."""
    return {name: build(name, settings_of(acme), month_in(acme)) for name in REPORTS}


def figure_of(made: Document, label: str) -> Figure:
    return next(one for block in blocks_of(made, Figures) for one in block.figures if one.label == label)


def test_every_file_of_the_folder_is_a_report_and_the_executive_comes_first() -> None:
    assert tuple(load_reports()) == REPORTS
    assert all(report.about.endswith(".") and report.title.endswith(" report") for report in load_reports().values())


def test_the_figures_stand_in_the_warehouse(acme: Path, made: dict[str, Document]) -> None:
    """Asked of charges and deployments themselves, another way than reports ask."""
    month, warehouse = month_in(acme), Warehouse(acme / "published")
    spent = warehouse.rows(
        "select sum(effective_cost) as cost from cost_lines where day >= $since and day < $until and currency = 'USD'",
        month.window,
    )["cost"][0]
    shipped = warehouse.rows(
        "select count(distinct deployment_id) as n from prod_deployments"
        " where over_at >= $since and over_at < $until and status <> 'failed'",
        month.window,
    )["n"][0]
    told = made["executive"]
    assert figure_of(told, "Technology spend").value == money(spent, "USD")
    assert figure_of(told, "Deployments to production").value == f"{shipped:,}"
    printed = " ".join(page_texts(pdf(told)))
    for figure in (one for block in blocks_of(told, Figures) for one in block.figures):
        assert figure.value in printed, figure
    assert money(spent, "USD") in printed
    assert money(spent, "USD") in html(told).decode()


def test_every_table_is_printed_whole(made: dict[str, Document]) -> None:
    for name, told in made.items():
        printed = "".join("".join(page_texts(pdf(told))).split())
        for table in blocks_of(told, Table):
            for row in table.rows:
                first = next(cell for cell in row if isinstance(cell, str) and len(cell) > 1)
                assert "".join(first.split()) in printed, (name, table.title, row)


def test_each_page_tells_how_old_its_data_are_and_its_number(made: dict[str, Document]) -> None:
    told = made["executive"]
    texts = page_texts(pdf(told))
    assert 4 <= len(texts) <= 9
    for number, text in enumerate(texts, 1):
        assert told.footer in text
        assert "".join(f"{number} / {len(texts)}".split()) in "".join(text.split())
    assert re.search(r"Data until \d\d \w{3} \d{4} \d\d:\d\d UTC · state [0-9a-f]{8} of the lake", told.footer)


@pytest.mark.parametrize("name", REPORTS)
def test_an_empty_estate_gives_a_report_that_says_so(name: str, unfilled: Path) -> None:
    told = build(name, settings_of(unfilled), OCTOBER)
    values = {one.value for block in blocks_of(told, Figures) for one in block.figures}
    assert values == {NOT_TOLD}
    assert all(not table.rows and table.nothing for table in blocks_of(told, Table))
    assert page_texts(pdf(told))
    assert NOT_TOLD in html(told).decode()


def test_the_same_state_gives_the_same_bytes(acme: Path) -> None:
    month = month_in(acme)
    first, second = (build("security", settings_of(acme), month) for _ in range(2))
    assert pdf(first) == pdf(second)
    assert html(first) == html(second)
    assert pdf(replace(first, period="another")) != pdf(first)


def test_the_state_of_the_lake_is_the_same_whatever_was_read_of_it(acme: Path) -> None:
    generation = Warehouse(acme / "published").generation()
    read = replace(generation, versions=generation.versions | {"report_runs": 7, "query_runs": 3})
    written = replace(generation, versions=generation.versions | {"incidents": 99})
    assert generation.fingerprint == read.fingerprint != written.fingerprint


def hostile_document() -> Document:
    chart = charts.ranked(pl.DataFrame({"name": [HOSTILE, RTL], "value": [1.0, 2.0], "said": [HOSTILE, EMOJI]}))
    table = Table(HOSTILE, (Column(HOSTILE), Column("n", True)), [[HOSTILE, Cell(HOSTILE, "bad")]], "", HOSTILE)
    words = Words((Said(HOSTILE, "warn"), Said(RTL), Said(EMOJI)), HOSTILE)
    figures = Figures((Figure(HOSTILE, HOSTILE, HOSTILE, "good", HOSTILE),))
    return document(figures, words, Chart(HOSTILE, chart, HOSTILE), table, title=HOSTILE, company=RTL)


def test_hostile_names_are_printed_as_they_are() -> None:
    printed = "".join("".join(page_texts(pdf(hostile_document()))).split())
    for part in ('#panic("x")', "$1/0$", "*b*", "_i_", "`c`", "<script>alert(1)</script>", "]]"):
        assert part in printed, part


class Attributes(HTMLParser):
    """Every tag with its attributes, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name) for name, _ in attrs]

    @classmethod
    def of(cls, page: str) -> list[tuple[str, str]]:
        parser = cls()
        parser.feed(page)
        return parser.found


def test_hostile_names_are_text_in_html_too() -> None:
    page = html(hostile_document()).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r"<(script|img|iframe|object|link|base|form)\b", page)
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert not [name for _, name in Attributes.of(page) if name.startswith("on") or name == "href"]
    assert "default-src &#x27;none&#x27;" in page


def test_names_from_right_to_left_and_signs_have_letters_to_be_drawn_with() -> None:
    """What no font has would be a box, without a code of its own in the map back to text."""
    printed = "".join(page_texts(pdf(document(Words((Said(RTL, "bad"), Said("▲ ✕ ● ◆ ↺ ✓ –"))), company=RTL))))
    for letter in "شركةשלום▲✕●◆↺✓":
        assert letter in printed or letter in "شركة", letter
    with_letters, with_boxes = (_first_page(document(Words((Said(text),)))) for text in ("שלום", "\U000f1234" * 4))
    assert with_letters.tobytes() != with_boxes.tobytes()


def _first_page(told: Document) -> Image.Image:
    return Image.open(BytesIO(pages(told)[0])).convert("L")


def test_a_long_table_repeats_its_heading_and_cuts_no_row() -> None:
    columns = Column("Number heading"), Column("Text heading", width=3)
    rows = [
        [f"row-{number:03d}", "a long text that takes two lines of its cell, if not three " * 3] for number in range(90)
    ]
    texts = page_texts(pdf(document(Table("Long", columns, rows, ""))))
    assert len(texts) > 3
    assert all("Number heading" in text and "Text heading" in text for text in texts)
    assert [len(re.findall(r"row-\d{3}", text)) > 0 for text in texts] == [True] * len(texts)
    whole = [" ".join(text.split()).count("a long text") == 3 * len(re.findall(r"row-\d{3}", text)) for text in texts]
    assert whole == [True] * len(texts)


def test_no_heading_stands_alone_at_the_foot_of_a_page() -> None:
    rows = [[f"row-{number:03d}"] for number in range(38)]
    for count in range(28, 38):
        sections = (
            Section("First", (Table("", (Column("Rows"),), rows[:count], ""),)),
            Section("Lonely", (Table("Beside", (Column("Others"),), [["other"]] * 8, ""),), "Its lead."),
        )
        for text in page_texts(pdf(document(sections=sections))):
            assert ("Lonely" in text) <= ("other" in text), count


def test_a_logo_and_the_accent_are_drawn(tmp_path: Path) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="red"/></svg>'
    told = document(logo=Logo(svg, "svg"), accent="#7C3AED")
    assert _first_page(told).tobytes() != _first_page(document()).tobytes()
    page = html(told).decode()
    assert 'src="data:image/svg+xml;base64,' in page
    assert "--accent-light: #7C3AED" in page


def test_a_logo_that_is_no_picture_is_told(data: Path, unfilled: Path) -> None:
    copy_of(unfilled, data)
    (data / "logo.png").write_bytes(b"no picture")
    mine = settings_of(data, report={"logo": "logo.png"})
    with pytest.raises(ReportError, match="the page setter refused it"):
        pdf(build("mobile", mine, OCTOBER))
    with pytest.raises(AuroraError, match=r"nothing\.svg: the logo of \[report\] cannot be read"):
        build("mobile", settings_of(data, report={"logo": "nothing.svg"}), OCTOBER)


def test_what_is_null_is_null_in_the_data_of_the_page(made: dict[str, Document]) -> None:
    """No figure says nan, None or inf, whatever was missing."""
    for told in made.values():
        text = json.dumps(as_data(told, [""] * 40), ensure_ascii=False)
        assert not re.search(r'"(None|NaT|inf)[%"]|\bnan\b', text)


def test_a_run_is_recorded_with_the_state_it_is_from(acme: Path, tmp_path: Path) -> None:
    data = copy_of(acme, tmp_path / "estate")
    lake, mine = Lake(data / "lake"), settings_of(data)
    told = make(mine, lake, Wanted("mobile", month_in(data), "html"))
    row = lake.read(ReportRuns).row(0, named=True)
    assert (row["status"], row["error"], row["size_bytes"]) == ("ok", None, len(told.content))
    assert Path(row["path"]).read_bytes() == told.content
    assert Path(row["path"]).parent == data / "reports"
    assert json.loads(row["lake_versions"]) == Warehouse(data / "published").generation().versions


def test_a_report_is_made_again_from_the_state_of_its_run(acme: Path, tmp_path: Path) -> None:
    """Ten applications more do not change what was said before they came."""
    from aurora.contracts.estate import Applications
    from tests.frames import put, row

    data = copy_of(acme, tmp_path / "estate")
    lake, mine = Lake(data / "lake"), settings_of(data)
    before = make(mine, lake, Wanted("security", month_in(data), "html"))
    run = lake.read(ReportRuns)["report_run_id"][0]
    put(
        lake,
        Applications,
        [row(Applications, number, name=f"later-{number}", env_tier="production") for number in range(10)],
    )
    publish(lake, data)
    out = tmp_path / "again.html"
    write_report(mine, "security", None, out)
    assert b"later-3" in out.read_bytes()
    write_report(mine, "security", None, out, again=run)
    assert b"later-3" not in out.read_bytes()
    assert _without_state(out.read_bytes()) == _without_state(before.content)


def _without_state(page: bytes) -> bytes:
    return re.sub(rb"Data until .*? UTC", b"", page)


def test_a_run_that_fails_is_recorded_with_a_sentence(data: Path, unfilled: Path) -> None:
    copy_of(unfilled, data)
    lake, mine = Lake(data / "lake"), settings_of(data, report={"logo": "none.svg"})
    with pytest.raises(ReportError, match=r"mobile of 2026-10: .*cannot be read"):
        make(mine, lake, Wanted("mobile", OCTOBER, "pdf"))
    row = lake.read(ReportRuns).row(0, named=True)
    assert (row["status"], row["path"]) == ("failed", None)
    assert "the logo of [report] cannot be read" in row["error"]


def test_months() -> None:
    assert (str(month_of("2026-12").after), str(month_of("2026-01").before)) == ("2027-01", "2025-12")
    assert last_full(datetime(2026, 11, 1, tzinfo=UTC)) == last_full(datetime(2026, 11, 30, 23, tzinfo=UTC)) == OCTOBER
    assert (OCTOBER.title, OCTOBER.until - OCTOBER.since) == ("October 2026", OCTOBER.after.since - OCTOBER.since)
    for wrong in ("2026-13", "10-2026", "2026-1", "", "2026-00", "2026-10-01"):
        with pytest.raises(UsageError, match="is no month"):
            month_of(wrong)


def test_saved_questions_stand_at_the_end_and_one_that_is_not_there_says_so(acme: Path, tmp_path: Path) -> None:
    from aurora.explore.questions import save

    data = copy_of(acme, tmp_path / "estate")
    sql = "select severity, count(*) as n from incidents where started_at >= :since and started_at < :until group by 1"
    chart = {"kind": "bar", "x": "severity", "y": ["n"]}
    kept = save(Lake(data / "lake"), None, "Incidents by severity", sql, {}, chart, [], "ann", True)
    publish(Lake(data / "lake"), data, rebuild=True)
    mine = settings_of(data, report={"questions": {"mobile": [kept, "no-such-question"]}})
    last = build("mobile", mine, month_in(data)).sections[-1]
    assert len(last.blocks) == 3, last.blocks
    drawn, table, missing = last.blocks
    assert isinstance(drawn, Chart)
    assert isinstance(table, Table)
    wanted = Warehouse(data / "published").rows(
        "select severity, count(*) as n from incidents where started_at >= $since and started_at < $until group by 1",
        month_in(data).window,
    )
    assert sorted(table.rows) == sorted([name, f"{n:,}"] for name, n in wanted.iter_rows())
    assert isinstance(missing, Words)
    assert "no question is saved as 'no-such-question'" in missing.sentences[0].text
    assert build("security", mine, month_in(data)).sections[-1].title != last.title


def test_the_command_line_writes_a_report(data: Path, unfilled: Path, tmp_path: Path) -> None:
    copy_of(unfilled, data)
    config, out = tmp_path / "aurora.toml", tmp_path / "new" / "x.pdf"
    said = aurora(data, config, "report", "mobile", "--month", "2026-10", "--out", str(out))
    assert (said.code, said.text.split(":")[0]) == (0, str(out)), said.err
    assert "October 2026" in "".join(page_texts(out.read_bytes())[0])
    for words, sentence in (
        (("gossip",), "there is no report 'gossip': there are executive, delivery"),
        (("mobile", "--out", "x.doc"), "ends in .pdf or .html"),
        (("mobile", "--month", "10/2026"), "is no month"),
        (("mobile", "--again", "nobody"), "there is no run nobody"),
    ):
        wrong = aurora(data, config, "report", *words)
        assert wrong.code == 2
        assert sentence in wrong.err
