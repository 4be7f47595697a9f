"""Secondary sheets: who must have signed which subject, by whose authority; what an attacker would move."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import emit, subject_canonical, subject_texts
from hocbaso.core.document.model import SchoolLevel, YearSheet
from hocbaso.core.document.names import MAX_SUBJECT_SIGNATURES, document_bytes, sheet_canonical
from hocbaso.core.document.parse import MAX_SIGNATURES, split_document
from hocbaso.core.document.schema import validate
from hocbaso.core.document.signers import (
    signatures_of_subject,
    subject_signatures,
    subjects_without_signer,
)
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.verification import Question, Result, Verdict, verify_document
from hocbaso.engines.trust.verification.plan import slice_sheet
from hocbaso.engines.trust.xades import data_object, subject_objects
from tests.unit.core.document.secondary_sheets import TEACHERS, staff_code, teacher
from tests.unit.core.document.sheets import grade_three
from tests.unit.engines.trust.secondary_support import (
    GVBM,
    many_subjects,
    new_school,
    shared_out,
    sheet_of,
)
from tests.unit.engines.trust.verify_support import NOW, STAMPED

SCHOOL = new_school()
SHEET = sheet_of(6)
TEXT = emit(SHEET)


@lru_cache(maxsize=1)
def teachers() -> tuple[bytes, ...]:
    return tuple(SCHOOL.teachers_of(SHEET, TEXT))


@lru_cache(maxsize=1)
def issued() -> bytes:
    return SCHOOL.issue_secondary(SHEET, teachers())


@lru_cache(maxsize=1)
def bundle() -> TrustBundle:
    return SCHOOL.secondary_bundle(issued(), SHEET)


def judge(document: bytes, given: TrustBundle | None = None) -> Verdict:
    return verify_document(document, given or bundle(), now=NOW)


def judge_teachers(made: list[bytes] | tuple[bytes, ...], sheet: YearSheet = SHEET) -> Verdict:
    """The verdict when these are the subject teachers' signatures and all the others bind them rightly."""
    document = SCHOOL.issue_secondary(sheet, made)
    return judge(document, SCHOOL.secondary_bundle(document, sheet))


def assert_invalid(verdict: Verdict, question: Question, words: str = "") -> None:
    assert verdict.verdict == "invalid", verdict.reason
    assert verdict.check(question).result is Result.FAILED, verdict.check(question)
    assert words in verdict.check(question).sentence


# --- what is right ---


@pytest.mark.parametrize("count", [1, 2, 9, 13])
def test_a_sheet_that_its_teachers_signed_is_valid(count: int) -> None:
    sheet = shared_out(count)
    document = SCHOOL.issue_secondary(sheet)
    verdict = judge(document, SCHOOL.secondary_bundle(document, sheet))
    assert verdict.verdict == "valid", verdict.reason
    assert validate(document) == []
    signed = [subject for answer in verdict.signatures for subject in answer.subjects]
    assert sorted(signed) == sorted(line.code for line in sheet.subjects if line.exempt is None)
    assert [answer.role for answer in verdict.signatures][-3:] == ["gvcn", "hieu_truong", "con_dau"]
    assert len(verdict.signatures) == count + 3
    assert all(answer.valid for answer in verdict.signatures)


def test_what_a_teacher_signs_is_what_a_canonicaliser_makes_of_the_whole_document() -> None:
    root = etree.fromstring(issued())
    slices = slice_sheet(TEXT)
    texts = subject_texts(TEXT)
    nodes = root.findall(".//{*}MonHoc")
    assert len(nodes) == len(texts) == 13
    for node in nodes:
        name = node.get("Id")
        # lxml is wrong on inner elements of a tree; a text of its own keeps the namespace in scope
        apart = etree.fromstring(etree.tostring(node, with_tail=False))
        octets = etree.tostring(apart, method="c14n")
        assert octets == subject_canonical(texts[name])
        (made,) = subject_objects(TEXT, [name.removeprefix("mon-")])
        assert made == data_object(name, octets)
        assert made.digest == slices.subjects[name]


