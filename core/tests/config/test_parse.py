from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream.config import ModelConfig, parse_config
from modelstream.errors import ConfigError, UnknownConfigKeyError


class Client(ModelConfig):
    api_key: str | None = None
    limits: dict[str, int] = msgspec.field(default_factory=dict)
    headers: dict[str, str] = msgspec.field(default_factory=dict)


def refusal(error=ConfigError, config_class=Client, **fields):
    with pytest.raises(error) as caught:
        parse_config({"config_name": "mine", "model_type": "echo_chat", **fields}, config_class)
    assert 1 <= len(str(caught.value).splitlines()) <= 3
    return str(caught.value)


def parsed(config_class=Client, **fields):
    return parse_config({"model_type": "echo_chat", **fields}, config_class)


def test_omitted_fields_have_their_default():
    config = parsed()

    assert (config.stream, config.max_retries, config.generate_args) == (False, 2, {})
    assert (config.first_delta_timeout, config.idle_timeout, config.total_timeout) == (300, 120, 3600)


def test_an_unknown_field_is_reported_with_a_suggestion_and_all_fields():
    assert refusal(UnknownConfigKeyError, strem=True) == (
        "Model config 'mine' (echo_chat): echo_chat has no field 'strem'. Did you mean 'stream'?\n"
        "Its fields: api_key, config_name, first_delta_timeout, generate_args, headers, idle_timeout, limits,"
        " max_retries, model_name, model_type, stream, total_timeout."
    )


def test_an_unknown_field_that_resembles_nothing_has_no_suggestion():
    assert "has no field 'zzz'.\n" in refusal(UnknownConfigKeyError, zzz=1)


def test_a_class_may_allow_any_field():
    class Open(ModelConfig, forbid_unknown_fields=False):
        pass

    assert parsed(Open, whatever=1).stream is False


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("max_retries", "three", "field 'max_retries' is 'three'; expected int."),
        ("max_retries", "3", "field 'max_retries' is '3'; expected int."),
        ("max_retries", -1, "field 'max_retries' is -1; expected int >= 0."),
        ("max_retries", True, "field 'max_retries' is True; expected int."),
        ("stream", "yes", "field 'stream' is 'yes'; expected bool."),
        ("stream", 1, "field 'stream' is 1; expected bool."),
        ("idle_timeout", 0, "field 'idle_timeout' is 0; expected float > 0.0."),
        ("first_delta_timeout", -2.5, "field 'first_delta_timeout' is -2.5; expected float > 0.0."),
        ("total_timeout", float("nan"), "field 'total_timeout' is nan; expected float > 0.0."),
        ("total_timeout", "1m", "field 'total_timeout' is '1m'; expected float | null."),
        ("generate_args", [1], "field 'generate_args' is [1]; expected object."),
        ("model_name", 4, "field 'model_name' is 4; expected str | null."),
        ("limits", {"a": 1, "b": "x"}, "field 'limits' is {'a': 1, 'b': 'x'}; expected int inside it."),
        ("limits", {"a": "x" * 200}, "field 'limits' is {'a': '" + "x" * 73 + "…; expected int inside it."),
    ],
)
def test_a_wrong_value_names_config_field_value_and_what_is_expected(field, value, problem):
    assert refusal(**{field: value}) == f"Model config 'mine' (echo_chat): {problem}"


class Choosy(ModelConfig):
    transport: Literal["sdk", "native"] = "sdk"
    region: Literal["cn", "international"] | None = None


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("transport", "field 'transport' is 'natvie'; expected 'native' or 'sdk'."),
        ("region", "field 'region' is 'natvie'; expected 'cn' or 'international'."),
    ],
)
def test_an_invalid_choice_is_reported_with_all_choices(field, problem):
    assert refusal(config_class=Choosy, **{field: "natvie"}).endswith(problem)


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": ["sk-SECRET"]},
        {"api_key": {"value": "sk-SECRET"}},
        {"limits": {"api_key": "sk-SECRET"}},
        {"headers": {"Authorization": "Bearer SECRET", "timeout": 3}},
        {"headers": "{'api_key': 'sk-SECRET'}"},
        {"generate_args": ["api_key=sk-SECRET"]},
        {"generate_args": [{"deep": [{"access_token": "SECRET"}]}]},
    ],
)
def test_secrets_are_not_shown(fields):
    problem = refusal(**fields)

    assert "SECRET" not in problem
    assert "***" in problem


def test_a_config_without_a_name_is_named_by_its_model_type():
    with pytest.raises(ConfigError, match=r"^Config of echo_chat: field 'stream'"):
        parsed(stream="x")


def test_a_required_field_that_is_missing_is_named():
    class Strict(ModelConfig):
        model_name: str
        region: str

    assert refusal(config_class=Strict, model_name="m").endswith("(echo_chat): field 'region' is missing.")


def test_the_message_of_a_check_of_the_class_is_kept():
    class Odd(ModelConfig):
        def __post_init__(self):
            if self.max_retries % 2 == 0:
                raise ValueError("an odd number of `retries`, please")

    assert refusal(config_class=Odd) == ("Model config 'mine' (echo_chat): an odd number of retries, please.")


@pytest.mark.parametrize("timeout", ["first_delta_timeout", "idle_timeout", "total_timeout"])
@pytest.mark.parametrize("off", [None, float("inf")])
def test_a_timeout_is_switched_off_by_null_and_by_inf(timeout, off):
    assert getattr(parsed(**{timeout: off}), timeout) is None


def test_null_is_the_default_of_a_field_that_cannot_be_off():
    config = parsed(stream=None, generate_args=None, max_retries=None)

    assert (config.stream, config.generate_args, config.max_retries) == (False, {}, 2)


def test_the_dict_of_the_caller_is_not_changed():
    config = {"model_type": "echo_chat", "idle_timeout": float("inf"), "generate_args": {"a": ["${X:"]}}
    config["generate_args"]["a"] = []
    parse_config(config, Client).generate_args["a"].append(1)

    assert config["generate_args"] == {"a": []}
    assert config["idle_timeout"] == float("inf")


def test_two_configs_share_nothing():
    parsed().generate_args["a"] = 1

    assert parsed().generate_args == {}


def test_an_invalid_config_class_is_a_mistake_of_its_author():
    @dataclass
    class Other:
        model_type: str

    with pytest.raises(TypeError, match=r"ModelConfig or a pydantic model, not .*Other"):
        parsed(Other)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from([*Client.__struct_fields__, "strem", "max_retry"])


@given(st.dictionaries(fields, json_values, max_size=4))
def test_any_dict_gives_a_config_or_a_config_error(fields):
    try:
        config = parse_config({"model_type": "echo_chat", **fields}, Client)
    except ConfigError as error:
        assert len(str(error).splitlines()) <= 3  # noqa: PT017 - either way is right
    else:
        assert config.max_retries >= 0
        assert config.idle_timeout is None or config.idle_timeout > 0


@given(st.dictionaries(fields, json_values.map(lambda value: {"api_key": [value, "SECRET"]}), min_size=1))
def test_a_key_is_never_shown_wherever_it_stands(fields):
    try:
        parse_config({"model_type": "echo_chat", **fields}, Client)
    except ConfigError as error:
        assert "SECRET" not in str(error)  # noqa: PT017 - either way is right
