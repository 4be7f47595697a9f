"""Keys in software, and the guards before every signature."""

from __future__ import annotations

import logging
import pickle
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust import keys
from hocbaso.engines.trust.authority import (
    Revocation,
    RevocationAnswer,
    check_certificate_for_signing,
    holder_of,
)
from hocbaso.engines.trust.keys import SoftwareSigner, issuing_path, load_pkcs12, verify_digest
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.provider import SandboxKeyProvider
from tests.unit.sandbox.cases import NOW, sandbox, signers

GOOD = RevocationAnswer(Revocation.GOOD)
NUMBER = "080195112649"


def teacher() -> x509.Certificate:
    return signers()[0].certificate


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_a_signer_signs_digests_as_xml_wants_them(kind: str) -> None:
    signer = signers(kind)[0]
    value = signer.sign_digest(bytes(32))
    assert len(value) == (64 if kind == "p256" else 256)
    assert verify_digest(signer.certificate, bytes(32), value)
    assert not verify_digest(signer.certificate, b"\1" * 32, value)


_HALF = st.one_of(st.integers(1, 2**256 - 1), st.integers(1, 2**16), st.integers(2**247, 2**248))


@given(_HALF, _HALF)
def test_the_two_halves_of_an_ecdsa_value_stand_in_32_octets_each_however_short_they_are(
    r: int, s: int
) -> None:
    key = SimpleNamespace(sign=lambda digest, algorithm: encode_dss_signature(r, s))
    assert keys._p256_value(key, bytes(32)) == r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_only_a_sha256_digest_is_signed(size: int) -> None:
    with pytest.raises(DomainError) as refused:
        signers()[0].sign_digest(bytes(size))
    assert refused.value.code == "key_digest_length"


def test_a_key_and_a_certificate_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(DomainError) as refused:
        SoftwareSigner(ec.generate_private_key(ec.SECP256R1()), teacher())
    assert refused.value.code == "key_certificate_mismatch"


def test_a_signer_never_gives_its_key_away(caplog: pytest.LogCaptureFixture) -> None:
    signer = signers()[0]
    with pytest.raises(TypeError):
        pickle.dumps(signer)
    with caplog.at_level(logging.DEBUG):
        signer.sign_digest(bytes(32))
    assert caplog.text == ""
    assert repr(signer) == f"SoftwareSigner(serial={signer.certificate.serial_number:x})"


def test_a_pkcs12_file_gives_the_signer_without_the_root() -> None:
    authority = sandbox()
    credential = authority.issue_person("Đặng Bảo Linh", NUMBER, "Trường Tiểu học Hoa Mai")
    others = [authority.roots()[1], *credential.chain]
    data = pkcs12.serialize_key_and_certificates(
        b"linh",
        credential.private_key(),
        credential.certificate,
        others,
        BestAvailableEncryption(b"bi mat"),
    )
    signer = load_pkcs12(data, b"bi mat")
    assert signer.certificate == credential.certificate
    assert signer.chain == credential.chain
    for wrong in ((data, b"sai"), (data[:-9], b"bi mat"), (b"", None)):
        with pytest.raises(Unreadable) as refused:
            load_pkcs12(*wrong)
        assert refused.value.code == "pkcs12_unreadable"


def test_a_pkcs12_file_without_a_key_is_refused() -> None:
    data = pkcs12.serialize_key_and_certificates(b"x", None, None, [teacher()], NoEncryption())
    with pytest.raises(Unreadable):
        load_pkcs12(data, None)


# --- guards -----------------------------------------------------------------------------------------------


def ask(certificate: x509.Certificate, at: datetime = NOW, answer: RevocationAnswer = GOOD, **more: object):
    return check_certificate_for_signing(certificate, at, answer, **{"registered_to": NUMBER, **more})


def test_a_good_certificate_of_the_account_may_sign() -> None:
    assert ask(teacher()) is None
    assert ask(teacher(), registered_serials={teacher().serial_number}) is None


def test_an_organisation_is_known_by_its_code() -> None:
    seal = signers()[2].certificate
    assert ask(seal, registered_to="79000101") is None
    assert holder_of(seal).scheme == "MDV"


