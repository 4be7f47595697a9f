"""The secondary form (Phụ lục TT 22/2021/TT-BGDĐT): from frozen values to what its pages print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hocbaso.core.document.model import (
    Decision,
    ResponsiblePerson,
    SecondaryResult,
    SecondarySubjectLine,
    SignerRole,
    YearSheet,
)
from hocbaso.core.document.signers import signatures_of_subject
from hocbaso.core.regulation.tt22 import show_mark
from hocbaso.engines.rendering.content import (
    NO_VALUE,
    Printed,
    awards,
    lines,
    printed,
    remarks,
    replacement,
    signatory,
    stamp_content,
    surroundings,
    vietnam_time,
)
from hocbaso.engines.rendering.forms import Form
from hocbaso.engines.rendering.views import SheetView, SignatureStamp

#: Lines of a subject's row beyond which it may break across pages.
TALLEST_ROW = 25


@dataclass(frozen=True, slots=True)
class _Signing:
    """Who must sign the subjects, and who did."""

    wanted: dict[str, int]
    people: tuple[ResponsiblePerson, ...]
    stamps: tuple[SignatureStamp, ...]

    @classmethod
    def of(cls, view: SheetView) -> _Signing:
        role = SignerRole.SUBJECT_TEACHER
        return cls(
            signatures_of_subject(view.sheet),
            tuple(person for person in view.sheet.responsible if person.role is role),
            tuple(stamp for stamp in view.stamps if stamp.role is role),
        )

    def of_subject(self, code: str) -> list[dict[str, Printed | bool | None]]:
        """Signatures in the subject's cell: the given ones with their time, then the missing ones."""
        given = [stamp for stamp in self.stamps if code in stamp.subjects]
        found: list[dict[str, Printed | bool | None]] = [
            {"name": printed(stamp.signer), "time": vietnam_time(stamp.time)} for stamp in given
        ]
        signed = {stamp.signer for stamp in given}
        waiting = [p.name for p in self.people if code in p.subjects and p.name not in signed]
        lacking = max(0, self.wanted.get(code, 0) - len(given))
        names: list[str | None] = [*waiting, *([None] * lacking)]
        return found + [
            {"name": None if name is None else printed(name), "time": None} for name in names[:lacking]
        ]


def _mark(line: SecondarySubjectLine, value: str | None) -> str:
    """``8,0``; ``Đ`` or ``CĐ``; that the pupil is exempt; or a dash where the form has no value."""
    if value is not None:
        return show_mark(value, places=1)
    return "Miễn" if line.exempt else NO_VALUE


def _subject(line: object, signing: _Signing) -> dict[str, Any]:
    assert isinstance(line, SecondarySubjectLine), "form_of refuses the lines of another form"
    notes = []
    if line.exempt:
        notes.append(f"Được miễn: {line.exempt.rstrip('.')}.")
    if line.term1_school:
        notes.append(f"Kết quả học kỳ I do {line.term1_school.rstrip('.')} đánh giá.")
    note = " ".join(notes)
    signatures = signing.of_subject(line.code)
    tall = max(lines(line.name, 14), lines(line.comment, 50) + lines(note, 50) + 2 * len(signatures))
    return {
        "name": printed(line.name),
        "term1": _mark(line, line.term1),
        "term2": _mark(line, line.term2),
        "year": _mark(line, line.year),
        "retest": "" if line.retest is None else show_mark(line.retest, places=1),
        "comment": printed(line.comment) if line.comment else None,
        "note": printed(note) if note else None,
        "signatures": signatures,
        "long": tall > TALLEST_ROW,
    }


def _corrections(sheet: YearSheet) -> str:
    """What the line under the table says: a signed sheet is not mended, another version replaces it."""
    why = replacement(sheet)
    return f"{why}" if why else "0 điểm, thuộc các môn học: không."


def _value(decision: Decision | None) -> Printed:
    return printed(decision.value if decision else None)


def _list(entries: tuple[str, ...], none: str = "Không") -> list[Printed]:
    return [printed(entry) for entry in entries] or [none]


def form_words(form: Form) -> dict[str, Any]:
    """The words of the form, for the template."""
    return {
        "learner": form.learner,
        "Learner": form.learner.capitalize(),
        "head": form.head,
        "head_low": form.head[0].lower() + form.head[1:],
        "cover": list(form.cover),
        "level": form.level_name,
        "school": form.school,
        "circular": form.circular,
        "counted": str(form.counted),
        "last_grade": str(form.last_grade),
        "whole": form.whole,
    }


def secondary_content(view: SheetView, form: Form) -> dict[str, Any]:
    """Everything the year sheet's pages print.

    :param view: a sheet that :func:`~hocbaso.engines.rendering.forms.form_of` found to have ``form``.
    """
    sheet, result = view.sheet, view.sheet.result
    assert isinstance(result, SecondaryResult), "form_of refuses the result of another form"
    signing = _Signing.of(view)
    known = {line.code for line in sheet.subjects}
    return {
        **surroundings(view),
        "words": form_words(form),
        "subjects": [_subject(line, signing) for line in sheet.subjects],
        "corrections": printed(_corrections(sheet)),
        "terms": [
            {"name": "Học kỳ I", "conduct": _value(result.conduct1), "study": _value(result.study1)},
            {"name": "Học kỳ II", "conduct": _value(result.conduct2), "study": _value(result.study2)},
            {"name": "Cả năm", "conduct": _value(result.conduct_year), "study": _value(result.study_year)},
        ],
        "conduct_after": _value(result.conduct_after),
        "study_after": _value(result.study_after),
        "completion": printed(result.completion.value),
        "certificates": _list(result.certificates),
        "contests": _list(result.contests),
        "awards": [printed(awards(result))],
        "discipline": _list(result.discipline),
        "notes": remarks(sheet),
        "principal": signatory(
            view, SignerRole.PRINCIPAL, f"Xác nhận của {form.head}", form.head, "Hiệu trưởng"
        ),
        "homeroom": signatory(view, SignerRole.HOMEROOM, "Giáo viên chủ nhiệm", "Giáo viên chủ nhiệm"),
        # Signatures that name no subject of the sheet have no cell of their own.
        "other_stamps": [stamp_content(s) for s in signing.stamps if not known.intersection(s.subjects)],
    }