def test_subjects_are_signed_in_the_order_of_the_sheet_and_only_those_that_exist() -> None:
    assert [item.target for item in subject_objects(TEXT, ["tin-hoc", "toan"])] == ["mon-toan", "mon-tin-hoc"]
    for codes, code in ([["van"], "xades_no_such_subject"], [[], "xades_not_signable"]):
        with pytest.raises(DomainError) as refused:
            subject_objects(TEXT, codes)
        assert refused.value.code == code
    with pytest.raises(DomainError):
        subject_objects(TEXT, ["toan", "toan"])


def test_an_exempt_subject_needs_no_signature_unless_a_result_stands_there() -> None:
    line = SHEET.subjects[-1]
    assert line.exempt is not None
    assert line.code not in signatures_of_subject(SHEET)
    half = replace(SHEET, subjects=(*SHEET.subjects[:-1], replace(line, term1="7.5")))
    assert signatures_of_subject(half)[line.code] == 1
    assert subjects_without_signer(half) == (line.code,)
    assert subjects_without_signer(SHEET) == ()
    assert_invalid(judge_teachers(SCHOOL.teachers_of(half, emit(half)), half), Question.SIGNATURES, line.name)


def test_the_verdict_names_every_subject_of_a_signature() -> None:
    first = judge(issued()).to_json()["signatures"][0]
    assert first["subject"] == "ngu-van"
    assert first["subjects"] == ["ngu-van", "giao-duc-cong-dan"]


# --- team-taught subjects ---


def team() -> YearSheet:
    """Two teachers sign natural sciences, the second one technology beside it."""
    people = (
        *(person for person in SHEET.responsible if person.role is GVBM and person.staff_code != "CB0005"),
        teacher(4, "khoa-hoc-tu-nhien"),
        teacher(9, "khoa-hoc-tu-nhien"),
    )
    chain = (person for person in SHEET.responsible if person.role is not GVBM)
    return replace(SHEET, responsible=(*people, *chain))


def test_of_a_team_all_sign_with_ids_that_follow_the_list() -> None:
    sheet = team()
    wanted = {item.signature_id: item.person.staff_code for item in subject_signatures(sheet)}
    assert wanted["ck-bm-khoa-hoc-tu-nhien"] == staff_code(4)
    assert wanted["ck-bm-khoa-hoc-tu-nhien.2"] == staff_code(9)
    document = SCHOOL.issue_secondary(sheet)
    assert b' Id="ck-bm-khoa-hoc-tu-nhien.2"><ds:SignedInfo>' in document
    assert validate(document) == []
    verdict = judge(document, SCHOOL.secondary_bundle(document, sheet))
    assert verdict.verdict == "valid", verdict.reason


def test_one_of_a_team_alone_is_not_enough_and_cannot_sign_for_the_other() -> None:
    sheet = team()
    text = emit(sheet)
    made = SCHOOL.teachers_of(sheet, text)
    alone = [one for one in made if b"tu-nhien.2" not in one]
    assert_invalid(judge_teachers(alone, sheet), Question.SIGNATURES, "Khoa học tự nhiên")
    same = SCHOOL.holder(staff_code(4), TEACHERS[4])
    twice = [
        SCHOOL.teach(text, ["khoa-hoc-tu-nhien"], number=2, holder=same) if b"tu-nhien.2" in one else one
        for one in made
    ]
    assert_invalid(judge_teachers(twice, sheet), Question.SIGNATURES, "Khoa học tự nhiên")


def test_a_second_certificate_of_one_does_not_sign_for_the_other_of_a_team() -> None:
    sheet = team()
    text = emit(sheet)
    other = SCHOOL.pki.issue("Huỳnh Thị Khoa (thẻ thứ hai)")
    made = [
        SCHOOL.teach(text, ["khoa-hoc-tu-nhien"], number=2, holder=other) if b"tu-nhien.2" in one else one
        for one in SCHOOL.teachers_of(sheet, text)
    ]
    document = SCHOOL.issue_secondary(sheet, made)
    entries = SCHOOL.entries(sheet)
    own = next(entry for entry in entries if entry.staff_code == staff_code(4))
    school = new_school()
    school.holders = {GVBM: other}
    second = replace(
        own,
        certificate_sha256=school.register()[0].certificate_sha256,
        serial=school.register()[0].serial,
    )
    verdict = judge(document, SCHOOL.bundle(document, authority=(*entries, second)))
    assert_invalid(verdict, Question.AUTHORITY, TEACHERS[9])


