"""Bills of Azure: exports end to end, limits and silent rewrites of the query API, budgets that go."""

import gzip
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import polars as pl
import pytest
import requests
from pydantic import ValidationError
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from aurora.contracts.cost import Budgets, CostDays, FocusCost
from aurora.contracts.platform import Quarantine
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connectors.azure_cost import AzureCostOptions, connector
from ingest.history import Outcome
from ingest.http import Answer
from ingest.run import Ingest
from ingest.vendors import bills
from ingest.vendors.azure_query import limited, months
from tests.replay import Recording, Replay, load, replayed, rows_of, run_of
from tests.test_focus_convert import AZURE
from warehouse.lake import Lake

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
SUB = "subscriptions/0b1f6471"
OPTIONS: dict[str, Any] = {"tenant": "t", "client_id": "me", "client_secret": "env:PATH", "scope": SUB}
EXPORT = {"container": "https://billing.blob.example/costs", "directory": "finance", "name": "focus"}
ROOT = "finance/focus/"
LINE = {
    "BilledCost": "1.5",
    "BillingAccountId": "account",
    "BillingCurrency": "EUR",
    "BillingPeriodStart": "2026-03-01",
    "BillingPeriodEnd": "2026-04-01",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-03-08",
    "ChargePeriodEnd": "2026-03-09",
    "ContractedCost": "1.5",
    "EffectiveCost": "1.5",
    "InvoiceIssuerName": "Microsoft",
    "ListCost": "2",
    "ProviderName": "Microsoft",
    "PublisherName": "Microsoft",
    "ServiceCategory": "Compute",
    "ServiceName": "Virtual Machines",
}
FEBRUARY = {"BillingPeriodStart": "2026-02-01", "BillingPeriodEnd": "2026-03-01"}
FEBRUARY |= {"ChargePeriodStart": "2026-02-08", "ChargePeriodEnd": "2026-02-09"}


def csv_of(*lines: dict[str, str]) -> bytes:
    return pl.DataFrame([LINE | line for line in lines]).write_csv().encode()


