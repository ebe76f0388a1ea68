"""The known plugins, so that the error for a missing one names the package to install."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelstream._suggest import close_name, listed
from modelstream.plugins.kinds import CONTRACTS, Kind

if TYPE_CHECKING:
    from modelstream.errors import ConfigError

KNOWN: dict[Kind, dict[str, str]] = {
    "model": {
        "dashscope_chat": "modelstream-dashscope",
        "gemini_chat": "modelstream-gemini",
        "litellm_chat": "modelstream-litellm",
        "local_chat": "modelstream-local",
        "ollama_chat": "modelstream-ollama",
        "openai_chat": "modelstream-openai",
        "zhipuai_chat": "modelstream-zhipuai",
    },
    "command": {
        "demo": "modelstream-studio",
        "studio": "modelstream-studio",
    },
    "dialect": {
        "dashscope_chat": "modelstream-dashscope",
        "gemini_chat": "modelstream-gemini",
        "ollama_chat": "modelstream-ollama",
        "openai_chat": "modelstream",
        "zhipuai_chat": "modelstream-zhipuai",
    },
    "plugin": {},
    "sink": {
        "studio": "modelstream-studio",
        "terminal": "modelstream-terminal",
    },
}


def suggestion(kind: Kind, name: str, others: Iterable[str]) -> str:
    """How to install `name`, or a close name, to be appended to a sentence; empty if there is none.

    `others` are further valid names: those installed, and others that the caller can resolve.
    """
    others = list(others)
    intended = name
    hint = ""
    if name not in KNOWN[kind]:
        intended = close_name(name, [*KNOWN[kind], *others]) or ""
        hint = f" Did you mean {intended!r}?" if intended else ""
    if intended in KNOWN[kind] and intended not in others:
        hint += f" `pip install {KNOWN[kind][intended]}` provides it."
    return hint


def unknown_type(kind: Kind, name: str, installed: Iterable[str]) -> ConfigError:
    """The error for a name that no installed plugin offers."""
    contract = CONTRACTS[kind]
    installed = list(installed)
    return contract.unknown(
        f"No installed plugin offers the {contract.type_field} {name!r}."
        f"{suggestion(kind, name, installed)}\nInstalled: {listed(installed)}."
    )
