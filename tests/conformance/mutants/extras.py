"""Wrappers that lose or mix up what is said besides the text."""

from reference import Frames, ReferenceChat

from modelstream import Finish, ReasoningDelta, UsageDelta


class UsageLost(ReferenceChat):
    """ends its reading at the end marker, before the token counts"""

    breaks = "usage_survives"

    class Frames(Frames):
        def finish(self, reason):
            self.done = bool(reason)
            return super().finish(reason)


class UsageAdded(ReferenceChat):
    """adds up token counts that are totals already"""

    breaks = "usage_is_replaced"

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

    breaks = "usage_survives"

    class Frames(Frames):
        def usage(self, usage):
            return [
                UsageDelta(one.output_tokens, one.input_tokens, one.reasoning_tokens, one.cached_tokens)
                for one in super().usage(usage)
            ]


class UsageOnlyAtTheEnd(ReferenceChat):
    """keeps token counts to itself until the end, so that they are lost with it"""

    breaks = "usage_after_failure"

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

    breaks = "usage_survives"

    class Frames(Frames):
        def usage(self, usage):
            return [UsageDelta(one.input_tokens, one.output_tokens) for one in super().usage(usage)]


class ThinkingIsText(ReferenceChat):
    """shows the model's thinking as text"""

    breaks = "reasoning_separate"

    class Frames(Frames):
        def said(self, delta):
            return [one.text if isinstance(one, ReasoningDelta) else one for one in super().said(delta)]


class ThinkingLost(ReferenceChat):
    """loses the model's thinking"""

    breaks = "reasoning_separate"

    class Frames(Frames):
        def said(self, delta):
            return super().said({**delta, "reasoning_content": None})


class TextIsThinking(ReferenceChat):
    """takes the text behind thinking for thinking"""

    breaks = "reasoning_separate"

    class Frames(Frames):
        thinks = False

        def said(self, delta):
            self.thinks = self.thinks or bool(delta.get("reasoning_content"))
            said = super().said(delta)
            return [ReasoningDelta(one) if isinstance(one, str) and self.thinks else one for one in said]


class ReasonLost(ReferenceChat):
    """says `stop` for every finish reason"""

    breaks = "finish_reason_survives"

    class Frames(Frames):
        def finish(self, reason):
            return [Finish("stop", reason)] if reason else []


class RawReasonLost(ReferenceChat):
    """loses the provider's own word for the finish reason"""

    breaks = "finish_reason_survives"

    class Frames(Frames):
        def finish(self, reason):
            return [Finish(reason)] if reason else []


class AsyncLosesThinking(ReferenceChat):
    """loses the model's thinking in coroutines only"""

    breaks = "sync_equals_async"

    async def adeltas(self, request):
        async for said in super().adeltas(request):
            if not isinstance(said, ReasoningDelta):
                yield said


class WholeIsAnother(ReferenceChat):
    """strips the text if it does not stream"""

    breaks = "stream_equals_whole"

    def whole(self, body):
        return [one.strip() if isinstance(one, str) else one for one in super().whole(body)]


class OnlyTheLastMessage(ReferenceChat):
    """sends the last message only"""

    breaks = "messages_sent"

    def asked(self, request):
        return {**super().asked(request), "messages": request.messages[-1:]}


class UsageLostInWhole(ReferenceChat):
    """loses the token counts if it does not stream"""

    breaks = "whole_has_everything"

    def whole(self, body):
        return [one for one in super().whole(body) if not isinstance(one, UsageDelta)]


class UsageInvented(ReferenceChat):
    """counts the tokens itself if the provider does not"""

    breaks = "no_usage_invented"

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

    breaks = "in_order"

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


class RawForgotten(ReferenceChat):
    """keeps none of the provider's chunks"""

    breaks = "raw_on_request"

    def keep(self, request, data):
        pass


class AnotherModel(ReferenceChat):
    """asks for its favourite model, whatever the config says"""

    breaks = "model_name_sent"

    def asked(self, request):
        return {**super().asked(request), "model": "favourite"}
