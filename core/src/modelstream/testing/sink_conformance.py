"""The contract of sinks as tests: authors of plugins subclass `SinkConformance`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.testing._kit.generated_tests import add_tests, check_not_overridden
from modelstream.testing._kit.sink_bench import SinkBench, SinkFeatures
from modelstream.testing._kit.sink_laws import LAWS

if TYPE_CHECKING:
    from modelstream.sinks.base import Message, StreamSink
    from modelstream.testing._kit.law import Law


class SinkConformance:
    """Tests of everything that a sink must do.

        class TestUpper(SinkConformance):
            sink_type = "upper"
            options = {"file": "/dev/null"}

    A new sink is created for each example, as for a user, and receives answers that hypothesis generates:
    from the kit, in every order in which the core may call it, and from the core itself, together with other
    sinks. The report of a broken law has its name, its sentence, the shortest answer that breaks it, and the
    calls.

    * `make()` creates a sink; override it for one that is not installed, or that needs its own folder.
    * `shown(sink, message)` returns the text that the sink has shown for a message, after it was shut
      down; if the text was replaced, the new one. Override it if the text is accessible: then the kit
      compares texts. `looks(text)` returns a text as the sink shows it, for sinks that change it.
    * `ends(sink, message)` returns how often the end of a message was shown: the kit checks that it is once.
    * `skip` maps laws that your sink can't keep to the reason.
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
        """Return a text as the sink shows it."""
        return text

    @classmethod
    def features(cls) -> SinkFeatures:
        """What the kit can check."""
        return SinkFeatures(
            shown=cls.shown is not SinkConformance.shown,
            ends=cls.ends is not SinkConformance.ends,
        )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        add_tests(cls, LAWS, cls._laws(), cls.features())

    @classmethod
    def _laws(cls) -> list[Law]:
        """The laws that apply to this sink."""
        if not cls.sink_type and cls.make is SinkConformance.make:
            return []  # the author's own base class
        return [law for law in LAWS.values() if law.applies(cls.features(), in_process=False)]

    def bench(self, way: str) -> SinkBench:
        """The bench that calls this sink in one way: `alone`, `show` or `ashow`."""
        return SinkBench(self, way)

    def test_no_law_is_overridden(self) -> None:
        """No law is overridden or removed, other than by `skip`."""
        check_not_overridden(type(self), self._laws())
