"""An address as somebody wrote it → the communes of today that it may mean, never a silent choice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache

from hocbaso.core import codelists
from hocbaso.core.codelists import Commune, LegacyCommune, LegacyDistrict, LegacyProvince, Province
from hocbaso.core.residence.names import REORGANISED_ON
from hocbaso.core.residence.writing import Index, above_commune, finer, finest, parts

_SINCE = "từ 01/07/2025"
_NEAR = 4


class Outcome(StrEnum):
    """How many communes of today an address may mean."""

    ONE = "one"
    SEVERAL = "several"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading: the former commune (none when the name is today's) and one commune of today."""

    commune: Commune
    legacy: LegacyCommune | None = None
    district: LegacyDistrict | None = None

    @property
    def province(self) -> str:
        """Today's province by name."""
        found = codelists.province(self.commune.province_code)
        return found.name if found else ""

    @property
    def text(self) -> str:
        """``Phường 7, Quận Gò Vấp → Phường Hạnh Thông (từ 01/07/2025)``."""
        if self.legacy is None or self.district is None:
            return f"{self.commune.name} (tên hiện hành)"
        former = f"{self.legacy.name}, {self.district.name}"
        old = codelists.legacy_province_by_code(self.legacy.province_code)
        if old is not None and old.name != self.province:
            return f"{former}, {old.name} → {self.commune.name}, {self.province} ({_SINCE})"
        return f"{former} → {self.commune.name} ({_SINCE})"


@dataclass(frozen=True, slots=True)
class Mapping:
    """What was understood.

    :ivar candidates: in order of the former and then of today's code; empty with ``NONE``.
    :ivar exact: False when marks or i/y were read past: a proposal that needs a closer look.
    :ivar reason: with ``NONE``: ``empty``, ``province``, ``district``, ``commune`` or ``no_province``.
    :ivar part: the part that was not understood. :ivar near: communes with nearly that name.
    """

    outcome: Outcome
    written: str
    candidates: tuple[Candidate, ...] = ()
    exact: bool = True
    reason: str = ""
    part: str = ""
    near: tuple[Commune, ...] = ()

    @property
    def commune(self) -> Commune | None:
        """The one commune of today, when there is one."""
        return self.candidates[0].commune if self.outcome is Outcome.ONE else None

    @property
    def communes(self) -> tuple[Commune, ...]:
        """Today's communes among the candidates, each once."""
        return tuple({c.commune.code: c.commune for c in self.candidates}.values())

    @property
    def text(self) -> str:
        """The mapping in words; what was not understood when there is none."""
        if self.outcome is Outcome.NONE:
            return _NOT_UNDERSTOOD[self.reason].format(part=self.part)
        return "; ".join(candidate.text for candidate in self.candidates)


_NOT_UNDERSTOOD = {
    "empty": "Chưa ghi xã, phường.",
    "province": "“{part}” không có trong danh mục tỉnh, thành phố.",
    "district": "“{part}” không có trong danh mục quận, huyện trước 01/07/2025.",
    "commune": "“{part}” không có trong danh mục xã, phường.",
    "no_province": "“{part}” chưa ghi tỉnh, thành phố.",
}


@dataclass(frozen=True, slots=True)
class _Scope:
    """Provinces that a text names: today's, and former ones (the literal one first to be tried)."""

    present: str = ""
    literal: tuple[str, ...] = ()
    wider: tuple[str, ...] = ()
    exact: bool = True


@cache
def _present_provinces() -> Index[Province]:
    return Index(codelists.provinces())


@cache
def _former_provinces() -> Index[LegacyProvince]:
    return Index(codelists.legacy_provinces())


@cache
def _former_of(present: str) -> tuple[str, ...]:
    return tuple(p.code for p in codelists.legacy_provinces() if p.merged_into == present)


@cache
def _districts(former: str) -> Index[LegacyDistrict]:
    return Index(codelists.legacy_districts(former))


@cache
def _former_communes(former: str) -> Index[LegacyCommune]:
    return Index(codelists.legacy_communes(former))


@cache
def _present_communes(present: str) -> Index[Commune]:
    return Index(codelists.communes(present))


