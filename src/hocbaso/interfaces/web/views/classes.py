"""Classes of a year, one class, and a pupil's place in it: moves and statuses."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.pupils import queries
from hocbaso.apps.pupils.models import ClassMove, Enrolment, SchoolClass
from hocbaso.apps.pupils.use_cases.move_pupil import MovePreview, move_pupil, preview, undo_move
from hocbaso.apps.pupils.use_cases.school_classes import change_class, create_class, dissolve_class
from hocbaso.apps.pupils.use_cases.set_status import set_status
from hocbaso.core.errors import NotFound
from hocbaso.interfaces.web.class_forms import ClassForm, CloseForm, MoveForm, StatusForm, UndoForm
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of

#: The pages of this area: name of the address, words, permission on the school.
_TABS = (
    ("classes", gettext_noop("Lớp học"), "pupils.view_school"),
    ("teaching", gettext_noop("Phân công dạy"), "accounts.view_staff"),
    ("arrivals", gettext_noop("Chuyển đến"), "pupils.receive"),
    ("register", gettext_noop("Sổ đăng bộ"), "pupils.number"),
    ("roll-over", gettext_noop("Kết chuyển năm học"), "pupils.plan_roll_over"),
)


def tabs(request: HttpRequest, here: str) -> list[dict[str, Any]]:
    """The pages of the area that the actor may open."""
    school = school_of(request)
    return [
        {"url": reverse(f"web:{name}"), "words": _(label), "current": name == here}
        for name, label, permission in _TABS
        if allowed(actor_of(request), permission, school)
    ]


def year_of(request: HttpRequest, school: Organisation) -> tuple[str, list[str]]:
    """The year that is looked at and those to choose from. At most two queries."""
    years = queries.school_years(school)
    wanted = request.GET.get("nam", "")
    year = wanted if wanted in years else (years[0] if years else working_year(school))
    return year, years


@require_actor
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/lop/``: the classes of a year; a new one is opened here."""
    school = school_of(request)
    policy(request, "pupils.view_school", school)
    year, years = year_of(request, school)
    may = allowed(actor_of(request), "pupils.manage_classes", school)
    form = ClassForm(request.POST or None)
    if request.method == "POST":
        policy(request, "pupils.manage_classes", school)
        made = form.is_valid() and form.attempt(
            lambda: create_class(actor_of(request), school=school, year=year, **form.cleaned_data),
            {"": "name"},
        )
        if made:
            messages.success(request, _("Đã mở lớp %(name)s.") % {"name": made.name})
            return redirect(f"{reverse('web:classes')}?nam={year}")
    lines = queries.class_list(school, year)
    context = {
        "tabs": tabs(request, "classes"),
        "school": school,
        "year": year,
        "years": years,
        "lines": lines,
        "pupils": sum(line.pupils for line in lines),
        "without": sum(not line.homeroom and not line.school_class.closed_on for line in lines),
        "may": may,
        "form": form,
    }
    return render(request, "web/classes/index.html", context, status=422 if form.errors else 200)


@require_actor
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, class_id: int) -> HttpResponse:
    """``/truong/lop/<id>/``: the pupils with their places; name, campus, closing."""
    school_class = class_of(request, class_id, "pupils.view_class")
    actor, school = actor_of(request), school_class.school
    names = {"name": school_class.name, "campus": school_class.campus}
    doing = request.POST.get("viec", "")
    form = ClassForm(request.POST if doing == "sua" else None, initial=names, prefix="sua")
    closing = CloseForm(
        request.POST if doing == "dong" else None, initial={"day": clock.today()}, prefix="dong"
    )
    if request.method == "POST":
        policy(request, "pupils.manage_classes", school)
        if doing == "sua" and form.is_valid():
            done = form.attempt(
                lambda: change_class(actor, school_class=school_class, **form.cleaned_data), {"": "name"}
            )
            if done:
                messages.success(request, _("Đã lưu lớp %(name)s.") % {"name": done.name})
                return redirect("web:class", class_id)
        if doing == "dong" and closing.is_valid():
            done = closing.attempt(
                lambda: dissolve_class(actor, school_class=school_class, day=closing.cleaned_data["day"]),
                {"": "day"},
            )
            if done:
                messages.success(request, _("Đã đóng lớp %(name)s.") % {"name": done.name})
                return redirect("web:class", class_id)
    rows = list(Enrolment.objects.filter(school_class=school_class).select_related("pupil"))
    rows.sort(key=lambda row: (not row.active, row.order, row.pk))
    viewed(actor, rows, ViewKind.LIST, "class", school_class=school_class)
    context = {
        "school_class": school_class,
        "rows": rows,
        "active": sum(row.active for row in rows),
        "may": allowed(actor, "pupils.manage_classes", school),
        "may_place": allowed(actor, "pupils.place", school),
        "may_see_all": allowed(actor, "pupils.view_school", school),
        "form": form,
        "closing": closing,
    }
    bad = bool(form.errors or closing.errors)
    return render(request, "web/classes/class.html", context, status=422 if bad else 200)


