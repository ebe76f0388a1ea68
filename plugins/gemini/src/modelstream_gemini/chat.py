"""The model wrapper `gemini_chat`."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from modelstream.wire import WireWrapper
from modelstream_gemini.arguments import as_options, with_system
from modelstream_gemini.backends import Asked
from modelstream_gemini.config import GeminiConfig
from modelstream_gemini.contents import Conversation, as_message, conversation
from modelstream_gemini.failures import refusal
from modelstream_gemini.frames import GeminiFrames
from modelstream_gemini.framing import GeminiFramer
from modelstream_gemini.signatures import Signatures

if TYPE_CHECKING:
    from modelstream.config import ModelConfig
    from modelstream.errors import StreamError
    from modelstream.request import Request
    from modelstream.response import (
        AsyncModelResponse,
        AsyncStreamedResponse,
        ModelResponse,
        StreamedResponse,
    )
    from modelstream.wire import AsyncByteStream, ByteStream
    from modelstream_gemini.native import NativeTransport
    from modelstream_gemini.sdk import SdkTransport


class GeminiChat(WireWrapper):
    """Google's Gemini models.

    The transport that the config names sends the request; the bytes that come back are read here.
    """

    model_type = "gemini_chat"
    config_class: ClassVar[type[GeminiConfig]] = GeminiConfig
    config: GeminiConfig
    framer = GeminiFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self._model = self.config.model()
        self._transport = _transport(self.config)
        self._signatures = Signatures()
        weakref.finalize(self, self._transport.close)

    @overload
    def __call__(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: Literal[True],
        raw: bool = False,
        **arguments: Any,
    ) -> StreamedResponse: ...

    @overload
    def __call__(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> ModelResponse: ...

    def __call__(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> ModelResponse:
        """Call the model with `messages`, or with `contents` as Google's SDKs take them."""
        messages, arguments = _one_of(messages, contents, arguments)
        return super().__call__(messages, stream=stream, raw=raw, **arguments)

    @overload
    async def acall(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: Literal[True],
        raw: bool = False,
        **arguments: Any,
    ) -> AsyncStreamedResponse: ...

    @overload
    async def acall(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> AsyncModelResponse: ...

    async def acall(
        self,
        messages: Any = None,
        *,
        contents: Any = None,
        stream: bool | None = None,
        raw: bool = False,
        **arguments: Any,
    ) -> AsyncModelResponse:
        """Call the model from a coroutine; like calling the wrapper otherwise."""
        messages, arguments = _one_of(messages, contents, arguments)
        return await super().acall(messages, stream=stream, raw=raw, **arguments)

    def open(self, request: Request) -> ByteStream:
        """Send the request by the transport that the config names."""
        return self._transport.open(self._asked(request), request)

    async def aopen(self, request: Request) -> AsyncByteStream:
        """The same for coroutines."""
        return await self._transport.aopen(self._asked(request), request)

    def frame_reader(self, request: Request) -> GeminiFrames:
        """A new reader for the frames of one answer."""
        return GeminiFrames(self._signatures, request.raw_chunks)

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """What Google says, with its own words for what is wrong."""
        if answer.status == 200:
            return super().refusal(answer, body)
        return refusal(answer.status, body, answer.headers)

    def _asked(self, request: Request) -> Asked:
        options = as_options(request.arguments)
        model = options.pop("model", self._model)
        contents, system = self._conversation(options.pop("contents", None), request)
        return Asked(model, contents, with_system(options, system), request.stream)

    def _conversation(self, contents: Any, request: Request) -> Conversation:
        """The conversation of this call; `contents` of the SDKs' own types stay as they are."""
        if contents is None:
            return conversation(request.messages, self._signatures)
        given = contents if isinstance(contents, list | tuple) else [contents]
        if all(isinstance(one, str | Mapping) for one in given):
            return conversation(map(as_message, given), self._signatures)
        return Conversation(contents, [])


def _transport(config: GeminiConfig) -> SdkTransport | NativeTransport:
    if config.transport == "native":
        from modelstream_gemini.native import NativeTransport

        return NativeTransport(config)
    from modelstream_gemini.sdk import SdkTransport

    return SdkTransport(config)


def _one_of(messages: Any, contents: Any, arguments: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The messages, and the arguments with the contents among them."""
    if messages is not None and contents is not None:
        raise TypeError("gemini_chat takes messages or contents, not both")
    if messages is None and contents is None:
        raise TypeError("gemini_chat is called without messages (or contents)")
    if _is_of_an_sdk(messages):
        # AgentScope's code hands over the contents as the first argument.
        messages, contents = None, messages
    return messages, arguments if contents is None else {**arguments, "contents": contents}


def _is_of_an_sdk(messages: Any) -> bool:
    """Whether there are objects in `messages` that are no messages: contents, parts, pictures."""
    if isinstance(messages, list | tuple):
        return any(map(_is_of_an_sdk, messages))
    return not (
        messages is None or isinstance(messages, str | Mapping) or hasattr(messages, "to_chat_messages")
    )
