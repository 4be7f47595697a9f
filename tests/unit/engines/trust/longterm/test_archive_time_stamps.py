"""B-LTA over the years: a chain of archive time stamps keeps a document valid, a gap in it does not."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.longterm.validation_data import gather
from hocbaso.engines.trust.verification import Question, Result, Verdict, verify_document
from hocbaso.engines.trust.verification.policy import ValidationPolicy, policy_in_force
from tests.unit.engines.trust.longterm.archive_support import (
    Authority,
    Trusted,
    day,
    extended,
    renewed,
    trusted_anchor,
    unsigned_of,
    with_unsigned_of,
)
from tests.unit.engines.trust.verify_support import DAY, NOW, STAMPED, T0, YEAR, Pki, School

SCHOOL = School(Pki("Lưu trữ", ends=T0 + 3 * YEAR))
FIRST = Authority.begun("Hai", day(2026), day(2038, 12, 31))
SECOND = Authority.begun("Ba", day(2036), day(2050), ec.SECP384R1())
#: By then P-256 has ended, one way or the other.
POLICY = replace(
    policy_in_force(),
    digest="0" * 64,
    algorithms=(("sha256", None), ("sha512", None), ("p256", date(2039, 6, 30)), ("p384", None)),
)
LATER = day(2040)


@lru_cache(maxsize=1)
def long_term() -> bytes:
    return extended(SCHOOL.issue(), SCHOOL, STAMPED + DAY)


@lru_cache(maxsize=1)
def once() -> bytes:
    return renewed(long_term(), FIRST, day(2027, 3))  # the first authority ends in May 2027


@lru_cache(maxsize=1)
def twice() -> bytes:
    return renewed(once(), SECOND, day(2038, 9), "sha512", before=FIRST.pki)


def judge(document: bytes, now: datetime = LATER, policy: ValidationPolicy = POLICY) -> Verdict:
    bundle = SCHOOL.bundle(
        long_term(),
        anchors=tuple(map(trusted_anchor, (SCHOOL.pki, FIRST.pki, SECOND.pki))),
        crls=(*Trusted([FIRST.pki], day(2030)).crls, *Trusted([SECOND.pki], day(2038, 10)).crls),
        as_of=LATER,
    )
    return verify_document(document, bundle, now=now, policy=policy)


def test_issued_in_2026_and_renewed_twice_it_is_valid_in_2040() -> None:
    verdict = judge(twice())
    assert verdict.valid, verdict.reason
    assert verdict.best_signature_time == STAMPED


@pytest.mark.parametrize("made", [long_term, once])
def test_without_a_renewal_it_can_no_longer_be_told(made) -> None:
    verdict = judge(made())
    assert (verdict.verdict, verdict.sub_indication) == ("indeterminate", "NO_POE")
    assert verdict.check(Question.CHAIN).result is Result.UNKNOWN


def test_before_the_end_of_the_first_authority_no_archive_stamp_is_asked_for() -> None:
    assert judge(long_term(), now=NOW).valid
    assert judge(once(), now=day(2030)).valid


def test_a_renewal_that_came_too_late_closes_no_gap() -> None:
    late = renewed(long_term(), FIRST, day(2029))
    verdict = judge(late, now=day(2030))
    assert (verdict.verdict, verdict.sub_indication) == ("indeterminate", "NO_POE")
    assert "quá muộn" in verdict.reason


def test_an_algorithm_that_ended_before_the_next_stamp_proves_nothing() -> None:
    early_end = replace(POLICY, digest="1" * 64, algorithms=(("sha256", None), ("p256", date(2035, 12, 31))))
    verdict = judge(once(), now=day(2036), policy=early_end)
    assert (verdict.verdict, verdict.sub_indication) == ("indeterminate", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    assert judge(once(), now=day(2035), policy=early_end).valid


def test_a_key_compromised_after_the_next_stamp_does_no_harm() -> None:
    lists = (
        *Trusted([FIRST.pki], day(2027, 4, 15)).crls,
        *SCHOOL.pki.lists(
            [(SCHOOL.tsa, day(2027, 4))], this_update=day(2027, 4, 15), next_update=day(2027, 6)
        ),
    )
    bundle = SCHOOL.bundle(
        long_term(), anchors=tuple(map(trusted_anchor, (SCHOOL.pki, FIRST.pki))), crls=lists, as_of=LATER
    )
    now = day(2027, 5)
    assert verify_document(once(), bundle, now=now, policy=POLICY).valid
    verdict = verify_document(long_term(), bundle, now=now, policy=POLICY)
    assert (verdict.verdict, verdict.sub_indication) == ("indeterminate", "REVOKED_NO_POE")


def test_archive_stamps_moved_repeated_or_taken_out_of_the_middle_are_named() -> None:
    unsigned = unsigned_of(twice())
    one, two = unsigned.archive
    for archive in ((two, one), (one, two, two), (one, one, two), (two,), (replace(one, data=two.data), two)):
        verdict = judge(with_unsigned_of(twice(), replace(unsigned, archive=archive)))
        assert verdict.verdict == "invalid"
        assert "Dấu thời gian lưu trữ thứ" in verdict.reason
    without_list = replace(unsigned, crls=unsigned.crls[1:])
    assert "Dấu thời gian lưu trữ thứ 1" in judge(with_unsigned_of(twice(), without_list)).reason


def test_an_archive_stamp_that_anybody_made_is_not_believed() -> None:
    stranger = Authority.begun("Lạ", day(2026), day(2060))
    verdict = judge(renewed(long_term(), stranger, day(2027, 3)))
    assert verdict.verdict != "valid"
    alone = replace(xades.Unsigned(), archive=unsigned_of(once()).archive)
    assert judge(with_unsigned_of(once(), alone)).verdict == "invalid"


def test_stamps_must_follow_each_other_in_time() -> None:
    back = renewed(once(), SECOND, day(2036, 6, 2), before=FIRST.pki)
    forth = renewed(back, FIRST, day(2036, 6, 1), before=SECOND.pki)
    verdict = judge(forth)
    assert (verdict.verdict, verdict.sub_indication) == ("invalid", "TIMESTAMP_ORDER_FAILURE")


_BEGIN = b"<xades:UnsignedProperties>"


@settings(max_examples=40)
@given(st.data())
def test_any_altered_octet_of_the_unsigned_properties_is_found(data: st.DataObject) -> None:
    document = twice()
    start = document.index(_BEGIN)
    end = document.index(b"</xades:UnsignedProperties>") + len(b"</xades:UnsignedProperties>")
    place = data.draw(st.integers(start, end - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda value: value != document[place]))
    altered = document[:place] + bytes([octet]) + document[place + 1 :]
    with suppress(Unreadable):
        assert not judge(altered).valid


@given(
    st.lists(st.binary(min_size=1, max_size=9), max_size=3, unique=True),
    st.lists(st.tuples(st.binary(min_size=1, max_size=5), st.binary(min_size=1, max_size=5)), max_size=3),
)
def test_the_reader_is_the_exact_inverse_of_the_writer(
    items: list[bytes], stamps: list[tuple[bytes, bytes]]
) -> None:
    some = xades.ValidationData(tuple(items), tuple(items[:1]), tuple(items[1:]))
    unsigned = xades.Unsigned(
        b"token",
        tuple(items),
        (),
        tuple(items[:2]),
        some,
        tuple(
            xades.ArchiveStamp(token, xades.ValidationData((der,), (), (der,)) if n % 2 else xades.NO_DATA)
            for n, (token, der) in enumerate(stamps)
        ),
    )
    assert unsigned_of(with_unsigned_of(long_term(), unsigned)) == unsigned


def test_canonical_pieces_are_what_an_independent_canonicaliser_gives() -> None:
    document = twice()
    split = split_document(document)
    parts = xades.read_signature(split.signatures[-1])
    ours = list(xades.archive_octets(parts, xades.referable(split.sheet, split.signatures), 1))
    assert ours == list(pieces_by_lxml(document, archived=1))


def pieces_by_lxml(document: bytes, archived: int) -> list[bytes]:
    """EN 319 132-1 clause 5.5.2.2 by lxml on the re-parsed document."""
    root = etree.fromstring(document)
    names = {"ds": "http://www.w3.org/2000/09/xmldsig#"}
    seal = root.findall(".//ds:Signature", names)[-1]
    info = seal.find("ds:SignedInfo", names)
    found = []
    for reference in info.findall("ds:Reference", names):
        found.append(root.xpath("//*[@Id=$id]", id=reference.get("URI")[1:])[0])
    found += [info, seal.find("ds:SignatureValue", names), seal.find("ds:KeyInfo", names)]
    for item in seal.find(".//{*}UnsignedSignatureProperties"):
        if etree.QName(item).localname == "ArchiveTimeStamp":
            if not archived:
                break
            archived -= 1
        found.append(item)
    return [_c14n(item) for item in found]


def _c14n(node: etree._Element) -> bytes:
    """lxml's inclusive form of an inner element is wrong: parsed apart, with the namespaces in scope."""
    return etree.tostring(etree.fromstring(etree.tostring(node, with_tail=False)), method="c14n")


