"""Carry out an approved merge, and take it apart again. Every changed row is written down beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, models, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.identity.states import after_change, tell
from hocbaso.apps.matching.models import CaseState, MergeCase, MergeChange, PairState
from hocbaso.apps.matching.use_cases.preview import FIELDS, Choices, Preview, preview
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.names import sort_key

register(
    {
        "merge_impossible": ("Chưa gộp được: {why}", "The files cannot be merged: {why}"),
        "merge_moved": (
            "Hai hồ sơ đã thay đổi từ lúc đề nghị gộp. Thầy cô rút đề nghị này, xem lại và đề nghị lại.",
            "The files changed since the merge was proposed.",
        ),
        "merge_held": (
            "Cơ sở dữ liệu giữ lại một dòng vì điểm vừa bị khóa. Chưa có gì thay đổi; thầy cô xem lại bản "
            "xem trước.",
            "A guarded row refused to move; nothing was changed.",
        ),
    }
)

#: What the class list says of an enrolment that no longer counts.
ENDED = "Hồ sơ đã gộp"


def locked_pair(one: int, other: int) -> tuple[Pupil, Pupil]:
    """Both files, locked in the order of their ids, given back in the order asked."""
    rows = {
        row.pk: row for row in Pupil.objects.select_for_update().filter(pk__in=[one, other]).order_by("pk")
    }
    return rows[one], rows[other]


def carry_out(actor: Actor, case: MergeCase, *, organisation: str) -> Preview:
    """Merge as the case says, inside the caller's transaction.

    :raises DomainError: ``merge_moved``, ``merge_impossible``, ``merge_held``; nothing may be kept then.
    """
    survivor, merged = locked_pair(case.survivor_id, case.merged_id)
    plan = preview(survivor, merged, Choices.of(case.choices))
    if plan.digest != case.digest:
        raise DomainError("merge_moved")
    if not plan.possible:
        raise DomainError("merge_impossible", why=" ".join(plan.refusals))
    try:
        with transaction.atomic():
            _move_classes(case, plan)
            _take_values(actor, case, plan, organisation)
    except IntegrityError:
        raise DomainError("merge_held") from None
    return plan


def _move_classes(case: MergeCase, plan: Preview) -> None:
    for line in plan.lines:
        values: dict[str, Any] = {}
        if line.ends:
            values |= {"active": False, "status": ENDED}
        if line.moves:
            values["pupil_id"] = plan.survivor.pk
        _change(case, line.enrolment, values)


def _take_values(actor: Actor, case: MergeCase, plan: Preview, organisation: str) -> None:
    survivor, merged = plan.survivor, plan.merged
    wanted: dict[str, Any] = {}
    for line in plan.fields:
        if line.chosen == "merged":
            wanted |= {column: getattr(merged, column) for column in FIELDS[line.name][1]}
    given_up: dict[str, Any] = {}
    for name in ("personal_number", "code"):
        swaps = plan.choices.code == "merged" if name == "code" else name in wanted
        if swaps:
            wanted[name], given_up[name] = getattr(merged, name), getattr(survivor, name)
    changed = {name: value for name, value in wanted.items() if getattr(survivor, name) != value}
    # Unique columns change hands through a value that nobody bears.
    free = {name: ("" if name == "personal_number" else f"-{merged.pk}") for name in given_up}
    if free:
        Pupil.objects.filter(pk=merged.pk).update(**free)
    _change_pupil(actor, case, survivor, changed, organisation)
    _change_pupil(actor, case, merged, given_up, organisation)


def _change_pupil(
    actor: Actor, case: MergeCase, pupil: Pupil, values: Mapping[str, Any], organisation: str
) -> None:
    new = dict(values)
    if not new:
        return
    if "full_name" in new:
        new["sort_key"] = sort_key(new["full_name"])
    state = after_change(
        pupil.identity_state,
        [n for n in new if n != "code"],
        new.get("personal_number", pupil.personal_number),
    )
    old = pupil.identity_state
    new |= {"identity_state": state.value, "updated_at": clock.now()}
    _change(case, pupil, new)
    if state != old:
        tell(actor, state, {old: [pupil.code]}, organisation=organisation, door="merge")


def _change(case: MergeCase, row: models.Model, values: Mapping[str, Any]) -> None:
    """Write ``values`` into the row and what it held before beside it."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not different:
        return
    before = {name: _plain(getattr(row, name)) for name in different}
    for name, value in different.items():
        setattr(row, name, value)
    row.save(update_fields=[name.removesuffix("_id") for name in different])
    MergeChange.objects.create(
        case=case,
        model=row._meta.label,
        object_id=row.pk,
        before=before,
        after={name: _plain(value) for name, value in different.items()},
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def put_case(actor: Actor, case: MergeCase, state: CaseState, note: str = "") -> None:
    """The case ends in ``state``; its pair follows."""
    case.state, case.ended_by, case.ended_at, case.note = state, actor.label, clock.now(), note
    case.save(update_fields=["state", "ended_by", "ended_at", "note"])
    if case.pair is not None:
        case.pair.state = PairState.MERGED if state == CaseState.MERGED else PairState.OPEN
        case.pair.save(update_fields=["state"])
