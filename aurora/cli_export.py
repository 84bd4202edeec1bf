"""`aurora export`: what other tools and people without Aurora read."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from aurora.errors import UsageError

export = typer.Typer(no_args_is_help=True, help="Write files for other tools.")


@export.callback()
def about() -> None:
    """Write files for other tools."""


@export.command()
def focus(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="File to write: .csv, .csv.gz or .parquet.")],
    since: Annotated[str | None, typer.Option(help="First billing period, such as 2026-01-01.")] = None,
    until: Annotated[str | None, typer.Option(help="Billing periods before this day.")] = None,
    source: Annotated[str | None, typer.Option(help="source_instance; else all.")] = None,
) -> None:
    """Write charge lines in the columns of FOCUS."""
    from warehouse.focus_export import export_focus
    from warehouse.query import Warehouse

    first, end = day("--since", since), day("--until", until)
    settings = context.find_root().obj()
    count = export_focus(Warehouse(settings.data / "published"), out, first, end, source)
    typer.echo(f"{out}: {count:,} rows")


def day(option: str, text: str | None) -> date | None:
    """A day, None for none. Raises UsageError."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"{option} {text!r} is no day: write one such as 2026-03-01") from None


@export.command()
def dashboard(context: typer.Context, dashboard_id: str) -> None:
    """Print a dashboard and its questions as TOML; Dashboards imports such a file."""
    from aurora.explore.dashboards import printed
    from warehouse.query import Warehouse

    typer.echo(printed(Warehouse(context.find_root().obj().published), dashboard_id), nl=False)
