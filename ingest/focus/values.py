"""Cells of an export as money, instants and text; what cannot be read is null, and the caller tells it from absent."""

from decimal import Decimal

import polars as pl

from aurora.contracts.columns import MONEY

INSTANT = pl.Datetime("us", "UTC")
NOTHING = ("", "NULL", "null")
DECIMALS = MONEY.scale
# Digits beyond the 18th decimal, other than zeros: polars would round them away.
_TOO_FINE = rf"\.\d{{{DECIMALS}}}\d*[1-9]"
_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
)
_USUAL = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S")
_ZONED = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z")
_EPOCHS = ((r"^\d{9,10}$", 1_000_000), (r"^\d{13}$", 1_000), (r"^\d{16}$", 1))


def text(column: pl.Series) -> pl.Series:
    """The column as text; what exports write for nothing is null."""
    told = column if column.dtype == pl.String else column.cast(pl.String, strict=False)
    # Lengths are at hand, texts must be looked up: few columns have any text as long as one of NOTHING.
    lengths = told.str.len_bytes()
    if not ((lengths == 0) | (lengths == len("null"))).any():
        return told
    nothing = told.is_in(NOTHING)
    return told.set(nothing, None) if nothing.any() else told


def money(column: pl.Series, *, is_exact: bool = True) -> pl.Series:
    """The column as Decimal(38,18); null for what is no number, too large or, if exact, has more than 18 decimals.

    A float has no more than 17 digits that mean anything, so its shortest decimal form is taken, to 18 decimals.
    """
    kind = column.dtype
    if kind.is_float():
        return column.cast(pl.String).cast(MONEY, strict=False)
    if kind.is_integer():
        return column.cast(MONEY, strict=False)
    if isinstance(kind, pl.Decimal):
        fitted = column.cast(MONEY, strict=False)
        lost = fitted.cast(kind, strict=False) != column if is_exact and kind.scale > DECIMALS else None
        return fitted if lost is None else fitted.set(lost.fill_null(True), None)
    if kind == pl.Null or kind.is_nested() or kind in (pl.Boolean, pl.Binary) or kind.is_temporal():
        return pl.Series(column.name, [None] * len(column), dtype=MONEY)
    return _money_of_text(column.cast(pl.String, strict=False), is_exact)


def _money_of_text(told: pl.Series, is_exact: bool) -> pl.Series:
    read = told.cast(MONEY, strict=False)
    if read.null_count() > told.null_count():
        told = text(told).str.strip_chars()
        read = told.cast(MONEY, strict=False)
    if not is_exact:
        return read
    if _int(told.str.len_bytes().max()) > DECIMALS + 1:
        read = read.set(told.str.contains(_TOO_FINE).fill_null(False), None)
    powers = told.str.contains("[eE]").fill_null(False)
    if powers.any():
        fine = told.filter(powers).unique().to_list()
        read = read.set(powers & told.is_in([one for one in fine if not _fits(one)]).fill_null(False), None)
    return read


def _fits(told: str) -> bool:
    """Whether a number written with a power of ten has no more than 18 decimals."""
    try:
        exponent = Decimal(told).normalize().as_tuple().exponent
    except ArithmeticError:
        return False
    return isinstance(exponent, int) and exponent >= -DECIMALS


def _int(found: object) -> int:
    return found if isinstance(found, int) else 0


def instants(column: pl.Series) -> pl.Series:
    """The column as UTC instants; without a zone it is UTC, as FOCUS says. Null for what is no instant."""
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        told = column.cast(pl.Datetime("us", kind.time_zone))
        return told.dt.convert_time_zone("UTC") if kind.time_zone else told.dt.replace_time_zone("UTC")
    if kind == pl.Date:
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if kind == pl.Null or kind.is_nested() or kind in (pl.Boolean, pl.Binary, pl.Time, pl.Duration):
        return pl.Series(column.name, [None] * len(column), dtype=INSTANT)
    told = column if kind == pl.String else column.cast(pl.String, strict=False)
    # An export tells few instants many times: each is read once.
    known = told.drop_nulls().unique()
    read = _of_usual_text(known)
    read = _instants_of_text(text(known)) if read is None else read
    return told.replace_strict(known, read, default=None, return_dtype=INSTANT)


def _of_usual_text(told: pl.Series) -> pl.Series | None:
    """The column read in one of the ways most exports are written in, None if not all of it is."""
    first = told.drop_nulls().head(1)
    for form in _USUAL:
        if first.str.to_datetime(form, strict=False).null_count() == 0:
            read = told.str.to_datetime(form, strict=False, time_unit="us")
            return read.dt.replace_time_zone("UTC") if read.null_count() == told.null_count() else None
    return None


def _instants_of_text(told: pl.Series) -> pl.Series:
    bare = told.str.strip_chars().str.replace(r"(\d)T(\d)", "$1 $2")
    plain = bare.str.replace(r" ?(Z|UTC|[+-]00:?00)$", "")
    plain = plain.str.replace(r"^(\d{4}-\d\d-\d\d)$", "$1 00:00:00")
    read = [plain.str.to_datetime(form, strict=False, time_unit="us").dt.replace_time_zone("UTC") for form in _FORMATS]
    read += [bare.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC") for form in _ZONED]
    for digits, unit in _EPOCHS:
        number = plain.set(~plain.str.contains(digits), None).cast(pl.Int64, strict=False)
        read.append((number * unit).cast(INSTANT))
    frame = pl.DataFrame({str(number): one for number, one in enumerate(read)})
    return frame.select(pl.coalesce(pl.all())).to_series()
