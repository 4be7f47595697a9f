"""Issued sheets reach B-LT and B-LTA: nothing twice, nothing lost, the export holds the best level."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
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
    StampValidation,
    ValidationItem,
)
from hocbaso.apps.preservation.standing import Group, standing
from hocbaso.apps.preservation.use_cases.extend import extend
from hocbaso.apps.preservation.use_cases.renew import renew
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import NotAllowed, ServiceUnavailable
from hocbaso.engines.trust.longterm import policy
from hocbaso.engines.trust.verification import Question, Result, verify_document
from hocbaso.engines.trust.xades import read_signature, with_properties, without_unsigned
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
    with monkeypatch.context() as patched:
        patched.setattr(sources, "key_provider", _broken)
        with pytest.raises(RuntimeError):
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
    renew(OPERATOR)
    now = clock.now()
    changes = {
        ValidationItem: {"at": now},
        SetItem: {"position": 99},
        LongTermSheet: {"at": now},
        ArchiveTimeStamp: {"at": now},
        StampValidation: {"at": now},
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
        with django_assert_num_queries(7):
            documents.export(rows)


def test_the_policy_says_what_is_due_and_a_better_authority_renews_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P-256 ends on 31 December 2035: due a year before, alarm near the end; a later policy knows more."""
    (first,) = policy.policies()
    later = replace(
        first,
        version=2,
        valid_from=date(2034, 6, 1),
        algorithms=(*(a for a in first.algorithms if a.name != "p384"), policy.Algorithm("p384", None, "x")),
    )
    monkeypatch.setattr(policy, "policies", lambda: (first, later))
    issued_school(2)
    extend(OPERATOR)
    sheets = IssuedSheet.objects.all()
    (group,) = standing(sheets).groups
    assert group.sheets == 2
    assert group.algorithms == ("sha256", "p256")
    ends, due = group.ends, group.due
    if group.reason == "tsa_ends":
        assert group.ends == group.certificate_ends
    with clock.standing_at(due - timedelta(days=1)):
        assert standing(sheets).due == 0
        assert renew(OPERATOR).done == 0
    with clock.standing_at(due + timedelta(days=8)):
        assert standing(sheets).due == 2
        assert [alarm.code for alarm in standing(sheets).alarms] == ["overdue"]
        outcome = renew(OPERATOR)  # the same authority holds no longer than before
        assert (outcome.done, outcome.failed) == (0, 2)
        assert {row.code for row in Setback.objects.all()} == {"renewal_no_gain"}
        assert renew(OPERATOR, patient=True).failed == 0  # the worker lets it rest
    with clock.standing_at(ends - timedelta(days=20)):
        assert [alarm.code for alarm in standing(sheets).alarms] == ["ends_soon"]
    with clock.standing_at(due + timedelta(days=9)):
        monkeypatch.setattr("hocbaso.apps.preservation.use_cases.renew.key_provider", _Successor)
        outcome = renew(OPERATOR)
        assert outcome.done == 2
        assert set(outcome.reasons) == {group.reason}
        assert not Setback.objects.exists()
        found = standing(sheets)
        assert (found.levels["B-LTA"], found.due, found.alarms) == (2, 0, [])
        bundle = trust_bundle(_rows())
    with clock.standing_at(due + timedelta(days=10)):
        assert renew(OPERATOR).reasons == {"proved": 2}  # what validates the new stamps, while it is there
        assert renew(OPERATOR).reasons == {}
        bundle = trust_bundle(_rows())
    late = ends + timedelta(days=30)
    for row, exported in zip(_rows(), documents.export(_rows()), strict=True):
        assert _judge(exported.xml, bundle, late) != ("indeterminate", "NO_POE")
        alone = _without_archive(exported.xml)
        assert _judge(alone, bundle, late)[0] == "indeterminate"
        assert row.document
    with clock.standing_at(late):
        (group,) = standing(sheets).groups
    _a_second_renewal(group)


def _a_second_renewal(group: Group) -> None:
    """Years later: the first archive stamp with what validates it stands under the second."""
    with clock.standing_at(group.due + timedelta(days=1)):
        assert renew(OPERATOR).reasons == {"tsa_ends": 2}
        for exported in documents.export(_rows()):
            unsigned = _seal(exported.xml).unsigned
            assert [bool(stamp.data) for stamp in unsigned.archive] == [True, False]
            verdict = verify_document(exported.xml, trust_bundle(_rows()), now=clock.now())
            assert verdict.check(Question.SIGNATURES).result is not Result.FAILED
    assert sorted(ArchiveTimeStamp.objects.values_list("number", flat=True)) == [1, 1, 2, 2]


class _Successor:
    """The node's provider with a time-stamp authority that lives ten years longer."""

    def stamper(self):
        from hocbaso.sandbox import profiles
        from hocbaso.sandbox.tsa import SandboxStamper

        authority = sources.key_provider().authority
        now = clock.now()
        issuer = authority.unit("vgca-issuing")
        key = ec.generate_private_key(ec.SECP384R1())
        period = (now - timedelta(days=1), now + timedelta(days=3650))
        certificate = profiles.stamper_certificate(
            profiles.name("Dấu thời gian kế tiếp", "VGCA"),
            key,
            issuer,
            period,
            authority._urls("vgca", "issuing"),
        )
        return SandboxStamper(key, (certificate, issuer.certificate), clock.now)


def _judge(xml: bytes, bundle, now) -> tuple[str, str | None]:
    verdict = verify_document(xml, bundle, now=now)
    return verdict.verdict, verdict.sub_indication


def _without_archive(xml: bytes) -> bytes:
    split = split_document(xml)
    seal = split.signatures[-1]
    unsigned = replace(read_signature(seal).unsigned, archive=())
    return document_bytes(
        split.sheet, [*split.signatures[:-1], with_properties(without_unsigned(seal), unsigned)]
    )


def test_authorities_that_are_away_stop_the_run_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    issued_school(2)
    extend(OPERATOR)

    class Away:
        def stamper(self):
            return self

        def stamp(self, digest: bytes) -> bytes:
            raise ServiceUnavailable("timestamp_unavailable", detail="test")

    with monkeypatch.context() as patched:
        patched.setattr("hocbaso.apps.preservation.use_cases.renew.key_provider", Away)
        outcome = renew(OPERATOR, early=True)
    assert (outcome.done, outcome.failed) == (0, 0)
    assert outcome.stopped
    assert not Setback.objects.exists()
    assert renew(OPERATOR, early=True).done == 2
