"""Reading a certificate's file, and what counts as the answer to a challenge."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs7, pkcs12
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.authority import Revocation, RevocationAnswer, check_certificate_for_signing
from hocbaso.engines.trust.possession import Challenge, check_answer, decode_answer, read_certificate
from hocbaso.sandbox.ca import SandboxAuthority


@pytest.fixture(scope="module")
def holder(tmp_path_factory):
    authority = SandboxAuthority(tmp_path_factory.mktemp("ca"), key_kind="p256")
    return authority.issue_person("Nguyễn Văn An", "079190001234", "Trường A")


TEXT = Challenge(
    "https://nut.example",
    "79000101",
    "an",
    "ab" * 32,
    ["gvcn/6A"],
    "cd" * 32,
    datetime(2026, 5, 1, tzinfo=UTC),
).text()


def test_pem_der_and_p7b_give_the_same_end_entity_certificate(holder):
    own, chain = holder.certificate, holder.chain
    forms = [own.public_bytes(e) for e in (Encoding.PEM, Encoding.DER)]
    forms += [pkcs7.serialize_certificates([*chain, own], e) for e in (Encoding.PEM, Encoding.DER)]
    forms.append(b"".join(c.public_bytes(Encoding.PEM) for c in (*chain, own)))
    assert [read_certificate(form) for form in forms] == [own] * 5


def test_a_file_with_a_private_key_is_refused_by_name(holder):
    key = holder.private_key()
    p12 = pkcs12.serialize_key_and_certificates(
        b"x", key, holder.certificate, None, BestAvailableEncryption(b"p")
    )
    pem = holder.path.read_bytes() if hasattr(holder, "path") else b"-----BEGIN PRIVATE KEY-----"
    for data in (p12, pem):
        with pytest.raises(Unreadable) as told:
            read_certificate(data)
        assert told.value.code == "certificate_file_holds_key"


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_sentence(data):
    with pytest.raises(Unreadable):
        read_certificate(data)


def test_bare_values_and_cms_over_the_challenge_are_taken(holder):
    raw = TEXT.encode()
    key = holder.private_key()
    der = key.sign(raw, ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(der)
    for value in (
        der,
        r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        _cms(holder, raw),
        _cms(holder, raw, "a"),
    ):
        check_answer(holder.certificate, raw, value)
        check_answer(holder.certificate, raw, decode_answer(value.hex()))


def _cms(holder, data, attached=""):
    builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
    builder = builder.add_signer(holder.certificate, holder.private_key(), hashes.SHA256())
    options = [pkcs7.PKCS7Options.Binary]
    if not attached:
        options.append(pkcs7.PKCS7Options.DetachedSignature)
    return builder.sign(Encoding.DER, options)


def test_a_value_over_anything_else_is_refused(holder):
    raw, other = TEXT.encode(), TEXT.replace("gvcn", "hieu_truong").encode()
    for value in (_cms(holder, other), _cms(holder, other, "a"), b"\x00" * 64, hashlib.sha512(raw).digest()):
        with pytest.raises(DomainError) as told:
            check_answer(holder.certificate, raw, value)
        assert told.value.code == "possession_not_shown"


def test_every_changed_bit_of_a_cms_answer_is_refused_or_means_the_same(holder):
    raw = TEXT.encode()
    good = bytearray(_cms(holder, raw))
    tail = range((len(good) - 72) * 8, len(good) * 8, 7)  # the signature value stands last
    for bit in tail:
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        if bytes(bad) != bytes(good):
            with pytest.raises(DomainError):
                check_answer(holder.certificate, raw, bytes(bad))


def test_a_value_with_a_line_break_makes_no_line_of_its_own():
    sly = Challenge("n", "s", "an\nvai-tro=x", "c", [], "n", datetime(2026, 5, 1, tzinfo=UTC)).text()
    assert sly.count("\n") == TEXT.count("\n")


def test_a_cms_answer_of_several_signers_or_of_another_content_type_is_refused(holder):
    raw = TEXT.encode()
    twice = cms.ContentInfo.load(_cms(holder, raw))
    twice["content"]["signer_infos"].append(twice["content"]["signer_infos"][0])
    nested = cms.ContentInfo.load(_cms(holder, raw))
    nested["content"]["encap_content_info"]["content_type"] = "signed_data"
    for answer in (twice, nested):
        with pytest.raises(DomainError) as told:
            check_answer(holder.certificate, raw, answer.dump(force=True))
        assert told.value.code == "possession_not_shown"


def test_a_file_that_hides_a_key_or_is_huge_or_of_another_kind_is_refused_with_a_sentence(holder):
    own = holder.certificate
    hidden = own.public_bytes(Encoding.PEM) + b"-----BEGIN PKCS12-----\nAAAA\n-----END PKCS12-----\n"
    with pytest.raises(Unreadable) as told:
        read_certificate(hidden)
    assert told.value.code == "certificate_file_holds_key"
    huge = pkcs7.serialize_certificates([own] * 120, Encoding.DER)
    deep = b"".join(b"\x30\x84" + (60_000 - 6 * n).to_bytes(4, "big") for n in range(9_000))
    enveloped = cms.ContentInfo({"content_type": "data", "content": b"x"}).dump()
    for data in (huge, deep, enveloped):
        with pytest.raises(Unreadable) as told:
            read_certificate(data)
        assert told.value.code == "certificate_file_unreadable"
    assert read_certificate(pkcs7.serialize_certificates([own] * 40, Encoding.DER)) == own


def test_a_subject_with_two_numbers_names_nobody_and_a_seal_names_a_body(holder):
    number = NameOID.USER_ID
    names = [x509.NameAttribute(number, text) for text in ("CCCD:079190001234", "CCCD:079190009999")]
    key = holder.private_key()
    own = holder.certificate
    two = (
        x509.CertificateBuilder(subject_name=x509.Name(names), issuer_name=own.issuer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )
    good, at = RevocationAnswer(Revocation.GOOD), own.not_valid_before_utc
    for certificate, seal in ((two, False), (own, True)):
        with pytest.raises(DomainError) as told:
            check_certificate_for_signing(certificate, at, good, registered_to="079190001234", seal=seal)
        assert told.value.code == "certificate_of_somebody_else"
    check_certificate_for_signing(own, at, good, registered_to="079190001234", seal=False)
