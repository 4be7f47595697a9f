"""Ảnh học sinh: who lacks a photo, many photos at once with a look through, one photo by phone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.pupils.models import (
    Enrolment,
    PhotoBatch,
    PhotoBatchState,
    PhotoItem,
    PhotoItemState,
    SchoolClass,
)
from hocbaso.apps.pupils.use_cases import photos_review as review
from hocbaso.apps.pupils.use_cases.photos_batch import (
    Taken,
    add_files,
    batch_counts,
    close,
    item_of,
    open_batch,
    open_batches,
    scope,
)
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, register, sentence
from hocbaso.engines.images import Frame
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of
from hocbaso.interfaces.web.views.pupils import enrolment_of

register({"no_such_photo_batch": ("Trường không có đợt ảnh này.", "The school has no such batch of photos.")})


def _classes(request: HttpRequest, school: Organisation) -> list[SchoolClass]:
    """The classes that the actor may see, with pupils and those with a photo. Two queries."""
    post = actor_of(request).assignment
    assert post is not None
    rows = SchoolClass.objects.filter(school=school)
    if allowed(actor_of(request), "pupils.view_school", school):
        rows = rows.filter(school_year=working_year(school))
    else:
        policy(request, "pupils.view_class", post.school_class or SchoolClass(pk=0, school=school))
        rows = rows.filter(pk=post.school_class_id or 0)
    active = Q(enrolments__active=True)
    return list(
        rows.annotate(
            pupils=Count("enrolments", filter=active),
            with_photo=Count("enrolments", filter=active & Q(enrolments__pupil__photo__isnull=False)),
        )
    )


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/anh/``: how far each class is; a new batch begins here."""
    school = school_of(request)
    classes = _classes(request, school)
    actor = actor_of(request)
    whole = allowed(actor, "pupils.photos", SchoolClass(pk=0, school=school))
    own = [one for one in classes if whole or _may(request, one)]
    error = ""
    if request.method == "POST":
        try:
            return _begin(request, school, own, whole)
        except DomainError as refusal:
            if isinstance(refusal, NotAllowed):
                raise
            error = words(refusal)
    post = actor.assignment
    context = {
        "school": school,
        "year": classes[0].school_year if classes else "",
        "classes": classes,
        "own": own,
        "whole": whole,
        "pupils": sum(c.pupils for c in classes),  # type: ignore[attr-defined]
        "with_photo": sum(c.with_photo for c in classes),  # type: ignore[attr-defined]
        "batches": list(open_batches(school, post.school_class_id if post else None, whole=whole))
        if own
        else [],
        "error": error,
    }
    return render(request, "web/photos/index.html", context, status=422 if error else 200)


def _may(request: HttpRequest, in_class: SchoolClass) -> bool:
    in_class.school = school_of(request)
    return allowed(actor_of(request), "pupils.photos", in_class)


def _files(request: HttpRequest) -> list[tuple[str, bytes]]:
    return [(one.name or "", one.read()) for one in request.FILES.getlist("tep")]


def _begin(request: HttpRequest, school: Organisation, own: list[SchoolClass], whole: bool) -> HttpResponse:
    """:raises DomainError: ``photo_*``: nothing was begun then."""
    wanted = request.POST.get("lop", "")
    one = next((c for c in own if str(c.pk) == wanted), None)
    if one is None and not whole:
        one = own[0] if own else SchoolClass(pk=0, school=school)
    year = own[0].school_year if own else working_year(school)
    batch = open_batch(actor_of(request), school=school, year=year, school_class=one)
    files = _files(request)
    if not files and "trong" in request.POST:  # the script sends the files one by one
        return redirect("web:photos-batch", batch.pk)
    try:
        add_files(actor_of(request), batch=batch, files=files)
    except DomainError:
        close(batch, PhotoBatchState.CANCELLED)
        raise
    return redirect("web:photos-batch", batch.pk)


