"""The model wrapper `litellm_chat`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.config import check_key
from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import (
    AsyncByteStream,
    ByteStream,
    CallOptions,
    FrameReader,
    OpenAIDialect,
    WireWrapper,
    bare_url,
    check_endpoint,
    check_headers,
    check_url,
    setup_error,
    shown_url,
    tool_choice,
)
from modelstream_litellm.config import LiteLLMConfig
from modelstream_litellm.failures import map_error
from modelstream_litellm.messages import prepare_messages
from modelstream_litellm.sdk import litellm
from modelstream_litellm.streams import Call, async_stream_of, stream_of
from modelstream_litellm.wholes import Original, unread
from modelstream_litellm.words import Frames

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.deltas import Yielded
    from modelstream.request import Request


_ADDRESSES = ("api_base", "base_url")
_HEADER_ENCODINGS = frozenset({"ascii", "latin-1"})

_MOCKS = ("mock_response", "mock_tool_calls")
"""Arguments for which LiteLLM makes an answer up without asking a provider."""


class LiteLLMChat(WireWrapper):
    """A hundred more providers, through LiteLLM.

    Prefer the provider's own plugin where there is one: it starts faster, needs less time per chunk, and
    closes its connection sooner.
    """

    model_type = "litellm_chat"
    config_class: ClassVar[type[LiteLLMConfig]] = LiteLLMConfig
    config: LiteLLMConfig
    dialect: ClassVar[OpenAIDialect] = OpenAIDialect()
    framer = staticmethod(dialect.framing.framer)

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.config = msgspec.structs.replace(self.config, model_name=self.config.model())
        if self.config.api_key:
            check_key(self.config.api_key, "the field 'api_key' of the model config")
        check_headers(self.config.headers, "the model config", ConfigError)
        named = {"base_url": self.config.base_url}
        named |= {f"generate_args.{one}": self.config.generate_args.get(one) for one in _ADDRESSES}
        for field, url in named.items():
            if isinstance(url, str) and url:
                self._check_address(field, url)

    def open(self, request: Request) -> ByteStream:
        """Call LiteLLM."""
        with request.loading():
            module = litellm()
        call = self._call(request)
        try:
            answer = module.completion(**self._arguments(request, call))
        except Exception as error:
            if request.stream or call.original.document is None:
                raise
            failure = error
        else:
            return stream_of(answer, call, stream=request.stream)
        return unread(call.original, failure, sys.exception())

    async def aopen(self, request: Request) -> AsyncByteStream:
        """Call LiteLLM from the running event loop."""
        # In a thread, because the first call imports LiteLLM, which takes seconds.
        with request.loading():
            module = await asyncio.to_thread(litellm)
        call = self._call(request)
        try:
            answer = await module.acompletion(**self._arguments(request, call))
        except Exception as error:
            if request.stream or call.original.document is None:
                raise
            failure = error
        else:
            return await async_stream_of(answer, call, stream=request.stream)
        return unread(call.original, failure, sys.exception())

    def state_owner(self) -> tuple[str, str]:
        """The model_type, and the URL of the server, or else LiteLLM's name for the provider."""
        return self.state_owner_of(self.config.generate_args)

    def state_owner_of(self, arguments: Mapping[str, Any]) -> tuple[str, str]:
        """The same for a call, whose arguments may name another server, model or provider."""
        url = arguments.get("base_url") or arguments.get("api_base") or self.config.base_url
        return self.model_type, bare_url(str(url)) if url else self._provider(arguments)

    def accepts_reasoning(self) -> bool:
        """Whether messages may have reasoning: LiteLLM converts it for the provider."""
        return True

    def frame_reader(self, request: Request) -> FrameReader:
        """A new reader for the frames of one answer."""
        return Frames()

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Open the answer and yield its deltas; errors of LiteLLM are raised as `StreamError`s."""
        reading = False
        try:
            for deltas in super().deltas(request):
                reading = request.stream
                yield deltas
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001
            failure = error
        else:
            return
        # Outside the except clause, sys.exception() is what the caller was handling when this failed.
        if (setup := _setup_error(failure)) is not None:
            raise setup from failure
        raise map_error(failure, sys.exception(), reading=reading) from failure

    async def adeltas(self, request: Request) -> AsyncGenerator[Yielded, None]:
        """Open the answer and yield its deltas; errors of LiteLLM are raised as `StreamError`s."""
        reading = False
        try:
            async with aclosing(super().adeltas(request)) as batches:
                async for deltas in batches:
                    reading = request.stream
                    yield deltas
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001
            failure = error
        else:
            return
        if (setup := _setup_error(failure)) is not None:
            raise setup from failure
        raise map_error(failure, sys.exception(), reading=reading) from failure

    def _check_address(self, field: str, url: str) -> None:
        check_url(field, url, "https://api.example.com/v1")
        if self._provider(self.config.generate_args) != "openai":
            return  # LiteLLM accepts the endpoint or a query for some of the others
        check_endpoint(field, url, self.dialect.routes, self.dialect.path)
        if "?" in url:
            raise ConfigError(
                f"{field} is {shown_url(url)}: omit the query, to which LiteLLM would append the path."
                "\nThe plugin modelstream-openai sends a query."
            )

    def _provider(self, arguments: Mapping[str, Any]) -> str:
        """LiteLLM's name for the provider of a call."""
        named = arguments.get("custom_llm_provider")
        return str(named or arguments.get("model") or self.config.model_name or "").partition("/")[0]

    def _call(self, request: Request) -> Call:
        original = Original(request.arguments.get("logger_fn"))
        is_mock = any(request.arguments.get(name) is not None for name in _MOCKS)
        idle = self.config.idle_timeout
        # A little less, so that a finished answer in silence is complete before it is timed out.
        return Call(original, is_mock, self.end_marker(), None if idle is None else idle * 0.9)

    def _arguments(self, request: Request, call: Call) -> dict[str, Any]:
        call_options, arguments = CallOptions.taken_from(request.arguments)
        if call_options.query:
            # LiteLLM would put it into the body.
            raise BadRequestError("extra_query is unsupported: LiteLLM sends no query.")
        options = call_options.over(CallOptions.of_config(self.config))
        prepared = {
            "timeout": self.config.headers_limit(options.timeout),
            "max_retries": 0,
            **self.config.for_call(),
            **arguments,
            "messages": prepare_messages(request.messages, self._provider(arguments)),
            "stream": request.stream,
            "logger_fn": call.original.log,
        }
        if request.stream:
            prepared["stream_options"] = {"include_usage": True, **(prepared.get("stream_options") or {})}
        if "tool_choice" in prepared:
            prepared["tool_choice"] = tool_choice(prepared["tool_choice"])
        named = {"extra_headers": options.headers, "extra_body": options.extra_body}
        return {**prepared, **{name: dict(value) for name, value in named.items() if value}}


def _setup_error(error: BaseException | None) -> ConfigError | None:
    """The error of the user's set-up among the causes of `error`, if there is one."""
    seen: set[int] = set()  # LiteLLM raises errors that are among their own causes
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, UnicodeEncodeError) and error.encoding in _HEADER_ENCODINGS:
            return _header_error(error)
        if isinstance(error, ImportError | FileNotFoundError) and (found := setup_error(error)) is not None:
            return found
        error = error.__cause__ or error.__context__
    return None


def _header_error(error: UnicodeEncodeError) -> ConfigError:
    """The error for a header that can't be sent; it names the variable with the key, if it is in one."""
    char = error.object[error.start]
    name = next((one for one in os.environ if one.endswith("_KEY") and char in os.environ[one]), None)
    return ConfigError(
        f"{name or 'an API key or a header'} has the character {char!r} (U+{ord(char):04X}), which a header "
        "can't have."
    )
