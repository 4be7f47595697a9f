"""Who comes first decides, and nobody slips through between two looks.

Two connections on PostgreSQL; SQLite has one writer anyhow, so there the second one comes afterwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.entries import Answer, Door, Entry, Saved, Sort
from hocbaso.apps.assessment.models import ResultChange
from hocbaso.apps.assessment.use_cases.record_results import record
from hocbaso.apps.common import clock
from hocbaso.apps.periods.models import CaseState, ColumnLock, EntryPeriod, UnlockCase
from hocbaso.apps.periods.use_cases.decide_unlock_case import decide_unlock_case, relock
from hocbaso.apps.periods.use_cases.open_unlock_case import open_unlock_case
from hocbaso.apps.periods.use_cases.set_period import close_period, set_period
from hocbaso.apps.transcripts.use_cases import close_class as closing
from hocbaso.core.errors import DomainError
from tests.builders import YEAR
from tests.secondary import finished_secondary_class, make_secondary_school
from tests.unit.apps.periods.test_lock_guard import case_in_force
from tests.unit.apps.periods.world import World

pytestmark = pytest.mark.django_db(transaction=True)


class Beside:
    """Work on another connection; on PostgreSQL it starts at once."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.outcome: list[object] = []
        self.thread = threading.Thread(target=self._run, args=(work,))
        self.started = connection.vendor == "postgresql"
        if self.started:
            self.thread.start()
            self._until_it_waits()

    def _until_it_waits(self) -> None:
        """Until the server says that a lock is asked for and not given."""
        end = time.monotonic() + 60
        with connection.cursor() as cursor:
            while True:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    return
                assert self.outcome == [], "it should wait"
                assert time.monotonic() < end, "it neither waits nor ends"
                time.sleep(0.02)

    def _run(self, work: Callable[[], object]) -> None:
        try:
            self.outcome.append(work())
        except Exception as error:
            self.outcome.append(error)
        finally:
            connection.close()

    def ended(self) -> object:
        """What came of it, once the other transaction is over."""
        if not self.started:
            self.thread.start()
        self.thread.join(60)
        return self.outcome[0]


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def save(world: World, value: str) -> list[Answer]:
    entry = Entry(world.first.pk, Sort.MARKS, {"tx2": value}, "toan", "hk1")
    return record(world.teacher, [entry], door=Door.SCREEN, source="screen")


def period(world: World) -> EntryPeriod:
    now = clock.now()
    return set_period(
        world.principal,
        unit=world.unit,
        school_year=YEAR,
        school_class=world.secondary,
        moment="hk1",
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=1),
    )


def test_closing_a_period_waits_for_the_save_under_way(world: World) -> None:
    made = period(world)
    with transaction.atomic():
        assert save(world, "9")[0].state is Saved.SAVED
        closer = Beside(lambda: close_period(world.principal, period=made, reason="Xong"))
    closed = closer.ended()
    assert isinstance(closed, EntryPeriod), closed
    assert ResultChange.objects.get().at <= closed.closes_at
    assert save(world, "8")[0].state is Saved.LOCKED


def test_a_save_waits_for_the_closing_under_way_and_finds_it_locked(world: World) -> None:
    made = period(world)
    with transaction.atomic():
        close_period(world.principal, period=made, reason="Xong")
        saver = Beside(lambda: save(world, "9")[0].state)
    assert saver.ended() is Saved.LOCKED
    assert ColumnLock.objects.filter(school_class=world.secondary).exists()


def test_locking_again_waits_for_the_save_under_way(world: World) -> None:
    world.lock()
    case = case_in_force(world)
    with transaction.atomic():
        assert save(world, "9")[0].state is Saved.SAVED
        closer = Beside(lambda: relock(world.principal, case=case, note="Xong").state)
    assert closer.ended() == CaseState.CLOSED
    assert save(world, "8")[0].state is Saved.LOCKED
    assert ResultChange.objects.get().case_number == case.number


def test_no_case_is_allowed_while_its_class_is_being_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    school = make_secondary_school()
    (enrolment,) = finished_secondary_class(school, "6A1", 1)
    in_class, now = school.classes["6A1"], clock.now()
    over = EntryPeriod.objects.create(
        unit=school.unit,
        school_year=YEAR,
        opens_at=now - timedelta(days=2),
        closes_at=now - timedelta(days=1),
        made_at=now,
        made_by="test",
    )
    ColumnLock.objects.create(
        school_class=in_class, moment="hk1", closed_at=over.closes_at, period=over, made_at=now
    )
    case = open_unlock_case(
        school.actor(Role.HOMEROOM, "6A1"),
        school_class=in_class,
        part="toan",
        moment="hk1",
        enrolments=[enrolment],
        why="Nhầm",
        minutes="Sửa",
        until=now + timedelta(hours=2),
    )
    principal, beside, make = school.actor(Role.PRINCIPAL), [], closing._make

    def meanwhile(*args: object, **options: object) -> object:
        beside.append(Beside(lambda: decide_unlock_case(principal, case=case, grant=True)))
        return make(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(closing, "_make", meanwhile)
    done = closing.close_class(principal, school_class=in_class)
    assert done.closed == 1, done.blocked
    refusal = beside[0].ended()
    assert isinstance(refusal, DomainError), refusal
    assert refusal.code == "unlock_sheets_in_signing"
    assert UnlockCase.objects.get().state == CaseState.REQUESTED
