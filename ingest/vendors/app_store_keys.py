"""How one signs in at App Store Connect: a word (JWT, ES256) that a key of the team or of a person signs.

https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests: it may last for 20
minutes; one is kept for 15, so that all runs of this process share it.
"""

import base64
import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from aurora.errors import SourceError

LIFE_S, KEPT_S = 19 * 60, 15 * 60
AUDIENCE = "appstoreconnect-v1"
_words: dict[tuple[str, ...], tuple[str, float]] = {}
_lock = threading.Lock()


def bearer(options: Any) -> str:
    """A token that is good for four minutes and more. Raises SourceError(auth) for a key that is none."""
    if options.token:
        return str(options.token.reveal())
    pem = pem_of(options.private_key.reveal())
    mark = options.key_id, options.issuer_id or "", hashlib.sha256(pem.encode(errors="replace")).hexdigest()
    with _lock:
        word, since = _words.get(mark, ("", float("-inf")))
        if time.monotonic() - since >= KEPT_S:
            word, since = signed(pem, options.key_id, options.issuer_id, int(time.time())), time.monotonic()
            _words[mark] = word, since
    return word


def pem_of(told: str) -> str:
    """The key's text: as it is, or that of the file whose path it is. Raises SourceError(auth)."""
    if "BEGIN" in told:
        return told.replace("\\n", "\n")
    try:
        return Path(told).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        # Without the cause and the text: that may be a key that was pasted without its first line.
        said = f"private_key holds neither a key in PEM form nor the path of its file ({type(error).__name__})"
        raise SourceError(f"App Store Connect: {said}", "auth") from None


def signed(pem: str, key_id: str, issuer_id: str | None, now: int) -> str:
    """A token that ends 19 minutes after `now` (seconds since 1970). Raises SourceError(auth) for a bad key."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        # Without the cause: it would show parts of the key.
        told = "private_key holds no P-256 key in PEM form: take the .p8 file that App Store Connect gave out"
        raise SourceError(f"App Store Connect: {told}", "auth") from None
    # A key of a person has no issuer and says that it speaks for its user.
    claims = {"iss": issuer_id} if issuer_id else {"sub": "user"}
    parts = {"alg": "ES256", "kid": key_id, "typ": "JWT"}, claims | {"iat": now, "exp": now + LIFE_S, "aud": AUDIENCE}
    text = b".".join(_base64(json.dumps(part).encode()) for part in parts)
    r, s = decode_dss_signature(key.sign(text, ECDSA(SHA256())))
    return b".".join((text, _base64(r.to_bytes(32, "big") + s.to_bytes(32, "big")))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
