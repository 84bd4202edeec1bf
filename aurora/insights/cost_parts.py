"""What a cost anomaly is made of: price, volume, what is new, what has gone, and what nothing told explains.

For each line (service, account, resource, SKU) that is there before and after with quantities in one unit: the variant
of price-volume-mix whose two parts add up to the change exactly (Horngren, Datar and Rajan, Cost Accounting, ch. 7:
price variance at the actual quantity, quantity variance at the expected price):
    price effect  = (p1 - p0) x q1        volume effect = (q1 - q0) x p0        p = cost / quantity
Lines are as fine as bills tell, so that no mix is left within one. A line that no expected day has is new, one that no
anomalous day has is gone; the rest, and what expected days' mean differs from what was expected, is unexplained.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from math import lcm
from typing import Any

from aurora.insights.cost_anomalies import EXACT, REFERENCES, Span

PARTS = ("price", "volume", "new", "gone", "unexplained")
TOLD_LINES = 10
# Expected days are counted in parts of this, so that the mean of one to four of them is exact.
WHOLE = lcm(*range(1, REFERENCES + 1))


@dataclass(frozen=True)
class Line:
    """One line of bills on the expected days and on the anomalous ones; quantities only where all of it tells them.

    `was` and `is_now`: whether any of those days has a charge of it.
    """

    service: str
    account_id: str | None
    resource_id: str | None
    sku: str | None
    before: Decimal
    after: Decimal
    before_quantity: Decimal | None
    after_quantity: Decimal | None
    was: bool
    is_now: bool

    @property
    def change(self) -> Decimal:
        """How much more it cost."""
        return self.after - self.before


def weights(span: Span) -> dict[date, tuple[int, int]]:
    """Day -> how often it counts as an expected day, in parts of WHOLE, and as an anomalous one."""
    found: dict[date, tuple[int, int]] = {}
    for one in span.days:
        found[one.day] = (found.get(one.day, (0, 0))[0], 1)
        for day in one.references:
            before, after = found.get(day, (0, 0))
            found[day] = (before + WHOLE // len(one.references), after)
    return found


def line_of(row: Mapping[str, Any]) -> Line:
    """A line from a row of sums, those of expected days in parts of WHOLE."""
    was, is_now = row["before_count"] > 0, row["after_count"] > 0
    # a sum beyond all money is null: what it hides stays unexplained
    is_known = not ((was and row["before_cost"] is None) or (is_now and row["after_cost"] is None))
    quantity = row["before_quantity"]
    return Line(
        service=row["service"],
        account_id=row["account_id"],
        resource_id=row["resource_id"],
        sku=row["sku"],
        before=_divided(row["before_cost"]) if was and is_known else Decimal(0),
        after=row["after_cost"] if is_now and is_known else Decimal(0),
        before_quantity=_divided(quantity) if quantity is not None and is_known else None,
        after_quantity=row["after_quantity"],
        was=was,
        is_now=is_now,
    )


def effects(line: Line) -> dict[str, Decimal]:
    """The change of a line by part; the parts add up to it exactly."""
    if not line.was or not line.is_now:
        return {"gone" if line.was else "new": line.change}
    q0, q1 = line.before_quantity, line.after_quantity
    if q0 is None or q1 is None or q0 <= 0 or q1 <= 0:
        return {"unexplained": line.change}
    with localcontext(prec=100):
        volume = ((q1 - q0) * line.before / q0).quantize(EXACT)
    return {"volume": volume, "price": line.change - volume}


def parts(lines: Iterable[Line], impact: Decimal) -> dict[str, Decimal]:
    """The impact by PARTS, which add up to it exactly: what the lines leave of it is unexplained."""
    found = dict.fromkeys(PARTS, Decimal(0))
    with localcontext(prec=100):
        for line in lines:
            for name, amount in effects(line).items():
                found[name] += amount
        found["unexplained"] = impact - sum(found[name] for name in PARTS if name != "unexplained")
    return found


def most(lines: Sequence[Line], impact: Decimal) -> list[dict[str, str | None]]:
    """The lines that moved most, first those that moved as the whole did; each with its amount and its largest part."""
    way = 1 if impact >= 0 else -1
    ranked = sorted((line for line in lines if line.change), key=lambda line: -way * line.change)
    return [
        {
            "service": line.service, "account_id": line.account_id, "resource_id": line.resource_id, "sku": line.sku,
            "amount": plain(line.change), "part": max(effects(line).items(), key=lambda part: abs(part[1]))[0],
        }
        for line in ranked[:TOLD_LINES]
    ]  # fmt: skip


def as_json(found: Mapping[str, Decimal], more: Mapping[str, object]) -> str:
    """The column `parts` of an anomaly: amounts as decimal texts, beside them what else is told."""
    return json.dumps({name: plain(found[name]) for name in PARTS} | dict(more), ensure_ascii=False)


def plain(amount: Decimal) -> str:
    """A Decimal as text without exponent and without zeros at its end."""
    said = f"{amount:f}"
    return said.rstrip("0").rstrip(".") if "." in said else said


def _divided(amount: Decimal) -> Decimal:
    with localcontext(prec=100):
        return (amount / WHOLE).quantize(EXACT)
