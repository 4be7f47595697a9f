"""Ending registrations: by decision of two persons, and by themselves when the post behind them is over.

What was signed while a row stood keeps its authority: rows are ended by their dates, never taken away.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.organisations.queries import setting
from hocbaso.apps.signing.authority import end_now, hold, needed
from hocbaso.apps.signing.certificate_models import Ending, EndingState, KeyAct
from hocbaso.apps.signing.families import DEPUTY
from hocbaso.apps.signing.key_events import hold_log, log_event
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.core.errors import DomainError, register

register(
    {
        "ending_under_way": (
            "Đã có đề nghị kết thúc đăng ký của chứng thư số này, đang chờ xác nhận.",
            "An ending of this registration waits for its confirmation already.",
        ),
        "ending_not_waiting": (
            "Đề nghị kết thúc này không còn chờ xác nhận.",
            "The ending does not wait for a confirmation.",
        ),
        "ending_refusal_needs_reason": (
            "Ghi lý do không đồng ý để người đề nghị biết phải làm gì.",
            "A refusal needs a reason.",
        ),
    }
)


@transaction.atomic
def begin_ending(actor: Actor, school: Organisation, certificate: Certificate, reason: str) -> Ending:
    """Ask that the certificate signs nothing more for the school. Where the dated setting
    ``certificate_second_person`` is ``no``, it ends at once.

    :raises NotAllowed: policy ``certificates.end``.
    :raises DomainError: ``registration_not_found``, ``registration_needs_reason``, ``ending_under_way``.
    """
    present = Registration.objects.filter(valid_on(clock.today()), certificate=certificate, school=school)
    rows = list(present.exclude(valid_to=clock.today()).select_related("school", "user"))
    if not rows:
        raise DomainError("registration_not_found")
    require(actor, "certificates.end", rows[0])
    assert actor.user is not None
    reason = needed(reason)
    if Ending.objects.filter(school=school, certificate=certificate, state=EndingState.OPEN).exists():
        raise DomainError("ending_under_way")
    seats = sorted([row.role, row.class_name, row.school_year, row.subject_code] for row in rows)
    case = Ending.objects.create(
        school=school,
        certificate=certificate,
        holder=rows[0].user,
        seats=seats,
        reason=reason,
        started_by=actor.user,
        started_at=clock.now(),
    )
    alone = setting(school, "certificate_second_person") == "no"
    if alone:
        hold(certificate)
        hold_log()
    record(actor, "signing.ending_asked", certificate.digest, organisation=school.code, reason=reason)
    if alone:
        _finish(actor, case)
    return case


@transaction.atomic
def confirm_ending(actor: Actor, case: Ending) -> Ending:
    """The second person: rows end with this day, the public log says so.

    :raises NotAllowed: policy ``certificates.confirm``.
    :raises DomainError: ``ending_not_waiting``, ``registration_not_found``: nothing stands any more.
    """
    case = _waiting(actor, case)
    _finish(actor, case)
    return case


@transaction.atomic
def refuse_ending(actor: Actor, case: Ending, reason: str) -> Ending:
    """The second person does not agree; or whoever asked takes it back.

    :raises NotAllowed: policy ``certificates.confirm``; :raises DomainError: ``ending_not_waiting``,
        ``ending_refusal_needs_reason``.
    """
    case = _waiting(actor, case, own=True)
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise DomainError("ending_refusal_needs_reason")
    _decide(actor, case, EndingState.REFUSED, reason)
    record(
        actor,
        "signing.ending_refused",
        case.certificate_id,
        organisation=case.school.code,
        reason=reason,
    )
    return case


def _waiting(actor: Actor, case: Ending, *, own: bool = False) -> Ending:
    case = (
        Ending.objects.select_for_update(of=("self",)).select_related("school", "certificate").get(pk=case.pk)
    )
    if not (own and actor.user is not None and case.started_by_id == actor.user.pk):
        require(actor, "certificates.confirm", case)
    if case.state != EndingState.OPEN:
        raise DomainError("ending_not_waiting")
    return case


def _finish(actor: Actor, case: Ending) -> None:
    end_now(actor, case.school, case.certificate, case.reason)
    _decide(actor, case, EndingState.ENDED)


def _decide(actor: Actor, case: Ending, state: EndingState, note: str = "") -> None:
    case.state, case.note = state, note
    case.decided_by, case.decided_at = actor.user, clock.now()
    case.save(update_fields=["state", "note", "decided_by", "decided_at"])


# --- by themselves ---

_POSTS = {
    "hieu_truong": Role.PRINCIPAL,
    DEPUTY: Role.DEPUTY_PRINCIPAL,
    "gvcn": Role.HOMEROOM,
    "gvbm": Role.SUBJECT_TEACHER,
}


def departed() -> QuerySet[Registration]:
    """Rows that stand today although nobody holds the post behind them: somebody left, a class or a subject
    was taken over, an account was closed. The seal has no post. One query."""
    today = clock.today()
    held = Assignment.objects.filter(
        valid_on(today), user=OuterRef("user"), organisation=OuterRef("school"), user__is_active=True
    )
    in_class = held.filter(
        school_class__name=OuterRef("class_name"), school_class__school_year=OuterRef("school_year")
    )
    subject = Q(subject_code__in=(OuterRef("subject_code"), "*")) | Q(sign_subject=OuterRef("subject_code"))
    without = Q(pk__in=[])
    for role, post in _POSTS.items():
        found = (in_class if role in ("gvcn", "gvbm") else held).filter(role=post)
        if role == "gvbm":
            found = found.filter(subject)
        without |= Q(Q(role=role), ~Exists(found))
    return Registration.objects.filter(valid_on(today)).filter(without)


def end_departed(actor: Actor, limit: int = 500) -> int:
    """End such rows with the day before; one transaction a certificate and school, so that a run that dies
    goes on with the next.

    Yesterday's answer stays what it was: only today has no such post.
    """
    rows = departed().order_by("school_id", "certificate_id", "id").values_list("school_id", "certificate_id")
    pairs = list(dict.fromkeys(rows[:limit]))
    return sum(_end_departed(actor, school, certificate) for school, certificate in pairs)


@transaction.atomic
def _end_departed(actor: Actor, school_id: int, certificate_id: str) -> int:
    hold(Certificate(pk=certificate_id))
    rows = list(departed().filter(school=school_id, certificate=certificate_id).select_related("school"))
    if not rows:
        return 0
    yesterday = clock.today() - timedelta(days=1)
    for row in rows:
        row.valid_to = max(yesterday, row.valid_from)
        row.save(update_fields=["valid_to"])
    school, certificate = rows[0].school, Certificate.objects.get(pk=certificate_id)
    stands = Registration.objects.filter(valid_on(clock.today()), certificate=certificate, school=school)
    if not stands.exclude(pk__in=[row.pk for row in rows]).exists():
        log_event(actor, certificate, school, KeyAct.ENDED)
    record(
        actor,
        "signing.ended",
        certificate.digest,
        organisation=school.code,
        reason="hết phân công",
        rows=len(rows),
    )
    return len(rows)