@lru_cache(maxsize=4096)
def _scope(text: str, on: date | None) -> _Scope | None:
    former, former_exact = _former_provinces().find(text)
    present, present_exact = _present_provinces().find(text)
    if on is not None and on < REORGANISED_ON:
        present = ()
    if len(former) > 1 or len(present) > 1 or not (former or present):
        return None
    literal = tuple(p.code for p in former)
    # The name of a province that ceased can only be the former one; the other may be both.
    code = present[0].code if present else ""
    wider = tuple(c for c in _former_of(code) if c not in literal) if code else ()
    return _Scope(code, literal, wider, present_exact if present else former_exact)


def map_address(commune: str, *, district: str = "", province: str = "", on: date | None = None) -> Mapping:
    """Read an address in whatever writing.

    :param commune: the commune, or a whole address (``P.7, Q. Gò Vấp, TP.HCM``), small to large or reversed.
    :param district: the former district, where it stands in a field of its own.
    :param province: today's or the former province, likewise.
    :param on: the day on which it was written: before 01/07/2025 only former names are meant, from then on
        only today's; without it both are considered and nothing is preferred when they lead elsewhere.
    """
    written = ", ".join(text.strip() for text in (commune, district, province) if text.strip())
    named = parts(commune)
    if not named:
        return Mapping(Outcome.NONE, written, reason="empty")
    first: Mapping | None = None
    for pieces in _splits(named):
        read = _read(written, pieces, parts(district), province, on)
        if read.outcome is not Outcome.NONE:
            return read
        first = first or read
    assert first is not None
    return first


def _splits(named: list[str]) -> Iterable[list[str]]:
    seen: list[list[str]] = []
    for pieces in (named, finer(named), finest(named)):
        if pieces not in seen:
            seen.append(pieces)
            yield pieces


def _read(written: str, pieces: list[str], districts: list[str], province: str, on: date | None) -> Mapping:
    scope, pieces, unknown = _find_scope(pieces, province, on)
    if unknown:
        return Mapping(Outcome.NONE, written, reason="province", part=unknown)
    if not pieces:
        return Mapping(Outcome.NONE, written, reason="empty")
    if scope is None:
        return _anywhere(written, pieces, districts, on)
    exact = scope.exact
    if on is None or on < REORGANISED_ON:
        for former in (scope.literal, scope.wider):
            found = _with_district(former, pieces, districts)
            if found is not None:
                return _told(written, found[0], exact and found[1])
    lost = next(iter(districts), "") or next((p for p in pieces[1:] if above_commune(p)), "")
    if lost:
        reason = _lost(scope, lost)
        part = lost if reason == "district" else f"{pieces[0]}, {lost}"
        return Mapping(Outcome.NONE, written, reason=reason, part=part, near=_near(scope, pieces))
    alone = _without_district(scope, pieces, on)
    if alone is None:
        return Mapping(Outcome.NONE, written, reason="commune", part=pieces[0], near=_near(scope, pieces))
    return _told(written, alone[0], exact and alone[1])


def _lost(scope: _Scope, district: str) -> str:
    """Which part is wrong when commune and district do not meet: a known district has not this commune."""
    known = any(_districts(former).find(district)[0] for former in (*scope.literal, *scope.wider))
    return "commune" if known else "district"


def _find_scope(pieces: list[str], province: str, on: date | None) -> tuple[_Scope | None, list[str], str]:
    """(provinces, the other pieces, a province that is not known)."""
    if province.strip():
        scope = _scope(province.strip(), on)
        if scope is None:
            last = parts(province)[-1:] or [""]
            scope = _scope(last[0], on)
        # A province that stands in its field is often repeated in the text.
        rest = pieces[:-1] if len(pieces) > 1 and _scope(pieces[-1], on) == scope else pieces
        return scope, rest, "" if scope else province.strip()
    if len(pieces) > 1:
        for at in (len(pieces) - 1, 0):
            scope = _scope(pieces[at], on)
            if scope is not None:
                return scope, pieces[:at] + pieces[at + 1 :], ""
    return None, pieces, ""


_Found = tuple[tuple[LegacyCommune, ...], bool]


