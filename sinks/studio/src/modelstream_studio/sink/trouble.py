"""Log messages when Studio cannot be reached, and when it is back: once each."""

from __future__ import annotations

import logging
import time

logger = logging.getLogger("modelstream")

PATIENCE = 2.0
"""Seconds without an answer that are not logged: Studio is being restarted."""


class Trouble:
    """Logs the first failure that matters, and the first success after it."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._worked_once = False
        self._logged = self._logged_end = False
        self._logged_refused = False

    def is_there(self, url: str) -> None:
        """Studio has answered well."""
        self._worked_once = True
        self._since = None
        if self._logged and not self._logged_end:
            self._logged_end = True
            logger.warning("Studio at %s is reachable again, and receives what it missed", url)

    def happened(self, what: str) -> None:
        """Studio could not be reached, or did not want what it was sent."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if self._logged or (self._worked_once and now - self._since < PATIENCE):
            return
        self._logged = True
        logger.warning("%s", what.strip())

    def unfinished(self) -> None:
        """At the end, not everything was sent."""
        if not self._logged or self._logged_end:
            logger.warning("Studio did not receive everything before the program ended")

    def refused(self, why: str) -> None:
        """Studio passed over something."""
        if not self._logged_refused:
            self._logged_refused = True
            logger.warning("Studio ignored a frame that it could not read: %s", why)
