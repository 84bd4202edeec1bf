"""Objectives of Sloth and OpenSLO: what can be counted exactly becomes SQL, everything else is refused and said."""

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.operations import MetricPoints, MetricSeries
from aurora.errors import ContractError
from ingest.catalog.yaml_documents import MAX_BYTES
from ingest.objectives import promql
from ingest.objectives.files import as_toml, read, tool_of
from ingest.objectives.promql import RefusedError, Selector, counted
from ingest.objectives.reading import Found
from ingest.registry.parse import parse
from tests.command import aurora
from tests.conftest import Published
from tests.frames import MINUTE, NOW, put, row
from tests.test_cli import config  # noqa: F401
from warehouse.lake import Lake
from warehouse.objectives import per_minute

SLOTH = """
version: "prometheus/v1"
service: "myservice"
labels: {owner: "myteam"}
slos:
  - name: "requests-availability"
    objective: 99.9
    description: "Requests are answered."
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="myservice",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="myservice"}[{{.window}}]))
    alerting:
      name: MyServiceHighErrorRate
      page_alert: {labels: {severity: pageteam}}
      ticket_alert: {disable: true}
"""
LATENCY = """
  - name: "requests-latency"
    objective: 99
    sli:
      events:
        error_query: |
          (
            sum(rate(api_seconds_count{verb!="WATCH"}[{{.window}}]))  # all
            -
            sum(rate(api_seconds_bucket{le="0.4",verb!="WATCH"}[{{.window}}]))
          )
        total_query: sum(rate(api_seconds_count{verb!="WATCH"}[{{.window}}]))
"""
KUBERNETES = """
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: sloth-slo-my-service, namespace: monitoring}
spec:
  service: "myservice"
  slos:
    - name: "ok"
      objective: 99.5
      sli:
        events:
          errorQuery: sum(increase(jobs_total{state="failed"}[{{ .window }}])) or vector(0)
          totalQuery: sum(increase(jobs_total[{{ .window }}]))
      alerting: {pageAlert: {disable: true}}
    - name: "raw"
      objective: 95
      sli: {raw: {errorRatioQuery: 'sum(rate(a[{{.window}}])) / (sum(rate(b[{{.window}}])) or vector(0))'}}
"""
SLI = """
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prom}
spec: {type: prometheus}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: responses}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {metricSourceRef: prom, spec: {query: 'sum(http_requests{code=~"5.."})'}}}
    total: {metricSource: {metricSourceRef: prom, spec: {query: 'sum(http_requests)'}}}
---
"""
OPENSLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: Web, displayName: Web answers}
spec:
  service: web-shop
  indicatorRef: responses
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.9995}]
"""
THRESHOLD = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: queue}
spec:
  indicator:
    metadata: {name: depth}
    spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: 'queue_depth{queue="mail"}'}}}}
  timeWindow:
    - {duration: 1M, calendar: {startTime: 2026-01-01 00:00:00, timeZone: UTC}, isRolling: false}
  budgetingMethod: Occurrences
  objectives: [{op: lte, value: 100, targetPercent: 95}]
"""


def found(text: str, app: str | None = None) -> Found:
    return read(text.encode(), app)


def refusals(text: str) -> list[str]:
    told = found(text)
    assert told.entries == []
    return [sentence for _, sentence in told.left_out]


def plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in ("good", "total")}


def test_a_file_of_sloth_becomes_entries_that_the_registry_takes() -> None:
    told = found(SLOTH + LATENCY)
    common = {"app": "myservice", "kind": "ratio", "window": "30d"}
    assert [plain(entry) for entry in told.entries] == [
        {"id": "myservice-requests-availability", "name": "myservice: requests-availability", "target": 99.9} | common,
        {"id": "myservice-requests-latency", "name": "myservice: requests-latency", "target": 99.0} | common,
    ]
    assert told.left_out == []
    assert told.notes == [(6, "requests-availability: its ticket alert is disabled there; here every burn is told")]
    # All without those that were not quick are the quick ones.
    good = told.entries[1]["good"]
    assert "api_seconds_bucket" in good
    assert "api_seconds_count" not in good
    text = as_toml(told, "slo.yml")
    said = parse(text, "slos.toml", "registry")
    assert (len(said.entries), said.faults) == (2, [])
    assert tomllib.loads(text)["slo"] == told.entries
    assert 'query = "15 * sum by (code, job) (rate(http_requests_total[1m]))"' in text


