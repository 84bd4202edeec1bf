"""How one signs in at GitHub: a token, or a GitHub App whose signed word buys a token of an hour, kept while it lasts.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

import base64
import hashlib
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from aurora.errors import SourceError
from ingest.http import Http, Json

EARLY = timedelta(minutes=5)  # a token that ends so soon is asked for anew
SKEW_S, LIFE_S = 60, 540  # GitHub refuses a word that lasts for more than ten minutes
MAX_PAGES = 20
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_tokens: dict[tuple[str, ...], tuple[str, datetime]] = {}
_lock = threading.Lock()


def app_token(http: Http, options: Any, prefix: str, fresh: bool = False) -> str:
    """A token of the app's installation, the same for all runs of this process until shortly before it ends.

    `fresh` forgets the one that is kept. Raises SourceError for a key that is none and for an unknown installation.
    """
    pem = options.private_key.reveal().replace("\\n", "\n")
    key = (options.url, str(options.app_id), str(options.installation_id), owner_of(options), _digest(pem))
    with _lock:
        token, ends = _tokens.get(key, ("", LONG_AGO))
        if fresh or datetime.now(UTC) >= ends - EARLY:
            token, ends = _bought(http, options, prefix, signed(http.who, pem, options.app_id))
            _tokens[key] = token, ends
    return token


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def owner_of(options: Any) -> str:
    """The account whose installation is meant: the organization, else the owner of the first repository."""
    return str(options.organization or options.repositories[0].partition("/")[0]).lower()


def _bought(http: Http, options: Any, prefix: str, word: str) -> tuple[str, datetime]:
    headers = {"Authorization": f"Bearer {word}"}
    number = options.installation_id or _installation(http, options, prefix, headers)
    path = f"{prefix}app/installations/{number}/access_tokens"
    told = _asked(http, "POST", path, headers)
    if not isinstance(told, dict) or not isinstance(told.get("token"), str):
        raise SourceError(f"{http.who}: GitHub answered without a token: check url", "schema_drift")
    return told["token"], _end(told.get("expires_at"))


def _end(text: Any) -> datetime:
    """When a token ends; now for a text that tells nothing, so that it is not kept."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.now(UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _installation(http: Http, options: Any, prefix: str, headers: dict[str, str]) -> int:
    """The number of the app's installation at the owner."""
    owner, path = owner_of(options), f"{prefix}app/installations"
    for page in range(1, MAX_PAGES + 1):
        found = _asked(http, "GET", path, headers, params={"per_page": 100, "page": page})
        for one in found if isinstance(found, list) else ():
            if str((one.get("account") or {}).get("login")).lower() == owner:
                return int(one["id"])
        if not isinstance(found, list) or len(found) < 100:
            break
    raise SourceError(f"{http.who}: the app is not installed at {owner}: install it there", "not_found")


def _asked(http: Http, method: str, path: str, headers: dict[str, str], **more: Any) -> Json:
    try:
        return json.loads(http.ask(method, path, headers=headers, **more).text)
    except ValueError as error:
        raise SourceError(f"{http.who}: GitHub's sign-in answered with no JSON: check url", "schema_drift") from error
    except SourceError as error:
        if error.error_class != "auth":
            raise
        raise SourceError(f"{error}; for an app: check app_id, private_key and this machine's clock", "auth") from error


def signed(who: str, pem: str, app_id: int | str) -> str:
    """The app's word (a JWT, RS256) that it is itself, good for nine minutes. Raises SourceError for a bad key."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        # Without the cause: it would show parts of the key.
        raise SourceError(f"{who}: private_key holds no RSA key in PEM form without a passphrase", "auth") from None
    now = int(time.time())
    claims = {"iat": now - SKEW_S, "exp": now + LIFE_S, "iss": str(app_id)}
    text = b".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    return b".".join((text, _base64(key.sign(text, PKCS1v15(), SHA256())))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
