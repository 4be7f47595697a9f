"""The register of the demo province: the people of its schools, some of whom it knows otherwise."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path

from hocbaso.sandbox.population.registry import PopulationRegistry
from hocbaso.sandbox.population.store import PEOPLE, STAYS

_HEAD = "079085000001"
_EVERY = 20  # one in so many deviates
_ELSEWHERE = ("Xã Bình Khánh", "Xã Bình Lợi")


def fill(registry: PopulationRegistry) -> dict[str, int]:
    """Load the register with everybody of this node who has a number; needs Django's database."""
    from hocbaso.apps.accounts.models import StaffMember
    from hocbaso.apps.pupils.models import Pupil

    names = ("personal_number", "full_name", "birth_date", "sex")
    pupils = Pupil.objects.exclude(personal_number="").order_by("code")
    staff = StaffMember.objects.exclude(personal_number="").order_by("code")
    people = {row[0]: row for row in staff.values_list(*names)}
    rows = {number: (*row, "Thành phố Hồ Chí Minh", _ELSEWHERE[1]) for number, row in people.items()}
    rows |= dict(_deviating(list(pupils.values_list(*names, "province", "commune"))))
    with tempfile.TemporaryDirectory(prefix="hbs-population-") as folder:
        files = _write(Path(folder), list(rows.values()))
        return registry.load(*files)


def _deviating(pupils: list[tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    kinds = cycle(("ho_ten", "ngay_sinh", "thuong_tru", "gioi_tinh", "missing"))
    for index, row in enumerate(pupils):
        kind = next(kinds) if index % _EVERY == _EVERY // 2 else ""
        if kind != "missing":
            yield row[0], _changed(row, kind)


def _changed(row: tuple[str, ...], kind: str) -> tuple[str, ...]:
    number, name, birth, sex, province, commune = row
    if kind == "ho_ten":
        name = f"{name.rpartition(' ')[0]} Khánh"
    elif kind == "ngay_sinh" and len(birth) == 10:
        birth = (date.fromisoformat(birth) + timedelta(days=1)).isoformat()
    elif kind == "gioi_tinh":
        sex = "Nam" if sex == "Nữ" else "Nữ"
    elif kind == "thuong_tru":
        commune = _ELSEWHERE[commune == _ELSEWHERE[0]]
    return number, name, birth, sex, province, commune


def _write(folder: Path, rows: list[tuple[str, ...]]) -> tuple[Path, Path]:
    files = folder / "dan_cu.csv", folder / "dan_cu_cu_tru.csv"
    stays: list[tuple[str, ...]] = []
    for index, (number, _, birth, _, province, commune) in enumerate(rows):
        place = (province, commune, f"{index % 300 + 1} đường số {index % 60 + 1}")
        stays.append((number, "thuong_tru", *place, birth, "", "Con", _HEAD))
        if index % 9 == 0:
            now = (province, _ELSEWHERE[1], f"{index % 200 + 1} đường số 7")
            stays.append((number, "noi_o_hien_tai", *now, "2025-06-01", "", "Cháu", _HEAD))
    for file, columns, content in ((files[0], PEOPLE, rows), (files[1], STAYS, stays)):
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([columns, *content])
    return files