def _enrolment(request: HttpRequest, class_id: int, enrolment_id: int) -> Enrolment:
    class_of(request, class_id, "pupils.view_class")
    found = (
        Enrolment.objects.filter(pk=enrolment_id, school_class=class_id)
        .select_related("pupil", "school_class__school")
        .first()
    )
    if found is None:
        raise NotFound("not_found", what=_("học sinh này trong lớp"))
    return found


class _Place:
    """The three forms of a pupil's place, of which one may have been sent."""

    def __init__(self, request: HttpRequest, enrolment: Enrolment) -> None:
        self.request, self.enrolment = request, enrolment
        here = enrolment.school_class
        self.others = list(
            SchoolClass.objects.filter(
                school=here.school_id, school_year=here.school_year, grade=here.grade, closed_on__isnull=True
            ).exclude(pk=here.pk)
        )
        today = {"day": clock.today()}
        self.doing = request.POST.get("viec", "")
        moving = request.POST if self.doing in ("xem", "chuyen") else None
        classes = [(str(c.pk), c.name) for c in self.others]
        self.move = MoveForm(moving, classes=classes, initial=today, prefix="chuyen")
        self.status = StatusForm(
            request.POST if self.doing == "trang-thai" else None, initial=today, prefix="trang-thai"
        )
        self.undo = UndoForm(request.POST if self.doing == "hoan-tac" else None, prefix="hoan-tac")
        self.preview: MovePreview | None = None

    def act(self) -> str:
        """Do what was sent; the words that say it was done, or nothing."""
        return {
            "xem": self._look,
            "chuyen": self._move,
            "trang-thai": self._status,
            "hoan-tac": self._undo,
        }.get(self.doing, lambda: "")()

    def _target(self) -> SchoolClass:
        return next(c for c in self.others if str(c.pk) == self.move.cleaned_data["to_class"])

    def _look(self) -> str:
        wanted = self.move.data.get(self.move.add_prefix("to_class"), "")
        target = next((c for c in self.others if str(c.pk) == wanted), None)
        if target is None:
            self.move.add_error("to_class", _("Chọn lớp mới"))
        else:
            self.preview = preview(self.enrolment, target)
            self.move.errors.clear()
        return ""

    def _move(self) -> str:
        if not self.move.is_valid():
            return ""
        values = self.move.cleaned_data | {"to_class": self._target()}
        done = self.move.attempt(
            lambda: move_pupil(actor_of(self.request), enrolment=self.enrolment, **values),
            {
                "": "to_class",
                "decision_needed": "decision",
                "decision_day": "day",
                "decision_reason": "reason",
            },
        )
        if not done:
            return ""
        return _("Đã chuyển sang lớp %(name)s; kết quả đi theo học sinh.") % {"name": done.to_class.name}

    def _status(self) -> str:
        if not self.status.is_valid():
            return ""
        values = self.status.cleaned_data
        done = self.status.attempt(
            lambda: set_status(actor_of(self.request), enrolment=self.enrolment, **values),
            {
                "": "status",
                "decision_needed": "decision",
                "decision_day": "day",
                "decision_reason": "reason_code",
            },
        )
        return _("Đã ghi trạng thái “%(status)s”.") % {"status": done.new} if done else ""

    def _undo(self) -> str:
        if not self.undo.is_valid():
            return ""
        last = ClassMove.objects.filter(enrolment=self.enrolment).order_by("-pk").first()
        if last is None:
            return ""
        done = self.undo.attempt(
            lambda: undo_move(actor_of(self.request), move=last, **self.undo.cleaned_data),
            {"": "reason", "decision_needed": "decision"},
        )
        return _("Đã hoàn tác, học sinh trở lại lớp %(name)s.") % {"name": done.to_class.name} if done else ""

    @property
    def bad(self) -> bool:
        return bool(self.move.errors or self.status.errors or self.undo.errors)


@require_actor
@require_http_methods(["GET", "POST"])
def place(request: HttpRequest, class_id: int, enrolment_id: int) -> HttpResponse:
    """``/truong/lop/<id>/<enrolment>/``: move to another class, status, and the history of both."""
    enrolment = _enrolment(request, class_id, enrolment_id)
    school = enrolment.school_class.school
    forms = _Place(request, enrolment)
    if request.method == "POST":
        policy(request, "pupils.place", school)
        done = forms.act()
        if done:
            messages.success(request, done)
            enrolment.refresh_from_db()
            return redirect("web:class-pupil", enrolment.school_class_id, enrolment.pk)
    viewed(actor_of(request), [enrolment], ViewKind.FILE, "class")
    history = queries.place_history(enrolment)
    moves = [event for event in history if event.kind in ("move", "undo")]
    context = {
        "enrolment": enrolment,
        "pupil": enrolment.pupil,
        "school_class": enrolment.school_class,
        "may": allowed(actor_of(request), "pupils.place", school),
        "forms": forms,
        "history": history,
        "undoable": moves[0].move if moves else None,
    }
    return render(request, "web/classes/place.html", context, status=422 if forms.bad else 200)
