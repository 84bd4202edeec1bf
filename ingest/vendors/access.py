"""How one signs in at a server that stands behind a proxy or asks for a token: the options, and the site they make."""

import re
from typing import Annotated

from pydantic import Field, model_validator

from aurora.settings import Frozen, Secret
from ingest.http import Site

_SECRET_NAME = re.compile(r"auth|cookie|token|secret|passw|api.?key", re.I)


class Access(Frozen):
    """`token` (bearer) or `user` and `password` or nothing; `headers` for proxies and tenants; `ca` of a private CA."""

    url: str = Field(pattern="^https?://[^/]")
    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    headers: dict[str, Annotated[Secret | str, Field(union_mode="left_to_right")]] = {}
    verify: bool = True
    ca: str | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> "Access":
        if bool(self.user) != bool(self.password) or (self.user and self.token):
            raise ValueError("give either token, or user and password, or none of them")
        for name, value in self.headers.items():
            if isinstance(value, str) and _SECRET_NAME.search(name):
                raise ValueError(f'{name} is a secret: write headers = {{ {name} = "env:NAME" }}')
        return self

    def site(self) -> Site:
        """The site with its sign-in. Raises SettingsError for a secret that is not set."""
        named = [secret for secret in (self.token, self.password, *self.headers.values()) if isinstance(secret, Secret)]
        headers = {name: value.reveal() if isinstance(value, Secret) else value for name, value in self.headers.items()}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token.reveal()}"
        auth = (self.user, self.password.reveal()) if self.user and self.password else None
        verify = (self.ca or True) if self.verify else False
        return Site(self.url, headers, auth, verify, tuple(secret.reveal() for secret in named))
