"""No fault is reported as an end, and the results are those of docs/reference/faults.md."""

import pytest
from fault_columns import COLUMNS
from fault_rows import ENDINGS, FAULTS, NOT_THERE, ODDITIES
from fault_table import PAGE, ROWS, column, page_with, written

AGAIN = "run `nox -s fault_table`"


def test_the_page_has_every_wrapper_and_every_row():
    page = written()
    assert {name: [*found] for name, found in page.items()} == {
        name: [row.name for row in ROWS] for name in COLUMNS
    }, AGAIN
    assert page_with(page) == PAGE.read_text(), AGAIN


@pytest.mark.parametrize("name", COLUMNS)
def test_every_fault_is_a_typed_error_with_the_text_kept(name):
    found = written()[name]
    assert all(found[row.name].startswith(("`", NOT_THERE)) for row in FAULTS)
    assert {found[row.name] for row in ODDITIES} <= {"whole", NOT_THERE}
    assert {found[row.name] for row in ENDINGS} == {"at once"}
    assert "silent" not in PAGE.read_text()


@pytest.mark.timeout(180)  # the SDKs are imported
@pytest.mark.filterwarnings("ignore")  # of the SDKs
@pytest.mark.parametrize("name", COLUMNS)
def test_users_get_what_the_page_says(name):
    assert column(name) == written()[name], AGAIN
