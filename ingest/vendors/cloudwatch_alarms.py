"""CloudWatch alarms as episodes: an alarm fires, may lose its data, and is resolved; told by history and by now.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html: transitions with their
instants. The state of now mends what history does not hold: alarms that fired long ago, and alarms that were deleted.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.aws import Aws

STATES = {"alarm": "firing", "ok": "resolved", "insufficient_data": "no_data"}
KINDS = ["MetricAlarm", "CompositeAlarm", "LogAlarm"]  # unless asked for, only metric alarms are listed
FORGET = timedelta(days=1)  # transitions older than any overlap need not be told apart


def alarms(aws: Aws, region: str) -> dict[str, Json]:
    """Every alarm of a region by its name, which is its only id."""
    found: dict[str, Json] = {}
    for page in aws.pages("cloudwatch", region, "describe_alarms", AlarmTypes=KINDS):
        for kind in ("MetricAlarms", "CompositeAlarms", "LogAlarms"):
            found |= {one["AlarmName"]: one for one in page.get(kind, [])}
    return found


def transitions(aws: Aws, region: str, since: datetime) -> Iterator[Json]:
    """State changes since then, oldest first: AlarmName, Timestamp and the new state."""
    asked: Json = {"HistoryItemType": "StateUpdate", "StartDate": since, "EndDate": aws.run.now}
    asked |= {"AlarmTypes": KINDS, "ScanBy": "TimestampAscending", "MaxRecords": 100}
    for page in aws.pages("cloudwatch", region, "describe_alarm_history", **asked):
        for item in page["AlarmHistoryItems"]:
            yield item | {"newState": json.loads(item["HistoryData"])["newState"]}


class Episodes:
    """The open episodes of one region and when each alarm last changed; both live in the cursor."""

    def __init__(self, run: Run[Any], region: str, known: Mapping[str, Json], components: Mapping[str, str]) -> None:
        self.run, self.region, self.known, self.components = run, region, known, components
        told = (run.cursor or {}).get(region, {})
        self.open: dict[str, Row] = {name: revived(text) for name, text in told.get("open", {}).items()}
        self.last = {name: datetime.fromisoformat(text) for name, text in told.get("last", {}).items()}

    def cursor(self) -> Json:
        """What the next run must know."""
        kept = {name: at.isoformat() for name, at in self.last.items() if at > self.run.now - FORGET}
        opened = {name: json.dumps(row, default=datetime.isoformat) for name, row in self.open.items()}
        return {"open": opened, "last": kept}

    def take(self, name: str, at: datetime, raw: str, reason: str | None, data: Json) -> Iterator[Row]:
        """The episode as it stands after a transition; nothing for one that is known or concerns no episode."""
        before, at = self.open.get(name), at.astimezone(UTC)
        if name in self.last and at <= self.last[name]:
            return
        self.last[name] = at
        state = self.run.word(STATES, raw)
        if before is None and state != "firing":
            return
        row = (before or self.opened(name, at)) | {"state": state, "state_raw": raw, "updated_at": at}
        if state == "firing":
            row |= {"message": reason or None, "value": last_value(data)}
        self.open[name] = row
        if state == "resolved":
            row = self.open.pop(name) | {"ended_at": at, "is_end_inferred": False, "last_seen_at": at}
        yield row

    def reconciled(self) -> Iterator[Row]:
        """Episodes that only the present state tells: begun before the history, ended with the alarm's deletion."""
        for name, alarm in self.known.items():
            at = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
            known = self.open.get(name, {}).get("state_raw", "OK")
            if alarm["StateValue"] != known:
                yield from self.take(
                    name, at, alarm["StateValue"], alarm.get("StateReason"), alarm.get("StateReasonData")
                )
        for name in [name for name in self.open if name not in self.known]:
            gone = {"ended_at": self.run.now, "is_end_inferred": True, "updated_at": self.run.now}
            yield self.open.pop(name) | {"state": "resolved", **gone}
        for name, row in self.open.items():
            self.open[name] = row | {"last_seen_at": self.run.now}
            yield self.open[name]

    def opened(self, name: str, at: datetime) -> Row:
        """A new episode of an alarm; CloudWatch knows no severity, so it is a warning unless its name says more."""
        alarm, critical = self.known.get(name, {}), self.run.options.critical
        mark = f"{self.region}/{name}"
        page = f"https://{self.region}.console.aws.amazon.com/cloudwatch/home?region={self.region}"
        return {
            "alert_id": self.run.id(f"{mark}:{at.isoformat()}"),
            "fingerprint": mark,
            "component_id": self.component_of(dimensions_of(alarm)),
            "severity": "critical" if critical and critical.search(name) else "warning",
            "title": name,
            "threshold": alarm.get("Threshold"),
            "started_at": at,
            "fired_at": at,
            "last_seen_at": self.run.now,
            "labels": json.dumps(labels_of(self.region, alarm), sort_keys=True),
            "url": f"{page}#alarmsV2:alarm/{quote(name, safe='')}",
        }

    def component_of(self, dimensions: Mapping[str, str]) -> str | None:
        """The component that an alarm watches: an instance, a database, a distribution."""
        native = dimensions.get("InstanceId") or dimensions.get("DistributionId")
        return self.run.id(native) if native else self.components.get(dimensions.get("DBInstanceIdentifier", ""))


def dimensions_of(alarm: Json) -> dict[str, str]:
    """The dimensions of an alarm's metric; of a calculated one those of its first metric."""
    stats = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    listed: list[dict[str, str]] = alarm.get("Dimensions") or next((one.get("Dimensions", []) for one in stats), [])
    return {one["Name"]: one["Value"] for one in listed}


def labels_of(region: str, alarm: Json) -> dict[str, str]:
    """What tells the alarm apart: region, metric and dimensions."""
    named = {"region": region, "namespace": alarm.get("Namespace"), "metric": alarm.get("MetricName")}
    return {name: it for name, it in named.items() if it} | dimensions_of(alarm)


def last_value(data: Json) -> float | None:
    """The value that crossed the threshold, where the reason tells which point is the newest."""
    told = json.loads(data) if isinstance(data, str) and data else data or {}
    stamped = [one for one in told.get("evaluatedDatapoints", []) if one.get("value") is not None]
    if stamped:
        return float(max(stamped, key=lambda one: str(one["timestamp"]))["value"])
    recent = told.get("recentDatapoints") or []
    return float(recent[0]) if len(recent) == 1 else None


def revived(text: str) -> Row:
    """A row out of the cursor, its instants as instants again."""
    row: Row = json.loads(text)
    return {name: datetime.fromisoformat(it) if it and name.endswith("_at") else it for name, it in row.items()}
