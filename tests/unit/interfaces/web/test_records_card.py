"""The card about evidence records on ``/truong/luu-tru/``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.preservation.evidence_records.use_cases.build import build
from tests.unit.interfaces.web.sheets import issued_school, text

pytestmark = pytest.mark.django_db
PAGE = "/truong/luu-tru/"


def test_a_principal_reads_how_many_sheets_a_record_keeps_and_until_when(inside) -> None:
    school = issued_school(2)
    post = school.actor(Role.PRINCIPAL).assignment
    page = text(inside(post).get(PAGE))
    assert "Bản ghi bằng chứng" in page
    assert "Chưa có bản ghi nào" in page
    with clock.standing_at(clock.now() + timedelta(days=40)):
        assert "mà chưa nằm trong bản ghi bằng chứng nào" in text(inside(post).get(PAGE))
    build(Actor.system())
    page = text(inside(post).get(PAGE))
    assert "Có giá trị đến ngày" in page
    assert "Chưa có bản ghi nào" not in page
