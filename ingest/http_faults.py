"""What a vendor's refusal or a broken connection means: the error class, and a sentence that says what to do."""

from urllib.parse import urlsplit

import requests

from aurora.errors import ErrorClass, SourceError

_CLASSES: dict[int, ErrorClass] = {
    400: "bad_query",
    401: "auth",
    403: "permission",
    404: "not_found",
    410: "not_found",
    422: "bad_query",
    429: "rate_limited",
    451: "not_found",
}
_ADVICE: dict[ErrorClass, str] = {
    "auth": "check the token or password and that it has not expired",
    "permission": "give the account the permission that docs/connectors.md names",
    "not_found": "check url and the names in its options",
    "rate_limited": "raise `every`, or ask the vendor for a higher limit",
    "bad_query": "check the query in its options",
    "vendor_5xx": "nothing to do here: it is tried again at the next run",
}


def refused(who: str, status: int, url: str, said: str, target: str, is_limit: bool = False) -> SourceError:
    """The error for an answer of 300 and more; `said` and `target` are redacted already.

    `is_limit`: the vendor refuses for its limits, whatever the status.
    """
    if 300 <= status < 400:
        return SourceError(f"{who}: redirected to {target}: put that address into url", "not_found")
    other: ErrorClass = "vendor_5xx" if status >= 500 else "bad_query"
    kind: ErrorClass = "rate_limited" if is_limit else _CLASSES.get(status, other)
    start = " ".join(said[:160].split())
    return SourceError(f"{who}: {place_of(url)} answered {status} ({start}): {_ADVICE[kind]}", kind)


def broken(who: str, error: requests.RequestException, url: str) -> SourceError:
    """The error for a request that got no whole answer."""
    place = place_of(url)
    if isinstance(error, requests.exceptions.SSLError):
        return SourceError(f"{who}: {place} has a certificate that is not trusted: set its CA", "auth")
    if isinstance(error, requests.Timeout):
        return SourceError(f"{who}: {place} did not answer in time: is it up and reachable?", "timeout")
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return SourceError(f"{who}: {place} broke off in the middle of an answer: tried again later", "partial")
    if isinstance(error, requests.ConnectionError):
        return SourceError(f"{who}: nothing answers at {place}: is it up, and is url right?", "timeout")
    return SourceError(f"{who}: cannot ask {place} ({type(error).__name__}): check url", "bad_query")


def place_of(url: str) -> str:
    """The address without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