def test_the_form_of_kubernetes_says_the_same() -> None:
    told = found(KUBERNETES, "shop")
    assert [(entry["id"], entry["app"], entry["target"]) for entry in told.entries] == [
        ("myservice-ok", "shop", 99.5), ("myservice-raw", "shop", 95.0),
    ]  # fmt: skip
    assert told.notes == [(8, "ok: its page alert is disabled there; here every burn is told")]


def test_openslo_in_several_documents() -> None:
    told = found(SLI + OPENSLO + "---" + THRESHOLD)
    assert told.left_out == []
    ratio, depth = told.entries
    assert plain(ratio) == {"id": "web", "name": "Web answers", "app": "web-shop", "kind": "ratio", "target": 99.95, "window": "28d"}  # noqa: E501  # fmt: skip
    assert plain(depth) == {"id": "queue", "name": "queue", "kind": "threshold", "threshold": 100.0, "target": 95.0, "window": "calendar_month"}  # noqa: E501  # fmt: skip
    assert '{ metric = "queue_depth", query = "queue_depth", unit = "1", agg = "last" }' in as_toml(told, "x")


@pytest.mark.parametrize(
    ("objective", "method", "wanted"),
    [
        ("{op: gt, value: 5, target: 0.9}", "Occurrences", {"kind": "ratio", "target": 90.0}),
        ("{op: lt, value: 5, target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 1m}", "Timeslices", {"kind": "time_slice", "threshold": 95.0, "target": 90.0}),  # noqa: E501
        ("{op: lte, value: 5, target: 0.9, timeSliceTarget: 1, timeSliceWindow: 1}", "Timeslices", {"kind": "time_slice", "threshold": 100.0, "target": 90.0}),  # noqa: E501
    ],
)  # fmt: skip
def test_other_comparisons_and_time_slices(objective: str, method: str, wanted: dict[str, Any]) -> None:
    text = THRESHOLD.replace("{op: lte, value: 100, targetPercent: 95}", objective).replace("Occurrences", method)
    (entry,) = found(text).entries
    assert {name: entry[name] for name in wanted} == wanted


def test_several_objectives_of_one_slo_have_names_of_their_own() -> None:
    goals = "objectives: [{displayName: Good, target: 0.9}, {displayName: Good, target: 0.99}, {target: 0.5}]"
    told = found(SLI + OPENSLO.replace("objectives: [{target: 0.9995}]", goals))
    assert [(entry["id"], entry["name"], entry["target"]) for entry in told.entries] == [
        ("web-good", "Web answers: Good", 90.0),
        ("web-good-2", "Web answers: Good", 99.0),
        ("web", "Web answers", 50.0),
    ]  # fmt: skip


