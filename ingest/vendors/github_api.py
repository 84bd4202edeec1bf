"""How GitHub is asked, github.com and Enterprise Server: REST with ETags, GraphQL with errors under status 200."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from aurora.errors import ErrorClass, SourceError
from ingest.connector import Json, Run
from ingest.http import Answer, Http, Site
from ingest.vendors.github_auth import app_token
from ingest.vendors.github_limits import Budget, limited_s
from ingest.vendors.github_people import People

LEAST_ITEMS = 5  # a page of GraphQL is not made smaller than that
CLASSES: dict[str, ErrorClass] = {
    "NOT_FOUND": "not_found",
    "FORBIDDEN": "permission",
    "INSUFFICIENT_SCOPES": "permission",
    "UNAUTHENTICATED": "auth",
    "RATE_LIMITED": "rate_limited",
    "RATE_LIMIT": "rate_limited",
    "SERVICE_UNAVAILABLE": "vendor_5xx",
    "INTERNAL": "vendor_5xx",
    "TIMEOUT": "vendor_5xx",
    "RESOURCE_LIMITS_EXCEEDED": "vendor_5xx",
}
_TOKEN = re.compile(r"\b(?:gh[a-z]_|github_pat_)[A-Za-z0-9_]{10,}")


def site_of(options: Any) -> Site:
    """The API's site: github.com, a tenant at ghe.com, or /api of an Enterprise Server. Raises SettingsError."""
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": options.api_version}
    secret = (options.token or options.private_key).reveal()
    if options.token:
        headers["Authorization"] = f"Bearer {secret}"
    return Site(root_of(options.url), headers, verify=options.ca or True, secrets=(secret,), limited=limited_s)


def root_of(url: str) -> str:
    """Where /graphql lies, for the address that people know or that of the API."""
    parts = urlsplit(url)
    host = parts.netloc.removeprefix("www.")
    if host == "github.com" or (host.endswith(".ghe.com") and not host.startswith("api.")):
        return f"{parts.scheme}://api.{host}"
    if host == "api.github.com" or host.endswith(".ghe.com"):
        return f"{parts.scheme}://{host}"
    path = parts.path.rstrip("/").removesuffix("/v3").removesuffix("/graphql").removesuffix("/api")
    return f"{parts.scheme}://{host}{path}/api"


