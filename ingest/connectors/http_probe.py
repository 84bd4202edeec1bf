"""Probes of HTTP and HTTPS addresses from here: is it up, how fast is each phase, when ends its certificate.

Reads one GET or HEAD per target and interval. Semantics: https://github.com/prometheus/blackbox_exporter (prober http).
Needs: nothing but a way to the address; `authorization = "env:NAME"` where the address asks for a sign-in.
"""

import re
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, FilePath

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, ProbeResults
from aurora.errors import SourceError
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.vendors.probing import Ask, Probe, matches, probe

MAX_PARALLEL = 8
REMEMBERED = 3
RESERVED_S = 1.0  # of the run, to land what was seen
_SECRET_IN_QUERY = re.compile(r"((?:^|&)[^=&]*(?:key|token|secret|password|signature|sig|auth)[^=&]*=)[^&]*", re.I)


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError('write a whole address, such as "https://shop.example/health"')
    return url


def _pattern(text: str) -> str:
    matches(text, "")
    return text


class Target(Frozen):
    """One address to probe; a plain string is short for a target with only `url`."""

    url: Annotated[str, Field(max_length=2000), AfterValidator(_web_address)]
    name: str | None = Field(None, min_length=1, max_length=200)
    type: Literal["server", "database", "api", "cdn", "third_party"] = "api"
    env_tier: Literal["production", "staging", "testing", "development"] | None = None
    method: Literal["GET", "HEAD"] = "GET"
    expect_status: tuple[int, ...] = ()
    body_match: Annotated[str, Field(max_length=500), AfterValidator(_pattern)] | None = None
    timeout_s: float = Field(10.0, gt=0, le=60)
    degraded_ms: float | None = Field(None, gt=0)
    max_redirects: int = Field(5, ge=0, le=20)
    ca: FilePath | None = None
    authorization: Secret | None = None

    @property
    def shown(self) -> str:
        """The address without user, password, fragment and the values of query fields that usually hold a secret."""
        parts = urlsplit(self.url)
        query = _SECRET_IN_QUERY.sub(r"\1***", parts.query)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))

    def ask(self) -> Ask:
        """What the prober is asked to do. Raises SettingsError when the secret is not set."""
        secret = self.authorization.reveal() if self.authorization else None
        return Ask(self.url, self.method, self.expect_status, self.body_match, self.max_redirects, secret)