def test_the_sql_counts_what_prometheus_would(lake: Lake, published: Published) -> None:
    """By hand: 100 + 50 of the job in one minute, of which 7 of code 503 and 2 of 429 failed: 141 of 150 are good."""
    amounts = {"200": 91, "503": 7, "429": 2, "404": 50}
    series = [({"job": "myservice", "code": code}, "http_requests_total", "sum", n) for code, n in amounts.items()]
    series += [
        ({"job": "other", "code": "500"}, "http_requests_total", "sum", 1000),
        ({"code": "500"}, "http_requests_total", "sum", 1000),
        ({"job": "myservice", "code": "500"}, "http_requests", "sum", 1000),
        ({"job": "myservice", "code": "500"}, "http_requests_total", "last", 1000),
        ({"verb": "GET"}, "api_seconds", "count", 10),
        ({"verb": "GET"}, "api_seconds", "sum", 3),
        ({"verb": "WATCH"}, "api_seconds", "count", 1000),
        ({}, "api_seconds", "count", 5),
        ({"verb": "GET", "le": "0.4"}, "api_seconds_bucket", "sum", 8),
        ({"verb": "GET", "le": "0.8"}, "api_seconds_bucket", "sum", 10),
    ]
    for n, (labels, metric, agg, value) in enumerate(series):
        own: dict[str, Any] = {"series_id": f"s{n}", "metric": metric}
        put(lake, MetricSeries, [row(MetricSeries, **own, labels=json.dumps(labels))])
        when: dict[str, Any] = {"ts_start": NOW - 5 * MINUTE + timedelta(seconds=7), "ts_end": NOW - 4 * MINUTE}
        put(lake, MetricPoints, [row(MetricPoints, **own, **when, agg=agg, value=float(value), quality="ok")])
    warehouse = published()
    said = []
    for entry in found(SLOTH + LATENCY).entries:
        told = {"kind": "ratio", "threshold": None, "good_sql": entry["good"], "total_sql": entry["total"]}
        sql = per_minute(told | {"app_id": None, "component_id": None, "source": "registry"})
        assert sql is not None
        said += warehouse.rows(sql, {"since": NOW - 60 * MINUTE, "until": NOW}).rows()
    at = (NOW - 5 * MINUTE).replace(tzinfo=None)
    assert said == [(at, 141.0, 150.0), (at, 8.0, 15.0)]


COUNT = 'sum(rate(x{a="b"}[{{.window}}]))'


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (COUNT, ((1, Selector("x", (("a", "=", "b"),), "rate", "{{.window}}")),)),
        ("sum ( increase ( x [ {{ .window }} ] ) )", ((1, Selector("x", (), "increase", "{{.window}}")),)),
        ("((sum(rate(x[60s]))))", ((1, Selector("x", (), "rate", "1m")),)),
        ("sum(rate(x{}[1m])) # why\n or vector(0)", ((1, Selector("x", (), "rate", "1m")),)),
        (r"""sum(rate(x{a!~"\\d+\"}",b!='c,d',c=~`\w{2}`,}[1m]))""", ((1, Selector("x", (("a", "!~", '\\d+"}'), ("b", "!=", "c,d"), ("c", "=~", r"\w{2}")), "rate", "1m")),)),  # noqa: E501
        ("sum(rate(x[1m])) - (sum(rate(y[1m])) - sum(rate(z[1m])))", ((1, Selector("x", (), "rate", "1m")), (-1, Selector("y", (), "rate", "1m")), (1, Selector("z", (), "rate", "1m")))),  # noqa: E501
    ],
)  # fmt: skip
def test_queries_that_can_be_counted(query: str, wanted: promql.Terms) -> None:
    assert counted(query) == wanted


