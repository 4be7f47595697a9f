"""The comment bank: a person's own sentences and the school's."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.assessment.models import CommentTemplate
from hocbaso.apps.assessment.use_cases.comment_bank import (
    LONGEST,
    LONGEST_CODE,
    import_comments,
    remove_comment,
    save_comment,
)
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of


@require_actor
@require_http_methods(["GET", "POST"])
def bank(request: HttpRequest) -> HttpResponse:
    """The own sentences and the school's; add one, add a list, take one away.

    :raises NotAllowed: nobody who writes comments in this school.
    """
    school = school_of(request)
    policy(request, "assessment.own_comments", school)
    problem = ""
    if request.method == "POST":
        try:
            done = _act(request, school)
        except DomainError as error:
            problem = words(error)
        else:
            messages.success(request, done)
            return redirect("web:gradebook-bank")
    actor = actor_of(request)
    rows = CommentTemplate.objects.filter(school=school).order_by("subject_code", "code")
    context = {
        "own": rows.filter(owner=actor.user),
        "of_school": rows.filter(owner__isnull=True),
        "may_school": allowed(actor, "assessment.school_comments", school),
        "problem": problem,
        "typed_code": request.POST.get("ma", ""),
        "typed_text": request.POST.get("cau", ""),
        "typed_list": request.POST.get("danh-sach", ""),
        "longest": LONGEST,
        "longest_code": LONGEST_CODE,
    }
    return render(request, "web/gradebook/bank.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, school: Organisation) -> str:
    """One of the page's forms; the sentence that says what was done."""
    actor, data = actor_of(request), request.POST
    of_school = data.get("cua") == "truong"
    if data.get("bo", "").isdecimal():
        remove_comment(actor, school=school, template_id=int(data["bo"]))
        return _("Đã bỏ một câu khỏi mẫu nhận xét.")
    if data.get("danh-sach", "").strip():
        count = import_comments(actor, school=school, text=data["danh-sach"], of_school=of_school)
        return _("Đã thêm %(n)s câu vào mẫu nhận xét.") % {"n": count}
    save_comment(actor, school=school, code=data.get("ma", ""), text=data.get("cau", ""), of_school=of_school)
    return _("Đã lưu câu có mã %(code)s.") % {"code": data.get("ma", "").strip()}
