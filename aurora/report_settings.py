"""The settings of reports: [report] in aurora.toml."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from aurora.errors import SettingsError
from aurora.receive import Block

FORMATS = {".svg": "svg", ".png": "png", ".jpg": "jpg", ".jpeg": "jpg"}
LARGEST_LOGO = 1_000_000
LEAST_CONTRAST = 4.5
FOLDER = "folder"
Name = Literal["executive", "finance", "delivery", "reliability", "security", "mobile"]


def contrast(hue: str) -> float:
    """Contrast of a colour (#RRGGBB) with white, as WCAG 2 counts it: 1 to 21."""
    parts = [int(hue[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def _accent(hue: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", hue):
        raise ValueError(f'{hue!r}: write a colour as "#RRGGBB", such as "#0369A1"')
    if contrast(hue) < LEAST_CONTRAST:
        told = f"its contrast is {contrast(hue):.1f}, and 4.5 is the least"
        raise ValueError(f"{hue} cannot be read on white paper ({told}): write a darker colour")
    return hue.upper()


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f'{text!r} is no time of day: write one such as "07:00" (UTC)')
    return text


def _to(target: str) -> str:
    if target != FOLDER and not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", target):
        raise ValueError('write "folder", or "env:NAME" of a variable that holds a mailto:// or mailtos:// address')
    return target


def _logo(path: Path) -> Path:
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{str(path)!r}: write the path of a picture that ends in .svg, .png or .jpg")
    return path


class Schedule(Block):
    """One [[report.schedule]]: the report of the month before, on that day of each month at that time (UTC)."""

    report: Name
    day: int = Field(default=2, ge=1, le=28)
    time: Annotated[str, AfterValidator(_clock)] = "07:00"
    format: Literal["pdf", "html"] = "pdf"
    to: tuple[Annotated[str, AfterValidator(_to)], ...] = Field(default=(FOLDER,), min_length=1)


class ReportSettings(Block):
    """`logo` and `folder` stand beside aurora.toml; without `folder` reports are kept in the data folder.

    `questions`: saved questions, by their ids, that stand at the end of a report.
    """

    company: str = Field(default="", max_length=80)
    accent: Annotated[str, AfterValidator(_accent)] = "#0369A1"
    logo: Annotated[Path, AfterValidator(_logo)] | None = None
    folder: Path | None = None
    questions: dict[Name, tuple[str, ...]] = {}
    schedule: tuple[Schedule, ...] = ()

    def logo_beside(self, place: Path) -> tuple[bytes, str]:
        """The logo and its format. Raises SettingsError where it is not there, is no file or is too large."""
        path = place / (self.logo or "")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SettingsError(f"{path}: the logo of [report] cannot be read ({error.strerror})") from error
        if len(content) > LARGEST_LOGO:
            raise SettingsError(f"{path}: the logo of [report] is larger than 1 MB: save it smaller")
        return content, FORMATS[path.suffix.lower()]

    def folder_beside(self, place: Path) -> Path | None:
        """The folder for reports, None where none is configured."""
        return (place / self.folder).resolve() if self.folder else None
