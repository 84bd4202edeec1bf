"""A cost anomaly in words: what cost how much, what was expected, what made the change, and whose it is."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

WORTH_SAYING = Decimal("0.1")
MORE = {
    "price": "a higher price", "volume": "more volume", "new": "what is new", "gone": "what is gone",
    "unexplained": "what no quantity tells",
}  # fmt: skip
LESS = MORE | {"price": "a lower price", "volume": "less volume"}
# No deployment changes what a provider asks for a unit.
OF_USE = {"volume", "new", "gone"}


def sentence(row: Mapping[str, Any]) -> str:
    """One sentence from a row of cost_anomalies_now, and one on its owner; plain text, not made safe for Markdown."""
    days = f", for {row['day_count']} days" if (row["day_count"] or 1) > 1 else ""
    said = f"{subject(row)} cost {amount(row['observed_cost'], row['currency'])} a day, "
    said += f"{amount(row['expected_cost'], row['currency'])} expected{days}: {why(row)}"
    if row["deployment_id"] and _ranked(_shares(row))[0][0] in OF_USE:
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
    words = MORE if (row["impact_amount"] or 0) > 0 else LESS
    ranked = _ranked(_shares(row))
    told = [f"{100 * share:.0f} % by {words[name]}" for name, share in ranked if share >= WORTH_SAYING]
    said = " and ".join(told) or "no part stands out"
    if not row["lines"]:
        return said
    line = row["lines"][0]
    what = line["resource_id"] or line["sku"]
    if row["kind"] == "service":
        return f"{said}, most in {what}" if what else said
    return f"{said}, most in {line['service']}" + (f" ({what})" if what else "")


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


def _shares(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """Part -> its share of the impact."""
    known = {name: row[f"{name}_amount"] for name in MORE} if row["impact_amount"] else {}
    return {name: part / row["impact_amount"] for name, part in known.items() if part is not None}


def _ranked(shares: Mapping[str, Decimal]) -> Sequence[tuple[str, Decimal]]:
    return sorted(shares.items(), key=lambda one: -one[1]) or [("unexplained", Decimal(0))]
