"""Finish a page of the gradebook: what to look at first, then the teacher's word that it is complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.class_sheet import RECORD, TRAITS, ClassSheet, Field, Kind, findings
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.assessment.sanity import Column, Table, doubts, mean
from hocbaso.apps.assessment.sheet_fields import COLUMN_NAMES
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.audit.models import Event
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation import tt22

register(
    {
        "finish_missing": (
            "Còn {n} ô trống nên chưa hoàn tất được. Thầy cô nhập đủ rồi bấm lại.",
            "{n} cells are still empty.",
        ),
        "finish_unchecked": (
            "Còn {n} cảnh báo chưa được đánh dấu “Tôi đã kiểm tra”.",
            "{n} warnings have not been ticked.",
        ),
        "finish_nobody": ("Lớp chưa có học sinh nào.", "The class has no pupils."),
        "same_level": (
            "Cả {n} học sinh cùng mức {value} ở cột {column}. Thầy cô xem lại nếu đã điền nhầm cả cột.",
            "All {n} pupils have {value} in {column}.",
        ),
        "same_text": (
            "{n} học sinh có nhận xét giống hệt nhau: “{value}”",
            "{n} pupils have the same comment.",
        ),
    }
)

ACTION = "assessment.finish"
_MANY = 5  # fewer of the same are no sign of a slip


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to look at; ``id`` is stable as long as the doubt is the same."""

    id: str
    message: str
    enrolment: Enrolment | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What the check page shows."""

    #: Of levels, ratings and scores in their order; of secondary marks by the bands of Điều 9.
    counts: tuple[tuple[Field, tuple[tuple[str, int], ...]], ...]
    missing: tuple[tuple[Enrolment, tuple[Field, ...]], ...]
    warnings: tuple[Warned, ...]
    pupils: int
    #: Mean of each column of numbers, decimal comma; for the page's teacher only, never for pupils.
    means: tuple[tuple[Field, str], ...] = ()

    @property
    def blanks(self) -> int:
        return sum(len(fields) for _pupil, fields in self.missing)


def check_sheet(sheet: ClassSheet) -> Check:
    """Counts, what is missing, and what to look at. No query beyond those of the sheet."""
    active = [e for e in sheet.enrolments if e.active]
    missing = ((e, tuple(sheet.missing(e))) for e in active)
    return Check(
        counts=tuple(
            (f, _counts(sheet, f, active)) for f in sheet.fields if f.kind not in (Kind.TEXT, Kind.NUMBER)
        ),
        missing=tuple((e, fields) for e, fields in missing if fields),
        warnings=(*_of_pupils(sheet), *_sameness(sheet, active), *_doubts(sheet, active)),
        pupils=len(active),
        means=tuple(_means(sheet, active)),
    )


#: Marks by what Điều 9 khoản 2 of Circular 22 asks about.
_BANDS = (("8,0 trở lên", "8"), ("6,5 đến 7,9", "6.5"), ("5,0 đến 6,4", "5"), ("3,5 đến 4,9", "3.5"))
_BELOW = "dưới 3,5"


def _bands(texts: list[str]) -> tuple[tuple[str, int], ...]:
    found: Counter[str] = Counter()
    for text in texts:
        number = tt22.mark_value(text)
        if number is not None:
            found[next((name for name, low in _BANDS if number >= Decimal(low)), _BELOW)] += 1
        elif text:
            found[text] += 1
    order = (*(name for name, _low in _BANDS), _BELOW, tt22.ABSENT, tt22.EXEMPT)
    return tuple((name, found[name]) for name in order if found[name])


def _means(sheet: ClassSheet, active: list[Enrolment]) -> Iterable[tuple[Field, str]]:
    for column in sheet.fields:
        if column.kind in (Kind.MARK, Kind.SCORE):
            texts = (sheet.text(e.pk, column) for e in active)
            found = mean([n for text in texts if (n := tt22.mark_value(text)) is not None])
            if found is not None:
                yield column, tt22.show_mark(str(found))


def _doubts(sheet: ClassSheet, active: list[Enrolment]) -> Iterable[Warned]:
    """The sanity layer over the page's columns of numbers (experience 6.2 point 10)."""
    marks = [f for f in sheet.fields if f.kind in (Kind.MARK, Kind.SCORE)]
    if not marks:
        return
    by_id = {e.pk: e for e in active if not sheet.exempt(e.pk)}
    table = Table(
        tuple(Column(f.key, COLUMN_NAMES.get(f.key, f.key), f.required) for f in marks),
        {pk: {f.key: sheet.text(pk, f) for f in marks} for pk in by_id},
    )
    for doubt in doubts(table):
        if doubt.code != "sanity.missing":  # told by itself, with the pupils
            yield Warned(doubt.id, doubt.message, by_id.get(doubt.row or 0), doubt.column)


