"""Every permission of the policy door against every role: who may, spelled out.

A permission that is added must be added here as well: the table covers ``door.permissions()`` exactly.
"""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts import door
from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.books.kinds import BookTarget, Kind
from hocbaso.apps.identity.campaigns.models import Campaign
from hocbaso.apps.identity.escalation.models import Case
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.models import Review, UnlockCase
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.quality.models import Finding
from hocbaso.apps.signing.certificate_models import Possession
from hocbaso.apps.signing.elsewhere.places import Owner
from hocbaso.apps.signing.models import Registration
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db

PRINCIPAL, DEPUTY, SEAL = Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER
HOMEROOM, TEACHER, CLERK = Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.DATA_CLERK
GROUP_HEAD, GROUP_DEPUTY = Role.GROUP_HEAD, Role.GROUP_DEPUTY
COMMUNE, DEPARTMENT, MINISTRY = Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER, Role.MINISTRY_OFFICER
AUDITOR, ADMIN, OPERATOR = Role.AUDITOR, Role.SYSTEM_ADMIN, "operator"
EVERYBODY = {*Role, OPERATOR}

#: permission → (what it is asked of, who may)
TABLE: dict[str, tuple[str, set[str]]] = {
    "accounts.activate": ("homeroom role", {PRINCIPAL, CLERK, ADMIN, OPERATOR}),
    "accounts.assign": ("school", {PRINCIPAL, CLERK, ADMIN, OPERATOR}),
    "accounts.assign_role": ("homeroom role", {PRINCIPAL, CLERK, ADMIN, OPERATOR}),
    "accounts.designate_signer": ("school", {PRINCIPAL}),
    "accounts.import_staff": ("school", {CLERK, OPERATOR}),
    "accounts.reset_access": ("somebody", {ADMIN, OPERATOR}),
    "accounts.view_staff": ("school", {PRINCIPAL, DEPUTY, CLERK, OPERATOR}),
    "assessment.carry_results": ("school", {PRINCIPAL, CLERK}),
    "accounts.view_teaching": ("class", {PRINCIPAL, DEPUTY, CLERK, OPERATOR}),
    "assessment.decide_promotion": ("school", {PRINCIPAL}),
    "assessment.enter": ("subject", {TEACHER}),
    "assessment.enter_traits": ("class", {HOMEROOM}),
    "assessment.import_own": ("school", {HOMEROOM, TEACHER}),
    "assessment.import_results": ("school", {CLERK, OPERATOR}),
    "assessment.lineage": ("school", {PRINCIPAL, DEPUTY, AUDITOR, OPERATOR}),
    "assessment.own_comments": ("school", {PRINCIPAL, DEPUTY, HOMEROOM, TEACHER, GROUP_HEAD, GROUP_DEPUTY}),
    "assessment.programmes": ("school", {PRINCIPAL, CLERK}),
    "assessment.school_comments": ("school", {PRINCIPAL, DEPUTY, GROUP_HEAD, GROUP_DEPUTY}),
    "assessment.view_class": ("class", {PRINCIPAL, DEPUTY, HOMEROOM, TEACHER, OPERATOR}),
    "assessment.view_part": ("subject", {PRINCIPAL, DEPUTY, HOMEROOM, TEACHER}),
    "assessment.view_programmes": ("class", {PRINCIPAL, DEPUTY, CLERK, HOMEROOM, TEACHER}),
    "audit.read": ("school", {AUDITOR, OPERATOR}),
    "books.export": ("book", {PRINCIPAL, DEPUTY, HOMEROOM, AUDITOR, OPERATOR}),
    "books.view": ("school", {PRINCIPAL, DEPUTY, CLERK, HOMEROOM, TEACHER, AUDITOR, OPERATOR}),
    "certificates.confirm": ("proof", {PRINCIPAL}),
    "certificates.end": ("registration", {PRINCIPAL, CLERK}),  # and whoever holds the key
    "certificates.inspect": ("school", {COMMUNE, DEPARTMENT}),
    "certificates.prove": ("school", {PRINCIPAL, DEPUTY, SEAL, HOMEROOM, TEACHER, CLERK}),
    "certificates.request": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "certificates.view": ("school", {PRINCIPAL, DEPUTY, SEAL, CLERK, OPERATOR}),
    "certificates.watch": ("school", {COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, OPERATOR}),
    "collection.class": ("class", {CLERK, HOMEROOM, OPERATOR}),
    "collection.staff": ("school", {CLERK, OPERATOR}),
    "collection.view": ("school", {CLERK, HOMEROOM, OPERATOR}),
    "escalation.answer": ("escalation", {COMMUNE}),  # whoever has the case
    "escalation.open": ("school", {PRINCIPAL}),
    "escalation.reply": ("escalation", {PRINCIPAL, CLERK, COMMUNE}),
    "escalation.view_case": (
        "escalation",
        {PRINCIPAL, DEPUTY, CLERK, COMMUNE, DEPARTMENT, MINISTRY, AUDITOR},
    ),
    "escalation.view_cases": ("commune", {COMMUNE}),  # each the own unit's
    "escalation.view_names": ("escalation", {PRINCIPAL, DEPUTY, CLERK, COMMUNE, DEPARTMENT}),
    "escalation.view_school": ("school", {PRINCIPAL, DEPUTY, CLERK}),
    "identity.letters": ("class", {PRINCIPAL, DEPUTY, CLERK, HOMEROOM, OPERATOR}),
    "identity.acknowledge": ("school", {PRINCIPAL, DEPUTY, CLERK}),
    "identity.campaign": ("school", {PRINCIPAL}),
    "identity.inspect": ("class", {COMMUNE, DEPARTMENT}),  # an auditor of the school itself does not
    "identity.remind": ("commune", {COMMUNE, OPERATOR}),
    "identity.view_campaign": (
        "campaign",
        {PRINCIPAL, DEPUTY, SEAL, CLERK, COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, OPERATOR},
    ),
    "identity.watch": (
        "school",
        {PRINCIPAL, DEPUTY, SEAL, CLERK, COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, OPERATOR},
    ),
    "identity.repair": ("class", {CLERK, HOMEROOM}),
    "identity.repair_staff": ("school", {CLERK}),
    "identity.send": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "identity.send_class": ("class", {PRINCIPAL, CLERK, HOMEROOM, OPERATOR}),
    "identity.send_staff": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "identity.view_class": ("class", {PRINCIPAL, DEPUTY, SEAL, CLERK, HOMEROOM, OPERATOR}),
    "identity.view_school": ("school", {PRINCIPAL, DEPUTY, SEAL, CLERK, OPERATOR}),
    "ledger.audit": ("school", EVERYBODY),
    "matching.approve": ("schools", {PRINCIPAL, COMMUNE, DEPARTMENT}),
    "matching.judge": ("school", {PRINCIPAL, CLERK, COMMUNE, DEPARTMENT}),
    "matching.propose": ("school", {PRINCIPAL, CLERK}),
    "matching.rekey": ("school", {CLERK, OPERATOR}),
    "matching.scan": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "matching.search": ("school", {CLERK}),
    "matching.search_class": ("class", {CLERK, HOMEROOM}),
    "matching.temporary": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "matching.view": ("school", {PRINCIPAL, DEPUTY, CLERK, COMMUNE, DEPARTMENT, OPERATOR}),
    "matching.watch": ("commune", {COMMUNE}),
    "organisations.create": ("commune", {COMMUNE, OPERATOR}),
    "organisations.progress": ("school", EVERYBODY),
    "organisations.settings": ("school", {PRINCIPAL, OPERATOR}),
    "offline.make_code": ("class", {PRINCIPAL, DEPUTY, SEAL, HOMEROOM, OPERATOR}),
    "periods.agree_unlock": ("unlock case", {COMMUNE, DEPARTMENT}),
    "periods.assign_review": ("school", {PRINCIPAL}),
    "periods.attach_minutes": ("unlock case", {PRINCIPAL, DEPUTY, CLERK}),
    "periods.close_due": ("school", EVERYBODY),
    "periods.decide_unlock": ("unlock case", {PRINCIPAL}),
    "periods.relock": ("unlock case", {PRINCIPAL, DEPUTY, COMMUNE, DEPARTMENT}),
    "periods.request_unlock": ("subject", {PRINCIPAL, DEPUTY, CLERK, HOMEROOM, TEACHER}),
    "periods.review": ("review", set()),  # only the person it was given to: apps/periods/test_review.py
    "periods.set": ("school", {PRINCIPAL, OPERATOR}),
    "periods.view": ("school", EVERYBODY),
    "periods.view_case": (
        "unlock case",
        {PRINCIPAL, DEPUTY, CLERK, HOMEROOM, COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, OPERATOR},
    ),
    "periods.view_cases": (
        "school",
        {PRINCIPAL, DEPUTY, CLERK, COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, OPERATOR},
    ),
    "periods.view_reviews": (
        "school",
        {PRINCIPAL, DEPUTY, GROUP_HEAD, GROUP_DEPUTY, COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, OPERATOR},
    ),
    "periods.withdraw_unlock": ("unlock case", set()),  # only who asked
    "preservation.run": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "preservation.view": (
        "school",
        {PRINCIPAL, DEPUTY, SEAL, CLERK, COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, OPERATOR},
    ),
    "preservation.watch": ("school", {COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, OPERATOR}),
    "privacy.extract": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "privacy.purge": ("school", {OPERATOR}),
    "privacy.reveal": ("pupil", {PRINCIPAL, CLERK, HOMEROOM}),
    "privacy.view_log": ("school", {PRINCIPAL, AUDITOR, OPERATOR}),
    "pupils.decide": ("school", {PRINCIPAL}),
    "pupils.edit": ("class", {CLERK, HOMEROOM}),
    "pupils.import": ("school", {CLERK, OPERATOR}),
    "pupils.manage_classes": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "pupils.number": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "pupils.photos": ("class", {CLERK, HOMEROOM, OPERATOR}),
    "pupils.place": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "pupils.plan_roll_over": ("school", {PRINCIPAL, DEPUTY, CLERK, OPERATOR}),
    "pupils.receive": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "pupils.roll_over": ("school", {PRINCIPAL, OPERATOR}),
    "pupils.single_term": ("class", {PRINCIPAL, HOMEROOM}),
    "pupils.view_class": ("class", {PRINCIPAL, DEPUTY, SEAL, CLERK, HOMEROOM, TEACHER, OPERATOR}),
    "pupils.view_school": ("school", {PRINCIPAL, DEPUTY, SEAL, CLERK, OPERATOR}),
    "residence.exception": ("school", {PRINCIPAL, CLERK}),
    "residence.fetch": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "residence.fetch_class": ("class", {PRINCIPAL, CLERK, HOMEROOM, OPERATOR}),
    "residence.map": ("school", {CLERK, OPERATOR}),
    "residence.record": ("class", {CLERK, HOMEROOM}),
    "residence.view_class": ("class", {PRINCIPAL, DEPUTY, CLERK, HOMEROOM, OPERATOR}),
    "residence.view_school": ("school", {PRINCIPAL, DEPUTY, CLERK, OPERATOR}),
    "quality.check": ("class", {HOMEROOM}),
    "quality.decide": ("finding", {PRINCIPAL}),
    "quality.explain": ("finding", {CLERK, HOMEROOM}),
    "quality.print_slips": ("class", {CLERK, HOMEROOM}),
    "quality.record_answer": ("class", {HOMEROOM}),
    "quality.run": ("school", {PRINCIPAL, CLERK, OPERATOR}),
    "quality.take_over": ("class", {CLERK, HOMEROOM}),
    "quality.view_class": ("class", {PRINCIPAL, DEPUTY, CLERK, HOMEROOM, OPERATOR}),
    "quality.view_school": ("school", {PRINCIPAL, DEPUTY, CLERK, OPERATOR}),
    "quality.watch": ("school", {AUDITOR}),
    "records.build": ("school", {OPERATOR}),
    "records.export": ("school", {PRINCIPAL, SEAL, OPERATOR}),
    "signing.homeroom": ("class", {HOMEROOM}),
    "signing.key_place": ("seal of the school", {SEAL}),
    "signing.principal": ("school", {PRINCIPAL}),
    "signing.register": ("school", {PRINCIPAL, ADMIN, OPERATOR}),
    "signing.seal": ("school", {SEAL}),
    "signing.subject": ("class", {HOMEROOM, TEACHER}),
    "transcripts.archive_files": ("files", {OPERATOR}),
    "timestamps.complete": ("school", {OPERATOR}),
    "timestamps.watch": ("school", {PRINCIPAL, DEPUTY, SEAL, ADMIN, OPERATOR}),
    "transcripts.close": ("class", {PRINCIPAL, HOMEROOM, OPERATOR}),
    "transcripts.close_incomplete": ("school", {PRINCIPAL, OPERATOR}),
    "transcripts.return": ("class", {PRINCIPAL, SEAL, HOMEROOM}),
    "transcripts.view_class": ("class", {PRINCIPAL, DEPUTY, SEAL, HOMEROOM, TEACHER, OPERATOR}),
    "transcripts.view_school": ("school", {PRINCIPAL, DEPUTY, SEAL, OPERATOR}),
}
#: What managing units may do to a school below them, or what is no secret.
BEYOND_ONE_SCHOOL = {"ledger.audit", "organisations.create", "organisations.progress", "periods.close_due"}
_WITH_CLASS = (HOMEROOM, TEACHER)


