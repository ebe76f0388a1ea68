"""Runs the laws on what is broken, as pytest would, until one of them notices."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass

from hypothesis import Phase, settings
from reference import ReferenceChat
from reference_sink import Conformance, ReferenceSink

from modelstream.testing import LawBrokenError, OpenAIWire, WrapperConformance
from modelstream.testing.laws import LAWS
from modelstream.testing.sink_laws import LAWS as SINK_LAWS

KINDS = ("texts", "formats", "extras", "ends", "failures", "responses", "calls", "sinks")

# The same examples each time, and the first that breaks a law is as good as the shortest.
settings.register_profile(
    "score", max_examples=100, phases=[Phase.generate], derandomize=True, database=None, deadline=None
)


@dataclass(frozen=True)
class Mutant:
    """A wrapper or a sink, and the kind that it belongs to."""

    kind: str
    broken: type

    @property
    def name(self):
        return f"{self.kind}.{self.broken.__name__}"

    @property
    def defect(self):
        return inspect.cleandoc(self.broken.__doc__)

    @property
    def laws(self):
        return SINK_LAWS if issubclass(self.broken, ReferenceSink) else LAWS

    def tests(self):
        """The tests of it, which try the examples of the profile `score`."""
        loaded = settings.get_current_profile_name()
        settings.load_profile("score")
        try:
            name = f"Test{self.broken.__name__}"
            if issubclass(self.broken, ReferenceSink):
                return type(name, (Conformance,), {"sink": self.broken})
            make = lambda _, **fields: self.broken(**fields)  # noqa: E731
            return type(name, (WrapperConformance,), {"wire": OpenAIWire(), "make": make})
        finally:
            settings.load_profile(loaded)

    def broken_laws(self, names=None):
        """The laws among `names` that are broken, each as `(law, way, error)`."""
        tests = self.tests()
        try:
            for name in names or self.laws:
                for way in self.laws[name].ways:
                    try:
                        test = getattr(tests(), f"test_{name}", None)
                        if test is not None:
                            test(way=way)
                    except LawBrokenError as error:
                        yield name, way, error
        finally:
            getattr(tests, "teardown_class", lambda: None)()


def mutants():
    """All of them, in the order of the docs."""
    for kind in KINDS:
        module = importlib.import_module(f"mutants.{kind}")
        for found in vars(module).values():
            own = inspect.isclass(found) and found.__module__ == module.__name__
            if (
                own
                and issubclass(found, ReferenceChat | ReferenceSink)
                and not found.__name__.startswith("_")
            ):
                yield Mutant(kind, found)


if __name__ == "__main__":
    import sys
    import time

    wanted = sys.argv[1:]
    for mutant in mutants():
        if not wanted or {mutant.broken.__name__, mutant.kind, mutant.name} & set(wanted):
            began = time.monotonic()
            law, way, error = next(mutant.broken_laws(), (None, None, None))
            print(f"{mutant.name:34} {time.monotonic() - began:6.1f} s  {law} ({way})", flush=True)
            if error is not None and "-v" in wanted:
                print(error)
