"""`aurora record`: what pipelines and people tell Aurora; seen on the pages as soon as the command returns."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from aurora.errors import UsageError

record = typer.Typer(no_args_is_help=True, help="Tell Aurora what has happened.")


@record.callback()
def about() -> None:
    """Tell Aurora what has happened."""


@record.command()
def deployment(
    context: typer.Context,
    app: Annotated[str, typer.Option(help="app_id.")],
    env: Annotated[str, typer.Option(help="Environment, such as production or staging.")],
    status: Annotated[str, typer.Option(help="queued, running, blocked, success, failed, rolled_back or cancelled.")],
    version: Annotated[str | None, typer.Option(help="What is deployed.")] = None,
    sha: Annotated[str | None, typer.Option(help="Its commit.")] = None,
    id: Annotated[
        str | None, typer.Option(help="Id of your own, such as the build's: the same one for each status.")
    ] = None,
    tier: Annotated[
        str | None, typer.Option(help="production, staging, testing or development, if env does not tell.")
    ] = None,
    started: Annotated[
        str | None, typer.Option(help="Such as 2026-03-01T10:00:00Z; else now if it is running.")
    ] = None,
    finished: Annotated[str | None, typer.Option(help="Likewise; else now if it has ended.")] = None,
    repo: Annotated[str | None, typer.Option(help="repo_id or full name of the repository.")] = None,
    url: Annotated[str | None, typer.Option(help="Where it can be seen.")] = None,
    actor: Annotated[str | None, typer.Option(help="Who deploys.")] = None,
    rollback_plan: Annotated[str | None, typer.Option(help="How to go back.")] = None,
    change: Annotated[list[str] | None, typer.Option(help="A change that it brings; again for each.")] = None,
) -> None:
    """Record a deployment or its new status. Repeating it changes nothing; for the same version anew give an --id."""
    from aurora.commands import record_now

    told = {"app_id": app, "environment": env, "status": status, "version": version, "sha": sha, "id": id}
    told |= {"env_tier": tier, "url": url, "actor": actor, "rollback_plan": rollback_plan}
    settings = context.find_root().obj()
    times = {"started_at": instant("--started", started), "finished_at": instant("--finished", finished)}
    typer.echo(record_now(settings, repo, {**told, **times, "changes": tuple(change or ())}))


def instant(option: str, text: str | None) -> datetime | None:
    """An instant with a zone, None for none. Raises UsageError."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r} is no instant: write one such as 2026-03-01T10:00:00Z") from None
    if at.tzinfo is None:
        raise UsageError(f"{option} {text!r} tells no zone: write it such as 2026-03-01T10:00:00Z")
    return at.astimezone(UTC)
