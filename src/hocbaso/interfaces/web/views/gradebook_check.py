"""Before a part is finished: counts, blanks, what to look at, what changed; then the teacher's word."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.assessment.use_cases.finish_entry import check_sheet, finish_entry, finished
from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.web import gradebook_check as in_words
from hocbaso.interfaces.web import gradebook_pages as pages
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.gradebook_place import place_of
from hocbaso.interfaces.web.views import actor_of, require_actor


@require_actor
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, class_id: int, part: str) -> HttpResponse:
    """Counts, means, blanks by pupil, doubts that need a tick, changes since the last time, the review."""
    place = place_of(request, class_id, part)
    stored = place.read()
    problem = ""
    ticked = set(request.POST.getlist("da-kiem-tra"))
    if request.method == "POST":
        try:
            finish_entry(actor_of(request), stored, confirmed=ticked)
        except DomainError as error:
            problem = words(error)
        else:
            messages.success(request, _("Đã hoàn tất nhập. Thầy cô vẫn sửa được cho đến khi lớp chốt."))
            return redirect(place.check_url)
    since = finished([place.school_class], place.moment).get((class_id, part))
    changes, all_changes = in_words.changes_since(stored, since)
    context = {
        "place": place,
        "title": pages.part_name(place.school_class, part),
        "school_class": place.school_class,
        "check": in_words.check_lines(stored, check_sheet(stored)),
        "finished": since,
        "changes": changes,
        "all_changes": all_changes,
        "reviews": in_words.reviews_of(place, stored),
        "problem": problem,
        "ticked": ticked,
        "now": clock.now(),
    }
    return render(request, "web/gradebook/check.html", context, status=422 if problem else 200)
