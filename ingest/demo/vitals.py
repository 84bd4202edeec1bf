"""Vitals of the mobile applications by version, phone model and country, as the two stores tell them.

Android wakes its phones longer each day and nears the store's limit of 5 %; one old phone model crashes for 9 % of its
users; Mobile App V2 starts slower with each release. Every cut of a day has the same mean, weighted by its users.
"""

import math
from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row
from ingest.demo.catalog import App
from ingest.demo.names import store_app_id
from ingest.demo.store import PHASED, Release, is_troubled, shares
from ingest.demo.world import DAY, World

MIB = 1024**2
CRASHING, CRASHING_BAD = 0.0052, 0.013
COUNTRIES = (("AE", 0.82), ("SA", 0.18))
# Model, its part of the users, and how many times as often as the mean its users see the app crash or hang.
MODELS = {
    "android": (
        ("samsung a12", 0.024, 17.5), ("samsung s24", 0.31, 0.5), ("samsung a54", 0.25, 0.7),
        ("google pixel 9", 0.12, 0.4), ("xiaomi redmi note 13", 0.296, 0.6824),
    ),
    "ios": (("iPhone15,2", 0.34, 1.0), ("iPhone16,1", 0.41, 0.9), ("iPhone12,8", 0.25, 1.164)),
}  # fmt: skip
UNEVEN = ("user_perceived_crash", "crash")
ANDROID_VITALS = (
    ("user_perceived_anr", 0.00465, "ratio"),
    ("anr", 0.0058, "ratio"),
    ("crash", 0.0071, "ratio"),
    ("slow_start_cold", 0.031, "ratio"),
    ("slow_start_warm", 0.018, "ratio"),
    ("slow_start_hot", 0.009, "ratio"),
    ("frozen_frames", 0.0042, "ratio"),
)
WAKING, WAKES_MORE = 0.0458, 0.00012
LAUNCH_MS = {PHASED: 318.0, "property-manager-ios": 342.0}
SLOWER = 1.26


def users(world: World, app: App, day: datetime) -> int:
    """How many people used an application on a day."""
    return int(app.users * 0.6 * world.between(0.93, 1.07, app.app_id, day, "daily users"))


def crashing(world: World, app: App, day: datetime, release: Release, parts: list[tuple[Release, float]]) -> float:
    """The part of a version's users who see it crash; so many of the bad one that 1.3 % of all users do."""
    usual = CRASHING * world.between(0.93, 1.07, app.app_id, day, "crashing")
    bad = sum(part for one, part in parts if one.is_bad)
    if release.is_bad and is_troubled(world, app.app_id, day):
        whole = sum(part for _, part in parts)
        return (CRASHING_BAD * whole - usual * (whole - bad)) / bad
    return usual


def vital_rows(world: World, app: App, day: datetime) -> Iterator[Row]:
    """A day of one application: all together, by version, by phone model and by country."""
    parts = [(one, part) for one, part in shares(world, app.app_id, day) if part >= 0.01]
    everyone = users(world, app, day)
    whole = sum(part for _, part in parts)
    by_version = [(release, part / whole, _values(world, app, day, release, parts)) for release, part in parts]
    mean = {vital: sum(part * told[vital][0] for _, part, told in by_version) for vital in by_version[0][2]}
    unit = {vital: one for vital, (_, one) in by_version[0][2].items()}

    def row(part: float, vital: str, value: float, **cut: str) -> Row:
        own = {"version": "", "device_model": "", "country": ""} | cut
        told = {"vital": vital, "value": round(value, 6), "unit": unit[vital], "user_count": int(everyone * part)}
        listing = store_app_id(world, app.app_id)
        return {"store_app_id": listing, "day": day.date(), "day_tz": "America/Los_Angeles"} | own | told

    for vital, value in mean.items():
        yield row(1.0, vital, value)
        for release, part, told in by_version:
            yield row(part, vital, told[vital][0], version=release.version)
        for model, part, times in MODELS[by_version[0][0].platform]:
            yield row(part, vital, value * (times if vital in UNEVEN else 1.0), device_model=model)
        for country, part in COUNTRIES:
            yield row(part, vital, value, country=country)


def _values(
    world: World, app: App, day: datetime, release: Release, parts: list[tuple[Release, float]]
) -> dict[str, tuple[float, str]]:
    """Vital -> value and unit of one version, as its store measures them."""
    if release.platform == "ios":
        return {
            "launch_time": (
                _launch(world, app, release) * world.between(0.985, 1.015, app.app_id, day, "launch"),
                "ms",
            ),
            "memory": (214.0 * MIB * world.between(0.985, 1.015, app.app_id, day, "memory"), "bytes"),
        }
    found = {"user_perceived_crash": (crashing(world, app, day, release, parts), "ratio")}
    for vital, value, unit in ANDROID_VITALS:
        found[vital] = (value * world.between(0.985, 1.015, app.app_id, day, vital), unit)
    # It grows until 90 days after the first run, when the limit is long passed.
    age = min(90.0, (day - world.anchor) / DAY)
    waking = WAKING + WAKES_MORE * age + 0.0002 * math.sin(2 * math.pi * (day - world.anchor) / DAY / 7)
    found["wake_lock"] = (max(0.02, waking), "ratio")
    return found


def _launch(world: World, app: App, release: Release) -> float:
    """Milliseconds to the first frame; each third version of the phased app starts slower than the one before."""
    slow = app.app_id == PHASED and release.number % 3 == 0
    return LAUNCH_MS[app.app_id] * (SLOWER if slow else 1.0)
