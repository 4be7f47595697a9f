"""What is put on the shelf comes back to the byte, and damage is told, not guessed."""

from __future__ import annotations

import pytest
import zstandard
from benchmarks.fuzz_again import differential
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.document.emit import emit
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.storage.documents import pack_document, unpack_document
from hocbaso.engines.storage.sheets import pack_text, unpack_text
from tests.unit.core.document.sheets import grade_three
from tests.unit.engines.trust.verify_support import Pki, School

DOCUMENTS = differential().seeds


@pytest.mark.parametrize("document", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_a_document_comes_back_to_the_byte_and_is_much_smaller(document: bytes) -> None:
    packed, key_infos = pack_document(document)
    assert unpack_document(packed, key_infos.__getitem__) == document
    assert len(packed) * 8 < len(document)


@given(st.binary(max_size=4000))
def test_any_text_comes_back(text: bytes) -> None:
    assert unpack_text(pack_text(text)) == text


def test_the_same_text_gives_the_same_bytes_and_no_other_dictionary() -> None:
    text = emit(grade_three())
    assert pack_text(text) == pack_text(text)
    assert zstandard.get_frame_parameters(pack_text(text)).dict_id == 50_001


@given(place=st.integers(0, 2**16), bit=st.integers(0, 7))
def test_a_damaged_byte_gives_an_error_or_another_document_but_never_the_same(place: int, bit: int) -> None:
    document = DOCUMENTS[0]
    packed, key_infos = pack_document(document)
    damaged = bytearray(packed)
    damaged[1 + place % (len(packed) - 1)] ^= 1 << bit
    try:
        read = unpack_document(bytes(damaged), lambda digest: key_infos.get(digest, b""))
    except (DomainError, Unreadable):
        return
    assert read != document


def test_what_is_not_of_our_form_is_not_packed() -> None:
    exported = School(Pki("A")).issue()
    for document in (
        exported,
        DOCUMENTS[0][:-1],
        b"<HocBaSo></HocBaSo>",
        DOCUMENTS[0].replace(b"<", b" <", 1),
    ):
        with pytest.raises((DomainError, Unreadable)):
            pack_document(document)
