"""MongoDB Atlas beyond its recordings: both ways in, errors under status 200, what a kill leaves, hostile names."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from pydantic import ValidationError
from requests.adapters import BaseAdapter

from aurora.contracts.operations import ComponentHealth
from aurora.errors import SourceError
from ingest.connector import Checkpoint
from ingest.connectors.mongodb_atlas import connector
from ingest.vendors import atlas
from ingest.vendors.atlasrows import cpu_pct, memory_pct, response_time_ms
from tests.replay import Recording, Replay, cursor_of, load, response, rows_of, run_of

KEY = {"public_key": "pub", "private_key": "env:ATLAS_SECRET"}
ACCOUNT = {"client_id": "mdb_sa_id_1", "client_secret": "env:ATLAS_SECRET"}
NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
PROJECT = "32b6e34b3d91647abb20e7b8"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_SECRET", "s3cret")


def exchange(path: str, body: Any, method: str = "GET", status: int = 200, **asked: Any) -> dict[str, Any]:
    request = {"method": method, "path": path, **asked}
    return {"request": request, "response": {"status": status, "body": body}}


def recording(options: dict[str, Any], *exchanges: Any, cursor: Any = None) -> Recording:
    return Recording(options={"projects": [PROJECT], **options}, now=NOW, exchanges=list(exchanges), cursor=cursor)


def walk(stream: str, told: Recording, adapter: BaseAdapter) -> list[Any]:
    return list(connector.streams[stream].fetch(run_of(connector, stream, told, adapter)))


class Challenging(Replay):
    """Refuses what carries no digest, as Atlas does with API keys."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if not str(request.headers.get("Authorization", "")).startswith("Digest "):
            self.asked.append(request)
            challenge = 'Digest realm="MMS Public API", nonce="n1", algorithm=MD5, qop="auth", stale=false'
            refusal = response({"status": 401, "body": "", "headers": {"WWW-Authenticate": challenge}}, request)
            refusal.connection = self  # type: ignore[attr-defined]
            return refusal
        return super().send(request, *args, **kwargs)


def test_an_api_key_answers_the_digest_challenge() -> None:
    clusters = exchange(f"/api/atlas/v2/groups/{PROJECT}/clusters", {"results": [], "links": []})
    told = recording(KEY, clusters)
    adapter = Challenging(told.exchanges)
    walk("clusters", told, adapter)
    sent = str(adapter.asked[-1].headers["Authorization"])
    assert 'username="pub"' in sent
    assert 'realm="MMS Public API"' in sent
    assert "s3cret" not in sent
    assert adapter.asked[-1].headers["Accept"] == "application/vnd.atlas.2025-03-12+json"
    assert adapter.unused == []


def test_a_service_account_fetches_one_token_per_run_and_shows_its_secret_to_nobody_else() -> None:
    token = exchange(
        "/api/oauth/token",
        {"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"},
        "POST",
        form={"grant_type": "client_credentials"},
    )
    page = {"results": [], "links": []}
    path = f"/api/atlas/v2/groups/{PROJECT}/alerts"
    told = recording(ACCOUNT, token, exchange(path, page), exchange(path, page))
    adapter = Replay(told.exchanges)
    walk("alerts", told, adapter)
    basic = "Basic " + base64.b64encode(b"mdb_sa_id_1:s3cret").decode()
    assert [one.headers["Authorization"] for one in adapter.asked] == [basic, "Bearer t0ken", "Bearer t0ken"]
    again = Replay(list(told.exchanges))
    walk("alerts", told, again)
    assert again.asked[0].headers["Authorization"] == basic


@pytest.mark.parametrize(
    "options",
    [{}, {"public_key": "a"}, {"private_key": "env:A"}, KEY | ACCOUNT, {"client_id": "a"}],
)
def test_exactly_one_way_in_is_needed(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="give either public_key"):
        connector.options.model_validate(options)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": 403, "errorCode": "IP_ADDRESS_NOT_ON_ACCESS_LIST", "detail": "no"}, "permission"),
        ({"error": 401, "errorCode": "NOT_ATLAS_GROUP", "detail": "no"}, "auth"),
        ({"error": 429, "errorCode": "RATE_LIMITED_TOKEN_BUCKET", "detail": "no"}, "rate_limited"),
        ({"errorCode": "INVALID_QUERY", "detail": "no"}, "bad_query"),
    ],
)
def test_an_error_under_status_200_is_no_success(error: dict[str, Any], kind: str) -> None:
    told = recording(KEY, exchange(f"/api/atlas/v2/groups/{PROJECT}/clusters", error))
    with pytest.raises(SourceError, match=error["errorCode"]) as raised:
        walk("clusters", told, Replay(told.exchanges))
    assert raised.value.error_class == kind


