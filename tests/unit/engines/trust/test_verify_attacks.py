"""What an outsider would try with keys, algorithms, lists and files, and what honest people may write."""

from __future__ import annotations

import io
import subprocess
import zipfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SchoolLevel, SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.keys import signing_public_key
from hocbaso.engines.trust.verification import Question, Result, Verdict, verify_document, verify_file
from hocbaso.engines.trust.xades import (
    Prepared,
    prepare,
    read_signature,
    sheet_object,
    sign,
    with_unsigned,
    without_unsigned,
)
from hocbaso.engines.trust.xades.reading import MAX_KEY_INFO_OCTETS
from hocbaso.engines.trust.xades.signing import render
from tests.unit.engines.trust.verify_support import (
    DAY,
    NOW,
    SIGN_TIMES,
    STAMPED,
    T0,
    Holder,
    Pki,
    School,
    key_named,
    rsa_key,
    sheet_of,
    subject_object,
)

PKI = Pki("T")
SCHOOL = School(PKI)
SHEET = sheet_of()
TEXT = emit(SHEET)
HOMEROOM, PRINCIPAL, SEAL = SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL


@lru_cache(maxsize=1)
def issued() -> bytes:
    return SCHOOL.issue(SHEET)


@lru_cache(maxsize=1)
def bundle() -> TrustBundle:
    return SCHOOL.bundle(issued())


def judge(document: bytes, given: TrustBundle | None = None) -> Verdict:
    return verify_document(document, given or bundle(), now=NOW)


# --- what honest people may write --------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['Em viết Id="tnh" và Id="tnh"', '<ds:Signature Id="ck-cn">', "|một|hai||"])
def test_text_that_looks_like_markup_does_no_harm(text: str) -> None:
    document = SCHOOL.issue(sheet_of(homeroom_comment=text))
    verdict = judge(document, SCHOOL.bundle(document))
    assert verdict.verdict == "valid", verdict.reason
    assert verdict.sheet is not None
    assert verdict.sheet.homeroom_comment == text


def test_a_teacher_of_two_subjects_may_sign_both_at_once_but_no_third() -> None:
    holder = SCHOOL.holders[SignerRole.SUBJECT_TEACHER]
    signer = SCHOOL.signer(holder)

    def document(*subjects: str) -> bytes:
        prepared = prepare(
            role=SignerRole.SUBJECT_TEACHER,
            objects=[subject_object(TEXT, subject) for subject in subjects],
            signing_time=SIGN_TIMES[SignerRole.SUBJECT_TEACHER],
            certificate=signer.certificate,
            chain=signer.chain,
            subject=subjects[0],
        )
        made = [sign(prepared, signer)]
        for role in (HOMEROOM, PRINCIPAL, SEAL):
            made.append(SCHOOL.sign(TEXT, role, made[-1:]))
        return document_bytes(TEXT, [*made[:-1], SCHOOL.stamp(made[-1])])

    entries = [entry for entry in SCHOOL.register() if entry.role != "gvbm"]
    own = next(entry for entry in SCHOOL.register() if entry.role == "gvbm")
    register = (*entries, replace(own, subject="tieng-viet"), replace(own, subject="toan", class_name="3A"))
    both, three = document("tieng-viet", "toan"), document("tieng-viet", "toan", "dao-duc")
    assert judge(both, SCHOOL.bundle(both, authority=register)).verdict == "valid"
    refused = judge(three, SCHOOL.bundle(three, authority=register))
    assert refused.check(Question.AUTHORITY).result is Result.FAILED
    elsewhere = (*entries, replace(own, subject="tieng-viet"), replace(own, subject="toan", class_name="3B"))
    assert judge(both, SCHOOL.bundle(both, authority=elsewhere)).verdict == "invalid"


# --- algorithms --------------------------------------------------------------------------------------------


def with_value(role: SignerRole, holder: Holder, value: Callable[[Prepared], bytes]) -> Verdict:
    """A whole document in which one signature value is made by hand, by the holder of the right key."""
    made: list[bytes] = []
    for step in (HOMEROOM, PRINCIPAL, SEAL):
        if step is not role:
            made.append(SCHOOL.sign(TEXT, step, made[-1:]))
            continue
        prepared = prepare(
            role=step,
            objects=[sheet_object(TEXT)],
            signing_time=SIGN_TIMES[step],
            certificate=holder.certificate,
            chain=[PKI.sub.certificate],
            previous=made[-1:],
        )
        made.append(render(prepared, b64encode(value(prepared))))
    return judge(document_bytes(TEXT, [*made[:-1], SCHOOL.stamp(made[-1])]))


