"""What the tests of one class share: the provider, both ways, and the wrappers."""

from __future__ import annotations

import gc
import warnings
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from modelstream.deltas import TextDelta
from modelstream.testing._kit.bench import Bench
from modelstream.testing._kit.engine_provider import EngineProvider
from modelstream.testing._kit.observation import observe
from modelstream.testing._kit.scenario import Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.ways import AsyncWay, BothWays, SyncWay
from modelstream.testing._kit.wire_provider import WireProvider

if TYPE_CHECKING:
    from modelstream.testing.conformance import WrapperConformance
    from modelstream.wrapper import ModelWrapper

MODEL_NAME = "test-model"

TIMEOUTS = {"first_delta_timeout": 10.0, "idle_timeout": 10.0, "total_timeout": 30.0, "max_retries": 0}
"""Config fields of all wrappers under test, unless a law sets others."""

LONG_TIMEOUTS = {"first_delta_timeout": 60.0, "total_timeout": 60.0}
"""The timeouts of the warm-up call."""


class Rig:
    """Created by the first test of a class, and closed after the last one."""

    def __init__(self, of: WrapperConformance) -> None:
        self._of = of
        self._open = ExitStack()
        self._wrappers: dict[str, ModelWrapper] = {}
        self.provider = self._create_provider()
        loop = AsyncWay()
        self._open.callback(loop.shut_down)
        self._open.callback(self._wrappers.clear)
        self._ways: dict[str, Any] = {"sync": SyncWay(), "async": loop, "both": BothWays(SyncWay(), loop)}
        self._warm_up()

    def bench(self, way: str) -> Bench:
        """The bench for one way."""
        return Bench(self.provider, self._ways[way], self._make, self._wrappers)

    def close(self) -> None:
        """Close everything."""
        self._open.close()
        with warnings.catch_warnings():
            # A connection that an SDK keeps in its pool for the next call is not a leak.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    def _create_provider(self) -> WireProvider | EngineProvider:
        wire = self._of.written_by()
        if wire is not None:
            provider = WireProvider(wire)
            self._open.callback(provider.close)
            return provider
        engine = EngineProvider(self._of.features())
        self._open.callback(engine.close)
        self._open.enter_context(self._of.engine(engine.start))
        return engine

    def _warm_up(self) -> None:
        """Call once, so that the imports of a first call do not count as time of the provider."""
        self.provider.play(Scenario(Script([TextDelta("Hello")])))
        with suppress(Exception):  # the laws will report it
            observe(self._ways["sync"], self._make(**LONG_TIMEOUTS))

    def _make(self, **fields: object) -> ModelWrapper:
        config = {**TIMEOUTS, **self._of.config, **fields}
        if isinstance(self.provider, WireProvider):
            config = {"base_url": self.provider.url, "model_name": MODEL_NAME, **config}
        return self._of.make(**config)
