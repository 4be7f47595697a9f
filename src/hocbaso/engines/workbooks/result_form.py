"""The primary year-end form by the shape of each grade, filled or empty (domain sheet 9.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hocbaso.core.regulation.programme import GradeProgramme, TraitGroup
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.engines.workbooks.form_writer import Entry, FormColumn, FormPage, Value

_SUBJECTS, _COMPETENCES, _QUALITIES = "Môn học và HĐGD", "Năng lực cốt lõi", "Phẩm chất chủ yếu"
_LEVELS, _TRAITS = ("T", "H", "C"), ("T", "Đ", "C")
_LEVEL_HINT = "Ghi T (Hoàn thành tốt), H (Hoàn thành) hoặc C (Chưa hoàn thành)."
_TRAIT_HINT = "Ghi T (Tốt), Đ (Đạt) hoặc C (Cần cố gắng)."
_SCORE_HINT = "Ghi số nguyên từ 1 đến 10."
_OVERALL = ("HTXS", "HTT", "HT", "CHT")
_DAYS = 250
_COMMENT = 500


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One pupil; ``levels`` and ``scores`` by subject, ``traits`` by trait, ``record`` by stored column."""

    code: str
    name: str
    birth_date: str  # ISO, possibly partial
    levels: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, int | None] = field(default_factory=dict)
    traits: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    completed: bool | None = None
    promoted: bool | None = None
    overall: str = ""  # HTXS, HTT, HT, CHT


def result_page(
    programme: GradeProgramme, lines: Sequence[ResultLine], *, class_name: str, year: str
) -> FormPage:
    """The sheet of one class: every subject, test and trait of its grade."""
    rows = [_row(programme, class_name, number, line) for number, line in enumerate(lines, start=1)]
    return FormPage(
        class_name,
        f"KẾT QUẢ HỌC TẬP VÀ RÈN LUYỆN CUỐI NĂM HỌC {year} - LỚP {class_name}",
        _columns(programme),
        rows,
        (class_name, "", ""),
        frozen=4,
        title_column=3,
    )


def _columns(programme: GradeProgramme) -> list[FormColumn]:
    columns = [
        FormColumn(("STT",), 5),
        FormColumn(("Mã lớp",), 7),
        FormColumn(("Mã học sinh",), 13),
        FormColumn(("Họ tên",), 28),
        FormColumn(("Ngày sinh",), 12),
    ]
    for line in programme.lines:
        name = line.short_name
        columns.append(
            FormColumn((_SUBJECTS, name, "Mức đạt được"), 8, Entry.CHOICE, _LEVELS, hint=_LEVEL_HINT)
        )
        if line.tested:
            heads = (_SUBJECTS, name, "Điểm KTĐK")
            columns.append(FormColumn(heads, 8, Entry.WHOLE, low=1, high=10, hint=_SCORE_HINT))
    for group in (TraitGroup.GENERAL, TraitGroup.SPECIFIC, TraitGroup.QUALITY):
        for trait in programme.group(group):
            above = (_QUALITIES,) if group is TraitGroup.QUALITY else (_COMPETENCES, group.label)
            columns.append(FormColumn((*above, trait.name), 8, Entry.CHOICE, _TRAITS, hint=_TRAIT_HINT))
    yes = "Ghi x là có, để trống là không."
    return [
        *columns,
        FormColumn(("Hoàn thành chương trình lớp học",), 11, Entry.CHOICE, ("x",), hint=yes),
        FormColumn(("Lên lớp",), 8, Entry.CHOICE, ("x",), hint=yes),
        FormColumn(("Xếp loại",), 8, Entry.CHOICE, _OVERALL, hint="Chọn HTXS, HTT, HT hoặc CHT."),
        FormColumn(("Số ngày nghỉ có phép",), 9, Entry.WHOLE, high=_DAYS, hint="Ghi số ngày."),
        FormColumn(("Số ngày nghỉ không phép",), 9, Entry.WHOLE, high=_DAYS, hint="Ghi số ngày."),
        FormColumn(("Nhận xét",), 44, Entry.TEXT, high=_COMMENT),
    ]


def _row(programme: GradeProgramme, class_name: str, number: int, line: ResultLine) -> list[Value]:
    row: list[Value] = [number, class_name, line.code, line.name, _birth(line.birth_date)]
    for subject in programme.lines:
        row.append(line.levels.get(subject.code) or None)
        if subject.tested:
            row.append(line.scores.get(subject.code))
    for group in (TraitGroup.GENERAL, TraitGroup.SPECIFIC, TraitGroup.QUALITY):
        row += [line.traits.get(trait.code) or None for trait in programme.group(group)]
    row += ["x" if line.completed else None, "x" if line.promoted else None, line.overall or None]
    row += [line.record.get("absent_excused"), line.record.get("absent_unexcused")]
    row.append(line.record.get("homeroom_comment") or None)
    return row


def _birth(iso: str) -> str:
    return format_vi(iso) if iso else ""
