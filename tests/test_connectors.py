"""The contract of every connector, from its recorded exchanges; a new connector is tested without a line here.

`ACCEPT=1 pytest tests/test_connectors.py` writes golden rows anew; the diff is the review.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from aurora.errors import ErrorClass, SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Connector, load_connectors
from ingest.run import Ingest
from tests.replay import RECORDED, Replay, golden, load, plain, refused, replayed, response, run_of, walked
from warehouse.lake import Lake

CONNECTORS = load_connectors()
RECORDINGS = sorted((path.parent.name, path.stem) for path in RECORDED.glob("*/*.json") if "." not in path.stem)
over_recordings = pytest.mark.parametrize(("name", "stream"), RECORDINGS)
over_connectors = pytest.mark.parametrize("name", CONNECTORS)


class Always(BaseAdapter):
    """Answers everything alike."""

    def __init__(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.told = {"status": status, "body": body, "headers": headers or {}}

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        return response(self.told, request)

    def close(self) -> None:
        """Nothing is open."""


class OnceRefused(Replay):
    """Says 429 to the first request, then answers as recorded."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if not self.asked:
            self.asked.append(request)
            return response({"status": 429, "body": "slow down", "headers": {"Retry-After": "0"}}, request)
        return super().send(request, *args, **kwargs)


@over_connectors
def test_every_connector_tells_what_it_reads_and_needs(name: str) -> None:
    connector = CONNECTORS[name]
    assert "Needs:" in connector.about or "needs" in connector.about.lower()
    assert connector.streams
    for stream in connector.streams.values():
        assert stream.tables
        assert (stream.fetch.__doc__ or "").strip()


@over_connectors
def test_every_connector_over_http_has_a_recording_of_every_stream(name: str) -> None:
    connector = CONNECTORS[name]
    if connector.connect is None:
        pytest.skip(f"{name} asks nothing over the HTTP client")
    assert set(connector.streams) == {stream for vendor, stream in RECORDINGS if vendor == name}


@over_recordings
def test_recorded_answers_become_the_golden_rows(name: str, stream: str) -> None:
    items, _, adapter = replayed(CONNECTORS[name], stream, load(name, stream))
    if os.environ.get("ACCEPT"):
        lines = ",\n".join(" " + json.dumps(row, ensure_ascii=False) for row in plain(items))
        told = f"[\n{lines}\n]\n"
        (RECORDED / name / f"{stream}.golden.json").write_text(told, encoding="utf-8")
    assert plain(items) == golden(name, stream)
    assert refused(items) == {}
    assert adapter.unused == []


FAULTS: list[tuple[str, Always, ErrorClass]] = [
    ("401", Always(401, "no"), "auth"),
    ("403", Always(403, "no"), "permission"),
    ("404", Always(404, "no"), "not_found"),
    ("429 for an hour", Always(429, "slow down", {"Retry-After": "3600"}), "rate_limited"),
    ("500 for ever", Always(500, "oops"), "vendor_5xx"),
    ("503 for ever", Always(503, "oops"), "vendor_5xx"),
    ("a page of HTML", Always(200, "<html><body>Sign in</body></html>"), "schema_drift"),
    ("broken JSON", Always(200, '{"data": [1, 2'), "schema_drift"),
    ("nothing", Always(200, ""), "schema_drift"),
]


