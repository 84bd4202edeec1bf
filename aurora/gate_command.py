"""`aurora gate`: whether an application may be released, as the exit code of a pipeline's step."""

from datetime import UTC, datetime

import polars as pl
from rich.console import Console
from rich.text import Text

from aurora.contracts import Row
from aurora.errors import UsageError
from aurora.explore.ask import Limits, ask
from aurora.explore.uses import GATES, judged
from aurora.insights.gates import NO_RULE
from aurora.settings import Settings
from warehouse.query import Warehouse

EXIT = {"go": 0, "hold": 3, "halt": 4}  # 1 and 2 are troubles of Aurora itself
SIGNS = {"go": ("● go    ", "green"), "hold": ("▲ hold  ", "yellow"), "halt": ("✕ halt  ", "red")}
APPS = "select app_id from applications_now order by app_id"


def gate_now(settings: Settings, app_id: str, rule_ids: list[str], out: Console) -> int:
    """Print the verdict and its reasons; 0 for go, 3 for hold, 4 for halt. Raises UsageError for an unknown name."""
    warehouse = Warehouse(settings.published)
    _refuse_unknown("application", [app_id], warehouse.rows(APPS)["app_id"].to_list())
    rules = warehouse.rows(GATES).to_dicts()
    _refuse_unknown("release rule", rule_ids, [rule["rule_id"] for rule in rules])

    def asked(sql: str, params: Row) -> pl.DataFrame:
        return ask(settings.published, sql, params, actor="cli", limits=Limits()).frame

    wanted = [rule for rule in rules if not rule_ids or rule["rule_id"] in rule_ids]
    told = judged(asked, wanted, app_id, datetime.now(UTC).replace(tzinfo=None))
    out.print(Text.assemble(SIGNS[told.word], (app_id, "bold"), "" if told.reasons else f"  {NO_RULE}"), soft_wrap=True)
    for reason in told.reasons:
        out.print(Text.assemble("  ", SIGNS[reason.word], f"{reason.name}: {reason.sentence}"), soft_wrap=True)
    return EXIT[told.word]


def _refuse_unknown(what: str, named: list[str], known: list[str]) -> None:
    for name in named:
        if name not in known:
            raise UsageError(f"there is no {what} {name!r}: there are {', '.join(known) or 'none'}")
