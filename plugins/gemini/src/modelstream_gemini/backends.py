"""What builds the requests."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from modelstream.errors import ConfigError

if TYPE_CHECKING:
    from modelstream.wire import HttpRequest
    from modelstream_gemini.arguments import Options
    from modelstream_gemini.config import GeminiConfig


class Asked(NamedTuple):
    """What a call asks, in the SDKs' common terms.

    `contents` are turns of plain parts, in which data are bytes, or whatever the caller gave as `contents`.
    """

    model: str
    contents: Any
    options: Options
    stream: bool


class Backend(Protocol):
    """Builds requests, key and all; one that stands on an SDK imports it when it first needs it."""

    def prepare(self, asked: Asked) -> HttpRequest:
        """The request, ready to be sent. Raises `StreamError`s and `ConfigError`s alone."""


_PACKAGES = {"genai": "google.genai", "generativeai": "google.generativeai"}
_INSTALL = {"genai": "google-genai", "generativeai": "'modelstream-gemini[generativeai]'"}


def backend_for(config: GeminiConfig) -> Backend:
    """What builds the requests: for `sdk` the backend that the config names, or the first one installed.

    Raises `ConfigError`.
    """
    if config.transport == "native":
        from modelstream_gemini.native import NativeBackend

        return NativeBackend(config)
    names = [config.backend] if config.backend else list(_PACKAGES)
    installed = [name for name in names if _is_installed(_PACKAGES[name])]
    if not installed:
        way_out = " or ".join(f"pip install {_INSTALL[name]}" for name in names)
        field = f"backend {config.backend!r}" if config.backend else config.model_type
        raise ConfigError(f"{field} needs a package that is not installed: {way_out}")
    if installed[0] == "genai":
        from modelstream_gemini.genai import GenaiBackend

        return GenaiBackend(config)
    from modelstream_gemini.generativeai import GenerativeaiBackend

    return GenerativeaiBackend(config)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # not even the folder that Google's packages share
        return False
