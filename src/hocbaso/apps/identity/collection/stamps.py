"""What a file was when the workbook was taken out, so that nobody's later work is overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hocbaso.apps.identity.states import Person
from hocbaso.apps.pupils.models import Pupil

#: The fields as people see them; places by name.
SHOWN = ("full_name", "birth_date", "sex", "personal_number", "province", "commune")


def shown_of(person: Person) -> dict[str, str]:
    """The fields that the workbook shows, as the file holds them now. The staff file holds no residence."""
    names = SHOWN if isinstance(person, Pupil) else SHOWN[:4]
    return {name: getattr(person, name) for name in names}


def stamp_of(shown: Mapping[str, str]) -> str:
    """A short digest of those fields."""
    text = "\x1f".join(shown.get(name, "") for name in SHOWN)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
