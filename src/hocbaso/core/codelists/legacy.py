"""Places until 30/06/2025 (63 provinces, districts, communes) and what each became.

Old pupils' addresses and paper transcripts use them. A former commune that was divided has several
successors, and a name often occurs in several districts: candidates are listed, never chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hocbaso.core.codelists.places import Commune, commune
from hocbaso.core.codelists.search import index_places, only, place_key, read_rows


@dataclass(frozen=True, slots=True)
class LegacyProvince:
    """One of the 63 former provinces; ``merged_into`` is the code of today's province."""

    code: str
    name: str
    merged_into: str


@dataclass(frozen=True, slots=True)
class LegacyDistrict:
    """Former quận, huyện, thị xã or thành phố under a province."""

    code: str
    name: str
    province_code: str


@dataclass(frozen=True, slots=True)
class LegacyCommune:
    """Former commune; ``merged_into`` holds the codes of today's communes that took over parts of it."""

    code: str
    name: str
    district_code: str
    province_code: str
    merged_into: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LegacyCandidate:
    """A possible reading of an old address: the former commune and one commune of today."""

    legacy: LegacyCommune
    district: LegacyDistrict
    commune: Commune


@cache
def _rows_by_province() -> dict[str, list[list[str]]]:
    by_province: dict[str, list[list[str]]] = {}
    for row in read_rows("legacy_communes"):
        by_province.setdefault(row[3], []).append(row)
    return by_province


def _present_province(legacy_code: str) -> str:
    # Every former province went into one present province as a whole (a test holds the data to this).
    successor = commune(_rows_by_province()[legacy_code][0][4])
    if successor is None:
        raise LookupError(f"legacy province {legacy_code} leads nowhere")
    return successor.province_code


@cache
def _provinces() -> dict[str, LegacyProvince]:
    return {
        code: LegacyProvince(code, name, _present_province(code))
        for code, name in read_rows("legacy_provinces")
    }


@cache
def _province_index() -> dict[str, list[LegacyProvince]]:
    return index_places(_provinces().values())


def legacy_provinces() -> tuple[LegacyProvince, ...]:
    """The 63 former provinces in order of code."""
    return tuple(_provinces().values())


def legacy_province_by_code(code: str) -> LegacyProvince | None:
    """Former province by two-digit code."""
    return _provinces().get(code)


def legacy_province(text: str) -> LegacyProvince | None:
    """Former province by name with or without its kind; ``.merged_into`` is today's province code."""
    return only(_province_index().get(place_key(text)))


@cache
def _districts() -> dict[str, LegacyDistrict]:
    return {row[0]: LegacyDistrict(*row) for row in read_rows("legacy_districts")}


def legacy_district(code: str) -> LegacyDistrict | None:
    """Former district by three-digit code."""
    return _districts().get(code)


def legacy_districts(legacy_province_code: str) -> tuple[LegacyDistrict, ...]:
    """Former districts of a former province."""
    return tuple(d for d in _districts().values() if d.province_code == legacy_province_code)


@cache
def _communes_of(province_code: str) -> tuple[LegacyCommune, ...]:
    merged: dict[str, list[str]] = {}
    first: dict[str, list[str]] = {}
    for row in _rows_by_province().get(province_code, []):
        first.setdefault(row[0], row)
        merged.setdefault(row[0], []).append(row[4])
    return tuple(
        LegacyCommune(code, row[1], row[2], row[3], tuple(merged[code])) for code, row in first.items()
    )


@cache
def _commune_index(province_code: str) -> dict[str, list[LegacyCommune]]:
    return index_places(_communes_of(province_code))


@cache
def _commune_by_code() -> dict[str, LegacyCommune]:
    return {item.code: item for province_code in _rows_by_province() for item in _communes_of(province_code)}


def legacy_communes(legacy_province_code: str) -> tuple[LegacyCommune, ...]:
    """Former communes of a former province."""
    return _communes_of(legacy_province_code)


def legacy_commune(code: str) -> LegacyCommune | None:
    """Former commune by five-digit code."""
    return _commune_by_code().get(code)


@cache
def _predecessors() -> dict[str, tuple[LegacyCommune, ...]]:
    found: dict[str, list[LegacyCommune]] = {}
    for province_code in _rows_by_province():
        for item in _communes_of(province_code):
            for code in item.merged_into:
                found.setdefault(code, []).append(item)
    return {code: tuple(sorted(items, key=lambda item: item.code)) for code, items in found.items()}


def legacy_predecessors(commune_code: str) -> tuple[LegacyCommune, ...]:
    """Former communes of which today's commune was made, wholly or in part, in order of code."""
    return _predecessors().get(commune_code, ())


def legacy_commune_candidates(
    legacy_province_code: str, text: str, *, district: str | None = None
) -> tuple[LegacyCandidate, ...]:
    """Every present commune that an old commune name may mean.

    :param legacy_province_code: two-digit code of the former province.
    :param text: former commune with or without its kind.
    :param district: former district's name with or without its kind, when the address has one.
    :returns: one candidate for each former commune of that name and each of its successors; several when the
        name occurs in more districts or the commune was divided; none when unknown.
    """
    found = _commune_index(legacy_province_code).get(place_key(text), [])
    if district is not None:
        wanted = index_places(legacy_districts(legacy_province_code)).get(place_key(district), [])
        codes = {item.code for item in wanted}
        found = [item for item in found if item.district_code in codes]
    candidates: list[LegacyCandidate] = []
    for item in found:
        for code in item.merged_into:
            present = commune(code)
            if present is not None:
                candidates.append(LegacyCandidate(item, _districts()[item.district_code], present))
    return tuple(candidates)