def parquet_of(*lines: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame([LINE | line for line in lines]).write_parquet(file)
    return file.getvalue()


class Store(BaseAdapter):
    """A container with its blobs, two to a page, and a sign-in; `asked` are all addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs: dict[str, tuple[bytes, datetime]] = {}
        self.asked: list[str] = []
        self.listing: str | None = None

    def put(self, name: str, body: bytes, at: datetime = NOW) -> None:
        self.blobs[name] = (body, at)

    def month(self, folder: str, at: datetime = NOW, counts: dict[str, int] | None = None, **parts: bytes) -> None:
        """A run of the export for a range of days; a part a_csv is the blob a.csv."""
        names = {f"{ROOT}{folder}/{name.replace('_', '.')}": body for name, body in parts.items()}
        for name, body in names.items():
            self.put(name, body, at)
        counts = counts or {}
        listed = [{"blobName": name, "dataRowCount": counts.get(name.rsplit("/", 1)[1])} for name in names]
        self.put(f"{ROOT}{folder}/manifest.json", json.dumps({"blobs": listed}).encode(), at)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        self.asked.append(str(request.url))
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path.endswith("/token"):
            return self._answer(request, json.dumps({"access_token": "tok", "expires_in": 3600}).encode())
        if asked.get("comp") == "list":
            return self._answer(request, self._list(asked).encode())
        found = self.blobs.get(unquote(url.path).removeprefix("/costs/"))
        return self._answer(request, found[0]) if found else self._answer(request, b"<Error/>", 404)

    def _list(self, asked: dict[str, str]) -> str:
        if self.listing is not None:
            return self.listing
        names = sorted(name for name in self.blobs if name.startswith(asked["prefix"]))
        start = int(asked.get("marker", 0))
        told = "".join(self._blob(name) for name in names[start : start + 2])
        more = str(start + 2) if start + 2 < len(names) else ""
        return f"<EnumerationResults><Blobs>{told}</Blobs><NextMarker>{more}</NextMarker></EnumerationResults>"

    def _blob(self, name: str) -> str:
        body, at = self.blobs[name]
        told = f"<Last-Modified>{at:%a, %d %b %Y %H:%M:%S} GMT</Last-Modified><Etag>{hash(body)}</Etag>"
        return f"<Blob><Name>{name}</Name><Properties>{told}</Properties></Blob>"

    def _answer(self, request: requests.PreparedRequest, body: bytes, status: int = 200) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = status, str(request.url), request
        answer.headers["Content-Length"] = str(len(body))
        answer.raw = HTTPResponse(io.BytesIO(body), answer.headers, status, preload_content=False)
        return answer

    def close(self) -> None:
        """Nothing is open."""


class Site:
    """A source of Azure's bills that reads a store into a lake of its own."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.store = Store()
        told = OPTIONS | {"exports": [EXPORT], "query": False, "budgets": False} | options
        self.source = SourceSettings.model_validate({"name": "az", "connector": "azure_cost", **told})
        self.settings = Settings(data=folder / "data", config=folder / "aurora.toml")
        self.lake = Lake(self.settings.lake)
        self.now = NOW

    def run(self) -> Outcome:
        self.now += timedelta(hours=1)
        clock = iter(self.now + timedelta(milliseconds=step) for step in range(1000))
        ingest = Ingest(self.lake, self.settings, {"azure_cost": connector}, self.store, clock=lambda: next(clock))
        return ingest.run(self.source, {"exports"})[0]

    def costs(self) -> dict[str, list[Decimal]]:
        rows = self.lake.read(FocusCost).sort("x_RowId")
        found: dict[str, list[Decimal]] = {}
        for row in rows.iter_rows(named=True):
            found.setdefault(f"{row['BillingPeriodStart']:%Y-%m}", []).append(row["BilledCost"])
        return found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_months_land_whole_and_only_those_whose_manifest_changed_are_read_again(site: Site) -> None:
    site.store.month("20260201-20260228/r1", a_csv=csv_of(FEBRUARY))
    site.store.month("20260301-20260331/r1", a_csv=csv_of({}, {"BilledCost": "2"}), b_csv=csv_of({"BilledCost": "3"}))
    assert (site.run().status, site.costs()) == ("success", {"2026-02": [Decimal("1.5")], "2026-03": [1.5, 2, 3]})
    asked = len(site.store.asked)
    assert site.run().status == "success"
    assert [one for one in site.store.asked[asked:] if "manifest" in one or "csv" in one] == []
    # A new run of the export has fewer lines: what it does not tell any more goes, February stays.
    site.store.month("20260301-20260331/r2", NOW + timedelta(hours=1), c_csv=csv_of({"BilledCost": "4"}))
    assert site.run().status == "success"
    assert site.costs() == {"2026-02": [Decimal("1.5")], "2026-03": [4]}
    row = site.lake.read(FocusCost).sort("x_RowId").row(0, named=True)
    assert (row["x_SourceExport"], row["x_IsEstimated"]) == ("az:focus/2026-02", False)


def test_a_month_beyond_memory_lands_by_one_commit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "FITS", 1)
    site.store.month("20260301-20260331/r1", a_csv=csv_of({}, {}), b_csv=csv_of({"BilledCost": "3"}))
    assert (site.run().status, site.costs()) == ("success", {"2026-03": [Decimal("1.5"), Decimal("1.5"), 3]})
    site.store.month("20260301-20260331/r2", NOW + timedelta(hours=1), c_csv=csv_of({"BilledCost": "4"}, {}))
    assert (site.run().status, site.costs()) == ("success", {"2026-03": [4, Decimal("1.5")]})


def test_an_estimate_ends_when_the_month_is_settled_or_invoiced(site: Site) -> None:
    late = datetime(2026, 3, 6, 1, tzinfo=UTC)
    site.store.month("20260201-20260228", late, a_csv=csv_of(FEBRUARY))
    site.store.month("20260301-20260331", a_csv=csv_of({"InvoiceId": "1"}, {"InvoiceId": ""}))
    site.run()
    told = site.lake.read(FocusCost).sort("x_RowId")["x_IsEstimated"].to_list()
    assert told == [False, False, True]


def test_parts_may_be_parquet_packed_or_of_an_older_kind(site: Site) -> None:
    old = pl.DataFrame([AZURE]).write_csv().encode()
    site.store.month(
        "20260301-20260331",
        a_parquet=parquet_of({"BilledCost": 0.5, "ChargePeriodStart": datetime(2026, 3, 8, tzinfo=UTC)}),
        b_csv_gz=gzip.compress(csv_of({"BilledCost": "2"})),
        c_csv=old,
        d_csv=b"",
    )
    assert site.run().status == "success"
    assert site.costs() == {"2026-03": [Decimal("0.5"), 2, Decimal("0.6")]}


