"""On which line of aurora.toml a setting stands, for messages that send people there."""

import re
from pathlib import Path


def line_of(path: Path, place: tuple[str | int, ...]) -> int:
    """Line on which the setting at `place` stands (its block's first line if the key is absent), 1-based."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 1
    start = _block_start(lines, place)
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    for number in range(start, len(lines)):
        if number > start and lines[number].lstrip().startswith("["):
            break
        if re.match(rf'\s*"?{re.escape(key)}"?\s*=', lines[number]):
            return number + 1
    return start + 1


def _block_start(lines: list[str], place: tuple[str | int, ...]) -> int:
    if not place or place[0] != "source" or len(place) < 2 or not isinstance(place[1], int):
        return 0
    starts = [number for number, line in enumerate(lines) if re.match(r"\s*\[\[source\]\]", line)]
    return starts[place[1]] if place[1] < len(starts) else 0
