"""Provinces and communes since 01/07/2025 (QĐ 19/2025/QĐ-TTg): two levels, codes never used again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hocbaso.core.codelists.search import index_places, only, place_key, read_rows


@dataclass(frozen=True, slots=True)
class Province:
    """Tỉnh or thành phố, e.g. ``79 Thành phố Hồ Chí Minh``."""

    code: str
    name: str

    @property
    def short_name(self) -> str:
        """The name without its kind."""
        return _without(("Thành phố ", "Tỉnh "), self.name)


@dataclass(frozen=True, slots=True)
class Commune:
    """Phường, xã or đặc khu with a five-digit code."""

    code: str
    name: str
    kind: str  # "phường" | "xã" | "đặc khu"
    province_code: str

    @property
    def short_name(self) -> str:
        """The name without its kind."""
        return _without(("Phường ", "Xã ", "Đặc khu "), self.name)


def _without(kinds: tuple[str, ...], name: str) -> str:
    for kind in kinds:
        if name.startswith(kind):
            return name[len(kind) :]
    return name


@cache
def _provinces() -> dict[str, Province]:
    return {code: Province(code, name) for code, name in read_rows("provinces")}


@cache
def _province_index() -> dict[str, list[Province]]:
    return index_places(_provinces().values())


def provinces() -> tuple[Province, ...]:
    """The 34 provinces in order of code."""
    return tuple(_provinces().values())


def province(code: str) -> Province | None:
    """Province by two-digit code."""
    return _provinces().get(code)


def find_province(text: str) -> Province | None:
    """Province by name with or without its kind (``TP. Huế``, ``Thành phố Huế``, ``huế``).

    A kind that is given must be right. A name that has ceased is not found: see ``legacy_province``.
    """
    return only(_province_index().get(place_key(text)))


@cache
def _communes() -> dict[str, Commune]:
    return {row[0]: Commune(*row) for row in read_rows("communes")}


@cache
def _communes_of() -> dict[str, tuple[Commune, ...]]:
    by_province: dict[str, list[Commune]] = {}
    for item in _communes().values():
        by_province.setdefault(item.province_code, []).append(item)
    return {code: tuple(items) for code, items in by_province.items()}


@cache
def _commune_index(province_code: str) -> dict[str, list[Commune]]:
    return index_places(communes(province_code))


def communes(province_code: str) -> tuple[Commune, ...]:
    """Communes of a province in order of code; none for an unknown province."""
    return _communes_of().get(province_code, ())


def commune(code: str) -> Commune | None:
    """Commune by five-digit code."""
    return _communes().get(code)


def find_commune(province_code: str, text: str) -> Commune | None:
    """Commune of a province by name with or without its kind; a kind that is given must be right."""
    return only(_commune_index(province_code).get(place_key(text)))