class World:
    """One school with a class, its managing units, and somebody in every role."""

    def __init__(self) -> None:
        self.school = people.school()
        self.in_class = people.school_class(self.school)
        self.units = {
            COMMUNE: Organisation.objects.get(code="xa-26929"),
            DEPARTMENT: Organisation.objects.get(code="so-79"),
            MINISTRY: Organisation.objects.get(code="bo-gddt"),
        }

    def somebody(self, role: str, *, school: Organisation | None = None, second_factor: bool = True) -> Actor:
        if role == OPERATOR:
            return Actor.operator()
        unit = self.units.get(role, school or self.school)
        in_class = people.school_class(unit) if role in _WITH_CLASS else None
        subject = {"subject_code": "toan"} if role == TEACHER else {}
        made = people.actor(role, unit, in_class, **subject)
        return Actor.of(made.assignment, second_factor=second_factor)

    def teacher(self) -> User:
        """Somebody who works in this school."""
        user = self.somebody(Role.GROUP_HEAD).user
        assert user is not None
        return user

    def target(self, kind: str) -> object:
        if kind == "somebody":
            return self.teacher()
        if kind == "pupil":
            return people.enrol(self.in_class, 1 + Pupil.objects.count()).pupil
        return {
            "book": BookTarget(self.school, Kind.CLASS_SUMMARY, self.in_class),
            "files": None,
            "school": self.school,
            "schools": [self.school],
            "class": self.in_class,
            "commune": self.units[COMMUNE],
            "subject": ClassSubject(self.in_class, "toan"),
            "homeroom role": (self.school, HOMEROOM),
            "campaign": Campaign(owner=self.school),
            "seal of the school": Owner(None, self.school, self.school.code),
            "escalation": Case(school=self.school, holder=self.units[COMMUNE]),
            "unlock case": UnlockCase(
                school=self.school, school_class=self.in_class, requested_by_id=0, requested_role=TEACHER
            ),
            "proof": Possession(
                school=self.school, started_by_id=0, holder_id=0, seats=[["gvcn", "1A", "2025-2026", ""]]
            ),
            "registration": Registration(school=self.school, user_id=0),
            "review": Review(school_class=self.in_class, checker_id=0),
            "finding": Finding(school=self.school, school_class=self.in_class, owner=HOMEROOM),
        }[kind]


