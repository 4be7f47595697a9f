"""What the parent or guardian says about where the pupil lives now, in words, without any paper."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.residence.models import Kind, Source, Stay
from hocbaso.apps.residence.use_cases.common import authorised, clean, day, units
from hocbaso.core.errors import DomainError, register
from hocbaso.core.residence import full_address

register(
    {
        "residence_statement_kind": (
            "Lời khai chỉ ghi tạm trú hoặc nơi ở hiện tại; thường trú theo dữ liệu dân cư.",
            "Only temporary residence and current abode can be stated.",
        ),
        "residence_not_yours": (
            "Dòng này không sửa được: nó đã được thay, hoặc là dữ liệu dân cư.",
            "This row cannot be superseded.",
        ),
        "residence_ends_before": (
            "Ngày kết thúc trước ngày bắt đầu. Thầy cô xem lại hai ngày.",
            "It ends before it begins.",
        ),
    }
)

_SAID_BY, _NOTE, _DETAIL, _CURRENT = 160, 300, 200, 240


@transaction.atomic
def state_abode(
    actor: Actor,
    *,
    pupil: Pupil,
    detail: str,
    commune_code: str,
    said_by: str,
    kind: str = Kind.CURRENT,
    since: str = "",
    until: str = "",
    note: str = "",
    supersedes: Stay | None = None,
) -> Stay:
    """Record a statement; the file's current abode follows it, verified fields do not change.

    :param said_by: who said so, e.g. "Trần Thị Mai (mẹ)". :param since: as typed, possibly partial.
    :param supersedes: an earlier statement of the pupil that this one corrects.
    :raises NotAllowed: policy ``residence.record``
    :raises DomainError: ``residence_*``
    """
    school_class = authorised(actor, pupil)
    if kind not in (Kind.CURRENT, Kind.TEMPORARY):
        raise DomainError("residence_statement_kind")
    commune, province = units(commune_code)
    detail = clean(detail, "Số nhà, đường, thôn", _DETAIL, needed=True)
    said_by = clean(said_by, "Người khai", _SAID_BY, needed=True)
    note = clean(note, "Ghi chú", _NOTE)
    begins, ends = day(since, "Từ ngày"), day(until, "Đến ngày")
    if begins and ends and ends < begins[: len(ends)]:
        raise DomainError("residence_ends_before")
    if supersedes is not None and (
        supersedes.pupil_id != pupil.pk or supersedes.source not in (Source.STATEMENT, Source.FILE)
    ):
        raise DomainError("residence_not_yours")
    try:
        with transaction.atomic():
            stay = Stay.objects.create(
                pupil=pupil,
                kind=kind,
                detail=detail,
                commune=commune.name,
                commune_code=commune.code,
                province=province.name,
                province_code=province.code,
                since=begins,
                until=ends,
                source=Source.STATEMENT,
                said_by=said_by,
                note=note,
                supersedes=supersedes,
                recorded_at=clock.now(),
                recorded_by=actor.label,
            )
    except IntegrityError:  # somebody else superseded it first
        raise DomainError("residence_not_yours") from None
    if kind == Kind.CURRENT and not ends:
        _into_file(pupil, full_address(detail, commune.name, province.name))
    chain.record(
        actor,
        "residence.statement",
        pupil.code,
        organisation=school_class.school.code,
        kind=kind,
        supersedes=supersedes.pk if supersedes else None,
    )
    return stay


def _into_file(pupil: Pupil, text: str) -> None:
    """The file's text of the current abode is not a verified field."""
    if len(text) > _CURRENT:
        raise DomainError("residence_long", label="Nơi ở hiện tại", limit=_CURRENT)
    row = Pupil.objects.select_for_update().get(pk=pupil.pk)
    if row.current_address != text:
        row.current_address, row.updated_at = text, clock.now()
        row.save(update_fields=["current_address", "updated_at"])
    pupil.current_address = text
