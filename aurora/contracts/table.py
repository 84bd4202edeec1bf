"""What a canonical table is: a dataframely schema that also knows its key, time, partition and write mode."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import dataframely as dy
import polars as pl

from aurora.contracts.columns import flag, instant, text, whole

Mode = Literal["append", "upsert", "snapshot", "replace", "versioned"]
Owner = Literal["vendor", "people", "aurora"]
Part = Literal["day", "month"]
Row = dict[str, Any]

COMMON = ("source", "source_instance", "ingested_at", "run_id")


@dataclass(frozen=True)
class Spec:
    """The facts about a table that its columns do not tell."""

    name: str
    sentence: str
    key: tuple[str, ...]
    time: str
    part: Part | None
    part_of: str | None
    mode: Mode
    owner: Owner
    slice_by: tuple[str, ...]

    @property
    def part_column(self) -> str | None:
        """The partition column that the lake adds: part_day, part_month or None."""
        return f"part_{self.part}" if self.part else None


class Table(dy.Schema):
    """Base of all canonical tables: the columns that every row has, and `spec`, the facts about the table.

    A subclass states key and time (and partition, mode, owner, slice where they are not the default) as class
    arguments; its docstring is the table's one sentence. Stating a key registers the table under its name.
    """

    spec: ClassVar[Spec]

    source = text("connector or format; `aurora` when computed, `people` when typed")
    source_instance = text("name of the source in aurora.toml")
    ingested_at = instant("when the row landed")
    run_id = text("the sync run that brought it")

    def __init_subclass__(
        cls,
        key: str = "",
        time: str = "",
        part: str = "",
        mode: Mode = "append",
        owner: Owner = "vendor",
        slice_by: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if not key:
            return
        unit, part_of = _partition(part)
        sentence = " ".join((cls.__doc__ or "").split())
        name = snake(cls.__name__)
        cls.spec = Spec(name, sentence, tuple(key.split()), time, unit, part_of, mode, owner, tuple(slice_by.split()))
        TABLES[name] = cls

    @classmethod
    def own_columns(cls) -> list[str]:
        """Column names in reading order: the table's own first, the common ones last."""
        return [name for name in cls.column_names() if name not in COMMON] + list(COMMON)

    @classmethod
    def dtypes(cls) -> dict[str, pl.DataType]:
        """Polars type of each column in reading order; instants are Datetime(us, UTC)."""
        columns = cls.columns()
        return {name: columns[name].dtype for name in cls.own_columns()}

    @classmethod
    def empty(cls) -> pl.DataFrame:
        """A frame of no rows with the contract's types."""
        return pl.DataFrame(schema=cls.dtypes())


class VersionedTable(Table):
    """Base of tables that people and workflows write: every version stays, the last one counts."""

    version = whole("1, 2, 3 ... per thing", null=False)
    changed_by = text()
    changed_at = instant()
    reason = text(null=True)
    is_deleted = flag(null=False)


TABLES: dict[str, type[Table]] = {}


def snake(name: str) -> str:
    """ComponentHealth1h -> component_health_1h."""
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name).lower()


def _partition(part: str) -> tuple[Part | None, str | None]:
    """'day(ts_start)' -> ('day', 'ts_start'); '' -> (None, None)."""
    if not part:
        return None, None
    found = re.fullmatch(r"(day|month)\((\w+)\)", part)
    if not found:
        raise ValueError(f"partition {part!r}: write day(column) or month(column)")
    return ("day" if found[1] == "day" else "month"), found[2]