@pytest.fixture
def world() -> World:
    return World()


def test_the_table_names_every_permission():
    assert sorted(TABLE) == door.permissions()


@pytest.mark.parametrize("permission", sorted(TABLE))
def test_who_may(permission, world):
    kind, expected = TABLE[permission]
    may = {role for role in EVERYBODY if door.allowed(world.somebody(role), permission, world.target(kind))}
    assert may == expected


@pytest.mark.parametrize(
    "permission", sorted(set(TABLE) - BEYOND_ONE_SCHOOL - {"audit.read", "assessment.lineage"})
)
def test_nobody_of_another_school_may(permission, world):
    elsewhere = people.school("79000102", "Trường Tiểu học Khác")
    target = world.target(TABLE[permission][0])
    officers = {COMMUNE, DEPARTMENT, MINISTRY, ADMIN}
    for role in set(Role) - officers:
        assert not door.allowed(world.somebody(role, school=elsewhere), permission, target), role


@pytest.mark.parametrize("permission", ["signing.homeroom", "signing.principal", "signing.seal"])
def test_nobody_signs_without_the_second_factor(permission, world):
    target = world.target(TABLE[permission][0])
    for role in Role:
        assert not door.allowed(world.somebody(role, second_factor=False), permission, target)


def test_a_closed_account_may_nothing(world):
    for permission, (kind, roles) in TABLE.items():
        for role in roles - {OPERATOR}:
            actor = world.somebody(role)
            actor.user.is_active = False
            assert not door.allowed(actor, permission, world.target(kind))
            actor.assignment.delete()


