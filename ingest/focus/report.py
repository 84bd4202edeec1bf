"""What is to be said of a FOCUS export before anyone believes it: versions, gaps, odd words, odd amounts, sums.

Rules: the column tables of the FOCUS specification 1.2 (allowed values, nulls, feature levels).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

import polars as pl

from ingest.check import Reject
from ingest.focus import columns as focus

EXACT = Context(prec=76)
SHOWN = 20
WORDS_KEPT = 1000
# Columns that the specification wants in every export, though a line without them is a charge all the same.
WANTED = ("BillingAccountName", "ChargeClass", "ChargeDescription", "PricingQuantity", "PricingUnit")
# Columns that may be left out, but have a value in every line where they are not.
NEVER_NULL = ("ChargeFrequency", "BillingAccountType", "ServiceSubcategory")
Sums = dict[tuple[Any, ...], list[Any]]


@dataclass
class Report:
    """Counts and exact sums over the slices of an export."""

    versions: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    good: int = 0
    bad: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    nulls: Counter[str] = field(default_factory=Counter)
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)
    periods: Sums = field(default_factory=lambda: defaultdict(lambda: [0, Decimal(0), Decimal(0)]))
    invoices: Sums = field(default_factory=lambda: defaultdict(lambda: [0, Decimal(0), Decimal(0)]))

    def add(self, names: list[str], good: pl.DataFrame, rejects: list[Reject]) -> None:
        """Take a slice: the names of its columns, its rows that stand, and those that do not."""
        self.columns |= {*names}
        self.good += good.height
        self.bad += len(rejects)
        for reject in rejects:
            self.rules[reject.rule] += 1
            self.examples.setdefault(reject.rule, reject.message)
        if good.height:
            self.versions |= {*good["x_FocusVersion"].unique()}
            self._count(names, good)
            _sum_up(self.periods, good, ["BillingPeriodStart", "BillingCurrency"])
            if good["InvoiceId"].null_count() < good.height:
                told = good.filter(pl.col("InvoiceId").is_not_null())
                _sum_up(self.invoices, told, ["InvoiceId", "BillingCurrency"])

    def _count(self, names: list[str], good: pl.DataFrame) -> None:
        odd = good.select(*(told.sum().alias(said) for said, told in ODD.items())).row(0, named=True)
        self.odd.update({said: count for said, count in odd.items() if count})
        gaps = {name: pl.col(name).is_null().sum() for name in NEVER_NULL if name in names}
        gaps |= {name: pl.col(name).is_null().sum() for name in focus.COMPARED}
        self.nulls.update({name: n for name, n in good.select(**gaps).row(0, named=True).items() if n})
        for name, known in focus.WORDS.items():
            for word, count in good[name].value_counts().iter_rows():
                if word is not None and word not in known and len(self.words) < WORDS_KEPT:
                    self.words[name, word] += count

    def lines(self) -> list[str]:
        """The report for a person, most needed first."""
        rows = f"{self.good + self.bad:,} rows, {self.good:,} good, {self.bad:,} bad"
        told = [f"FOCUS {', '.join(sorted(self.versions)) or 'of no version'}: {rows}"]
        if self.kinds:
            told.append(f"converted from {', '.join(sorted(self.kinds))}")
        told += self._sums(self.periods, "period")
        told += self._sums(self.invoices, "invoice")
        told += [f"✕ {n:,} rows, {rule}: such as {self.examples[rule]}" for rule, n in self.rules.most_common(SHOWN)]
        lacks = [name for name in WANTED if name not in self.columns]
        if lacks:
            told.append(f"! columns that the specification wants: {', '.join(lacks)}")
        told += [f"! {name} has no value in {n:,} rows, and none may lack it" for name, n in self.nulls.most_common()]
        told += [f"! {said}: {n:,} rows" for said, n in self.odd.most_common()]
        words = self.words.most_common(SHOWN)
        told += [f"! {name} = {word!r} is no word of the specification: {n:,} rows" for (name, word), n in words]
        return told

    def _sums(self, sums: Sums, word: str) -> list[str]:
        most = sorted(sums.items(), key=lambda one: str(one[0]))
        if word == "invoice":
            most = sorted(most, key=lambda one: -abs(one[1][1]))[:SHOWN]
        told = []
        for (what, currency), (count, billed, effective) in most:
            named = f"{what:%Y-%m-%d}" if word == "period" else what
            told.append(
                f"{word} {named}: {count:,} rows, billed {plain(billed)} {currency}, effective {plain(effective)}"
            )
        if len(sums) > len(most):
            told.append(f"and {len(sums) - len(most):,} {word}s more")
        return told


ODD = {f"{name} is negative": (pl.col(name) < 0).fill_null(False) for name in focus.NOT_NEGATIVE} | {
    "usage that costs less than nothing and is no correction": (
        (pl.col("ChargeCategory") == "Usage") & pl.col("ChargeClass").is_null() & (pl.col("BilledCost") < 0)
    ),
    "a charge outside of its billing period": (
        (pl.col("ChargePeriodStart") < pl.col("BillingPeriodStart"))
        | (pl.col("ChargePeriodEnd") > pl.col("BillingPeriodEnd"))
    ),
    "usage or a purchase without a quantity": (
        pl.col("ChargeCategory").is_in(["Usage", "Purchase"])
        & pl.col("ChargeClass").is_null()
        & pl.col("PricingQuantity").is_null()
    ),
    "tags that are no map, kept as they are": (
        pl.col("Tags").is_null() & pl.col("x_Other").str.contains('"Tags":', literal=True).fill_null(False)
    ),
}


def plain(amount: Decimal) -> str:
    """Money without zeros at its end and without powers of ten."""
    told = f"{amount:f}"
    return told.rstrip("0").rstrip(".") if "." in told else told


def _sum_up(sums: Sums, good: pl.DataFrame, keys: list[str]) -> None:
    amounts = ("BilledCost", "EffectiveCost")
    # A sum of Decimal(38,18) must stay below 10^20: what could come near it is added one by one.
    largest = max((abs(bound) for name in amounts for bound in (good[name].min(), good[name].max())), default=0)  # type: ignore[arg-type, type-var]
    is_safe = int(largest) * good.height < 10**19  # type: ignore[call-overload]
    told = [pl.col(name).sum() if is_safe else pl.col(name).implode() for name in amounts]
    for *key, count, billed, effective in good.group_by(keys).agg(pl.len(), *told).iter_rows():
        have = sums[tuple(key)]
        have[0] += count
        have[1] = EXACT.add(have[1], billed if is_safe else _sum(billed))
        have[2] = EXACT.add(have[2], effective if is_safe else _sum(effective))


def _sum(amounts: list[Any]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
