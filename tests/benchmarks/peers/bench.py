"""Measures modelstream beside its peers, and prints tables in Markdown.

    python tests/benchmarks/peers/bench.py [measure ...] [--quick | --write]

The measures are cost, long, lag, streams, start, sinks and wrappers; without names, all of them, which takes
some eighteen minutes. `--quick` takes the floor, the openai SDK and modelstream alone, from the environment
that it runs in. `--write` puts the tables and plots into the docs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import measures
import tables
from environments import CLIENTS, KEPT, ROOT, needed, python_for, versions
from plots import bars
from stage import Stage, Way, all_ways
from targets import targets_table

PAGE = ROOT / "docs" / "explanation" / "performance.md"
QUICK = ("floor", "openai_sdk", "modelstream_openai")
PLOTS = (
    ("cost 5000", "cost-per-chunk.svg", "CPU time for each chunk (µs, logarithmic)", "cpu", "µs"),
    ("streams", "streams-per-core.svg", "Streams that one process carries (logarithmic)", "streams", ""),
)
NAMES = ("cost", "long", "lag", "streams", "start", "sinks", "wrappers")


def main() -> None:
    """Run the selected measures."""
    options = arguments()
    with suppress(AttributeError, OSError):
        os.nice(5)
    names = options.only
    ways = [way for way in all_ways() if any(one in way.name or one in way.client.stem for one in names)]
    if options.quick:
        ways = [way for way in ways if way.client.stem in QUICK]
    results: dict[str, Any] = {}
    with Stage(sys.executable if options.quick else None) as stage:
        texts = {"versions": versions_text(stage, ways)}
        say("versions", texts["versions"])
        if len(ways) < len(all_ways()):
            del texts["versions"]
        for name in options.measures or NAMES:
            found = measure(name, stage, ways, options)
            for title, rows in found.items():
                texts[title] = as_text(title, rows, ways)
                say(title, texts[title])
            results |= found
    say("targets", targets_table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    if options.write:
        write(texts, results)


def write(texts: dict[str, str], results: dict[str, Any]) -> None:
    """Write the tables into the docs; the targets also use the results of earlier runs."""
    kept = KEPT / "results.json"
    everything = json.loads(kept.read_text()) if kept.is_file() else {}
    everything |= results
    kept.write_text(json.dumps(everything, indent=1))
    tables.put(PAGE, texts | {"targets": targets_table(everything)})
    plot(results)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measures", nargs="*", metavar="measure", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--only", action="append", help="a part of a client's name; may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", type=Path, help="a file for the results")
    options = parser.parse_args()
    if unknown := set(options.measures) - set(NAMES):
        parser.error(f"no measure is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    options.only = [*options.only, "floor"] if options.only else [""]
    return options


def measure(name: str, stage: Stage, ways: list[Way], options: argparse.Namespace) -> dict[str, Any]:
    """The results of one measure, by the titles of their tables."""
    peers = [way for way in ways if not way.over and not way.client.stem.endswith("_wrapper")]
    answering = [way for way in peers if "pairs" not in way.name]
    if name == "cost":
        sizes = [(2000, options.rounds)] if options.quick else [(5000, options.rounds), (20_000, 1)]
        return {f"cost {size}": measures.cost(stage, peers, size, rounds) for size, rounds in sizes}
    if name == "lag":
        return {"lag": measures.lag(stage, answering)}
    if name == "streams":
        return {"streams": measures.streams(stage, carrying(answering))}
    if name == "start":
        rounds = min(3, options.rounds)
        command = {} if options.quick else measures.version(python_for(CLIENTS / "every_plugin.py"), rounds)
        clients = {way.client: way for way in reversed(answering) if "native" not in way.name}
        starting = [way for way in answering if way in clients.values() or way.name == "modelstream native"]
        return {"start": measures.start(stage, starting, rounds) | command}
    if name == "wrappers":
        sdks = {way.over for way in ways}
        theirs = [way for way in ways if way.over or way.name in sdks]
        return {"wrappers": measures.cost(stage, theirs, 5000, options.rounds)}
    ours = next(way for way in all_ways() if way.client.stem == "modelstream_openai")
    script = {"long": "framework.py", "sinks": "sinks.py"}[name]
    return {name: measures.in_process(stage.interpreter(ours), script)}


def carrying(ways: list[Way]) -> list[Way]:
    """The ways that carry many streams: in coroutines, or in threads where there is nothing better."""
    in_coroutines = {way.client for way in ways if way.is_async}
    return [way for way in ways if way.is_async or way.client not in in_coroutines]


def as_text(title: str, found: Any, ways: list[Way]) -> str:
    """A result as it is shown."""
    if isinstance(found, str):
        return found.rstrip() if found.startswith("|") else f"```text\n{found.rstrip()}\n```"
    if title == "wrappers":
        return tables.wrappers_table(found, {way.name: way.over for way in ways if way.over})
    shown = {"lag": tables.lag_table, "streams": tables.streams_table, "start": tables.start_table}
    return shown.get(title, tables.cost_table)(found)


def versions_text(stage: Stage, ways: list[Way]) -> str:
    """Which versions take part, and where."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    texts = [f"CPython {platform.python_version()}, {machine}"]
    for client in dict.fromkeys(way.client for way in ways):
        names = [re.split(r"[\[<>=]", name)[0] for name in needed(client)]
        stands_on = ["openai"] if client.stem.endswith(("_peer", "_openai")) else []
        found = versions(stage.python or python_for(client), list(dict.fromkeys(names + stands_on)))
        texts.append(" with ".join(f"{name} {version}" for name, version in found.items()))
    return "; ".join(dict.fromkeys(texts)) + "."


def say(title: str, text: str) -> None:
    """Print a result."""
    print(f"\n## {title}\n\n{text}", flush=True)


def plot(results: dict[str, Any]) -> None:
    """Write the two plots."""
    for title, file, heading, key, unit in PLOTS:
        if rows := results.get(title):
            least_first = sorted(rows, key=lambda name: rows[name][key], reverse=key == "streams")
            values = {name: rows[name][key] for name in least_first}
            PAGE.with_name(file).write_text(bars(heading, values, unit), encoding="utf-8")


if __name__ == "__main__":
    main()
