"""The uvicorn server that runs the application."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from modelstream_studio.server.app import Studio

KEEP_ALIVE = 30
"""Seconds that a connection may be idle, longer than programs and pages are ever silent."""
GRACE = 2
"""Seconds that open requests have to finish when Studio stops."""


class Server(uvicorn.Server):
    """Serves a Studio; on shutdown it first ends the requests that wait for events."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(
            uvicorn.Config(
                studio,
                access_log=False,
                date_header=False,
                lifespan="on",
                loop="asyncio",  # not uvloop where it happens to be installed: only one loop is tested
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=GRACE,
                timeout_keep_alive=KEEP_ALIVE,
                ws="none",
            )
        )
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End all waiting requests, then stop as usual."""
        self._studio.release()
        await super().shutdown(sockets)
