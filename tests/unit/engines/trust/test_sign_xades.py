"""Signing in three steps, and the strict reader that is its inverse."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric import utils
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hocbaso.core.document import schema
from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import DS, XADES, document_bytes
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.keys import verify_digest
from tests.unit.core.document.sheets import grade_three
from tests.unit.sandbox.cases import NOW, SHEET, STEPS, der, prepare_step, sandbox, signed, signers


def canonical(element: etree._Element) -> bytes:
    """C14N 1.0 by lxml; through a text of its own, since lxml is wrong on inner elements."""
    return etree.tostring(etree.fromstring(etree.tostring(element, with_tail=False)), method="c14n")


@pytest.fixture(scope="module")
def tree() -> etree._Element:
    return etree.fromstring(signed().document)


def test_what_is_hashed_is_what_a_canonicaliser_makes_of_the_document(tree: etree._Element) -> None:
    for node, text in zip(tree.iter(f"{{{DS}}}Signature"), signed().signatures, strict=True):
        parts = xades.read_signature(text)
        info, value = node.find(f"{{{DS}}}SignedInfo"), node.find(f"{{{DS}}}SignatureValue")
        assert parts.signed_info == canonical(info)
        assert xades.signature_value_digest(text) == hashlib.sha256(canonical(value)).digest()
        properties = node.find(f".//{{{XADES}}}SignedProperties")
        stated = info.findall(f"{{{DS}}}Reference")[-1].findtext(f"{{{DS}}}DigestValue")
        assert hashlib.sha256(canonical(properties)).digest() == base64.b64decode(stated)


def test_the_emitted_document_is_its_own_canonical_form() -> None:
    assert etree.tostring(etree.fromstring(signed().document), method="c14n") == signed().document


def test_each_step_references_the_value_of_the_step_before() -> None:
    read = [xades.read_signature(text) for text in signed().signatures]
    assert [[ref.target for ref in parts.references] for parts in read] == [
        ["tnh"],
        ["tnh", "ck-cn-sv"],
        ["tnh", "ck-ht-sv"],
    ]
    assert read[1].references[1].digest == xades.signature_value_digest(signed().signatures[0])
    assert read[2].references[1].digest == xades.signature_value_digest(signed().signatures[1])


def test_a_homeroom_teacher_binds_every_subject_teacher() -> None:
    signer = signers()[0]
    teachers = [
        xades.sign(
            xades.prepare(
                role=SignerRole.SUBJECT_TEACHER,
                subject=subject,
                objects=[xades.data_object(f"mon-{subject}", b"<MonHoc></MonHoc>")],
                signing_time=NOW,
                certificate=signer.certificate,
                chain=signer.chain,
            ),
            signer,
        )
        for subject in ("toan", "van", "anh")
    ]
    prepared = prepare_step(SignerRole.HOMEROOM, signer, tuple(teachers))
    assert [item.target for item in prepared.references] == [
        "tnh",
        "ck-bm-toan-sv",
        "ck-bm-van-sv",
        "ck-bm-anh-sv",
    ]


def test_the_same_inputs_give_the_same_text() -> None:
    signer = signers("rsa2048")[0]
    once, again = (xades.sign(prepare_step(SignerRole.HOMEROOM, signer), signer) for _ in range(2))
    assert once == again


def test_a_signature_says_who_signed_when_and_in_which_role() -> None:
    parts = xades.read_signature(signed().signatures[2])
    assert parts.signing_time == NOW
    assert parts.role == "con_dau"
    assert parts.policy == "urn:hocbaso:chinh-sach-ky:1"
    assert parts.certificate == signed().signers[2].certificate
    assert parts.chain == signed().signers[2].chain
    assert parts.value_is_valid()


def test_the_signing_time_is_kept_to_the_second_in_utc() -> None:
    signer = signers()[0]
    local = datetime(2026, 5, 26, 15, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=7)))
    prepared = xades.prepare(
        role=SignerRole.HOMEROOM,
        objects=[xades.sheet_object(SHEET)],
        signing_time=local,
        certificate=signer.certificate,
    )
    assert xades.read_signature(xades.sign(prepared, signer)).signing_time == datetime(
        2026, 5, 26, 8, 0, tzinfo=UTC
    )


def test_a_naive_signing_time_is_a_programming_error() -> None:
    signer = signers()[0]
    with pytest.raises(ValueError, match="aware"):
        xades.prepare(
            role=SignerRole.HOMEROOM,
            objects=[xades.sheet_object(SHEET)],
            signing_time=datetime(2026, 5, 26),
            certificate=signer.certificate,
        )


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_a_value_of_another_sheet_key_or_step_is_refused(kind: str) -> None:
    mine, other, _ = signers(kind)
    prepared = prepare_step(SignerRole.HOMEROOM, mine)
    elsewhere = prepare_step(SignerRole.HOMEROOM, mine, sheet=SHEET.replace(b"10", b"9"))
    good = mine.sign_digest(prepared.digest)
    wrong = [
        mine.sign_digest(elsewhere.digest),  # replayed from another sheet
        other.sign_digest(prepared.digest),  # made by another key
        good[:-1] + bytes([good[-1] ^ 1]),
        good + b"\0",
        b"",
    ]
    for value in wrong:
        with pytest.raises(DomainError) as refused:
            xades.complete(prepared, value)
        assert refused.value.code == "xades_value_refused"
    assert xades.read_signature(xades.complete(prepared, good)).value_is_valid()


def test_a_der_ecdsa_value_is_not_taken_for_the_raw_one() -> None:
    signer = signers("p256")[0]
    prepared = prepare_step(SignerRole.HOMEROOM, signer)
    raw = signer.sign_digest(prepared.digest)
    encoded = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert verify_digest(signer.certificate, prepared.digest, raw)
    assert not verify_digest(signer.certificate, prepared.digest, encoded)


def test_prepared_content_that_was_altered_in_storage_cannot_be_completed() -> None:
    signer = signers()[0]
    prepared = prepare_step(SignerRole.HOMEROOM, signer)
    stored = xades.dump_prepared(prepared)
    assert xades.load_prepared(stored) == prepared
    value = signer.sign_digest(prepared.digest)
    other = xades.dump_prepared(prepare_step(SignerRole.HOMEROOM, signer, sheet=SHEET.replace(b"10", b"9")))
    with pytest.raises(DomainError):
        xades.complete(xades.load_prepared(other), value)
    with pytest.raises(DomainError):
        xades.load_prepared(stored.replace(b"gvcn", b"gvbm").replace(b"T08:00", b"T09:00"))


def order_cases() -> list[tuple[SignerRole, tuple[int, ...]]]:
    return [
        (SignerRole.PRINCIPAL, ()),
        (SignerRole.SEAL, ()),
        (SignerRole.SEAL, (0,)),
        (SignerRole.PRINCIPAL, (1,)),
        (SignerRole.PRINCIPAL, (0, 0)),
        (SignerRole.HOMEROOM, (0,)),
        (SignerRole.SUBJECT_TEACHER, ()),  # without a subject
    ]


@pytest.mark.parametrize(("role", "previous"), order_cases())
def test_no_step_is_signed_without_the_step_before(role: SignerRole, previous: tuple[int, ...]) -> None:
    texts = tuple(signed().signatures[index] for index in previous)
    with pytest.raises(DomainError) as refused:
        prepare_step(role, signers()[1], texts)
    assert refused.value.code == "xades_wrong_order"


def test_thirty_references_are_the_most() -> None:
    signer = signers()[0]

    def ask(count: int) -> xades.Prepared:
        return xades.prepare(
            role=SignerRole.SUBJECT_TEACHER,
            subject="0",
            objects=[xades.data_object(f"mon-{index}", b"x") for index in range(count)],
            signing_time=NOW,
            certificate=signer.certificate,
        )

    assert len(ask(29).references) == 29
    with pytest.raises(DomainError) as refused:
        ask(30)
    assert refused.value.code == "xades_too_many_references"


@pytest.mark.parametrize("targets", [[], ["a", "a"], ['x"y'], ["a b"], ["1a"], ["x" * 81]])
def test_what_has_no_proper_id_is_not_signed(targets: list[str]) -> None:
    with pytest.raises(DomainError) as refused:
        xades.prepare(
            role=SignerRole.SUBJECT_TEACHER,
            subject="toan",
            objects=[xades.data_object(target, b"x") for target in targets],
            signing_time=NOW,
            certificate=signers()[0].certificate,
        )
    assert refused.value.code == "xades_not_signable"


def test_a_text_that_is_no_sheet_is_not_signed() -> None:
    with pytest.raises(DomainError) as refused:
        xades.sheet_object(b'<ToNamHoc Id="khac"></ToNamHoc>')
    assert refused.value.code == "xades_not_signable"


# --- the reader -------------------------------------------------------------------------------------------


def test_evidence_is_put_in_without_touching_a_signed_byte() -> None:
    seal, authority = signed().signatures[2], sandbox()
    token = authority.stamper().stamp(xades.signature_value_digest(seal))
    unsigned = xades.Unsigned(
        token,
        tuple(map(der, authority.issuing())),
        tuple(map(der, authority.crls())),
        (authority.ocsp(signed().signers[2].certificate),),
    )
    full = xades.with_unsigned(seal, token, unsigned.certificates, unsigned.crls, unsigned.ocsps)
    parts = xades.read_signature(full)
    assert parts.unsigned == unsigned
    assert replace(parts, unsigned=xades.Unsigned()) == xades.read_signature(seal)
    assert xades.without_unsigned(full) == seal
    assert xades.signature_value_digest(full) == xades.signature_value_digest(seal)
    with pytest.raises(DomainError) as refused:
        xades.with_unsigned(full, token)
    assert refused.value.code == "xades_already_extended"


def test_the_published_schema_takes_every_signature_with_and_without_evidence() -> None:
    case = signed(sheet=emit(grade_three()))
    token = case.authority.stamper().stamp(xades.signature_value_digest(case.signatures[2]))
    seal = xades.with_unsigned(
        case.signatures[2],
        token,
        list(map(der, case.authority.issuing())),
        list(map(der, case.authority.crls())),
    )
    sheet = emit(grade_three())
    assert schema.validate(case.document) == []
    assert schema.validate(document_bytes(sheet, [*case.signatures[:2], seal])) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<ds:SignedInfo>", b"<ds:SignedInfo >"),
        (b"</ds:Signature>", b"</ds:Signature> "),
        (b"</ds:KeyInfo>", b"<!-- --></ds:KeyInfo>"),
        (b"<ds:KeyInfo>", b'<ds:KeyInfo Id="k">'),
        (b' Id="ck-cd-r0" URI="#tnh"', b' URI="#tnh" Id="ck-cd-r0"'),
        (b'URI="#tnh"', b'URI=""'),
        (b"con_dau", b"hieu_truong"),
        (b"xmlenc#sha256", b"xmldsig#sha1"),
        (b"chinh-sach-ky:1", b"chinh-sach-ky:2"),
        (b'Target="#ck-cd"', b'Target="#ck-ht"'),
        (b"text/xml", b"text/plain"),
        (b"2026-05-26T08:00:00Z", b"2026-05-26T08:00:00+00:00"),
        (b"2026-05-26T08:00:00Z", b"2026-13-26T08:00:00Z"),
        (b"=</ds:SignatureValue>", b"</ds:SignatureValue>"),
    ],
)
def test_a_second_way_of_writing_is_not_read(old: bytes, new: bytes) -> None:
    text = signed().signatures[2]
    assert old in text
    with pytest.raises(DomainError) as refused:
        xades.read_signature(text.replace(old, new, 1))
    assert refused.value.code == "xades_not_our_form"


def test_a_reference_to_something_else_is_read_but_not_signed() -> None:
    text = signed().signatures[2].replace(b'URI="#tnh"', b'URI="#khac"')
    parts = xades.read_signature(text)
    assert parts.references[0].target == "khac"
    assert not parts.value_is_valid()


def test_an_exchanged_chain_certificate_is_noticed() -> None:
    mine, _, _ = signers()
    text = signed().signatures[0]
    sub, other = (base64.b64encode(der(item)) for item in (mine.chain[0], sandbox().roots()[0]))
    assert sub in text
    with pytest.raises(DomainError):
        xades.read_signature(text.replace(sub, other))


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, 10**6), bit=st.integers(0, 7), which=st.integers(0, 2))
def test_no_flipped_bit_passes(position: int, bit: int, which: int) -> None:
    """In any place: the reader refuses it, or the value does not verify."""
    text = bytearray(signed().signatures[which])
    text[position % len(text)] ^= 1 << bit
    try:
        parts = xades.read_signature(bytes(text))
    except DomainError:
        return
    # What is read may differ in the value or in what it covers; then no key has signed it.
    original = xades.read_signature(signed().signatures[which])
    assert parts != original
    assert not parts.value_is_valid()


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 10**6), junk=st.binary(max_size=40))
def test_torn_and_stuffed_texts_are_refused_and_nothing_else_happens(cut: int, junk: bytes) -> None:
    text = signed().signatures[1]
    at = 1 + cut % (len(text) - 1)
    for hostile in (text[:at], text[:at] + junk, junk + text[at:]):
        if hostile != text:
            with pytest.raises(DomainError):
                xades.read_signature(hostile)
    try:
        stuffed = xades.read_signature(text[:at] + junk + text[at:])
    except DomainError:
        return
    assert not junk or not stuffed.value_is_valid()


def test_a_subject_signature_verifies_over_its_element_within_the_document() -> None:
    """The transplant that the reader cannot see, because the element says nothing of its sheet: shown here so
    that nobody forgets why every MonHoc carries the transcript code."""
    signer = signers()[0]
    canonical_subject = b'<MonHoc xmlns="urn:hocbaso:1" Id="mon-toan"><Muc>T</Muc><Diem>10</Diem></MonHoc>'
    prepared = xades.prepare(
        role=SignerRole.SUBJECT_TEACHER,
        subject="toan",
        objects=[xades.data_object("mon-toan", canonical_subject)],
        signing_time=NOW,
        certificate=signer.certificate,
        chain=signer.chain,
    )
    tree = etree.fromstring(document_bytes(SHEET, [xades.sign(prepared, signer)]))
    element = tree.find(".//{urn:hocbaso:1}MonHoc[@Id='mon-toan']")
    assert element is not None
    assert hashlib.sha256(canonical(element)).digest() == prepared.references[0].digest


def test_the_policies_that_signatures_name_are_shipped_with_their_digests_and_never_change() -> None:
    # Once a sheet is signed under a text it may never change again: a new text is a new policy.
    assert [(policy.id, policy.digest.hex()) for policy in xades.SIGNATURE_POLICIES] == [
        ("urn:hocbaso:chinh-sach-ky:1", "a6745a3b28892d6223f2bd3b973b92f4882f20fb29bd35bfdb6002f67fc6b9ab"),
        ("urn:hocbaso:chinh-sach-ky:2", "94567e0d38d7bb63fe5552984436ae8dd3d47fe0129bb854bad4aa0a127cada1"),
    ]
    begun = [policy.since for policy in xades.SIGNATURE_POLICIES]
    assert begun == sorted(begun)
    for policy in xades.SIGNATURE_POLICIES:
        assert xades.signature_policy(policy.since) is policy
        assert f"Định danh: {policy.id}\n" in policy.text.decode()
        assert f"PHIÊN BẢN {policy.version}\n" in policy.text.decode()
    assert [step.value for step in STEPS] == ["gvcn", "hieu_truong", "con_dau"]
