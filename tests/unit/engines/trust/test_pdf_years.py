"""A rendition over the years: sealed, archived, renewed in time or not, judged decades later."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from importlib import resources

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust import verification
from hocbaso.engines.trust.longterm.policy import long_term_policy
from hocbaso.engines.trust.pades_archive import opened, with_archive_stamp
from hocbaso.engines.trust.pades_check import token_certificates
from hocbaso.engines.trust.verification import Conclusion
from hocbaso.engines.trust.verification.pdf import attached_documents
from hocbaso.engines.trust.verification.policy import ValidationPolicy, read_policy
from tests.unit.engines.trust.pdf_support import ENDS, SEALED, Years, lasting
from tests.unit.engines.trust.verify_support import DAY, T0, YEAR, Holder, Pki

LATER = Pki("N2", ends=ENDS)
YEARS = Years("N", LATER)
#: P-256 is held to be good until the end of this year by the policies of these tests.
P256_UNTIL = date(2050, 12, 31)
LATE = T0 + 14 * YEAR  # 2040
POLICY = lasting(long_term_policy(SEALED.date()), p256=P256_UNTIL)


@lru_cache(maxsize=1)
def later_policy() -> ValidationPolicy:
    """The packaged policy as it may read one day, when P-256 is found to last longer."""
    folder = resources.files(verification) / "policies"
    data = json.loads((folder / "chinh-sach-xac-thuc-1.json").read_bytes())
    for row in data["algorithms"]:
        if row["name"] == "p256":
            row["until"] = P256_UNTIL.isoformat()
    return read_policy(json.dumps(data | {"id": "urn:hocbaso:test:2050"}).encode())


@lru_cache(maxsize=1)
def first() -> Holder:
    return YEARS.authority("Dấu thời gian 2026", T0 - DAY, T0 + 6 * YEAR)


@lru_cache(maxsize=1)
def second() -> Holder:
    return YEARS.authority("Dấu thời gian 2031", T0 + 5 * YEAR, T0 + 15 * YEAR, LATER)


@lru_cache(maxsize=1)
def archived() -> bytes:
    """Of 2026: B-LTA under the first authority."""
    return YEARS.archived(YEARS.sealed(first()), SEALED + DAY, first(), POLICY).pdf


@lru_cache(maxsize=1)
def renewed() -> bytes:
    """Renewed in 2031, before the first authority's certificate ended."""
    return YEARS.archived(archived(), T0 + 6 * YEAR - 60 * DAY, second(), POLICY).pdf


def judged(pdf: bytes, at=LATE, **given: object):
    return YEARS.verdict(pdf, at, policy=later_policy(), **given)


def test_what_was_renewed_in_time_is_valid_fourteen_years_later() -> None:
    verdict = judged(renewed())
    assert verdict.valid, verdict.reason
    assert verdict.rendition is not None
    assert verdict.rendition.level == "B-LTA"
    assert [stamp.year for stamp in verdict.rendition.stamps] == [2026, 2032]
    assert verdict.best_signature_time is not None
    assert verdict.best_signature_time.year == 2026


def test_what_was_not_renewed_proves_nothing_any_more_and_says_so() -> None:
    verdict = judged(archived())
    assert (verdict.conclusion, verdict.sub_indication) == (Conclusion.INDETERMINATE, "NO_POE")
    assert "hết hạn" in verdict.reason
    assert judged(archived(), T0 + 5 * YEAR).valid, "as long as the authority's certificate lasts"


def test_without_archive_stamp_the_seals_own_authority_decides() -> None:
    stored = YEARS.long_term(YEARS.sealed(first()), SEALED + DAY).pdf
    assert judged(stored, T0 + 5 * YEAR).valid, "all other certificates have ended since"
    assert judged(stored).sub_indication == "NO_POE"


def test_under_the_policy_of_today_the_algorithm_ends_before_the_certificate() -> None:
    verdict = YEARS.verdict(renewed(), T0 + 10 * YEAR)
    assert verdict.conclusion is Conclusion.INDETERMINATE
    assert verdict.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"


def test_a_stamp_made_too_late_repairs_nothing() -> None:
    late = T0 + 7 * YEAR
    with pytest.raises(DomainError) as refused:
        YEARS.archived(archived(), late, second(), POLICY)
    assert refused.value.code == "pdf_seal_not_provable"
    forced = with_archive_stamp(archived(), YEARS.stamper(second(), late), late)
    assert judged(forced).sub_indication == "NO_POE"


