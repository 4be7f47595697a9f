"""No change of an issued document, of any byte, is ever accepted."""

from __future__ import annotations

import base64
import re
from functools import lru_cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hocbaso.core.document.emit import emit
from hocbaso.core.document.names import document_bytes
from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.tokens import TokenFault, read_token
from hocbaso.engines.trust.verification import Verifier, verifier
from hocbaso.engines.trust.xades import (
    read_signature,
    signature_value_digest,
    with_unsigned,
    without_unsigned,
)
from tests.unit.engines.trust.verify_support import DAY, NOW, Pki, School, sheet_of

SCHOOL = School(Pki("M"))
SHEET = sheet_of()


@lru_cache(maxsize=1)
def issued() -> bytes:
    """Issued with evidence for the long term (B-LT): the most that a document can hold."""
    text = emit(SHEET)
    signatures = SCHOOL.signatures(text, subjects=("toan",))
    token = read_signature(signatures[-1]).unsigned.time_stamp
    lists = SCHOOL.pki.lists(this_update=NOW - DAY, next_update=NOW + 9 * DAY)
    signatures[-1] = with_unsigned(without_unsigned(signatures[-1]), token, [SCHOOL.pki.sub.der], lists)
    return document_bytes(text, signatures)


@lru_cache(maxsize=1)
def judge() -> Verifier:
    return verifier(SCHOOL.bundle(issued()))


def accepted(document: bytes) -> bool:
    try:
        return judge().verify(document, now=NOW).valid
    except Unreadable:
        return False


def test_the_document_itself_is_accepted() -> None:
    assert accepted(issued())


def test_no_flipped_bit_is_accepted_wherever_it_is() -> None:
    document = issued()
    step = len(document) // 450
    for number, position in enumerate(range(0, len(document), step)):
        changed = bytearray(document)
        changed[position] ^= 1 << number % 8
        assert not accepted(bytes(changed)), position


@given(
    place=st.floats(0, 1, exclude_max=True),
    cut=st.integers(0, 60),
    put=st.binary(max_size=12)
    | st.sampled_from([b" ", b"\n", b"=", b"A", b"<a></a>", b' x="y"', b"\xc2\xa0", b"&#32;", b"<!---->"]),
)
@settings(max_examples=250, deadline=None)
@example(place=0.0, cut=0, put=b" ")
@example(place=0.999999, cut=0, put=b"\n")
def test_no_edit_is_accepted(place: float, cut: int, put: bytes) -> None:
    document = issued()
    position = int(place * len(document))
    changed = document[:position] + put + document[position + cut :]
    assert changed == document or not accepted(changed)


@given(
    first=st.floats(0, 1, exclude_max=True),
    second=st.floats(0, 1, exclude_max=True),
    length=st.integers(1, 400),
)
@settings(max_examples=120, deadline=None)
def test_no_part_of_the_document_may_stand_elsewhere(first: float, second: float, length: int) -> None:
    document = issued()
    source, target = (int(place * len(document)) for place in (first, second))
    piece = document[source : source + length]
    copied = document[:target] + piece + document[target:]
    moved = document[:target] + piece + document[target + len(piece) :]
    for changed in (copied, moved):
        assert changed == document or not accepted(changed)


def test_no_byte_of_a_time_stamp_token_is_free() -> None:
    seal = SCHOOL.signatures(emit(SHEET))[-1]
    token, imprint = read_signature(seal).unsigned.time_stamp, signature_value_digest(seal)
    assert token is not None
    own = read_token(token, imprint, NOW)
    known = {SCHOOL.pki.sub.der}
    assert set(own.other_ders) == known
    for position in range(len(token)):
        changed = bytearray(token)
        changed[position] ^= 1 << position % 8
        try:
            read = read_token(bytes(changed), imprint, NOW)
        except TokenFault:
            continue
        # A spare certificate may be altered without breaking the token; it is then one that nobody knows.
        assert not set(read.other_ders) <= known, position


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_altered_certificate_or_list_is_accepted_or_ends_in_a_crash() -> None:
    """Flips on the DER itself: versions, lengths, names and algorithms that readers trip over."""
    document = issued()
    texts = re.findall(
        rb"<(?:ds:X509Certificate|xades:Encapsulated[A-Za-z0-9]+)[^>]*>([A-Za-z0-9+/=]+)<", document
    )
    assert len(texts) >= 10
    tried = 0
    for text in dict.fromkeys(texts):
        der = base64.b64decode(text)
        for position in [*range(0, 40), *range(40, len(der), 23)]:
            changed = bytearray(der)
            changed[position] ^= 1 << (position + tried) % 8
            tried += 1
            assert not accepted(document.replace(text, base64.b64encode(changed)))
    assert tried > 400


def test_every_base64_text_has_one_way_of_being_written() -> None:
    document = issued()
    start = document.index(b"<ds:DigestValue>") + len(b"<ds:DigestValue>")
    value = document[start : document.index(b"<", start)]
    for other in (value.rstrip(b"="), value + b"=", value[:10] + b"\n" + value[10:]):
        assert not accepted(document[:start] + other + document[start + len(value) :])
    assert base64.b64encode(base64.b64decode(value)) == value
