"""POST /hooks/<vendor>: webhooks of GitHub, GitLab and Bitbucket, and builds of Jenkins, on the port of the pages.

What is not signed with the secret that [receive.hooks.<vendor>] names is not read. An event is answered with 200 once
its rows have landed and it is stored; coming again it is answered with 200 and changes nothing. A body is at most
4 MiB.
"""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aurora.errors import ContractError, LakeError, SettingsError
from aurora.gateway.bodies import RefusedRequestError, body_of
from aurora.gateway.receiver import show
from aurora.receive import Hook, JenkinsHook
from aurora.settings import Secret, Settings
from ingest.inbox import Inbox, Taken
from ingest.vendors import hooks_bitbucket, hooks_github, hooks_gitlab, hooks_jenkins
from ingest.vendors.hooks import HookOptions, Vendor
from warehouse.lake import Lake

log = logging.getLogger("aurora.hooks")
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_AT_ONCE = 32
READ_S = 10.0
JSON = "application/json"
VENDORS: tuple[Vendor, ...] = tuple(
    module.VENDOR for module in (hooks_github, hooks_gitlab, hooks_bitbucket, hooks_jenkins)
)


class Door:
    """One vendor's way in: closed as long as the settings name no secret."""

    def __init__(self, vendor: Vendor, hook: Hook, settings: Settings, lake: Lake) -> None:
        self.vendor = vendor
        self.secret = Secret(hook.secret.removeprefix("env:")) if hook.secret else None
        source = hook.source or vendor.name
        deploys = hook.deploys if isinstance(hook, JenkinsHook) else ()
        has_connector = any(one.name == source and one.connector == vendor.name for one in settings.source)
        options = HookOptions(environments=hook.environments, deploys=deploys, has_connector=has_connector)
        self.inbox = Inbox(lake, vendor, source, options)

    def key(self) -> str:
        """The secret. Raises RefusedRequestError while there is none."""
        name = self.vendor.name
        if self.secret is None:
            raise RefusedRequestError(
                403, f'set [receive.hooks.{name}] secret = "env:NAME" in aurora.toml to receive this'
            )
        try:
            return self.secret.reveal()
        except SettingsError as error:
            log.error("%s", error)
            raise RefusedRequestError(503, "the secret of this webhook is not set: see the log of Aurora") from None


class Hooks:
    """The route and the doors behind it; `close` tells what was received since it was told last."""

    def __init__(self, settings: Settings) -> None:
        self.data, lake = settings.data, Lake(settings.lake)
        told = settings.receive.hooks
        self.doors = {one.name: Door(one, getattr(told, one.name), settings, lake) for one in VENDORS}
        self.lake = lake
        self.route = Route("/hooks/{vendor}", self.receive, methods=["POST"])
        self._at_once = 0

    def close(self) -> None:
        """Nothing is received any more."""
        for door in self.doors.values():
            door.inbox.close()

    async def receive(self, request: Request) -> Response:
        """200 once the event is stored, else an error with a sentence; 503 means: send it again."""
        try:
            taken = await self._receive(request)
        except RefusedRequestError as refusal:
            return JSONResponse({"error": str(refusal)}, refusal.status, refusal.headers)
        told = {"event": taken.event_id, "rows": taken.row_count, "known": taken.is_known}
        return JSONResponse(told | ({"note": taken.note} if taken.note else {}))

    async def _receive(self, request: Request) -> Taken:
        door = self.doors.get(request.path_params["vendor"])
        if door is None:
            raise RefusedRequestError(404, f"there is no such webhook: {', '.join(self.doors)}")
        key = door.key()
        if not request.headers.get(door.vendor.proof):
            raise RefusedRequestError(401, f"{door.vendor.proof} is missing: set the secret at {door.vendor.title} too")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise RefusedRequestError(415, f"send content-type {JSON}")
        if self._at_once >= MAX_AT_ONCE:
            raise RefusedRequestError(503, "too many requests at once: try again in a second", **{"Retry-After": "1"})
        self._at_once += 1
        try:
            return await self._taken(request, door, key)
        finally:
            self._at_once -= 1

    async def _taken(self, request: Request, door: Door, key: str) -> Taken:
        body = await body_of(request, MAX_BODY_BYTES, READ_S)
        if not door.vendor.is_signed(request.headers, body, key):
            raise RefusedRequestError(401, f"{door.vendor.proof} is not made with this webhook's secret")
        try:
            taken = await run_in_threadpool(door.inbox.take, request.headers, body)
            if taken.row_count:
                await run_in_threadpool(show, self.data, self.lake)
        except ContractError as error:
            raise RefusedRequestError(400, str(error)) from None
        except LakeError as error:
            log.error("an event of %s could not be stored: %s", door.vendor.name, error)
            raise RefusedRequestError(503, "it could not be stored: try again", **{"Retry-After": "10"}) from None
        return taken
