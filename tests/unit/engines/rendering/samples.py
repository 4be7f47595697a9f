"""A complete synthetic primary year sheet and its view, with handles to make hostile ones."""

from __future__ import annotations

import dataclasses
from typing import Any

from hocbaso.core.document.model import (
    Decision,
    PrimaryResult,
    Pupil,
    ResponsiblePerson,
    School,
    SchoolLevel,
    SignerRole,
    StudyYear,
    SubjectLine,
    TraitLine,
    Traits,
    YearSheet,
)
from hocbaso.engines.rendering import SealStamp, SheetView, SignatureStamp
from hocbaso.engines.trust.qr import verification_url

CODE = "HB-1-79-79000101-2025-Q4XN7C2RWM5K-H"
DIGEST = "c48e07b2" * 8
SUBJECTS = (
    (
        "tieng-viet",
        "Tiếng Việt",
        "T",
        9,
        "Đọc lưu loát, viết câu rõ ý. Biết kể lại câu chuyện bằng lời của mình.",
    ),
    ("toan", "Toán", "H", 8, "Thực hiện tốt bốn phép tính. Cần đọc kĩ đề khi giải toán có lời văn."),
    ("ngoai-ngu-1", "Ngoại ngữ 1 (Tiếng Anh)", "T", 9, "Nghe hiểu tốt, tự tin giới thiệu về gia đình."),
    ("dao-duc", "Đạo đức", "T", None, "Biết quan tâm hàng xóm, giữ lời hứa."),
    ("tnxh", "Tự nhiên và Xã hội", "T", None, "Quan sát kĩ, trình bày được vòng đời của cây."),
    ("tin-hoc", "Tin học và Công nghệ (Tin học)", "H", 8, "Sử dụng được chuột, bàn phím đúng cách."),
    ("cong-nghe", "Tin học và Công nghệ (Công nghệ)", "T", 9, "Làm được biển báo giao thông chắc chắn, đẹp."),
    ("gdtc", "Giáo dục thể chất", "T", None, "Thực hiện đúng bài tập đội hình đội ngũ."),
    ("am-nhac", "Nghệ thuật (Âm nhạc)", "T", None, "Hát đúng giai điệu, biết gõ đệm theo nhịp."),
    ("mi-thuat", "Nghệ thuật (Mĩ thuật)", "H", None, "Biết phối màu. Cần hoàn thành bài đúng giờ."),
    ("hdtn", "Hoạt động trải nghiệm", "T", None, "Tích cực trong ngày hội trồng cây của trường."),
)


def traits() -> Traits:
    """Sections 2, 3.1 and 3.2 of the form."""

    def lines(words: str) -> tuple[TraitLine, ...]:
        pairs = [part.rsplit(" ", 1) for part in words.split("; ")]
        return tuple(TraitLine(f"n{n}", name, level) for n, (name, level) in enumerate(pairs))

    return Traits(
        qualities=lines("Yêu nước T; Nhân ái T; Chăm chỉ Đ; Trung thực T; Trách nhiệm T"),
        general_competences=lines(
            "Tự chủ và tự học Đ; Giao tiếp và hợp tác T; Giải quyết vấn đề và sáng tạo T"
        ),
        specific_competences=lines(
            "Ngôn ngữ T; Tính toán Đ; Khoa học T; Công nghệ T; Tin học Đ; Thẩm mĩ Đ; Thể chất T"
        ),
        qualities_comment="Yêu quý bạn bè, lễ phép với thầy cô. Thật thà. Cần tự giác học ở nhà.",
        general_comment="Hợp tác tốt trong nhóm, biết nêu ý kiến. Cần chủ động chuẩn bị đồ dùng học tập.",
        specific_comment="Diễn đạt rõ ràng, ham tìm hiểu thiên nhiên. Cần luyện tính nhẩm.",
    )


