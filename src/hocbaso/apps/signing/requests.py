"""Requests to issuers of certificates: drafted, sent, issued, registered or refused, every step on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.signing.authority import block, needed
from hocbaso.apps.signing.certificate_models import (
    CertificateRequest,
    LineState,
    RequestEvent,
    RequestKind,
    RequestLine,
)
from hocbaso.apps.signing.families import FAMILY_NAMES
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.seats import MustSign, must_sign
from hocbaso.core.errors import DomainError, NotFound, register

register(
    {
        "request_empty": (
            "Chọn ít nhất một người (hoặc con dấu của trường) để lập đề nghị.",
            "A request needs somebody.",
        ),
        "request_needs_reason": (
            "Ghi lý do đề nghị (cấp cho cán bộ mới, sắp hết hạn, mất thiết bị, …).",
            "A request needs a reason.",
        ),
        "request_unknown_person": (
            "Có người trong danh sách không còn phân công ký ở trường. Thầy cô tải lại trang rồi chọn lại.",
            "Somebody chosen has no signing post here.",
        ),
        "request_no_certificate": (
            "{name} chưa đăng ký chứng thư số nào nên không có gì để gia hạn, thay đổi hay thu hồi. "
            "Hãy lập đề nghị cấp mới.",
            "{name} has no certificate to renew, change or revoke.",
        ),
        "request_under_way": (
            "{name} đã có đề nghị {number} đang làm. Hoàn tất hoặc rút đề nghị đó trước.",
            "A request for {name} is under way: {number}.",
        ),
        "request_step": (
            "Đề nghị của {name} đang ở bước “{state}” nên không chuyển sang “{wanted}” được.",
            "A line in state {state} cannot become {wanted}.",
        ),
        "request_needs_dispatch": (
            "Ghi số công văn của trường khi gửi đề nghị.",
            "The number of the school's letter is missing.",
        ),
        "request_refusal_needs_reason": (
            "Ghi lý do nơi cấp từ chối, hoặc lý do rút đề nghị.",
            "A refusal or a withdrawal needs a reason.",
        ),
        "no_such_certificate_request": ("Trường không có đề nghị này.", "No such request."),
    }
)

_NEXT = {
    LineState.DRAFT: {LineState.SENT, LineState.WITHDRAWN},
    LineState.SENT: {LineState.ISSUED, LineState.REGISTERED, LineState.REFUSED, LineState.WITHDRAWN},
    LineState.ISSUED: {LineState.REGISTERED, LineState.REFUSED},
}
UNDER_WAY = (LineState.DRAFT, LineState.SENT, LineState.ISSUED)


@transaction.atomic
def draft(
    actor: Actor,
    school: Organisation,
    kind: RequestKind,
    family: str,
    people: Sequence[int | None],
    reason: str,
) -> CertificateRequest:
    """A letter with its list, not sent yet.

    :param people: primary keys of accounts; None stands for the seal.
    :raises NotAllowed: policy ``certificates.request``.
    :raises DomainError: ``request_empty``, ``request_needs_reason``, ``request_unknown_person``,
        ``request_no_certificate``, ``request_under_way``.
    """
    require(actor, "certificates.request", school)
    reason = " ".join(reason.split())[:300]
    if not people:
        raise DomainError("request_empty")
    if not reason:
        raise DomainError("request_needs_reason")
    if family not in FAMILY_NAMES:
        raise DomainError("request_empty")
    return _draft(actor, school, kind, family, _people(school, people), reason)


def _draft(
    actor: Actor,
    school: Organisation,
    kind: RequestKind,
    family: str,
    chosen: Sequence[MustSign],
    reason: str,
) -> CertificateRequest:
    """As :func:`draft`; the caller has asked the policy and chosen the people."""
    Organisation.objects.select_for_update().get(pk=school.pk)  # one number after another
    request = CertificateRequest.objects.create(
        school=school,
        number=_number(school),
        kind=kind,
        family=family,
        reason=reason,
        created_by=actor.user,
        created_at=clock.now(),
    )
    for who in chosen:
        _add(actor, request, who)
    record(
        actor,
        "signing.request_drafted",
        request.number,
        organisation=school.code,
        kind=str(kind),
        people=len(chosen),
    )
    return request


def _people(school: Organisation, people: Sequence[int | None]) -> list[MustSign]:
    wanted = list(dict.fromkeys(people))
    known = {(one.user.pk if one.user else None): one for one in must_sign([school], clock.today())}
    if any(pk not in known for pk in wanted):
        raise DomainError("request_unknown_person")
    return [known[pk] for pk in wanted]


def _number(school: Organisation) -> str:
    """``CTS-79000101-2026-003``."""
    start = f"CTS-{school.code}-{clock.today().year}-"[:20]
    taken = CertificateRequest.objects.filter(number__startswith=start).count()
    return f"{start}{taken + 1:03d}"


def _add(actor: Actor, request: CertificateRequest, who: MustSign) -> None:
    name = who.user.full_name if who.user else request.school.name
    open_line = (
        RequestLine.objects.filter(request__school=request.school, user=who.user, state__in=UNDER_WAY)
        .exclude(request=request)
        .select_related("request")
        .first()
    )
    if open_line is not None and request.kind != RequestKind.REVOKE:
        raise DomainError("request_under_way", name=name, number=open_line.request.number)
    certificate = None
    if request.kind != RequestKind.NEW:
        rows = Registration.objects.filter(school=request.school, user=who.user)
        newest = rows.select_related("certificate").order_by("-certificate__not_after").first()
        if newest is None:
            raise DomainError("request_no_certificate", name=name)
        certificate = newest.certificate
    line = RequestLine.objects.create(
        request=request, user=who.user, name=name[:200], post=posts_of(who)[:200], certificate=certificate
    )
    _step(actor, [line], LineState.DRAFT, request.reason, new=True)


def posts_of(who: MustSign) -> str:
    """``Hiệu trưởng; giáo viên chủ nhiệm 6A``."""
    if who.user is None:
        return "Con dấu của trường"
    words: list[str] = []
    for post in who.posts:
        text = str(Role(post.role).label)
        if post.school_class is not None:
            text += f" {post.school_class.name}"
        if text not in words:
            words.append(text)
    return "; ".join(words)


@transaction.atomic
def send(actor: Actor, request: CertificateRequest, dispatch: str) -> None:
    """The letter has left the school under that number.

    :raises NotAllowed: policy ``certificates.request``; :raises DomainError: ``request_needs_dispatch``,
        ``request_step``.
    """
    require(actor, "certificates.request", request.school)
    dispatch = " ".join(dispatch.split())[:80]
    if not dispatch:
        raise DomainError("request_needs_dispatch")
    lines = _locked(request)
    _step(actor, [one for one in lines if one.state != LineState.WITHDRAWN], LineState.SENT, dispatch)
    request.dispatch, request.sent_at = dispatch, clock.now()
    request.save(update_fields=["dispatch", "sent_at"])
    record(actor, "signing.request_sent", request.number, organisation=request.school.code, dispatch=dispatch)


@transaction.atomic
def move(actor: Actor, request: CertificateRequest, lines: Iterable[int], state: LineState, note: str) -> int:
    """Say of chosen lines what the issuer did: issued, refused; or that the school withdrew them.

    :returns: how many moved. :raises NotAllowed: policy ``certificates.request``;
    :raises DomainError: ``request_empty``, ``request_step``, ``request_refusal_needs_reason``.
    """
    require(actor, "certificates.request", request.school)
    note = " ".join(note.split())[:300]
    if state not in (LineState.ISSUED, LineState.REFUSED, LineState.WITHDRAWN):
        raise DomainError("request_empty")
    if state != LineState.ISSUED and not note:
        raise DomainError("request_refusal_needs_reason")
    wanted = set(lines)
    chosen = [one for one in _locked(request) if one.pk in wanted]
    if not chosen:
        raise DomainError("request_empty")
    _step(actor, chosen, state, note)
    record(
        actor,
        "signing.request_moved",
        request.number,
        organisation=request.school.code,
        state=str(state),
        lines=len(chosen),
    )
    return len(chosen)


def _locked(request: CertificateRequest) -> list[RequestLine]:
    return list(request.lines.select_for_update().order_by("id"))


def _step(
    actor: Actor, lines: Sequence[RequestLine], state: LineState, note: str = "", *, new: bool = False
) -> None:
    now = clock.now()
    for line in lines:
        before = LineState(line.state)
        if not new and state not in _NEXT.get(before, set()):
            raise DomainError("request_step", name=line.name, state=before.label, wanted=state.label)
        line.state = state
        line.save(update_fields=["state"])
        RequestEvent.objects.create(line=line, state=state, at=now, by=actor.label, note=note[:300])


def mark_registered(
    actor: Actor, school: Organisation, holder: User | None, certificate: Certificate
) -> None:
    """A certificate was registered: what was asked for this holder and sent is done. In the caller's
    transaction."""
    lines = RequestLine.objects.select_for_update(of=("self",)).filter(
        request__school=school, user=holder, state__in=(LineState.SENT, LineState.ISSUED)
    )
    found = [one for one in lines.exclude(request__kind=RequestKind.REVOKE) if one.certificate != certificate]
    for line in found:
        line.certificate = certificate
        line.save(update_fields=["certificate"])
    _step(actor, found, LineState.REGISTERED)


@transaction.atomic
def report_lost(actor: Actor, school: Organisation, holder: User | None, reason: str) -> CertificateRequest:
    """A lost token: every present certificate of the holder is blocked here at once, and its revocation is
    drafted.

    :raises NotAllowed: policy ``certificates.request``; the holder himself: ``certificates.prove``.
    :raises DomainError: ``request_no_certificate``, ``registration_needs_reason``.
    """
    own = holder is not None and actor.user is not None and holder.pk == actor.user.pk
    require(actor, "certificates.prove" if own else "certificates.request", school)
    rows = Registration.objects.filter(valid_on(clock.today()), school=school, user=holder)
    certificates = list(Certificate.objects.filter(registrations__in=rows).distinct().order_by("digest"))
    if not certificates:
        raise DomainError("request_no_certificate", name=holder.full_name if holder else school.name)
    newest = (
        Registration.objects.filter(school=school, user=holder).order_by("-certificate__not_after").first()
    )
    assert newest is not None
    family = newest.certificate.family
    for certificate in certificates:
        block(actor, school, certificate, reason)
    present = {(one.user.pk if one.user else None): one for one in must_sign([school], clock.today())}
    who = present.get(holder.pk if holder else None) or MustSign(school.pk, holder)  # also one who has left
    return _draft(actor, school, RequestKind.REVOKE, family, [who], needed(reason))


def request_of(school: Organisation, number: str) -> CertificateRequest:
    """:raises NotFound: ``no_such_certificate_request``."""
    found = (
        CertificateRequest.objects.filter(school=school, number=number)
        .select_related("school", "created_by")
        .first()
    )
    if found is None:
        raise NotFound("no_such_certificate_request")
    return found
