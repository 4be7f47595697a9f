"""Signing: which classes wait, the desks of homeroom teacher and principal, steps, receipt."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.use_cases.second_factor import confirm_totp
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.signing.elsewhere.models import Place, Run
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.transcripts import queries, signing_board
from hocbaso.apps.transcripts.use_cases import sign_at_place
from hocbaso.apps.transcripts.use_cases.return_sheets import return_sheets
from hocbaso.apps.transcripts.use_cases.sign_sheets import OF_CLASS, PERMISSIONS, authorise, run_batch
from hocbaso.apps.transcripts.use_cases.stop_batch import resume_batch, stop_batch
from hocbaso.apps.transcripts.waiting.queries import SEALED
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.interfaces.web import desk_page, signing_desk
from hocbaso.interfaces.web.errors import status_of, wants_json, words
from hocbaso.interfaces.web.signing_desk import Desk
from hocbaso.interfaces.web.templatetags.hbs import number
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of

register(
    {
        "no_such_batch": ("Không có lần ký này, hoặc không phải của thầy cô.", "No such batch."),
        "batch_needs_code": (
            "Đã quá lâu từ lần xác nhận trước. Thầy cô nhập mã xác nhận mới để ký tiếp.",
            "A new code is needed to go on.",
        ),
        "pin_missing": ("Nhập mã PIN của thiết bị ký", "Enter the token's PIN"),
        "code_missing": ("Nhập mã xác nhận gồm 6 chữ số", "Enter the six-digit code"),
    }
)

#: Sheets in one step of the page.
STEP = 5


@require_actor
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/ky/``: what waits for me."""
    actor, school = actor_of(request), school_of(request)
    post = actor.assignment
    assert post is not None
    if actor.role == Role.HOMEROOM and post.school_class_id:
        return redirect("web:signing-class", post.school_class_id)
    if actor.role == Role.SUBJECT_TEACHER and post.school_class_id:
        return redirect("web:signing-subject", post.school_class_id)
    if actor.role == Role.SEAL_KEEPER:
        return redirect("web:issuing")
    policy(request, "signing.principal", school)
    year = working_year(school)
    names = signing_desk.homeroom_names(school)
    board = [{**row, "teacher": names.get(row["id"], "")} for row in queries.class_board(school, year)]
    waiting = sum(row["homeroom_signed"] for row in board)
    context = {
        "board": board,
        "year": year,
        "waiting": waiting,
        "open": any(row["open"] for row in board),
        "subjects": any(row["subjects"] for row in board),  # primary classes have no such step
    }
    return render(request, "web/signing/index.html", context)


@sensitive_post_parameters("ma", "pin")
@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def homeroom(request: HttpRequest, class_id: int) -> HttpResponse:
    """``/truong/ky/<class>/``: the homeroom teacher signs the class."""
    school_class = class_of(request, class_id, "signing.homeroom")
    desk = signing_desk.load(
        request,
        actor_of(request),
        SignerRole.HOMEROOM,
        school_class.school,
        school_class.school_year,
        school_class,
    )
    return at_desk(desk)


@sensitive_post_parameters("ma", "pin")
@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def subject(request: HttpRequest, class_id: int) -> HttpResponse:
    """``/truong/ky/mon/<class>/``: a subject teacher signs his subjects of the class's sheets."""
    school_class = class_of(request, class_id, "signing.subject")
    return at_desk(
        signing_desk.load(
            request,
            actor_of(request),
            SignerRole.SUBJECT_TEACHER,
            school_class.school,
            school_class.school_year,
            school_class,
        )
    )


@sensitive_post_parameters("ma", "pin")
@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def principal(request: HttpRequest) -> HttpResponse:
    """``/truong/ky/hieu-truong/``: the principal signs what homeroom teachers have signed."""
    school = school_of(request)
    policy(request, "signing.principal", school)
    return at_desk(
        signing_desk.load(
            request, actor_of(request), SignerRole.PRINCIPAL, school, working_year(school), None
        )
    )


def at_desk(desk: Desk) -> HttpResponse:
    """Show the desk, or do what its form asks: sign, go on, give up, return."""
    if desk.request.method != "POST":
        if desk.stopped and desk.held.place is not Place.NODE and runs.alive(desk.stopped.batch):
            return redirect(receipt_url(desk.stopped.batch))  # it is being signed at this moment
        return render(desk.request, "web/signing/desk.html", desk_page.context(desk))
    deeds = {"ky": _sign, "ky-tiep": _go_on, "dung": _give_up, "tra-lai": _return}
    deed = deeds.get(desk.request.POST.get("viec", "ky"), _sign)
    try:
        return deed(desk)
    except DomainError as error:
        return _refused(desk, error)


