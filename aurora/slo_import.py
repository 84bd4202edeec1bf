"""`aurora slo import`: objectives of Sloth and OpenSLO, printed as entries of the registry."""

from pathlib import Path

from rich.console import Console

from aurora.errors import ContractError
from ingest.catalog.yaml_documents import MAX_BYTES
from ingest.objectives.files import as_toml, read
from ingest.registry.fields import SLUG


def import_slos(file: Path, app: str | None, err: Console) -> int:
    """Print TOML for what could be taken over, and to `err` what could not; 1 if that was everything.

    Raises ContractError for a file that is none of these.
    """
    if app is not None and not SLUG.fullmatch(app):
        raise ContractError(f'--app {app}: write the id of an application: lower-case letters, digits and "-"')
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        found = read(data, app)
    except ContractError as error:
        raise ContractError(f"{file}: {error}") from error
    for line, sentence in found.notes:
        err.print(f"{file}, line {line}: {sentence}", soft_wrap=True)
    for line, sentence in found.left_out:
        err.print(f"{file}, line {line}: left out: {sentence}", soft_wrap=True)
    if not found.entries:
        return 1
    print(as_toml(found, file.name), end="")
    return 0