@pytest.mark.parametrize(
    "query",
    [
        "", "x", "sum(x)", "rate(x[{{.window}}])", "sum by (a) (rate(x[{{.window}}]))",
        "sum(rate(x[{{.window}}])) by (a)", "avg(rate(x[{{.window}}]))",
        "sum(irate(x[{{.window}}]))", "sum(rate(x[5m]))",
        "sum(rate(x[{{.window}}] offset 1h))",
        "sum(rate(x[{{.window}}])) * 60", "1 - sum(rate(x[{{.window}}]))", "sum(rate(x[{{.window}}])) or vector(1)",
        'sum(rate({__name__="x"}[{{.window}}]))', 'sum(rate(x{__name__="x"}[{{.window}}]))', "sum(rate(x[{{.other}}]))",
        'sum(rate(x{a="b}[{{.window}}]))', 'sum(rate(x{a="\\x41"}[{{.window}}]))', "sum(rate(x[{{.window}}]))) ",
        "(" * 9_000, 
        "sum(rate(x[{{.window}}]))" + " " * 10_000, "histogram_quantile(0.9, sum by (le) (rate(x[{{.window}}])))",
    ],
)  # fmt: skip
def test_queries_that_cannot_are_refused_by_name(query: str) -> None:
    with pytest.raises(RefusedError) as told:
        counted(query)
    assert repr(" ".join(query[:300].split()))[1:20] in str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("objective: 99.9", "objective: 100", "its objective is no percentage above 0 and below 100"),
        ("objective: 99.9", "objective: high", "its objective 'high' is no number"),
        ("objective: 99.9", "objective: 1e999999", "its objective '1e999999' is no number"),
        ("    objective: 99.9\n", "", "its objective is no percentage above 0 and below 100"),
        ("total_query", "all_query", "it has no total_query"),
        ("      events:", "      plugin:", "its sli has neither events nor raw; what a plugin asks is not known here"),
        ("(5..|429)", "(5..", "'(5..' is no regular expression (RE2): mend it"),
        ("(5..|429)", ":since", "the label code holds :since or :until, which an objective fills in: filter otherwise"),
        ('total_query: sum(rate', 'total_query: sum(increase', "its queries do not all count in the same way: write rate or increase in all of them"),  # noqa: E501
        ('job="myservice",', 'job="read_csv(",', "good: read_csv reads what is not published: ask published tables only"),  # noqa: E501
    ],
)  # fmt: skip
def test_an_objective_of_sloth_that_is_wrong_is_left_out(old: str, new: str, told: str) -> None:
    assert old in SLOTH
    assert refusals(SLOTH.replace(old, new)) == [f"myservice-requests-availability: {told}"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("target: 0.9995", "target: 1", "its target is not above 0 and below 100 %"),
        ("target: 0.9995", "target: 0.9, targetPercent: 90", "it needs either target or targetPercent"),
        ("target: 0.9995", "displayName: x", "it needs either target or targetPercent"),
        ("target: 0.9995", "target: 0.9, indicatorRef: x", "it is a composite of several indicators"),
        ("4w", "2w", "its time window '2w' is none of 7d, 28d and 30d rolling, and 1M from the first, UTC"),
        ("4w, isRolling: true", "1M, isRolling: true", "its time window '1M' is none of 7d, 28d and 30d rolling, and 1M from the first, UTC"),  # noqa: E501
        ("4w, isRolling: true", "1M, calendar: {timeZone: Europe/Madrid}", "its time window '1M' is none of 7d, 28d and 30d rolling, and 1M from the first, UTC"),  # noqa: E501
        ("[{duration: 4w, isRolling: true}]", "4w", "its timeWindow is no list of one"),
        ("Occurrences", "RatioTimeslices", "its budgetingMethod 'RatioTimeslices' is neither Occurrences, nor Timeslices with timeSliceTarget"),  # noqa: E501
        ("  budgetingMethod: Occurrences\n", "", "it has no budgetingMethod"),
        ("indicatorRef: responses", "indicatorRef: other", "the SLI 'other' that it names is not in this file"),
        ("indicatorRef: responses", "indicator: {}", "its indicator is neither a thresholdMetric nor a ratioMetric of total with good or bad"),  # noqa: E501
    ],
)  # fmt: skip
def test_an_objective_of_openslo_that_is_wrong_is_left_out(old: str, new: str, told: str) -> None:
    assert old in OPENSLO
    assert refusals(SLI + OPENSLO.replace(old, new)) == [f"Web: {told}"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("type: prometheus", "type: Datadog", "it asks Datadog, and only queries for Prometheus are taken over"),
        ("counter: true", "counter: false", "only sum(rate(NAME"),
        ("bad:", "raw:", "its indicator is neither"),
        ("sum(http_requests)", "http_requests", "'http_requests': only sum(rate(NAME"),
    ],
)
def test_an_indicator_that_cannot_be_counted_is_refused(old: str, new: str, told: str) -> None:
    (sentence,) = refusals(SLI.replace(old, new) + OPENSLO)
    assert told in sentence


