"""The settings of what comes in and what goes out over HTTP: [receive] and [answers] in aurora.toml."""

import re
from re import Pattern
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _named(secret: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", secret):
        raise ValueError('secrets do not stand in this file: write "env:NAME" and set that variable')
    return secret


def _slug(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ValueError(f'{name!r}: use lower-case letters, digits, "-" and "_", such as "github"')
    return name


Named = Annotated[str, AfterValidator(_named)]
Tier = Literal["production", "staging", "testing", "development", "unknown"]


class Block(BaseModel):
    """Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Hook(Block):
    """A webhook: `source` is the name that its rows have, that of the [[source]] block which reads the same vendor.

    `environments` says the tier of environments by patterns of their names, where names do not tell it.
    """

    secret: Named | None = None
    source: Annotated[str, AfterValidator(_slug)] | None = None
    environments: dict[str, Tier] = {}


class Deploys(Block):
    """Which Jenkins jobs deploy: `job` is a pattern of full names, `app` the application."""

    job: Pattern[str]
    environment: str | None = Field(default=None, min_length=1)
    environment_parameter: str | None = Field(default=None, min_length=1)
    version_parameter: str | None = Field(default=None, min_length=1)
    app: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]*$")

    @model_validator(mode="after")
    def _where(self) -> "Deploys":
        if not (self.environment or self.environment_parameter):
            raise ValueError('say where the job deploys: environment = "production" or environment_parameter = "ENV"')
        return self


class JenkinsHook(Hook):
    """Jenkins knows no deployments: `deploys` says which jobs do."""

    deploys: tuple[Deploys, ...] = ()


class Hooks(Block):
    """The webhooks; one that is not there, or has no secret, is closed."""

    github: Hook = Hook()
    gitlab: Hook = Hook()
    bitbucket: Hook = Hook()
    jenkins: JenkinsHook = JenkinsHook()


class Receive(Block):
    """`token`: "env:NAME" of the token that senders must bring; without one only this machine may send."""

    token: Named | None = None
    hooks: Hooks = Hooks()


class Answers(Block):
    """`token`: "env:NAME" of the token that readers of /questions must bring; without one only this machine reads."""

    token: Named | None = None
