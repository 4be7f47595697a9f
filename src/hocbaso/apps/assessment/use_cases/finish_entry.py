"""Finish a page of the gradebook: what to look at first, then the teacher's word that it is complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.class_sheet import RECORD, TRAITS, ClassSheet, Field, Kind, findings
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.audit.models import Event
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, register, sentence

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

    counts: tuple[tuple[Field, tuple[tuple[str, int], ...]], ...]  # of levels and scores, in order
    missing: tuple[tuple[Enrolment, tuple[Field, ...]], ...]
    warnings: tuple[Warned, ...]
    pupils: int

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
        warnings=(*_of_pupils(sheet), *_sameness(sheet, active)),
        pupils=len(active),
    )


def _counts(sheet: ClassSheet, column: Field, active: list[Enrolment]) -> tuple[tuple[str, int], ...]:
    order = {
        Kind.LEVEL: ("T", "H", "C"),
        Kind.TRAIT: ("T", "Đ", "C"),
        Kind.SCORE: tuple(str(n) for n in range(10, -1, -1)),
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
