"""How Rollbar's API is asked: errors under HTTP 200, pages by number, metric groups, and what its words mean."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from aurora.errors import ErrorClass, SourceError
from ingest.connector import Json, Run
from ingest.http import Answer

MAX_PAGES = 100
GROUPS_PER_PAGE = 100
LEVELS = {  # older projects tell numbers
    **dict.fromkeys(("critical", "50"), "fatal"),
    **dict.fromkeys(("error", "40"), "error"),
    **dict.fromkeys(("warning", "30"), "warning"),
    **dict.fromkeys(("info", "20", "debug", "10"), "info"),
}
STATES = {
    **dict.fromkeys(("active", "reactivated"), "open"),
    "resolved": "resolved",
    **dict.fromkeys(("muted", "archived"), "ignored"),
}
STATUSES = {"started": "running", "succeeded": "success", "failed": "failed", "timed_out": "failed"}
PLATFORMS = {
    **dict.fromkeys(("browser", "client"), "web"),
    "android": "android",
    "ios": "ios",
    **dict.fromkeys(("server", "linux", "windows", "darwin", "heroku", "google-app-engine", "aws-lambda"), "server"),
    "unknown": "unknown",
}
# The words of an error under HTTP 200; Rollbar has no codes but err = 1.
_CLASSES: tuple[tuple[str, ErrorClass], ...] = (
    ("rate limit|too many", "rate_limited"),
    ("privilege|permission|scope|not allowed|not available|plan", "permission"),
    ("access token|unauthor|access denied", "auth"),
    ("not found", "not_found"),
)


class Api:
    """The API as one run asks it."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run

    def result(self, path: str, params: dict[str, Any]) -> Json:
        """`result` of a GET. Raises SourceError, also for an error under HTTP 200."""
        return self.unwrapped(path, self.run.http.get(path, params))

    def metrics(self, query: dict[str, Any]) -> Iterator[Json]:
        """The groups of a metrics query, page by page, each a list of fields and values. Raises SourceError."""
        path = "metrics/occurrences"
        for number in range(MAX_PAGES):
            asked = {**query, "limit": GROUPS_PER_PAGE, "offset": number * GROUPS_PER_PAGE}
            result = self.unwrapped(path, self.run.http.post(path, body=asked))
            points = self.listed(path, (result or {}).get("timepoints"))
            groups = [group for point in points for group in point.get("metrics_rows") or []]
            yield from groups
            if len(groups) < GROUPS_PER_PAGE:
                return
        self.run.warn(f"{path}: only {MAX_PAGES * GROUPS_PER_PAGE} groups of an hour were read")

    def pages(self, path: str, name: str, goes_on: Callable[[list[Json]], bool] = bool) -> Iterator[Json]:
        """Items of a numbered list until `total_count` is reached, a page is empty or `goes_on` denies it."""
        seen = 0

        def following(page: Json, answer: Answer, asked: dict[str, Any]) -> dict[str, Any] | None:
            found, total = page["result"][name], page["result"].get("total_count")
            is_last = not found or (total is not None and seen >= total) or not goes_on(found)
            return None if is_last else {**asked, "page": asked["page"] + 1}

        for number, page in enumerate(self.run.http.pages(path, {"page": 1}, following=following), 1):
            result = self.unwrapped(path, page)
            found = self.listed(path, result.get(name) if isinstance(result, dict) else None)
            seen += len(found)
            yield from found
            if number == MAX_PAGES:
                self.run.warn(f"{path}: only the first {MAX_PAGES} pages were read")
                return

    def unwrapped(self, path: str, answer: Json) -> Json:
        """`result` of an answer. Raises SourceError when err is not 0."""
        who = self.run.source_instance
        if not isinstance(answer, dict) or "err" not in answer:
            raise SourceError(f"{who}: {path} is no answer of the Rollbar API: check url", "schema_drift")
        if answer["err"]:
            said = str(answer.get("message"))[:200]
            raise SourceError(f"{who}: {path}: {said}: check the token and its scope read", _class_of(said))
        return answer.get("result")

    def listed(self, path: str, found: Json) -> list[Json]:
        """The list that `found` must be. Raises SourceError."""
        if not isinstance(found, list):
            raise SourceError(f"{self.run.source_instance}: {path} answered with no list", "schema_drift")
        return found


def _class_of(said: str) -> ErrorClass:
    return next((kind for words, kind in _CLASSES if re.search(words, said, re.I)), "bad_query")


def grouped(group: Json) -> dict[str, Any]:
    """A group of a metrics answer, told as [{field, value}, ...], as a dict."""
    return {pair["field"]: pair["value"] for pair in group}


def instant(seconds: float) -> datetime:
    """Epoch seconds as a UTC instant."""
    return datetime.fromtimestamp(seconds, UTC)


def revision(text: str | None) -> tuple[str | None, str | None]:
    """(sha, version) of a revision: one of both, whichever it looks like."""
    if not text:
        return None, None
    return (text.lower(), None) if re.fullmatch(r"[0-9a-fA-F]{7,40}", text) else (None, text)
