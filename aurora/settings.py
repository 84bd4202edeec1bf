"""aurora.toml and the environment as one frozen object; the only reader of os.environ."""

import os
import re
import tomllib
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import CoreSchema, core_schema
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from aurora.errors import SettingsError
from aurora.receive import Answers, Receive
from aurora.report_settings import ReportSettings
from aurora.setting_types import Currency as Currency
from aurora.setting_types import Duration as Duration
from aurora.setting_types import Slug as Slug
from aurora.setting_types import duration as duration
from aurora.toml_lines import line_of

ROOT = Path(__file__).resolve().parent.parent
_ADVICE = {
    "extra_forbidden": "there is no such setting: remove it or mend its spelling",
    "missing": "it is missing: add it",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "float_parsing": "write a number",
    "string_type": "write text in quotes",
    "tuple_type": 'write a list, such as ["a", "b"]',
}


class Secret:
    """A secret named in aurora.toml as "env:NAME"; the value is read from the environment when it is used."""

    def __init__(self, name: str) -> None:
        self.name = name

    def reveal(self) -> str:
        """The value. Raises SettingsError when the variable is not set."""
        value = os.environ.get(self.name)
        if not value:
            raise SettingsError(f"environment variable {self.name} is not set: set it where Aurora is started")
        return value

    def __repr__(self) -> str:
        return f"Secret(env:{self.name})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._parse)

    @classmethod
    def _parse(cls, value: object) -> "Secret":
        if isinstance(value, Secret):
            return value
        found = re.fullmatch(r"env:([A-Za-z_][A-Za-z0-9_]*)", str(value))
        if not found:
            raise ValueError('secrets do not stand in this file: write "env:NAME" and set that variable')
        return cls(found[1])


class Frozen(BaseModel):
    """Base of settings blocks: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceSettings(BaseModel):
    """One [[source]] block; what is not name, connector or every are options of the connector."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Slug
    connector: Slug
    every: Duration | None = None
    time_limit: Duration = timedelta(minutes=5)

    @property
    def options(self) -> dict[str, Any]:
        """The keys that belong to the connector."""
        return dict(self.model_extra or {})


class Retention(Frozen):
    """How long rows and files are kept; samples are the rows of all tables that are partitioned by day."""

    samples: Duration = timedelta(days=100)
    hours: Duration = timedelta(days=800)
    days: Duration = timedelta(days=3650)
    raw_answers: Duration = timedelta(days=30)
    old_versions: Duration = timedelta(days=7)


class CostAlerts(Frozen):
    """From which impact on a cost anomaly is notified: the amount (by currency in `amounts`) and % of the expected."""

    amount: Decimal = Field(default=Decimal(100), gt=0)
    amounts: dict[str, Decimal] = {}
    pct: float = Field(default=40, gt=0)


class Settings(BaseSettings):
    """All settings; `load()` makes one."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    data: Path = ROOT / "data"
    config: Path = ROOT / "aurora.toml"
    host: str = "127.0.0.1"
    port: int = Field(8501, ge=1, le=65535)
    demo: bool = True
    detect_prometheus: bool = True
    currency: Currency | None = None
    source: tuple[SourceSettings, ...] = ()
    retention: Retention = Retention()
    receive: Receive = Receive()
    answers: Answers = Answers()
    cost_alerts: CostAlerts = CostAlerts()
    report: ReportSettings = ReportSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then the file; the environment speaks only through AURORA_DATA, AURORA_CONFIG, PORT."""
        path = Path(init_settings().get("config", ROOT / "aurora.toml"))
        return init_settings, TomlConfigSettingsSource(settings_cls, toml_file=path)

    @property
    def lake(self) -> Path:
        """Folder of the lake's tables."""
        return self.data / "lake"

    @property
    def published(self) -> Path:
        """Folder of the published generations."""
        return self.data / "published"

    def reference(self, name: str) -> Path:
        """A look-up file: the one of that name beside aurora.toml, else the one that Aurora brings."""
        own = self.config.parent / name
        return own if own.is_file() else ROOT / "data" / "reference" / name

    @cached_property
    def source_names(self) -> tuple[str, ...]:
        """Names of the configured sources, in file order."""
        return tuple(source.name for source in self.source)


def load(data: Path | None = None, config: Path | None = None, port: int | None = None) -> Settings:
    """Settings from the arguments, AURORA_DATA, AURORA_CONFIG, PORT and aurora.toml, in that order.

    Raises SettingsError with one sentence that names file, line and what to write instead.
    """
    path = (config or Path(os.environ.get("AURORA_CONFIG") or ROOT / "aurora.toml")).resolve()
    if path.exists() and not path.is_file():
        raise SettingsError(f"{path}: this is no file: name the settings file with --config")
    given: dict[str, Any] = {"config": path}
    if folder := data or os.environ.get("AURORA_DATA"):
        given["data"] = Path(folder).resolve()
    if port or os.environ.get("PORT"):
        given["port"] = port or _port(os.environ["PORT"])
    if os.environ.get("AURORA_HOST"):
        given["host"] = os.environ["AURORA_HOST"]
    if os.environ.get("AURORA_NO_DEMO"):
        given["demo"] = False
    try:
        settings = Settings(**given)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: this is not TOML: {error}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {line}: this is not UTF-8 text: save the file as UTF-8") from error
    except OSError as error:
        raise SettingsError(f"{path}: this cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise SettingsError(_sentence(path, error)) from error
    _refuse_doubles(path, settings)
    # A folder named in the file stands beside the file, wherever Aurora is started from.
    return settings.model_copy(update={"data": (path.parent / settings.data).resolve()})


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError(f"environment variable PORT is {text!r}: set it to a number from 1 to 65535")
    return int(text)


def environment_for(settings: Settings) -> dict[str, str]:
    """The environment for a child process, so that it loads these same settings."""
    chosen = {"AURORA_DATA": settings.data, "AURORA_CONFIG": settings.config, "PORT": settings.port}
    return dict(os.environ) | {name: str(value) for name, value in chosen.items()}


def option_error(settings: Settings, name: str, error: ValidationError) -> SettingsError:
    """The sentence for options of source `name` that its connector refuses."""
    index = settings.source_names.index(name) if name in settings.source_names else 0
    return SettingsError(_sentence(settings.config, error, ("source", index)))


def _refuse_doubles(path: Path, settings: Settings) -> None:
    seen: set[str] = set()
    for index, name in enumerate(settings.source_names):
        if name in seen:
            line = line_of(path, ("source", index, "name"))
            raise SettingsError(f"{path}, line {line}: a second source is named {name!r}: give it another name")
        seen.add(name)


def _sentence(path: Path, error: ValidationError, prefix: tuple[str | int, ...] = ()) -> str:
    first = error.errors(include_url=False)[0]
    place = (*prefix, *first["loc"])
    key = ".".join(str(part) for part in place if isinstance(part, str) and part != "source") or "source"
    advice = _ADVICE.get(first["type"], first["msg"].removeprefix("Value error, "))
    return f"{path}, line {line_of(path, place)}: {key}: {advice}"
