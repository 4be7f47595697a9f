"""Two who renew at once, and names of files: what would break a record for ever."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.preservation.evidence_records import clockwork
from hocbaso.apps.preservation.evidence_records.clockwork import work
from hocbaso.apps.preservation.evidence_records.derive import record_of
from hocbaso.apps.preservation.evidence_records.models import Round, Stamp, Tree
from hocbaso.apps.preservation.evidence_records.use_cases import build as building
from hocbaso.apps.preservation.evidence_records.use_cases import renew as renewing
from hocbaso.apps.preservation.evidence_records.use_cases.build import build
from hocbaso.apps.preservation.evidence_records.use_cases.hand_out import hand_out
from hocbaso.apps.preservation.evidence_records.use_cases.renew import renew
from hocbaso.apps.transcripts.documents import export
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.longterm.records import objects_of_document, read_record, verify_record
from tests.builders import YEAR
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


def _fault(row: IssuedSheet) -> str | None:
    record = read_record(record_of(row.pk, row.code).to_der())
    objects = objects_of_document(export([row])[0].xml)
    return verify_record(record, objects, trust_bundle([row]), now=clock.now()).fault


@pytest.mark.parametrize("second", ["time_stamp", "hash_tree"])
def test_what_comes_between_question_and_answer_of_a_renewal_is_not_overtaken(
    monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    """The leaves of a new tree hash every stamp so far: a stamp that came in later would fit no leaf."""
    issued_school(1)
    build(SYSTEM)
    asked = renewing.ask_for_stamp
    with clock.standing_at(clock.now() + timedelta(days=1)):

        def meanwhile(*given: object) -> object:
            monkeypatch.setattr(renewing, "ask_for_stamp", asked)
            renew(SYSTEM, way=second)
            return asked(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(renewing, "ask_for_stamp", meanwhile)
        renew(SYSTEM, way="time_stamp")
    assert (Stamp.objects.count(), Tree.objects.count()) == (2, 1 if second == "time_stamp" else 2)
    with clock.standing_at(clock.now() + timedelta(days=2)):
        assert _fault(IssuedSheet.objects.get()) is None


def test_a_tree_that_somebody_closed_meanwhile_takes_nothing_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issued_school(2)
    monkeypatch.setattr(building, "CHUNK", 1)
    store = building._store

    def meanwhile(tree: Tree, hashes: dict[int, bytes]) -> int | None:
        done = store(tree, hashes)
        monkeypatch.setattr(building, "_store", store)
        building.close_tree(SYSTEM, tree, "built")
        return done

    monkeypatch.setattr(building, "_store", meanwhile)
    assert (build(SYSTEM).added, Stamp.objects.count()) == (1, 1)
    assert (build(SYSTEM).added, Stamp.objects.count()) == (1, 2)


def test_a_pupils_sheets_of_two_years_do_not_overwrite_each_other(tmp_path: Path) -> None:
    school = issued_school(1)
    build(SYSTEM)
    code = IssuedSheet.objects.get().sheet.pupil.code
    one = hand_out(Actor.operator(), school=school.unit, year=YEAR, out=tmp_path)
    every = hand_out(Actor.operator(), school=school.unit, year="", out=tmp_path)
    assert [index["sheets"][0]["document"] for index in (one, every)] == [f"{code}.xml", f"{code}.{YEAR}.xml"]


def test_a_night_that_lies_in_the_future_keeps_no_night_from_its_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock was ten years ahead for one night: renewals must not wait ten years."""
    night = clock.now().astimezone(clock.VIETNAM).replace(hour=2)
    Round.objects.create(begun_at=night + timedelta(days=3650), finished_at=night + timedelta(days=3650))
    monkeypatch.setattr(clockwork, "build", lambda *_, **__: building.Built())
    with clock.standing_at(night):
        assert work(SYSTEM) is not None
        assert work(SYSTEM) is None


def test_a_record_is_renewed_before_its_end_even_when_nobody_answers_for_its_authority(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issued_school(1)
    build(SYSTEM)

    def gone(*_: object) -> object:
        raise DomainError("validation_no_answer", name="x")

    monkeypatch.setattr(renewing, "gather_for", gone)
    with clock.standing_at(clock.now() + timedelta(days=1)):
        [waits] = renew(SYSTEM, way="time_stamp")
        assert waits.problem is not None
        assert waits.problem.code == "validation_no_answer"
        monkeypatch.setattr(renewing, "end_of_stamp", lambda *_: clock.now() + timedelta(days=59))
        [done] = renew(SYSTEM, way="time_stamp")
        assert done.problem is None
    with clock.standing_at(clock.now() + timedelta(days=2)):
        assert _fault(IssuedSheet.objects.get()) is None
