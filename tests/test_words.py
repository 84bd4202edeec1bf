"""How figures are said, and that nothing from outside is said as anything but text."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aurora.contracts import TABLES
from aurora.contracts.columns import words_of
from aurora.ui.columns import PILLS
from aurora.ui.data import utc_now
from aurora.ui.words import MARK_OF, MARKS, ago, count, marked, money, number, percent, safe, spoken

CLOSED = [
    (name, word) for table in TABLES.values() for name, column in table.columns().items() for word in words_of(column)
]
VERBS = {"depends on", "calls", "reads from", "runs on", "part of", "consumes API", "provides API", "iOS"}


@pytest.mark.parametrize(
    ("value", "said"), [(99.996, "99.99%"), (81.85, "81.85%"), (81.6, "81.60%"), (100.0, "100.00%"), (None, "n/a")]
)
def test_percent_is_cut_and_never_rounded_up(value: float | None, said: str) -> None:
    assert percent(value) == said


def test_every_hundredth_is_said_as_it_is() -> None:
    assert all(
        percent(hundredths / 100) == f"{hundredths // 100}.{hundredths % 100:02d}%" for hundredths in range(10_001)
    )


def test_other_figures() -> None:
    assert [number(1234.4, "ms"), number(0.183, "%", 2), number(None)] == ["1,234 ms", "0.18%", "n/a"]
    assert [count(999), count(12_345), count(1_200_000)] == ["999", "12.3k", "1.2M"]
    assert [money(Decimal("1234.5"), "USD"), money(Decimal(-3), "AED"), money(None, None)] == [
        "$1,234",
        "-AED 3",
        "n/a",
    ]
    assert [ago(None), ago(utc_now() - timedelta(hours=3)), ago(utc_now() + timedelta(minutes=10))][:2] == [
        "never",
        "3 h ago",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "![x](https://evil.example/x.png)",
        "<script>alert(1)</script>",
        "[a](javascript:b)",
        ":red[x]",
        "$x$",
        "www.evil.example",
        "me@x.y",
    ],
)
def test_hostile_text_is_only_text(hostile: str) -> None:
    said = safe(hostile)
    for special in "![]()<>:$.@":
        assert said.count(special) == said.count("\\" + special)


def test_every_closed_word_of_every_contract_is_said_in_words() -> None:
    said = {word: spoken(word) for _, word in CLOSED}
    assert len(said) > 200
    assert not [text for text in said.values() if "_" in text or not text.strip()]
    assert not [text for text in said.values() if text[0].islower() and text not in VERBS]
    assert [spoken(word) for word in ("third_party", "rolled_back", "mobile_ios", "sca", "depends_on", "k8s_pod")] == [
        "Third party", "Rolled back", "iOS", "Dependency", "depends on", "Kubernetes pod",
    ]  # fmt: skip
    assert spoken("my_own_word") == "my_own_word"


def test_every_state_of_every_contract_has_a_sign_and_a_colour() -> None:
    states = {word for name, word in CLOSED if name in PILLS}
    assert len(states) > 40
    assert not states - set(MARK_OF)
    assert marked("rolled_back") == ("↺ Rolled back", "#B45309")
    assert marked("+45 %") == ("+45 %", "#6B7280")
    assert marked("✕ Down") == ("✕ Down", "#B91C1C")


def test_no_word_has_two_marks() -> None:
    listed = [word for said in MARKS.values() for word in said.split()]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("hue", sorted({hue for _, hue in MARKS}))
def test_white_can_be_read_on_every_pill(hue: str) -> None:
    """WCAG 2.2: relative luminance, and a contrast of 4.5 to 1 for text."""
    parts = [int(hue[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5
