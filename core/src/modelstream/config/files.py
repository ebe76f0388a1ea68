"""Reading the files that hold model configs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelstream.errors import ConfigError


def read_configs(name: str) -> Any:
    """What a .json or .toml file holds. Raises a `ConfigError` that names the file, and the line at fault."""
    path = Path(name)
    read = {".json": _json, ".toml": _toml}.get(path.suffix.lower())
    if read is None:
        raise ConfigError(f"Model configs {str(path)!r}: not a .json or .toml file.")
    try:
        # Editors on Windows put a byte order mark in front.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"Model configs {str(path)!r}: there is no such file in {Path.cwd()}.") from None
    except OSError as error:
        raise ConfigError(f"Model configs {str(path)!r}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"Model configs {str(path)!r}: not UTF-8 text at byte {error.start}.") from None
    return read(text, path)


def _json(text: str, path: Path) -> Any:
    import json

    try:
        return json.loads(text, object_pairs_hook=_without_repeated_keys)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"Model configs {str(path)!r}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}."
        ) from None
    except KeyError as error:
        raise ConfigError(
            f"Model configs {str(path)!r}: the key {error} stands twice in one object."
        ) from None


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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
        raise ConfigError(f"Model configs {str(path)!r}: not TOML: {error}.") from None