def sheet(**changes: Any) -> YearSheet:
    """Year 2025-2026, class 3B; ``changes`` replace fields."""
    values: dict[str, Any] = {
        "code": CODE,
        "version": 1,
        "replaces": None,
        "replace_reason": None,
        "environment": "chinh_thuc",
        "rule_set": "tt27-2020",
        "template": "tieu-hoc-1",
        "frozen_at": "2026-05-26T08:00:00Z",
        "nonce": "5a" * 32,
        "school": School(
            "79000101", "Trường Tiểu học Hoa Mai", "26929", "Phường Bình Thạnh", "79", "Thành phố Hồ Chí Minh"
        ),
        "school_level": SchoolLevel.PRIMARY,
        "grade": 3,
        "class_name": "3B",
        "year": "2025-2026",
        "pupil": Pupil(
            code="7930158264",
            full_name="Nguyễn Phúc Bảo Quỳnh Hương",
            birth_date="2017-02-09",
            sex="Nữ",
            ethnic_group="Kinh",
            nationality="Việt Nam",
            birth_place="Bệnh viện Từ Dũ, Thành phố Hồ Chí Minh",
            home_town="Xã Thủ Thừa, tỉnh Tây Ninh",
            residence="12 đường Hoa Mai, Phường Bình Thạnh, Thành phố Hồ Chí Minh",
            current_address="12 đường Hoa Mai, Phường Bình Thạnh, Thành phố Hồ Chí Minh",
            father="Nguyễn Phúc Bảo Long",
            mother="Trần Thị Mỹ Duyên",
        ),
        "history": (
            StudyYear("2023-2024", "1B", "Trường Tiểu học Hoa Mai", "0142/2023", "2023-09-05"),
            StudyYear("2024-2025", "2B", "Trường Tiểu học Hoa Mai", "0142/2023", None),
            StudyYear("2025-2026", "3B", "Trường Tiểu học Hoa Mai", "0142/2023", None),
        ),
        "subjects": tuple(
            SubjectLine(code, name, level, score, comment) for code, name, level, score, comment in SUBJECTS
        ),
        "traits": traits(),
        "days_absent_excused": 3,
        "days_absent_unexcused": 0,
        "height_cm": 128,
        "weight_kg": 26,
        "result": PrimaryResult(
            overall=Decision("Hoàn thành", "TT 27/2020 Điều 9 khoản 2 điểm a", ""),
            completed=True,
            promoted=True,
            completion=Decision("Hoàn thành chương trình lớp 3, được lên lớp 4", "TT 27/2020 Điều 11", ""),
            other_awards=("Thư khen vì tiến bộ rõ trong môn Toán",),
        ),
        "homeroom_comment": None,
        "remarks": (),
        "place": "Phường Bình Thạnh",
        "responsible": (
            ResponsiblePerson(SignerRole.HOMEROOM, "Lê Nguyễn Phương Uyên", "GV01", "Giáo viên chủ nhiệm"),
            ResponsiblePerson(SignerRole.PRINCIPAL, "Võ Đặng Quốc Hưng", "HT01", "Hiệu trưởng"),
        ),
    }
    return YearSheet(**(values | changes))


def view(
    of: YearSheet | None = None, *, xml: bytes | None = None, sealed: bool = True, **changes: Any
) -> SheetView:
    """A view of ``of``, issued unless ``sealed=False``."""
    of = of or sheet()
    values: dict[str, Any] = {
        "sheet": of,
        "digest": DIGEST,
        "xml": xml if xml is not None else f'<HocBaSo nam="{of.year}">é Ễ &amp;</HocBaSo>'.encode(),
        "stamps": (
            SignatureStamp(
                SignerRole.HOMEROOM,
                "Giáo viên chủ nhiệm lớp 3B",
                "Lê Nguyễn Phương Uyên",
                "2026-05-26T08:04:12Z",
            ),
            SignatureStamp(SignerRole.PRINCIPAL, "Hiệu trưởng", "Võ Đặng Quốc Hưng", "2026-05-27T09:20:41Z"),
        )
        if sealed
        else (),
        "seal": SealStamp("Trường Tiểu học Hoa Mai", "2026-05-28T01:00:12Z", True) if sealed else None,
        "verify_url": verification_url("https://hocbaso.example", of.code, DIGEST),
    }
    return SheetView(**(values | changes))


def with_pupil(of: YearSheet, **changes: Any) -> YearSheet:
    """The same sheet with another pupil's fields."""
    return dataclasses.replace(of, pupil=dataclasses.replace(of.pupil, **changes))
