"""The `aurora` command. Every command is thin: it loads the settings, calls one function, prints what came back."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from aurora import __version__
from aurora.arguments import places_first
from aurora.cli_demo import demo
from aurora.cli_export import export
from aurora.cli_gate import gate
from aurora.cli_record import record
from aurora.cli_report import report
from aurora.errors import AuroraError, SettingsError, UsageError

if TYPE_CHECKING:
    from aurora.settings import Settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Aurora: a Tech Command Center.")
cli.add_typer(demo, name="demo")
slo = typer.Typer(no_args_is_help=True, help="Objectives of other tools.")
cli.add_typer(slo, name="slo")
cli.add_typer(record, name="record")
cli.add_typer(export, name="export")
cli.command()(report)
cli.command()(gate)
# In a pipe, lines are not cut to a terminal's width; what is printed may come from outside and is no markup.
out = Console(width=None if sys.stdout.isatty() else 240, markup=False, highlight=False)
err = Console(stderr=True, markup=False, highlight=False)

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder of lake and warehouse.")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="The settings file.")]
_given: dict[str, Path | None] = {}


@cli.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    data: DataOption = None,
    config: ConfigOption = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Options of every command."""
    _given.update(data=data, config=config)
    context.obj = _settings
    if version:
        print(f"aurora {__version__}")
        raise typer.Exit


@cli.command()
def up(
    port: Annotated[int | None, typer.Option(help="Port of the web app.")] = None,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Start without the demo estate.")] = False,
) -> None:
    """Start worker and web, and keep them running."""
    from aurora.commands import check_settings
    from aurora.up import up as start
    from aurora.up import write_template

    settings = _settings(port)
    if write_template(settings.config):
        out.print(f"Wrote {settings.config}: your sources go there.")
        settings = _settings(port)
    check_settings(settings)
    if no_demo:
        os.environ["AURORA_NO_DEMO"] = "1"
    out.print(f"Aurora {__version__} starts on {settings.data}")
    raise typer.Exit(start(settings, out.print))


@cli.command()
def ingest(sources: Annotated[list[str] | None, typer.Argument(help="Names; all if none is given.")] = None) -> None:
    """Run sources once, now."""
    from aurora.commands import ingest_now

    raise typer.Exit(ingest_now(_settings(), sources or [], out))


@cli.command("import")
def import_files(
    files: Annotated[list[str], typer.Argument(help="Files; of FOCUS folders too, and s3://bucket/prefix.")],
    format: Annotated[
        str | None, typer.Option(help="csv, parquet, jsonl, focus, junit, cobertura, lcov or jacoco.")
    ] = None,
    table: Annotated[str | None, typer.Option(help="Canonical table; else the file's stem.")] = None,
    source: Annotated[str | None, typer.Option(help="source_instance; else the file's stem.")] = None,
    app: Annotated[str | None, typer.Option(help="app_id for rows that have none.")] = None,
    repo: Annotated[str | None, typer.Option(help="repo_id or full name of the repository, likewise.")] = None,
    sha: Annotated[str | None, typer.Option(help="Commit, likewise.")] = None,
    check: Annotated[bool, typer.Option("--check", help="FOCUS: report only, land nothing.")] = False,
    estimated: Annotated[bool, typer.Option("--estimated", help="FOCUS: there is no invoice yet.")] = False,
) -> None:
    """Land files in canonical tables; importing twice changes nothing more. The format is found out if not said."""
    from aurora.commands import import_now

    said = {"format": format, "table": table, "source_instance": source, "app_id": app, "repo": repo, "sha": sha}
    raise typer.Exit(import_now(_settings(), files, said | {"is_check": check, "is_estimated": estimated}, out))


@cli.command()
def sql(
    query: str,
    format: Annotated[str, typer.Option(help="table, csv, json or parquet.")] = "table",
) -> None:
    """Ask the published warehouse."""
    from aurora.commands import ask

    ask(_settings(), query, format, out)


@cli.command()
def sources() -> None:
    """List connectors and sources with their freshness and last error."""
    from aurora.commands import list_sources

    list_sources(_settings(), out)


@cli.command()
def registry() -> None:
    """Print the register of applications as TOML, edits made on pages included."""
    from aurora.commands import print_registry

    print_registry(_settings())


@cli.command()
def doctor() -> None:
    """Say in plain words what is wrong and what to do."""
    from aurora.doctor import examine

    findings = examine(_settings())
    for finding in findings:
        sign = ("✕ ", "red") if finding.is_wrong else ("● ", "green")
        out.print(Text.assemble(sign, finding.text), soft_wrap=True)
    raise typer.Exit(1 if any(finding.is_wrong for finding in findings) else 0)


@cli.command()
def maintain() -> None:
    """Compact, checkpoint and vacuum the lake now."""
    from aurora.commands import maintain_now

    maintain_now(_settings(), out)


@cli.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Benchmarks; all if none is given.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures there.")] = None,
) -> None:
    """Measure Aurora against named floors and peers in the same run."""
    from aurora.bench.frame import run_benchmarks

    raise typer.Exit(run_benchmarks(names or [], json_file, out))


@slo.command("import")
def slo_import(file: Path, app: Annotated[str | None, typer.Option(help="app_id; else its service.")] = None) -> None:
    """Print objectives of a Sloth or OpenSLO file as TOML for slos.toml."""
    from aurora.slo_import import import_slos

    raise typer.Exit(import_slos(file, app, err))


@cli.command(hidden=True)
def web() -> None:
    """The web process (started by `up`)."""
    from aurora.gateway.server import serve

    serve(_settings())


@cli.command(hidden=True)
def worker() -> None:
    """The worker process (started by `up`)."""
    from aurora.commands import work

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work(_settings())


def _settings(port: int | None = None) -> "Settings":
    from aurora.settings import load

    return load(_given.get("data"), _given.get("config"), port)


def run(words: list[str]) -> int:
    """Run the command that these words name; 0, 1 for a sentence of trouble, 2 for wrong settings or words."""
    try:
        return int(cli(places_first(words), prog_name="aurora", standalone_mode=False) or 0)
    except (SettingsError, UsageError) as error:
        return _say(error, 2)
    except AuroraError as error:
        return _say(error, 1)
    except OSError as error:
        place = error.filename or "the disk or a connection"
        return _say(AuroraError(f"{place}: {error.strerror or error}: mend that, or choose another --data"), 1)
    except typer.Abort:
        return 1
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if code is None:
            raise
        show = getattr(error, "show", None)
        if show:
            show()
        return int(code)


def main() -> None:
    """Run the command of this process and end with its code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    code = run(sys.argv[1:])
    # Native threads of the lake and the warehouse abort a process that finalises under them: end without finalising.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _say(error: AuroraError, code: int) -> int:
    err.print(Text.assemble(("✕ ", "red"), str(error)), soft_wrap=True)
    return code


if __name__ == "__main__":
    main()
