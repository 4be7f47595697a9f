"""The sector's sample register over X-Road messages: everybody is told once, through a bad day."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.residence.models import Answer, Stay
from hocbaso.apps.residence.use_cases.fetch import order_lookups
from hocbaso.apps.residence.use_cases.process import process_due
from hocbaso.sandbox.population import PopulationRegistry
from hocbaso.sandbox.population.web import in_process_port
from tests.builders import YEAR, make_school
from tests.unit.apps.identity.world import full_pupil
from tests.unit.apps.residence.world import due_now

pytestmark = pytest.mark.django_db
HOW_MANY = 24


def _people(samples: Path, name: str) -> list[dict[str, str]]:
    with (samples / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_samples_come_with_dates_and_nobody_is_told_twice(samples, tmp_path):
    known = _people(samples, "dan_cu.csv")[:HOW_MANY]
    school = make_school()
    for n, row in enumerate(known, 1):
        values = {
            "personal_number": row["so_dinh_danh"],
            "full_name": row["ho_ten"],
            "birth_date": row["ngay_sinh"],
            "sex": row["gioi_tinh"],
            "commune": "",
            "commune_code": "",
        }
        full_pupil(school, n, **values)
    throws = iter([0.0, 0.9] * 1000)  # every other question fails at first
    registry = PopulationRegistry(tmp_path, dice=lambda: next(throws))
    registry.load(samples / "dan_cu.csv", samples / "dan_cu_cu_tru.csv")
    registry.behaviour.change({"item_error_rate": 0.5})
    order_lookups(school.actor(Role.DATA_CLERK), school=school.unit, year=YEAR)
    with in_process_port(registry) as gateway:
        first = process_due(gateway, clock.now())  # what is put off is not due in this run
        assert (first.answered, first.postponed) == (HOW_MANY / 2, HOW_MANY / 2)
        registry.behaviour.change({"item_error_rate": 0})
        due_now()
        assert process_due(gateway).answered == HOW_MANY / 2
    numbers = {row["so_dinh_danh"] for row in known}
    stays = [s for s in _people(samples, "dan_cu_cu_tru.csv") if s["so_dinh_danh"] in numbers]
    ended = [s for s in stays if s["den_ngay"]]
    assert Answer.objects.filter(outcome="matched").count() == HOW_MANY
    told = dict(Answer.objects.values_list("pupil__personal_number", "entries"))
    assert told == {n: sum(s["so_dinh_danh"] == n for s in stays) for n in numbers}
    history = Stay.objects.exclude(until="")
    assert sorted(history.values_list("since", "until")) == sorted(
        (s["tu_ngay"], s["den_ngay"]) for s in ended
    )
    assert registry.store.counters()["repeated"] == 0
