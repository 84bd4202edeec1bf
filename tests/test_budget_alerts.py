"""Budget alerts: which open at which share, once a period, and when they end."""

from datetime import timedelta
from decimal import Decimal

from aurora.budget_alerts import alert_changes
from aurora.contracts.cost import Budgets, FocusCost
from aurora.contracts.operations import Alerts
from aurora.own_rows import write_rows
from tests.conftest import Published
from tests.frames import NOW, put
from tests.test_cost_outlook import budget, week_of_work
from tests.test_models_cost import charge
from warehouse.lake import Lake

AT = NOW.replace(tzinfo=None)


def changed(lake: Lake, published: Published) -> dict[str, str]:
    """Title -> state of what a run writes; what it writes has landed."""
    firing = lake.read(Alerts).to_dicts()
    rows = list(alert_changes(published(), firing, AT))
    write_rows(lake, Alerts, rows, AT, "cost")
    return {f"{row['title']} ({row['severity']})": row["state"] for row in rows}


def test_each_level_opens_once_and_ends_when_the_budget_is_raised(lake: Lake, published: Published) -> None:
    """66 spent and 238 forecast: of 80 it is 82.5 % and 297.5 %, of 1,000 6.6 % and 23.8 %."""
    week_of_work(lake)
    put(lake, Budgets, [budget("b", 80, version=1) | {"name": "Cloud"}])
    opened = {
        "Budget Cloud: 50 % used (info)": "firing",
        "Budget Cloud: 80 % used (warning)": "firing",
        "Budget Cloud: will not last (warning)": "firing",
    }
    assert changed(lake, published) == opened
    assert changed(lake, published) == {}
    told = lake.read(Alerts).filter(severity="warning").sort("title")["message"].to_list()
    assert told[0].startswith("EUR 66")
    assert "it runs out on 11 Mar" in told[0]

    put(lake, FocusCost, [charge("more", "20", 1, ServiceName="more", x_SourceExport="more")], "more")
    assert changed(lake, published) == {"Budget Cloud: 100 % used (critical)": "firing"}

    raised = budget("b", 1000, version=2) | {"name": "Cloud", "changed_at": NOW + timedelta(minutes=1)}
    put(lake, Budgets, [raised])
    assert set(changed(lake, published).values()) == {"resolved"}
    assert changed(lake, published) == {}


def test_a_budget_in_a_currency_without_charges_says_nothing(lake: Lake, published: Published) -> None:
    week_of_work(lake)
    put(lake, Budgets, [budget("b", 1, currency="USD") | {"limit_amount": Decimal(1)}])
    assert changed(lake, published) == {}
