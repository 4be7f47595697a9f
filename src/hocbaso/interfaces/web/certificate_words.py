"""Seats of the authority register in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hocbaso.apps.signing.families import ROLE_NAMES
from hocbaso.engines.workbooks.class_names import grade_of
from hocbaso.interfaces.web.posts import subject_names


def subject_word(class_name: str, code: str) -> str:
    """The subject's name as the class's programme has it; the code where it has none."""
    return subject_names((code,), grade_of(class_name) or 0) if code else ""


def seat_words(seats: Iterable[Sequence[str]]) -> list[str]:
    """One line a role and class: ``giáo viên môn học 6A (2025-2026): Toán, Tin học``.

    :param seats: ``[role, class, year, subject]`` each.
    """
    subjects: dict[tuple[str, str, str], list[str]] = {}
    for role, class_name, year, code in seats:
        found = subjects.setdefault((role, class_name, year), [])
        if code:
            found.append(subject_word(class_name, code))
    lines = []
    for (role, class_name, year), names in subjects.items():
        text = ROLE_NAMES.get(role, role)
        if class_name:
            text += f" {class_name} ({year})"
        lines.append(text + (f": {', '.join(names)}" if names else ""))
    return lines
