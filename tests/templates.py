"""Data folders that are made once for a whole run of the tests; a test that writes takes a copy."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aurora.settings import Settings, SourceSettings
from ingest.connector import load_connectors
from ingest.run import Ingest
from warehouse.lake import Lake
from warehouse.locks import locked
from warehouse.publish import publish


def shared(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """A folder that `build` fills, once for all workers of the run."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = root / name, root / f"{name}.done"
    with locked(root / f"{name}.lock"):
        if not done.exists():
            folder.mkdir()
            build(folder)
            done.touch()
    return folder


def copy_of(template: Path, data: Path) -> Path:
    """Fill a data folder with what the template has, so that publishing goes on from there; `data` again."""
    shutil.copytree(template, data, dirs_exist_ok=True)
    told = data / "published" / "current.json"
    told.write_text(json.dumps(json.loads(told.read_text(encoding="utf-8")) | {"root": str(data)}), encoding="utf-8")
    return data


def with_demo(data: Path) -> None:
    """The demo estate from a source called acme, and a source that fails, published; the clock stands still (`now`).

    A slow machine is minutes at the tests, and the samples would be stale by then.
    """
    lake, settings = Lake(data / "lake"), Settings(data=data, config=data / "aurora.toml")
    ingest = Ingest(lake, settings, load_connectors())
    sources = [{"name": "acme", "connector": "demo"}]
    sources += [{"name": "broken", "connector": "prometheus", "url": "http://127.0.0.1:9"}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.http.Http._pause", lambda *args: None)  # nobody answers a second time either
        for source in sources:
            ingest.run(SourceSettings.model_validate(source))
    now = datetime.now(UTC)
    (data / "now").write_text(now.isoformat(), encoding="utf-8")
    publish(lake, data, now=now)
