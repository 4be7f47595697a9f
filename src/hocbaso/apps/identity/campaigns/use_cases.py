"""Set, change, close and cancel a campaign: every act stands with its reason, and in the audit chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Act, Campaign, CampaignAct, CampaignState, Result
from hocbaso.apps.identity.campaigns.scope import standings
from hocbaso.apps.identity.watching.recount import recount
from hocbaso.apps.organisations.models import Kind, Level, Management, Organisation, valid_on
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import nfc

register(
    {
        "campaign_title": ("Thầy cô đặt tên cho đợt xác thực.", "The campaign needs a title."),
        "campaign_nobody": (
            "Thầy cô chọn học sinh, cán bộ, hoặc cả hai.",
            "A campaign is for pupils, staff or both.",
        ),
        "campaign_days": (
            "Hạn cuối phải từ ngày bắt đầu trở đi và không ở quá khứ.",
            "The deadline must not lie before the start or in the past.",
        ),
        "campaign_target": ("Mục tiêu là số phần trăm từ 1 đến 100.", "The target is 1 to 100 per cent."),
        "campaign_units": (
            "Có đơn vị không thuộc phạm vi quản lý của thầy cô: {codes}.",
            "Units outside the owner's reach: {codes}.",
        ),
        "campaign_levels": ("Cấp học {codes} không có trong danh mục.", "Unknown levels: {codes}."),
        "campaign_reason": ("Cần ghi lý do thay đổi đợt xác thực.", "A reason is needed."),
        "campaign_over": (
            "Đợt “{title}” đã kết thúc hoặc đã hủy nên không thay đổi được nữa.",
            "The campaign is over.",
        ),
        "campaign_twice": (
            "Đợt “{title}” với đúng các điều kiện này đang mở rồi.",
            "The same campaign is open already.",
        ),
        "campaign_same": ("Chưa có gì thay đổi so với trước.", "Nothing was changed."),
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign says: for whom, until when, how much."""

    title: str
    starts_on: date
    deadline: date
    pupils: bool = True
    staff: bool = False
    levels: Sequence[str] = ()
    units: Sequence[str] = field(default=())  # codes
    target: int = 100
    note: str = ""
    reminds: bool = True

    @classmethod
    def of(cls, campaign: Campaign) -> Terms:
        """As the campaign stands now."""
        return cls(**{name: getattr(campaign, name) for name in _FIELDS})

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        dates = {"starts_on": self.starts_on.isoformat(), "deadline": self.deadline.isoformat()}
        lists = {"levels": sorted(self.levels), "units": sorted(self.units)}
        return asdict(self) | dates | lists


_FIELDS = tuple(Terms.__dataclass_fields__)


@transaction.atomic
def set_campaign(actor: Actor, owner: Organisation, terms: Terms) -> Campaign:
    """Open a campaign of the unit for units below it.

    :raises NotAllowed: policy ``identity.campaign``
    :raises DomainError: ``campaign_title``, ``campaign_nobody``, ``campaign_days``, ``campaign_target``,
        ``campaign_units``, ``campaign_levels``, ``campaign_twice``
    """
    require(actor, "identity.campaign", owner)
    terms = _checked(owner, terms)
    Organisation.objects.select_for_update(of=("self",)).get(pk=owner.pk)  # pressing twice opens one
    running = Campaign.objects.filter(owner=owner, state=CampaignState.OPEN, title=terms.title)
    if any(Terms.of(one).as_json() == terms.as_json() for one in running):
        raise DomainError("campaign_twice", title=terms.title)
    campaign = Campaign.objects.create(
        owner=owner,
        made_at=clock.now(),
        made_by=actor.label,
        **{name: getattr(terms, name) for name in _FIELDS},
    )
    _act(actor, campaign, Act.SET, terms, "")
    return campaign


@transaction.atomic
def change_campaign(actor: Actor, campaign: Campaign, terms: Terms, reason: str) -> Campaign:
    """Other terms from now on; what held before stays on record.

    :raises NotAllowed: policy ``identity.campaign``
    :raises DomainError: as :func:`set_campaign`; ``campaign_over``, ``campaign_reason``, ``campaign_same``
    """
    campaign = _mine(actor, campaign)
    reason = _reason(reason)
    terms = _checked(campaign.owner, terms, campaign.deadline)
    if terms.as_json() == Terms.of(campaign).as_json():
        raise DomainError("campaign_same")
    for name in _FIELDS:
        setattr(campaign, name, getattr(terms, name))
    campaign.save(update_fields=_FIELDS)
    _act(actor, campaign, Act.CHANGE, terms, reason)
    return campaign


