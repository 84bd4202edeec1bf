"""Judging: questions to the published warehouse go through the insights, and today's verdicts back into the lake.

A judgement is a table that Aurora owns, and a function of settings, warehouse and day (UTC) to its rows. To add one,
add it to JUDGEMENTS. Only the slices of its rows are written: of most today's, so what was said yesterday stays said.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time

import polars as pl

from aurora.contracts import Table
from aurora.contracts.cost import CostSplitShares
from aurora.contracts.estate import AppScores, ScorecardResults
from aurora.errors import AuroraError, ContractError, QueryError
from aurora.explore.ask import Limits, ask
from aurora.explore.questions import asked
from aurora.insights.score import scores
from aurora.insights.score_rules import load_rules
from aurora.insights.scorecard_rules import with_rules
from aurora.insights.scorecards import load_scorecards, results
from aurora.settings import Settings
from warehouse.lake import Batch, Lake
from warehouse.publish import current
from warehouse.query import Warehouse

log = logging.getLogger("aurora.judge")
AURORA = "aurora"
LIMIT_S = 60.0  # a rule that never ends must not hold up those after it
SCORECARD_RULES = "from rules_now where purpose = 'scorecard' and is_enabled order by rule_id"
QUESTION = "select sql, parameters from questions_now where question_id = $id"
Judgement = Callable[[Settings, Warehouse, date], pl.DataFrame]


def app_scores(settings: Settings, warehouse: Warehouse, day: date) -> pl.DataFrame:
    """The parts of each application's score, by the rules of score.toml."""
    rules = load_rules(settings.reference("score.toml"))
    return scores(warehouse.rows("from app_score_facts"), warehouse.rows("from app_score_evidence"), rules, day)


def scorecard_results(settings: Settings, warehouse: Warehouse, day: date) -> pl.DataFrame:
    """The result of every rule of scorecards.toml, and of those that people made of questions, for every subject."""
    cards = load_scorecards(settings.reference("scorecards.toml"))
    rules = warehouse.rows(SCORECARD_RULES).to_dicts()
    until = datetime.combine(day, time.max)

    def ask_question(question_id: str) -> pl.DataFrame:
        found = warehouse.rows(QUESTION, {"id": question_id}).to_dicts()
        if not found:
            raise QueryError(f"no question is saved as {question_id!r}")
        return ask(settings.published, *asked(found[0], None, until), actor=AURORA, limits=Limits(rows=20_000)).frame

    return results(with_rules(cards, rules), warehouse.rows, day, ask_question)


def cost_split_shares(settings: Settings, warehouse: Warehouse, day: date) -> pl.DataFrame:
    """Who has which part of shared cost, of each of the last 13 months: bills and figures of the past still change."""
    return warehouse.rows("from cost_split_weights")


JUDGEMENTS: tuple[tuple[type[Table], Judgement], ...] = (
    (AppScores, app_scores),
    (ScorecardResults, scorecard_results),
    (CostSplitShares, cost_split_shares),
)


def judge(settings: Settings, lake: Lake, now: datetime | None = None) -> None:
    """Write today's verdicts where they differ from those that are there; a fault of one is logged, others go on."""
    at = now or datetime.now(UTC)
    if current(settings.published) is None:
        return  # nothing is published yet, so there is nothing to judge
    warehouse = Warehouse(settings.published, LIMIT_S)
    for table, judgement in JUDGEMENTS:
        try:
            _write(lake, table, judgement(settings, warehouse, at.date()), at)
        except Exception as error:  # a judgement that breaks must not take the worker, or the next one, with it
            log.error("%s: not judged: %s", table.spec.name, error, exc_info=not isinstance(error, AuroraError))


def _write(lake: Lake, table: type[Table], rows: pl.DataFrame, at: datetime) -> None:
    """Replace the slices that the rows stand in. Raises ContractError if a row breaks the contract."""
    common = {"source": AURORA, "source_instance": AURORA, "ingested_at": at, "run_id": uuid.uuid4().hex}
    full = rows.with_columns(pl.lit(value).alias(name) for name, value in common.items())
    good, failure = table.filter(full.cast(pl.Schema(table.dtypes())))
    if len(failure):
        raise ContractError(f"rows break the contract: {', '.join(failure.counts())}")
    stream = f"{AURORA}/{table.spec.name}"
    while lake.write(table, pl.DataFrame(good), Batch(stream, lake.cursor(table, stream)[0] + 1)).repeated:
        pass
