"""OAuth 2 client credentials (RFC 6749, 4.4; RFC 7523): a token from one host for the requests to another."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aurora.errors import SourceError
from ingest.http import Answer, Http, Site

EARLY_S = 120.0  # a token that ends so soon is asked for anew


@dataclass
class ClientCredentials:
    """Asks for tokens at `site` with the run's own connection, limits and redaction, and keeps one while it lasts."""

    http: Http
    site: Site
    path: str
    form: dict[str, str]
    advice: str = "check tenant, client_id and client_secret"
    ends: float = 0.0
    value: str = ""

    def token(self) -> str:
        """A token that is still good for a while. Raises SourceError(auth) when it is refused."""
        if time.monotonic() >= self.ends - EARLY_S:
            told = self._ask()
            if not isinstance(told, dict) or not told.get("access_token"):
                raise SourceError(f"{self.http.who}: the sign-in answered without a token: check url", "schema_drift")
            self.value, self.ends = told["access_token"], time.monotonic() + float(told.get("expires_in", 0))
        return self.value

    def _ask(self) -> Any:
        other = copy.copy(self.http)
        other.site, other.request_count = self.site, 0
        try:
            return other.post(self.path, form=self.form)
        except SourceError as error:
            if error.error_class != "bad_query":
                raise
            # RFC 6749, 5.2: an unknown tenant, client or scope is a 400.
            raise SourceError(f"{error}: {self.advice}", "auth") from error
        finally:
            self.http.request_count += other.request_count


class SignedIn(Http):
    """The client of a run that sends a token with each request."""

    def __init__(self, http: Http, token: Callable[[], str]) -> None:
        # No second connection: sending, counting and redacting stay with the run's own client.
        self.http, self.who, self.token = http, http.who, token

    def ask(self, method: str, path: str, **kwargs: Any) -> Answer:
        """The answer to one request, signed in. Raises SourceError."""
        return self.http.ask(method, path, headers={"Authorization": f"Bearer {self.token()}"}, **kwargs)

    def redact(self, text: str) -> str:
        """The text without secrets and without the token."""
        return self.http.redact(text)
