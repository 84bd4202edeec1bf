"""A cost anomaly in words: what cost how much, what was expected, what made the change, and whose it is."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

WORTH_SAYING = Decimal("0.1")
MORE = {
    "price": "a higher price", "volume": "more volume", "new": "what is new", "gone": "what came back",
    "unexplained": "nothing that quantities tell",
}  # fmt: skip
LESS = {
    "price": "a lower price", "volume": "less volume", "new": "what is new", "gone": "what is gone",
    "unexplained": "nothing that quantities tell",
}  # fmt: skip


def sentence(row: Mapping[str, Any]) -> str:
    """One sentence from a row of cost_anomalies_now, and one on its owner; plain text, not made safe for Markdown."""
    days = f", for {row['day_count']} days" if row["day_count"] > 1 else ""
    said = f"{subject(row)} cost {amount(row['observed_cost'], row['currency'])} a day, "
    said += f"{amount(row['expected_cost'], row['currency'])} expected{days}: {why(row)}"
    if row["deployment_id"]:
        said += f", since deployment {row['deployment_version'] or row['deployment_id']}"
    return f"{said}. {owned(row)}"


def subject(row: Mapping[str, Any]) -> str:
    """What the anomaly is of: an application by its name, a service with its application if one stands out."""
    if row["kind"] == "app":
        return str(row["app_name"] or row["name"])
    name = str(row["name"]) if row["kind"] == "service" else f"Account {row['name']}"
    return f"{name} (mostly {row['app_name'] or row['app_id']})" if row["app_id"] else name


def why(row: Mapping[str, Any]) -> str:
    """The parts that made a tenth of the change or more, the largest first, and the line that moved most."""
    impact = row["impact_amount"]
    words = MORE if impact > 0 else LESS
    shares = {name: row[f"{name}_amount"] / impact for name in words if row[f"{name}_amount"] is not None}
    told = [f"{100 * share:.0f} % {words[name]}" for name, share in _ranked(shares) if share >= WORTH_SAYING]
    said = " and ".join(told) or "no part stands out"
    lines = row["lines"]
    if not lines or (row["kind"] == "service" and not lines[0]["resource_id"]):
        return said
    return f"{said}, most in {_line(lines[0])}"


def owned(row: Mapping[str, Any]) -> str:
    """Who is to answer: the application's owner and team."""
    names = [name for name in (row["owner"], row["team_name"]) if name]
    if names:
        return f"Owner: {', '.join(names)}."
    return "No owner is registered." if row["app_id"] else "No application owns it."


def amount(value: Decimal | None, currency: str | None) -> str:
    """'USD 412', with cents below 100."""
    if value is None:
        return "an unknown amount"
    return f"{currency or '?'} {value:,.0f}" if abs(value) >= 100 else f"{currency or '?'} {value:,.2f}"


def _ranked(shares: Mapping[str, Decimal]) -> Sequence[tuple[str, Decimal]]:
    return sorted(shares.items(), key=lambda one: -one[1])


def _line(line: Mapping[str, Any]) -> str:
    what = line["resource_id"] or line["sku"]
    return f"{line['service']} ({what})" if what else str(line["service"])
