"""`aurora demo`: the demo estate out, or back in."""

import sys

import typer
from rich.console import Console

demo = typer.Typer(no_args_is_help=True, help="Take the demo estate out, or back in.")


@demo.command()
def remove(context: typer.Context) -> None:
    """Remove every row of the demo estate, for good."""
    from aurora.demo_commands import remove_demo

    remove_demo(context.find_root().obj(), _out())


@demo.command()
def add(context: typer.Context) -> None:
    """Bring the demo estate back."""
    from aurora.demo_commands import add_demo

    add_demo(context.find_root().obj(), _out())


def _out() -> Console:
    return Console(width=None if sys.stdout.isatty() else 240, markup=False, highlight=False)
