"""One plugin under one of its names: loaded on first use, and marked as broken when that fails."""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NoReturn

import pluggy

from modelstream import hookspecs
from modelstream.errors import ConfigError, ModelStreamError, PluginLoadError
from modelstream.plugins.kinds import CONTRACTS, Kind, is_product, product_class

State = Literal["not loaded", "loaded", "broken", "blocked", "duplicate"]


class Plugin:
    """A plugin that serves one name of one kind, and its state.

    `value` is the location of its code (`module` or `module:attribute`), `distribution` and `version` those
    that installed it; None for a plugin that the program registered itself, whose object is `target`.
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
        # Not the registry's lock: a module that registers something while it is imported must not wait for
        # a thread that waits for that import.
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """The current state."""
        if self._ready is not None:
            return "loaded"
        return "not loaded" if self.failure is None else "broken"

    @property
    def why(self) -> str | None:
        """The failure that broke it, in one line."""
        return None if self.failure is None else _one_line(self.failure)

    def load(self) -> Any:
        """Import and validate it, once; returns its plugin manager, or the command or dialect class itself.

        Raises `PluginLoadError`, with the same cause every time.
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

    def create(self, settings: Mapping[str, Any]) -> Any:
        """Call its hook; returns the wrapper or the sink for these settings.

        A hook that returns None does not serve these settings: a `ConfigError`, and the plugin stays in use.
        A hook that returns anything else than a wrapper or a sink is marked as broken.
        """
        contract = CONTRACTS[self.kind]
        hook = getattr(self.load().hook, contract.hook)
        try:
            product = hook(**{contract.type_field: self.name, contract.settings: settings})
        except ModelStreamError:
            raise
        except Exception as why:
            raise self._check_options(why, settings) or self.error("failed", why) from why
        if product is None:
            raise ConfigError(
                f"{self} does not serve {contract.type_field} {self.name!r} with "
                f"{'this config' if self.kind == 'model' else 'these options'}."
            )
        if not isinstance(product, product_class(self.kind)):
            self._quarantine(
                self._invalid(f"its hook returned {type_name(product)}, not a {contract.product}")
            )
        return product

    def _loaded(self) -> Any:
        try:
            if self.target is None:
                self.target = _import(self.value)
            if self.kind == "plugin":
                return self._hook_wrapper_manager()
            return self._checked_target() if not CONTRACTS[self.kind].hook else self._manager()
        except (Exception, SystemExit) as why:  # noqa: BLE001 - a plugin may fail in any way
            self._quarantine(why)

    def _checked_target(self) -> object:
        if not is_product(self.kind, self.target):
            raise TypeError(f"{self.value} is {type_name(self.target)}, not a {CONTRACTS[self.kind].product}")
        return self.target

    def _manager(self) -> pluggy.PluginManager:
        manager = registered(self.target, self.value)
        wanted = CONTRACTS[self.kind].hook
        if wanted not in hooks_of(manager, self.target):
            raise self._invalid(f"it has no {wanted} marked with @hookimpl")
        return manager

    def _hook_wrapper_manager(self) -> pluggy.PluginManager:
        manager = registered(self.target, self.value)
        wrappers = hook_wrappers_of(manager, self.target)
        if not wrappers:
            raise self._invalid("it has no hook wrapper, a hook marked with @hookimpl(wrapper=True)")
        if inspect.isclass(self.target) and any(_is_method(self.target, impl) for _, impl in wrappers):
            raise self._invalid("its hooks are methods: register an instance, not the class")
        return manager

    def _quarantine(self, why: BaseException) -> NoReturn:
        self._ready = None
        self.failure = why
        raise self.error("does not load", why) from why

    def _invalid(self, what: str) -> pluggy.PluginValidationError:
        return pluggy.PluginValidationError(self.target, what)

    def error(self, verdict: str, why: BaseException) -> PluginLoadError:
        """The error that names this plugin, what happened, the cause and how to fix it."""
        type_field = CONTRACTS[self.kind].type_field
        return PluginLoadError(
            f"{type_field} {self.name!r}: {self} {verdict}: {_one_line(why)}{self._hint(why)}"
        )

    def _hint(self, why: BaseException) -> str:
        if isinstance(why, pluggy.PluginValidationError):
            return f"\n{_signatures(self.kind)}; see modelstream.hookspecs."
        if self.distribution is None:
            return ""
        if isinstance(why, ModuleNotFoundError):
            again = "--force-reinstall " if _top(why.name) == _top(self.value) else ""
            return f"\n`pip install {again}{self.distribution}` installs the missing module."
        return f"\nUpdate it (`pip install --upgrade {self.distribution}`), or report it to its authors."

    def _check_options(self, why: Exception, options: Mapping[str, Any]) -> ConfigError | None:
        """The error for invalid options of a sink, if its constructor could not be called with them."""
        if self.kind != "sink" or not isinstance(why, TypeError) or not inspect.isclass(self.target):
            return None
        from modelstream.plugins.options import check_options

        return check_options(self.name, self.target, options)

    def __str__(self) -> str:
        """Its origin: distribution, version and module."""
        if self.distribution is None:
            return f"{self.value} (registered by the program)"
        return f"{self.distribution} {self.version} ({self.value})"


def registered(target: object, name: str) -> pluggy.PluginManager:
    """A plugin manager with modelstream's hookspecs and this one plugin, validated."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(target, name=name)
    manager.check_pending()
    return manager


def hooks_of(manager: pluggy.PluginManager, target: object) -> set[str]:
    """The names of the hooks that this plugin implements, without hook wrappers."""
    return {caller.name for caller, impl in _hookimpls(manager, target) if not _is_wrapper(impl)}


def hook_wrappers_of(manager: pluggy.PluginManager, target: object) -> list[tuple[str, pluggy.HookImpl]]:
    """The hook wrappers of this plugin, each with the name of its hook."""
    return [(caller.name, impl) for caller, impl in _hookimpls(manager, target) if _is_wrapper(impl)]


def _hookimpls(
    manager: pluggy.PluginManager, target: object
) -> Iterator[tuple[pluggy.HookCaller, pluggy.HookImpl]]:
    for caller in manager.get_hookcallers(target) or ():
        for impl in caller.get_hookimpls():
            yield caller, impl


def _is_wrapper(impl: pluggy.HookImpl) -> bool:
    return impl.wrapper or impl.hookwrapper


def _is_method(target: type, impl: pluggy.HookImpl) -> bool:
    return inspect.isfunction(inspect.getattr_static(target, impl.function.__name__, None))


def _import(value: str) -> object:
    module, _, attributes = value.partition("[")[0].replace(" ", "").partition(":")
    target: object = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        target = getattr(target, attribute)
    return target


def _top(module: str | None) -> str:
    """The package that a module, or an entry point's value, belongs to."""
    return (module or "").partition(":")[0].partition(".")[0]


def _one_line(why: BaseException) -> str:
    """The cause in one line."""
    text = " ".join(str(why).split())
    if len(text) > 400:
        text = text[:400] + "…"
    return f"{type(why).__name__}: {text}"


def type_name(thing: object) -> str:
    """The type of an object for a message: `None`, or `a` and its name."""
    return "None" if thing is None else f"a {type(thing).__name__}"


def _signatures(kind: Kind) -> str:
    contracts = [CONTRACTS[kind]] if CONTRACTS[kind].hook else [c for c in CONTRACTS.values() if c.hook]
    hooks = [f"{contract.hook}({contract.type_field}, {contract.settings})" for contract in contracts]
    return f"The hook is {hooks[0]}" if len(hooks) == 1 else f"The hooks are {' and '.join(hooks)}"
