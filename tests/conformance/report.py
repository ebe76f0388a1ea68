"""Writes the laws of the kit, and the defects that it notices, into docs/reference/conformance.md.

python tests/conformance/report.py          # the expected tables
python tests/conformance/report.py --score  # runs the laws on all mutants, which takes minutes
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
    "extras": "Wrappers: other content",
    "tools": "Wrappers: tool calls",
    "ends": "Wrappers: the end",
    "failures": "Wrappers: answers that break off",
    "refusals": "Wrappers: calls that are refused",
    "responses": "Wrappers: their own response",
    "calls": "Wrappers: ending a call",
    "loops": "Wrappers: the event loop",
    "sharing": "Wrappers: several calls",
    "sink_texts": "Sinks: the text and its end",
    "sinks": "Sinks: everything else",
}


def laws(kinds):
    """The laws of these kinds, as tables."""
    lines = []
    for title, found in kinds.items():
        lines += ["", f"### {title}", "", "| law | requirement |", "|---|---|"]
        lines += [f"| `{law.name}` | {law.sentence} |" for law in found.values()]
    return lines


def score(noticed):
    """The mutants and the laws that notice them, as tables; `noticed` maps names to laws, or to None."""
    lines, kind = [], None
    for mutant in mutants():
        if mutant.kind != kind:
            kind = mutant.kind
            lines += ["", f"### {TITLES[kind]}", "", "| mutant | defect | noticed by |", "|---|---|---|"]
        law = noticed[mutant.name]
        lines.append(f"| `{mutant.name}` | {mutant.defect} | {f'`{law}`' if law else '**nothing**'} |")
    count = sum(law is not None for law in noticed.values())
    head = f"**{count} of {len(noticed)} noticed**, no false alarm for the {len(WHOLE)} without a defect."
    return ["", head, *lines]


def put(page, name, lines):
    """The page with these lines between the markers of this name."""
    begin, end = f"<!-- {name}: generated -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return "\n".join([before + begin, *lines, "", end + after])


def page_with(noticed):
    """The page with the laws and these results."""
    page = put(put(PAGE.read_text(), "laws", laws(KINDS)), "sink laws", laws(SINK_KINDS))
    return put(page, "score", score(noticed))


def expected_results():
    """The expected results: each mutant is noticed by its law."""
    return {mutant.name: mutant.breaks for mutant in mutants()}


def actual_results():
    """Run the laws: the law that notices each mutant."""
    noticed = {}
    for mutant in mutants():
        noticed[mutant.name] = mutant.noticed_by()
        print(f"{mutant.name:32} {noticed[mutant.name]}", flush=True)
    return noticed


def alarms():
    """The laws that fail for something without a defect."""
    return [f"{subject.cls.__name__}: {error}" for subject in WHOLE for _, _, error in subject.broken_laws()]


def main():
    if "--score" not in sys.argv[1:]:
        PAGE.write_text(page_with(expected_results()))
        return None
    false = alarms()
    if false:
        return "\n\n".join(["false alarms:", *false])
    noticed = actual_results()
    PAGE.write_text(page_with(noticed))
    others = [name for name, law in expected_results().items() if noticed[name] != law]
    return f"not noticed by their laws: {', '.join(others)}" if others else None


if __name__ == "__main__":
    sys.exit(main())
