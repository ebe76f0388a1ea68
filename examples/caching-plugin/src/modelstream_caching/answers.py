"""The cache: what a wrapper yielded, for each request."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream import Finish, Request

if TYPE_CHECKING:
    from modelstream.deltas import Yielded

PER_PROGRAM = ("config_name", "stream")
"""Fields of a config that do not change what the model answers."""


class Answers:
    """The complete answers to the latest requests. Thread-safe."""

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Yielded, ...]] = OrderedDict()

    def get(self, key: str | None) -> tuple[Yielded, ...] | None:
        """What was yielded for an equal request, or None."""
        with self._lock:
            if key is None or key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def put(self, key: str | None, answer: list[Yielded]) -> None:
        """Keep an answer if the provider reported that it is complete."""
        if key is None or not any(map(_finishes, answer)):
            return
        with self._lock:
            self._kept[key] = tuple(answer)
            self._kept.move_to_end(key)
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._kept.clear()


def key_of(config: Mapping[str, Any], request: Request) -> str | None:
    """The cache key of a request, equal for equal requests; None if it is not to be cached.

    It is a digest, because the config contains the provider's key.
    """
    if request.raw_chunks is not None:
        return None  # the caller wants the provider's own chunks, which are not kept
    tuned = {field: config[field] for field in config if field not in PER_PROGRAM}
    try:
        text = json.dumps([tuned, request.messages, request.arguments], sort_keys=True)
    except (TypeError, ValueError):
        return None  # functions or models among the arguments can't be compared
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _finishes(item: Yielded) -> bool:
    return any(isinstance(one, Finish) for one in (item if isinstance(item, list) else [item]))
