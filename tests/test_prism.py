"""On request: what connectors ask, as it is recorded here, is put to prism over the vendor's own OpenAPI description.

npm install @stoplight/prism-cli; AURORA_PRISM=node_modules/.bin/prism make test ARGS=tests/test_prism.py
"""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.frames import ROOT
from tests.servers import free_ports

PRISM = os.environ.get("AURORA_PRISM", "")
SPECS = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "openapi"
READY_S = 90
VENDORS = {
    "github": "github-rest.trimmed.json",
    "docker": "docker-engine.swagger.yaml",
    "mongodb_atlas": "mongodb-atlas.yaml",
}
# GitHub's links to a next page name the repository by its number; Docker's description leaves the version out.
SPELLED = ((re.compile(r"^/repositories/\d+/"), "/repos/acme/shop/"), (re.compile(r"^/v1\.\d+/"), "/"))


@contextmanager
def mocked(spec: Path, folder: Path) -> Iterator[str]:
    """Prism over the description, at the address that the block gets."""
    port = free_ports(1)[0]
    with (folder / "prism.log").open("wb") as log:
        command = [str(Path(PRISM).resolve()), "mock", "--errors", "-p", str(port), str(spec)]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            until = time.monotonic() + READY_S
            while not _answers(f"http://127.0.0.1:{port}/"):
                assert process.poll() is None, (folder / "prism.log").read_text(errors="replace")[-500:]
                assert time.monotonic() < until, "prism does not start"
                time.sleep(0.3)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _answers(url: str) -> bool:
    try:
        requests.get(url, timeout=5)
    except requests.ConnectionError:
        return False
    return True


def refusal(url: str, asked: dict[str, Any]) -> str | None:
    """What prism has against a request, None if it is legal; its own examples may well break their own description."""
    path = asked["path"]
    for pattern, spelled in SPELLED:
        path = pattern.sub(spelled, path)
    headers = {"Authorization": "Bearer none"}
    answer = requests.request(
        asked["method"], url + path, params=asked.get("params"), json=asked.get("body"), headers=headers, timeout=30
    )
    told = answer.json() if answer.status_code >= 400 and "json" in answer.headers.get("Content-Type", "") else {}
    faults = [one for one in told.get("validation") or [] if one["location"][0] == "request"]
    is_unknown = re.search("NO_(PATH|METHOD)_MATCHED", str(told.get("type")))
    return f"{asked['method']} {path}: {faults or told['detail']}" if faults or is_unknown else None


@pytest.mark.skipif(not PRISM, reason="on request: AURORA_PRISM is the path of Stoplight's prism")
@pytest.mark.skipif(not SPECS.is_dir(), reason="the reference data are not here")
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_request_is_legal(vendor: str, tmp_path: Path) -> None:
    recorded = [path for path in (ROOT / "tests" / "recorded" / vendor).glob("*.json") if "golden" not in path.name]
    asked = [one["request"] for path in recorded for one in json.loads(path.read_text())["exchanges"]]
    asked = [one for one in asked if one["path"] != "/graphql"]
    assert asked
    with mocked(SPECS / VENDORS[vendor], tmp_path) as url:
        assert [said for one in asked if (said := refusal(url, one))] == []
        assert refusal(url, {"method": "GET", "path": "/no/such/thing"})
