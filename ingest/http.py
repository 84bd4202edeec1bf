"""How vendors are asked over HTTP: retries, rate limits, paging, time limits, redaction and error classes."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urljoin, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from aurora.errors import ErrorClass, SourceError
from ingest.http_faults import broken, place_of, refused
from ingest.http_waits import BACKOFF_S, wait_s

Json = Any
Params = Mapping[str, Any]
Following = Callable[[Json, "Answer", dict[str, Any]], "dict[str, Any] | str | None"]
Keep = Callable[[str, str, int, str], None]
Limited = Callable[["Answer", int], "float | None"]

TRIES = 4
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_FILE_BYTES = 8 * 1024**3
CONNECT_S, READ_S = 5.0, 30.0
_RETRIED = {429, 502, 503, 504}
_SECRET_FIELDS = re.compile(
    r'("?(?:access_token|refresh_token|api_?key|token|password|secret|client_secret)"?\s*[:=]\s*)'
    r'("(?:[^"\\]|\\.)*"|[^"&\s,}]+)',
    re.I,
)


@dataclass(frozen=True)
class Site:
    """Where a source lives and how one signs in there; `secrets` are values that must never be kept or shown.

    `limited` tells of vendors that refuse for their limits in a way of their own how long to wait before which try.
    `read_s` is how long a vendor may stay silent before it answers; `gap_s` is the least time between two requests.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    verify: bool | str = True
    secrets: tuple[str, ...] = ()
    limited: Limited | None = None
    read_s: float = READ_S
    gap_s: float = 0.0


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: status, headers, text."""

    url: str
    status: int
    headers: Mapping[str, str]
    text: str


class Http:
    """A client of one site for one run; counts what it did."""

    def __init__(
        self,
        who: str,
        site: Site,
        remaining_s: Callable[[], float],
        keep: Keep | None = None,
        adapter: BaseAdapter | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if urlsplit(site.url).username or urlsplit(site.url).password:
            raise SourceError(
                f'{who}: url holds a user or a password: take them out, write user = "..." and password = "env:NAME"',
                "bad_query",
            )
        self.who, self.site, self._remaining_s, self._keep, self._sleep = who, site, remaining_s, keep, sleep
        self.request_count = 0
        self.rate_limited_s = 0.0
        self._asked_at = float("-inf")
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": "aurora", "Accept": "application/json", **site.headers})
        self._session.auth = site.auth
        self._session.verify = site.verify
        self._session.trust_env = False
        if adapter:
            self._session.mount("http://", adapter)
            self._session.mount("https://", adapter)

    def get(self, path: str, params: Params | None = None) -> Json:
        """Parsed JSON of GET path (relative to the site, or absolute on it). Raises SourceError."""
        return self._json(self.ask("GET", path, params=params))

    def post(self, path: str, form: Params | None = None, body: Json | None = None) -> Json:
        """Parsed JSON of a POST of a form or a JSON body. Raises SourceError."""
        return self._json(self.ask("POST", path, data=form, json=body))

    def pages(self, path: str, params: Params | None = None, *, following: Following) -> Iterator[Json]:
        """Every page of a list, asked one by one; `following` tells the next page's params or address, or None."""
        asked: dict[str, Any] = dict(params or {})
        where, seen, before = path, set(), None
        while True:
            answer = self.ask("GET", where, params=asked)
            if answer.text == before:  # a server that does not know the parameter gives page one for ever
                return
            before = answer.text
            page = self._json(answer)
            yield page
            onward = following(page, answer, asked)
            mark = json.dumps(onward, sort_keys=True, default=str)
            if onward is None or mark in seen:
                return
            seen.add(mark)
            where, asked = (onward, {}) if isinstance(onward, str) else (path, onward)

    def ask(self, method: str, path: str, **kwargs: Any) -> Answer:
        """The answer to one request, tried again on 429, 502, 503, 504 and broken connections. Raises SourceError.

        A 304 is an answer: who asks with If-None-Match wants to hear it. `into`: a file that takes the body instead.
        """
        url = self._url(path)
        for attempt in range(1, TRIES + 1):
            try:
                answer = self._once(method, url, **kwargs)
            except requests.RequestException as error:
                failure = broken(self.who, error, url)
                wait = BACKOFF_S * 2**attempt
            else:
                if answer.status < 300 or answer.status == 304:
                    return answer
                limit_s = self.site.limited(answer, attempt) if self.site.limited else None
                failure = self._refused(answer, limit_s is not None)
                if limit_s is None and answer.status not in _RETRIED:
                    raise failure
                wait = wait_s(answer.headers, answer.status, attempt) if limit_s is None else limit_s
            if attempt == TRIES or wait >= self._remaining_s():
                raise failure
            self._pause(wait, failure.error_class)
        raise AssertionError("the loop above returns or raises")

    def _once(self, method: str, url: str, into: Path | None = None, **kwargs: Any) -> Answer:
        self._keep_gap()
        left = self._remaining_s()
        timeout = (min(CONNECT_S, left), min(self.site.read_s, left))
        self.request_count += 1
        with self._session.request(
            method, url, timeout=timeout, stream=True, allow_redirects=False, **kwargs
        ) as response:
            if into and response.status_code < 300:
                with into.open("wb") as file:
                    file.writelines(self._body(response, MAX_FILE_BYTES))
                return Answer(self.redact(response.url), response.status_code, response.headers, "")
            text = _decoded(response, b"".join(self._body(response, MAX_BODY_BYTES)))
        if self._keep:
            self._keep(method, self.redact(response.url), response.status_code, self.redact(text))
        return Answer(self.redact(response.url), response.status_code, response.headers, text)

    def _keep_gap(self) -> None:
        left = self._asked_at + self.site.gap_s - time.monotonic()
        if left > 0:
            self._sleep(left)
        self._asked_at = time.monotonic()

    def _body(self, response: requests.Response, limit: int) -> Iterator[bytes]:
        """The whole body part by part, within the run's time and `limit` bytes, however slowly it drips."""
        size = 0
        try:
            # read1 gives what is there: read would wait for a full buffer and no limit could speak.
            while part := response.raw.read1(65536, decode_content=True):
                size += len(part)
                self._remaining_s()
                if size > limit:
                    raise SourceError(f"{self.who}: an answer passed {limit >> 20} MiB: narrow it", "bad_query")
                yield part
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error) from error
        except HTTPError as error:
            raise requests.exceptions.ChunkedEncodingError(error) from error

    def _json(self, answer: Answer) -> Json:
        try:
            return json.loads(answer.text)
        except (ValueError, RecursionError) as error:
            start = " ".join(self.redact(answer.text)[:60].split())
            raise SourceError(
                f"{self.who}: {place_of(answer.url)} answered {answer.status} with something that is not JSON "
                f"({start!r}): check that url points at the API and not at a sign-in page or proxy",
                "schema_drift",
            ) from error

    def _url(self, path: str) -> str:
        url = path if "://" in path else f"{self.site.url.rstrip('/')}/{path.lstrip('/')}"
        asked, mine = urlsplit(url), urlsplit(self.site.url)
        if (asked.scheme, asked.netloc) != (mine.scheme, mine.netloc):
            raise SourceError(
                f"{self.who}: a page leads to another host, {asked.scheme}://{asked.hostname}: refused", "schema_drift"
            )
        return url

    def _refused(self, answer: Answer, is_limit: bool) -> SourceError:
        said = self.redact(answer.text)
        return refused(self.who, answer.status, answer.url, said, self._target(answer), is_limit)

    def _target(self, answer: Answer) -> str:
        return self.redact(urljoin(answer.url, answer.headers.get("Location", "")))

    def _pause(self, wait_s: float, kind: ErrorClass) -> None:
        if kind == "rate_limited":
            self.rate_limited_s += wait_s
        self._sleep(wait_s)

    def redact(self, text: str) -> str:
        """The text without this site's secrets and without values of fields that usually hold one."""
        for secret in filter(None, self.site.secrets):
            for form in (secret, quote(secret, safe=""), quote_plus(secret), quote(secret), json.dumps(secret)[1:-1]):
                text = text.replace(form, "***")
        return _SECRET_FIELDS.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    return found[1] + ('"***"' if found[2].startswith('"') else "***")


def _decoded(response: requests.Response, body: bytes) -> str:
    """The body as text: UTF-8 unless the answer itself names a charset that exists."""
    named = response.encoding if "charset" in response.headers.get("Content-Type", "").lower() else None
    try:
        return body.decode(named or "utf-8", errors="replace")
    except LookupError:
        return body.decode("utf-8", errors="replace")
