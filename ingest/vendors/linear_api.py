"""How Linear is asked: GraphQL with variables, errors in a 200 or 400 body, pages, and queries within its limits.

A query may weigh 10,000 points: a tenth for each property, one for each object, and each connection times its `first`.
The quota of an hour is 250,000, whatever comes back, so issues are asked for with few of their history at once, and the
rest of a long one in a query of its own. When the quota is used up, waiting would take up to an hour: the run ends, and
the next one goes on from there.
"""

import re
from collections.abc import Iterator
from typing import Any

from aurora.errors import ErrorClass, SourceError
from ingest.connector import Json, Run

PATH = "graphql"
PAGE = "pageInfo { hasNextPage endCursor }"
CHANGE = """nodes { id createdAt fromStateId fromState { type } toState { type } fromCycleId toCycleId
  fromEstimate toEstimate fromAssigneeId toAssigneeId }"""
TEAMS = f"""query($after: String, $filter: TeamFilter) {{ teams(first: 100, after: $after, filter: $filter) {{
  nodes {{ id key name createdAt }} {PAGE} }} }}"""
PROJECTS = f"""query($after: String, $filter: ProjectFilter) {{ projects(first: 50, after: $after, filter: $filter) {{
  nodes {{ id slugId name url createdAt targetDate status {{ type name }} lead {{ displayName }} }} {PAGE} }} }}"""
CYCLES = f"""query($after: String, $filter: CycleFilter) {{ cycles(first: 50, after: $after, filter: $filter) {{
  nodes {{ id number name description createdAt startsAt endsAt completedAt scopeHistory completedScopeHistory
    issueCountHistory completedIssueCountHistory team {{ id name issueEstimationType }} }} {PAGE} }} }}"""
ISSUES = f"""query($after: String, $filter: IssueFilter) {{
  issues(first: 50, after: $after, filter: $filter, orderBy: updatedAt, includeArchived: true) {{
    nodes {{ id identifier title url estimate priority priorityLabel createdAt updatedAt startedAt completedAt
      canceledAt archivedAt trashed state {{ name type }} team {{ id }} project {{ id }} cycle {{ id }} parent {{ id }}
      assignee {{ id }} labels(first: 10) {{ nodes {{ name }} }}
      history(first: 15) {{ {CHANGE} {PAGE} }} }} {PAGE} }} }}"""
HISTORY = f"""query($id: String!, $after: String) {{
  issue(id: $id) {{ history(first: 100, after: $after) {{ {CHANGE} {PAGE} }} }} }}"""
CLASSES: dict[str, ErrorClass] = {
    "ratelimited": "rate_limited",
    "usage limit exceeded": "rate_limited",
    "authentication error": "auth",
    "forbidden": "permission",
    "feature not accessible": "permission",
    "internal error": "vendor_5xx",
    "network error": "vendor_5xx",
    "lock timeout": "timeout",
}
ADVICE: dict[ErrorClass, str] = {
    "rate_limited": "the next run goes on from here; raise `every` if this stays",
    "auth": "check the API key",
    "permission": "the key's owner may not see this",
}


class Api:
    """The API as one run asks it."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run

    def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """`data` of an answer. Raises SourceError for errors, also where part of the data came along."""
        who = self.run.source_instance
        try:
            answer = self.run.http.post(PATH, body={"query": query, "variables": variables})
        except SourceError as error:
            kind = class_of_text(str(error)) if error.error_class == "bad_query" else None
            if kind is None:
                raise
            raise SourceError(f"{error}: {ADVICE[kind]}", kind) from error
        if isinstance(answer, dict) and answer.get("errors"):
            raise refused(who, answer["errors"])
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            raise SourceError(f"{who}: this is no answer of Linear's API: check url", "schema_drift")
        found: dict[str, Any] = answer["data"]
        return found

    def pages(
        self, query: str, name: str, after: str | None = None, **variables: Any
    ) -> Iterator[tuple[list[Json], str | None]]:
        """(nodes, where the next page begins) of a connection, page by page; the last one has None."""
        while True:
            nodes, onward = self._page(name, self.data(query, after=after, **variables).get(name))
            onward = onward if onward != after else None
            yield nodes, onward
            if onward is None:
                return
            after = onward

    def history(self, issue: Json) -> list[Json]:
        """All of an issue's history: what came with it, and the rest."""
        entries, onward = self._page("history", issue["history"])
        entries = list(entries)
        while onward:
            found = self.data(HISTORY, id=issue["id"], after=onward).get("issue") or {}
            more, following = self._page("history", found.get("history"))
            entries += more
            onward = following if following != onward else None
        return entries

    def _page(self, name: str, found: Json) -> tuple[list[Json], str | None]:
        nodes = found.get("nodes") if isinstance(found, dict) else None
        if not isinstance(nodes, list):
            raise SourceError(f"{self.run.source_instance}: Linear told no list of {name}: check url", "schema_drift")
        info = found.get("pageInfo") or {}
        return nodes, info.get("endCursor") if info.get("hasNextPage") else None


def refused(who: str, errors: Json) -> SourceError:
    """The error for the entries of `errors`; the class of the first one is told by type or code."""
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions") or {}
    words = [str(extensions.get(name)).lower().replace("_", " ") for name in ("type", "code")]
    kind: ErrorClass = next((CLASSES[word] for word in words if word in CLASSES), "bad_query")
    said = str(extensions.get("userPresentableMessage") or first.get("message") or errors)[:300]
    advice = ADVICE.get(kind, "check the options, or tell it to those who maintain Aurora")
    return SourceError(f"{who}: Linear answers: {said}: {advice}", kind)


def class_of_text(text: str) -> ErrorClass | None:
    """What a refusal with status 400 is, which Linear also gives for a used-up quota; None for a wrong query."""
    if re.search(r"rate.?limit", text, re.I):
        return "rate_limited"
    return "auth" if re.search(r"authenticat", text, re.I) else None
