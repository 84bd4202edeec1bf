"""Releases on the tracks of Google Play: what the store says of them now, and what changed since they were read last.

Summaries tell how far a release is in review, a draft edit tells its status and to which part of the users it goes. No
part of Google's API tells when a release came out: that is the instant at which it was first seen to be out.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments
from aurora.contracts.mobile import MobileReleases
from aurora.errors import SourceError
from ingest.connector import Item, Json, Run
from ingest.vendors.play_api import Play
from ingest.vendors.play_versions import Builds, name_in

TRACKS = {"production": "production", "beta": "beta", "alpha": "alpha", "internal": "internal", "qa": "internal"}
STATUSES = {"draft": "draft", "inprogress": "rolling_out", "halted": "halted", "completed": "released"}
_LIFECYCLES = {
    "draft": "draft",
    "not_sent_for_review": "draft",
    "in_review": "in_review",
    "approved_not_published": "in_review",
    "not_approved": "rejected",
    "published": "released",
}
PREFIX = "release_lifecycle_state_"
LIFECYCLES = {PREFIX + name: state for name, state in _LIFECYCLES.items()}
OUT = ("rolling_out", "released", "halted")
DEPLOYED = {"rolling_out": "running", "released": "success", "halted": "rolled_back", "removed": "cancelled"}


@dataclass(frozen=True)
class Found:
    """A release on a track as the store shows it now; `code` is its highest version code."""

    track: str
    name: str
    codes: tuple[str, ...]
    state: str
    state_raw: str
    ratio: float | None = None
    notes: str | None = None

    @property
    def code(self) -> str:
        """What tells it from the others of its track: of the codes that it keeps, the newest is its own."""
        return max(self.codes, key=int)


def read_releases(play: Play, package: str, tracks: tuple[str, ...], with_edit: bool) -> list[Found]:
    """All releases of an app. Raises SourceError."""
    staged = _staged(play, package) if with_edit else None
    names = list(dict.fromkeys(one["track"] for one in staged)) if staged is not None else list(tracks)
    known = [found for one in staged or () for found in _in_edit(play.run, one)]
    return list(_joined(known, _summaries(play, package, names)))


def _staged(play: Play, package: str) -> list[Json] | None:
    """The tracks in a draft edit, which is thrown away; None where the account may not open one."""
    try:
        with _edit(play, package) as place:
            return play.items(play.publisher.get(f"{place}/tracks"), "tracks", place)
    except SourceError as error:
        if error.error_class != "permission":
            raise
        play.run.warn(f"{package}: no staged roll-outs and halts are told: {error}; or set edits = false")
        return None


@contextmanager
def _edit(play: Play, package: str) -> Iterator[str]:
    place = f"{play.app(package)}/edits"
    mine = f"{place}/{quote(str(play.publisher.post(place, body={})['id']), safe='')}"
    try:
        yield mine
    finally:
        try:
            play.publisher.ask("DELETE", mine)
        except SourceError as error:  # Google lets it expire, and nothing was changed in it
            play.run.warn(f"{package}: the draft edit could not be thrown away: {error}")


def _in_edit(run: Run[Any], track: Json) -> Iterator[Found]:
    for one in track.get("releases") or ():
        codes, status = tuple(str(code) for code in one.get("versionCodes") or ()), str(one.get("status"))
        state = run.word(STATUSES, status)
        ratio = 1.0 if state == "released" else one.get("userFraction")
        notes = {text.get("language"): text.get("text") for text in one.get("releaseNotes") or ()}
        told = next((text for text in (notes.get("en-US"), *notes.values()) if text), None)
        if codes:  # a draft without a build is no version yet
            yield Found(track["track"], one.get("name") or "", codes, state, status, ratio, told)


def _summaries(play: Play, package: str, tracks: list[str]) -> list[Found]:
    """What the tracks list; a track that this app does not have is none, unless it has none of them."""
    found, absent = list[Found](), list[SourceError]()
    for track in tracks:
        path = f"{play.app(package)}/tracks/{quote(track, safe='')}/releases"
        try:
            listed = play.items(play.publisher.get(path), "releases", path)
        except SourceError as error:
            if error.error_class != "not_found":
                raise
            absent.append(error)
            continue
        found += [_summary(play.run, track, one) for one in listed if one.get("activeArtifacts")]
    if absent and len(absent) == len(tracks):
        raise absent[0]
    return found


def _summary(run: Run[Any], track: str, one: Json) -> Found:
    codes = tuple(str(artifact["versionCode"]) for artifact in one["activeArtifacts"])
    raw = str(one.get("releaseLifecycleState"))
    return Found(track, one.get("releaseName") or "", codes, run.word(LIFECYCLES, raw), raw)


def _joined(staged: Iterable[Found], summaries: list[Found]) -> Iterator[Found]:
    """Of a release that both tell: what is not out yet as its review says, what is out as the edit says."""
    reviewed = {(one.track, one.code): one for one in summaries}
    for one in staged:
        other = reviewed.pop((one.track, one.code), None)
        is_out = other is None or other.state in OUT or other.state == "unknown" or one.state == "draft"
        yield one if is_out or other is None else replace(one, state=other.state, state_raw=other.state_raw, ratio=None)
    yield from reviewed.values()


def _no_vaguer(one: Found, before: Row | None) -> Found:
    """What an edit said of a release that is out stands against a summary, which calls a halted one published too.

    Nor is a release in review for its first time once it is out: a step of its roll-out may be.
    """
    is_vague = one.state_raw.lower() == PREFIX + "published" or one.state == "in_review"
    if not is_vague or before is None or before["state"] not in OUT:
        return one
    raw = before["state_raw"] or one.state_raw
    return replace(one, state=before["state"], state_raw=raw, ratio=before["rollout_ratio"])


def track_word(track: str) -> str:
    """The kind of a track; form factors ("wear:production") have tracks of their own, other names are closed tests."""
    return TRACKS.get(track.rpartition(":")[2], "alpha")


def release_items(
    run: Run[Any], package: str, found: list[Found], builds: Builds, before: dict[str, Row]
) -> Iterator[Item]:
    """Rows of an app's releases; `before` are those that landed, none of them at first contact."""
    mine = {run.id(f"{package}/{one.track}/{one.code}"): one for one in found}
    known_codes = {release_id.rpartition("/")[2] for release_id in before}
    for release_id, told in mine.items():
        one = _no_vaguer(told, before.get(release_id))
        row = release_row(run, package, one, builds, before.get(release_id), is_first=not before)
        if before and one.code not in known_codes:
            builds.saw(package, one.code, row["version"] if row["version"] != one.code else None, run.now)
        yield MobileReleases, row | {"mobile_release_id": release_id}
        yield from _deployed(run, release_id, row, before.get(release_id), one.name)
    for release_id, row in before.items():
        if release_id not in mine and row["state"] in ("draft", "in_review", "rejected", "rolling_out"):
            gone = row | {"state": "removed", "state_raw": None, "updated_at": run.now}
            yield MobileReleases, gone
            yield from _deployed(run, release_id, gone, row, "")
    yield from builds.rows()


