"""The gradebook: my classes and subjects, entry by keyboard with autosave, history of a cell, finishing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.assessment.class_sheet import RECORD, TRAITS, ClassSheet, cell_history, findings, read_sheet
from hocbaso.apps.assessment.models import Moment
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.assessment.use_cases.enter_cells import (
    CellAnswer,
    State,
    TypedCell,
    enter_cells,
    full_names,
)
from hocbaso.apps.assessment.use_cases.finish_entry import check_sheet, finish_entry, finished
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts.queries import frozen_since
from hocbaso.core.errors import DomainError, NotFound, Unreadable, register
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.interfaces.web import gradebook_lists, gradebook_words
from hocbaso.interfaces.web import gradebook_pages as pages
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.templatetags.hbs import time_vi
from hocbaso.interfaces.web.views import actor_of, actor_or_none, class_of, policy, require_actor
from hocbaso.interfaces.web.views.auth import sign_in_url

register(
    {
        "gradebook_request": (
            "Không đọc được các ô vừa gửi. Thầy cô tải lại trang rồi nhập lại.",
            "The cells could not be read.",
        ),
    }
)
MOST_CELLS = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """Which page somebody is on, and whether he may write there."""

    school_class: SchoolClass
    part: str
    moment: str
    editable: bool

    def url(self, name: str = "web:gradebook-sheet") -> str:
        moment = "" if self.moment == Moment.YEAR_END else f"?dot={self.moment}"
        return reverse(name, args=[self.school_class.pk, self.part]) + moment


def _place(request: HttpRequest, class_id: int, part: str) -> Place:
    """:raises NotFound: no such class or page for this person; :raises NotAllowed: not this teacher's."""
    school_class = class_of(request, class_id, "assessment.view_class")
    if school_class.grade not in PRIMARY_GRADES:
        raise DomainError("not_a_primary_class", name=school_class.name)
    pages.part_name(school_class, part)  # NotFound for a subject that the grade does not have
    subject = "" if part in (TRAITS, RECORD) else part
    target = ClassSubject(school_class, subject)
    if subject:
        editable = allowed(actor_of(request), "assessment.enter", target)
    else:
        editable = allowed(actor_of(request), "assessment.enter_traits", school_class)
    if not editable:
        policy(request, "assessment.view_part", target)
    wanted = request.GET.get("dot", Moment.YEAR_END.value)
    moment = wanted if part != RECORD and wanted in Moment.values else Moment.YEAR_END.value
    return Place(school_class, part, moment, editable)


def _sheet_of(place: Place) -> ClassSheet:
    return read_sheet(place.school_class, place.part, place.moment)


@require_actor
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """My classes with their pages; for leaders every class of the school."""
    actor = actor_of(request)
    moment = _moment(request)
    classes = gradebook_lists.classes_of(actor)
    if gradebook_lists.leads(actor):
        rows = gradebook_lists.overview(classes, moment)
        return render(request, "web/gradebook/school.html", _list_frame(moment) | {"rows": rows})
    sections = gradebook_lists.sections(actor, classes, moment)
    return render(request, "web/gradebook/index.html", _list_frame(moment) | {"sections": sections})


@require_actor
@require_GET
def class_page(request: HttpRequest, class_id: int) -> HttpResponse:
    """Every page of one class."""
    school_class = class_of(request, class_id, "assessment.view_class")
    moment = _moment(request)
    sections = gradebook_lists.sections(actor_of(request), [school_class], moment, whole_class=True)
    context = _list_frame(moment) | {"sections": sections, "school_class": school_class}
    return render(request, "web/gradebook/index.html", context)


def _moment(request: HttpRequest) -> str:
    wanted = request.GET.get("dot", "")
    return wanted if wanted in Moment.values else Moment.YEAR_END.value


def _list_frame(moment: str) -> dict[str, Any]:
    return {"moments": pages.moments(), "moment": moment, "now": clock.now()}


@require_http_methods(["GET", "POST"])
def sheet(request: HttpRequest, class_id: int, part: str) -> HttpResponse:
    """One page of the gradebook: shown, saved by its script, or sent as a plain form."""
    from_script = request.method == "POST" and request.content_type == "application/json"
    if from_script and actor_or_none(request) is None:
        login = sign_in_url(request.get_full_path())
        text = _("Phiên làm việc đã hết. Những gì thầy cô vừa nhập vẫn còn ở trang này.")
        return JsonResponse({"code": "signed_out", "message": text, "login": login}, status=401)
    return _sheet(request, class_id, part, from_script)


@require_actor
def _sheet(request: HttpRequest, class_id: int, part: str, from_script: bool) -> HttpResponse:
    place = _place(request, class_id, part)
    if request.method != "POST":
        return _show(request, place)
    if not place.editable:
        target = ClassSubject(place.school_class, place.part)
        if place.part in (TRAITS, RECORD):
            policy(request, "assessment.enter_traits", place.school_class)
        policy(request, "assessment.enter", target)
    return _save_batch(request, place) if from_script else _save_form(request, place)


