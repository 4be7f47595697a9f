"""Numbers of persons as pages show them, and the way to a whole one."""

from __future__ import annotations

from django import template
from django.template.context import Context

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.privacy.masking import masked_number, masked_phone
from hocbaso.apps.privacy.models import Purpose
from hocbaso.apps.pupils.models import Pupil

register = template.Library()


@register.filter
def masked(number: str) -> str:
    """``{{ pupil.personal_number|masked }}``: ``079•••••••41``."""
    return masked_number(number or "")


@register.filter
def phone_masked(phone: str) -> str:
    """``{{ pupil.father_phone|phone_masked }}``: ``•••••••456``."""
    return masked_phone(phone or "")


@register.filter
def person_reference(person: Pupil | StaffMember) -> str:
    """How a form names the person without the number: ``hs-<id>`` or ``cb-<id>``."""
    return f"cb-{person.pk}" if isinstance(person, StaffMember) else f"hs-{person.pk}"


@register.simple_tag(takes_context=True)
def may_reveal(context: Context, person: Pupil | StaffMember) -> bool:
    """Whether the actor of the page may ask for the whole number. At most one query."""
    request = context.get("request")
    actor = getattr(request, "actor", None)
    return actor is not None and bool(person.personal_number) and allowed(actor, "privacy.reveal", person)


@register.simple_tag
def reveal_purposes() -> list[tuple[str, str]]:
    return list(Purpose.choices)