def release_row(run: Run[Any], package: str, one: Found, builds: Builds, before: Row | None, *, is_first: bool) -> Row:
    """A release as it stands; of one that was out at first contact nobody can say since when."""
    is_new = before is None or (before["state"], before["rollout_ratio"]) != (one.state, one.ratio)
    is_seen_out = one.state in OUT and not is_first and (before is None or before["state"] not in OUT)
    return {
        "store_app_id": run.id(package),
        "version": builds.names.get(package, {}).get(one.code) or name_in(one.name, one.code) or one.code,
        "track": track_word(one.track),
        "track_raw": one.track,
        "state": one.state,
        "state_raw": one.state_raw,
        "rollout_ratio": one.ratio,
        "created_at": before["created_at"] if before else run.now,
        "released_at": (before or {}).get("released_at") or (run.now if is_seen_out else None),
        "updated_at": run.now if before is None or is_new else before["updated_at"],
        "notes": one.notes,
    }


def _deployed(run: Run[Any], release_id: str, row: Row, before: Row | None, name: str) -> Iterator[Item]:
    """The deployment that a production release is, once somebody saw it come out, halt or go on."""
    is_change = before is not None and before["state"] in OUT and before["state"] != row["state"]
    if row["track"] == "production" and row["state"] in DEPLOYED and (row["released_at"] or is_change):
        yield Deployments, deployment_row(release_id, row, name)


def deployment_row(release_id: str, row: Row, name: str) -> Row:
    """A production release as a deployment: it runs while it is rolled out in stages; halting takes it back."""
    started, is_over = row["released_at"], row["state"] != "rolling_out"
    finished = row["updated_at"] if is_over else None
    return {
        "deployment_id": release_id,
        "store_app_id": row["store_app_id"],
        "environment": "production",
        "env_tier": "production",
        "ref": name or None,
        "version": row["version"],
        "created_at": started or row["created_at"],
        "started_at": started,
        "finished_at": finished,
        "duration_s": (finished - started).total_seconds() if started and finished else None,
        "status": DEPLOYED[row["state"]],
        "status_raw": row["state_raw"],
        "is_inferred": started is None,
        "updated_at": row["updated_at"],
    }
