"""Certification paths against an expert with a grudge: wrong responders, foreign lists, rogue issuers."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

from hocbaso.engines.trust import paths
from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.paths import Evidence, PathChecker, PathResult, PathState, Purpose
from tests.unit.engines.trust.verify_support import DAY, NOW, T0, YEAR, Holder, Pki, key_named

PKI = Pki("HN")
OTHER = Pki("NH")
TSA = PKI.issue("Dấu giờ", time_stamping=True)
AT = T0 + DAY
HOUR = timedelta(hours=1)
Extension = tuple[x509.ExtensionType, bool]


def name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def usage(*flags: str) -> Extension:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{flag: flag in flags for flag in names}), True


SIGNS, ISSUES = usage("digital_signature"), usage("key_cert_sign", "crl_sign")
AUTHORITY = (x509.BasicConstraints(ca=True, path_length=None), True)


def certify(
    common: str, issuer: Holder, *extensions: Extension, key: str = "", ends: datetime = T0 + YEAR
) -> Holder:
    """A certificate with exactly these extensions (and the key identifiers)."""
    own, above = key_named(key or f"HN/{common}"), issuer.key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(issuer.certificate.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(T0 - 30 * DAY)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Holder(builder.sign(issuer.key, hashes.SHA256()), own)


def crl_of(
    issuer: Holder,
    *extensions: Extension,
    revoked: Sequence[tuple[Holder, datetime]] = (),
    made: datetime = T0,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(made)
        .next_update(made + 60 * DAY)
        .add_extension(x509.CRLNumber(7), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
        )
    )
    for holder, when in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number)
        reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
        builder = builder.add_revoked_certificate(
            entry.revocation_date(when).add_extension(reason, False).build()
        )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def scope(**flags: object) -> Extension:
    parts: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(parts | flags)), True  # type: ignore[arg-type]


def answer(
    about: Holder,
    issuer: Holder,
    signer: Holder,
    *,
    good: bool = True,
    carried: bool = True,
    made: datetime = AT,
) -> bytes:
    status = ocsp.OCSPCertStatus.GOOD if good else ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=made,
        next_update=made + 7 * DAY,
        revocation_time=None if good else T0,
        revocation_reason=None if good else x509.ReasonFlags.key_compromise,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if carried and signer is not issuer:
        builder = builder.certificates([signer.certificate])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


ROOT_LIST = crl_of(PKI.root)


def checker(*crls: bytes, intermediates: Sequence[Holder] = (PKI.sub,)) -> PathChecker:
    anchor = Anchor(PKI.root.der, "hop_cat", "thu_nghiem", T0 - YEAR, T0 + 10 * YEAR)
    ders = tuple(holder.der for holder in intermediates)
    return PathChecker(TrustBundle(NOW, NOW, anchors=(anchor,), intermediates=ders, crls=crls))


def check(holder: Holder, *crls: bytes, **options: Sequence[Holder]) -> PathResult:
    return checker(*crls, **options).check(holder.der, AT, Purpose.SIGN)


# --- who may speak about revocation ------------------------------------------------------------------------

ASKED = (
    x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://a.example/ocsp")
            )
        ]
    ),
    False,
)
TEACHER = certify("Cô giáo", PKI.sub, SIGNS, ASKED)
OCSP_SIGNING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
NO_CHECK = (x509.OCSPNoCheck(), False)
RESPONDER = certify("Trả lời", PKI.sub, SIGNS, OCSP_SIGNING, NO_CHECK)


@pytest.mark.parametrize(
    ("signer", "state"),
    [
        (PKI.sub, PathState.OK),
        (RESPONDER, PathState.OK),
        (TEACHER, PathState.REVOCATION_UNKNOWN),  # a signer of the same authority
        (certify("Không EKU", PKI.sub, SIGNS, NO_CHECK), PathState.REVOCATION_UNKNOWN),
        (certify("Của gốc", PKI.root, SIGNS, OCSP_SIGNING, NO_CHECK), PathState.REVOCATION_UNKNOWN),
        (certify("Nơi khác", OTHER.sub, SIGNS, OCSP_SIGNING, NO_CHECK), PathState.REVOCATION_UNKNOWN),
        (OTHER.sub, PathState.REVOCATION_UNKNOWN),
    ],
)
def test_only_the_issuer_or_its_own_responder_answers_for_a_certificate(
    signer: Holder, state: PathState
) -> None:
    beside = Evidence(ocsps=(answer(TEACHER, PKI.sub, signer),))
    assert checker(ROOT_LIST).check(TEACHER.der, AT, Purpose.SIGN, beside).state is state


def test_an_answer_about_another_certificate_or_from_long_before_says_nothing() -> None:
    for beside in (answer(TSA, PKI.sub, PKI.sub), answer(TEACHER, PKI.sub, PKI.sub, made=AT - 8 * DAY)):
        found = checker(ROOT_LIST).check(TEACHER.der, AT, Purpose.SIGN, Evidence(ocsps=(beside,)))
        assert found.state is PathState.REVOCATION_UNKNOWN


def test_a_good_answer_beside_the_document_does_not_outweigh_the_list_of_the_bundle() -> None:
    revoked = crl_of(PKI.sub, revoked=[(TEACHER, T0)], made=AT)
    beside = Evidence(ocsps=(answer(TEACHER, PKI.sub, PKI.sub),), crls=(crl_of(PKI.sub),))
    assert checker(ROOT_LIST, revoked).check(TEACHER.der, AT, Purpose.SIGN, beside).state is PathState.REVOKED


def test_an_old_list_brought_by_the_holder_does_not_hide_a_later_revocation() -> None:
    beside = Evidence(crls=(crl_of(PKI.sub, made=AT - 8 * DAY),))
    assert (
        checker(ROOT_LIST).check(TEACHER.der, AT, Purpose.SIGN, beside).state is PathState.REVOCATION_UNKNOWN
    )
    young = Evidence(crls=(crl_of(PKI.sub, made=AT - 6 * DAY),))
    assert checker(ROOT_LIST).check(TEACHER.der, AT, Purpose.SIGN, young).state is PathState.OK


# --- lists of another scope --------------------------------------------------------------------------------

PARTIAL = frozenset({x509.ReasonFlags.key_compromise})
UNKNOWN = (x509.UnrecognizedExtension(ObjectIdentifier("2.999.1"), b"\x05\x00"), True)


@pytest.mark.parametrize(
    "extension",
    [
        scope(only_contains_ca_certs=True),
        scope(only_contains_attribute_certs=True),
        scope(only_some_reasons=PARTIAL),
        scope(full_name=[x509.UniformResourceIdentifier("http://a.example/khac.crl")]),
        (x509.DeltaCRLIndicator(3), True),
        UNKNOWN,
    ],
)
def test_a_list_that_does_not_cover_the_certificate_is_no_answer(extension: Extension) -> None:
    assert check(TEACHER, ROOT_LIST, crl_of(PKI.sub, extension)).state is not PathState.OK


def test_a_list_for_users_only_covers_a_signer_and_an_indirect_one_its_own_certificates() -> None:
    assert check(TEACHER, ROOT_LIST, crl_of(PKI.sub, scope(only_contains_user_certs=True))).ok
    revoked = crl_of(PKI.sub, scope(indirect_crl=True), revoked=[(TEACHER, T0)])
    assert check(TEACHER, ROOT_LIST, revoked).state is not PathState.OK


def test_a_delta_list_reveals_what_the_base_does_not() -> None:
    delta = crl_of(PKI.sub, (x509.DeltaCRLIndicator(7), True), revoked=[(TEACHER, T0)], made=AT)
    assert check(TEACHER, ROOT_LIST, crl_of(PKI.sub), delta).state is PathState.REVOCATION_UNKNOWN
    later = crl_of(PKI.sub, (x509.DeltaCRLIndicator(7), True), revoked=[(TEACHER, AT + HOUR)], made=AT)
    assert check(TEACHER, ROOT_LIST, crl_of(PKI.sub), later).ok


def test_a_list_under_the_name_of_the_issuer_by_another_key_is_no_answer() -> None:
    forged = Holder(PKI.sub.certificate, key_named("kẻ giả danh sách"))
    assert check(TEACHER, ROOT_LIST, crl_of(forged)).state is PathState.REVOCATION_UNKNOWN


def test_an_issuer_that_may_not_sign_lists_answers_nothing() -> None:
    mute = certify("Không ký danh sách", PKI.root, AUTHORITY, usage("key_cert_sign"))
    signer = certify("Cô giáo dưới nơi ấy", mute, SIGNS)
    found = check(signer, ROOT_LIST, crl_of(mute), intermediates=[mute])
    assert found.state is not PathState.OK


# --- issuers -----------------------------------------------------------------------------------------------


def below(*extensions: Extension, issuer: Holder = PKI.root) -> tuple[Holder, bytes]:
    sub = certify("Nơi cấp có điều kiện", issuer, *extensions)
    return sub, crl_of(sub)


def excluded(common: str) -> Extension:
    tree = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, common)]))
    return x509.NameConstraints(None, [tree]), True


@pytest.mark.parametrize(
    "constraint",
    [
        excluded("VN"),
        (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), True),
        UNKNOWN,
    ],
)
def test_what_an_issuer_may_not_certify_is_no_path(constraint: Extension) -> None:
    sub, own_list = below(AUTHORITY, ISSUES, constraint)
    signer = certify("Cô giáo bị chặn", sub, SIGNS)
    assert check(signer, ROOT_LIST, own_list, intermediates=[sub]).state is not PathState.OK
    free, free_list = below(AUTHORITY, ISSUES, excluded("LA"))
    assert check(certify("Cô giáo", free, SIGNS), ROOT_LIST, free_list, intermediates=[free]).ok


def test_who_is_no_authority_or_too_deep_below_one_issues_nothing() -> None:
    rogue = certify("Cấp dưới tự phong", TEACHER, AUTHORITY, ISSUES)
    for issuer, more in ((TEACHER, [PKI.sub]), (rogue, [PKI.sub, TEACHER, rogue])):
        signer = certify("Người lạ", issuer, SIGNS)
        lists = (ROOT_LIST, crl_of(PKI.sub), crl_of(issuer))
        assert check(signer, *lists, intermediates=more).state is not PathState.OK
    short, own_list = below((x509.BasicConstraints(ca=True, path_length=0), True), ISSUES)
    deep = certify("Sâu quá", short, AUTHORITY, ISSUES)
    lists = (ROOT_LIST, own_list, crl_of(deep))
    assert (
        check(certify("Người dưới", deep, SIGNS), *lists, intermediates=[short, deep]).state
        is not PathState.OK
    )


def test_a_critical_extension_that_nobody_knows_is_not_passed_over() -> None:
    signer = certify("Cô giáo mở rộng", PKI.sub, SIGNS, UNKNOWN)
    assert check(signer, ROOT_LIST, crl_of(PKI.sub)).state is not PathState.OK


def test_an_issuer_certified_anew_with_the_same_key_carries_its_signers_over() -> None:
    first = certify("Nơi cấp hai lần", PKI.root, AUTHORITY, ISSUES, key="hai lần")
    again = certify("Nơi cấp hai lần", PKI.root, AUTHORITY, ISSUES, key="hai lần")
    signer = certify("Cô giáo", first, SIGNS)
    ended = crl_of(PKI.root, revoked=[(first, T0)])
    both = check(signer, ended, crl_of(first), intermediates=[first, again])
    only = check(signer, ended, crl_of(first), intermediates=[first])
    swapped = check(signer, ended, crl_of(first), intermediates=[again, first])
    assert (both.state, swapped.state) == (PathState.OK, PathState.OK)
    assert (only.state, only.sub_indication) == (PathState.REVOKED, "REVOKED_CA_NO_POE")


def ring(pairs: int) -> tuple[Holder, list[x509.Certificate]]:
    """Authorities that certify each other again and again, and a signer below them."""
    ends = [(name("Vòng A"), key_named("vòng A")), (name("Vòng B"), key_named("vòng B"))]
    found = []
    for number in range(2 * pairs):
        (subject, own), (issuer, above) = ends[number % 2], ends[1 - number % 2]
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(own.public_key())
        )
        builder = builder.serial_number(1 + number).not_valid_before(T0 - DAY).not_valid_after(T0 + YEAR)
        builder = builder.add_extension(AUTHORITY[0], critical=True).add_extension(ISSUES[0], critical=True)
        found.append(builder.sign(above, hashes.SHA256()))
    return certify("Trong vòng", Holder(found[0], ends[0][1]), SIGNS, ASKED), found


def test_certificates_that_issue_each_other_lead_no_path_builder_through_all_their_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signer, members = ring(12)
    registered: list[int] = []
    real = paths.ValidationContext

    def counted(**options: Any) -> Any:
        inside = [c for answer in options["ocsps"] for c in answer.basic_ocsp_response["certs"] or ()]
        registered.append(len(options["other_certs"]) + len(inside))
        return real(**options)

    monkeypatch.setattr(paths, "ValidationContext", counted)
    holder = Holder(members[0], key_named("vòng A"))
    within = ocsp.load_der_ocsp_response(answer(signer, holder, holder))
    crowd = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=within.issuer_name_hash,
        issuer_key_hash=within.issuer_key_hash,
        serial_number=signer.certificate.serial_number,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=AT,
        next_update=AT + DAY,
        revocation_time=None,
        revocation_reason=None,
    )
    crowd = crowd.responder_id(ocsp.OCSPResponderEncoding.HASH, members[0]).certificates(members[:8])
    brought = Evidence(
        certificates=tuple(member.public_bytes(Encoding.DER) for member in members),
        ocsps=(crowd.sign(holder.key, hashes.SHA256()).public_bytes(Encoding.DER),),
    )
    found = checker(ROOT_LIST).check(signer.der, AT, Purpose.SIGN, brought)
    assert found.state is PathState.UNKNOWN_ISSUER
    assert set(registered) == {1}  # the bundle's own intermediate, and nothing that a stranger brought


# --- time-stamp authorities --------------------------------------------------------------------------------


def stamp_state(*crls: bytes) -> PathResult:
    return checker(*crls).check(TSA.der, AT, Purpose.TIME_STAMP)


def test_a_stamp_proves_nothing_once_the_key_of_its_authority_or_of_the_issuer_was_lost() -> None:
    later = AT + 5 * DAY
    lost = stamp_state(ROOT_LIST, crl_of(PKI.sub, revoked=[(TSA, later)], made=later))
    assert (lost.state, lost.sub_indication) == (PathState.COMPROMISED, "REVOKED_NO_POE")
    above = stamp_state(crl_of(PKI.root, revoked=[(PKI.sub, later)], made=later), crl_of(PKI.sub, made=later))
    assert (above.state, above.sub_indication) == (PathState.COMPROMISED, "REVOKED_CA_NO_POE")
    assert above.environment == "thu_nghiem"


def test_of_several_losses_the_earliest_counts() -> None:
    late, early = AT + 9 * DAY, AT + 3 * DAY
    lists = [
        crl_of(PKI.root, revoked=[(PKI.sub, early)], made=late),
        crl_of(PKI.sub, revoked=[(TSA, late)], made=late),
    ]
    for order in (lists, lists[::-1]):
        found = stamp_state(*order)
        assert (found.state, found.when) == (PathState.COMPROMISED, early)


# --- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [str, str.lower])
def test_a_sandbox_root_is_one_however_its_name_is_written(write: Callable[[str], str]) -> None:
    for form in ("NFC", "NFD"):
        common = unicodedata.normalize(form, write("Gốc THỬ NGHIỆM"))
        key = key_named(common)
        own = Holder(
            x509.CertificateBuilder()
            .subject_name(name(common))
            .issuer_name(name(common))
            .public_key(key.public_key())
            .serial_number(5)
            .not_valid_before(T0 - YEAR)
            .not_valid_after(T0 + YEAR)
            .add_extension(AUTHORITY[0], critical=True)
            .add_extension(ISSUES[0], critical=True)
            .sign(key, hashes.SHA256()),
            key,
        )
        anchor = Anchor(own.der, "vgca", "chinh_thuc", T0 - YEAR, T0 + YEAR)
        assert PathChecker(TrustBundle(NOW, NOW, anchors=(anchor,))).environments == {"thu_nghiem"}