@pytest.mark.parametrize("number", [3, 29])
def test_a_number_that_does_not_follow_is_refused(number: int) -> None:
    sheet = team()
    text = emit(sheet)
    made = [
        SCHOOL.teach(
            text,
            ["khoa-hoc-tu-nhien"],
            number=number,
            holder=SCHOOL.holder(staff_code(9), TEACHERS[9]),
        )
        if b"tu-nhien.2" in one
        else one
        for one in SCHOOL.teachers_of(sheet, text)
    ]
    assert judge_teachers(made, sheet).verdict == "invalid"


# --- how many ---


def test_twenty_seven_teachers_sign_one_sheet_and_no_more() -> None:
    assert MAX_SUBJECT_SIGNATURES == MAX_SIGNATURES - 3
    most = many_subjects(MAX_SUBJECT_SIGNATURES)
    document = SCHOOL.issue_secondary(most)
    assert validate(document) == []
    assert judge(document, SCHOOL.secondary_bundle(document, most)).verdict == "valid"
    with pytest.raises(DomainError) as refused:
        emit(many_subjects(MAX_SUBJECT_SIGNATURES + 1))
    assert refused.value.code == "document_too_many_signers"
    text = emit(most)
    made = [SCHOOL.teach(text, [f"mon-{n}"]) for n in range(MAX_SUBJECT_SIGNATURES)]
    with pytest.raises(DomainError) as refused:
        SCHOOL.chain_over(text, [*made, SCHOOL.teach(text, ["mon-0"], number=2)])
    assert refused.value.code == "xades_too_many_teachers"


# --- who ---


def changed(**changes: object) -> Verdict:
    """The verdict when the register says something else of the teacher of mathematics."""
    return judge(issued(), SCHOOL.secondary_bundle(issued(), SHEET, {staff_code(1): changes}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subjects": ("ngu-van",)}, "không được giao ký môn Toán"),
        ({"subjects": ()}, "không được giao ký môn Toán"),
        ({"subjects": None, "subject": "tin-hoc"}, "không được giao ký môn Toán"),
        ({"class_name": "6A2"}, "không được giao ký lớp 6A1"),
        ({"valid_to": STAMPED - timedelta(seconds=1)}, "không có quyền ký"),
        ({"valid_from": STAMPED + timedelta(seconds=1)}, "không có quyền ký"),
        ({"school": "79000999"}, "không được đăng ký"),
        ({"role": "gvcn"}, "chỉ được đăng ký ký với vai trò"),
        ({"staff_code": "CB0077"}, "không phải người được giao"),
    ],
)
def test_authority_is_for_this_class_subject_person_and_time(changes: dict[str, object], words: str) -> None:
    verdict = changed(**changes)
    assert_invalid(verdict, Question.AUTHORITY, words)
    assert [a.valid for a in verdict.signatures if a.subject == "toan"] == [False]


@pytest.mark.parametrize(
    "changes",
    [
        {"subjects": None, "class_name": None},
        {"subjects": ("toan", "tin-hoc")},
        {"subjects": None, "subject": "toan"},
        {"staff_code": None},
        {"valid_to": STAMPED, "valid_from": STAMPED},
    ],
)
def test_a_wider_or_exactly_fitting_entry_is_authority_enough(changes: dict[str, object]) -> None:
    assert changed(**changes).verdict == "valid"


