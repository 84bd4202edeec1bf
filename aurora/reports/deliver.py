"""Sending a report by e-mail, through apprise, to an address that a variable holds; no other way is open."""

import logging
from pathlib import Path
from urllib.parse import urlsplit

import apprise

from aurora.errors import ReportError
from aurora.reports.make import Made
from aurora.settings import Secret

SCHEMES = ("mailto", "mailtos")
log = logging.getLogger("aurora.reports")


def send(made: Made, target: str) -> None:
    """Send it to "env:NAME". Raises ReportError or SettingsError in words that hold no secret."""
    name = target.removeprefix("env:")
    address = Secret(name).reveal().strip()
    if urlsplit(address).scheme.lower() not in SCHEMES or any(letter.isspace() or letter == "," for letter in address):
        raise ReportError(
            f"environment variable {name} holds no e-mail address: write one mailto://... or mailtos://... in it"
        )
    sender = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Aurora", app_desc="Aurora", secure_logging=True))
    if not sender.add(address):
        raise ReportError(
            f"environment variable {name} holds an address that cannot be read: see docs of apprise, mailto"
        )
    if not sender.notify(title=made.title, body=_body(made), attach=apprise.AppriseAttachment(str(made.path))):
        raise ReportError(
            f"the mail server of {name} did not take it: look at host, port, user and password in that variable"
        )
    log.info("%s was sent to the address of %s", made.title, name)


def _body(made: Made) -> str:
    return f"{made.title} is attached as {Path(made.path).name}."
