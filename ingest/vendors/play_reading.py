"""One month of reports of the Play Console as what lands of it."""

from collections.abc import Iterator

from aurora.contracts.mobile import MobileInstallsDaily, StoreRatingsDaily, StoreReviews
from ingest.connector import Item
from ingest.vendors.play_api import Play
from ingest.vendors.play_csv import text_of
from ingest.vendors.play_reports import Month, install_rows, rating_rows
from ingest.vendors.play_reviews import Kept, reported
from ingest.vendors.play_versions import Builds, Labels, Shown


class Reading:
    """What a run of the reports knows: builds, reviews that landed, and what versions are called."""

    def __init__(self, play: Play, bucket: str, said: Labels) -> None:
        self.play, self.bucket = play, bucket
        self.builds, self.kept = Builds(play.run), Kept(play.run)
        self.shown = Shown(self.builds, said)

    def items(self, package: str, month: Month) -> list[Item]:
        """All rows of a month, so that a file that is none lets none of them land. Raises SourceError."""
        if month.kind == "installs":
            rows = install_rows(self.play, self.bucket, package, month, self.shown)
            return [(MobileInstallsDaily, row) for row in rows]
        if month.kind == "ratings":
            return [(StoreRatingsDaily, row) for row in rating_rows(self.play, self.bucket, package, month)]
        return list(self._reviews(package, month))

    def _reviews(self, package: str, month: Month) -> Iterator[Item]:
        for file in month.files:
            text = text_of(self.play, self.bucket, file)
            for row in reported(self.play.run, package, file.name, text, self.kept, self.builds):
                yield StoreReviews, row
        yield from self.builds.rows()
