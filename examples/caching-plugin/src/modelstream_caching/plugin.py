"""The hook wrapper: puts the cache around the deltas of every model wrapper."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from typing import Any

from modelstream import ModelWrapper, Request, hookimpl
from modelstream.deltas import Yielded
from modelstream_caching.answers import Answers, key_of

Deltas = Callable[[Request], Iterator[Yielded]]
AsyncDeltas = Callable[[Request], AsyncIterator[Yielded]]


class Caching:
    """Makes every model wrapper answer equal requests from `answers`."""

    def __init__(self, answers: Answers | None = None) -> None:
        self.answers = answers or Answers()

    @hookimpl(wrapper=True)
    def modelstream_model_wrapper(
        self, model_type: str, config: Mapping[str, Any]
    ) -> Generator[None, ModelWrapper, ModelWrapper]:
        """Put the cache around `deltas` and `adeltas` of the wrapper that the model's plugin creates."""
        wrapper = yield
        config = {**config, "model_type": model_type}
        # Patches the wrapper instead of wrapping it in another class, so that its type stays the same.
        if wrapper.implements("deltas"):
            wrapper.deltas = self._cached(wrapper.deltas, config)  # type: ignore[assignment, method-assign]
        if wrapper.implements("adeltas"):
            wrapper.adeltas = self._async_cached(wrapper.adeltas, config)  # type: ignore[assignment, method-assign]
        return wrapper

    def _cached(self, inner: Deltas, config: Mapping[str, Any]) -> Deltas:
        def deltas(request: Request) -> Iterator[Yielded]:
            key = key_of(config, request)
            kept = self.answers.get(key)
            if kept is not None:
                yield from kept
                return
            answer: list[Yielded] = []
            source = inner(request)
            try:
                for item in source:
                    answer.append(item)
                    yield item
            finally:
                # Cancelling a call has to reach the provider at once.
                if isinstance(source, Generator):
                    source.close()
            self.answers.put(key, answer)

        return deltas

    def _async_cached(self, inner: AsyncDeltas, config: Mapping[str, Any]) -> AsyncDeltas:
        async def adeltas(request: Request) -> AsyncIterator[Yielded]:
            key = key_of(config, request)
            kept = self.answers.get(key)
            if kept is not None:
                for item in kept:
                    yield item
                return
            answer: list[Yielded] = []
            request.hand_on = None  # all deltas must be yielded, so that they pass through here
            source = inner(request)
            try:
                async for item in source:
                    answer.append(item)
                    yield item
            finally:
                aclose = getattr(source, "aclose", None)
                if aclose is not None:
                    await aclose()
            self.answers.put(key, answer)

        return adeltas
