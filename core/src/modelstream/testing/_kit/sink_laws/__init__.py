"""The laws that every sink must keep, by kind."""

from modelstream.testing._kit.law import Law
from modelstream.testing._kit.sink_laws import called, delivered

KINDS: dict[str, dict[str, Law]] = {
    "A sink by itself": called.laws,
    "A sink among others": delivered.laws,
}
"""Every law by its name, in the order of the docs."""

LAWS: dict[str, Law] = {name: law for laws in KINDS.values() for name, law in laws.items()}
