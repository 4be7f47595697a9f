"""``python -m benchmarks.quality [--pupils 1000]``: a school judged whole, again unchanged, and one pupil.

Prints one JSON document: pupils a second of each run, findings, statements.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

YEAR = "2025-2026"
_CLASS = 40


def _django(home: Path, database: str) -> None:
    os.environ.update(HOCBASO_HOME=str(home), DJANGO_SETTINGS_MODULE="hocbaso.config.settings")
    if database:
        os.environ["HOCBASO_DATABASE_URL"] = database
    import django

    django.setup()
    from hocbaso.interfaces.cli.node import prepare_home

    prepare_home()


def fill(count: int) -> Any:
    """A school of so many pupils, every fifth with something wrong; the unit."""
    from hocbaso.apps.common import clock
    from hocbaso.apps.organisations.models import Kind, Organisation
    from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass

    school = Organisation.objects.create(
        code="79000999",
        kind=Kind.SCHOOL,
        name="Trường đo",
        levels=["tieu_hoc"],
        province_code="79",
        commune_code="26734",
        valid_from=date(2025, 8, 1),
    )
    names = ("Nguyễn Thị Bảo Châu", "Trần Minh Đức", "Lê Hoàng Phương Anh", "Phạm Gia Huy")
    for start in range(0, count, _CLASS):
        number = start // _CLASS
        grade = 1 + number % 5
        school_class = SchoolClass.objects.create(
            school=school, school_year=YEAR, grade=grade, name=f"{grade}A{number}"
        )
        pupils = Pupil.objects.bulk_create(
            Pupil(
                code=f"99{n:08d}",
                full_name=f"{names[n % 4]} {n}" if n % 50 == 0 else names[n % 4],
                birth_date=f"{2019 - grade}-{1 + n % 12:02d}-{1 + n % 28:02d}",
                sex="Nữ" if n % 2 else "Nam",
                ethnic_group="Kinh" if n % 5 else "",
                religion="Không",
                nationality="Việt Nam",
                personal_number=f"079{3 if n % 2 else 2}{(2019 - grade) % 100:02d}{n:06d}",
                province="Thành phố Hồ Chí Minh",
                province_code="79",
                phone=f"09{n:08d}" if n % 7 else "12",
                father_name="Nguyễn Văn An",
                mother_name="không",
                updated_at=clock.now(),
            )
            for n in range(start, min(start + _CLASS, count))
        )
        Enrolment.objects.bulk_create(
            Enrolment(
                pupil=pupil,
                school_class=school_class,
                status="Đang học",
                status_date="2025-09-05",
                order=place,
            )
            for place, pupil in enumerate(pupils, 1)
        )
    return school


def measure(count: int) -> dict[str, Any]:
    """The three runs."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from hocbaso.apps.pupils.models import Pupil
    from hocbaso.apps.quality.models import Finding
    from hocbaso.apps.quality.use_cases.compute import compute

    school = fill(count)
    one = Pupil.objects.values_list("pk", flat=True)[0]
    told: dict[str, Any] = {"pupils": count, "database": connection.vendor}
    for name, pupils in (("first", None), ("again", None), ("one", [one])):
        began = time.perf_counter()
        done = compute(school, YEAR, pupils)
        seconds = time.perf_counter() - began
        told[name] = {"seconds": round(seconds, 3), "pupils_per_second": round(done.pupils / seconds, 1)}
        told[name] |= {"opened": done.opened, "scores": done.scores}
    with CaptureQueriesContext(
        connection,
    ) as seen:
        compute(school, YEAR)
    told["statements"] = len(seen)
    told["findings"] = Finding.objects.count()
    return told


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pupils", type=int, default=1000)
    parser.add_argument("--database", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hbs-quality-") as home:
        _django(Path(home), options.database)
        sys.stdout.write(json.dumps(measure(options.pupils), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
