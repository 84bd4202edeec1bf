"""`aurora bench`: what a benchmark is, how all are found and run, and how their figures are told.

A benchmark is a generator with the name of its module in aurora/bench/. It gets a Bench, works in its folder only, and
yields Figures. Each figure stands against a named floor or peer that is measured in the same run, because seconds
alone tell as much about the machine as about Aurora.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from aurora.errors import AuroraError


class SkippedError(AuroraError):
    """A benchmark cannot be run here; the sentence says why."""


@dataclass(frozen=True)
class Goal:
    """What a figure's value or ratio has to be: Goal("ratio", "<=", 1.2)."""

    of: Literal["value", "ratio"]
    sign: Literal["<=", ">="]
    limit: float

    def __str__(self) -> str:
        return f"{self.of} {self.sign} {self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """One measured figure; `baseline` is the floor's or peer's, in the same unit, and the name says whose it is."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """Value by baseline, None where there is none."""
        return self.value / self.baseline if self.baseline else None

    @property
    def ok(self) -> bool | None:
        """True if the goal is reached, None if there is no goal."""
        if self.goal is None:
            return None
        found = self.value if self.goal.of == "value" else self.ratio
        if found is None:
            return False
        return found <= self.goal.limit if self.goal.sign == "<=" else found >= self.goal.limit

    def as_json(self) -> dict[str, Any]:
        """The figure as it stands in the JSON file."""
        told = {"name": self.name, "value": self.value, "unit": self.unit, "baseline": self.baseline}
        return told | {"ratio": self.ratio, "goal": str(self.goal) if self.goal else None, "ok": self.ok}


@dataclass(frozen=True)
class Bench:
    """What a benchmark is handed: an empty folder of its own, its scale (1 = full size), a way to say a sentence."""

    folder: Path
    scale: float
    say: Callable[[str], None]

    def size(self, full: int, least: int = 1) -> int:
        """A count at this scale."""
        return max(least, round(full * self.scale))


Work = Callable[[Bench], Iterator[Figure]]
_registered: dict[str, Work] = {}


def benchmark(work: Work) -> Work:
    """Register a benchmark under its function's name; its docstring says what it measures."""
    _registered[work.__name__] = work
    return work


def load_benchmarks() -> dict[str, Work]:
    """All benchmarks by name, found by walking aurora/bench."""
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"aurora.bench.{module.name}")
    return dict(sorted(_registered.items()))


def run_benchmarks(names: list[str], json_file: Path | None, out: Console, scale: float = 1.0) -> int:
    """Run the named benchmarks (all if none is named); 1 if a goal was missed or a benchmark broke, else 0.

    Raises AuroraError for a name that does not exist.
    """
    known = load_benchmarks()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise AuroraError(f"there is no benchmark {', '.join(unknown)}: there are {', '.join(known)}")
    figures: list[Figure] = []
    broken = False
    for name in names or known:
        try:
            # One by one: what was measured before a skip or a fault is kept.
            figures.extend(_run(name, known[name], scale, out))
        except SkippedError as reason:
            out.print(f"○ {name}: skipped: {reason}", highlight=False)
        except Exception as error:
            broken = True
            out.print(Text.assemble(("✕ ", "red"), f"{name}: {type(error).__name__}: {error}"))
    out.print(_grid(figures))
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        told = [figure.as_json() for figure in figures]
        json_file.write_text(json.dumps(told, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return 1 if broken or any(figure.ok is False for figure in figures) else 0


def _run(name: str, work: Work, scale: float, out: Console) -> Iterator[Figure]:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"aurora-bench-{name}-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder), scale, lambda sentence: out.print(f"  {name}: {sentence}", highlight=False))
        yield from work(bench)
    out.print(f"● {name}: {time.perf_counter() - started:.0f} s", highlight=False)


def _grid(figures: list[Figure]) -> Grid:
    grid = Grid(
        "figure", "value", "unit", "baseline", "ratio", "goal", "ok", title="Aurora against its floors and peers"
    )
    for column in grid.columns[1:5]:
        column.justify = "right"
    grid.columns[2].justify = "left"
    for figure in figures:
        mark = {True: Text("●", style="green"), False: Text("✕", style="red"), None: Text("")}[figure.ok]
        told = [_short(number) for number in (figure.value, figure.baseline, figure.ratio)]
        grid.add_row(figure.name, told[0], figure.unit, told[1], told[2], str(figure.goal or ""), mark)
    return grid


def _short(number: float | None) -> str:
    """Three digits, no exponent: enough for a figure that another run would tell a little differently."""
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
