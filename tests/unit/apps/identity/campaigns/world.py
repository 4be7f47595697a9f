"""A commune with two schools under a department: one nearly done, one that has not begun."""

from __future__ import annotations

from datetime import date, timedelta

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.identity.campaigns.models import Campaign
from hocbaso.apps.identity.campaigns.use_cases import Terms, set_campaign
from hocbaso.apps.identity.watching.recount import recount_all
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil
from tests.unit.apps.accounts import people

TODAY = date(2026, 5, 20)  # people.DAY in Vietnam


class World:
    def __init__(self, pupils: int = 3) -> None:
        self.near = people.school("79000101", "Trường Tiểu học Sao Khuê")
        self.far = people.school("79000102", "Trường Tiểu học Hạnh Thông")
        for school, state in ((self.near, "verified"), (self.far, "not_sent")):
            in_class = people.school_class(school)
            for n in range(pupils):
                people.enrol(in_class, n, identity_state=state if n else "mismatch")
        self.commune = Organisation.objects.get(code="xa-26929")
        self.department = Organisation.objects.get(code="so-79")
        self.officer = people.actor(Role.COMMUNE_OFFICER, self.commune)
        self.above = people.actor(Role.DEPARTMENT_OFFICER, self.department)
        recount_all()

    def finish(self, school: Organisation) -> None:
        """Every pupil of the school is verified, and counted."""
        Pupil.objects.filter(enrolments__school_class__school=school).update(identity_state="verified")
        recount_all()

    def campaign(self, *, days: int = 10, by: Actor | None = None, **terms: object) -> Campaign:
        """One that begins today and ends in so many days."""
        actor = by or self.officer
        assert actor.assignment is not None
        values = {"title": "Đợt 1", "starts_on": TODAY, "deadline": TODAY + timedelta(days=days)} | terms
        return set_campaign(actor, actor.assignment.organisation, Terms(**values))  # type: ignore[arg-type]
