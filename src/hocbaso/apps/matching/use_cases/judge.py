"""Somebody looked at both papers: these are two persons."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.matching.homes import schools_of_pair
from hocbaso.apps.matching.models import Pair, PairState
from hocbaso.apps.matching.policies import manages
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.pupils.use_cases.decisions import REASON_LIMIT
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "pair_not_open": (
            "Cặp hồ sơ này không còn chờ xem xét. Thầy cô mở lại danh sách.",
            "This pair is not open any more.",
        ),
        "pair_reason": (
            "Cần ghi căn cứ để kết luận là hai người, ví dụ hai giấy khai sinh khác nhau.",
            "Say why these are two persons.",
        ),
        "matching_too_long": ("{what} dài quá {limit} ký tự.", "{what} has at most {limit} characters."),
    }
)


def text_of(written: str, what: str, limit: int) -> str:
    """What was typed, in one line; a personal number in it is masked.

    :raises DomainError: ``matching_too_long``
    """
    text = masked_in(collapse(nfc(written)))
    if len(text) > limit:
        raise DomainError("matching_too_long", what=what, limit=limit)
    return text


@transaction.atomic
def judge_different(actor: Actor, pair: Pair, reason: str) -> Pair:
    """Conclude that the two files are two persons; they are not shown again while they stay as they are.

    Between two schools both have to say so, or the level that manages both.

    :raises NotAllowed: policy ``matching.judge`` at no side.
    :raises DomainError: ``pair_not_open``, ``pair_reason``, ``matching_too_long``
    """
    schools = schools_of_pair(pair)
    mine = [school for school in schools if allowed(actor, "matching.judge", school)]
    if not mine:
        require(actor, "matching.judge", schools[0] if schools else None)
    row = Pair.objects.select_for_update(of=("self",)).get(pk=pair.pk)
    if row.state != PairState.OPEN:
        raise DomainError("pair_not_open")
    reason = text_of(reason, "Căn cứ", REASON_LIMIT)
    if not reason:
        raise DomainError("pair_reason")
    now = clock.now()
    said = {entry["school"]: entry for entry in row.said_different}
    for school in mine:
        said[school.code] = {
            "school": school.code,
            "by": actor.label,
            "at": clock.iso_seconds(now),
            "reason": reason,
        }
    row.said_different = list(said.values())
    if all(school.code in said or manages(actor, school) for school in schools):
        row.state, row.judged_at, row.judged_by, row.reason = PairState.DIFFERENT, now, actor.label, reason
    row.save()
    codes = list(Pair.objects.filter(pk=row.pk).values_list("first__code", "second__code")[0])
    chain.record(
        actor,
        "matching.different",
        f"pair:{row.pk}",
        organisation=mine[0].code,
        people=codes,
        reason=reason,
        settled=row.state == PairState.DIFFERENT,
    )
    return row
