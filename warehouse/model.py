"""Models: one .sql file per mart, with its sentence, grain, checks and arguments in the header.

    -- One row per component: judged status with its reason.
    -- grain: component_id
    -- check: age_s >= 0
    -- takes: since, until

A model that takes arguments is published as a table macro, any other as a view; one with `-- stored: yes` as a table
that is filled again only when something that it reads has other rows, for marts that many others read.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aurora.contracts import TABLES
from warehouse import review_words

FOLDER = Path(__file__).parent / "models"
MACROS = Path(__file__).parent / "macros.sql"


@dataclass(frozen=True)
class Model:
    """A mart: its name (the file's stem), subject (the folder), header and SELECT."""

    name: str
    subject: str
    sentence: str
    grain: tuple[str, ...]
    checks: tuple[str, ...]
    takes: tuple[str, ...]
    sql: str
    is_stored: bool = False

    @property
    def ddl(self) -> str:
        """The statement that publishes it."""
        if self.is_stored:
            return f"CREATE OR REPLACE TABLE {self.name} AS {self.sql}"
        if self.takes:
            return f"CREATE OR REPLACE MACRO {self.name}({', '.join(self.takes)}) AS TABLE {self.sql}"
        return f"CREATE OR REPLACE VIEW {self.name} AS {self.sql}"


@lru_cache(maxsize=1)
def load_models() -> tuple[Model, ...]:
    """All models, each after those that it reads. Raises ValueError for a model without a sentence or a grain."""
    models = {path.stem: _parse(path) for path in sorted(FOLDER.glob("*/*.sql"))}
    done: dict[str, Model] = {}
    for name in models:
        _visit(name, models, done, ())
    return tuple(done.values())


def macros() -> str:
    """The statements that define the functions of models and pages: those of macros.sql, and those of review words."""
    return f"{MACROS.read_text(encoding='utf-8')}\n{review_words.macros()}"


def models_hash() -> str:
    """Changes when any model or macro changes."""
    told = [macros(), *(model.ddl for model in load_models())]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def sources_read() -> dict[str, frozenset[str]]:
    """Model -> canonical tables and stored models that it reads, directly or through models that are not stored."""
    read: dict[str, frozenset[str]] = {}
    stored = {model.name for model in load_models() if model.is_stored}
    for model in load_models():
        words = _words(model.sql)
        views = words & read.keys() - stored
        read[model.name] = frozenset(words & (TABLES.keys() | stored)).union(*(read[name] for name in views))
    return read


def _words(sql: str) -> set[str]:
    return set(re.findall(r"\b[a-z_][a-z0-9_]*\b", sql))


def _visit(name: str, models: dict[str, Model], done: dict[str, Model], path: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in path:
        raise ValueError(f"models read each other in a circle: {' -> '.join([*path, name])}")
    for other in sorted(_words(models[name].sql) & models.keys() - {name}):
        _visit(other, models, done, (*path, name))
    done[name] = models[name]
    if models[name].is_stored and (models[name].takes or _asks_the_clock(name, done)):
        raise ValueError(f"model {name} is stored, so it can neither take arguments nor read utc_now()")


def _asks_the_clock(name: str, models: dict[str, Model]) -> bool:
    words = _words(models[name].sql)
    return "utc_now" in words or any(_asks_the_clock(other, models) for other in words & models.keys() - {name})


def _parse(path: Path) -> Model:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    sql = "\n".join(line for line in lines if not line.startswith("--")).strip().rstrip(";")
    fields: dict[str, list[str]] = {"grain": [], "check": [], "takes": [], "stored": []}
    sentence = []
    for line in header:
        word, colon, rest = line.partition(":")
        if colon and word in fields:
            fields[word].append(rest.strip())
        else:
            sentence.append(line)
    if not sentence or not fields["grain"]:
        raise ValueError(f"{path}: a model starts with one sentence and `-- grain: columns`")
    return Model(
        path.stem,
        path.parent.name,
        " ".join(sentence),
        _names(fields["grain"]),
        tuple(fields["check"]),
        _names(fields["takes"]),
        sql,
        bool(fields["stored"]),
    )


def _names(lines: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for line in lines for name in line.split(",") if name.strip())
