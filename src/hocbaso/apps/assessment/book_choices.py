"""Subjects of the pupils' own choice as their mark books tell them (TT 32/2018: four of nine, grades 10-12).

A school that never wrote down who chose what still has the books: marks of an elective are the evidence that
the pupil studies it. The import offers that as a question; what is recorded already is never overruled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.models import Moment, PupilProgramme, ResultChange, SubjectMarks
from hocbaso.apps.assessment.stored_rows import closed_years
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.errors import register, sentence
from hocbaso.core.regulation.secondary_choice import ELECTIVES_NEEDED
from hocbaso.core.regulation.secondary_model import ELECTIVE

register(
    {
        "marks_choice_offered": (
            "Chưa ghi môn học sinh này tự chọn. Tệp có điểm của {names}; nhập tệp này thì hệ thống ghi đó là "
            "môn học sinh đã chọn. Thầy cô xem có đúng không.",
            "The pupil's choice is not recorded; the marks say {names}.",
        ),
        "marks_choice_partial": (
            " Như vậy mới có {n} trong {needed} môn lựa chọn: thầy cô nhập tiếp sổ điểm các môn còn lại hoặc "
            "ghi ở trang Chương trình, đủ {needed} môn mới chốt được học bạ.",
            " That makes {n} of {needed} electives.",
        ),
        "marks_choice_too_many": (
            "Tệp và sổ có điểm của {n} môn lựa chọn ({names}), mỗi học sinh chỉ chọn {needed} môn. Thầy cô "
            "bỏ điểm của môn học sinh không học, hoặc ghi các môn đã chọn ở trang Chương trình rồi nhập lại.",
            "Marks of {n} electives ({names}); a pupil chooses {needed}.",
        ),
        "marks_choice_not_yours": (
            "Nhà trường chưa ghi môn lựa chọn của học sinh này nên chưa nhập được điểm môn {name}. Hiệu "
            "trưởng hoặc nhân viên dữ liệu ghi ở trang Chương trình, hoặc nhập sổ điểm này.",
            "The pupil's choice is not recorded; the clerk records it.",
        ),
    }
)

KEY = "programme"
_FIELDS = ("electives", "optional")


@dataclass(slots=True)
class BookChoices:
    """What the marks of one workbook say that pupils have chosen."""

    programmes: Mapping[int, ClassProgramme]  # by class; what is offered is taken in here
    may: bool  # the actor may record choices
    offered: dict[int, tuple[str, ...]] = field(default_factory=dict)  # enrolment → codes, in order
    too_many: dict[int, tuple[str, ...]] = field(default_factory=dict)
    used: dict[int, set[str]] = field(default_factory=dict)  # codes of accepted lines
    _class_of: dict[int, int] = field(default_factory=dict)

    def propose(self, marks: Mapping[tuple[int, int], Collection[str]]) -> None:
        """Take in what pupils have marks in and no choice for. One query per 500 pupils, where there are any.

        :param marks: (class, enrolment) → codes of the subjects in which the workbook has marks.
        """
        wanted = {key: found for key, codes in marks.items() if (found := self._unknown(*key, codes))}
        closed = closed_years([pk for _class, pk in wanted]) if wanted else set()
        for (class_id, pk), codes in wanted.items():
            if pk in closed:
                continue
            programme = self.programmes[class_id]
            self._class_of[pk] = class_id
            own = programme.pupils.get(pk)
            known = list(own.electives) if own else []
            chosen = [c for c in (*known, *codes) if _elective(programme, c)]
            if len(chosen) > ELECTIVES_NEEDED:
                # Whose four are recorded does not study a fifth: that is the programme's own sentence.
                if len(known) < ELECTIVES_NEEDED:
                    self.too_many[pk] = _in_order(programme, chosen)
                codes = tuple(c for c in codes if not _elective(programme, c))
            if codes:
                self.offered[pk] = codes
                if self.may:
                    programme.pupils[pk] = _with(own, pk, programme, codes)

    def _unknown(self, class_id: int, pk: int, codes: Collection[str]) -> tuple[str, ...]:
        programme = self.programmes.get(class_id)
        if programme is None:
            return ()
        return _in_order(
            programme, [c for c in codes if programme.chosen_by_pupils(c) and not programme.studies(pk, c)]
        )

    def refusal(self, pk: int, code: str) -> str:
        """Why marks of the subject cannot be taken for the pupil; empty when the programme decides."""
        if code in self.too_many.get(pk, ()) and not self._programme(pk).studies(pk, code):
            names = self._names(pk, self.too_many[pk])
            return sentence(
                "marks_choice_too_many", n=len(self.too_many[pk]), names=names, needed=ELECTIVES_NEEDED
            )
        if not self.may and code in self.offered.get(pk, ()):
            return sentence("marks_choice_not_yours", name=self._names(pk, [code]))
        return ""

    def question(self, pk: int, code: str) -> str:
        """What to ask at an accepted line: once for each pupil, at the first of the subjects."""
        codes = self.offered.get(pk, ())
        if code not in codes:
            return ""
        first = pk not in self.used
        self.used.setdefault(pk, set()).add(code)
        if not first:
            return ""
        text = sentence("marks_choice_offered", names=self._names(pk, codes))
        own = self._programme(pk).pupils[pk]
        if any(_elective(self._programme(pk), c) for c in codes) and len(own.electives) < ELECTIVES_NEEDED:
            text += sentence("marks_choice_partial", n=len(own.electives), needed=ELECTIVES_NEEDED)
        return text

    def to_write(self) -> dict[int, dict[str, list[str]]]:
        """Enrolment → the subjects of accepted lines, by field of the pupil's programme."""
        made: dict[int, dict[str, list[str]]] = {}
        for pk, codes in self.used.items():
            programme = self._programme(pk)
            values: dict[str, list[str]] = {name: [] for name in _FIELDS}
            for code in _in_order(programme, codes):
                values["electives" if _elective(programme, code) else "optional"].append(code)
            made[pk] = values
        return made

    def _programme(self, pk: int) -> ClassProgramme:
        return self.programmes[self._class_of[pk]]

    def _names(self, pk: int, codes: Iterable[str]) -> str:
        programme = self._programme(pk)
        return ", ".join(programme.grade.subject(code).name for code in codes)


