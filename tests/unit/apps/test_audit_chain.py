"""The audit chain: append-only, chained, and a changed event is found."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.db import IntegrityError, connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import broken_links, record
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock, guards
from hocbaso.apps.organisations.models import DatedSetting, Organisation
from tests.builders import START, make_school
from tests.two_connections import Beside

pytestmark = pytest.mark.django_db


def _three() -> None:
    for number in range(3):
        record(Actor.operator(), "test.happened", f"thing:{number}", note="Đã đổi")


def test_events_form_a_chain() -> None:
    _three()
    events = list(Event.objects.order_by("sequence"))
    assert [e.sequence for e in events] == [1, 2, 3]
    assert [e.previous for e in events[1:]] == [e.digest for e in events[:2]]
    assert broken_links() == []


def test_the_database_refuses_to_change_or_delete_an_event() -> None:
    _three()
    for change in (lambda: Event.objects.update(action="other"), lambda: Event.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


@pytest.mark.parametrize("column", ["actor", "action", "target", "organisation", "role"])
def test_an_event_altered_behind_our_back_is_named(column: str) -> None:
    _three()
    with guards.suspended(connection):
        Event.objects.filter(sequence=2).update(**{column: "khác"})
    assert any("Sự kiện 2" in finding for finding in broken_links())


def test_a_removed_event_is_missed() -> None:
    _three()
    with guards.suspended(connection):
        Event.objects.filter(sequence=2).delete()
    assert any("Sự kiện 2" in finding for finding in broken_links())


def test_the_hashed_text_is_one_json_object_with_sorted_keys() -> None:
    """Whoever checks the chain elsewhere needs no more (PostgreSQL puts the text together itself)."""
    event = record(Actor.operator(), "test.happened", 'lớp "6A"\\n', organisation="79000101", z=1, a="ô {%s}")
    event = Event.objects.get(pk=event.sequence)
    content = {
        name: getattr(event, name)
        for name in ("sequence", "actor", "role", "channel", "organisation", "action", "target", "details")
    }
    content |= {"at": clock.iso_seconds(event.at), "previous": event.previous}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert event.digest == hashlib.sha256(text.encode()).hexdigest()
    assert broken_links() == []


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_row_while_others_wait_for_the_chain() -> None:
    """A row that names a school is checked when its transaction ends; whoever holds the school and wants the
    chain would wait for ever for one who holds the chain."""
    unit = make_school().unit

    def names_it() -> None:
        with transaction.atomic():
            DatedSetting.objects.create(organisation=unit, key="x", value="y", valid_from=START)
            record(Actor.operator(), "test.second")

    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=unit.pk)
        other = Beside(names_it)
        record(Actor.operator(), "test.first")
    assert other.ended() is None
    assert list(Event.objects.order_by("-sequence").values_list("action", flat=True)[:2]) == [
        "test.second",
        "test.first",
    ]
    assert broken_links() == []
