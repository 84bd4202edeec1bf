"""Whatever the order of appends, upserts, repeats, new handles and faults at the commit: the lake is a plain dict."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake.exceptions import CommitFailedError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aurora.contracts import Table
from aurora.contracts.operations import Alerts, ComponentHealth
from aurora.errors import LakeError
from tests.frames import HOUR, MINUTE, NOW, frame, health, row
from warehouse import delta as delta_module
from warehouse.lake import Batch, Lake

FAULTS = ("none", "none", "lost race", "broken before", "broken after")
Rows = list[tuple[int, int]]
some_rows = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 5)), min_size=1, max_size=5, unique_by=lambda one: one[0]
)


class LakeMachine(RuleBasedStateMachine):
    """Batches go out until they are acknowledged, as a runner does it; a repeat may come at any time."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.lake = Lake(self.folder)
        self.samples: dict[int, float] = {}
        self.alerts: dict[int, tuple[int, str]] = {}
        self.numbers = {ComponentHealth: 0, Alerts: 0}
        self.sent: list[tuple[type[Table], pl.DataFrame, Batch]] = []

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule(rows=some_rows, fault=st.sampled_from(FAULTS))
    def append(self, rows: Rows, fault: str) -> None:
        made = [health("a", NOW + key * MINUTE, cpu_pct=float(value)) for key, value in rows]
        self._send(ComponentHealth, frame(ComponentHealth, made), fault)
        for key, value in rows:
            self.samples.setdefault(key, float(value))

    @rule(rows=some_rows, fault=st.sampled_from(FAULTS), said=st.sampled_from("xy"))
    def upsert(self, rows: Rows, fault: str, said: str) -> None:
        made = [_alert(key, NOW + age * HOUR, said) for key, age in rows]
        self._send(Alerts, frame(Alerts, made), fault)
        for key, age in rows:
            if age >= self.alerts.get(key, (age, ""))[0]:
                self.alerts[key] = (age, said)

    @rule(which=st.integers(0, 50))
    def repeat(self, which: int) -> None:
        if self.sent:
            table, rows, batch = self.sent[which % len(self.sent)]
            assert self.lake.write(table, rows, batch).repeated

    @rule()
    def another_handle(self) -> None:
        self.lake = Lake(self.folder)

    def _send(self, table: type[Table], rows: pl.DataFrame, fault: str) -> None:
        self.numbers[table] += 1
        batch = Batch(f"t1/{table.spec.name}", self.numbers[table], {"n": self.numbers[table]})
        with faulty(fault):
            try:
                self.lake.write(table, rows, batch)
            except LakeError:
                assert fault in ("broken before", "broken after")
        again = self.lake.write(table, rows, batch)
        assert again.repeated == (fault != "broken before")
        self.sent.append((table, rows, batch))

    @invariant()
    def the_lake_is_the_dict(self) -> None:
        found = self.lake.read(ComponentHealth)
        assert dict(found.select("ts_start", "cpu_pct").iter_rows()) == {
            (NOW + key * MINUTE).replace(tzinfo=None): value for key, value in self.samples.items()
        }
        assert found.height == len(self.samples)
        told = self.lake.read(Alerts)
        assert dict(told.select("alert_id", "title").iter_rows()) == {
            f"t1:{key}": said for key, (_, said) in self.alerts.items()
        }
        assert told.height == len(self.alerts)
        for table, number in self.numbers.items():
            assert self.lake.cursor(table, f"t1/{table.spec.name}") == (number, {"n": number} if number else None)


def _alert(key: int, updated_at: datetime, said: str) -> dict[str, Any]:
    times = {"started_at": NOW + key * 20 * 24 * HOUR, "updated_at": updated_at, "last_seen_at": NOW}
    return row(Alerts, alert_id=f"t1:{key}", title=said) | times


class faulty:  # noqa: N801
    """Make the next commit fail, before or after it has happened."""

    def __init__(self, fault: str) -> None:
        self.patch = pytest.MonkeyPatch()
        self.left = 0 if fault == "none" else 1
        self.fault = fault

    def __enter__(self) -> None:
        for verb in (delta_module.append, delta_module.merge):
            self.patch.setattr(delta_module, verb.__name__, self._once(verb))

    def __exit__(self, *args: object) -> None:
        self.patch.undo()

    def _once(self, commit: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **kwargs: Any) -> Any:
            if not self.left:
                return commit(*args, **kwargs)
            self.left -= 1
            if self.fault == "broken after":
                commit(*args, **kwargs)
            if self.fault.startswith("broken"):
                raise OSError(5, "Input/output error")
            raise CommitFailedError("Transaction failed: somebody was first")

        return instead


TestLake = LakeMachine.TestCase
TestLake.settings = settings(
    max_examples=20, stateful_step_count=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
