"""The routes, put together."""

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
ROUTES: list[BaseRoute] = [
    Route("/v1/publish", publish, methods=["POST"]),
    Route("/v1/commands", commands),
    Route("/v1/events", events),
    Route("/v1/runs", listing.runs),
    Route("/v1/runs/{id}", listing.run),
    Route("/v1/runs/{id}/messages", listing.messages),
    Route("/v1/runs/{id}/export.{kind}", listing.export),
    Route("/v1/answer", answers.answer, methods=["POST"]),
    Route("/v1/cancel", answers.cancel, methods=["POST"]),
]


def studio_app(
    store: Store,
    tokens: Tokens,
    *,
    hosts: Collection[str] = (),
    any_address: bool = False,
    mounts: Collection[BaseRoute] = (),
    without_token: tuple[str, ...] = (),
) -> Guard:
    """The whole server as an ASGI application; its hub lives from startup to shutdown.

    For `hosts`, `any_address` and `without_token` see `Guard`; `mounts` are further routes.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.hub = Hub(store)
        try:
            yield
        finally:
            app.state.hub.close()

    page: list[BaseRoute] = [Route("/", _page), Route("/static/{path:path}", _page)]
    app = Starlette(
        routes=[*page, *ROUTES, *mounts],
        lifespan=lifespan,
        exception_handlers={404: _nothing_here, 405: _nothing_here},
    )
    return Guard(app, tokens, hosts=hosts, any_address=any_address, without_token=without_token)


async def _page(request: Request) -> Response:
    """A file of the page, and no other file."""
    file = (PAGE / request.path_params.get("path", "index.html")).resolve()
    if not file.is_relative_to(PAGE.resolve()) or file.suffix not in TYPES or not file.is_file():
        return error(404, "There is no such file.")
    return FileResponse(file, media_type=TYPES[file.suffix])


async def _nothing_here(_request: Request, _why: Exception) -> Response:
    return error(404, "There is nothing here under that path and method.")
