"""OpenAI's dialect keeps all laws of dialects, and its frames have the fields that clients need."""

from modelstream.deltas import Finish
from modelstream.testing import DialectConformance
from modelstream.wire import OpenAIDialect, WholeAnswer


class TestOpenAI(DialectConformance):
    dialect = OpenAIDialect()


def answer(writer):
    return [*writer.start(), *writer.write("Hi"), *writer.end(Finish("stop"), None)][:-1]


def test_an_answer_has_one_id_and_the_name_of_its_model():
    frames = answer(OpenAIDialect().for_answer("my-model", "chatcmpl-7").writer())
    assert {(frame["id"], frame["model"]) for frame in frames} == {("chatcmpl-7", "my-model")}


def test_each_answer_has_its_own_id():
    dialect = OpenAIDialect()
    first, second = ({frame["id"] for frame in answer(dialect.writer())} for _ in range(2))
    assert len(first) == len(second) == 1
    assert first.isdisjoint(second)
    assert min(first).startswith("chatcmpl-")


def test_the_dialect_itself_is_not_changed():
    dialect = OpenAIDialect()
    dialect.for_answer("my-model")
    assert (dialect.answer_id, dialect.answer_model) == ("", "unknown")


def test_a_whole_answer_has_them_too():
    body = OpenAIDialect().for_answer("my-model").whole(WholeAnswer(text="Hi"))
    assert body["model"] == "my-model"
    assert body["id"].startswith("chatcmpl-")
    assert isinstance(body["created"], int)
