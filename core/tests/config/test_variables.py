from __future__ import annotations

import pytest

from modelstream.config import ModelConfig, api_key, parse_config
from modelstream.config.variables import filled_in
from modelstream.errors import ConfigError, MissingApiKeyError


class Client(ModelConfig):
    api_key: str | None = None


@pytest.fixture(autouse=True)
def _variables(monkeypatch):
    monkeypatch.setenv("HOST", "example.org")
    monkeypatch.setenv("PORT", "8080")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("TRICKY", "${PORT}")
    monkeypatch.delenv("UNSET", raising=False)


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("${HOST}", "example.org"),
        ("https://${HOST}:${PORT}/v1", "https://example.org:8080/v1"),
        ("${EMPTY}", ""),
        ("$HOST", "$HOST"),
        ("$${HOST}", "${HOST}"),
        ("a$${b", "a${b"),
        ("$${HOST} ${PORT}", "${HOST} 8080"),
        ("$", "$"),
        ("${TRICKY}", "${PORT}"),
    ],
)
def test_variables_in_braces_are_filled_in_once(written, filled):
    assert filled_in({"a": written})["a"] == filled
    assert filled_in(filled_in({"a": written}))["a"] == filled


def test_variables_are_filled_in_at_any_depth_and_the_original_is_not_changed():
    written = {"client_args": {"headers": [{"x": "${PORT}"}]}, "stream": True}

    assert filled_in(written) == {"client_args": {"headers": [{"x": "8080"}]}, "stream": True}
    assert written["client_args"] == {"headers": [{"x": "${PORT}"}]}


def test_a_variable_that_is_not_set_is_named_with_its_field():
    with pytest.raises(ConfigError) as caught:
        filled_in({"config_name": "mine", "client_args": {"urls": ["a", "${UNSET}"]}})

    assert str(caught.value) == (
        "Model config 'mine': field 'client_args.urls[1]': the environment variable UNSET is not set.\n"
        "Set it, or write the value into the config."
    )


@pytest.mark.parametrize("written", ["${", "${}", "${A B}", "${HOST:-x}", "${HOST", "${é}"])
def test_an_invalid_variable_is_refused_with_the_valid_syntax(written):
    with pytest.raises(ConfigError, match=r"write '\$\$\{'"):
        filled_in({"a": written})


def test_a_filled_in_number_or_flag_is_one(monkeypatch):
    monkeypatch.setenv("FLAG", "true")
    config = parse_config(
        {"model_type": "x", "max_retries": "${PORT}", "stream": "${FLAG}", "idle_timeout": "${PORT}"},
        ModelConfig,
    )

    assert (config.max_retries, config.stream, config.idle_timeout) == (8080, True, 8080.0)


def test_a_filled_in_text_stays_text_even_if_it_looks_like_a_number():
    config = parse_config(
        {"model_type": "x", "model_name": "${PORT}", "generate_args": {"a": "${PORT}"}}, ModelConfig
    )

    assert (config.model_name, config.generate_args) == ("8080", {"a": "8080"})
    assert type(config.model_name) is str
    assert type(config.generate_args["a"]) is str


def test_a_wrong_filled_in_value_is_shown_as_it_was_written():
    with pytest.raises(ConfigError) as caught:
        parse_config({"model_type": "x", "max_retries": "${HOST}"}, ModelConfig)

    assert str(caught.value) == (
        "Config of x: field 'max_retries' is '${HOST}' (filled in from the environment); expected int."
    )


def test_a_filled_in_value_within_a_wrong_one_is_shown_as_it_was_written():
    with pytest.raises(ConfigError, match=r"field 'generate_args' is \['\$\{HOST\}'\]; expected object"):
        parse_config({"model_type": "x", "generate_args": ["${HOST}"]}, ModelConfig)


def test_a_key_in_the_config_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("ECHO_API_KEY", "from the environment")

    assert api_key("from the config", ["ECHO_API_KEY"]) == "from the config"
    assert api_key(None, ["ECHO_API_KEY"]) == "from the environment"
    assert api_key("  ", "ECHO_API_KEY") == "from the environment"


def test_the_first_variable_that_is_set_counts_and_blanks_are_dropped(monkeypatch):
    monkeypatch.setenv("SECOND_KEY", " key\n")

    assert api_key(None, ["UNSET", "EMPTY", "SECOND_KEY"]) == "key"


def test_a_missing_key_names_the_variables_and_the_field():
    with pytest.raises(MissingApiKeyError) as caught:
        api_key(None, ["UNSET", "EMPTY"], model_type="echo_chat")

    assert str(caught.value) == (
        "echo_chat needs an API key: set the environment variable UNSET or EMPTY,"
        " or the field 'api_key' of the model config."
    )
