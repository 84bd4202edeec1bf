"""Budgets and splits in the registry's files: what lands, and what is refused with its line."""

import json
from decimal import Decimal

import pytest

from aurora.contracts import Row
from ingest.registry.parse import parse


def rows(text: str) -> list[Row]:
    said = parse(text, "costs.toml", "registry")
    assert [fault.message for fault in said.faults] == []
    return [row for entry in said.entries for _, row in entry]


def refusals(text: str) -> list[tuple[int | None, str]]:
    said = parse(text, "costs.toml", "registry")
    assert said.entries == []
    assert all(fault.refused for fault in said.faults)
    return [(fault.line, fault.message) for fault in said.faults]


def test_a_budget_and_its_scope() -> None:
    row = rows(
        '[[budget]]\nid = "cloud"\namount = "50000.10"\ncurrency = "USD"\nperiod = "quarter"\n'
        'starts = 2026-01-01\nscope = { provider = "AWS", tag = "team=payments" }'
    )[0]
    assert (row["limit_amount"], row["currency"], row["period"]) == (Decimal("50000.10"), "USD", "quarter")
    assert json.loads(row["scope"]) == {"provider": "AWS", "tag": "team=payments"}
    assert row["starts_on"].isoformat() == "2026-01-01"


def test_a_split_by_each_method() -> None:
    fixed, usage, even = rows(
        '[[split]]\nid = "a"\nof = ["account:1"]\nby = "fixed"\nshares = { portal = 0.6, crm = 0.3 }\n'
        '[[split]]\nid = "b"\nof = ["service:EKS", "tag:shared=yes"]\nby = "usage"\nusage = "requests"\n'
        '[[split]]\nid = "c"\nof = ["*"]\nby = "even"\napps = ["portal"]\n'
    )
    assert (json.loads(fixed["shares"]), fixed["app_ids"]) == ({"crm": 0.3, "portal": 0.6}, ["portal", "crm"])
    assert (usage["method"], usage["usage"], usage["app_ids"]) == ("usage", "requests", None)
    assert (even["marks"], even["app_ids"]) == (["*"], ["portal"])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[split]]\nid = "a"\nof = ["EKS"]\nby = "even"', 3, "write account:, service:, resource: or tag:"),
        ('[[split]]\nid = "a"\nof = ["*"]\nby = "magic"', 4, "write one of even, proportional, fixed, usage"),
        ('[[split]]\nid = "a"\nof = ["*"]\nby = "usage"', 1, "write one of requests"),
        ('[[split]]\nid = "a"\nby = "even"', 1, "it is missing: write what is shared"),
        ('[[split]]\nid = "a"\nof = ["*"]\nby = "fixed"\nshares = { a = 0.6, b = 0.5 }', 5, "they add up to 1.1"),
        ('[[budget]]\nid = "a"\namount = 3.5\ncurrency = "USD"', 3, "amount"),
        ('[[budget]]\nid = "a"\namount = "3"\ncurrency = "usd"', 4, "three capitals"),
        ('[[budget]]\nid = "a"\namount = "3"\ncurrency = "USD"\nperiod = "week"', 5, "write one of month"),
        (
            '[[budget]]\nid = "a"\namount = "3"\ncurrency = "USD"\nstarts = 2026-02-01\nends = 2026-01-01',
            6,
            "it lies before starts",
        ),
    ],
)
def test_half_a_rule_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    told = refusals(text)
    assert any(at == line and words in message and "was left out" in message for at, message in told), told
