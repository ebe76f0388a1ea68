"""From a config to a model: the program's configs by name, and the plugins that serve them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream._suggest import close_name, did_you_mean, listed
from modelstream.config.variables import filled_in
from modelstream.errors import ConfigError, UnknownConfigError
from modelstream.plugins.registry import Registry, registry

if TYPE_CHECKING:
    from modelstream.wrapper import ModelWrapper

Source = Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | os.PathLike[str]


class Stored(NamedTuple):
    """A config, and where it is defined."""

    config: dict[str, Any]
    source: str


class ConfigStore:
    """Stores model configs by their `config_name`, and creates model wrappers from them.

    Configs are stored unchanged: environment variables are filled in, and fields validated, when a model is
    loaded. All methods may be called from any thread.
    """

    def __init__(self, plugins: Registry | None = None) -> None:
        self._plugins = plugins or registry()
        self._lock = threading.Lock()
        self._stored: dict[str, Stored] = {}

    def load(self, configs: Source, *, clear_existing: bool = False) -> None:
        """Add configs: a dict, a list of dicts, or the path of a .json or .toml file that holds either.

        A TOML file holds one config, or a list of tables `[[models]]`. Raises `ConfigError`, and then
        adds none of them, for a file that cannot be read, a config without `config_name` or
        `model_type`, and a name that another config has. The same config may be loaded again.
        """
        incoming = list(_read(configs))
        with self._lock:
            stored = {} if clear_existing else dict(self._stored)
            for config, source in incoming:
                name = _required(config, "config_name", f"Model config from {source}")
                _required(config, "model_type", f"Model config from {source}")
                _reject_conflict(stored.get(name), config, source)
                stored[name] = Stored(config, source)
            self._stored = stored

    def clear(self) -> None:
        """Remove all configs."""
        self._stored = {}

    def names(self) -> list[str]:
        """The names of all configs, in order."""
        return sorted(self._stored)

    def get(self, name: str) -> dict[str, Any]:
        """A copy of the config with this name, as it was written. Raises `UnknownConfigError`."""
        stored = self._stored.get(name)
        if stored is None:
            raise UnknownConfigError(
                f"No model config is named {name!r}.{did_you_mean(name, self._stored)}"
                f"\nConfigs: {listed(self._stored)}."
            )
        return _copy(stored.config)

    def load_model(self, name_or_config: str | Mapping[str, Any]) -> ModelWrapper:
        """A new wrapper for a config's name, a model_type (with its defaults), or a config."""
        config = self._resolve(name_or_config)
        model_type = _required(config, "model_type", "Config given to load_model")
        return self._plugins.model_wrapper(model_type, filled_in(config))

    def _resolve(self, name_or_config: str | Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(name_or_config, Mapping):
            return _copy(name_or_config)
        if not isinstance(name_or_config, str):
            raise ConfigError(
                "load_model expects a config name, a model_type or a config dict, "
                f"not {_type(name_or_config)}."
            )
        if name_or_config in self._stored:
            return self.get(name_or_config)
        if self._plugins.find("model", name_or_config):
            return {"model_type": name_or_config}
        raise self._unknown(name_or_config)

    def _unknown(self, name: str) -> UnknownConfigError:
        from modelstream.plugins.known import suggestion

        model_types = self._plugins.names("model")
        return UnknownConfigError(
            f"There is no model config {name!r}, and no installed plugin has this model_type."
            f"{suggestion('model', name, [*self._stored, *model_types])}"
            f"\nConfigs: {listed(self._stored)}. Model types: {listed(model_types)}."
        )


_shared = ConfigStore()


def config_store() -> ConfigStore:
    """The configs that the whole program shares."""
    return _shared


def load_configs(configs: Source, *, clear_existing: bool = False) -> None:
    """Add model configs under their `config_name`, for `load_model`.

    `configs` is a dict, a list of dicts, or the path of a .json or .toml file that holds either. Raises
    `ConfigError`, and then adds none of them, when one is invalid.
    """
    _shared.load(configs, clear_existing=clear_existing)


def load_model(name_or_config: str | Mapping[str, Any]) -> ModelWrapper:
    """A new model wrapper for a config's name, a model_type (with its defaults), or a config dict.

    This imports the plugin and validates the config; raises a `ConfigError` that explains what is wrong and
    how to fix it.
    """
    return _shared.load_model(name_or_config)


def _read(configs: Source) -> Iterator[Stored]:
    if isinstance(configs, str | os.PathLike):
        from modelstream.config.files import read_configs

        path = os.fspath(configs)
        return _entries(read_configs(path), path)
    return _entries(configs, "the program")


def _entries(document: Any, source: str) -> Iterator[Stored]:
    """The configs in a document, each with its location."""
    if isinstance(document, Mapping) and "models" in document:
        document = _models_of(document, source)
    if isinstance(document, Mapping):
        yield Stored(_copy(document), source)
        return
    if not isinstance(document, Sequence) or isinstance(document, str):
        raise ConfigError(f"Model configs from {source}: expected a dict or a list, not {_type(document)}.")
    for number, config in enumerate(document, start=1):
        place = f"{source}, config {number}"
        if not isinstance(config, Mapping):
            raise ConfigError(f"Model configs from {place}: expected a dict, not {_type(config)}.")
        yield Stored(_copy(config), place)


def _models_of(document: Mapping[str, Any], source: str) -> Any:
    others = [key for key in document if key != "models"]
    if others:
        raise ConfigError(f"Model configs from {source}: {others[0]!r} is not allowed next to 'models'.")
    return document["models"]


def _required(config: Mapping[str, Any], field: str, which: str) -> str:
    value = config.get(field)
    if isinstance(value, str) and value:
        return value
    if field in config:
        raise ConfigError(f"{which}: field {field!r} is {value!r}; expected a name.")
    close = close_name(field, map(str, config))
    hint = f" Did you mean {field!r} instead of {close!r}?" if close else ""
    raise ConfigError(f"{which}: field {field!r} is missing.{hint}")


def _reject_conflict(known: Stored | None, config: Mapping[str, Any], source: str) -> None:
    if known is not None and known.config != config:
        raise ConfigError(
            f"Two different model configs are named {config['config_name']!r}:"
            f" one from {known.source}, one from {source}."
            "\nRename one of them, or load with clear_existing=True."
        )


def _type(value: object) -> str:
    # Not the value itself: it may contain an API key.
    return f"a value of type {type(value).__name__}"


def _copy(config: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the containers, so that neither side sees later changes of the other."""
    return {key: _copy_value(value) for key, value in config.items()}


def _copy_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _copy(value)
    if isinstance(value, list):
        return [_copy_value(inner) for inner in value]
    return value
