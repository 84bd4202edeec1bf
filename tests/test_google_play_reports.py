"""Monthly reports of the Play Console in UTF-16: what changes late, what is broken, and what was killed half-way."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.mobile import MobileApps, MobileBuilds, MobileInstallsDaily, StoreRatingsDaily, StoreReviews
from ingest.vendors import play_csv
from ingest.vendors.play_csv import country, decoded, instant, stars, whole
from tests.google_play_fake import APP, Console

DAY = timedelta(days=1)
INSTALLS = (
    "Date,Package Name,{}Daily User Installs,Active Device Installs,Install events,Update events,Uninstall events"
)
REVIEWS = (
    "Package Name,App Version Code,App Version Name,Reviewer Language,Device,Review Submit Date and Time,"
    "Review Submit Millis Since Epoch,Review Last Update Date and Time,Review Last Update Millis Since Epoch,"
    "Star Rating,Review Title,Review Text,Developer Reply Date and Time,Developer Reply Millis Since Epoch,"
    "Developer Reply Text,Review Link"
)
# A minute after 2026-02-03 10:00 UTC, in milliseconds.
SUBMITTED = 1_770_112_860_000


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


def report(*lines: str) -> bytes:
    """A file as Google writes it: UTF-16, little end first, with a mark."""
    return b"\xff\xfe" + "".join(f"{line}\n" for line in lines).encode("utf-16-le")


def put_installs(console: Console, month: str, cut: str, *lines: str) -> None:
    column = {"overview": "", "app_version": "App Version Code,", "country": "Country,"}[cut]
    name = f"stats/installs/installs_{APP}_{month}_{cut}.csv"
    console.play.files[name] = report(INSTALLS.format(column), *lines)


def installed(console: Console) -> list[tuple[Any, ...]]:
    return console.rows(MobileInstallsDaily, "day", "version", "country", "install_count", "active_device_count")


def downloads(console: Console) -> list[str]:
    return [path.rpartition("%2F")[2] for _, path, asked, _ in console.play.asked if asked.get("alt") == "media"]


def test_a_report_written_byte_by_byte_in_utf_16_is_read(console: Console) -> None:
    head, line = INSTALLS.format("Country,"), f"2026-03-01,{APP},AE,25,4000,31,90,6"
    raw = b"\xfe\xff" + b"".join(b"\x00" + bytes([ord(one)]) for one in f"{head}\r\n{line}\r\n")
    console.play.files[f"stats/installs/installs_{APP}_202603_country.csv"] = raw
    assert console.run("reports").status == "success"
    assert installed(console) == [(date(2026, 3, 1), "", "AE", 31, 4000)]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xff\xfeA\x00\xac\x20", "A€"),
        (b"\xfe\xff\x00A\x20\xac", "A€"),
        (b"\xef\xbb\xbfA\xe2\x82\xac", "A€"),
        (b"A\x00B\x00", "AB"),
        (b"AB", "AB"),
        (b"\xff\xfeA\x00\x00\xd8B\x00", "A�B"),  # half of a surrogate pair
        (b"\xff\xfeA\x00B", "A�"),  # cut off in the middle of a character
        (b"", ""),
    ],
)
def test_the_mark_says_how_a_report_is_encoded(raw: bytes, text: str) -> None:
    assert decoded(raw) == text


def test_a_late_correction_replaces_the_days_that_it_changes(console: Console) -> None:
    """The month before may be written anew after the month's end; what did not change is not read again."""
    put_installs(console, "202602", "overview", f"2026-02-28,{APP},30,4990,38,100,8")
    put_installs(console, "202603", "overview", f"2026-03-01,{APP},31,5001,41,110,11")
    put_installs(console, "202603", "country", f"2026-03-01,{APP},NA,1,20,2,0,0")
    console.run("reports")
    assert len(downloads(console)) == 3
    put_installs(console, "202602", "overview", f"2026-02-28,{APP},30,4990,39,100,8")
    assert console.run("reports").status == "success"
    assert downloads(console) == [f"installs_{APP}_202602_overview.csv"]
    assert installed(console) == [
        (date(2026, 2, 28), "", "", 39, 4990),
        (date(2026, 3, 1), "", "", 41, 5001),
        (date(2026, 3, 1), "", "NA", 2, 20),  # Namibia, and no gap
    ]
    console.run("reports")
    assert downloads(console) == []


