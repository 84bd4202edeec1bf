"""The AWS API as one run asks it: credentials, pages, limits, and every fault as a SourceError of its class.

Signing, endpoints and credential chains are boto3's part; it is imported when a run begins, for it takes a while.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from itertools import islice
from typing import Annotated, Any

from pydantic import Field, model_validator

from aurora.errors import ErrorClass, SourceError
from aurora.settings import Frozen, Secret
from ingest.connector import Json, Run

MAX_PAGES = 2_000
TRIES = 4
CONNECT_S, READ_S = 5, 30
_CODES: dict[ErrorClass, tuple[str, ...]] = {
    "rate_limited": (
        *("throttl", "requestlimitexceeded", "toomanyrequests", "slowdown", "priorrequestnotcomplete"),
        *("bandwidthlimitexceeded", "limitexceeded", "provisionedthroughputexceeded"),
    ),
    "permission": ("accessdenied", "unauthorizedoperation", "optinrequired", "notauthorized"),
    "auth": (
        *("invalidclienttokenid", "unrecognizedclient", "authfailure", "expiredtoken", "signaturedoesnotmatch"),
        *("invalidaccesskeyid", "missingauthenticationtoken", "incompletesignature", "requestexpired"),
        *("invalidsignature", "requesttimetooskewed", "tokenrefreshrequired"),
    ),
    "not_found": ("notfound", "nosuch", "resourcenotfound"),
}
_ADVICE: dict[ErrorClass, str] = {
    "rate_limited": "raise `every` or ask AWS for a higher quota",
    "permission": "give the user or role the permission that docs/connectors.md names, or take the region out",
    "auth": "check the keys, the role and this machine's clock",
    "not_found": "check the names in its options",
    "timeout": "check regions and the way to AWS",
    "vendor_5xx": "nothing to do here: it is tried again at the next run",
    "bad_query": "check the options of this source",
}
Region = Annotated[str, Field(pattern="^[a-z]{2,4}(-[a-z]+)+-[0-9]+$")]


class AwsSignIn(Frozen):
    """Who asks: keys, a profile, or else boto3's own chain (environment, files, instance role); then maybe a role."""

    regions: tuple[Region, ...] = Field(min_length=1)
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    profile: str | None = None
    role_arn: str | None = Field(None, pattern="^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")
    external_id: str | None = None

    @model_validator(mode="after")
    def _whole_keys(self) -> "AwsSignIn":
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("give access_key_id and secret_access_key together, or neither of them")
        if self.external_id and not self.role_arn:
            raise ValueError("external_id goes with role_arn: add it")
        return self


class Aws:
    """Clients of one run, signed in as its options say. Every method raises SourceError."""

    def __init__(self, run: Run[Any]) -> None:
        self.run, self.page_count = run, 0
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region, made once a run. Raises SourceError."""
        key = service, region
        if key not in self._clients:
            self._clients[key] = self._client(*key)
        return self._clients[key]

    def pages(self, service: str, region: str, operation: str, **asked: Any) -> Iterator[Json]:
        """Every page of a listing. Raises SourceError."""
        client = self.client(service, region)
        listing = iter(client.get_paginator(operation).paginate(**asked))
        while True:
            self.run.remaining_s()
            with self.faults(f"{service}:{operation} in {region}"):
                page = list(islice(listing, 1))
            if not page:
                return
            self._count(service, operation)
            yield page[0]

    def _count(self, service: str, operation: str) -> None:
        self.page_count += 1
        if self.page_count > MAX_PAGES:
            raise SourceError(
                f"{self.run.source_instance}: {service}:{operation} went past {MAX_PAGES} pages: narrow the source",
                "bad_query",
            )

    def _client(self, service: str, region: str) -> Any:
        from botocore.config import Config  # type: ignore[import-untyped]

        config = Config(
            connect_timeout=CONNECT_S,
            read_timeout=min(READ_S, self.run.remaining_s()),
            retries={"mode": "standard", "total_max_attempts": TRIES},
            user_agent_extra="aurora",
        )
        with self.faults(f"{service} in {region}"):
            return self._session.client(service, region_name=region, config=config)

    @cached_property
    def _session(self) -> Any:
        from boto3.session import Session  # type: ignore[import-untyped]

        told: AwsSignIn = self.run.options
        with self.faults("sign-in"):
            session = Session(
                botocore_session=_core(),
                aws_access_key_id=_revealed(told.access_key_id),
                aws_secret_access_key=_revealed(told.secret_access_key),
                aws_session_token=_revealed(told.session_token),
                profile_name=told.profile,
            )
            if told.role_arn is None:
                return session
            return Session(botocore_session=_core(), **self._role_keys(session, told))

    def _role_keys(self, session: Any, told: AwsSignIn) -> dict[str, str]:
        asked = {"RoleArn": told.role_arn, "RoleSessionName": "aurora"}
        asked |= {"ExternalId": told.external_id} if told.external_id else {}
        keys = session.client("sts", region_name=told.regions[0]).assume_role(**asked)["Credentials"]
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    @contextmanager
    def faults(self, asked: str) -> Iterator[None]:
        """Turns boto3's exceptions into SourceError; `asked` says what was asked and where."""
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            kind = fault_class(error)
            said = " ".join(str(error)[:300].split())
            raise SourceError(f"{self.run.source_instance}: {asked}: {said}: {_ADVICE[kind]}", kind) from error


def fault_class(error: Exception) -> ErrorClass:
    """The error class of an exception of boto3: an error code that AWS answered, else what kept it from answering."""
    told = getattr(error, "response", None)
    if not isinstance(told, dict):
        return _unanswered(type(error).__name__)
    code = str(told.get("Error", {}).get("Code", "")).lower()
    for kind, parts in _CODES.items():
        if any(part in code for part in parts):
            return kind
    return "vendor_5xx" if told.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500 else "bad_query"


def _unanswered(name: str) -> ErrorClass:
    if "Credential" in name or "Profile" in name or "Token" in name:
        return "auth"
    if "Timeout" in name or "Connection" in name or name in ("SSLError", "HTTPClientError", "EndpointConnectionError"):
        return "timeout"
    return "bad_query"


def _core() -> Any:
    """A fresh session that shares what botocore knows of the services: reading that takes longer than a request."""
    from botocore.session import Session  # type: ignore[import-untyped]

    core = Session()
    core.register_component("data_loader", _loader())
    return core


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader  # type: ignore[import-untyped]

    return create_loader()


def _revealed(secret: Secret | None) -> str | None:
    return secret.reveal() if secret else None