def _elective(programme: ClassProgramme, code: str) -> bool:
    return programme.grade.has(code) and programme.grade.subject(code).elective_group == ELECTIVE


def _in_order(programme: ClassProgramme, codes: Collection[str]) -> tuple[str, ...]:
    return tuple(s.code for s in programme.grade.subjects if s.code in codes)


def _with(
    own: PupilProgramme | None, pk: int, programme: ClassProgramme, codes: Collection[str]
) -> PupilProgramme:
    """The pupil's programme as it would be; not stored."""
    made = PupilProgramme(
        enrolment_id=pk,
        electives=[*own.electives] if own else [],
        optional=[*own.optional] if own else [],
        topics=[*own.topics] if own else [],
        individual_plan=own.individual_plan if own else False,
    )
    for code in codes:
        (made.electives if _elective(programme, code) else made.optional).append(code)
    return made


def write(
    actor: Actor, school: Organisation, choices: Mapping[int, Mapping[str, list[str]]], source: str
) -> dict[int, tuple[dict[str, Any] | None, dict[str, Any]]]:
    """Record the choices with their history and one audit event.

    :param choices: :meth:`BookChoices.to_write`; added to what is recorded by now.
    :returns: enrolment → the programme's values before (None: none was recorded) and after, for undo.
    """
    now, lines = clock.now(), []
    stored = {p.enrolment_id: p for p in PupilProgramme.objects.filter(enrolment__in=choices)}
    done: dict[int, tuple[dict[str, Any] | None, dict[str, Any]]] = {}
    for pk, values in choices.items():
        known = stored.get(pk)
        row = known or PupilProgramme(enrolment_id=pk)
        before = {name: list(getattr(row, name)) for name in _FIELDS}
        after = {
            name: [*before[name], *(c for c in values[name] if c not in before[name])] for name in _FIELDS
        }
        if after == before:
            continue
        lines += _lines(actor, pk, before, after, source)
        for name, value in after.items():
            setattr(row, name, value)
        row.updated_at, row.updated_by = now, actor.label
        row.save()
        done[pk] = (before if known else None, after)
    ResultChange.objects.bulk_create(lines)
    if done:
        audit(
            actor,
            "assessment.electives_from_books",
            f"school:{school.code}",
            organisation=school.code,
            pupils=len(done),
        )
    return done


def put_back(
    actor: Actor, notes: Mapping[int, tuple[dict[str, Any] | None, dict[str, Any]]], source: str
) -> bool:
    """Take recorded choices back, after the marks that they came with.

    :returns: False when a programme was changed since, or marks stand in a subject that would be dropped.
    """
    stored = {p.enrolment_id: p for p in PupilProgramme.objects.filter(enrolment__in=notes)}
    lines: list[ResultChange] = []
    for pk, (before, after) in notes.items():
        row = stored.get(pk)
        former = before or {name: [] for name in _FIELDS}
        dropped = {code for name in _FIELDS for code in after[name] if code not in former[name]}
        if row is None or any(list(getattr(row, name)) != after[name] for name in _FIELDS):
            return False
        if SubjectMarks.objects.filter(enrolment=pk, subject_code__in=dropped).exists():
            return False
        lines += _lines(actor, pk, after, former, source)
        if before is None and not (row.topics or row.individual_plan or row.decision):
            row.delete()
            continue
        for name in _FIELDS:
            setattr(row, name, former[name])
        row.updated_at, row.updated_by = clock.now(), actor.label
        row.save()
    ResultChange.objects.bulk_create(lines)
    return True


def _lines(
    actor: Actor, pk: int, old: Mapping[str, Any], new: Mapping[str, Any], source: str
) -> list[ResultChange]:
    return [
        ResultChange(
            enrolment_id=pk,
            moment=Moment.YEAR_END,
            field=f"programme:{name}",
            old=", ".join(old[name]),
            new=", ".join(new[name]),
            at=clock.now(),
            by=actor.label,
            source=source,
        )
        for name in _FIELDS
        if old[name] != new[name]
    ]