#: Which field a refusal is about; a refused PIN ("token_pin_…") is about its own.
_FIELDS = {
    "code_missing": "ma",
    "batch_needs_code": "ma",
    "totp_wrong": "ma",
    "totp_used": "ma",
    "totp_not_enrolled": "ma",
    "sign_in_wait": "ma",
    "pin_missing": "pin",
    "return_needs_reason": "ly-do",
}


def _refused(desk: Desk, error: DomainError) -> HttpResponse:
    at = "pin" if error.code.startswith("token_pin_") else _FIELDS.get(error.code, "danh-sach")
    if wants_json(desk.request):
        return JsonResponse({"code": error.code, "message": words(error), "at": at}, status=status_of(error))
    if desk.authorised:  # the batch stands: the page shows what waits, and asks for no new code
        desk = signing_desk.reloaded(desk)
    desk.error, desk.error_at = words(error), at
    return render(desk.request, "web/signing/desk.html", desk_page.context(desk), status=422)


def confirm_code(request: HttpRequest, actor: Actor) -> None:
    """The current code of the second factor, taken once. :raises DomainError: ``code_missing``, ``totp_*``"""
    code = request.POST.get("ma", "").strip()
    if not code:
        raise DomainError("code_missing")
    assert actor.user is not None
    confirm_totp(user=actor.user, code=code)


def _sign(desk: Desk) -> HttpResponse:
    sheets = desk.chosen()  # before the code is used up
    _need_pin(desk)
    confirm_code(desk.request, desk.actor)
    batch = authorise(
        desk.actor,
        role=desk.role,
        school=desk.school,
        sheets=sheets,
        school_class=desk.school_class,
        method="totp",
    )
    signing_desk.grant(desk.request, batch)
    return _run(desk, batch)


def _go_on(desk: Desk) -> HttpResponse:
    if desk.stopped is None:
        return _finished_elsewhere(desk)
    batch = desk.stopped.batch
    _need_pin(desk)
    if desk.needs_code:
        confirm_code(desk.request, desk.actor)
        resume_batch(desk.actor, batch, method="totp")
    signing_desk.grant(desk.request, batch)
    return _run(desk, batch)


def _finished_elsewhere(desk: Desk) -> HttpResponse:
    """Another window has gone on with the batch meanwhile: its receipt tells the rest.

    :raises DomainError: ``list_changed``.
    """
    assert desk.actor.user is not None
    wanted = desk.request.POST.get("lan", "")
    batch = signing_board.batch_of(desk.actor.user, int(wanted)) if wanted.isdecimal() else None
    if batch is None:
        raise DomainError("list_changed")
    return _answer(desk, batch)


def _need_pin(desk: Desk) -> None:
    if desk.held.place is Place.TOKEN and not desk.request.POST.get("pin"):
        raise DomainError("pin_missing")


def _run(desk: Desk, batch: SigningBatch) -> HttpResponse:
    """The node's own key: with a script the page signs in steps, without one everything is signed now. A key
    elsewhere: its place asks for what it needs."""
    desk.authorised = True
    place = desk.held.place
    if place is Place.TOKEN:
        sign_at_place.start_token(desk.actor, batch, pin=desk.request.POST.get("pin", ""))
    elif place is Place.REMOTE:
        sign_at_place.ask_codes(desk.actor, batch)
        return redirect("web:signing-codes", batch.pk)
    elif place is Place.AGENT:
        return redirect("web:signing-agent", batch.pk)
    elif not wants_json(desk.request):
        run_batch(desk.actor, batch)
    return _answer(desk, batch)


def _answer(desk: Desk, batch: SigningBatch) -> HttpResponse:
    if wants_json(desk.request):
        return JsonResponse(
            {
                "step": reverse("web:signing-step", args=[batch.pk]),
                "receipt": receipt_url(batch),
                **progress_of(batch),
            }
        )
    return redirect(receipt_url(batch))


def _give_up(desk: Desk) -> HttpResponse:
    if desk.stopped is not None:
        dropped = stop_batch(desk.actor, desk.stopped.batch)
        text = _("Đã bỏ lần ký dở. %(n)s học bạ chưa ký trở lại danh sách.") % {"n": number(dropped)}
        messages.success(desk.request, text)
    return redirect(desk.request.get_full_path())


def _return(desk: Desk) -> HttpResponse:
    sheets = desk.chosen()
    count = return_sheets(desk.actor, sheets=sheets, reason=desk.request.POST.get("ly-do", ""))
    text = _(
        "Đã trả lại %(n)s học bạ. Chữ ký trước đó đã hủy, kết quả cuối năm mở lại để sửa, rồi chốt và ký lại."
    )
    messages.success(desk.request, text % {"n": number(count)})
    return redirect(desk.request.get_full_path())


