"""The web process: Streamlit's pages and Aurora's own routes in one ASGI app on one port."""

import logging
import signal
from datetime import UTC, datetime
from types import FrameType

import streamlit as st
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from streamlit.runtime.pages_manager import PagesManager

from aurora.gateway.feeds import Feeds
from aurora.gateway.files import Files
from aurora.gateway.hooks import Hooks
from aurora.gateway.otlp import Otlp
from aurora.settings import ROOT, Settings
from aurora.ui import codemirror
from aurora.up import end_with_parent
from warehouse.heartbeat import last_beat
from warehouse.locks import is_alive
from warehouse.publish import current

TICK_LIMIT_S = 15.0


def health(settings: Settings) -> JSONResponse:
    """200 once a warehouse is published and the scheduler ticks, else 503 with the reason."""
    newest, beat = current(settings.published), last_beat(settings.data)
    problem = None
    if newest is None:
        problem = "no warehouse is published yet"
    elif beat is None or abs(beat.age_s()) > TICK_LIMIT_S or not is_alive(beat.pid):
        problem = "the scheduler does not tick"
    body = {
        "status": "ok" if problem is None else "unavailable",
        "problem": problem,
        "generation": newest.number if newest else None,
        "published_at": newest.published_at if newest else None,
        "ticked_at": beat.ticked_at if beat else None,
        "now": datetime.now(UTC).isoformat(),
    }
    return JSONResponse(body, status_code=200 if problem is None else 503)


def editor_modules() -> list[BaseRoute]:
    """The route of the SQL editor's modules, where they are installed."""
    folder = codemirror.folder()
    if folder is None:
        return []
    codemirror.served()
    return [Mount(codemirror.ADDRESS, StaticFiles(directory=folder))]


def serve(settings: Settings) -> None:
    """Serve until SIGTERM."""

    # The settings of the start: where the data lie does not change, and a wrong edit must not make us look ill.
    async def healthz(request: Request) -> JSONResponse:
        return health(settings)

    # Streamlit would look for pages in the old way until the first visitor has run st.navigation, and tell that one
    # that a bookmarked page does not exist.
    PagesManager.uses_pages_directory = False
    otlp, hooks = Otlp(settings), Hooks(settings)
    routes: list[BaseRoute] = [Route("/healthz", healthz), otlp.route, hooks.route, *Feeds(settings).routes]
    routes += [Files(settings).route, *editor_modules()]
    app = st.App(ROOT / "app.py", routes=routes)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
        lifespan="on",
    )
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)
    server = uvicorn.Server(config)

    def stop() -> None:
        server.should_exit = True

    # uvicorn raises SIGTERM again once it has shut down: what was received must land before that ends us.
    def leave(number: int, frame: FrameType | None) -> None:
        otlp.close()
        hooks.close()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, leave)
    end_with_parent(stop)
    server.run()
    otlp.close()
    hooks.close()
