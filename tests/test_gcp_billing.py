"""Bills of Google Cloud: a small BigQuery answers, so that months change, answers break off and limits are met."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from pydantic import ValidationError
from requests.adapters import BaseAdapter

from aurora.contracts.cost import FocusCost
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connectors.gcp_billing import GcpBillingOptions, connect, connector
from ingest.history import Outcome
from ingest.run import Ingest
from ingest.vendors import bigquery, bills
from ingest.vendors.bigquery import frame_of, limited, value_of
from ingest.vendors.google_bills import best_of
from tests.replay import Replay, load, run_of, walked
from tests.replay import response as answered
from warehouse.lake import Lake

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
OPTIONS: dict[str, Any] = {"project": "jobs", "dataset": "billing", "token": "env:PATH"}
ACCOUNT = "01A2B3_C4D5E6_F7A8B9"
FOCUS = f"gcp_billing_export_focus_{ACCOUNT}"
STRINGS = ("BillingAccountId", "BillingCurrency", "ChargeCategory", "InvoiceIssuerName", "ProviderName")
STRINGS += ("PublisherName", "ServiceCategory", "ServiceName")
INSTANTS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "x_ExportTime")
COSTS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")
PAIR = [{"name": "key", "type": "STRING"}, {"name": "value", "type": "STRING"}]
FIELDS = [
    *({"name": name, "type": "STRING"} for name in STRINGS),
    *({"name": name, "type": "TIMESTAMP"} for name in INSTANTS),
    *({"name": name, "type": "NUMERIC"} for name in COSTS),
    {"name": "Tags", "type": "RECORD", "mode": "REPEATED", "fields": PAIR},
]
MONTHS = [{"name": "month", "type": "STRING"}, {"name": "mark", "type": "STRING"}]


def micros(text: str) -> str:
    return str(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000)


def line(cost: str = "1.5", month: int = 3, exported: str = "2026-03-09", **told: Any) -> dict[str, Any]:
    periods = [f"2026-{month:02d}-01T08:00", f"2026-{month + 1:02d}-01T08:00", f"2026-{month:02d}-08T10:00"]
    instants = [*periods, f"2026-{month:02d}-08T11:00", exported]
    words = [ACCOUNT, "EUR", "Usage", *["Google Cloud"] * 3, "Compute", "Compute Engine"]
    row: dict[str, Any] = dict(zip(STRINGS, words, strict=True)) | dict.fromkeys(COSTS, cost)
    row |= {name: micros(at) for name, at in zip(INSTANTS, instants, strict=True)}
    pair = {"f": [{"v": "env"}, {"v": "prod"}]}
    return row | {"Tags": [{"v": pair}], "month": f"2026{month:02d}"} | told


class BigQuery(BaseAdapter):
    """Tables with their lines; answers two rows to a page. `twist` may change an answer on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.fields: dict[str, list[Any]] = {}
        self.partitioned = True
        self.queries: list[tuple[str, dict[str, str]]] = []
        self.jobs: list[tuple[list[Any], list[Any]]] = []
        self.twist: Any = lambda body: body
        self.refusals: list[Any] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        if self.refusals and url.path.endswith("/queries"):
            return answered(self.refusals.pop(0), request)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        return answered({"body": self._body(url.path, asked, json.loads(request.body or "null"))}, request)

    def _body(self, path: str, asked: dict[str, str], sent: Any) -> Any:
        if path.endswith("/queries"):
            named = {one["name"]: one["parameterValue"]["value"] for one in sent["queryParameters"]}
            self.queries.append((sent["query"], named))
            self.jobs.append(self._result(sent["query"], named))
            return self._page(len(self.jobs) - 1, 0)
        if found := re.search(r"/queries/(\d+)$", path):
            return self._page(int(found[1]), int(asked.get("pageToken", 0)))
        if path.endswith("/tables"):
            return {"tables": [{"tableReference": {"tableId": name}} for name in self.tables]}
        if found := re.search(r"/tables/([^/]+)$", path):
            parts = {"timePartitioning": {"type": "DAY"}} if self.partitioned else {}
            return {"schema": {"fields": self.fields.get(found[1], FIELDS)}} | parts
        return {"location": "EU"}

    def _result(self, sql: str, named: dict[str, str]) -> tuple[list[Any], list[Any]]:
        table = re.search(r"`[^`]+\.([^.`]+)`", sql)
        assert table
        rows = self.tables[table[1]]
        if "GROUP BY" not in sql:
            return FIELDS, [row for row in rows if row["month"] == named["month"]]
        months = sorted({row["month"] for row in rows if row["month"] >= named["month"]})
        mine = {month: [row for row in rows if row["month"] == month] for month in months}
        newest = {month: max(row["x_ExportTime"] for row in mine[month]) for month in months}
        return MONTHS, [{"month": one, "mark": f"{newest[one]} {len(mine[one])}"} for one in months]

    def _page(self, number: int, start: int) -> Any:
        fields, rows = self.jobs[number]
        shown = [{"f": [{"v": row.get(one["name"])} for one in fields]} for row in rows[start : start + 2]]
        body = {"jobComplete": True, "schema": {"fields": fields}, "totalRows": str(len(rows)), "rows": shown}
        body |= {"jobReference": {"projectId": "jobs", "jobId": str(number), "location": "EU"}}
        return self.twist(body | ({"pageToken": str(start + 2)} if start + 2 < len(rows) else {}))

    def close(self) -> None:
        """Nothing is open."""


