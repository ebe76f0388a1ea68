"""The SDK's clients: keys, headers and connections are their business."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from modelstream.errors import ConfigError
from modelstream.wire import Clients, did_you_mean, uncap
from modelstream_openai.keys import Key, amade, made

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


def clients(arguments: Mapping[str, Any]) -> Clients[OpenAI, AsyncOpenAI]:
    """The clients made with `arguments`. The first imports the SDK, which takes most of a second."""
    return Clients(
        lambda: _client(arguments),
        lambda: _async_client(arguments),
        close=lambda client: client.close(),
        aclose=lambda client: client.close(),
    )


def _client(arguments: Mapping[str, Any]) -> OpenAI:
    import openai

    client: OpenAI = _made(openai.OpenAI, _with_key(arguments, made))
    return client


def _async_client(arguments: Mapping[str, Any]) -> AsyncOpenAI:
    import openai

    client: AsyncOpenAI = _made(openai.AsyncOpenAI, _with_key(arguments, amade))
    client.chat.completions  # noqa: B018 (the SDK imports the rest of itself here)
    return client


def _with_key(arguments: Mapping[str, Any], made: Callable[[Key], object]) -> Mapping[str, Any]:
    """The arguments with a function for a key, if it is one, that returns or awaits as the client wants."""
    key = arguments.get("api_key")
    return {**arguments, "api_key": partial(made, key)} if callable(key) else arguments


def _made(kind: type[Any], arguments: Mapping[str, Any]) -> Any:
    from openai import OpenAIError

    known = inspect.signature(kind).parameters
    for name in arguments:
        if name not in known:
            raise ConfigError(
                f"client_args has {name!r}, which the client of this openai SDK does not take."
                f"{did_you_mean(name, known)}"
                f"\nIt takes: {', '.join(one for one in known if not one.startswith('_'))}."
            )
    try:
        client = kind(**arguments)
    except (OpenAIError, TypeError, ValueError) as error:
        raise ConfigError(f"client_args: the openai SDK can't make a client of them ({error}).") from error
    if arguments.get("http_client") is None:
        uncap(client._client)  # noqa: SLF001 - it takes limits only together with a client of ours
    if callable(client.api_key):  # It would be sent as it is printed.
        raise ConfigError(
            "client_args has a function for 'api_key', which the client of this openai SDK does not call.\n"
            "Give the key itself, take a newer openai, or set 'transport' to 'native'."
        )
    return client
