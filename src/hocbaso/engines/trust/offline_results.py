"""Results of a year sheet in a few bytes, for QR 2: two bytes a subject, one number a conclusion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from hocbaso.core.document.model import (
    PrimaryResult,
    SchoolLevel,
    SecondarySubjectLine,
    SubjectLine,
    YearSheet,
)

#: Number of a subject = its place here, from 1 on. Only ever appended to: printed codes hold the numbers.
SUBJECTS: tuple[tuple[str, str], ...] = (
    ("tieng-viet", "Tiếng Việt"),
    ("toan", "Toán"),
    ("ngoai-ngu-1", "Ngoại ngữ 1"),
    ("dao-duc", "Đạo đức"),
    ("tu-nhien-va-xa-hoi", "Tự nhiên và Xã hội"),
    ("lich-su-va-dia-li", "Lịch sử và Địa lí"),
    ("khoa-hoc", "Khoa học"),
    ("tin-hoc", "Tin học"),
    ("cong-nghe", "Công nghệ"),
    ("giao-duc-the-chat", "Giáo dục thể chất"),
    ("am-nhac", "Âm nhạc"),
    ("mi-thuat", "Mĩ thuật"),
    ("hoat-dong-trai-nghiem", "Hoạt động trải nghiệm"),
    ("tieng-dan-toc", "Tiếng dân tộc thiểu số"),
    ("ngu-van", "Ngữ văn"),
    ("khoa-hoc-tu-nhien", "Khoa học tự nhiên"),
    ("giao-duc-cong-dan", "Giáo dục công dân"),
    ("nghe-thuat", "Nghệ thuật"),
    ("giao-duc-dia-phuong", "Nội dung giáo dục của địa phương"),
    ("lich-su", "Lịch sử"),
    ("dia-li", "Địa lí"),
    ("vat-li", "Vật lí"),
    ("hoa-hoc", "Hóa học"),
    ("sinh-hoc", "Sinh học"),
    ("giao-duc-kinh-te-va-phap-luat", "Giáo dục kinh tế và pháp luật"),
    ("giao-duc-quoc-phong-va-an-ninh", "Giáo dục quốc phòng và an ninh"),
    ("ngoai-ngu-2", "Ngoại ngữ 2"),
)
#: Conclusions by number; 0 is "none". Only ever appended to.
CONCLUSIONS: tuple[str, ...] = (
    "Hoàn thành xuất sắc",
    "Hoàn thành tốt",
    "Hoàn thành",
    "Chưa hoàn thành",
    "Tốt",
    "Khá",
    "Đạt",
    "Chưa đạt",
    "Học sinh Xuất sắc",
    "Học sinh Giỏi",
    "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện",
)
_NUMBER = {code: number for number, (code, _) in enumerate(SUBJECTS, start=1)}
_NAMES = dict(SUBJECTS)
_CONCLUSION = {words: number for number, words in enumerate(CONCLUSIONS, start=1)}
_PASSED, _NOT_PASSED, _EXEMPT, _NONE = 101, 102, 254, 255
_PRIMARY = 128  # 128 + 12 * level + (0 without a test, else 1 + score); level 0 none, 1 T, 2 H, 3 C
_LEVELS = ("", "T", "H", "C")
_MARK = re.compile(r"10|[0-9](?:\.[1-9])?", re.ASCII)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """The year's result of one subject, as text: "8.5", "Đ", "T 9", "Miễn"; empty where there is none."""

    code: str
    value: str

    @property
    def name(self) -> str:
        """As people read it; of a subject outside the table its code."""
        return _NAMES.get(self.code, self.code)


@dataclass(frozen=True, slots=True)
class Results:
    """``study`` and ``conduct`` of secondary schools; in primary ``study`` is the overall assessment."""

    study: str
    conduct: str
    completed: bool
    promoted: bool
    title: str
    subjects: tuple[SubjectResult, ...]

    def to_json(self) -> dict[str, Any]:
        """As data; absent conclusions are empty texts."""
        return {
            "study": self.study,
            "conduct": self.conduct,
            "completed": self.completed,
            "promoted": self.promoted,
            "title": self.title,
            "subjects": [{"code": s.code, "name": s.name, "value": s.value} for s in self.subjects],
        }


def results_of(sheet: YearSheet) -> Results:
    """What the code tells of a sheet's results: after the summer what was reached then."""
    result = sheet.result
    if isinstance(result, PrimaryResult):
        study, conduct = result.overall.value, ""
    else:
        study = (result.study_after or result.study_year).value
        conduct = (result.conduct_after or result.conduct_year).value
    title = result.title.value if result.title is not None else ""
    lines = tuple(SubjectResult(line.code, _shown(line)) for line in sheet.subjects)
    return Results(study, conduct, result.completed, result.promoted, title, lines)


