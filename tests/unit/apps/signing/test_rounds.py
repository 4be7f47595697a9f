"""Clockwork over certificates: asking in bounded rounds, alarms, figures for the levels above, warnings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import DatedSetting, Kind, Management, Organisation
from hocbaso.apps.organisations.queries import setting, settings_of
from hocbaso.apps.signing import authority, figures, readiness, refreshing
from hocbaso.apps.signing.certificate_models import KeyEvent, RevocationNote, SchoolReadiness
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.readiness import Ready
from hocbaso.core.errors import NotAllowed, ServiceUnavailable, register
from hocbaso.engines.trust.authority import Revocation, RevocationAnswer
from tests.builders import START, School, make_school
from tests.unit.apps.signing.test_certificates import registered_teacher, teacher

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
register({"test_down": ("Chưa trả lời.", "Down.")})


@pytest.fixture
def here() -> School:
    return make_school()


class Fake:
    """A provider whose authorities say what the test says; counts the questions by issuer."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.revoked: set[int] = set()
        self.asked: list[str] = []

    def revocation(self, certificate: x509.Certificate, at) -> RevocationAnswer:
        issuer = certificate.issuer.rfc4514_string()
        self.asked.append(issuer)
        if issuer in self.down:
            raise ServiceUnavailable("test_down")
        if certificate.serial_number in self.revoked:
            return RevocationAnswer(Revocation.REVOKED, at)
        return RevocationAnswer(Revocation.GOOD)


@pytest.fixture
def provider(monkeypatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr(refreshing, "key_provider", lambda: fake)
    return fake


def at(monkeypatch, moment) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)
    monkeypatch.setattr(clock, "today", lambda: moment.astimezone(clock.VIETNAM).date())


def copies(case, school: School, count: int, issuer: str) -> None:
    """More certificates of that issuer on the register; only their rows matter here."""
    kept = case.certificate
    for n in range(count):
        row = Certificate.objects.create(
            digest=f"{n:04d}{issuer[-6:]}".ljust(64, "0"),
            der=kept.der,
            subject=kept.subject,
            issuer=issuer,
            serial=kept.serial,
            not_before=kept.not_before,
            not_after=kept.not_after,
            family=kept.family,
        )
        Registration.objects.create(
            certificate=row,
            school=school.unit,
            user=case.holder,
            role="gvcn",
            class_name="3A",
            school_year="2025-2026",
            valid_from=clock.today(),
            registered_by="x",
            registered_at=clock.now(),
        )


def test_a_revocation_that_the_node_was_told_of_counts_whatever_this_process_heard_before(here, provider):
    case = registered_teacher(here)
    certificate = x509.load_der_x509_certificate(bytes(case.certificate.der))
    assert refreshing.refresh_due(SYSTEM).revoked == 0  # "good", and fresh for hours
    provider.revoked.add(certificate.serial_number)  # another process hears it; the sandbox's own says "good"
    assert refreshing.refresh_due(SYSTEM).asked == 0
    assert refreshing.refresh_due(SYSTEM, everybody=True).revoked == 1
    assert authority.revocation_of(certificate, clock.now()).state is Revocation.REVOKED
    assert authority.key_provider().revocation(certificate, clock.now()).state is Revocation.GOOD


def test_a_round_is_bounded_by_authority_and_a_silent_one_does_not_hold_the_others_up(here, provider):
    case = registered_teacher(here)
    other = case.certificate.issuer
    copies(case, here, 6, "CN=Im lặng")
    provider_says = provider.revocation
    provider.revocation = lambda certificate, moment: provider_says(certificate, moment)
    silent = {"CN=Im lặng"}

    def answer(row):
        if row.issuer in silent:
            provider.asked.append(row.issuer)
            return RevocationAnswer(Revocation.UNKNOWN)
        return refreshing.RevocationAnswer(Revocation.GOOD)

    original, refreshing._answer = refreshing._answer, answer
    try:
        done = refreshing.refresh_due(SYSTEM)
        assert provider.asked == ["CN=Im lặng"] * 2
        assert (done.asked, done.silent, done.left) == (3, 2, True)
        assert RevocationNote.objects.get(certificate=case.certificate).state == "good"
        notes = RevocationNote.objects.exclude(certificate__issuer=other)
        assert all(note.unknown_since is not None for note in notes)
    finally:
        refreshing._answer = original


def test_an_operator_who_asks_about_everybody_is_not_held_to_a_round_of_one_authority(
    here, provider, monkeypatch
):
    monkeypatch.setattr(refreshing, "AN_AUTHORITY", 2)
    copies(registered_teacher(here), here, 6, "CN=Đông")
    assert refreshing.refresh_due(SYSTEM).left
    done = refreshing.refresh_due(SYSTEM, everybody=True, limit=1000)
    assert (done.asked, done.left) == (7, False)


def test_answers_are_renewed_at_night_overdue_ones_by_day_and_a_failing_provider_is_no_answer(
    here, provider, monkeypatch
):
    case = registered_teacher(here)
    noon = clock.now().astimezone(clock.VIETNAM).replace(hour=12)
    at(monkeypatch, noon)
    assert refreshing.refresh_due(SYSTEM).asked == 1
    assert refreshing.refresh_due(SYSTEM).asked == 0
    at(monkeypatch, noon + timedelta(hours=21))
    assert refreshing.refresh_due(SYSTEM).asked == 0, "by day nothing hurries"
    at(monkeypatch, noon + timedelta(hours=38))
    provider.down.add(x509.load_der_x509_certificate(bytes(case.certificate.der)).issuer.rfc4514_string())
    assert refreshing.refresh_due(SYSTEM).silent == 1
    note = RevocationNote.objects.get()
    assert (note.state, note.unknown_since) == ("good", clock.now())
    at(monkeypatch, noon + timedelta(hours=40))
    provider.down.clear()
    assert refreshing.refresh_due(SYSTEM).asked == 1
    assert RevocationNote.objects.get().unknown_since is None


