"""Columns of the gradebook in words: what stands in the head, what may be written, which stand together."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from hocbaso.apps.assessment.class_sheet import ClassSheet, programme_of
from hocbaso.apps.assessment.models import MARK_COLUMNS, REGULAR_COLUMNS, Moment
from hocbaso.apps.assessment.parts import RECORD, TRAITS, is_secondary, moments_of
from hocbaso.apps.assessment.sheet_fields import TERM_RESULT, YEAR_RESULT, Field, Kind
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.regulation.programme import TraitGroup

#: Kinds whose stored text has a decimal point; people write and read a comma.
DECIMAL = frozenset({Kind.MARK})


@dataclass(frozen=True, slots=True)
class Column:
    """A column in words."""

    field: Field
    label: str  # in the head
    hint: str  # what may be written
    group: int  # of columns that stand together on a phone
    css: str
    title: str = ""  # in full, where the label is an abbreviation

    @property
    def key(self) -> str:
        return self.field.key

    @property
    def is_text(self) -> bool:
        return self.field.kind is Kind.TEXT

    @property
    def numeric(self) -> bool:
        return self.field.kind in (Kind.MARK, Kind.SCORE, Kind.NUMBER)

    @property
    def inputmode(self) -> str:
        """Keyboard of a phone: letters stay within reach where V and M are marks."""
        return "decimal" if self.field.kind is Kind.MARK else "numeric"

    def shown(self, stored: str) -> str:
        """A stored text as the cell shows it: ``7.5`` → ``7,5``."""
        return stored.replace(".", ",") if self.field.kind in DECIMAL else stored

    def stored(self, shown: str) -> str:
        """The other way round."""
        return shown.replace(",", ".") if self.field.kind in DECIMAL else shown


@dataclass(frozen=True, slots=True)
class Average:
    """A column that the rules fill."""

    key: str  # of the semester or of the year
    label: str
    title: str


def moments(school_class: SchoolClass) -> list[tuple[str, str]]:
    """The moments of a class's gradebook in words."""
    return [(m.value, moment_name(m.value)) for m in moments_of(school_class)]


def moment_name(moment: str) -> str:
    """One moment in words."""
    return {
        Moment.MID_ONE.value: _("Giữa học kỳ I"),
        Moment.END_ONE.value: _("Cuối học kỳ I"),
        Moment.MID_TWO.value: _("Giữa học kỳ II"),
        Moment.YEAR_END.value: _("Cuối năm học"),
        Moment.TERM_ONE.value: _("Học kỳ I"),
        Moment.TERM_TWO.value: _("Học kỳ II"),
        Moment.SUMMER.value: _("Đánh giá lại trong hè"),
    }[moment]


def columns(sheet: ClassSheet) -> list[Column]:
    """The page's columns in words."""
    return [_column(sheet, f) for f in sheet.fields]


def averages(sheet: ClassSheet) -> list[Average]:
    """What the rules compute beside the marks; none in primary and on pages that are no subject."""
    scored = any(f.kind is Kind.MARK for f in sheet.fields)
    named = {
        TERM_RESULT.key: (_("ĐTBmhk"), _("Điểm trung bình môn học kỳ"))
        if scored
        else (_("HK"), _("Kết quả học kỳ")),
        YEAR_RESULT.key: (_("ĐTBmcn"), _("Điểm trung bình môn cả năm"))
        if scored
        else (_("Cả năm"), _("Kết quả cả năm")),
    }
    return [Average(c.key, *named[c.key]) for c in sheet.computed_columns]


def _column(sheet: ClassSheet, found: Field) -> Column:
    if sheet.part == TRAITS:
        trait = programme_of(sheet.school_class).trait(found.key)
        group = list(TraitGroup).index(trait.group) + 1
        return Column(found, trait.name, hint(found), group, "col-trait")
    if sheet.part == RECORD:
        return _record_column(found)
    if found.kind in (Kind.MARK, Kind.PASS):
        return _mark_column(found)
    if found.kind is Kind.TEXT:
        group = 3 if is_secondary(sheet.school_class.grade) else 2
        return Column(found, _("Nhận xét"), hint(found), group, "col-text")
    label = {"level": _("Mức đạt được"), "score": _("Điểm KTĐK")}[found.key]
    return Column(found, label, hint(found), 1, "col-level")


def _mark_column(found: Field) -> Column:
    if found.name in REGULAR_COLUMNS:
        number = REGULAR_COLUMNS.index(found.name) + 1
        title = _("Đánh giá thường xuyên %(n)s") % {"n": number}
        return Column(found, f"TX{number}", hint(found), 1, "col-mark", title)
    label, title, group = {
        "gk": (_("ĐĐGgk"), _("Điểm đánh giá giữa kỳ"), 2),
        "ck": (_("ĐĐGck"), _("Điểm đánh giá cuối kỳ"), 2),
        "retest": (_("Kiểm tra lại"), _("Điểm kiểm tra, đánh giá lại trong hè"), 1),
    }[found.name]
    css = "col-mark col-mark-wide" if found.name in MARK_COLUMNS else "col-level"
    return Column(found, label, hint(found), group, css, title)