class Site:
    """A source of Google's bills with a BigQuery and a lake of its own."""

    def __init__(self, folder: Path) -> None:
        self.bigquery, self.now = BigQuery(), NOW
        self.source = SourceSettings.model_validate({"name": "gcp", "connector": "gcp_billing", **OPTIONS})
        self.settings = Settings(data=folder / "data", config=folder / "aurora.toml")
        self.lake = Lake(self.settings.lake)

    def run(self) -> Outcome:
        self.now += timedelta(hours=6)
        clock = iter(self.now + timedelta(milliseconds=step) for step in range(1000))
        connectors = {"gcp_billing": connector}
        return Ingest(self.lake, self.settings, connectors, self.bigquery, clock=lambda: next(clock)).run(self.source)[
            0
        ]

    def costs(self) -> list[tuple[str, int, Decimal]]:
        frame = self.lake.read(FocusCost).sort("x_RowId")
        columns = ("x_SourceExport", "BillingPeriodStart", "BilledCost")
        rows = zip(*(frame[name].to_list() for name in columns), strict=True)
        return [(export.rpartition("_")[2], start.month, cost) for export, start, cost in rows]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_month_is_read_whole_again_when_rows_came_in_for_it(site: Site) -> None:
    site.bigquery.tables[FOCUS] = [line("1", 2), line("2"), line("3"), line("4")]
    assert site.run().status == "success"
    assert site.costs() == [("F7A8B9", 2, 1), ("F7A8B9", 3, 2), ("F7A8B9", 3, 3), ("F7A8B9", 3, 4)]
    row = site.lake.read(FocusCost).row(0, named=True)
    assert json.loads(row["Tags"]) == {"env": "prod"}
    asked = len(site.bigquery.queries)
    assert site.run().status == "success"
    assert len(site.bigquery.queries) == asked + 1  # the months alone
    # A correction for February comes in late, with an old export time even: the number of rows tells it.
    site.bigquery.tables[FOCUS].append(line("-0.5", 2, "2026-01-01"))
    assert site.run().status == "success"
    assert [cost for _, month, cost in site.costs() if month == 2] == [1, Decimal("-0.5")]
    assert [named["month"] for sql, named in site.bigquery.queries if "GROUP BY" not in sql] == [
        "202603",
        "202602",
        "202602",
    ]


