"""The engine in this process: silent, unreachable from outside, loaded once, imported late."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from modelstream.errors import ConfigError
from modelstream_local import LocalChat, engine

ONE_ANSWER = """
from modelstream.request import Request
from modelstream_local import LocalChat

messages = [{"role": "user", "content": "Hi"}]
list(LocalChat().deltas(Request(messages, arguments={"max_tokens": 3})))
"""


def python(code, model_file, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"MODELSTREAM_LOCAL_MODEL": str(model_file)} | environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=50,
    )


def test_the_engine_prints_nothing(model_file):
    run = python(ONE_ANSWER, model_file)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(("name", "statuses"), [("short", []), ("x" * 90, [401])], ids=["socket", "port"])
def test_the_engine_is_not_reachable_from_outside(model_file, name, statuses, request):
    """It opens no TCP port and leaves no socket file; with a very long path it opens a port with a key."""
    folder = Path(tempfile.mkdtemp(), name)  # pytest's own folders have long names
    request.addfinalizer(lambda: shutil.rmtree(folder.parent))
    folder.mkdir()
    code = f"""{ONE_ANSWER}
import json, os, pathlib, urllib.error, urllib.request

def targets():
    for fd in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink(f"/proc/self/fd/{{fd}}")
        except OSError:
            pass

mine = set(targets())
lines = [line.split() for line in pathlib.Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
ports = [int(line[1].split(":")[1], 16) for line in lines if f"socket:[{{line[9]}}]" in mine]
statuses = []
for port in ports:
    try:
        statuses.append(urllib.request.urlopen(f"http://127.0.0.1:{{port}}/v1/completions", b"{{}}").status)
    except urllib.error.HTTPError as error:
        statuses.append(error.code)
print(json.dumps([statuses, os.listdir({str(folder)!r})]))
"""
    run = python(code, model_file, TMPDIR=str(folder))
    assert json.loads(run.stdout) == [statuses, []], run.stderr


def test_one_engine_for_all_wrappers_of_a_model(chat, model_file, request_for):
    for _ in range(2):
        list(chat().deltas(request_for(max_tokens=1)))
    assert engine.engine_for(model_file, 2048, None) is engine.engine_for(model_file, 2048, None)


def test_four_threads_load_it_once(model_file):
    loaded = []
    start = threading.Barrier(4)

    def load():
        start.wait()
        loaded.append(engine.engine_for(model_file, 320, None))

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, loaded))) == 1


@pytest.mark.parametrize(("processors", "threads"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, 4)])
def test_the_default_uses_at_most_half_of_the_processors(monkeypatch, processors, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(processors)), raising=False)
    assert engine.sensible_threads() == threads


def test_threads_of_the_config(model_file):
    params = engine.parameters(model_file, 100, 3)
    assert (params.cpuparams.n_threads, params.cpuparams_batch.n_threads, params.n_ctx) == (3, 3, 200)


def test_the_error_of_a_damaged_model_names_the_file(model_file, tmp_path, request_for):
    damaged = tmp_path / "damaged.gguf"
    with model_file.open("rb") as whole:
        damaged.write_bytes(whole.read(100_000))
    with pytest.raises(ConfigError, match=r"^model_path: the engine can't load .*damaged\.gguf"):
        list(LocalChat(model_path=str(damaged)).deltas(request_for()))


def test_the_error_of_a_missing_engine_names_what_to_install(monkeypatch, chat, request_for):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setattr(engine, "_engines", {})
    with pytest.raises(ConfigError, match=r"local_chat needs xllamacpp.*pip install xllamacpp"):
        list(chat().deltas(request_for()))


def test_import_and_construction_load_no_engine(model_file):
    code = """
import sys
import modelstream_local
modelstream_local.LocalChat()
print(sorted({"asyncio", "ctypes", "subprocess", "xllamacpp", "zipfile"} & set(sys.modules)))
"""
    run = python(code, model_file)
    assert run.stdout == "[]\n", run.stderr


def test_time_from_process_start_to_first_token(model_file, capsys):
    """Prints the figure without checking it, because the machine may be busy."""
    code = """
import time
from modelstream.request import Request
from modelstream_local import LocalChat

for batch in LocalChat().deltas(Request([{"role": "user", "content": "Why is the sky blue?"}])):
    if batch:
        print(time.time())
        break
"""
    seconds = []
    for _ in range(3):
        began = float(python("import time; print(time.time())", model_file).stdout)
        seconds.append(float(python(code, model_file).stdout) - began)
    with capsys.disabled():
        print(f"\nprocess start to first token: {min(seconds):.2f} s")
