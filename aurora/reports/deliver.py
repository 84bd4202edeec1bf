"""Sending a report by e-mail, through apprise, to an address that a variable holds; no other way is open."""

import logging
import warnings
from pathlib import Path
from urllib.parse import urlsplit

from aurora.errors import ReportError
from aurora.reports.make import Made
from aurora.settings import Secret

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of a module that apprise asks for where it is still there
    # Its e-mail and nothing else: asked for any address, apprise loads and reaches more than a hundred services.
    from apprise import AppriseAsset, AppriseAttachment
    from apprise.plugins.email import NotifyEmail

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
    said = NotifyEmail.parse_url(address)  # type: ignore[no-untyped-call]
    if not said:
        raise ReportError(f"environment variable {name} holds an address that cannot be read: see apprise, mailto")
    try:
        asset = AppriseAsset(app_id="Aurora", app_desc="Aurora", secure_logging=True)
        sender = NotifyEmail(**said | {"asset": asset})  # type: ignore[no-untyped-call]
    except TypeError as error:
        raise ReportError(f"environment variable {name} holds an address that cannot be used") from error
    if not sender.notify(title=made.title, body=_body(made), attach=AppriseAttachment(str(made.path))):
        raise ReportError(
            f"the mail server of {name} did not take it: look at host, port, user and password in that variable"
        )
    log.info("%s was sent to the address of %s", made.title, name)


def _body(made: Made) -> str:
    return f"{made.title} is attached as {Path(made.path).name}."
