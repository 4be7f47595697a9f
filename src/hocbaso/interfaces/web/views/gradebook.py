"""The gradebook: my classes and subjects, entry by keyboard with autosave, history of a cell."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods

from hocbaso.apps.assessment.class_sheet import (
    ClassSheet,
    Roll,
    fields_of,
    findings,
    read_roll,
    read_sheet,
)
from hocbaso.apps.assessment.idempotency import LONGEST_KEY, Keep, once
from hocbaso.apps.assessment.lineage import of_cell
from hocbaso.apps.assessment.use_cases.enter_cells import (
    CellAnswer,
    State,
    enter_cells,
)
from hocbaso.apps.common import clock
from hocbaso.core.errors import NotFound, Unreadable, register
from hocbaso.interfaces.web import gradebook_columns, gradebook_lists, gradebook_words
from hocbaso.interfaces.web import gradebook_pages as pages
from hocbaso.interfaces.web.gradebook_place import Place, place_of, require_editable
from hocbaso.interfaces.web.gradebook_session import queue_key
from hocbaso.interfaces.web.json_body import read_json
from hocbaso.interfaces.web.templatetags.hbs import time_vi
from hocbaso.interfaces.web.views import actor_of, actor_or_none, class_of, require_actor
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
#: Loaded at once with the page: a module's imports are otherwise found one after the other.
MODULES = [
    f"web/gradebook_{name}.js"
    for name in ("cells", "grammar", "keys", "saving", "queue", "dialogs", "paste", "block", "session")
]


@require_actor
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """My classes with their pages; for leaders every class of the school."""
    actor = actor_of(request)
    wanted = request.GET.get("dot", "")
    classes = gradebook_lists.classes_of(actor)
    frame = gradebook_lists.frame(classes, wanted)
    if gradebook_lists.leads(actor):
        rows = gradebook_lists.overview(classes, wanted)
        return render(request, "web/gradebook/school.html", frame | {"rows": rows})
    sections = gradebook_lists.sections(actor, classes, wanted)
    return render(request, "web/gradebook/index.html", frame | {"sections": sections})


@require_actor
@require_GET
def class_page(request: HttpRequest, class_id: int) -> HttpResponse:
    """Every page of one class."""
    school_class = class_of(request, class_id, "assessment.view_class")
    wanted = request.GET.get("dot", "")
    sections = gradebook_lists.sections(actor_of(request), [school_class], wanted, whole_class=True)
    frame = gradebook_lists.frame([school_class], wanted)
    context = frame | {"sections": sections, "school_class": school_class}
    return render(request, "web/gradebook/index.html", context)


@gzip_page
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
    place = place_of(request, class_id, part)
    if request.method != "POST":
        return _show(request, place)
    require_editable(request, place)
    return _save_batch(request, place) if from_script else _save_form(request, place)


def _show(request: HttpRequest, place: Place, answers: list[CellAnswer] | None = None) -> HttpResponse:
    stored = place.read()
    page = pages.build(place.frame(stored), answers or [])
    if not place.editable:
        page.viewer = _("Thầy cô chỉ xem phần này; người được phân công mới nhập được.")
    refused = [a for a in answers or [] if a.state is not State.SAVED]
    actor = actor_of(request)
    assert actor.user is not None
    around = gradebook_words.Surroundings(place.url, actor, queue_key(actor.user))
    context = {
        "place": place,
        "page": page,
        "school_class": place.school_class,
        "moments": gradebook_columns.moments(place.school_class) if place.has_moments else [],
        "parts": gradebook_lists.picker(actor, place, stored.programme)
        if gradebook_lists.sees_all(actor)
        else [],
        "saved": len(answers or []) - len(refused),
        "refused": [(line, c) for line in page.lines for c in line.cells if c.message],
        "script": gradebook_words.for_script(page, around),
        "modules": MODULES,
        "links": gradebook_lists.links(place),
        "topbar_slim": True,
        "now": clock.now(),
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
    """What the script sends: ``{"user", "key", "cells": [{"cell", "text", "seen", "version"}]}``.

    A batch with a key that was answered before gets that answer again.
    """
    try:
        sent = read_json(request.body)
        user, key = int(sent["user"]), str(sent.get("key", ""))
        typed = [
            pages.typed_cell(str(c["cell"]), str(c["text"]), str(c["seen"]), int(c["version"]))
            for c in sent["cells"]
        ]
    except (ValueError, TypeError, KeyError):
        raise Unreadable("gradebook_request") from None
    if len(typed) > MOST_CELLS or len(key) > LONGEST_KEY:
        raise Unreadable("gradebook_request")
    actor = actor_of(request)
    assert actor.user is not None
    if user != actor.user.pk:
        text = _("Trình duyệt này đang đăng nhập bằng tài khoản khác. Chưa có gì được ghi.")
        return JsonResponse({"code": "other_user", "message": text}, status=409)

    touched = {cell.enrolment_id for cell in typed}
    roll = read_roll(place.school_class, touched)

    def work(keep: Keep) -> None:
        enter_cells(
            actor,
            place.school_class,
            place.part,
            place.moment,
            typed,
            roll=roll,
            at_last=lambda answers: keep(_cell_answers(place, roll, answers)),
        )

    answer = once(actor.user, key, place.label, work)
    return JsonResponse(answer | _around(place, roll, touched, answer["cells"]))


def _cell_answers(place: Place, roll: Roll, answers: list[CellAnswer]) -> dict[str, Any]:
    """What is kept with the batch's key."""
    keys = {a.cell.key for a in answers}
    fields = fields_of(place.school_class, place.part, place.moment, roll.programme)
    fields = tuple(f for f in fields if f.key in keys)
    page = ClassSheet(place.school_class, place.part, place.moment, fields, [])
    columns = {c.key: c for c in gradebook_columns.columns(page)}
    return {
        "at": time_vi(clock.now()),
        "cells": {
            pages.cell_name(a.cell.enrolment_id, a.cell.key): _cell_answer(columns.get(a.cell.key), a)
            for a in answers
        },
    }


