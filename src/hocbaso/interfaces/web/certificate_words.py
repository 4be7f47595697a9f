"""Seats of the authority register in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hocbaso.apps.signing.families import ROLE_NAMES
from hocbaso.engines.workbooks.class_names import grade_of
from hocbaso.interfaces.web.posts import subject_names


def subject_word(class_name: str, code: str) -> str:
    """The subject's name as the class's programme has it; the code where it has none."""
    return subject_names((code,), grade_of(class_name) or 0) if code else ""


def seat_words(seats: Iterable[Sequence[str]]) -> list[tuple[str, str, str, str]]:
    """Role, class, school year, subject of each ``[role, class, year, subject]``."""
    return [
        (ROLE_NAMES.get(role, role), class_name, year, subject_word(class_name, code))
        for role, class_name, year, code in seats
    ]
