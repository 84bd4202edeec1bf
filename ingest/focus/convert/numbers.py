"""Sums and products of numbers that stand as text, exact: read as Decimal, written as text.

Text and not Decimal columns: a number that cannot be read must reach the check whole, to be told with its row, and
Decimal columns of Polars stop with an error where a product needs more than 38 digits.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact
from functools import reduce

import polars as pl

PLACES = 18
_STEP = Decimal(1).scaleb(-PLACES)
_WIDE = Context(prec=120, rounding=ROUND_HALF_EVEN)


def sum_of(*texts: pl.Expr) -> pl.Expr:
    """The sum, absent ones left out, null when all are absent; what is no sum of 18 decimals stays a sum in writing."""
    return _computed(_added, " + ", texts, needs_all=False)


def difference(text: pl.Expr, less: pl.Expr) -> pl.Expr:
    """The first less the second, an absent second is 0; null when the first is absent."""
    told = _computed(lambda told: _added([told[0], *map(_WIDE.minus, told[1:])]), " - ", (text, less), needs_all=False)
    return pl.when(text.is_not_null()).then(told)


def product_of(*texts: pl.Expr) -> pl.Expr:
    """The product, rounded half even to 18 decimals; null when one is absent."""
    return _computed(_multiplied, " * ", texts, needs_all=True)


def _multiplied(told: list[Decimal]) -> Decimal:
    return reduce(_WIDE.multiply, told).quantize(_STEP, context=_WIDE)


def _added(told: list[Decimal]) -> Decimal:
    found = reduce(_WIDE.add, told)
    if found != (fitted := found.quantize(_STEP, context=_WIDE)):
        raise Inexact
    return fitted


def _computed(
    work: Callable[[list[Decimal]], Decimal], sign: str, texts: tuple[pl.Expr, ...], needs_all: bool
) -> pl.Expr:
    def done(rows: pl.Series) -> pl.Series:
        cells = rows.struct.unnest().iter_rows()
        return pl.Series([_one(work, sign, row, needs_all) for row in cells], dtype=pl.String)

    named = [text.alias(f"n{place}") for place, text in enumerate(texts)]
    return pl.struct(named).map_batches(done, return_dtype=pl.String)


def _one(
    work: Callable[[list[Decimal]], Decimal], sign: str, row: tuple[str | None, ...], needs_all: bool
) -> str | None:
    told = [one for one in row if one is not None]
    if not told or (needs_all and len(told) < len(row)):
        return None
    try:
        found = work([Decimal(one) for one in told])
        return f"{found:f}" if found.is_finite() else sign.join(told)
    except ArithmeticError:
        return sign.join(told)