def test_another_name_under_an_unknown_staff_code_is_told_but_harms_nobody() -> None:
    renamed = replace(SHEET.responsible[1], name="Nguyễn Bá Hoàn")
    assert renamed.staff_code == staff_code(1)
    sheet = replace(SHEET, responsible=(SHEET.responsible[0], renamed, *SHEET.responsible[2:]))
    document = SCHOOL.issue_secondary(sheet)
    unknown = {"staff_code": None, "name": "Nguyễn Bá Toàn"}
    verdict = judge(document, SCHOOL.secondary_bundle(document, sheet, {staff_code(1): unknown}))
    assert verdict.verdict == "valid"
    assert "Nguyễn Bá Hoàn" in verdict.check(Question.AUTHORITY).sentence
    known = judge(document, SCHOOL.secondary_bundle(document, sheet))
    assert known.verdict == "valid"
    assert "Lưu ý" not in next(a.reason for a in known.signatures if a.subject == "toan")


def test_a_substitute_named_in_the_sheet_signs_in_place_of_the_teacher() -> None:
    stand_in = replace(
        teacher(11, "toan"), title="Giáo viên ký thay", decision="Quyết định số 3/QĐ-PV ngày 20/05/2026"
    )
    sheet = replace(SHEET, responsible=(SHEET.responsible[0], stand_in, *SHEET.responsible[2:]))
    document = SCHOOL.issue_secondary(sheet)
    assert judge(document, SCHOOL.secondary_bundle(document, sheet)).verdict == "valid"


# --- what an attacker would move ---


@pytest.mark.parametrize("gone", range(9))
def test_without_one_teacher_the_sheet_is_invalid_and_the_subjects_are_named(gone: int) -> None:
    made = [one for number, one in enumerate(teachers()) if number != gone]
    verdict = judge_teachers(made)
    subjects = subject_signatures(SHEET)[gone].subjects
    for line in SHEET.subjects:
        if line.code in subjects:
            assert_invalid(verdict, Question.SIGNATURES, line.name)
            assert line.name in verdict.reason


def test_a_signature_taken_out_afterwards_breaks_the_homeroom_teachers() -> None:
    sheet, signatures = split_document(issued()).sheet, split_document(issued()).signatures
    verdict = judge(document_bytes(sheet, signatures[1:]))
    assert_invalid(verdict, Question.SIGNATURES, "giáo viên chủ nhiệm")


@pytest.mark.parametrize(("one", "other"), [(0, 1), (3, 7), (0, 8)])
def test_teachers_in_another_order_are_refused_with_that_reason(one: int, other: int) -> None:
    swapped = list(teachers())
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert_invalid(judge_teachers(swapped), Question.SIGNATURES, "thứ tự môn học")
    rest = split_document(issued()).signatures[9:]
    assert_invalid(judge(document_bytes(TEXT, [*swapped, *rest])), Question.SIGNATURES, "thứ tự môn học")


def carry(subject: str, changes: dict[str, object]) -> Verdict:
    """A good subject of another sheet, with its teacher's signature, in place of the sheet's own."""
    other = emit(replace(SHEET, **changes))  # type: ignore[arg-type]
    mine, theirs = subject_texts(TEXT)[f"mon-{subject}"], subject_texts(other)[f"mon-{subject}"]
    assert mine != theirs
    forged = TEXT.replace(mine, theirs)
    place, by = next(
        (place, item) for place, item in enumerate(subject_signatures(SHEET)) if subject in item.subjects
    )
    holder = SCHOOL.holder(by.person.staff_code, by.person.name)
    made = list(teachers())
    made[place] = SCHOOL.teach(other, [subject], holder=holder)
    return judge(document_bytes(forged, [*made, *SCHOOL.chain_over(forged, made)]))


@pytest.mark.parametrize(
    "changes",
    [
        {"code": new_code(SchoolLevel.LOWER_SECONDARY, "79", "79000202", 2025, bytes(8))},
        {"version": 2, "replaces": "ab" * 32, "replace_reason": "Sửa điểm"},
        {"year": "2024-2025"},
    ],
    ids=["another pupil", "another version", "another year"],
)
def test_a_subject_carried_over_with_its_signature_is_refused_even_under_a_complete_chain(
    changes: dict[str, object],
) -> None:
    verdict = carry("toan", changes)
    assert_invalid(verdict, Question.SCHEMA, "từng byte")


