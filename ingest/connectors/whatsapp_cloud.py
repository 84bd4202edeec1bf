"""WhatsApp Business Cloud API: can each phone number send, its quality, limits, messages and what they cost.

API: https://developers.facebook.com/docs/whatsapp/business-management-api (phone numbers, health status, analytics).
Needs: a system user's token with whatsapp_business_management for the account; `app_secret` where the app asks for a
proof with each request. Messages and costs are counted by the day of the account's time zone and lag hours behind:
three days are read again. In messaging_volumes a number's rows of category and country "all" count everything it sent;
the rows by category and country split what was delivered and add its approximate cost: never add the two kinds up.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, MessagingChannels, MessagingVolumes
from aurora.settings import Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.graphapi import Graph, digits, instant, proof
from ingest.vendors.slices import floored, slices

PHONE_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,status,name_status,code_verification_status,"
    "platform_type,account_mode,throughput,messaging_limit_tier"
)
CAN_SEND = {"available": "available", "limited": "limited", "blocked": "blocked"}
HEALTH = {"available": "healthy", "limited": "degraded", "blocked": "down", "unknown": "unknown"}
WORST = ("down", "degraded", "unknown", "healthy")
STATUSES = {  # what the number's own status means on top of its health
    **dict.fromkeys(("connected", "migrated", "unverified", "pending", "unknown", "deleted"), "healthy"),
    **dict.fromkeys(("flagged", "restricted", "rate_limited"), "degraded"),
    **dict.fromkeys(("banned", "disconnected"), "down"),
}
LIFECYCLES = {
    **dict.fromkeys(("connected", "flagged", "restricted", "rate_limited"), "running"),
    **dict.fromkeys(("banned", "disconnected"), "stopped"),
    **dict.fromkeys(("migrated", "deleted"), "terminated"),
    **dict.fromkeys(("pending", "unverified", "unknown"), "unknown"),
}
QUALITIES = {name: name for name in ("green", "yellow", "red", "unknown")}
MODES = {"live": "production", "sandbox": "testing"}
PER_SECOND = {"standard": 80, "high": 1000}  # messages, by throughput level
TAGS = ("status", "name_status", "code_verification_status", "platform_type", "account_mode", "messaging_limit_tier")
MAX_PHONES = 500
DAY, MONTH = timedelta(days=1), timedelta(days=30)


class WhatsappOptions(Frozen):
    """`account_id`: the number of the WhatsApp Business account (WABA); `version` of the Graph API."""

    account_id: str = Field(pattern=r"^\d+$")
    token: Secret
    app_secret: Secret | None = None
    url: str = Field("https://graph.facebook.com", pattern="^https?://[^/]")
    version: str = Field("v25.0", pattern=r"^v\d+\.\d+$")


WhatsappRun = Run[WhatsappOptions]


def connect(options: WhatsappOptions) -> Site:
    """The Graph API at its version, with the token. Raises SettingsError for an unset secret."""
    token = options.token.reveal()
    secrets = (token, options.app_secret.reveal(), proof(options)) if options.app_secret else (token,)
    headers = {"Authorization": f"Bearer {token}"}
    return Site(f"{options.url.rstrip('/')}/{options.version}", headers, secrets=tuple(filter(None, secrets)))


connector = Connector("whatsapp_cloud", WhatsappOptions, connect)


@connector.stream(MessagingChannels, ComponentHealth, Components, every="5m")
def fetch_channels(run: WhatsappRun) -> Iterator[Item]:
    """Every phone number of the account with its health; when each was first seen is kept in the cursor."""
    graph, known = Graph(run), (run.cursor or {}).get("seen", {})
    seen: dict[str, str] = {}
    for phone in phones_of(run, graph):
        health = graph.get(phone["id"], {"fields": "health_status"}).get("health_status") or {}
        seen[phone["id"]] = known.get(phone["id"]) or run.now.isoformat()
        yield MessagingChannels, channel_row(run, phone, health)
        yield ComponentHealth, health_row(run, phone, health)
        yield Components, component_row(run, phone, datetime.fromisoformat(seen[phone["id"]]))
    yield Checkpoint({"seen": {**known, **seen}})


def phones_of(run: WhatsappRun, graph: Graph) -> Iterator[Json]:
    """The account's phone numbers, at most 500."""
    asked = {"fields": PHONE_FIELDS, "limit": 100}
    for number, phone in enumerate(graph.items(f"{run.options.account_id}/phone_numbers", asked)):
        if number == MAX_PHONES:
            run.warn(f"only {MAX_PHONES} phone numbers are read")
            return
        yield phone


def channel_row(run: WhatsappRun, phone: Json, health: Json) -> Row:
    """The number's ability to send, quality and limits; a level without a known limit has none."""
    can_send, quality = health.get("can_send_message"), phone.get("quality_rating")
    level = str((phone.get("throughput") or {}).get("level")).lower()
    problems = problems_of(health)
    return {
        "component_id": run.id(phone["id"]),
        "account_id": run.options.account_id,
        "display_name": phone.get("verified_name") or None,
        "observed_at": run.now,
        "can_send": run.word(CAN_SEND, can_send) if can_send else "unknown",
        "can_send_raw": can_send or None,
        "quality": run.word(QUALITIES, quality) if quality else None,
        "quality_raw": quality or None,
        "throughput_limit_per_minute": PER_SECOND[level] * 60.0 if level in PER_SECOND else None,
        "tier_raw": phone.get("messaging_limit_tier") or None,
        "errors": json.dumps(problems, sort_keys=True) if problems else None,
    }


