"""Wrappers that lose or confuse tool calls."""

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
    """uses a piece's position in its frame as the index of its call"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def call(self, call, at):
            call.pop("index", None)
            return super().call(call, at)


class CallsRenamed(ReferenceChat):
    """replaces the ids of tool calls"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def call(self, call, at):
            changed = {**call, "id": f"call-{call['index']}"} if call.get("id") else call
            return super().call(changed, at)


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
    """converts integers in arguments to floats"""

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
            deltas = []
            for index, pieces in self.calls.items() if reason else ():
                arguments = json.loads("".join(piece.arguments for piece in pieces), parse_int=float)
                deltas.append(ToolCallDelta(index, arguments=json.dumps(arguments)))
            return [*deltas, *super().finish(reason)]


class CallsLost(ReferenceChat):
    """loses tool calls without streaming"""

    breaks = "whole_has_everything"

    def whole(self, body):
        return [one for one in super().whole(body) if not isinstance(one, ToolCallDelta)]


class CallsJustStop(ReferenceChat):
    """does not report that an answer ends with tool calls"""

    breaks = "finish_reason_of_tool_calls"

    class Frames(Frames):
        def finish(self, reason):
            return super().finish("stop" if reason == "tool_calls" else reason)


class CallsAtTheEnd(ReferenceChat):
    """yields tool calls after everything else, and loses them when the answer breaks off"""

    breaks = "in_order"

    class Frames(Frames):
        def __init__(self):
            super().__init__()
            self.calls = []

        def call(self, call, at):
            self.calls.append(super().call(call, at))

        def content(self, delta):
            return [one for one in super().content(delta) if one is not None]

        def finish(self, reason):
            return [*self.calls, *super().finish(reason)] if reason else []
