"""The fonts of what is printed: Source Sans, as the pages have it, and DejaVu for all other scripts and signs.

They come with packages of which only these files are used; nothing of them is imported.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

FAMILIES = ("Source Sans Pro", "DejaVu Sans")
_PLACES = {"font_source_sans_pro": "files", "matplotlib": "mpl-data/fonts/ttf"}


@lru_cache(maxsize=1)
def folders() -> tuple[Path, ...]:
    """The folders in which the fonts lie, without those of packages that are not installed."""
    found = []
    for package, folder in _PLACES.items():
        spec = find_spec(package)
        found += [Path(place) / folder for place in (spec.submodule_search_locations or [] if spec else [])]
    return tuple(folder for folder in found if folder.is_dir())
