"""DORA's figures judged: bands of 2023 and 2024, scores of 2025, and those of companies of some size. Pure.

Sources: the bands of 2023 as Apache DevLake codes them, the clusters of the report of 2024, the score of DORA's quick
check (dora.dev, 2025). Durations are seconds, rates deployments a day, shares percent. None is not known, never a band.
"""

from dataclasses import dataclass
from statistics import fmean
from typing import Literal

Metric = Literal["lead", "frequency", "recovery", "fail", "rework"]
Version = Literal["2023", "2024"]
Band = Literal["elite", "high", "medium", "low"]
HOUR, DAY = 3_600.0, 86_400.0
WEEK, MONTH = 7 * DAY, 30 * DAY
HALF_YEAR = 182 * DAY
BANDS: tuple[Band, ...] = ("elite", "high", "medium", "low")
# Below the first is elite, below the second high, below the third medium.
DURATIONS: dict[tuple[Version, Metric], tuple[float, float, float]] = {
    ("2023", "lead"): (DAY, WEEK, MONTH),
    ("2024", "lead"): (DAY, WEEK, MONTH),
    ("2023", "recovery"): (HOUR, DAY, WEEK),
}
FAIL_CUTS = (5.0, 10.0, 15.0)
RATES = (1.0, 1 / 7, 1 / 30)  # deployments a day from which on the band is elite, high, medium
# The clusters of 2024 are not in order: those called high failed more often than those called medium.
FAIL_CENTRES: dict[Band, float] = {"elite": 5.0, "high": 20.0, "medium": 10.0, "low": 40.0}
# Categories of the survey, six to one: the duration below which, or the rate from which, each begins.
CATEGORY_DURATIONS = (HOUR, DAY, WEEK, MONTH, HALF_YEAR)
CATEGORY_RATES = (24.0, 1.0, 1 / 7, 1 / 30, 1 / 182)


@dataclass(frozen=True)
class Scores:
    """Scores of 0 to 10; None where a figure is not known."""

    lead: float | None
    frequency: float | None
    recovery: float | None
    fail: float | None
    rework: float | None

    @property
    def throughput(self) -> float | None:
        """Mean of lead time, frequency and recovery; None unless all are known."""
        return _mean(self.lead, self.frequency, self.recovery)

    @property
    def stability(self) -> float | None:
        """Mean of change fail rate and rework; None unless both are known."""
        return _mean(self.fail, self.rework)

    @property
    def overall(self) -> float | None:
        """Mean of the five; None unless all are known."""
        return _mean(self.lead, self.frequency, self.recovery, self.fail, self.rework)


# Means of DORA's survey of 2025. Its file has recovery of sizes upside down (2.6, the industry 7.4): turned here.
INDUSTRY = Scores(5.5, 4.8, 7.4, 8.1, 7.8)
SIZES: dict[str, Scores] = {
    "2 to 9 people": Scores(6.4, 4.8, 7.7, 8.1, 7.7),
    "20 to 99 people": Scores(5.8, 4.4, 7.6, 8.3, 7.7),
    "100 to 499 people": Scores(5.6, 4.8, 7.4, 8.1, 7.7),
}


def band(metric: Metric, value: float | None, version: Version = "2023") -> Band | None:
    """The band of a figure; None if it is not known, or if that version has no band of it (rework)."""
    if value is None or metric == "rework":
        return None
    if metric == "frequency":
        return _from(value, RATES)
    if metric == "fail":
        return _below(value, FAIL_CUTS, inclusive=True) if version == "2023" else _nearest(value)
    if metric == "recovery" and version == "2024":
        return "elite" if value < HOUR else "high" if value < DAY else "low"
    return _below(value, DURATIONS[version, metric])


def scores(
    lead_s: float | None,
    per_day: float | None,
    recovery_s: float | None,
    fail_pct: float | None,
    rework_pct: float | None,
) -> Scores:
    """The scores of 2025."""
    return Scores(
        _duration_score(lead_s), _rate_score(per_day), _duration_score(recovery_s), _share(fail_pct), _share(rework_pct)
    )


def next_band(metric: Metric, value: float | None) -> tuple[Band, float] | None:
    """The next better band of 2023 and the value at which it begins; None at the top or if nothing is known."""
    now = band(metric, value)
    if now is None or now == "elite":
        return None
    place = BANDS.index(now) - 1
    cuts = {"frequency": RATES, "fail": FAIL_CUTS}.get(metric) or DURATIONS["2023", metric]
    return BANDS[place], cuts[place]


def _below(value: float, cuts: tuple[float, ...], *, inclusive: bool = False) -> Band:
    passed = sum(value > cut if inclusive else value >= cut for cut in cuts)
    return BANDS[passed]


def _from(value: float, cuts: tuple[float, ...]) -> Band:
    return BANDS[sum(value < cut for cut in cuts)]


def _nearest(value: float) -> Band:
    return min(FAIL_CENTRES, key=lambda name: (abs(FAIL_CENTRES[name] - value), BANDS.index(name)))


def _duration_score(value: float | None) -> float | None:
    return None if value is None else _category(6 - sum(value >= cut for cut in CATEGORY_DURATIONS))


def _rate_score(value: float | None) -> float | None:
    return None if value is None else _category(6 - sum(value < cut for cut in CATEGORY_RATES))


def _category(category: int) -> float:
    return (category - 1) / 5 * 10


def _share(value: float | None) -> float | None:
    return None if value is None else 10 - value / 10


def _mean(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None
