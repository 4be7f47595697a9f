"""The published schema: it accepts what we issue and refuses what stands outside the profile."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from hocbaso.core.document.codec import Echo, Many, One, Record, Section
from hocbaso.core.document.emit import digest, emit, subject_canonical, subject_texts
from hocbaso.core.document.layout import SHEET
from hocbaso.core.document.layout_secondary import SECONDARY_SHEET
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import SplitDocument, parse_sheet, split_document
from hocbaso.core.document.schema import SCHEMA_NAMES, schema_files, validate
from hocbaso.engines.trust import xades
from tests.unit.sandbox.cases import NOW, prepare_step, signers

from .secondary_sheets import secondary
from .sheets import grade_three

GOLDEN = Path(__file__).parents[3] / "golden" / "to-nam-hoc-lop-3.xml"
GOLDEN_SECONDARY = {
    6: ("to-nam-hoc-lop-6.xml", "0db2d9c65cb054917ab5ee8a1ab6d2e582fb18023f6da177bb1259010cbbd836"),
    10: ("to-nam-hoc-lop-10.xml", "7c8bcda1e45fe7bb40dcc0b82cdb8e1a8f548907372f00071171c8b85b61de6d"),
}
GOLDEN_DIGEST = "35bf03b82fc32968fd4a7d626fed575d42898f6c409f16f516db1c88fc83cb1a"

SIGNATURE = (
    b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="ck-cn"><ds:SignedInfo>'
    b'<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315">'
    b"</ds:CanonicalizationMethod>"
    b'<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
    b'<ds:Reference URI="#tnh"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256">'
    b"</ds:DigestMethod><ds:DigestValue>AA==</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    b'<ds:SignatureValue Id="ck-cn-sv">AA==</ds:SignatureValue>'
    b"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AA==</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    b'<ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#ck-cn">'
    b"</xades:QualifyingProperties></ds:Object></ds:Signature>"
)
TEXT = emit(grade_three())
DOCUMENT = document_bytes(TEXT, [SIGNATURE])


def test_the_golden_sheet_is_written_byte_for_byte() -> None:
    golden = GOLDEN.read_bytes()
    assert document_bytes(TEXT, []) == golden
    assert parse_sheet(golden) == grade_three()
    assert digest(TEXT) == GOLDEN_DIGEST


@pytest.mark.parametrize("grade", [6, 10])
def test_the_golden_secondary_sheets_are_written_byte_for_byte(grade: int) -> None:
    name, known = GOLDEN_SECONDARY[grade]
    golden, text = GOLDEN.with_name(name).read_bytes(), emit(secondary(grade))
    assert document_bytes(text, []) == golden
    assert parse_sheet(golden) == secondary(grade)
    assert digest(text) == known
    assert validate(golden) == []


def test_a_signed_document_is_valid_also_in_many_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(validate, [DOCUMENT, DOCUMENT.replace(b"<Khoi>3", b"<Khoi>0")] * 20))
    assert answers[::2] == [[]] * 20
    assert all(len(answer) == 1 and "Khoi" in answer[0] for answer in answers[1::2])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'phienBan="1.0"', b'phienBan="1.1"'),
        (b"<PhienBanDinhDang>1.0", b"<PhienBanDinhDang>2.0"),
        (b'Id="tnh"', b'Id="khac"'),
        (b'Id="mon-toan"', b'Id="mon-dao-duc"'),
        (b'Id="ck-cn"', b'Id="tnh"'),
        (b'URI="#tnh"', b'URI="http://example.org/"'),
        (b'URI="#tnh"', b'URI=""'),
        (b"<ds:X509Data>", b"<ds:KeyValue></ds:KeyValue><ds:X509Data>"),
        (b"<DSCKS>", b"<DSCKS><ThemVao></ThemVao>"),
        (b"</DSCKS>", b"</DSCKS><ThemVao></ThemVao>"),
        (b"<PhienBan>1<", b"<PhienBan>01<"),
        (b"<NgaySinh>2017-02-09", b"<NgaySinh>2017-02-30"),
        (b"<DiemKiemTra>9", b"<DiemKiemTra>9.5"),
        (b"<GioiTinh>N\xe1\xbb\xaf", b"<GioiTinh>Kh\xc3\xa1c"),
        (b"<HoTenCha>", b"<HoTenCha> "),
        (b"<GhiChu>", b"<GhiChu><!-- -->"),
        (b"<HocBaSo ", b'<!DOCTYPE x [<!ENTITY e "x">]><HocBaSo '),
        (b"</HocBaSo>", b""),
    ],
)
def test_what_stands_outside_the_profile_is_not_valid(old: bytes, new: bytes) -> None:
    assert old in DOCUMENT
    assert len(validate(DOCUMENT.replace(old, new, 1))) >= 1


def test_no_more_than_thirty_signatures() -> None:
    signatures = [SIGNATURE.replace(b"ck-cn", f"ck-{place}".encode()) for place in range(31)]
    assert validate(document_bytes(TEXT, signatures[:30])) == []
    assert validate(document_bytes(TEXT, signatures)) != []


def test_the_schemas_are_published_under_their_names() -> None:
    files = schema_files()
    assert tuple(files) == SCHEMA_NAMES
    assert all(content.startswith(b"<?xml") for content in files.values())


def test_a_document_signed_by_every_role_is_valid_and_splits_into_its_signatures() -> None:
    teacher, principal, seal = signers()
    mathematics = xades.data_object("mon-toan", subject_canonical(subject_texts(TEXT)["mon-toan"]))
    subject = xades.prepare(
        role=SignerRole.SUBJECT_TEACHER,
        subject="toan",
        objects=[mathematics],
        signing_time=NOW,
        certificate=teacher.certificate,
        chain=teacher.chain,
    )
    signatures: tuple[bytes, ...] = (xades.sign(subject, teacher),)
    for role, signer in (
        (SignerRole.HOMEROOM, teacher),
        (SignerRole.PRINCIPAL, principal),
        (SignerRole.SEAL, seal),
    ):
        step = prepare_step(role, signer, signatures[-1:], sheet=TEXT)
        signatures = (*signatures, xades.sign(step, signer))
    document = document_bytes(TEXT, signatures)
    assert validate(document) == []
    assert split_document(document) == SplitDocument(TEXT, signatures)


# --- the schema and the layout table say the same ---

XS = "{http://www.w3.org/2001/XMLSchema}"
#: Element, least, most, content.
Shape = tuple[str, int, int, tuple["Shape", ...]]


def of_layout(parts: Iterable[Any]) -> tuple[Shape, ...]:
    shapes: list[Shape] = []
    for part in parts:
        if isinstance(part, Section):
            shapes.append((part.element, 1, 1, of_layout(part.parts)))
            continue
        least = 1 if isinstance(part, One | Echo) else 0
        most = part.limit if isinstance(part, Many) else 1
        inner = of_layout(part.node.parts) if isinstance(part.node, Record) else ()
        shapes.append((part.node.element, least, most, inner))
    return tuple(shapes)


def of_schema(node: Any, branch: int, optional: bool = False, root: Any = None) -> tuple[Shape, ...]:
    """The content of a type, sequence or group; of every choice the branch of one form."""
    root = node.getroottree().getroot() if root is None else root
    shapes: list[Shape] = []
    for child in node:
        if child.tag == XS + "choice":
            shapes += of_schema([child[branch]], branch, root=root)
        elif child.tag == XS + "sequence":
            shapes += of_schema(child, branch, child.get("minOccurs") == "0")
        elif child.tag == XS + "group":
            shapes += of_schema(root.find(f"{XS}group[@name='{child.get('ref')}']"), branch)
        elif child.tag == XS + "element":
            kind = child.find(f"{XS}complexType")
            if kind is None:
                kind = root.find(f"{XS}complexType[@name='{child.get('type')}']")
            inner = () if kind is None else of_schema(kind, branch)
            least = 0 if optional else int(child.get("minOccurs", "1"))
            shapes.append((child.get("name"), least, int(child.get("maxOccurs", "1")), inner))
    return tuple(shapes)


@pytest.mark.parametrize(
    ("layout", "branch"), [(SHEET, 0), (SECONDARY_SHEET, 1)], ids=["primary", "secondary"]
)
def test_the_schema_names_the_same_elements_in_the_same_order_as_the_layout(
    layout: Record, branch: int
) -> None:
    root = etree.fromstring(schema_files()[SCHEMA_NAMES[0]])
    kind = root.find(f"{XS}complexType[@name='ToNamHoc']")
    assert of_schema(kind, branch) == of_layout(layout.parts)
