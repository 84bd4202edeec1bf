"""Signing in to APIs of Google: a token that a service account's key signs on this machine, or one that Google gives.

https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth: nothing but the API itself is asked.
APIs outside Google Cloud want a token of Google's, which it gives for a signed claim (the same page, "HTTP/REST").
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aurora.errors import SourceError
from aurora.settings import Secret

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HOUR_S = 3600


def signed_token(key: Secret | None, audience: str) -> str:
    """A token for one API, good for an hour, that the service account's key signs. Raises SourceError(auth)."""
    from google.auth import jwt

    with _key_of(key) as told:
        credentials = jwt.Credentials.from_service_account_info(told, audience=audience)  # type: ignore[no-untyped-call]
        credentials.refresh(None)
    return str(credentials.token.decode() if isinstance(credentials.token, bytes) else credentials.token)


def grant_form(key: Secret | None, token_url: str, scopes: tuple[str, ...]) -> dict[str, str]:
    """The form for which `token_url` gives a token with these scopes within the hour. Raises SourceError(auth)."""
    from google.auth import crypt, jwt

    with _key_of(key) as told:
        now = int(time.time())
        signer = crypt.RSASigner.from_service_account_info(told)  # type: ignore[no-untyped-call]
        claim = {"iss": told["client_email"], "aud": token_url, "scope": " ".join(scopes)}
        signed = jwt.encode(signer, claim | {"iat": now, "exp": now + HOUR_S})  # type: ignore[no-untyped-call]
    return {"grant_type": GRANT, "assertion": signed.decode()}


@contextmanager
def _key_of(key: Secret | None) -> Iterator[Any]:
    """The key as its JSON tells it; what is wrong with it is said without showing it."""
    from google.auth import exceptions

    text = key.reveal() if key else ""
    try:
        yield json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, AttributeError, KeyError, exceptions.GoogleAuthError) as error:
        raise SourceError(
            f"{key!r} is no service account key ({type(error).__name__}): put the JSON or the path of its file there",
            "auth",
        ) from error
