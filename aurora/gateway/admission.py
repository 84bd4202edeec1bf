"""Who may come in: whoever brings the token of aurora.toml, or, where none is set, this machine alone."""

import base64
import binascii
import hmac
import ipaddress
import logging

from starlette.requests import Request

from aurora.errors import SettingsError
from aurora.gateway.bodies import RefusedRequestError
from aurora.settings import Secret

log = logging.getLogger("aurora.gateway")


class Admission:
    """The rule of one route; `named` is the token's "env:NAME" from that block of aurora.toml, None without one."""

    def __init__(self, named: str | None, block: str, doing: str, *, is_basic_taken: bool = False) -> None:
        self._token = Secret(named.removeprefix("env:")) if named else None
        self._block, self._doing, self._is_basic_taken = block, doing, is_basic_taken

    def admit(self, request: Request) -> None:
        """Raises RefusedRequestError for who may not come in.

        The token is `Authorization: Bearer ...`, or the password of `Basic` where that is taken: spreadsheets know no
        other way.
        """
        if self._token is None:
            if not is_here(request):
                said = f'set {self._block} token = "env:NAME" in aurora.toml to {self._doing} from elsewhere'
                raise RefusedRequestError(403, said)
            return
        try:
            wanted = self._token.reveal()
        except SettingsError as error:
            log.error("%s", error)
            raise RefusedRequestError(503, f"the token of {self._block} is not set: see the log of Aurora") from None
        if not hmac.compare_digest(self._brought(request), wanted.encode()):
            ways = 'Bearer, Basic realm="Aurora"' if self._is_basic_taken else "Bearer"
            raise RefusedRequestError(401, "bring the token: Authorization: Bearer ...", **{"WWW-Authenticate": ways})

    def _brought(self, request: Request) -> bytes:
        """The token that the request brings, empty without one."""
        kind, _, told = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic" and self._is_basic_taken:
            return _password(told)
        return told.encode("latin-1") if kind == "Bearer" else b""  # as it came over the wire


def _password(told: str) -> bytes:
    try:
        return base64.b64decode(told, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def is_here(request: Request) -> bool:
    """Whether the sender is this machine; what a proxy brings is not, wherever the proxy stands."""
    if {"forwarded", "x-forwarded-for", "x-real-ip"} & set(request.headers.keys()) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