@require_actor
@require_safe
def school_class(request: HttpRequest, class_id: int) -> HttpResponse:
    """``/truong/anh/lop/<id>/``: each pupil of the class with the photo or its lack. Three queries."""
    found = class_of(request, class_id, "pupils.view_class")
    rows = list(
        found.enrolments.filter(active=True).select_related("pupil").order_by("order", "pupil__sort_key")
    )
    viewed(actor_of(request), rows, ViewKind.LIST, "photos", school_class=found)
    context = {
        "in_class": found,
        "rows": rows,
        "lacking": [row for row in rows if row.pupil.photo_id is None],
        "may_set": allowed(actor_of(request), "pupils.photos", found),
    }
    return render(request, "web/photos/class.html", context)


def _batch(request: HttpRequest, number: int) -> PhotoBatch:
    """:raises NotFound: ``no_such_photo_batch``, also for somebody else's."""
    found = (
        PhotoBatch.objects.filter(pk=number, school=school_of(request))
        .select_related("school", "school_class__school")
        .first()
    )
    target = found and (found.school_class or SchoolClass(pk=0, school=found.school))
    if found is None or not allowed(actor_of(request), "pupils.photos", target):
        raise NotFound("no_such_photo_batch")
    return found


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def batch(request: HttpRequest, number: int) -> HttpResponse:
    """``/truong/anh/dot/<n>/``: the photos as they would be saved; what needs an answer stands first."""
    found = _batch(request, number)
    error = ""
    if request.method == "POST":
        try:
            return _act(request, found)
        except DomainError as refusal:
            if isinstance(refusal, (NotAllowed, NotFound)):
                raise
            if _by_script(request):
                return JsonResponse({"error": {"code": refusal.code, "message": words(refusal)}}, status=422)
            error = words(refusal)
    return render(
        request, "web/photos/batch.html", _batch_page(request, found, error), status=422 if error else 200
    )


def _by_script(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _act(request: HttpRequest, found: PhotoBatch) -> HttpResponse:
    """Do what the form asks. :raises DomainError: it is refused."""
    actor, what = actor_of(request), request.POST.get("viec", "them")
    if what == "luu":
        saved = review.confirm(actor, found)
        messages.success(request, _("Đã lưu %(n)s ảnh.") % {"n": saved})
        return _home(found)
    if what == "huy":
        review.cancel(actor, found)
        messages.success(request, _("Đã hủy đợt ảnh. Không ảnh nào được lưu."))
        return _home(found)
    if what in ("chon", "bo"):
        _answer(request, item_of(found, _number(request, "anh")), what)
        return redirect("web:photos-batch", found.pk)
    taken = add_files(actor, batch=found, files=_files(request))
    if _by_script(request):
        return JsonResponse({"matched": taken.matched, "asked": taken.asked, "refused": taken.refused})
    messages.success(request, _told(taken))
    return redirect("web:photos-batch", found.pk)


def _told(taken: Taken) -> str:
    return _("Đã nhận %(n)s ảnh; %(asked)s ảnh cần chọn học sinh, %(refused)s tệp không nhận.") % {
        "n": taken.matched + taken.asked,
        "asked": taken.asked,
        "refused": taken.refused,
    }


def _home(found: PhotoBatch) -> HttpResponse:
    if found.school_class_id is not None:
        return redirect("web:photos-class", found.school_class_id)
    return redirect("web:photos")


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _answer(request: HttpRequest, item: PhotoItem, what: str) -> None:
    if what == "bo":
        review.skip(actor_of(request), item)
    else:
        review.choose(actor_of(request), item, _number(request, "hoc-sinh"))


def _batch_page(request: HttpRequest, found: PhotoBatch, error: str) -> dict[str, Any]:
    """Four queries however many photos: the batch's items without their bytes, and the pupils once."""
    items = list(
        found.items.defer("source", "portrait").select_related("enrolment__pupil", "enrolment__school_class")
    )
    by_state = {state: [i for i in items if i.state == state] for state in PhotoItemState.values}
    asked = by_state[PhotoItemState.ASKED] + by_state[PhotoItemState.SKIPPED]
    pupils = list(scope(found)) if asked else []
    shown = [i.enrolment for i in by_state[PhotoItemState.MATCHED] if i.enrolment is not None]
    viewed(actor_of(request), shown, ViewKind.LIST, "photos", school_class=found.school_class)
    return {
        "batch": found,
        "open": found.state == PhotoBatchState.OPEN,
        "matched": by_state[PhotoItemState.MATCHED],
        "asked": [(item, _choices(item, pupils)) for item in by_state[PhotoItemState.ASKED]],
        "skipped": [(item, _choices(item, pupils)) for item in by_state[PhotoItemState.SKIPPED]],
        "refused": by_state[PhotoItemState.REFUSED],
        "replaced": sum(1 for row in shown if row.pupil.photo_id is not None),
        "warned": [(i, [sentence(code) for code in i.warnings]) for i in by_state[PhotoItemState.MATCHED]],
        "total": len(items),
        "error": error,
    }


def _choices(item: PhotoItem, pupils: list[Enrolment]) -> list[Enrolment]:
    """Whom the name may mean; else everybody in the batch's scope, those without a photo first."""
    likely = [row for row in pupils if row.pk in item.candidates]
    return likely or sorted(pupils, key=lambda row: row.pupil.photo_id is not None)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, number: int, item_id: int) -> HttpResponse:
    """One photo of a batch: move the frame, say whose it is, leave it out; a single one is saved here."""
    found = _batch(request, number)
    one = item_of(found, item_id)
    if one.state == PhotoItemState.REFUSED:
        return redirect("web:photos-batch", found.pk)
    error = ""
    if request.method == "POST":
        try:
            return _act_on_item(request, found, one)
        except DomainError as refusal:
            if isinstance(refusal, (NotAllowed, NotFound)):
                raise
            error = words(refusal)
    context = {
        "batch": found,
        "item": one,
        "open": found.state == PhotoBatchState.OPEN,
        "single": batch_counts(found)[PhotoItemState.MATCHED] == 1 and found.items.count() == 1,
        "warnings": [sentence(code) for code in one.warnings],
        "steps": _steps(),
        "drawn": "-".join(map(str, one.frame)),
        "error": error,
    }
    return render(request, "web/photos/item.html", context, status=422 if error else 200)


