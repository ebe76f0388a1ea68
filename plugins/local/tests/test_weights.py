"""Which model file is used: the user's, an installed one, the cached one; and where the cache is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from modelstream.errors import ConfigError
from modelstream_local import LocalChat, weights


@pytest.fixture(autouse=True)
def no_model_in_the_environment(monkeypatch):
    monkeypatch.delenv(weights.MODEL_VARIABLE, raising=False)


@pytest.fixture
def gguf(tmp_path):
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF and more")
    return path


def test_model_path_names_the_file(gguf):
    assert weights.own_model(str(gguf)) == gguf


def test_environment_names_the_file(gguf, monkeypatch):
    monkeypatch.setenv(weights.MODEL_VARIABLE, str(gguf))
    assert weights.own_model(None) == gguf


def test_config_overrides_the_environment(gguf, monkeypatch):
    monkeypatch.setenv(weights.MODEL_VARIABLE, "/not/there.gguf")
    assert weights.own_model(str(gguf)) == gguf


def test_tilde_and_relative_paths(gguf, monkeypatch):
    monkeypatch.setenv("HOME", str(gguf.parent))
    monkeypatch.setenv("USERPROFILE", str(gguf.parent))
    monkeypatch.chdir(gguf.parent)
    assert weights.own_model("~/mine.gguf") == weights.own_model("mine.gguf") == gguf


def test_no_own_model():
    assert weights.own_model(None) is None


def test_a_missing_file_is_an_error_of_the_constructor(tmp_path):
    missing = str(tmp_path / "nope.gguf")
    with pytest.raises(ConfigError, match=r"^model_path: no file .*nope\.gguf"):
        LocalChat(model_path=missing)


def test_missing_file_in_the_environment_names_the_variable(monkeypatch):
    monkeypatch.setenv(weights.MODEL_VARIABLE, "/not/there.gguf")
    with pytest.raises(ConfigError, match=r"^MODELSTREAM_LOCAL_MODEL: no file /not/there\.gguf"):
        LocalChat()


def test_a_folder_or_another_kind_of_file_is_rejected(tmp_path):
    (tmp_path / "readme.md").write_text("GG")
    with pytest.raises(ConfigError, match="not a GGUF file"):
        weights.own_model(str(tmp_path / "readme.md"))
    with pytest.raises(ConfigError, match="no file"):
        weights.own_model(str(tmp_path))


def test_cached_file_must_have_the_right_size(cache, tiny):
    assert weights.cached(tiny) is None
    cache.mkdir()
    path = cache / tiny.file
    path.write_bytes(b"GGUF, but cut off")
    assert weights.cached(tiny) is None
    path.write_bytes(b"x" * tiny.size)
    assert weights.cached(tiny) == path


def test_the_cache_variable_has_priority(cache):
    assert weights.cache_folder() == cache


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="XDG is for the other systems")
def test_cache_follows_xdg(monkeypatch):
    monkeypatch.delenv(weights.CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/caches")
    assert weights.cache_folder() == Path("/var/caches/modelstream")
    for invalid in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", invalid)
        assert weights.cache_folder() == Path("/home/someone/.cache/modelstream")


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("darwin", "/home/someone/Library/Caches"), ("win32", "/home/someone/AppData/Local")],
)
def test_cache_of_the_other_systems(monkeypatch, platform, folder):
    monkeypatch.delenv(weights.CACHE_VARIABLE, raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/someone"))
    monkeypatch.setattr(sys, "platform", platform)
    assert weights.cache_folder() == Path(folder, "modelstream")


def test_the_error_without_a_home_folder_names_the_variable(monkeypatch):
    def fail():
        raise RuntimeError("Could not determine home directory.")

    for name in (weights.CACHE_VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", fail)
    with pytest.raises(ConfigError, match="set MODELSTREAM_CACHE"):
        weights.cache_folder()


@pytest.fixture
def installed(tmp_path, tiny, monkeypatch):
    """Installs the distribution; importing it fails, as it would without its dependencies."""

    def install(content):
        package = tmp_path / "site" / tiny.package
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise ImportError('it must not be imported')")
        (package / tiny.file).write_bytes(content)
        monkeypatch.syspath_prepend(str(package.parent))
        return package / tiny.file

    return install


def test_installed_file_is_used_in_place(installed, cache, tiny, content):
    path = installed(content)
    assert weights.ensure(tiny) == path
    assert not (cache / tiny.file).exists()


def test_checksum_of_the_installed_file_is_computed_once(installed, cache, tiny, content, monkeypatch):
    path = installed(content)
    assert weights.installed(tiny) == path
    monkeypatch.setattr(weights, "_checksum", lambda path: pytest.fail("computed again"))
    assert weights.installed(tiny) == path


def test_file_that_changed_is_checked_again(installed, cache, tiny, content):
    path = installed(content)
    assert weights.installed(tiny) == path
    path.write_bytes(b"x" * tiny.size)
    os.utime(path, ns=(1, 1))
    assert weights.installed(tiny) is None


def test_a_wrong_installed_file_is_ignored(installed, cache, tiny):
    installed(b"x" * tiny.size)
    assert weights.installed(tiny) is None
    assert not list(cache.glob("*"))


def test_an_unwritable_cache_only_repeats_the_checksum(installed, tiny, content, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(weights.CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    path = installed(content)
    assert weights.installed(tiny) == path


def test_nothing_is_installed(tiny):
    assert weights.installed(tiny._replace(package="surely_not_there")) is None
