"""Runs every fault against every wrapper, and writes the results into docs/reference/faults.md.

python tests/faults/fault_table.py
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from fault_columns import COLUMNS, model_type, subjects
from fault_rows import ENDINGS, FAULTS, NOT_THERE, ODDITIES
from fault_vendors import done

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"

PARTS = {
    "What goes wrong": FAULTS,
    "Unusual but valid answers": ODDITIES,
    "How a caller ends a call": ENDINGS,
}
ROWS = [row for rows in PARTS.values() for row in rows]
BREAK = "<br>"
BEGIN, END = "<!-- faults: generated -->", "<!-- end of faults -->"


def column(name):
    """The cells of a wrapper, by the names of the rows; what its transports have in common is one."""
    found = [results(tests) for tests in subjects(name)]
    return {row.name: _together([one[row.name] for one in found]) for row in ROWS}


def _together(texts):
    """The results of all transports as one cell; most are the same."""
    return " or ".join(dict.fromkeys(text for text in texts if text != NOT_THERE)) or NOT_THERE


def results(tests):
    """The cells of a wrapper with one transport."""
    try:
        suite = tests()
        return {row.name: row.cell(suite.bench) for row in ROWS}
    finally:
        tests.teardown_class()


def cell(row, name, found):
    """The result with modelstream, and below it that of the SDK alone."""
    vendors = done(row, name)
    return found if vendors is None else f"{found}{BREAK}*{vendors}*"


def tables(columns):
    """All parts, as tables."""
    lines = []
    for title, rows in PARTS.items():
        names = " | ".join(f"`{model_type(name)}`" for name in columns)
        lines += ["", f"## {title}", "", f"| | {names} |", f"|---|{'---|' * len(columns)}"]
        for row in rows:
            cells = [cell(row.name, name, found[row.name]) for name, found in columns.items()]
            lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return lines


def written():
    """The results on the page, by column and row."""
    columns = {name: {} for name in COLUMNS}
    for line in PAGE.read_text().splitlines():
        first, *cells = [part.strip() for part in line.strip("|").split(" | ")]
        if len(cells) == len(COLUMNS) and first:
            for name, text in zip(COLUMNS, cells, strict=True):
                columns[name][first] = text.rstrip(" |").partition(BREAK)[0]
    return columns


def page_with(columns):
    """The page with these columns."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGIN, *tables(columns), "", END + after])


def main():
    warnings.simplefilter("ignore")  # of the SDKs
    columns = {}
    for name in COLUMNS:
        columns[name] = column(name)
        print(model_type(name), flush=True)
    PAGE.write_text(page_with(columns))
    bad = [
        f"{name}, {row}: {text}"
        for name, found in columns.items()
        for row, text in found.items()
        if "**" in text
    ]
    return "\n".join(bad) or None


if __name__ == "__main__":
    sys.exit(main())
