"""Budgets as they stand, and what advice on cost would save and did."""

from aurora.reports import cells
from aurora.reports.document import Cell, Column, Said, Table
from aurora.reports.report import Asked
from aurora.words import plural

BUDGETS = """
    select b.*, t.name as team_name from budget_status b
    left join (select team_id, min(name) as name from teams group by team_id) t on t.team_id = b.team_id
    order by array_position(['over', 'at_80', 'forecast_over', 'at_50', 'within', 'unknown'], state),
    used_pct desc nulls last, b.name"""
SAVINGS = """
    from savings where standing in ('open', 'blocked', 'accepted')
    order by array_position(['open', 'blocked', 'accepted'], standing), counted_amount desc nulls last, advice_id"""
SAVED = "from saving_totals where currency = $currency"
BUDGET_STATE: dict[str, Cell] = {
    "over": cells.judged("used up", "bad"), "at_80": cells.judged("over 80 %", "warn"),
    "forecast_over": cells.judged("will not last", "warn"), "at_50": Cell("over half", "plain"),
    "within": cells.judged("within", "good"), "unknown": Cell("nothing charged", "plain"),
}  # fmt: skip


def budgets(asked: Asked, most: int | None = None) -> Table:
    """Budgets as they stand today, those in trouble first."""
    frame = asked.rows(BUDGETS)
    left = frame.height - (most or frame.height)
    rows = [
        [row["name"], row["period"], BUDGET_STATE[row["state"]], cells.amount(row["limit_amount"], row["currency"]),
         cells.amount(row["spent_cost"], row["currency"]), cells.pct(row["used_pct"], 0),
         cells.amount(row["forecast_cost"], row["currency"]), cells.day(row["runs_out_on"])]
        for row in frame.head(most or frame.height).iter_rows(named=True)
    ]  # fmt: skip
    columns = (
        Column("Budget", width=2.6), Column("Period", width=0.8), Column("Standing", width=1.3), Column("Limit", True),
        Column("Spent", True), Column("Used", True, 0.7), Column("Forecast", True), Column("Runs out", True, 1.25),
    )  # fmt: skip
    told = "No budget is declared: write [[budget]] in costs.toml."
    more = f" {plural(left, 'more budget')} in the finance report." if left > 0 else ""
    return Table("Budgets", columns, rows, told, f"For the period that runs on {cells.day(asked.at)}.{more}")


def savings(asked: Asked, most: int | None = None) -> Table:
    """Advice on cost that is open, blocked or accepted, the largest saving first."""
    frame = asked.rows(SAVINGS)
    rows = [
        [row["message"], cells.state(row["standing"]), cells.amount(row["counted_amount"], row["currency"]),
         cells.or_none(row["app_id"]), cells.or_none(row["risk"]).capitalize()]
        for row in frame.head(most or frame.height).iter_rows(named=True)
    ]  # fmt: skip
    columns = (
        Column("Advice", width=4.6), Column("State", width=1.1), Column("A month", True, 0.9),
        Column("Application", width=1.5), Column("Risk", width=0.8),
    )  # fmt: skip
    left = frame.height - len(rows)
    return Table("What could be saved", columns, rows, "No advice on cost is open.",
                 f"{plural(left, 'more piece')} of advice on the Savings page." if left else "")  # fmt: skip


def saved(asked: Asked) -> tuple[Said, ...]:
    """What advice promises and what it brought, in words; nothing without advice."""
    row = asked.row(SAVED) if asked.currency else None
    if row is None:
        return ()
    said = []
    if row["open_count"]:
        worth = cells.amount(row["promised_amount"], asked.currency)
        said.append(Said(f"{plural(row['open_count'], 'piece')} of advice promise {worth} a month.", "warn"))
    if row["done_count"]:
        real, hoped = (
            cells.amount(row[name], asked.currency) for name in ("realised_amount", "promised_of_done_amount")
        )
        said.append(Said(f"What was done saves {real} a month; {hoped} had been promised.", "good"))
    return tuple(said)
