"""Signing in to APIs of Google Cloud: a token that a service account's key signs on this machine, or one as it is.

https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth: nothing but the API itself is asked.
"""

import json
from pathlib import Path

from aurora.errors import SourceError
from aurora.settings import Secret


def signed_token(key: Secret | None, audience: str) -> str:
    """A token for one API, good for an hour, that the service account's key signs. Raises SourceError(auth)."""
    from google.auth import exceptions, jwt

    text = key.reveal() if key else ""
    try:
        told = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
        credentials = jwt.Credentials.from_service_account_info(told, audience=audience)  # type: ignore[no-untyped-call]
        credentials.refresh(None)
    except (OSError, ValueError, TypeError, AttributeError, exceptions.GoogleAuthError) as error:
        raise SourceError(
            f"{key!r} is no service account key ({type(error).__name__}): put the JSON or the path of its file there",
            "auth",
        ) from error
    return str(credentials.token.decode() if isinstance(credentials.token, bytes) else credentials.token)
