"""The sink `terminal`: streamed answers on standard output, each delta as soon as it arrives."""

from modelstream_terminal.harmless import harmless
from modelstream_terminal.sink import TerminalSink

__all__ = ["TerminalSink", "harmless"]
