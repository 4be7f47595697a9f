"""The sheet's bytes: canonical by construction, exact inverses, and nothing else is read."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from hocbaso.core.document.emit import (
    digest,
    emit,
    short_digest,
    subject_canonical,
    subject_texts,
)
from hocbaso.core.document.model import SchoolLevel, SignerRole, YearSheet
from hocbaso.core.document.names import NS, document_bytes, sheet_canonical
from hocbaso.core.document.parse import MAX_DEPTH, check_limits, parse_sheet, split_document
from hocbaso.core.document.schema import validate
from hocbaso.core.errors import DomainError, Unreadable

from .secondary_sheets import secondary
from .sheets import grade_three, year_sheets

SIGNATURES = [
    b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="ck-cn"><ds:SignatureValue>AA=='
    b"</ds:SignatureValue></ds:Signature>",
    b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="ck-ht"></ds:Signature>',
]


def c14n(element: etree._Element) -> bytes:
    """Inclusive C14N 1.0 of an inner element; lxml's own is right only for a root, so parse it again."""
    return etree.tostring(etree.fromstring(etree.tostring(element, with_tail=False)), method="c14n")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(year_sheets())
def test_every_sheet_is_canonical_valid_and_read_back_exactly(sheet: YearSheet) -> None:
    text = emit(sheet)
    document = document_bytes(text, SIGNATURES)
    root = etree.fromstring(document)
    assert c14n(root.find(f"{{{NS}}}ToNamHoc")) == sheet_canonical(text)
    for subject in root.iter(f"{{{NS}}}MonHoc"):
        assert c14n(subject) == subject_canonical(subject_texts(text)[subject.get("Id")])
    assert parse_sheet(text) == parse_sheet(document) == sheet
    assert emit(parse_sheet(text)) == text
    assert validate(document_bytes(text, [])) == []


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_byte_is_refused_or_changes_the_content(data: st.DataObject) -> None:
    text = emit(grade_three())
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + bytes([text[place] ^ data.draw(st.integers(1, 255))]) + text[place + 1 :]
    try:
        read = parse_sheet(changed)
    except Unreadable:
        return
    assert read != grade_three()
    assert emit(read) == changed


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_byte_outside_sheet_and_signatures_is_pinned(data: st.DataObject) -> None:
    text = emit(grade_three())
    document = document_bytes(text, SIGNATURES)
    assert split_document(document).sheet == text
    assert list(split_document(document).signatures) == SIGNATURES
    sheet_at = document.index(b"<ToNamHoc")
    outside = [*range(sheet_at), *range(sheet_at + len(text), document.index(SIGNATURES[0]))]
    outside += range(len(document) - len(b"</DSCKS></HocBaSo>"), len(document))
    place = data.draw(st.sampled_from(outside))
    changed = (
        document[:place] + bytes([document[place] ^ data.draw(st.integers(1, 255))]) + document[place + 1 :]
    )
    with pytest.raises(Unreadable):
        split_document(changed)


