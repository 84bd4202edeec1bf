"""GET /questions/<id>.<format>: all rows of a shared question, for spreadsheets, notebooks and BI tools.

The question's parameters are those of the address (?since=2026-03-01&app=shop); since and until are the last 30 days
where nothing else is said. With [answers] token set, readers bring it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aurora.contracts import Row
from aurora.errors import AuroraError, NotPublishedError
from aurora.explore.offers import Format
from aurora.explore.parameters import names, typed
from aurora.explore.questions import asked
from aurora.gateway.admission import Admission
from aurora.gateway.bodies import RefusedRequestError
from aurora.gateway.files import sent
from aurora.settings import Settings
from warehouse.query import Warehouse

ONE = "from questions_now where question_id = $id and is_shared"
SPAN = timedelta(days=30)


class Answers:
    """The route, for one data folder."""

    def __init__(self, settings: Settings) -> None:
        self._warehouse = Warehouse(settings.published)
        self._admission = Admission(settings.answers.token, "[answers]", "read", is_basic_taken=True)
        self.route = Route("/questions/{question_id}.{format}", self._send)

    async def _send(self, request: Request) -> Response:
        question_id, kind = request.path_params["question_id"], request.path_params["format"]
        try:
            self._admission.admit(request)
            if kind not in get_args(Format):
                raise RefusedRequestError(404, f"there is no format {kind}: ask for {', '.join(get_args(Format))}")
            sql, params = await asyncio.to_thread(self._asked, question_id, dict(request.query_params))
        except RefusedRequestError as refusal:
            return PlainTextResponse(f"{refusal}\n", refusal.status, refusal.headers)
        except NotPublishedError as error:
            return PlainTextResponse(f"{error}\n", 503, {"Retry-After": "60"})
        except AuroraError as error:
            return PlainTextResponse(f"{error}\n", 422)
        return await sent(self._warehouse.folder, sql, params, kind, question_id, "answers")

    def _asked(self, question_id: str, given: dict[str, str]) -> tuple[str, dict[str, Any]]:
        found: list[Row] = self._warehouse.rows(ONE, {"id": question_id}).to_dicts()
        if not found:
            said = f"no shared question is saved as {question_id}: see Questions for those there are"
            raise RefusedRequestError(404, said)
        known = names(found[0]["sql"])
        if unknown := sorted(given.keys() - set(known)):
            takes = ", ".join(known) or "nothing"
            raise RefusedRequestError(422, f"the question has no parameter {', '.join(unknown)}: it takes {takes}")
        values = {name: typed(name, told) for name, told in given.items() if told}
        return asked(found[0], values, datetime.now(UTC).replace(tzinfo=None), SPAN)
