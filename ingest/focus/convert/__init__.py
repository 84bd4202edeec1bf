"""Exports of providers that are not FOCUS, turned into FOCUS 1.2: one module per provider.

A module has `NAME`, `recognises(columns)` and `convert(frame)`, which keeps the number and the order of the rows.
"""

from typing import Any

import polars as pl

from aurora.errors import ContractError
from ingest.focus.columns import is_focus
from ingest.focus.convert import aws, azure, google, oracle

VERSION = "1.2"
CONVERTERS: tuple[Any, ...] = (aws, oracle, google, azure)


def kind_of(columns: list[str]) -> str | None:
    """Whose export has these columns: the name of its converter; None for FOCUS and for what is not known here."""
    if is_focus(columns):
        return None
    return next((str(one.NAME) for one in CONVERTERS if one.recognises(columns)), None)


def to_focus(frame: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """The frame in columns of FOCUS 1.2, row by row, and what kind of export it was. Raises ContractError.

    Money and instants stay text, as the provider wrote them: the shape of FOCUS reads and checks them.
    """
    converter = next((one for one in CONVERTERS if one.recognises(frame.columns)), None)
    if converter is None:
        raise ContractError(
            "these columns are neither FOCUS nor a cost report of AWS, Azure, Google Cloud or Oracle: say --table"
        )
    marks = {"x_FocusVersion": pl.lit(VERSION), "x_ConvertedFrom": pl.lit(converter.NAME)}
    return converter.convert(frame.lazy()).with_columns(**marks).collect(), converter.NAME
