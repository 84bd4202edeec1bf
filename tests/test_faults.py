"""Fifty kills at random moments of landing and publishing: nothing acknowledged is lost, nothing is there twice."""

import random
import time
from pathlib import Path

from aurora.contracts.operations import Alerts, ComponentHealth
from tests.frames import MINUTE, NOW, python
from warehouse.lake import Lake
from warehouse.publish import current, publish
from warehouse.query import Warehouse

KILLS = 50
CHILD = """
import os, sys
from tests.frames import *
from aurora.contracts.operations import Alerts, ComponentHealth
from warehouse.publish import publish

data = Path(sys.argv[1])
lake = Lake(data / "lake")

def land_one(table, number, rows):
    landed = land(lake, table, rows, stamp(), Batch(f"t1/{table.spec.name}", number, {"n": number}))
    return landed.row_count

def turn(number):
    rows = [health(f"c{part}", NOW + number * MINUTE, cpu_pct=float(number % 100)) for part in range(5)]
    rows.append(health("bad", NOW + number * MINUTE, cpu_pct=str(number)))
    land_one(ComponentHealth, number, rows)
    print("health", number, flush=True)
    times = {"started_at": NOW, "updated_at": NOW + number * MINUTE, "last_seen_at": NOW}
    land_one(Alerts, number, [row(Alerts, alert_id="t1:1", title=str(number)) | times])
    print("alert", number, flush=True)
    publish(lake, data)
    print("published", number, flush=True)

# A process imports what it needs while the one before it is still at work, then waits for the word.
print("ready", flush=True)
sys.stdin.readline()
done = lambda table: lake.cursor(table, f"t1/{table.spec.name}")[0]
number = min(done(ComponentHealth), done(Alerts)) + 1
while True:
    turn(number)
    number += 1
"""


def test_fifty_kills_lose_and_double_nothing(data: Path) -> None:
    chance = random.Random(7)
    acknowledged = {"health": 0, "alert": 0, "published": 0}
    publish(Lake(data / "lake"), data)
    following = python(CHILD, data)
    for kill in range(KILLS):
        process, following = following, python(CHILD, data if kill < KILLS - 1 else "nowhere")
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        time.sleep(chance.uniform(0.02, 1.2))
        process.kill()
        out, err = process.communicate()
        assert err == ""
        for line in out.splitlines(keepends=True):
            if line.endswith("\n"):
                word, number = line.split()
                acknowledged[word] = max(acknowledged[word], int(number))
    following.kill()
    following.communicate()
    assert min(acknowledged.values()) >= 5  # else the kills came before any work

    lake = Lake(data / "lake")
    found = lake.read(ComponentHealth)
    done = lake.cursor(ComponentHealth, "t1/component_health")
    assert done[0] >= acknowledged["health"]
    assert done[1] == {"n": done[0]}
    assert found.height == found.unique(["component_id", "ts_start"]).height == 5 * done[0]
    assert found["ts_start"].unique().sort().to_list() == [
        (NOW + number * MINUTE).replace(tzinfo=None) for number in range(1, done[0] + 1)
    ]
    alerts = lake.read(Alerts)
    assert alerts.height == 1
    assert int(alerts["title"][0]) == lake.cursor(Alerts, "t1/alerts")[0] >= acknowledged["alert"]

    query = "select count(*) as n, count(distinct (component_id, ts_start)) as u from component_health"
    (shown,) = Warehouse(data / "published").rows(query).iter_rows()
    assert shown[0] == shown[1] >= 5 * acknowledged["published"]
    publish(lake, data)
    assert Warehouse(data / "published").rows(query).row(0) == (5 * done[0], 5 * done[0])
    generation = current(data / "published")
    assert generation is not None
    assert list(data.glob(".aurora*")) == []
