"""Vega-Lite specifications as pictures, with the fonts of aurora.fonts; nothing is fetched."""

from functools import lru_cache
from typing import Any

import vl_convert

from aurora.fonts import folders

Spec = dict[str, Any]


def png(spec: Spec, scale: float, config: Spec | None = None) -> bytes:
    """The drawing as PNG, so many pixels for each point."""
    _with_fonts()
    return vl_convert.vegalite_to_png(spec, scale=scale, config=config, allowed_base_urls=[])


def svg(spec: Spec, config: Spec | None = None) -> str:
    """The drawing as vectors; its ids are counted through the life of the process."""
    _with_fonts()
    return str(vl_convert.vegalite_to_svg(spec, config=config, allowed_base_urls=[]))


@lru_cache(maxsize=1)
def _with_fonts() -> None:
    for folder in folders():
        vl_convert.register_font_directory(str(folder))
