"""Runs the laws on the broken wrappers and sinks, as pytest would."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass

from hypothesis import Phase, settings
from reference import ReferenceChat
from reference_sink import BackgroundReference, Conformance, ReferenceSink

from modelstream.testing import LawBrokenError, OpenAIWire, WrapperConformance
from modelstream.testing._kit.laws import LAWS
from modelstream.testing._kit.sink_laws import LAWS as SINK_LAWS

KINDS = (
    *("texts", "formats", "extras", "tools", "ends", "failures", "refusals"),
    *("responses", "calls", "loops", "sharing", "sink_texts", "sinks"),
)

# The same examples each time, without shrinking: any example that breaks a law is enough here.
settings.register_profile(
    "score", max_examples=1000, phases=[Phase.generate], derandomize=True, database=None, deadline=None
)


@dataclass(frozen=True)
class Subject:
    """A wrapper or sink that is tested with the laws, and the kind of its defect."""

    kind: str
    cls: type

    @property
    def name(self):
        return f"{self.kind}.{self.cls.__name__}"

    @property
    def defect(self):
        """Its defect."""
        return inspect.cleandoc(self.cls.__doc__)

    @property
    def breaks(self):
        """The law that must notice it."""
        return self.cls.breaks

    @property
    def is_sink(self):
        return issubclass(self.cls, ReferenceSink)

    @property
    def laws(self):
        return SINK_LAWS if self.is_sink else LAWS

    def tests(self):
        """Its tests, with the examples of the profile `score`."""
        loaded = settings.get_current_profile_name()
        settings.load_profile("score")
        try:
            name = f"Test{self.cls.__name__}"
            if self.is_sink:
                return type(name, (Conformance,), {"sink": self.cls})
            make = lambda _, **fields: self.cls(**fields)  # noqa: E731
            return type(name, (WrapperConformance,), {"wire": OpenAIWire(), "make": make})
        finally:
            settings.load_profile(loaded)

    def broken_laws(self, *names):
        """Yield `(law, way, error)` for each broken law of `names`, or of all laws."""
        tests = self.tests()
        try:
            for name in names or self.laws:
                test = getattr(tests(), f"test_{name}", None)
                for way in self.laws[name].ways if test else ():
                    try:
                        test(way=way)
                    except LawBrokenError as error:
                        yield name, way, error
        finally:
            getattr(tests, "teardown_class", lambda: None)()

    def noticed_by(self):
        """The law that notices it: `breaks` if it does, else the first other law, else None."""
        found = next(self.broken_laws(self.breaks), None) or next(self.broken_laws(), None)
        return found and found[0]


WHOLE = [Subject("whole", cls) for cls in (ReferenceChat, ReferenceSink, BackgroundReference)]
"""The wrapper and the sinks that keep all laws."""


def mutants():
    """All broken wrappers and sinks, in the order of the docs."""
    for kind in KINDS:
        module = importlib.import_module(f"mutants.{kind}")
        for found in vars(module).values():
            if inspect.isclass(found) and found.__module__ == module.__name__ and "breaks" in vars(found):
                yield Subject(kind, found)
