"""Signing elsewhere: what is handed out is bound to person, key, content and time; a value counts once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import permutations
from random import Random

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.signing.elsewhere.models import Entry, HandedOut, RefusedValues
from hocbaso.apps.signing.elsewhere.refusals import SINGLY, note_refused, tell_refused
from hocbaso.apps.signing.models import Registration, SigningBatch
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, YearSheet
from hocbaso.apps.transcripts.use_cases import sign_elsewhere, sign_sheets
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.return_sheets import return_sheets
from hocbaso.apps.transcripts.use_cases.stop_batch import stop_batch
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.trust.ports import Signer
from tests.builders import YEAR, School, finished_class, make_school
from tests.secondary import finished_secondary_class, make_secondary_school

pytestmark = pytest.mark.django_db
PUPILS = 4


@dataclass
class Desk:
    """A homeroom teacher with an authorised class and a key that is elsewhere."""

    school: School
    actor: Actor
    batch: SigningBatch
    key: Signer

    def begin(self) -> sign_elsewhere.PreparedList:
        return sign_elsewhere.begin(
            self.actor, self.batch, certificate=self.key.certificate, chain=self.key.chain
        )

    def values(self, handed: sign_elsewhere.PreparedList) -> dict[int, bytes]:
        return {item.id: self.key.sign_digest(item.digest) for item in handed.items}


def at_desk(role: SignerRole, post: Role, school: School) -> Desk:
    of_class = school.classes["3A"] if role is SignerRole.HOMEROOM else None
    actor = school.actor(post, "3A" if of_class else None)
    sheets = sign_sheets.ready_sheets(school.unit, YEAR, role, of_class)
    key, seat = sign_sheets.signer_of(actor, role, school.unit, of_class)
    sign_sheets.check_signer(actor, key, seat)  # the sandbox registers at the first use
    batch = sign_sheets.authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=of_class, method="totp"
    )
    return Desk(school, actor, batch, key)


@pytest.fixture
def desk() -> Desk:
    school = make_school()
    finished_class(school, "3A", PUPILS)
    close_class(school.actor(Role.PRINCIPAL), school_class=school.classes["3A"])
    return at_desk(SignerRole.HOMEROOM, Role.HOMEROOM, school)


def codes(outcome: sign_sheets.Outcome) -> list[str]:
    return [one.reason_code for one in outcome.failed]


def refusal(desk: Desk, handed: sign_elsewhere.PreparedList, actor: Actor | None = None) -> str:
    with pytest.raises(DomainError) as refused:
        sign_elsewhere.complete(actor or desk.actor, handed, desk.values(handed))
    assert not SheetSignature.objects.exists()
    return refused.value.code


def test_the_chain_of_three_roles_is_signed_elsewhere_and_issued(desk: Desk):
    for role, post in (
        (SignerRole.HOMEROOM, Role.HOMEROOM),
        (SignerRole.PRINCIPAL, Role.PRINCIPAL),
        (SignerRole.SEAL, Role.SEAL_KEEPER),
    ):
        here = desk if role is SignerRole.HOMEROOM else at_desk(role, post, desk.school)
        handed = here.begin()
        assert [len(handed.items), handed.items[0].class_name] == [PUPILS, "3A"]
        assert handed.items[0].pupil.startswith("Nguyễn")
        values = here.values(handed)
        first = dict(list(values.items())[:1])
        assert sign_elsewhere.complete(here.actor, handed.id, first).waiting == PUPILS - 1
        rest = sign_elsewhere.load(here.actor, handed.id)
        assert [item.id for item in rest.items] == list(values)[1:]
        outcome = sign_elsewhere.complete(here.actor, rest, {i.id: values[i.id] for i in rest.items})
        assert (outcome.signed, outcome.waiting, outcome.failed) == (PUPILS - 1, 0, [])
        here.batch.refresh_from_db()
        assert here.batch.state == "done"
    assert IssuedSheet.objects.count() == PUPILS


def test_no_other_order_of_the_values_passes(desk: Desk):
    handed = desk.begin()
    values = desk.values(handed)
    ids = list(values)
    for order in permutations(ids):
        wrong = [here for here, there in zip(ids, order, strict=True) if here != there]
        if not wrong or len(wrong) < PUPILS:
            continue
        outcome = sign_elsewhere.complete(
            desk.actor, handed, {here: values[there] for here, there in zip(ids, order, strict=True)}
        )
        assert (outcome.signed, set(codes(outcome))) == (0, {"elsewhere_swapped"})
    half = {ids[0]: values[ids[0]], ids[1]: values[ids[2]], ids[2]: values[ids[1]]}
    outcome = sign_elsewhere.complete(desk.actor, handed, half)  # what is right is kept, the rest waits
    assert (outcome.signed, outcome.waiting, codes(outcome)) == (1, PUPILS - 1, ["elsewhere_swapped"] * 2)
    assert Event.objects.filter(action="signing.values_refused").exists()
    right = {key: value for key, value in values.items() if key != ids[0]}
    assert sign_elsewhere.complete(desk.actor, handed, right).waiting == 0


def test_a_flood_of_refused_values_is_a_few_events_and_a_sum_that_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    noon = clock.now().replace(minute=0, second=0, microsecond=0)

    def at(minutes: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: noon + timedelta(minutes=minutes))

    at(1)
    handed = desk.begin()
    wrong = {item.id: b"0" * 64 for item in handed.items}
    calls = SINGLY + 3
    for call in range(calls):
        at(2 + call)
        sign_elsewhere.complete(desk.actor, handed, wrong)
    events = Event.objects.filter(action="signing.values_refused")
    assert [one.details["counts"] for one in events] == [{"elsewhere_foreign": PUPILS}] * SINGLY
    at(59.9)
    assert tell_refused(Actor.system()) == 0  # the hour is not over
    at(61)
    assert (tell_refused(Actor.system()), tell_refused(Actor.system())) == (1, 0)
    (told,) = Event.objects.filter(action="signing.values_refused_sum")
    assert told.target == f"batch:{desk.batch.pk}"
    assert told.organisation == desk.school.unit.code
    assert told.details == {
        "who": desk.actor.label,
        "role": desk.actor.role,
        "channel": desk.actor.channel,
        "since": clock.iso_seconds(noon + timedelta(minutes=2 + SINGLY)),
        "until": clock.iso_seconds(noon + timedelta(minutes=1 + calls)),
        "calls": 3,
        "counts": {"elsewhere_foreign": 3 * PUPILS},
        "lists": [HandedOut.objects.get(pk=handed.id).list_digest[:16]],
    }
    # A new hour begins anew, and what was told stands.
    row = HandedOut.objects.get(pk=handed.id)
    for _ in range(SINGLY + 1):
        note_refused(desk.actor, row, {"elsewhere_swapped": 1})
    assert events.all().count() == 2 * SINGLY
    at(121)
    note_refused(desk.actor, row, {"elsewhere_swapped": 2})  # whoever comes later closes the hour before
    assert Event.objects.filter(action="signing.values_refused_sum").count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        RefusedValues.objects.filter(told_at__isnull=False).update(calls=0)


def test_a_refusal_after_its_hour_was_summed_up_is_an_event_and_stops_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    noon = clock.now().replace(minute=0, second=0, microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: noon)
    row = HandedOut.objects.get(pk=desk.begin().id)
    for _ in range(SINGLY + 1):
        note_refused(desk.actor, row, {"elsewhere_swapped": 1})
    monkeypatch.setattr(clock, "now", lambda: noon + timedelta(minutes=60))
    assert tell_refused(Actor.system()) == 1
    monkeypatch.setattr(clock, "now", lambda: noon + timedelta(minutes=59.9))  # of a machine that lags behind
    note_refused(desk.actor, row, {"elsewhere_foreign": 2})
    last = Event.objects.filter(action="signing.values_refused").order_by("sequence").last()
    assert last.details["counts"] == {"elsewhere_foreign": 2}
    assert RefusedValues.objects.get().singly == SINGLY


def test_a_value_is_taken_once(desk: Desk):
    handed = desk.begin()
    values = desk.values(handed)
    sign_elsewhere.complete(desk.actor, handed, values)
    again = sign_elsewhere.complete(desk.actor, handed, values)
    assert (again.signed, set(codes(again))) == (0, {"elsewhere_replayed"})
    assert SheetSignature.objects.count() == PUPILS


def test_a_value_of_an_earlier_list_is_told_as_a_replay(desk: Desk):
    moment = clock.now()
    with clock.standing_at(moment):
        early = desk.begin()
    values = desk.values(early)
    with clock.standing_at(moment + timedelta(minutes=20)):
        late = desk.begin()
        outcome = sign_elsewhere.complete(desk.actor, late, values)
    assert (outcome.signed, set(codes(outcome))) == (0, {"elsewhere_replayed"})


def test_another_certificate_or_an_altered_value_signs_nothing(desk: Desk):
    handed = desk.begin()
    other, _ = sign_sheets.signer_of(
        desk.school.actor(Role.PRINCIPAL), SignerRole.PRINCIPAL, desk.school.unit, None
    )
    values = {item.id: other.sign_digest(item.digest) for item in handed.items}
    assert set(codes(sign_elsewhere.complete(desk.actor, handed, values))) == {"elsewhere_foreign"}
    chance, genuine = Random(3), desk.values(handed)
    for key, value in genuine.items():
        altered = bytearray(value)
        altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
        for wrong in (bytes(altered), value[:-1], value + b"\0", b"", bytes(5000)):
            assert codes(sign_elsewhere.complete(desk.actor, handed, {key: wrong})) == ["elsewhere_foreign"]
    assert not SheetSignature.objects.exists()
    assert sign_elsewhere.complete(desk.actor, handed, genuine).signed == PUPILS


def test_late_values_are_refused(desk: Desk):
    moment = clock.now().replace(microsecond=0)
    with clock.standing_at(moment):
        handed = desk.begin()
    assert handed.expires_at == moment + sign_elsewhere.LIVES
    with clock.standing_at(handed.expires_at):
        assert refusal(desk, handed) == "elsewhere_expired"
    with clock.standing_at(handed.expires_at - timedelta(seconds=1)):
        assert sign_elsewhere.complete(desk.actor, handed, desk.values(handed)).signed == PUPILS


def test_nobody_else_completes_it(desk: Desk):
    handed = desk.begin()
    assert refusal(desk, handed, desk.school.actor(Role.PRINCIPAL)) == "elsewhere_not_yours"
    assert refusal(desk, replace(handed, id=handed.id + 1)) == "elsewhere_not_yours"
    with pytest.raises(NotAllowed):
        sign_elsewhere.complete(replace(desk.actor, second_factor=False), handed, desk.values(handed))


def test_an_item_that_is_not_on_the_list_refuses_the_whole_call(desk: Desk):
    handed = desk.begin()
    values = desk.values(handed)
    with pytest.raises(DomainError) as refused:
        sign_elsewhere.complete(desk.actor, handed, {**values, max(values) + 1: b"x"})
    assert refused.value.code == "elsewhere_unknown_item"
    assert not SheetSignature.objects.exists()


def test_after_the_assignment_has_ended_nothing_is_taken(desk: Desk):
    handed = desk.begin()
    Assignment.objects.filter(pk=desk.batch.assignment_id).update(valid_to=clock.today() - timedelta(days=1))
    assert refusal(desk, handed) == "elsewhere_post_ended"


def test_a_returned_sheet_and_a_batch_given_up_take_no_value(desk: Desk):
    handed = desk.begin()
    sheet = YearSheet.objects.get(pk=handed.items[0].sheet.pk)
    return_sheets(desk.actor, sheets=[sheet], reason="Sai nhận xét")
    outcome = sign_elsewhere.complete(desk.actor, handed, desk.values(handed))
    assert (outcome.signed, codes(outcome)) == (PUPILS - 1, ["sheet_moved_on"])
    other = at_desk_again(desk)
    waiting = other.begin()
    stop_batch(other.actor, other.batch)
    with pytest.raises(DomainError) as refused:
        sign_elsewhere.complete(other.actor, waiting, other.values(waiting))
    assert refused.value.code == "elsewhere_given_up"


def at_desk_again(desk: Desk) -> Desk:
    return at_desk(SignerRole.PRINCIPAL, Role.PRINCIPAL, desk.school)


def test_a_certificate_out_of_the_register_is_handed_nothing(desk: Desk):
    desk_keys = Registration.objects.filter(user=desk.actor.user)
    desk_keys.delete()
    with pytest.raises(DomainError) as refused:
        desk.begin()
    assert refused.value.code == "elsewhere_unregistered"
    assert not HandedOut.objects.exists()


def test_what_was_handed_out_cannot_be_altered(desk: Desk):
    desk.begin()
    for rows, change in (
        (HandedOut.objects.all(), {"expires_at": clock.now() + timedelta(days=1)}),
        (Entry.objects.all(), {"digest": "0" * 64}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.delete()


def test_a_subject_teacher_signs_his_subjects_elsewhere():
    school = make_secondary_school(classes=("6A1",))
    finished_secondary_class(school, "6A1", 2)
    of_class = school.classes["6A1"]
    close_class(school.actor(Role.PRINCIPAL), school_class=of_class)
    post = Assignment.objects.select_related("user", "organisation", "school_class").get(
        school_class=of_class, subject_code="toan", valid_to=None
    )
    actor, role = Actor.of(post, second_factor=True), SignerRole.SUBJECT_TEACHER
    sheets = sign_sheets.ready_sheets(school.unit, YEAR, role, of_class, actor.user)
    key, seat = sign_sheets.signer_of(actor, role, school.unit, of_class)
    sign_sheets.check_signer(actor, key, replace(seat, subjects=frozenset({"toan"})))
    batch = sign_sheets.authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=of_class, method="totp"
    )
    here = Desk(school, actor, batch, key)
    handed = here.begin()
    assert {item.subjects for item in handed.items} == {("toan",)}
    first, second = here.values(handed).items()
    swapped = sign_elsewhere.complete(actor, handed, {first[0]: second[1], second[0]: first[1]})
    assert codes(swapped) == ["elsewhere_swapped"] * 2
    outcome = sign_elsewhere.complete(actor, handed, here.values(handed))
    assert (outcome.signed, outcome.waiting) == (2, 0)
    again = sign_elsewhere.complete(actor, handed, here.values(handed))
    assert codes(again) == ["elsewhere_replayed"] * 2
