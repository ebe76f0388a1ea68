"""Results as tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

RATE = 50  # chunks a second of each stream
Rows = dict[str, dict[str, Any]]
Column = tuple[str, Callable[[dict[str, Any]], str]]


def table(rows: Rows, what: str, columns: Sequence[Column], *, by: str = "") -> str:
    """A table with a line for each row, in order of the value `by`; ours stand out."""
    order = sorted(rows, key=lambda name: rows[name].get(by, 0)) if by else list(rows)
    head = [what, *(title for title, _ in columns)]
    lines = [head, ["---", *["---:"] * len(columns)]]
    lines += [[ours_bold(name), *(show(rows[name]) for _, show in columns)] for name in order]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def ours_bold(name: str) -> str:
    """Our ways in bold."""
    return f"**{name}**" if name.startswith("modelstream") else name


def number(key: str, digits: int = 1) -> Callable[[dict[str, Any]], str]:
    """Shows a value."""
    return lambda row: f"{row[key]:,.{digits}f}".replace(",", " ") if key in row else ""


def cost_table(rows: Rows) -> str:
    """CPU time for each chunk."""
    with_ratios = {name: row | ratios(rows, name) for name, row in rows.items()}
    columns: list[Column] = [
        ("µs/chunk", number("cpu")),
        ("(least)", number("least")),
        ("× floor", number("floor")),
        ("openai SDK / this", number("sdk")),
        ("litellm / this", number("litellm")),
        ("peak MB", number("peak", 0)),
    ]
    return table(with_ratios, "client", columns, by="cpu")


def ratios(rows: Rows, name: str) -> dict[str, float]:
    """How a way stands to the floor and, in coroutines or out of them as it is itself, to two peers."""
    end = ", async" if "async" in name else ""
    found = {}
    if "floor" in rows:
        found["floor"] = rows[name]["cpu"] / rows["floor"]["cpu"]
    for key, peer in (("sdk", f"openai SDK{end}"), ("litellm", f"litellm{end}")):
        if peer in rows:
            found[key] = rows[peer]["cpu"] / rows[name]["cpu"]
    return found


def lag_table(rows: Rows) -> str:
    """Delays."""
    columns: list[Column] = [
        ("median ms", number("median", 2)),
        ("p99 ms", number("p99")),
        ("waits for the next chunk", lambda row: "yes" if row["waits"] else "no"),
        ("warm call ms", number("call")),
    ]
    return table(rows, "client", columns, by="median")


def streams_table(rows: Rows) -> str:
    """What one process carries."""
    sdk = rows.get("openai SDK, async", {}).get("streams")
    litellm = rows.get("litellm, async", {}).get("streams")
    both = {
        name: row
        | ({"sdk": row["streams"] / sdk} if sdk else {})
        | ({"litellm": row["streams"] / litellm} if litellm else {})
        | {"less": -row["streams"], "by CPU": 1e6 / RATE / row["cpu"]}
        for name, row in rows.items()
    }
    columns: list[Column] = [
        ("streams", number("streams", 0)),
        ("× openai async", number("sdk")),
        ("× litellm async", number("litellm")),
        ("CPU µs/chunk", number("cpu", 0)),
        ("a core by that", number("by CPU", 0)),
        ("p99 ms at half", number("half p99")),
        ("worst ms at half", number("half most")),
    ]
    return table(both, "client", columns, by="less")


def start_table(rows: Rows) -> str:
    """Imports."""
    columns: list[Column] = [
        ("import, CPU ms", number("import", 0)),
        ("+ first answer, CPU ms", number("first", 0)),
    ]
    return table(rows, "client", columns, by="import")


def wrappers_table(rows: Rows, over: dict[str, str]) -> str:
    """Our wrappers beside the SDKs below them."""
    pairs = {
        ours: {"ours": rows[ours]["cpu"], "theirs": rows[sdk]["cpu"], "name": sdk}
        for ours, sdk in over.items()
        if ours in rows and sdk in rows
    }
    columns: list[Column] = [
        ("µs/chunk", number("ours")),
        ("its SDK", lambda row: str(row["name"])),
        ("µs/chunk there", number("theirs")),
        ("SDK / this", lambda row: f"{row['theirs'] / row['ours']:.1f}"),
    ]
    return table(pairs, "wrapper", columns)


def put(page: Path, tables: dict[str, str]) -> None:
    """Put tables between their marks in a page: `<!-- bench: cost -->` and `<!-- end -->`."""
    text = page.read_text(encoding="utf-8")
    for name, content in tables.items():
        mark = re.compile(rf"(<!-- bench: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = mark.sub(lambda found, content=content: f"{found[1]}\n{content}\n\n{found[2]}", text)
    page.write_text(text, encoding="utf-8")
