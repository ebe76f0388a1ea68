from __future__ import annotations

import pytest

from modelstream.errors import ConfigError, UnknownConfigError
from modelstream.models import config_store, load_configs

ONE = {"config_name": "one", "model_type": "echo_chat", "generate_args": {"seed": 1}}
TWO = {"config_name": "two", "model_type": "echo_chat"}


def refusal(store, configs, error=ConfigError):
    with pytest.raises(error) as caught:
        store.load(configs)
    return str(caught.value)


@pytest.mark.parametrize(
    ("configs", "names"),
    [
        (ONE, ["one"]),
        ([ONE, TWO], ["one", "two"]),
        ((TWO,), ["two"]),
        ({"models": [ONE, TWO]}, ["one", "two"]),
        ([], []),
    ],
)
def test_a_dict_and_a_list_of_dicts_are_loaded(store, configs, names):
    store.load(configs)

    assert store.names() == names


def test_configs_are_added_until_the_store_is_cleared(store):
    store.load(ONE)
    store.load(TWO)
    assert store.names() == ["one", "two"]

    store.load(TWO, clear_existing=True)
    assert store.names() == ["two"]

    store.clear()
    assert store.names() == []


@pytest.mark.parametrize("how", [lambda config: config, lambda config: [config]], ids=["dict", "list"])
def test_later_changes_on_either_side_have_no_effect_on_the_other(store, how):
    config = {**ONE, "generate_args": {"stop": ["a"]}}
    store.load(how(config))

    config["generate_args"]["stop"].append("b")
    store.get("one")["generate_args"]["stop"].append("c")

    assert store.get("one")["generate_args"] == {"stop": ["a"]}


def test_the_same_config_may_be_loaded_again(store):
    store.load([ONE, ONE])
    store.load(dict(ONE))

    assert store.names() == ["one"]


def test_two_configs_of_one_name_are_refused_with_both_sources(store, tmp_path):
    file = tmp_path / "models.json"
    file.write_text(
        '[{"config_name": "x", "model_type": "y"}, {"config_name": "one", "model_type": "other"}]'
    )
    store.load([ONE])

    assert refusal(store, file) == (
        f"Two different model configs are named 'one': one from the program, config 1,"
        f" one from {file}, config 2.\n"
        "Rename one of them, or load with clear_existing=True."
    )
    assert store.names() == ["one"]


def test_a_wrong_config_among_good_ones_loads_none_and_clears_none(store):
    store.load(ONE)

    with pytest.raises(ConfigError):
        store.load([TWO, {"config_name": "three"}], clear_existing=True)

    assert store.names() == ["one"]


@pytest.mark.parametrize(
    ("configs", "problem"),
    [
        ({"model_type": "x"}, "Model config from the program: field 'config_name' is missing."),
        (
            [ONE, {"config_nam": "x", "model_type": "x"}],
            "'config_name' is missing. Did you mean 'config_name' instead of 'config_nam'?",
        ),
        ({"config_name": "x"}, "Model config from the program: field 'model_type' is missing."),
        ({"config_name": "x", "model_type": None}, "field 'model_type' is None; expected a name."),
        ({"config_name": "", "model_type": "x"}, "field 'config_name' is ''; expected a name."),
        ([["SECRET"]], "from the program, config 1: expected a dict, not a value of type list."),
        ({"models": "x"}, "from the program: expected a dict or a list, not a value of type str."),
        ({"models": [ONE], "modles": []}, "from the program: 'modles' is not allowed next to 'models'."),
        (3, "from the program: expected a dict or a list, not a value of type int."),
    ],
)
def test_an_invalid_config_is_refused_with_its_place(store, configs, problem):
    assert problem in refusal(store, configs)


def test_an_unknown_name_is_reported_with_a_suggestion_and_all_names(store):
    store.load([ONE, TWO])

    with pytest.raises(UnknownConfigError) as caught:
        store.get("tow")

    assert str(caught.value) == "No model config is named 'tow'. Did you mean 'two'?\nConfigs: one, two."


def test_the_public_load_configs_fills_the_shared_store():
    try:
        load_configs({"config_name": "of_this_test", "model_type": "echo_chat"})
        assert "of_this_test" in config_store().names()
    finally:
        config_store().clear()
