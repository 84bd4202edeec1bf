"""Tables that are replaced slice by slice: no news, no version; nothing at all empties a source, and only that one."""

import pytest

from aurora.contracts import Row
from aurora.contracts.cost import CostDays
from aurora.contracts.estate import Applications
from aurora.contracts.mobile import MobileApps
from tests.frames import DAY, HOUR, NOW, frame, full_row, row
from warehouse import rows as of_rows
from warehouse.lake import Batch, Lake, Written


def said(*names: str, **values: object) -> list[Row]:
    return [full_row(Applications, number, app_id=name) | values for number, name in enumerate(names)]


def write(
    lake: Lake, rows: list[Row], source: str = "s1", hours: float = 0, is_whole: bool = True, cursor: int | None = None
) -> Written:
    """The next batch of the source's stream, landed `hours` from now."""
    stream = f"{source}/files"
    batch = Batch(stream, lake.cursor(Applications, stream)[0] + 1, {"at": cursor} if cursor else None, is_whole)
    return lake.write(Applications, frame(Applications, rows, source, NOW + hours * HOUR), batch)


def names(lake: Lake) -> list[tuple[str, str]]:
    return sorted(lake.read(Applications).select("source_instance", "app_id").iter_rows())


def test_the_same_again_writes_no_version(lake: Lake) -> None:
    assert write(lake, said("a", "b")) == Written(2, 0)
    version = lake.version(Applications)
    assert write(lake, said("a", "b"), hours=1) == Written(0, 2)
    assert write(lake, said("a", "b")[::-1], hours=2) == Written(0, 2)
    assert lake.version(Applications) == version
    assert set(lake.read(Applications)["ingested_at"]) == {NOW.replace(tzinfo=None)}


@pytest.mark.parametrize(
    "news",
    [
        {"tier": 9},
        {"tier": None},
        {"stack_backend": ["x"]},
        {"links": "{}"},
        {"updated_at": NOW + DAY},
        {"rpo_s": 0.25},
    ],
    ids=str,
)
def test_any_news_is_written(lake: Lake, news: Row) -> None:
    write(lake, said("a", "b"))
    assert write(lake, [*said("a"), said("x", "b")[1] | news], hours=1) == Written(2, 0)


def test_a_row_more_and_a_row_less_are_news(lake: Lake) -> None:
    write(lake, said("a", "b"))
    assert write(lake, said("a", "b", "c")).row_count == 3
    assert write(lake, said("a")).row_count == 1
    assert names(lake) == [("s1", "a")]


def test_nothing_of_a_whole_set_empties_its_source_and_no_other(lake: Lake) -> None:
    write(lake, said("a", "b"))
    write(lake, said("a"), "s2")
    write(lake, said("a"), "it's")
    assert write(lake, [], is_whole=False) == Written(0, 0)
    assert len(names(lake)) == 4
    write(lake, [])
    assert names(lake) == [("it's", "a"), ("s2", "a")]
    version = lake.version(Applications)
    write(lake, [], hours=1)
    assert lake.version(Applications) == version
    write(lake, [], "it's")
    assert names(lake) == [("s2", "a")]
    write(lake, said("z"))
    assert names(lake) == [("s1", "z"), ("s2", "a")]


def test_a_set_that_stands_alone_takes_the_place_of_all_days_of_its_source(lake: Lake) -> None:
    def day(source: str, *days: int, is_alone: bool = True) -> Written:
        stream = f"{source}/files"
        batch = Batch(stream, lake.cursor(CostDays, stream)[0] + 1, None, True, is_alone)
        rows = [
            row(CostDays, number, cost_day_id=f"{source}{number}", day=NOW.date() + number * DAY) for number in days
        ]
        return lake.write(CostDays, frame(CostDays, rows, source), batch)

    def held() -> list[str]:
        return sorted(lake.read(CostDays)["cost_day_id"])

    day("s1", 1, 2, 40)
    day("s2", 1)
    day("s1", 3, is_alone=False)
    assert held() == ["s11", "s12", "s13", "s140", "s21"]
    assert day("s1", 2, 3) == Written(2, 0)
    assert day("s1", 2, 3) == Written(0, 2)
    assert held() == ["s12", "s13", "s21"]
    day("s1")
    assert day("s1") == Written(0, 0)
    assert held() == ["s21"]


def test_a_source_replaces_only_its_own_rows(lake: Lake) -> None:
    write(lake, said("a", "b"))
    write(lake, said("a", "b"), "s2")
    write(lake, said("c"), "s2")
    assert names(lake) == [("s1", "a"), ("s1", "b"), ("s2", "c")]


def test_a_cursor_that_moved_is_kept_although_the_rows_are_known(lake: Lake) -> None:
    write(lake, said("a"), cursor=1)
    version = lake.version(Applications)
    assert write(lake, said("a"), cursor=2) == Written(0, 1)
    assert lake.cursor(Applications, "s1/files")[1] == {"at": 2}
    assert lake.version(Applications) == (version or 0) + 1
    assert names(lake) == [("s1", "a")]


def test_a_repeated_batch_is_known(lake: Lake) -> None:
    rows = frame(Applications, said("a"), "s1")
    lake.write(Applications, rows, Batch("s1/files", 1, None, True))
    assert lake.write(Applications, rows.clear(), Batch("s1/files", 1, None, True)).repeated
    assert names(lake) == [("s1", "a")]


def test_a_slice_of_a_day_leaves_the_other_days(lake: Lake) -> None:
    """Whole or not, no row says nothing about a table whose slices are days: there is no day to empty."""
    days = [NOW.date() - DAY, NOW.date()]
    rows = [row(MobileApps, store_app_id="x", day=day) for day in days]
    lake.write(MobileApps, frame(MobileApps, rows, "s1"), Batch("s1/stores", 1))
    newer = [rows[1] | {"name": "new"}]
    assert lake.write(MobileApps, frame(MobileApps, newer, "s1"), Batch("s1/stores", 2)) == Written(1, 0)
    assert lake.write(MobileApps, frame(MobileApps, newer, "s1", NOW + HOUR), Batch("s1/stores", 3)) == Written(0, 1)
    lake.write(MobileApps, frame(MobileApps, [], "s1"), Batch("s1/stores", 4, None, True))
    assert sorted(lake.read(MobileApps).select("day", "name").iter_rows()) == [
        (days[0], rows[0]["name"]),
        (days[1], "new"),
    ]


def test_beyond_a_limit_it_is_written_unseen(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_rows, "COMPARED_ROWS", 1)
    write(lake, said("a", "b"))
    assert write(lake, said("a", "b")) == Written(2, 0)
