"""Words of store reviews as SQL: review_themes.toml becomes macros that tell their themes, language and sentiment.

Text is compared in lower case, accents or none, and words as wholes, so that one is never found inside another, in any
script. Patterns are constants in the SQL: a pattern of a column is compiled for each row.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "review_themes.toml"
# Letters that are written in several ways: a letter of the lists stands for each of them. Accents are folded here,
# not in the text: to take them off there costs more than all patterns together.
ALIKE = {"ا": "[اأإآ]", "ي": "[يىیئ]", "ه": "[هة]", "ك": "[كک]", "و": "[وؤ]"}
FOLDED: dict[str, str | int | None] = {"ى": "ي", "ة": "ه", "ی": "ي", "ک": "ك", "ـ": ""}
ACCENTED = "àâäáãçéèêëîïíìñôöóòõùûüú"
# What stands in a word and what ends one, once review_words has left no other marks than those of ASCII. Classes of
# Unicode would make the same patterns a hundred times slower.
LETTER, BREAK = r"[a-z0-9\x{80}-\x{10FFFF}]", r"[^a-z0-9\x{80}-\x{10FFFF}]"
ONTO_ARABIC = "(?:[وفبلك]{0,2}(?:ال)?|لل)"
MOST_LETTERS = 4000
APART = 2  # words that may stand between a negation and what it turns
Words = Mapping[str, list[str]]
# ISO 15924 scripts that one language stands for, where a store does not tell the language: Unicode's script property.
SCRIPTS = {
    "Arabic": "ar", "Cyrillic": "ru", "Hiragana": "ja", "Katakana": "ja", "Hangul": "ko", "Han": "zh", "Hebrew": "he",
    "Greek": "el", "Thai": "th", "Devanagari": "hi",
}  # fmt: skip
BASE = r"""
-- A review as it is compared: lower case, without marks that are letters of their own (vowel signs, stretches), and
-- marks beyond ASCII as blanks.
create or replace macro review_cleaned(said) as
  ' ' || regexp_replace(case when regexp_matches(said, '[\x{{300}}-\x{{36F}}\x{{640}}\x{{64B}}-\x{{65F}}]')
                             then replace(strip_accents(said), 'ـ', '') else said end,
    '[^\p{{L}}\p{{N}}\x00-\x7F]+', ' ', 'g') || ' ';
create or replace macro review_words(title, body) as
  review_cleaned(lower(left(coalesce(title, '') || ' ' || coalesce(body, ''), {most})));
-- Language by script, for text with other letters than Latin ones.
create or replace macro review_script(said) as
  case when not regexp_matches(said, '[^\x00-\x{{24F}}]') then null {scripts} end;
-- Language of a review: as its store tells it ('de-AT' is de), else by its script, null for Latin letters or none.
create or replace macro review_language(told, title, body) as
  coalesce(nullif(regexp_extract(lower(told), '^[a-z]{{2,3}}'), ''),
    review_script(coalesce(title, '') || coalesce(body, '')));
"""


@lru_cache(maxsize=1)
def told() -> dict[str, Any]:
    """What review_themes.toml says."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def themes() -> dict[str, str]:
    """Theme -> what people call it, in the order of the file."""
    return {name: theme["label"] for name, theme in told()["themes"].items()}


def plain(word: str) -> str:
    """A word as it stands in patterns: lower case, Arabic in one spelling, marks as blanks, `*` kept."""
    whole = unicodedata.normalize("NFC", word.lower())
    if any("\u0600" <= letter <= "\u06ff" for letter in whole):
        bare = (one for one in unicodedata.normalize("NFD", whole) if unicodedata.category(one) != "Mn")
        whole = "".join(bare).translate(str.maketrans(FOLDED))
    return " ".join(re.sub(r"[^\w*]|_", " ", whole).split())


def pattern(words: Mapping[str, list[str]], language: str | None) -> str:
    """The regular expression (RE2) of lists of words: of a language and English, or of all where it is None."""
    chosen = words if language is None else {name: words[name] for name in {language, "en"} & words.keys()}
    parts = {_expression(word, name) for name in chosen for word in chosen[name]}
    return f"(?:{'|'.join(sorted(parts))})"


