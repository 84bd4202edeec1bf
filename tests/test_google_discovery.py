"""What the Google Play connector asks and what is recorded of the answers, held against Google's own descriptions."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from ingest.connectors.google_play import connector
from ingest.vendors.play_vitals import CUTS, SETS
from tests.frames import ROOT
from tests.replay import RECORDED, Replay, load, run_of, walked

SPECS = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "openapi" / "google"
FILES = {"androidpublisher": "androidpublisher.v3.json", "v1beta1": "playdeveloperreporting.v1beta1.json"}
STREAMS = sorted(path.stem for path in (RECORDED / "google_play").glob("*.json") if "." not in path.stem)
Json = Any

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the reference data are not here")


@cache
def described(path: str) -> Json:
    """The description of the API at a path, None for Cloud Storage, of which there is none here."""
    file = FILES.get(path.split("/")[1])
    return json.loads((SPECS / file).read_text(encoding="utf-8")) if file else None


def methods(resource: Json) -> Iterator[Json]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from methods(inner)


def method_of(verb: str, path: str) -> Json:
    """The one method that a request calls."""
    for one in methods(described(path)):
        pattern = "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]+\}", one["flatPath"]))
        if one["httpMethod"] == verb and re.fullmatch("/" + pattern, path):
            return one
    pytest.fail(f"there is no method {verb} {path}")


def faults(spec: Json, schema: Json, value: Json, place: str) -> Iterator[str]:
    """What is wrong with a value; fields that no schema names are wrong, too."""
    if "$ref" in schema:
        schema = spec["schemas"][schema["$ref"]]
    kinds: dict[str, tuple[type, ...]] = {"object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,)}
    kinds |= {"integer": (int,), "number": (int, float)}
    if not isinstance(value, kinds[schema["type"]]):
        yield f"{place} is {type(value).__name__}, not {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{place} = {value} is none of its words"
    elif schema.get("format") == "int64" and not re.fullmatch(r"-?\d+", str(value)):
        yield f"{place} = {value} is no int64"
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from faults(spec, schema["items"], one, f"{place}[{number}]")
    elif isinstance(value, dict):
        for name, one in value.items():
            inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            yield from faults(spec, inner, one, f"{place}.{name}") if inner else [f"{place}.{name} is no field"]


def asked(stream: str) -> list[requests.PreparedRequest]:
    """All requests that a stream makes of its recording."""
    adapter = Replay(load("google_play", stream).exchanges)
    walked(connector, stream, run_of(connector, stream, load("google_play", stream), adapter))
    return [one for one in adapter.asked if described(urlsplit(str(one.url)).path)]


@pytest.mark.parametrize("stream", STREAMS)
def test_every_request_is_legal(stream: str) -> None:
    for request in asked(stream):
        url = urlsplit(str(request.url))
        method, spec = method_of(str(request.method), url.path), described(url.path)
        known = method.get("parameters", {}) | spec["parameters"]
        for name, text in (pair.split("=", 1) for pair in url.query.split("&") if pair):
            assert name in known, f"{url.path}: {name}"
            assert known[name]["type"] != "integer" or text.isdecimal(), f"{url.path}: {name} = {text}"
        body = json.loads(request.body) if request.body else None
        assert (body is not None) == ("request" in method), url.path
        if body is not None:
            assert list(faults(spec, method["request"], body, url.path)) == []


@pytest.mark.parametrize("stream", STREAMS)
def test_every_recorded_answer_is_one_that_google_may_give(stream: str) -> None:
    for exchange in load("google_play", stream).exchanges:
        request, told = exchange["request"], exchange["response"]
        spec = described(request["path"])
        if spec is None or told["status"] != 200:
            continue
        method = method_of(request["method"], request["path"])
        assert list(faults(spec, method["response"], told["body"], request["path"])) == []


def test_a_fault_would_be_seen() -> None:
    spec = described("/v1beta1/apps")
    schema = {"$ref": "GooglePlayDeveloperReportingV1beta1MetricsRow"}
    wrong = {"aggregationPeriod": "WEEKLY", "dimensions": {}, "day": 1, "metrics": [{"metric": 5}]}
    assert len(list(faults(spec, schema, wrong, ""))) == 4


@pytest.mark.parametrize("metric_set", SETS, ids=lambda one: str(one.name))
def test_every_metric_and_dimension_is_one_of_its_set(metric_set: Any) -> None:
    name = metric_set.name[0].upper() + metric_set.name[1:]
    told = described("/v1beta1/apps")["schemas"][f"GooglePlayDeveloperReportingV1beta1{name}"]["description"]
    for one in (*metric_set.vitals, "distinctUsers", *metric_set.always, *filter(None, CUTS)):
        assert f"`{one}` (" in told, one
    assert ("**Required dimension" in told) == bool(metric_set.always)
    assert "`America/Los_Angeles`" in told


@pytest.mark.parametrize("stream", ["releases", "reviews", "vitals", "issues", "listings"])
def test_each_api_is_asked_with_a_scope_that_it_takes(stream: str) -> None:
    scopes = {
        "androidpublisher": "https://www.googleapis.com/auth/androidpublisher",
        "v1beta1": "https://www.googleapis.com/auth/playdeveloperreporting",
    }
    for request in asked(stream):
        path = urlsplit(str(request.url)).path
        assert scopes[path.split("/")[1]] in method_of(str(request.method), path)["scopes"]
