"""The page in the docs has all inputs of these tests."""

from __future__ import annotations

import table


def test_the_page_is_up_to_date():
    old = table.PAGE.read_text("utf-8")
    assert table.page(old) == old, "run `python tests/wire_inputs/table.py`"


def test_there_are_hundreds_of_inputs():
    assert table.count() >= 200
