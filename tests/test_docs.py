"""Generated documents say what is true now, and README stays short."""

import re

import pytest

from aurora.docs import documents
from aurora.settings import ROOT


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_generated_documents_are_up_to_date(path: "object") -> None:
    wanted = {str(name): text for name, text in documents().items()}
    assert (ROOT / str(path)).read_text(encoding="utf-8") == wanted[str(path)], "run `make docs`"


def test_readme_is_short_and_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} leads to {target}"