def _around(place: Place, roll: Roll, touched: set[int], cells: dict[str, Any]) -> dict[str, Any]:
    """What the rules say of the touched rows now; read when the batch is written, and nobody waits for it."""
    stored = read_sheet(place.school_class, place.part, place.moment, roll)
    locked = any(cell["state"] == State.LOCKED for cell in cells.values())
    return {
        "notes": _notes(stored, touched),
        "averages": _averages(stored, touched),
        "locks": place.gates(stored).closed if locked else {},
    }


def _cell_answer(column: gradebook_columns.Column | None, answer: CellAnswer) -> dict[str, Any]:
    return {
        "state": answer.state,
        "text": column.shown(answer.text) if column else answer.text,
        "version": answer.version,
        "short": pages.short_words(column, answer.state) if column else "",
        "message": pages.answer_words(column, answer) if column else answer.message,
        "by": answer.by,
        "at": pages.moment_words(answer.at),
    }


def _averages(stored: ClassSheet, touched: set[int]) -> dict[str, dict[str, str]]:
    keys = [a.key for a in gradebook_columns.averages(stored)]
    return {str(pk): {key: pages.result_words(stored, pk, key) for key in keys} for pk in touched}


def _notes(stored: ClassSheet, touched: set[int]) -> dict[str, list[dict[str, str]]]:
    warned = findings(stored)
    return {
        str(pk): gradebook_words.notes_of(pages.finding_note(stored, pk, f) for f in warned.get(pk, ()))
        for pk in touched
    }


@require_actor
@require_GET
def history(request: HttpRequest, class_id: int, part: str) -> HttpResponse:
    """Every change of one cell (``?o=<cell>``): who, when, from what to what, door, unlock case."""
    place = place_of(request, class_id, part)
    cell = pages.parse_cell(request.GET.get("o", ""))
    stored = place.read()
    column = next((c for c in gradebook_columns.columns(stored) if cell and c.key == cell[1]), None)
    if cell is None or column is None or cell[0] not in {e.pk for e in stored.enrolments}:
        raise NotFound("no_such_part")
    shown = [
        {
            "by": gradebook_words.door_of(step.by_name),
            "at": pages.moment_words(step.at),
            "old": column.shown(step.old),
            "new": column.shown(step.new),
            "source": gradebook_words.source(step.change.source),
            "case": step.case_number,
        }
        for step in of_cell(place.school_class, cell[0], column.field, place.moment)
    ]
    return JsonResponse({"lines": shown})
