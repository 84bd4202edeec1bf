"""What people write: seen at once, refused when somebody was quicker or when it says nothing that can be read."""

import threading
from pathlib import Path

import pytest

from aurora.contracts.estate import Applications, Edits
from aurora.errors import ContractError, LostRaceError
from tests.frames import NOW, put, row
from warehouse.lake import Lake
from warehouse.query import Warehouse
from warehouse.record import Change, record_edits

SHOP = ("app", "shop")


def set_(lake: Lake, data: Path, who: str, seen: dict[str, str] | None = None, **values: str) -> None:
    """Set fields of the shop, having seen these edits of them (none, where none is named)."""
    over = {name: (seen or {}).get(name) for name in values}
    record_edits(data, lake, SHOP, [Change(name, value) for name, value in values.items()], who, seen=over)


def test_edits_are_seen_on_return(lake: Lake, data: Path) -> None:
    put(lake, Applications, [row(Applications, app_id="shop", updated_at=NOW)])
    changes = [Change("tier", "1", "2"), Change("product", '"tills"'), Change("devops", action="confirm")]
    record_edits(data, lake, SHOP, changes, "ann", "the audit")
    told = Warehouse(data / "published").rows("select tier, product from applications_now")
    assert told.row(0) == (1, "tills")
    rows = lake.read(Edits).sort("field").to_dicts()
    assert [(one["field"], one["action"], one["before"], one["reason"]) for one in rows] == [
        ("devops", "confirm", None, "the audit"),
        ("product", "set", None, "the audit"),
        ("tier", "set", "2", "the audit"),
    ]
    assert len({one["changed_at"] for one in rows}) == 1


def test_the_later_of_two_is_refused_whole_and_told_who_and_when(lake: Lake, data: Path) -> None:
    set_(lake, data, "ann", tier="1")
    at = lake.read(Edits)["changed_at"][0]
    with pytest.raises(LostRaceError, match=f"ann changed tier of shop at {at:%H:%M} UTC"):
        set_(lake, data, "bob", product='"x"', tier="2")
    assert lake.read(Edits)["field"].to_list() == ["tier"]
    set_(lake, data, "bob", product='"x"')
    edits = lake.read(Edits)
    set_(lake, data, "bob", dict(edits.select("field", "edit_id").iter_rows()), tier="2")
    record_edits(data, lake, ("app", "blog"), [Change("tier", "3")], "bob", seen={"tier": None})
    assert sorted(lake.read(Edits)["after"]) == ['"x"', "1", "2", "3"]


def test_a_return_overtakes_and_a_confirmation_does_not(lake: Lake, data: Path) -> None:
    record_edits(data, lake, SHOP, [Change("tier", action="confirm"), Change("product", action="revert")], "ann")
    set_(lake, data, "bob", tier="2")
    with pytest.raises(LostRaceError, match="ann changed product"):
        set_(lake, data, "bob", product='"x"')


def test_of_many_at_the_same_time_one_is_written(lake: Lake, data: Path) -> None:
    """Six people, each with a process's own lake, change the same field as they saw it before anybody had."""
    lost: list[str] = []

    def change(number: int) -> None:
        try:
            set_(Lake(data / "lake"), data, f"person-{number}", tier=str(number), **{f"field_{number}": "1"})
        except LostRaceError as error:
            lost.append(str(error))

    people = [threading.Thread(target=change, args=(number,)) for number in range(6)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    rows = lake.read(Edits)
    assert (len(lost), rows.height, rows["changed_by"].n_unique()) == (5, 2, 1)
    assert all(f"{rows['changed_by'][0]} changed tier" in said for said in lost)


WRONG = [
    Change("tier", "{"),
    Change("tier", ""),
    Change("tier", "1", "{"),
    Change("tier", "[" * 99_999),
    Change("tier"),
    Change("", "1"),
    Change("tier", "1", action="guess"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_says_nothing_is_refused_with_all_that_came_with_it(lake: Lake, data: Path, wrong: Change) -> None:
    with pytest.raises(ContractError, match="edits: "):
        record_edits(data, lake, SHOP, [Change("product", '"x"'), wrong], "ann")
    assert lake.read(Edits).height == 0
