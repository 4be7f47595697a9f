"""Any file that people hold is recognised by its content; what could do harm is refused with a sentence."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import digest
from hocbaso.core.document.model import SchoolLevel, SignerRole
from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import Unreadable
from hocbaso.engines.rendering import Booklet, SealStamp, SheetView, render_booklet, render_sheet
from hocbaso.engines.trust import pades
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.qr import qr_png, verification_url
from hocbaso.engines.trust.verification import Question, Result, Verdict, verify_file
from hocbaso.sandbox.tsa import SandboxStamper
from tests.unit.engines.trust.verify_support import (
    DAY,
    NOW,
    STAMPED,
    T0,
    Holder,
    Pki,
    School,
    sheet_of,
)

SCHOOL = School(Pki("F"))
FOREIGN = School(Pki("G"))
SHEET = sheet_of()


@lru_cache(maxsize=1)
def issued() -> bytes:
    return SCHOOL.issue(SHEET)


@lru_cache(maxsize=1)
def bundle() -> TrustBundle:
    return SCHOOL.bundle(issued())


@lru_cache(maxsize=1)
def document_digest() -> str:
    return digest(split_document(issued()).sheet)


def only(name: str, data: bytes, given: TrustBundle | None = None) -> Verdict:
    (verdict,) = verify_file(name, data, given or bundle(), now=NOW)
    return verdict


def refusal(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        verify_file("tệp", data, bundle(), now=NOW)
    return caught.value.code


def view(document: bytes | None = None) -> SheetView:
    seal = SealStamp("Trường Tiểu học Hoa Mai", "2026-05-01T05:00:00Z", True)
    address = verification_url("https://hocba.example", SHEET.code, document_digest())
    return SheetView(SHEET, document_digest(), document or issued(), (), seal, address)


@lru_cache(maxsize=4)
def rendition(document: bytes | None = None) -> bytes:
    return render_sheet(view(document))


def sealed(
    pdf: bytes, holder: Holder | None = None, school: School = SCHOOL, at: datetime = T0 + DAY
) -> bytes:
    signer = school.signer(holder or school.holders[SignerRole.SEAL])
    stamper = SandboxStamper(school.tsa.key, (school.tsa.certificate, school.pki.sub.certificate), lambda: at)
    return pades.seal_pdf(
        pdf, signer, stamper, name="Trường", reason="Phát hành", location="Bình Thạnh", signing_time=at
    )


@lru_cache(maxsize=1)
def sealed_rendition() -> bytes:
    return sealed(rendition())


# --- XML and names -----------------------------------------------------------------------------------------


def test_the_content_decides_and_not_the_name() -> None:
    assert only("ảnh.pdf", issued()).verdict == "valid"
    assert only("ảnh.pdf", issued()).file == "ảnh.pdf"


# --- PDF ---------------------------------------------------------------------------------------------------


def test_a_sealed_rendition_is_valid_with_its_xml() -> None:
    verdict = only("hb.pdf", sealed_rendition())
    assert verdict.verdict == "valid", verdict.reason
    assert verdict.rendition is not None
    parts = verdict.to_json()["rendition"]
    assert [parts[name]["result"] for name in ("seal", "whole", "attachment", "archive")] == ["ok"] * 4
    assert (parts["level"], parts["archive_time_stamps"]) == ("B-T", [])
    assert verdict.code == SHEET.code


def test_a_rendition_without_seal_is_not_conclusive_although_its_xml_is_good() -> None:
    verdict = only("hb.pdf", rendition())
    assert verdict.verdict == "indeterminate"
    assert {check.result for check in verdict.checks.values()} == {Result.OK}


def test_a_rendition_altered_after_sealing_is_refused_and_says_so() -> None:
    changed = bytearray(sealed_rendition())
    changed[3000] ^= 1
    appended = sealed_rendition() + b"\n% them\n"
    for data in (bytes(changed), appended):
        verdict = only("hb.pdf", data)
        assert verdict.verdict == "invalid"
        assert verdict.rendition is not None
        assert verdict.rendition.whole.result is Result.FAILED
        assert "PDF" in verdict.reason


def test_a_rendition_sealed_by_somebody_else_is_refused() -> None:
    teacher = only("hb.pdf", sealed(rendition(), SCHOOL.holders[SignerRole.HOMEROOM]))
    foreign = only("hb.pdf", sealed(rendition(), school=FOREIGN))
    assert (teacher.verdict, foreign.verdict) == ("invalid", "invalid")
    assert "không phải con dấu số của Trường Tiểu học Hoa Mai" in teacher.reason


def test_a_good_seal_does_not_save_altered_xml() -> None:
    altered = issued().replace(b"<DiemKiemTra>9<", b"<DiemKiemTra>10<", 1)
    verdict = only("hb.pdf", sealed(rendition(altered)))
    assert verdict.verdict == "invalid"
    assert verdict.check(Question.INTACT).result is Result.FAILED
    assert verdict.rendition is not None
    assert verdict.rendition.whole.result is Result.OK


def test_without_a_bundle_the_rendition_is_not_conclusive() -> None:
    (verdict,) = verify_file("hb.pdf", sealed_rendition(), None, now=NOW)
    assert verdict.verdict == "indeterminate"
    assert verdict.rendition is not None
    assert verdict.rendition.whole.result is Result.OK


def test_a_booklet_is_as_good_as_its_worst_year() -> None:
    code = new_code(SchoolLevel.PRIMARY, "79", "79000101", 2024, bytes(8))
    earlier = replace(SHEET, code=code, year="2024-2025", nonce="5a" * 32, grade=2)
    document = SCHOOL.issue(earlier)
    given = SCHOOL.bundle(issued(), document)
    old = replace(view(), sheet=earlier, xml=document)
    pdf = sealed(render_booklet(Booklet((old, view()))))
    assert only("hb.pdf", pdf, given).verdict == "valid"
    altered = replace(old, xml=document.replace(b"<DiemKiemTra>9<", b"<DiemKiemTra>10<", 1))
    worse = only("hb.pdf", sealed(render_booklet(Booklet((altered, view())))), given)
    assert worse.verdict == "invalid"
    assert "2024-2025" in worse.reason


def test_a_pdf_without_our_attachment_is_refused() -> None:
    drawn = render_sheet(replace(view(), xml=b""))
    assert refusal(drawn) == "verify_pdf_without_xml"


def _pdf(*objects: bytes) -> bytes:
    """A small PDF by hand, with a right cross-reference table."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def attached(stream: bytes, *, filters: bytes = b"/FlateDecode", name: bytes = b"hocba.xml") -> bytes:
    return _pdf(
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(%s) 4 0 R]>>>>>>" % name,
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 10 10]>>",
        b"<</Type/Filespec/F(%s)/UF(%s)/EF<</F 5 0 R>>>>" % (name, name),
        b"<</Type/EmbeddedFile/Filter %s/Length %d>>\nstream\n%s\nendstream" % (filters, len(stream), stream),
    )


