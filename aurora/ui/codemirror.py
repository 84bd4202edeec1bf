"""CodeMirror's ES modules: where they lie on this machine, and whether this process serves them.

They come with the nicegui package, which is never imported: its files are served as they are.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path("elements") / "codemirror" / "dist"
ADDRESS = "/editor"
EXPORTS = re.compile(r"export\{[^}]*\bas SQLDialect\b[^}]*\bas sql\b[^}]*\}")


@dataclass
class _State:
    is_served: bool = False


_state = _State()


@lru_cache(maxsize=1)
def folder() -> Path | None:
    """The folder of the modules, None where the package is not installed."""
    spec = find_spec("nicegui")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / FOLDER / "index.js").is_file():
            return Path(place) / FOLDER
    return None


@lru_cache(maxsize=1)
def sql_module() -> str | None:
    """The name of the file that has the SQL language; it is a part of another name in each version."""
    place = folder()
    files = sorted(place.glob("*.js")) if place else []
    return next((file.name for file in files if EXPORTS.search(file.read_text(encoding="utf-8"))), None)


def served() -> None:
    """Say that this process serves `folder()` under `ADDRESS`."""
    _state.is_served = True


def addresses() -> list[str] | None:
    """The addresses of CodeMirror and of its SQL language; None where nobody serves them."""
    language = sql_module() if _state.is_served else None
    return [f"{ADDRESS}/index.js", f"{ADDRESS}/{language}"] if language else None
