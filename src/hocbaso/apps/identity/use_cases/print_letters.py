"""Print letters to guardians (seed 002 step 3): one pupil, chosen ones, or everybody whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.letters import Reason, Sender, letter_of, reason_of
from hocbaso.apps.identity.models import Letter
from hocbaso.apps.identity.queries import Row, rows_of_class
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.organisations.queries import managers
from hocbaso.apps.privacy.watermark import note_export
from hocbaso.apps.pupils.models import Pupil, SchoolClass
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.rendering.letters import render_letters

register(
    {
        "identity_no_letter": (
            "Không có em nào cần giấy báo: việc còn lại là của nhà trường, hoặc đang chờ kết quả.",
            "Nobody needs a letter.",
        ),
        "identity_letter_until": (
            "Hạn mang giấy tờ phải sau ngày hôm nay và không quá {days} ngày.",
            "The day to bring papers by must lie in the next {days} days.",
        ),
    }
)

#: Two weeks: time enough to go to the police of the commune.
DAYS = 14
_LONGEST = 180


@dataclass(frozen=True, slots=True)
class Printed:
    """One file, and whom the letters in it are about."""

    pdf: bytes
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    row: Row
    school_class: SchoolClass
    reason: Reason


def default_until() -> date:
    """By when papers are asked for unless somebody says otherwise."""
    return clock.today() + timedelta(days=DAYS)


@transaction.atomic
def print_letters(
    actor: Actor,
    *,
    classes: Sequence[SchoolClass],
    pupils: Sequence[Pupil] | None = None,
    until: date | None = None,
) -> Printed:
    """Letters about pupils of ``classes`` of one school, one a page; every letter is kept on record.

    :param pupils: these only, also those whose turn it is not yet; otherwise everybody whose guardian must
        act.
    :param until: by when papers are asked for; two weeks unless given.
    :raises NotAllowed: policy ``identity.letters`` (of every class)
    :raises DomainError: ``identity_no_letter``, ``identity_letter_until``, ``character_not_printable``
    """
    for school_class in classes:
        require(actor, "identity.letters", school_class)
    until = until or default_until()
    if not clock.today() < until <= clock.today() + timedelta(days=_LONGEST):
        raise DomainError("identity_letter_until", days=_LONGEST)
    parts = _parts(classes, None if pupils is None else {p.pk for p in pupils})
    if not parts:
        raise DomainError("identity_no_letter")
    school = parts[0].school_class.school
    sender, homerooms, now = _sender(school, until), _homerooms(classes), clock.now()
    made = [
        letter_of(
            p.row,
            f"{p.school_class.name}, năm học {p.school_class.school_year}",
            homerooms.get(p.school_class.pk, ""),
            p.reason,
            sender,
        )
        for p in parts
    ]
    pdf = render_letters(made, f"Giấy báo về số định danh, {school.name}", now)
    purpose = "Giấy báo gửi gia đình về số định danh"
    note_export(actor, purpose, what="letter", content=pdf, persons=len(parts), unit=school)
    return Printed(pdf, _keep(actor, school, parts, until))


def _parts(classes: Sequence[SchoolClass], chosen: set[int] | None) -> list[_Part]:
    parts = []
    for school_class in classes:
        for row in rows_of_class(school_class):
            if chosen is not None and row.person.pk not in chosen:
                continue
            reason = reason_of(row, asked=chosen is not None)
            if reason is not None:
                parts.append(_Part(row, school_class, reason))
    return parts


def _keep(actor: Actor, school: Organisation, parts: Sequence[_Part], until: date) -> tuple[Letter, ...]:
    now = clock.now()
    letters = Letter.objects.bulk_create(
        Letter(
            pupil_id=p.row.person.pk,
            school=school,
            kind=p.reason.kind,
            fields=list(p.reason.fields),
            until=until,
            at=now,
            by=actor.label,
        )
        for p in parts
    )
    codes = [p.row.person.code for p in parts]
    chain.record(
        actor,
        "identity.letters",
        codes[0] if len(codes) == 1 else "",
        organisation=school.code,
        people=codes,
        until=until.isoformat(),
    )
    return tuple(letters)


def _sender(school: Organisation, until: date) -> Sender:
    above = managers(school)
    commune = codelists.commune(school.commune_code) if school.commune_code else None
    posts = Assignment.objects.filter(valid_on(clock.today()), organisation=school, role=Role.PRINCIPAL)
    return Sender(
        school=school.name,
        manager=above[0].name if above else "",
        place=commune.short_name if commune else "",
        principal=posts.values_list("user__full_name", flat=True).first() or "",
        trial=settings.HOCBASO_ENVIRONMENT != "chinh_thuc",
        today=clock.today(),
        until=until,
    )


def _homerooms(classes: Sequence[SchoolClass]) -> dict[int, str]:
    posts = Assignment.objects.filter(
        valid_on(clock.today()), school_class__in=[c.pk for c in classes], role=Role.HOMEROOM
    )
    return dict(posts.order_by("pk").values_list("school_class", "user__full_name"))