_SHA256 = utils.Prehashed(hashes.SHA256())


def rsa_value(scheme: padding.AsymmetricPadding, digest: hashes.HashAlgorithm) -> Callable[[Prepared], bytes]:
    return lambda prepared: rsa_key().sign(prepared.signed_info, scheme, digest)


def curve_key() -> ec.EllipticCurvePrivateKey:
    return key_named("T/cong")


def numbers(der: bytes, size: int = 32) -> bytes:
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


CONFUSED: dict[str, tuple[str, Callable[[Prepared], bytes]]] = {
    "RSA-PSS": ("rsa", rsa_value(padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())),
    "RSA with SHA-1": ("rsa", rsa_value(padding.PKCS1v15(), hashes.SHA1())),
    "RSA with SHA-512": ("rsa", rsa_value(padding.PKCS1v15(), hashes.SHA512())),
    "ECDSA in DER": ("ec", lambda p: curve_key().sign(p.digest, ec.ECDSA(_SHA256))),
    "ECDSA with SHA-384": (
        "ec",
        lambda p: numbers(curve_key().sign(p.signed_info, ec.ECDSA(hashes.SHA384()))),
    ),
    "ECDSA with wide numbers": (
        "ec",
        lambda p: numbers(curve_key().sign(p.digest, ec.ECDSA(_SHA256)), size=33),
    ),
    "all zero": ("ec", lambda p: bytes(64)),
    "one byte": ("ec", lambda p: b"\0"),
    "zero in the length of RSA": ("rsa", lambda p: bytes(256)),
    "a megabyte": ("rsa", lambda p: b"\1" * 2**20),
}


