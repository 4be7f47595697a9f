"""Merge cases: one proposes, another agrees; between schools both principals, or who manages both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.queries import same_person
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.matching.homes import schools_apart, schools_of
from hocbaso.apps.matching.models import Agreement, CaseState, MergeCase, Pair, PairState
from hocbaso.apps.matching.policies import manages
from hocbaso.apps.matching.use_cases.judge import text_of
from hocbaso.apps.matching.use_cases.merge import carry_out, locked_pair, put_case
from hocbaso.apps.matching.use_cases.preview import Choices, preview
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.core.errors import DomainError, NotAllowed, register

register(
    {
        "merge_evidence": (
            "Cần ghi căn cứ: giấy tờ đã đối chiếu hoặc người đã xác nhận.",
            "Name the evidence.",
        ),
        "merge_not_pair": ("Hồ sơ được giữ phải là một trong hai hồ sơ này.", "Keep one of the two files."),
        "merge_not_waiting": (
            "Đề nghị {number} không còn chờ duyệt. Thầy cô mở lại trang.",
            "Case {number} does not wait any more.",
        ),
        "merge_own": (
            "Người đề nghị gộp không tự duyệt. Cần một người khác có thẩm quyền xem và duyệt.",
            "Whoever proposed does not approve.",
        ),
        "merge_said": ("Trường của thầy cô đã đồng ý rồi.", "Your school agreed already."),
        "merge_note": ("Không duyệt thì cần ghi lý do.", "Say why it is refused."),
    }
)

_EVIDENCE = 500


def schools_of_case(case: MergeCase) -> list[Organisation]:
    """The schools at which the two files are at home; once merged also those whose principals agreed, and
    those where the files would be at home apart, whoever decided about the merge.
    """
    schools = schools_of([case.survivor_id, case.merged_id])
    if case.state not in (CaseState.MERGED, CaseState.UNDONE):
        return schools
    agreed = Organisation.objects.filter(
        kind=Kind.SCHOOL, pk__in=case.agreements.filter(agrees=True).values("unit")
    )
    before = {change.object_id: change.before for change in case.changes.filter(model=Enrolment._meta.label)}
    apart = schools_apart([case.survivor_id, case.merged_id], before)
    return list({one.pk: one for one in (*schools, *agreed, *apart)}.values())


@transaction.atomic
def propose(
    actor: Actor, pair: Pair, *, survivor: Pupil, choices: Choices | None = None, evidence: str
) -> MergeCase:
    """Ask that the other file of the pair be merged into ``survivor``; somebody else decides.

    Between two schools the values follow the rule (the survivor's unless empty): nobody chooses between
    values that he may not see.

    :param evidence: what was compared: papers, who confirmed.
    :raises NotAllowed: policy ``matching.propose`` at no side.
    :raises DomainError: ``pair_not_open``, ``merge_evidence``, ``merge_impossible``, ``merge_not_pair``
    """
    schools = schools_of([pair.first_id, pair.second_id])
    mine = [school for school in schools if allowed(actor, "matching.propose", school)]
    if not mine:
        require(actor, "matching.propose", schools[0] if schools else None)
    row = Pair.objects.select_for_update(of=("self",)).get(pk=pair.pk)
    if row.state != PairState.OPEN:
        raise DomainError("pair_not_open")
    if survivor.pk not in (row.first_id, row.second_id):
        raise DomainError("merge_not_pair")
    evidence = text_of(evidence, "Căn cứ", _EVIDENCE)
    if not evidence:
        raise DomainError("merge_evidence")
    other = row.second_id if survivor.pk == row.first_id else row.first_id
    kept, gone = locked_pair(survivor.pk, other)
    made = choices or Choices()
    if len(schools) > 1:
        made = Choices(code=made.code, years=made.years)
    plan = preview(kept, gone, made)
    if not plan.possible:
        raise DomainError("merge_impossible", why=" ".join(plan.refusals))
    user = actor.user
    if user is None:
        raise NotAllowed("not_allowed", what="đề nghị gộp hồ sơ")
    case = MergeCase.objects.create(
        number=_number(clock.today().year),
        pair=row,
        survivor=kept,
        merged=gone,
        evidence=evidence,
        choices=made.as_json(),
        digest=plan.digest,
        proposed_by=user,
        proposed_at=clock.now(),
    )
    post = actor.assignment
    if post is not None and post.role == Role.PRINCIPAL:  # of two schools, his has said yes
        Agreement.objects.create(
            case=case, user=user, unit=post.organisation, agrees=True, note=evidence, at=clock.now()
        )
    row.state = PairState.PROPOSED
    row.save(update_fields=["state"])
    _tell(actor, "matching.propose", case, mine)
    return case


def _number(year: int) -> str:
    """``GHS-2026-0001``; one writer at a time."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(4735571)")
    last = MergeCase.objects.filter(number__startswith=f"GHS-{year}-").order_by("-pk").first()
    serial = int(last.number.rsplit("-", 1)[1]) + 1 if last else 1
    return f"GHS-{year}-{serial:04d}"


