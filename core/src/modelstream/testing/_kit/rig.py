"""What the tests of one class share: the stage, both ways, and the wrappers."""

from __future__ import annotations

import gc
import warnings
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from modelstream.deltas import TextDelta
from modelstream.testing._kit.bench import Bench
from modelstream.testing._kit.engine_stage import EngineStage
from modelstream.testing._kit.heard import hear
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.take import Take
from modelstream.testing._kit.ways import AsyncWay, BothWays, SyncWay
from modelstream.testing._kit.wire_stage import WireStage

if TYPE_CHECKING:
    from modelstream.testing.conformance import WrapperConformance
    from modelstream.wrapper import ModelWrapper

MODEL_NAME = "test-model"

CLOCKS = {"first_delta_timeout": 10.0, "idle_timeout": 10.0, "total_timeout": 30.0, "max_retries": 0}
"""Config fields of all wrappers under test, where a law does not say otherwise."""

PATIENT = {"first_delta_timeout": 60.0, "total_timeout": 60.0}
"""Those of the very first one."""


class Rig:
    """Made by the first test of a class, and taken down after the last one."""

    def __init__(self, of: WrapperConformance) -> None:
        self._of = of
        self._open = ExitStack()
        self._wrappers: dict[str, ModelWrapper] = {}
        self.stage = self._staged()
        loop = AsyncWay()
        self._open.callback(loop.shut_down)
        self._open.callback(self._wrappers.clear)
        self._ways: dict[str, Any] = {"sync": SyncWay(), "async": loop, "both": BothWays(SyncWay(), loop)}
        self._warm_up()

    def bench(self, way: str) -> Bench:
        """The bench for one way."""
        return Bench(self.stage, self._ways[way], self._make, self._wrappers)

    def close(self) -> None:
        """Take everything down."""
        self._open.close()
        with warnings.catch_warnings():
            # A connection that an SDK keeps for its next call, which never comes, is no leak.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    def _staged(self) -> WireStage | EngineStage:
        wire = self._of.written_by()
        if wire is not None:
            stage = WireStage(wire)
            self._open.callback(stage.close)
            return stage
        engine = EngineStage(self._of.features())
        self._open.callback(engine.close)
        self._open.enter_context(self._of.engine(engine.start))
        return engine

    def _warm_up(self) -> None:
        """Call once: what a first call imports, which may take long, is not the provider's time."""
        self.stage.play(Take(Script([TextDelta("Hello")])))
        with suppress(Exception):  # the laws will tell
            hear(self._ways["sync"], self._make(**PATIENT))

    def _make(self, **fields: object) -> ModelWrapper:
        config = {**CLOCKS, **self._of.config, **fields}
        if isinstance(self.stage, WireStage):
            config = {"base_url": self.stage.url, "model_name": MODEL_NAME, **config}
        return self._of.make(**config)
