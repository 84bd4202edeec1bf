"""Grafana: annotations without a page token, resumed after a kill, and answers that are none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pydantic import ValidationError
from requests.adapters import BaseAdapter

from aurora.contracts.operations import ChangeEvents
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Item
from ingest.connectors.grafana import EPOCH, MS, GrafanaOptions, connector
from tests.replay import Recording, cursor_of, refused, replayed, response, rows_of, run_of

Json = Any
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SINCE = NOW - timedelta(hours=4)


def at(when: datetime) -> int:
    """Epoch milliseconds."""
    return (when - EPOCH) // MS


def annotation(number: int, began: datetime, lasts: timedelta = timedelta(0)) -> Json:
    """One annotation."""
    return {"id": number, "time": at(began), "timeEnd": at(began + lasts), "text": f"change {number}", "tags": []}


class Grafana(BaseAdapter):
    """Answers /api/annotations as Grafana does: what overlaps from..to, latest end first, cut at limit."""

    def __init__(self, kept: list[Json]) -> None:
        super().__init__()
        self.kept = sorted(kept, key=lambda one: (one["timeEnd"], one["time"]), reverse=True)
        self.spans: list[tuple[int, int]] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        asked = {name: value[0] for name, value in parse_qs(urlsplit(str(request.url)).query).items()}
        first, last = int(asked["from"]), int(asked["to"])
        self.spans.append((first, last))
        met = [one for one in self.kept if one["time"] <= last and one["timeEnd"] >= first]
        return response({"body": met[: int(asked["limit"])]}, request)

    def close(self) -> None:
        """Nothing is open."""


def walk(grafana: Grafana, size: int, since: datetime = SINCE) -> tuple[Iterator[Item], Any]:
    """The stream of annotations over that Grafana, and its run."""
    recording = Recording({"url": "https://grafana.example", "page_size": size}, NOW, [], None, since)
    run = run_of(connector, "annotations", recording, grafana)
    return iter(connector.streams["annotations"].fetch(run)), run


def ids(items: list[Item]) -> list[str]:
    return sorted(row["change_id"] for row in rows_of(items, ChangeEvents))


LONG = annotation(0, SINCE + timedelta(minutes=1), timedelta(hours=3, minutes=58))
SHORT = [annotation(number, SINCE + timedelta(minutes=10 * number)) for number in range(1, 24)]


def test_every_annotation_is_read_once_however_small_a_page_is_and_however_long_one_lasts() -> None:
    """24 annotations with pages of 4; one that lasts all the time comes first in each answer and hides others."""
    grafana = Grafana([LONG, *SHORT])
    found, run = walk(grafana, 4)
    items = list(found)
    assert refused(items) == {}
    assert ids(items) == sorted(f"test:{one['id']}" for one in grafana.kept)
    assert run.warnings == []
    assert cursor_of(items) == {"until": NOW.isoformat()}
    assert len(grafana.spans) < 40


def test_a_killed_run_goes_on_where_its_last_checkpoint_was() -> None:
    first, _ = walk(Grafana([LONG, *SHORT]), 4)
    marks = 0

    def before_the_kill(item: Item) -> bool:
        nonlocal marks
        marks += isinstance(item, Checkpoint)
        return marks < 4

    got = list(takewhile(before_the_kill, first))
    until = datetime.fromisoformat((cursor_of(got) or {})["until"])
    assert SINCE < until < NOW
    rest, _ = walk(Grafana([LONG, *SHORT]), 4, until)
    assert set(ids(got)) | set(ids(list(rest))) == {f"test:{number}" for number in range(24)}


def test_more_that_last_all_along_than_an_answer_holds_is_told_and_does_not_go_on_for_ever() -> None:
    wide = [annotation(number, SINCE - timedelta(days=1), timedelta(days=3)) for number in range(5)]
    grafana = Grafana(wide)
    found, run = walk(grafana, 3)
    assert rows_of(list(found), ChangeEvents) == []
    assert len(grafana.spans) == 1
    assert len(run.warnings) == 1
    assert "raise page_size" in run.warnings[0]


def test_a_burst_within_one_millisecond_is_cut_with_a_warning() -> None:
    burst = [annotation(number, NOW - timedelta(hours=1)) for number in range(5)]
    found, run = walk(Grafana(burst), 3)
    assert len(rows_of(list(found), ChangeEvents)) == 3
    assert len(run.warnings) == 1


@pytest.mark.parametrize(
    ("stream", "path"),
    [("annotations", "/api/annotations"), ("alerts", "/api/alertmanager/grafana/api/v2/alerts")],
)
def test_an_error_in_a_200_is_an_error(stream: str, path: str) -> None:
    told = {"request": {"method": "GET", "path": path}, "response": {"body": {"message": "Unauthorized"}}}
    with pytest.raises(SourceError, match="no list") as caught:
        replayed(connector, stream, Recording({"url": "https://grafana.example"}, NOW, [told]))
    assert caught.value.error_class == "schema_drift"


def test_the_token_is_sent_and_hidden_and_another_alertmanager_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", "glsa_secret")
    path = "/sub/api/alertmanager/mimir-1/api/v2/alerts"
    told = {"request": {"method": "GET", "path": path}, "response": {"body": []}}
    options = {"url": "https://grafana.example/sub", "alertmanager": "mimir-1", "token": "env:GRAFANA_TOKEN"}
    _, run, adapter = replayed(connector, "alerts", Recording(options, NOW, [told]))
    assert adapter.asked[0].headers["Authorization"] == "Bearer glsa_secret"
    assert run.http.redact("glsa_secret") == "***"


@pytest.mark.parametrize("options", [{"alertmanager": "../admin"}, {"page_size": 1}, {"token": "glsa_plain"}])
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GrafanaOptions.model_validate({"url": "https://grafana.example"} | options)