def test_months_before_the_history_are_left_alone(console: Console) -> None:
    put_installs(console, "202401", "overview", f"2024-01-01,{APP},1,1,1,1,1")
    put_installs(console, "202603", "overview", f"2026-03-01,{APP},31,5001,41,110,11")
    console.play.files[f"stats/installs/installs_{APP}_202603_carrier.csv"] = b"not asked for"
    console.play.files[f"stats/installs/installs_{APP}_pro_202603_overview.csv"] = b"another app's"
    assert console.run("reports").status == "success"
    assert downloads(console) == [f"installs_{APP}_202603_overview.csv"]


def test_after_a_kill_only_the_months_that_did_not_land_are_read(console: Console) -> None:
    """January, the third to be read, breaks off: February and March have landed with their checkpoints."""
    for month in ("202601", "202602", "202603"):
        put_installs(console, month, "overview", f"{month[:4]}-{month[4:]}-01,{APP},1,1,1,1,1")
    broken = {f"installs_{APP}_202601_overview.csv": [{"status": 500, "body": "oops"}]}
    console.play.refusals = broken
    outcome = console.run("reports")
    assert (outcome.status, outcome.error_class) == ("failed", "vendor_5xx")
    assert [row[0].month for row in installed(console)] == [2, 3]
    assert console.run("reports").status == "success"
    assert downloads(console) == [f"installs_{APP}_202601_overview.csv"]
    assert [row[0].month for row in installed(console)] == [1, 2, 3]


def test_hostile_cells_are_refused_and_the_others_land(console: Console) -> None:
    put_installs(
        console,
        "202603",
        "country",
        f"2026-03-01,{APP},AE,25,4000,31,90,6",
        f"2026-03-02,{APP},<script>,1,1,1,1,1",
        f"2026-13-02,{APP},AE,1,1,1,1,1",
        f"2026-03-03,{APP},AE,1,1,1e999,1,1",
        f"2026-03-04,{APP},AE,1,1,-5,1,1",
        f"2026-03-05,{APP},AE,1,1,{'9' * 30},1,1",
        "2026-03-06,com.example.other,AE,1,1,1,1,1",
        f"2026-03-07,{APP}",
        "",
        f'2026-03-08,{APP},SA,"1,204",NA,"1,300",,',
        f"2026-03-09,{APP},SA,NA,NA,NA,NA,NA",
        "\ud800".encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"),
    )
    assert console.run("reports").status == "success"
    assert installed(console) == [(date(2026, 3, 1), "", "AE", 31, 4000), (date(2026, 3, 8), "", "SA", 1300, None)]
    told = console.refused()
    assert len(told) == 8
    for said in ("'<SCRIPT>' is no country", "month must be in 1..12", "'1e999' is no count", "'-5' is no count"):
        assert any(said in one for one in told), said
    assert any("'com.example.other', not of com.example.shop" in one for one in told)


def test_a_file_that_is_none_keeps_its_month_as_it_was_and_stops_no_other(console: Console) -> None:
    put_installs(console, "202602", "overview", f"2026-02-28,{APP},30,4990,38,100,8")
    put_installs(console, "202603", "overview", f"2026-03-01,{APP},31,5001,41,110,11")
    console.run("reports")
    name = f"stats/installs/installs_{APP}_202603_overview.csv"
    console.play.files[name] = report("Datum;Paketname", "2026-03-01;x")
    put_installs(console, "202602", "overview", f"2026-02-28,{APP},30,4990,50,100,8")
    outcome = console.run("reports")
    assert (outcome.status, outcome.error_class) == ("failed", "schema_drift")
    assert "has no column 'date'" in str(outcome.error)
    assert [row[3] for row in installed(console)] == [50, 41]


def test_a_cell_beyond_all_bounds_ends_its_file_with_a_word_on_it(console: Console) -> None:
    good, bad = f"2026-03-01,{APP},31,5001,41,110,11", f"2026-03-02,{'x' * 200_000},1,1,1,1,1"
    put_installs(console, "202603", "overview", good, bad, good)
    assert console.run("reports").status == "success"
    assert [row[0].day for row in installed(console)] == [1]
    assert any("line 3 and what follows cannot be read" in one for one in console.refused())


