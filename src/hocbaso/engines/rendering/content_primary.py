"""The primary form (Phụ lục TT 27/2020/TT-BGDĐT): from frozen values to what its pages print."""

from __future__ import annotations

from typing import Any

from hocbaso.core.document.model import (
    PrimaryResult,
    SignerRole,
    SubjectLine,
    TraitLine,
    Traits,
    YearSheet,
)
from hocbaso.engines.rendering.content import (
    NO_VALUE,
    Printed,
    awards,
    lines,
    measure,
    printed,
    remarks,
    replacement,
    signatory,
    stamp_content,
    surroundings,
)
from hocbaso.engines.rendering.views import SheetView


def _subject(line: object) -> dict[str, Printed | bool]:
    assert isinstance(line, SubjectLine), "form_of refuses the lines of another form"
    comment = line.comment
    if line.level is None and line.exempt:
        comment = f"Được miễn: {line.exempt}" + (f". {comment}" if comment else "")
    return {
        "name": printed(line.name),
        "level": line.level or ("Miễn" if line.exempt else NO_VALUE),
        "score": NO_VALUE if line.score is None else str(line.score),
        "comment": printed(comment or ""),
        "long": _long(comment),
    }


def _long(comment: str | None) -> bool:
    """Too much for a row that stays on one page."""
    return comment is not None and (len(comment) > 900 or comment.count("\n") > 12)


def _group(items: tuple[TraitLine, ...], comment: str | None) -> dict[str, Any]:
    return {
        "items": [{"name": printed(item.name), "level": item.level or NO_VALUE} for item in items],
        "comment": printed(comment or ""),
        "long": _long(comment),
        "stretch": not _long(comment) and lines(comment, 40) > len(items),
    }


def _fits_one_page(sheet: YearSheet, traits: Traits) -> bool:
    """Whether sections 1 and 2 stay on the sheet's first page, in millimetres of the template.

    An estimate is enough: it only decides whether section 3 starts a page, and asking the layout itself would
    cost another round of it.
    """
    rows = sum(
        3 + 4.9 * max(lines(line.name, 22), lines(line.comment, 48), lines(line.exempt, 40))
        for line in sheet.subjects
    )
    qualities = max(7.9 * len(traits.qualities), 3 + 4.9 * lines(traits.qualities_comment, 48))
    return 48 + 13 + rows + 8 + 21 + qualities + 6 <= 247


def primary_content(view: SheetView) -> dict[str, Any]:
    """Everything the year sheet's pages print.

    :param view: a sheet that :func:`~hocbaso.engines.rendering.forms.form_of` found to have the primary form.
    """
    sheet, traits, result = view.sheet, view.sheet.traits, view.sheet.result
    assert traits is not None, "form_of refuses a primary sheet without them"
    assert isinstance(result, PrimaryResult), "form_of refuses the result of another form"
    why = replacement(sheet)
    return {
        **surroundings(view),
        "height": measure(sheet.height_cm, "cm"),
        "weight": measure(sheet.weight_kg, "kg"),
        "subjects": [_subject(line) for line in sheet.subjects],
        "one_page": _fits_one_page(sheet, traits),
        "qualities": _group(traits.qualities, traits.qualities_comment),
        "general": _group(traits.general_competences, traits.general_comment),
        "specific": _group(traits.specific_competences, traits.specific_comment),
        "overall": printed(result.overall.value),
        "awards": printed(awards(result)),
        "completion_heading": "Hoàn thành chương trình tiểu học"
        if sheet.grade == 5
        else "Hoàn thành chương trình lớp học",
        "completion": printed(result.completion.value),
        "notes": ([printed(why)] if why else []) + remarks(sheet),
        "principal": signatory(view, SignerRole.PRINCIPAL, "Xác nhận của Hiệu trưởng", "Hiệu trưởng"),
        "homeroom": signatory(view, SignerRole.HOMEROOM, "Giáo viên chủ nhiệm", "Giáo viên chủ nhiệm"),
        "subject_stamps": [stamp_content(s) for s in view.stamps if s.role == SignerRole.SUBJECT_TEACHER],
    }
