"""Importing modelstream is cheap, whatever is installed: what costs time is imported when it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp",
    "asyncio",
    "click",
    "http.client",
    "httpx",
    "httpx2",
    "hypothesis",
    "importlib.metadata",
    "modelstream_local",
    "modelstream_openai",
    "modelstream_terminal",
    "openai",
    "pydantic",
    "pytest",
    "requests",
    "ssl",
    "urllib3",
    "xllamacpp",
}


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout


def _imported_by(statement: str) -> set[str]:
    # Modules that site imports (path files of other packages) are not part of modelstream.
    code = (
        f"import sys; before = set(sys.modules); {statement}\n"
        "loaded = sorted(set(sys.modules) - before)\n"
        "import json; print(json.dumps(loaded))"
    )
    return set(json.loads(_python(code)))


def _cpu_seconds(statement: str) -> float:
    code = f"{statement}\nimport time; print(time.process_time())"
    return min(float(_python(code)) for _ in range(5))


def test_import_loads_nothing_heavy():
    loaded = _imported_by("import modelstream")
    assert "modelstream" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    "name", ["init", "load_model", "register", "ModelWrapper", "StreamSink", "AgentBase"]
)
def test_public_names_load_no_sdk(name):
    loaded = _imported_by(f"from modelstream import {name}")
    assert loaded & (HEAVY - {"asyncio", "importlib.metadata"}) == set()


def test_import_costs_a_few_bare_interpreters_of_cpu_time():
    # The aim is three; pydantic or an SDK on the way would make it dozens.
    assert _cpu_seconds("import modelstream") < 8 * _cpu_seconds("pass")
