"""The demo's register knows the demo's people, and some of them otherwise."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.utils import timezone

from hocbaso.apps.pupils.models import Pupil
from hocbaso.engines.population import Purpose, Query, Subject
from hocbaso.sandbox.population import PopulationRegistry, in_process_port
from hocbaso.sandbox.population.demo import fill


@pytest.mark.django_db
def test_one_in_twenty_of_the_demos_pupils_deviates_in_every_way(tmp_path: Path) -> None:
    pupils = Pupil.objects.bulk_create(
        Pupil(
            code=f"{10**9 + number}",
            full_name="Nguyễn Văn An",
            birth_date="2019-02-08",
            sex="Nam",
            personal_number=f"079219{number:06}",
            province="Thành phố Hồ Chí Minh",
            commune="Phường Hạnh Thông",
            updated_at=timezone.now(),
        )
        for number in range(100)
    )
    registry = PopulationRegistry(tmp_path)
    assert fill(registry)["people"] == 99
    told = in_process_port(registry).ask([_question(pupil) for pupil in pupils])
    assert sorted(answer.differences[0] for answer in told if answer.differences) == [
        "gioi_tinh",
        "ho_ten",
        "ngay_sinh",
        "thuong_tru",
    ]
    assert sum(answer.verified for answer in told) == 95


def _question(pupil: Pupil) -> Query:
    subject = Subject(
        pupil.personal_number,
        pupil.full_name,
        pupil.birth_date,
        pupil.sex,
        province=pupil.province,
        commune=pupil.commune,
    )
    return Query(str(uuid.uuid4()), subject, Purpose("demo", "demo"), "79000101", "vanthu")
