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
    """Index of the line that opens the block of the setting: its n-th [[a.b]], else [a.b]; 0 where none does."""
    number = next((part for part in place if isinstance(part, int)), None)
    names = list(place[: place.index(number)] if number is not None else place[:-1])
    header = r"\.".join(re.escape(str(name)) for name in names)
    pattern = rf"\s*\[\[{header}\]\]" if number is not None else rf"\s*\[{header}\]"
    starts = [place for place, line in enumerate(lines) if header and re.match(pattern, line)]
    return starts[number or 0] if (number or 0) < len(starts) else 0
