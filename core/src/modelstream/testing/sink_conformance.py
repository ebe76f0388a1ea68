"""The contract of a sink as tests: a plugin's author subclasses `SinkConformance`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.testing._kit.enacting import enact, must_stand
from modelstream.testing._kit.sink_bench import SinkBench, SinkFeatures
from modelstream.testing._kit.sink_laws import LAWS

if TYPE_CHECKING:
    from modelstream.sinks.base import Message, StreamSink
    from modelstream.testing._kit.law import Law


class SinkConformance:
    """Everything that a sink must do, as tests of a class of yours.

        class TestUpper(SinkConformance):
            sink_type = "upper"
            options = {"file": "/dev/null"}

    The sink is made as a user's is, a new one for each example, and told answers that hypothesis has
    written: by the kit, in every order in which the core may call it, and by the core itself, with other
    sinks beside it. A law that is broken says so with its name, its sentence, the shortest answer that
    breaks it, and the calls.

    * `make()` makes a sink; override it for one that is not installed, or that needs a folder of its own.
    * `shown(sink, message)` returns the text that the sink has shown for a message, after it was shut down;
      of a text that begins afresh, the new one. Override it if there is a way to look: then the kit compares
      texts. `looks(text)` is how a text looks when it is shown, for sinks that don't show it as it is.
    * `ends(sink, message)` returns how often the end of a message is shown: the kit sees that it is once.
    * `skip` names laws that your sink can't keep, each with the reason.
    """

    sink_type: ClassVar[str] = ""
    options: ClassVar[Mapping[str, Any]] = {}
    skip: ClassVar[Mapping[str, str]] = {}

    def make(self) -> StreamSink:
        """A new sink."""
        from modelstream.sinks.specs import as_sink

        return as_sink({"sink_type": self.sink_type, **self.options})

    def shown(self, sink: StreamSink, message: Message) -> str:
        """The text that the sink shows for this message."""
        raise NotImplementedError

    def ends(self, sink: StreamSink, message: Message) -> int:
        """How often the end of this message is shown."""
        raise NotImplementedError

    def looks(self, text: str) -> str:
        """How this text looks when the sink shows it."""
        return text

    @classmethod
    def features(cls) -> SinkFeatures:
        """What the kit can look at."""
        return SinkFeatures(
            shown=cls.shown is not SinkConformance.shown,
            ends=cls.ends is not SinkConformance.ends,
        )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        enact(cls, LAWS, cls._laws(), cls.features())

    @classmethod
    def _laws(cls) -> list[Law]:
        """The laws that this sink can break."""
        if not cls.sink_type and cls.make is SinkConformance.make:
            return []  # a base of the author's own
        return [law for law in LAWS.values() if law.applies(cls.features(), in_process=False)]

    def bench(self, way: str) -> SinkBench:
        """The bench on which this sink is called in one way: `alone`, `show` or `ashow`."""
        return SinkBench(self, way)

    def test_every_law_stands(self) -> None:
        """No law was overridden or removed but by `skip`."""
        must_stand(type(self), self._laws())
