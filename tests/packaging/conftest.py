"""The packages of this repository, read from the folder tree as nox reads them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Package:
    folder: Path
    metadata: dict[str, Any]

    @property
    def project(self) -> dict[str, Any]:
        return self.metadata["project"]

    @property
    def is_core(self) -> bool:
        return self.folder.name == "core"

    @property
    def source(self) -> Path:
        return self.folder / "src" / self.project["name"].replace("-", "_")


def _packages() -> list[Package]:
    found = [path for pattern in ("core", "plugins/*", "sinks/*") for path in sorted(ROOT.glob(pattern))]
    return [
        Package(path, tomllib.loads((path / "pyproject.toml").read_text("utf-8")))
        for path in found
        if (path / "pyproject.toml").exists()
    ]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def packages() -> list[Package]:
    return _packages()


@pytest.fixture(params=_packages(), ids=lambda package: package.project["name"])
def package(request: pytest.FixtureRequest) -> Package:
    return request.param
