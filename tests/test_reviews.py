"""Words of store reviews: themes, language and sentiment, told by SQL as people would tell them."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from warehouse.review_words import macros, pattern, plain, themes, told

Con = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def con() -> Iterator[Con]:
    with duckdb.connect() as opened:
        opened.execute(macros())
        yield opened


def asked(con: Con, sql: str, **values: Any) -> Any:
    found = con.execute(f"select {sql}", values).fetchone()
    assert found is not None
    return found[0]


def themes_of(con: Con, text: str, language: str | None = None, stars: int | None = 1) -> list[str]:
    sql = "review_themes($stars::bigint, review_words(null, $text), $language)"
    return sorted(asked(con, sql, text=text, language=language, stars=stars))


def mood_of(con: Con, text: str, language: str | None = None, stars: int | None = 3) -> str:
    sql = "review_sentiment($stars::bigint, review_words(null, $text), $language)"
    return str(asked(con, sql, text=text, language=language, stars=stars))


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("The app CRASHES at log-in since the update!!", "en", ["crash", "login", "update"]),
        ("Paid twice, no refund, support never answers", "en", ["payment", "support"]),
        ("Seit dem Update stürzt die App bei der Anmeldung ab", "de", ["crash", "login", "update"]),
        ("Programmabsturz, Kartenzahlung geht nicht", "de", ["crash", "payment"]),
        ("L’application plante, mot de passe refusé", "fr", ["crash", "login"]),
        ("Demasiados anuncios y muy lenta", "es", ["ads", "performance"]),
        ("التطبيق يتعطّل عند تسجيل الدخول بعد التحديث", "ar", ["crash", "login", "update"]),
        ("والإشعارات لا تصل، الأسعار غالية", "ar", ["notifications", "price"]),
        ("Die Übersetzung ins Arabische ist schlecht", "de", ["translation"]),
        ("Login is broken", "de", ["login"]),  # English counts in every language
        ("Absturz", "en", []),  # German does not count in a review that is known to be English
        ("Absturz", None, ["crash"]),  # but does where the language is not known
        ("Absturz", "ru", ["crash"]),  # or has no list
        ("", "en", []),
    ],
)
def test_themes(con: Con, text: str, language: str | None, found: list[str]) -> None:
    assert themes_of(con, text, language) == found


@pytest.mark.parametrize(
    "text", ["My address is wrong", "payload adored", "Badges, alerting", "the slowest-ad", "pub lic"]
)
def test_a_word_is_never_found_inside_another(con: Con, text: str) -> None:
    """'ad' is in 'address', 'pay' in 'payload', 'alert' in 'alerting'; a hyphen does end a word."""
    assert themes_of(con, text, "en") == (["ads"] if "-ad" in text else [])


def test_spelling_of_letters_does_not_matter(con: Con) -> None:
    """Composed or not, accents, vowel signs, stretched letters, two ways of one letter, emoji at a word."""
    for text in ("ecran noir", "écran noir", "e\u0301cran  NOIR", "Écran—noir!", "écran\u200bnoir😡"):
        assert themes_of(con, text, "fr") == ["crash"], text
    for text in ("إشعارات", "اشعارات", "إشـعـارات", "الإشعارات", "وبالإشعارات", "إِشْعَارات"):
        assert themes_of(con, text, "ar") == ["notifications"], text
    assert themes_of(con, "خدمه العملاء", "ar") == themes_of(con, "خدمة العملاء", "ar") == ["support"]


def test_praise_with_one_or_two_stars_is_none(con: Con) -> None:
    assert [themes_of(con, "Great, it failed", "en", stars) for stars in (1, 2, 3, 5, None)] == [
        [], [], ["praise"], ["praise"], ["praise"],
    ]  # fmt: skip


def test_every_word_of_the_lists_is_found_in_a_text_that_says_it(con: Con) -> None:
    """So the SQL folds letters as the lists are folded, in every script."""
    missed = []
    for name, theme in told()["themes"].items():
        for language in theme.keys() - {"label"}:
            texts = [f"x {word.replace('*', 'n')}, x" for word in theme[language]]
            sql = f"select t from unnest($texts) s(t) where not review_is_{name}(review_words(null, t), $language)"
            missed += [(name, *row) for row in con.execute(sql, {"texts": texts, "language": language}).fetchall()]
    assert missed == []


def test_every_theme_has_a_list_in_each_language() -> None:
    languages = {"en", "de", "fr", "es", "ar"}
    assert {name for name, theme in told()["themes"].items() if theme.keys() != languages | {"label"}} == set()
    assert {name for name, said in told()["sentiment"].items() if said.keys() != languages} == set()
    assert {"crash", "login", "payment", "performance", "notifications", "ads", "price", "praise"} <= themes().keys()


@pytest.mark.parametrize(
    ("text", "language", "mood"),
    [
        ("good", "en", "positive"),
        ("not good", "en", "negative"),  # 1 - 2
        ("It is not a very good app", "en", "negative"),  # two words between
        ("not bad", "en", "positive"),  # -1 + 2
        ("not what I hoped, yet good", "en", "positive"),  # four words between turn nothing
        ("good good bad", "en", "positive"),  # 2 - 1
        ("good but slow", "en", "neutral"),  # 1 - 1
        ("okay", "en", "neutral"),
        ("Nicht gut", "de", "negative"),
        ("kein schlechtes System", "de", "positive"),
        ("Pas mal, mais pas bien", "fr", "negative"),
        ("No es bueno", "es", "negative"),
        ("ليس جيدًا… غير مفيد", "ar", "negative"),
        ("ممتاز", None, "positive"),
    ],
)
def test_mood_by_words_where_stars_say_nothing(con: Con, text: str, language: str | None, mood: str) -> None:
    """Good words less bad ones; one up to two words after a negation counts as its opposite."""
    assert mood_of(con, text, language) == mood
    assert mood_of(con, text, language, None) == mood


def test_stars_say_the_mood_first(con: Con) -> None:
    assert [mood_of(con, "terrible crash", "en", stars) for stars in (5, 4, 2, 1)] == ["positive"] * 2 + [
        "negative"
    ] * 2
    assert mood_of(con, "great", "en", 1) == "negative"


@pytest.mark.parametrize(
    ("stored", "text", "language"),
    [
        ("en-US", "تطبيق", "en"), ("pt_BR", "x", "pt"), ("DE", "x", "de"), ("fil", "x", "fil"), ("", "שלום", "he"),
        (None, "تطبيق ممتاز", "ar"), (None, "Очень плохо", "ru"), (None, "最高のアプリ", "ja"), (None, "很好", "zh"),
        (None, "좋아요", "ko"), (None, "Great app 👍", None), (None, "Très bien", None), (None, None, None),
    ],
)  # fmt: skip
def test_language_is_told_by_the_store_else_by_the_script(
    con: Con, stored: str | None, text: str | None, language: str | None
) -> None:
    assert asked(con, "review_language($stored, null, $text)", stored=stored, text=text) == language


def test_hostile_text_is_only_text(con: Con) -> None:
    for text in ("'; drop table x; --", "(?:crash", "%s {0} $text", "\\", "\x00crash\x00", "a" * 100_000 + " crash"):
        assert themes_of(con, text, None) in ([], ["crash"])
        assert mood_of(con, text) in ("neutral", "negative")


def test_words_of_the_lists_are_no_patterns() -> None:
    assert plain("  C'est (la) *pub*! ") == "c est la *pub*"
    word, gap = r"[a-z0-9\x{80}-\x{10FFFF}]", r"[^a-z0-9\x{80}-\x{10FFFF}]"
    lists = {"en": ["log in", "crash*"], "de": ["*sturz"]}
    assert pattern({"fr": ["planté"]}, "fr") == "(?:plant[eéèêë])"
    assert pattern(lists, "de") == f"(?:{word}*sturz|crash{word}*|log{gap}+in)"
    assert pattern(lists, "en") == f"(?:crash{word}*|log{gap}+in)"
