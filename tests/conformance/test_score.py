"""Every wrapper and every sink that is broken on purpose is noticed, by the law that the docs say."""

import pytest
from report import PAGE, noticed, page_with_laws
from scoring import mutants

pytestmark = pytest.mark.conformance

MUTANTS = {mutant.name: mutant for mutant in mutants()}
NOTICED = noticed()
AGAIN = "run `nox -s conformance_score`"


def test_the_docs_have_every_law():
    page = PAGE.read_text()
    assert page_with_laws(page) == page, AGAIN


def test_the_docs_have_every_mutant():
    assert NOTICED.keys() == MUTANTS.keys(), AGAIN
    assert len(MUTANTS) >= 40


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", MUTANTS)
def test_what_is_broken_is_noticed(name):
    law, way = NOTICED.get(name, (None, None))
    assert law, f"{name} is not in the docs: {AGAIN}"
    found = [(broken, how) for broken, how, _ in MUTANTS[name].broken_laws([law])]
    assert (law, way) in found
