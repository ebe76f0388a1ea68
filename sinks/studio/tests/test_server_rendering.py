"""Rendering block by block gives the same as rendering the whole, at a similar cost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream_studio.server import markdown
from modelstream_studio.server.rendering import Rendering

LINES = st.sampled_from(
    [
        *("# H", "#", "#x", "para text", "**b** c", "`c` d", "<b>", "&amp;", "文字", "\\", "a  ", "", "\t"),
        *("- a", "- b", "  - c", "  more", "  lazy", "* k", "+ p", "-", "1. x", "2) y", "1", "10. z"),
        *("> q", "> - z", ">", "- ```", "  ```", "```", "```py", "~~~", "````", "``` x ```", "    code"),
        *("---", "===", "***", "| a | b |", "|---|---|", "| 1 |"),
        *("[x] y", "[foo]: /u", "[foo]", "[x]: https://a 't'"),
    ]
)
DOCUMENTS = st.lists(LINES, max_size=14).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n"]).map(lambda newline: newline.join(lines) + newline)
) | st.text(alphabet="ab1.-*#>`~|[]()!:= \n\t", max_size=80)
SIZES = st.lists(st.integers(1, 20), min_size=1, max_size=5)


def render_in_pieces(document, sizes):
    """Renders a document in pieces of these sizes."""
    rendering = Rendering()
    closed = []
    at = turn = 0
    while at < len(document):
        size = sizes[turn % len(sizes)]
        closed += rendering.add(document[at : at + size])
        at, turn = at + size, turn + 1
    closed += rendering.finish()
    assert closed == rendering.blocks
    return rendering


@given(DOCUMENTS, SIZES)
def test_joined_blocks_equal_the_whole(document, sizes):
    rendering = render_in_pieces(document, sizes)
    rendering.corrected(document)
    assert "".join(rendering.blocks) == "".join(markdown.render(document, {}))


@given(DOCUMENTS, SIZES)
def test_the_tail_is_the_end_of_the_text(document, sizes):
    rendering = Rendering()
    for at in range(0, len(document), sizes[0]):
        rendering.add(document[at : at + sizes[0]])
        assert document[: at + sizes[0]].endswith(rendering.tail)


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("# Title\n", ["<h1>Title</h1>\n"]),
        ("para\n\n", ["<p>para</p>\n"]),
        ("```\ncode\n```\n", ["<pre><code>code\n</code></pre>\n"]),
        ("- a\n- b\n\nAnd", ["<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"]),
        ("- a\n- b\n\n1", []),
        ("para\nmore", []),
        ("- a\n\n\n", []),
        ("    code\n\n", []),
        ("> quote\n\n", ["<blockquote>\n<p>quote</p>\n</blockquote>\n"]),
        ("| a |\n|---|\n\n", ["<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n</table>\n"]),
        ("```\ncode\n\n# no title\n", []),
    ],
)
def test_a_block_is_shown_as_soon_as_nothing_can_change_it(text, closed):
    assert Rendering().add(text) == closed


@pytest.mark.parametrize(
    "document", ["    code\n\n    more\n", "- a\n\n- b\n", "1. a\n\n1. b\n", "> a\n\n> b\n"]
)
def test_blocks_with_blank_lines_are_those_of_markdown(document):
    assert render_in_pieces(document, [1]).blocks == markdown.render(document, {})


def test_the_tail_does_not_begin_with_a_blank_line():
    rendering = Rendering()
    for piece in ("# T\n", "\n", "\r\n", "\n\nNow"):
        rendering.add(piece)
        assert not rendering.tail.startswith(("\n", "\r"))
    assert rendering.tail == "Now"


def test_a_link_that_is_defined_later_is_corrected():
    rendering = render_in_pieces("See [it].\n\n[it]: https://example.org\n", [7])
    assert "href" not in "".join(rendering.blocks)
    assert rendering.corrected("See [it].\n\n[it]: https://example.org\n")
    assert '<a href="https://example.org"' in "".join(rendering.blocks)


@pytest.mark.parametrize(
    "line", ["```python\n", "- item one two three\n", "word " * 10 + "\n", "| a | b |\n|---|---|\n", "> q\n"]
)
def test_the_cost_of_one_large_block_is_linear(line):
    def seconds(size):
        rest = "x = 1  # yes\n" if line.startswith("`") else line
        text = (line + rest * (size // len(rest)))[:size]
        rendering = Rendering()
        began = time.process_time()
        for at in range(0, size, 50):
            rendering.add(text[at : at + 50])
        return time.process_time() - began

    seconds(1000)
    assert seconds(40_000) < 20 * max(seconds(5000), 0.01), "eight times the length"


@pytest.mark.parametrize(
    "unit", ["[", "*a **b ", "![[", "> ", "[a](", "<a ", "- ", "&a", "`` ` ", "|a", "\\"]
)
def test_hostile_markup_is_rendered_in_time(unit):
    began = time.process_time()
    markdown.render(unit * (100_000 // len(unit)), {})
    assert time.process_time() - began < 5


def test_code_in_a_known_language_is_highlighted():
    (highlighted,) = markdown.render("```python\nx = 'a'  # <b>\n```", {})
    assert '<code class="language-python">' in highlighted
    assert '<span class="s1">' in highlighted
    assert "&lt;b&gt;" in highlighted
    (plain,) = markdown.render("```klingon\n<b>\n```", {})
    assert plain == '<pre><code class="language-klingon">&lt;b&gt;\n</code></pre>\n'


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("![a *cat*](https://evil.example/x.png)", "<p>a cat</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](/v1/runs)", '<p><a rel="noopener noreferrer nofollow" target="_blank">x</a></p>\n'),
        ("[x](//evil.example)", '<p><a rel="noopener noreferrer nofollow" target="_blank">x</a></p>\n'),
        ('``` "onload=x\na\n```', "<pre><code>a\n</code></pre>\n"),
    ],
)
def test_dangerous_markup_is_shown_as_text(source, html):
    assert "".join(markdown.render(source, {})) == html


def test_a_link_opens_in_a_new_tab_without_a_referrer():
    (html,) = markdown.render("[x](https://example.org/?a=1&b)", {})
    assert 'href="https://example.org/?a=1&amp;b"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_alignment_of_cells_needs_no_inline_style():
    (html,) = markdown.render("| a |\n|--:|\n| 1 |\n", {})
    assert 'class="right"' in html
    assert "style" not in html
