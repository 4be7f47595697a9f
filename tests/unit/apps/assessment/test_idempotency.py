"""A batch that comes again is answered from the first time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.models import User
from hocbaso.apps.assessment import idempotency
from hocbaso.apps.assessment.idempotency import KEPT, SavedBatch, once
from hocbaso.apps.common import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return User.objects.create(username="hoa", full_name="Phạm Thị Khánh Hòa")


def counting(done: list[int]):
    def work(keep) -> None:
        done.append(1)
        keep({"n": len(done)})

    return work


def test_the_same_key_is_done_once(user):
    done: list[int] = []
    assert [once(user, "k", "1:toan:cn", counting(done)) for _ in range(3)] == [{"n": 1}] * 3
    assert len(done) == 1


def test_another_person_page_or_key_is_another_batch(user):
    done: list[int] = []
    other = User.objects.create(username="hanh", full_name="Lý Thị Mỹ Hạnh")
    for who, key, page in ((user, "a", "p"), (user, "b", "p"), (user, "a", "q"), (other, "a", "p")):
        once(who, key, page, counting(done))
    once(user, "", "p", counting(done))  # no key: done as often as it is sent
    once(user, "", "p", counting(done))
    assert len(done) == 6


def test_of_two_that_arrive_together_the_later_is_undone_and_gets_the_earlier_answer(user):
    def work(keep) -> None:
        User.objects.create(username="mark", full_name="what the second one wrote")
        SavedBatch.objects.create(user=user, key="k", page="p", answer={"n": 1}, at=clock.now())  # the first
        keep({"n": 2})

    known = iter([None, {"n": 1}])
    patch = pytest.MonkeyPatch()
    patch.setattr(idempotency, "_known", lambda *_a: next(known))
    try:
        assert once(user, "k", "p", work) == {"n": 1}
    finally:
        patch.undo()
    assert not User.objects.filter(username="mark").exists()


def test_a_breach_of_another_rule_is_not_taken_for_a_repetition(user):
    def work(keep) -> None:
        with transaction.atomic():
            User.objects.create(username="hoa", full_name="Tên trùng")
        keep({})

    with pytest.raises(IntegrityError):
        once(user, "k", "p", work)


def test_old_answers_go(user, monkeypatch):
    monkeypatch.setattr(idempotency, "_PURGE_EVERY", 1)
    old = clock.now() - KEPT - timedelta(days=1)
    SavedBatch.objects.create(user=user, key="old", page="p", answer={}, at=old)
    once(user, "new", "p", lambda keep: keep({}))
    assert list(SavedBatch.objects.values_list("key", flat=True)) == ["new"]
