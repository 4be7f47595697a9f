"""The school's seal on the rendition: PAdES baseline B-T (ETSI EN 319 142-1), put on by pyHanko.

The seal is an incremental update: the rendered bytes stay as they were, in front. It certifies the document
(DocMDP, no changes allowed) and has no field of its own to look at, because the form already shows the seal.
Checking: ``pades_check.py``; what may follow the seal: ``pades_revisions.py``.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from queue import SimpleQueue
from typing import Any

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.trust import ports

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


class _PortSigner(Signer):
    """pyHanko's signer over ours: it hands out digests, never the key."""

    def __init__(self, signer: ports.Signer, caller: _Caller) -> None:
        self._port = signer
        self._caller = caller
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
        value = await self._caller.ask(self._port.sign_digest, hashlib.sha256(data).digest())
        if not self._curve:
            return value
        half = len(value) // 2  # the port gives r||s as XML wants it, CMS wants DER (RFC 5753)
        return utils.encode_dss_signature(
            int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
        )


class _PortStamper(TimeStamper):
    """pyHanko's time-stamp client over ours."""

    def __init__(self, stamper: ports.TimeStamper, caller: _Caller) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._port = stamper
        self._caller = caller

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        if md_algorithm != "sha256":
            raise SigningError(f"SHA-256 only, not {md_algorithm}")
        return cms.ContentInfo.load(await self._caller.ask(self._port.stamp, message_digest))


class _Writer(IncrementalPdfFileWriter):
    """Leaves the document's own dates alone: the clock is never read, and XMP stays as PDF/A wants it."""

    def _update_meta(self) -> None:
        return


@lru_cache(maxsize=256)
def _parsed(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


class _Caller:
    """Runs pyHanko's coroutines in a thread of their own, and what they ask of our ports in the caller's.

    Keys and time-stamp authorities may use the caller's database connection and its context; below a running
    loop neither would be the same.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    async def ask(self, port: Callable[[bytes], bytes], digest: bytes) -> bytes:
        """Call a port in the caller's thread; what it raises is raised here."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()

        def call() -> None:
            try:
                value = port(digest)
            except Exception as error:
                loop.call_soon_threadsafe(answer.set_exception, error)
            else:
                loop.call_soon_threadsafe(answer.set_result, value)

        self._asked.put(call)
        return await answer

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        """Run to the end; what the coroutine raises is raised."""
        with ThreadPoolExecutor(max_workers=1) as aside:
            done = aside.submit(asyncio.run, work)
            done.add_done_callback(lambda _: self._asked.put(None))
            while (call := self._asked.get()) is not None:
                call()
            done.result()


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
        writer, caller = _Writer(io.BytesIO(pdf)), _Caller()
        session = PdfSigner(
            meta, _PortSigner(signer, caller), timestamper=_PortStamper(stamper, caller)
        ).init_signing_session(writer)
        session.system_time = signing_time
        document = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * room)
        output = io.BytesIO()
        prepared, _ = document.digest_tbs_document(output=output)
        attributes = PdfCMSSignedAttributes(signing_time=signing_time)
        caller.run(document.perform_signature(prepared.document_digest, attributes))
    except PdfError as error:
        raise Unreadable("pdf_unreadable", reason=str(error)) from error
    except (SigningError, ValueError) as error:
        raise DomainError("pdf_seal_failed", reason=str(error)) from error
    return output.getvalue()
