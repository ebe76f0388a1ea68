"""Back ends, which build the requests."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from modelstream.errors import ConfigError

if TYPE_CHECKING:
    from modelstream.wire import HttpRequest
    from modelstream_gemini.config import GeminiConfig
    from modelstream_gemini.dialect.calls import PreparedCall


class Backend(Protocol):
    """Builds requests with URL, key and body; one that uses an SDK imports it on first use."""

    def load(self) -> None:
        """Import the SDK, so that `prepare` does not have to."""

    def prepare(self, call: PreparedCall) -> HttpRequest:
        """The request, ready to be sent. Raises only `StreamError`s and `ConfigError`s."""


_PACKAGES = {"genai": "google.genai", "generativeai": "google.generativeai"}
_INSTALL = {"genai": "google-genai", "generativeai": "'modelstream-gemini[generativeai]'"}


def backend_for(config: GeminiConfig) -> Backend:
    """The back end of a config: for `sdk` the one that the config names, or the first one installed.

    Raises `ConfigError`.
    """
    if config.transport == "native":
        from modelstream_gemini.native import NativeBackend

        return NativeBackend(config)
    names = [config.backend] if config.backend else list(_PACKAGES)
    installed = [name for name in names if _is_installed(_PACKAGES[name])]
    if not installed:
        fix = " or ".join(f"pip install {_INSTALL[name]}" for name in names)
        field = f"backend {config.backend!r}" if config.backend else config.model_type
        raise ConfigError(f"{field} needs a package that is not installed: {fix}")
    if installed[0] == "genai":
        from modelstream_gemini.genai import GenaiBackend

        return GenaiBackend(config)
    from modelstream_gemini.generativeai import GenerativeaiBackend

    return GenerativeaiBackend(config)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # without even the namespace package `google`
        return False
