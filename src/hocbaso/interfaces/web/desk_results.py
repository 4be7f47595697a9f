"""The column "Kết quả" of the signing lists: a pupil's year in a few words, or a teacher's own subjects."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.core.document.model import SecondarySubjectLine, SubjectLine
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.regulation.tt22 import show_mark


def result_words(sheet: YearSheet | None) -> str:
    """``Hoàn thành tốt``; who is not promoted, or promoted without completing, is told apart."""
    if sheet is None:
        return "–"
    result = sheet.result
    if "study" in result:
        text = _("Học tập %(study)s · Rèn luyện %(conduct)s") % {
            "study": result["study"],
            "conduct": result["conduct"],
        }
        return text if result["promoted"] else f"{text} · " + _("Không được lên lớp")
    if not result["promoted"]:
        return f"{result['overall']} · " + _("Ở lại lớp")
    return str(result["overall"]) + ("" if result["completed"] else " · " + _("Lên lớp"))


def subject_results(sheet: YearSheet | None, codes: tuple[str, ...]) -> str:
    """``HKI 7,9 · HKII 8,1 · Cả năm 8,0`` of the teacher's own subjects, from the frozen text.

    Primary: ``Hoàn thành tốt · 9``. Several subjects are told apart by name.
    """
    if sheet is None:
        return "–"
    lines = [line for line in parse_sheet(bytes(sheet.body)).subjects if line.code in codes]
    texts = [_subject_result(line) for line in lines]
    if len(lines) == 1:
        return texts[0]
    return "; ".join(f"{line.name}: {text}" for line, text in zip(lines, texts, strict=True)) or "–"


def _subject_result(line: SubjectLine | SecondarySubjectLine) -> str:
    if line.exempt:
        return _("Miễn")
    if isinstance(line, SubjectLine):
        words = {"T": _("Hoàn thành tốt"), "H": _("Hoàn thành"), "C": _("Chưa hoàn thành")}
        level = words.get(line.level or "", "–")
        return level if line.score is None else f"{level} · {line.score}"
    parts = [(_("HKI"), line.term1), (_("HKII"), line.term2), (_("Cả năm"), line.year)]
    if line.retest:
        parts.append((_("Đánh giá lại"), line.retest))
    return " · ".join(f"{name} {show_mark(mark, places=1) if mark else '–'}" for name, mark in parts)