def _expression(word: str, language: str) -> str:
    said = f"{BREAK}+".join("".join(map(_letter, part)) for part in plain(word).split())
    return f"{ONTO_ARABIC}{said}" if language == "ar" else said


def _letter(letter: str) -> str:
    """A letter in all its spellings: with any accent or none where the list has one."""
    if letter == "*":
        return f"{LETTER}*"
    bare = unicodedata.normalize("NFD", letter)[0]
    if letter in ACCENTED:
        return f"[{bare}{''.join(one for one in ACCENTED if unicodedata.normalize('NFD', one)[0] == bare)}]"
    return ALIKE.get(letter, letter)


@lru_cache(maxsize=1)
def macros() -> str:
    """The statements that define the macros; spelling the words out takes a tenth of a second."""
    scripts = " ".join(rf"when regexp_matches(said, '\p{{{name}}}') then '{code}'" for name, code in SCRIPTS.items())
    base = BASE.format(most=MOST_LETTERS, scripts=scripts)
    return "\n".join([base, *_theme_macros(), *_sentiment_macros()])


def _by_language(words: Words, asked: str, negations: Words | None = None) -> str:
    """A CASE over the language, each branch asking with its own constant patterns in place of {} and {not}."""

    def branch(language: str | None) -> str:
        turning = pattern(negations, language) if negations else ""
        return asked.replace("{not}", turning).replace("{}", pattern(words, language))

    cases = " ".join(f"when '{one}' then {branch(one)}" for one in words)
    return f"case language {cases} else {branch(None)} end"


def _theme_macros() -> Iterator[str]:
    """review_is_<theme>; all that a review speaks of, where praise with one or two stars is none; names of things."""
    known = told()["themes"]
    for name, theme in known.items():
        words = {language: said for language, said in theme.items() if language != "label"}
        asked = _by_language(words, f"regexp_matches(words, '{BREAK}{{}}{BREAK}')")
        yield f"create or replace macro review_is_{name}(words, language) as {asked};"
    listed = ", ".join(f"case when review_is_{name}(words, language) then '{name}' end" for name in known)
    yield (
        "create or replace macro review_themes(stars, words, language) as "
        f"list_filter([{listed}], lambda t: t is not null and (t <> 'praise' or coalesce(stars > 2, true)));"
    )
    english = {
        name: f"regexp_matches(words, '{BREAK}{pattern({'en': theme['en']}, 'en')}{BREAK}')"
        for name, theme in known.items()
    }
    cases = " ".join(f"when '{name}' then {asked}" for name, asked in english.items())
    yield f"create or replace macro is_about_theme(theme, words) as case theme {cases} else false end;"


def _sentiment_macros() -> Iterator[str]:
    """Good words less bad ones, turned after a negation; it speaks only where the stars do not (three, or none)."""
    said: dict[str, Words] = told()["sentiment"]
    turning = f"{BREAK}{{not}}{BREAK}+(?:{LETTER}+{BREAK}+){{0,{APART}}}"
    for name in ("good", "bad"):
        plainly = _by_language(said[name], f"len(regexp_extract_all(spaced, '{BREAK}{{}}{BREAK}'))")
        turned = _by_language(said[name], f"len(regexp_extract_all(spaced, '{turning}{{}}{BREAK}'))", said["negations"])
        yield f"create or replace macro review_{name}_words(spaced, language) as {plainly} - 2 * {turned};"
    # each word between blanks of its own: two that follow each other are found both
    yield f"create or replace macro review_spaced(words) as regexp_replace(words, '{BREAK}+', '  ', 'g');"
    yield """create or replace macro review_sentiment(stars, words, language) as
  case when stars >= 4 then 'positive' when stars <= 2 then 'negative'
       else case sign(review_good_words(review_spaced(words), language)
                      - review_bad_words(review_spaced(words), language))
              when 1 then 'positive' when -1 then 'negative' else 'neutral' end end;"""
