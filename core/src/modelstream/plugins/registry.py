"""Names of models, sinks, commands and dialects, and the plugins behind them."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from modelstream.errors import ConfigError, PluginLoadError
from modelstream.plugins import entry_points
from modelstream.plugins.entry_points import EntryPoint, normalised
from modelstream.plugins.kinds import CONTRACTS, Kind
from modelstream.plugins.known import unknown_type
from modelstream.plugins.plugin import Plugin, State, hooks_of, registered

if TYPE_CHECKING:
    import click

    from modelstream.sinks.base import StreamSink
    from modelstream.wire.dialect import Dialect
    from modelstream.wrapper import ModelWrapper

T = TypeVar("T")
Index = Mapping[tuple[Kind, str], tuple[Plugin, ...]]
BLOCK = "MODELSTREAM_BLOCK"


class PluginInfo(msgspec.Struct, frozen=True):
    """A line of `modelstream plugins`.

    `distribution` and `version` are None for a plugin that the program registered itself; `why` tells
    about a state other than `loaded` and `not loaded`.
    """

    kind: Kind
    name: str
    distribution: str | None
    version: str | None
    value: str
    state: State
    why: str | None = None


class Registry:
    """Every name that an installed plugin offers, or that the program registered.

    Listing reads metadata only; a plugin is imported when a wrapper or a sink of its is first asked for.
    One that fails concerns nobody but those who ask for it. `path` is what is scanned instead of
    `sys.path`. All methods may be called from any thread.
    """

    def __init__(self, path: Sequence[str] | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._by_entry_point: dict[EntryPoint, Plugin] = {}
        self._index: Index | None = None
        self._registered: dict[tuple[Kind, str], Plugin] = {}

    def names(self, kind: Kind) -> list[str]:
        """The names that can be asked for, in order. Imports no plugin."""
        keys = {*self._installed(), *self._registered}
        return sorted(name for of, name in keys if of == kind and self._usable(kind, name))

    def offers(self, kind: Kind, name: str) -> tuple[Plugin, ...]:
        """The plugins that offer this name: one of the program's own, or all installed ones."""
        own = self._registered.get((kind, name))
        return (own,) if own is not None else self._installed().get((kind, name), ())

    def model_wrapper(self, model_type: str, config: Mapping[str, Any]) -> ModelWrapper:
        """A new wrapper for `model_type`. Raises a `ConfigError` that says what is missing or wrong."""
        return cast("ModelWrapper", self._chosen("model", model_type).make(config))

    def sink(self, sink_type: str, options: Mapping[str, Any] | None = None) -> StreamSink:
        """A new sink for `sink_type`. Raises a `ConfigError` that says what is missing or wrong."""
        return cast("StreamSink", self._chosen("sink", sink_type).make(options or {}))

    def command(self, name: str) -> click.Command:
        """The command of this name. Raises a `ConfigError` that says what is missing or wrong."""
        return cast("click.Command", self._chosen("command", name).load())

    def dialect(self, name: str) -> Dialect:
        """The dialect of this name. Raises a `ConfigError` that says what is missing or wrong."""
        return cast("Dialect", self._chosen("dialect", name).load()())

    def register(self, target: T, name: str | None = None, *, exist_ok: bool = False) -> T:
        """Offer a class or a module of the program's own, without packaging; returns it.

        Its name is `name`, or else the class's `model_type` or `sink_type`. A name that is taken is an
        error, unless `exist_ok` says that this one shall stand in for it. Defining the same class
        again, as notebooks do, is no conflict.
        """
        for plugin in _plugins_in(target, name):
            with self._lock:
                if not exist_ok:
                    self._refuse_taken(plugin)
                self._registered[plugin.kind, plugin.name] = plugin
        return target

    def unregister(self, target: object) -> None:
        """Take back what `register` did for `target`; what it stood in for is offered again."""
        with self._lock:
            kept = {key: plugin for key, plugin in self._registered.items() if plugin.target is not target}
            self._registered = kept

    def describe(self, *, load: bool = False) -> list[PluginInfo]:
        """What there is, and in which state. With `load`, every plugin is first tried, each alone.

        Never raises because of a plugin.
        """
        index = {**self._installed(), **{key: (own,) for key, own in self._registered.items()}}
        return [_info(plugin, index[key], load=load) for key in sorted(index) for plugin in index[key]]

    def refresh(self) -> None:
        """Look again at what is installed, and give broken plugins another chance."""
        importlib.invalidate_caches()
        if self._path is None:
            entry_points.refresh()
        with self._lock:
            self._index = self._build_index()

    def _chosen(self, kind: Kind, name: str) -> Plugin:
        offers = self.offers(kind, name)
        if not offers:
            # It may have been installed just now, from a notebook.
            self.refresh()
            offers = self.offers(kind, name)
        if not offers:
            raise unknown_type(kind, name, self.names(kind))
        usable = [plugin for plugin in offers if not _blocked(plugin)]
        if len(usable) != 1:
            raise _none_or_many(kind, name, usable, offers)
        return usable[0]

    def _usable(self, kind: Kind, name: str) -> bool:
        return any(not _blocked(plugin) for plugin in self.offers(kind, name))

    def _installed(self) -> Index:
        index = self._index
        if index is None:
            with self._lock:
                if self._index is None:
                    self._index = self._build_index()
                index = self._index
        return index

    def _build_index(self) -> Index:
        """Called with the lock held. The index is published whole: readers don't lock."""
        entries = entry_points.installed() if self._path is None else entry_points.scan(self._path)
        index: dict[tuple[Kind, str], tuple[Plugin, ...]] = {}
        for entry in entries:
            plugin = self._by_entry_point.get(entry)
            if plugin is None or plugin.state == "broken":
                plugin = self._by_entry_point[entry] = _plugin_of(entry)
            others = index.get((entry.kind, entry.name), ())
            if plugin not in others:
                index[entry.kind, entry.name] = (*others, plugin)
        return index

    def _refuse_taken(self, plugin: Plugin) -> None:
        own = self._registered.get((plugin.kind, plugin.name))
        index = self._index if self._index is not None else self._build_index()
        self._index = index
        for other in (own,) if own is not None else index.get((plugin.kind, plugin.name), ()):
            if other.value != plugin.value and not _blocked(other):
                raise PluginLoadError(
                    f"{CONTRACTS[plugin.kind].type_field} {plugin.name!r}: {plugin.value} cannot be "
                    f"registered, the name belongs to {other}."
                    "\nChoose another name, or pass exist_ok=True to have it stand in."
                )