def _with_district(former: Sequence[str], pieces: list[str], districts: list[str]) -> _Found | None:
    """Former communes where a piece names one and another piece (or the field) names its district."""
    best: dict[str, LegacyCommune] = {}
    exact = True
    for code in former:
        wanted: dict[str, bool] = {}
        where: dict[str, int] = {}
        for at, piece in enumerate(districts or pieces):
            found, sure = _districts(code).find(piece)
            for item in found:
                wanted[item.code], where[item.code] = sure, -1 if districts else at
        if not wanted:
            continue
        for at, piece in enumerate(pieces):
            communes, sure = _former_communes(code).find(piece)
            for found_here in communes:
                above = found_here.district_code
                if above in wanted and where[above] != at:
                    best[found_here.code] = found_here
                    exact = exact and sure and wanted[above]
    return (tuple(best.values()), exact) if best else None


def _without_district(
    scope: _Scope, pieces: list[str], on: date | None
) -> tuple[tuple[LegacyCommune | Commune, ...], bool] | None:
    """Nothing names a district: today's communes and former ones of that name."""
    for piece in pieces:
        present: tuple[Commune, ...] = ()
        sure_now = True
        if scope.present and (on is None or on >= REORGANISED_ON):
            present, sure_now = _present_communes(scope.present).find(piece)
        old: tuple[LegacyCommune, ...] = ()
        sure_then = True
        if on is None or on < REORGANISED_ON:
            old, sure_then = _former(scope.literal, piece)
            if not old:
                old, sure_then = _former(scope.wider, piece)
        # What is written exactly is not drowned by what only resembles it.
        if present and old and sure_now != sure_then:
            present, old = (present, ()) if sure_now else ((), old)
        if present or old:
            return (*present, *old), (sure_now or not present) and (sure_then or not old)
    return None


def _former(former: Sequence[str], piece: str) -> _Found:
    told = [_former_communes(code).find(piece) for code in former]
    found = tuple(item for items, _ in told for item in items)
    return found, all(sure for items, sure in told if items)


def _anywhere(written: str, pieces: list[str], districts: list[str], on: date | None) -> Mapping:
    """No province: only a district that knows the commune says where it is."""
    every = tuple(province.code for province in codelists.legacy_provinces())
    found = _with_district(every, pieces, districts) if on is None or on < REORGANISED_ON else None
    if found is None:
        return Mapping(Outcome.NONE, written, reason="no_province", part=", ".join(pieces))
    return _told(written, found[0], found[1])


def _told(written: str, items: Iterable[LegacyCommune | Commune], exact: bool) -> Mapping:
    candidates: dict[tuple[str, str], Candidate] = {}
    for item in items:
        if isinstance(item, Commune):
            candidates["", item.code] = Candidate(item)
            continue
        for code in item.merged_into:
            present = codelists.commune(code)
            assert present is not None
            candidates[item.code, code] = Candidate(
                present, item, codelists.legacy_district(item.district_code)
            )
    distinct = {candidate.commune.code for candidate in candidates.values()}
    # A former name that lives on in the same place is told once, with the mapping.
    ordered = sorted(
        candidates.values(),
        key=lambda c: (c.legacy is None, c.legacy.code if c.legacy else "", c.commune.code),
    )
    former = {c.commune.code for c in ordered if c.legacy is not None}
    kept = tuple(c for c in ordered if c.legacy is not None or c.commune.code not in former)
    return Mapping(Outcome.ONE if len(distinct) == 1 else Outcome.SEVERAL, written, kept, exact)


def _near(scope: _Scope, pieces: list[str]) -> tuple[Commune, ...]:
    present = scope.present or next(
        (p.merged_into for code in scope.literal if (p := codelists.legacy_province_by_code(code))), ""
    )
    return codelists.propose(codelists.communes(present), pieces[0], limit=_NEAR) if present else ()


def map_code(code: str, *, on: date | None = None) -> Mapping:
    """Today's communes for a code of either list; the day decides which list is meant.

    Former and today's communes share codes: without a day a code whose former commune was divided gives all
    that it may mean.
    """
    code = code.strip()
    former = codelists.legacy_commune(code) if on is None or on < REORGANISED_ON else None
    present = codelists.commune(code) if on is None or on >= REORGANISED_ON else None
    items: list[LegacyCommune | Commune] = [item for item in (former, present) if item is not None]
    if not items:
        return Mapping(Outcome.NONE, code, reason="commune" if code else "empty", part=code)
    return _told(code, items, True)
