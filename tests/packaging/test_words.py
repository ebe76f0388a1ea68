"""The wording of the repository: names and texts use the words of the field, not coined ones."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

FOLDERS = [
    "core/**/*.py",
    "docs/**/*.md",
    "examples/**/*.py",
    "plugins/*/*/**/*.py",
    "sinks/*/*/**/*.py",
    "tests/**/*.py",
    "tools/**/*.py",
    "*.md",
    "*/*/*.md",
]
"""Glob patterns of the files that are checked: Python sources, and Markdown, where only phrases count."""

NAMES = frozenset(
    {
        "anybody",
        "asked",
        "behind",
        "bell",
        "bells",
        "clock",
        "clocks",
        "demand",
        "demands",
        "everybody",
        "given",
        "healer",
        "made",
        "news",
        "nobody",
        "said",
        "somebody",
        "stranger",
        "strangers",
        "tell",
        "tells",
        "told",
        "whoever",
    }
)
"""Words that no name in the code may contain: also not as a part, as in `_as_told` or `NewsItem`."""

ALLOWED_NAMES = {
    "Clock": "public: the type of `StreamTimeoutError.clock`",
    "clock": "public: the attribute and the argument of `StreamTimeoutError`",
    "connection_made": "a method of `asyncio.Protocol`",
}
"""Names that may contain such a word, each with the reason."""


class Rule(NamedTuple):
    """A phrase that texts must not contain; `instead` is what to write, `example` a text that breaks it."""

    pattern: str
    instead: str
    example: str


RULES = [
    Rule(r"(?<!\bthere )\bis no (?:address|name|url)\b", "is not a valid …", "'x' is no address"),
    Rule(r"\bwhich is no(?:ne)?\b", "which is not …", "a word which is none of ours"),
    Rule(r"\bleav(?:e|es|ing) (?:\S+ ){1,3}away\b", "omit", "leave /chat/completions away"),
    Rule(r"\bFor the core\.", "Internal.", "Ties the error to its call. For the core."),
    Rule(r"\bsee to it\b", "ensure", "See to it that it runs."),
    Rule(r"\bstrangers?\b", "third-party", "a stranger's provider"),
    Rule(r"\banybody\b", "any, another", "anybody's code"),
    Rule(r"\bnobody\b", "no reader, no other task", "nobody waits for it"),
    Rule(r"\bsomebody\b", "another thread, a caller", "somebody else's message"),
    Rule(r"\beverybody\b", "all readers, all sinks", "everybody gets it"),
    Rule(r"\bwhoever\b", "the caller, the reader", "whoever reads it"),
    Rule(
        r"\bbehind (?:it|them|a sentence|the (?:answer|end|first|headers|last|prompt|text))\b",
        "after",
        "behind it",
    ),
    Rule(r"\bput behind\b", "append", "ready to be put behind"),
    Rule(r"\b(?:lets?|letting) go of\b", "close, release", "lets go of its connection"),
    Rule(r"\bways? out\b", "how to fix it", "names the field and the way out"),
    Rule(r"\bharms? (?:no|nobody|none)\b", "does not affect", "it harms no other"),
    Rule(r"\bwhile it comes\b", "while it streams", "shown while it comes"),
    Rule(r"\bwhat (?:came|comes)\b", "the text so far", "what came stays readable"),
    Rule(r"\b(?:are|be|been|is|was|were) told\b", "is logged, is reported", "the user is told once"),
    Rule(r"\bgoes without\b", "has no", "the one that goes without saying"),
    Rule(r"\bmade good\b", "fixed", "the cut is made good"),
]


class Finding(NamedTuple):
    line: int
    what: str


def bad_names(source: str, module: str = "") -> Iterator[Finding]:
    """The names that a source defines and that contain a banned word; `module` is its file's name."""
    defined = [(1, module), *(found for node in ast.walk(ast.parse(source)) for found in _defined(node))]
    for line, name in defined:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
        if words & NAMES and name not in ALLOWED_NAMES:
            yield Finding(line, f"the name {name!r}")


def _defined(node: ast.AST) -> Iterator[tuple[int, str]]:
    # Only definitions: uses of names from other libraries are not ours to choose.
    names: list[str | None] = []
    match node:
        case (
            ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.ExceptHandler() | ast.MatchAs()
        ):
            names = [node.name]
        case ast.arg():
            names = [node.arg]
        case ast.Name(ctx=ast.Store()):
            names = [node.id]
        case ast.Attribute(ctx=ast.Store()):
            names = [node.attr]
        case ast.Import() | ast.ImportFrom():
            names = [alias.asname for alias in node.names]
    for name in filter(None, names):
        yield getattr(node, "lineno", 1), name


