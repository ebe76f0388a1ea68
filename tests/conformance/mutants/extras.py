"""Wrappers that lose or confuse content other than the text."""

from reference import Frames, ReferenceChat

from modelstream import Finish, ReasoningDelta, UsageDelta


class UsageLost(ReferenceChat):
    """stops reading at the end marker, before the token counts"""

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
            deltas = super().usage(usage)
            for one in deltas:
                counts = (one.input_tokens, one.output_tokens, one.reasoning_tokens, one.cached_tokens)
                self.known = tuple(map(sum, zip(self.known, counts, strict=True)))
            return [UsageDelta(*self.known)] if deltas else []


class UsageSwapped(ReferenceChat):
    """swaps input and output tokens"""

    breaks = "usage_survives"

    class Frames(Frames):
        def usage(self, usage):
            return [
                UsageDelta(one.output_tokens, one.input_tokens, one.reasoning_tokens, one.cached_tokens)
                for one in super().usage(usage)
            ]


class UsageOnlyAtTheEnd(ReferenceChat):
    """reports token counts only at the end, so that they are lost if it is missing"""

    breaks = "usage_after_failure"

    class Frames(Frames):
        known = ()

        def read(self, data):
            deltas = super().read(data)
            return [*deltas, *self.known] if self.done else deltas

        def usage(self, usage):
            self.known = super().usage(usage) or self.known
            return []


class CachedLost(ReferenceChat):
    """reads only the input and output tokens"""

    breaks = "usage_survives"

    class Frames(Frames):
        def usage(self, usage):
            return [UsageDelta(one.input_tokens, one.output_tokens) for one in super().usage(usage)]


class ThinkingIsText(ReferenceChat):
    """shows the reasoning as text"""

    breaks = "reasoning_separate"

    class Frames(Frames):
        def content(self, delta):
            return [one.text if isinstance(one, ReasoningDelta) else one for one in super().content(delta)]


class ThinkingLost(ReferenceChat):
    """loses the reasoning"""

    breaks = "reasoning_separate"

    class Frames(Frames):
        def content(self, delta):
            return super().content({**delta, "reasoning_content": None})


class TextIsThinking(ReferenceChat):
    """treats the text after reasoning as reasoning"""

    breaks = "reasoning_separate"

    class Frames(Frames):
        thinks = False

        def content(self, delta):
            self.thinks = self.thinks or bool(delta.get("reasoning_content"))
            deltas = super().content(delta)
            return [ReasoningDelta(one) if isinstance(one, str) and self.thinks else one for one in deltas]


class ReasonLost(ReferenceChat):
    """reports `stop` for every finish reason"""

    breaks = "finish_reason_survives"

    class Frames(Frames):
        def finish(self, reason):
            return [Finish("stop", reason)] if reason else []


class RawReasonLost(ReferenceChat):
    """loses the provider's own finish reason"""

    breaks = "finish_reason_survives"

    class Frames(Frames):
        def finish(self, reason):
            return [Finish(reason)] if reason else []


class AsyncLosesThinking(ReferenceChat):
    """loses the reasoning in coroutines only"""

    breaks = "sync_equals_async"

    async def adeltas(self, request):
        async for item in super().adeltas(request):
            if not isinstance(item, ReasoningDelta):
                yield item


class WholeIsAnother(ReferenceChat):
    """strips the text without streaming"""

    breaks = "stream_equals_whole"

    def whole(self, body):
        return [one.strip() if isinstance(one, str) else one for one in super().whole(body)]


class OnlyTheLastMessage(ReferenceChat):
    """sends the last message only"""

    breaks = "messages_sent"

    def payload(self, request):
        return {**super().payload(request), "messages": request.messages[-1:]}


class UsageLostInWhole(ReferenceChat):
    """loses the token counts without streaming"""

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
            deltas = super().read(data)
            return [*deltas, UsageDelta(0, 1)] if self.done and not self.counted else deltas


class ThinkingFirst(ReferenceChat):
    """yields text only when no reasoning can follow"""

    breaks = "in_order"

    class Frames(Frames):
        def __init__(self):
            super().__init__()
            self.texts = []

        def read(self, data):
            deltas = super().read(data)
            self.texts += [one for one in deltas if isinstance(one, str)]
            rest = [one for one in deltas if not isinstance(one, str)]
            if any(isinstance(one, Finish) for one in rest):
                return [*self.texts, *rest]
            return rest


class RawForgotten(ReferenceChat):
    """does not keep the provider's chunks"""

    breaks = "raw_on_request"

    def keep(self, request, data):
        pass


class AnotherModel(ReferenceChat):
    """always requests the same model, whatever the config has"""

    breaks = "model_name_sent"

    def payload(self, request):
        return {**super().payload(request), "model": "favourite"}
