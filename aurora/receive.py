"""The settings of what Aurora receives: [receive] in aurora.toml."""

import re

from pydantic import BaseModel, ConfigDict, field_validator


class Receive(BaseModel):
    """`token`: "env:NAME" of the token that senders must bring; without one only this machine may send."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str | None = None

    @field_validator("token")
    @classmethod
    def _named(cls, token: str | None) -> str | None:
        if token is not None and not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", token):
            raise ValueError('secrets do not stand in this file: write "env:NAME" and set that variable')
        return token
