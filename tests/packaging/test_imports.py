"""Plugins and sinks stand on what is public, so that the core can be changed inside."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import modelstream.wire

PUBLIC = frozenset(
    {
        "modelstream",
        "modelstream.agents",
        "modelstream.config",
        "modelstream.deltas",
        "modelstream.errors",
        "modelstream.hookspecs",
        "modelstream.per_process",
        "modelstream.plugins",
        "modelstream.request",
        "modelstream.response",
        "modelstream.sinks",
        "modelstream.sinks.base",
        "modelstream.sinks.question",
        "modelstream.snapshot",
        "modelstream.wire",
        "modelstream.wrapper",
    }
)


def imported(source):
    """Each module of the core that is imported, wherever it stands, with the name taken from it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((name.name, None) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.module, name.name) for name in node.names)


def is_private(module, name):
    if module.split(".")[0] != "modelstream":
        return False
    return module not in PUBLIC or (name or "").startswith("_")


@pytest.mark.parametrize(
    ("line", "private"),
    [
        ("from modelstream import load_model", False),
        ("from modelstream.wire import HttpChat", False),
        ("from modelstream_other.call import anything", False),
        ("from modelstream import _suggest", True),
        ("from modelstream.wire.native import post", True),
        ("import modelstream.call.error_mapping", True),
        ("def f():\n    from modelstream.call import timeouts", True),
        ("if TYPE_CHECKING:\n    from modelstream.wire.native.loops import AsyncNativeStream", True),
    ],
)
def test_what_is_private_is_recognised(line, private):
    assert [is_private(*one) for one in imported(line)] == [private]


def test_a_package_imports_only_public_modules(package):
    if package.is_core:
        pytest.skip("the core may import itself")
    found = [
        f"{path.relative_to(package.folder)}: {module} {name or ''}".rstrip()
        for path in sorted(package.source.rglob("*.py"))
        for module, name in imported(path.read_text("utf-8"))
        if is_private(module, name)
    ]
    assert found == []


def test_the_examples_import_only_public_modules():
    folder = Path(__file__).parents[2] / "examples"
    sources = sorted([*folder.glob("*.py"), *folder.glob("*/src/**/*.py")])
    found = [
        f"{path.relative_to(folder)}: {module} {name or ''}".rstrip()
        for path in sources
        for module, name in imported(path.read_text("utf-8"))
        if is_private(module, name) and module != "modelstream.testing"
    ]
    assert sources
    assert found == []


def test_all_names_of_the_wire_can_be_imported():
    assert [name for name in modelstream.wire.__all__ if not hasattr(modelstream.wire, name)] == []


def test_no_name_of_the_wire_is_that_of_a_module():
    # The import of the module would put it in the place of what is meant.
    modules = {path.stem for path in Path(modelstream.wire.__file__).parent.iterdir()}
    assert modules & set(modelstream.wire.__all__) == set()