def test_a_hand_made_pdf_reaches_the_attachment() -> None:
    verdict = only("hb.pdf", attached(zlib.compress(issued())))
    assert verdict.verdict == "indeterminate"
    assert verdict.check(Question.INTACT).result is Result.OK


def test_pdf_bombs_are_refused() -> None:
    bomb = zlib.compress(b"\0" * (200 * 1024 * 1024), 9)
    assert refusal(attached(bomb)) in ("verify_pdf_unreadable", "verify_too_large")
    doubled = zlib.compress(zlib.compress(b"\0" * (100 * 1024 * 1024), 9), 9)
    assert refusal(attached(doubled, filters=b"[/FlateDecode/FlateDecode]")) in (
        "verify_pdf_unreadable",
        "verify_too_large",
    )
    assert refusal(b"%PDF-1.7\n" + b"0" * (17 * 1024 * 1024)) == "verify_too_large"


def test_pdf_whose_tree_bites_its_tail_is_refused() -> None:
    ring = _pdf(
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 3 0 R>>>>",
        b"<</Type/Pages/Count 1/Kids[2 0 R]>>",
        b"<</Kids[3 0 R 3 0 R]>>",
    )
    assert refusal(ring) == "verify_pdf_unreadable"


@given(st.dictionaries(st.floats(0, 1, exclude_max=True), st.integers(1, 255), min_size=1, max_size=3))
@settings(max_examples=80, deadline=None)
def test_no_damaged_pdf_is_valid_or_ends_in_a_crash(damage: dict[float, int]) -> None:
    pdf = bytearray(sealed_rendition())
    for position, mask in {int(place * len(pdf)): mask for place, mask in damage.items()}.items():
        pdf[position] ^= mask
    with contextlib.suppress(Unreadable):
        assert not only("hb.pdf", bytes(pdf)).valid