def test_a_permission_without_a_rule_is_denied(world):
    assert not any(door.allowed(world.somebody(role), "no.such", world.school) for role in EVERYBODY)


def test_the_operator_never_signs_or_enters_as_himself():
    for permission in ("signing.homeroom", "signing.principal", "signing.seal", "assessment.enter"):
        assert OPERATOR not in TABLE[permission][1]


LEADER_POSTS = (PRINCIPAL, DEPUTY, SEAL)


@pytest.mark.parametrize("role", LEADER_POSTS)
def test_first_codes_of_leaders_come_from_operator_and_administrator_alone(role, world):
    target = (world.school, role)
    may = {who for who in EVERYBODY if door.allowed(world.somebody(who), "accounts.activate", target)}
    assert may == {ADMIN, OPERATOR}


def test_a_clerk_opens_teachers_and_the_principal_the_clerk(world):
    everybody = {who: world.somebody(who) for who in EVERYBODY}

    def may(role):
        target = (world.school, role)
        return {who for who, actor in everybody.items() if door.allowed(actor, "accounts.activate", target)}

    assert may(TEACHER) == {PRINCIPAL, CLERK, ADMIN, OPERATOR}
    assert may(CLERK) == {PRINCIPAL, ADMIN, OPERATOR}
    assert may(ADMIN) == {ADMIN, OPERATOR}