def registry() -> Registry:
    """The registry that the whole program shares."""
    return _shared


_shared = Registry()


def _plugin_of(entry: EntryPoint) -> Plugin:
    return Plugin(entry.kind, entry.name, entry.value, distribution=entry.distribution, version=entry.version)


def _plugins_in(target: object, name: str | None) -> list[Plugin]:
    """One plugin for each kind of hook that `target` implements."""
    label = _label(target)
    try:
        hooks = hooks_of(registered(target, label), target)
    except Exception as why:
        raise PluginLoadError(f"{label} cannot be registered: {' '.join(str(why).split())}") from why
    kinds: list[Kind] = [kind for kind, contract in CONTRACTS.items() if contract.hook in hooks]
    if not kinds:
        raise PluginLoadError(
            f"{label} cannot be registered: it is neither a ModelWrapper nor a StreamSink class, "
            "nor does it have a hook marked with @hookimpl."
        )
    plugins = [Plugin(kind, _name(target, name, kind), label, target=target) for kind in kinds]
    for plugin in plugins:
        plugin.load()
    return plugins


def _name(target: object, name: str | None, kind: Kind) -> str:
    type_field = CONTRACTS[kind].type_field
    found = name or getattr(target, type_field, None)
    if not found or not isinstance(found, str):
        raise ConfigError(
            f"{_label(target)} cannot be registered without a name: "
            f"set its {type_field}, or pass the name as second argument."
        )
    return found


def _label(target: object) -> str:
    """Where the code of a registered plugin is, in the form of an entry point's value."""
    qualified = getattr(target, "__qualname__", None)
    if qualified is not None:
        return f"{getattr(target, '__module__', '?')}:{qualified}"
    return str(getattr(target, "__name__", None) or repr(target))


def _blocked(plugin: Plugin) -> bool:
    """Whether the user switched it off, by its name or its distribution."""
    blocked = {normalised(word.strip()) for word in os.environ.get(BLOCK, "").split(",")} - {""}
    return not blocked.isdisjoint({normalised(plugin.name), normalised(plugin.distribution or "")})


def _none_or_many(kind: Kind, name: str, usable: list[Plugin], offers: Sequence[Plugin]) -> PluginLoadError:
    what = f"{CONTRACTS[kind].type_field} {name!r}"
    if usable:
        return PluginLoadError(
            f"{what} is offered by {_both(usable)}."
            f"\nUninstall one of them, or switch it off: {BLOCK}={usable[0].distribution}"
        )
    return PluginLoadError(f"{what} of {_both(offers)} is switched off.\n{BLOCK} is {os.environ[BLOCK]!r}.")


def _both(plugins: Sequence[Plugin]) -> str:
    return " and by ".join(map(str, plugins))


def _info(plugin: Plugin, offers: Sequence[Plugin], *, load: bool) -> PluginInfo:
    state, why = _state(plugin, offers, load=load)
    return PluginInfo(plugin.kind, plugin.name, plugin.distribution, plugin.version, plugin.value, state, why)


def _state(plugin: Plugin, offers: Sequence[Plugin], *, load: bool) -> tuple[State, str | None]:
    if _blocked(plugin):
        return "blocked", f"{BLOCK} is {os.environ[BLOCK]!r}"
    rivals = [other for other in offers if other is not plugin and not _blocked(other)]
    if rivals:
        return "duplicate", f"also offered by {_both(rivals)}"
    if load:
        try:
            plugin.load()
        except PluginLoadError:
            return plugin.state, plugin.why
    return plugin.state, plugin.why
