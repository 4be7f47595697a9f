"""``hocbaso identity progress | snapshot``: how far the verification is, from a class up to the nation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from hocbaso.core.errors import NotFound
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.identity import commands
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.identity.watching.board import Line
    from hocbaso.apps.identity.watching.tally import Tally
    from hocbaso.apps.organisations.models import Organisation

register_errors(
    {
        "unit_not_found": ("Không có đơn vị mang mã {code}.", "There is no unit with code {code}."),
        "campaign_not_found": ("Không có đợt xác thực số {id}.", "There is no campaign {id}."),
        "progress_needs_school": (
            "Chỉ trường mới có lớp. Hãy nêu mã một trường với --unit.",
            "Only a school has classes.",
        ),
    }
)

_WAYS = ("school", "class", "field")


@commands.command()
def progress(
    unit: str = typer.Option(..., "--unit", help="Mã trường, xã, Sở hoặc Bộ, ví dụ so-79."),
    by: str = typer.Option("", "--by", help="school, class hoặc field; mặc định theo đơn vị trực thuộc."),
    campaign: int | None = typer.Option(None, "--campaign", help="Số của đợt xác thực."),
    fresh: bool = typer.Option(False, "--fresh", help="Đếm lại từ hồ sơ trước khi trả lời."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Tiến độ xác thực của một đơn vị; chỉ số lượng, không có tên người."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    if by and by not in _WAYS:
        messages.print("--by là school, class hoặc field.", style="red")
        raise typer.Exit(Exit.UNUSABLE)
    with told(as_json=as_json):
        found = _unit(unit)
        if fresh:
            _count(found)
        document = _of_unit(found, by) if campaign is None else _of_campaign(found, campaign)
    answer(document, as_json=as_json, human=lambda: _tell(document))


@commands.command()
def snapshot(
    unit: str = typer.Option("", "--unit", help="Chỉ các trường thuộc đơn vị này; mặc định cả nút."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Đếm lại từ hồ sơ và lưu số liệu của ngày hôm nay; thay cho worker ở nút chạy theo lịch."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.identity.campaigns.clockwork import work
    from hocbaso.apps.identity.watching.recount import recount_all

    with told(as_json=as_json):
        counted = _count(_unit(unit)) if unit else recount_all().schools
        done = work(Actor.system())
    answer(
        {"schools": counted, "reached": done.reached, "reminded": done.reminded, "finished": done.finished},
        as_json=as_json,
    )


def _unit(code: str) -> Organisation:
    from hocbaso.apps.organisations.models import Organisation

    found = Organisation.objects.filter(code=code).first()
    if found is None:
        raise NotFound("unit_not_found", code=code)
    return found


def _count(unit: Organisation) -> int:
    from hocbaso.apps.identity.watching.recount import recount_all
    from hocbaso.apps.oversight.schools import schools_under

    return recount_all(schools_under(unit).values_list("pk", flat=True)).schools


def _head(unit: Organisation) -> dict[str, Any]:
    return {"unit": {"code": unit.code, "name": unit.name, "kind": unit.kind}}


def _numbers(tally: Tally) -> dict[str, Any]:
    """People by state; who differs in which field; since when the oldest case is open."""
    from hocbaso.apps.identity.watching.models import DIFFERS, STATES

    return {
        "total": tally.total,
        "states": {state: tally.numbers[state] for state in STATES},
        "differs": {name: tally.numbers[column] for name, column in DIFFERS.items()},
        "oldest_open": _iso(tally.oldest),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "code": line.code,
        "name": line.name,
        "kind": line.kind,
        "schools": line.schools,
        "uncounted": line.uncounted,
        "counted_at": _iso(line.counted_at),
        "escalations": line.escalations,
        **_numbers(line.tally),
    }


def _iso(moment: Any) -> str | None:
    from hocbaso.apps.common import clock

    return clock.iso_seconds(moment) if moment else None


def _of_unit(unit: Organisation, by: str) -> dict[str, Any]:
    from hocbaso.apps.identity.watching.board import arranged, board, both, school_board
    from hocbaso.apps.identity.watching.models import Who

    whole = {who: _line(line) for who, line in both(unit).items()}
    document = _head(unit) | whole
    if by == "field":
        return document  # the numbers above hold every field
    if by == "class":
        if not unit.is_school:
            raise NotFound("progress_needs_school")
        rows: list[dict[str, Any]] = [
            {"class": row.school_class.name, "grade": row.school_class.grade, **_numbers(row.tally)}
            for row in school_board(unit).classes
        ]
        return document | {"rows": rows}
    lines = board(unit, Who.PUPILS, by_school=by == "school").lines
    return document | {"rows": [_line(line) for line in arranged(lines)]}


def _of_campaign(unit: Organisation, number: int) -> dict[str, Any]:
    from hocbaso.apps.identity.campaigns.models import Campaign
    from hocbaso.apps.identity.campaigns.report import report_rows
    from hocbaso.apps.identity.campaigns.scope import days_left, summary
    from hocbaso.apps.oversight.schools import schools_under

    campaign = Campaign.objects.select_related("owner").filter(pk=number).first()
    if campaign is None:
        raise NotFound("campaign_not_found", id=number)
    below = set(schools_under(unit).values_list("pk", flat=True))
    rows = [row for row in report_rows(campaign) if row.id in below]
    total = summary(rows)
    return _head(unit) | {
        "campaign": {
            "id": campaign.pk,
            "title": campaign.title,
            "owner": campaign.owner.code,
            "state": campaign.state,
            "deadline": campaign.deadline.isoformat(),
            "days_left": days_left(campaign),
            "target": campaign.target,
        },
        "schools": total.schools,
        "done": total.done,
        "done_late": total.done_late,
        "late": total.late,
        "uncounted": total.empty,
        "rows": [
            {
                "code": row.code,
                "name": row.name,
                "total": row.tally.total,
                "verified": row.tally.verified,
                "left": row.tally.left,
                "reached_on": row.reached_on.isoformat() if row.reached_on else None,
                "state": row.state,
            }
            for row in rows
        ],
    }


def _tell(document: dict[str, Any]) -> None:
    messages.print(document["unit"]["name"], markup=False)
    for who, words in (("pupils", "Học sinh"), ("staff", "Cán bộ, giáo viên")):
        if who in document:
            numbers = document[who]
            messages.print(f"{words}: {numbers['states']['verified']} / {numbers['total']} đã xác thực")
    rows = []
    for row in document.get("rows", ()):
        verified = row["verified"] if "verified" in row else row["states"]["verified"]
        rows.append([row.get("name") or row.get("class"), row["total"], verified, row["total"] - verified])
    if rows:
        table("Tiến độ", ["Đơn vị", "Tổng số", "Đã xác thực", "Còn lại"], rows)


def register(app: typer.Typer) -> None:
    """The commands stand in the group ``identity``, which its own module adds."""
