"""Campaigns: who sets them, whom they are for, their clock, reminders once, frozen reports."""

from __future__ import annotations

import io
from datetime import timedelta

import openpyxl
import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.clockwork import note_reached, step_of, work
from hocbaso.apps.identity.campaigns.models import Campaign, CampaignAct, Reached, Reminder, Result
from hocbaso.apps.identity.campaigns.reminders import acknowledge, send_reminders, waiting_for
from hocbaso.apps.identity.campaigns.report import export_report, report_rows
from hocbaso.apps.identity.campaigns.scope import running_for, standings, summary
from hocbaso.apps.identity.campaigns.use_cases import (
    Terms,
    cancel_campaign,
    change_campaign,
    close_campaign,
)
from hocbaso.apps.identity.watching.recount import recount_all
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people
from tests.unit.apps.identity.campaigns.world import TODAY, World

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


@pytest.fixture(autouse=True)
def _on_the_day():
    with clock.standing_at(people.DAY):
        yield


@pytest.fixture
def world() -> World:
    return World()


def later(days: int):
    return clock.standing_at(people.DAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"title": "  "}, "campaign_title"),
        ({"pupils": False}, "campaign_nobody"),
        ({"deadline": TODAY - timedelta(days=1)}, "campaign_days"),
        ({"target": 0}, "campaign_target"),
        ({"levels": ["dai_hoc"]}, "campaign_levels"),
        ({"units": ["so-79"]}, "campaign_units"),
    ],
)
def test_a_campaign_that_makes_no_sense_is_refused(world, terms, code):
    with pytest.raises(DomainError) as refused:
        world.campaign(**terms)
    assert refused.value.code == code
    assert not Campaign.objects.exists()


def test_pressing_twice_opens_one_campaign(world):
    world.campaign()
    with pytest.raises(DomainError) as refused:
        world.campaign()
    assert refused.value.code == "campaign_twice"
    world.campaign(target=90)
    assert Campaign.objects.count() == 2


def test_nobody_sets_a_campaign_for_another_unit(world):
    campaign = world.campaign()
    for stranger in (world.above, people.actor(Role.PRINCIPAL, world.far)):
        with pytest.raises(NotAllowed):
            cancel_campaign(stranger, campaign, "Không cần nữa")


def test_a_change_needs_a_reason_and_leaves_the_former_terms_on_record(world):
    campaign = world.campaign()
    longer = Terms.of(campaign)
    later_day = Terms(**{**longer.as_json(), "starts_on": TODAY, "deadline": TODAY + timedelta(days=20)})
    with pytest.raises(DomainError, match="lý do"):
        change_campaign(world.officer, campaign, later_day, " ")
    change_campaign(world.officer, campaign, later_day, "Mưa lũ, trường nghỉ học")
    acts = list(CampaignAct.objects.values_list("act", "reason", "values__deadline"))
    assert acts == [("set", "", "2026-05-30"), ("change", "Mưa lũ, trường nghỉ học", "2026-06-09")]
    with pytest.raises(IntegrityError), transaction.atomic():
        CampaignAct.objects.filter(act="set").update(reason="khác")
    cancel_campaign(world.officer, campaign, "Gộp vào đợt của Sở")
    with pytest.raises(DomainError, match="không thay đổi được"):
        change_campaign(world.officer, campaign, longer, "Mở lại")
    assert Event.objects.filter(action__startswith="identity.campaign_").count() == 3


def test_a_school_sees_the_campaigns_it_is_in_the_nearest_owner_first(world):
    wide = world.campaign(by=world.above, title="Của Sở", days=5)
    near = world.campaign(title="Của phường", days=9)
    world.campaign(title="Trường kia", units=[world.near.code])
    world.campaign(title="Trung học", levels=["thcs"])
    world.campaign(title="Chưa đến", starts_on=TODAY + timedelta(days=1))
    assert running_for(world.far) == [near, wide]
    assert [one.title for one in running_for(world.near)] == ["Của phường", "Trường kia", "Của Sở"]
    assert [one.title for one in running_for(world.commune)][-1] == "Của Sở"


def test_units_may_be_communes(world):
    campaign = world.campaign(by=world.above, units=[world.commune.code])
    assert {row.code for row in standings(campaign)} == {world.near.code, world.far.code}
    assert running_for(world.far) == [campaign]


def test_who_is_at_the_target_and_who_is_late_is_known_by_the_day(world):
    campaign = world.campaign(days=10, target=60)
    note_reached([campaign])
    near, far = (next(r for r in standings(campaign) if r.code == s.code) for s in (world.near, world.far))
    assert (near.state, near.reached_on, near.short) == ("done", TODAY, 0)
    assert (far.state, far.short, far.tally.left) == ("behind", 2, 3)
    with later(11):
        assert {r.state for r in standings(campaign)} == {"done", "late"}
        world.finish(world.far)
        note_reached([campaign])
        note_reached([campaign])
        assert {r.code: r.state for r in standings(campaign)}[world.far.code] == "done_late"
    assert Reached.objects.count() == 2


