"""Wrappers that lose or mix up tool calls."""

import json

from reference import Frames, ReferenceChat

from modelstream import ToolCallDelta


class CallsMerged(ReferenceChat):
    """puts the pieces of all tool calls into one"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def call(self, call, at):
            return super().call({**call, "index": 0}, at)


class CallsByPlace(ReferenceChat):
    """takes a piece's place in its frame for the index of its call"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def call(self, call, at):
            call.pop("index", None)
            return super().call(call, at)


class CallsRenamed(ReferenceChat):
    """gives tool calls ids of its own"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def call(self, call, at):
            made = {**call, "id": f"call-{call['index']}"} if call.get("id") else call
            return super().call(made, at)


class NamesOverwritten(ReferenceChat):
    """overwrites the name of a tool call that comes in pieces"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def call(self, call, at):
            piece = super().call(call, at)
            return ToolCallDelta(piece.index, piece.id, piece.name or "unknown", piece.arguments)


class FirstArgumentsLost(ReferenceChat):
    """loses the arguments that come with a tool call's name"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def call(self, call, at):
            function = call["function"]
            arguments = "" if "name" in function else function["arguments"]
            return super().call({**call, "function": {**function, "arguments": arguments}}, at)


class WholeNumbersLost(ReferenceChat):
    """makes the whole numbers in arguments floats"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def __init__(self):
            super().__init__()
            self.calls = {}

        def call(self, call, at):
            piece = super().call(call, at)
            self.calls.setdefault(piece.index, []).append(piece)
            return ToolCallDelta(piece.index, piece.id, piece.name)

        def finish(self, reason):
            said = []
            for index, pieces in self.calls.items() if reason else ():
                arguments = json.loads("".join(piece.arguments for piece in pieces), parse_int=float)
                said.append(ToolCallDelta(index, arguments=json.dumps(arguments)))
            return [*said, *super().finish(reason)]


class CallsLost(ReferenceChat):
    """loses tool calls if it does not stream"""

    breaks = "whole_has_everything"

    def whole(self, body):
        return [one for one in super().whole(body) if not isinstance(one, ToolCallDelta)]


class CallsJustStop(ReferenceChat):
    """does not tell that an answer ends with tool calls"""

    breaks = "finish_reason_of_tool_calls"

    class Frames(Frames):
        def finish(self, reason):
            return super().finish("stop" if reason == "tool_calls" else reason)


class CallsAtTheEnd(ReferenceChat):
    """hands on tool calls behind everything else, and loses them when the answer breaks off"""

    breaks = "in_order"

    class Frames(Frames):
        def __init__(self):
            super().__init__()
            self.calls = []

        def call(self, call, at):
            self.calls.append(super().call(call, at))

        def said(self, delta):
            return [one for one in super().said(delta) if one is not None]

        def finish(self, reason):
            return [*self.calls, *super().finish(reason)] if reason else []
