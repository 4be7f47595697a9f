"""Watching a province: the page from the kept figures against a count of everything at each view.

``python -m benchmarks.watching`` makes 3 500 schools with 2 million pupils straight in the tables of a
throw-away SQLite file (``--url`` names another, empty database), lets the worker's code count them, and
measures in turn the department's pages and the same numbers counted from the source. Both must agree to the
last pupil.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

CLASSES, SIZE = 15, 38  # a school: 570 pupils
#: Of a hundred pupils: state and how many; the rest is verified.
_STATES = (("mismatch", 3), ("not_found", 1), ("multiple", 1), ("not_sent", 4), ("sent", 2), ("no_number", 1))
YEAR = "2026-2027"


def main() -> None:
    """Build, measure, print one JSON document."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="hbs-watching-") as home:
        _node(Path(home), options.url)
        sys.stdout.write(json.dumps(_measure(options.schools, options.rounds), indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watching", description=__doc__)
    parser.add_argument("--schools", type=int, default=3500)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--url", default="", help="an empty database; by default a SQLite file of its own")
    return parser.parse_args()


def _node(home: Path, url: str) -> None:
    os.environ |= {
        "HOCBASO_HOME": str(home),
        "HOCBASO_ENVIRONMENT": "thu_nghiem",
        "HOCBASO_DATABASE_URL": url or f"sqlite:///{home / 'db.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "hocbaso.config.settings",
        "HOCBASO_ALLOWED_HOSTS": "testserver",
    }
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _measure(schools: int, rounds: int) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from hocbaso.apps.identity.watching.recount import recount_all

    seconds = {}
    seconds["rows"], unit = _timed(lambda: _build(schools))
    seconds["count of everything"], _done = _timed(recount_all)
    client = _client(unit)
    pages = {
        "communes": "/quan-ly/danh-tinh/",
        "schools": "/quan-ly/danh-tinh/?theo=truong",
        "search": "/quan-ly/danh-tinh/?tim=trường 17",
    }
    queries = {}
    for name, path in pages.items():
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        queries[name] = len(seen)
    _agree(unit)
    ways: dict[str, Callable[[], object]] = {
        **{f"page {name}": lambda path=path: client.get(path) for name, path in pages.items()},
        "scan": lambda: _scan(unit),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            times[name].append(_timed(ways[name])[0])
    ratios = sorted(b / a for a, b in zip(times["page schools"], times["scan"], strict=True))
    return {
        "database": connection.vendor,
        "schools": schools,
        "pupils": schools * CLASSES * SIZE,
        "queries": queries,
        "milliseconds": {
            name: {k: round(1000 * f(t), 1) for k, f in (("median", median), ("min", min), ("max", max))}
            for name, t in times.items()
        },
        "scan over page": {"median": round(median(ratios), 1), "min": ratios[0], "max": ratios[-1]},
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def _client(unit: Any) -> Any:
    from django.test import Client

    from hocbaso.apps.accounts.models import Assignment, Role, User
    from hocbaso.interfaces.web.middleware import POST_KEY, SECOND_FACTOR_KEY

    user = User.objects.create(username="so", full_name="Cán bộ Sở")
    post = Assignment.objects.create(
        user=user, organisation=unit, role=Role.DEPARTMENT_OFFICER, valid_from="2020-01-01"
    )
    client = Client()
    client.force_login(user)
    session = client.session
    session[POST_KEY], session[SECOND_FACTOR_KEY] = post.pk, True
    session.save()
    return client


def _scan(unit: Any) -> Any:
    """The same lines from the source, as a page without kept figures would have to."""
    from hocbaso.apps.identity.watching.counting import count_schools
    from hocbaso.apps.oversight.schools import schools_under

    return count_schools(list(schools_under(unit).values_list("pk", flat=True)))


def _agree(unit: Any) -> None:
    from hocbaso.apps.identity.watching.board import board

    kept = board(unit, "pupils", by_school=True)
    counted: dict[int, Any] = {}
    for (school, _level), tally in _scan(unit).pupils.items():
        counted[school] = tally
    assert kept.whole.tally.total > 0
    for line in kept.lines:
        assert line.tally.kept() == counted[line.id].kept(), line.name


def _build(schools: int) -> Any:
    """Units as people make them; classes, pupils, enrolments and answers in one statement each."""
    from django.db import transaction

    from hocbaso.apps.organisations.models import Kind, Management, Organisation

    def made(code: str, kind: Kind, name: str) -> Organisation:
        return Organisation(code=code, kind=kind, name=name, province_code="79", valid_from="2020-01-01")

    unit = made("so-79", Kind.DEPARTMENT, "Sở Giáo dục và Đào tạo")
    unit.save()
    communes = [made(f"xa-{n}", Kind.COMMUNE, f"Ủy ban nhân dân phường {n}") for n in range(168)]
    Organisation.objects.bulk_create(communes)
    rows = [made(f"79{n:06}", Kind.SCHOOL, f"Trường Tiểu học số {n}") for n in range(schools)]
    for row in rows:
        row.levels = ["tieu_hoc"]
    Organisation.objects.bulk_create(rows)
    links = [(one, unit) for one in communes] + [(row, communes[n % 168]) for n, row in enumerate(rows)]
    Management.objects.bulk_create(
        [Management(organisation=a, manager=b, valid_from="2020-01-01") for a, b in links]
    )
    with transaction.atomic():
        for statement in _statements(schools, rows[0].pk):
            _run(statement)
    return unit


def _run(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


def _statements(schools: int, first: int) -> Iterator[str]:
    from hocbaso.apps.identity.models import Check
    from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass

    classes, pupils = schools * CLASSES, schools * CLASSES * SIZE
    now = "'2026-11-20 08:00:00+00'"
    yield _insert(
        SchoolClass,
        classes,
        school_id=f"{first} + (i - 1) / {CLASSES}",
        school_year=f"'{YEAR}'",
        name=f"'L' || CAST((i - 1) % {CLASSES} AS text)",
        grade=f"1 + (i - 1) % {CLASSES} / 3",
    )
    limit, cases = 0, []
    for state, share in _STATES:
        limit += share
        cases.append(f"WHEN i % 100 < {limit} THEN '{state}'")
    state = f"CASE {' '.join(cases)} ELSE 'verified' END"
    name = "'Nguyễn Thị ' || CAST(i AS text)"
    yield _insert(
        Pupil,
        pupils,
        code="'HS' || CAST(i AS text)",
        full_name=name,
        birth_date="'2017-02-09'",
        sex="'Nữ'",
        identity_state=state,
        updated_at=now,
    )
    yield _insert(
        Enrolment,
        pupils,
        pupil_id="i",
        school_class_id=f"(i - 1) / {SIZE} + 1",
        status="'Đang học'",
        active="true",
    )
    from django.db import connection

    postgresql = connection.vendor == "postgresql"
    uuid = "lpad(to_hex(i), 32, '0')::uuid" if postgresql else "printf('%%032x', i)"
    school = f"{first} + (i - 1) / {CLASSES * SIZE}"
    yield _insert(
        Check,
        pupils,
        where="i % 100 < 5",
        pupil_id="i",
        request_id=uuid,
        school_id=school,
        sent_at=now,
        answered_at=now,
        recorded_at=now,
        outcome="'mismatch'",
        differences="""'["ho_ten", "thuong_tru"]'""",
    )


def _insert(model: Any, count: int, where: str = "", **values: str) -> str:
    """One INSERT of ``count`` rows; SQL over ``i`` from 1 for some columns, what is empty for the others."""
    from django.db import connection, models

    columns, wanted = [], []
    for field in model._meta.concrete_fields:
        if field.primary_key:
            value = "i"
        elif field.attname in values:
            value = values[field.attname]
        elif field.null:
            value = "NULL"
        elif isinstance(field, models.JSONField):
            value = "'[]'"
        elif isinstance(field, models.BooleanField):
            value = "false"
        else:
            value = "''" if isinstance(field, models.CharField | models.TextField) else "0"
        if connection.vendor == "postgresql" and isinstance(field, models.JSONField | models.DateTimeField):
            value = f"CAST({value} AS {field.db_type(connection)})"
        columns.append(f'"{field.column}"')
        wanted.append(value)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    chosen = f" WHERE {where}" if where else ""
    target = f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns)})'
    query = f"{target} {numbers} SELECT {', '.join(wanted)} FROM n{chosen}"
    return query.replace("%%", "%")


if __name__ == "__main__":
    main()