def problems_of(health: Json) -> list[Json]:
    """What stands against sending, by the entity it is about."""
    found: list[Json] = []
    for entity in health.get("entities") or []:
        about = {"entity_type": entity.get("entity_type"), "id": entity.get("id")}
        found += [about | error for error in entity.get("errors") or []]
        found += [about | {"additional_info": told} for told in entity.get("additional_info") or []]
    return found


def health_row(run: WhatsappRun, phone: Json, health: Json) -> Row:
    """The worse of what its health and its status say; without a health it is unknown, not healthy."""
    can_send, status = health.get("can_send_message"), phone.get("status") or None
    judged = {HEALTH[run.word(CAN_SEND, can_send) if can_send else "unknown"]}
    judged |= {run.word(STATUSES, status)} if status else set()
    reasons = [told.get("error_description") or told.get("additional_info") for told in problems_of(health)]
    ended_at = run.now.replace(microsecond=run.now.microsecond // 1000 * 1000)
    return {
        "component_id": run.id(phone["id"]),
        "ts_start": ended_at - run.every,
        "ts_end": ended_at,
        "status": next(word for word in WORST if word in judged),
        "status_raw": ", ".join(filter(None, (can_send, status))) or None,
        "status_reason": "; ".join(str(reason) for reason in reasons if reason)[:500] or None,
    }


def component_row(run: WhatsappRun, phone: Json, first_seen_at: datetime) -> Row:
    """The number as a component."""
    status, mode = phone.get("status") or None, phone.get("account_mode")
    shown = " ".join(filter(None, (phone.get("verified_name"), phone.get("display_phone_number"))))
    return {
        "component_id": run.id(phone["id"]),
        "name": shown or phone["id"],
        "type": "third_party",
        "kind": "messaging_channel",
        "env_tier": run.word(MODES, mode) if mode else None,
        "provider": "meta",
        "account_id": run.options.account_id,
        "lifecycle": run.word(LIFECYCLES, status) if status else None,
        "lifecycle_raw": status,
        "tags": json.dumps({name: phone[name] for name in TAGS if phone.get(name)}, sort_keys=True),
        "first_seen_at": first_seen_at,
        "last_seen_at": run.now,
    }


@connector.stream(MessagingVolumes, every="1h", lookback="90d", overlap="3d")
def fetch_volumes(run: WhatsappRun) -> Iterator[Item]:
    """Messages of each number and day, and what was delivered by category and country with its cost."""
    graph = Graph(run)
    phones = {digits(phone.get("display_phone_number")): phone["id"] for phone in phones_of(run, graph)}
    for part in slices(run.since, run.now, MONTH) if phones else ():
        # Days are the account's: one that began before the span may be cut, so the span begins a day early.
        first = int((max(part.start, floored(run.since, DAY)) - DAY).timestamp())
        last = int(part.end.timestamp())
        for number, phone_id in phones.items():
            asked = f'analytics.start({first}).end({last}).granularity(DAY).phone_numbers(["{number}"])'
            told = graph.get(run.options.account_id, {"fields": asked}).get("analytics") or {}
            for point in _whole(told.get("data_points"), first):
                yield MessagingVolumes, sent_row(run, phone_id, point)
        yield from priced(run, graph, phones, first, last)
        yield Checkpoint({"until": part.end.isoformat()})


def _whole(points: list[Json] | None, first: int) -> list[Json]:
    return [point for point in points or [] if int(point["start"]) >= first]


def sent_row(run: WhatsappRun, phone_id: str, point: Json) -> Row:
    """All that a number sent in a bucket; delivered may pass sent, since it counts messages of the bucket before."""
    return _bucket(run, phone_id, point) | {
        "category": "all",
        "country": "all",
        "sent_count": point.get("sent"),
        "delivered_count": point.get("delivered"),
    }


def priced(run: WhatsappRun, graph: Graph, phones: dict[str, str], first: int, last: int) -> Iterator[Item]:
    """Delivered messages and approximate costs by number, category and country."""
    dimensions = '["PRICING_CATEGORY","COUNTRY","PHONE"]'
    asked = f"currency,pricing_analytics.start({first}).end({last}).granularity(DAILY).dimensions({dimensions})"
    node = graph.get(run.options.account_id, {"fields": asked})
    told = node.get("pricing_analytics") or {}
    if (told.get("paging") or {}).get("next"):
        run.warn("pricing_analytics came in pages of which only the first was read: costs are too low")
    for point in (point for block in told.get("data") or [] for point in _whole(block.get("data_points"), first)):
        phone_id = phones.get(digits(point.get("phone_number")))
        if phone_id is None:
            run.warn(f"costs of {point.get('phone_number')} are left out: it is no number of this account any more")
            continue
        yield MessagingVolumes, priced_row(run, phone_id, point, node.get("currency") or None)


def priced_row(run: WhatsappRun, phone_id: str, point: Json, currency: str | None) -> Row:
    """One priced bucket; a cost without a currency is none."""
    cost: Any = point.get("cost")
    return _bucket(run, phone_id, point) | {
        "category": str(point.get("pricing_category") or "unknown").lower(),
        "country": point.get("country") or "unknown",
        "delivered_count": point.get("volume"),
        "billed_cost": Decimal(str(cost)) if cost is not None and currency else None,
        "currency": currency,
    }


def _bucket(run: WhatsappRun, phone_id: str, point: Json) -> Row:
    when = {"ts_start": instant(point["start"]), "ts_end": instant(point["end"])}
    return {"component_id": run.id(phone_id), **when}