class Api(Http):
    """GitHub as one run asks it, on the run's own connection."""

    def __init__(self, run: Run[Any]) -> None:
        self.run, self.http, self.who = run, run.http, run.http.who
        self.prefix = "v3/" if run.http.site.url.endswith("/api") else ""
        self.budget, self.people = Budget(self.who), People(run)

    def ask(self, method: str, path: str, **kwargs: Any) -> Answer:
        """The answer to one request, signed in. Raises SourceError, also when the hour's requests are nearly used."""
        kind = "graphql" if path == "graphql" else "core"
        self.budget.check(kind)
        where = path if "://" in path or kind == "graphql" else f"{self.prefix}{path}"
        headers = kwargs.pop("headers", {})
        try:
            answer = self._signed(method, where, headers, kwargs)
        except SourceError as error:
            raise _explained(error) from error
        if kind == "core":
            self.budget.of_headers(answer.headers)
        return answer

    def _signed(self, method: str, path: str, headers: dict[str, str], more: dict[str, Any]) -> Answer:
        """Asks with the app's token where there is an app; one that was withdrawn is bought anew, once."""
        options = self.run.options
        if options.token:
            return self.http.ask(method, path, headers=headers, **more)
        kept = {"Authorization": f"Bearer {app_token(self.http, options, self.prefix)}"}
        try:
            return self.http.ask(method, path, headers=headers | kept, **more)
        except SourceError as error:
            if error.error_class != "auth":
                raise
        bought = {"Authorization": f"Bearer {app_token(self.http, options, self.prefix, fresh=True)}"}
        return self.http.ask(method, path, headers=headers | bought, **more)

    def redact(self, text: str) -> str:
        """The text without secrets and without anything that has the form of a GitHub token."""
        return _TOKEN.sub("***", self.http.redact(text))

    def unless_same(self, path: str, params: dict[str, Any], etag: str | None) -> tuple[Json | None, str | None]:
        """The JSON of a GET and its ETag; None for the JSON if it still has the `etag` of last time, which is free."""
        answer = self.ask("GET", path, params=params, headers={"If-None-Match": etag} if etag else {})
        if answer.status == 304:
            return None, etag
        return self._json(answer), answer.headers.get("ETag")

    def graphql(self, operation: str, query: str, **variables: Any) -> dict[str, Any]:
        """`data` of an answer. Raises SourceError for errors, unless the rest of the data can stand without them."""
        body = {"operationName": operation, "query": query, "variables": variables}
        answer = self.post("graphql", body=body)
        if not isinstance(answer, dict):
            raise SourceError(f"{self.who}: this is no answer of GitHub's GraphQL API: check url", "schema_drift")
        data = answer.get("data")
        self.budget.of_graphql(data.get("rateLimit") if isinstance(data, dict) else None)
        if answer.get("errors"):
            self._judge(answer["errors"], data)
        if not isinstance(data, dict):
            said = self.redact(str(answer.get("message")))[:200]
            raise SourceError(f"{self.who}: GraphQL answered without data ({said}): check url", "schema_drift")
        return data

    def _judge(self, errors: Any, data: Any) -> None:
        """Raise for errors that cost the answer; warn of single things that are gone or may not be seen."""
        listed = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
        faults = [_fault(self.who, one, self.redact(str(one.get("message")))) for one in listed]
        lasting = ("not_found", "permission")
        grave = [fault for fault in faults if fault.error_class not in lasting]
        has_rest = isinstance(data, dict) and any(data[name] is not None for name in data if name != "rateLimit")
        if grave or not faults or not has_rest:
            raise (grave or faults or [SourceError(f"{self.who}: GraphQL answered with an error", "bad_query")])[0]
        for sentence in dict.fromkeys(str(fault) for fault in faults):
            if sentence not in self.run.warnings:
                self.run.warn(sentence)

    def connection(
        self, operation: str, query: str, path: str, size: int, after: str | None = None, **variables: Any
    ) -> Iterator[dict[str, Any]]:
        """Pages of the connection at `path` (names joined by dots), smaller ones where GitHub runs out of time."""
        seen = {after}
        while True:
            try:
                data = self.graphql(operation, query, first=size, after=after, **variables)
            except SourceError as error:
                if error.error_class not in ("vendor_5xx", "timeout") or size <= LEAST_ITEMS:
                    raise
                size = max(LEAST_ITEMS, size // 2)
                continue
            page = _at(data, path)
            yield page
            onward = page.get("pageInfo") or {}
            after = onward.get("endCursor")
            if not onward.get("hasNextPage") or after in seen:
                return
            seen.add(after)


def nodes(page: Any) -> list[Any]:
    """The items of a connection; those that GitHub left out (null) are left out."""
    found = page.get("nodes") if isinstance(page, dict) else None
    return [one for one in found or () if one]


def _at(data: dict[str, Any], path: str) -> dict[str, Any]:
    """What lies at a path of names; {} where something on the way is null."""
    found: Any = data
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _fault(who: str, error: dict[str, Any], said: str) -> SourceError:
    """The error for one entry of `errors`; those without a type are of the query, or of a server out of time."""
    extensions = error.get("extensions") or {}
    if "secondary rate limit" in said.lower():
        kind: ErrorClass = "rate_limited"
    elif "something went wrong" in said.lower() or "timeout" in said.lower():
        kind = "vendor_5xx"
    else:
        kind = CLASSES.get(str(error.get("type")), "bad_query")
    is_saml = isinstance(extensions, dict) and bool(extensions.get("saml_failure"))
    return _explained(SourceError(f"{who}: GraphQL: {said[:200]}", "permission" if is_saml else kind))


def _explained(error: SourceError) -> SourceError:
    """The error, with what to do about single sign-on where that is the reason."""
    if error.error_class != "permission" or not re.search(r"\bSAML\b|single sign-on", str(error)):
        return error
    return SourceError(
        f"{error}: the organization asks for single sign-on: authorize the token for it in its owner's settings",
        "permission",
    )
