"""Facts of the homeroom book and of the register."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hocbaso.apps.assessment.models import Moment, YearRecord
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.year_rows import outcomes_in, read_year, verdicts_of
from hocbaso.apps.books.facts import ClassFacts, class_facts, principal_of, pupils_of, school_facts
from hocbaso.apps.books.primary_books import PrimaryResults, results_at
from hocbaso.apps.books.secondary_books import promotion_words, pupils_in, words
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils import queries
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.engines.rendering import books

_PRIMARY_COLUMNS = (
    "Môn học cuối học kỳ I (T, H, C)",
    "Phẩm chất, năng lực cuối học kỳ I (T, Đ, C)",
    "Môn học cuối năm (T, H, C)",
    "Phẩm chất, năng lực cuối năm (T, Đ, C)",
    "Đánh giá kết quả giáo dục",
    "Khen thưởng",
)
_SECONDARY_COLUMNS = (
    "Học tập HKI",
    "Rèn luyện HKI",
    "Học tập HKII",
    "Rèn luyện HKII",
    "Học tập cả năm",
    "Rèn luyện cả năm",
    "Danh hiệu",
    "Lên lớp",
)
_Results = dict[int, tuple[str, ...]]
_Records = Mapping[int, YearRecord]


def homeroom_book(school_class: SchoolClass, stamp: books.Stamp) -> books.HomeroomBook:
    """The book of one class. Seven queries in secondary, twelve in primary."""
    facts = class_facts(school_class)
    secondary = is_secondary(school_class.grade)
    if secondary:
        year = read_year(school_class)
        pupils, records = pupils_in(year), year.records
        results: _Results = {
            pk: (
                words(o.study1),
                words(o.conduct1),
                words(o.study2),
                words(o.conduct2),
                words(o.study_final),
                words(o.conduct_final),
                words(o.title),
                promotion_words(o),
            )
            for pk, o in outcomes_in(year, allow_unknown_absences=True).items()
        }
        teachers = tuple((s.name, ", ".join(facts.teachers_of(s.code))) for s in year.programme.taught())
    else:
        pupils = pupils_of(school_class)
        found = YearRecord.objects.filter(enrolment__school_class=school_class)
        records = {row.enrolment_id: row for row in found}
        results, teachers = _primary_results(school_class, [e.pk for e, _p in pupils], facts)
    return books.HomeroomBook(
        facts.school,
        facts.head,
        tuple(_homeroom_row(e, p, records, results) for e, p in pupils),
        _SECONDARY_COLUMNS if secondary else _PRIMARY_COLUMNS,
        teachers,
        stamp,
        "buổi" if secondary else "ngày",
    )


def _primary_results(
    school_class: SchoolClass, ids: list[int], facts: ClassFacts
) -> tuple[_Results, tuple[tuple[str, str], ...]]:
    verdicts = verdicts_of(school_class, ids)
    first = results_at(school_class, Moment.END_ONE)
    last = results_at(school_class, Moment.YEAR_END)
    results: _Results = {}
    for pk in ids:
        verdict = verdicts[pk]
        decision = verdict.decision if not verdict.missing else None
        results[pk] = (
            *_counted(first, pk),
            *_counted(last, pk),
            decision.overall.value if decision and decision.overall else "",
            verdict.title.value if verdict.title else "",
        )
    teachers = tuple(
        (line.name, ", ".join(facts.teachers_of(line.code)))
        for line in first.programme.lines
        if line.compulsory
    )
    return results, teachers


def _counted(results: PrimaryResults, enrolment_id: int) -> tuple[str, str]:
    """``9, 2, 0``: how many T, H (Đ) and C."""
    levels = Counter(row.level for row in results.subjects.get(enrolment_id, {}).values())
    traits = Counter(row.level for row in results.traits.get(enrolment_id, {}).values())

    def line(count: Counter[str], letters: str) -> str:
        return ", ".join(str(count[c]) for c in letters) if any(count[c] for c in letters) else ""

    return line(levels, "THC"), line(traits, "TĐC")


def _homeroom_row(
    enrolment: Enrolment, person: books.Person, records: _Records, results: _Results
) -> books.HomeroomRow:
    pupil, record = enrolment.pupil, records.get(enrolment.pk)
    address = pupil.current_address or ", ".join(
        p for p in (pupil.hamlet, pupil.commune, pupil.province) if p
    )
    return books.HomeroomRow(
        person,
        address,
        pupil.phone,
        pupil.father_name,
        pupil.father_occupation,
        pupil.father_phone,
        pupil.mother_name,
        pupil.mother_occupation,
        pupil.mother_phone,
        pupil.guardian_name,
        pupil.disability,
        record.absent_excused if record else None,
        record.absent_unexcused if record else None,
        books.HomeroomResult(results.get(enrolment.pk, ())),
        record.homeroom_comment if record else "",
    )


def register(school: Organisation, year: str, stamp: books.Stamp, *, whole: bool = False) -> books.Register:
    """Pupils who entered in the year, or the whole book up to it. Six queries."""
    lines = queries.register_book(school, "" if whole else year, year)
    return books.Register(
        school_facts(school),
        year,
        tuple(_register_row(n, line) for n, line in enumerate(lines, 1)),
        stamp,
        principal_of(school),
    )


def _register_row(number: int, line: queries.RegisterLine) -> books.RegisterRow:
    pupil = line.pupil
    person = books.Person(
        number, pupil.code, pupil.full_name, pupil.birth_date, pupil.sex, pupil.ethnic_group
    )
    residence = ", ".join(part for part in (pupil.hamlet, pupil.commune, pupil.province) if part)
    return books.RegisterRow(
        line.number,
        person,
        pupil.birth_place,
        pupil.current_address or residence,
        pupil.father_name,
        pupil.mother_name,
        pupil.guardian_name,
        line.entered_on,
        line.entered_class,
        line.from_school,
        line.left_on,
        ". ".join(text for text in (line.left_status, line.left_reason) if text),
    )
