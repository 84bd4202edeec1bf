"""Parquet: columns keep their kinds; instants must carry a zone."""

from pathlib import Path

import polars as pl

ENDINGS = (".parquet",)


def read(path: Path) -> pl.DataFrame:
    """The file as a frame."""
    return pl.read_parquet(path)
