"""The laws that every model wrapper must keep, by kind."""

from modelstream.testing._kit.law import Law
from modelstream.testing._kit.laws import (
    closing,
    consistency,
    content,
    ends,
    failures,
    refusals,
    requests,
    text,
)

KINDS: dict[str, dict[str, Law]] = {
    "The text": text.laws,
    "Other content": content.laws,
    "One answer, read in several ways": consistency.laws,
    "The end of an answer": ends.laws,
    "Answers that break off": failures.laws,
    "Calls that are refused": refusals.laws,
    "Requests and retries": requests.laws,
    "Ending a call": closing.laws,
}
"""Every law by its name, in the order of the docs."""

LAWS: dict[str, Law] = {name: law for laws in KINDS.values() for name, law in laws.items()}
