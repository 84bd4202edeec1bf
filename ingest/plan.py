"""Which sources there are: those of aurora.toml, the registry's files, Aurora itself, a local Prometheus, the demo."""

import socket

from pydantic import ValidationError

from aurora.contracts.estate import Edits
from aurora.errors import SettingsError
from aurora.settings import Settings, SourceSettings, option_error
from aurora.toml_lines import line_of
from ingest.connector import Connector
from warehouse.lake import Lake

DEMO = "demo"
SELF = "aurora-self"
LOCAL_PROMETHEUS = "local-prometheus"
REGISTRY = "registry"


def planned_sources(settings: Settings, lake: Lake) -> tuple[SourceSettings, ...]:
    """All sources to run, those of aurora.toml first; a name that stands there wins over one found here."""
    found: list[SourceSettings] = []
    if settings.detect_prometheus and _prometheus_answers() and not _has_prometheus(settings):
        found.append(_source(LOCAL_PROMETHEUS, "prometheus", url="http://127.0.0.1:9090"))
    if settings.demo and demo_is_wanted(lake):
        found.append(_source(DEMO, "demo"))
    found.append(
        _source(
            SELF, "http_probe", urls=[{"url": f"http://{own_host(settings)}:{settings.port}/healthz", "name": "Aurora"}]
        )
    )
    if not any(source.connector == REGISTRY for source in settings.source):
        beside = settings.config.absolute().parent
        names = ("applications.toml", "applications", "slos.toml", "slos")
        found.append(_source(REGISTRY, REGISTRY, paths=[str(beside / name) for name in names]))
    return settings.source + tuple(source for source in found if source.name not in settings.source_names)


def own_host(settings: Settings) -> str:
    """The address on which this machine reaches Aurora's own web process."""
    return "127.0.0.1" if settings.host in ("0.0.0.0", "::", "localhost") else settings.host  # noqa: S104


def checked(settings: Settings, connectors: dict[str, Connector]) -> Settings:
    """The settings, if every source names a connector and options that it takes. Raises SettingsError with the line."""
    for index, source in enumerate(settings.source):
        if source.connector not in connectors:
            known = ", ".join(connectors)
            line = line_of(settings.config, ("source", index, "connector"))
            raise SettingsError(
                f"{settings.config}, line {line}: there is no connector {source.connector!r}: write one of {known}"
            )
        try:
            connectors[source.connector].options.model_validate(source.options)
        except ValidationError as error:
            raise option_error(settings, source.name, error) from error
    return settings


def _source(name: str, connector: str, **options: object) -> SourceSettings:
    return SourceSettings.model_validate({"name": name, "connector": connector, **options})


def demo_is_wanted(lake: Lake) -> bool:
    """False once a person has removed the demo estate (and not taken it back)."""
    edits = lake.read(Edits)
    mine = edits.filter((edits["entity_type"] == "settings") & (edits["entity_id"] == DEMO)).sort("changed_at")
    mine = mine.filter(mine["field"] == "is_enabled")
    return mine.height == 0 or mine["after"][-1] != "false"


def _has_prometheus(settings: Settings) -> bool:
    return any(source.connector == "prometheus" for source in settings.source)


def _prometheus_answers() -> bool:
    try:
        with socket.create_connection(("127.0.0.1", 9090), timeout=0.3) as link:
            link.sendall(b"GET /-/ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
            link.settimeout(0.5)
            return b"rometheus" in link.recv(512)
    except OSError:
        return False