@pytest.mark.parametrize(("kind", "value"), CONFUSED.values(), ids=CONFUSED)
def test_a_value_made_in_another_way_than_stated_does_not_count(
    kind: str, value: Callable[[Prepared], bytes]
) -> None:
    holder = PKI.issue("Người cầm khóa", key=rsa_key() if kind == "rsa" else curve_key())
    verdict = with_value(HOMEROOM, holder, value)
    assert verdict.verdict == "invalid"
    assert verdict.check(Question.SIGNATURES).sub_indication == "SIG_CRYPTO_FAILURE"


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024)],
    ids=["P-384", "RSA-1024"],
)
def test_a_key_outside_the_profile_is_refused_before_anything_is_computed(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    holder = PKI.issue("Khóa lạ", key=key)
    changed = issued().replace(b64encode(SCHOOL.holders[HOMEROOM].der), b64encode(holder.der))
    assert judge(changed).check(Question.SIGNATURES).sub_indication == "CRYPTO_CONSTRAINTS_FAILURE"


def test_a_key_that_is_meant_for_pss_only_signs_no_transcript(tmp_path: Path) -> None:
    key, made = tmp_path / "key.pem", tmp_path / "pss.pem"
    for command in (
        ["genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key],
        ["req", "-x509", "-new", "-key", key, "-subj", "/CN=PSS", "-days", "9", "-out", made],
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    with pytest.raises(DomainError) as refused:
        signing_public_key(x509.load_pem_x509_certificate(made.read_bytes()))
    assert refused.value.code == "key_kind_not_allowed"


def test_the_same_key_under_another_name_is_another_signer() -> None:
    own = SCHOOL.holders[HOMEROOM]
    twin = PKI.issue("Người trùng khóa", key=own.key)
    verdict = judge(SCHOOL.issue(SHEET, holders={HOMEROOM: twin}))
    assert verdict.check(Question.AUTHORITY).result is Result.FAILED
    exchanged = issued().replace(b64encode(own.der), b64encode(twin.der))
    assert judge(exchanged).check(Question.SIGNATURES).sub_indication == "FORMAT_FAILURE"


def test_a_stranger_cannot_choose_how_much_is_kept_of_a_signature() -> None:
    signature = SCHOOL.sign(TEXT, HOMEROOM)
    one = b"<ds:X509Certificate>" + b64encode(PKI.sub.der) + b"</ds:X509Certificate>"
    many = signature.replace(one, one * (MAX_KEY_INFO_OCTETS // len(one) + 1))
    with pytest.raises(DomainError) as refused:
        read_signature(many)
    assert refused.value.params["detail"] == "KeyInfo"


# --- lists and time stamps ---------------------------------------------------------------------------------


def tsa_revoked(reason: x509.ReasonFlags | None, when: timedelta) -> Verdict:
    made = PKI.crl([(SCHOOL.tsa, STAMPED + when)], this_update=NOW - DAY, reason=reason)
    root = PKI.crl(issuer=PKI.root, this_update=NOW - DAY)
    return judge(issued(), replace(bundle(), crls=(made, root)))


def test_a_compromised_time_stamp_authority_could_have_dated_back_so_its_tokens_prove_nothing() -> None:
    later = timedelta(days=2)
    for reason in (x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, None):
        verdict = tsa_revoked(reason, later)
        assert (verdict.verdict, verdict.sub_indication) == ("indeterminate", "REVOKED_NO_POE"), reason
        assert "dấu thời gian" in verdict.reason
    assert tsa_revoked(x509.ReasonFlags.superseded, later).verdict == "valid"
    assert tsa_revoked(x509.ReasonFlags.superseded, -later).verdict == "invalid"


def delta() -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(PKI.sub.certificate.subject)
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
        .add_extension(x509.CRLNumber(2), critical=False)
        .add_extension(x509.DeltaCRLIndicator(1), critical=True)
    )
    return builder.sign(PKI.sub.key, hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def lists_of(kind: str) -> tuple[bytes, ...]:
    root = PKI.crl(issuer=PKI.root, this_update=NOW - DAY, next_update=NOW + DAY)
    stranger = School(Pki("T khác")).pki
    return {
        "none": (),
        "only the root's": (root,),
        "of another authority": (root, stranger.crl(this_update=NOW - DAY)),
        "a delta without its base": (root, delta()),
        "ran out before": (root, PKI.crl(this_update=T0 - 20 * DAY, next_update=T0 - 10 * DAY)),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["none", "only the root's", "of another authority", "a delta without its base", "ran out before"]
)
def test_what_no_list_covers_is_never_valid(kind: str) -> None:
    verdict = judge(issued(), replace(bundle(), crls=lists_of(kind)))
    assert verdict.verdict == "indeterminate"
    assert verdict.check(Question.CHAIN).sub_indication == "TRY_LATER"


def test_a_list_forged_under_the_name_of_the_authority_is_not_believed() -> None:
    forged = Pki("T").crl(issuer=Holder(PKI.sub.certificate, key_named("kẻ giả mạo")), this_update=NOW - DAY)
    root = PKI.crl(issuer=PKI.root, this_update=NOW - DAY)
    assert judge(issued(), replace(bundle(), crls=(forged, root))).verdict != "valid"


# --- whose right -------------------------------------------------------------------------------------------


def test_nobody_signs_for_another_class_school_or_role() -> None:
    def judged(**changes: str) -> Verdict:
        register = tuple(
            replace(entry, **changes) if entry.role == "gvcn" else entry for entry in SCHOOL.register()
        )
        return judge(issued(), replace(bundle(), authority=register))

    assert judged(class_name="3A").verdict == "valid"
    for changes in ({"class_name": "3B"}, {"school": "79000102"}, {"role": "hieu_truong"}, {"role": "gvbm"}):
        assert judged(**changes).check(Question.AUTHORITY).result is Result.FAILED, changes


def test_a_school_cannot_seal_the_sheet_of_a_neighbour() -> None:
    neighbour = School(PKI)
    neighbour.holders = neighbour.holders | {SEAL: PKI.issue("Trường Tiểu học Sao Mai")}
    document = SCHOOL.issue(SHEET, holders={SEAL: neighbour.holders[SEAL]})
    register = (*SCHOOL.register(), *neighbour.register(school="79000102"))
    verdict = judge(document, SCHOOL.bundle(document, authority=register))
    assert verdict.check(Question.AUTHORITY).result is Result.FAILED
    assert "Sao Mai" in verdict.check(Question.AUTHORITY).sentence


# --- what stands unsigned ----------------------------------------------------------------------------------


def smuggled(change: Callable[[bytes], bytes]) -> bytes:
    signatures = SCHOOL.signatures(TEXT)
    token = read_signature(signatures[-1]).unsigned.time_stamp
    seal = with_unsigned(without_unsigned(signatures[-1]), token, [PKI.sub.der])
    changed = change(seal)
    assert changed != seal
    return document_bytes(TEXT, [*signatures[:-1], changed])


_VALUES = b"<xades:CertificateValues>"
SMUGGLED: dict[str, Callable[[bytes], bytes]] = {
    "a sheet": lambda s: s.replace(_VALUES, TEXT + _VALUES),
    "an Id that is signed elsewhere": lambda s: s.replace(_VALUES, b'<xades:CertificateValues Id="tnh">'),
    "an Id of its own": lambda s: s.replace(_VALUES, b'<xades:CertificateValues Id="x">'),
    "a second time stamp": lambda s: s.replace(
        b"<xades:SignatureTimeStamp", s[s.index(b"<xades:SignatureTimeStamp") : s.index(_VALUES)] * 2, 1
    ),
    "a countersignature": lambda s: s.replace(
        _VALUES, b"<xades:CounterSignature></xades:CounterSignature>" + _VALUES
    ),
    "data object properties": lambda s: s.replace(
        b"</xades:UnsignedSignatureProperties>",
        b"</xades:UnsignedSignatureProperties><xades:UnsignedDataObjectProperties>"
        b"</xades:UnsignedDataObjectProperties>",
    ),
    "empty properties": lambda s: without_unsigned(s).replace(
        b"</xades:QualifyingProperties>",
        b"<xades:UnsignedProperties></xades:UnsignedProperties></xades:QualifyingProperties>",
    ),
    "a second object": lambda s: s.replace(
        b"</ds:Object></ds:Signature>", b"</ds:Object><ds:Object></ds:Object></ds:Signature>"
    ),
    "other encoding": lambda s: s.replace(b"v1.2.2#DER", b"v1.2.2#PER"),
    "certificates of a stranger": lambda s: s.replace(
        _VALUES,
        _VALUES + b"<xades:EncapsulatedX509Certificate>" + b64encode(Pki("S").sub.der)
        + b"</xades:EncapsulatedX509Certificate>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", SMUGGLED.values(), ids=SMUGGLED)
def test_nothing_is_smuggled_into_what_no_signature_covers(change: Callable[[bytes], bytes]) -> None:
    assert judge(smuggled(change)).verdict != "valid"


# --- packages ----------------------------------------------------------------------------------------------


def package(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, issued())
    return out.getvalue()


HOSTILE_NAMES = ["../x.xml", "a/../x.xml", "/etc/x.xml", "C:x.xml", "a\\x.xml", "a//x.xml"]
HOSTILE_NAMES += ["x\x1b[2J.xml", "\u202ex.xml"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_lead_elsewhere_or_deceive_the_eye_are_refused(name: str) -> None:
    with pytest.raises(Unreadable) as refused:
        verify_file("g.zip", package("to/a.xml", name), bundle(), now=NOW)
    assert refused.value.code == "verify_package_unreadable"


def test_a_package_in_a_package_is_not_opened() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("trong.xml", package("a.xml"))
    (verdict,) = verify_file("g.zip", out.getvalue(), bundle(), now=NOW)
    assert (verdict.verdict, verdict.error) == ("invalid", "verify_not_transcript")


@pytest.mark.parametrize(
    "query",
    [
        "c={code}&h=<script>alert(1)</script>",
        "c={code}&h=0000000000000000&h=0000000000000000",
        "c={code}%00&h=0000000000000000",
        "c={code}&h=0000000000000000&x=1",
        "c='%20OR%201=1&h=0000000000000000",
        "c={code}&h=００００００００００００００００",
    ],
)
def test_an_address_with_anything_else_in_it_is_refused(query: str) -> None:
    code = new_code(SchoolLevel.PRIMARY, "79", "79000101", 2025, bytes(8))
    text = "https://hocbaso.example/xac-thuc?" + query.format(code=code)
    with pytest.raises(Unreadable):
        verify_file("qr.txt", text.encode(), bundle(), now=NOW)