def _administrator(unit):
    return Actor.of(people.actor(ADMIN, unit).assignment, second_factor=True)


def test_an_administrator_rules_the_own_unit_and_those_below(world):
    elsewhere = people.school("01000102", "Trường Hà Nội", province_code="01", commune_code="00004")
    teacher = world.teacher()
    for unit, rules_here in (
        (world.units[MINISTRY], True),
        (world.units[DEPARTMENT], True),
        (world.units[COMMUNE], True),
        (world.school, True),
        (elsewhere, False),
        (Organisation.objects.get(code="so-01"), False),
    ):
        admin = _administrator(unit)
        assert door.allowed(admin, "accounts.assign", world.school) is rules_here, unit
        assert door.allowed(admin, "accounts.assign_role", (world.school, PRINCIPAL)) is rules_here, unit
        assert door.allowed(admin, "accounts.reset_access", teacher) is rules_here, unit


def test_who_works_in_two_schools_is_reset_by_somebody_above_both(world):
    elsewhere = people.school("79000102", "Trường Tiểu học Khác")
    teacher = world.teacher()
    people.post(teacher, elsewhere, TEACHER)
    assert not door.allowed(_administrator(world.school), "accounts.reset_access", teacher)
    assert door.allowed(_administrator(world.units[DEPARTMENT]), "accounts.reset_access", teacher)


def test_an_administrator_of_a_school_makes_no_schools(world):
    assert not door.allowed(_administrator(world.school), "organisations.create", world.units[COMMUNE])
    assert door.allowed(_administrator(world.units[DEPARTMENT]), "organisations.create", world.units[COMMUNE])
    assert not door.allowed(_administrator(world.units[DEPARTMENT]), "organisations.create", None)
