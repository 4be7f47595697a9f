"""Names and algorithm identifiers fixed by the XML profile (``trust.md`` sections 1 and 2)."""

import hashlib

NS = "urn:hocbaso:1"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
XADES141 = "http://uri.etsi.org/01903/v1.4.1#"
C14N10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
FORMAT_VERSION = "1.0"

#: Bytes outside every signature: fixed, and pinned by the verifier.
HEAD = f'<HocBaSo xmlns="{NS}" phienBan="{FORMAT_VERSION}">'.encode()
SIGNATURES_OPEN = b"<DSCKS>"
SIGNATURES_CLOSE = b"</DSCKS>"
TAIL = b"</HocBaSo>"

SHEET_ID = "tnh"
_SHEET_OPEN = f'<ToNamHoc Id="{SHEET_ID}">'.encode()
SHEET_OPEN_CANONICAL = f'<ToNamHoc xmlns="{NS}" Id="{SHEET_ID}">'.encode()
#: A document holds 30 signatures; homeroom teacher, principal and seal are three of them.
MAX_SUBJECT_SIGNATURES = 27
#: Signature Ids by role; a subject teacher's is followed by the first subject's code (signers.py).
SIGNATURE_IDS = {"gvbm": "ck-bm-", "gvcn": "ck-cn", "hieu_truong": "ck-ht", "con_dau": "ck-cd"}


def document_bytes(sheet: bytes, signatures: list[bytes] | tuple[bytes, ...]) -> bytes:
    """The whole document from its canonical ``ToNamHoc`` text and its ``ds:Signature`` texts.

    :param sheet: ``<ToNamHoc Id="tnh">…</ToNamHoc>`` as emitted (without namespace declarations).
    :param signatures: ``<ds:Signature …>…</ds:Signature>`` texts in the order of signing.
    """
    return b"".join([HEAD, sheet, SIGNATURES_OPEN, *signatures, SIGNATURES_CLOSE, TAIL])


def sheet_canonical(sheet: bytes) -> bytes:
    """C14N 1.0 of the emitted ``ToNamHoc`` text: its own text with the namespace in the apex start tag."""
    if not sheet.startswith(_SHEET_OPEN):
        raise ValueError("not the emitted text of a ToNamHoc")
    return SHEET_OPEN_CANONICAL + sheet[len(_SHEET_OPEN) :]


def sheet_digest(sheet: bytes) -> bytes:
    """SHA-256 over the same octets, which are not put together for it.

    :raises ValueError: as :func:`sheet_canonical`.
    """
    if not sheet.startswith(_SHEET_OPEN):
        raise ValueError("not the emitted text of a ToNamHoc")
    state = hashlib.sha256(SHEET_OPEN_CANONICAL)
    state.update(memoryview(sheet)[len(_SHEET_OPEN) :])
    return state.digest()
