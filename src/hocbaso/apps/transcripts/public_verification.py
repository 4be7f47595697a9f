"""Verification for anybody: the node gathers what it knows, and the one verifier of the engines judges.

The trust bundle is made from the node's own rows for just the transcript codes concerned; the answer is the
same that ``hocbaso verify`` gives with that bundle.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from hocbaso.apps.common import clock
from hocbaso.apps.transcripts import documents, queries
from hocbaso.apps.transcripts.models import IssuedSheet, StatusEvent
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.offline_code import is_offline_code, read_code
from hocbaso.engines.trust.qr import read_qr, verification_url
from hocbaso.engines.trust.verification import Verdict, verify_document, verify_file
from hocbaso.engines.trust.verification.address import is_address, verify_address
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.pdf import attached_documents

register(
    {
        "public_no_package": (
            "Trang này kiểm tra từng tệp XML, PDF hoặc ảnh mã QR. Gói ZIP nhiều học bạ thì dùng lệnh "
            "“hocbaso verify”.",
            "This page takes single files; use the command line for packages.",
        ),
        "public_no_qr": (
            "Không thấy mã QR của Học bạ số trong ảnh. Hãy chụp lại mã ở chân trang, đủ sáng, không lóa "
            "và không bị che.",
            "No verification QR code was found in the picture.",
        ),
        "public_many_qr": (
            "Ảnh có nhiều mã QR khác nhau. Hãy chụp riêng từng mã.",
            "The picture holds several different codes.",
        ),
    }
)

_PICTURE = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_PACKAGE = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Found:
    """The verdict, and what the node has in its rows about the same code."""

    verdict: Verdict
    issued: IssuedSheet | None  # the issued version that was judged; None for a foreign or altered content
    newest: IssuedSheet | None  # of the same code
    event: StatusEvent | None  # what became of ``issued``
    qr_differs: bool = False  # the address names a digest that was never issued


def _bundle(codes: list[str]) -> tuple[list[IssuedSheet], TrustBundle]:
    rows = list(
        IssuedSheet.objects.filter(code__in=codes)
        .select_related("sheet__school", "sheet__school_class", "sheet__pupil")
        .order_by("code", "-version")
    )
    return rows, trust_bundle(rows)


def verify_code(typed: str, digits: str = "") -> Found:
    """What is issued under a code as somebody typed or scanned it.

    :param digits: the first hex digits of the document digest, as the QR code holds them; they choose the
        version. Without them the newest version is judged.
    :raises Unreadable: ``transcript_code_invalid``, ``verify_unknown_kind``; :raises NotFound:
        ``transcript_not_found``.
    """
    rows = queries.issued_by_code(typed)
    bundle = trust_bundle(rows)
    chosen = rows[0]
    if digits:
        matching = [row for row in rows if len(digits) >= 16 and row.digest.startswith(digits)]
        if not matching:
            address = verification_url("https://x", chosen.code, "") + digits
            verdict = verify_address(address, Verifier(bundle), file=chosen.code)
            return Found(verdict, None, rows[0], None, qr_differs=True)
        chosen = matching[0]
    (exported,) = documents.export([chosen])
    verdict = verify_document(exported.xml, bundle, now=clock.now(), file=chosen.code)
    event = queries.statuses([chosen.code]).get((chosen.code, chosen.version))
    return Found(verdict, chosen, rows[0], event)


def verify_upload(name: str, data: bytes) -> Found:
    """Judge an uploaded XML document or PDF rendition.

    :raises Unreadable: not one of these, or beyond the limits of its kind.
    """
    if data.startswith(_PACKAGE):
        raise Unreadable("public_no_package")
    rows, bundle = _bundle(_codes(name, data))
    (verdict,) = verify_file(name, data, bundle, now=clock.now())
    same = [row for row in rows if row.code == verdict.code]
    issued = next((row for row in same if row.digest == verdict.digest), None)
    event = queries.statuses([issued.code]).get((issued.code, issued.version)) if issued else None
    return Found(verdict, issued, same[0] if same else None, event)


def _codes(name: str, data: bytes) -> list[str]:
    """Transcript codes that the file speaks of, as the verifier reads them; nothing is believed yet."""
    now = clock.now()
    if b"%PDF-" in data[:1024]:
        documents_inside, _ = attached_documents(data)
        verdicts = [verify_document(inside, None, now=now) for inside in documents_inside.values()]
    else:
        verdicts = list(verify_file(name, data, None, now=now))
    return [verdict.code for verdict in verdicts if verdict.code]


def address_in_picture(data: bytes) -> tuple[str, str] | None:
    """Code and digest digits of the verification address in a picture; None when it is no picture.

    :raises Unreadable: ``qr_image_unreadable``, ``public_no_qr``, ``public_many_qr``,
        ``offline_code_unreadable``.
    """
    if not data.startswith(_PICTURE):
        return None
    found = read_qr(data)
    addresses = {text for text in found if is_address(text)}
    signed = {text for text in found if is_offline_code(text)}
    if len(signed) == 1 and not addresses:  # the node knows more than the code: it answers from its rows
        content = read_code(signed.pop()).content
        return content.code, content.digest
    if not addresses:
        raise Unreadable("public_no_qr")
    if len(addresses) > 1:
        raise Unreadable("public_many_qr")
    values = parse_qs(urlsplit(addresses.pop()).query, max_num_fields=8)
    return values.get("c", [""])[0], values.get("h", [""])[0]
