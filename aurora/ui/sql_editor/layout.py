"""The layout of SQL: blanks and line breaks alone, and only where the engine reads the same question afterwards."""

import json
import re
from typing import Any

from aurora.errors import QueryError
from aurora.explore.parameters import bound, names
from aurora.ui.data import rows

WIDE = 100
PARSED = "select json_serialize_sql($before) as before, json_serialize_sql($after) as after"


def laid_out(sql: str) -> str:
    """The SQL laid out anew. Raises QueryError, with the text to be kept as it is, where that cannot be done safely."""
    # Loaded when it is used: it brings a template engine along.
    from sqlfmt.api import format_string
    from sqlfmt.exception import SqlfmtError
    from sqlfmt.mode import Mode

    asked, _ = bound(sql, dict.fromkeys(names(sql)))
    try:
        # Of sqlfmt's dialects the one that leaves the letters of names alone: they head the columns.
        fresh = format_string(asked, Mode(dialect_name="clickhouse", line_length=WIDE)).strip()
    except SqlfmtError as error:
        raise QueryError("This cannot be laid out, it stays as it is.") from error
    told = rows(PARSED, before=asked, after=fresh).row(0)
    before, after = (_meaning(json.loads(one)) for one in told)
    if before != after or before.get("error"):
        raise QueryError("This cannot be laid out as it stands: look for a comma or a bracket that is missing.")
    return _named(fresh, names(sql))


def _named(sql: str, parameters: tuple[str, ...]) -> str:
    """The SQL with `:name` for `$name` again."""
    return re.sub(rf"\$({'|'.join(parameters)})\b", r":\1", sql) if parameters else sql


def _meaning(told: Any) -> Any:
    """The parsed question without the places at which its parts stand."""
    if isinstance(told, dict):
        return {name: _meaning(value) for name, value in told.items() if not name.startswith("query_location")}
    return [_meaning(one) for one in told] if isinstance(told, list) else told
