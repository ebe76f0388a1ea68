"""Runs the laws on what is broken, as pytest would."""

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

# The same examples each time; the first that breaks a law is as good as the shortest, and mostly comes soon.
settings.register_profile(
    "score", max_examples=1000, phases=[Phase.generate], derandomize=True, database=None, deadline=None
)


@dataclass(frozen=True)
class Subject:
    """A wrapper or a sink that is held to the laws, and the kind that it belongs to."""

    kind: str
    made: type

    @property
    def name(self):
        return f"{self.kind}.{self.made.__name__}"

    @property
    def defect(self):
        """What it does wrong."""
        return inspect.cleandoc(self.made.__doc__)

    @property
    def breaks(self):
        """The law that is there to notice it."""
        return self.made.breaks

    @property
    def is_sink(self):
        return issubclass(self.made, ReferenceSink)

    @property
    def laws(self):
        return SINK_LAWS if self.is_sink else LAWS

    def tests(self):
        """The tests of it, which try the examples of the profile `score`."""
        loaded = settings.get_current_profile_name()
        settings.load_profile("score")
        try:
            name = f"Test{self.made.__name__}"
            if self.is_sink:
                return type(name, (Conformance,), {"sink": self.made})
            make = lambda _, **fields: self.made(**fields)  # noqa: E731
            return type(name, (WrapperConformance,), {"wire": OpenAIWire(), "make": make})
        finally:
            settings.load_profile(loaded)

    def broken_laws(self, *names):
        """Those of these laws, or of all, that are broken, each as `(law, way, error)`."""
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
        """The law that is there to notice it, if it does; else the first of all that does; else None."""
        found = next(self.broken_laws(self.breaks), None) or next(self.broken_laws(), None)
        return found and found[0]


WHOLE = [Subject("whole", made) for made in (ReferenceChat, ReferenceSink, BackgroundReference)]
"""What keeps all laws."""


def mutants():
    """What is broken, in the order of the docs."""
    for kind in KINDS:
        module = importlib.import_module(f"mutants.{kind}")
        for found in vars(module).values():
            if inspect.isclass(found) and found.__module__ == module.__name__ and "breaks" in vars(found):
                yield Subject(kind, found)
