"""What must not happen in decades: starvation, two workers who undo each other, a clock that was wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.preservation import clockwork, sources
from hocbaso.apps.preservation.models import ArchiveTimeStamp, Setback, StampValidation
from hocbaso.apps.preservation.use_cases import prove as proving
from hocbaso.apps.preservation.use_cases import renew as renewing
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import FreshStamp, IssuedSheet
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.verification import verify_document
from hocbaso.engines.trust.xades import NO_DATA
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()


def _all_verify() -> bool:
    rows = list(IssuedSheet.objects.order_by("sheet"))
    bundle = trust_bundle(rows)
    return all(verify_document(one.xml, bundle, now=clock.now()).valid for one in documents.export(rows))


class _Provider:
    """The node's provider, but the first sheet's stamp is refused."""

    def __init__(self) -> None:
        self.asked = 0

    def stamper(self):
        return self

    def stamp(self, imprint: bytes) -> bytes:
        self.asked += 1
        if self.asked == 1:
            raise DomainError("timestamp_untrusted", tsa="x")
        return sources.key_provider().stamper().stamp(imprint)


def test_sheets_that_fail_again_and_again_keep_no_other_sheet_waiting(monkeypatch) -> None:
    """A round takes so many; those at the front that rest must not fill it, round after round."""
    issued_school(3)
    extend(OPERATOR)
    provider = _Provider()
    monkeypatch.setattr(renewing, "key_provider", lambda: provider)
    first = renew(OPERATOR, limit=1, patient=True, early=True)
    assert (first.done, first.failed, first.more) == (0, 1, True)
    assert renew(OPERATOR, limit=1, patient=True, early=True).done == 1
    assert renew(OPERATOR, limit=1, patient=True, early=True).done == 1
    left = renew(OPERATOR, patient=True, early=True)
    assert (left.done, left.failed, left.more) == (0, 0, False)
    Setback.objects.update(last_at=clock.now() + timedelta(days=365))  # the clock was wrong when it failed
    assert renew(OPERATOR, patient=True, early=True).done == 1
    assert not Setback.objects.exists()


def test_a_round_with_one_failure_is_followed_by_the_next_at_once(monkeypatch) -> None:
    """An hour's pause after each round that is not perfect would not end within the time there is."""
    rounds: list[str] = []

    def one(_actor, **_):
        rounds.append("renew")
        return renewing.Outcome(done=199, failed=1, more=len(rounds) < 3)

    monkeypatch.setattr(clockwork, "renew", one)
    monkeypatch.setattr(clockwork, "_looked", clockwork._Looked())
    for _ in range(5):
        clockwork.work(OPERATOR)
    assert len(rounds) == 3


def test_between_two_looks_at_everything_the_worker_has_its_list(monkeypatch) -> None:
    """With a million sheets, a look at all of them every 20 seconds would be the worker's main work."""
    asked: list[bool] = []

    def watched(*given, **named):
        asked.append(named["fresh"])
        return extend(*given, **named)

    monkeypatch.setattr(clockwork, "extend", watched)
    monkeypatch.setattr(clockwork, "_looked", clockwork._Looked())
    clockwork.work(OPERATOR)
    issued_school(3)
    assert FreshStamp.objects.count() == 3
    FreshStamp.objects.first().delete()  # whoever lost the list loses no sheet
    assert (clockwork.work(OPERATOR), clockwork.work(OPERATOR)) == (2, 0)
    assert not FreshStamp.objects.exists()
    with clock.standing_at(clock.now() + timedelta(minutes=61)):
        assert clockwork.work(OPERATOR) == 1
    with clock.standing_at(clock.now() - timedelta(days=3)):  # the clock was wrong
        clockwork.work(OPERATOR)
    assert asked == [False, True, True, False, False]


def test_nothing_comes_under_a_stamp_after_it_was_made(monkeypatch) -> None:
    """Two workers: while one stamps over the data that it gathered, the other stores different data there."""
    issued_school(1)
    extend(OPERATOR)
    renew(OPERATOR, early=True)
    real = proving.prove_newest
    monkeypatch.setattr(proving, "prove_newest", lambda *_: pytest.fail("not here"))
    sheet = IssuedSheet.objects.get().sheet_id

    def meanwhile(document, unsigned, source, policy):
        data = real(document, unsigned, source, policy)
        proving.store_proofs([(sheet, 1, NO_DATA)], clock.now())
        return data

    monkeypatch.setattr(proving, "_prove_chunk", lambda *_: None)
    monkeypatch.setattr(renewing, "prove_newest", meanwhile)
    monkeypatch.setattr(renewing.LongTermPolicy, "renewal_reason", lambda *_: "tsa_ends")
    monkeypatch.setattr(renewing, "timedelta", lambda **_: timedelta())
    assert renew(OPERATOR).done == 0  # what it stamped over is not what stands there
    assert renew(OPERATOR).done == 1  # with nothing under the stamp, as it is stored now
    assert StampValidation.objects.count() == 1
    assert _all_verify()


def test_what_validates_a_stamp_is_never_stored_behind_the_next_one(monkeypatch) -> None:
    issued_school(1)
    extend(OPERATOR)
    renew(OPERATOR, early=True)
    real = proving.prove_newest

    def meanwhile(document, unsigned, source, policy):
        data = real(document, unsigned, source, policy)
        row = ArchiveTimeStamp.objects.get()
        row.pk, row.number = None, 2
        row.save(force_insert=True)
        return data

    monkeypatch.setattr(proving, "prove_newest", meanwhile)
    assert renew(OPERATOR).reasons == {}
    assert not StampValidation.objects.exists()


def test_an_issued_sheet_outlives_the_belief_in_its_root(monkeypatch) -> None:
    """2060: the roots of 2026 are believed no more; a bundle of that day still says when they were."""
    issued_school(1)
    extend(OPERATOR)
    today = sources.key_provider().trust()
    assert _all_verify()
    last = clock.now() + timedelta(days=1)
    former = tuple(replace(root, ends=last) for root in today.anchors)

    class Later:
        def trust(self):
            return replace(today, anchors=(), former=former)

    monkeypatch.setattr("hocbaso.apps.transcripts.use_cases.trust_bundle.key_provider", Later)
    with clock.standing_at(last + timedelta(days=30)):
        assert _all_verify()


def test_a_stamp_whose_authority_answers_no_more_is_renewed_without_its_data_before_it_ends(
    monkeypatch,
) -> None:
    """The issuer of the authority is gone: months before the end it is waited for, near the end no more."""
    issued_school(1)
    extend(OPERATOR)
    renew(OPERATOR, early=True)

    def gone(*_):
        raise DomainError("validation_no_answer", name="x")

    for module in (proving, renewing):
        monkeypatch.setattr(module, "prove_newest", gone)
    monkeypatch.setattr(renewing, "timedelta", lambda **days: timedelta() if days["days"] == 90 else span)
    monkeypatch.setattr(renewing.LongTermPolicy, "renewal_reason", lambda *_: "tsa_ends")
    span = timedelta(days=60)
    assert renew(OPERATOR).reasons == {"validation_no_answer": 1}
    span = timedelta(days=36500)  # as if it ended soon
    assert renew(OPERATOR).reasons == {"tsa_ends": 1}
    assert (ArchiveTimeStamp.objects.count(), StampValidation.objects.count()) == (2, 0)
    assert _all_verify()
