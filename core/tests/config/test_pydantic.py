from __future__ import annotations

import pytest

from modelstream.config import parse_config
from modelstream.errors import ConfigError, UnknownConfigKeyError
from modelstream.plugins.registry import Registry
from modelstream.wrapper import ModelWrapper

pydantic = pytest.importorskip(
    "pydantic", reason="pydantic is not installed: plugins may bring it, the core does not"
)


class Proxy(pydantic.BaseModel):
    timeout: float = 5


class Own(pydantic.BaseModel):
    """A plugin's own fields, and none of the common ones."""

    api_key: str | None = None
    base_url: str = pydantic.Field("http://localhost", alias="url")
    size: int = pydantic.Field(1, gt=0)
    proxy: Proxy = Proxy()


def parsed(config_class=Own, **fields):
    return parse_config({"config_name": "mine", "model_type": "own_chat", **fields}, config_class)


def refusal(error=ConfigError, config_class=Own, **fields):
    with pytest.raises(error) as caught:
        parsed(config_class, **fields)
    shown = f"{caught.value} {caught.value.__context__}"
    assert "SECRET" not in shown
    return str(caught.value)


def test_the_config_is_the_pydantic_model_plus_the_common_fields():
    config = parsed(size=3, url="http://x", idle_timeout=4, generate_args={"a": 1})

    assert isinstance(config, Own)
    assert (config.size, config.base_url) == (3, "http://x")
    assert (config.config_name, config.model_type, config.stream) == ("mine", "own_chat", False)
    assert (config.idle_timeout, config.max_retries, config.generate_args) == (4.0, 2, {"a": 1})
    assert config.model_dump() == {
        "api_key": None,
        "base_url": "http://x",
        "size": 3,
        "proxy": {"timeout": 5.0},
    }


def test_the_model_may_declare_a_common_field_itself():
    class Streams(Own):
        stream: bool = True

    assert parsed(Streams).stream is True
    assert parsed(Streams, stream=False).stream is False


def test_a_frozen_model_works_as_well():
    class Frozen(Own, frozen=True):
        pass

    assert parsed(Frozen, max_retries=0).max_retries == 0


def test_an_unknown_field_is_refused_with_a_suggestion():
    problem = refusal(UnknownConfigKeyError, siz=3)

    assert "own_chat has no field 'siz'. Did you mean 'size'?" in problem
    assert "idle_timeout" in problem
    assert "url" in problem


@pytest.mark.parametrize("extra", ["allow", "ignore"])
def test_a_model_that_allows_extra_fields_accepts_any_field(extra):
    class Open(Own):
        model_config = {"extra": extra}  # noqa: RUF012

    assert parsed(Open, whatever=1).size == 1


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"size": "x"}, "field 'size' is 'x'; input should be a valid integer"),
        ({"size": 0}, "field 'size' is 0; input should be greater than 0."),
        ({"proxy": {"timeout": "long"}}, "field 'proxy.timeout' is 'long'; input should be a valid number"),
        ({"api_key": ["SECRET"]}, "field 'api_key' is ***; input should be a valid string."),
        ({"proxy": {"timeout": {"api_key": "SECRET"}}}, "field 'proxy.timeout' is {'api_key': ***};"),
        ({"idle_timeout": -1}, "field 'idle_timeout' is -1; expected float > 0.0."),
        ({"max_retries": -1}, "field 'max_retries' is -1; expected int >= 0."),
    ],
)
def test_a_wrong_value_is_reported_as_for_other_configs(fields, problem):
    assert refusal(**fields).startswith(f"Model config 'mine' (own_chat): {problem}")


def test_a_missing_field_is_named():
    class Strict(Own):
        region: str

    assert refusal(config_class=Strict) == "Model config 'mine' (own_chat): field 'region' is missing."


def test_the_message_of_a_validator_is_kept():
    class Checked(Own):
        @pydantic.model_validator(mode="after")
        def check(self):
            raise ValueError("never right")

    assert refusal(config_class=Checked) == "Model config 'mine' (own_chat): value error, never right."


def test_an_error_that_is_not_from_pydantic_is_not_changed():
    class Odd(Own):
        @classmethod
        def model_validate(cls, values):
            raise ValueError("of its own")

    with pytest.raises(ValueError, match=r"^of its own$"):
        parsed(Odd)


def test_variables_are_filled_in_and_shown_as_they_were_written(monkeypatch):
    monkeypatch.setenv("SIZE", "7")
    monkeypatch.setenv("WORD", "SECRET")

    assert parsed(size="${SIZE}").size == 7
    assert "field 'size' is '${WORD}' (filled in from the environment)" in refusal(size="${WORD}")


def test_a_wrapper_with_a_pydantic_config_is_a_plugin_like_any_other():
    class OwnChat(ModelWrapper):
        model_type = "own_chat"
        config_class = Own

    registry = Registry(path=[])
    registry.register(OwnChat)

    assert registry.model_wrapper("own_chat", {"model_type": "own_chat", "size": 2}).config.size == 2
