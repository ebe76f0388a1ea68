"""Reads the files that contain model configs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelstream.errors import ConfigError


def read_configs(name: str) -> Any:
    """Read a .json or .toml file. Raises a `ConfigError` that names the file, and the invalid line."""
    path = Path(name)
    read = {".json": _json, ".toml": _toml}.get(path.suffix.lower())
    if read is None:
        raise ConfigError(f"Model configs {str(path)!r}: not a .json or .toml file.")
    try:
        # Editors on Windows may write a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"Model configs {str(path)!r}: no such file in {Path.cwd()}.") from None
    except OSError as error:
        raise ConfigError(f"Model configs {str(path)!r}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"Model configs {str(path)!r}: invalid UTF-8 at byte {error.start}.") from None
    return read(text, path)


def _json(text: str, path: Path) -> Any:
    import json

    try:
        return json.loads(text, object_pairs_hook=_reject_duplicate_keys)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"Model configs {str(path)!r}, line {error.lineno}, column {error.colno}:"
            f" invalid JSON: {error.msg}."
        ) from None
    except KeyError as error:
        raise ConfigError(f"Model configs {str(path)!r}: duplicate key {error} in one object.") from None


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise KeyError(key)
        found[key] = value
    return found


def _toml(text: str, path: Path) -> Any:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Model configs {str(path)!r}: invalid TOML: {error}.") from None
