"""Reads the entry points of installed distributions from their metadata; no plugin is imported.

`importlib.metadata` finds the same and more, but importing it takes far longer than this whole scan. It is
used for archives on `sys.path`, and by `search`, before a name is reported as unknown.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from modelstream.plugins.kinds import CONTRACTS, Kind

if TYPE_CHECKING:
    from importlib.metadata import Distribution

Reader = Callable[[str], str]
"""Returns the text of a metadata file of one distribution, empty if there is none."""

_KIND_OF_GROUP: dict[str, Kind] = {contract.group: kind for kind, contract in CONTRACTS.items()}
_lock = threading.Lock()
_installed: tuple[EntryPoint, ...] | None = None


class EntryPoint(msgspec.Struct, frozen=True):
    """One name that an installed distribution provides; `value` is `module` or `module:attribute`."""

    kind: Kind
    name: str
    value: str
    distribution: str
    version: str


def installed() -> tuple[EntryPoint, ...]:
    """All entry points of modelstream's groups on `sys.path`. Scanned once per process; thread-safe."""
    found = _installed
    if found is None:
        with _lock:
            found = _installed if _installed is not None else _publish()
    return found


def refresh() -> tuple[EntryPoint, ...]:
    """Scan again: something was installed, or `sys.path` changed."""
    with _lock:
        return _publish()


def _publish() -> tuple[EntryPoint, ...]:
    # One assignment: a reader without the lock must never see a partial index.
    global _installed  # noqa: PLW0603
    _installed = tuple(scan(sys.path))
    return _installed


def scan(path: Iterable[object]) -> Iterator[EntryPoint]:
    """The entry points on `path`; of several copies of a distribution only the first counts, as in Python."""
    seen: set[str] = set()
    for folder in dict.fromkeys(entry for entry in path if isinstance(entry, str)):
        for name, read in _distributions_in(folder):
            key = normalized(name)
            if key not in seen:
                seen.add(key)
                yield from _entry_points_of(name, read)


def search() -> Iterator[EntryPoint]:
    """The entry points that `importlib.metadata` finds, also with other finders on `sys.meta_path`. Slow."""
    from importlib import metadata

    everything = metadata.entry_points()
    for group, kind in _KIND_OF_GROUP.items():
        for entry in everything.select(group=group):
            distribution = entry.dist
            name, version = (distribution.name, distribution.version) if distribution else ("?", "?")
            yield EntryPoint(kind, entry.name, entry.value, name, version)


def normalized(name: str) -> str:
    """A distribution's name in normalized form: `Modelstream.OpenAI` is `modelstream-openai`."""
    return "-".join(filter(None, name.lower().replace("_", "-").replace(".", "-").split("-")))


def _distributions_in(folder: str) -> Iterator[tuple[str, Reader]]:
    """The distributions with metadata in a `sys.path` entry: a name, and a reader of their files."""
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208 - pathlib costs more than the scan
    except NotADirectoryError:
        yield from _distributions_in_archive(folder)
        return
    except (OSError, ValueError):
        return
    for name in names:
        stem, _, suffix = name.rpartition(".")
        # "~" marks the remains of an interrupted pip.
        if suffix in {"dist-info", "egg-info"} and not stem.startswith("~"):
            yield stem.partition("-")[0], partial(_read, os.path.join(folder, name))  # noqa: PTH118


def _distributions_in_archive(archive: str) -> Iterator[tuple[str, Reader]]:
    from importlib import metadata

    for distribution in metadata.distributions(path=[archive]):
        read = partial(_read_archived, distribution)
        name = _header(read).get("name")
        if name:
            yield name, read


def _read_archived(distribution: Distribution, file: str) -> str:
    return distribution.read_text(file) or ""


def _read(folder: str, file: str) -> str:
    try:
        with open(os.path.join(folder, file), "rb", buffering=0) as opened:  # noqa: PTH118, PTH123
            return opened.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _entry_points_of(name: str, read: Reader) -> Iterator[EntryPoint]:
    text = read("entry_points.txt")
    if "modelstream." not in text:
        return
    header = _header(read)
    for kind, entry_name, value in _entries(text):
        yield EntryPoint(kind, entry_name, value, header.get("name", name), header.get("version", "?"))


def _header(read: Reader) -> dict[str, str]:
    """The fields of a distribution's METADATA, up to its description; keys in lower case."""
    fields: dict[str, str] = {}
    for line in (read("METADATA") or read("PKG-INFO")).splitlines():
        if not line:
            break
        key, _, value = line.partition(":")
        fields.setdefault(key.lower(), value.strip())
    return fields


def _entries(text: str) -> Iterator[tuple[Kind, str, str]]:
    kind: Kind | None = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            kind = _KIND_OF_GROUP.get(line.strip("[] "))
        elif kind is not None and line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield kind, name.strip(), value.strip()
