from __future__ import annotations

import pytest

from modelstream.errors import ConfigError

TOML = """
[[models]]
config_name = "one"
model_type = "echo_chat"
idle_timeout = inf

[models.generate_args]
temperature = 0.5

[[models]]
config_name = "two"
model_type = "echo_chat"
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write a file into the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


def refusal(store, name):
    with pytest.raises(ConfigError) as caught:
        store.load(name)
    assert len(str(caught.value).splitlines()) == 1
    assert name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "names"),
    [
        ("a.json", '{"config_name": "one", "model_type": "echo_chat"}', ["one"]),
        ("a.JSON", '[{"config_name": "one", "model_type": "echo_chat"}]', ["one"]),
        ("a.json", b'\xef\xbb\xbf{"config_name": "d\xc3\xa9j\xc3\xa0", "model_type": "echo_chat"}', ["déjà"]),
        ("a.toml", 'config_name = "one"\nmodel_type = "echo_chat"\n', ["one"]),
        ("a.toml", TOML, ["one", "two"]),
    ],
)
def test_json_and_toml_are_read(store, file, name, content, names):
    store.load(file(name, content))

    assert store.names() == names


def test_a_path_object_is_accepted_like_a_str(store, file, tmp_path):
    file("a.toml", TOML)

    store.load(tmp_path / "a.toml")

    wrapper = store.load_model("one")
    assert (wrapper.config.idle_timeout, wrapper.config.generate_args) == (None, {"temperature": 0.5})


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (
            "a.json",
            '[{"config_name": "one"},\n {"model_type": }]',
            "line 2, column 17: invalid JSON: Expecting value.",
        ),
        ("a.json", "", "line 1, column 1: invalid JSON"),
        ("a.json", '{"a": 1,\n "a": 2}', "duplicate key 'a' in one object."),
        ("a.json", "3", "expected a dict or a list, not a value of type int."),
        ("a.json", b"\xff\xfe", "invalid UTF-8 at byte 0."),
        (
            "a.toml",
            '[[models]]\nconfig_name = "one"\nmodel_type = echo',
            "invalid TOML: Invalid value (at line 3",
        ),
        ("a.toml", "a = 1\na = 2\n", "invalid TOML: Cannot overwrite a value (at line 2"),
        ("a.yaml", "", "not a .json or .toml file."),
        ("models", "", "not a .json or .toml file."),
    ],
)
def test_what_cannot_be_read_names_the_file_and_the_place(store, file, name, content, problem):
    assert problem in refusal(store, file(name, content))


def test_a_missing_file_is_named_with_its_full_path(store, file, tmp_path):
    assert f"no such file in {tmp_path}." in refusal(store, "missing.json")


def test_a_folder_is_not_a_file(store, file, tmp_path):
    (tmp_path / "folder.json").mkdir()

    assert "cannot be read: Is a directory" in refusal(store, "folder.json")
