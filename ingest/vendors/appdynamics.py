"""How an AppDynamics controller is asked: tokens that end within minutes, JSON, metric paths; and what paths mean."""

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer
from ingest.vendors.apm import millis, percentage, share_pct

TOKEN = "controller/api/oauth/access_token"  # noqa: S105
VENDOR_FORM = {"Content-Type": "application/vnd.appd.cntrl+protobuf;v=1"}
RENEW_AT = 0.8  # of a token's life
LIFE_S = 300.0
FREQUENCY_S = {"ONE_MIN": 60, "TEN_MIN": 600, "SIXTY_MIN": 3600}
OVERALL, NODES = "Overall Application Performance", "Individual Nodes"
INFRASTRUCTURE = "Application Infrastructure Performance"
CALLS = {
    "calls": "Calls per Minute",
    "response_ms": "Average Response Time (ms)",
    "errors": "Errors per Minute",
}
HARDWARE = {"cpu_pct": "CPU|%Busy", "memory_pct": "Memory|Used %", "disk_pct": "Volumes|*|Used (%)"}
Bucket = tuple[str, int, int]
Names = dict[tuple[str, ...], str]


class Controller:
    """The controller as one run asks it; a token is renewed before it ends, and once if it is refused."""

    def __init__(self, run: Run[Any]) -> None:
        self.run, self.token, self.renew_at = run, "", 0.0

    def get(self, path: str, **params: Any) -> Json:
        """Parsed JSON of a GET below controller/rest; the controller writes XML unless asked. Raises SourceError."""
        answer = self._asked(f"controller/rest/{path}", {**params, "output": "JSON"})
        return self._parsed(answer)

    def between(self, path: str, start: datetime, end: datetime, **params: str) -> Json:
        """Like `get`, of a range whose end is not included."""
        names = {name.replace("_", "-"): value for name, value in params.items()}
        when = {"time-range-type": "BETWEEN_TIMES", "start-time": millis(start), "end-time": millis(end)}
        return self.get(path, **when, **names)

    def _asked(self, path: str, params: dict[str, Any]) -> Answer:
        is_fresh = self._sign_in()
        try:
            return self.run.http.ask("GET", path, params=params, headers=self._bearer())
        except SourceError as error:
            if error.error_class != "auth" or is_fresh:
                raise
        self.renew_at = 0.0
        self._sign_in()
        return self.run.http.ask("GET", path, params=params, headers=self._bearer())

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _sign_in(self) -> bool:
        """Get a token if there is none that lasts; True if this one is new."""
        if time.monotonic() < self.renew_at:
            return False
        answer = self._granted()
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            who = self.run.source_instance
            raise SourceError(f"{who}: the controller gave no access token: check url", "schema_drift")
        self.token = answer["access_token"]
        self.renew_at = time.monotonic() + RENEW_AT * float(answer.get("expires_in") or LIFE_S)
        return True

    def _granted(self) -> Json:
        options, http = self.run.options, self.run.http
        client = {"client_id": f"{options.client}@{options.account}", "client_secret": options.secret.reveal()}
        form = {"grant_type": "client_credentials", **client}
        try:
            return http.post(TOKEN, form=form)
        except SourceError as error:
            if " answered 415 " not in str(error):  # some versions take the form under their own name only
                raise
        return self._parsed(http.ask("POST", TOKEN, data=form, headers=VENDOR_FORM))

    def _parsed(self, answer: Answer) -> Json:
        try:
            return json.loads(answer.text)
        except (ValueError, RecursionError) as error:
            who = self.run.source_instance
            raise SourceError(
                f"{who}: the controller answers with something that is not JSON: check that url is the controller",
                "schema_drift",
            ) from error


def paths() -> Iterator[tuple[str, str]]:
    """(measure, metric path) of everything to ask of an application: itself, its tiers, its nodes."""
    for measure, name in CALLS.items():
        yield measure, f"{OVERALL}|{name}"
        yield measure, f"{OVERALL}|*|{name}"
        yield measure, f"{OVERALL}|*|{NODES}|*|{name}"
    for measure, name in HARDWARE.items():
        yield measure, f"{INFRASTRUCTURE}|*|{NODES}|*|Hardware Resources|{name}"


def parts_of(path: str) -> list[str]:
    """The names in a metric path, as they are without what shields a | or \\ in them."""
    return [part.replace("\\|", "|").replace("\\\\", "\\") for part in re.split(r"(?<!\\)\|", path)]


def owner_of(path: str, names: Names) -> str | None:
    """The component that a metric path speaks of, by the names in it; None if it is not listed."""
    parts = parts_of(path)
    if len(parts) > 4 and parts[2] == NODES:
        return names.get((parts[1], parts[3]))
    return names.get(tuple(parts[1:-1])) if 2 <= len(parts) <= 3 else None


def buckets(measure: str, answer: list[Json], names: Names, start: datetime, end: datetime) -> dict[Bucket, Row]:
    """Values by (component, start in ms, length in s); of several volumes the fullest counts."""
    found: dict[Bucket, Row] = {}
    for metric in answer:
        native = owner_of(metric.get("metricPath") or "", names) if metric.get("metricValues") else None
        for point in metric["metricValues"] if native else ():
            at, value = point["startTimeInMillis"], point.get("value")
            if native and value is not None and millis(start) <= at < millis(end):
                row = found.setdefault((native, at, FREQUENCY_S[metric["frequency"]]), {})
                row[measure] = max(value, row.get(measure, value))
    return found


def measures(told: Row) -> Row:
    """The health columns of a bucket; without calls there is no response time, whatever the controller writes."""
    calls, response = told.get("calls"), told.get("response_ms")
    return {
        "requests_per_minute": None if calls is None else float(calls),
        "response_time_ms": None if response is None or calls == 0 else float(response),
        "error_rate_pct": share_pct(told.get("errors"), calls),
        **{column: percentage(told.get(column)) for column in HARDWARE},
    }