def test_a_file_too_large_is_left_out(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play_csv, "MAX_BYTES", 100)
    put_installs(console, "202603", "overview", f"2026-03-01,{APP},31,5001,41,110,11")
    outcome = console.run("reports")
    assert (outcome.status, outcome.error_class) == ("failed", "bad_query")


def test_ratings_and_visitors_of_a_day_are_one_row_whichever_file_changed(console: Console) -> None:
    """80 of AE and 20 of SA visited, 20 and 5 installed: (20 + 5) / (80 + 20) = 0.25 of all."""
    ratings, store = f"stats/ratings/ratings_{APP}_202603_", f"stats/store_performance/store_performance_{APP}_202603_"
    head = "Date,Package Name,{}Daily Average Rating,Total Average Rating"
    console.play.files[ratings + "overview.csv"] = report(head.format(""), f"2026-03-01,{APP},NA,4.31")
    country = report(head.format("Country,"), f"2026-03-01,{APP},AE,5.00,4.40", f"2026-03-01,{APP},SA,0.00,7.5")
    console.play.files[ratings + "country.csv"] = country
    visits = "Date,Package name,Country / Region,Store listing acquisitions,Store listing visitors"
    visits += ",Store listing conversion rate"
    lines = (f"2026-03-01,{APP},AE,20,80,25.0", f"2026-03-01,{APP},SA,5,20,25.0")
    console.play.files[store + "country.csv"] = report(visits, *lines)
    assert console.run("reports").status == "success"
    columns = ("country", "rating_avg", "day_rating_avg", "rating_count", "visitor_count", "conversion_ratio")
    assert console.rows(StoreRatingsDaily, *columns) == [
        ("", 4.31, None, None, 100, 0.25),
        ("AE", 4.4, 5.0, None, 80, 0.25),
        ("SA", None, None, None, 20, 0.25),
    ]
    assert any("'7.5' is no average of 1 to 5 stars" in one for one in console.refused())
    console.play.files[store + "country.csv"] = report(visits, lines[0].replace("20,80", "40,80"), lines[1])
    console.run("reports")
    assert console.rows(StoreRatingsDaily, *columns)[:2] == [
        ("", 4.31, None, None, 100, 0.45),
        ("AE", 4.4, 5.0, None, 80, 0.5),
    ]


def review(stars: Any, link: str = "", code: str = "2400", name: str = "2.4.0", **told: Any) -> str:
    changed, reply = told.get("changed", SUBMITTED), told.get("reply", "")
    text = told.get("text", "Works").replace('"', '""')
    start = f"{APP},{code},{name},en,oriole,,{told.get('at', SUBMITTED)},,{changed}"
    return f'{start},{stars},,"{text}",,{reply},Thanks,{link}'


def put_reviews(console: Console, *lines: str) -> None:
    console.play.files[f"reviews/reviews_{APP}_202602.csv"] = report(REVIEWS, *lines)


def test_reports_of_reviews_name_the_versions_that_installs_count_by_code(console: Console) -> None:
    put_reviews(console, review(5), review(4, code="2399", name="2.4.0", at=SUBMITTED - 1000))
    put_installs(console, "202603", "app_version", *(f"2026-03-01,{APP},{code},1,1,1,1,1" for code in (2400, 2399, 7)))
    console.run("reports")
    # Two builds of one name: the second to be counted is told apart by its code.
    assert [row[1] for row in installed(console)] == ["2.4.0 (2399)", "2.4.0", "7"]
    assert console.rows(MobileBuilds, "build_number", "version") == [("2399", "2.4.0"), ("2400", "2.4.0")]
    put_reviews(console, review(5), review(3, code="7", name="1.0.0"))
    put_installs(console, "202603", "app_version", f"2026-03-01,{APP},7,1,9,9,1,1")
    console.run("reports")
    # What a version was called once it stays, or its days would count twice.
    assert (date(2026, 3, 1), "7", "", 9, 9) in installed(console)


