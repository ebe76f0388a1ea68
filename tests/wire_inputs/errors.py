"""Errors in every format in which servers of OpenAI's format send them, and what a caller gets.

`sends` are the pieces of the body; a dict becomes one event. `kind` is the class of the error, `words` must
stand in its message. `status` and `code` are those of the error, `text` is the partial text.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ProviderError,
    RateLimitError,
    StreamError,
    TruncatedStreamError,
)


class Input(NamedTuple):
    name: str
    sends: tuple[dict[str, Any] | bytes, ...]
    kind: type[StreamError]
    words: str = ""
    status: int | None = None
    retryable: bool = False
    text: str = "Hel"
    raw_finish_reason: str | None = None


def _chunk(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": None, **choice}]}


HEL = _chunk(delta={"content": "Hel"})
STOP = _chunk(finish_reason="stop")
DONE = b"data: [DONE]\n\n"
RAW = '{"error":{"message":"tool schema invalid"}}'

IN_MID_STREAM = [
    Input(
        "an error in the choice",
        (HEL, _chunk(finish_reason="error", error={"code": 429, "message": "Rate limited upstream"})),
        RateLimitError,
        "Rate limited upstream",
        429,
        retryable=True,
        raw_finish_reason="error",
    ),
    Input(
        "an error in the choice without a finish reason",
        (HEL, _chunk(error={"code": 502, "message": "upstream is down"}), DONE),
        ProviderError,
        "upstream is down",
        502,
        retryable=True,
    ),
    Input(
        "an error in the choice, as text",
        (_chunk(delta={"content": "Hel"}, finish_reason="error", error="model crashed"),),
        ProviderError,
        "model crashed",
        retryable=True,
        raw_finish_reason="error",
    ),
    Input(
        "an error beside choices",
        ({**_chunk(delta={"content": "Hel"}), "error": {"code": 401, "message": "key expired"}},),
        AuthenticationError,
        "key expired",
        401,
    ),
    Input(
        "an error after a finish reason",
        (HEL, STOP, {"error": {"code": 500, "message": "late"}}, DONE),
        ProviderError,
        "late",
        500,
        retryable=True,
        raw_finish_reason="stop",
    ),
    Input(
        "a field named error",
        (HEL, b'error: {"code":400,"message":"context size"}\n\n'),
        BadRequestError,
        "context size",
        400,
    ),
    Input(
        "a field named error, cut off",
        (HEL, b'error: {"code":400,"message":"context size"}'),
        BadRequestError,
        "context size",
        400,
    ),
    Input(
        "a field named error, as text",
        (HEL, b"error: slot unavailable\n\n"),
        ProviderError,
        "slot unavailable",
        retryable=True,
    ),
    Input(
        "an event named error",
        (HEL, b'event: error\ndata: {"message":"went wrong"}\n\n'),
        ProviderError,
        "went wrong",
        retryable=True,
    ),
    Input("detail", (HEL, {"detail": "Model not found"}), BadRequestError, "Model not found"),
    Input(
        "detail with a list",
        (HEL, {"detail": [{"loc": ["body"], "msg": "field required"}]}),
        BadRequestError,
        "sent an error: field required",
    ),
    Input(
        "detail with a list of errors",
        (HEL, {"detail": [{"loc": ["a"], "msg": "a missing"}, {"loc": ["b"], "msg": "b missing"}]}),
        BadRequestError,
        "a missing; b missing",
    ),
    Input(
        "a list with an error",
        (HEL, b'data: [{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}]\n\n'),
        ProviderError,
        "overloaded",
        503,
        retryable=True,
    ),
    Input(
        "a list with an error, not as an event",
        (HEL, b'[{\n  "error": {\n    "code": 400,\n    "message": "key not valid"\n  }\n}\n]\n'),
        BadRequestError,
        "key not valid",
        400,
    ),
    Input(
        "an event named Error",
        (HEL, b'event: Error\ndata: {"message":"went wrong"}\n\n'),
        ProviderError,
        "went wrong",
        retryable=True,
    ),
    Input(
        "httpStatus",
        (HEL, {"httpStatus": 400, "success": False, "message": "bad field"}),
        BadRequestError,
        "bad field",
        400,
    ),
    Input(
        "MiniMax: a key",
        (HEL, {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
        AuthenticationError,
        "sent an error: login fail",
    ),
    Input(
        "MiniMax: too many requests",
        (HEL, {"base_resp": {"status_code": 1002, "status_msg": "slower, please"}}),
        RateLimitError,
        "slower, please",
        retryable=True,
    ),
    Input(
        "an error in the delta of a failure",
        (HEL, _chunk(delta={"error": {"code": 429, "message": "slower"}}, finish_reason="error")),
        RateLimitError,
        "slower",
        429,
        retryable=True,
        raw_finish_reason="error",
    ),
    Input(
        "Groq: an error in x_groq",
        (HEL, {**_chunk(finish_reason="error"), "x_groq": {"id": "r", "error": "over capacity"}}),
        ProviderError,
        "over capacity",
        retryable=True,
        raw_finish_reason="error",
    ),
    Input(
        "type error",
        (HEL, {"type": "error", "message": "the worker died"}),
        ProviderError,
        "the worker died",
        retryable=True,
    ),
    Input(
        "type error with a nested object",
        (HEL, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        ProviderError,
        "Overloaded",
        retryable=True,
    ),
    Input(
        "object error",
        (HEL, {"object": "error", "message": "too long", "code": 40303, "type": "BadRequestError"}),
        BadRequestError,
        "too long",
    ),
    Input(
        "a list of errors",
        (
            HEL,
            {"success": False, "errors": [{"code": 7003, "message": "no route"}, {"message": "no account"}]},
        ),
        ProviderError,
        "no route; no account",
        retryable=True,
    ),
    Input("a list of texts", (HEL, {"errors": ["first", "second"]}), ProviderError, "first", retryable=True),
    Input(
        "statusCode",
        (HEL, {"statusCode": 429, "message": "slow down"}),
        RateLimitError,
        "slow down",
        429,
        retryable=True,
    ),
    Input(
        "error_code",
        (HEL, {"error_code": 403, "error_msg": "no permission"}),
        AuthenticationError,
        "no permission",
        403,
    ),
    Input(
        "MiniMax",
        (HEL, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
        RateLimitError,
        "insufficient balance",
    ),
    Input(
        "context_length_exceeded",
        (HEL, {"error": {"code": "context_length_exceeded", "message": "too long"}}),
        BadRequestError,
        "too long",
    ),
    Input(
        "model_not_found",
        (HEL, {"error": {"code": "model_not_found", "message": "no m"}}),
        BadRequestError,
        "no m",
    ),
    Input(
        "content_policy_violation",
        (HEL, {"error": {"code": "content_policy_violation", "message": "no"}}),
        ContentFilteredError,
        "no",
    ),
    Input(
        "TGI",
        (HEL, {"error": "Input validation error: `inputs` too long", "error_type": "validation"}),
        BadRequestError,
        "`inputs` too long",
    ),
    Input(
        "invalid_request_error",
        (HEL, {"error": {"type": "invalid_request_error", "message": "bad field"}}),
        BadRequestError,
        "bad field",
    ),
    Input(
        "an empty account",
        (HEL, {"error": {"type": "exceeded_current_quota_error", "message": "pay"}}),
        RateLimitError,
        "pay",
    ),
    Input(
        "an empty account, in words",
        (HEL, {"error": {"message": "Insufficient balance: please recharge"}}),
        RateLimitError,
        "please recharge",
    ),
    Input(
        "JSON in the message",
        (HEL, {"error": {"code": 400, "message": RAW}}),
        BadRequestError,
        "error: tool schema invalid",
        400,
    ),
    Input(
        "metadata.raw",
        (HEL, {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": RAW}}}),
        BadRequestError,
        "Provider returned error: tool schema invalid",
        400,
    ),
    Input(
        "metadata.raw, as text",
        (
            HEL,
            {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "bad image"}}},
        ),
        BadRequestError,
        "Provider returned error: bad image",
        400,
    ),
    Input(
        "plain text",
        (HEL, b"upstream connect error or disconnect/reset before headers\n\n"),
        TruncatedStreamError,
        "upstream connect error or disconnect",
        retryable=True,
    ),
    Input(
        "plain text without a line end",
        (HEL, b"upstream connect error or disconnect/reset before headers"),
        TruncatedStreamError,
        "upstream connect error or disconnect",
        retryable=True,
    ),
    Input(
        "plain text, then [DONE]",
        (HEL, b"stream timeout\n\n", DONE),
        TruncatedStreamError,
        "stream timeout",
        retryable=True,
    ),
    Input(
        "a web page",
        (HEL, b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n</html>\r\n"),
        TruncatedStreamError,
        "<title>504 Gateway Time-out",
        retryable=True,
    ),
    Input(
        "data with plain text, cut off",
        (HEL, b"data: internal failure"),
        TruncatedStreamError,
        "internal failure",
        retryable=True,
    ),
    Input(
        "an object without a code",
        (HEL, {"message": "Internal server error"}),
        TruncatedStreamError,
        "Internal server error",
        retryable=True,
    ),
    Input(
        "an event named error without data",
        (HEL, b"event: error\n\n"),
        TruncatedStreamError,
        "event: error",
        retryable=True,
    ),
]
"""After the text `Hel`."""

CUT = [b"d", b"dat", b"data", b"data:", b'data: {"choi', b"event", b"data: [DON", b": comment"]
"""Beginnings of frames: the answer was cut, and nothing is to be quoted."""

NO_ERRORS = [
    {"code": 0, "message": "Success"},
    {"code": "0", "msg": "ok"},
    {"code": 200, "message": "Success"},
    {"code": "200", "msg": "", "success": True},
    {"error": None, "message": "hello"},
    {"error": {"code": 0, "message": "Success"}},
    {"error": {"code": "", "message": "", "type": ""}},
    {"base_resp": {"status_code": 0, "status_msg": ""}},
    {"type": "ping"},
    {"object": "chat.completion.chunk", "choices": []},
    {"status": "ok", "message": "warming up"},
    {"status": "queued", "message": "position 3"},
    {"status": "in_progress", "detail": ""},
]
"""Frames that are no error, before and in the midst of an answer."""