def _counts(sheet: ClassSheet, column: Field, active: list[Enrolment]) -> tuple[tuple[str, int], ...]:
    if column.kind is Kind.MARK:
        return _bands([sheet.text(e.pk, column) for e in active])
    order = {
        Kind.LEVEL: ("T", "H", "C"),
        Kind.TRAIT: ("T", "Đ", "C"),
        Kind.SCORE: tuple(str(n) for n in range(10, -1, -1)),
        Kind.PASS: ("Đ", "CĐ", "V", "M"),
        Kind.RATING: tuple(rating.value for rating in tt22.Rating),
    }[column.kind]
    found = Counter(sheet.text(e.pk, column) for e in active)
    wanted = [(value, found[value]) for value in order if found[value] or column.kind is not Kind.SCORE]
    return tuple(wanted)


def _of_pupils(sheet: ClassSheet) -> Iterable[Warned]:
    by_id = {e.pk: e for e in sheet.enrolments}
    for pk, warnings in findings(sheet).items():
        for found in warnings:
            versions = getattr(sheet.row(pk, sheet.fields[0]), "version", 0)
            yield Warned(f"{pk}:{found.code}:{versions}", found.message, by_id[pk], "level")


def _sameness(sheet: ClassSheet, active: list[Enrolment]) -> Iterable[Warned]:
    for column in sheet.fields:
        texts = Counter(text for e in active if (text := sheet.text(e.pk, column)))
        value, count = (texts.most_common(1) or [("", 0)])[0]
        if count < _MANY:
            continue
        if column.kind is Kind.TEXT:
            text = sentence("same_text", n=count, value=value[:80])
            yield Warned(f"same:{column.key}:{count}", text)
        elif column.kind is Kind.LEVEL and count == len(active):
            text = sentence("same_level", n=count, value=value, column="Mức đạt được")
            yield Warned(f"same:{column.key}:{value}", text)


def finish_entry(actor: Actor, sheet: ClassSheet, *, confirmed: Collection[str]) -> Event:
    """Note that the teacher holds the page for complete.

    :param confirmed: ids of the warnings that the teacher has ticked.
    :raises NotAllowed: not the page's teacher.
    :raises DomainError: ``finish_nobody``, ``finish_missing``, ``finish_unchecked``.
    """
    school_class = sheet.school_class
    if sheet.part in (TRAITS, RECORD):
        require(actor, "assessment.enter_traits", school_class)
    else:
        require(actor, "assessment.enter", ClassSubject(school_class, sheet.part))
    check = check_sheet(sheet)
    if not check.pupils:
        raise DomainError("finish_nobody")
    if check.blanks:
        raise DomainError("finish_missing", n=check.blanks)
    open_warnings = [w for w in check.warnings if w.id not in confirmed]
    if open_warnings:
        raise DomainError("finish_unchecked", n=len(open_warnings))
    with transaction.atomic():
        return audit(
            actor,
            ACTION,
            finish_target(school_class, sheet.part, sheet.moment),
            organisation=school_class.school.code,
            pupils=check.pupils,
            warnings=len(check.warnings),
        )


def finish_target(school_class: SchoolClass, part: str, moment: str) -> str:
    """How the audit chain names a page."""
    return f"class:{school_class.school_year}:{school_class.name}:{part}:{moment}"


def finished(classes: Collection[SchoolClass], moment: str) -> dict[tuple[int, str], datetime]:
    """When each page of the classes was last finished, by class and part. One query."""
    prefixes = {f"class:{c.school_year}:{c.name}:": c.pk for c in classes}
    schools = {c.school.code for c in classes}
    found: dict[tuple[int, str], datetime] = {}
    events = Event.objects.filter(organisation__in=schools, action=ACTION).order_by("sequence")
    for target, at in events.values_list("target", "at"):
        head, part, when = target.rsplit(":", 2)
        if when == moment and f"{head}:" in prefixes:
            found[prefixes[f"{head}:"], part] = at
    return found
