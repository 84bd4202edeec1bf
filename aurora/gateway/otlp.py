"""POST /v1/metrics: OpenTelemetry metrics over OTLP/HTTP, in JSON and protobuf, on the port of the pages.

They become health, API endpoints (durations of requests by route, method and status code) and metric points.
Protocol: https://opentelemetry.io/docs/specs/otlp/#otlphttp. With [receive] token set, senders bring it as
`Authorization: Bearer <token>`; without one only this machine may send. A body is at most 4 MiB, unpacked too.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aurora.errors import ContractError
from aurora.gateway.admission import Admission
from aurora.gateway.bodies import RefusedRequestError, body_of
from aurora.gateway.receiver import FullError, Receiver
from aurora.settings import Settings
from ingest.vendors.otlp_wire import HAS_PROTOBUF, JSON, PROTOBUF, TooLargeError, inflated, response_of, status_of
from warehouse.lake import Lake

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_AT_ONCE = 16
READ_S = 10.0


class Otlp:
    """The route and the receiver behind it; `close` lands what has not landed yet."""

    def __init__(self, settings: Settings) -> None:
        self._admission = Admission(settings.receive.token, "[receive]", "send")
        self.receiver = Receiver(settings.data, Lake(settings.lake))
        self.close = self.receiver.close
        self.route = Route("/v1/metrics", self.export, methods=["POST"])
        self._at_once = 0

    async def export(self, request: Request) -> Response:
        """200 with what was refused, else an error as OTLP tells it; 429 and 503 mean: try again."""
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        answered = content_type if content_type == PROTOBUF else JSON
        try:
            content = await self._export(request, content_type)
            status, headers = 200, {}
        except RefusedRequestError as refusal:
            content, status, headers = status_of(answered, str(refusal)), refusal.status, refusal.headers
        return Response(content, status, headers, media_type=answered)

    async def _export(self, request: Request, content_type: str) -> bytes:
        self._admission.admit(request)
        if content_type not in (JSON, PROTOBUF) or (content_type == PROTOBUF and not HAS_PROTOBUF):
            known = f"{PROTOBUF} or {JSON}" if HAS_PROTOBUF else f"{JSON}: opentelemetry-proto is not installed here"
            raise RefusedRequestError(415, f"send content-type {known}")
        if self._at_once >= MAX_AT_ONCE:
            raise RefusedRequestError(503, "too many requests at once: try again in a second", **{"Retry-After": "1"})
        self._at_once += 1
        try:
            return await self._taken(request, content_type)
        finally:
            self._at_once -= 1

    async def _taken(self, request: Request, content_type: str) -> bytes:
        body = await body_of(request, MAX_BODY_BYTES, READ_S)
        encoding = request.headers.get("content-encoding", "").strip().lower()
        try:
            plain = inflated(body, encoding, MAX_BODY_BYTES)
            taken = await run_in_threadpool(self.receiver.take, content_type, plain)
        except TooLargeError as error:
            raise RefusedRequestError(413, str(error)) from None
        except ContractError as error:
            raise RefusedRequestError(400, str(error)) from None
        except FullError as error:
            raise RefusedRequestError(503, str(error), **{"Retry-After": "1"}) from None
        why = "; ".join(f"{count} data points: {reason}" for reason, count in taken.refused.most_common(5))
        return response_of(content_type, taken.refused.total(), why)
