"""Which texts are regular expressions for the engine that will use them: one that is none would break a mart."""

from collections.abc import Iterable

import duckdb


def wrong_patterns(patterns: Iterable[str]) -> set[str]:
    """Those that DuckDB cannot compile (RE2 syntax, https://github.com/google/re2/wiki/Syntax)."""
    met = sorted(set(patterns))
    if not met:
        return set()
    sql = "select p from (select unnest($met) as p) where try(regexp_matches('', p)) is null"
    with duckdb.connect() as engine:
        return {pattern for (pattern,) in engine.execute(sql, {"met": met}).fetchall()}