def test_a_month_that_cannot_be_read_keeps_its_rows_and_the_others_are_read(site: Site) -> None:
    site.store.month("20260201-20260228", a_csv=csv_of(FEBRUARY))
    site.store.month("20260301-20260331", a_csv=csv_of({}))
    site.run()
    later = NOW + timedelta(hours=2)
    site.store.month("20260201-20260228", later, a_csv=csv_of(FEBRUARY | {"BilledCost": "7"}))
    site.store.month("20260301-20260331", later, a_csv=csv_of({}), b_csv=csv_of({}))
    del site.store.blobs[f"{ROOT}20260301-20260331/b.csv"]
    told = site.run()
    assert (told.status, told.error_class) == ("failed", "not_found")
    assert "month 2026-03: its manifest lists finance/focus/20260301-20260331/b.csv" in str(told.error)
    assert site.costs() == {"2026-02": [7], "2026-03": [Decimal("1.5")]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"a,b\n1,2\n", "no column"),
        (b"PAR1 and no more", "cannot be read"),
    ],
)
def test_a_part_that_is_no_bill_is_told(site: Site, body: bytes, told: str) -> None:
    name = "a_parquet" if body.startswith(b"PAR1") else "a_csv"
    site.store.month("20260301-20260331", **{name: body})
    outcome = site.run()
    assert (outcome.status, outcome.error_class) == ("failed", "schema_drift")
    assert told in str(outcome.error)


def test_fewer_lines_than_the_manifest_says_are_read_again_later(site: Site) -> None:
    site.store.month("20260301-20260331", counts={"a.csv": 2}, a_csv=csv_of({}))
    told = site.run()
    assert (told.status, site.costs()) == ("partial", {})
    assert "has 1 lines and its manifest says 2" in str(told.error)
    site.store.month("20260301-20260331", counts={"a.csv": 1}, a_csv=csv_of({}))
    assert (site.run().status, site.costs()) == ("success", {"2026-03": [Decimal("1.5")]})


def test_lines_that_cannot_be_rows_are_quarantined_and_the_others_land(site: Site) -> None:
    site.store.month("20260301-20260331", a_csv=csv_of({}, {"BilledCost": "much"}, {"BillingCurrency": ""}))
    told = site.run()
    assert (told.landed.row_count, told.landed.quarantined_count) == (1, 2)
    assert set(site.lake.read(Quarantine)["rule"]) == {"BilledCost|type", "BillingCurrency|nullability"}


def test_a_line_with_too_many_cells_is_quarantined_alone(site: Site) -> None:
    site.store.month("20260301-20260331", a_csv=csv_of({}) + b"a,b," * 30 + b"\n" + csv_of({}).split(b"\n", 1)[1])
    told = site.run()
    assert (told.landed.row_count, told.landed.quarantined_count) == (2, 1)


def test_ranges_that_are_no_month_are_left_out_and_told(site: Site) -> None:
    site.store.month("20260301-20260307", a_csv=csv_of({}))
    site.store.month("20260301-20260331", a_csv=csv_of({}))
    told = site.run()
    assert (told.status, site.costs()) == ("partial", {"2026-03": [Decimal("1.5")]})
    assert "20260301-20260307 is no whole month" in str(told.error)


def test_an_export_without_manifests_is_told(site: Site) -> None:
    site.store.put(f"{ROOT}20260301-20260331/costs_1234.csv", csv_of({}))
    assert "turn on its file partitioning" in str(site.run().error)


@pytest.mark.parametrize("part", ["other/secret.csv", f"{ROOT}../other/secret.csv"])
def test_a_manifest_may_not_lead_out_of_its_export(site: Site, part: str) -> None:
    body = json.dumps({"blobs": [{"blobName": part}]}).encode()
    site.store.put(f"{ROOT}20260301-20260331/manifest.json", body)
    told = site.run()
    assert (told.error_class, any("secret.csv" in one for one in site.store.asked)) == ("schema_drift", False)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"blobs": [1]}', b'{"blobs": [{}]}', b"{}"])
def test_a_manifest_that_is_none_is_told(site: Site, body: bytes) -> None:
    site.store.put(f"{ROOT}20260301-20260331/manifest.json", body)
    assert site.run().error_class == "schema_drift"


