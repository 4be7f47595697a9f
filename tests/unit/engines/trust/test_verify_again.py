"""The quick re-verification: right exactly where the full path is, whatever is done to a document."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from benchmarks.fuzz_again import Differential, differential

from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.engines.trust.verification.again import Reverifier
from tests.unit.engines.trust.verify_support import DAY, SIGN_TIMES, Pki, School, sheet_of

SCHOOL = School(Pki("N"))
TEXT = emit(sheet_of())


def stored(text: bytes = TEXT, **options: object) -> bytes:
    return document_bytes(text, SCHOOL.signatures(text, **{"stamped": None} | options))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def work() -> Differential:
    return differential()


@pytest.mark.parametrize("seed", [1, 2])
def test_both_paths_call_a_document_good_exactly_when_it_is_the_one_that_was_signed(
    work: Differential, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(300):
        work.once(chance)
    assert not work.findings, work.findings[0][1]


def test_no_single_changed_byte_passes(work: Differential) -> None:
    document = work.seeds[1]
    for place in range(0, len(document), 3):
        changed = bytearray(document)
        changed[place] ^= 1 << place % 8
        assert not work.quick.quick(bytes(changed)), place


def test_a_document_is_quick_only_after_its_content_was_proved() -> None:
    again, document = Reverifier(), stored()
    assert not again.quick(document)
    assert again.prove(document)
    assert again.quick(document)
    other = stored(emit(sheet_of(homeroom_comment="Một lời phê khác.")))
    assert not again.quick(other)
    assert again.verify(other)
    assert again.quick(other)


def test_signatures_made_anew_over_a_proved_content_are_verified_anew() -> None:
    again = Reverifier()
    assert again.prove(stored())
    later = {role: at + timedelta(seconds=90) for role, at in SIGN_TIMES.items()}
    assert again.quick(stored(times=later))
    stranger = {SignerRole.PRINCIPAL: SCHOOL.pki.issue("Lê Hiệu Trưởng", ends=SCHOOL.ends + DAY)}
    assert not again.quick(stored(holders=stranger))


def test_what_carries_time_stamps_or_is_not_whole_is_left_to_the_full_path() -> None:
    again, exported = Reverifier(), SCHOOL.issue()
    assert again.prove(exported)
    assert not again.quick(exported)
    signatures = SCHOOL.signatures(TEXT, stamped=None)
    assert not again.verify(document_bytes(TEXT, signatures[:2]))
    assert not again.verify(document_bytes(TEXT, [signatures[1], signatures[0], signatures[2]]))
    assert not again.verify(b"")
