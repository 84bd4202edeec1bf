"""Sums and products of numbers that stand as text, exact: read as Decimal, written as text.

Text and not Decimal columns: a number that cannot be read must reach the check whole, to be told with its row, and
Decimal columns of Polars stop with an error where a product needs more than 38 digits.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, localcontext
from functools import reduce
from operator import add, mul

import polars as pl

PLACES = 18
_STEP = Decimal(1).scaleb(-PLACES)
Work = Callable[[list[Decimal]], Decimal]
_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)


def sum_of(*texts: pl.Expr) -> pl.Expr:
    """The sum, absent ones left out, null when all are absent; what is no sum of 18 decimals stays a sum in writing."""
    return _computed(_added, " + ", texts, needs_all=False)


def difference(text: pl.Expr, less: pl.Expr) -> pl.Expr:
    """The first less the second, an absent second is 0; null when the first is absent."""
    told = _computed(lambda told: _added([told[0], *(-one for one in told[1:])]), " - ", (text, less), needs_all=False)
    return pl.when(text.is_not_null()).then(told)


def product_of(*texts: pl.Expr) -> pl.Expr:
    """The product, rounded half even to 18 decimals; null when one is absent."""
    return _computed(_multiplied, " * ", texts, needs_all=True)


def _multiplied(told: list[Decimal]) -> Decimal:
    return reduce(mul, told).quantize(_STEP)


def _added(told: list[Decimal]) -> Decimal:
    found = reduce(add, told)
    if found != (fitted := found.quantize(_STEP)):
        raise Inexact
    return fitted


def _computed(work: Work, sign: str, texts: tuple[pl.Expr, ...], needs_all: bool) -> pl.Expr:
    """`work` on the rows that have what it needs, which are few in most exports; null elsewhere."""

    def done(rows: pl.Series) -> pl.Series:
        cells = rows.struct.unnest()
        told = pl.all_horizontal if needs_all else pl.any_horizontal
        places = cells.select(told(pl.all().is_not_null())).to_series().arg_true()
        found = pl.Series(rows.name, [None], dtype=pl.String).new_from_index(0, rows.len())
        with localcontext(_WIDE):
            return found.scatter(places, [_one(work, sign, row) for row in cells[places].iter_rows()])

    named = [text.alias(f"n{place}") for place, text in enumerate(texts)]
    return pl.struct(named).map_batches(done, return_dtype=pl.String)


def _one(work: Work, sign: str, row: tuple[str | None, ...]) -> str:
    told = [one for one in row if one is not None]
    try:
        found = work([Decimal(one) for one in told])
        return f"{found:f}" if found.is_finite() else sign.join(told)
    except ArithmeticError:
        return sign.join(told)