TEXT = emit(grade_three())
DOCUMENT = document_bytes(TEXT, SIGNATURES)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (b'<?xml version="1.0"?>' + DOCUMENT, "document_forbidden_markup"),
        (b"\xef\xbb\xbf" + DOCUMENT, "document_wrapper"),
        (DOCUMENT + b"\n", "document_wrapper"),
        (DOCUMENT.replace(b"<DSCKS>", b"<DSCKS><!-- -->"), "document_forbidden_markup"),
        (DOCUMENT.replace(b"<DSCKS>", b"<DSCKS><ToNamHoc></ToNamHoc>"), "document_wrapper"),
        (DOCUMENT.replace(b"<DSCKS>", b"<DSCKS>" + TEXT), "document_wrapper"),
        (DOCUMENT.replace(b"<DSCKS>", b"<DSCKS><ds:Signature>"), "document_wrapper"),
        (DOCUMENT.replace(b"<ds:SignatureValue>", b"<ds:Signature/>"), "document_wrapper"),
        (DOCUMENT.replace(b"</DSCKS>", b"<ds:KeyInfo></ds:KeyInfo></DSCKS>"), "document_wrapper"),
        (document_bytes(TEXT, SIGNATURES * 16), "document_too_large"),
        (document_bytes(TEXT.replace(b"</ToNamHoc>", b"<ToNamHoc></ToNamHoc>"), []), "document_not_xml"),
        (TEXT.replace(b"<GhiChu>", b"<GhiChu><![CDATA[x]]>"), "document_forbidden_markup"),
        (TEXT.replace(b"<GhiChu>", b"<GhiChu>\n"), "document_not_canonical"),
        (TEXT.replace(b"3A</Lop>", b"&#51;A</Lop>", 1), "document_not_canonical"),
        (TEXT.replace(b"<Lop>3A", b"<Lop x='1'>3A", 1), "document_not_canonical"),
        (TEXT.replace(b"<GhiChu>", b'<GhiChu xmlns:x="urn:x">'), "document_not_canonical"),
        (TEXT.replace(b'Id="mon-toan"', b'Id="mon-khac"'), "document_not_canonical"),
        (TEXT.replace(b"<Lop>3A", b"<Lop>3A<b></b>", 1), "document_not_canonical"),
        (TEXT.replace(b"<PhienBanDinhDang>1.0", b"<PhienBanDinhDang>1.1"), "document_not_canonical"),
        (TEXT.replace(b"<KetQua>", b"<KetQuaKhac>"), "document_not_xml"),
        (TEXT.replace(b"</GhiChu>", b"<Khac></Khac></GhiChu>"), "document_structure"),
        (TEXT.replace(b"<Khoi>3</Khoi>", b""), "document_missing"),
        (TEXT.replace(b"<GhiChu>", b"<GhiChu xmlns=''>"), "document_missing"),
        (TEXT.replace(b"<NamHoc>2025-2026", b"<NamHoc>2025-2027", 1), "document_value"),
        (TEXT.replace(b"<Lop>3A", b"<Lop>&khong;", 1), "document_not_xml"),
        (TEXT.replace(b"<Lop>3A", b"<Lop>\xff", 1), "document_not_xml"),
        (TEXT.replace(b"<Lop>3A", b"<Lop>" + b"a" * 600_000, 1), "document_too_large"),
        (b"", "document_wrapper"),
        (b"%PDF-1.7", "document_wrapper"),
    ],
)
def test_what_the_emitter_would_not_write_is_refused(changed: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse_sheet(changed)
    assert refusal.value.code == code


def test_a_subject_of_another_sheet_is_refused() -> None:
    """Each subject repeats code, version and year, so it cannot be carried over."""
    sheet = grade_three()
    other = emit(dataclasses.replace(sheet, year="2026-2027"))
    mathematics, carried = subject_texts(TEXT)["mon-toan"], subject_texts(other)["mon-toan"]
    with pytest.raises(Unreadable) as refusal:
        parse_sheet(TEXT.replace(mathematics, carried))
    assert refusal.value.code == "document_not_canonical"


def test_depth_and_size_are_refused_before_parsing() -> None:
    with pytest.raises(Unreadable, match="số tầng"):
        check_limits(b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1))
    check_limits(b"<a><b/>" * (MAX_DEPTH - 1) + b"</a>" * (MAX_DEPTH - 1))
    with pytest.raises(Unreadable, match="số phần tử"):
        check_limits(b"<a></a>" * 20_001)


def _with_name(name: str) -> YearSheet:
    sheet = grade_three()
    return dataclasses.replace(sheet, pupil=dataclasses.replace(sheet.pupil, full_name=name))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "document_text_empty"),
        ("Nguyễn\nAn", "document_text_line_break"),
        ("Nguyễn\tAn", "document_text_line_break"),
        ("Nguyễn\x00An", "document_text_character"),
        ("Nguyễn\u00a0An", "document_text_character"),
        ("Nguyễn\u200bAn", "document_text_character"),
        ("Nguyễn \u202eAn", "document_text_character"),
        ("Nguyễn\ud800", "document_text_character"),
        ("Nguyễn\U0001fffe", "document_text_character"),
        (" Nguyễn An", "document_text_space"),
        ("Nguyễn An ", "document_text_space"),
        ("Nguyễn  An", "document_text_space"),
        ("Nguye\u0302\u0303n An", "document_text_not_nfc"),
        ("N" * 301, "document_text_too_long"),
    ],
)
def test_text_that_is_not_exact_is_refused_with_the_field_named(name: str, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        emit(_with_name(name))
    assert refusal.value.code == code
    assert "họ và tên" in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": grade_three().code.replace("79000101", "79000102")}, "transcript_code_invalid"),
        ({"school_level": SchoolLevel.UPPER_SECONDARY}, "document_level_mismatch"),
        ({"version": 2}, "document_replaces"),
        ({"replaces": "ab" * 32, "replace_reason": "Sửa họ tên"}, "document_replaces"),
        ({"version": True}, "document_value"),
        ({"environment": "that"}, "document_value"),
        ({"frozen_at": "2026-05-26T24:00:00Z"}, "document_value"),
        ({"frozen_at": "2026-02-30T08:00:00Z"}, "document_value"),
        ({"nonce": "AB" * 32}, "document_value"),
        ({"grade": 13}, "document_value"),
        ({"place": None}, "document_missing"),
        ({"subjects": grade_three().subjects[:1] * 2}, "document_subject_twice"),
        ({"remarks": ("ghi chú",) * 61}, "document_value"),
    ],
)
def test_values_outside_the_profile_are_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        emit(dataclasses.replace(grade_three(), **change))
    assert refusal.value.code == code


