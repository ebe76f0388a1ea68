"""The SDK's clients, which handle keys, headers and connections."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from modelstream.errors import ConfigError
from modelstream.wire import Clients, did_you_mean, proxy_arguments, uncap
from modelstream_openai.keys import Key, aresolve_key, resolve_key

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


def clients(arguments: Mapping[str, Any]) -> Clients[OpenAI, AsyncOpenAI]:
    """The clients created with `arguments`. The first one imports the SDK, which takes most of a second."""
    return Clients(
        lambda: _client(arguments),
        lambda: _async_client(arguments),
        close=lambda client: client.close(),
        aclose=lambda client: client.close(),
    )


def _client(arguments: Mapping[str, Any]) -> OpenAI:
    import openai

    arguments = _with_proxies(arguments, openai.DefaultHttpxClient, is_async=False)
    client: OpenAI = _create(openai.OpenAI, _with_key(arguments, resolve_key))
    return client


def _async_client(arguments: Mapping[str, Any]) -> AsyncOpenAI:
    import openai

    arguments = _with_proxies(arguments, openai.DefaultAsyncHttpxClient, is_async=True)
    client: AsyncOpenAI = _create(openai.AsyncOpenAI, _with_key(arguments, aresolve_key))
    client.chat.completions  # noqa: B018 (the SDK imports the rest of itself here)
    return client


def _with_proxies(arguments: Mapping[str, Any], kind: type[Any], *, is_async: bool) -> Mapping[str, Any]:
    """The arguments, with an HTTP client where the environment has a proxy for which the SDK's would fail."""
    if arguments.get("http_client") is not None:
        return arguments
    library = sys.modules[kind.__mro__[1].__module__.partition(".")[0]]
    options = proxy_arguments(library, is_async=is_async)
    return {**arguments, "http_client": kind(**options)} if options else arguments


def _with_key(arguments: Mapping[str, Any], resolve: Callable[[Key], object]) -> Mapping[str, Any]:
    """The arguments with a callable key wrapped so that it is sync or async, as the client expects."""
    key = arguments.get("api_key")
    return {**arguments, "api_key": partial(resolve, key)} if callable(key) else arguments


def _create(kind: type[Any], arguments: Mapping[str, Any]) -> Any:
    from openai import OpenAIError

    known = inspect.signature(kind).parameters
    for name in arguments:
        if name not in known:
            raise ConfigError(
                f"client_args has {name!r}, which the client of this openai SDK does not support."
                f"{did_you_mean(name, known)}"
                f"\nIt supports: {', '.join(one for one in known if not one.startswith('_'))}."
            )
    try:
        client = kind(**arguments)
    except (OpenAIError, TypeError, ValueError) as error:
        raise ConfigError(
            f"client_args: the openai SDK can't create a client from them ({error})."
        ) from error
    if arguments.get("http_client") is None:
        uncap(client._client)  # noqa: SLF001 - it accepts limits only as part of a whole HTTP client
    if callable(client.api_key):  # Its repr would be sent as the key.
        raise ConfigError(
            "client_args has a function for 'api_key', which the client of this openai SDK does not call.\n"
            "Use the key itself, a newer openai, or the transport 'native'."
        )
    return client