@pytest.mark.parametrize(
    "listing",
    [
        "",
        "<html>",
        "<Other/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><EnumerationResults/>',
        "<EnumerationResults><Blob><Name>x</Name></Blob></EnumerationResults>",
    ],
)
def test_a_list_of_blobs_that_is_none_is_told(site: Site, listing: str) -> None:
    site.store.listing = listing
    assert site.run().error_class == "schema_drift"


def test_a_shared_access_signature_signs_in_alone_and_is_never_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAS", "?sv=2024-01-01&se=2027-01-01T00%3A00%3A00Z&sig=s3cr%2Bet%3D")
    site = Site(tmp_path, exports=[EXPORT | {"sas": "env:SAS"}])
    site.store.month("20260301-20260331", a_csv=csv_of({}))
    assert (site.run().status, site.costs()) == ("success", {"2026-03": [Decimal("1.5")]})
    assert all("sig=s3cr%2Bet%3D" in one for one in site.store.asked)
    assert not any("token" in one for one in site.store.asked)
    del site.store.blobs[f"{ROOT}20260301-20260331/a.csv"]
    site.store.put(f"{ROOT}20260301-20260331/manifest.json", b'{"blobs": [{"blobName": "finance/focus/x"}]}')
    told = str(site.run().error)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data" / "raw").rglob("*") if path.is_file())
    assert "s3cr" not in told
    assert b"s3cr" not in kept


def answer(status: int, **headers: str) -> Answer:
    return Answer("https://x", status, {name.replace("_", "-"): value for name, value in headers.items()}, "")


def test_the_longest_of_the_limits_is_waited_for() -> None:
    prefix = "x-ms-ratelimit-microsoft.costmanagement-"
    told = {f"{prefix}qpu-retry-after": "11", f"{prefix}entity-retry-after": "37", f"{prefix}tenant-retry-after": "5"}
    assert limited(Answer("https://x", 429, told, ""), 1) == 37
    assert limited(answer(429, Retry_After="3"), 1) == 3
    assert limited(answer(429), 1) is None
    assert limited(answer(429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), 1) is None
    assert limited(answer(503, Retry_After="3"), 1) is None


def test_days_are_asked_by_month() -> None:
    told = list(months(date(2026, 1, 15), date(2026, 3, 2)))
    assert told == [
        (date(2026, 1, 15), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 3, 1), date(2026, 3, 2)),
    ]
    assert list(months(date(2026, 3, 2), date(2026, 3, 1))) == []


PATH = f"/{SUB}/providers/Microsoft.CostManagement/query"
COLUMNS = ["PreTaxCost", "UsageDate", "ServiceName", "ResourceLocation", "Currency"]


def exchange(path: str, body: Any, method: str = "POST", status: int = 200, **asked: Any) -> Any:
    return {"request": {"method": method, "path": path, **asked}, "response": {"status": status, "body": body}}


SIGN_IN = exchange("/t/oauth2/v2.0/token", {"access_token": "tok", "expires_in": 3600})


def page(rows: list[Any], link: str | None = None, columns: list[str] = COLUMNS) -> Any:
    told = [{"name": name, "type": "String"} for name in columns]
    return {"properties": {"columns": told, "rows": rows, "nextLink": link}}


def queried(*pages: Any, **options: Any) -> tuple[list[Any], Any]:
    told = OPTIONS | {"amortized": False, "cost_column": "PreTaxCost", "history": "36d"} | options
    cursor = {"read_until": "2026-04-08"}
    exchanges = [SIGN_IN, *(exchange(PATH, one, json={"type": "ActualCost"}) for one in pages)]
    now = datetime(2026, 4, 9, tzinfo=UTC)
    items, run, _ = replayed(connector, "query", Recording(told, now, exchanges, cursor))
    return items, run


def test_a_subscription_is_told_apart_by_region_and_read_again_from_the_month_before() -> None:
    """The cursor stands at 8 April; 36 days before lies 3 March: March and April are read."""
    items, _ = queried(
        page([[1.5, 20260302, "Storage", "EU West", "EUR"]]), page([[2, "20260401", "Storage", "", "EUR"]])
    )
    rows = rows_of(items, CostDays)
    assert [(row["day"], row["billed_cost"], row["region"], row["account_id"]) for row in rows] == [
        (date(2026, 3, 2), Decimal("1.5"), "EU West", "/subscriptions/0b1f6471"),
        (date(2026, 4, 1), Decimal(2), None, "/subscriptions/0b1f6471"),
    ]
    assert [row["is_estimated"] for row in rows] == [False, True]
    assert [row["effective_cost"] for row in rows] == [None, None]


