"""How figures, times and states are said: one way on every page and in every report. No Streamlit in here."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Literal

from aurora.contracts import TABLES
from aurora.contracts.columns import words_of

NOTHING = "n/a"


@dataclass(frozen=True)
class Mark:
    """How a status looks: word, icon, text mark, Streamlit colour, and colours of its mark and its pill."""

    word: str
    icon: str
    sign: str
    color: Literal["red", "orange", "gray", "green"]
    hue: str
    pill: str


STATUS = {
    "down": Mark("Down", "cancel", "✕", "red", "#EF4444", "#B91C1C"),
    "degraded": Mark("Degraded", "warning", "▲", "orange", "#F59E0B", "#B45309"),
    "unknown": Mark("Unknown", "help", "?", "gray", "#9CA3AF", "#6B7280"),
    "maintenance": Mark("Maintenance", "build", "◆", "gray", "#6B7280", "#4B5563"),
    "healthy": Mark("Healthy", "check_circle", "●", "green", "#10B981", "#047857"),
}
SEVERITY_COLOR = {"critical": "red", "high": "red", "warning": "orange", "medium": "orange"}
TYPE_WORD = {
    "web": "Web",
    "mobile_ios": "iOS",
    "mobile_android": "Android",
    "desktop": "Desktop",
    "api": "API",
    "microservice": "Microservice",
    "server": "Server",
    "database": "Database",
    "cdn": "CDN",
    "third_party": "Third party",
    "unknown": "Unknown",
}

# Closed words whose spelling is not simply "First letter large, blanks for underscores".
SPOKEN = TYPE_WORD | {
    "anr": "ANR", "android": "Android", "app": "Application", "avg": "Average", "bad_query": "Question refused",
    "ios": "iOS", "calls": "calls", "consists_of": "consists of", "consumes_api": "consumes API",
    "config": "Configuration", "container": "Container", "dast": "Running application",
    "db_instance": "Database instance", "delete": "DELETE", "depends_on": "depends on", "dev": "Development",
    "dns": "DNS", "dependency": "Dependency", "get": "GET", "head": "HEAD", "http": "HTTP",
    "http_status": "HTTP status", "iac": "Infrastructure code", "icmp": "ICMP", "info": "Info",
    "internal": "Internal", "k8s_node": "Kubernetes node", "k8s_pod": "Kubernetes pod",
    "k8s_workload": "Kubernetes workload", "no_data": "No data", "non_fatal": "Non-fatal", "ok": "OK",
    "options": "OPTIONS", "p50": "Median", "p90": "90th percentile", "p95": "95th percentile",
    "p99": "99th percentile", "part_of": "part of", "patch": "PATCH", "post": "POST", "provided_by": "provided by",
    "provides_api": "provides API", "put": "PUT", "qa_lead": "QA lead", "devops": "DevOps",
    "reads_from": "reads from", "runs_on": "runs on", "rests on": "rests on", "serves": "serves", "sast": "Code",
    "sca": "Dependency", "store_app": "Store listing", "firebase_app": "Firebase app", "tcp": "TCP",
    "testflight": "TestFlight", "tls": "TLS", "tls_handshake": "TLS handshake", "tls_verify": "TLS certificate",
    "user_perceived_anr": "User-perceived ANR", "user_perceived_crash": "User-perceived crash",
    "vendor_5xx": "Fault of the vendor", "vm": "Virtual machine", "cdn": "CDN", "ms": "Milliseconds", "7d": "7 days",
    "28d": "28 days", "30d": "30 days", "rolled_back": "Rolled back", "rollback": "Rolled back", "error": "Error",
    "max": "Highest", "min": "Lowest", "sum": "Total", "success": "Succeeded", "todo": "To do",
    "over": "Over the limit", "near": "Near the limit", "within": "Within the limit", "force": "Force the update",
    "ask": "Ask to update", "anr_rise": "ANR rose", "crash_rise": "Crashes rose", "api_errors": "API errors",
}  # fmt: skip
# Words that models say and no contract lists.
SAID_BY_MODELS = (
    "alert alternative ask change_event config consists_of cost_jump deployment edit ended file force go_on halt hold "
    "hosting incident link new not_yet over near no_limit quiet regressed rising steady wait within "
    "maintenance nobody none outdated provided_by rating_drop release rollback secure serves source store_release "
    "vulnerability vulnerable"
)
RED, AMBER, GREEN, GREY, SLATE, BLUE = "#B91C1C", "#B45309", "#047857", "#6B7280", "#4B5563", "#0369A1"
MARKS = {
    ("✕", RED): "down failed critical firing vulnerable rejected denied halted removed blocked fatal stopped fail "
    "failure over halt force invalid refused",
    ("▲", RED): "high major",
    ("▲", AMBER): "degraded warning medium outdated open partial limited catching_up error late insufficient_traffic "
    "timed_out changes_requested near rising regressed hold ask",
    ("↺", AMBER): "rolled_back rollback",
    ("▼", GREY): "low minor",
    ("●", GREEN): "healthy success secure available streaming released allowed ok within go_on valid",
    ("✓", GREEN): "resolved fixed done confirmed explained mitigated pass passed merged approved completed",
    ("◆", SLATE): "maintenance acknowledged accepted snoozed silenced suppressed monitoring scheduled skipped assigned "
    "commented",
    ("–", GREY): "gone false_positive ignored dismissed dropped cancelled info none draft ended terminated "
    "closed neutral no_limit quiet steady wait expired",
    ("○", BLUE): "running queued pending in_progress in_review rolling_out suggested planning development testing "
    "staging production todo future active new not_yet processing",
    ("?", GREY): "unknown no_data not_checked",
}


def _known() -> frozenset[str]:
    listed = (word for table in TABLES.values() for column in table.columns().values() for word in words_of(column))
    return frozenset([*listed, *SPOKEN, *SAID_BY_MODELS.split()])


KNOWN = _known()
MARK_OF = {word: mark for mark, said in MARKS.items() for word in said.split()}


def spoken(word: str) -> str:
    """A closed word as it is read: 'third_party' -> 'Third party', 'sca' -> 'Dependency'; other text as it is."""
    if word not in KNOWN:
        return word
    plain = word.replace("_", " ")
    return SPOKEN.get(word, plain[:1].upper() + plain[1:])


# Pills that are drawn already stay as they are.
DRAWN = {f"{sign} {spoken(word)}": hue for word, (sign, hue) in MARK_OF.items()}


def marked(word: str) -> tuple[str, str]:
    """Text and colour of the pill of a state: ('✕ Failed', '#B91C1C'); white can be read on each of the colours."""
    if word in DRAWN:
        return word, DRAWN[word]
    sign, hue = MARK_OF.get(word, ("", GREY))
    return f"{sign} {spoken(word)}".strip(), hue


def pill(status: str) -> str:
    """'✕ Down', '▲ Degraded' ...: sign and word, never colour alone."""
    mark = STATUS.get(status, STATUS["unknown"])
    return f"{mark.sign} {mark.word}"


def number(value: float | None, unit: str = "", digits: int = 0) -> str:
    """'1,234 ms', '99.95%'; null is n/a."""
    if value is None:
        return NOTHING
    gap = "" if unit in ("", "%") else " "
    return f"{value:,.{digits}f}{gap}{unit}"


def percent(value: float | None, digits: int = 2) -> str:
    """'99.95%', cut rather than rounded so that 99.996 is not said to be 100; null is n/a."""
    if value is None:
        return NOTHING
    cut = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_DOWN)
    return f"{cut}%"


def count(value: float | None) -> str:
    """'1,234', '12.4k', '1.2M'; null is n/a."""
    if value is None:
        return NOTHING
    for limit, letter in ((1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / (1e6 if letter == 'M' else 1e3):.1f}{letter}"
    return f"{value:,.0f}"


def money(value: Decimal | None, currency: str | None) -> str:
    """'$12,340' or 'AED 12,340'; null is n/a."""
    if value is None:
        return NOTHING
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency or "", f"{currency or '?'} ")
    return f"{'-' if value < 0 else ''}{sign}{abs(value):,.0f}"


def span(seconds: float) -> str:
    """'45 s', '12 min', '3 h', '5 days'."""
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 86400)} days"


def plural(n: int, word: str) -> str:
    """'1 component', '2 components'."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def delta(now: float | None, before: float | None, unit: str = "", digits: int = 0) -> str | None:
    """'+6 ms' against the span before; None where either is not known."""
    if now is None or before is None:
        return None
    return f"{now - before:+,.{digits}f}{'' if unit in ('', '%') else ' '}{unit}"