def _record_column(found: Field) -> Column:
    label, group = {
        "absent_excused": (_("Nghỉ có phép"), 1),
        "absent_unexcused": (_("Nghỉ không phép"), 1),
        "height_cm": (_("Chiều cao (cm)"), 1),
        "weight_kg": (_("Cân nặng (kg)"), 1),
        "conduct_1": (_("Rèn luyện HK I"), 1),
        "conduct_2": (_("Rèn luyện HK II"), 1),
        "conduct_summer": (_("Rèn luyện sau hè"), 1),
        "homeroom_comment": (_("Nhận xét của giáo viên chủ nhiệm"), 2),
        "qualities_comment": (_("Phẩm chất"), 3),
        "general_comment": (_("Năng lực chung"), 3),
        "specific_comment": (_("Năng lực đặc thù"), 3),
        "awards": (_("Khen thưởng"), 4),
        "certificates": (_("Chứng chỉ"), 4),
        "contests": (_("Kết quả cuộc thi"), 4),
        "discipline": (_("Kỷ luật"), 4),
    }[found.key]
    css = {Kind.TEXT: "col-text", Kind.RATING: "col-level"}.get(found.kind, "col-number")
    return Column(found, label, hint(found), group, css)


def hint(found: Field) -> str:
    """What may be written, short enough for a row."""
    return {
        Kind.LEVEL: _("chỉ T, H hoặc C"),
        Kind.TRAIT: _("chỉ T, Đ hoặc C"),
        Kind.TEXT: _("nhiều nhất %(n)s ký tự") % {"n": found.high},
        Kind.MARK: _("chỉ từ 0 đến 10"),
        Kind.PASS: _("chỉ Đ hoặc CĐ"),
        Kind.RATING: _("chỉ Tốt, Khá, Đạt hoặc Chưa đạt"),
    }.get(found.kind, _("chỉ số nguyên từ %(low)s đến %(high)s") % {"low": found.low, "high": found.high})


def rule(found: Field) -> str:
    """What may be written, in full."""
    return {
        Kind.MARK: _("chỉ từ 0 đến 10, nhiều nhất một chữ số thập phân; V là vắng, M là miễn"),
        Kind.PASS: _("chỉ Đ (Đạt) hoặc CĐ (Chưa đạt); V là vắng, M là miễn"),
    }.get(found.kind, hint(found))


def grammar(sheet: ClassSheet) -> list[str]:
    """How each kind of cell on the page is written, in sentences."""
    lines = {
        Kind.MARK: _("Điểm: 7,5 hoặc 7.5, từ 0 đến 10, một chữ số thập phân; V: vắng, M: miễn."),
        Kind.PASS: _("Đ (Đạt), CĐ (Chưa đạt), gõ d, cd cũng được; V: vắng, M: miễn."),
        Kind.LEVEL: _(
            "Mức: T (Hoàn thành tốt), H (Hoàn thành), C (Chưa hoàn thành), gõ chữ thường cũng được."
        ),
        Kind.TRAIT: _("Gõ một chữ: T (Tốt), Đ (Đạt), C (Cần cố gắng); gõ d thì ô hiện Đ."),
        Kind.SCORE: _("Điểm KTĐK: số nguyên từ 1 đến 10."),
        Kind.RATING: _("Rèn luyện: gõ T, K, Đ, CĐ; ô hiện Tốt, Khá, Đạt, Chưa đạt."),
    }
    kinds = {f.kind for f in sheet.fields}
    return [text for kind, text in lines.items() if kind in kinds]


def groups(sheet: ClassSheet) -> list[tuple[int, str]]:
    """Columns that stand together where there is little room: number and name."""
    if sheet.part == TRAITS:
        return [(i, group.label) for i, group in enumerate(TraitGroup, 1)]
    if sheet.part == RECORD:
        return _record_groups(sheet)
    kinds = {f.kind for f in sheet.fields}
    if kinds & {Kind.MARK, Kind.PASS}:
        if sheet.moment == Moment.SUMMER:
            named = {1: _("Kiểm tra lại"), 3: _("Nhận xét")}
        else:
            named = {1: _("Thường xuyên"), 2: _("Giữa kỳ, cuối kỳ"), 3: _("Nhận xét")}
    else:
        scored = Kind.SCORE in kinds
        named = {1: _("Mức và điểm") if scored else _("Mức đạt được"), 2: _("Nhận xét")}
    present = {c.group for c in columns(sheet)}
    return [(number, name) for number, name in named.items() if number in present]


def _record_groups(sheet: ClassSheet) -> list[tuple[int, str]]:
    rated = any(f.kind is Kind.RATING for f in sheet.fields)
    bodies = any(f.key == "height_cm" for f in sheet.fields)
    if rated:
        first = _("Rèn luyện, ngày nghỉ") if len(sheet.fields) > 1 else _("Rèn luyện")
    else:
        first = _("Ngày nghỉ, chiều cao, cân nặng") if bodies else _("Ngày nghỉ")
    named = [
        (1, first),
        (2, _("Nhận xét của giáo viên chủ nhiệm")),
        (3, _("Nhận xét phẩm chất, năng lực")),
        (4, _("Khen thưởng, kỷ luật")),
    ]
    present = {_record_column(f).group for f in sheet.fields}
    return [one for one in named if one[0] in present]
