"""Issued sheets reach B-LT and B-LTA: nothing twice, nothing lost, the export holds the best level."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.preservation import sources
from hocbaso.apps.preservation.models import (
    ArchiveTimeStamp,
    LongTermSheet,
    Setback,
    SetItem,
    ValidationItem,
)
from hocbaso.apps.preservation.standing import standing
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import NotAllowed
from hocbaso.engines.trust.verification import verify_document
from hocbaso.engines.trust.xades import read_signature
from tests.unit.interfaces.web.sheets import issued_school

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()


def _rows() -> list[IssuedSheet]:
    return list(IssuedSheet.objects.order_by("sheet"))


def _seal(xml: bytes):
    return read_signature(split_document(xml).signatures[-1])


def test_sheets_reach_b_lt_and_b_lta_and_stay_valid() -> None:
    school = issued_school(3)
    before = [one.xml for one in documents.export(_rows())]

    assert extend(OPERATOR, school=school.unit).done == 3
    assert extend(OPERATOR, school=school.unit).done == 0
    assert renew(OPERATOR, school=school.unit).done == 0  # nothing ends soon
    assert renew(OPERATOR, school=school.unit, early=True).reasons == {"asked": 3}
    assert renew(OPERATOR, school=school.unit, early=True).done == 0

    bundle = trust_bundle(_rows())
    for old, new in zip(before, documents.export(_rows()), strict=True):
        verdict = verify_document(new.xml, bundle, now=clock.now())
        assert verdict.valid, verdict.reason
        unsigned = _seal(new.xml).unsigned
        assert unsigned.certificates
        assert unsigned.crls or unsigned.ocsps
        assert len(unsigned.archive) == 1
        assert split_document(old).sheet == split_document(new.xml).sheet
    assert standing(IssuedSheet.objects.all()).levels == {"B-B": 0, "B-T": 0, "B-LT": 0, "B-LTA": 3}
    assert {e.action for e in Event.objects.filter(action__startswith="preservation.")} == {
        "preservation.extended",
        "preservation.renewed",
    }


def test_lists_and_chains_are_kept_once_for_all_sheets() -> None:
    issued_school(3)
    extend(OPERATOR)
    assert ValidationItem.objects.count() == len({i.digest for i in ValidationItem.objects.all()})
    sets = {row.signers_id for row in LongTermSheet.objects.all()}
    assert len(sets) == 1  # one class, one second or not: the same signers, the same lists
    assert SetItem.objects.filter(set__in=sets).count() <= 8


def test_a_run_that_breaks_off_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    issued_school(3)
    assert extend(OPERATOR, limit=1).done == 1
    with pytest.raises(RuntimeError), monkeypatch.context() as patched:
        patched.setattr(sources, "key_provider", _broken)
        extend(OPERATOR)
    assert LongTermSheet.objects.count() == 1
    assert extend(OPERATOR).done == 2
    assert renew(OPERATOR, early=True, limit=2).done == 2
    assert renew(OPERATOR, early=True).done == 1
    assert sorted(ArchiveTimeStamp.objects.values_list("number", flat=True)) == [1, 1, 1]


def _broken():
    raise RuntimeError("killed")


def test_rows_of_the_archive_cannot_be_changed() -> None:
    issued_school(1)
    extend(OPERATOR)
    renew(OPERATOR, early=True)
    now = clock.now()
    changes = {
        ValidationItem: {"at": now},
        SetItem: {"position": 99},
        LongTermSheet: {"at": now},
        ArchiveTimeStamp: {"at": now},
    }
    for model, change in changes.items():
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.all()._raw_delete("default")


def test_old_answers_wait_and_are_taken_only_after_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    issued_school(1)
    issued_at = IssuedSheet.objects.get().issued_at
    provider = sources.key_provider()
    old = provider.authority.crls(issued_at - timedelta(hours=2))
    from cryptography.hazmat.primitives.serialization import Encoding

    from hocbaso.apps.signing.ports import Trust

    stale = Trust(
        provider.trust().anchors,
        provider.trust().intermediates,
        tuple(crl.public_bytes(Encoding.DER) for crl in old),
    )

    class Stale:
        def trust(self):
            return stale

        def answer(self, certificate, issuer):
            return None

    monkeypatch.setattr(sources, "key_provider", Stale)
    outcome = extend(OPERATOR)
    assert (outcome.done, outcome.waiting, outcome.failed) == (0, 1, 0)
    assert Setback.objects.get().code == "validation_too_old"
    assert extend(OPERATOR, patient=True).waiting == 0  # the worker lets it rest
    with clock.standing_at(issued_at + timedelta(days=20)):
        found = standing(IssuedSheet.objects.all())
        assert [alarm.code for alarm in found.alarms] == ["not_extended"]
        assert found.troubles[0].code == "validation_too_old"
        assert extend(OPERATOR, patient=True).done == 1  # they were current when it was stamped
    assert not Setback.objects.exists()


def test_only_principal_clerk_and_operator_set_it_going() -> None:
    school = issued_school(1)
    for role in (Role.HOMEROOM, Role.SEAL_KEEPER):
        with pytest.raises(NotAllowed):
            extend(school.actor(role, "3A" if role is Role.HOMEROOM else None), school=school.unit)
    with pytest.raises(NotAllowed):
        extend(school.actor(Role.PRINCIPAL))  # all schools: the operator's
    assert extend(school.actor(Role.DATA_CLERK), school=school.unit).done == 1


def test_export_takes_a_fixed_number_of_queries(django_assert_num_queries) -> None:
    issued_school(3)
    extend(OPERATOR)
    renew(OPERATOR, early=True)
    for count in (1, 3):
        rows = list(IssuedSheet.objects.select_related("sheet").order_by("sheet")[:count])
        documents.export(rows)  # certificates of the packed texts are remembered by the process
        with django_assert_num_queries(6):
            documents.export(rows)