# --- QR ----------------------------------------------------------------------------------------------------


def address(code: str = SHEET.code, digits: str | None = None) -> bytes:
    return verification_url("https://hocba.example", code, digits or document_digest()).encode()


def test_a_qr_address_is_answered_from_status_log_and_latest_version() -> None:
    verdict = only("qr.txt", address() + b"\n")
    assert (verdict.verdict, verdict.code, verdict.version) == ("valid", SHEET.code, 1)
    assert verdict.digest == document_digest()
    asked = {q for q in Question if verdict.check(q).result is Result.OK}
    assert asked == {Question.STATUS, Question.LOGGED, Question.LATEST}
    assert "so nội dung trên giấy" in verdict.reason
    assert verdict.environment == "thu_nghiem"


def test_a_picture_of_the_qr_code_is_read() -> None:
    assert only("qr.png", qr_png(address().decode())).verdict == "valid"
    assert refusal(qr_png("https://example.org/")) == "verify_unknown_kind"


def test_a_qr_address_of_another_digest_an_unknown_code_or_a_revoked_sheet() -> None:
    assert only("qr", address(digits="0" * 16)).verdict == "invalid"
    (alone,) = verify_file("qr", address(), None, now=NOW)
    assert alone.verdict == "indeterminate"
    assert only("qr", address(), replace(bundle(), status=(), latest=())).verdict == "indeterminate"
    revoked = replace(bundle().status[0], state="revoked", since=STAMPED)
    assert only("qr", address(), replace(bundle(), status=(revoked,))).verdict == "invalid"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("xin chào", "verify_unknown_kind"),
        ("https://hocba.example/xac-thuc?c=1", "verify_unknown_kind"),
        ("https://hocba.example/xac-thuc?c=HB-1&h=" + "0" * 16, "transcript_code_invalid"),
        ("https://hocba.example/xac-thuc?c=a&c=b&h=" + "0" * 16, "verify_unknown_kind"),
        ("https://hocba.example/xac-thuc?h=" + "0" * 16 + "&c=" + "x" * 3000, "verify_unknown_kind"),
    ],
)
def test_text_that_is_no_verification_address_is_refused(text: str, code: str) -> None:
    assert refusal(text.encode()) == code


# --- ZIP ---------------------------------------------------------------------------------------------------


def package(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name.replace("__", "."), content)
    return out.getvalue()


def test_a_package_gets_a_verdict_for_every_sheet() -> None:
    altered = issued().replace(b"<DiemKiemTra>9<", b"<DiemKiemTra>10<", 1)
    found = verify_file("g.zip", package(a__xml=issued(), b__xml=altered, c__xml=b"<a/>"), bundle(), now=NOW)
    assert [verdict.verdict for verdict in found] == ["valid", "invalid", "invalid"]
    assert [verdict.file for verdict in found] == ["g.zip/a.xml", "g.zip/b.xml", "g.zip/c.xml"]
    assert found[2].to_json()["error"] == "verify_not_transcript"


def test_zip_bombs_and_strange_packages_are_refused() -> None:
    assert refusal(package(a__xml=b"\0" * (9 * 1024 * 1024))) == "verify_too_large"
    assert refusal(package(**{f"n{i}__xml": b"" for i in range(5_001)})) == "verify_too_large"
    assert refusal(package(a__exe=b"MZ")) == "verify_package_unreadable"
    assert refusal(package(a__xml=issued())[:-30]) == "verify_package_unreadable"
    assert refusal(b"PK\x03\x04" + b"\0" * 100) == "verify_package_unreadable"


def test_a_package_whose_entry_lies_about_its_size_is_bounded_all_the_same() -> None:
    lying = bytearray(package(a__xml=b"\0" * (40 * 1024 * 1024)))
    place = lying.index(b"PK\x01\x02")
    lying[place + 24 : place + 28] = struct.pack("<I", 10)
    assert refusal(bytes(lying)) in ("verify_package_unreadable", "verify_too_large", "verify_empty")


@given(st.binary(max_size=400) | st.binary(max_size=80).map(lambda tail: b"PK\x03\x04" + tail))
@settings(max_examples=150, deadline=None)
def test_rubbish_is_refused_with_a_code_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Unreadable):
        verify_file("tệp", data, None, now=NOW)
