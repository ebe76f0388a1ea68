"""Reads the frames of OpenAI's chat completions, a format that many other providers share.

Most of them extend the format: what is read here beyond OpenAI's own fields is what others are known to send.
The finish word is a `finish_reason`, the terminal frame is `[DONE]`, which alone is no end: servers also send
it after a cut answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.call.error_bodies import error_in, is_error_value, sent_error
from modelstream.deltas import Finish, ReasoningDelta, TextDelta, UsageDelta
from modelstream.errors import MalformedDataError, ProviderError, StreamError
from modelstream.wire.decoding import excerpt, json_decoder
from modelstream.wire.ending import finish_of
from modelstream.wire.framing import MAX_REST
from modelstream.wire.openai.message_parts import TextSoFar, read_content, reasoning_of
from modelstream.wire.openai.odd_frames import (
    documents_in,
    has_media,
    is_done,
    is_keepalive,
    words_of_failure,
)
from modelstream.wire.openai.shape import (
    DONE,
    FINISHES,
    NO_FINISHES,
    Call,
    Choice,
    ChoiceMessage,
    Frame,
    finish_word,
    is_failure,
    is_lasting,
)
from modelstream.wire.openai.states import StateReader
from modelstream.wire.openai.tool_indexes import ToolIndexes
from modelstream.wire.openai.usage import read_usage
from modelstream.wire.sse import ErrorData, SseFramer

if TYPE_CHECKING:
    from modelstream.deltas import FinishReason
    from modelstream.wire.wrapper import Deltas

_decode = msgspec.json.Decoder(Frame).decode
_decode_leniently = json_decoder(Frame)


class OpenAIFrames:
    """Reads the frames of one answer; of several choices (`n`) only the first.

    The text of a refusal becomes text of the answer, with the finish reason `refusal`.
    """

    finishes: ClassVar[dict[str, FinishReason]] = FINISHES
    has_terminal: bool = True

    def __init__(self) -> None:
        self.done = False
        self._whole = False
        self.rest: bytes = b""
        self._refused = False
        self._text = TextSoFar()
        self._add_text = self._text.add
        self._reasoning = TextSoFar()
        self._calls = ToolIndexes()
        self._state = StateReader()
        self._server_tools = False
        # The pieces of calls in other choices: see `_read_other`.
        self._other_calls: list[list[Call]] = []
        self._joined = False

    # Not split up: this is run for every frame, and a call costs 2 % of it.
    def read(self, frame: bytes, deltas: Deltas) -> None:  # noqa: C901, PLR0912
        """Append the deltas in `frame`."""
        if frame == DONE:
            self._read_done(deltas)
            return
        try:
            decoded = _decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError):
            if (odd := self._decode_odd(frame, deltas)) is None:
                return
            decoded = odd
        choices = decoded.choices
        failure = self._failure(decoded, frame) if not choices or decoded.error else None
        finish = None
        for choice in choices or ():
            delta = choice.delta
            if delta is None or choice.message is not None or choice.index:
                finish = self._read_unusual(choice, deltas) or finish
                if not choice.index:
                    failure = _read_extras(choice, deltas) or failure
                continue
            content = delta.content
            if (
                content
                and type(content) is str
                and not (
                    delta.reasoning_content
                    or delta.reasoning
                    or delta.reasoning_text
                    or delta.reasoning_details
                    or delta.thinking_blocks
                    or delta.extra_content
                )
            ):
                deltas.append(content)
                self._add_text(content)
            else:
                self._read_mixed(delta, frame, deltas)
            if delta.tool_calls or delta.refusal or delta.function_call:
                self._read_rare(delta, deltas)
            finish = choice.finish_reason or finish
            if choice.usage or choice.error:
                failure = _read_extras(choice, deltas) or failure
        if decoded.usage or decoded.x_groq:
            _append_usage(decoded.usage or decoded.x_groq, deltas)
        if failure is not None:
            raise _with_word(failure, finish)
        if finish:
            self._state.flush(deltas)
            self._finish(finish, deltas, frame)

    def _read_done(self, deltas: Deltas) -> None:
        self.done = True
        self._state.flush(deltas)

    def read_whole(self, body: bytes, deltas: Deltas) -> None:
        """Append the deltas of an answer that was not streamed."""
        if body.lstrip().startswith((b"data:", b"event:", b":")):
            # Some servers and gateways stream even if the request does not ask for it.
            framer = SseFramer()
            for frame in (*framer.feed(body), *framer.finish()):
                self.read(frame, deltas)
                if self.done:
                    break
            self.rest = framer.rest.content or self.rest
            return
        if not body.strip():
            raise MalformedDataError("the answer is empty")
        self._whole = True
        self.read(body, deltas)
        self._state.flush(deltas)
        if all(type(delta) is UsageDelta for delta in deltas):
            raise MalformedDataError(f"the answer has no choices: {excerpt(body)}")

    def _decode_odd(self, frame: bytes, deltas: Deltas) -> Frame | None:
        """Decode a frame with something wrong; None if nothing is left to read in it.

        That is `[DONE]` in another spelling, a keepalive, or several objects, which are read here.
        """
        try:
            return _decode_leniently(frame)
        except MalformedDataError:
            if isinstance(frame, ErrorData):
                raise sent_error(frame) from None
            if is_done(frame):
                self.done = True
            elif parts := documents_in(frame):
                for part in parts:
                    if not self.done:
                        self.read(part, deltas)
            elif self._whole or not is_keepalive(frame):
                raise
        return None

    def _read_mixed(self, message: ChoiceMessage, frame: bytes, deltas: Deltas) -> None:
        """Append reasoning, and content that is not plain text."""
        if message.reasoning_content:
            self._state.begin_reasoning(deltas)
        start = len(deltas)
        self._append_words(message, deltas, self._reasoning)
        for delta in deltas[start:]:
            if isinstance(delta, ReasoningDelta):
                self._reasoning.add(delta.text)
            elif isinstance(delta, str):
                self._add_text(delta)
        if len(deltas) == start and has_media(frame):
            deltas.append(TextDelta(""))
        if message.reasoning_details or message.thinking_blocks or message.extra_content:
            self._state.add_message(message, deltas)

    def _read_rare(self, message: ChoiceMessage, deltas: Deltas) -> None:
        """Append a refusal, and pieces of calls."""
        if type(message.refusal) is str and message.refusal:
            self._refused = True
            deltas.append(message.refusal)
            self._add_text(message.refusal)
        self._read_calls(_calls_of(message), deltas)

    def _append_words(self, message: ChoiceMessage, deltas: Deltas, before: TextSoFar) -> None:
        if reasoning := reasoning_of(message, before):
            deltas.append(ReasoningDelta(reasoning))
        if message.content:
            self._refused = read_content(message.content, deltas) or self._refused

    def _read_calls(self, calls: list[Call], deltas: Deltas) -> None:
        self._calls.start_frame()
        for call in calls:
            function = call.function
            if function is None and self._is_server_tool(call):
                deltas.append(TextDelta(""))
                continue
            name = function.name if function else None
            arguments = _json_text(function.arguments) if function else ""
            delta = self._calls.add(call.index, call.id, name, arguments)
            if delta := self._state.add_call(self._calls.current, call, delta, deltas):
                deltas.append(delta)

    def _is_server_tool(self, call: Call) -> bool:
        """Whether a call without a function is one of a custom tool, or one that the server runs."""
        own = call.type not in (None, "", "function")
        self._server_tools = self._server_tools or own
        return own or (self._server_tools and not call.id)

    def _read_unusual(self, choice: Choice, deltas: Deltas) -> str | None:
        """Read another choice, or one with a message; returns the finish word that counts."""
        if choice.index:
            return self._read_other(choice, deltas)
        delta, message = choice.delta, choice.message
        if message is not None and _has_content(message) and (self._whole or not _has_content(delta)):
            self._read_message(message, deltas)
        elif delta is not None:
            self._read_mixed(delta, b"", deltas)
            self._read_rare(delta, deltas)
        return choice.finish_reason

    # Whole messages

    def _read_message(self, message: ChoiceMessage, deltas: Deltas) -> None:
        """Append what is new in a message that has all of the answer so far."""
        if message.reasoning_content:
            self._state.begin_reasoning(deltas)
        self._state.add_message(message, deltas, whole=True)
        words: Deltas = []
        self._append_words(message, words, TextSoFar())
        if type(message.refusal) is str and message.refusal:
            self._refused = True
            words.append(message.refusal)
        deltas += self._new_words(words)
        for position, call in enumerate(_calls_of(message)):
            self._read_whole_call(position, call, deltas)

    def _new_words(self, words: Deltas) -> Deltas:
        thoughts = "".join(one.text for one in words if isinstance(one, ReasoningDelta))
        text = "".join(one for one in words if isinstance(one, str))
        in_order = not (self._reasoning.pieces or self._text.pieces)
        thoughts = self._reasoning.rest_of(thoughts)
        text = self._text.rest_of(text)
        if in_order:
            return words
        return [*([ReasoningDelta(thoughts)] if thoughts else ()), *([text] if text else ())]

    def _read_whole_call(self, position: int, call: Call, deltas: Deltas) -> None:
        function = call.function
        if function is None or not function.name:
            deltas.append(TextDelta(""))
            return
        delta = self._calls.add_whole(position, call.id, function.name, _json_text(function.arguments))
        if delta := self._state.add_call(self._calls.current, call, delta, deltas):
            deltas.append(delta)

    # Other choices

    def _read_other(self, choice: Choice, deltas: Deltas) -> str | None:
        """Keep the calls of another choice; GitHub Copilot sends the calls of the answer in others.

        They belong to the answer if its own choice ends for calls and has none.
        """
        message = choice.delta if choice.message is None else choice.message
        if message is None:
            return None
        if calls := _calls_of(message):
            if self._joined:
                self._read_calls(calls, deltas)
            elif not self._calls:
                self._other_calls.append(calls)
        return choice.finish_reason if self._joined else None

    def _join_other(self, deltas: Deltas) -> None:
        self._joined = True
        for calls in self._other_calls:
            self._read_calls(calls, deltas)
        self._other_calls.clear()

    def _failure(self, decoded: Frame, frame: bytes) -> StreamError | None:
        """The error in a frame that may have one, or has nothing of an answer."""
        if isinstance(frame, ErrorData):
            return sent_error(frame)
        if decoded.choices or decoded.usage:
            return sent_error(frame) if is_error_value(decoded.error) else None
        failure = error_in(frame)
        if failure is None and decoded.choices is None:
            self.rest = frame[:MAX_REST]
        return failure

    def _finish(self, raw: str, deltas: Deltas, frame: bytes) -> None:
        word = finish_word(raw, self.finishes)
        if word in NO_FINISHES:
            return
        if word not in self.finishes and is_failure(word):
            raise _failure_of(raw, word, frame)
        finish = Finish("refusal", raw) if self._refused else finish_of(word, self.finishes, raw)
        if finish.reason == "tool_calls" and not (self._calls or self._server_tools):
            self._join_other(deltas)
        deltas.append(finish)


def _failure_of(raw: str, word: str, frame: bytes) -> StreamError:
    words = words_of_failure(frame)
    if words is not None:
        failure = sent_error({"error": words})
        failure.code = failure.code or raw
    else:
        message = f"the provider failed (finish_reason {raw!r})"
        failure = ProviderError(message, code=raw, retryable=not is_lasting(word))
    failure.raw_finish_reason = raw
    return failure


def _calls_of(message: ChoiceMessage) -> list[Call]:
    if message.tool_calls or message.function_call is None:
        return message.tool_calls or []
    return [Call(0, None, None, message.function_call)]


def _has_content(message: ChoiceMessage | None) -> bool:
    return message is not None and bool(
        message.content
        or message.tool_calls
        or message.refusal
        or message.function_call
        or reasoning_of(message, TextSoFar())
    )


def _json_text(arguments: Any) -> str:
    if type(arguments) is str:
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def _append_usage(usage: Any, deltas: Deltas) -> None:
    if counts := read_usage(usage):
        deltas.append(counts)


def _read_extras(choice: Choice, deltas: Deltas) -> StreamError | None:
    """Append the counts of a choice; returns its error, if it has one."""
    if choice.usage:
        _append_usage(choice.usage, deltas)
    return sent_error({"error": choice.error}) if is_error_value(choice.error) else None


def _with_word(failure: StreamError, word: str | None) -> StreamError:
    failure.raw_finish_reason = word
    return failure
