"""Modules and functions stay small enough to be read at one sitting and at one glance."""

from __future__ import annotations

import ast

LONGEST_MODULE = 400
LONGEST_FUNCTION = 50


def _modules(package):
    return {
        path.relative_to(package.source).as_posix(): path.read_text("utf-8")
        for path in sorted(package.source.rglob("*.py"))
    }


def _functions(name: str, code: str):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_modules_are_short(package):
    lengths = {name: len(code.splitlines()) for name, code in _modules(package).items()}
    assert lengths
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_are_short(package):
    lengths = dict(pair for module in _modules(package).items() for pair in _functions(*module))
    assert lengths
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}
