"""Bills and loads for tests of savings: charges by the day, samples of components."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from aurora.contracts import Row
from aurora.contracts.cost import FocusCost
from tests.frames import DAY, HOUR, NOW, health, row

BILL: Row = {"x_SourceExport": "e", "BillingCurrency": "USD", "ProviderName": "AWS", "ServiceCategory": "Compute"}
BILL |= {"ServiceName": "EC2", "BillingAccountId": "payer", "SubAccountId": "acc", "ChargeCategory": "Usage"}
MIDNIGHT = NOW.replace(hour=0)


def charge(name: str, cost: str | Decimal, days_ago: int, **values: Any) -> Row:
    """What a day of a resource cost."""
    at = MIDNIGHT - days_ago * DAY
    when: Row = {"ChargePeriodStart": at, "ChargePeriodEnd": at + DAY, "BillingPeriodStart": at.replace(day=1)}
    money = {"EffectiveCost": Decimal(cost), "BilledCost": Decimal(cost), "ResourceId": name}
    return (
        row(FocusCost, x_RowId=f"{name}/{days_ago}/{values.get('part', '')}")
        | BILL
        | when
        | money
        | {key: value for key, value in values.items() if key != "part"}
    )


def charges(name: str, cost: str, days: range = range(1, 41), **values: Any) -> list[Row]:
    """The same cost on each of so many days ago."""
    return [charge(name, cost, ago, **values) for ago in days]


def samples(
    component_id: str, cpu: float | None, memory: float | None, days: int = 16, step: timedelta = HOUR, **values: Any
) -> list[Row]:
    """Even load by the hour, up to now."""
    start: datetime = NOW - days * DAY
    number = int(timedelta(days=days) / step)
    return [
        health(component_id, start + index * step, step.total_seconds(), cpu_pct=cpu, memory_pct=memory, **values)
        for index in range(number)
    ]
