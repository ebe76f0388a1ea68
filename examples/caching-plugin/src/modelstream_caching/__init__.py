"""Answers equal requests from memory, whichever provider they go to."""

from __future__ import annotations

from modelstream_caching.answers import Answers
from modelstream_caching.plugin import Caching

__all__ = ["Answers", "Caching", "plugin"]

plugin = Caching()
