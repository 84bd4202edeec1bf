"""CSV with a header: every cell is text, an empty cell is null."""

from pathlib import Path

import polars as pl

ENDINGS = (".csv",)


def read(path: Path) -> pl.DataFrame:
    """The file as a frame of text; row n stands on line n + 2."""
    return pl.read_csv(path, infer_schema=False, missing_utf8_is_empty_string=False, truncate_ragged_lines=False)
