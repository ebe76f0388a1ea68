"""How the sink finds Studio, and to which addresses it sends the token."""

from __future__ import annotations

import msgspec
import pytest

from modelstream_studio.places import Place, Tokens, place_file
from modelstream_studio.sink.address import find

PLACE = Place("http://127.0.0.1:7601", Tokens("w", "a", "of the file"))


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("MODELSTREAM_STUDIO", "MODELSTREAM_STUDIO_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def _started():
    place_file().parent.mkdir(parents=True)
    place_file().write_bytes(msgspec.json.encode(PLACE))


def test_the_default_address():
    address = find(None, None)
    assert (address.url, address.token) == ("http://127.0.0.1:7575", None)


@pytest.mark.usefixtures("_started")
def test_the_studio_that_was_started_last():
    address = find(None, None)
    assert (address.url, address.token) == ("http://127.0.0.1:7601", "of the file")


@pytest.mark.usefixtures("_started")
def test_arguments_override_the_environment(monkeypatch):
    monkeypatch.setenv("MODELSTREAM_STUDIO", "http://localhost:1/#publish=of%20the%20address")
    assert find(None, None).url == "http://localhost:1"
    assert find(None, None).token == "of the address"
    monkeypatch.setenv("MODELSTREAM_STUDIO_TOKEN", "of the environment")
    assert find(None, None).token == "of the environment"
    address = find("https://example.org/studio/", "given")
    assert (address.url, address.token) == ("https://example.org:443/studio", "given")


@pytest.mark.usefixtures("_started")
def test_the_token_in_the_file_is_used_on_this_machine_only():
    assert find("http://example.org:7575", None).token is None
    assert find("http://[::1]:7575", None).token == "of the file"


@pytest.mark.usefixtures("_started")
def test_an_invalid_file_is_ignored():
    place_file().write_text("{")
    assert find(None, None).token is None
