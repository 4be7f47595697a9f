"""What a place is called on a given day: two levels since 01/07/2025, three before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hocbaso.core import codelists

#: From this day on there are 34 provinces and no districts (QĐ 19/2025/QĐ-TTg; NQ 202/2025/QH15).
REORGANISED_ON = date(2025, 7, 1)


@dataclass(frozen=True, slots=True)
class UnitName:
    """A commune with the units above it as they were called; ``district`` is empty since 01/07/2025."""

    code: str
    commune: str
    district: str
    province: str

    @property
    def text(self) -> str:
        """``Phường 7, Quận Gò Vấp, Thành phố Hồ Chí Minh``."""
        return ", ".join(part for part in (self.commune, self.district, self.province) if part)


def units_on(code: str, *, recorded_on: date, on: date) -> tuple[UnitName, ...]:
    """The names, on the day ``on``, of the place whose code was recorded on ``recorded_on``.

    The day of recording decides in which list the code stands: former communes and today's share codes.
    Before the reorganisation one code means one name; across it there may be several (a commune that was
    divided, or one that was made of several), in order of code.

    :param code: five digits. :returns: empty when the list of that day has no such code.
    """
    was_former = recorded_on < REORGANISED_ON
    asked_former = on < REORGANISED_ON
    if was_former:
        former = codelists.legacy_commune(code)
        if former is None:
            return ()
        return (_former(former),) if asked_former else tuple(_present(c) for c in former.merged_into)
    if codelists.commune(code) is None:
        return ()
    if not asked_former:
        return (_present(code),)
    return tuple(_former(item) for item in codelists.legacy_predecessors(code))


def _present(code: str) -> UnitName:
    commune = codelists.commune(code)
    assert commune is not None  # the lists are shipped together; a test holds them to this
    province = codelists.province(commune.province_code)
    return UnitName(commune.code, commune.name, "", province.name if province else "")


def _former(item: codelists.LegacyCommune) -> UnitName:
    district = codelists.legacy_district(item.district_code)
    province = codelists.legacy_province_by_code(item.province_code)
    return UnitName(
        item.code, item.name, district.name if district else "", province.name if province else ""
    )
