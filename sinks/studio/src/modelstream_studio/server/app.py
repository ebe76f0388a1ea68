"""The routes and the application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from modelstream_studio.server import answers, listing
from modelstream_studio.server.events import events
from modelstream_studio.server.hub import Hub
from modelstream_studio.server.publish import commands, error, publish
from modelstream_studio.server.security import Guard

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from modelstream_studio.places import Tokens
    from modelstream_studio.server.store import Store

PAGE = Path(__file__).parent.parent / "page"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
FILES = {
    file.relative_to(PAGE).as_posix(): file
    for file in PAGE.rglob("*")
    if file.suffix in TYPES and file.is_file()
}
"""The files that are served; no other file is ever opened for a browser."""
ROUTES: list[BaseRoute] = [
    Route("/v1/publish", publish, methods=["POST"]),
    Route("/v1/commands", commands),
    Route("/v1/events", events),
    Route("/v1/runs", listing.runs),
    Route("/v1/runs/{id:path}/messages", listing.messages),
    Route("/v1/runs/{id:path}/export.{kind}", listing.export),
    Route("/v1/runs/{id:path}", listing.run),
    Route("/v1/answer", answers.answer, methods=["POST"]),
    Route("/v1/cancel", answers.cancel, methods=["POST"]),
]


class Studio:
    """The server as an ASGI application. Its hub exists from startup to shutdown.

    For `hosts`, `any_address` and `without_token` see `Guard`; `mounts` are further routes.
    """

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        *,
        hosts: Collection[str] = (),
        any_address: bool = False,
        mounts: Collection[BaseRoute] = (),
        without_token: tuple[str, ...] = (),
    ) -> None:
        self.hub: Hub | None = None
        self._store = store
        page: list[BaseRoute] = [Route("/", _page), Route("/static/{path:path}", _page)]
        app = Starlette(
            routes=[*page, *ROUTES, *mounts],
            lifespan=self._lifespan,
            exception_handlers={404: _not_found, 405: _not_found, Exception: _server_error},
        )
        self._guarded = Guard(app, tokens, hosts=hosts, any_address=any_address, without_token=without_token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        await self._guarded(scope, receive, send)

    def release(self) -> None:
        """End all waiting requests: the server is about to stop."""
        if self.hub is not None:
            self.hub.release()

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self.hub = app.state.hub = Hub(self._store)
        try:
            yield
        finally:
            self.hub.close()


async def _page(request: Request) -> Response:
    """Serve a file of the page, and no other file."""
    file = FILES.get(request.path_params.get("path", "index.html"))
    if file is None:
        return error(404, "There is no such file.")
    return FileResponse(file, media_type=TYPES[file.suffix])


async def _not_found(_request: Request, _why: Exception) -> Response:
    return error(404, "There is no route for that path and method.")


async def _server_error(_request: Request, why: Exception) -> Response:
    return error(500, f"Studio failed: {type(why).__name__}. Its log says more.")
