"""Writes what the kit demands, and what it notices, into docs/reference/conformance.md.

python tests/conformance/report.py          # the tables as they should be
python tests/conformance/report.py --score  # and holds all that is broken to its law, which takes minutes
"""

from __future__ import annotations

import sys
from pathlib import Path

from scoring import WHOLE, mutants

from modelstream.testing._kit.laws import KINDS
from modelstream.testing._kit.sink_laws import KINDS as SINK_KINDS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conformance.md"

TITLES = {
    "texts": "Wrappers: the text",
    "formats": "Wrappers: the format",
    "extras": "Wrappers: what else is said",
    "tools": "Wrappers: tool calls",
    "ends": "Wrappers: the end",
    "failures": "Wrappers: answers that break off",
    "refusals": "Wrappers: calls that are refused",
    "responses": "Wrappers: a response of their own",
    "calls": "Wrappers: ending a call",
    "loops": "Wrappers: the event loop",
    "sharing": "Wrappers: several calls",
    "sink_texts": "Sinks: the text and its end",
    "sinks": "Sinks: whatever else they do",
}


def laws(kinds):
    """The laws of these kinds, as tables."""
    lines = []
    for title, found in kinds.items():
        lines += ["", f"### {title}", "", "| law | what it says |", "|---|---|"]
        lines += [f"| `{law.name}` | {law.sentence} |" for law in found.values()]
    return lines


def score(noticed):
    """What is broken and the law that notices it, as tables; `noticed` has the law, or None, by the name."""
    lines, kind = [], None
    for mutant in mutants():
        if mutant.kind != kind:
            kind = mutant.kind
            lines += ["", f"### {TITLES[kind]}", "", "| broken | it | noticed by |", "|---|---|---|"]
        law = noticed[mutant.name]
        lines.append(f"| `{mutant.name}` | {mutant.defect} | {f'`{law}`' if law else '**nothing**'} |")
    count = sum(law is not None for law in noticed.values())
    head = f"**{count} of {len(noticed)} noticed**, no alarm on the {len(WHOLE)} that are whole."
    return ["", head, *lines]


def put(page, name, lines):
    """The page with these lines between the marks of this name."""
    begin, end = f"<!-- {name}: generated -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return "\n".join([before + begin, *lines, "", end + after])


def page_with(noticed):
    """The page as it should be."""
    page = put(put(PAGE.read_text(), "laws", laws(KINDS)), "sink laws", laws(SINK_KINDS))
    return put(page, "score", score(noticed))


def as_it_should_be():
    """Every mutant is noticed by its law."""
    return {mutant.name: mutant.breaks for mutant in mutants()}


def as_it_is():
    """The law that notices each mutant, in a run."""
    noticed = {}
    for mutant in mutants():
        noticed[mutant.name] = mutant.noticed_by()
        print(f"{mutant.name:32} {noticed[mutant.name]}", flush=True)
    return noticed


def alarms():
    """The laws that say of something whole that it breaks them."""
    return [f"{subject.made.__name__}: {error}" for subject in WHOLE for _, _, error in subject.broken_laws()]


def main():
    if "--score" not in sys.argv[1:]:
        PAGE.write_text(page_with(as_it_should_be()))
        return None
    false = alarms()
    if false:
        return "\n\n".join(["false alarms:", *false])
    noticed = as_it_is()
    PAGE.write_text(page_with(noticed))
    others = [name for name, law in as_it_should_be().items() if noticed[name] != law]
    return f"not noticed by their laws: {', '.join(others)}" if others else None


if __name__ == "__main__":
    sys.exit(main())
