"""A YAML file of objectives in, the text of a registry file out. Pure."""

from collections.abc import Iterable

import tomli_w

from aurora.errors import ContractError
from ingest.catalog.yaml_documents import BrokenFileError, Fields, Refused, documents
from ingest.objectives import openslo, sloth
from ingest.objectives.promql import Selector
from ingest.objectives.reading import Found

# A query of a minute at the step of the source that reads it, 15 s unless it says otherwise.
_SAMPLED = '{{ metric = "{name}", query = "{name}", unit = "1", agg = "last" }}'
_LANDED = '{{ metric = "{name}", query = "15 * sum{by} (rate({name}[1m]))", unit = "1", agg = "sum" }}'


def tool_of(data: bytes) -> str | None:
    """The tool whose objectives these are: Sloth or OpenSLO; None if they are of neither, or this is no YAML."""
    try:
        found = [document for document in documents(data) if isinstance(document, Fields)]
    except BrokenFileError:
        return None
    if any(map(sloth.is_sloth, found)):
        return "Sloth"
    return "OpenSLO" if any(map(openslo.is_openslo, found)) else None


def read(data: bytes, app: str | None = None) -> Found:
    """All objectives of a file. Raises ContractError if it holds none of Sloth or OpenSLO, told without its name."""
    found, ours = Found(app), list[Fields]()
    try:
        for document in documents(data):
            if isinstance(document, Refused):
                found.left_out.append((document.line, f"a document {document.message}"))
            elif sloth.is_sloth(document):
                sloth.read(document, found)
            elif openslo.is_openslo(document):
                ours.append(document)
    except BrokenFileError as error:
        raise ContractError((f"line {error.line}: " if error.line else "") + f"it {error}") from error
    openslo.read(ours, found)
    if not (found.entries or found.left_out):
        raise ContractError("it holds no objectives of Sloth (prometheus/v1) or OpenSLO (openslo/v1)")
    return found


def as_toml(found: Found, origin: str) -> str:
    """The entries as a registry file, headed by what has to be read for them."""
    head = [
        f"From {origin}. Counted are the points of these metrics; a source of Prometheus may land them with",
        "metrics = [",
    ]
    head += [f"  {line}," for line in _needed(found.counted)] + ["]"]
    body = tomli_w.dumps({"slo": found.entries}, multiline_strings=True)
    return "".join(f"# {line}\n" for line in head) + "\n" + body


def _needed(counted: Iterable[Selector]) -> list[str]:
    labels: dict[tuple[str, bool], set[str]] = {}
    for one in counted:
        labels.setdefault((one.metric, one.function == "last"), set()).update(name for name, *_ in one.labels)
    return [
        (_SAMPLED if is_gauge else _LANDED).format(name=name, by=f" by ({', '.join(sorted(used))})" if used else "")
        for (name, is_gauge), used in sorted(labels.items())
    ]
