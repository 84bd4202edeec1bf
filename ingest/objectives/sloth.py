"""Objectives of Sloth: prometheus/v1 files and the PrometheusServiceLevel of Kubernetes.

Format: https://sloth.dev/specs/default/ and https://sloth.dev/specs/kubernetes/ (the latter says errorQuery where the
former says error_query). The period is not in the file; Sloth's own default is 30 days.
"""

from aurora.contracts import Row
from ingest.catalog.yaml_documents import Fields
from ingest.objectives.counts import both
from ingest.objectives.promql import RefusedError, Terms, counted, ratio
from ingest.objectives.reading import DEFAULT_WINDOW, Found, number, required, section, sections, text

VERSION, KIND, API = "prometheus/v1", "PrometheusServiceLevel", "sloth.slok.dev/v1"


def is_sloth(document: Fields) -> bool:
    """Whether a document is one of Sloth, whatever its version."""
    version = text(document, "version") or ""
    return version.startswith("prometheus/") or (text(document, "apiVersion") or "").startswith("sloth.slok.dev/")


def read(document: Fields, found: Found) -> None:
    """The objectives of one document."""
    told = text(document, "version") or f"{text(document, 'apiVersion')} {text(document, 'kind')}"
    if told not in (VERSION, f"{API} {KIND}"):
        found.left_out.append((document.line, f"{told[:100]}: only {VERSION} and {API} {KIND} are read"))
        return
    spec = document if told == VERSION else section(document, "spec")
    service = text(spec, "service")
    for line, slo in sections(spec, "slos"):
        name = "-".join(filter(None, (service, text(slo, "name"))))
        found.take(line, name, lambda slo=slo, line=line: _entry(slo, service, line, found))  # type: ignore[misc]


def _entry(slo: Fields, service: str | None, line: int, found: Found) -> tuple[Row, Terms]:
    name, target = required(slo, "name"), number(slo, "objective")
    if target is None or not 0 < target < 100:
        raise RefusedError("its objective is no percentage above 0 and below 100")
    bad, total = _counts(section(slo, "sli"))
    entry = {"name": f"{service}: {name}" if service else name, "app": found.app_of(service, line), "kind": "ratio"}
    entry |= both(bad, total, is_bad=True)
    for word in ("page", "ticket"):
        for spelt in (f"{word}_alert", f"{word}Alert"):
            if text(section(slo, "alerting", spelt), "disable") == "true":
                found.notes.append((line, f"{name}: its {word} alert is disabled there; here every burn is told"))
    return entry | {"target": float(target), "window": DEFAULT_WINDOW}, bad + total


def _counts(sli: Fields) -> tuple[Terms, Terms]:
    """Bad and all events."""
    events_of, raw = section(sli, "events"), section(sli, "raw")
    if events_of:
        return counted(_query(events_of, "error_query", "errorQuery")), counted(
            _query(events_of, "total_query", "totalQuery")
        )
    if raw:
        return ratio(_query(raw, "error_ratio_query", "errorRatioQuery"))
    raise RefusedError("its sli has neither events nor raw; what a plugin asks is not known here")


def _query(fields: Fields, *names: str) -> str:
    return next((told for name in names if (told := text(fields, name))), "") or required(fields, names[0])
