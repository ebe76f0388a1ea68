"""Every package folder has the same shape, so that any of them can leave the repository unchanged."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

import modelstream

REPOSITORY = "https://github.com/modelstream/modelstream"

# Files that name the package index they were created with, and URLs of an index or of a file on one;
# the server of a test is not an index.
LOCK_FILE = re.compile(r"(^|/)(pylock[^/]*\.toml|[^/]*\.lock|[^/]*-lock\.(json|yaml)|npm-shrinkwrap\.json)$")
INDEX_ADDRESS = re.compile(
    rb"pypi\.org|pythonhosted\.org|registry\.npmjs\.org"
    rb"|://(?!127\.|localhost)[^\s\"'{}]+(\.whl|\.tgz|\.tar\.gz|/simple\b)"
)


def test_there_are_packages_of_each_kind(packages):
    assert {package.folder.parent.name for package in packages if not package.is_core} == {"plugins", "sinks"}


def test_all_packages_have_one_version(packages):
    versions = {package.project["version"] for package in packages if not package.is_core}
    assert versions == {modelstream.__version__}


def test_the_core_has_its_version_in_one_place(packages):
    (core,) = [package for package in packages if package.is_core]
    assert "version" not in core.project
    assert core.project["dynamic"] == ["version"]
    assert core.metadata["tool"]["hatch"]["version"] == {"path": "src/modelstream/__init__.py"}


def test_metadata_names_the_project(root, package):
    project = package.project
    assert project["authors"] == [{"name": "The modelstream authors"}]
    assert set(project["urls"]) == {"Homepage", "Documentation", "Repository", "Issues", "Changelog"}
    assert {url for url in project["urls"].values() if not url.startswith(REPOSITORY)} == set()
    on_main = [url.partition("/blob/main/")[2] for url in project["urls"].values() if "/blob/" in url]
    assert on_main
    assert [path for path in on_main if not (root / path).is_file()] == []


def test_classifiers_are_true(package):
    classifiers = package.project["classifiers"]
    pythons = [line.rpartition(":: ")[2] for line in classifiers if ":: Python :: 3." in line]
    assert pythons == ["3.11", "3.12", "3.13", "3.14"]
    systems = [line for line in classifiers if line.startswith("Operating System ::")]
    # Wheels of an engine exist for some systems only; all else runs wherever Python does.
    limited = any("sys_platform ==" in line for line in package.project["dependencies"])
    assert (systems == ["Operating System :: OS Independent"]) is not limited
    assert systems


def test_changelog_has_this_version(root):
    version = modelstream.__version__
    assert re.search(
        rf"^## .*\b{re.escape(version)}\b", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )


def test_every_folder_is_a_package(root):
    folders = [path for kind in ("plugins", "sinks") for path in (root / kind).iterdir() if path.is_dir()]
    assert [path.name for path in folders if not (path / "pyproject.toml").is_file()] == []


def test_folder_has_the_shape(package):
    wanted = ("pyproject.toml", "README.md", "LICENSE")
    assert [name for name in wanted if not (package.folder / name).is_file()] == []
    assert (package.source / "__init__.py").is_file()
    assert (package.source / "py.typed").read_bytes() == b""


def test_plugin_is_named_after_its_folder_and_has_tests(package):
    if package.is_core:
        assert package.project["name"] == "modelstream"
        return
    assert package.project["name"] == f"modelstream-{package.folder.name}"
    assert list((package.folder / "tests").rglob("test_*.py"))


def test_readme_says_how_to_install_this_package(root, package):
    name, folder = package.project["name"], f"./{package.folder.relative_to(root).as_posix()}"
    readme = (package.folder / "README.md").read_text("utf-8")
    assert readme.startswith(f"# {name}\n")
    lines = [line.split() for line in readme.splitlines() if "pip install" in line]
    assert [line for line in lines if name in line or folder in line]


def test_licence_is_included(root, package):
    assert package.project["license"] == "Apache-2.0"
    assert package.project["license-files"] == ["LICENSE"]
    assert (package.folder / "LICENSE").read_bytes() == (root / "LICENSE").read_bytes()


def test_plugin_has_an_entry_point_into_its_own_module(package):
    if package.is_core:
        assert package.project["scripts"] == {"modelstream": "modelstream.cli:main"}
        return
    group = {"plugins": "modelstream.models", "sinks": "modelstream.sinks"}[package.folder.parent.name]
    entries = package.project["entry-points"][group]
    assert entries
    assert {value.partition(":")[0].partition(".")[0] for value in entries.values()} == {package.source.name}


def test_requirements_have_lower_bounds(package):
    requirements = package.project["dependencies"]
    assert [line for line in requirements if ">=" not in line.partition(";")[0]] == []
    if not package.is_core:
        major, minor, _ = modelstream.__version__.split(".")
        above = f"0.{int(minor) + 1}" if major == "0" else str(int(major) + 1)
        assert f"modelstream>={major}.{minor},<{above}" in requirements


def test_python_and_backend_are_the_same_everywhere(packages):
    assert {package.project["requires-python"] for package in packages} == {">=3.11"}
    assert {str(package.metadata["build-system"]) for package in packages} == {
        str({"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"})
    }


def test_only_the_root_configures_tools(root, package):
    # Else a test run from a package's own folder would follow other rules than one from the root.
    assert set(package.metadata["tool"]) == {"hatch"}
    assert "project" not in tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def test_no_tracked_file_names_a_package_index(root):
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    names = [name for name in listing.stdout.decode().split("\0") if name]
    assert "core/pyproject.toml" in names
    assert [name for name in names if LOCK_FILE.search(name)] == []
    files = [root / name for name in names if (root / name).is_file()]
    assert [path for path in files if INDEX_ADDRESS.search(path.read_bytes())] == []