def test_a_compromise_after_the_next_stamp_harms_nothing_and_before_it_everything() -> None:
    now = T0 + 6 * YEAR
    for day, valid in ((now - 30 * DAY, True), (now - 70 * DAY, False)):
        revoked = [(first(), day)]
        verdict = judged(renewed(), now, bundle=YEARS.bundle(now, revoked))
        assert verdict.valid is valid, verdict.reason


def test_renewal_comes_when_due_brings_its_gain_and_is_done_once() -> None:
    extender = YEARS.extender(SEALED + 2 * DAY, policy=POLICY)
    standing = extender.standing(archived(), SEALED + 2 * DAY)
    end = first().certificate.not_valid_after_utc
    assert (standing.reason, standing.due) == ("tsa_ends", end - POLICY.lead_days["tsa_ends"] * DAY)
    assert YEARS.archived(archived(), standing.due - DAY, second(), POLICY).pdf == archived()
    with pytest.raises(DomainError) as refused:
        YEARS.archived(archived(), standing.due + DAY, first(), POLICY)
    assert refused.value.code == "pdf_no_gain"
    once = YEARS.archived(archived(), standing.due + DAY, second(), POLICY).pdf
    assert once.startswith(archived())
    assert len(opened(once).stamps) == 2
    assert YEARS.archived(once, standing.due + 2 * DAY, second(), POLICY).pdf == once


def test_when_nobody_answers_for_an_authority_it_is_waited_for_until_its_end_is_near() -> None:
    extender, end = YEARS.extender(SEALED + 2 * DAY, policy=POLICY), first().certificate.not_valid_after_utc
    documents = attached_documents(archived())[0]
    early, near = end - 100 * DAY, end - 30 * DAY
    with pytest.raises(DomainError) as waits:
        extender.archive(archived(), documents, YEARS.stamper(second(), early), early)
    assert waits.value.code == "validation_too_old"
    done = extender.archive(archived(), documents, YEARS.stamper(second(), near), near)
    assert (done.lacking, len(opened(done.pdf).stamps)) == (("validation_too_old",), 2)


def test_every_level_is_the_earlier_file_with_something_behind_it() -> None:
    plain = YEARS.sealed(first())
    stored = YEARS.long_term(plain, SEALED + DAY)
    assert (stored.before, stored.after, stored.lacking) == ("B-T", "B-LT", ())
    assert stored.pdf.startswith(plain)
    assert YEARS.long_term(stored.pdf, SEALED + 2 * DAY).pdf == stored.pdf, "nothing is lacking any more"
    assert attached_documents(renewed()) == attached_documents(plain)


def test_a_store_proves_the_signatures_inside_too() -> None:
    """Three years on, lists say nothing any more of certificates that ended; the store does."""
    at = T0 + 3 * YEAR
    assert judged(YEARS.sealed(first()), at).sub_indication == "TRY_LATER"
    assert judged(YEARS.long_term(YEARS.sealed(first()), SEALED + DAY).pdf, at).valid


def test_what_was_altered_is_not_extended() -> None:
    for pdf, code in (
        (YEARS.sealed(first()), "pdf_seal_not_provable"),
        (archived(), "pdf_not_extendable"),  # its revisions name what stood before them by its digest
    ):
        altered = bytearray(pdf)
        altered[altered.rindex(b"endstream", 0, len(altered) // 2) - 40] ^= 1
        with pytest.raises(DomainError) as refused:
            YEARS.extender(SEALED + 2 * DAY).long_term(bytes(altered), {}, SEALED + 2 * DAY)
        assert refused.value.code == code


def test_a_larger_token_than_expected_is_asked_for_again() -> None:
    chain = tuple(YEARS.pki.issue(f"Thêm {n}").certificate for n in range(8))
    stamper = YEARS.stamper(first(), SEALED + DAY)
    large = type(stamper)(first().key, (first().certificate, *chain), lambda: SEALED + DAY)
    file = opened(with_archive_stamp(YEARS.sealed(first()), large, SEALED + DAY))
    found = set(token_certificates(file.stamps[0].token))
    assert {item.public_bytes(Encoding.DER) for item in chain} <= found


@pytest.mark.parametrize("imprint", ["sha384", "sha512"])
def test_stamps_over_longer_hashes_are_read_and_judged(imprint: str) -> None:
    stamper = YEARS.stamper(first(), SEALED + DAY)
    pdf = with_archive_stamp(YEARS.sealed(first()), stamper, SEALED + DAY, imprint=imprint)
    verdict = judged(pdf, SEALED + 2 * DAY)
    assert verdict.valid, verdict.reason
