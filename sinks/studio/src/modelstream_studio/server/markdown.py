"""Markdown to safe HTML: no raw HTML, sanitised, images as their alternative text."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.lexers._mapping import LEXERS
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore
    from pygments.lexer import Lexer

logger = logging.getLogger("modelstream.studio")

MAX_HIGHLIGHTED = 40_000
"""Characters of a code block that is highlighted; a longer one would delay everything else."""
MAX_FORMATTED = 20_000
"""Characters of one paragraph (item, cell) whose markup is parsed, for the same reason."""

Env = dict[str, Any]

_INFO = re.compile(r"[A-Za-z0-9_+#.-]{1,40}")
_ALIASES = frozenset(alias for entry in LEXERS.values() for alias in entry[2])
_FORMATTER = HtmlFormatter(nowrap=True)
_TAGS = """
    a blockquote br code del em h1 h2 h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr ul
"""
_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "ol": {"start"},
    "span": {"class"},
    "td": {"class"},
    "th": {"class"},
}
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_CLASS = re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}|[a-z][a-z0-9]{0,3}|left|center|right")
_cleaner = nh3.Cleaner(
    tags=set(_TAGS.split()),
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    attribute_filter=lambda _tag, name, value: value if _allowed(name, value) else None,
)


def _allowed(name: str, value: str) -> bool:
    if name == "href":
        return bool(_LINK.match(value))
    return name != "class" or bool(_CLASS.fullmatch(value))


def highlighted(code: str, info: str, _attributes: str = "") -> str:
    """The inside of a code block: highlighted by Pygments if it knows the language, else escaped."""
    lexer = _lexer(info)
    if lexer is None or len(code) > MAX_HIGHLIGHTED:
        return escapeHtml(code)
    return highlight(code, lexer, _FORMATTER)


@lru_cache(maxsize=64)
def _lexer(info: str) -> Lexer | None:
    # For an unknown name, Pygments would search all installed distributions.
    if info.lower() not in _ALIASES:
        return None
    try:
        return get_lexer_by_name(info.lower(), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _fence(_renderer: Any, tokens: Sequence[Token], at: int, _options: Any, _env: Env) -> str:
    words = tokens[at].info.split()
    info = words[0] if words and _INFO.fullmatch(words[0]) else ""
    kind = f' class="language-{info}"' if info else ""
    return f"<pre><code{kind}>{highlighted(tokens[at].content, info)}</code></pre>\n"


def _image(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Env) -> str:
    words: str = self.renderInlineAsText(tokens[at].children or [], options, env)
    return escapeHtml(words)


def _cell(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Env) -> str:
    # Inline styles are forbidden on the page; the alignment goes into a class.
    token = tokens[at]
    style = str(token.attrs.pop("style", ""))
    if style.startswith("text-align:"):
        token.attrs["class"] = style.removeprefix("text-align:")
    rendered: str = self.renderToken(tokens, at, options, env)
    return rendered


def _inline(state: StateCore) -> None:
    for token in state.tokens:
        if token.type != "inline":
            continue
        if len(token.content) > MAX_FORMATTED:
            token.children = [Token("text", "", 0, content=token.content)]
        else:
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("th_open", _cell)
    parser.add_render_rule("td_open", _cell)
    parser.core.ruler.at("inline", _inline)
    return parser


parser = _parser()


def render(source: str, env: Env) -> list[str]:
    """The top-level blocks of `source` as HTML. `env` collects link definitions."""
    try:
        return [
            _cleaner.clean(parser.renderer.render(tokens, parser.options, env))
            for tokens in grouped(parser.parse(source, env))
        ]
    except Exception:  # the text must be shown even if the parser fails
        logger.exception("a text could not be parsed as markdown")
        return [f"<p>{escapeHtml(source)}</p>\n"]


def grouped(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens of each top-level block."""
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield group
            group = []