@pytest.mark.parametrize(
    ("day", "step"),
    [(0, ""), (2, ""), (3, "7"), (6, "7"), (7, "3"), (9, "1"), (10, "1"), (11, "+1"), (17, "+1"), (18, "+8")],
)
def test_the_rule_has_one_step_a_day(world, day, step):
    assert step_of(world.campaign(days=10), TODAY + timedelta(days=day)) == step


def test_a_step_that_lies_before_the_start_is_left_out(world):
    assert step_of(world.campaign(days=2), TODAY) == ""


def test_the_rule_reminds_once_a_step_however_often_the_worker_comes(world):
    world.campaign(days=10, target=60)
    work(SYSTEM)
    assert not Reminder.objects.exists()
    with later(4):  # the node was off on the day itself
        assert work(SYSTEM).reminded == 1
        assert work(SYSTEM).reminded == 0
    reminder = Reminder.objects.get()
    assert (reminder.school, reminder.step, reminder.sender) == (world.far, "7", world.commune)
    assert reminder.facts["pupils"]["not_sent"] == 2
    with later(5):
        assert work(SYSTEM).reminded == 0
    with later(7):
        Pupil.objects.update(identity_state="verified")  # not counted yet: it is, before anybody is told
        assert work(SYSTEM).reminded == 0


def test_nobody_is_reminded_twice_a_day_whoever_reminds(world):
    schools = [world.near.pk, world.far.pk]
    first = send_reminders(world.officer, world.commune, schools, message="Thầy cô xem giúp.")
    again = send_reminders(world.above, world.department, schools)
    assert (len(first.sent), len(again.sent), again.already) == (2, 0, 2)
    with later(1):
        world.finish(world.near)
        third = send_reminders(world.officer, world.commune, schools)
        assert (len(third.sent), third.complete) == (1, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reminder.objects.create(
            school=world.far, day=TODAY, sender=world.commune, facts={}, sent_at=people.DAY, by="x"
        )


def test_only_schools_below_are_reminded(world):
    elsewhere = people.school("79000103", "Trường Khác", commune_code="26890")
    with pytest.raises(DomainError, match="không thuộc phạm vi"):
        send_reminders(world.officer, world.commune, [elsewhere.pk])
    with pytest.raises(NotAllowed):
        send_reminders(people.actor(Role.PRINCIPAL, world.far), world.commune, [world.far.pk])


def test_a_reminder_stands_until_it_is_acknowledged_or_nothing_is_left(world):
    send_reminders(world.officer, world.commune, [world.near.pk, world.far.pk])
    (seen,) = waiting_for(world.far)
    with pytest.raises(NotAllowed):
        acknowledge(people.actor(Role.PRINCIPAL, world.near), seen)
    acknowledge(people.actor(Role.DATA_CLERK, world.far), seen)
    assert waiting_for(world.far) == []
    with pytest.raises(DomainError, match="đã được xác nhận"):
        acknowledge(people.actor(Role.PRINCIPAL, world.far), seen)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reminder.objects.filter(pk=seen.pk).update(acknowledged_by="người khác")
    world.finish(world.near)
    assert work(SYSTEM).finished == 1
    assert waiting_for(world.near) == []


def test_the_report_is_frozen_when_the_campaign_is_closed(world):
    campaign = world.campaign(days=3)
    with pytest.raises(DomainError, match="lý do"):
        close_campaign(world.officer, campaign)
    with later(4):
        closed = close_campaign(world.officer, campaign)
        frozen = [(r.code, r.tally.verified, r.state) for r in report_rows(closed)]
        world.finish(world.far)
        assert [(r.code, r.tally.verified, r.state) for r in report_rows(closed)] == frozen
        assert {code: state for code, _n, state in frozen} == {
            world.near.code: "late",
            world.far.code: "late",
        }
        assert summary(report_rows(closed)).late == 2
        made = export_report(world.above, closed, "xlsx")
        sheet = openpyxl.load_workbook(io.BytesIO(made.content)).worksheets[0]
        cells = [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]
        assert world.far.name in cells
        assert any("Số liệu chốt lúc" in text for text in cells)
        assert export_report(world.officer, closed, "pdf").content.startswith(b"%PDF")
    with pytest.raises(IntegrityError), transaction.atomic():
        Result.objects.update(numbers={})


def test_a_level_counts_its_own_pupils_only(world):
    school = people.school("79000104", "Trường TH và THCS Bình An", levels=["tieu_hoc", "thcs"])
    for grade, name, state in ((1, "1A", "verified"), (6, "6A", "not_sent")):
        people.enrol(people.school_class(school, name, grade), 1, identity_state=state)
    recount_all()
    low, high = (world.campaign(title=level, levels=[level]) for level in ("tieu_hoc", "thcs"))
    assert {r.code: r.state for r in standings(low)}[school.code] == "done"
    assert [(r.code, r.state) for r in standings(high)] == [(school.code, "behind")]