def test_time_slices_other_than_minutes_are_refused() -> None:
    goal = "{op: lte, value: 1, target: 0.9, timeSliceTarget: 0.9, timeSliceWindow: 5m}"
    text = THRESHOLD.replace("{op: lte, value: 100, targetPercent: 95}", goal).replace("Occurrences", "Timeslices")
    assert refusals(text) == ["queue: its timeSliceWindow is not 1m, and time slices are minutes here"]
    assert refusals(THRESHOLD.replace("op: lte, ", "")) == [
        "queue: its objective needs op (lte, lt, gte or gt) and value"
    ]


def test_other_versions_and_services_without_an_id_are_said() -> None:
    assert refusals(SLOTH.replace("prometheus/v1", "prometheus/v2")) == ["prometheus/v2: only prometheus/v1 and sloth.slok.dev/v1 PrometheusServiceLevel are read"]  # noqa: E501  # fmt: skip
    assert refusals(OPENSLO.replace("openslo/v1", "openslo/v1alpha")) == ["openslo/v1alpha: only openslo/v1 is read"]
    assert refusals("apiVersion: openslo/v1\nkind: SLO\n") == ["an SLO without a name: it has no objectives"]
    told = found(SLOTH.replace('service: "myservice"', 'service: "My Service"'))
    assert (told.entries[0]["id"], "app" in told.entries[0]) == ("my-service-requests-availability", False)
    assert told.notes[0] == (6, "the service 'My Service' is no id of an application: say which with --app")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a: [", "it is no YAML"),
        (b"", "it holds no objectives of Sloth"),
        (b"kind: Component\n", "it holds no objectives of Sloth"),
        (b"\xff", "line 1: it is not UTF-8"),
        (b"a" * (MAX_BYTES + 1), "it is larger than 1 MiB"),
    ],
)
def test_what_is_no_such_file_is_a_sentence(data: bytes, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        read(data)
    assert tool_of(data) is None


def test_bombs_and_odd_shapes_do_no_harm() -> None:
    bomb = SLOTH.replace("labels: {owner:", "labels: {a: &a [x,x,x,x,x,x,x,x,x,x], b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b], d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c], e: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d], owner:")  # noqa: E501  # fmt: skip
    assert "a document has more than 50,000 values" in refusals(bomb)[0]
    head = SLOTH.partition("slos:")[0]
    for slos in ("[{name: [], sli: x}]", "[x, [y], {}]", "[{name: a, objective: {}, sli: []}]"):
        assert len(refusals(f"{head}slos: {slos}")) == 1
    with pytest.raises(ContractError):
        read(f"{head}slos: x".encode())
    goals = "objectives: [x, {target: []}, {target: 0.5, op: []}]"
    assert len(found(SLI + OPENSLO.replace("objectives: [{target: 0.9995}]", goals)).left_out) == 1


def test_the_command_prints_toml_and_says_what_was_left_out(data: Path, config: Path, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "slo.yml"
    file.write_text(SLOTH + LATENCY.replace("sum(rate(api_seconds_bucket", "max(rate(api_seconds_bucket"))
    said = aurora(data, config, "slo", "import", str(file), "--app", "shop")
    assert said.code == 0
    (entry,) = tomllib.loads(said.text)["slo"]
    assert (entry["id"], entry["app"]) == ("myservice-requests-availability", "shop")
    assert f"{file}, line 18: left out: myservice-requests-latency: " in said.err
    file.write_text(SLOTH.replace("99.9", "100"))
    said = aurora(data, config, "slo", "import", str(file))
    assert (said.code, said.out) == (1, b"")
    assert "left out: myservice-requests-availability" in said.err
    said = aurora(data, config, "import", str(file))
    assert (said.code, "these are objectives of Sloth: run aurora slo import" in said.text) == (1, True)
    file.write_text("a: b")
    said = aurora(data, config, "slo", "import", str(file))
    assert (said.code, said.out) == (1, b"")
    assert said.err == f"✕ {file}: it holds no objectives of Sloth (prometheus/v1) or OpenSLO (openslo/v1)\n"
