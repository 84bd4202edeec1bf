"""Values of an entry read strictly: text, ids, days, amounts and currencies; what is wrong is said in a sentence."""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ingest.spend.entries import WrongError

LIMIT = 500
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
_AMOUNT = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")
_SLUG = re.compile(r"(?!untagged$)[a-z0-9-]{1,100}")
Values = Mapping[str, Any]


def text(values: Values, name: str) -> str | None:
    """Text that is not blank; None where it is absent. Raises WrongError."""
    value = values.get(name)
    if value is None:
        return None
    told = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not told or len(told) > LIMIT or any(ord(sign) < 32 or 0xD7FF < ord(sign) < 0xE000 for sign in told):
        raise WrongError(f"{name}: write text of at most {LIMIT} letters on one line")
    return told


def needed(values: Values, name: str) -> str:
    """Text that must be there. Raises WrongError."""
    told = text(values, name)
    if told is None:
        raise WrongError(f"{name} is missing: add it")
    return told


def slug(values: Values, name: str) -> str | None:
    """An id that people chose. Raises WrongError."""
    told = text(values, name)
    if told is not None and not _SLUG.fullmatch(told):
        raise WrongError(f"{name} = {told[:80]!r}: write the id of an application, such as owner-portal")
    return told


def word(values: Values, name: str, words: tuple[str, ...]) -> str | None:
    """One of the words. Raises WrongError."""
    told = text(values, name)
    if told is not None and told.lower() not in words:
        raise WrongError(f"{name} = {told[:80]!r}: write {' or '.join(words)}")
    return told and told.lower()


def day(values: Values, name: str) -> date | None:
    """A day, from a TOML date or ISO text. Raises WrongError."""
    value = values.get(name)
    if value is None:
        return None
    try:
        found = value if isinstance(value, date) and not isinstance(value, datetime) else date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise WrongError(f"{name} = {str(value)[:80]!r}: write a day, such as 2026-03-01") from error
    if not EARLIEST <= found <= LATEST:
        raise WrongError(f"{name} = {found}: write a day from {EARLIEST.year} to {LATEST.year}")
    return found


def amount(values: Values, name: str) -> Decimal:
    """An exact amount, from text or a whole number; a float is refused, since it is not what was written."""
    value = values.get(name)
    if isinstance(value, float):
        raise WrongError(f'{name} = {value!r}: write it in quotes, such as "1234.50", so that it stays exact')
    told = needed(values, name)
    if not _AMOUNT.fullmatch(told):
        raise WrongError(f'{name} = {told[:80]!r}: write a number with a point and no other signs, such as "1234.50"')
    return Decimal(told)


def currency(values: Values, name: str = "currency") -> str:
    """The code of a currency (ISO 4217), in capital letters. Raises WrongError."""
    told = needed(values, name).upper()
    if not re.fullmatch(r"[A-Z]{3}", told):
        raise WrongError(f"{name} = {told[:80]!r}: write the three letters of a currency, such as EUR")
    return told


def hours(values: Values, name: str, most: float) -> float | None:
    """Hours above 0 and up to `most`, from text or a number. Raises WrongError."""
    value = values.get(name)
    if value is None:
        return None
    try:
        told = math.nan if isinstance(value, bool) or "_" in str(value) else float(value)
    except (TypeError, ValueError):
        told = math.nan
    if not 0 < told <= most:
        raise WrongError(f"{name} = {str(value)[:80]!r}: write hours above 0 and up to {most:g}, such as 7.5")
    return told


def tags(values: Values) -> dict[str, str]:
    """Tags, from a TOML table or `key=value; key=value`. Raises WrongError."""
    value = values.get("tags")
    if value is None:
        return {}
    advice = 'tags: write { team = "shop" }, in CSV team=shop; stage=production'
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(";") if part.strip()]
        value = {name.strip(): told.strip() for name, sign, told in pairs if sign and name.strip()}
        if len(value) != len(pairs):
            raise WrongError(advice)
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise WrongError(advice)
    return {str(name)[:LIMIT]: told[:LIMIT] for name, told in value.items()}
