"""The engine, llama.cpp through xllamacpp: loaded on first use, one for each model file, and kept."""

from __future__ import annotations

import atexit
import importlib
import os
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelstream.errors import ConfigError
from modelstream_local.weights import BLOCK

SLOTS = 2
"""Answers that one engine generates at the same time."""

BATCH = 64
"""Prompt tokens per batch. Between two batches a call can be stopped and the other answer continues; on a CPU
larger batches are no faster."""

MOST_THREADS = 4
SMALL = 1 << 30
SOCKET_PATH_LIMIT = 100

OnChunk = Callable[[dict[str, Any]], bool]
"""Receives each chunk, in the thread that waits for the answer; returns True to stop it."""


class Engine:
    """A model in memory. Safe to use from any thread."""

    def __init__(self, path: Path, context_length: int, threads: int | None) -> None:
        _read_ahead(path)
        params = parameters(path, context_length, threads)
        params.n_threads_http = 1
        with _unreachable_listener(params):
            self._server = load(path, params)

    def complete(self, body: Mapping[str, Any], on_chunk: OnChunk) -> None:
        """Pass each chunk of the answer to `on_chunk`; return at its end. Raises if `body` is invalid.

        `on_chunk` must not raise: the engine drops its exception, and the answer with it.
        """
        self._server.handle_chat_completions(dict(body), on_chunk)


_lock = threading.Lock()
_engines: dict[tuple[Path, int, int | None], Engine] = {}


def engine_for(path: Path, context_length: int, threads: int | None) -> Engine:
    """The engine for this model file, loaded first if it is not in memory. Blocks while loading."""
    key = (path, context_length, threads)
    with _lock:
        if key not in _engines:
            _engines[key] = Engine(*key)
        return _engines[key]


def load(path: Path, params: Any) -> Any:
    """The engine's server for `params`; a `ConfigError` if the engine can't load the file."""
    try:
        return _xllamacpp().Server(params)
    except RuntimeError as error:
        raise ConfigError(
            f"model_path: the engine can't load {path}: the file is damaged or of an unsupported "
            "kind, or there is too little memory for it and its context_length"
        ) from error


def _read_ahead(path: Path) -> None:
    """Read the file into the system's cache while other threads and the event loop run.

    The engine blocks them all while it loads; from the cache that is a third of a second for a small model.
    """
    block = bytearray(BLOCK)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass


def parameters(path: Path, context_length: int, threads: int | None) -> Any:
    """The parameters with which the engine is loaded."""
    params = _xllamacpp().CommonParams()
    params.model.path = str(path)
    params.n_parallel = SLOTS
    params.n_ctx = context_length * SLOTS  # the engine divides it among the slots
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or sensible_threads()
    params.verbosity = -1
    params.warmup = False
    params.ui = False
    # Off, because it keeps old conversations, up to 8 GB of them. Each slot remembers its last one anyway.
    params.cache_ram_mib = 0
    # Fitting a model to a device's memory loads it twice, which is worth it only if it might not fit.
    params.fit_params = path.stat().st_size > SMALL
    return params


def sensible_threads() -> int:
    """Half of the processors, four at most.

    The engine's threads wait for each other at every step: one that shares its processor with other work
    delays all. On two processors, two threads were up to forty times slower than one under load.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(MOST_THREADS, processors // 2))


def bind(params: Any, host: str) -> None:
    """Have the engine listen on `host`: an address, or the path of a Unix socket that ends in .sock."""
    if hasattr(params, "hostnames"):
        params.hostnames = [host]
    else:  # xllamacpp before 2026.10
        params.hostname = host


@contextmanager
def _unreachable_listener(params: Any) -> Iterator[None]:
    """Make the listener, which the engine always opens, unreachable for others.

    It is a Unix socket that is deleted as soon as it is open. Where that is impossible it listens on
    loopback, protected by a secret random key.
    """
    params.api_keys = [secrets.token_urlsafe()]
    with tempfile.TemporaryDirectory(prefix="modelstream-") as folder:
        socket = str(Path(folder, "s.sock"))
        if sys.platform != "win32" and len(socket) < SOCKET_PATH_LIMIT:
            bind(params, socket)
        yield


def _xllamacpp() -> Any:
    try:
        return importlib.import_module("xllamacpp")
    except ImportError as error:
        raise ConfigError(
            f"local_chat needs xllamacpp, which can't be imported ({error}). `pip install xllamacpp` has it "
            "ready for Linux with glibc, macOS and Windows (x86-64); elsewhere it needs CMake, C++ and Rust"
        ) from error


def _forget_in_child() -> None:
    """After a fork: the engine's threads stayed in the parent, so the child loads one of its own.

    The inherited one must not be destroyed, which would wait for those threads for ever: hence the
    reference that is never released.
    """
    global _lock, _engines
    import ctypes

    for engine in _engines.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine))
    _lock, _engines = threading.Lock(), {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


@atexit.register
def _unload() -> None:
    _engines.clear()
