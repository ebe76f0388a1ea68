"""The laws that every model wrapper must keep, by kind."""

from modelstream.testing._kit.law import Law
from modelstream.testing._kit.laws import agreement, asking, ending, failing, refusing, saying, telling

KINDS: dict[str, dict[str, Law]] = {
    "The text": telling.laws,
    "What else is said": saying.laws,
    "One answer, however it is read": agreement.laws,
    "Answers that break off": failing.laws,
    "Calls that are refused": refusing.laws,
    "Asking, and asking again": asking.laws,
    "Ending a call": ending.laws,
}
"""Every law by its name, in the order of the docs."""

LAWS: dict[str, Law] = {name: law for laws in KINDS.values() for name, law in laws.items()}
