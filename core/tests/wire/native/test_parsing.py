"""One HTTP/1.1 answer, cut anywhere."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream.errors import ConnectionLostError, MalformedDataError
from modelstream.wire.native.parsing import MAX_HEAD, MAX_LINE, Answer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def sized(body, head=HEAD):
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)


def chunked(*pieces, end=b"0\r\n\r\n"):
    return CHUNKED + b"".join(b"%X\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


def fed(*pieces):
    answer = Answer()
    return answer, b"".join(answer.feed(piece) for piece in pieces)


def cut(data, places):
    ends = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(ends)]


PIECES = st.lists(st.binary(min_size=1, max_size=40) | st.sampled_from([b"\r\n", b"0\r\n\r\n"]), max_size=6)


@given(PIECES, st.lists(st.integers(0, 400), max_size=30))
def test_chunks_cut_anywhere_are_read_whole(pieces, places):
    answer, body = fed(*cut(chunked(*pieces), places))
    assert body == b"".join(pieces)
    assert answer.complete
    assert answer.reusable


@given(st.binary(max_size=60), st.lists(st.integers(0, 200), max_size=30))
def test_a_body_of_known_length_cut_anywhere_is_read_whole(body, places):
    answer, got = fed(*cut(sized(body), places))
    assert (got, answer.complete, answer.reusable) == (body, True, True)


def test_a_byte_at_a_time():
    answer, body = fed(*(bytes([one]) for one in chunked(b"Hello", b"\r\n", b"x" * 20)))
    assert (body, answer.complete) == (b"Hello\r\n" + b"x" * 20, True)


def test_the_received_part_of_a_chunk_is_returned_at_once():
    answer, body = fed(CHUNKED + b"5\r\nHe")
    assert (body, answer.complete) == (b"He", False)
    assert answer.feed(b"llo") == b"llo"
    assert answer.feed(b"\r\n0\r\n\r\n") == b""
    assert answer.complete


def test_extensions_and_trailers_are_skipped():
    answer, body = fed(CHUNKED + b"5;name=value\r\nHello\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n")
    assert (body, answer.complete) == (b"Hello", True)


def test_head():
    answer, _ = fed(
        b"HTTP/1.1 429 Slow Down\r\nRETRY-after:  2 \r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n"
    )
    assert answer.status == 429
    assert answer.headers == {"retry-after": "2", "x-a": "1, 2", "content-length": "0"}
    assert answer.complete


def test_a_status_without_a_reason():
    assert fed(b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n")[0].status == 503


def test_informational_responses_are_skipped():
    answer, body = fed(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + sized(b"Hello")
    )
    assert (answer.status, body) == (200, b"Hello")
    assert "link" not in answer.headers


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status):
    assert fed(b"HTTP/1.1 %d X\r\n\r\n" % status)[0].complete


def test_a_tunnel_has_no_body():
    answer = Answer(tunnel=True)
    answer.feed(b"HTTP/1.0 200 Connection established\r\n\r\n")
    assert answer.complete


def test_a_body_that_ends_with_the_connection():
    answer, body = fed(HEAD + b"\r\nHel", b"lo")
    assert (body, answer.complete) == (b"Hello", False)
    answer.close()
    assert (answer.complete, answer.reusable) == (True, False)


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_whether_the_connection_may_be_used_again(head, reusable):
    assert fed(sized(b"x", head))[0].reusable is reusable


@pytest.mark.parametrize("whole", [sized(b"x"), chunked(b"x"), chunked(b"x", end=b"0\r\nA: b\r\n\r\n")])
@pytest.mark.parametrize("apart", [1, 5])
def test_a_connection_with_bytes_after_the_answer_is_not_used_again(whole, apart):
    answer, body = fed(whole[:-apart], whole[-apart:] + b"HTTP/1.1 4")
    assert (body, answer.complete, answer.reusable) == (b"x", True, False)
    answer, body = fed(whole[:-apart], whole[-apart:])
    assert (body, answer.complete, answer.reusable) == (b"x", True, True)


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\nX", CHUNKED, CHUNKED + b"5\r\nHe", sized(b"xx")[:-1]]
)
def test_a_connection_that_closes_too_early(begun):
    answer, _ = fed(begun)
    with pytest.raises(ConnectionLostError, match="closed"):
        answer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        HEAD + b"Content-Length: 5, 6\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        CHUNKED + b"-5\r\nHello",
        CHUNKED + b"five\r\nHello",
        CHUNKED + b"x" * (MAX_LINE + 1),
        b"HTTP/1.1 200 OK\r\n" + b"x" * (MAX_HEAD + 1),
        CHUNKED + b"0\r\n" + b"x" * (MAX_HEAD + 1),
    ],
)
def test_invalid_http(sent):
    with pytest.raises(ConnectionLostError, match=r"not valid HTTP/1\.1"):
        fed(sent)


@pytest.mark.parametrize(("coding", "compress"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress)])
def test_an_unrequested_compression(coding, compress):
    head = HEAD + b"Content-Encoding: " + coding + b"\r\n"
    assert fed(*cut(sized(compress(b"Hello" * 100), head), range(0, 300, 7)))[1] == b"Hello" * 100


def test_an_unknown_content_coding():
    with pytest.raises(MalformedDataError, match=r"'br'.*'transport' to 'sdk'"):
        fed(HEAD + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\n")


def test_a_body_that_cannot_be_decompressed():
    with pytest.raises(MalformedDataError, match="can't be decompressed"):
        fed(sized(b"Hello, not gzip", HEAD + b"Content-Encoding: gzip\r\n"))
