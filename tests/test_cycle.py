"""Grades of cycle times and the step to the next one, by hand."""

import pytest

from aurora.insights.cycle import HOUR, Step, graded, next_step


@pytest.mark.parametrize(
    ("hours", "grade"), [(24.9, "elite"), (25, "good"), (71, "good"), (72, "fair"), (161, "needs focus")]
)
def test_grades(hours: float, grade: str) -> None:
    assert graded(hours * HOUR) == grade


def test_the_next_grade_takes_the_difference_from_the_longest_part() -> None:
    """60 hours are 35 more than elite; 200 are 39 more than fair. What is not known is not the longest."""
    parts = {"coding": 10 * HOUR, "pickup": 30 * HOUR, "review": None}
    assert next_step(60 * HOUR, parts) == Step("elite", 35 * HOUR, "pickup", 30 * HOUR)
    assert next_step(200 * HOUR, parts) == Step("fair", 39 * HOUR, "pickup", 30 * HOUR)
    assert next_step(20 * HOUR, parts) is None
    assert next_step(None, parts) is None
    assert next_step(60 * HOUR, {"coding": None}) is None