def _show(request: HttpRequest, place: Place, answers: list[CellAnswer] | None = None) -> HttpResponse:
    stored = _sheet_of(place)
    frozen = frozen_since(place.school_class)
    page = pages.build(stored, editable=place.editable, frozen=frozen, answers=answers or [])
    if not place.editable:
        page.viewer = _("Thầy cô chỉ xem phần này; người được phân công mới nhập được.")
    refused = [a for a in answers or [] if a.state is not State.SAVED]
    actor = actor_of(request)
    assert actor.user is not None
    context = {
        "place": place,
        "page": page,
        "school_class": place.school_class,
        "moments": pages.moments() if place.part != RECORD else [],
        "moment_name": dict(pages.moments())[place.moment] if place.part != RECORD else "",
        "saved": len(answers or []) - len(refused),
        "refused": [(line, c) for line in page.lines for c in line.cells if c.message],
        "script": gradebook_words.for_script(page, place.url(), place.url("web:gradebook-history"), actor),
        "topbar_slim": True,
        "now": clock.now(),
        "is_traits": place.part == TRAITS,
    }
    return render(request, "web/gradebook/sheet.html", context, status=422 if refused else 200)


def _save_form(request: HttpRequest, place: Place) -> HttpResponse:
    """The page as a plain form: everything that differs from what it showed."""
    try:
        typed = pages.typed_from_form(request.POST)
    except (ValueError, TypeError, AttributeError):
        raise Unreadable("gradebook_request") from None
    answers = enter_cells(actor_of(request), place.school_class, place.part, place.moment, typed)
    if any(a.state is not State.SAVED for a in answers):
        return _show(request, place, answers)
    text = _("Đã lưu %(n)s ô lúc %(time)s.") % {"n": len(answers), "time": time_vi(clock.now())}
    messages.success(request, text if answers else _("Không có ô nào thay đổi."))
    return redirect(place.url())


def _save_batch(request: HttpRequest, place: Place) -> HttpResponse:
    """What the script sends: ``{"user", "cells": [{"cell", "text", "seen", "version"}]}``."""
    try:
        sent = json.loads(request.body)
        user = int(sent["user"])
        typed = [_typed(one) for one in sent["cells"]]
    except (ValueError, TypeError, KeyError):
        raise Unreadable("gradebook_request") from None
    if len(typed) > MOST_CELLS:
        raise Unreadable("gradebook_request")
    actor = actor_of(request)
    assert actor.user is not None
    if user != actor.user.pk:
        text = _("Trình duyệt này đang đăng nhập bằng tài khoản khác. Chưa có gì được ghi.")
        return JsonResponse({"code": "other_user", "message": text}, status=409)
    answers = enter_cells(actor, place.school_class, place.part, place.moment, typed)
    return JsonResponse(_batch_answer(place, answers))


def _typed(one: dict[str, Any]) -> TypedCell:
    place = pages.parse_cell(str(one["cell"]))
    if place is None:
        raise ValueError("cell")
    return TypedCell(*place, str(one["text"]), str(one["seen"]), int(one["version"]))


def _batch_answer(place: Place, answers: list[CellAnswer]) -> dict[str, Any]:
    stored = _sheet_of(place)
    columns = {c.key: c for c in pages.columns(stored)}
    cells = {}
    for answer in answers:
        column = columns.get(answer.cell.key)
        cells[pages.cell_name(answer.cell.enrolment_id, answer.cell.key)] = {
            "state": answer.state,
            "text": answer.text,
            "version": answer.version,
            "short": pages.short_words(column, answer.state) if column else "",
            "message": pages.answer_words(column, answer) if column else answer.message,
            "by": answer.by,
            "at": pages.moment_words(answer.at),
        }
    warned = findings(stored)
    touched = {a.cell.enrolment_id for a in answers}
    notes = {
        str(pk): gradebook_words.notes_of(pages.finding_note(stored, pk, f) for f in warned.get(pk, ()))
        for pk in touched
    }
    return {"at": time_vi(clock.now()), "cells": cells, "notes": notes}


@require_actor
@require_GET
def history(request: HttpRequest, class_id: int, part: str) -> HttpResponse:
    """Every change of one cell (``?o=<cell>``): who, when, from what to what, through which door."""
    place = _place(request, class_id, part)
    cell = pages.parse_cell(request.GET.get("o", ""))
    stored = _sheet_of(place)
    column = next((f for f in stored.fields if cell and f.key == cell[1]), None)
    if cell is None or column is None or cell[0] not in {e.pk for e in stored.enrolments}:
        raise NotFound("no_such_part")
    lines = cell_history(place.school_class, cell[0], column, place.moment)
    people = full_names({line.by for line in lines})
    shown = [
        {
            "by": people.get(line.by) or gradebook_words.door_of(line.by),
            "at": pages.moment_words(line.at),
            "old": line.old,
            "new": line.new,
            "source": gradebook_words.source(line.source),
        }
        for line in lines
    ]
    return JsonResponse({"lines": shown})


@require_actor
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, class_id: int, part: str) -> HttpResponse:
    """Before finishing: counts, blanks by pupil, warnings that need a tick."""
    place = _place(request, class_id, part)
    stored = _sheet_of(place)
    problem = ""
    ticked = set(request.POST.getlist("da-kiem-tra"))
    if request.method == "POST":
        try:
            finish_entry(actor_of(request), stored, confirmed=ticked)
        except DomainError as error:
            problem = words(error)
        else:
            messages.success(request, _("Đã hoàn tất nhập. Thầy cô vẫn sửa được cho đến khi lớp chốt."))
            return redirect(place.url("web:gradebook-check"))
    found = check_sheet(stored)
    context = {
        "place": place,
        "title": pages.part_name(place.school_class, part),
        "school_class": place.school_class,
        "moment_name": dict(pages.moments())[place.moment] if part != RECORD else "",
        "check": gradebook_lists.check_lines(stored, found),
        "finished": finished([place.school_class], place.moment).get((class_id, part)),
        "problem": problem,
        "ticked": ticked,
        "now": clock.now(),
    }
    return render(request, "web/gradebook/check.html", context, status=422 if problem else 200)
