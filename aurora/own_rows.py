"""Rows that Aurora itself writes into tables whose rows stand for a time: objectives, alerts, anomalies."""

import uuid
from datetime import UTC, datetime
from typing import Any

import polars as pl

from aurora.contracts import Row, Table
from aurora.errors import ContractError
from warehouse.lake import Batch, Lake

AURORA = "aurora"


def write_rows(lake: Lake, table: type[Table], rows: list[Row], at: datetime, job: str) -> None:
    """Upsert rows of ours (instants UTC, with a zone or without). Raises ContractError if one breaks the contract."""
    if not rows:
        return
    common: dict[str, Any] = {"source": AURORA, "source_instance": AURORA, "ingested_at": at.replace(tzinfo=UTC)}
    common["run_id"] = uuid.uuid4().hex
    full = [dict.fromkeys(table.own_columns()) | _utc(row) | common for row in rows]
    good, failure = table.filter(pl.DataFrame(full, schema=table.dtypes(), orient="row"))
    if len(failure):
        raise ContractError(f"{table.spec.name}: rows break the contract: {', '.join(failure.counts())}")
    stream = f"{AURORA}/{job}-{table.spec.name}"
    while lake.write(table, pl.DataFrame(good), Batch(stream, lake.cursor(table, stream)[0] + 1)).repeated:
        pass


def _utc(row: Row) -> Row:
    return {name: one.replace(tzinfo=UTC) if isinstance(one, datetime) else one for name, one in row.items()}
