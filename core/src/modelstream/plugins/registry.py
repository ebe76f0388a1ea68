"""The names of models, sinks, commands and dialects, and the plugins that provide them."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from modelstream.errors import ConfigError, PluginLoadError
from modelstream.plugins import around, entry_points
from modelstream.plugins.entry_points import EntryPoint, normalized
from modelstream.plugins.kinds import CONTRACTS, Kind
from modelstream.plugins.known import unknown_type
from modelstream.plugins.plugin import Plugin, State, hook_wrappers_of, hooks_of, registered

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

    `distribution` and `version` are None for a plugin that the program registered itself; `why` explains a
    state other than `loaded` and `not loaded`.
    """

    kind: Kind
    name: str
    distribution: str | None
    version: str | None
    value: str
    state: State
    why: str | None = None


class Registry:
    """Every name that an installed plugin provides, or that the program registered.

    Listing reads metadata only; a plugin is imported when its first wrapper or sink is created. One that
    fails does not affect the others. `path` is scanned instead of `sys.path`. All methods may be called from
    any thread.
    """

    def __init__(self, path: Sequence[str] | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._by_entry_point: dict[EntryPoint, Plugin] = {}
        self._index: Index | None = None
        self._registered: dict[tuple[Kind, str], Plugin] = {}
        self._searched: tuple[EntryPoint, ...] = ()

    def names(self, kind: Kind) -> list[str]:
        """The sorted names that are available. Imports no plugin."""
        keys = {*self._installed(), *self._registered}
        return sorted(name for of, name in keys if of == kind and self._usable(kind, name))

    def offers(self, kind: Kind, name: str) -> tuple[Plugin, ...]:
        """The plugins that provide this name: the one that the program registered, or all installed ones."""
        own = self._registered.get((kind, name))
        return (own,) if own is not None else self._installed().get((kind, name), ())

    def find(self, kind: Kind, name: str) -> tuple[Plugin, ...]:
        """Like `offers`, but scans again, also with `importlib.metadata`, before it returns none."""
        offers = self.offers(kind, name)
        if not offers:
            # It may have just been installed, from a notebook.
            self.refresh()
            offers = self.offers(kind, name)
        if not offers:
            self._search()
            offers = self.offers(kind, name)
        return offers

    def model_wrapper(self, model_type: str, config: Mapping[str, Any]) -> ModelWrapper:
        """Create a wrapper for `model_type`. Raises a `ConfigError` that explains what is wrong."""
        return cast("ModelWrapper", self._create("model", model_type, config))

    def sink(self, sink_type: str, options: Mapping[str, Any] | None = None) -> StreamSink:
        """Create a sink for `sink_type`. Raises a `ConfigError` that explains what is missing or wrong."""
        return cast("StreamSink", self._create("sink", sink_type, options or {}))

    def command(self, name: str) -> click.Command:
        """The command of this name. Raises a `ConfigError` that explains what is missing or wrong."""
        return cast("click.Command", self._chosen("command", name).load())

    def dialect(self, name: str) -> Dialect:
        """The dialect of this name. Raises a `ConfigError` that explains what is missing or wrong."""
        return cast("Dialect", self._chosen("dialect", name).load()())

    def register(self, target: T, name: str | None = None, *, exist_ok: bool = False) -> T:
        """Register a class or a module of the program, without packaging; returns it.

        Its hook wrappers, if it has any, run from now on around the creation of every wrapper and sink.
        Its name is `name`, or else the class's `model_type` or `sink_type`. A name already in use is an
        error, unless `exist_ok` lets this one replace it. Defining the same class again, as notebooks do, is
        not a conflict.
        """
        for plugin in _plugins_in(target, name):
            with self._lock:
                if not exist_ok:
                    self._reject_taken(plugin)
                self._registered[plugin.kind, plugin.name] = plugin
        return target

    def unregister(self, target: object) -> None:
        """Undo `register` for `target`; what it replaced is available again."""
        with self._lock:
            kept = {key: plugin for key, plugin in self._registered.items() if plugin.target is not target}
            self._registered = kept

    def describe(self, *, load: bool = False) -> list[PluginInfo]:
        """All plugins with their states. With `load`, each plugin is loaded first.

        Never raises because of a plugin.
        """
        index = {**self._installed(), **{key: (own,) for key, own in self._registered.items()}}
        return [_info(plugin, index[key], load=load) for key in sorted(index) for plugin in index[key]]

    def refresh(self) -> None:
        """Scan the installed distributions again; broken plugins are retried."""
        importlib.invalidate_caches()
        if self._path is None:
            entry_points.refresh()
        with self._lock:
            self._searched = ()
            self._index = self._build_index()

    def _create(self, kind: Kind, name: str, settings: Mapping[str, Any]) -> Any:
        plugin = self._chosen(kind, name)
        hook_wrappers = around.usable(self._hook_wrappers())
        if not hook_wrappers:
            return plugin.create(settings)
        return around.create_within(hook_wrappers, plugin, settings)

    def _hook_wrappers(self) -> Iterator[Plugin]:
        """The hook wrappers in use: the installed ones by name, then the program's, which are outermost."""
        index = self._installed()
        for kind, name in sorted(index):
            if kind == "plugin":
                yield from (plugin for plugin in index[kind, name] if not _blocked(plugin))
        for plugin in list(self._registered.values()):
            if plugin.kind == "plugin" and not _blocked(plugin):
                yield plugin

    def _search(self) -> None:
        """Add what only `importlib.metadata` finds. A registry with its own path ignores it."""
        if self._path is not None:
            return
        found = tuple(entry_points.search())
        with self._lock:
            self._searched = found
            self._index = self._build_index()

    def _chosen(self, kind: Kind, name: str) -> Plugin:
        offers = self.find(kind, name)
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
        """Called with the lock held. The index is replaced as a whole: readers don't lock."""
        scanned = entry_points.installed() if self._path is None else entry_points.scan(self._path)
        index: dict[tuple[Kind, str], tuple[Plugin, ...]] = {}
        self._add(index, scanned)
        scanned_keys = set(index)
        # Not hook wrappers: they must not become active because some other name was not found.
        self._add(
            index,
            (e for e in self._searched if e.kind != "plugin" and (e.kind, e.name) not in scanned_keys),
        )
        return index

    def _add(self, index: dict[tuple[Kind, str], tuple[Plugin, ...]], entries: Iterable[EntryPoint]) -> None:
        for entry in entries:
            plugin = self._by_entry_point.get(entry)
            if plugin is None or plugin.state == "broken":
                plugin = self._by_entry_point[entry] = _plugin_of(entry)
            others = index.get((entry.kind, entry.name), ())
            if plugin not in others:
                index[entry.kind, entry.name] = (*others, plugin)

    def _reject_taken(self, plugin: Plugin) -> None:
        own = self._registered.get((plugin.kind, plugin.name))
        index = self._index if self._index is not None else self._build_index()
        self._index = index
        for other in (own,) if own is not None else index.get((plugin.kind, plugin.name), ()):
            if other.value != plugin.value and not _blocked(other):
                raise PluginLoadError(
                    f"{CONTRACTS[plugin.kind].type_field} {plugin.name!r}: {plugin.value} cannot be "
                    f"registered, the name is already used by {other}."
                    "\nChoose another name, or pass exist_ok=True to replace it."
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
        manager = registered(target, label)
    except Exception as why:
        raise PluginLoadError(f"{label} cannot be registered: {' '.join(str(why).split())}") from why
    hooks = hooks_of(manager, target)
    kinds: list[Kind] = [kind for kind, contract in CONTRACTS.items() if contract.hook in hooks]
    if hook_wrappers_of(manager, target):
        kinds.append("plugin")
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
    found = name or getattr(target, type_field, None) or (_label(target) if kind == "plugin" else None)
    if not found or not isinstance(found, str):
        raise ConfigError(
            f"{_label(target)} cannot be registered without a name: "
            f"set its {type_field}, or pass the name as second argument."
        )
    return found


def _label(target: object) -> str:
    """The location of a registered plugin's code, in the form of an entry point's value."""
    qualified = getattr(target, "__qualname__", None)
    if qualified is not None:
        return f"{getattr(target, '__module__', '?')}:{qualified}"
    return str(getattr(target, "__name__", None) or repr(target))


def _blocked(plugin: Plugin) -> bool:
    """Whether the user disabled it, by its name or its distribution."""
    blocked = {normalized(word.strip()) for word in os.environ.get(BLOCK, "").split(",")} - {""}
    return not blocked.isdisjoint({normalized(plugin.name), normalized(plugin.distribution or "")})


def _none_or_many(kind: Kind, name: str, usable: list[Plugin], offers: Sequence[Plugin]) -> PluginLoadError:
    what = f"{CONTRACTS[kind].type_field} {name!r}"
    if usable:
        return PluginLoadError(
            f"{what} is provided by {_both(usable)}."
            f"\nUninstall one of them, or disable it: {BLOCK}={usable[0].distribution}"
        )
    return PluginLoadError(f"{what} of {_both(offers)} is disabled.\n{BLOCK} is {os.environ[BLOCK]!r}.")


def _both(plugins: Sequence[Plugin]) -> str:
    return " and by ".join(map(str, plugins))


def _info(plugin: Plugin, offers: Sequence[Plugin], *, load: bool) -> PluginInfo:
    state, why = _state(plugin, offers, load=load)
    return PluginInfo(plugin.kind, plugin.name, plugin.distribution, plugin.version, plugin.value, state, why)


def _state(plugin: Plugin, offers: Sequence[Plugin], *, load: bool) -> tuple[State, str | None]:
    if _blocked(plugin):
        return "blocked", f"{BLOCK} is {os.environ[BLOCK]!r}"
    # Hook wrappers are not looked up by their name, so two may share one.
    rivals = [other for other in offers if other is not plugin and not _blocked(other)]
    if rivals and plugin.kind != "plugin":
        return "duplicate", f"also provided by {_both(rivals)}"
    if load:
        try:
            plugin.load()
        except PluginLoadError:
            return plugin.state, plugin.why
    return plugin.state, plugin.why
