"""Files that want to hurt: refused by counting what they would cost, with a sentence, before they cost it."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from hocbaso.core.document import parse
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import HEAD, SIGNATURES_CLOSE, SIGNATURES_OPEN, TAIL
from hocbaso.core.errors import Unreadable
from hocbaso.engines.rendering.reports import render_report
from hocbaso.engines.trust import pades_objects, qr
from hocbaso.engines.trust.conformance import check_file
from hocbaso.engines.trust.paths import Evidence
from hocbaso.engines.trust.verification import Conclusion, Question, verify_document, verify_file
from hocbaso.engines.trust.verification import signatures as signatures_module
from hocbaso.engines.trust.verification.again import Reverifier
from hocbaso.engines.trust.verification.evidence import Vouching
from hocbaso.engines.trust.verification.pdf import attached_documents
from hocbaso.engines.trust.verification.report import report_json, report_of
from hocbaso.engines.trust.verification.sentences import day
from hocbaso.engines.trust.xades import with_unsigned
from tests.unit.engines.trust.test_verify_report import split_stamp
from tests.unit.engines.trust.verify_support import NOW, STAMPED, Pki, School

SCHOOL = School(Pki("TD"))
DOCUMENT = SCHOOL.issue()
BUNDLE = SCHOOL.bundle(DOCUMENT)


def refusal(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        verify_file("tệp", data, BUNDLE, now=NOW)
    assert caught.value.message
    return caught.value.code


def parts() -> tuple[bytes, list[bytes]]:
    split = parse.split_document(DOCUMENT)
    return split.sheet, list(split.signatures)


def document_of(sheet: bytes, signatures: bytes) -> bytes:
    return HEAD + sheet + SIGNATURES_OPEN + signatures + SIGNATURES_CLOSE + TAIL


# --- XML ---------------------------------------------------------------------------------------------------


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE HocBaSo [<!ENTITY a0 "ha">{entities}]><HocBaSo>&a9;</HocBaSo>'.encode()


def quadratic() -> bytes:
    return b'<!DOCTYPE x [<!ENTITY a "' + b"x" * 100_000 + b'">]><HocBaSo>' + b"&a;" * 50_000 + b"</HocBaSo>"


def deep() -> bytes:
    sheet, signatures = parts()
    inside = b"<a>" * 100_000 + b"</a>" * 100_000
    return document_of(sheet.replace(b"</ToNamHoc>", inside + b"</ToNamHoc>"), b"".join(signatures))


def wide() -> bytes:
    sheet, signatures = parts()
    return document_of(
        sheet.replace(b"</ToNamHoc>", b"<a></a>" * 60_000 + b"</ToNamHoc>"), b"".join(signatures)
    )


def many_signatures() -> bytes:
    sheet, signatures = parts()
    return document_of(sheet, b"<ds:Signature></ds:Signature>" * 10_000 + b"".join(signatures))


def large() -> bytes:
    sheet, signatures = parts()
    return document_of(sheet, signatures[0] + b" " * parse.MAX_DOCUMENT)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (laughs, "document_forbidden_markup"),
        (quadratic, "document_forbidden_markup"),
        (many_signatures, "document_too_large"),
        (large, "document_too_large"),
        (deep, "document_too_large"),
    ],
)
def test_a_hostile_document_reaches_neither_parser_nor_signature_reader(
    make: Callable[[], bytes], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(parse.etree, "fromstring", never)
    monkeypatch.setattr(signatures_module, "read_signature", never)
    data = make()
    assert refusal(data) == code
    assert not Reverifier().verify(data)


def shallow() -> bytes:
    sheet, signatures = parts()
    inside = b"<a>" * 30_000 + b"</a>" * 30_000
    return document_of(sheet.replace(b"</ToNamHoc>", inside + b"</ToNamHoc>"), b"".join(signatures))


@pytest.mark.parametrize("make", [wide, shallow])
def test_a_sheet_of_too_many_elements_or_levels_gets_its_verdict_without_a_parser(
    make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parse.etree, "fromstring", lambda *_: pytest.fail("it was parsed"))
    (verdict,) = verify_file("a.xml", make(), BUNDLE, now=NOW)
    assert verdict.conclusion is Conclusion.INVALID
    assert "quá phức tạp" in verdict.check(Question.SCHEMA).sentence


def test_a_signature_with_a_hundred_thousand_references_or_properties_costs_one_reading() -> None:
    sheet, signatures = parts()
    first = signatures[0]
    reference = first[first.index(b"<ds:Reference ") : first.index(b"</ds:Reference>") + 15]
    for monster in (
        first.replace(b"</ds:SignedInfo>", reference * 5_000 + b"</ds:SignedInfo>", 1),
        first.replace(
            b"</ds:X509Data>", b"<ds:X509Certificate>AAAA</ds:X509Certificate>" * 50_000 + b"</ds:X509Data>"
        ),
    ):
        (verdict,) = verify_file(
            "a.xml", document_of(sheet, monster + b"".join(signatures[1:])), BUNDLE, now=NOW
        )
        assert verdict.conclusion is Conclusion.INVALID


def test_evidence_without_end_is_not_looked_at() -> None:
    sheet, signatures = parts()
    stamp = split_stamp(signatures[-1])
    seal = SCHOOL.sign(sheet, list(SCHOOL.holders)[-1], [signatures[-2]])
    crowd = [SCHOOL.pki.sub.der[:-4] + n.to_bytes(4, "big") for n in range(700)]
    swollen = with_unsigned(seal, stamp, crowd)
    assert refusal(document_of(sheet, b"".join(signatures[:-1]) + swollen)) == "document_too_large"
    found = Vouching(BUNDLE).check(Evidence(certificates=tuple(crowd)), ())
    assert found is not None
    assert "quá nhiều" in found.sentence


# --- packages ----------------------------------------------------------------------------------------------


def package(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def test_an_entry_that_unpacks_two_hundredfold_is_no_document() -> None:
    assert refusal(package(("a.xml", b" " * 2_000_000))) == "verify_too_large"
    small = package(("a.xml", b" " * 60_000))
    assert verify_file("g.zip", small, BUNDLE, now=NOW)[0].conclusion is Conclusion.INVALID


def test_a_package_inside_a_package_is_not_opened() -> None:
    inner = package(("a.xml", DOCUMENT))
    assert refusal(package(("trong.zip", inner))) == "verify_package_unreadable"
    (verdict,) = verify_file("g.zip", package(("trong.xml", inner)), BUNDLE, now=NOW)
    assert (verdict.verdict, verdict.error) == ("invalid", "verify_not_transcript")


def test_a_directory_of_a_hundred_thousand_entries_is_counted_and_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = b"a.xml"
    entry = (
        b"PK\x01\x02"
        + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0)
        + name
    )
    directory = entry * 100_000
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, len(directory), 4, 0)
    opened: list[object] = []
    monkeypatch.setattr(zipfile, "ZipFile", lambda *a, **k: opened.append(a))
    assert refusal(b"PK\x03\x04" + directory + end) == "verify_too_large"
    assert not opened


# --- pictures ----------------------------------------------------------------------------------------------


def png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (1, 50_000_000), (6_400, 6_400), (0, 5)])
def test_a_picture_of_absurd_dimensions_is_not_unpacked(size: tuple[int, int]) -> None:
    assert refusal(png_of(*size)) == "qr_image_unreadable"


def test_a_picture_in_a_thousand_scans_is_not_unpacked() -> None:
    out = io.BytesIO()
    Image.new("L", (64, 64), 255).save(out, "JPEG", progressive=True)
    picture = out.getvalue()
    assert qr.read_qr(picture) == ()
    scan = picture[picture.rindex(b"\xff\xda") : -2]
    assert refusal(picture[:-2] + scan * 1_000 + picture[-2:]) == "qr_image_unreadable"


# --- PDF ---------------------------------------------------------------------------------------------------

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
LINK = b"<</Subtype/Link>>"


def pdf_of(objects: dict[int, bytes]) -> bytes:
    out, places = b"%PDF-1.7\n", {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    rows = b"".join(b"%010d 00000 n \n" % places[number] for number in range(1, len(objects) + 1))
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + rows
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + table + trailer


def packed_pdf(pages: int, page: bytes) -> bytes:
    """The page is an object of an object stream."""
    objects = {1: CATALOG, 2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b"4 0 R " * pages), 3: LINK}
    head = b"4 0 "
    raw = zlib.compress(head + page, 9)
    stream = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(raw)
    out, places = b"%PDF-1.7\n", {}
    for number, body in (objects | {5: stream + raw + b"\nendstream"}).items():
        places[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    rows = [
        (0, 0, 0),
        *((1, places[n], 0) for n in (1, 2, 3)),
        (2, 5, 0),
        (1, places[5], 0),
        (1, len(out), 0),
    ]
    data = b"".join(struct.pack(">BIH", *row) for row in rows)
    xref = b"<</Type/XRef/Size 7/W[1 4 2]/Root 1 0 R/Length %d>>\nstream\n" % len(data)
    whole = out + b"6 0 obj\n" + xref + data + b"\nendstream\nendobj\n"
    return whole + b"startxref\n%d\n%%%%EOF\n" % len(out)


def plain(annotations: int) -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/Annots[" + b"4 0 R " * annotations + b"]>>"
    return pdf_of({1: CATALOG, 2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>", 3: page, 4: LINK})


def annotated(count: int) -> bytes:
    return b"<</Type/Page/Parent 2 0 R/Annots[" + b"3 0 R " * count + b"]>>"


def attached(count: int) -> bytes:
    names = b"/Names<</EmbeddedFiles<</Names[" + b"(a)3 0 R " * count + b"]>>>>"
    return pdf_of(
        {
            1: b"<</Type/Catalog/Pages 2 0 R" + names + b">>",
            2: b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
            3: b"<</EF<</F 5 0 R>>>>",
            4: b"<</Type/Page/Parent 2 0 R>>",
            5: b"<</Length 0>>\nstream\n\nendstream",
        }
    )


def test_a_pdf_is_read_in_so_many_steps_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pades_objects._Counted, "left", 20_000)
    for data in (plain(20_000), attached(20_000)):
        with pytest.raises(Unreadable) as caught:
            attached_documents(data)
        assert caught.value.code == "verify_pdf_unreadable"


def test_two_hundred_pages_that_share_a_list_cost_one_list(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = packed_pdf(200, annotated(50))
    assert refusal(shared) == "verify_pdf_without_xml"
    monkeypatch.setattr(pades_objects, "_MOST_LOOKUPS", 5_000)
    assert refusal(shared) == "verify_pdf_unreadable"


def test_object_streams_are_bounded_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = b"".join(b"(%x)" % (n * 2654435761 % 2**32) for n in range(3_000))
    page = b"<</Type/Page/Parent 2 0 R/X[" + noise + b"]>>"
    assert refusal(packed_pdf(1, page)) == "verify_pdf_without_xml"
    monkeypatch.setattr(pades_objects, "_MOST_PACKED", len(page) - 1)
    assert refusal(packed_pdf(1, page)) == "verify_pdf_unreadable"


def test_thousands_of_attachments_are_refused() -> None:
    assert refusal(attached(3_000)) == "verify_too_large"


# --- certificates ------------------------------------------------------------------------------------------


def test_a_certificate_made_anew_over_the_same_key_cannot_stand_in_for_the_one_that_signed() -> None:
    for role, holder in SCHOOL.holders.items():
        name = holder.certificate.subject.rfc4514_string()
        again = SCHOOL.pki.issue("Người khác", key=holder.key)
        own, other = (base64.b64encode(one.der) for one in (holder, again))
        if own not in DOCUMENT:
            continue
        (verdict,) = verify_file("a.xml", DOCUMENT.replace(own, other), BUNDLE, now=NOW)
        assert verdict.conclusion is Conclusion.INVALID, (role, name)


@pytest.mark.parametrize("claimed", [b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00Z"])
@pytest.mark.parametrize("role", [SignerRole.HOMEROOM, SignerRole.SEAL])
def test_a_time_at_the_ends_of_the_calendar_is_only_a_wrong_time(role: SignerRole, claimed: bytes) -> None:
    at = datetime.fromisoformat(claimed.decode())
    document = SCHOOL.issue(times={role: at}, stamped=STAMPED)
    assert document.count(claimed) == 1
    for known in (SCHOOL.bundle(document), None):
        verdict = verify_document(document, known, now=NOW)
        assert (verdict.verdict, verdict.sub_indication) == ("invalid", "SIG_CONSTRAINTS_FAILURE")
        report = report_of(verdict, now=NOW, software="hocbaso")
        assert claimed.decode() in report_json(report)
        assert render_report(report, report_json(report)).startswith(b"%PDF-")
    (found,) = check_file("to.xml", document, SCHOOL.bundle(document), now=NOW)
    assert {one.rule for one in found.violations} & {"HBS-8.05", "HBS-8.06"}


def test_a_certificate_without_an_end_is_spoken_of_like_any_other() -> None:
    assert day(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)) == "31/12/9999"
