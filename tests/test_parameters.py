"""Parameters of questions: what is one, what only looks like one, and that values are never written into the SQL."""

import pytest

from aurora.errors import QueryError
from aurora.explore.parameters import bound, names, trimmed, without_comments


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from t where a > :since and app = :app", ("since", "app")),
        ("select :a, :b, :a", ("a", "b")),
        ("select (:a)", ("a",)),
        ("select 1 where x in (:a,:b)", ("a", "b")),
        ("select x = :a", ("a",)),
        ("select x=:a", ("a",)),
        ("select [:a, :b]", ("a", "b")),
        ("select {'k': :a}", ("a",)),
        ("select :a::date", ("a",)),
        ("select x::date, y::varchar", ()),
        ("select ':no' || \":no\"", ()),
        ("select 'it''s :no' -- :no\n, :yes", ("yes",)),
        ("select e'it\\'s :no', :yes", ("yes",)),
        ("/* :no */ select :yes", ("yes",)),
        ("select $$ :no $$, $tag$ :no $tag$, :yes", ("yes",)),
        ("select a[1:n], a[:-1], a[b:c]", ()),
        ("select {'k':v, 'l' :w}", ()),
        ("from b:t select x:y", ()),
        ("select ':", ()),
        ("select :1", ()),
        ("", ()),
    ],
)
def test_a_parameter_is_a_name_where_a_value_is_expected(sql: str, expected: tuple[str, ...]) -> None:
    assert names(sql) == expected


def test_values_are_bound_by_name() -> None:
    sql, params = bound("select :a, ':a', $c where b = :b", {"a": 1, "b": "'; drop", "c": 3, "other": 4})
    assert sql == "select $a, ':a', $c where b = $b"
    assert params == {"a": 1, "b": "'; drop", "c": 3}


def test_a_missing_value_is_named() -> None:
    with pytest.raises(QueryError, match=":b, :c"):
        bound("select :a, :b, :c", {"a": 1})


def test_null_is_a_value() -> None:
    assert bound("select :a", {"a": None}) == ("select $a", {"a": None})


def test_comments_go_and_texts_stay() -> None:
    assert without_comments("select '--x' -- y\n/* z */, 1") == "select '--x'  \n , 1"


@pytest.mark.parametrize("end", ["", ";", " ; -- x", "\n/* x */;;", "-- x;"])
def test_the_end_of_a_statement_is_its_last_word(end: str) -> None:
    assert trimmed("select ';' " + end) == "select ';'"
