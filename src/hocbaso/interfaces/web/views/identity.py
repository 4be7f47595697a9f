"""Identity: the four steps of a school, one class, the staff, the work of a step."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.identity import background, queries, steps
from hocbaso.apps.identity.evidence import missing
from hocbaso.apps.identity.steps import Group, Line, Need
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.pupils.models import Enrolment, IdentityState, SchoolClass
from hocbaso.core import codelists
from hocbaso.core.errors import NotAllowed, NotFound
from hocbaso.interfaces.web import identity_words as told
from hocbaso.interfaces.web.identity_desk import with_zero
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

PLACE = "identity"
PAGE = 40
_WORK = (1, 2, 3)


def classes_of(request: HttpRequest) -> tuple[list[SchoolClass], bool]:
    """The classes that the actor may see, and whether that is the whole school. One or two queries.

    :raises NotAllowed: policies ``identity.view_school``, ``identity.view_class``
    """
    actor, school = actor_of(request), school_of(request)
    if school.kind != Kind.SCHOOL:
        raise NotAllowed("not_allowed", what="xem kết quả xác thực danh tính của trường")
    if allowed(actor, "identity.view_school", school):
        rows = SchoolClass.objects.filter(school=school, school_year=working_year(school))
        classes = list(rows)
        for row in classes:
            row.school = school
        return classes, True
    post = actor.assignment
    assert post is not None
    own = post.school_class
    policy(request, "identity.view_class", own or SchoolClass(pk=0, school=school))
    assert own is not None
    return [own], False


@require_actor
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """``/truong/danh-tinh/``: the four steps with what is left in each, the classes, one next action."""
    classes, whole = classes_of(request)
    actor, school = actor_of(request), school_of(request)
    lines = steps.lines_of(classes)
    sum_up = steps.total(lines)
    staff = steps.line_of_staff(school) if whole else None
    sendings = queries.sendings_of(school, 5) if whole else []
    context = {
        "school": school,
        "year": classes[0].school_year if classes else "",
        "whole": whole,
        "lines": [_line(line) for line in lines],
        "staff": _line(staff) if staff is not None and staff.people else None,
        "total": sum_up,
        "groups": told.group_labels().items(),
        "steps": _steps(sum_up),
        "next": next_action(actor, school, classes, sum_up, whole=whole),
        "sendings": sendings,
        "links": _links(actor, school, classes),
    }
    return render(request, "web/identity/index.html", context)


def _line(line: Line) -> dict[str, Any]:
    """A row of the table of classes."""
    in_class = line.school_class
    url = reverse("web:identity-class", args=[in_class.pk]) if in_class else reverse("web:identity-staff")
    return {
        "name": in_class.name if in_class else _("Cán bộ, giáo viên"),
        "url": url,
        "people": line.people,
        "cells": [
            {"count": line.groups[g], "words": words, "url": told.with_query(url, loc=g.value)}
            for g, words in told.group_labels().items()
        ],
        "verified": line.verified,
        "next": _class_words(line),
    }


def _class_words(line: Line) -> str:
    """What a class needs next, in a few words."""
    if not line.people:
        return _("Chưa có học sinh") if line.school_class else ""
    need = line.next
    n = {"n": line.needs[need]}
    return {
        Need.SEND: _("Gửi %(n)s hồ sơ") % n,
        Need.COMPLETE: _("Điền cho đủ %(n)s hồ sơ") % n,
        Need.NUMBER: _("Tìm số cho %(n)s người") % n,
        Need.CONFIRM: _("Xác nhận %(n)s cảnh báo") % n,
        Need.SCHOOL: _("Sửa %(n)s hồ sơ") % n,
        Need.GUARDIAN: _("Đối chiếu giấy tờ %(n)s người") % n,
        Need.POLICE: _("Chờ công an %(n)s người") % n,
        Need.WAIT: _("Chờ trả lời"),
        Need.DONE: _("Đã xong"),
    }[need]


def _steps(line: Line) -> list[dict[str, Any]]:
    """The four steps with what is left in each and in whose hands it is."""
    needs = line.needs
    current = next((n for n in (2, 1, 3) if line.next in _needs_of(n)), 4)
    notes = [
        _("còn thiếu thông tin hoặc chưa có số"),
        _("đang chờ trả lời: %(n)s") % {"n": needs[Need.WAIT]} if needs[Need.WAIT] else _("đã đủ, chờ gửi"),
        _("nhà trường %(a)s · gia đình %(b)s · công an %(c)s")
        % {"a": needs[Need.SCHOOL], "b": needs[Need.GUARDIAN], "c": needs[Need.POLICE]},
        _("chưa xác thực, trên %(n)s em") % {"n": line.people},
    ]
    names = (_("Hoàn thiện thông tin"), _("Gửi xác thực"), _("Sửa chỗ chưa khớp"), _("Theo dõi đến 100%"))
    left = [line.left(1), needs[Need.SEND], line.left(3), line.left(4)]
    return [
        {
            "number": n,
            "name": name,
            "left": left[n - 1],
            "note": notes[n - 1] if left[n - 1] or (n == 2 and needs[Need.WAIT]) else "",
            "url": reverse("web:identity-step", args=[n]) if n in _WORK else "#cac-lop",
            "current": n == current,
        }
        for n, name in enumerate(names, start=1)
    ]


def _needs_of(step: int) -> set[Need]:
    return {need for need, at in steps.STEP_OF.items() if at == step and need is not Need.WAIT}


def next_action(
    actor: Actor, school: Organisation, classes: list[SchoolClass], line: Line, *, whole: bool
) -> dict[str, Any]:
    """The one thing to do next: words, and a link or an order to send."""
    need, n = line.next, line.needs[line.next]
    scope = {"pham-vi": "truong"} if whole else {"pham-vi": "lop", "lop": str(classes[0].pk)}
    may_send = _may_send(actor, school, classes, whole=whole)
    work = reverse("web:identity-step", args=[steps.STEP_OF[need]]) if need is not Need.DONE else ""
    if need is Need.SEND:
        left = line.left(1)
        more = _(" %(n)s hồ sơ còn thiếu thông tin không gửi lần này, hoàn thiện rồi gửi sau.") % {"n": left}
        return {
            "title": _("%(n)s hồ sơ đã đủ thông tin, chờ gửi xác thực") % {"n": n},
            "note": _("Hệ thống hỏi Cơ sở dữ liệu quốc gia về dân cư và báo kết quả từng em.")
            + (more if left else ""),
            "button": _("Gửi xác thực %(n)s em") % {"n": n} if may_send else "",
            "send": scope,
            "url": work,
        }
    titles = {
        Need.COMPLETE: _("%(n)s hồ sơ còn thiếu thông tin nên chưa gửi được"),
        Need.NUMBER: _("%(n)s em chưa có số định danh"),
        Need.CONFIRM: _("%(n)s hồ sơ có số định danh hoặc ngày sinh cần xem lại trước khi gửi"),
        Need.SCHOOL: _("%(n)s hồ sơ chưa khớp, nhà trường xem lại trước"),
        Need.GUARDIAN: _("%(n)s em cần gia đình mang giấy tờ đến đối chiếu"),
        Need.POLICE: _("%(n)s em chờ công an chỉnh dữ liệu dân cư"),
        Need.WAIT: _("%(n)s yêu cầu đang chờ trả lời"),
        Need.DONE: _("Mọi hồ sơ đã xác thực") if line.people else _("Chưa có học sinh để xác thực"),
    }
    notes = {
        Need.COMPLETE: _("Điền ngay trong danh sách, theo giấy khai sinh và giấy thông báo số định danh."),
        Need.NUMBER: _("Nhập số theo giấy thông báo, tìm số theo họ tên, hoặc in giấy báo cho gia đình."),
        Need.CONFIRM: _("Xem giấy tờ; nếu hồ sơ ghi đúng thì xác nhận, nếu sai thì sửa."),
        Need.SCHOOL: _("Hệ thống chỉ báo mục nào chưa khớp. So hồ sơ với giấy tờ rồi sửa và gửi lại."),
        Need.GUARDIAN: _("In giấy báo để gửi gia đình; khi có giấy tờ, nhập ngay và gửi lại."),
        Need.POLICE: _("Giấy tờ và hồ sơ ghi như nhau. Gia đình liên hệ công an; khi xong, gửi lại."),
        Need.WAIT: _("Không phải làm gì: hệ thống tự hỏi tiếp và báo kết quả ở đây."),
        Need.DONE: _("Học sinh mới đến hoặc hồ sơ vừa sửa sẽ hiện ra ở đây.")
        if line.people
        else _("Nhập danh sách học sinh trước, rồi trở lại đây."),
    }
    buttons = {
        Need.COMPLETE: _("Hoàn thiện hồ sơ"),
        Need.NUMBER: _("Xem các em chưa có số"),
        Need.CONFIRM: _("Xem và xác nhận"),
        Need.SCHOOL: _("Xem và sửa"),
        Need.GUARDIAN: _("Xem và in giấy báo"),
        Need.POLICE: _("Xem danh sách"),
        Need.WAIT: _("Xem ai đang chờ"),
    }
    return {
        "title": titles[need] % {"n": n} if "%" in titles[need] else titles[need],
        "note": notes[need],
        "button": buttons.get(need, ""),
        "send": None,
        "url": work,
        "quiet": need in (Need.WAIT, Need.DONE),
    }


def _may_send(actor: Actor, school: Organisation, classes: list[SchoolClass], *, whole: bool) -> bool:
    if whole:
        return allowed(actor, "identity.send", school)
    return allowed(actor, "identity.send_class", classes[0])


def _links(actor: Actor, school: Organisation, classes: list[SchoolClass]) -> list[told.Link]:
    """Pages of neighbouring areas that help with the four steps, as far as the actor may open them."""
    own = classes[0] if classes else SchoolClass(pk=0, school=school)
    offered = (
        (
            "collection",
            allowed(actor, "collection.view", school),
            _("Thu thập bằng tệp Excel"),
            _("tải danh sách những em chưa xác thực, điền ngoài máy, nhập lại"),
        ),
        (
            "number-searches",
            allowed(actor, "matching.search_class", own),
            _("Tìm số định danh"),
            _("cho em chưa có số: theo họ tên, ngày sinh, giới tính, nơi thường trú"),
        ),
        (
            "school-progress",
            allowed(actor, "identity.acknowledge", school),
            _("Đợt xác thực"),
            _("thời hạn, tiến độ và lời nhắc của cấp trên"),
        ),
        (
            "escalations",
            allowed(actor, "escalation.view_school", school),
            _("Kiến nghị cấp trên"),
            _("những em nhà trường và gia đình không tự giải quyết được"),
        ),
    )
    return [told.Link(reverse(f"web:{name}"), words, note) for name, may, words, note in offered if may]


@require_actor
@require_safe
def of_class(request: HttpRequest, class_id: int) -> HttpResponse:
    """``/truong/danh-tinh/lop/<class>/``: every pupil, what does not agree, who must act, what comes next."""
    actor, school = actor_of(request), school_of(request)
    in_class, people = queries.class_and_rows(school, class_id)
    if in_class is None or not allowed(actor, "identity.view_class", in_class):
        raise NotFound("no_such_class")
    viewed(actor, [row.person for row in people], "list", PLACE, school_class=in_class)
    context = _list_context(request, people)
    may_send = allowed(actor, "identity.send_class", in_class)
    context |= {
        "in_class": in_class,
        "may_send": may_send,
        "may_print": allowed(actor, "identity.letters", in_class),
        "letters": sum(row["need"] in told.THEIRS for row in context["all_rows"]),
        "until": told.today_until(),
    }
    return render(request, "web/identity/class.html", context)


@require_actor
@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    """``/truong/danh-tinh/can-bo/``: the staff, in the same way."""
    school, actor = school_of(request), actor_of(request)
    policy(request, "identity.view_school", school)
    people = queries.rows_of_staff(school)
    viewed(actor, [row.person for row in people], "list", PLACE)
    context = _list_context(request, people)
    context |= {"in_class": None, "may_send": allowed(actor, "identity.send_staff", school)}
    return render(request, "web/identity/class.html", context)


def _list_context(request: HttpRequest, people: list[queries.Row]) -> dict[str, Any]:
    rows = [told.row_context(row, need) for row, need in steps.sorted_rows(people)]
    chosen = request.GET.get("loc", "")
    ready = sum(row["need"] == Need.SEND for row in rows)
    return {
        "school": school_of(request),
        "all_rows": rows,
        "rows": told.filtered(rows, chosen),
        "filters": told.filters(rows, chosen),
        "chosen": chosen,
        "ready": ready,
        "verified": sum(row["group"] == Group.VERIFIED for row in rows),
    }


@require_actor
@require_safe
def step(request: HttpRequest, step: int) -> HttpResponse:
    """``/truong/danh-tinh/buoc/<1-3>/``: everybody who stands at a step, across the classes."""
    if step not in _WORK:
        raise NotFound("not_found", what=_("bước này"))
    classes, whole = classes_of(request)
    actor, school = actor_of(request), school_of(request)
    if step == 2:
        background.wake()
    rows = _rows_at(classes, step)
    who = request.GET.get("ai", "")
    counted = {need.value: sum(n is need for _row, n in rows) for need in Need if steps.STEP_OF[need] == step}
    shown = [(row, need) for row, need in rows if not who or need.value == who]
    first = max(_number(request.GET.get("tu", "")), 0)
    part = shown[first : first + PAGE]
    viewed(actor, [row.person for row, _need in part], "list", PLACE)
    may_repair = {c.pk: allowed(actor, "identity.repair", c) for c in classes}
    context = {
        "step": step,
        "school": school,
        "whole": whole,
        "rows": [_work_row(row, need, may_repair) for row, need in part],
        "total": len(rows),
        "found": len(shown),
        "first": first,
        "before": max(first - PAGE, 0) if first else None,
        "after": first + PAGE if len(shown) > first + PAGE else None,
        "who": who,
        "choices": [(key, n) for key, n in counted.items() if n],
        "who_words": _need_labels(),
        "ready": counted.get(Need.SEND, 0),
        "letters": counted.get(Need.GUARDIAN, 0) + counted.get(Need.POLICE, 0),
        "until": told.today_until(),
        "may_send": _may_send(actor, school, classes, whole=whole),
        "may_print": all(allowed(actor, "identity.letters", c) for c in classes),
        "may_repair": any(may_repair.values()),
        "in_class": None if whole else classes[0],
        "provinces": codelists.provinces() if step == 1 else (),
    }
    return render(request, "web/identity/step.html", context)


def _need_labels() -> dict[str, str]:
    """What a filter of a step calls its people."""
    return {
        Need.NUMBER: _("Chưa có số"),
        Need.COMPLETE: _("Thiếu thông tin"),
        Need.CONFIRM: _("Cần xác nhận"),
        Need.SEND: _("Chờ gửi"),
        Need.WAIT: _("Đang chờ trả lời"),
        Need.SCHOOL: _("Nhà trường xem lại"),
        Need.GUARDIAN: _("Phụ huynh mang giấy tờ"),
        Need.POLICE: _("Công an chỉnh dữ liệu"),
    }


def _rows_at(classes: list[SchoolClass], step: int) -> list[tuple[queries.Row, Need]]:
    """Unverified pupils whose next thing belongs to the step, in order of class and list."""
    by_pk = {c.pk: c for c in classes}
    enrolments = (
        queries.studying()
        .filter(school_class__in=by_pk)
        .exclude(pupil__identity_state=IdentityState.VERIFIED)
    )
    found = []
    for row in queries.rows_of_enrolments(
        enrolments.order_by("school_class__grade", "school_class__name", "order", "pk")
    ):
        assert isinstance(row.enrolment, Enrolment)
        row.school_class = by_pk[row.enrolment.school_class_id]
        need = steps.need_of(row)
        if steps.STEP_OF[need] == step:
            found.append((row, need))
    return sorted(found, key=lambda pair: steps.ORDER[pair[1]])


def _work_row(row: queries.Row, need: Need, may_repair: dict[int, bool]) -> dict[str, Any]:
    assert row.school_class is not None
    may = may_repair.get(row.school_class.pk, False)
    lacks = missing(row.person) if need in (Need.NUMBER, Need.COMPLETE) else []
    return told.row_context(row, need) | {
        "lacks": lacks,
        "person": row.person,
        "may_repair": may,
        "offers_zero": bool(with_zero(row.person, row.person.personal_number)),
        "search": reverse("web:number-search", args=[row.person.code]) if need is Need.NUMBER and may else "",
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0
