"""Facts of the result slips: each holds one pupil's own results and nobody else's."""

from __future__ import annotations

from hocbaso.apps.assessment.models import REGULAR_COLUMNS, YearRecord
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.queries import YearVerdict
from hocbaso.apps.assessment.year_rows import ClassYear, outcomes_in, read_year, verdicts_of
from hocbaso.apps.books.facts import class_facts, pupils_of
from hocbaso.apps.books.kinds import MID_ONE, MID_TWO, TERM_ONE, TERM_TWO, YEAR, moment_label
from hocbaso.apps.books.primary_books import PrimaryResults, results_at
from hocbaso.apps.books.secondary_books import pupils_in, words
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation import tt22
from hocbaso.core.regulation.programme import Moment, ProgrammeLine
from hocbaso.engines.rendering import books

_Facts = tuple[tuple[str, str], ...]


def slips(school_class: SchoolClass, moment: str, stamp: books.Stamp, *, per_page: int = 2) -> books.Slips:
    """One slip a pupil who is in the class. Seven queries in secondary; five, at year end ten, in primary."""
    facts = class_facts(school_class)
    if is_secondary(school_class.grade):
        columns, made = _secondary(read_year(school_class), moment)
    else:
        columns, made = _primary(school_class, moment)
    return books.Slips(
        facts.school,
        facts.head,
        moment_label(moment, school_class.grade),
        columns,
        made,
        stamp,
        per_page,
    )


def _primary(school_class: SchoolClass, moment: str) -> tuple[tuple[str, ...], tuple[books.Slip, ...]]:
    pupils = [(e, p) for e, p in pupils_of(school_class) if e.active]
    results = results_at(school_class, moment)
    year_end = moment == YEAR
    ids = [e.pk for e, _p in pupils]
    verdicts = verdicts_of(school_class, ids) if year_end else {}
    records = {r.enrolment_id: r for r in YearRecord.objects.filter(enrolment__in=ids)} if year_end else {}
    lines = results.lines()
    tested = any(Moment(moment) in line.tests for line in lines)
    made = tuple(
        books.Slip(
            person,
            tuple(_primary_line(results, e.pk, line, tested) for line in lines),
            _traits(results, e.pk),
            _primary_facts(verdicts.get(e.pk), records.get(e.pk)),
            records[e.pk].homeroom_comment if e.pk in records else "",
        )
        for e, person in pupils
    )
    return ("Mức đạt được", "Điểm KTĐK") if tested else ("Mức đạt được",), made


def _primary_line(results: PrimaryResults, pk: int, line: ProgrammeLine, tested: bool) -> books.SlipLine:
    row = results.subjects.get(pk, {}).get(line.code)
    score = "" if row is None or row.score is None or row.exempt_reason else str(row.score)
    values = (results.level(pk, line.code), score) if tested else (results.level(pk, line.code),)
    return books.SlipLine(line.name, values, row.comment if row else "")


def _traits(results: PrimaryResults, pk: int) -> _Facts:
    rows = results.traits.get(pk, {})
    traits = results.programme.traits
    return tuple((t.name, rows[t.code].level) for t in traits if t.code in rows and rows[t.code].level)


def _primary_facts(verdict: YearVerdict | None, record: YearRecord | None) -> _Facts:
    if verdict is None or verdict.missing or verdict.decision is None or verdict.decision.overall is None:
        return ()
    found = [("Đánh giá kết quả giáo dục", verdict.decision.overall.value)]
    if verdict.promotion and verdict.promotion.completion:
        found.append(("Kết luận", verdict.promotion.completion.value))
    if verdict.title:
        found.append(("Khen thưởng", verdict.title.value))
    return (*found, *_absences(record, "ngày"))


def _absences(record: YearRecord | None, unit: str) -> _Facts:
    if record is None or record.absent_excused is None or record.absent_unexcused is None:
        return ()
    total = record.absent_excused + record.absent_unexcused
    detail = f"{total} (có phép {record.absent_excused}, không phép {record.absent_unexcused})"
    return ((f"Số {unit} nghỉ", detail),)


_SECONDARY_COLUMNS = {
    MID_ONE: ("Thường xuyên", "Giữa kỳ"),
    MID_TWO: ("Thường xuyên", "Giữa kỳ"),
    TERM_ONE: ("Thường xuyên", "Giữa kỳ", "Cuối kỳ", "Học kỳ I"),
    TERM_TWO: ("Thường xuyên", "Giữa kỳ", "Cuối kỳ", "Học kỳ II"),
    YEAR: ("Học kỳ I", "Học kỳ II", "Cả năm"),
}


def _secondary(year: ClassYear, moment: str) -> tuple[tuple[str, ...], tuple[books.Slip, ...]]:
    outcomes = outcomes_in(year, allow_unknown_absences=True)
    made = []
    for enrolment, person in pupils_in(year):
        if not enrolment.active:
            continue
        outcome, record = outcomes[enrolment.pk], year.records.get(enrolment.pk)
        lines = tuple(_secondary_line(year, enrolment, s, moment) for s in outcome.subjects)
        comment = record.homeroom_comment if record and moment == YEAR else ""
        made.append(books.Slip(person, lines, (), _secondary_facts(outcome, record, moment), comment))
    return _SECONDARY_COLUMNS[moment], tuple(made)


def _average(text: str) -> str:
    return books.shown(books.average(text))


def _secondary_line(
    year: ClassYear, enrolment: Enrolment, outcome: tt22.SubjectOutcome, moment: str
) -> books.SlipLine:
    name, code = outcome.subject.name, outcome.subject.code
    if moment == YEAR:
        row = year.row(enrolment.pk, code, TERM_TWO)
        year_values = tuple(_average(v) for v in (outcome.term1.text, outcome.term2.text, outcome.year_text))
        return books.SlipLine(name, year_values, row.comment if row else "")
    first = moment in (MID_ONE, TERM_ONE)
    row = year.row(enrolment.pk, code, TERM_ONE if first else TERM_TWO)
    if row is None:
        regular = mid = final = comment = ""
    else:
        marks = [tt22.show_mark(getattr(row, name)) for name in REGULAR_COLUMNS if getattr(row, name)]
        regular, mid, final, comment = "  ".join(marks), row.gk, row.ck, row.comment
    values = (regular, tt22.show_mark(mid))
    if moment in (MID_ONE, MID_TWO):
        return books.SlipLine(name, values)
    result = outcome.term1.text if first else outcome.term2.text
    return books.SlipLine(name, (*values, tt22.show_mark(final), _average(result)), comment)


def _secondary_facts(outcome: tt22.YearOutcome, record: YearRecord | None, moment: str) -> _Facts:
    if moment in (MID_ONE, MID_TWO):
        return ()
    if moment in (TERM_ONE, TERM_TWO):
        term = "học kỳ I" if moment == TERM_ONE else "học kỳ II"
        first = moment == TERM_ONE
        study = outcome.study1 if first else outcome.study2
        conduct = outcome.conduct1 if first else outcome.conduct2
        halves = ((f"Kết quả học tập {term}", words(study)), (f"Kết quả rèn luyện {term}", words(conduct)))
        return tuple(fact for fact in halves if fact[1])
    found = (
        ("Kết quả học tập cả năm", words(outcome.study_final)),
        ("Kết quả rèn luyện cả năm", words(outcome.conduct_final)),
        ("Danh hiệu", words(outcome.title)),
        ("Kết luận", words(outcome.promotion) if outcome.promoted is not None else ""),
    )
    return (*(fact for fact in found if fact[1]), *_absences(record, "buổi"))
