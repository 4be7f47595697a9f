"""Many rows with one statement: what a column refuses is refused, not cut off."""

from __future__ import annotations

import pytest
from django.db import DataError, connection, transaction

from hocbaso.apps.assessment.models import SubjectMarks
from hocbaso.apps.assessment.use_cases.bulk_insert import bulk_insert, bulk_update_rows
from hocbaso.apps.common import clock
from tests.builders import make_pupil
from tests.secondary import make_secondary_school

pytestmark = pytest.mark.django_db


def _rows(count: int) -> list[SubjectMarks]:
    school = make_secondary_school()
    stamp = {"updated_at": clock.now(), "updated_by": "x", "source": "test"}
    pupils = [make_pupil(school, "6A1", n + 1) for n in range(count)]
    return [
        SubjectMarks(enrolment=e, subject_code="toan", moment="hk1", tx1=str(e.order), **stamp)
        for e in pupils
    ]


def test_rows_are_stored_and_changed_each_with_its_own_values():
    bulk_insert(SubjectMarks, _rows(3))
    stored = list(SubjectMarks.objects.order_by("pk"))
    assert [row.tx1 for row in stored] == ["1", "2", "3"]
    for row in stored[:2]:
        row.tx1, row.comment, row.version = f"{row.tx1}.5", 'Tiến bộ, "chăm" {%s}', 2
    bulk_update_rows(SubjectMarks, stored[:2], ["tx1", "comment", "version"])
    again = SubjectMarks.objects.order_by("pk").values_list("tx1", "comment", "version")
    assert list(again) == [
        ("1.5", 'Tiến bộ, "chăm" {%s}', 2),
        ("2.5", 'Tiến bộ, "chăm" {%s}', 2),
        ("3", "", 1),
    ]


def test_a_text_too_long_is_refused_by_postgresql_not_cut_off():
    rows = _rows(1)
    bulk_insert(SubjectMarks, rows)
    row = SubjectMarks.objects.get()
    row.tx1 = "12345"
    if connection.vendor == "postgresql":
        with pytest.raises(DataError), transaction.atomic():
            bulk_update_rows(SubjectMarks, [row], ["tx1"])
        row.refresh_from_db()
        assert row.tx1 == "1"
    else:  # SQLite knows no lengths
        bulk_update_rows(SubjectMarks, [row], ["tx1"])
        assert SubjectMarks.objects.get().tx1 == "12345"
