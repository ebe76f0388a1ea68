"""Hook wrappers: plugins around the creation of every model wrapper and every sink.

They are found by the entry-point group `modelstream.plugins` and loaded with the first wrapper or sink.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import pluggy

from modelstream import hookspecs
from modelstream.errors import ModelStreamError, PluginLoadError
from modelstream.hookspecs import hookimpl
from modelstream.plugins.kinds import CONTRACTS, product_class
from modelstream.plugins.plugin import hook_wrappers_of, type_name

if TYPE_CHECKING:
    from types import TracebackType

    from modelstream.plugins.plugin import Plugin

logger = logging.getLogger("modelstream")
_this_thread = threading.local()
_lock = threading.Lock()
_logged: WeakSet[Plugin] = WeakSet()


def usable(plugins: Iterable[Plugin]) -> list[Plugin]:
    """The `plugins` that load; one that does not is logged, once.

    Empty while this thread is loading them: what they create at import gets no hook wrappers.
    """
    if getattr(_this_thread, "loading", False):
        return []
    _this_thread.loading = True
    try:
        return [plugin for plugin in plugins if _loads(plugin)]
    finally:
        _this_thread.loading = False


def _loads(plugin: Plugin) -> bool:
    try:
        plugin.load()
    except PluginLoadError as error:
        with _lock:
            new = plugin not in _logged
            _logged.add(plugin)
        if new:
            logger.warning("hook wrappers of a broken plugin are ignored: %s", error)
        return False
    return True


def create_within(around: Sequence[Plugin], plugin: Plugin, settings: Mapping[str, Any]) -> Any:
    """Create a wrapper or a sink with `plugin`, through the hook wrappers of the plugins `around` it.

    A `ModelStreamError` is raised unchanged. For any other exception, and for a result of the wrong type,
    raises a `PluginLoadError` that names the plugin whose hook wrapper caused it.
    """
    contract = CONTRACTS[plugin.kind]
    try:
        product = getattr(_manager(around, plugin).hook, contract.hook)(
            **{contract.type_field: plugin.name, contract.settings: settings}
        )
    except ModelStreamError:
        raise
    except Exception as why:
        raise _failed(_responsible(around, contract.hook, why), why) from why
    if not isinstance(product, product_class(plugin.kind)):
        wrong = TypeError(f"{contract.hook} returned {type_name(product)}, not a {contract.product}")
        raise _failed([one for one, _ in _functions(around, contract.hook)], wrong)
    return product


def _manager(around: Sequence[Plugin], plugin: Plugin) -> pluggy.PluginManager:
    manager = _Manager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(_Innermost(plugin))
    for one in around:
        # One object may be registered under several names.
        if not manager.is_registered(one.target):
            manager.register(one.target, name=f"{one.name} {id(one)}")
    return manager


def _responsible(around: Sequence[Plugin], hook: str, why: Exception) -> list[Plugin]:
    """The plugin whose hook wrapper raised; all that have one if the traceback does not show which."""
    functions = _functions(around, hook)
    found: list[Plugin] = []
    # The exception also passes through the outer hook wrappers: the innermost one raised it.
    traceback: TracebackType | None = why.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        found = [one for one, function in functions if function.__code__ is code] or found
        traceback = traceback.tb_next
    return found or [one for one, _ in functions]


def _functions(around: Sequence[Plugin], hook: str) -> list[tuple[Plugin, Any]]:
    """The hook wrappers for `hook` as functions, each with its plugin."""
    return [
        (one, inspect.unwrap(getattr(impl.function, "__func__", impl.function)))
        for one in around
        for name, impl in hook_wrappers_of(one.load(), one.target)
        if name == hook
    ]


def _failed(plugins: Sequence[Plugin], why: Exception) -> PluginLoadError:
    if len(plugins) == 1:
        return plugins[0].error("failed", why)
    return PluginLoadError(f"one of the plugins {', '.join(map(str, plugins))} failed: {why}")


class _Innermost:
    """The innermost hook: the one plugin that provides the name.

    It only raises `ModelStreamError`s, so any other exception comes from a hook wrapper.
    """

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    @hookimpl
    def modelstream_model_wrapper(self, config: Mapping[str, Any]) -> Any:
        return self._plugin.create(config)

    @hookimpl
    def modelstream_stream_sink(self, options: Mapping[str, Any]) -> Any:
        return self._plugin.create(options)


class _Manager(pluggy.PluginManager):
    """Registers the hook wrappers of a plugin, and ignores its other hooks, which serve other names."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        options = super().parse_hookimpl_opts(plugin, name)
        if options is None or isinstance(plugin, _Innermost):
            return options
        return options if options["wrapper"] or options["hookwrapper"] else None
