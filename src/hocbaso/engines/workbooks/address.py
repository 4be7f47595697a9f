"""A permanent address as typed → the units of today, or a question when it names units before 01/07/2025."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hocbaso.core import codelists

_SHOWN_CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class Question:
    """``field`` is the column it is about; ``if_yes`` the address that a "yes" stands for."""

    code: str
    field: str
    message: str
    proposal: str | None = None
    if_yes: Address | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Codes are None until they are certain; names are official where a code is, else as typed."""

    province: str | None
    province_code: str | None
    commune: str | None
    commune_code: str | None
    question: Question | None = None


@lru_cache(maxsize=20_000)
def resolve(province: str | None, district: str | None, commune: str | None) -> Address:
    """Look an address up in the code lists of today and of before 01/07/2025 (QĐ 19/2025/QĐ-TTg).

    Nothing is chosen when an old name may mean several units: the candidates are listed.
    """
    if province is None:
        return Address(None, None, commune, None)
    today = codelists.find_province(province)
    if today is None:
        return _old_province(province, district, commune)
    if commune is None:
        return Address(today.name, today.code, None, None)
    present = codelists.find_commune(today.code, commune)
    if present is not None and district is None:
        return Address(today.name, today.code, present.name, present.code)
    return _old_commune(today, province, district, commune)


def _old_province(province: str, district: str | None, commune: str | None) -> Address:
    old = codelists.legacy_province(province)
    if old is None:
        return _unknown_province(province, commune)
    today = codelists.province(old.merged_into)
    if today is None:  # the lists are shipped together; a test holds them to this
        return _unknown_province(province, commune)
    told = f"“{province}” đã sáp nhập từ 01/07/2025, nay là {today.name}."
    found, listed = _successors(old.code, today.code, district, commune)
    if len(found) == 1:
        target = Address(today.name, today.code, found[0].name, found[0].code)
        proposal = f"{found[0].name}, {today.name}"
        question = Question("old_province", "province", f"{told} Có phải {proposal}?", proposal, target)
    else:
        after = _ambiguous(today, commune, listed) if commune else None
        target = Address(today.name, today.code, commune, None, after)
        message = f"{told} {listed} Có phải {today.name}?" if commune else f"{told} Có phải {today.name}?"
        question = Question("old_province", "province", message, today.name, target)
    return Address(province, None, commune, None, question)


def _old_commune(today: codelists.Province, typed: str, district: str | None, commune: str) -> Address:
    old = codelists.legacy_province(today.name) or codelists.legacy_province(typed)
    found, listed = _successors(old.code if old else None, today.code, district, commune)
    if len(found) == 1:
        target = Address(today.name, today.code, found[0].name, found[0].code)
        if district is None and codelists.find_commune(today.code, commune) is not None:
            return target
        told = (
            f"“{commune}” là tên cũ, đã sắp xếp lại từ 01/07/2025."
            if district is None
            else (f"Địa chỉ ghi theo ba cấp “{commune}, {district}”; từ 01/07/2025 không còn cấp huyện.")
        )
        proposal = f"{found[0].name}, {today.name}"
        question = Question("old_commune", "commune", f"{told} Có phải {proposal}?", proposal, target)
        return Address(today.name, today.code, commune, None, question)
    if listed:
        return Address(today.name, today.code, commune, None, _ambiguous(today, commune, listed))
    near = codelists.propose(codelists.communes(today.code), commune)
    message = f"{today.name} không có “{commune}” trong danh mục xã, phường từ 01/07/2025."
    if len(near) == 1:
        target = Address(today.name, today.code, near[0].name, near[0].code)
        question = Question(
            "unknown_commune", "commune", f"{message} Có phải {near[0].name}?", near[0].name, target
        )
    else:
        names = f" Gần giống: {', '.join(item.name for item in near)}." if near else ""
        question = Question("unknown_commune", "commune", message + names)
    return Address(today.name, today.code, commune, None, question)


def _ambiguous(today: codelists.Province, commune: str, listed: str) -> Question:
    message = (
        f"“{commune}” là tên cũ, có thể là nhiều nơi nay thuộc {today.name}. {listed} Thầy cô ghi tên mới."
    )
    return Question("old_commune", "commune", message)


def _successors(
    old_code: str | None, today_code: str, district: str | None, commune: str | None
) -> tuple[list[codelists.Commune], str]:
    """Every commune of today that the old name may mean, and a sentence that lists them."""
    if commune is None:
        return [], ""
    found: dict[str, codelists.Commune] = {}
    labels: list[str] = []
    candidates = codelists.legacy_commune_candidates(old_code, commune, district=district) if old_code else ()
    for candidate in candidates:
        if candidate.commune.code not in found:
            labels.append(f"{candidate.commune.name} ({candidate.legacy.name}, {candidate.district.name} cũ)")
        found.setdefault(candidate.commune.code, candidate.commune)
    present = codelists.find_commune(today_code, commune)
    if present is not None and district is None and present.code not in found:
        labels.append(present.name)
        found[present.code] = present
    if not labels:
        return [], ""
    more = f" và {len(labels) - _SHOWN_CANDIDATES} nơi khác" if len(labels) > _SHOWN_CANDIDATES else ""
    return list(found.values()), f"“{commune}” có thể là: {'; '.join(labels[:_SHOWN_CANDIDATES])}{more}."


def _unknown_province(province: str, commune: str | None) -> Address:
    message = f"“{province}” không có trong danh mục tỉnh, thành phố."
    near = codelists.propose(codelists.provinces(), province)
    if len(near) == 1:
        target = resolve(near[0].name, None, commune)
        question = Question(
            "unknown_province", "province", f"{message} Có phải {near[0].name}?", near[0].name, target
        )
    else:
        names = f" Gần giống: {', '.join(item.name for item in near)}." if near else ""
        question = Question("unknown_province", "province", message + names)
    return Address(province, None, commune, None, question)
