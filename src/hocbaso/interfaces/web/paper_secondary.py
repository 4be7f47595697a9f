"""The secondary form (Phụ lục TT 22/2021) as HTML values: marks by semester, results, awards, discipline."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from hocbaso.core.document.model import Decision, SecondaryResult, SecondarySubjectLine
from hocbaso.core.document.model import YearSheet as Model
from hocbaso.core.regulation.tt22 import show_mark

DASH = "–"


def tables(model: Model) -> dict[str, Any]:
    """The sections of the form as plain values."""
    result = model.result
    assert isinstance(result, SecondaryResult)
    awards = ([result.title.value] if result.title else []) + list(result.other_awards)
    return {
        "secondary": True,
        "subjects": [_subject(line) for line in model.subjects if isinstance(line, SecondarySubjectLine)],
        "results": [
            _row(_("Kết quả rèn luyện"), result.conduct1, result.conduct2, result.conduct_year),
            _row(_("Kết quả học tập"), result.study1, result.study2, result.study_year),
        ],
        "after": [
            (name, decision.value)
            for name, decision in (
                (_("Rèn luyện sau rèn luyện trong hè"), result.conduct_after),
                (_("Học tập sau đánh giá lại trong hè"), result.study_after),
            )
            if decision is not None
        ],
        "completion": result.completion.value,
        "lists": [
            (_("Chứng chỉ"), _joined(result.certificates)),
            (_("Kết quả tham gia các cuộc thi"), _joined(result.contests)),
            (_("Khen thưởng"), _joined(awards)),
            (_("Kỷ luật"), _joined(result.discipline)),
        ],
        "homeroom_comment": model.homeroom_comment,
    }


def _subject(line: SecondarySubjectLine) -> dict[str, Any]:
    comment = line.comment or ""
    if line.exempt:
        comment = (_("Được miễn: %(why)s") % {"why": line.exempt} + f". {comment}").removesuffix(". ")
    if line.term1_school:
        comment = f"{comment} " + _("Học kỳ I học tại %(school)s.") % {"school": line.term1_school}
    exempt = _("Miễn") if line.exempt else DASH
    return {
        "name": line.name,
        "term1": _mark(line.term1, exempt),
        "term2": _mark(line.term2, exempt),
        "year": _mark(line.year, exempt),
        "retest": _mark(line.retest, ""),
        "comment": comment.strip(),
        "teachers": ", ".join(line.teachers),
    }


def _mark(text: str | None, empty: str) -> str:
    """``8,0``, ``Đ``: as the form and the rendition write it."""
    return show_mark(text, places=1) if text else empty


def _row(name: str, *decisions: Decision | None) -> dict[str, Any]:
    values = [decision.value if decision is not None else DASH for decision in decisions]
    return {"name": name, "values": values}


def _joined(items: Any) -> str:
    return "; ".join(item.rstrip(".") for item in items) or _("Không")
