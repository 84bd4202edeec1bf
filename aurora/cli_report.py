"""`aurora report`: a report of a month as a file."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="executive, finance, delivery, reliability, security or mobile.")],
    month: Annotated[str | None, typer.Option(help="Such as 2026-10; else the last full month.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write: .pdf or .html; else it is kept with the others.")
    ] = None,
    again: Annotated[str | None, typer.Option(help="Id of a run: from the same state of the lake as that one.")] = None,
) -> None:
    """Write a report of a month as PDF or HTML."""
    from aurora.reports.again import write_report

    typer.echo(write_report(context.find_root().obj(), name, month, out, again))
