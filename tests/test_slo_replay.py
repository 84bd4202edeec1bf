"""Burn alerts against Prometheus: the same outage, minute by minute, by the rules that Sloth generates and by ours.

The rules are those of Sloth's own examples (https://github.com/slok/sloth/blob/main/examples/_gen/getting-started.yml)
for 99.9 % over 30 days; promtool, of Debian's package prometheus, evaluates them.
"""

import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from aurora.contracts.operations import SloPoints, Slos
from aurora.insights.slo import RULES, BurnRule, Tally, verdict
from tests.conftest import Published
from tests.frames import MINUTE, NOW, put, row
from tests.servers import binary
from warehouse.lake import Lake
from warehouse.publish import current

TARGET, PERIOD = 99.9, timedelta(days=30)
BUDGET = 0.0009999999999999432  # as Sloth prints 1 - 0.999
TOLERANCE, NEAR, SOME = 1, 10, 15  # evaluations, of which there is one each minute
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
SEVERITIES = {"page": "critical", "ticket": "warning"}
# Sloth's severity -> (short, long, factor) of the two conditions of its alert.
ALERTS = {
    "page": (("5m", "1h", 14.4), ("30m", "6h", 6)),
    "ticket": (("2h", "1d", 3), ("6h", "3d", 1)),
}
Minutes = list[tuple[int, int]]  # (failed, all) requests of each minute
DAY = (1440, 0.05, 120, 370)
# Minutes of good traffic, share of requests that fail, minutes for which they do, and minutes of good traffic again.
OUTAGES = {"a day, then one in twenty fails": DAY, "everything fails": (90, 1.0, 30, 300)}


def minutes_of(before: int, share: float, length: int, after: int) -> Minutes:
    """Requests that vary, the same each time."""
    totals = [600 + 20 * (minute % 17) for minute in range(before + length + after)]
    is_bad = range(before, before + length)
    return [(round(total * share) if minute in is_bad else 0, total) for minute, total in enumerate(totals)]


def rules() -> dict[str, Any]:
    """Recording and alert rules of one objective, in Sloth's groups."""
    slo = '{sloth_id="shop-ok", sloth_service="shop", sloth_slo="ok"}'
    recorded = [
        {
            "record": f"slo:sli_error:ratio_rate{window}",
            "expr": f"(sum(rate(requests_failed_total[{window}])))\n/\n(sum(rate(requests_total[{window}])))",
            "labels": {"sloth_id": "shop-ok", "sloth_service": "shop", "sloth_slo": "ok", "sloth_window": window},
        }
        for window in WINDOWS
    ]

    def burns(window: str, factor: float) -> str:
        return f"(slo:sli_error:ratio_rate{window}{slo} > ({factor} * {BUDGET!r}))"

    alerts = [
        {
            "alert": name,
            "expr": "\nor ignoring (sloth_window)\n".join(
                f"(\n{burns(short, factor)}\nand ignoring (sloth_window)\n{burns(long, factor)}\n)"
                for short, long, factor in conditions
            ),
            "labels": {"sloth_severity": name},
        }
        for name, conditions in ALERTS.items()
    ]
    return {"groups": [{"name": "recordings", "rules": recorded}, {"name": "alerts", "rules": alerts}]}


