"""How a Docker Engine is asked: options, socket or network, the API version, and errors told under HTTP 200."""

from typing import Any

from pydantic import Field, FilePath, model_validator

from aurora.errors import SourceError
from aurora.settings import Frozen
from ingest.connector import Run
from ingest.http import Http, Site
from ingest.vendors.unix_socket import address_of, through_socket

Json = Any
API = (1, 41)
MAX_CONTAINERS = 1000


class DockerOptions(Frozen):
    """`url` is unix:///path, http://host:port or https://host:port; `stopped` also reads containers that do not run."""

    url: str = Field("unix:///var/run/docker.sock", pattern="^(unix:///|https?://[^/])")
    ca: FilePath | None = None
    cert: FilePath | None = None
    key: FilePath | None = None
    stopped: bool = True

    @model_validator(mode="after")
    def _both_or_none(self) -> "DockerOptions":
        if bool(self.cert) != bool(self.key):
            raise ValueError("give both cert and key, or none of them")
        return self

    @property
    def socket(self) -> str | None:
        """The path of the socket, None where the engine is asked over the network."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None


DockerRun = Run[DockerOptions]


def connect(options: DockerOptions) -> Site:
    """The site; a socket has an address of its own kind."""
    return Site(
        address_of(options.socket) if options.socket else options.url, verify=str(options.ca) if options.ca else True
    )


class Engine:
    """The engine as one run asks it, in the API version that both sides know."""

    def __init__(self, run: DockerRun) -> None:
        self.run, self.http = run, dialled(run)
        self.prefix = f"v{version_of(self.http.get('version'))}"

    def get(self, path: str, params: dict[str, str] | None = None, kind: type = dict) -> Json:
        """An answer of that kind. Raises SourceError, also for an error told under HTTP 200."""
        told = self.http.get(f"{self.prefix}/{path}", params)
        if not isinstance(told, kind) or (isinstance(told, dict) and set(told) == {"message"}):
            sentence = f"{self.run.source_instance}: {path} is no answer of the Docker API: check url"
            raise SourceError(sentence, "schema_drift")
        return told

    def containers(self) -> list[Json]:
        """The containers, stopped ones only if wanted."""
        found: list[Json] = self.get("containers/json", {"all": str(self.run.options.stopped).lower()}, list)
        if len(found) > MAX_CONTAINERS:
            self.run.warn(f"only {MAX_CONTAINERS} of {len(found)} containers are read: remove old ones")
        return found[:MAX_CONTAINERS]

    def details(self, native: str) -> Json | None:
        """A container's state and limits, None when it is gone."""
        return self._or_gone(f"containers/{native}/json")

    def stats(self, native: str) -> Json:
        """One sample, without waiting for a second one; {} when the container is gone or the engine cannot take it."""
        return self._or_gone(f"containers/{native}/stats", {"stream": "false", "one-shot": "true"}) or {}

    def _or_gone(self, path: str, params: dict[str, str] | None = None) -> Json | None:
        try:
            return self.get(path, params)
        except SourceError as error:
            if error.error_class not in ("not_found", "vendor_5xx"):
                raise
            if error.error_class == "vendor_5xx":  # one container that cannot be read hides no other
                self.run.warn(str(error))
            return None


def dialled(run: DockerRun) -> Http:
    """The client, connected to the socket or showing its certificate where options say so; keeps no raw answer."""
    http, options = run.http, run.options
    http._keep = None  # containers tell the values of their environment, passwords among them
    if options.socket:
        through_socket(http, options.socket)
    if options.cert and options.key:
        http._session.cert = (str(options.cert), str(options.key))
    return http


def version_of(told: Json) -> str:
    """The API version to ask in: 1.41, an older one where the engine is older, a newer one where it refuses 1.41."""
    asked = max(min(API, _version(told.get("ApiVersion"), API)), _version(told.get("MinAPIVersion"), (1, 0)))
    return ".".join(str(part) for part in asked)


def _version(text: str | None, absent: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")) if text else absent
