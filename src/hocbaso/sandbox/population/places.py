"""What a province and a commune may mean: today's units, and former ones by what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hocbaso.core import codelists
from hocbaso.core.vietnamese.letters import fold


@dataclass(frozen=True, slots=True)
class Place:
    """A residence as codes of today's units; several communes when a former one was divided."""

    province: str
    communes: frozenset[str]
    text: str  # folded; compared where no code is known

    @property
    def given(self) -> bool:
        """Whether it says anything."""
        return bool(self.province or self.communes or self.text)

    @property
    def commune(self) -> str:
        """The one commune, or nothing when there are several or none."""
        return next(iter(self.communes)) if len(self.communes) == 1 else ""


@lru_cache(maxsize=65536)
def read_place(province_code: str, commune_code: str, province: str, commune: str) -> Place:
    """Codes win over names; a name that ceased leads to its successors."""
    text = fold(f"{province}|{commune}") if province or commune else ""
    communes = _by_code(commune_code) or _by_name(province_code, province, commune)
    code = _province(province_code, province)
    if not code and communes:
        found = codelists.commune(min(communes))
        code = found.province_code if found else ""
    return Place(code, communes, text)


def _by_code(code: str) -> frozenset[str]:
    if not code:
        return frozenset()
    if codelists.commune(code):
        return frozenset([code])
    former = codelists.legacy_commune(code)
    return frozenset(former.merged_into) if former else frozenset()


def _province(code: str, name: str) -> str:
    if code and codelists.province(code):
        return code
    present = codelists.find_province(name) if name else None
    if present:
        return present.code
    former = codelists.legacy_province(name) if name else None
    return former.merged_into if former else ""


def _by_name(province_code: str, province: str, commune: str) -> frozenset[str]:
    if not commune:
        return frozenset()
    ward, _, district = (part.strip() for part in commune.partition(","))
    present = _province(province_code, province)
    if present and not district:
        found = codelists.find_commune(present, ward)
        if found:
            return frozenset([found.code])
    former = codelists.legacy_province(province) if province else None
    provinces = (
        [former]
        if former
        else [old for old in codelists.legacy_provinces() if present and old.merged_into == present]
    )
    return frozenset(
        candidate.commune.code
        for old in provinces
        for candidate in codelists.legacy_commune_candidates(old.code, ward, district=district or None)
    )
