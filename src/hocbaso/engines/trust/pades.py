"""The school's seal on the rendition: PAdES baseline B-T (ETSI EN 319 142-1), put on and checked by pyHanko.

The seal is an incremental update: the rendered bytes stay as they were, in front. It certifies the document
(DocMDP, no changes allowed) and has no field of its own to look at, because the form already shows the seal.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.general import SigningError, check_ess_certid
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import get_signing_cert_attr, validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.registry import SimpleCertificateStore

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.trust import ports
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.keys import signing_public_key
from hocbaso.engines.trust.paths import NO_EVIDENCE, Evidence, PathChecker, PathResult, Purpose
from hocbaso.engines.trust.tokens import TokenFault, malformed, read_token

register(
    {
        "pdf_seal_failed": (
            "Chưa đóng được con dấu số lên bản PDF. Tờ học bạ đã phát hành vẫn giữ nguyên giá trị; "
            "thầy cô hãy thử lại sau.",
            "The PDF could not be sealed: {reason}.",
        ),
        "pdf_unreadable": (
            "Không đọc được tệp PDF: tệp hỏng, bị khóa bằng mật khẩu hoặc không phải PDF.",
            "The PDF cannot be read: {reason}.",
        ),
    }
)

FIELD_NAME = "ConDauSo"
SUBFILTER = "/ETSI.CAdES.detached"
#: Room for attributes, signature value and the time-stamp token with its certificates, in bytes.
_ROOM = 12 * 1024
#: SEQUENCE { OID data }: the content is the file around the signature.
_DETACHED = bytes.fromhex("300b06092a864886f70d010701")


class _PortSigner(Signer):
    """pyHanko's signer over ours: it hands out digests, never the key."""

    def __init__(self, signer: ports.Signer) -> None:
        self._port = signer
        self._curve = isinstance(signer.certificate.public_key(), ec.EllipticCurvePublicKey)
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple([_parsed(certificate) for certificate in signer.chain])
        super().__init__(
            signing_cert=_parsed(signer.certificate),
            cert_registry=registry,
            signature_mechanism=algos.SignedDigestAlgorithm(
                {"algorithm": "sha256_ecdsa" if self._curve else "sha256_rsa"}
            ),
            embed_roots=False,
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha256":
            raise SigningError(f"SHA-256 only, not {digest_algorithm}")
        value = self._port.sign_digest(hashlib.sha256(data).digest())
        if not self._curve:
            return value
        half = len(value) // 2  # the port gives r||s as XML wants it, CMS wants DER (RFC 5753)
        return utils.encode_dss_signature(
            int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
        )


class _PortStamper(TimeStamper):
    """pyHanko's time-stamp client over ours."""

    def __init__(self, stamper: ports.TimeStamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._port = stamper

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        if md_algorithm != "sha256":
            raise SigningError(f"SHA-256 only, not {md_algorithm}")
        return cms.ContentInfo.load(self._port.stamp(message_digest))


class _Writer(IncrementalPdfFileWriter):
    """Leaves the document's own dates alone: the clock is never read, and XMP stays as PDF/A wants it."""

    def _update_meta(self) -> None:
        return


@lru_cache(maxsize=256)
def _parsed(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _run(work: Coroutine[Any, Any, object]) -> None:
    """Run pyHanko's coroutine on a loop of its own, also below somebody else's running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    with ThreadPoolExecutor(max_workers=1) as aside:
        aside.submit(asyncio.run, work).result()


def seal_pdf(
    pdf: bytes,
    signer: ports.Signer,
    stamper: ports.TimeStamper,
    *,
    name: str,
    reason: str,
    location: str,
    signing_time: datetime,
) -> bytes:
    """Seal a rendition: PAdES B-T, ``ETSI.CAdES.detached``, invisible, as an incremental update.

    :param signer: the school's seal; RSA or ECDSA P-256.
    :param name: organisation as viewers list it.
    :param signing_time: claimed time (``/M``), with zone; what proves the time is the token.
    :returns: ``pdf`` followed by the update.
    :raises DomainError: ``pdf_seal_failed``.
    :raises Unreadable: ``pdf_unreadable``.
    :raises ServiceUnavailable: the time-stamp authority does not answer.
    """
    meta = PdfSignatureMetadata(
        field_name=FIELD_NAME,
        md_algorithm="sha256",
        name=name,
        reason=reason,
        location=location,
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    certificates = (signer.certificate, *signer.chain)
    room = _ROOM + sum(len(certificate.public_bytes(Encoding.DER)) for certificate in certificates)
    try:
        writer = _Writer(io.BytesIO(pdf))
        session = PdfSigner(
            meta, _PortSigner(signer), timestamper=_PortStamper(stamper)
        ).init_signing_session(writer)
        session.system_time = signing_time
        document = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * room)
        output = io.BytesIO()
        prepared, _ = document.digest_tbs_document(output=output)
        attributes = PdfCMSSignedAttributes(signing_time=signing_time)
        _run(document.perform_signature(prepared.document_digest, attributes))
    except PdfError as error:
        raise Unreadable("pdf_unreadable", reason=str(error)) from error
    except (SigningError, ValueError) as error:
        raise DomainError("pdf_seal_failed", reason=str(error)) from error
    return output.getvalue()


@dataclass(frozen=True, slots=True)
class PdfSealResult:
    """The seal of a PDF, answer by answer; :attr:`ok` only when every one is good.

    ``certificate`` is DER: whether its holder may seal for that school is asked of the authority register.
    """

    found: bool = False
    intact: bool = False  # digest and signature value hold, nothing spare inside the signature
    whole: bool = False  # the one signature covers the file to its last byte
    strangers: bool = False  # certificates ride along that no signature binds and no known authority issued
    signer: str | None = None
    certificate: bytes | None = None
    claimed: datetime | None = None  # what the file says (/M)
    stamped: datetime | None = None  # what the time-stamp authority says
    path: PathResult | None = None
    stamp_path: PathResult | None = None
    reason: str | None = None  # Vietnamese sentence for the first thing that is wrong

    @property
    def ok(self) -> bool:
        """Sealed, unchanged, by a certificate that was good when the time stamp was made."""
        paths = self.path is not None and self.path.ok and self.stamp_path is not None and self.stamp_path.ok
        return self.found and self.intact and self.whole and paths and self.reason is None


def check_pdf_seal(pdf: bytes, bundle: TrustBundle, checker: PathChecker, now: datetime) -> PdfSealResult:
    """Check the seal that :func:`seal_pdf` puts on; needs no network.

    :param checker: of the same bundle, kept over many files; certificates are judged at the token's time.
    :param now: a token from after this time is not believed.
    :raises Unreadable: ``pdf_unreadable``.
    """
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        seals = list(reader.embedded_regular_signatures)
        if not seals:
            return PdfSealResult(reason="Tệp PDF không có con dấu số.")
        if len(seals) > 1:
            return PdfSealResult(found=True, reason="Tệp PDF có nhiều hơn một chữ ký số.")
        return _check(pdf, seals[0], bundle, checker, now)
    except (PdfError, SignatureValidationError) as error:
        raise Unreadable("pdf_unreadable", reason=str(error)) from error
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise Unreadable("pdf_unreadable", reason=type(error).__name__) from error


def _check(
    pdf: bytes, seal: EmbeddedPdfSignature, bundle: TrustBundle, checker: PathChecker, now: datetime
) -> PdfSealResult:
    certificate = seal.signer_cert
    seal.compute_integrity_info(skip_diff=True)  # type: ignore[no-untyped-call]
    result = PdfSealResult(
        found=True,
        intact=_intact(pdf, seal),
        whole=seal.coverage == SignatureCoverageLevel.ENTIRE_FILE,
        signer=str(certificate.subject.native.get("common_name", "")),
        certificate=certificate.dump(),
        claimed=seal.self_reported_timestamp,
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
    others = (*(item.dump() for item in seal.other_embedded_certs), *token.other_ders)
    strangers = not _vouched(others, bundle)
    if strangers:
        result = replace(result, strangers=True, reason="Con dấu số kèm chứng thư lạ, không rõ nơi cấp.")
    evidence = NO_EVIDENCE if strangers else Evidence(certificates=others)
    return replace(
        result,
        stamped=token.time,
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
