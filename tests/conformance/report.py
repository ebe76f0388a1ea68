"""Writes what the kit demands, and what it notices, into docs/reference/conformance.md.

python tests/conformance/report.py          # the lists of laws
python tests/conformance/report.py --score  # and the table of what is broken, which takes some minutes
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from scoring import mutants

from modelstream.testing.laws import KINDS
from modelstream.testing.sink_laws import KINDS as SINK_KINDS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conformance.md"

TITLES = {
    "texts": "Wrappers: the text",
    "formats": "Wrappers: the format",
    "extras": "Wrappers: what else is said",
    "ends": "Wrappers: the end",
    "failures": "Wrappers: failures and retries",
    "responses": "Wrappers: a response of their own",
    "calls": "Wrappers: ending a call, other calls, the event loop",
    "sinks": "Sinks",
}

ROW = re.compile(r"\| `(?P<mutant>\w+\.\w+)` \|.*\| `(?P<law>\w+)` \((?P<way>\w+)\) \|")


def laws(kinds):
    """The laws of these kinds, as tables."""
    lines = []
    for title, found in kinds.items():
        lines += ["", f"### {title}", "", "| law | what it says |", "|---|---|"]
        lines += [f"| `{law.name}` | {law.sentence} |" for law in found.values()]
    return lines


def score():
    """What is broken, and which law notices it first, as tables; and whether all of it was noticed."""
    lines, missed, count = [], [], 0
    for mutant in mutants():
        if not lines or f"### {TITLES[mutant.kind]}" not in lines:
            lines += ["", f"### {TITLES[mutant.kind]}", "", "| broken | it | noticed by |", "|---|---|---|"]
        law, way, _ = next(mutant.broken_laws(), (None, None, None))
        count += 1
        if law is None:
            missed.append(mutant.name)
        lines.append(
            f"| `{mutant.name}` | {mutant.defect} | {f'`{law}` ({way})' if law else '**nothing**'} |"
        )
        print(lines[-1], flush=True)
    head = f"**{count - len(missed)} of {count} noticed**, no alarm on the three that are whole."
    return ["", head, *lines], missed


def put(page, name, lines):
    """The page with these lines between the marks of this name."""
    begin, end = f"<!-- {name}: generated -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return "\n".join([before + begin, *lines, "", end + after])


def noticed():
    """The table of the page: by which law, called in which way, each mutant is noticed."""
    return {row["mutant"]: (row["law"], row["way"]) for row in ROW.finditer(PAGE.read_text())}


def page_with_laws(page):
    """The page with the laws as they are now."""
    return put(put(page, "laws", laws(KINDS)), "sink laws", laws(SINK_KINDS))


def main():
    page = page_with_laws(PAGE.read_text())
    missed = []
    if "--score" in sys.argv[1:]:
        table, missed = score()
        page = put(page, "score", table)
    PAGE.write_text(page)
    return f"not noticed: {', '.join(missed)}" if missed else None


if __name__ == "__main__":
    sys.exit(main())
