"""Words of residence pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.residence.queries import Row
from hocbaso.core.residence import full_address
from hocbaso.interfaces.web.residence_forms import KINDS, shape_of
from hocbaso.interfaces.web.templatetags.hbs import status

register = template.Library()


@register.simple_tag
def residence_state(row: Row) -> SafeString:
    """Shape and word of a pupil's state."""
    return status(KINDS[row.state], row.label, shape_of(row.state))


@register.filter
def file_address(pupil: Pupil) -> str:
    """The address as the school's file has it."""
    return full_address(pupil.hamlet, pupil.commune, pupil.province)


@register.filter
def get(sent: Any, name: str) -> str:
    """What a form sent under a name with a dash in it; empty when it sent nothing."""
    return str(sent.get(name, "")) if sent else ""
