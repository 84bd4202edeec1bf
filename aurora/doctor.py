"""`aurora doctor`: what is wrong, in plain words, and what to do about it."""

import shutil
from dataclasses import dataclass

import duckdb
from pydantic import ValidationError

from aurora.errors import NotPublishedError, SettingsError
from aurora.insights.score_rules import load_rules
from aurora.insights.scorecards import load_scorecards
from aurora.settings import Secret, Settings, option_error
from ingest.connector import load_connectors
from ingest.plan import planned_sources
from warehouse.heartbeat import last_beat
from warehouse.lake import Lake
from warehouse.model import Model, load_models
from warehouse.query import Warehouse

FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    text: str
    is_wrong: bool = False


def examine(settings: Settings) -> list[Finding]:
    """All findings, the wrong ones first."""
    looks = (_settings, _disk, _worker, _sources, _rules, _models)
    findings = [finding for look in looks for finding in look(settings)]
    return sorted(findings, key=lambda finding: not finding.is_wrong)


def _settings(settings: Settings) -> list[Finding]:
    findings = []
    connectors = load_connectors()
    for source in settings.source:
        if source.connector not in connectors:
            known = ", ".join(connectors)
            findings.append(
                Finding(f"source {source.name}: no connector {source.connector!r}: use one of {known}", True)
            )
            continue
        try:
            options = connectors[source.connector].options.model_validate(source.options)
            for value in vars(options).values():
                if isinstance(value, Secret):
                    value.reveal()
        except ValidationError as error:
            findings.append(Finding(str(option_error(settings, source.name, error)), True))
        except SettingsError as error:
            findings.append(Finding(f"source {source.name}: {error}", True))
    return findings or [Finding(f"{settings.config}: {len(settings.source)} sources, all readable")]


def _disk(settings: Settings) -> list[Finding]:
    settings.data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data).free
    text = f"{free / 1024**3:.1f} GiB free under {settings.data}"
    if free < FREE_BYTES:
        return [Finding(f"{text}: free some, or lower [retention]; landing stops when it is full", True)]
    return [Finding(text)]


def _worker(settings: Settings) -> list[Finding]:
    beat = last_beat(settings.data)
    if beat is None or abs(beat.age_s()) > 15:
        return [Finding("the scheduler does not run: start Aurora with `aurora up`", True)]
    if beat.settings_error:
        return [Finding(f"aurora.toml is wrong, the old settings are in use: {beat.settings_error}", True)]
    return [Finding(f"the scheduler runs as process {beat.pid}, {len(beat.plan)} streams planned")]


def _sources(settings: Settings) -> list[Finding]:
    try:
        rows = Warehouse(settings.published).rows("from source_freshness order by source_instance, stream")
    except NotPublishedError as error:
        return [Finding(str(error), True)]
    planned = {source.name for source in planned_sources(settings, Lake(settings.lake))}
    failing = [
        Finding(f"{row['source_instance']}/{row['stream']} {row['status']}: {row['error']}", row["status"] == "failed")
        for row in rows.iter_rows(named=True)
        if row["status"] in ("failed", "partial") and row["source_instance"] in planned
    ]
    return failing or [Finding(f"{rows.height} streams, none failing")]


def _rules(settings: Settings) -> list[Finding]:
    """The files that say what is judged, and how."""
    found = []
    for name, load in (("score.toml", load_rules), ("scorecards.toml", load_scorecards)):
        try:
            load(settings.reference(name))
        except SettingsError as error:
            found.append(Finding(f"{error}: nothing is judged by it until it is mended", True))
        else:
            found.append(Finding(f"{settings.reference(name)}: readable"))
    return found


def _models(settings: Settings) -> list[Finding]:
    """Grain and checks of every model, on the rows that are there."""
    try:
        warehouse = Warehouse(settings.published)
        broken = [text for model in load_models() if not model.takes for text in check_model(warehouse, model.name)]
    except NotPublishedError:
        return []
    wrong = [Finding(text, True) for text in broken]
    return wrong or [Finding(f"{sum(not model.takes for model in load_models())} models hold their grain and checks")]


def check_model(warehouse: Warehouse, name: str, arguments: str = "") -> list[str]:
    """Sentences about what breaks the model's grain or checks; [] if nothing does."""
    model = next(model for model in load_models() if model.name == name)
    grain, source = ", ".join(model.grain), f"{name}{arguments}"
    found = []
    try:
        if model.is_stored:  # what is stored may be old, because it could not be filled again
            warehouse.rows(f"select count(*) from ({model.sql})")
        _, repeated, *counts = count_model(warehouse, model, arguments)
        if repeated:
            twice = warehouse.rows(f"select {grain} from {source} group by {grain} having count(*) > 1 limit 1").row(0)
            found.append(f"model {name}: more than one row for {twice}: its grain is {grain}")
        for check, bad in zip(model.checks, counts, strict=True):
            if bad:
                found.append(f"model {name}: {bad} rows break the check {check}")
    except duckdb.Error as error:
        found.append(f"model {name} cannot be read: {error}")
    return found


def count_model(warehouse: Warehouse, model: Model, arguments: str = "") -> tuple[int, ...]:
    """Rows of the model, those that repeat another's grain, and those that break each of its checks."""
    broken = "".join(f", count(*) filter (not ({check}))" for check in model.checks)
    counted = f"count(*), count(*) - count(distinct row({', '.join(model.grain)})){broken}"
    return warehouse.rows(f"select {counted} from {model.name}{arguments}").row(0)