def test_the_table_that_tells_most_is_read_for_each_account() -> None:
    names = ["gcp_billing_export_v1_A", "gcp_billing_export_resource_v1_A", "gcp_billing_export_v1_B", "other"]
    assert best_of(names) == ["gcp_billing_export_resource_v1_A", "gcp_billing_export_v1_B"]
    assert best_of([*names, "gcp_billing_export_focus_a"]) == ["gcp_billing_export_focus_a", "gcp_billing_export_v1_B"]
    assert best_of(["other"]) == []


def test_a_month_beyond_memory_lands_by_one_commit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "FITS", 2)
    site.bigquery.tables[FOCUS] = [line(str(number)) for number in range(1, 6)]
    assert site.run().status == "success"
    assert [cost for _, _, cost in site.costs()] == [1, 2, 3, 4, 5]
    site.bigquery.tables[FOCUS] = [line("7"), line("8"), line("9")]
    assert site.run().status == "success"
    assert [cost for _, _, cost in site.costs()] == [7, 8, 9]


def test_two_accounts_land_side_by_side_and_strange_names_are_not_asked(site: Site) -> None:
    site.bigquery.tables |= {FOCUS: [line("1")], "gcp_billing_export_focus_B": [line("2")]}
    site.bigquery.tables["gcp_billing_export_focus_`; DROP"] = [line("3")]
    assert site.run().status == "success"
    assert sorted(site.costs()) == [("B", 3, 2), ("F7A8B9", 3, 1)]


def test_partitions_bound_a_query_only_where_they_tell_when_rows_came_in(site: Site) -> None:
    """100 days before 1 March 2026 is 21 November 2025."""
    site.bigquery.tables[FOCUS] = [line()]
    site.run()
    sql, named = site.bigquery.queries[-1]
    assert "_PARTITIONTIME >= TIMESTAMP(@arrived)" in sql
    assert named == {"month": "202603", "arrived": "2025-11-21"}
    site.bigquery.partitioned = False
    site.bigquery.tables[FOCUS].append(line())
    site.run()
    sql, named = site.bigquery.queries[-1]
    assert ("_PARTITIONTIME" in sql, named) == (False, {"month": "202603"})


def test_a_dataset_without_a_bill_is_told(site: Site) -> None:
    site.bigquery.tables["visits"] = []
    told = site.run()
    assert (told.status, "holds no billing export" in str(told.error)) == ("partial", True)


def test_a_table_that_is_no_bill_is_told(site: Site) -> None:
    site.bigquery.tables[FOCUS] = []
    site.bigquery.fields[FOCUS] = [{"name": "a", "type": "STRING"}]
    told = site.run()
    assert (told.status, told.error_class) == ("failed", "bad_query")
    assert f"jobs.billing.{FOCUS}: is neither" in str(told.error)


def test_a_result_that_breaks_off_is_not_taken_for_the_month(site: Site) -> None:
    site.bigquery.tables[FOCUS] = [line("1"), line("2"), line("3")]
    site.bigquery.twist = lambda body: {name: told for name, told in body.items() if name != "pageToken"}
    told = site.run()
    assert (told.status, told.error_class, site.costs()) == ("partial", "partial", [])
    site.bigquery.twist = lambda body: body
    assert (site.run().status, len(site.costs())) == ("success", 3)


def test_errors_inside_a_good_answer_are_told(site: Site) -> None:
    site.bigquery.tables[FOCUS] = [line()]
    errors = [{"reason": "internalError", "message": "a worker was lost"}]
    site.bigquery.twist = lambda body: body | {"errors": errors}
    told = site.run()
    assert (told.status, len(site.costs()), "a worker was lost" in str(told.error)) == ("partial", 1, True)
    site.bigquery.twist = lambda body: {"jobReference": body["jobReference"], "jobComplete": True, "errors": errors}
    assert (site.run().status, site.run().error_class) == ("failed", "partial")


def test_a_query_that_is_never_done_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bigquery, "MAX_POLLS", 3)
    site.bigquery.tables[FOCUS] = [line()]
    site.bigquery.twist = lambda body: {"jobReference": body["jobReference"], "jobComplete": False}
    assert site.run().error_class == "timeout"