@over_recordings
@pytest.mark.parametrize(("adapter", "kind"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_failing_vendor_has_its_class_and_a_sentence(
    name: str, stream: str, adapter: Always, kind: ErrorClass
) -> None:
    connector = CONNECTORS[name]
    with pytest.raises(SourceError) as raised:
        list(connector.streams[stream].fetch(run_of(connector, stream, load(name, stream), adapter)))
    assert raised.value.error_class == kind
    assert ": " in str(raised.value)


@over_recordings
def test_a_429_is_waited_out(name: str, stream: str) -> None:
    recording = load(name, stream)
    run = run_of(CONNECTORS[name], stream, recording, OnceRefused(recording.exchanges))
    assert plain(walked(CONNECTORS[name], stream, run)) == golden(name, stream)


class Emptied(BaseAdapter):
    """Answers each address as recorded, but with every list empty."""

    def __init__(self, exchanges: list[Any]) -> None:
        super().__init__()
        self.bodies = {one["request"]["path"]: _without_items(one["response"].get("body")) for one in exchanges}

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        return response({"body": self.bodies[urlsplit(str(request.url)).path]}, request)

    def close(self) -> None:
        """Nothing is open."""


def _without_items(body: Any) -> Any:
    if isinstance(body, list):
        return []
    if isinstance(body, dict):
        return {key: _without_items(value) for key, value in body.items()}
    # Of a text in XML the innermost elements are its list.
    return re.sub(r"<Cube [^>]*/>", "", body) if isinstance(body, str) else body


@over_recordings
def test_empty_answers_make_no_rows_up(name: str, stream: str) -> None:
    recording = replace(load(name, stream), cursor=None)
    run = run_of(CONNECTORS[name], stream, recording, Emptied(recording.exchanges))
    assert plain(CONNECTORS[name].streams[stream].fetch(run)) == []


@over_recordings
def test_a_cursor_in_the_future_makes_no_rows_up(name: str, stream: str) -> None:
    ahead = load(name, stream).now + timedelta(hours=2)
    recording = replace(load(name, stream), cursor={"until": ahead.isoformat()}, since=ahead)
    run = run_of(CONNECTORS[name], stream, recording, Emptied(recording.exchanges))
    assert plain(CONNECTORS[name].streams[stream].fetch(run)) == []


@over_connectors
def test_a_source_without_options_says_what_is_missing(name: str, tmp_path: Path) -> None:
    """Whatever is missing or wrong in the options ends as one outcome with a sentence, never as a stack of lines."""
    source = SourceSettings.model_validate({"name": "wrong", "connector": name, "no_such_option": 1})
    outcomes = _ingest(tmp_path, source)
    assert [outcome.status for outcome in outcomes] == ["failed"]
    assert "no_such_option" in str(outcomes[0].error) or "missing" in str(outcomes[0].error)


LOCAL = {
    "host": {},
    "git": {},
    "http_probe": {"urls": ["http://127.0.0.1:9/"]},
    "postgresql": {"port": 9},
    "redis": {"port": 9},
    "mysql": {"port": 9},
    "demo": {"anchor": "2026-03-04T12:00:00Z"},
}


CATALOG = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop}
spec: {type: service, lifecycle: production, owner: shop-team}
"""
FILES = {
    "backstage": ("catalog-info.yaml", CATALOG),
    "registry": ("applications.toml", '[[application]]\nid = "shop"\nname = "Shop"\n'),
    "invoices": ("saas.csv", "vendor,amount,currency,renews,start\nPostman,49,USD,monthly,2026-01-31\n"),
    "people_hours": ("hours.csv", "person,day,hours,app\nann,2026-03-02,7.5,shop\n"),
}


def local_options(name: str, folder: Path) -> dict[str, Any]:
    """Options with which a connector finds something to read on any machine."""
    if name not in FILES:
        return LOCAL.get(name, {})
    file, text = FILES[name]
    (folder / "declared").mkdir(exist_ok=True)
    (folder / "declared" / file).write_text(text, encoding="utf-8")
    return {"timesheets" if name == "people_hours" else "paths": [str(folder / "declared")]}


@pytest.mark.parametrize(
    "name",
    [name for name in CONNECTORS if CONNECTORS[name].connect is None and name not in ("demo", "aws", "aws_cost")],
)
def test_a_local_source_lands_without_a_refused_row_and_again_without_a_double(name: str, tmp_path: Path) -> None:
    source = SourceSettings.model_validate({"name": "here", "connector": name, **local_options(name, tmp_path)})
    first, second = _ingest(tmp_path, source), _ingest(tmp_path, source)
    assert {outcome.status for outcome in first + second} == {"success"}
    assert sum(outcome.landed.row_count for outcome in first) > 0
    assert sum(outcome.landed.quarantined_count for outcome in first + second) == 0
    lake = Lake(tmp_path / "data" / "lake")
    for table in _tables(CONNECTORS[name]):
        frame = lake.read(table)
        assert frame.height == frame.unique(list(table.spec.key)).height


def _tables(connector: Connector) -> Iterator[Any]:
    return iter({table for stream in connector.streams.values() for table in stream.tables})


def _ingest(folder: Path, source: SourceSettings) -> list[Any]:
    settings = Settings(data=folder / "data", config=folder / "aurora.toml")
    clock = iter(datetime.now(UTC) + timedelta(milliseconds=step) for step in range(1000))
    return Ingest(Lake(settings.lake), settings, CONNECTORS, clock=lambda: next(clock)).run(source)
