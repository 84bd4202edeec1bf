"""`aurora gate`: a step of a pipeline that stops where a release rule does."""

from typing import Annotated

import typer
from rich.console import Console


def gate(
    context: typer.Context,
    app: Annotated[str, typer.Argument(help="app_id of the application.")],
    rule: Annotated[list[str] | None, typer.Option(help="rule_id; all release rules if none is given.")] = None,
) -> None:
    """Say whether an application may be released; ends with 0 for go, 3 for hold, 4 for halt."""
    from aurora.gate_command import gate_now

    raise typer.Exit(gate_now(context.find_root().obj(), app, rule or [], Console()))
