"""The core's modules import each other in one direction, inside functions too."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "core" / "src"


def _name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")


class _Imports(ast.NodeVisitor):
    """The modules of the core that one module imports at run time."""

    def __init__(self, modules: set[str]) -> None:
        self.modules = modules
        self.found: set[str] = set()

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for one in node.orelse:
                self.visit(one)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {alias.name for alias in node.names} & self.modules

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            module = f"{node.module}.{alias.name}"
            self.found |= {module if module in self.modules else str(node.module)} & self.modules


def imports(sources: dict[str, str]) -> dict[str, set[str]]:
    """What each module imports. The package itself is left out: its names are looked up lazily."""
    graph = {}
    for name, text in sources.items():
        visitor = _Imports(set(sources) - {"modelstream"})
        visitor.visit(ast.parse(text))
        graph[name] = visitor.found - {name}
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules that remain after repeatedly removing all that import none of the others."""
    left = dict(graph)
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def core() -> dict[str, set[str]]:
    return imports({_name(path): path.read_text("utf-8") for path in SOURCES.rglob("*.py")})


def test_no_circle():
    assert circle(core()) == []


def test_calls_stand_below_wrappers_and_responses():
    above = {"modelstream.wrapper", "modelstream.response"}
    graph = core()
    assert {name: graph[name] & above for name in graph if name.startswith("modelstream.call.")} == {
        name: set() for name in graph if name.startswith("modelstream.call.")
    }


def test_a_circle_would_be_seen():
    sources = {
        "m.a": "def late():\n    from m import b\n",
        "m.b": "from m.a import x\n",
        "m.c": "from m import a\n",
        "m.d": "if TYPE_CHECKING:\n    from m import c\n",
    }
    assert circle(imports(sources)) == ["m.a", "m.b", "m.c"]
