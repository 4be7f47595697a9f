"""The report of a campaign: frozen when it was closed, as it stands now before that; as page, Excel, PDF."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Campaign, CampaignState
from hocbaso.apps.identity.campaigns.scope import Standing, standings, summary
from hocbaso.apps.identity.watching.export import Exported, exported, stamp
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.engines.rendering.books.layout import Book, Column, Foot, Head, Part, School, Table, Value

STATES = {
    "done": "Đạt đúng hạn",
    "done_late": "Đạt sau hạn",
    "late": "Chưa đạt, quá hạn",
    "behind": "Chưa đạt",
    "empty": "Chưa có số liệu",
}


def report_rows(campaign: Campaign) -> list[Standing]:
    """The schools of the campaign, furthest behind first; of a closed one as they were frozen (one query)."""
    if campaign.state != CampaignState.CLOSED:
        return standings(campaign)
    assert campaign.ended_at is not None
    day = campaign.ended_at.astimezone(clock.VIETNAM).date()
    rows = []
    for kept in campaign.results.select_related("school"):
        tally = Tally()
        tally.numbers.update(kept.numbers)
        rows.append(
            Standing(
                kept.school_id,
                kept.school.code,
                kept.school_name,
                kept.manager_name,
                tally,
                kept.counted_at,
                kept.reached_on,
                campaign.target,
                campaign.deadline,
                day,
            )
        )
    return sorted(rows, key=lambda row: (row.tally.share, -row.tally.left, row.name))


def export_report(actor: Actor, campaign: Campaign, form: str) -> Exported:
    """The report as a file ("xlsx" or "pdf"), with its export number.

    :raises NotAllowed: policy ``identity.view_campaign``
    """
    require(actor, "identity.view_campaign", campaign)
    name = f"dot-xac-thuc-{campaign.pk}"
    return exported(actor, _book(actor, campaign), form, name=name, what="identity-campaign")


def _book(actor: Actor, campaign: Campaign) -> Book:
    rows = report_rows(campaign)
    total = summary(rows)
    title = f"Báo cáo đợt xác thực: {campaign.title}"
    ended = campaign.ended_at if campaign.state == CampaignState.CLOSED else None
    basis = (
        f"Số liệu chốt lúc {ended.astimezone(clock.VIETNAM):%H:%M ngày %d/%m/%Y}"
        if ended
        else "Đợt chưa kết thúc: số liệu tạm tính"
    )
    facts = (
        f"Hạn cuối {format_vi(campaign.deadline.isoformat())}, mục tiêu {campaign.target}%. {basis}.",
        f"Đạt đúng hạn: {total.done} / {total.schools} trường; đạt sau hạn: {total.done_late}; "
        f"chưa đạt: {total.unfinished}; chưa có số liệu: {total.empty}.",
    )
    part = Part("Đợt xác thực", title, facts=facts, table=_table(rows), landscape=True)
    return Book(title, School(campaign.owner.name), campaign.title, "", stamp(actor), (part,))


_HEADS = (
    ("STT", 10, "center"),
    ("Trường", 0, "left"),
    ("Mã trường", 24, "center"),
    ("Đơn vị quản lý", 52, "left"),
    ("Tổng số", 18, "right"),
    ("Đã xác thực", 20, "right"),
    ("Còn lại", 18, "right"),
    ("Ngày đạt", 24, "center"),
    ("Kết quả", 34, "left"),
)


def _table(rows: list[Standing]) -> Table:
    total = summary(rows).tally
    lines: list[tuple[Value, ...]] = [
        (
            n,
            row.name,
            row.code,
            row.manager,
            row.tally.total,
            row.tally.verified,
            row.tally.left,
            format_vi(row.reached_on.isoformat()) if row.reached_on else "",
            STATES[row.state],
        )
        for n, row in enumerate(rows, 1)
    ]
    return Table(
        tuple(Column(width, align) for _text, width, align in _HEADS),
        (tuple(Head(text) for text, _width, _align in _HEADS),),
        tuple(lines),
        (Foot("Cộng", 4, (total.total, total.verified, total.left, None, None)),),
        empty="Không có trường nào trong phạm vi.",
    )