@pytest.mark.parametrize(
    ("shift", "answer", "more", "code"),
    [
        (timedelta(days=3000), GOOD, {}, "certificate_expired"),
        (timedelta(days=-30), GOOD, {}, "certificate_not_yet_valid"),
        (timedelta(0), RevocationAnswer(Revocation.UNKNOWN), {}, "certificate_revocation_unknown"),
        (timedelta(0), RevocationAnswer(Revocation.REVOKED, NOW), {}, "certificate_revoked"),
        (timedelta(0), RevocationAnswer(Revocation.REVOKED), {}, "certificate_revoked"),
        (timedelta(0), GOOD, {"registered_to": "079094815407"}, "certificate_of_somebody_else"),
        (timedelta(0), GOOD, {"registered_to": ""}, "certificate_of_somebody_else"),
        (timedelta(0), GOOD, {"registered_serials": {1}}, "certificate_not_registered"),
    ],
)
def test_each_reason_to_refuse_has_its_own_code(
    shift: timedelta, answer: RevocationAnswer, more: dict[str, object], code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        ask(teacher(), NOW + shift, answer, **more)
    assert refused.value.code == code
    assert "Đặng Bảo Linh" in refused.value.message


def test_a_revocation_that_lies_ahead_does_not_refuse_yet() -> None:
    assert ask(teacher(), answer=RevocationAnswer(Revocation.REVOKED, NOW + timedelta(days=1))) is None


def test_a_weak_key_is_refused(tmp_path) -> None:
    authority = SandboxAuthority(tmp_path, clock=lambda: NOW, key_kind="p256")
    weak = authority.issue_person("Đặng Bảo Linh", NUMBER, "Trường", key_kind="rsa1024")
    with pytest.raises(DomainError) as refused:
        ask(weak.certificate)
    assert refused.value.code == "certificate_key_too_small"
    with pytest.raises(DomainError) as not_a_signer:
        weak.signer()
    assert not_a_signer.value.code == "key_kind_not_allowed"


def test_a_certificate_of_an_authority_or_a_time_stamp_signs_no_transcript() -> None:
    with pytest.raises(DomainError) as refused:
        check_certificate_for_signing(sandbox().roots()[0], NOW, GOOD, registered_to=NUMBER)
    assert refused.value.code == "certificate_of_somebody_else"


@pytest.mark.parametrize(
    ("days", "threshold"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7)]
)
def test_warnings_come_60_30_and_7_days_ahead(days: int, threshold: int | None) -> None:
    certificate = teacher()
    warning = ask(certificate, certificate.not_valid_after_utc - timedelta(days=days))
    assert (warning.threshold if warning else None) == threshold
    if warning:
        assert warning.days == days
        assert "Đặng Bảo Linh" in warning.message


def test_the_sandbox_makes_every_credential_that_must_be_refused() -> None:
    provider = SandboxKeyProvider(sandbox())
    who = (NUMBER, "Đặng Bảo Linh", "Trường Tiểu học Hoa Mai")
    for signer, code in (
        (provider.expired(*who, at=NOW), "certificate_expired"),
        (provider.not_yet_valid(*who, at=NOW), "certificate_not_yet_valid"),
    ):
        with pytest.raises(DomainError) as refused:
            ask(signer.certificate)
        assert refused.value.code == code
    foreign = provider.foreign(*who, at=NOW)
    assert holder_of(foreign.certificate) == holder_of(teacher())
    assert foreign.chain[0] not in sandbox().issuing()


def test_rsa_keys_of_other_sizes_than_the_certificate_says_are_no_match() -> None:
    signer = signers("rsa2048")[0]
    with pytest.raises(DomainError):
        SoftwareSigner(rsa.generate_private_key(65537, 2048), signer.certificate)


def test_the_issuing_path_takes_the_key_that_signed_and_passes_by_what_cannot_be_read(tmp_path: Path) -> None:
    signer = signers()[0]
    twins = SandboxAuthority(tmp_path, clock=lambda: NOW, key_kind="p256").issuing()
    assert signer.certificate.issuer in {one.subject for one in twins}  # the same name, another key
    der = bytearray(signer.chain[0].public_bytes(Encoding.DER))
    der[der.rindex(b"\x06\x03\x55\x04\x03\x0c") + 7] = 0xFF  # in the common name of the subject: no UTF-8
    strange = x509.load_der_x509_certificate(bytes(der))
    with pytest.raises(ValueError):
        assert strange.subject
    assert issuing_path(signer.certificate, [*signer.chain, *twins, strange]) == tuple(signer.chain)
    assert issuing_path(signer.certificate, [*twins, strange]) == ()


def test_authorities_that_certify_each_other_make_no_endless_path() -> None:
    ends = [
        (
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
            ec.generate_private_key(ec.SECP256R1()),
        )
        for name in ("A", "B")
    ]
    ring = []
    for number in range(12):
        (subject, own), (issuer, above) = ends[number % 2], ends[1 - number % 2]
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
        builder = builder.public_key(own.public_key()).serial_number(1 + number)
        builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
        ring.append(builder.sign(above, hashes.SHA256()))
    assert [one.subject for one in issuing_path(ring[0], ring)] == [ends[1][0], ends[0][0]]