# --- gathering ---------------------------------------------------------------------------------------------


def _chain() -> tuple[x509.Certificate, ...]:
    return (next(iter(SCHOOL.holders.values())).certificate,)


def test_what_is_gathered_leads_to_the_root_and_covers_every_certificate() -> None:
    found = gather([_chain()], STAMPED, Trusted([SCHOOL.pki], STAMPED + DAY))
    assert found.certificates == (SCHOOL.pki.sub.der, SCHOOL.pki.root.der)
    assert len(found.crls) == 2


@pytest.mark.parametrize(
    ("code", "at", "revoked"),
    [
        ("validation_no_answer", None, None),
        ("validation_too_old", STAMPED - DAY, None),
        ("validation_revoked", STAMPED + DAY, STAMPED - timedelta(hours=1)),
    ],
)
def test_what_is_missing_too_old_or_revoked_is_said(code: str, at, revoked) -> None:
    holder = next(iter(SCHOOL.holders.values()))

    class Known(Trusted):
        @property
        def crls(self) -> list[bytes]:
            if at is None:
                return []
            entries = [(holder, revoked)] if revoked else []
            return list(SCHOOL.pki.lists(entries, this_update=at, next_update=at + 9 * DAY))

    with pytest.raises(DomainError) as caught:
        gather([(holder.certificate,)], STAMPED, Known([SCHOOL.pki], T0))
    assert caught.value.code == code
    if code == "validation_too_old":
        assert gather([(holder.certificate,)], STAMPED, Known([SCHOOL.pki], T0), older=True).crls


def test_a_forged_list_and_a_chain_to_nowhere_count_for_nothing() -> None:
    with pytest.raises(DomainError) as caught:
        gather([_chain()], STAMPED, Trusted([Pki("Khác")], STAMPED + DAY))
    assert caught.value.code == "validation_no_path"

    class Forged(Trusted):
        @property
        def crls(self) -> list[bytes]:
            return [
                re.sub(rb".\Z", lambda m: bytes([m[0][0] ^ 1]), der, flags=re.DOTALL) for der in super().crls
            ]

    with pytest.raises(DomainError) as caught:
        gather([_chain()], STAMPED, Forged([SCHOOL.pki], STAMPED + DAY))
    assert caught.value.code == "validation_no_answer"
