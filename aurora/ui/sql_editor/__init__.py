"""The SQL editor: CodeMirror with DuckDB's words and the catalog's, a plain text area where it cannot be loaded."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from aurora.ui import codemirror
from aurora.ui.sql_editor.words import Snippet, words

HERE = Path(__file__).parent
KEY = "sql-editor"
PLACEHOLDER = "select … from …"
_component = st.components.v2.component(
    "aurora_sql_editor",
    html='<div class="editor"></div>',
    css=(HERE / "editor.css").read_text(encoding="utf-8"),
    js=(HERE / "editor.js").read_text(encoding="utf-8"),
)


@dataclass
class Draft:
    """What stands in the editor; `given` is what it was last given from outside, the `revision`-th time."""

    text: str = ""
    selected: str = ""
    given: str = ""
    revision: int = 0
    inserts: int = 0
    insert: dict[str, Any] | None = field(default=None)

    def replace(self, text: str) -> None:
        """Put another text in the editor's place."""
        self.text, self.given, self.selected, self.insert = text, text, "", None
        self.revision += 1

    def add(self, text: str) -> None:
        """Insert a text where the cursor stands."""
        self.inserts += 1
        self.insert = {"id": self.inserts, "text": text}

    def hear(self, typed: Any) -> None:
        """Take over what the browser says stands there, unless that was before the last replacement."""
        if isinstance(typed, dict) and typed.get("revision") == self.revision:
            self.text, self.selected = str(typed.get("text", "")), str(typed.get("selected", self.selected))


@dataclass(frozen=True)
class Asked:
    """What was asked for in the editor: `run` is the SQL to run now, `is_format` to lay it out anew."""

    run: str | None
    is_format: bool


def sql_editor(draft: Draft, snippets: tuple[Snippet, ...] = ()) -> Asked:
    """Draw the editor over the draft, which follows what is typed; what was asked for by a key in it."""
    if not st.session_state.get(KEY):
        draft.given = draft.text  # drawn anew: the browser knows nothing yet
    data = {
        "text": draft.given, "revision": draft.revision, "insert": draft.insert, "modules": codemirror.addresses(),
        "words": words(snippets), "placeholder": PLACEHOLDER,
    }  # fmt: skip
    told = _component(key=KEY, data=data, on_typed_change=_nothing, on_run_change=_nothing, on_format_change=_nothing)
    draft.hear(told.get("typed"))
    run = told.get("run")
    if isinstance(run, dict):
        draft.hear(run)
    return Asked(str(run["sql"]) if isinstance(run, dict) else None, bool(told.get("format")))


def _nothing() -> None:
    """Streamlit tells only what has a callback."""
