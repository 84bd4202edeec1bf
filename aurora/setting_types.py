"""Kinds of values in aurora.toml: durations, names, currencies; a wrong one is told with an example."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: object) -> timedelta:
    """'30s', '5m', '1h', '7d' as a timedelta. Raises ValueError with an example."""
    found = re.fullmatch(r"(\d{1,6})\s*([smhd])", str(text))
    if isinstance(text, timedelta):
        return text
    if not found or int(found[1]) == 0:
        raise ValueError(f'{text!r} is no duration: write a number and a unit, such as "30s", "5m", "1h" or "7d"')
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def _slug(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ValueError(f'{name!r}: use lower-case letters, digits, "-" and "_", such as "prod-prometheus"')
    return name


def _currency(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(f'{code!r}: write the three capital letters of a currency, such as "EUR"')
    return code


Duration = Annotated[timedelta, BeforeValidator(duration)]
Slug = Annotated[str, AfterValidator(_slug)]
Currency = Annotated[str, AfterValidator(_currency)]
