"""Pages found by walking pages/<section>/<page>.py; each states title, icon and order in its docstring.

    \"\"\"System Health: the status of every component.

    icon: monitor_heart
    order: 20
    \"\"\"

A page without a title before the colon would have no name, so that is an error; `hidden: yes` keeps it out of the menu.
"""

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

NO_HEADER = ""


@dataclass(frozen=True)
class PageFile:
    """What a page says about itself."""

    path: Path
    title: str
    sentence: str
    icon: str
    order: int
    is_hidden: bool

    @property
    def url_path(self) -> str:
        """The page's address below the root."""
        return self.path.stem.replace("_", "-")


@lru_cache(maxsize=1)
def page_files(folder: Path) -> tuple[PageFile, ...]:
    """All pages, in menu order."""
    return tuple(sorted((_parse(path) for path in folder.glob("*/*.py")), key=lambda page: page.order))


def sections(folder: Path) -> dict[str, list[StreamlitPage]]:
    """Section title -> pages, for st.navigation; the first page is the one at the root."""
    pages = page_files(folder)
    menu: dict[str, list[StreamlitPage]] = {}
    for page in pages:
        section = NO_HEADER if page.path.parent.name == "command" else page.path.parent.name.capitalize()
        menu.setdefault(section, []).append(
            st.Page(
                page.path,
                title=page.title,
                icon=f":material/{page.icon}:",
                url_path=page.url_path,
                default=page is pages[0],
                visibility="hidden" if page.is_hidden else "visible",
            )
        )
    return menu


def _parse(path: Path) -> PageFile:
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    title, colon, sentence = told.partition("\n")[0].partition(": ")
    if not colon:
        raise ValueError(f'{path}: a page\'s docstring starts with "Title: sentence"')
    fields = dict(re.findall(r"^(icon|order|hidden): *(.+)$", told, re.MULTILINE))
    return PageFile(
        path, title, sentence, fields.get("icon", "circle"), int(fields.get("order", 100)), "hidden" in fields
    )
