"""What files declare: dates stay with what is untouched, versions grow with what changed, broken files keep theirs."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts import Row, Table
from aurora.contracts.cost import Budgets
from aurora.contracts.estate import Applications, AppLinks, ComponentEdges, People, RegistryFaults, Teams
from aurora.contracts.operations import Slos
from aurora.settings import Frozen, SourceSettings
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.declared import MAX_FAULTS, Declared
from ingest.history import Outcome
from ingest.run import Ingest
from tests.frames import HOUR, NOW, settings
from warehouse.lake import Lake

TABLES = (Applications, AppLinks, Teams, People, ComponentEdges, Slos, Budgets, RegistryFaults)
Say = Callable[[Declared], None]


class Rig:
    """A made-up source that declares what `say` adds."""

    def __init__(self, lake: Lake, data: Path) -> None:
        self.lake, self.now = lake, NOW
        self.say: Say = lambda declared: None
        connector = Connector("files", Frozen)

        @connector.stream(*TABLES, every="1m")
        def fetch_all(run: Run[Any]) -> Iterable[Item]:
            declared = Declared(run)
            self.say(declared)
            yield from declared.items(*TABLES)
            yield Checkpoint({"read": "whole"})

        self.source = SourceSettings(name="files", connector="files")
        self.ingest = Ingest(lake, settings(data=data), {"files": connector}, clock=lambda: self.now)

    def run(self, say: Say, now: datetime | None = None) -> Outcome:
        self.say, self.now = say, now or self.now
        (outcome,) = self.ingest.run(self.source)
        assert outcome.landed.quarantined_count == 0
        return outcome

    def rows(self, table: type[Table], *names: str) -> list[Any]:
        frame = self.lake.read(table).sort(table.spec.key)
        return frame.select(names).rows() if len(names) > 1 else frame[names[0]].to_list()


@pytest.fixture
def rig(lake: Lake, data: Path) -> Rig:
    return Rig(lake, data)


def app(app_id: str, declared_in: str = "a.toml:1", **values: Any) -> Row:
    least = {"app_id": app_id, "name": app_id, "type": "web", "env_tier": "production", "declared_in": declared_in}
    return least | values


def slo(slo_id: str, target_pct: float = 99.9, declared_in: str = "a.toml:1") -> Row:
    named = {"slo_id": slo_id, "name": "Availability", "kind": "time_slice", "window": "30d"}
    return named | {"target_pct": target_pct, "declared_in": declared_in}


def budget(amount: str) -> Row:
    limit = {"limit_amount": Decimal(amount), "currency": "EUR", "period": "month", "starts_on": date(2026, 3, 1)}
    return {"budget_id": "shop-monthly", "name": "Shop", "app_id": "shop", **limit}


def adds(*rows: tuple[type[Table], Row], broken: str | None = None) -> Say:
    def say(declared: Declared) -> None:
        for table, row in rows:
            declared.add(table, row)
        if broken:
            declared.broken(broken, 3, "this is not TOML")

    return say


def test_an_untouched_entry_keeps_its_date_and_a_changed_one_gets_a_new_one(rig: Rig) -> None:
    rig.run(adds((Applications, app("one")), (Applications, app("two"))))
    rig.run(adds((Applications, app("one")), (Applications, app("two", name="Second"))), NOW + HOUR)
    naive = NOW.replace(tzinfo=None)
    assert rig.rows(Applications, "app_id", "updated_at") == [("one", naive), ("two", naive + HOUR)]


def test_a_line_that_moved_keeps_the_date_but_tells_the_new_place(rig: Rig) -> None:
    rig.run(adds((Applications, app("one")), (Slos, slo("one-availability"))))
    rig.run(adds((Applications, app("one", "a.toml:9")), (Slos, slo("one-availability", 99.9, "a.toml:9"))), NOW + HOUR)
    assert rig.rows(Applications, "declared_in", "updated_at") == [("a.toml:9", NOW.replace(tzinfo=None))]
    assert rig.rows(Slos, "version") == [1]


def test_an_untouched_run_writes_no_version_of_any_table(rig: Rig, lake: Lake) -> None:
    def say(declared: Declared) -> None:
        adds((Applications, app("one")), (Slos, slo("s")), (Budgets, budget("10")))(declared)
        declared.fault("a.toml", 4, "tier: write 1, 2, 3 or 4")

    rig.run(say)
    before = [lake.version(table) for table in TABLES]
    rig.run(say, NOW + HOUR)
    assert [lake.version(table) for table in TABLES] == before


def test_what_is_no_longer_declared_goes(rig: Rig) -> None:
    rig.run(adds((Applications, app("one")), (Applications, app("two")), (Teams, team("red"))))
    rig.run(adds((Applications, app("two"))))
    assert (rig.rows(Applications, "app_id"), rig.rows(Teams, "team_id")) == (["two"], [])
    rig.run(adds())
    assert rig.rows(Applications, "app_id") == []


def team(team_id: str) -> Row:
    return {"team_id": team_id, "name": team_id, "kind": "team"}


def test_versions_grow_with_what_changed_and_end_with_what_is_gone(rig: Rig) -> None:
    rig.run(adds((Slos, slo("s")), (Slos, slo("t")), (Budgets, budget("10"))))
    rig.run(adds((Slos, slo("s", 99.5)), (Budgets, budget("10.00"))), NOW + HOUR)
    rig.run(adds((Slos, slo("s", 99.5)), (Slos, slo("t")), (Budgets, budget("12.50"))), NOW + 2 * HOUR)
    told = rig.rows(Slos, "slo_id", "version", "target_pct", "is_deleted", "changed_by")
    assert told == [
        ("s", 1, 99.9, False, "files"), ("s", 2, 99.5, False, "files"), ("t", 1, 99.9, False, "files"),
        ("t", 2, 99.9, True, "files"), ("t", 3, 99.9, False, "files"),
    ]  # fmt: skip
    assert rig.rows(Budgets, "version", "limit_amount") == [(1, Decimal(10)), (2, Decimal("12.5"))]
    assert rig.rows(Slos, "changed_at")[1] == (NOW + HOUR).replace(tzinfo=None)


def test_a_broken_file_keeps_its_own_entries_and_what_has_no_place_stays(rig: Rig) -> None:
    link = {"app_id": "one", "kind": "service", "native_id": "x", "path_prefix": "", "is_pattern": False}
    link |= {"method": "explicit", "state": "confirmed", "declared_in": "a.toml:1"}
    both = [(Applications, app("one")), (Applications, app("two", "b.toml:1")), (Applications, app("x", "a.toml.d:1"))]
    rig.run(adds(*both, (AppLinks, link), (Teams, team("red")), (Slos, slo("s")), (Budgets, budget("10"))))
    outcome = rig.run(adds(broken="a.toml"))
    assert (outcome.status, outcome.error) == ("partial", "a.toml, line 3: this is not TOML")
    assert (rig.rows(Applications, "app_id"), rig.rows(AppLinks, "native_id")) == (["one"], ["x"])
    assert (rig.rows(Teams, "team_id"), rig.rows(Slos, "version"), rig.rows(Budgets, "version")) == (["red"], [1], [1])
    assert rig.rows(RegistryFaults, "file", "line", "is_refused") == [("a.toml", 3, True)]
    rig.run(adds())
    assert (rig.rows(Applications, "app_id"), rig.rows(Slos, "is_deleted")) == ([], [False, True])
    assert (rig.rows(Teams, "team_id"), rig.rows(RegistryFaults, "file")) == ([], [])


def test_a_folder_that_cannot_be_read_keeps_what_is_below_it(rig: Rig) -> None:
    rig.run(adds((Applications, app("one", "apps/a.toml:1")), (Applications, app("two", "apps2/a.toml:1"))))
    rig.run(adds(broken="apps"))
    assert rig.rows(Applications, "app_id") == ["one"]


def test_of_two_entries_the_first_counts_and_the_fault_names_both_places(rig: Rig) -> None:
    answers: list[bool] = []

    def say(declared: Declared) -> None:
        answers.append(declared.add(Applications, app("one", name="First")))
        answers.append(declared.add(Applications, app("one", "b.toml:7", name="Second")))

    rig.run(say)
    assert answers == [True, False]
    assert rig.rows(Applications, "name") == ["First"]
    ((file, line, entity, refused, message),) = rig.rows(
        RegistryFaults, "file", "line", "entity_id", "is_refused", "message"
    )
    assert (file, line, entity, refused) == ("b.toml", 7, "one", True)
    assert message == "application one stands here (b.toml, line 7) and in a.toml, line 1: the first counts, remove one of them"  # fmt: skip  # noqa: E501


def test_what_is_met_twice_is_no_fault_and_keeps_its_first_sighting(rig: Rig) -> None:
    edge = {"from_id": "one", "from_type": "app", "to_id": "two", "to_type": "app", "kind": "depends_on"}
    edge |= {"evidence": "declared"}
    assert rig.run(adds((ComponentEdges, edge), (ComponentEdges, edge))).status == "success"
    rig.run(adds((ComponentEdges, edge)), NOW + 2 * HOUR)
    naive = NOW.replace(tzinfo=None)
    assert rig.rows(ComponentEdges, "first_seen_at", "last_seen_at") == [(naive, naive + 2 * HOUR)]


def test_faults_are_counted_in_one_sentence_and_go_when_they_are_mended(rig: Rig) -> None:
    def say(declared: Declared) -> None:
        declared.fault("a.toml", 12, "tier: write 1, 2, 3 or 4", entity="one", field="tier")
        for line in range(3):
            declared.fault("a.toml", line, "the same")

    outcome = rig.run(say)
    assert outcome.error == "a.toml, line 12: tier: write 1, 2, 3 or 4; and 3 more: see Registry"
    assert len(set(rig.rows(RegistryFaults, "fault_id"))) == 4
    rig.run(lambda declared: declared.fault("a.toml", 20, "tier: write 1, 2, 3 or 4", entity="one", field="tier"), NOW + HOUR)  # fmt: skip  # noqa: E501
    assert rig.rows(RegistryFaults, "line", "found_at") == [(20, NOW.replace(tzinfo=None))]
    assert rig.run(adds()).status == "success"
    assert rig.rows(RegistryFaults, "line") == []


def test_faults_without_end_are_bounded_and_hostile_words_can_be_stored(rig: Rig) -> None:
    def say(declared: Declared) -> None:
        declared.fault("a\x00\ud800.toml", None, "<b>\n" + "x" * 9_000, entity="\x1b[31m", field="f" * 900)
        for _ in range(MAX_FAULTS + 10):
            declared.fault("a.toml", 1, "again")

    outcome = rig.run(say)
    assert outcome.error is not None
    assert outcome.error.endswith(f"and {MAX_FAULTS + 10} more: see Registry")
    messages = rig.rows(RegistryFaults, "message")
    assert len(messages) == MAX_FAULTS
    assert max(len(message) for message in messages) == 500


def test_a_row_that_breaks_the_contract_goes_to_quarantine_and_the_others_land(rig: Rig, lake: Lake) -> None:
    rig.say = adds((Applications, app("one")), (Applications, app("two", tier="high")))
    (outcome,) = rig.ingest.run(rig.source)
    assert (outcome.landed.quarantined_count, rig.rows(Applications, "app_id")) == (1, ["one"])
