"""What the pages of residence share: choosing a commune by words, class of a page, wording of a run."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.residence.models import Order
from hocbaso.core import codelists
from hocbaso.core.errors import DomainError, register
from hocbaso.core.residence import Outcome, map_address

register(
    {
        "residence_commune_words": (
            "Xã, phường: {what} Thầy cô ghi tên hiện hành trong tỉnh, thành phố đã chọn.",
            "The commune is not one of today's list: {what}",
        ),
    }
)

#: State → colour of its word.
KINDS = {"known": "ok", "stated": "idle", "differs": "warn", "old_units": "warn", "unknown": "stop"}
_SHAPES = {"differs": "differ"}


def shape_of(state: str) -> str:
    """A shape of the sprite, where the colour's own does not fit."""
    return _SHAPES.get(state, "")


@lru_cache(maxsize=64)
def commune_names(province_code: str) -> tuple[str, ...]:
    """Names of a province's communes, for suggestions while typing."""
    return tuple(c.name for c in codelists.communes(province_code))


def place_fields(sent: QueryDict, school: Organisation) -> dict[str, Any]:
    """What the form's fields of a place show."""
    province = sent.get("tinh", "") or school.province_code
    return {
        "provinces": codelists.provinces(),
        "province_code": province,
        "commune": sent.get("xa", "")[:80],
        "suggestions": commune_names(province),
    }


def commune_code_of(sent: QueryDict) -> str:
    """Code of the commune that the form names, by today's list alone.

    :raises DomainError: ``residence_commune_words`` with what the words mean, when they are former ones
    """
    province = codelists.province(sent.get("tinh", ""))
    text = sent.get("xa", "")[:120]
    name = province.name if province else ""
    read = map_address(text, province=name, on=clock.today())
    if read.outcome is Outcome.ONE and read.exact and read.commune is not None:
        return read.commune.code
    if read.outcome is Outcome.NONE:
        former = map_address(text, province=name)
        if former.outcome is Outcome.ONE:
            raise DomainError("residence_commune_words", what=f"{former.text}.")
    near = ", ".join(c.name for c in read.near or read.communes)
    what = read.text if read.outcome is Outcome.NONE else _("“%(text)s” chưa rõ là nơi nào.") % {"text": text}
    if near:
        what = f"{what} " + _("Gần giống: %(names)s.") % {"names": near}
    raise DomainError("residence_commune_words", what=what)


def order_words(order: Order) -> str:
    """What became of an order, for the message after it."""
    said = [_("Đã gửi tra cứu %(n)s học sinh.") % {"n": order.queued}]
    if order.already:
        said.append(_("%(n)s em đã có kết quả hoặc đang chờ, không hỏi lại.") % {"n": order.already})
    if order.incomplete:
        said.append(
            _("%(n)s em thiếu số định danh, ngày sinh hoặc giới tính nên chưa hỏi được.")
            % {"n": len(order.incomplete)}
        )
    return " ".join(said)
