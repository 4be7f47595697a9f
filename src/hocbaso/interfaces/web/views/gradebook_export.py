"""The page's marks as the sector's workbook, to be filled in elsewhere and read back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.use_cases.export_marks import export_results
from hocbaso.interfaces.web.gradebook_place import place_of
from hocbaso.interfaces.web.views import actor_of, require_actor

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_actor
@require_GET
def export(request: HttpRequest, class_id: int, part: str) -> HttpResponse:
    """The workbook of the page's subject (secondary) or of the class (primary); every export is on record.

    :raises NotFound: no such page; :raises NotAllowed: nothing of it is for this person.
    """
    place = place_of(request, class_id, part)
    school_class = place.school_class
    one_subject = place.is_subject and is_secondary(school_class.grade)
    made = export_results(
        actor_of(request),
        school=school_class.school,
        year=school_class.school_year,
        class_name=school_class.name,
        subject=part if one_subject else "",
    )[0]
    response = HttpResponse(made.content, content_type=_XLSX)
    response["Content-Disposition"] = content_disposition_header(True, made.name) or ""
    return response