@pytest.mark.parametrize(
    ("rows", "columns", "kind"),
    [
        ([[1, 20250302, "Storage", "", "EUR"]], COLUMNS, "partial"),  # the year before: a range that was shifted
        ([[1, 20260401, "Storage", "", "EUR"]], COLUMNS, "partial"),
        ([[1, 20260302, "Storage", "", "EUR"]], ["Cost", *COLUMNS[1:]], "schema_drift"),
        ([[1, "Storage", "", "EUR"]], ["PreTaxCost", *COLUMNS[2:]], "schema_drift"),
    ],
)
def test_what_comes_back_is_compared_with_what_was_asked(rows: Any, columns: list[str], kind: str) -> None:
    with pytest.raises(SourceError) as raised:
        queried(page(rows, columns=columns))
    assert raised.value.error_class == kind


def test_a_page_that_leads_to_itself_ends() -> None:
    link = "https://management.azure.com" + PATH + "?api-version=2025-03-01&$skiptoken=a"
    items, _ = queried(
        page([[1, 20260302, "A", "", "EUR"]], link), page([[1, 20260303, "A", "", "EUR"]], link), page([])
    )
    assert [row["day"].day for row in rows_of(items, CostDays)] == [2, 3]


def test_a_next_page_on_another_host_is_refused() -> None:
    with pytest.raises(SourceError, match="another host"):
        queried(page([], "https://evil.example/next"))


BUDGETS = f"/{SUB}/providers/Microsoft.Consumption/budgets"


def budget(name: str, **told: Any) -> Any:
    properties = {"category": "Cost", "amount": 100, "timeGrain": "Monthly", "timePeriod": {}}
    return {"id": f"{BUDGETS}/{name}", "name": name, "properties": properties | told}


def test_a_budget_without_a_currency_is_told_and_left_out() -> None:
    told = [budget("new"), budget("old", currentSpend={"amount": 0.1, "unit": "EUR"})]
    recording = Recording(OPTIONS, NOW, [SIGN_IN, exchange(BUDGETS, {"value": told}, "GET")])
    items, run, _ = replayed(connector, "budgets", recording)
    rows = rows_of(items, Budgets)
    assert [(row["name"], row["vendor_actual_amount"], row["starts_on"]) for row in rows] == [
        ("old", Decimal("0.1"), date(2026, 3, 1))
    ]
    assert "budget new tells no currency" in run.warnings[0]


def test_a_budget_that_is_gone_has_a_last_version() -> None:
    spent = {"currentSpend": {"amount": 1, "unit": "EUR"}}
    first = Recording(OPTIONS, NOW, [SIGN_IN, exchange(BUDGETS, {"value": [budget("a", **spent)]}, "GET")])
    before = rows_of(replayed(connector, "budgets", first)[0], Budgets)
    second = Recording(OPTIONS, NOW, [SIGN_IN, exchange(BUDGETS, {"value": []}, "GET")])
    run = run_of(connector, "budgets", second, Replay(second.exchanges))
    landed = [row | {"source": "test", "source_instance": "test", "run_id": "1", "ingested_at": NOW} for row in before]
    run.read_landed = lambda table: pl.DataFrame(landed, schema=table.dtypes())
    after = rows_of(connector.streams["budgets"].fetch(run), Budgets)
    assert [(row["version"], row["is_deleted"]) for row in after] == [(2, True)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "https://management.azure.com/subscriptions/x"},
        {"scope": "subscriptions/x/../y"},
        {"exports": [EXPORT, EXPORT]},
        {"exports": [EXPORT | {"container": "costs"}]},
        {"exports": [EXPORT | {"container": "https://a.example/costs?sig=x"}]},
        {"history": "7d"},
        {"cost_column": "Total"},
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AzureCostOptions.model_validate(OPTIONS | wrong)


def test_nothing_is_asked_for_what_is_turned_off() -> None:
    off = load("azure_cost", "query")
    off.options |= {"query": False, "budgets": False, "exports": []}
    off.exchanges = []
    for stream in connector.streams:
        items, _, _ = replayed(connector, stream, off)
        assert rows_of(items, CostDays) == rows_of(items, Budgets) == rows_of(items, FocusCost) == []
