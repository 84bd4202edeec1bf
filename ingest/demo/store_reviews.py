"""Reviews in the stores, in five languages: some every day, a wave of one star while the bad Android release is out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from aurora.contracts import Row
from ingest.demo.catalog import App
from ingest.demo.names import store_app_id
from ingest.demo.review_texts import ANSWERS, HEADLINES, REMARKS, TROUBLE
from ingest.demo.store import ANDROID, BAD_AGO, BAD_DAYS, is_troubled, releases, shares, store_apps
from ingest.demo.world import DAY, HOUR, SECOND, Slice, World, floor

OF_USERS = 0.0009
IN_TROUBLE = 13
LONGEST_REPLY = 6 * DAY
# Country and language of those who write, with their shares.
WRITERS = (
    ("AE", "en", 0.40), ("AE", "ar", 0.62), ("SA", "ar", 0.76), ("SA", "en", 0.82), ("DE", "de", 0.89),
    ("FR", "fr", 0.95), ("ES", "es", 1.0),
)  # fmt: skip
# Stars and up to which share of ordinary reviews they go.
STARS = ((5, 0.52), (4, 0.75), (3, 0.87), (2, 0.93), (1, 1.0))
# Which part of reviews is answered, by stars, and the devices that people have.
ANSWERED = {1: 0.55, 2: 0.5, 3: 0.4, 4: 0.2, 5: 0.15}
DEVICES = {"android": ("Galaxy S24", "Pixel 9", "Galaxy A55", "Redmi Note 13"), "ios": ("iPhone 15", "iPhone 16 Pro")}


@dataclass(frozen=True)
class Written:
    """A review and what settles the rest of it."""

    app: App
    day: datetime
    number: int
    in_trouble: bool

    @property
    def about(self) -> tuple[object, ...]:
        """By what its chance falls."""
        return (self.app.app_id, self.day, "store review", self.number)

    def at(self, world: World) -> datetime:
        """When it was written: between 6 and 22 o'clock in Dubai."""
        return self.day + 2 * HOUR + floor_seconds(world.between(0, 16 * 3600, *self.about, "at"))

    def replied_at(self, world: World) -> datetime | None:
        """When it was answered, if it is; a wave is answered once the release is mended."""
        if world.dice(*self.about, "answered") >= ANSWERED[self.stars(world)]:
            return None
        at = self.at(world) + floor_seconds(world.between(3, 96, *self.about, "reply") * 3600)
        mended = world.anchor - BAD_AGO + BAD_DAYS * DAY + 6 * HOUR
        return max(at, min(mended, self.at(world) + LONGEST_REPLY - HOUR)) if self.in_trouble else at

    def stars(self, world: World) -> int:
        """One to five; hardly more than one of a release that crashes."""
        dice = world.dice(*self.about, "stars")
        if self.in_trouble:
            return 1 if dice < 0.85 else 2
        return next(stars for stars, upto in STARS if dice < upto)

    def writer(self, world: World) -> tuple[str, str]:
        """Country and language."""
        dice = world.dice(*self.about, "writer")
        return next((country, language) for country, language, upto in WRITERS if dice < upto)

    def version(self, world: World) -> str:
        """The version that its writer had."""
        parts = shares(world, self.app.app_id, self.day)
        if self.in_trouble:
            return next((one.version for one, _ in parts if one.is_bad), parts[0][0].version)
        dice, left = world.dice(*self.about, "version"), 0.0
        for release, part in parts:
            left += part
            if dice < left:
                return release.version
        return parts[-1][0].version


def floor_seconds(seconds: float) -> timedelta:
    """Whole seconds."""
    return int(seconds) * SECOND


def store_review_rows(world: World, span: Slice) -> Iterator[Row]:
    """Reviews written or answered on the days that were completed in the slice, as they stand at the end of these."""
    days, end = span.days(), floor(span.until, DAY)
    if not days:
        return
    told = Slice(days[0], end)
    for app in store_apps():
        for number in range(-(LONGEST_REPLY // DAY) - 1, len(days)):
            for written in _written(world, app, days[0] + number * DAY):
                if told.has(written.at(world)) or told.has(written.replied_at(world)):
                    yield _row(world, written, end)


def _written(world: World, app: App, day: datetime) -> Iterator[Written]:
    """The reviews of a day; on Friday and Saturday people have more time to write."""
    if not releases(world, app.app_id, day):
        return
    usual = app.users * OF_USERS * (1.3 if day.weekday() in (4, 5) else 1.0)
    ordinary = int(usual * world.between(0.5, 1.5, app.app_id, day, "store reviews") + 0.5)
    yield from (Written(app, day, number, in_trouble=False) for number in range(ordinary))
    if app.app_id == ANDROID and is_troubled(world, app.app_id, day):
        wave = int(IN_TROUBLE * world.between(0.8, 1.3, app.app_id, day, "wave"))
        yield from (Written(app, day, ordinary + number, in_trouble=True) for number in range(wave))


def _row(world: World, written: Written, end: datetime) -> Row:
    app, stars, at = written.app, written.stars(world), written.at(world)
    country, language = written.writer(world)
    platform = app.type.removeprefix("mobile_")
    replied = written.replied_at(world)
    is_replied = replied is not None and replied < end
    texts = TROUBLE[language] if written.in_trouble else REMARKS[language][(stars > 2) + (stars > 3)]
    return {
        "review_id": world.id(f"review/{app.app_id}/{written.day:%Y%m%d}/{written.number}"),
        "store_app_id": store_app_id(world, app.app_id),
        "country": country,
        "language": language if platform == "android" else None,
        "rating": stars,
        "title": HEADLINES[language][stars - 1] if platform == "ios" else None,
        "body": world.pick(texts, *written.about, "text"),
        "author_hash": world.sha(*written.about, "author"),
        "version": written.version(world),
        "device_model": world.pick(DEVICES[platform], *written.about, "device"),
        "created_at": at,
        "updated_at": at,
        "replied_at": replied if is_replied else None,
        "reply_body": ANSWERS[language][stars > 3] if is_replied else None,
    }
