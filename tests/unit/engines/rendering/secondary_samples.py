"""Secondary year sheets with the signatures of every subject, and handles to make hostile ones."""

from __future__ import annotations

import dataclasses
from typing import Any

from hocbaso.core.document.model import (
    Decision,
    Pupil,
    SchoolLevel,
    SecondaryResult,
    SecondarySubjectLine,
    SignerRole,
    StudyYear,
    YearSheet,
)
from hocbaso.core.document.signers import subject_signatures
from hocbaso.engines.rendering import SealStamp, SheetView, SignatureStamp
from hocbaso.engines.trust.qr import verification_url
from tests.unit.core.document.secondary_sheets import secondary

DIGEST = "7a31f0c4" * 8
XML = '<HocBaSo xmlns="urn:hocbaso:1">Ễ &amp; "trích"</HocBaSo>'.encode()
LONG_COMMENT = ("Em chăm chỉ, biết lắng nghe. Cần đọc kĩ đề. " * 12)[:500].strip()
LONG_NAME = "Công Tằng Tôn Nữ Hoàng Thị Nguyệt Minh Châu Huyền Trân Ngọc"
COMMENTS = (
    "Cảm thụ văn học tốt, viết có cảm xúc. Cần chú ý lỗi chính tả.",
    "Tiếp thu nhanh, trình bày bài rõ ràng. Nên luyện thêm các bài toán có nội dung thực tế.",
    "Phát âm tốt, tự tin khi giao tiếp; cần mở rộng vốn từ.",
    "Hiểu bài, biết vận dụng vào cuộc sống.",
    "Nắm chắc kiến thức cơ bản, biết khai thác bản đồ, tư liệu.",
    "Tiến bộ rõ ở học kỳ II, chủ động làm thí nghiệm. Cần ôn lại phần Năng lượng.",
    "Thực hành khéo léo, cẩn thận.",
    "Sử dụng thành thạo bảng tính, biết giúp đỡ bạn.",
)


def sheet(sample: int = 6, *, photo: bool = False, **changes: Any) -> YearSheet:
    """The full synthetic sheet of grade 6 or 10 (``sample``) with comments as teachers write them."""
    of = secondary(sample)
    subjects = tuple(
        line if line.exempt else dataclasses.replace(line, comment=COMMENTS[n % len(COMMENTS)])
        for n, line in enumerate(of.subjects)
        if isinstance(line, SecondarySubjectLine)
    )
    pupil = of.pupil if photo else dataclasses.replace(of.pupil, photo=None)
    values: dict[str, Any] = {
        "environment": "chinh_thuc",
        "remarks": (),
        "subjects": subjects,
        "pupil": pupil,
    }
    return dataclasses.replace(of, **(values | changes))


def continuing(**changes: Any) -> YearSheet:
    """Grade 10 in continuing education."""
    of = sheet(10)
    school = dataclasses.replace(of.school, name="Trung tâm Giáo dục nghề nghiệp - Giáo dục thường xuyên Sen")
    title = Decision("Học viên Giỏi", "TT 43/2021 Điều 15", "")
    values: dict[str, Any] = {
        "template": "gdtx-thpt-1",
        "school": school,
        "result": dataclasses.replace(result_of(of), title=title),
        "responsible": tuple(
            dataclasses.replace(person, title="Giám đốc") if person.role is SignerRole.PRINCIPAL else person
            for person in of.responsible
        ),
    }
    return dataclasses.replace(of, **(values | changes))


def retained() -> YearSheet:
    """Grade 6, study failed: two subjects tested again without success, training in summer passed."""
    of = sheet()
    weak = {"toan": ("3.1", "2.8", "2.9", "3.4"), "nghe-thuat": ("CĐ", "CĐ", "CĐ", "Đ")}
    lines = []
    for line in of.subjects:
        assert isinstance(line, SecondarySubjectLine)
        if line.code in weak:
            one, two, year, again = weak[line.code]
            line = dataclasses.replace(line, term1=one, term2=two, year=year, retest=again)
        lines.append(line)

    def decided(value: str) -> Decision:
        return Decision(value, "TT 22/2021 Điều 9 khoản 2", "")

    failed = SecondaryResult(
        study1=decided("Chưa đạt"),
        study2=decided("Chưa đạt"),
        study_year=decided("Chưa đạt"),
        conduct1=decided("Đạt"),
        conduct2=decided("Chưa đạt"),
        conduct_year=decided("Chưa đạt"),
        completed=False,
        promoted=False,
        completion=Decision("Không được lên lớp", "TT 22/2021 Điều 12", ""),
        study_after=decided("Chưa đạt"),
        conduct_after=decided("Đạt"),
        discipline=("Khiển trách trước lớp, tháng 3/2026",),
    )
    return dataclasses.replace(of, subjects=tuple(lines), result=failed, days_absent_excused=38)


