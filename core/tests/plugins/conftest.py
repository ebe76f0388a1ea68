"""Distributions created by the tests: real folders on `sys.path`, as an installer leaves them."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from modelstream.plugins import entry_points
from modelstream.plugins.registry import Registry

ECHO = """
    from modelstream.wrapper import ModelWrapper

    class Echo(ModelWrapper):
        model_type = "echo"
"""


class Site:
    """A site-packages folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)

    def module(self, name: str, source: str = ECHO) -> None:
        """A module to import."""
        (self.path / f"{name}.py").write_text(dedent(source), encoding="utf-8")

    def metadata(self, folder: str, header: str, **entries: dict):
        """The metadata of a distribution, with these entry points."""
        info = self.path / folder
        info.mkdir()
        (info / ("METADATA" if folder.endswith("dist-info") else "PKG-INFO")).write_text(header)
        lines = ["[console_scripts]", "example = nowhere:main", ""]
        for group, offered in entries.items():
            lines += [f"[modelstream.{group}]", *(f"{name} = {value}" for name, value in offered.items()), ""]
        (info / "entry_points.txt").write_text("\n".join(lines))
        return info

    def install(self, name: str, version: str = "1.0", **entries: dict):
        """A distribution, as pip leaves it."""
        folder = f"{name.replace('-', '_')}-{version}.dist-info"
        header = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n\nName: not this one\n"
        return self.metadata(folder, header, **entries)

    def plugin(self, module: str, source: str = ECHO, **entries: dict) -> None:
        """A distribution `modelstream-<module>` with one module."""
        self.module(module, source)
        self.install(f"modelstream-{module}", **entries)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty site-packages folder, first on `sys.path`."""
    before = set(sys.modules)
    created = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(created.path)
    yield created
    for name in set(sys.modules) - before:
        if str(created.path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]
    monkeypatch.undo()
    entry_points.refresh()


@pytest.fixture
def registry(site):
    """A registry that sees that folder and nothing else."""
    return Registry(path=[str(site.path)])
