"""Log once when Studio can't be reached, and once when it is back."""

from __future__ import annotations

import logging
import time

logger = logging.getLogger("modelstream")

QUIET_SECONDS = 2.0
"""Seconds without an answer that are not logged, since Studio may be restarting."""


class Trouble:
    """Logs the first lasting failure and the first success after it."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._worked_once = False
        self._logged = self._logged_end = False
        self._logged_refused = False

    def recovered(self, url: str) -> None:
        """Studio has answered without an error."""
        self._worked_once = True
        self._since = None
        if self._logged and not self._logged_end:
            self._logged_end = True
            logger.warning("Studio at %s is reachable again, and receives what it missed", url)

    def failed(self, message: str) -> None:
        """Studio could not be reached, or rejected the request."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if self._logged or (self._worked_once and now - self._since < QUIET_SECONDS):
            return
        self._logged = True
        logger.warning("%s", message.strip())

    def unfinished(self) -> None:
        """The program ends before everything was sent."""
        if not self._logged or self._logged_end:
            logger.warning("Studio did not receive everything before the program ended")

    def refused(self, why: str) -> None:
        """Studio ignored an invalid frame."""
        if not self._logged_refused:
            self._logged_refused = True
            logger.warning("Studio ignored a frame that it could not read: %s", why)
