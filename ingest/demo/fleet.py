"""Machines, disks and a commitment on the bill that hardly any application is charged for: what advice on cost finds.

Half of it is as it should be. `app-03` was made smaller, `report-01` switched off and `media-originals` moved to a
cooler tier two months ago; `stage-db` sleeps at night since twelve days.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aurora.contracts import Row
from ingest.demo.world import DAY, World, floor

PROVIDER = "Amazon Web Services"
VM, DB, S3 = ("Elastic Compute", "Compute"), ("Relational Database Service", "Databases"), ("Object Storage", "Storage")
MICRO = Decimal("0.000001")
# Days before the first run on which people accepted advice.
ACTED, ACTED_LATELY = 58, 12
PLAN = "compute-plan-2026"


@dataclass(frozen=True)
class Charge:
    """A line of each day: what it costs a day, and since it was acted upon (None: gone), so many days before."""

    resource: str
    of: tuple[str, str]
    usd: float
    sku: str
    then_usd: float | None = -1.0
    acted: int = 0
    stage: str = "production"
    unit: str = "Hours"
    status: str | None = None
    app: str | None = None

    def usual(self, ago: int) -> float | None:
        """What it usually costs on a day so long before the first run (USD), None once it is gone."""
        return self.then_usd if self.acted and ago < self.acted else self.usd


CHARGES = (
    Charge("app-01", VM, 6.4, "BoxUsage:m5.xlarge", status="Used"),
    Charge("app-02", VM, 7.1, "BoxUsage:m4.xlarge"),
    Charge("app-03", VM, 12.8, "BoxUsage:m5.2xlarge", 6.4, ACTED),
    Charge("app-04", VM, 6.4, "BoxUsage:m5.xlarge"),
    Charge("worker-01", VM, 12.8, "BoxUsage:m5.2xlarge"),
    Charge("worker-02", VM, 3.2, "BoxUsage:m5.large"),
    Charge("batch-01", VM, 8.2, "BoxUsage:c5.2xlarge"),
    Charge("report-01", VM, 4.1, "BoxUsage:m5.large", None, ACTED),
    Charge("stage-01", VM, 3.2, "BoxUsage:m5.large", stage="staging"),
    Charge("lab-07", VM, 2.4, "BoxUsage:t3.large"),
    Charge("payments-db", DB, 11.5, "InstanceUsage:db.r6g.xlarge"),
    Charge("stage-db", DB, 5.8, "InstanceUsage:db.t3.large", 2.1, ACTED_LATELY, "staging"),
    Charge("vol-0f3c", ("Block Storage", "Storage"), 1.6, "EBS:VolumeUsage.gp3, unattached", unit="GB-Mo"),
    Charge("eip-0a91", ("Virtual Network", "Networking"), 0.12, "ElasticIP:IdleAddress"),
    Charge("exports-raw", S3, 7.4, "TimedStorage-ByteHrs", unit="GB-Mo", app="analytics-hub"),
    Charge("exports-raw", S3, 0.02, "Requests-Tier1", unit="Requests", app="analytics-hub"),
    Charge("media-originals", S3, 5.0, "TimedStorage-ByteHrs", 5.6, ACTED, unit="GB-Mo", app="mobile-app-v2"),
    Charge("media-originals", S3, 0.4, "Requests-Tier1", 0.9, ACTED, unit="Requests", app="mobile-app-v2"),
    Charge(PLAN, VM, 2.9, "ComputeSavingsPlan", status="Unused"),
)


def fleet_rows(world: World, day: datetime, month: datetime, following: datetime) -> Iterator[Row]:
    """The lines of a day; `month` and `following` are the first days of its billing period and of the next one."""
    ago = (floor(world.anchor, DAY) - day).days
    for charge in CHARGES:
        usual = charge.usual(ago)
        if usual is not None:
            cost = usual * world.between(0.97, 1.03, charge.resource, charge.sku, day)
            period = {"BillingPeriodStart": month, "BillingPeriodEnd": following}
            yield _line(world, charge, day, Decimal(round(cost * 1_000_000)) * MICRO) | period


def _line(world: World, charge: Charge, day: datetime, cost: Decimal) -> Row:
    service, category = charge.of
    plan: Row = {"CommitmentDiscountId": PLAN, "CommitmentDiscountName": "Compute plan 2026"} if charge.status else {}
    if plan:
        plan |= {"CommitmentDiscountStatus": charge.status, "CommitmentDiscountType": "Savings Plan"}
    account = f"horizon-{'prod' if charge.stage == 'production' else 'stage'}"
    return plan | {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ListCost": cost,
        "BillingAccountId": "amazon-web-services",
        "BillingAccountName": PROVIDER,
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{charge.sku} of {charge.resource}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": day,
        "ChargePeriodEnd": day + DAY,
        "ConsumedUnit": charge.unit,
        "InvoiceIssuerName": PROVIDER,
        "PricingCategory": "Committed" if charge.status else "Standard",
        "ProviderName": PROVIDER,
        "PublisherName": PROVIDER,
        "RegionId": "me-central-1",
        "RegionName": "Middle East (UAE)",
        "ResourceId": charge.resource,
        "ResourceName": charge.resource,
        "ServiceCategory": category,
        "ServiceName": service,
        "SkuMeter": charge.sku,
        "SubAccountId": account,
        "Tags": json.dumps({"environment": charge.stage} | ({"app": charge.app} if charge.app else {})),
        "ServiceProviderName": PROVIDER,
        "HostProviderName": PROVIDER,
        "x_RowId": world.id(f"{day:%Y%m%d}/{charge.resource}/{charge.sku}"),
        "x_SourceExport": world.id("bill"),
        "x_FocusVersion": "1.2",
    }
