"""One plugin under one of its names: loaded on first use, alone, and set aside when that fails."""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Mapping
from typing import Any, Literal, NoReturn

import pluggy

from modelstream import hookspecs
from modelstream.errors import ConfigError, ModelStreamError, PluginLoadError
from modelstream.plugins.kinds import CONTRACTS, Kind, is_product, product_class

State = Literal["not loaded", "loaded", "broken", "blocked", "duplicate"]


class Plugin:
    """What serves one name of one kind, and what became of loading it.

    `value` is where its code is (`module` or `module:attribute`), `distribution` and `version` who
    brought it; None for a plugin that the program registered itself, whose object is `target`.
    All methods may be called from any thread.
    """

    def __init__(
        self,
        kind: Kind,
        name: str,
        value: str,
        *,
        distribution: str | None = None,
        version: str | None = None,
        target: object = None,
    ) -> None:
        self.kind = kind
        self.name = name
        self.value = value
        self.distribution = distribution
        self.version = version
        self.target = target
        self.failure: BaseException | None = None
        self._ready: Any = None
        # Of its own, and not the registry's: a module that registers something while it is imported
        # must not wait for whoever waits for that import.
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """What became of it so far."""
        if self._ready is not None:
            return "loaded"
        return "not loaded" if self.failure is None else "broken"

    @property
    def why(self) -> str | None:
        """The failure that broke it, in one line."""
        return None if self.failure is None else _told(self.failure)

    def load(self) -> Any:
        """Import and check it, once; its plugin manager, or the command or dialect class itself.

        Raises `PluginLoadError`, the same one every time.
        """
        ready = self._ready
        if ready is not None:
            return ready
        with self._lock:
            if self._ready is None:
                if self.failure is not None:
                    self._quarantine(self.failure)
                self._ready = self._loaded()
            return self._ready

    def make(self, settings: Mapping[str, Any]) -> Any:
        """Call its hook: the wrapper or the sink that it makes for these settings."""
        contract = CONTRACTS[self.kind]
        hook = getattr(self.load().hook, contract.hook)
        try:
            made = hook(**{contract.type_field: self.name, contract.settings: settings})
        except ModelStreamError:
            raise
        except Exception as why:
            raise self._refused_options(why, settings) or self._error("failed", why) from why
        if not isinstance(made, product_class(self.kind)):
            self._quarantine(self._invalid(f"its hook returned {_article(made)}, not a {contract.product}"))
        return made

    def _loaded(self) -> Any:
        try:
            if self.target is None:
                self.target = _imported(self.value)
            return self._product() if not CONTRACTS[self.kind].hook else self._manager()
        except (Exception, SystemExit) as why:  # noqa: BLE001 - a plugin may fail in any way
            self._quarantine(why)

    def _product(self) -> object:
        if not is_product(self.kind, self.target):
            raise TypeError(f"{self.value} is {_article(self.target)}, not a {CONTRACTS[self.kind].product}")
        return self.target

    def _manager(self) -> pluggy.PluginManager:
        manager = registered(self.target, self.value)
        wanted = CONTRACTS[self.kind].hook
        if wanted not in hooks_of(manager, self.target):
            raise self._invalid(f"it has no {wanted} marked with @hookimpl")
        return manager

    def _quarantine(self, why: BaseException) -> NoReturn:
        self._ready = None
        self.failure = why
        raise self._error("does not load", why) from why

    def _invalid(self, what: str) -> pluggy.PluginValidationError:
        return pluggy.PluginValidationError(self.target, what)

    def _error(self, verdict: str, why: BaseException) -> PluginLoadError:
        type_field = CONTRACTS[self.kind].type_field
        return PluginLoadError(
            f"{type_field} {self.name!r}: {self} {verdict}: {_told(why)}{self._way_out(why)}"
        )

    def _way_out(self, why: BaseException) -> str:
        if isinstance(why, pluggy.PluginValidationError):
            return f"\nThe hook is {_signature(self.kind)}; see modelstream.hookspecs."
        if self.distribution is None:
            return ""
        if isinstance(why, ModuleNotFoundError):
            again = "--force-reinstall " if _top(why.name) == _top(self.value) else ""
            return f"\n`pip install {again}{self.distribution}` brings what is missing."
        return f"\nUpdate it (`pip install --upgrade {self.distribution}`), or tell its authors."

    def _refused_options(self, why: Exception, options: Mapping[str, Any]) -> ConfigError | None:
        """What is wrong with the options of a sink, if its constructor could not even be called with them."""
        if self.kind != "sink" or not isinstance(why, TypeError) or not inspect.isclass(self.target):
            return None
        from modelstream.plugins.options import refused_options

        return refused_options(self.name, self.target, options)

    def __str__(self) -> str:
        """Who it is from: distribution, version and module."""
        if self.distribution is None:
            return f"{self.value} (registered by the program)"
        return f"{self.distribution} {self.version} ({self.value})"


def registered(target: object, name: str) -> pluggy.PluginManager:
    """A plugin manager with our hookspecs and this one plugin, checked."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(target, name=name)
    manager.check_pending()
    return manager


def hooks_of(manager: pluggy.PluginManager, target: object) -> set[str]:
    """The names of the hooks that this plugin implements."""
    return {caller.name for caller in manager.get_hookcallers(target) or ()}


def _imported(value: str) -> object:
    module, _, attributes = value.partition("[")[0].replace(" ", "").partition(":")
    target: object = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        target = getattr(target, attribute)
    return target


def _top(module: str | None) -> str:
    """The package that a module, or an entry point's value, belongs to."""
    return (module or "").partition(":")[0].partition(".")[0]


def _told(why: BaseException) -> str:
    """The cause in one line."""
    text = " ".join(str(why).split())
    if len(text) > 400:
        text = text[:400] + "…"
    return f"{type(why).__name__}: {text}"


def _article(thing: object) -> str:
    return "None" if thing is None else f"a {type(thing).__name__}"


def _signature(kind: Kind) -> str:
    contract = CONTRACTS[kind]
    return f"{contract.hook}({contract.type_field}, {contract.settings})"
