"""The plugins that we know of, so that a name that nobody here offers can be told how to get."""

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


def way_to(kind: Kind, name: str, others: Iterable[str]) -> str:
    """How to get at `name`, or at the close name that was meant: ready to be put behind a sentence.

    `others` are names that would do: those installed, and whatever else the caller can resolve.
    """
    others = list(others)
    meant = name
    hint = ""
    if name not in KNOWN[kind]:
        meant = close_name(name, [*KNOWN[kind], *others]) or ""
        hint = f" Did you mean {meant!r}?" if meant else ""
    if meant in KNOWN[kind] and meant not in others:
        hint += f" `pip install {KNOWN[kind][meant]}` provides it."
    return hint


def unknown_type(kind: Kind, name: str, installed: Iterable[str]) -> ConfigError:
    """The error for a name that no installed plugin offers."""
    contract = CONTRACTS[kind]
    installed = list(installed)
    return contract.unknown(
        f"No installed plugin offers the {contract.type_field} {name!r}."
        f"{way_to(kind, name, installed)}\nInstalled: {listed(installed)}."
    )
