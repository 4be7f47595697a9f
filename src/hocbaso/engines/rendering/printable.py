"""Which texts of a year sheet are printed, and what the user calls them."""

from __future__ import annotations

from collections.abc import Iterator

from hocbaso.core.document.model import (
    PrimaryResult,
    SecondaryResult,
    SecondarySubjectLine,
    Traits,
    YearSheet,
)
from hocbaso.engines.rendering.fonts import require_printable


def _pupil_texts(sheet: YearSheet) -> Iterator[tuple[str, str | None]]:
    pupil, school = sheet.pupil, sheet.school
    yield "Họ và tên học sinh", pupil.full_name
    yield "Mã học sinh", pupil.code
    yield "Giới tính", pupil.sex
    yield "Dân tộc", pupil.ethnic_group
    yield "Quốc tịch", pupil.nationality
    yield "Nơi sinh", pupil.birth_place
    yield "Quê quán", pupil.home_town
    yield "Nơi thường trú", pupil.residence
    yield "Nơi ở hiện nay", pupil.current_address
    yield "Họ và tên cha", pupil.father
    yield "Họ và tên mẹ", pupil.mother
    yield "Người giám hộ", pupil.guardian
    yield "Nghề nghiệp của cha", pupil.father_occupation
    yield "Nghề nghiệp của mẹ", pupil.mother_occupation
    yield "Diện chính sách", pupil.policy_family
    yield "Tên trường", school.name
    yield "Tên xã, phường", school.commune
    yield "Tên tỉnh, thành phố", school.province
    yield "Tên lớp", sheet.class_name
    yield "Nơi ký", sheet.place
    for line in sheet.history:
        for text in (line.year, line.class_name, line.school, line.register_number):
            yield f"Quá trình học tập năm học {line.year}", text


def _subject_texts(sheet: YearSheet) -> Iterator[tuple[str, str | None]]:
    for subject in sheet.subjects:
        yield "Tên môn học", subject.name
        yield f"Nhận xét môn {subject.name}", subject.comment
        yield f"Lý do miễn môn {subject.name}", subject.exempt
        if isinstance(subject, SecondarySubjectLine):
            yield f"Trường học học kỳ I môn {subject.name}", subject.term1_school
            for mark in (subject.term1, subject.term2, subject.year, subject.retest):
                yield f"Kết quả môn {subject.name}", mark


def _trait_texts(traits: Traits) -> Iterator[tuple[str, str | None]]:
    for line in traits.qualities + traits.general_competences + traits.specific_competences:
        yield "Tên phẩm chất, năng lực", line.name
    yield "Nhận xét phẩm chất", traits.qualities_comment
    yield "Nhận xét năng lực chung", traits.general_comment
    yield "Nhận xét năng lực đặc thù", traits.specific_comment


def _award_texts(result: PrimaryResult | SecondaryResult) -> Iterator[tuple[str, str | None]]:
    yield "Hoàn thành chương trình", result.completion.value
    if result.title:
        yield "Khen thưởng", result.title.value
    for award in result.other_awards:
        yield "Khen thưởng", award


def _secondary_texts(result: SecondaryResult) -> Iterator[tuple[str, str | None]]:
    for decision in (result.conduct1, result.conduct2, result.conduct_year, result.conduct_after):
        yield "Kết quả rèn luyện", decision.value if decision else None
    for decision in (result.study1, result.study2, result.study_year, result.study_after):
        yield "Kết quả học tập", decision.value if decision else None
    for field, entries in (
        ("Chứng chỉ", result.certificates),
        ("Kết quả tham gia các cuộc thi", result.contests),
        ("Kỷ luật", result.discipline),
    ):
        for entry in entries:
            yield field, entry


def _result_texts(sheet: YearSheet) -> Iterator[tuple[str, str | None]]:
    yield from _subject_texts(sheet)
    if sheet.traits is not None:
        yield from _trait_texts(sheet.traits)
    yield "Nhận xét của giáo viên chủ nhiệm", sheet.homeroom_comment
    if isinstance(sheet.result, SecondaryResult):
        yield from _secondary_texts(sheet.result)
    else:
        yield "Đánh giá kết quả giáo dục", sheet.result.overall.value
    yield from _award_texts(sheet.result)
    for remark in sheet.remarks:
        yield "Ghi nhận khi chốt", remark
    yield "Lý do thay thế", sheet.replace_reason
    for person in sheet.responsible:
        yield "Họ và tên người ký", person.name
        yield "Chức danh người ký", person.title
        yield "Số quyết định", person.decision


def printed_texts(sheet: YearSheet) -> Iterator[tuple[str, str]]:
    """(what the user calls it, text) of everything that the form prints from free input."""
    for texts in (_pupil_texts(sheet), _result_texts(sheet)):
        for field, text in texts:
            if text:
                yield field, text


def require_printable_sheet(sheet: YearSheet) -> None:
    """Refuse a sheet that the form could not show in full; called at freezing and before rendering.

    :raises DomainError: ``character_not_printable`` for the first field concerned.
    """
    for field, text in printed_texts(sheet):
        require_printable(field, text)
