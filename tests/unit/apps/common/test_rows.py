"""Rows worked out before their transaction arrive as Django's own inserts would write them."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.common.rows import Rows
from hocbaso.apps.ledger.models import LogEntry
from hocbaso.apps.transcripts.offline import places
from hocbaso.apps.transcripts.offline.models import StatusPlace

pytestmark = pytest.mark.django_db
LOG = "2025-2026"


def entry(number: int, **changes: object) -> LogEntry:
    content = {"log": LOG, "index": number, "entry": bytes([number, 0, 255]), "leaf_hash": "ab" * 32}
    return LogEntry(**content | {"type": "issue", "once": f"issue:{number}:1", "at": clock.now()} | changes)


def test_they_are_what_django_would_have_stored() -> None:
    at = clock.now()
    event = {"at": at, "actor": "Cô Hoàng Thị Mỹ", "action": "x", "details": {"tên": ["Đỗ", 1, None]}}
    Rows([Event(sequence=1, digest="1", previous="0", **event)]).insert()
    Event.objects.bulk_create([Event(sequence=2, digest="2", previous="0", **event)])
    first, second = (
        {k: v for k, v in row.items() if k not in ("sequence", "digest")} for row in Event.objects.values()
    )
    assert first == second
    Rows([entry(0, at=at)]).insert()
    row = LogEntry.objects.get()
    assert (row.pk > 0, bytes(row.entry), row.at, row.school_code) == (True, b"\x00\x00\xff", at, "")


def test_a_column_is_filled_in_and_some_are_left_out() -> None:
    rows = Rows(entry(number, index=-1) for number in range(3))
    rows.put("index", [7, -1, 9])
    assert rows.insert({0, 2}) == 2
    assert list(LogEntry.objects.values_list("index", "once")) == [(7, "issue:0:1"), (9, "issue:2:1")]
    assert Rows([]).insert() == rows.insert(set()) == 0


def test_more_than_one_statement_can_hold_are_inserted_in_order() -> None:
    assert (
        Rows(entry(number % 256, index=number, once=str(number)) for number in range(1200)).insert() == 1200
    )
    assert list(LogEntry.objects.order_by("pk").values_list("index", flat=True)) == list(range(1200))


def test_what_breaks_a_constraint_is_refused_or_passed_over() -> None:
    Rows([entry(0)]).insert()
    assert Rows([entry(0), entry(1)]).insert(pass_over=True) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Rows([entry(1)]).insert()
    assert LogEntry.objects.count() == 2


def test_a_place_that_somebody_took_meanwhile_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([5, 6, 6, 6, 8])
    monkeypatch.setattr(places.secrets, "randbelow", lambda _: next(drawn))
    lots = places.Lots([("HB-A", 1), ("HB-B", 1)], LOG)
    StatusPlace.objects.create(code="HB-C", version=1, list="2025-1", index=6)
    lots.take()
    found = dict(StatusPlace.objects.values_list("code", "index"))
    assert sorted(found) == ["HB-A", "HB-B", "HB-C"]
    assert sorted(found.values()) == [5, 6, 8]


def test_places_of_sheets_that_are_not_issued_are_not_taken() -> None:
    places.Lots([("HB-A", 1), ("HB-B", 1), ("HB-B", 2)], LOG).take({0, 2})
    assert set(StatusPlace.objects.values_list("code", "version")) == {("HB-A", 1), ("HB-B", 2)}
