"""`modelstream plugins`: the installed plugins and their problems."""

from __future__ import annotations

import json
import sys

import msgspec

from modelstream.plugins.registry import PluginInfo, registry


def list_plugins(*, as_json: bool) -> int:
    """Load every plugin and print a line for each, also for broken ones; returns the exit code."""
    found = registry().describe(load=True)
    if as_json:
        for plugin in found:
            sys.stdout.write(json.dumps(msgspec.to_builtins(plugin), ensure_ascii=False) + "\n")
    else:
        if found:
            _print_table(found)
        if all(plugin.kind == "dialect" for plugin in found):
            sys.stdout.write(
                "No plugins are installed. Try: pip install modelstream-local modelstream-terminal\n"
            )
    return 0


def _print_table(found: list[PluginInfo]) -> None:
    rows = [("KIND", "NAME", "DISTRIBUTION", "VERSION", "STATE")]
    rows += [(p.kind, p.name, p.distribution or "-", p.version or "-", p.state) for p in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, plugin in zip(rows, [None, *found], strict=True):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
        if plugin is not None and plugin.why:
            sys.stdout.write(f"      {plugin.why}\n")
