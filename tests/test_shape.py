"""The shape of the code: small files, small functions, a docstring on each module, no special case for the demo."""

import ast
import re
from pathlib import Path

import pytest

from tests.frames import ROOT

FOLDERS = ("aurora", "ingest", "warehouse", "pages")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
FILES += [path for path in (ROOT / "app.py",) if path.exists()]
LONGEST_FILE, LONGEST_FUNCTION = 250, 40
each_file = pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body: signature and docstring explain, they are not counted."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@each_file
def test_a_file_is_read_in_one_sitting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if "contracts" not in path.parts:
        assert len(text.splitlines()) < LONGEST_FILE
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f"{node.name}: {_lines(node)}" for node in functions if _lines(node) > LONGEST_FUNCTION] == []


@each_file
def test_a_module_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "a module begins with a docstring"


def test_nothing_treats_the_demo_estate_differently() -> None:
    """Demo rows go the way of all rows: a screen that knows of them could show what no real source can."""
    folders = (ROOT / "pages", ROOT / "aurora" / "insights", ROOT / "warehouse")
    special = re.compile(
        r"""source_instance['"\])\s]*(?:==|=|!=|<>|in|is)\s*\(?\s*['"]demo['"]|['"]demo['"]\s*(?:==|!=|in)""", re.I
    )
    assert special.search("where source_instance <> 'demo'")
    assert special.search('row["source_instance"] == "demo"')
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".sql")]
    assert len(files) > 20
    assert [str(path) for path in files if special.search(path.read_text(encoding="utf-8"))] == []


def test_nothing_tells_of_the_machine_it_was_made_on() -> None:
    told = re.compile(r"/work/|/home/\w+|/Users/\w+|localhost:4\d{3}")
    files = [*FILES, *(ROOT / "warehouse").rglob("*.sql")]
    assert [str(path) for path in files if told.search(path.read_text(encoding="utf-8"))] == []
