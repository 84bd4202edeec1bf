"""Power and performance metrics of the newest versions: launch time, hangs and memory of the typical (median) device.

https://developer.apple.com/documentation/appstoreconnectapi/get-v1-apps-_id_-perfpowermetrics: Apple tells one figure
for each version and device, and of no day: a row stands for the day (UTC) on which it was told.
"""

import json
from collections.abc import Iterator
from typing import Any

from aurora.contracts import Row
from aurora.contracts.mobile import MobileVitalsDaily
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors.app_store_api import App, Client, needed, part, rows, text

MEDIA = "application/vnd.apple.xcode-metrics+json,application/json"
ASKED = {"filter[platform]": "IOS", "filter[metricType]": "HANG,LAUNCH,MEMORY"}
MEDIAN = "percentile.fifty"
ALL_PHONES, ALL_TABLETS = "all_iphones", "all_ipads"
# Metric: vital, unit, what a value is multiplied with by its own unit. Hangs are told in seconds of an hour of use.
METRICS: dict[str, tuple[str, str, dict[str, float]]] = {
    "launchtime": ("launch_time", "ms", {"ms": 1, "milliseconds": 1, "s": 1000, "sec": 1000, "seconds": 1000}),
    "peakmemory": ("memory", "bytes", {"bytes": 1, "kb": 1e3, "mb": 1e6, "megabytes": 1e6, "gb": 1e9}),
    "hangrate": ("other", "ratio", {}),
}
HOUR_S = 3600


def vital_rows(run: Run[Any], client: Client, app: App) -> Iterator[Row]:
    """Rows of an application; none while too few people use it for Apple to tell."""
    path = f"/v1/apps/{part(app.native_id)}/perfPowerMetrics"
    try:
        told = json_of(client, path)
    except SourceError as error:
        if error.error_class != "not_found":
            raise
        return
    found = told.get("productData") if isinstance(told, dict) else None
    if not isinstance(found, list):
        raise SourceError(f"{client.who}: {path} answered with no metrics ({str(told)[:200]})", "schema_drift")
    yield from rows(run, MobileVitalsDaily, _points(found), lambda one: point_row(run, app, one))


def json_of(client: Client, path: str) -> Json:
    """The answer, which is JSON of a kind of its own. Raises SourceError."""
    answer = client.ask("GET", path, params=ASKED, headers={"Accept": MEDIA})
    try:
        return json.loads(answer.text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{client.who}: {path} answered with something that is not JSON", "schema_drift") from error


def _points(found: list[Json]) -> Iterator[Json]:
    """Each figure with its metric and whose it is; medians of the metrics that are known."""
    categories = (one for product in _objects(found) for one in _objects(product.get("metricCategories")))
    for metric in (one for category in categories for one in _objects(category.get("metrics"))):
        name, unit = str(metric.get("identifier")), metric.get("unit")
        for dataset in _objects(metric.get("datasets")) if name.lower() in METRICS else ():
            of = dataset.get("filterCriteria")
            if isinstance(of, dict) and of.get("percentile") == MEDIAN:
                about = {"metric": name, "unit": unit.get("identifier") if isinstance(unit, dict) else None, "of": of}
                yield from (about | {"point": point} for point in _objects(dataset.get("points")))


def _objects(told: Json) -> list[Json]:
    """The objects of a list, none of anything else."""
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def point_row(run: Run[Any], app: App, told: Json) -> Row | None:
    """A figure in our units, None, and counted, for one in a unit that is not known."""
    vital, unit, factors = METRICS[told["metric"].lower()]
    value, device = float(told["point"]["value"]), told["of"].get("device")
    raw_unit = str(told["unit"])
    factor = 1 / HOUR_S if vital == "other" else factors.get(raw_unit.lower())
    if factor is None:
        run.unknown_words[raw_unit[:40]] += 1
        return None
    named = {ALL_PHONES: "", ALL_TABLETS: "iPad"}
    model = named.get(device, text(told["of"].get("deviceMarketingName"), 100) or text(device, 100))
    if value < 0 or model is None:
        raise ValueError(f"{value} of device {str(device)[:40]!r} is no figure of a device")
    return {
        "store_app_id": app.store_app_id,
        "version": needed(text(told["point"]["version"], 100)),
        "device_model": model,
        "country": "",
        "vital": vital,
        "vital_raw": told["metric"],
        "day": run.now.date(),
        "day_tz": "UTC",
        "value": value * factor,
        "unit": unit,
    }
