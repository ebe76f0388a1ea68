"""The base class of dialects: one provider's wire format, read and written."""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.wire.samples import Sample, load_samples
from modelstream.wire.streams import refusal_from
from modelstream.wire.writing import FrameWriter, Wire

if TYPE_CHECKING:
    from typing import Self

    from modelstream.errors import StreamError
    from modelstream.wire.wrapper import FrameReader
    from modelstream.wire.writing import AnswerWriter


class ChatRequest(msgspec.Struct, frozen=True):
    """A call in a form that every dialect can write and read.

    `messages` are dicts with a role and content, as `Request.messages`. `arguments` are the call's other
    arguments, under OpenAI's names where OpenAI has one (`max_tokens`, `temperature`, `tools`, …).
    """

    model: str
    messages: list[dict[str, Any]]
    arguments: dict[str, Any] = {}
    stream: bool = True


class WrittenRequest(msgspec.Struct, frozen=True):
    """A call in a provider's format: `path` is below the `base_url`, `body` goes out as JSON."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str] = {}


class Dialect(Wire):
    """One provider's wire format: reads its frames as deltas, and writes deltas as its frames.

        class MyDialect(Dialect):
            name = "my_chat"
            framing = SSE
            routes = ("POST /v1/chat",)

            def reader(self):
                return MyFrames()              # frames to deltas: see `FrameReader`

            def text(self, text): ...          # deltas to frames: see `Wire`
            def end(self, finish, usage): ...
            def whole(self, answer): ...
            def refusal(self, status, code, message): ...

            def write_request(self, request): ...
            def read_request(self, path, body, headers=()): ...

    The wrapper uses `reader`, `read_refusal` and `write_request`; servers and tests use the rest. An instance
    keeps no state and may be shared by threads; `reader()` and `writer()` create the state of one answer.
    Offer the class as an entry point of the group `modelstream.dialects`, under its `name`.

    * `routes` are the method and path of the requests, such as `POST /v1/models/{model}:stream`.
    * `answer_id` and `answer_model` are written into frames and whole answers, where the format has them;
      `for_answer` sets them. An empty `answer_id` means a new one for each answer.
    """

    name: ClassVar[str]
    routes: ClassVar[tuple[str, ...]] = ()
    answer_id: str = ""
    answer_model: str = "unknown"

    @abstractmethod
    def reader(self) -> FrameReader:
        """A new reader for the frames of one answer."""

    def read_refusal(self, status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
        """The error for an answer with a status other than 200, or with HTML."""
        return refusal_from(status, body, headers)

    def write_request(self, request: ChatRequest) -> WrittenRequest:
        """The call in this provider's format."""
        raise NotImplementedError(f"the dialect {self.name!r} does not write requests")

    def read_request(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] = {}
    ) -> ChatRequest:
        """The call that a client of this provider's API sent to `path`, for a server.

        Raises `BadRequestError` for a body that is not valid in this format.
        """
        raise NotImplementedError(f"the dialect {self.name!r} does not read requests")

    def samples(self) -> list[Sample]:
        """Sample bodies that ship with the dialect, by default those in `samples/` next to its module."""
        package = getattr(sys.modules.get(type(self).__module__), "__package__", None)
        return load_samples(package) if package else []

    def for_answer(self, model: str | None = None, answer_id: str | None = None) -> Self:
        """A copy of this dialect that writes one answer of this model, with a new id unless one is given."""
        dialect = copy(self)
        dialect.answer_id = answer_id or self.new_id()
        dialect.answer_model = model or self.answer_model
        return dialect

    def new_id(self) -> str:
        """A new id of an answer, as the provider would make it."""
        return os.urandom(16).hex()

    def writer(self) -> AnswerWriter:
        """A new writer for one answer, all of whose frames have the same id."""
        return FrameWriter(self if self.answer_id else self.for_answer())

    def does(self, method: str) -> bool:
        """Whether the dialect implements `method`: `write_request` or `read_request`."""
        return getattr(type(self), method) is not getattr(Dialect, method)
