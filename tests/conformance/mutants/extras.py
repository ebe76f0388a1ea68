"""Wrappers that lose or mix up what is said besides the text."""

import json

from reference import Frames, ReferenceChat

from modelstream import Finish, ReasoningDelta, ToolCallDelta, UsageDelta


class UsageLost(ReferenceChat):
    """ends its reading at the end marker, before the token counts"""

    class Frames(Frames):
        def finish(self, reason):
            self.done = bool(reason)
            return super().finish(reason)


class UsageAdded(ReferenceChat):
    """adds up token counts that are totals already"""

    class Frames(Frames):
        known = (0, 0, 0, 0)

        def usage(self, usage):
            said = super().usage(usage)
            for one in said:
                counts = (one.input_tokens, one.output_tokens, one.reasoning_tokens, one.cached_tokens)
                self.known = tuple(map(sum, zip(self.known, counts, strict=True)))
            return [UsageDelta(*self.known)] if said else []


class UsageSwapped(ReferenceChat):
    """takes input tokens for output tokens"""

    class Frames(Frames):
        def usage(self, usage):
            return [
                UsageDelta(one.output_tokens, one.input_tokens, one.reasoning_tokens, one.cached_tokens)
                for one in super().usage(usage)
            ]


class UsageOnlyAtTheEnd(ReferenceChat):
    """keeps token counts to itself until the end, so that they are lost with it"""

    class Frames(Frames):
        known = ()

        def read(self, data):
            said = super().read(data)
            return [*said, *self.known] if self.done else said

        def usage(self, usage):
            self.known = super().usage(usage) or self.known
            return []


class CachedLost(ReferenceChat):
    """knows only the two plain token counts"""

    class Frames(Frames):
        def usage(self, usage):
            return [UsageDelta(one.input_tokens, one.output_tokens) for one in super().usage(usage)]


class ThinkingIsText(ReferenceChat):
    """shows the model's thinking as text"""

    class Frames(Frames):
        def said(self, delta):
            return [one.text if isinstance(one, ReasoningDelta) else one for one in super().said(delta)]


class ThinkingLost(ReferenceChat):
    """loses the model's thinking"""

    class Frames(Frames):
        def said(self, delta):
            return super().said({**delta, "reasoning_content": None})


class TextIsThinking(ReferenceChat):
    """takes the text behind thinking for thinking"""

    class Frames(Frames):
        thinks = False

        def said(self, delta):
            self.thinks = self.thinks or bool(delta.get("reasoning_content"))
            said = super().said(delta)
            return [ReasoningDelta(one) if isinstance(one, str) and self.thinks else one for one in said]


class CallsMerged(ReferenceChat):
    """puts the pieces of all tool calls into one"""

    class Frames(Frames):
        def call(self, call, at):
            return super().call({**call, "index": 0}, at)


class CallsByPlace(ReferenceChat):
    """takes a piece's place in its frame for the index of its call"""

    class Frames(Frames):
        def call(self, call, at):
            call.pop("index", None)
            return super().call(call, at)


class CallsRenamed(ReferenceChat):
    """gives tool calls ids of its own"""

    class Frames(Frames):
        def call(self, call, at):
            made = {**call, "id": f"call-{call['index']}"} if call.get("id") else call
            return super().call(made, at)


class NamesOverwritten(ReferenceChat):
    """overwrites the name of a tool call that comes in pieces"""

    class Frames(Frames):
        def call(self, call, at):
            piece = super().call(call, at)
            return ToolCallDelta(piece.index, piece.id, piece.name or "unknown", piece.arguments)


class FirstArgumentsLost(ReferenceChat):
    """loses the arguments that come with a tool call's name"""

    class Frames(Frames):
        def call(self, call, at):
            function = call["function"]
            arguments = "" if "name" in function else function["arguments"]
            return super().call({**call, "function": {**function, "arguments": arguments}}, at)


class WholeNumbersLost(ReferenceChat):
    """makes the whole numbers in arguments floats"""

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

    def whole(self, body):
        return [one for one in super().whole(body) if not isinstance(one, ToolCallDelta)]


class ReasonLost(ReferenceChat):
    """says `stop` for every finish reason"""

    class Frames(Frames):
        def finish(self, reason):
            return [Finish("stop", reason)] if reason else []


class RawReasonLost(ReferenceChat):
    """loses the provider's own word for the finish reason"""

    class Frames(Frames):
        def finish(self, reason):
            return [Finish(reason)] if reason else []


class CallsJustStop(ReferenceChat):
    """does not tell that an answer ends with tool calls"""

    class Frames(Frames):
        def finish(self, reason):
            return super().finish("stop" if reason == "tool_calls" else reason)


class AsyncLosesThinking(ReferenceChat):
    """loses the model's thinking in coroutines only"""

    async def adeltas(self, request):
        async for said in super().adeltas(request):
            if not isinstance(said, ReasoningDelta):
                yield said


class WholeIsAnother(ReferenceChat):
    """strips the text if it does not stream"""

    def whole(self, body):
        return [one.strip() if isinstance(one, str) else one for one in super().whole(body)]


class OnlyTheLastMessage(ReferenceChat):
    """sends the last message only"""

    def asked(self, request):
        return {**super().asked(request), "messages": request.messages[-1:]}


class UsageLostInWhole(ReferenceChat):
    """loses the token counts if it does not stream"""

    def whole(self, body):
        return [one for one in super().whole(body) if not isinstance(one, UsageDelta)]


class UsageInvented(ReferenceChat):
    """counts the tokens itself if the provider does not"""

    class Frames(Frames):
        counted = False

        def usage(self, usage):
            self.counted = self.counted or bool(usage)
            return super().usage(usage)

        def read(self, data):
            said = super().read(data)
            return [*said, UsageDelta(0, 1)] if self.done and not self.counted else said


class ThinkingFirst(ReferenceChat):
    """hands on text only when no thinking can follow"""

    class Frames(Frames):
        def __init__(self):
            super().__init__()
            self.texts = []

        def read(self, data):
            said = super().read(data)
            self.texts += [one for one in said if isinstance(one, str)]
            rest = [one for one in said if not isinstance(one, str)]
            if any(isinstance(one, Finish) for one in rest):
                return [*self.texts, *rest]
            return rest


class CallsAtTheEnd(ReferenceChat):
    """hands on tool calls behind everything else, and loses them when the answer breaks off"""

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


class RawForgotten(ReferenceChat):
    """keeps none of the provider's chunks"""

    def keep(self, request, data):
        pass


class AnotherModel(ReferenceChat):
    """asks for its favourite model, whatever the config says"""

    def asked(self, request):
        return {**super().asked(request), "model": "favourite"}