def test_the_digest_is_sha256_of_the_canonical_text() -> None:
    assert digest(TEXT) == hashlib.sha256(sheet_canonical(TEXT)).hexdigest()
    assert short_digest("c48e07b2" + "0" * 56) == "C48E 07B2"


# --- the secondary form ---

SECONDARY = emit(secondary())
D, CD = "Đ".encode(), "CĐ".encode()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"<CaNam>9.3<", b"<CaNam>9.30<", "document_value"),
        (b"<CaNam>9.3<", b"<CaNam>9.0<", "document_value"),
        (b"<CaNam>9.3<", b"<CaNam>09.3<", "document_value"),
        (b"<CaNam>9.3<", b"<CaNam>9,3<", "document_value"),
        (b"<CaNam>9.3<", b"<CaNam>10.1<", "document_value"),
        (b"<CaNam>9.3<", b"<CaNam>-1<", "document_value"),
        (b"<CaNam>9.3<", b"<CaNam><", "document_value"),
        (b"<CaNam>9.3<", b"<CaNam>" + D + b"<", "document_subject_form"),
        (b"<HocKyI>" + CD, b"<HocKyI>5", "document_subject_form"),
        (b"<HocKyI>" + CD, "<HocKyI>C\u0110 ".encode(), "document_value"),
        (b"<HinhThuc>diem", b"<HinhThuc>khac", "document_value"),
        (b"<HinhThuc>diem</HinhThuc>", b"", "document_missing"),
        (b"<CapHoc>2", b"<CapHoc>3", "document_level_mismatch"),
        (b"<CapHoc>2", b"<CapHoc>1", "document_structure"),
        (b"<CapHoc>2", b"<CapHoc>4", "document_value"),
        (b"<SoBuoiNghi>", b"<SucKhoe></SucKhoe><SoBuoiNghi>", "document_missing"),
        (b"<MonKy>toan", b"<MonKy>van-hoc", "document_signer_subject"),
        (b"<MonKy>toan</MonKy>", b"<MonKy>toan</MonKy>" * 2, "document_signer_subject"),
        (b"<KyLuat></KyLuat>", b"<KyLuat><Dong></Dong></KyLuat>", "document_text_empty"),
        (b"<KyLuat></KyLuat>", b"<KyLuat/>", "document_not_canonical"),
        (b"<KyLuat></KyLuat>", b"", "document_missing"),
    ],
)
def test_a_secondary_text_that_the_emitter_would_not_write_is_refused(
    old: bytes, new: bytes, code: str
) -> None:
    assert old in SECONDARY
    with pytest.raises(Unreadable) as refusal:
        parse_sheet(SECONDARY.replace(old, new, 1))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"traits": grade_three().traits}, "document_form_mismatch", "phẩm chất"),
        ({"height_cm": 150}, "document_form_mismatch", "chiều cao"),
        ({"weight_kg": 40}, "document_form_mismatch", "cân nặng"),
        ({"subjects": grade_three().subjects}, "document_form_mismatch", "môn học"),
        ({"result": grade_three().result}, "document_form_mismatch", "kết quả"),
    ],
)
def test_the_two_forms_are_never_mixed(change: dict[str, object], code: str, named: str) -> None:
    with pytest.raises(DomainError) as refusal:
        emit(dataclasses.replace(secondary(), **change))
    assert refusal.value.code == code
    assert named in str(refusal.value)
    mixed = {name: getattr(secondary(), name) for name in ("subjects", "result")}
    for name, value in mixed.items():
        with pytest.raises(DomainError, match="tiểu học"):
            emit(dataclasses.replace(grade_three(), **{name: value}))


def test_only_subject_teachers_are_named_with_subjects_also_in_primary() -> None:
    homeroom, principal = grade_three().responsible
    with pytest.raises(DomainError) as refusal:
        emit(
            dataclasses.replace(
                grade_three(), responsible=(dataclasses.replace(homeroom, subjects=("toan",)),)
            )
        )
    assert refusal.value.code == "document_signer_role"
    teacher = dataclasses.replace(homeroom, role=SignerRole.SUBJECT_TEACHER, subjects=("toan", "dao-duc"))
    named = dataclasses.replace(grade_three(), responsible=(teacher, homeroom, principal))
    assert parse_sheet(emit(named)) == named
    assert validate(document_bytes(emit(named), [])) == []


def test_ten_and_zero_and_tenths_are_the_only_scores() -> None:
    line = secondary().subjects[0]
    for tenths in range(101):
        value = str(tenths // 10) if tenths % 10 == 0 else f"{tenths / 10:.1f}"
        sheet = dataclasses.replace(
            secondary(), subjects=(dataclasses.replace(line, year=value),), responsible=()
        )
        assert parse_sheet(emit(sheet)) == sheet
        assert validate(document_bytes(emit(sheet), [])) == []