def bad_phrases(text: str, *, python: bool) -> Iterator[Finding]:
    """The banned phrases in a Markdown text, or in the strings and comments of a Python source."""
    for line, part in _texts(text) if python else [(1, text)]:
        for rule in RULES:
            # A phrase may be broken over two lines.
            for found in re.finditer(
                rule.pattern.replace(" ", r"\s"), re.sub(r"\n[ >]+", "\n", part), re.IGNORECASE
            ):
                phrase = " ".join(found[0].split())
                yield Finding(
                    line + found.string.count("\n", 0, found.start()), f"{phrase!r}: {rule.instead}"
                )


def _texts(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    comments = [
        (token.start[0], token.string.lstrip("#: "))
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    block: list[str] = []
    for at, (line, comment) in enumerate(comments):
        block.append(comment)
        if at + 1 == len(comments) or comments[at + 1][0] != line + 1:
            yield line + 1 - len(block), "\n".join(block)
            block = []


@pytest.mark.parametrize("pattern", FOLDERS)
def test_names_and_texts_use_the_words_of_the_field(root: Path, pattern: str) -> None:
    files = sorted({*root.glob(pattern)} - {Path(__file__)})
    assert files, "the pattern matches no file"
    wrong = []
    for file in files:
        text = file.read_text("utf-8")
        python = file.suffix == ".py"
        found = [*bad_phrases(text, python=python), *(bad_names(text, file.stem) if python else ())]
        wrong += [f"{file.relative_to(root)}:{line}: {what}" for line, what in sorted(found)]
    assert not wrong, "\n".join(wrong)


def test_every_allowed_name_is_still_defined(root: Path) -> None:
    sources = root.glob("core/src/**/*.py")
    defined = {
        name
        for file in sources
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for _, name in _defined(node)
    }
    assert set(ALLOWED_NAMES) <= defined


@pytest.mark.parametrize("word", sorted(NAMES))
@pytest.mark.parametrize(
    "source",
    [
        "def as_{}(): ...",
        "async def {}_of(): ...",
        "class {}: ...",
        "class Call{title}Of: ...",
        "def f(_{}): ...",
        "def f(*, {}=None): ...",
        "_{UPPER} = 1",
        "x.{} = 1",
        "x: {{}}\n{}: int",
        "for {} in x: ...",
        "with x as {}: ...",
        "try: ...\nexcept OSError as {}: ...",
        "import x as {}",
        "[0 for {} in x]",
    ],
)
def test_a_banned_name_is_found_wherever_it_is_defined(word: str, source: str) -> None:
    text = source.format(
        word + "_x" if word in ALLOWED_NAMES else word, title=word.title(), UPPER=word.upper()
    )
    assert len([*bad_names(text)]) == 1, text


@pytest.mark.parametrize("word", sorted(NAMES))
def test_a_banned_word_in_the_name_of_a_module_is_found(word: str) -> None:
    assert [*bad_names("", f"{word}_by")]


@pytest.mark.parametrize(
    "source", ["x.asked(news)", "def retold(): ...", "newsletter = forgiven = 1", "clock = 1"]
)
def test_other_names_are_not_found(source: str) -> None:
    assert not [*bad_names(source)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example)
@pytest.mark.parametrize(
    "source",
    [
        '"""{}"""',
        'f"""{{x}} {}"""',
        "x = 1  # {}",
        "# text\n# {lines}",
        'def f():\n    """Text.\n\n    {indented}"""',
    ],
)
def test_a_banned_phrase_is_found_in_strings_and_comments(rule: Rule, source: str) -> None:
    broken = rule.example.replace(" ", "\n")
    lines, indented = broken.replace("\n", "\n# "), broken.replace("\n", "\n    ")
    text = source.format(rule.example, lines=lines, indented=indented)
    assert any(rule.instead in what for _, what in bad_phrases(text, python=True)), text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example)
def test_a_banned_phrase_is_found_in_markdown(rule: Rule) -> None:
    text = "# Title\n\nText: " + rule.example
    assert any(rule.instead in what and line == 3 for line, what in bad_phrases(text, python=False))


@pytest.mark.parametrize(
    "text",
    [
        "There is no name for it.",
        "a server behind a proxy",
        "the readers are far behind",
        "leave it open",
        "a core",
    ],
)
def test_other_texts_are_not_found(text: str) -> None:
    assert not [*bad_phrases(text, python=False)]


def test_the_line_of_a_finding_is_that_of_the_phrase() -> None:
    source = 'x = 1\n"""Text.\n\nSee to it."""\n# text\n# nobody waits\n'
    assert sorted(line for line, _ in bad_phrases(source, python=True)) == [4, 6]
