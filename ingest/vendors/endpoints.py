"""What all sources of API endpoints share: methods, routes and status codes as api_endpoint_stats has them."""

import re
from collections.abc import Mapping
from datetime import datetime

from aurora.contracts import Row

CallsByCode = Mapping[str | None, int]
NO_ROUTE = "(no route)"  # never the raw path: each id in it would be an endpoint of its own
LONGEST_ROUTE = 300
_CODE = re.compile("[1-5]([0-9][0-9]|xx)")
_METHODS = {"get", "head", "post", "put", "patch", "delete", "options"}


def method_of(raw: str | None) -> str:
    """The method as a word of the contract; none and those it does not have are "other"."""
    method = (raw or "").strip().lower()
    return method if method in _METHODS else "other"


def route_of(raw: str | None) -> str:
    """The route template; where the source tells none, a name that says so."""
    return (raw or "").strip()[:LONGEST_ROUTE] or NO_ROUTE


def code_of(raw: object) -> str | None:
    """A status code of 100 to 599 as text, or their class such as "5xx"; None for anything else, such as 0."""
    code = str(raw).strip().lower()
    return code if _CODE.fullmatch(code) else None


def is_error(code: str | None) -> bool:
    """Whether a status code is listed among the errors: 4xx, the caller's fault, and 5xx, ours."""
    return code is not None and code[0] in "45"


def error_count(calls_by_code: CallsByCode) -> int | None:
    """How many calls failed by our fault, 5xx; None where no call tells a code."""
    if not any(calls_by_code):
        return None
    return sum(count for code, count in calls_by_code.items() if code and code[0] == "5")


def error_rows(key: Row, calls_by_code: CallsByCode, last_at: Mapping[str | None, datetime] | None = None) -> list[Row]:
    """Rows of api_endpoint_errors of an endpoint's interval `key`; a code last occurred at its end if nothing tells."""
    codes = sorted(code for code, count in calls_by_code.items() if code and count and is_error(code))
    told = last_at or dict.fromkeys(codes, key["ts_end"])
    return [
        {**key, "error_code": code, "error_count": calls_by_code[code], "last_occurred_at": told[code]}
        for code in codes
    ]