def result_of(of: YearSheet) -> SecondaryResult:
    """The secondary result of a secondary sheet."""
    assert isinstance(of.result, SecondaryResult)
    return of.result


def with_lines(of: YearSheet, **changes: Any) -> YearSheet:
    """The same sheet with the same change in every subject that is not exempt."""
    lines: Any = tuple(line if line.exempt else dataclasses.replace(line, **changes) for line in of.subjects)
    return dataclasses.replace(of, subjects=lines)


def with_pupil(of: YearSheet, **changes: Any) -> YearSheet:
    """The same sheet with another pupil's fields."""
    pupil: Pupil = dataclasses.replace(of.pupil, **changes)
    return dataclasses.replace(of, pupil=pupil)


def stamps(of: YearSheet) -> tuple[SignatureStamp, ...]:
    """Every signature that the sheet asks for."""
    head = "Giám đốc" if of.template.startswith("gdtx") else "Hiệu trưởng"
    persons = {person.role: person for person in of.responsible}
    found = [
        SignatureStamp(
            SignerRole.SUBJECT_TEACHER,
            "Giáo viên môn học",
            wanted.person.name,
            f"2026-05-25T08:{n:02d}:00Z",
            wanted.subjects,
        )
        for n, wanted in enumerate(subject_signatures(of))
    ]
    for role, label, time in (
        (SignerRole.HOMEROOM, f"Giáo viên chủ nhiệm lớp {of.class_name}", "2026-05-26T08:04:12Z"),
        (SignerRole.PRINCIPAL, head, "2026-05-27T09:20:41Z"),
    ):
        if role in persons:
            found.append(SignatureStamp(role, label, persons[role].name, time))
    return tuple(found)


def view(of: YearSheet | None = None, *, sealed: bool = True, **changes: Any) -> SheetView:
    """A view of ``of``, signed by everybody and issued unless ``sealed=False``."""
    of = of or sheet()
    values: dict[str, Any] = {
        "sheet": of,
        "digest": DIGEST,
        "xml": XML if sealed else b"",
        "stamps": stamps(of) if sealed else (),
        "seal": SealStamp(of.school.name, "2026-05-28T01:00:12Z", True) if sealed else None,
        "verify_url": verification_url("https://hocbaso.example", of.code, DIGEST),
    }
    return SheetView(**(values | changes))


def years() -> tuple[SheetView, ...]:
    """Grades 6 to 9 with the history growing year by year."""
    made = []
    history: tuple[StudyYear, ...] = ()
    for grade, year in ((6, 2022), (7, 2023), (8, 2024), (9, 2025)):
        named = f"{year}-{year + 1}"
        school = sheet().school.name
        history += (StudyYear(named, f"{grade}A1", school, "112/2022", "2022-09-05" if grade == 6 else None),)
        done = (
            Decision(f"Được lên lớp {grade + 1}", "TT 22/2021 Điều 12", "")
            if grade < 9
            else Decision("Hoàn thành chương trình trung học cơ sở", "TT 22/2021 Điều 12", "")
        )
        of = sheet(grade_of(grade), grade=grade, class_name=f"{grade}A1", year=named, history=history)
        of = dataclasses.replace(of, result=dataclasses.replace(result_of(of), completion=done))
        made.append(view(of, xml=f"<HocBaSo>{named}</HocBaSo>".encode()))
    return tuple(made)


def grade_of(grade: int) -> int:
    """The sample that stands for a grade: 6 in lower, 10 in upper secondary."""
    return 6 if grade < 10 else 10


def of_level(level: SchoolLevel) -> YearSheet:
    """The sample sheet of a secondary level."""
    return sheet(6 if level is SchoolLevel.LOWER_SECONDARY else 10)
