"""The laws that every sink must keep, by kind."""

from modelstream.testing._kit.law import Law
from modelstream.testing._kit.sink_laws import alone, together

KINDS: dict[str, dict[str, Law]] = {
    "A sink by itself": alone.laws,
    "A sink among others": together.laws,
}
"""Every law by its name, in the order of the docs."""

LAWS: dict[str, Law] = {name: law for laws in KINDS.values() for name, law in laws.items()}
