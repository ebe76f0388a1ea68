"""Answer equal requests from memory, for every provider."""

from __future__ import annotations

from modelstream_caching.answers import Answers
from modelstream_caching.plugin import Caching

__all__ = ["Answers", "Caching", "plugin"]

plugin = Caching()
