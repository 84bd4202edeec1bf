"""Documents that are generated: data dictionary, connectors, the lists in README. `make docs` writes them."""

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from aurora.contracts import COMMON, TABLES, Table
from aurora.contracts.columns import words_of
from aurora.settings import ROOT
from aurora.ui.navigation import page_files
from ingest.connector import load_connectors
from warehouse.model import Model, load_models


def documents() -> dict[Path, str]:
    """Path -> what must stand there."""
    readme = ROOT / "README.md"
    return {
        ROOT / "docs" / "data-dictionary.md": data_dictionary(),
        ROOT / "docs" / "connectors.md": connectors(),
        readme: between_markers(readme.read_text(encoding="utf-8"), "lists", readme_lists()),
    }


def data_dictionary() -> str:
    """Every table and mart with its columns, for people who write SQL."""
    lines = [
        "# Data dictionary",
        "",
        "Generated from the contracts and models by `make docs`. Instants are UTC; null is not reported; units stand",
        "in the names (`_pct` 0-100, `_ratio` 0-1, `_ms`, `_s`, `_bytes`; money is DECIMAL(38,18) with `currency`).",
        f"Every table also has {', '.join(f'`{name}`' for name in COMMON)}.",
        "",
        "## Tables",
    ]
    for _, table in sorted(TABLES.items()):
        lines += ["", *_table(table)]
    lines += [
        "",
        "## Marts",
        "",
        "Views, or table macros where they take arguments: `from health_series(since := ...)`.",
    ]
    for model in sorted(load_models(), key=lambda model: model.name):
        lines += ["", *_mart(model)]
    return "\n".join(lines) + "\n"


def _table(table: type[Table]) -> Iterator[str]:
    spec = table.spec
    part = f"by {spec.part} of `{spec.part_of}`" if spec.part else "not partitioned"
    yield f"### {spec.name}"
    yield ""
    yield spec.sentence
    key = ", ".join(f"`{name}`" for name in spec.key)
    yield f"Key {key}; time `{spec.time}`; {part}; {spec.mode}; written by {spec.owner}."
    yield ""
    yield "| column | type | required | meaning |"
    yield "|---|---|---|---|"
    columns = table.columns()
    for name in table.own_columns():
        if name in COMMON:
            continue
        column = columns[name]
        words = ", ".join(words_of(column))
        note = "; ".join(part for part in (column.description or "", f"one of {words}" if words else "") if part)
        yield f"| `{name}` | {_kind(column.dtype)} | {'' if column.nullable else 'yes'} | {note.replace('|', '/')} |"


def _kind(kind: pl.DataType) -> str:
    if isinstance(kind, pl.Datetime):
        return "timestamp"
    if isinstance(kind, pl.Decimal):
        return f"decimal({kind.precision},{kind.scale})"
    if isinstance(kind, pl.List):
        return "bigint[]" if kind.inner == pl.Int64 else "varchar[]"
    names = {pl.String: "varchar", pl.Int64: "bigint", pl.Float64: "double", pl.Boolean: "boolean", pl.Date: "date"}
    return names.get(type(kind), "blob")


def _mart(model: Model) -> Iterator[str]:
    arguments = f"({', '.join(model.takes)})" if model.takes else ""
    yield f"### {model.name}{arguments}"
    yield ""
    yield f"{model.sentence} Grain: {', '.join(f'`{name}`' for name in model.grain)}."


def connectors() -> str:
    """Every connector with what it reads, what it needs, its streams and options."""
    lines = ["# Connectors", "", "Generated from ingest/connectors by `make docs`."]
    for name, connector in load_connectors().items():
        lines += ["", f"## {name}", "", connector.about.strip(), "", "| stream | runs every | lands |", "|---|---|---|"]
        for stream in connector.streams.values():
            tables = ", ".join(f"`{table.spec.name}`" for table in stream.tables)
            lines.append(f"| {stream.name} | {int(stream.every.total_seconds())} s | {tables} |")
        fields = connector.options.model_fields
        lines += ["", "Options: " + (", ".join(f"`{field}`" for field in fields) if fields else "none") + "."]
    return "\n".join(lines) + "\n"


def readme_lists() -> str:
    """The lists in README."""
    pages = [f"{page.title} ({page.sentence.rstrip('.')})" for page in page_files(ROOT / "pages") if not page.is_hidden]
    return "\n".join(
        [
            f"- **Connectors**: {', '.join(load_connectors())}",
            f"- **Pages**: {'; '.join(pages)}",
            f"- **Tables**: {len(TABLES)}, **marts**: {len(load_models())}: "
            "see [the data dictionary](docs/data-dictionary.md)",
        ]
    )


def between_markers(text: str, name: str, content: str) -> str:
    """The text with what stands between <!-- name --> and <!-- /name --> replaced."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    return re.sub(pattern, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL)


def main() -> None:
    """Write all documents."""
    for path, content in documents().items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
