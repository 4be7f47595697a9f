"""Which form a year sheet has, and what no single field of it shows.

Primary sheets (``CapHoc`` 1) follow TT 27/2020, secondary ones (2, 3) TT 22/2021. A sheet that mixes the
two is refused: nothing that the model holds may be lost silently when it is written.
"""

from __future__ import annotations

import re

from hocbaso.core.document.codec import Record
from hocbaso.core.document.codes import parse_code
from hocbaso.core.document.compiled import CompiledRecord
from hocbaso.core.document.layout import MAX_SUBJECTS_SIGNED, QUICK_SHEET, SHEET
from hocbaso.core.document.layout_secondary import COMMENTED, QUICK_SECONDARY, SECONDARY_SHEET
from hocbaso.core.document.model import (
    PrimaryResult,
    ResponsiblePerson,
    SchoolLevel,
    SecondaryResult,
    SecondarySubjectLine,
    SignerRole,
    SubjectLine,
    YearSheet,
)
from hocbaso.core.document.names import MAX_SUBJECT_SIGNATURES
from hocbaso.core.errors import DomainError, register

_LEVEL = re.compile(rb"<CapHoc>([123])</CapHoc>")
_LEVEL_NAMES = {"1": "tiểu học", "2": "trung học cơ sở", "3": "trung học phổ thông"}
_COMMENT_MARKS = frozenset(("Đ", "CĐ"))
_FORM_NAMES = {True: "nhận xét (Đ, CĐ)", False: "điểm số"}

register(
    {
        "document_level_mismatch": (
            "Cấp học của tờ học bạ ({level}) khác cấp học ghi trong mã học bạ {code}.",
            "The sheet's school level {level} is not the one in its code {code}.",
        ),
        "document_replaces": (
            "Phiên bản {version}: từ phiên bản 2 phải ghi bản bị thay thế và lý do, phiên bản 1 thì không.",
            "Version {version}: from 2 on a sheet names what it replaces and why, version 1 does not.",
        ),
        "document_subject_twice": (
            "Môn học có mã “{subject}” xuất hiện hai lần trong cùng một tờ học bạ.",
            "The subject {subject} stands twice in the sheet.",
        ),
        "document_form_mismatch": (
            "Tờ học bạ cấp {level} có mục “{field}” không thuộc mẫu của cấp học này.",
            "{field} does not belong to the form of level {level}.",
        ),
        "document_subject_form": (
            "Môn “{subject}” được đánh giá bằng {form}, nên không ghi được kết quả “{value}”.",
            "The subject {subject} is assessed by {form}: {value} cannot stand there.",
        ),
        "document_signer_subject": (
            "{name} được giao ký môn có mã “{subject}”, nhưng tờ học bạ không có môn ấy hoặc môn ấy được ghi "
            "hai lần cho cùng một người.",
            "{name} is to sign {subject}, which is not in the sheet or named twice.",
        ),
        "document_too_many_signers": (
            "Tờ học bạ giao cho {count} giáo viên môn học ký; tối đa là {limit}. Với môn nhiều người dạy, "
            "hiệu trưởng chỉ định một người ký.",
            "{count} subject teachers are to sign one sheet; at most {limit} can.",
        ),
        "document_signer_role": (
            "{name} không phải giáo viên môn học nên không được giao ký riêng môn học nào.",
            "{name} is no subject teacher and signs no subject alone.",
        ),
    }
)


def is_primary(sheet: YearSheet) -> bool:
    """Whether the sheet has the primary form."""
    return sheet.school_level is SchoolLevel.PRIMARY


def form_of(sheet: YearSheet) -> tuple[Record, CompiledRecord]:
    """The layout of the sheet's form: the careful one and the quick one."""
    return (SHEET, QUICK_SHEET) if is_primary(sheet) else (SECONDARY_SHEET, QUICK_SECONDARY)


def form_of_text(text: bytes) -> tuple[Record, CompiledRecord]:
    """The layout that the text of a ``ToNamHoc`` claims; one without a level is read as primary.

    ``<`` cannot stand in words, so the first ``CapHoc`` is the element. A false claim is found out: what is
    read is written again in the form of the level that was read.
    """
    match = _LEVEL.search(text)
    secondary = match is not None and match[1] != b"1"
    return (SECONDARY_SHEET, QUICK_SECONDARY) if secondary else (SHEET, QUICK_SHEET)


def check_whole(sheet: YearSheet) -> None:
    """What no single field shows.

    :raises DomainError: ``document_level_mismatch``, ``document_replaces``, ``document_subject_twice``,
        ``document_form_mismatch``, ``document_subject_form``, ``document_signer_subject``,
        ``document_signer_role``, ``document_too_many_signers``, ``transcript_code_invalid``.
    """
    if parse_code(sheet.code).level != sheet.school_level:
        raise DomainError("document_level_mismatch", level=sheet.school_level, code=sheet.code)
    replaced = sheet.replaces is not None
    if replaced != (sheet.replace_reason is not None) or replaced != (sheet.version != 1):
        raise DomainError("document_replaces", version=sheet.version)
    seen: set[str] = set()
    for subject in sheet.subjects:
        if subject.code in seen:  # its Id would not be unique
            raise DomainError("document_subject_twice", subject=subject.code)
        seen.add(subject.code)
    _check_form(sheet)
    signers = [person for person in sheet.responsible if person.subjects]
    if len(signers) > MAX_SUBJECT_SIGNATURES:
        raise DomainError("document_too_many_signers", count=len(signers), limit=MAX_SUBJECT_SIGNATURES)
    for person in signers:
        _check_signer(person, seen)


def _check_form(sheet: YearSheet) -> None:
    primary = is_primary(sheet)
    line, result = (SubjectLine, PrimaryResult) if primary else (SecondarySubjectLine, SecondaryResult)
    if not all(isinstance(subject, line) for subject in sheet.subjects):
        raise _foreign(sheet, "môn học")
    if not isinstance(sheet.result, result):
        raise _foreign(sheet, "kết quả")
    if primary:
        return
    others = {
        "phẩm chất và năng lực": sheet.traits,
        "chiều cao": sheet.height_cm,
        "cân nặng": sheet.weight_kg,
    }
    for field, value in others.items():
        if value is not None:
            raise _foreign(sheet, field)
    for subject in sheet.subjects:
        assert isinstance(subject, SecondarySubjectLine)
        _check_marks(subject)


def _check_marks(subject: SecondarySubjectLine) -> None:
    by_comment = subject.form == COMMENTED
    for value in (subject.term1, subject.term2, subject.year, subject.retest):
        if value is not None and (value in _COMMENT_MARKS) != by_comment:
            raise DomainError(
                "document_subject_form", subject=subject.name, form=_FORM_NAMES[by_comment], value=value
            )


def _check_signer(person: ResponsiblePerson, subjects: set[str]) -> None:
    if person.role is not SignerRole.SUBJECT_TEACHER:
        raise DomainError("document_signer_role", name=person.name)
    named: set[str] = set()
    for code in person.subjects[: MAX_SUBJECTS_SIGNED + 1]:  # more are refused by the layout
        if code not in subjects or code in named:
            raise DomainError("document_signer_subject", name=person.name, subject=str(code)[:60])
        named.add(code)


def _foreign(sheet: YearSheet, field: str) -> DomainError:
    level = _LEVEL_NAMES.get(str(sheet.school_level), str(sheet.school_level))
    return DomainError("document_form_mismatch", level=level, field=field)