def own_batch(request: HttpRequest, batch_id: int) -> tuple[Actor, SigningBatch]:
    """The actor's own batch in the present post. :raises NotFound: ``no_such_batch``"""
    actor = actor_of(request)
    assert actor.user is not None
    batch = signing_board.batch_of(actor.user, batch_id)
    if batch is not None:
        role = SignerRole(batch.role)
        target = batch.school_class if role in OF_CLASS else batch.school
        if allowed(actor, PERMISSIONS[role], target):
            return actor, batch
    raise NotFound("no_such_batch")


@require_actor
@require_POST
def step(request: HttpRequest, batch_id: int) -> HttpResponse:
    """A few sheets of an authorised batch. JSON."""
    actor, batch = own_batch(request, batch_id)
    if not signing_desk.granted(request, batch):
        raise DomainError("batch_needs_code")
    run_batch(actor, batch, limit=STEP)
    signing_desk.grant(request, batch)
    return JsonResponse(progress_of(batch))


def progress_of(batch: SigningBatch) -> dict[str, Any]:
    """Where every item of a batch stands, in words."""
    seal = batch.role == SignerRole.SEAL
    items = []
    for item in signing_board.item_states(batch):
        text = ""
        if item.state == "signed" and item.at is not None:
            when = desk_page.signed_words(item.at)
            text = (_("Đã phát hành %(when)s") if seal else _("Đã ký %(when)s")) % {"when": when}
        elif item.state == SEALED:
            text = _("Đã đóng dấu, chờ dấu thời gian")
        elif item.state == "failed":
            text = _("Chưa ký được: %(why)s") % {"why": item.reason}
        items.append({"id": item.pk, "sheet": item.sheet_id, "state": item.state, "text": text})
    states = [item["state"] for item in items]
    return {
        "total": len(items),
        "signed": states.count("signed"),
        "failed": states.count("failed"),
        "waiting": states.count("waiting"),
        "items": items,
    }


@require_actor
@require_safe
def receipt(request: HttpRequest, batch_id: int) -> HttpResponse:
    """What one authorisation did: count, time, digest of the list, what failed and why, what comes next."""
    _actor, batch = own_batch(request, batch_id)
    if (run := runs.live(batch)) is not None:
        return running(request, batch, run)
    found = signing_board.receipt(batch)
    role = SignerRole(batch.role)
    failed, signed = found.in_state("failed"), found.in_state("signed")
    context = {
        "batch": batch,
        "role": signing_desk.words_of(role, batch.school_class).role,
        "seal": role is SignerRole.SEAL,
        "signed": signed,
        "failed": failed,
        "waiting": found.in_state("waiting"),
        "sealed": found.in_state(SEALED),
        "stop": runs.last_stop(batch) if found.in_state("waiting") else None,
        "dropped": found.in_state("dropped"),
        "last_at": max((i.at for i in signed if i.at), default=None),
        "desk_url": desk_url(batch),
        "issued": found.issued,
        **(_issue_facts(found.issued) if found.issued else {}),
    }
    return render(request, "web/signing/receipt.html", context)


def running(request: HttpRequest, batch: SigningBatch, run: Run) -> HttpResponse:
    """A run beside the request: how far it is. The page asks again by itself."""
    state = progress_of(batch)
    names = {row.pk: row for row in batch.items.select_related("sheet__pupil", "sheet__school_class")}
    rows = [(names[item["id"]], item) for item in state["items"]]
    context = {
        "batch": batch,
        "seal": batch.role == SignerRole.SEAL,
        "token": run.place == Place.TOKEN,
        "state": state,
        "rows": rows,
        "done": state["total"] - state["waiting"],
        "receipt_url": receipt_url(batch),
        "desk_url": desk_url(batch),
    }
    return render(request, "web/signing/running.html", context)


def _issue_facts(issued: list[Any]) -> dict[str, Any]:
    from hocbaso.apps.ledger.queries import latest_checkpoint

    log = issued[0].log
    first, last = issued[0].log_index, issued[-1].log_index
    return {
        "log": log,
        "first_index": first,
        "last_index": last,
        "checkpoint": latest_checkpoint(log),
        "first_stamp": min(row.issued_at for row in issued),
        "last_stamp": max(row.issued_at for row in issued),
    }


def receipt_url(batch: SigningBatch) -> str:
    """The receipt stands under the menu item of its desk."""
    seal = batch.role == SignerRole.SEAL
    return reverse("web:issuing-receipt" if seal else "web:signing-receipt", args=[batch.pk])


def desk_url(batch: SigningBatch) -> str:
    """Back to the desk that a batch belongs to."""
    role = SignerRole(batch.role)
    if role is SignerRole.HOMEROOM:
        return reverse("web:signing-class", args=[batch.school_class_id])
    if role is SignerRole.SUBJECT_TEACHER:
        return reverse("web:signing-subject", args=[batch.school_class_id])
    return reverse("web:issuing" if role is SignerRole.SEAL else "web:signing-principal")
