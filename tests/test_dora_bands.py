"""Bands and scores, each with a case computed by hand from its source."""

import pytest

from aurora.insights.dora import (
    DAY,
    FAIL_CENTRES,
    HOUR,
    INDUSTRY,
    MONTH,
    SIZES,
    WEEK,
    Metric,
    Scores,
    Version,
    band,
    next_band,
    scores,
)


@pytest.mark.parametrize(
    ("metric", "value", "version", "expected"),
    [
        ("lead", DAY - 1, "2023", "elite"),
        ("lead", DAY, "2023", "high"),
        ("lead", WEEK, "2023", "medium"),
        ("lead", MONTH, "2024", "low"),
        ("frequency", 3.0, "2023", "elite"),
        ("frequency", 1 / 7, "2023", "high"),
        ("frequency", 1 / 8, "2023", "medium"),
        ("frequency", 1 / 31, "2023", "low"),
        ("recovery", HOUR - 1, "2023", "elite"),
        ("recovery", HOUR, "2023", "high"),
        ("recovery", 2 * DAY, "2023", "medium"),
        ("recovery", 2 * DAY, "2024", "low"),
        ("recovery", 2 * WEEK, "2023", "low"),
        ("fail", 0.0, "2023", "elite"),
        ("fail", 5.0, "2023", "elite"),
        ("fail", 5.1, "2023", "high"),
        ("fail", 17.4, "2023", "low"),
        ("fail", 17.4, "2024", "high"),
        ("fail", 12.0, "2024", "medium"),
        ("rework", 3.0, "2023", None),
        ("lead", None, "2023", None),
    ],
)
def test_bands(metric: Metric, value: float | None, version: Version, expected: str | None) -> None:
    """DevLake's cuts of 2023 (fail rate 5, 10, 15 %), the centres of 2024 (5, 20, 10, 40 %)."""
    assert band(metric, value, version) == expected


def test_the_clusters_of_2024_are_not_in_order() -> None:
    assert FAIL_CENTRES["high"] > FAIL_CENTRES["medium"]
    assert band("fail", 20.0, "2024") == "high"


def test_scores_of_2025() -> None:
    """Lead of 2 days: category 4, (4 - 1) / 5 * 10 = 6. Twice a week: 4, so 6. Recovery of 30 min: 6, so 10.

    17.4 % failed: 10 - 1.74 = 8.26; 22 % rework: 7.8. Throughput 22 / 3, stability 8.03, overall 38.06 / 5.
    """
    told = scores(2 * DAY, 2 / 7, HOUR / 2, 17.4, 22.0)
    assert told == Scores(6, 6, 10, pytest.approx(8.26), pytest.approx(7.8))
    assert told.throughput == pytest.approx(22 / 3)
    assert told.stability == pytest.approx(8.03)
    assert told.overall == pytest.approx(7.612)


def test_the_ends_of_the_scale() -> None:
    assert scores(HOUR / 2, 30.0, HOUR / 2, 0.0, 0.0) == Scores(10, 10, 10, 10, 10)
    assert scores(400 * DAY, 1 / 400, 400 * DAY, 100.0, 100.0) == Scores(0, 0, 0, 0, 0)
    nothing = scores(None, None, None, None, None)
    assert (nothing.throughput, nothing.stability, nothing.overall) == (None, None, None)


def test_what_the_survey_says() -> None:
    """Overall mean 6.72; recovery of sizes is turned the right way up."""
    assert INDUSTRY.overall == pytest.approx(6.72)
    assert all(size.recovery is not None and size.recovery > 7 for size in SIZES.values())


def test_the_next_band_and_where_it_begins() -> None:
    assert next_band("lead", 3 * DAY) == ("elite", DAY)
    assert next_band("fail", 17.4) == ("medium", 15.0)
    assert next_band("frequency", 1 / 60) == ("medium", 1 / 30)
    assert next_band("lead", HOUR) is None
    assert next_band("recovery", None) is None
