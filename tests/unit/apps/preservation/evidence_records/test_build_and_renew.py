"""Records over issued sheets: once only, kill-safe, renewed by policy, derived sheet by sheet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.preservation.evidence_records import clockwork, queries, stamping
from hocbaso.apps.preservation.evidence_records.clockwork import work
from hocbaso.apps.preservation.evidence_records.derive import record_of
from hocbaso.apps.preservation.evidence_records.models import GivenUp, Leaf, Record, Stamp, Tree
from hocbaso.apps.preservation.evidence_records.use_cases import build as building
from hocbaso.apps.preservation.evidence_records.use_cases import renew as renewing
from hocbaso.apps.preservation.evidence_records.use_cases.build import build
from hocbaso.apps.preservation.evidence_records.use_cases.renew import renew
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew as renew_sheets
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.documents import export
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.errors import NotAllowed, NotFound, ServiceUnavailable
from hocbaso.engines.trust.longterm.policy import long_term_policy
from hocbaso.engines.trust.longterm.records import (
    RecordVerdict,
    objects_of_document,
    read_record,
    verify_record,
)
from tests.builders import YEAR
from tests.unit.engines.trust.longterm.records.world import policy
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


def judge(row: IssuedSheet, now: datetime | None = None) -> RecordVerdict:
    """The sheet's own record, over its exported file, under the node's own bundle."""
    record = read_record(record_of(row.pk, row.code).to_der())
    objects = objects_of_document(export([row])[0].xml)
    return verify_record(record, objects, trust_bundle([row]), now=now or clock.now())


def test_every_issued_sheet_is_proved_by_a_record_of_its_own() -> None:
    school = issued_school(3)
    done = build(SYSTEM, school=school.unit, year=YEAR)
    assert (done.added, done.sheets, done.stamped, done.refused) == (3, 3, True, [])
    verdicts = [judge(row) for row in IssuedSheet.objects.all()]
    assert [str(verdict.conclusion) for verdict in verdicts] == ["valid"] * 3
    assert {v.since for v in verdicts} == {Stamp.objects.get().at}
    told = Event.objects.get(action="records.built")
    assert (told.target, told.details["sheets"]) == (f"record:{done.record}", 3)
    found = queries.summary(school.unit)
    assert (found.issued, found.protected, found.waiting, found.alarms) == (3, 3, 0, ())
    assert [(line.sheets, line.time_stamps, line.due) for line in found.records] == [(3, 1, None)]


def test_a_sheet_stands_under_one_record_whoever_builds_again() -> None:
    school = issued_school(2)
    build(SYSTEM, school=school.unit)
    again = build(SYSTEM)  # the whole node
    assert (again.record, again.added, Record.objects.count()) == (None, 0, 1)
    leaf = Leaf.objects.first()
    assert leaf is not None
    record = Record.objects.create(opened_at=clock.now(), opened_by="x")
    tree = Tree.objects.create(record=record, number=0, algorithm="sha256", opened_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Leaf.objects.create(tree=tree, position=0, sheet_id=leaf.sheet_id, hashes=leaf.hashes, attempt=1)


def test_a_closed_tree_takes_no_leaf_and_no_row_changes() -> None:
    school = issued_school(1)
    build(SYSTEM, school=school.unit)
    leaf, stamp = Leaf.objects.get(), Stamp.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Leaf.objects.create(tree=leaf.tree, position=1, sheet_id=leaf.sheet_id, hashes=b"")
    for row in (leaf, stamp, leaf.tree, leaf.tree.record):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.delete()
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


def test_a_run_that_was_killed_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    school = issued_school(3)
    monkeypatch.setattr(building, "CHUNK", 1)
    store = building._store
    monkeypatch.setattr(building, "_store", lambda *a: store(*a) if not Leaf.objects.exists() else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build(SYSTEM, school=school.unit)
    assert (Leaf.objects.count(), Stamp.objects.count()) == (1, 0)
    monkeypatch.setattr(building, "_store", store)
    done = build(SYSTEM, school=school.unit)
    assert (done.added, done.sheets, done.stamped, Record.objects.count()) == (2, 3, True, 1)
    assert list(Leaf.objects.order_by("position").values_list("position", flat=True)) == [0, 1, 2]
    assert all(judge(row).since for row in IssuedSheet.objects.all())


def test_without_an_authority_the_record_waits_and_the_next_run_closes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    school = issued_school(1)
    silent = ServiceUnavailable("timestamp_unavailable", detail="down")

    def away(*_: object) -> None:
        raise silent

    monkeypatch.setattr(building, "ask_for_stamp", away)
    done = build(SYSTEM, school=school.unit)
    assert (done.stamped, done.problem) == (False, silent)
    row = IssuedSheet.objects.get()
    with pytest.raises(NotFound):
        record_of(row.pk, row.code)
    assert queries.summary(school.unit).unstamped == 1
    later = clock.now() + timedelta(days=2)
    assert [a.code for a in queries.summary(school.unit, now=later).alarms] == ["record_unstamped"]
    monkeypatch.undo()
    assert build(SYSTEM, school=school.unit).stamped
    assert str(judge(row).conclusion) == "valid"


def test_a_damaged_sheet_is_named_and_the_others_are_built() -> None:
    from hocbaso.apps.common.guards import suspended

    school = issued_school(3)
    row = IssuedSheet.objects.order_by("pk")[1]
    with suspended(connection):
        IssuedSheet.objects.filter(pk=row.pk).update(document=bytes(row.document)[:-3])
    done = build(SYSTEM, school=school.unit)
    assert (done.sheets, done.stamped) == (2, True)
    assert done.refused == [(f"{row.code} v1", "stored_bytes_damaged")]
    late = queries.summary(school.unit, now=clock.now() + timedelta(days=30))
    assert [alarm.code for alarm in late.alarms] == ["sheets_waiting"]


def test_nobody_of_a_school_builds_and_its_principal_may_take_it_away() -> None:
    from hocbaso.apps.accounts.door import require

    school = issued_school(1)
    with pytest.raises(NotAllowed):
        build(school.actor(Role.PRINCIPAL), school=school.unit)
    require(school.actor(Role.PRINCIPAL), "records.export", school.unit)
    with pytest.raises(NotAllowed):
        require(school.actor(Role.HOMEROOM, "3A"), "records.export", school.unit)


# --- renewal -----------------------------------------------------------------------------------------------


def _policy(monkeypatch: pytest.MonkeyPatch, **ends: date) -> None:
    changed = policy(**ends)
    for module in (renewing, building, queries):
        monkeypatch.setattr(module, "long_term_policy", lambda on: changed)


def test_nothing_is_renewed_before_it_is_due() -> None:
    school = issued_school(1)
    build(SYSTEM, school=school.unit)
    assert renew(SYSTEM) == []


def test_both_ways_of_renewal_keep_every_sheet_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    issued_school(3)
    build(SYSTEM)
    begun = clock.now()
    with clock.standing_at(begun + timedelta(days=1)):
        [once] = renew(SYSTEM, way="time_stamp")
        assert (once.problem, once.sheets) == (None, 3)
        assert [str(judge(row).conclusion) for row in IssuedSheet.objects.all()] == ["valid"] * 3
    with clock.standing_at(begun + timedelta(days=2)):
        _policy(monkeypatch, sha256=(begun + timedelta(days=300)).date())
        [again] = renew(SYSTEM)
        assert (again.way, again.reason, again.problem, again.sheets) == (
            "hash_tree",
            "algorithm_ends",
            None,
            3,
        )
        for row in IssuedSheet.objects.all():
            verdict = judge(row)
            assert str(verdict.conclusion) == "valid"
            assert [stamp.algorithm for stamp in verdict.stamps] == ["sha256", "sha256", "sha512"]
            assert all(first.time < second.time for first, second in pairwise(verdict.stamps))
    with clock.standing_at(begun + timedelta(days=3)):
        # The authority itself still signs with the hash that ends: told, and tried again.
        assert [one.problem.code for one in renew(SYSTEM) if one.problem] == ["record_no_gain"]
    line = queries.summary().records[0]
    assert (line.trees, line.algorithm, line.sheets) == (2, "sha512", 3)
    assert Event.objects.filter(action="records.renewed").count() == 2


def test_a_renewal_without_gain_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    issued_school(1)
    build(SYSTEM)
    end = clock.now() + timedelta(days=100)
    _policy(monkeypatch, p256=end.date())
    with clock.standing_at(end - timedelta(days=60)):
        [done] = renew(SYSTEM)
    assert done.problem is not None
    assert (done.problem.code, Stamp.objects.count()) == ("record_no_gain", 1)
    soon = queries.summary(now=end - timedelta(days=10))
    assert [alarm.code for alarm in soon.alarms] == ["record_ends_soon"]


def test_a_new_tree_that_was_killed_goes_on_and_leaves_out_what_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hocbaso.apps.common.guards import suspended

    school = issued_school(3)
    build(SYSTEM)
    monkeypatch.setattr(renewing, "CHUNK", 1)
    whole = renewing._members
    calls: list[int] = []

    def dying(*given: object) -> object:
        calls.append(1)
        return whole(*given) if len(calls) < 2 else 1 / 0  # type: ignore[arg-type]

    monkeypatch.setattr(renewing, "_members", dying)
    with pytest.raises(ZeroDivisionError):
        renew(SYSTEM, way="hash_tree")
    assert Leaf.objects.filter(tree__number=1).count() == 1
    monkeypatch.setattr(renewing, "_members", whole)
    row = IssuedSheet.objects.order_by("pk")[2]
    with suspended(connection):
        IssuedSheet.objects.filter(pk=row.pk).update(document=bytes(row.document)[:-3])
    with clock.standing_at(clock.now() + timedelta(days=1)):
        [done] = renew(SYSTEM)  # begun means due
    assert (done.sheets, done.lost) == (2, [(f"{row.code} v1", "stored_bytes_damaged")])
    assert Tree.objects.count() == 2
    found = queries.summary(school.unit)
    assert (found.records[0].trees, found.protected, found.unstamped) == (2, 2, 0)  # the lost one is told
    assert [alarm.code for alarm in found.alarms] == ["sheets_left_out"]
    later = clock.now() + timedelta(days=1)
    intact = IssuedSheet.objects.order_by("pk")[:2]
    assert [judge(one, later).fault for one in intact] == [None, None]


def test_an_ended_record_is_replaced_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    issued_school(1)
    build(SYSTEM)
    after = Stamp.objects.get().at + timedelta(days=2)
    _policy(monkeypatch, p256=Stamp.objects.get().at.date())
    with clock.standing_at(after):
        [done] = renew(SYSTEM)
        assert done.problem is not None
        assert done.problem.code == "record_already_ended"
        assert [alarm.code for alarm in queries.summary().alarms] == ["record_ended"]
        assert build(SYSTEM).added == 0
        [replaced] = renew(SYSTEM, replace_ended=True)
        assert replaced.problem is None
        assert (GivenUp.objects.count(), renew(SYSTEM), queries.summary().alarms) == (1, [], ())
        fresh = build(SYSTEM)
        assert (fresh.added, fresh.stamped) == (1, True)
    assert list(Leaf.objects.order_by("attempt").values_list("attempt", flat=True)) == [1, 2]


def test_the_validation_data_of_a_stamp_go_with_its_renewal() -> None:
    issued_school(1)
    build(SYSTEM)
    with clock.standing_at(clock.now() + timedelta(days=1)):
        renew(SYSTEM, way="time_stamp")
    row = IssuedSheet.objects.get()
    record = record_of(row.pk, row.code)
    assert record.crls
    assert long_term_policy(clock.today())
    assert stamping.gather_for(key_provider(), Stamp.objects.earliest("pk"), clock.now()).crls


def test_validation_data_stand_in_the_group_and_later_stamps_do_not_disturb_it() -> None:
    issued_school(1)
    row = IssuedSheet.objects.get()
    assert extend(SYSTEM).done == 1
    build(SYSTEM)
    kinds = {item.kind for item in judge(row).objects if item.protected}
    assert {"document", "time_stamp", "certificate", "crl"} <= kinds
    with clock.standing_at(clock.now() + timedelta(days=1)):
        assert renew_sheets(SYSTEM, early=True).done == 1
        objects = judge(row).objects
        assert [item.kind for item in objects if not item.protected][-1] == "archive_time_stamp"
        assert judge(row).fault is None
        [done] = renew(SYSTEM, way="hash_tree")
        assert (done.problem, done.lost, judge(row).fault) == (None, [], None)


def test_two_who_build_at_once_never_put_a_sheet_under_two_records(monkeypatch: pytest.MonkeyPatch) -> None:
    school = issued_school(3)
    first = IssuedSheet.objects.order_by("pk").first()
    assert first is not None
    reading = building.with_objects

    def beside(rows: object, refused: object) -> object:
        """Somebody builds over the same sheets after they were chosen and before they are stored."""
        monkeypatch.setattr(building, "with_objects", reading)
        assert build(SYSTEM, year=YEAR, most=1).added == 1
        return reading(rows, refused)  # type: ignore[arg-type]

    monkeypatch.setattr(building, "with_objects", beside)
    done = build(SYSTEM, school=school.unit)
    assert (done.added, done.stamped, Record.objects.count()) == (2, True, 2)
    assert Leaf.objects.filter(sheet=first.pk).count() == 1
    assert all(judge(row).fault is None for row in IssuedSheet.objects.all())


# --- the night ---------------------------------------------------------------------------------------------


def test_the_worker_builds_once_a_night_and_waits_for_validation_data() -> None:
    issued_school(1)
    midnight = (clock.now() + timedelta(days=1)).astimezone(clock.VIETNAM).replace(hour=2, minute=0)
    with clock.standing_at(midnight.replace(hour=12)):
        assert work(SYSTEM) is None
    with clock.standing_at(midnight):
        night = work(SYSTEM)
        assert night is not None
        assert (night.built, night.problem) == (0, "")  # issued yesterday, no validation data yet
    with clock.standing_at(midnight + timedelta(minutes=5)):
        assert work(SYSTEM) is None
    with clock.standing_at(midnight + timedelta(days=20)):
        night = work(SYSTEM)
        assert night is not None
        assert (night.built, Stamp.objects.count()) == (1, 1)


def test_a_night_that_was_killed_or_unanswered_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    night = (clock.now() + timedelta(days=30)).astimezone(clock.VIETNAM).replace(hour=1, minute=0)
    with clock.standing_at(night):
        monkeypatch.setattr(clockwork, "build", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            work(SYSTEM)
        assert work(SYSTEM) is None
    monkeypatch.undo()
    with clock.standing_at(night + timedelta(hours=2)):
        again = work(SYSTEM)
        assert again is not None
        assert again.finished_at is not None