def _steps() -> list[tuple[str, str]]:
    """The frame moves over the picture: up shows more of what stands above."""
    return [
        ("up", _("Lên")),
        ("left", _("Sang trái")),
        ("right", _("Sang phải")),
        ("down", _("Xuống")),
        ("nearer", _("Gần hơn")),
        ("farther", _("Xa hơn")),
    ]


def _act_on_item(request: HttpRequest, found: PhotoBatch, one: PhotoItem) -> HttpResponse:
    """:raises DomainError: it is refused."""
    actor, what = actor_of(request), request.POST.get("viec", "")
    if what == "luu":
        review.confirm(actor, found)
        messages.success(request, _("Đã lưu ảnh."))
        return _home(found)
    if what == "bo":
        review.skip(actor, one)
        return redirect("web:photos-batch", found.pk)
    frame = Frame(*one.frame) if len(one.frame) == 3 else Frame()
    review.adjust(actor, one, frame.moved(what))
    return redirect("web:photos-item", found.pk, one.pk)


@require_actor
@require_safe
def item_image(request: HttpRequest, number: int, item_id: int) -> HttpResponse:
    """The portrait as it would be saved; not kept by the browser."""
    one = item_of(_batch(request, number), item_id)
    if not one.portrait:
        raise NotFound("photo_no_such_item")
    return HttpResponse(bytes(one.portrait), content_type="image/jpeg")


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def one_pupil(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/anh/hoc-sinh/<code>/``: take or choose one photo, on a phone too; seen before it is saved."""
    enrolment = enrolment_of(request, code)
    policy(request, "pupils.photos", enrolment.school_class)
    actor, error = actor_of(request), ""
    if request.method == "POST":
        in_class = enrolment.school_class
        made = open_batch(actor, school=in_class.school, year=in_class.school_year, school_class=in_class)
        try:
            add_files(actor, batch=made, files=_files(request), enrolment=enrolment)
            made_item = made.items.get()
            if made_item.state == PhotoItemState.MATCHED:
                return redirect("web:photos-item", made.pk, made_item.pk)
            error = made_item.message
        except DomainError as refusal:
            error = words(refusal)
        close(made, PhotoBatchState.CANCELLED)
    else:
        viewed(actor, [enrolment], ViewKind.FILE, "photo")
    context = {"enrolment": enrolment, "pupil": enrolment.pupil, "error": error}
    return render(request, "web/photos/one.html", context, status=422 if error else 200)
