"""ZhipuAI's API, both ways: OpenAI's format with a few differences."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.wire import ChatRequest, OpenAIDialect, WrittenRequest
from modelstream_zhipuai import requests
from modelstream_zhipuai.frames import ZhipuAIFrames, error_by_code

if TYPE_CHECKING:
    from modelstream.deltas import Finish, ToolCallDelta, Usage
    from modelstream.errors import StreamError
    from modelstream.wire import AnswerParts, Document


class ZhipuAIDialect(OpenAIDialect):
    """The dialect of `zhipuai_chat`.

    Every frame names the role, the one with the finish reason has the counts too, and errors have the
    provider's own codes.
    """

    name = "zhipuai_chat"
    # The second one belongs to the coding plan.
    routes: ClassVar[tuple[str, ...]] = (
        f"POST /api/paas/v4{requests.ENDPOINT}",
        f"POST /api/coding/paas/v4{requests.ENDPOINT}",
    )

    path = "/api/paas/v4"
    finishes = {  # noqa: RUF012
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "content_filter": "sensitive",
    }

    def reader(self) -> ZhipuAIFrames:
        """A new reader for the frames of one answer."""
        return ZhipuAIFrames()

    def read_refusal(self, status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
        """The error by the provider's own code, which is more specific than the status."""
        error = error_by_code(super().read_refusal(status, body, headers))
        if error.status == 404 and error.code is None:
            error.message += "\nIs base_url right? It is the address up to and including /v4."
        return error

    def write_request(self, request: ChatRequest) -> WrittenRequest:
        """The JSON that the provider's SDKs would send. Raises `BadRequestError`."""
        return requests.write(request)

    def read_request(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] = {}
    ) -> ChatRequest:
        """The call, with images as `data:` URLs, and `temperature` and `top_p` up to 1.

        Raises `BadRequestError`.
        """
        return requests.read(super().read_request(path, body, headers))

    def start(self) -> list[Document]:
        """Nothing: the first frame already has text."""
        return []

    def tool_call(self, call: ToolCallDelta) -> Document:
        """A piece of a call, with its index; only the first has the id and the name."""
        piece: dict[str, Any] = {"index": call.index, "type": "function"}
        if call.name is None:
            piece["function"] = {"arguments": call.arguments}
        else:
            piece.update(id=call.id, function={"name": call.name, "arguments": call.arguments})
        return self.chunk({"tool_calls": [piece]})

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """One frame with the finish reason and the counts, and `[DONE]`."""
        last = self.chunk({"content": ""}, finish.raw)
        return [last if usage is None else {**last, "usage": self.counted(usage)}, "[DONE]"]

    def whole(self, answer: AnswerParts) -> Document:
        """A body with `message` instead of `delta`."""
        body: dict[str, Any] = super().whole(answer)
        message = body["choices"][0]["message"]
        message["content"] = answer.text
        for index, call in enumerate(message.get("tool_calls", ())):
            call["index"] = index
        return {**body, "request_id": body["id"]}

    def error(self, status: int, code: str, message: str) -> Document:
        """The body of an HTTP error."""
        return self.refusal(status, code, message)

    def refusal(self, status: int, code: str, message: str) -> Document:
        """An `error` with the code as a text, and the message."""
        return {"error": {"code": code or str(status), "message": message}}

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """One frame with one choice, which has a finish reason only at the end."""
        reason = {} if finish is None else {"finish_reason": finish}
        choice = {"index": 0, **reason, "delta": {"role": "assistant", **delta}}
        return self.named("chat.completion.chunk", choices=[choice])

    def new_id(self) -> str:
        """A new id, in the provider's form: the time and a random part."""
        return time.strftime("%Y%m%d%H%M%S") + os.urandom(8).hex()