def fires(minutes: Minutes, rule: BurnRule) -> Iterator[bool]:
    """Aurora's verdict at the end of each minute, by the sums of what happened until then."""
    bad, total = ([0, *accumulate(column)] for column in zip(*minutes, strict=True))

    def tally(until: int, span: timedelta) -> Tally:
        since = max(0, until - span // MINUTE)
        count = total[until] - total[since]
        return Tally(float(count - (bad[until] - bad[since])), float(count)) if until > since else Tally(None, None)

    for at in range(len(minutes) + 1):
        yield verdict(rule, PERIOD, TARGET, tally(at, rule.long), tally(at, rule.short)) == "firing"


def firing_minutes(minutes: Minutes, severity: str) -> list[bool]:
    """Whether any rule of a severity fires, at each minute from 0."""
    return [any(both) for both in zip(*(fires(minutes, one) for one in RULES if one.severity == severity), strict=True)]


def counters(minutes: Minutes) -> list[dict[str, str]]:
    columns = zip(("requests_failed_total", "requests_total"), zip(*minutes, strict=True), strict=True)
    return [{"series": name, "values": " ".join(map(str, [0, *accumulate(counts)]))} for name, counts in columns]


def asserted(name: str, told: list[bool]) -> Iterator[dict[str, Any]]:
    """That an alert fires as told: at each minute near a change but those within the tolerance, else at some."""
    for at in range(TOLERANCE, len(told) - TOLERANCE):
        is_near = len(set(told[max(0, at - NEAR) : at + NEAR + 1])) == 2
        if len(set(told[at - TOLERANCE : at + TOLERANCE + 1])) == 1 and (is_near or at % SOME == 0):
            wanted = [{"labels": "{}", "value": 1}] if told[at] else []
            expression = f'sum(ALERTS{{alertname="{name}", alertstate="firing"}})'
            yield {"expr": expression, "eval_time": f"{at}m", "exp_samples": wanted}


def promtool(folder: Path, minutes: Minutes, told: dict[str, list[bool]]) -> "subprocess.CompletedProcess[str]":
    checks = [check for name, one in told.items() for check in asserted(name, one)]
    group = {"interval": "1m", "input_series": counters(minutes), "promql_expr_test": checks}
    tests = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "group_eval_order": ["recordings", "alerts"]}
    (folder / "rules.yml").write_text(yaml.safe_dump(rules()))
    (folder / "tests.yml").write_text(yaml.safe_dump(tests | {"tests": [group]}))
    command = [binary("promtool"), "test", "rules", "tests.yml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def changes(told: list[bool]) -> list[int]:
    return [at for at in range(1, len(told)) if told[at] != told[at - 1]]


@pytest.mark.parametrize("outage", OUTAGES)
def test_alerts_begin_and_end_in_the_minute_in_which_prometheus_says_so(tmp_path: Path, outage: str) -> None:
    minutes = minutes_of(*OUTAGES[outage])
    told = {name: firing_minutes(minutes, severity) for name, severity in SEVERITIES.items()}
    assert len(changes(told["page"])) == 2, "it begins and ends"
    assert len(changes(told["ticket"])) >= 1
    done = promtool(tmp_path, minutes, told)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]


def test_the_minutes_of_the_day_as_computed_by_hand() -> None:
    """5 % fail of a budget of 0.1 %.

    Page: 14.4 of it in an hour are 17.3 minutes of failing; it ends when 6 of it have left half an hour, 3.6 minutes.
    Ticket: all of it in the time so far, 1440 + t minutes with t failing: t > 29.4; it ends when all of it has left
    six hours, of which 7.2 minutes fail still.
    """
    minutes = minutes_of(*DAY)
    begin, end = changes(firing_minutes(minutes, "critical"))
    assert begin - 1440 == 18
    assert end - 1560 == pytest.approx(30 - 3.6, abs=1)
    begin, end = changes(firing_minutes(minutes, "warning"))
    assert begin - 1440 == 30
    assert end - 1560 == pytest.approx(360 - 7.2, abs=1)


def test_a_firing_minute_that_is_off_by_more_is_found(tmp_path: Path) -> None:
    """The comparison is worth something: alerts that come three minutes later than ours are told."""
    minutes = minutes_of(*OUTAGES["everything fails"])
    told = {name: firing_minutes(minutes, severity) for name, severity in SEVERITIES.items()}
    for name, one in told.items():
        done = promtool(tmp_path, minutes, told | {name: [False] * 3 + one[:-3]})
        assert done.returncode == 1
        assert f"alertname={name}" in re.sub(r'[\\"]', "", done.stdout + done.stderr)


def test_the_mart_says_the_same_at_each_change(lake: Lake, data: Path, published: Published) -> None:
    """What pages and the job read agrees with the pure verdict in the minute before a change and in its first one."""
    minutes = minutes_of(*DAY)
    begin = NOW - timedelta(days=3)
    put(lake, Slos, [
        row(Slos, slo_id="s", kind="ratio", window="30d", target_pct=TARGET, is_deleted=False, version=1)
    ])  # fmt: skip
    put(lake, SloPoints, [
        row(SloPoints, slo_id="s", ts_start=begin + at * MINUTE, ts_end=begin + (at + 1) * MINUTE,
            good=float(total - bad), total=float(total), state="ok")
        for at, (bad, total) in enumerate(minutes)
    ])  # fmt: skip
    published()
    told = {rule.name: list(fires(minutes, rule)) for rule in RULES}
    generation = current(data / "published")
    assert generation is not None
    with duckdb.connect(str(data / "published" / generation.file)) as engine:
        for at in sorted({place for one in told.values() for turn in changes(one) for place in (turn - 1, turn)}):
            now = (begin + at * MINUTE).replace(tzinfo=None)
            engine.execute(f"CREATE OR REPLACE MACRO utc_now() AS TIMESTAMP '{now}'")
            burns = engine.execute("select rule, verdict = 'firing' from slo_burns").fetchall()
            assert dict(burns) == {name: one[at] for name, one in told.items()}, f"minute {at}"
