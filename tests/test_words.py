"""How figures are said, and that nothing from outside is said as anything but text."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aurora.ui.data import utc_now
from aurora.ui.words import ago, count, money, number, percent, safe


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
