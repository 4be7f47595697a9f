"""The form of a class's year sheet, by its school level: what is missing, the result, who signs what."""

from __future__ import annotations

from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts.forms.base import Assessed, Form, PupilRows
from hocbaso.apps.transcripts.forms.primary import PrimaryForm
from hocbaso.apps.transcripts.forms.secondary import SecondaryForm
from hocbaso.core.errors import DomainError, register

register(
    {
        "no_transcript_of_grade": (
            "Lớp {name} không thuộc cấp tiểu học, THCS hay THPT nên không có học bạ.",
            "Class {name} is of no level that has a transcript.",
        ),
    }
)

__all__ = ["Assessed", "Form", "PupilRows", "form_of", "has_form"]


def has_form(school_class: SchoolClass) -> bool:
    """Whether year sheets are made for the class (kindergarten groups have none)."""
    return 1 <= school_class.grade <= 12


def form_of(school_class: SchoolClass) -> Form:
    """The form by which the class's year is closed.

    :raises DomainError: ``no_transcript_of_grade``, and what programmes and rule sets raise.
    """
    if not has_form(school_class):
        raise DomainError("no_transcript_of_grade", name=school_class.name)
    return PrimaryForm(school_class) if school_class.grade <= 5 else SecondaryForm(school_class)
