"""What a report is, how all are found, and how one is built of what the warehouse says of a month."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import Lock
from typing import Any

import polars as pl

from aurora.contracts import Row
from aurora.errors import UsageError
from aurora.reports import kinds
from aurora.reports.document import Document, Logo, Section
from aurora.reports.month import Month
from aurora.reports.parts import questions
from aurora.settings import Settings
from warehouse.query import Warehouse

AT_ONCE, LIMIT_S = 4, 120.0
NEWEST = "select max(finished_at) as at from sync_runs where status in ('success', 'partial')"
CURRENCY = """
    select currency from cost_scope_days where day < $until
    group by currency order by count(*) filter (where day >= $since) desc, count(*) desc, currency limit 1"""


@dataclass(frozen=True)
class Asked:
    """What a report may ask: rows of the warehouse with its clock stopped, for a month, in a currency."""

    warehouse: Warehouse
    month: Month
    currency: str | None
    at: datetime
    _answers: dict[str, Future[pl.DataFrame]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def rows(self, sql: str, **params: Any) -> pl.DataFrame:
        """The answer to a query, asked once; `$since`, `$until`, `$currency` and `$at` are there for all."""
        known = self.month.window | {"currency": self.currency, "at": self.at} | params
        used = {name: one for name, one in known.items() if f"${name}" in sql}
        with self._lock:
            known_already = self._answers.get(f"{sql}{used}")
            answer = self._answers.setdefault(f"{sql}{used}", Future())
        if known_already is None:
            try:
                answer.set_result(self.warehouse.rows(sql, used))
            except Exception as error:
                answer.set_exception(error)
        return answer.result()

    def together(self, *parts: "Part") -> tuple[Section, ...]:
        """The sections that the parts make, made at once: planning a query takes one core."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="report") as pool:
            return tuple(pool.map(lambda part: part(self), parts))

    def row(self, sql: str, **params: Any) -> Row | None:
        """Its first row, None without one."""
        frame = self.rows(sql, **params)
        return frame.row(0, named=True) if frame.height else None

    def both(self, sql: str) -> tuple[Row, Row]:
        """The first row of the month and of the month before, {} without one."""
        return self.row(sql) or {}, self.row(sql, **self.month.before.window) or {}


Part = Callable[[Asked], Section]


@dataclass(frozen=True)
class Report:
    """A report: its title, what it is for in a sentence, and the sections it is made of."""

    title: str
    about: str
    sections: Callable[[Asked], tuple[Section, ...]]


@lru_cache(maxsize=1)
def load_reports() -> dict[str, Report]:
    """Name -> report, of all modules in aurora/reports/kinds, the executive first."""
    names = sorted((one.name for one in iter_modules(kinds.__path__)), key=lambda name: (name != "executive", name))
    return {name: import_module(f"{kinds.__name__}.{name}").report for name in names}


def report_named(name: str) -> Report:
    """The report. Raises UsageError naming those that there are."""
    known = load_reports()
    if name not in known:
        raise UsageError(f"there is no report {name!r}: there are {', '.join(known)}")
    return known[name]


def build(name: str, settings: Settings, month: Month, published: Path | None = None) -> Document:
    """The document of a month, as of the newest data; the same state of the lake gives the same document.

    `published`: another folder of generations. Raises UsageError for an unknown report, NotPublishedError before the
    first rows.
    """
    report, folder = report_named(name), published or settings.published
    at = as_of(Warehouse(folder))
    warehouse = Warehouse(folder, LIMIT_S, at)
    ids = {str(one): told for one, told in settings.report.questions.items()}.get(name, ())
    asked = Asked(warehouse, month, _currency(warehouse, settings, month), at)
    sections = (*report.sections(asked), *questions.section(folder, ids, month))
    return Document(
        report.title, report.about, month.title, settings.report.company, sections, at,
        f"state {warehouse.generation().fingerprint} of the lake", settings.report.accent, logo_of(settings),
    )  # fmt: skip


def as_of(warehouse: Warehouse) -> datetime:
    """The instant until which there are data, UTC without a zone: the end of the newest good run, in whole seconds.

    Without a run it is when the generation was published.
    """
    found: datetime | None = warehouse.rows(NEWEST)["at"][0]
    told = found or datetime.fromisoformat(warehouse.generation().published_at)
    return told.replace(tzinfo=None, microsecond=0)


def _currency(warehouse: Warehouse, settings: Settings, month: Month) -> str | None:
    if settings.currency:
        return settings.currency
    found = warehouse.rows(CURRENCY, month.window)["currency"].to_list()
    return str(found[0]) if found else None


def logo_of(settings: Settings) -> Logo | None:
    """The logo that aurora.toml names, None for none. Raises SettingsError where it cannot be read."""
    if settings.report.logo is None:
        return None
    content, format = settings.report.logo_beside(settings.config.parent)
    return Logo(content, format)


def folder_of(settings: Settings) -> Path:
    """The folder that reports are kept in."""
    return settings.report.folder_beside(settings.config.parent) or settings.data / "reports"
