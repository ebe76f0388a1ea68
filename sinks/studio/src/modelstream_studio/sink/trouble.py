"""What the user is told when Studio is not there, and when it is back: once each."""

from __future__ import annotations

import logging
import time

logger = logging.getLogger("modelstream")

PATIENCE = 2.0
"""Seconds of silence that are not worth a word: Studio is being restarted."""


class Trouble:
    """Tells the user of the first failure that matters, and of the first success after it."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._worked_once = False
        self._told = self._told_end = False
        self._told_refused = False

    def is_there(self, url: str) -> None:
        """Studio has answered well."""
        self._worked_once = True
        self._since = None
        if self._told and not self._told_end:
            self._told_end = True
            logger.warning("Studio is back at %s, and gets what it missed", url)

    def happened(self, what: str) -> None:
        """Studio could not be reached, or did not want what it was sent."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if self._told or (self._worked_once and now - self._since < PATIENCE):
            return
        self._told = True
        logger.warning("%s", what.strip())

    def unfinished(self) -> None:
        """At the end, not everything was sent."""
        if not self._told or self._told_end:
            logger.warning("Studio did not take everything that was said before the end")

    def refused(self, why: str) -> None:
        """Studio passed over something."""
        if not self._told_refused:
            self._told_refused = True
            logger.warning("Studio passes over something that it can't read: %s", why)