@transaction.atomic
def cancel_campaign(actor: Actor, campaign: Campaign, reason: str) -> Campaign:
    """It does not count: no report, nobody is reminded any more.

    :raises NotAllowed: policy ``identity.campaign``
    :raises DomainError: ``campaign_over``, ``campaign_reason``
    """
    campaign = _mine(actor, campaign)
    return _end(actor, campaign, Act.CANCEL, CampaignState.CANCELLED, _reason(reason))


def close_campaign(actor: Actor, campaign: Campaign, reason: str = "") -> Campaign:
    """End it: every school of the scope is counted once more, and the figures are frozen for the report.

    Before the deadline a reason is needed.

    :raises NotAllowed: policy ``identity.campaign``
    :raises DomainError: ``campaign_over``, ``campaign_reason``
    """
    from hocbaso.apps.identity.campaigns.clockwork import note_reached

    require(actor, "identity.campaign", campaign.owner)
    recount([row.id for row in standings(campaign)])
    note_reached([campaign])
    with transaction.atomic():
        campaign = _mine(actor, campaign)
        reason = _reason(reason) if clock.today() <= campaign.deadline else " ".join(reason.split())[:300]
        Result.objects.bulk_create(
            [
                Result(
                    campaign=campaign,
                    school_id=row.id,
                    school_name=row.name,
                    manager_name=row.manager,
                    numbers=row.tally.kept(),
                    reached_on=row.reached_on,
                    counted_at=row.counted_at,
                )
                for row in standings(campaign)
            ],
            batch_size=500,
        )
        return _end(actor, campaign, Act.CLOSE, CampaignState.CLOSED, reason)


def _mine(actor: Actor, campaign: Campaign) -> Campaign:
    """The row, locked, when the actor may change it and it is still open."""
    found = Campaign.objects.select_for_update(of=("self",)).select_related("owner").get(pk=campaign.pk)
    require(actor, "identity.campaign", found.owner)
    if found.state != CampaignState.OPEN:
        raise DomainError("campaign_over", title=found.title)
    return found


def _end(actor: Actor, campaign: Campaign, act: Act, state: CampaignState, reason: str) -> Campaign:
    campaign.state, campaign.ended_at = state, clock.now()
    campaign.save(update_fields=["state", "ended_at"])
    _act(actor, campaign, act, Terms.of(campaign), reason)
    return campaign


def _act(actor: Actor, campaign: Campaign, act: Act, terms: Terms, reason: str) -> None:
    values = terms.as_json()
    CampaignAct.objects.create(
        campaign=campaign, act=act, values=values, reason=reason, at=clock.now(), by=actor.label
    )
    chain.record(
        actor,
        f"identity.campaign_{act}",
        f"campaign:{campaign.pk}",
        organisation=campaign.owner.code,
        reason=reason,
        terms=values,
    )


def _reason(text: str) -> str:
    found = " ".join(nfc(text).split())[:300]
    if len(found) < 3:
        raise DomainError("campaign_reason")
    return found


def _checked(owner: Organisation, terms: Terms, former: date | None = None) -> Terms:
    """:param former: the deadline that stands already, which may have passed."""
    title = " ".join(nfc(terms.title).split())[:120]
    if not title:
        raise DomainError("campaign_title")
    if not (terms.pupils or terms.staff):
        raise DomainError("campaign_nobody")
    if terms.deadline < terms.starts_on or (terms.deadline < clock.today() and terms.deadline != former):
        raise DomainError("campaign_days")
    if not 1 <= terms.target <= 100:
        raise DomainError("campaign_target")
    levels = sorted(set(terms.levels))
    if unknown := [code for code in levels if code not in Level.values]:
        raise DomainError("campaign_levels", codes=", ".join(unknown))
    units = _units(owner, terms.units)
    values = asdict(terms) | {
        "title": title,
        "levels": levels,
        "units": units,
        "note": nfc(terms.note).strip()[:500],
    }
    return Terms(**values)


def _units(owner: Organisation, codes: Sequence[str]) -> list[str]:
    """The codes, when all of them are units below the owner (or its own schools). Two queries."""
    wanted = {code.strip() for code in codes if code.strip()}
    if not wanted:
        return []
    if owner.kind == Kind.SCHOOL:
        raise DomainError("campaign_units", codes=", ".join(sorted(wanted)))
    below = Management.objects.filter(valid_on(clock.today()), manager=owner).values("organisation")
    known = set(
        Organisation.objects.filter(
            Q(pk__in=schools_under(owner).values("pk")) | Q(pk__in=below), code__in=wanted
        ).values_list("code", flat=True)
    )
    if unknown := wanted - known:
        raise DomainError("campaign_units", codes=", ".join(sorted(unknown)))
    return sorted(known)
