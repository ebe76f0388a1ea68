"""Hooks of agents: functions called before and after `reply`, `speak` and `observe`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import wraps
from typing import Any, ClassVar

Hook = Callable[..., Any]
Hooks = dict[str, dict[str, Hook]]

HOOK_TYPES = ("pre_reply", "post_reply", "pre_speak", "post_speak", "pre_observe", "post_observe")


class Hooked:
    """Adds hooks to a class: for single objects, or for all objects of the class.

    The arguments of a hook, all of them copies, and what it may return instead of None to replace them:

    | hook type | arguments | return |
    |---|---|---|
    | `pre_reply` | agent, args, kwargs | `(args, kwargs)` |
    | `post_reply` | agent, args, kwargs, reply | the reply |
    | `pre_speak` | agent, Msg, whether it streams, whether it is the last | the Msg |
    | `pre_observe` | agent, what is observed | what is observed |
    | `post_speak`, `post_observe` | agent | |

    An object's own hooks run first, then those of its class and of the classes above it. Each has a name;
    registering that name again replaces it.
    """

    _class_hooks: ClassVar[Hooks] = {}
    _hooks: Hooks

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._class_hooks = {}
        for name, wrapped in (("reply", _hooked_reply), ("observe", _hooked_observe)):
            method = cls.__dict__.get(name)
            if inspect.isfunction(method):
                setattr(cls, name, wrapped(method))

    def register_hook(self, hook_type: str, hook_name: str, hook: Hook) -> None:
        """Add a hook to this object."""
        self._own_hooks().setdefault(_known(hook_type), {})[hook_name] = hook

    def remove_hook(self, hook_type: str, hook_name: str) -> None:
        """Remove a hook from this object. Raises `ValueError` if there is none of that name."""
        _remove(self._own_hooks(), hook_type, hook_name)

    def clear_hooks(self, hook_type: str) -> None:
        """Remove all hooks of this type from this object."""
        self._own_hooks().pop(_known(hook_type), None)

    def clear_all_obj_hooks(self) -> None:
        """Remove all hooks from this object."""
        self._own_hooks().clear()

    @classmethod
    def register_class_hook(cls, hook_type: str, hook_name: str, hook: Hook) -> None:
        """Add a hook to all objects of this class and of its subclasses."""
        cls._class_hooks.setdefault(_known(hook_type), {})[hook_name] = hook

    @classmethod
    def remove_class_hook(cls, hook_type: str, hook_name: str) -> None:
        """Remove a hook from this class. Raises `ValueError` if there is none of that name."""
        _remove(cls._class_hooks, hook_type, hook_name)

    @classmethod
    def clear_class_hooks(cls, hook_type: str) -> None:
        """Remove all hooks of this type from this class."""
        cls._class_hooks.pop(_known(hook_type), None)

    @classmethod
    def clear_all_class_hooks(cls) -> None:
        """Remove all hooks from this class."""
        cls._class_hooks.clear()

    def _own_hooks(self) -> Hooks:
        # Not created in __init__: a subclass may register hooks before it calls ours.
        own: Hooks = self.__dict__.setdefault("_hooks", {})
        return own

    def _hooks_for(self, hook_type: str) -> list[Hook]:
        levels: Iterator[Hooks] = (vars(cls).get("_class_hooks", {}) for cls in type(self).__mro__)
        return [hook for level in (self._own_hooks(), *levels) for hook in level.get(hook_type, {}).values()]

    def _through_hooks(self, hook_type: str, value: Any, *more: Any) -> Any:
        """Pass the value through all hooks; each may replace it."""
        for hook in self._hooks_for(hook_type):
            replaced = hook(self, deepcopy(value), *more)
            if replaced is not None:
                value = replaced
        return value

    def _notify_hooks(self, hook_type: str) -> None:
        for hook in self._hooks_for(hook_type):
            hook(self)


def _hooked_reply(reply: Hook) -> Hook:
    """`reply` with its hooks around it; a coroutine function stays one."""
    if inspect.iscoroutinefunction(reply):

        @wraps(reply)
        async def awaited(self: Hooked, *args: Any, **kwargs: Any) -> Any:
            if getattr(type(self), "reply", None) is not awaited:
                return await reply(self, *args, **kwargs)
            args, kwargs = _before_reply(self, args, kwargs)
            return _after_reply(self, args, kwargs, await reply(self, *args, **kwargs))

        return awaited

    @wraps(reply)
    def called(self: Hooked, *args: Any, **kwargs: Any) -> Any:
        # Called by super().reply(): hooks run once for the whole reply, not for each class.
        if getattr(type(self), "reply", None) is not called:
            return reply(self, *args, **kwargs)
        args, kwargs = _before_reply(self, args, kwargs)
        return _after_reply(self, args, kwargs, reply(self, *args, **kwargs))

    return called


def _before_reply(agent: Hooked, args: Any, kwargs: Any) -> tuple[Any, Any]:
    for hook in agent._hooks_for("pre_reply"):  # noqa: SLF001
        replaced = hook(agent, deepcopy(args), deepcopy(kwargs))
        if replaced is not None:
            args, kwargs = replaced
    return args, kwargs


def _after_reply(agent: Hooked, args: Any, kwargs: Any, reply: Any) -> Any:
    for hook in agent._hooks_for("post_reply"):  # noqa: SLF001
        replaced = hook(agent, deepcopy(args), deepcopy(kwargs), deepcopy(reply))
        if replaced is not None:
            reply = replaced
    return reply


def _hooked_observe(observe: Hook) -> Hook:
    @wraps(observe)
    def called(self: Hooked, x: Any) -> None:
        if getattr(type(self), "observe", None) is not called:
            observe(self, x)
            return
        observe(self, self._through_hooks("pre_observe", x))
        self._notify_hooks("post_observe")

    return called


def _known(hook_type: str) -> str:
    if hook_type not in HOOK_TYPES:
        raise ValueError(f"Hook type {hook_type!r}: expected one of {', '.join(HOOK_TYPES)}.")
    return hook_type


def _remove(hooks: Hooks, hook_type: str, hook_name: str) -> None:
    if hooks.get(_known(hook_type), {}).pop(hook_name, None) is None:
        raise ValueError(f"There is no {hook_type} hook named {hook_name!r}.")