def test_a_review_meets_itself_by_the_id_in_its_link(console: Console) -> None:
    links = (
        "https://play.google.com/x?reviewId=gp%3AOne&corpus=PUBLIC",
        "https://play.google.com/x#ReviewDetails:id=gp%3ATwo",
    )
    put_reviews(
        console, review(4, links[0], text='A "fine"\n app, really €'), review(2, links[1]), review(5), review(5)
    )
    console.run("reports")
    rows = console.rows(StoreReviews, "review_id", "rating", "body")
    assert [row[:2] for row in rows[1:]] == [("gp:One", 4), ("gp:Two", 2)]
    assert rows[1][2] == 'A "fine"\n app, really €'
    assert rows[0][0].startswith(f"{APP}/")  # without a link, and the same both times
    assert len(rows) == 3


def test_a_report_takes_nothing_away_from_what_the_api_told_later(console: Console) -> None:
    """The API's review of 2026-03-09 is newer than the report's line of it; its month stays that of its first sight."""
    user = {"text": "Better now", "lastModified": {"seconds": "1773014400"}, "starRating": 4}
    told = {"reviewId": "gp:One", "authorName": "Sam", "comments": [{"userComment": user}]}
    console.play.reviews = [told]
    console.run("reviews")
    columns = ("review_id", "rating", "body", "created_at", "author_hash", "reply_body")
    before = console.rows(StoreReviews, *columns)
    link = "https://play.google.com/x?reviewId=gp%3AOne"
    put_reviews(console, review(1, link))
    console.run("reports")
    assert console.rows(StoreReviews, *columns) == before
    put_reviews(console, review(2, link, changed=1_773_100_000_000, reply=1_773_100_100_000))
    console.run("reports")
    ((_, rating, body, created, author, reply),) = console.rows(StoreReviews, *columns)
    assert (rating, body, reply) == (2, "Works", "Thanks")
    assert (created, author) == before[0][3:5]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (review(6), "'6' is no number of stars"),
        (review("five"), "'five' is no count"),
        (review("NA"), "'None' is no number of stars"),
        (review(5, at=""), "without the time"),
        (review(5, at="yesterday"), "invalid literal"),
        (review(5, at="9" * 25), ""),
        (review(5, link="https://[::1"), "Invalid IPv6"),
        (review(5).replace(APP, "com.example.other"), "not of com.example.shop"),
    ],
)
def test_a_line_that_is_no_review_is_refused(console: Console, line: str, said: str) -> None:
    put_reviews(console, line, review(3))
    assert console.run("reports").status == "success"
    assert [row[0] for row in console.rows(StoreReviews, "rating")] == [3]
    (told,) = console.refused()
    assert said in told


def test_a_listing_counts_downloads_since_the_first_day_that_is_told(console: Console) -> None:
    put_installs(console, "202603", "overview", *(f"2026-03-0{day},{APP},{day},5,5,5,5" for day in (1, 2, 3)))
    put_installs(console, "202603", "country", f"2026-03-01,{APP},AE,100,5,5,5,5")
    console.run("reports")
    console.run("listings")
    columns = ("download_count", "download_since_on", "rating_count")
    assert console.rows(MobileApps, *columns) == [(6, date(2026, 3, 1), None)]


def test_without_a_bucket_no_report_is_asked_for(tmp_path: Path) -> None:
    console = Console(tmp_path, bucket=None)
    assert console.run("reports").status == "success"
    assert console.play.asked == []


def test_cells_are_what_they_say_or_refused() -> None:
    assert [whole(cell) for cell in ("5", " 1,204 ", "NA", "na", "", None)] == [5, 1204, None, None, None, None]
    assert [stars(cell) for cell in ("4.31", "0.00", "NaN", "")] == [4.31, None, None, None]
    assert [country(cell) for cell in ("ae", "NA", "", None)] == ["AE", "NA", "ZZ", "ZZ"]
    assert str(instant("1770112860000")) == "2026-02-03 10:01:00+00:00"
    for take, cell in ((whole, "1,2"), (whole, "1.5"), (stars, "inf"), (stars, "5.1"), (country, "ARE")):
        with pytest.raises(ValueError, match="is no"):
            take(cell)