def test_lines_that_cannot_be_rows_are_quarantined_and_a_month_of_such_alone_is_a_fault(site: Site) -> None:
    site.bigquery.tables[FOCUS] = [line("1"), line(BilledCost="much"), line("2", 2, BillingCurrency=None)]
    told = site.run()
    assert (told.status, told.error_class) == ("failed", "schema_drift")
    assert "none of the 1 lines of 202602 can be a row (BillingCurrency is missing)" in str(told.error)
    assert (told.landed.quarantined_count, site.costs()) == (1, [("F7A8B9", 3, 1)])


def refusal(status: int, reason: str, message: str = "no") -> Any:
    told = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return {"status": status, "body": {"error": told}}


def test_a_403_for_a_limit_is_waited_out_and_one_for_a_permission_is_not(tmp_path: Path) -> None:
    recording = load("gcp_billing", "bills")
    limit, denied = refusal(403, "rateLimitExceeded"), refusal(403, "accessDenied")
    fit = {"request": {"method": "POST", "path": "/bigquery/v2/projects/jobs-project/queries"}}
    adapter = Replay([fit | {"response": limit}, *recording.exchanges])
    run = run_of(connector, "bills", recording, adapter)
    assert walked(connector, "bills", run)
    assert (adapter.unused, run.http.rate_limited_s) == ([], 2)
    run = run_of(connector, "bills", recording, Replay([fit | {"response": denied}, *recording.exchanges]))
    with pytest.raises(SourceError) as raised:
        walked(connector, "bills", run)
    assert raised.value.error_class == "permission"


def test_a_403_that_is_a_limit_is_known_by_its_reason() -> None:
    from ingest.http import Answer

    told = json.dumps(refusal(403, "quotaExceeded")["body"])
    assert limited(Answer("https://x", 403, {}, told), 2) == 4
    assert limited(Answer("https://x", 403, {}, "quotaExceeded"), 2) is None
    assert limited(Answer("https://x", 500, {}, told), 2) is None


def test_a_query_that_would_read_too_much_says_what_to_do(site: Site) -> None:
    site.bigquery.tables[FOCUS] = [line()]
    message = "Query exceeded limit for bytes billed: 50000000000. 61203283968 or higher required."
    site.bigquery.refusals = [refusal(400, "bytesBilledLimitExceeded", message)]
    told = site.run()
    assert (told.error_class, "raise maximum_bytes" in str(told.error)) == ("bad_query", True)


def test_values_of_bigquery() -> None:
    assert value_of({"name": "a", "type": "TIMESTAMP"}, "1773050400000000") == "2026-03-09T10:00:00+00:00"
    record = {"name": "a", "type": "RECORD", "fields": PAIR}
    assert value_of(record, {"f": [{"v": "k"}, {"v": None}]}) == {"key": "k", "value": None}
    rows = [{"f": [{"v": [{"v": {"f": [{"v": "k"}, {"v": "ü"}]}}]}, {"v": "1.5"}]}, {"f": [{"v": []}, {"v": None}]}]
    frame = frame_of([record | {"mode": "REPEATED"}, {"name": "b", "type": "FLOAT"}], rows)
    assert frame.rows() == [('[{"key": "k", "value": "ü"}]', "1.5"), (None, None)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataset": "a`b"},
        {"project": "a b"},
        {"table": "a.b"},
        {"token": None},
        {"service_account": "env:PATH"},
        {"maximum_bytes": 1},
        {"history": "1d"},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GcpBillingOptions.model_validate(OPTIONS | wrong)


def test_a_key_that_is_none_is_refused() -> None:
    told = {name: value for name, value in OPTIONS.items() if name != "token"}
    with pytest.raises(SourceError) as raised:
        connect(GcpBillingOptions.model_validate(told | {"service_account": "env:PATH"}))
    assert raised.value.error_class == "auth"
