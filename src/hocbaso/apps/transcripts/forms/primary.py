"""The primary form (Phụ lục Thông tư 27/2020): levels, tests, qualities and competences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from hocbaso.apps.accounts.queries import teachers_of
from hocbaso.apps.assessment.models import Moment, PupilProgramme, SubjectResult, TraitResult
from hocbaso.apps.assessment.queries import YearVerdict, year_verdict
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts.forms.base import Assessed, PupilRows, Signers
from hocbaso.core.document import model
from hocbaso.core.regulation.programme import TraitGroup, programme_for
from hocbaso.core.regulation.rule_sets import rule_set_for
from hocbaso.core.vietnamese.school_year import SchoolYear

#: The summer's re-assessment replaces what was not completed (TT 27/2020 Điều 11).
_YEAR = (Moment.YEAR_END, Moment.SUMMER)


class PrimaryForm:
    """A primary class's year."""

    school_level = model.SchoolLevel.PRIMARY
    template = "tieu-hoc-1"

    def __init__(self, school_class: SchoolClass) -> None:
        year = SchoolYear.parse(school_class.school_year)
        self.school_class = school_class
        self.programme = programme_for(school_class.grade, year)
        self.table = self.programme.grade(school_class.grade)
        self.rule_set = rule_set_for(self.school_level, year, grade=school_class.grade)
        self._subjects: dict[tuple[int, str], dict[str, SubjectResult]] = {}
        self._traits: dict[tuple[int, str], dict[str, TraitResult]] = {}
        self._planned: set[int] = set()
        self._close_as_is: str | None = None

    def load(self, rows: Sequence[PupilRows], *, close_as_is: str | None) -> None:
        """Results of the year's end and of the summer, individual plans. Three queries."""
        keys = [r.enrolment.pk for r in rows]
        self._close_as_is = close_as_is
        for row in SubjectResult.objects.filter(enrolment__in=keys, moment__in=_YEAR):
            self._subjects.setdefault((row.enrolment_id, row.moment), {})[row.subject_code] = row
        for trait in TraitResult.objects.filter(enrolment__in=keys, moment__in=_YEAR):
            self._traits.setdefault((trait.enrolment_id, trait.moment), {})[trait.trait_code] = trait
        planned = PupilProgramme.objects.filter(enrolment__in=keys, individual_plan=True)
        self._planned = set(planned.values_list("enrolment", flat=True))

    @cached_property
    def _teachers(self) -> dict[str, str]:
        """Teachers by subject; asked for by the first pupil who is complete. Two queries."""
        return {
            code: ", ".join(sorted(ref.name for ref in refs))
            for code, refs in teachers_of(self.school_class).items()
        }

    def assess(self, rows: PupilRows) -> Assessed:
        """Circular 27/2020 on one pupil's year. No query."""
        key = rows.enrolment.pk
        verdict = year_verdict(
            self.school_class.grade,
            self._subjects.get((key, Moment.YEAR_END), {}).values(),
            self._traits.get((key, Moment.YEAR_END), {}).values(),
            rows.record,
            close_as_is=self._close_as_is,
            programme=self.programme,
            summer_subjects=self._subjects.get((key, Moment.SUMMER), {}).values(),
            summer_traits=self._traits.get((key, Moment.SUMMER), {}).values(),
            individual_plan=key in self._planned,
        )
        missing = verdict.missing
        if not missing and key in self._planned and verdict.promotion and verdict.promotion.need:
            missing = ("quyết định của Hiệu trưởng về việc lên lớp (kế hoạch giáo dục cá nhân)",)
        if missing:
            return Assessed(missing=missing, contradictions=verdict.contradictions)
        if (summer := self._summer(verdict)) is not None:
            return Assessed(summer=summer, contradictions=verdict.contradictions)
        return Assessed(
            contradictions=verdict.contradictions,
            result=verdict.result(),
            subjects=self._lines(key, verdict.after is not None),
            traits=self._trait_lines(rows, verdict.after is not None),
        )

    def signers(self) -> Signers:
        """Subject teachers sign primary sheets only where the setting "giáo viên môn ký" says so."""
        if units.setting(self.school_class.school, "primary_subject_teachers_sign") != "yes":
            return Signers()
        return Signers.of(self.school_class)

    def subject_name(self, code: str) -> str:
        return self.table.line(code).short_name

    def _summer(self, verdict: YearVerdict) -> str | None:
        assert verdict.decision is not None
        if verdict.promotion is not None and verdict.promotion.completion is not None:
            return None
        return ", ".join(verdict.blocking_names) or "kết quả năm học"

    def _lines(self, key: int, after_summer: bool) -> tuple[model.SubjectLine, ...]:
        """The subjects in the order of the form; optional subjects only where the pupil has a result."""
        found = self._subjects.get((key, Moment.YEAR_END), {})
        summer = self._subjects.get((key, Moment.SUMMER), {}) if after_summer else {}
        lines = []
        for line in self.table.lines:
            row, later = found.get(line.code), summer.get(line.code)
            if row is None:
                continue
            exempt = bool(row.exempt_reason)
            lines.append(
                model.SubjectLine(
                    code=line.code,
                    name=line.name,
                    level=None if exempt else (later.level if later else "") or row.level or None,
                    score=None if exempt else later.score if later and later.score is not None else row.score,
                    comment=(later.comment if later else "") or row.comment or None,
                    teacher=self._teachers.get(line.code),
                    exempt=row.exempt_reason or None,
                )
            )
        return tuple(lines)

    def _trait_lines(self, rows: PupilRows, after_summer: bool) -> model.Traits:
        """Sections 2, 3.1 and 3.2 of the form."""
        key, record = rows.enrolment.pk, rows.record
        found = dict(self._traits.get((key, Moment.YEAR_END), {}))
        if after_summer:
            later = self._traits.get((key, Moment.SUMMER), {})
            found |= {code: row for code, row in later.items() if row.level and code in found}

        def group(which: TraitGroup) -> tuple[model.TraitLine, ...]:
            return tuple(
                model.TraitLine(t.code, t.name, found[t.code].level or None)
                for t in self.table.group(which)
                if t.code in found
            )

        return model.Traits(
            qualities=group(TraitGroup.QUALITY),
            general_competences=group(TraitGroup.GENERAL),
            specific_competences=group(TraitGroup.SPECIFIC),
            qualities_comment=(record.qualities_comment or None) if record else None,
            general_comment=(record.general_comment or None) if record else None,
            specific_comment=(record.specific_comment or None) if record else None,
        )
