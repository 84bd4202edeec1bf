"""GET /explore/files/<token>.<format>: all rows of an answer, from a file on disk, so that no size fills the memory."""

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from aurora.errors import AuroraError
from aurora.explore.ask import save
from aurora.explore.offers import ADDRESS, Format, Offer, offers
from aurora.explore.parameters import bound
from aurora.settings import Settings

GONE = "This download is no longer offered. Go back to the SQL page, run the question again, and download it there."


class _Once(FileResponse):
    """A file that is gone once it is sent, or the reader is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            Path(self.path).unlink(missing_ok=True)


class Files:
    """The route, for one data folder."""

    def __init__(self, settings: Settings) -> None:
        self._published = settings.published
        self.route = Route(f"{ADDRESS}/{{token}}.{{format}}", self._send)
        offers.is_served = True

    async def _send(self, request: Request) -> Response:
        offer, kind = offers.find(request.path_params["token"]), request.path_params["format"]
        if offer is None or kind not in get_args(Format):
            return PlainTextResponse(GONE, 404)
        handle, place = tempfile.mkstemp(suffix=f".{kind}", prefix="aurora-")
        os.close(handle)
        path = Path(place)
        try:
            await asyncio.to_thread(self._write, offer, kind, path)
        except AuroraError as error:
            path.unlink(missing_ok=True)
            return PlainTextResponse(f"{error}\n", 422)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return _Once(path, filename=f"aurora-{offer.name}-{datetime.now(UTC):%Y%m%d-%H%M}.{kind}")

    def _write(self, offer: Offer, kind: Format, path: Path) -> None:
        sql, params = bound(offer.sql, offer.values)
        save(self._published, sql, params, path, kind, actor=offer.actor)
