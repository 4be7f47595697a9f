"""Setting a dated choice of policy: from a day on, with its legal basis; what held before stays on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import DatedSetting, Organisation, valid_on
from hocbaso.apps.organisations.queries import DEFAULTS, managers
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "setting_value": (
            "Lựa chọn này không có. Thầy cô chọn một trong các lựa chọn trên trang.",
            "No such choice.",
        ),
        "setting_past": (
            "Ngày áp dụng phải từ hôm nay ({day}) trở đi: quy định cũ đã áp dụng cho những ngày trước.",
            "A setting begins today ({day}) or later.",
        ),
        "setting_basis": (
            "Ghi căn cứ: số và ngày của văn bản, quyết định hoặc kế hoạch (ít nhất 5 ký tự).",
            "The legal basis is missing.",
        ),
        "setting_same": (
            "Từ ngày này đơn vị đã đặt đúng lựa chọn đó.",
            "The unit has made this choice already.",
        ),
    }
)

#: What may be set on a page, and the choices; "" takes the unit's own choice back.
CHOICES = {
    "primary_subject_teachers_sign": ("yes", "no", ""),
    "certificate_second_person": ("yes", "no", ""),
}
_LEAST = 5


@dataclass(frozen=True, slots=True)
class Present:
    """What holds on a day, and who has set it."""

    value: str
    row: DatedSetting | None  # None: nobody has, the default holds

    @property
    def unit(self) -> Organisation | None:
        return self.row.organisation if self.row else None


def present(unit: Organisation, key: str, day: date | None = None) -> Present:
    """As ``queries.setting``, with the row it comes from. Two queries and one a level above."""
    day = day or clock.today()
    for one in (unit, *managers(unit, day)):
        row = (
            DatedSetting.objects.filter(valid_on(day), organisation=one, key=key)
            .select_related("organisation")
            .order_by("-valid_from")
            .first()
        )
        if row is not None:
            return Present(row.value, row)
    return Present(DEFAULTS[key], None)


@transaction.atomic
def set_dated(
    actor: Actor, *, unit: Organisation, key: str, value: str, valid_from: date, basis: str
) -> DatedSetting | None:
    """The unit's choice from ``valid_from`` on; what holds until then ends the day before.

    :param value: of :data:`CHOICES`; "" means none of its own: what a unit above says holds again.
    :returns: the new row; None when the own choice was taken back.
    :raises NotAllowed: policy ``organisations.settings``.
    :raises DomainError: ``setting_value``, ``setting_past``, ``setting_basis``, ``setting_same``.
    """
    require(actor, "organisations.settings", unit)
    basis = collapse(nfc(basis))[:200]
    if value not in CHOICES.get(key, ()):
        raise DomainError("setting_value")
    if valid_from < clock.today():
        raise DomainError("setting_past", day=f"{clock.today():%d/%m/%Y}")
    if len(basis) < _LEAST:
        raise DomainError("setting_basis")
    Organisation.objects.select_for_update().get(pk=unit.pk)  # one choice after another
    rows = DatedSetting.objects.select_for_update().filter(organisation=unit, key=key)
    holding = rows.filter(valid_on(valid_from)).order_by("-valid_from").first()
    if (holding.value if holding else "") == value:
        raise DomainError("setting_same")
    rows.filter(valid_from__gte=valid_from).delete()  # never applied: from today on only
    if holding is not None and holding.valid_from < valid_from:
        holding.valid_to = valid_from - timedelta(days=1)
        holding.save(update_fields=["valid_to"])
    made = None
    if value:
        made = DatedSetting.objects.create(
            organisation=unit, key=key, value=value, valid_from=valid_from, legal_basis=basis
        )
    chain.record(
        actor,
        "organisations.setting",
        f"setting:{key}",
        organisation=unit.code,
        value=value or "(theo cấp trên)",
        former=holding.value if holding else "",
        valid_from=valid_from.isoformat(),
        basis=basis,
    )
    return made
