"""Parameters of a question: `:name` in the SQL, bound as values and never written into it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aurora.errors import QueryError

# What is no code comes first, so that a colon in it is never looked at; `::` and `a:b` are the engine's own.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<text>[eE]'(?:\\.|''|[^'\\])*'?|'(?:''|[^'])*'?|"(?:""|[^"])*"?|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))
      | \$(?P<taken>[A-Za-z_]\w*)
      | (?P<cast>::)
      | (?P<named>:(?P<name>[A-Za-z_]\w*))
      | (?P<word>\w+|[^\w\s])""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_]\w*")


def names(sql: str) -> tuple[str, ...]:
    """The parameters of the SQL in the order in which they come first, each once."""
    return tuple(dict.fromkeys(found["name"] for found in _parameters(sql)))


def bound(sql: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The SQL with `$name` for `:name`, and the values that it takes. Raises QueryError for one that is missing."""
    missing = [name for name in names(sql) if name not in values]
    if missing:
        raise QueryError(f"a value is missing for {', '.join(':' + name for name in missing)}: fill it in")
    told, end = [], 0
    for found in _parameters(sql):
        told += [sql[end : found.start()], f"${found['name']}"]
        end = found.end()
    fresh = "".join([*told, sql[end:]])
    taken = {found["taken"] for found in _TOKEN.finditer(fresh)}
    return fresh, {name: value for name, value in values.items() if name in taken}


def without_comments(sql: str) -> str:
    """The SQL with a space for each comment."""
    return _TOKEN.sub(lambda found: " " if found["comment"] else found[0], sql)


def trimmed(sql: str) -> str:
    """The SQL without the comments, semicolons and space at its end, so that it can stand in brackets."""
    ends = [found.end() for found in _TOKEN.finditer(sql) if not found["comment"] and found[0] != ";"]
    return sql[: ends[-1]] if ends else ""


def _parameters(sql: str) -> Iterator[re.Match[str]]:
    """Where a value is expected: not after a value, where a colon is a slice or the end of a key."""
    before: re.Match[str] | None = None
    for found in _TOKEN.finditer(sql):
        if found["comment"]:
            continue
        if found["named"] and not _ends_value(before, found.start()):
            yield found
        before = found


def _ends_value(before: re.Match[str] | None, at: int) -> bool:
    if before is None:
        return False
    if before["text"] or before[0] in (")", "]", "}") or before[0][0].isdigit():
        return True
    return before.end() == at and bool(before["word"]) and _NAME.fullmatch(before[0]) is not None
