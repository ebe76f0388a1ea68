"""The server around the application."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from modelstream_studio.server.app import Studio

KEEP_ALIVE = 30
"""Seconds that a connection may be idle: longer than programs and pages are silent."""
GRACE = 2
"""Seconds that open requests have to get done when Studio stops."""


class Server(uvicorn.Server):
    """Serves a Studio; when it is to stop, it first ends what would otherwise never end."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(
            uvicorn.Config(
                studio,
                access_log=False,
                date_header=False,
                lifespan="on",
                loop="asyncio",  # and not uvloop where that happens to be installed: one loop to hold to
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=GRACE,
                timeout_keep_alive=KEEP_ALIVE,
                ws="none",
            )
        )
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go of all who wait for news, and then stop as usual."""
        self._studio.release()
        await super().shutdown(sockets)
