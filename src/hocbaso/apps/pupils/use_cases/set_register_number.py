"""Số đăng bộ: the pupil's number in the school's register."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.apps.pupils.use_cases.number_register import keep_number
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "register_number_long": (
            "Số đăng bộ dài quá {limit} ký tự.",
            "The register number is longer than {limit} characters.",
        ),
        "register_number_taken": (
            "Số đăng bộ {number} đã ghi cho {name}. Mỗi học sinh của trường có một số riêng.",
            "Register number {number} belongs to {name}.",
        ),
    }
)

LIMIT = 40


def set_register_number(actor: Actor, *, enrolment: Enrolment, number: str) -> Enrolment:
    """Write the number of this enrolment; an empty text takes it away.

    The number stays the pupil's also when it is taken away here: nobody else gets it.

    :raises DomainError: ``register_number_*``
    :raises NotAllowed: policy ``pupils.edit``
    """
    require(actor, "pupils.edit", enrolment.school_class)
    number = collapse(nfc(number))
    if len(number) > LIMIT:
        raise DomainError("register_number_long", limit=LIMIT)
    with transaction.atomic():
        taken = (
            Enrolment.objects.filter(
                register_number=number, school_class__school=enrolment.school_class.school_id
            )
            .exclude(pupil=enrolment.pupil_id)
            .select_related("pupil")
            .first()
        )
        if number and taken is not None:
            raise DomainError("register_number_taken", number=number, name=taken.pupil.full_name)
        if number:
            keep_number(actor, enrolment, number)
        row = Enrolment.objects.select_for_update().get(pk=enrolment.pk)
        before, row.register_number = row.register_number, number
        row.save(update_fields=["register_number"])
        chain.record(actor, "pupils.set_register_number", enrolment.pupil.code, before=before, after=number)
    enrolment.register_number = number
    return enrolment