def _shown(line: SubjectLine | SecondarySubjectLine) -> str:
    if line.exempt is not None:
        return "Miễn"
    if isinstance(line, SecondarySubjectLine):
        return line.retest or line.year or ""
    return " ".join(filter(None, (line.level, None if line.score is None else str(line.score))))


def write_results(results: Results) -> list[object]:
    """[study, conduct, flags, title, subjects, others?]: numbers, or texts where none is assigned."""
    pairs, further = bytearray(), []
    for line in results.subjects:
        number, value = _NUMBER.get(line.code), _value(line.value)
        if number is None:
            further.append([line.code, value])
        else:
            pairs += bytes((number, value))
    conclusions = [_conclusion(words) for words in (results.study, results.conduct, results.title)]
    flags = results.completed | results.promoted << 1
    written: list[object] = [conclusions[0], conclusions[1], flags, conclusions[2], bytes(pairs)]
    return [*written, further] if further else written


def read_results(value: object, level: SchoolLevel) -> Results:
    """The results that :func:`write_results` wrote.

    :raises ValueError: not of that form.
    """
    if not isinstance(value, list) or len(value) not in (5, 6):
        raise ValueError("results")
    study, conduct, flags, title, pairs, *rest = value
    if not isinstance(flags, int) or not 0 <= flags <= 3 or not isinstance(pairs, bytes) or len(pairs) % 2:
        raise ValueError("results")
    known = [
        SubjectResult(SUBJECTS[_place(pairs[at])][0], _words(pairs[at + 1])) for at in range(0, len(pairs), 2)
    ]
    lines = known + _further(rest)
    if len({line.code for line in lines}) != len(lines):
        raise ValueError("a subject twice")
    primary = level is SchoolLevel.PRIMARY
    if primary and conduct != 0:
        raise ValueError("conduct")
    return Results(
        _read_conclusion(study),
        _read_conclusion(conduct),
        bool(flags & 1),
        bool(flags & 2),
        _read_conclusion(title),
        tuple(lines),
    )


def _further(rest: list[object]) -> list[SubjectResult]:
    lines = []
    for item in rest[0] if rest and isinstance(rest[0], list) else []:
        code, value = item
        if not isinstance(code, str) or not _SLUG.fullmatch(code) or code in _NUMBER:
            raise ValueError("subject")
        lines.append(SubjectResult(code, _words(value)))
    return lines


def _place(number: int) -> int:
    if not 1 <= number <= len(SUBJECTS):
        raise ValueError("subject")
    return number - 1


def _conclusion(words: str) -> object:
    return _CONCLUSION.get(words, words) if words else 0


def _read_conclusion(value: object) -> str:
    if (
        isinstance(value, str)
        and value.isprintable()
        and value not in ("", *_CONCLUSION)
        and len(value) <= 300
    ):
        return value
    if not isinstance(value, int) or not 0 <= value <= len(CONCLUSIONS):
        raise ValueError("conclusion")
    return CONCLUSIONS[value - 1] if value else ""


def _value(text: str) -> int:
    """One byte: mark × 10, or 101 Đ, 102 CĐ, 128… primary, 254 exempt, 255 none."""
    fixed = {"": _NONE, "Miễn": _EXEMPT, "Đ": _PASSED, "CĐ": _NOT_PASSED}
    if text in fixed:
        return fixed[text]
    if text[0] in "THC":
        level, _, score = text.partition(" ")
        return _PRIMARY + 12 * _LEVELS.index(level) + (int(score) + 1 if score else 0)
    if not _MARK.fullmatch(text):
        raise ValueError("result")
    whole, _, tenths = text.partition(".")
    return int(whole) * 10 + int(tenths or 0)


def _words(value: object) -> str:
    fixed = {_NONE: "", _EXEMPT: "Miễn", _PASSED: "Đ", _NOT_PASSED: "CĐ"}
    if not isinstance(value, int):
        raise ValueError("result")
    if value in fixed:
        return fixed[value]
    if 0 <= value <= 100:
        return f"{value // 10}.{value % 10}".removesuffix(".0")
    level, score = divmod(value - _PRIMARY, 12)
    if not 1 <= level <= 3:
        raise ValueError("result")
    return _LEVELS[level] + (f" {score - 1}" if score else "")