def _whole_target(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


def _no_doubles(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    shown = [target.shown for target in targets]
    if doubles := {url for url in shown if shown.count(url) > 1}:
        raise ValueError(f"{sorted(doubles)[0]} is listed twice: remove one")
    return targets


class ProbeOptions(Frozen):
    """`targets` (or `urls`): addresses as text or tables; `location`: where this prober stands."""

    targets: Annotated[
        tuple[Annotated[Target, BeforeValidator(_whole_target)], ...],
        Field(min_length=1, max_length=500, validation_alias=AliasChoices("targets", "urls")),
        AfterValidator(_no_doubles),
    ]
    location: str = Field("local", min_length=1, max_length=100)


@dataclass(frozen=True)
class Probed:
    """One probe of one target, with what is remembered of the target."""

    target: Target
    component_id: str
    started_at: datetime
    outcome: Probe
    recent: list[bool]
    first_seen_at: datetime


connector = Connector("http_probe", ProbeOptions)


@connector.stream(ProbeResults, ComponentHealth, Components, every="30s")
def fetch_probes(run: Run[ProbeOptions]) -> Iterator[Item]:
    """All targets, eight at a time; the cursor remembers each target's last outcomes and when it was first seen."""
    remembered = (run.cursor or {}).get("targets", {})
    trusts = {ca: _trust(run, ca) for ca in {target.ca for target in run.options.targets}}
    asks = {target.shown: target.ask() for target in run.options.targets}
    began, learned, late = monotonic(), {}, 0

    def probed(target: Target) -> Probed | None:
        started_at = run.now + timedelta(seconds=monotonic() - began)
        budget_s = min(target.timeout_s, run.deadline - monotonic() - RESERVED_S)
        if budget_s <= 0:
            return None
        outcome = probe(asks[target.shown], trusts[target.ca], budget_s)
        return _remember(run, target, started_at, outcome, remembered.get(target.shown, {}))

    with ThreadPoolExecutor(MAX_PARALLEL) as pool:
        for seen in pool.map(probed, run.options.targets):
            if seen is None:
                late += 1
                continue
            learned[seen.target.shown] = {"recent": seen.recent, "first_seen_at": seen.first_seen_at.isoformat()}
            yield ProbeResults, probe_row(seen, run.options.location)
            yield ComponentHealth, health_row(seen, run.every)
            yield Components, component_row(seen)
    if late:
        run.warn(f"{late} targets were not probed: the time limit was used up: raise time_limit or lower timeout_s")
    yield Checkpoint({"targets": {**_still_listed(run, remembered), **learned}})


def probe_row(seen: Probed, location: str) -> Row:
    """A row of probe_results; a phase that was not reached is null."""
    outcome, certificate = seen.outcome, seen.outcome.certificate
    return {
        "probe_id": seen.component_id,
        "component_id": seen.component_id,
        "location": location,
        "target": seen.target.shown,
        "kind": "http",
        "started_at": seen.started_at,
        "is_success": outcome.error_type is None,
        "error_type": outcome.error_type,
        "duration_ms": outcome.duration_ms,
        **{f"{phase}_ms": spent for phase, spent in outcome.phases_ms.items()},
        "http_status": outcome.http_status,
        "redirect_count": outcome.redirect_count,
        "body_bytes": outcome.body_bytes,
        "ip": outcome.ip,
        "tls_version": outcome.tls_version,
        "cert_not_after_at": certificate and certificate.not_after_at,
        "cert_subject": (certificate and certificate.subject) or None,
        "cert_issuer": (certificate and certificate.issuer) or None,
        "is_cert_trusted": outcome.is_cert_trusted,
    }


def health_row(seen: Probed, every: timedelta) -> Row:
    """A row of component_health for the interval that ends with the probe."""
    ended_at = _to_ms(seen.started_at)
    status, reason = judged(seen.outcome, seen.recent, seen.target.degraded_ms)
    return {
        "component_id": seen.component_id,
        "ts_start": ended_at - every,
        "ts_end": ended_at,
        "network_latency_ms": seen.outcome.phases_ms.get("connect"),
        "response_time_ms": None if seen.outcome.error_type else seen.outcome.duration_ms,
        "status": status,
        "status_reason": reason,
    }


def component_row(seen: Probed) -> Row:
    """A row of components for the probed address."""
    return {
        "component_id": seen.component_id,
        "name": seen.target.name or seen.target.shown,
        "type": seen.target.type,
        "kind": "endpoint",
        "env_tier": seen.target.env_tier,
        "host_name": urlsplit(seen.target.url).hostname,
        "first_seen_at": seen.first_seen_at,
        "last_seen_at": seen.started_at,
    }


def judged(outcome: Probe, recent: list[bool], degraded_ms: float | None) -> tuple[str, str | None]:
    """Status and reason from this outcome and the last ones (this one included, oldest first)."""
    failures = recent.count(False)
    if outcome.error_type:
        why = f"{outcome.error_type}: {outcome.reason}"
        return ("down", f"{why}; {failures} of the last {len(recent)} failed") if failures > 1 else ("degraded", why)
    if failures > 1:
        return "degraded", f"answers again; {failures} of the last {len(recent)} failed"
    if degraded_ms and outcome.duration_ms > degraded_ms:
        return "degraded", f"took {outcome.duration_ms:.0f} ms, more than {degraded_ms:.0f} ms"
    return "healthy", None


def _remember(run: Run[ProbeOptions], target: Target, at: datetime, outcome: Probe, known: Any) -> Probed:
    recent = [*known.get("recent", []), outcome.error_type is None][-REMEMBERED:]
    first = known.get("first_seen_at")
    return Probed(target, run.id(target.shown), at, outcome, recent, datetime.fromisoformat(first) if first else at)


def _still_listed(run: Run[ProbeOptions], remembered: dict[str, Any]) -> dict[str, Any]:
    listed = {target.shown for target in run.options.targets}
    return {url: known for url, known in remembered.items() if url in listed}


def _trust(run: Run[ProbeOptions], ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise SourceError(
            f"{run.source_instance}: {ca} holds no certificates: give a PEM file as ca", "auth"
        ) from error


def _to_ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