def _tell(actor: Actor, action: str, case: MergeCase, schools: Iterable[Organisation], **more: str) -> None:
    codes = list(
        Pupil.objects.filter(pk__in=[case.survivor_id, case.merged_id]).values_list("code", flat=True)
    )
    first = next(iter(schools), None)
    organisation = first.code if first else ""
    chain.record(actor, action, case.number, organisation=organisation, people=sorted(codes), **more)


def _waiting(case: MergeCase) -> MergeCase:
    row = MergeCase.objects.select_for_update(of=("self",)).select_related("pair").get(pk=case.pk)
    if row.state != CaseState.PROPOSED:
        raise DomainError("merge_not_waiting", number=row.number)
    return row


@transaction.atomic
def decide(actor: Actor, case: MergeCase, *, agree: bool, note: str = "") -> MergeCase:
    """Agree or refuse. With the last agreement that is needed the files are merged at once.

    One school: its principal. Two schools: the principal of each, or an officer above both. Never whoever
    proposed it.

    :raises NotAllowed: policy ``matching.approve``
    :raises DomainError: ``merge_*``; nothing is changed then.
    """
    schools = schools_of_case(case)
    require(actor, "matching.approve", schools)
    row = _waiting(case)
    user, post = actor.user, actor.assignment
    assert user is not None
    assert post is not None
    if same_person(user, row.proposed_by_id):
        raise DomainError("merge_own")
    note = text_of(note, "Ý kiến", _EVIDENCE)
    if not agree and not note:
        raise DomainError("merge_note")
    units = set(row.agreements.filter(agrees=True).values_list("unit", flat=True))
    if agree and post.organisation_id in units:
        raise DomainError("merge_said")
    Agreement.objects.create(
        case=row, user=user, unit=post.organisation, agrees=agree, note=note, at=clock.now()
    )
    if not agree:
        put_case(actor, row, CaseState.REFUSED, note)
        _tell(actor, "matching.refuse", row, schools, reason=note)
        return row
    if suffices(actor, schools, units | {post.organisation_id}):
        carry_out(actor, row, organisation=post.organisation.code)
        put_case(actor, row, CaseState.MERGED, note)
        _tell(actor, "matching.merge", row, [post.organisation])
    else:
        _tell(actor, "matching.agree", row, [post.organisation])
    return row


def suffices(actor: Actor, schools: Sequence[Organisation], units: Collection[int]) -> bool:
    """Whether it is decided: by an officer above all schools, or once each school has agreed.

    :param units: ids of the units whose people agreed, the actor's among them.
    """
    post = actor.assignment
    above = post is not None and post.role != Role.PRINCIPAL and all(manages(actor, one) for one in schools)
    return above or {school.pk for school in schools} <= set(units)


@transaction.atomic
def withdraw(actor: Actor, case: MergeCase, note: str = "") -> MergeCase:
    """Whoever proposed it, or who may propose at one of the schools, takes it back.

    :raises NotAllowed: policy ``matching.propose`` at no side.
    :raises DomainError: ``merge_not_waiting``
    """
    schools = schools_of_case(case)
    if not any(allowed(actor, "matching.propose", school) for school in schools):
        require(actor, "matching.propose", schools[0] if schools else None)
    row = _waiting(case)
    put_case(actor, row, CaseState.WITHDRAWN, text_of(note, "Lý do", _EVIDENCE))
    _tell(actor, "matching.withdraw", row, schools)
    return row
