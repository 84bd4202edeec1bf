"""Which work items a title or a branch names: keys such as SHOP-12, and numbers such as #12 of the same repository."""

import re
from collections.abc import Iterable

MAX_TEXT = 2_000
# What looks like the key of a tracker and names a standard, a cipher or a model.
_STANDARDS = """AES CP CVE CWE COVID EC ECMA ED ES GB GH GHSA GPT HTTP IEEE IPV ISO MD PEP PKCS RFC RSA SHA SSL TLS
UTC UTF"""
NO_TRACKERS = frozenset(_STANDARDS.split())
_TRACKED = re.compile(r"(?<![A-Za-z0-9-])([A-Z][A-Z0-9]{1,9})-([1-9]\d{0,6})(?!\w)", re.A)
_ELSEWHERE = re.compile(r"(?<![\w/.-])([\w.-]+/[\w.-]+)#([1-9]\d{0,6})(?!\w)", re.A)
_HERE = re.compile(r"(?<![\w/&#.-])(?:#|GH-)([1-9]\d{0,6})(?!\w)", re.A)
_BRANCH = re.compile(r"(?:^|[/_-])(?:(?:gh|issues?)[-/_#]?|#)([1-9]\d{0,6})(?=$|[-_/])", re.I | re.A)


def tracked_keys(*texts: str | None) -> list[str]:
    """Keys such as SHOP-12 that the texts name, in their order, each once; names of standards (UTF-8) are none."""
    found = [one for text in texts for one in _TRACKED.findall((text or "")[:MAX_TEXT].replace("_", " "))]
    return list(dict.fromkeys(f"{space}-{number}" for space, number in found if space not in NO_TRACKERS))


def work_keys(title: str | None, branch: str | None, here: str, more: Iterable[str] = ()) -> list[str]:
    """Keys in the order in which they are named, each once; #12 becomes `<here>#12`, the key of that issue."""
    said, ref = (title or "")[:MAX_TEXT], (branch or "")[:MAX_TEXT]
    keys = tracked_keys(said, ref)
    keys += [f"{place}#{number}" for place, number in _ELSEWHERE.findall(said)]
    keys += [f"{here}#{number}" for number in _HERE.findall(said)]
    keys += [f"{here}#{number}" for number in _BRANCH.findall(ref)]
    return list(dict.fromkeys([*keys, *more]))
