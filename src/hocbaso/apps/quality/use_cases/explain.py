"""A query is fixed or explained; the next level accepts the explanation or returns it."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import User
from hocbaso.apps.accounts.queries import same_person
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.quality.models import Act, Finding, State, Step
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.core.errors import DomainError, NotAllowed, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "quality_error_must_be_fixed": (
            "Lỗi này phải sửa, không giải trình được. Chỉ những điểm cần xem lại mới giải trình được.",
            "An error must be fixed; only queries can be explained.",
        ),
        "quality_not_open": (
            "Việc này vừa được người khác xử lý. Thầy cô mở lại trang để xem.",
            "The finding is no longer in that state.",
        ),
        "quality_text": (
            "Thầy cô ghi rõ hơn: cần ít nhất 10 ký tự và không quá {limit} ký tự.",
            "Write between 10 and {limit} characters.",
        ),
        "quality_own_explanation": (
            "Thầy cô không tự duyệt giải trình của mình. Việc này chờ cấp trên.",
            "Nobody accepts his own explanation.",
        ),
    }
)

LIMIT = 500


def _text(written: str, least: int = 10) -> str:
    text = masked_in(collapse(nfc(written)))
    if not least <= len(text) <= LIMIT:
        raise DomainError("quality_text", limit=LIMIT)
    return text


def _step(actor: Actor, finding: Finding, act: Act, text: str) -> None:
    name = actor.user.full_name if actor.user else actor.label
    Step.objects.create(finding=finding, act=act, text=text, at=clock.now(), by=actor.label, name=name)
    chain.record(
        actor,
        f"quality.{act.value}",
        finding.pupil.code if finding.pupil else finding.subject,
        organisation=finding.school.code,
        rule=finding.rule,
    )


def _move(finding: Finding, before: State, after: State) -> None:
    if not Finding.objects.filter(pk=finding.pk, state=before).update(state=after):
        raise DomainError("quality_not_open")
    finding.state = after


@transaction.atomic
def explain(actor: Actor, *, finding: Finding, text: str) -> Finding:
    """Say why the value is right as it is; the next level decides.

    :raises NotAllowed: policy ``quality.explain``
    :raises DomainError: ``quality_error_must_be_fixed``, ``quality_not_open``, ``quality_text``
    """
    require(actor, "quality.explain", finding)
    if finding.severity != "query":
        raise DomainError("quality_error_must_be_fixed")
    text = _text(text)
    _move(finding, State.OPEN, State.EXPLAINED)
    _step(actor, finding, Act.EXPLAIN, text)
    return finding


def _same_person(actor: Actor, username: str) -> bool:
    """Another account of whoever explained."""
    others = User.objects.filter(username=username).values_list("pk", flat=True)
    return actor.user is not None and same_person(actor.user, *others)


@transaction.atomic
def decide(actor: Actor, *, finding: Finding, accept: bool, text: str = "") -> Finding:
    """Accept an explanation, or return it with a sentence; the score follows at once.

    :raises NotAllowed: policy ``quality.decide``; ``quality_own_explanation``
    :raises DomainError: ``quality_not_open``; ``quality_text`` when it is returned without a reason.
    """
    require(actor, "quality.decide", finding)
    last = finding.steps.filter(act=Act.EXPLAIN).order_by("-id").first()
    if last is not None and (last.by == actor.label or _same_person(actor, last.by)):
        raise NotAllowed("quality_own_explanation")
    text = masked_in(collapse(nfc(text)))[:LIMIT] if accept else _text(text, 5)
    _move(finding, State.EXPLAINED, State.ACCEPTED if accept else State.OPEN)
    _step(actor, finding, Act.ACCEPT if accept else Act.RETURN, text)
    compute(finding.school, finding.school_year, [finding.pupil_id] if finding.pupil_id else None)
    return finding
