"""Answers of LiteLLM that are not streamed, as the provider sent them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import msgspec

from modelstream.errors import BadRequestError, MalformedDataError
from modelstream_litellm.documents import Facts, facts_of, sent_usage
from modelstream_litellm.failures import map_error
from modelstream_litellm.words import failure_of, finish_from, passed_on

_JSON = {"content-type": "application/json"}


class Original:
    """Gets the provider's own document from LiteLLM's logging of one call: pass `log` as `logger_fn`."""

    def __init__(self, logger: Callable[[Any], Any] | None = None) -> None:
        self._logger = logger
        self.document: dict[str, Any] | None = None

    def log(self, details: Any) -> None:
        """Called by LiteLLM before the request and after the answer."""
        if details.get("log_event_type") == "post_api_call":
            self._keep(details.get("original_response"))
        if self._logger is not None:
            self._logger(details)

    def _keep(self, response: Any) -> None:
        try:
            document = msgspec.json.decode(response) if isinstance(response, str | bytes) else response
        except (ValueError, UnicodeError):
            return
        if isinstance(document, dict):
            self.document = document

    def facts(self) -> Facts | None:
        """What the document reports; None where LiteLLM has not logged it."""
        return None if self.document is None else facts_of(self.document)

    def is_openai(self, answer: dict[str, Any] | None = None) -> bool:
        """Whether the document has OpenAI's shape, and is not one that LiteLLM had to convert to `answer`."""
        sent = _message(self.document or {})
        read = sent if answer is None else _message(answer)
        return (
            sent is not None
            and read is not None
            and (answer is None or isinstance(sent.get("content"), str | None))
            and "content_list" not in sent
            and bool(sent.get("tool_calls")) == bool(read.get("tool_calls"))
        )


class Whole:
    """An answer that is not streamed: one document."""

    status = 200
    headers: Mapping[str, str] = _JSON

    def __init__(self, answer: Any, original: Original) -> None:
        self._answer = answer
        self._original = original

    def __iter__(self) -> Iterator[bytes]:
        yield self.read()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _single(self.read())

    def read(self) -> bytes:
        """The provider's document if it has OpenAI's shape; else LiteLLM's, with the provider's finish."""
        facts = self._original.facts()
        if facts is None:
            return bytes(self._answer.model_dump_json().encode())
        answer = None if self._answer is None else self._answer.model_dump(mode="json")
        if answer is None or self._original.is_openai(answer):
            # Its reader keeps the text and the counts beside an error.
            return msgspec.json.encode(self._original.document)
        if facts.error is not None:
            raise facts.error
        for choice in answer.get("choices") or ():
            choice["finish_reason"] = finish_in(facts.word, choice.get("finish_reason"))
        answer["usage"] = sent_usage(facts.counts, answer.get("usage"))
        return msgspec.json.encode(answer)

    async def aread(self) -> bytes:
        """The document."""
        return self.read()

    def drain(self) -> None:
        """Nothing to read."""

    async def adrain(self) -> None:
        """Nothing to read."""

    def close(self) -> None:
        """Nothing to close: LiteLLM has closed the connection."""

    async def aclose(self) -> None:
        """Nothing to close: LiteLLM has closed the connection."""

    def abort(self) -> None:
        """Nothing to abort: the whole answer is there."""


def finish_in(word: str | None, litellms: Any) -> str | None:
    """The finish reason to pass on for the provider's word, if there is one."""
    if not word:
        return None
    # Some providers have no word for an answer that ends with tool calls; LiteLLM uses calls for JSON.
    ends = ("stop", "tool_calls")
    return passed_on(word, litellms if litellms in ends and finish_from(word).reason in ends else None)


def _message(document: dict[str, Any]) -> dict[str, Any] | None:
    choices = document.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    return message if isinstance(message, dict) else None


def unread(original: Original, error: Exception, around: BaseException | None) -> Whole:
    """The answer that has arrived and that LiteLLM could not read, if it can be read here.

    Raises the failure that the answer reports, or LiteLLM's error.
    """
    if original.is_openai():
        return Whole(None, original)
    facts = original.facts()
    mapped = map_error(error, around, reading=True)
    if facts is not None and facts.error is not None:
        # Unless it came with an HTTP status that says more.
        raise (facts.error if mapped.message.startswith("LiteLLM") else mapped) from error
    if facts is not None and facts.word is not None and (failure := failure_of(facts.word)) is not None:
        raise failure from error
    if isinstance(mapped, BadRequestError):
        # LiteLLM blames the request, with a status that it made up.
        mapped = MalformedDataError(mapped.message)
    raise mapped from error


async def _single(document: bytes) -> AsyncIterator[bytes]:
    yield document
