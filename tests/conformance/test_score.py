"""Every wrapper and sink that is broken on purpose is noticed by its law."""

import pytest
from report import PAGE, expected_results, page_with
from scoring import LAWS, SINK_LAWS, mutants

pytestmark = pytest.mark.conformance

MUTANTS = {mutant.name: mutant for mutant in mutants()}

# Laws that only the core, or a model inside the process, can break.
WITHOUT_MUTANT = {"engine_error", "other_sinks_fail"}


def test_the_docs_have_every_law_and_every_mutant():
    assert PAGE.read_text() == page_with(expected_results()), "run `nox -s conformance_score`"


def test_there_are_as_many_mutants_as_promised():
    assert len(MUTANTS) >= 40


@pytest.mark.parametrize("laws", [LAWS, SINK_LAWS], ids=["wrappers", "sinks"])
def test_every_law_is_there_to_notice_something(laws):
    needed = {mutant.breaks for mutant in MUTANTS.values() if mutant.laws is laws}
    assert laws.keys() - needed <= WITHOUT_MUTANT
    assert needed <= laws.keys()


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", MUTANTS)
def test_what_is_broken_is_noticed(name):
    mutant = MUTANTS[name]
    assert next(mutant.broken_laws(mutant.breaks), None), f"{mutant.breaks} does not notice {name}"
