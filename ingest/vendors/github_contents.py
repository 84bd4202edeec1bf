"""What a deployment brought: the commits since the one before it in its environment, and the pull requests they are of.

https://docs.github.com/en/rest/commits/commits#compare-two-commits
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors.github_api import Api, nodes
from ingest.vendors.github_deployed import created_at, deployment_id, last_change, status_of
from ingest.vendors.github_pull_requests import pull_request_id
from ingest.vendors.github_queries import DEPLOYMENTS, MERGED_BY
from ingest.vendors.github_repositories import Repository, instant
from ingest.vendors.work_keys import work_keys

PAGE = 100
MAX_PAGES = 10
PAST_PAGES = 4
MAX_CHANGES = 20
_HOTFIX = re.compile(r"(?:hotfix|revert)(?:/|$)", re.I)
_SHA = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True)
class Content:
    """What is known of a deployment besides what it tells itself, and its commits as rows."""

    told: Row
    rows: list[Row]


@dataclass
class Past:
    """Deployments to one environment, newest first, asked for only as far back as somebody looks."""

    pages: Iterator[dict[str, Any]]
    known: list[Json] = field(default_factory=list)

    def __iter__(self) -> Iterator[Json]:
        yield from list(self.known)
        for page in self.pages:
            self.known += nodes(page)
            yield from nodes(page)
            if len(self.known) >= PAST_PAGES * PAGE:
                return


class Contents:
    """Reads contents of those deployments of one repository that changed since `start`."""

    def __init__(self, run: Run[Any], api: Api, one: Repository, start: datetime) -> None:
        self.run, self.api, self.one, self.start = run, api, one, start
        self.pasts: dict[str, Past] = {}

    def of(self, told: Json) -> Content | None:
        """The content of a successful deployment; None for one that is too old to ask for, or without a commit."""
        head = told.get("commitOid") or ""
        if last_change(self.run, told) < self.start or not _SHA.fullmatch(head):
            return None
        before = self._before(told)
        if before is None:
            return self._alone(told, {})
        base = before["commitOid"]
        known: Row = {"previous_sha": base}
        if base == head:
            return Content(known | {"is_rollback": False}, [])
        compared = self._compared(base, head)
        if compared is None:
            return self._alone(told, known)
        relation, commits = compared
        # Only a commit that the one before contains is older than it; two that went apart say neither.
        known["is_rollback"] = {"behind": True, "ahead": False, "identical": False}.get(str(relation))
        return self._content(told, known, commits)

    def _before(self, told: Json) -> Json | None:
        """The last successful deployment to the environment that was made earlier."""
        environment = str(told.get("environment"))
        past = self.pasts.get(environment)
        if past is None:
            asked: dict[str, Any] = {**self.one.owner_and_name, "environments": [environment]}
            pages = self.api.connection("Deployments", DEPLOYMENTS, "repository.deployments", PAGE, **asked)
            past = self.pasts.setdefault(environment, Past(pages))
        for other in past:
            is_usable = created_at(other) < created_at(told) and _SHA.fullmatch(other.get("commitOid") or "")
            if is_usable and status_of(self.run, other).word == "success":
                return other
        return None

    def _compared(self, base: str, head: str) -> tuple[str | None, list[Json]] | None:
        """How head stands to base, and the commits that base lacks; None where GitHub cannot say."""
        commits: list[Json] = []
        path = f"repos/{self.one.name}/compare/{base}...{head}"
        try:
            for number in range(1, MAX_PAGES + 1):
                page = self.api.get(path, {"per_page": PAGE, "page": number})
                commits += page["commits"]
                if len(page["commits"]) < PAGE:
                    return page.get("status"), commits
        except SourceError as error:
            # A commit may be gone after a force-push, and a comparison too large to be made.
            if error.error_class not in ("not_found", "bad_query", "vendor_5xx"):
                raise
            if error.error_class != "not_found":
                self.run.warn(f"commits of a deployment of {self.one.name} were not read: {error}")
            return None
        self.run.warn(f"only the first {len(commits)} commits of a deployment of {self.one.name} were read")
        return page.get("status"), commits

    def _alone(self, told: Json, known: Row) -> Content:
        """The deployed commit by itself, for want of one to compare it with."""
        commit = told.get("commit") or {}
        if not commit.get("authoredDate"):
            return Content(known, [])
        message = commit.get("messageHeadline") or ""
        author = {"author": {"date": commit["authoredDate"]}, "message": message}
        return self._content(
            told, known, [{"sha": told["commitOid"], "node_id": commit.get("id"), "commit": author}], is_whole=False
        )

    def _content(self, told: Json, known: Row, commits: list[Json], is_whole: bool = True) -> Content:
        pulls = self._merged_by([it["node_id"] for it in commits if it.get("node_id")])
        deployed = deployment_id(self.run, told)
        rows = [row for it in commits if (row := self._row(deployed, it, pulls.get(it["sha"])))]
        is_hotfix = any(_is_hotfix(pull) for pull in pulls.values()) or bool(_ref_of(told))
        lines = [line for it in commits if (line := _headline(it))][-MAX_CHANGES:]
        known = known | {"is_hotfix": is_hotfix or (False if is_whole else None)}
        return Content(known | ({"changes": lines} if lines and is_whole else {}), rows)

    def _merged_by(self, ids: list[str]) -> dict[str, Json]:
        """The pull request of each commit, by its sha, where there is one."""
        found: dict[str, Json] = {}
        for first in range(0, len(ids), PAGE):
            for commit in nodes(self.api.graphql("MergedBy", MERGED_BY, ids=ids[first : first + PAGE])):
                for pull in nodes(commit.get("associatedPullRequests")):
                    found[commit["oid"]] = pull
        return found

    def _row(self, deployed: str, commit: Json, pull: Json | None) -> Row | None:
        authored = instant(((commit.get("commit") or {}).get("author") or {}).get("date"))
        if authored is None:
            return None
        own = f"{self.one.name}#{pull['number']}" if pull else None  # squashing puts it behind the title
        branch, repository = (pull or {}).get("headRefName"), ((pull or {}).get("repository") or {}).get("databaseId")
        return {
            "deployment_id": deployed,
            "repo_id": self.run.id(self.one.number),
            "sha": commit["sha"],
            "authored_at": authored,
            "pull_request_id": pull_request_id(self.run, repository, pull["number"]) if pull and repository else None,
            "work_item_keys": [key for key in work_keys(_headline(commit), branch, self.one.name) if key != own],
        }


def _headline(commit: Json) -> str | None:
    lines = str((commit.get("commit") or {}).get("message") or "").strip().splitlines()
    return lines[0][:200] if lines else None


def _ref_of(told: Json) -> re.Match[str] | None:
    return _HOTFIX.match((told.get("ref") or {}).get("name") or "")


def _is_hotfix(pull: Json) -> bool:
    names = [str(label.get("name")) for label in nodes(pull.get("labels"))]
    return any(_HOTFIX.match(text) for text in (str(pull.get("headRefName") or ""), *names))