def test_a_revocation_found_at_night_is_told_once_and_alarms_the_school(here, provider):
    case = registered_teacher(here)
    assert readiness.alarm(here.unit) == readiness.CALM
    provider.revoked.add(x509.load_der_x509_certificate(bytes(case.certificate.der)).serial_number)
    assert refreshing.refresh_due(SYSTEM).revoked == 1
    assert refreshing.refresh_due(SYSTEM).asked == 0
    assert [one.act for one in KeyEvent.objects.order_by("id")] == ["registered", "revoked"]
    assert readiness.alarm(here.unit).revoked == (case.holder.full_name,)
    assert readiness.own_warning(here.unit, case.holder)[0] == Ready.REVOKED
    Assignment.objects.filter(user=case.holder).update(valid_to=START)
    assert readiness.alarm(here.unit) == readiness.CALM, "who has left is nobody's worry"
    assert readiness.own_warning(here.unit, case.holder) is None


@pytest.mark.parametrize(
    ("days", "state"), [(5, Ready.DAYS_7), (20, Ready.DAYS_30), (50, Ready.DAYS_60), (300, None)]
)
def test_the_end_of_the_own_certificate_reaches_the_person(here, monkeypatch, days, state):
    case = registered_teacher(here)
    assert readiness.own_warning(here.unit, here.principal) is None
    Registration.objects.update(valid_from=START)
    at(monkeypatch, case.certificate.not_after - timedelta(days=days, hours=1))
    told = readiness.own_warning(here.unit, case.holder)
    assert (told[0] if told else None) == state
    line = readiness.own_line(here.unit, case.holder)
    assert line is not None
    assert line.days_left == days


def province(count: int) -> tuple[Organisation, list[School]]:
    department = Organisation.objects.create(
        code="so-79", kind=Kind.DEPARTMENT, name="Sở Giáo dục", province_code="79", valid_from=START
    )
    made = []
    for n in range(count):
        commune = Organisation.objects.create(
            code=f"xa-{n}", kind=Kind.COMMUNE, name=f"Phường {n}", province_code="79", valid_from=START
        )
        Management.objects.create(organisation=commune, manager=department, valid_from=START)
        school = make_school(f"7900020{n}", f"Trường Tiểu học Số {n}")
        Management.objects.create(organisation=school.unit, manager=commune, valid_from=START)
        made.append(school)
    return department, made


def officer(unit: Organisation) -> Actor:
    from tests.unit.apps.accounts import people

    return people.actor(Role.DEPARTMENT_OFFICER, unit)


def test_the_levels_above_read_sums_in_a_fixed_number_of_queries(django_assert_max_num_queries):
    department, schools = province(3)
    case = registered_teacher(schools[0])
    authority.note_revocation(SYSTEM, case.certificate)
    actor = officer(department)
    assert figures.overview(actor, department, by_school=False).whole.counted == 0
    assert figures.recount_due() == 3
    assert figures.recount_due() == 0
    with django_assert_max_num_queries(5):
        found = figures.overview(actor, department, by_school=False)
    assert [line.kind for line in found.lines] == [Kind.COMMUNE] * 3
    assert (found.whole.schools, found.whole.counted) == (3, 3)
    assert (found.whole.numbers["required"], found.whole.numbers["able"]) == (9, 1)
    assert found.lines[-1].missing == 2, "the furthest behind first"
    assert (found.whole.no_seal, found.whole.no_principal) == (3, 3)
    with django_assert_max_num_queries(5):
        by_school = figures.overview(actor, department, by_school=True)
    assert [line.missing for line in by_school.lines] == [3, 3, 2]
    assert by_school.whole.numbers == found.whole.numbers
    searched = figures.overview(actor, department, by_school=False, search="Số 1")
    assert [line.name for line in searched.lines] == ["Trường Tiểu học Số 1"]
    assert searched.whole.schools == 3
    with pytest.raises(NotAllowed):
        figures.overview(teacher(schools[0]), department, by_school=True)


def test_counting_fifty_schools_takes_as_many_queries_as_one():
    department, schools = province(4)
    DatedSetting.objects.create(
        organisation=department,
        key="primary_subject_teachers_sign",
        value="yes",
        valid_from=START,
        legal_basis="Công văn thử",
    )
    counts = []
    for some in (schools[:1], schools):
        with CaptureQueriesContext(connection) as asked:
            figures.recount([one.unit.pk for one in some])
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert SchoolReadiness.objects.count() == 4


def test_settings_of_many_schools_are_those_of_each():
    department, schools = province(3)
    key = "certificate_second_person"
    common = {"key": key, "valid_from": START, "legal_basis": "Quyết định"}
    DatedSetting.objects.create(organisation=department, value="no", **common)
    DatedSetting.objects.create(organisation=schools[1].unit, value="yes", **common)
    units = [one.unit for one in schools]
    assert settings_of(units, key) == {one.pk: setting(one, key) for one in units}
    assert list(settings_of(units, key).values()) == ["no", "yes", "no"]
