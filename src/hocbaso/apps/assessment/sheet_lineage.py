"""Behind an issued year sheet: from its code to every change that made it."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.apps.assessment.lineage import Lineage, of_enrolment
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.queries import issued_by_code


@dataclass(frozen=True, slots=True)
class SheetLineage:
    """One issued version and what stood behind it when it was frozen."""

    issued: IssuedSheet
    lineage: Lineage


def of_code(typed: str) -> list[SheetLineage]:
    """Every issued version of a transcript code, newest first, with its values as they were at freezing.

    Two queries and two a version.

    :raises Unreadable: ``transcript_code_invalid``; :raises NotFound: ``transcript_not_found``.
    """
    found = issued_by_code(typed)
    pupils = Enrolment.objects.select_related("pupil", "school_class__school")
    rows = pupils.in_bulk({issued.sheet.enrolment_id for issued in found})
    return [
        SheetLineage(issued, of_enrolment(rows[issued.sheet.enrolment_id], until=issued.sheet.frozen_at))
        for issued in found
    ]
