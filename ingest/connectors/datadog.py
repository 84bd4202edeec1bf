"""Hosts, services, their health, API endpoints, monitors as alerts, objectives and, at will, what Datadog costs.

API: https://docs.datadoghq.com/api/latest/ (hosts, query/timeseries v2, monitor, slo, usage). Needs: an API key and an
application key with the scopes hosts_read, timeseries_query, monitors_read and slos_read. A host is its numeric id, a
service its name: give one source per environment (`env`) if services of several share a name. `up` says that a host
reports; one that does not is unknown, not down. Services and, by resource name, API endpoints come from the trace
metrics of `operations`. `cost = true` needs a key of the parent organisation with usage_read and billing_read; days
lag by up to three, and a month adds up to its bill once that is out (by the 16th of the next).
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.cost import CostDays
from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ApiEndpointErrors, ApiEndpointStats, ComponentHealth, SloPoints, Slos
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.declared import Declared
from ingest.http import Site
from ingest.paging import by_offset, by_page
from ingest.vendors import datadog
from ingest.vendors.apm import Window, kept, millis, resolved, rest, revived, windows
from ingest.vendors.datadog import Ask, Wide, is_elsewhere, tags_of, told
from ingest.vendors.datadog_cost import cost_rows, questions
from ingest.vendors.datadog_endpoints import endpoint_items
from ingest.vendors.datadog_hosts import bucket, host_health, host_key, host_row, names_of, service_row
from ingest.vendors.datadog_monitors import episodes, groups_of

MAX_SLOS, HOUR = 200, timedelta(hours=1)


class DatadogOptions(Frozen):
    """`site`: where the account lives; `env`: only this environment; `operations`: entry spans of services."""

    site: str = Field(pattern=r"^([a-z0-9]+\.)?(datadoghq\.com|datadoghq\.eu|ddog-gov\.com)$")
    api_key: Secret
    application_key: Secret
    env: str | None = Field(None, pattern=r"^[A-Za-z0-9_./-]+$")
    operations: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.]+$")], ...] = Field(("http.request",), max_length=5)
    cost: bool = False
    step: Duration = timedelta(minutes=1)
    endpoint_step: Duration = timedelta(minutes=5)
    settle: Duration = timedelta(minutes=2)
    page_size: int = Field(1000, ge=1, le=1000)
    window_points: int = Field(240, ge=1, le=1500)


DatadogRun = Run[DatadogOptions]


def connect(options: DatadogOptions) -> Site:
    """The site with both keys. Raises SettingsError for an unset secret."""
    api, application = options.api_key.reveal(), options.application_key.reveal()
    headers = {"DD-API-KEY": api, "DD-APPLICATION-KEY": application}
    return Site(f"https://api.{options.site}", headers, secrets=(api, application))


connector = Connector("datadog", DatadogOptions, connect)


@connector.stream(ComponentHealth, Components, every="1m", lookback="1h", overlap="10m")
def fetch_health(run: DatadogRun) -> Iterator[Item]:
    """Hosts and services with one wide row per bucket, window by window up to what has settled."""
    options, hosts = run.options, list(_hosts(run, metadata=True))
    for host in hosts:
        yield Components, host_row(run, host)
    spans = windows(run, options.step, options.settle, options.window_points)
    for span in spans:
        ask = Ask(_scope(options), int(options.step.total_seconds()), millis(span[0]), millis(span[1]))
        for row in host_health(run, hosts, _wide(run, ask, "host", datadog.HOST_QUERIES), span):
            yield ComponentHealth, row
        services = _services(run, ask)
        for name in sorted({name for name, _ in services}):
            yield Components, service_row(run, name)
        for key, measures in services.items():
            yield ComponentHealth, bucket(run, f"service:{key[0]}", key[1]) | measures
        yield Checkpoint({"until": span[1].isoformat()})
    if not spans:
        yield rest(run, options.step)


def _hosts(run: DatadogRun, *, metadata: bool) -> Iterator[Json]:
    """Each host that reported within three hours, once; pages may overlap by one."""
    params: dict[str, Any] = {
        "start": 0,
        "count": run.options.page_size,
        "include_hosts_metadata": str(metadata).lower(),
    }
    if run.options.env:
        params["filter"] = _scope(run.options)
    seen: set[str] = set()
    following = by_offset(lambda page: page["host_list"], run.options.page_size, "start")
    for page in run.http.pages("api/v1/hosts", params, following=following):
        for host in told(run.source_instance, page)["host_list"]:
            if host_key(host) not in seen:
                seen.add(host_key(host))
                yield host


def _wide(run: DatadogRun, ask: Ask, group: str, queries: dict[str, tuple[str, str]], operation: str = "") -> Wide:
    body = datadog.request(ask, group, queries, operation)
    answer = told(run.source_instance, run.http.post("api/v2/query/timeseries", body=body))
    return datadog.wide(answer, ask, group, list(queries))


def _services(run: DatadogRun, ask: Ask) -> dict[tuple[str, int], Row]:
    """Measures of services; of several operations of one service the first that is named counts."""
    found: dict[tuple[str, int], Row] = {}
    for operation in run.options.operations:
        for key, values in _wide(run, ask, "service", datadog.SERVICE_QUERIES, operation).items():
            found.setdefault(key, datadog.service_measures(values, ask.step_s))
    return found


def _scope(options: DatadogOptions) -> str:
    return f"env:{options.env}" if options.env else "*"


@connector.stream(ApiEndpointStats, ApiEndpointErrors, every="1m", lookback="1h", overlap="10m")
def fetch_endpoints(run: DatadogRun) -> Iterator[Item]:
    """Calls, errors and times by resource of the traced services, window by window up to what has settled."""
    step = run.options.endpoint_step
    spans = windows(run, step, run.options.settle, run.options.window_points)
    for span in spans:
        yield from endpoint_items(
            run, Ask(_scope(run.options), int(step.total_seconds()), millis(span[0]), millis(span[1]))
        )
        yield Checkpoint({"until": span[1].isoformat()})
    if not spans:
        yield rest(run, step)


@connector.stream(Alerts, every="1m", lookback="1d", overlap="5m")
def fetch_alerts(run: DatadogRun) -> Iterator[Item]:
    """One alert per monitor group and episode; a group that is gone is resolved, at a time that is inferred."""
    was = {key: revived(text) for key, text in (run.cursor or {}).get("open", {}).items()}
    ids = {name: host_key(host) for host in _hosts(run, metadata=False) for name in names_of(host)}
    now_open: dict[str, Row] = {}
    for monitor, group, said in _groups(run):
        before = was.pop(f"{monitor['id']}/{group}", None)
        for row in episodes(run, monitor, group, said, before):
            row["component_id"] = _about(run, group, ids)
            yield Alerts, row
            if row["state"] != "resolved":
                now_open[row["fingerprint"]] = row
    for row in was.values():
        yield Alerts, resolved(row, None, run.now)
    yield Checkpoint({"until": run.now.isoformat(), "open": {key: kept(row) for key, row in now_open.items()}})


def _groups(run: DatadogRun) -> Iterator[tuple[Json, str, Json]]:
    size = min(run.options.page_size, 100)
    params = {"group_states": "all", "page": 0, "page_size": size}
    for page in run.http.pages("api/v1/monitor", params, following=by_page(lambda page: page, size)):
        for monitor in told(run.source_instance, page):
            for group, said in groups_of(monitor).items():
                if not is_elsewhere([*(monitor.get("tags") or []), *group.split(",")], run.options.env):
                    yield monitor, group, said


def _about(run: DatadogRun, group: str, ids: dict[str, str]) -> str | None:
    """The component that a group names: its host, else its service."""
    tags = tags_of(group.split(","))
    native = ids.get(tags.get("host", "").lower())
    if native:
        return run.id(native)
    return run.id(f"service:{tags['service']}") if "service" in tags else None


@connector.stream(SloPoints, Slos, every="1h", lookback="3h")
def fetch_slos(run: DatadogRun) -> Iterator[Item]:
    """Objectives with a window of 7 or 30 days, and one point per objective and hour."""
    declared, slos = Declared(run), list(_slos(run))
    for slo in slos:
        declared.add(Slos, slo_row(run, slo))
    yield from declared.items(Slos)
    hours = windows(run, HOUR, run.options.settle, 1)
    for span in hours:
        for slo in slos:
            if data := _history(run, slo, span):
                yield SloPoints, slo_point(run, slo, data, span, is_last=span == hours[-1])
        yield Checkpoint({"until": span[1].isoformat()})
    if not hours:
        yield rest(run, HOUR)


def _slos(run: DatadogRun) -> Iterator[Json]:
    """What the account promises, attributes and id in one, as far as there is a window for it."""
    read, other = 0, 0
    size = min(run.options.page_size, 100)
    params = {"page[number]": 0, "page[size]": size}
    following = by_page(lambda page: page["data"]["attributes"]["slos"], size, "page[number]")
    for page in run.http.pages("api/v1/slo/search", params, following=following):
        for listed in told(run.source_instance, page)["data"]["attributes"]["slos"]:
            slo = listed["data"]["attributes"] | {"id": listed["data"]["id"]}
            if is_elsewhere(slo.get("all_tags") or [], run.options.env):
                continue
            fits = datadog.threshold_of(slo) is not None
            read, other = read + fits, other + (not fits)
            if fits and read <= MAX_SLOS:
                yield slo
    if other or read > MAX_SLOS:
        run.warn(
            f"{other} objectives have no window of 7 or 30 days and {max(read - MAX_SLOS, 0)} are too many: left out"
        )


def _history(run: DatadogRun, slo: Json, span: Window) -> Json | None:
    """What happened to an objective in a stretch; a failed calculation makes the run partial."""
    asked = {"from_ts": int(span[0].timestamp()), "to_ts": int(span[1].timestamp())}
    answer = run.http.get(f"api/v1/slo/{quote(slo['id'], safe='')}/history", asked)
    if answer.get("errors"):
        run.warn(
            f"Datadog could not calculate {slo['name']} from {span[0]:%Y-%m-%d %H:%M}: {str(answer['errors'])[:200]}"
        )
    return answer.get("data")


def slo_row(run: DatadogRun, slo: Json) -> Row:
    """An objective as Datadog keeps it."""
    promised = datadog.threshold_of(slo) or {}
    about = {"slo_id": run.id(slo["id"]), "name": slo["name"], "kind": "vendor"}
    return about | {"target_pct": float(promised["target"]), "window": promised["timeframe"]}


def slo_point(run: DatadogRun, slo: Json, data: Json, span: Window, *, is_last: bool) -> Row:
    """A point of an objective; the budget left is that of now, so only the last stretch has it."""
    left = datadog.budget_left(slo, (datadog.threshold_of(slo) or {})["timeframe"]) if is_last else None
    when = {"slo_id": run.id(slo["id"]), "ts_start": span[0], "ts_end": span[1], "vendor_budget_left_pct": left}
    return when | datadog.slo_measures(data, *span)


@connector.stream(CostDays, every="1d")
def fetch_cost(run: DatadogRun) -> Iterator[Item]:
    """What each day of this month and the last cost, anew at each run, since days grow late; nothing unless asked."""
    if not run.options.cost:
        return
    answers = [told(run.source_instance, run.http.get(path, asked)) for path, asked in questions(run.now.date())]
    for row in cost_rows(run, *(answer["data"] for answer in answers)):
        yield CostDays, row
