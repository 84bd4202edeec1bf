"""How Meta's Graph API is asked: proof of the app secret, cursors, and error codes whatever the HTTP status."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from aurora.errors import ErrorClass, SourceError
from aurora.settings import Secret
from ingest.connector import Json, Run

MAX_PAGES = 100
CODES: dict[int, ErrorClass] = {
    **dict.fromkeys((0, 102, 190), "auth"),
    **dict.fromkeys((3, 10), "permission"),
    **dict.fromkeys((4, 17, 32, 613, 80007, 80008, 130429, 131048, 131056), "rate_limited"),
    100: "bad_query",
    **dict.fromkeys((1, 2, 131000, 131016, 131057, 133004), "vendor_5xx"),
}
ADVICE: dict[ErrorClass, str] = {
    "auth": "make a new system user token",
    "permission": "give the system user the account and whatsapp_business_management",
    "rate_limited": "raise `every`: the app's hourly limit for this account is used up",
    "bad_query": "check account_id and version",
    "not_found": "check account_id, and that the token may see it",
    "vendor_5xx": "nothing to do here: it is tried again at the next run",
}


class Options(Protocol):
    """What a source of the Graph API has as options."""

    @property
    def token(self) -> Secret:
        """The access token."""
        ...

    @property
    def app_secret(self) -> Secret | None:
        """The app's secret, if each request must be proved."""
        ...


def proof(options: Options) -> str | None:
    """appsecret_proof: HMAC-SHA256 of the access token with the app secret as key, in hex; None without a secret.

    https://developers.facebook.com/docs/graph-api/guides/secure-requests
    """
    if options.app_secret is None:
        return None
    return hmac.new(options.app_secret.reveal().encode(), options.token.reveal().encode(), hashlib.sha256).hexdigest()


class Graph:
    """The Graph API as one run asks it."""

    def __init__(self, run: Run[Any]) -> None:
        told = proof(run.options)
        self.run, self.always = run, {"appsecret_proof": told} if told else {}

    def get(self, path: str, params: dict[str, Any]) -> Json:
        """One node or page. Raises SourceError with the class of its error code, under HTTP 200 too."""
        try:
            answer = self.run.http.get(path, params | self.always)
        except SourceError as error:
            raise self._by_code(error) from error
        if not isinstance(answer, dict):
            raise SourceError(f"{self.run.source_instance}: {path} answered with no object: check url", "schema_drift")
        if "error" in answer:
            raise self._refused(path, answer["error"])
        return answer

    def items(self, path: str, params: dict[str, Any]) -> Iterator[Json]:
        """Every item of an edge. The next cursor is followed, not the next address: that one holds the token."""
        asked = dict(params)
        for _ in range(MAX_PAGES):
            page = self.get(path, asked)
            if not isinstance(page.get("data"), list):
                raise SourceError(f"{self.run.source_instance}: {path} has no data: check account_id", "schema_drift")
            yield from page["data"]
            paging = page.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after")
            if not page["data"] or not paging.get("next") or not after or after == asked.get("after"):
                return
            asked = asked | {"after": after}
        self.run.warn(f"{path}: only the first {MAX_PAGES} pages were read")

    def _refused(self, path: str, error: Json) -> SourceError:
        told = error if isinstance(error, dict) else {"message": error}
        code, kind = told.get("code"), class_of(told.get("code"), told.get("error_subcode"))
        said = self.run.http.redact(" ".join(str(told.get("message")).split()))[:200]
        advice = ADVICE.get(kind, ADVICE["bad_query"])
        return SourceError(f"{self.run.source_instance}: {path}: error {code} ({said}): {advice}", kind)

    def _by_code(self, error: SourceError) -> SourceError:
        """The same refusal with the class of the code in it: Graph says 400 to expired tokens and used-up limits."""
        found = re.search(r'\(#(\d+)\)|"code":\s*(\d+)', str(error))
        code = int(found[1] or found[2]) if found else None
        if code is None and re.search("error validating access token|session has (expired|been)", str(error), re.I):
            code = 190
        if code is None:
            return error
        kind = class_of(code, None)
        return SourceError(f"{str(error).rsplit(': ', 1)[0]}: {ADVICE.get(kind, ADVICE['bad_query'])}", kind)


def class_of(code: Any, subcode: Any) -> ErrorClass:
    """The class of a Graph error; 200 to 299 are permissions, 100 with subcode 33 is a thing that is not there."""
    number = int(code) if str(code).isdecimal() else -1
    if number == 100 and str(subcode) == "33":
        return "not_found"
    return "permission" if 200 <= number <= 299 else CODES.get(number, "bad_query")


def digits(phone: str | None) -> str:
    """The digits of a phone number, however it is written."""
    return re.sub(r"\D", "", phone or "")


def instant(seconds: Any) -> datetime:
    """Epoch seconds, a number or its text, as a UTC instant."""
    return datetime.fromtimestamp(int(seconds), UTC)