def test_a_signature_alone_carried_over_to_another_pupil_is_refused() -> None:
    other = emit(replace(SHEET, code=new_code(SchoolLevel.LOWER_SECONDARY, "79", "79000202", 2025, bytes(8))))
    made = [SCHOOL.teach(other, ["toan"], holder=SCHOOL.holder(staff_code(1), TEACHERS[1]))]
    made = [teachers()[0], *made, *teachers()[2:]]
    assert_invalid(judge_teachers(made), Question.INTACT)


def test_two_subjects_whose_results_are_swapped_are_seen() -> None:
    texts = subject_texts(TEXT)
    one, two = texts["mon-toan"], texts["mon-cong-nghe"]
    swapped = TEXT.replace(one, b"@").replace(two, one).replace(b"@", two)
    assert judge(document_bytes(swapped, split_document(issued()).signatures)).verdict == "invalid"
    inside = TEXT.replace(b"<CaNam>9.3<", b"<CaNam>8<", 1)
    verdict = judge(document_bytes(inside, split_document(issued()).signatures))
    assert_invalid(verdict, Question.INTACT)


def test_a_subject_that_stands_twice_or_beside_the_sheet_is_refused() -> None:
    subject = subject_texts(TEXT)["mon-toan"]
    signatures = split_document(issued()).signatures
    twice = TEXT.replace(b"</MonHocs>", subject + b"</MonHocs>")
    assert_invalid(judge(document_bytes(twice, signatures)), Question.INTACT, "mon-toan")
    outside = issued().replace(b"<DSCKS>", subject + b"<DSCKS>")
    assert judge(outside).verdict == "invalid"
    wrapped = b"<ds:Object>" + subject + b"</ds:Object></ds:Signature>"
    inside = signatures[0].replace(b"</ds:Signature>", wrapped)
    assert judge(document_bytes(TEXT, [inside, *signatures[1:]])).verdict == "invalid"


def test_a_signature_over_other_subjects_than_its_id_names_is_refused() -> None:
    renamed = teachers()[0].replace(b"ck-bm-ngu-van", b"ck-bm-giao-duc-cong-dan")
    assert judge_teachers([renamed, *teachers()[1:]]).verdict == "invalid"
    again = SCHOOL.teach(TEXT, ["toan"], number=2, holder=SCHOOL.holder(staff_code(1), TEACHERS[1]))
    assert judge_teachers([*teachers()[:1], again, *teachers()[2:]]).verdict == "invalid"
    homeroom = SCHOOL.sign(TEXT, GVBM, subject="toan", holder=SCHOOL.holders[GVBM])
    assert_invalid(
        judge_teachers([teachers()[0], homeroom, *teachers()[2:]]), Question.AUTHORITY, "không được đăng ký"
    )


@settings(max_examples=150, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_no_changed_byte_of_a_secondary_document_stays_valid(place: float, mask: int) -> None:
    at = int(place * len(issued()))
    changed_bytes = issued()[:at] + bytes([issued()[at] ^ mask]) + issued()[at + 1 :]
    try:
        verdict = judge(changed_bytes)
    except Unreadable:
        return
    assert verdict.verdict != "valid"


# --- primary: "giáo viên môn ký" ---


def test_a_primary_sheet_that_names_subject_teachers_needs_their_signatures() -> None:
    base = replace(grade_three(), frozen_at="2026-05-01T00:00:00Z")
    sheet = replace(base, responsible=(teacher(1, "toan"), teacher(2, "ngoai-ngu-1"), *base.responsible))
    document = SCHOOL.issue_secondary(sheet)
    assert judge(document, SCHOOL.secondary_bundle(document, sheet)).verdict == "valid"
    text = emit(sheet)
    part = SCHOOL.teachers_of(sheet, text)[:1]
    assert_invalid(judge_teachers(part, sheet), Question.SIGNATURES, "Ngoại ngữ 1")
    assert sheet_canonical(emit(base)).count(b"<MonKy>") == 0
    plain = SCHOOL.issue_secondary(base)
    assert judge(plain, SCHOOL.secondary_bundle(plain, base)).verdict == "valid"
