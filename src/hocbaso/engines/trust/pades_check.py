"""What the seal of a PDF proves (ETSI EN 319 142-1), and how far the file behind it is accounted for.

The seal is judged on the revision that it covers, as if nothing stood behind it; what does is accepted only
octet by octet (``pades_revisions.py``). So no reader's opinion about appended revisions is ever asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.general import check_ess_certid
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    extract_tst_data_iter,
    get_signing_cert_attr,
    validate_sig_integrity,
)
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.keys import signing_public_key
from hocbaso.engines.trust.pades import SUBFILTER
from hocbaso.engines.trust.pades_objects import open_pdf
from hocbaso.engines.trust.pades_revisions import SealedFile, sealed_ends
from hocbaso.engines.trust.paths import NO_EVIDENCE, Evidence, PathChecker, PathResult, Purpose
from hocbaso.engines.trust.tokens import TimeStampInfo, TokenFault, malformed, read_token

#: SEQUENCE { OID data }: the content is the file around the signature.
_DETACHED = bytes.fromhex("300b06092a864886f70d010701")
#: What pyHanko raises on hostile files.
PDF_FAILURES = (
    PdfError,
    SignatureValidationError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
    AssertionError,
)


@dataclass(frozen=True, slots=True)
class PdfSealResult:
    """The seal of a PDF, answer by answer; :attr:`ok` only when every one is good.

    ``certificate`` is DER: whether its holder may seal for that school is asked of the authority register.
    ``stamp`` is the seal's own time stamp; whether it still proves anything *now* is a question of the
    archive time stamps behind it (``verification/pdf_archive.py``).
    """

    found: bool = False
    intact: bool = False  # digest and signature value hold, nothing spare inside the signature
    whole: bool = False  # nothing stands behind the sealed revision but validation data and archive stamps
    strangers: bool = False  # certificates ride along that no signature binds and no known authority issued
    signer: str | None = None
    certificate: bytes | None = None
    claimed: datetime | None = None  # what the file says (/M)
    stamp: TimeStampInfo | None = None
    path: PathResult | None = None
    stamp_path: PathResult | None = None
    file: SealedFile | None = None  # with the revisions behind the seal
    evidence: Evidence = NO_EVIDENCE  # everything that came along, unsigned
    reason: str | None = None  # Vietnamese sentence for the first thing that is wrong

    @property
    def stamped(self) -> datetime | None:
        """What the time-stamp authority says."""
        return self.stamp.time if self.stamp is not None else None

    @property
    def ok(self) -> bool:
        """Sealed, unchanged, by a certificate that was good when the time stamp was made."""
        paths = self.path is not None and self.path.ok and self.stamp_path is not None and self.stamp_path.ok
        return self.found and self.intact and self.whole and paths and self.reason is None


def sealed_file(pdf: bytes) -> SealedFile | None:
    """The sealed revision of a file and what stands behind it; ``None``: there is none that we could extend.

    The first revision that a signature covers to its last octet is the sealed one.
    """
    found = _found(pdf)
    return None if found is None else found[0]


def is_intact(pdf: bytes) -> bool:
    """Whether the sealed revision of a file is what was sealed: digest, value, binding; no path is asked."""
    found = _found(pdf)
    try:
        return found is not None and _intact(pdf[: found[0].sealed_end], found[1])
    except PDF_FAILURES:
        return False


def _found(pdf: bytes) -> tuple[SealedFile, EmbeddedPdfSignature] | None:
    for end in sealed_ends(pdf):
        try:
            (seal,) = open_pdf(pdf[:end]).embedded_signatures
            if seal.sig_object.get("/SubFilter") == SUBFILTER and _covers_all(seal):
                return SealedFile(pdf, end), seal
        except PDF_FAILURES:
            continue
    return None


def embedded_token(sealed: bytes) -> tuple[bytes, bytes]:
    """The time-stamp token in the seal of a sealed revision, and the SHA-256 that it must state.

    :raises DomainError: ``timestamp_invalid``: none, or more than one.
    """
    try:
        (seal,) = open_pdf(sealed).embedded_regular_signatures
        return _token(seal), hashlib.sha256(seal.signer_info["signature"].native).digest()
    except PDF_FAILURES as error:
        raise malformed(type(error).__name__) from None


def embedded_certificates(sealed: bytes) -> tuple[bytes, ...]:
    """DER of every certificate in the seal and in its time stamp; the signer's own comes first.

    :raises PdfError, ValueError, …: :data:`PDF_FAILURES`
    """
    found: list[bytes] = []
    for seal in open_pdf(sealed).embedded_regular_signatures:
        found += [seal.signer_cert.dump(), *(item.dump() for item in seal.other_embedded_certs)]
        for stamp in extract_tst_data_iter(seal.signer_info, signed=False):
            found += [choice.chosen.dump() for choice in stamp["certificates"]]
    return tuple(dict.fromkeys(found))


def token_certificates(token: bytes) -> tuple[bytes, ...]:
    """DER of the certificates in a time-stamp token.

    :raises ValueError, TypeError, KeyError, …: :data:`PDF_FAILURES`
    """
    signed = cms.ContentInfo.load(token, strict=True)["content"]
    return tuple(choice.chosen.dump() for choice in signed["certificates"])


def check_pdf_seal(pdf: bytes, bundle: TrustBundle, checker: PathChecker, now: datetime) -> PdfSealResult:
    """Check the seal that :func:`hocbaso.engines.trust.pades.seal_pdf` puts on; needs no network.

    :param checker: of the same bundle, kept over many files; certificates are judged at the token's time.
    :param now: a token from after this time is not believed.
    :raises Unreadable: ``pdf_unreadable``.
    """
    found = _found(pdf)
    try:
        if found is not None:
            file, seal = found
            return _check(pdf[: file.sealed_end], seal, file, bundle, checker, now)
        seals = list(open_pdf(pdf).embedded_regular_signatures)
        if not seals:
            return PdfSealResult(reason="Tệp PDF không có con dấu số.")
        if len(seals) > 1:
            return PdfSealResult(found=True, reason="Tệp PDF có nhiều hơn một chữ ký số.")
        return _check(pdf, seals[0], None, bundle, checker, now)
    except (PdfError, SignatureValidationError) as error:
        raise Unreadable("pdf_unreadable", reason=str(error)) from error
    except PDF_FAILURES as error:
        raise Unreadable("pdf_unreadable", reason=type(error).__name__) from error


def _covers_all(seal: EmbeddedPdfSignature) -> bool:
    if seal.coverage is None:
        seal.compute_integrity_info(skip_diff=True)  # type: ignore[no-untyped-call]
    return bool(seal.coverage == SignatureCoverageLevel.ENTIRE_FILE)


def _check(
    pdf: bytes,
    seal: EmbeddedPdfSignature,
    file: SealedFile | None,
    bundle: TrustBundle,
    checker: PathChecker,
    now: datetime,
) -> PdfSealResult:
    certificate = seal.signer_cert
    covered = _covers_all(seal)
    result = PdfSealResult(
        found=True,
        intact=_intact(pdf, seal),
        whole=covered and (file is None or file.complete),
        signer=str(certificate.subject.native.get("common_name", "")),
        certificate=certificate.dump(),
        claimed=seal.self_reported_timestamp,
        file=file,
    )
    if seal.sig_object.get("/SubFilter") != SUBFILTER:
        return replace(result, reason="Con dấu số của tệp PDF không theo chuẩn PAdES.")
    if not result.intact:
        return replace(result, reason="Tệp PDF đã bị sửa sau khi đóng dấu, hoặc con dấu số không đúng.")
    if not result.whole:
        return replace(result, reason="Tệp PDF có phần thêm vào sau khi đóng dấu.")
    try:
        token = read_token(_token(seal), hashlib.sha256(seal.signer_info["signature"].native).digest(), now)
    except TokenFault as fault:
        return replace(result, reason=fault.sentence)
    stored = (file.stored.certificates, file.stored.crls, file.stored.ocsps) if file else ((), (), ())
    others = (*(item.dump() for item in seal.other_embedded_certs), *token.other_ders, *stored[0])
    strangers = not _vouched(others, bundle)
    if strangers:
        result = replace(result, strangers=True, reason="Con dấu số kèm chứng thư lạ, không rõ nơi cấp.")
    evidence = NO_EVIDENCE if strangers else Evidence(others, *stored[1:])
    return replace(
        result,
        stamp=token,
        evidence=evidence,
        path=checker.check(certificate.dump(), token.time, Purpose.SIGN, evidence),
        stamp_path=checker.check(token.certificate_der, token.time, Purpose.TIME_STAMP, evidence),
    )


def _intact(pdf: bytes, seal: EmbeddedPdfSignature) -> bool:
    """Digest, value, certificate binding, and nothing in /Contents that no signature covers or pins."""
    _, before, after, _ = (int(number) for number in seal.byte_range)
    gap = pdf[before:after]
    content = bytes.fromhex(gap[1:-1].decode("ascii"))
    written = cms.ContentInfo.load(content).dump()
    if gap != b"<" + content.hex().upper().encode() + b">" or content[len(written) :].strip(b"\0"):
        return False
    info, certificate = seal.signer_info, seal.signer_cert
    binding = get_signing_cert_attr(info["signed_attrs"])
    if not isinstance(binding, tsp.SigningCertificateV2) or not check_ess_certid(
        certificate, binding["certs"][0]
    ):
        return False
    signing_public_key(x509.load_der_x509_certificate(certificate.dump()))
    return _pinned(seal.signed_data, info) and all(
        validate_sig_integrity(info, certificate, "data", seal.compute_digest())
    )


def _pinned(signed: cms.SignedData, info: cms.SignerInfo) -> bool:
    """What a CMS leaves unsigned is as :func:`seal_pdf` writes it."""
    algorithms = [item["algorithm"].native for item in signed["digest_algorithms"]]
    return (
        signed["version"].native == "v1"
        and info["version"].native == "v1"
        and algorithms == [info["digest_algorithm"]["algorithm"].native] == ["sha256"]
        and signed["encap_content_info"].dump() == _DETACHED
        and signed["crls"].native is None
        and [item["type"].native for item in info["unsigned_attrs"]] == ["signature_time_stamp_token"]
    )


def _vouched(others: tuple[bytes, ...], bundle: TrustBundle) -> bool:
    """Whether every certificate that rides along, which no signature binds, is known or properly issued."""
    known = {*bundle.intermediates, *(anchor.certificate for anchor in bundle.anchors)}
    strange = [x509.load_der_x509_certificate(der) for der in others if der not in known]
    issuers = [x509.load_der_x509_certificate(der) for der in known] if strange else []
    while strange:
        issued = [item for item in strange if any(_issued(item, issuer) for issuer in issuers)]
        if not issued:
            return False
        strange = [item for item in strange if item not in issued]
        issuers = issued
    return True


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _token(seal: EmbeddedPdfSignature) -> bytes:
    """DER of the one time-stamp token over the signature value (B-T)."""
    values = seal.signer_info["unsigned_attrs"][0]["values"]
    if len(values) != 1:
        raise malformed("not one token")
    token: bytes = values[0].dump()
    return token
