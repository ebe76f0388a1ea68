"""Modules and functions stay small enough to be read at one sitting and at one glance."""

from __future__ import annotations

import ast
from pathlib import Path

LONGEST_MODULE = 400
LONGEST_FUNCTION = 50


def _modules(package):
    return sorted(package.source.rglob("*.py"))


def _functions(path: Path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.name}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_modules_are_short(package):
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in _modules(package)}
    assert lengths
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_are_short(package):
    lengths = dict(item for path in _modules(package) for item in _functions(path))
    assert lengths
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