def measurements(since: datetime, until: datetime) -> dict[str, Any]:
    """CONNECTIONS of each minute from `since` to `until`, both included."""
    minutes = int((until - since).total_seconds() // 60)
    stamps = [atlas.stamp(since + timedelta(minutes=minute)) for minute in range(minutes + 1)]
    data = [{"timestamp": at, "value": 7} for at in stamps]
    return {"measurements": [{"name": "CONNECTIONS", "units": "SCALAR", "dataPoints": data}]}


def test_a_kill_between_two_slices_loses_and_doubles_nothing() -> None:
    """Eight hours are read in slices of six; a run that was killed after the first goes on where that ended."""
    end = datetime(2026, 3, 1, 11, 58, tzinfo=UTC)
    start, middle = end - timedelta(hours=8), end - timedelta(hours=2)
    base = f"/api/atlas/v2/groups/{PROJECT}/processes"
    process = {"id": "db0:27017", "hostname": "db0", "port": 27017, "typeName": "REPLICA_PRIMARY"}
    listing = exchange(base, {"results": [process], "links": []})
    slices = [
        exchange(
            f"{base}/db0:27017/measurements",
            measurements(first - timedelta(minutes=1), last),
            params={"start": atlas.stamp(first - timedelta(minutes=1)), "end": atlas.stamp(last)},
        )
        for first, last in ((start, middle), (middle, end))
    ]
    cursor = {"end": start.isoformat(), "disks": {"db0:27017": []}}
    told = recording(KEY, listing, *slices, cursor=cursor)
    items: list[Any] = []
    for item in connector.streams["processes"].fetch(run_of(connector, "processes", told, Replay(told.exchanges))):
        items.append(item)
        if isinstance(item, Checkpoint):
            break
    second = recording(KEY, listing, slices[1], cursor=cursor_of(items))
    adapter = Replay(second.exchanges)
    items += walk("processes", second, adapter)
    stamps = [row["ts_end"] for row in rows_of(items, ComponentHealth)]
    assert stamps == [start + timedelta(minutes=minute) for minute in range(1, 481)]
    assert adapter.unused == []


def test_after_a_long_pause_no_more_is_asked_than_atlas_keeps() -> None:
    base = f"/api/atlas/v2/groups/{PROJECT}/processes"
    process = {"id": "db0:27017", "hostname": "db0", "port": 27017, "typeName": "REPLICA_PRIMARY"}

    class Empty(Replay):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            self.asked.append(request)
            path = str(request.url).split("?")[0]
            body = {"results": [process]} if path.endswith("/processes") else {"measurements": []}
            return response({"body": body}, request)

    told = recording(KEY, cursor={"end": "2026-01-01T00:00:00+00:00", "disks": {"db0:27017": []}})
    adapter = Empty([])
    items = walk("processes", told, adapter)
    assert base in str(adapter.asked[0].url)
    assert len(adapter.asked) == 1 + 8  # 47 hours in slices of 6
    assert [row["ts_end"] for row in rows_of(items, ComponentHealth)] == [datetime(2026, 3, 1, 11, 58, tzinfo=UTC)]


def test_a_name_full_of_slashes_stays_one_piece_of_the_address() -> None:
    assert atlas.place("groups", "../../orgs", "a b?x=1#y") == "groups/..%2F..%2Forgs/a%20b%3Fx%3D1%23y"


def test_an_unknown_unit_is_counted_and_its_figure_left_out() -> None:
    told = load("mongodb_atlas", "processes")
    run = run_of(connector, "processes", told, Replay(told.exchanges))
    list(connector.streams["processes"].fetch(run))
    assert dict(run.unknown_words) == {"CENTS": 1, "REPLICA_DELAYED": 1}


def test_what_is_not_measured_is_null_and_never_zero() -> None:
    """Idle: no operation has no mean time. 3 reads at 10 ms and 1 write at 30 ms: (30 + 30) / 4 = 15 ms."""
    assert cpu_pct({"SYSTEM_NORMALIZED_CPU_USER pct": 5.0}) is None
    assert memory_pct({"SYSTEM_MEMORY_USED bytes": 5.0}) is None
    idle = {"OPCOUNTER_QUERY per_minute": 0.0, "OP_EXECUTION_TIME_READS ms": 0.0}
    assert response_time_ms(idle) is None
    busy = {
        "OPCOUNTER_QUERY per_minute": 3.0,
        "OPCOUNTER_DELETE per_minute": 1.0,
        "OPCOUNTER_CMD per_minute": 50.0,
        "OP_EXECUTION_TIME_READS ms": 10.0,
        "OP_EXECUTION_TIME_WRITES ms": 30.0,
    }
    assert response_time_ms(busy) == pytest.approx(15.0)


def test_a_list_without_end_is_cut_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atlas, "MAX_PAGES", 3)
    path = f"/api/atlas/v2/groups/{PROJECT}/clusters"

    class Endless(Replay):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            self.asked.append(request)
            onward = f"https://cloud.mongodb.com{path}?pageNum={len(self.asked) + 1}"
            page = {"results": [{"name": f"c{len(self.asked)}"}], "links": [{"rel": "next", "href": onward}]}
            return response({"body": page}, request)

    told = recording(KEY)
    adapter = Endless([])
    run = run_of(connector, "clusters", told, adapter)
    list(connector.streams["clusters"].fetch(run))
    assert len(adapter.asked) == 3
    assert "only the first 3 pages" in run.warnings[0]


def test_a_page_that_leads_to_another_host_is_refused() -> None:
    page = {"results": [], "links": [{"rel": "next", "href": "https://evil.example/api"}]}
    told = recording(KEY, exchange(f"/api/atlas/v2/groups/{PROJECT}/clusters", page))
    with pytest.raises(SourceError, match="leads to another host"):
        walk("clusters", told, Replay(told.exchanges))
