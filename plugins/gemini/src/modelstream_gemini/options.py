"""The options that a call may have: those of google-genai's `GenerateContentConfig`."""

from __future__ import annotations

from collections.abc import Iterable

from modelstream.errors import BadRequestError

KNOWN = frozenset(
    {
        "audio_timestamp",
        "audio_transcription_config",
        "automatic_continuation",
        "automatic_function_calling",
        "cached_content",
        "candidate_count",
        "continuation_token",
        "enable_enhanced_civic_answers",
        "frequency_penalty",
        "generation_output_config",
        "http_options",
        "image_config",
        "labels",
        "logprobs",
        "max_output_tokens",
        "media_resolution",
        "model_armor_config",
        "model_selection_config",
        "presence_penalty",
        "response_json_schema",
        "response_logprobs",
        "response_mime_type",
        "response_modalities",
        "response_schema",
        "routing_config",
        "safety_settings",
        "seed",
        "service_tier",
        "should_return_http_response",
        "speech_config",
        "stop_sequences",
        "store",
        "system_instruction",
        "temperature",
        "thinking_config",
        "tool_config",
        "tools",
        "top_k",
        "top_p",
    }
)


def check_options(names: Iterable[str]) -> None:
    """Raise `BadRequestError` for an option that does not exist, as google-genai does.

    The server would name only the first one, and some gateways ignore it.
    """
    for name in names:
        if name not in KNOWN:
            raise BadRequestError(
                f"{name!r} is not an option of gemini_chat.{_did_you_mean(name)}"
                "\nWhat is newer than this version can be sent in extra_body, as"
                f" {{'generationConfig': {{{name!r}: …}}}}."
            )


def _did_you_mean(name: str) -> str:
    from difflib import get_close_matches

    return "".join(f" Did you mean {close!r}?" for close in get_close_matches(name, KNOWN, n=1))
