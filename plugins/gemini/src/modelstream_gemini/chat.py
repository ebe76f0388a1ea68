"""The model wrapper `gemini_chat`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from modelstream.wire import (
    CallOptions,
    HttpChat,
    HttpRequest,
    HttpxTransport,
    NativeTransport,
    merged,
    refusal_of,
    with_query,
)
from modelstream_gemini.arguments import as_options, with_system
from modelstream_gemini.backends import Asked, backend_for
from modelstream_gemini.config import GeminiConfig
from modelstream_gemini.contents import Conversation, as_message, conversation
from modelstream_gemini.failures import refusal
from modelstream_gemini.frames import GeminiFrames
from modelstream_gemini.framing import GeminiFramer
from modelstream_gemini.http_options import call_options
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
    from modelstream.wire import AsyncByteStream, ByteStream, Transport


class GeminiChat(HttpChat):
    """Google's Gemini models.

    With the transport `sdk`, one of Google's SDKs builds the requests, and httpx sends them: the SDKs' own
    ways to send are a chunk behind and have no async, or take a cut answer for a whole one.
    """

    model_type = "gemini_chat"
    config_class: ClassVar[type[GeminiConfig]] = GeminiConfig
    config: GeminiConfig
    framer = GeminiFramer

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self._signatures = Signatures()

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

    def transport(self) -> Transport:
        """What sends the requests, which a backend builds."""
        self._backend = backend_for(self.config)
        self.config_options()
        return NativeTransport() if self.config.transport == "native" else HttpxTransport()

    def prepare(self, request: Request) -> HttpRequest:
        """The HTTP request of a call. Raises `StreamError`s and `ConfigError`s."""
        options, arguments = self.options(request)
        if options.extra_body:
            arguments["extra_body"] = options.extra_body
        url, headers, body, *_ = self._backend.prepare(self._asked(request, arguments))
        url = with_query(url, "", options.query)
        return HttpRequest(url, merged(headers, options.headers), body, timeout=options.timeout)

    async def aprepare(self, request: Request) -> HttpRequest:
        """The same for coroutines."""
        from asyncio import to_thread

        if self.config.transport == "native":
            return self.prepare(request)
        # In a thread: the SDK's import takes a second, and for Vertex AI it may fetch a token.
        return await to_thread(self.prepare, request)

    def options(self, request: Request) -> tuple[CallOptions, dict[str, Any]]:
        """The options of a call, its `http_options` among them, over those of the config."""
        options, arguments = CallOptions.taken_from(as_options(request.arguments))
        of_call = call_options(arguments.get("http_options"), "http_options", self.config)
        return options.over(of_call).over(self.config_options()), arguments

    def config_options(self) -> CallOptions:
        """The options that the config sets, over those in `client_args`."""
        given = self.config.client_args.get("http_options")
        under = call_options(given, "client_args.http_options", self.config)
        return super().config_options().over(under)

    def frame_reader(self, request: Request) -> GeminiFrames:
        """A new reader for the frames of one answer."""
        return GeminiFrames(self._signatures, request.raw_chunks)

    def refusal(self, answer: ByteStream | AsyncByteStream, body: bytes) -> StreamError:
        """What Google says, with its own words for what is wrong."""
        if answer.status == 200:
            return refusal_of(answer, body)
        return refusal(answer.status, body, answer.headers)

    def _asked(self, request: Request, options: dict[str, Any]) -> Asked:
        model = options.pop("model", self.config.model_name)
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
