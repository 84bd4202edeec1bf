"""The registry as code: 2,000 applications with 20,000 links from TOML text to a lake that was empty."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from aurora.bench.frame import Bench, Figure, Goal, benchmark
from aurora.bench.measure import quickest
from aurora.settings import SourceSettings, load
from ingest.connectors.registry import connector
from ingest.run import Ingest
from warehouse.lake import Lake

APPLICATIONS = 2_000
RUNS = 3


@benchmark
def registry(bench: Bench) -> Iterator[Figure]:
    """Seconds of a run that reads, checks and lands all; the floor is tomllib alone on the same text."""
    text = "\n".join(entry(number) for number in range(bench.size(APPLICATIONS)))
    folders = iter(range(1_000))

    def landed() -> None:
        _run(bench.folder / str(next(folders)), text)

    ours, floor = quickest(RUNS, landed, lambda: tomllib.loads(text))
    bench.say(f"{len(text) / 2**20:.1f} MiB of TOML land in {ours:.2f} s, {floor:.2f} s of them to parse it")
    yield Figure("registry of 2,000 applications / tomllib.loads", ours, "s", floor, Goal("ratio", "<=", 3.5))


def entry(number: int) -> str:
    """One application with ten links."""
    app_id = f"app-{number}"
    return f"""[[application]]
id = "{app_id}"
name = "Application {number}"
type = "web"
environment = "production"
lifecycle = "active"
tier = {number % 4 + 1}
description = "What application {number} is for, in a sentence of ordinary length"
team = "team-{number % 50}"
runbook = "https://runbooks.example/{app_id}"
stack = {{ frontend = ["react"], backend = ["python", "fastapi"], database = ["postgres"] }}
owners = {{ product_owner = "Ana {number}", lead_developer = "Ben {number}" }}
depends_on = ["app-{number + 1}"]
recovery = {{ rpo = "15m", rto = "1h" }}
objective = {{ availability_pct = 99.9, response_ms = 300 }}
budget = {{ monthly = "3000", currency = "USD" }}
has.repository = ["git:company/{app_id}", {{ id = "git:mono", path = "services/{app_id}" }}]
has.component = ["prod:a-{number}", "prod:b-{number}", "prod:c-{number}", {{ pattern = "prod:{app_id}-.*" }}]
has.cost = ["tag:app={app_id}", {{ id = "account:{number}", share = 0.5 }}]
has.store_app = ["store:com.example.app{number}"]
has.project = ["jira:APP{number}"]
"""


def _run(folder: Path, text: str) -> None:
    folder.mkdir()
    file = folder / "applications.toml"
    file.write_text(text, encoding="utf-8")
    source = SourceSettings.model_validate({"name": "registry", "connector": "registry", "paths": [str(file)]})
    settings = load(data=folder, config=folder / "aurora.toml")
    (outcome,) = Ingest(Lake(folder / "lake"), settings, {"registry": connector}).run(source)
    if outcome.status != "success":
        raise AssertionError(outcome.error)
