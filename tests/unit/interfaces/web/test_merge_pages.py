"""The page of a merge: what was asked about taking it apart, and what was answered."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.matching.models import UndoRequest
from hocbaso.apps.matching.use_cases.cases import decide
from tests.unit.apps.matching.test_merge import case_of, twice
from tests.unit.interfaces.web.sheets import text

pytestmark = pytest.mark.django_db


def test_a_refused_wish_is_told_with_the_reason_of_whoever_refused(inside):
    school, kept, _gone, pair = twice()
    case = case_of(school, kept, pair)
    decide(school.actor(Role.PRINCIPAL), case, agree=True)
    url = reverse("web:merge-case", args=[case.number])
    clerk, principal = (inside(school.actor(role).assignment) for role in (Role.DATA_CLERK, Role.PRINCIPAL))
    asked = clerk.post(url, {"viec": "tach", "ghi-chu": "Hai em sinh đôi"}, follow=True)
    assert "Duyệt tách lại" not in text(asked)
    assert "Đề nghị tách lại" in (todo := text(principal.get(reverse("web:duplicates"))))
    assert url in todo
    assert "Duyệt tách lại" in text(principal.get(url))
    assert clerk.post(url, {"viec": "tach-dong-y"}).status_code == 403
    principal.post(url, {"viec": "tach-khong", "ghi-chu": "Đã hỏi gia đình: một em"})
    assert UndoRequest.objects.get().state == "refused"
    assert url not in text(principal.get(reverse("web:duplicates")))
    page = text(clerk.get(url))
    assert "không được duyệt (Đã hỏi gia đình: một em)" in page
    assert "Hai em sinh đôi" not in page
