"""Whose file it is: the school's at which the pupil studies now, not one that he has left."""

from __future__ import annotations

from collections.abc import Iterable

from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError, register

register(
    {
        "pupil_not_ours": (
            "{name} nay học ở trường khác nên trường không sửa hồ sơ của em được nữa. Việc này của trường "
            "em đang học.",
            "{name} studies at another school now.",
        ),
    }
)


def elsewhere(pupils: Iterable[int], school_id: int) -> set[int]:
    """Those of the pupils whose latest class stands at another school. One query.

    In two schools within one year: at none of them "elsewhere"; people have to settle that.
    """
    latest: dict[tuple[int, bool], str] = {}
    rows = Enrolment.objects.filter(pupil__in=list(pupils), active=True).order_by()
    for pupil, school, year in rows.values_list(
        "pupil_id", "school_class__school_id", "school_class__school_year"
    ):
        key = (pupil, school == school_id)
        latest[key] = max(latest.get(key, ""), year)
    others = {pupil: year for (pupil, own), year in latest.items() if not own}
    return {pupil for pupil, year in others.items() if year > latest.get((pupil, True), "")}


def require_here(enrolment: Enrolment) -> None:
    """:raises DomainError: ``pupil_not_ours``: the enrolment is of a school that the pupil has left."""
    if elsewhere([enrolment.pupil_id], enrolment.school_class.school_id):
        raise DomainError("pupil_not_ours", name=enrolment.pupil.full_name)
