"""``hocbaso periods …`` and ``hocbaso unlock …``: entry periods, the locks they leave, unlock cases."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.organisations.models import Organisation
    from hocbaso.apps.periods.models import EntryPeriod, UnlockCase

periods = typer.Typer(no_args_is_help=True, help="Đợt nhập: liệt kê, đặt, đóng, khóa các đợt đã hết hạn.")
unlock = typer.Typer(no_args_is_help=True, help="Yêu cầu mở khóa: liệt kê, xem.")

SCHOOL = typer.Option(None, "--school", help="Mã trường.")
PROVINCE = typer.Option(None, "--province", help="Mã tỉnh: đợt nhập mặc định của tỉnh.")
YEAR = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026.")


def _unit(school: str | None, province: str | None) -> Organisation:
    from hocbaso.apps.organisations.queries import school as find_school
    from hocbaso.apps.organisations.use_cases.units import department

    if bool(school) == bool(province):
        messages.print("Cần đúng một trong hai: --school hoặc --province.", style="red")
        raise typer.Exit(Exit.UNUSABLE)
    return find_school(school) if school else department(str(province))


def _time(text: str) -> datetime:
    """ISO 8601; without an offset the time is Vietnam's."""
    from hocbaso.apps.common.clock import VIETNAM

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        messages.print(f"Thời điểm “{text}” chưa đúng. Ví dụ: 2026-05-31T17:00.", style="red", markup=False)
        raise typer.Exit(Exit.UNUSABLE) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def _period(period: EntryPeriod) -> dict[str, Any]:
    from hocbaso.apps.common import clock
    from hocbaso.apps.periods.calendar import scope_words, state_of
    from hocbaso.apps.periods.queries import window_of

    return {
        "id": period.pk,
        "unit": period.unit.code,
        "year": period.school_year,
        "scope": scope_words(period, {}),
        "levels": period.levels,
        "grade": period.grade,
        "class": period.school_class.name if period.school_class else None,
        "part": period.part,
        "moment": period.moment,
        "columns": period.columns,
        "opens_at": clock.iso_seconds(period.opens_at),
        "closes_at": clock.iso_seconds(period.closes_at),
        "state": state_of(window_of(period), clock.now()),
        "act": period.act,
        "by": period.made_by,
        "reason": period.reason,
        "decision": period.decision,
    }


@periods.command(name="list")
def list_periods(
    school: str = SCHOOL, province: str = PROVINCE, year: str = YEAR, as_json: bool = JSON_OPTION
) -> None:
    """Các đợt nhập đang dùng của trường (kể cả mặc định của tỉnh) hoặc của tỉnh."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.periods.calendar import periods_of

    with told(as_json=as_json):
        document = [_period(p) for p in periods_of(_unit(school, province), year)]

    def human() -> None:
        rows = [[p["id"], p["scope"], p["opens_at"], p["closes_at"], p["state"], p["by"]] for p in document]
        table(f"{len(rows)} đợt nhập", ["Số", "Phạm vi", "Mở", "Đóng", "Tình trạng", "Ai đặt"], rows)

    answer(document, as_json=as_json, human=human)


@periods.command(name="set")
def set_one(
    school: str = SCHOOL,
    province: str = PROVINCE,
    year: str = YEAR,
    closes: str = typer.Option(..., "--closes", help="Tự đóng lúc, ví dụ 2026-05-31T17:00."),
    opens: str = typer.Option(None, "--opens", help="Mở từ; mặc định ngay bây giờ."),
    level: list[str] = typer.Option([], "--level", help="Cấp học; lặp lại được."),
    grade: int = typer.Option(None, "--grade", help="Khối."),
    class_name: str = typer.Option(None, "--class", help="Lớp."),
    part: str = typer.Option("", "--part", help="Mã môn, pham-chat-nang-luc hoặc nhan-xet."),
    moment: str = typer.Option("", "--moment", help="ghk1, chk1, ghk2, cn, hk1, hk2 hoặc he."),
    column: list[str] = typer.Option([], "--column", help="Cột, ví dụ gk; lặp lại được."),
    reason: str = typer.Option("", "--reason", help="Lý do."),
    decision: str = typer.Option("", "--decision", help="Căn cứ."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Đặt đợt nhập; điều gì không nêu là tất cả."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.common import clock
    from hocbaso.apps.periods.use_cases.set_period import set_period
    from hocbaso.apps.pupils.models import SchoolClass
    from hocbaso.core.errors import NotFound

    with told(as_json=as_json):
        unit = _unit(school, province)
        school_class = None
        if class_name:
            school_class = SchoolClass.objects.filter(school=unit, school_year=year, name=class_name).first()
            if school_class is None:
                raise NotFound("not_found", what=f"lớp {class_name}")
        made = set_period(
            Actor.operator(),
            unit=unit,
            school_year=year,
            opens_at=_time(opens) if opens else clock.now(),
            closes_at=_time(closes),
            levels=level,
            grade=grade,
            school_class=school_class,
            part=part,
            moment=moment,
            columns=column,
            reason=reason,
            decision=decision,
        )
    document = _period(made)
    answer(document, as_json=as_json, human=lambda: messages.print(f"Đã đặt đợt nhập số {made.pk}."))


@periods.command()
def close(
    period_id: int = typer.Argument(..., help="Số của đợt nhập (lệnh list)."),
    reason: str = typer.Option(..., "--reason", help="Lý do đóng sớm."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Đóng ngay một đợt nhập."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.periods.models import EntryPeriod
    from hocbaso.apps.periods.use_cases.set_period import close_period
    from hocbaso.core.errors import NotFound

    with told(as_json=as_json):
        period = EntryPeriod.objects.filter(pk=period_id).select_related("unit", "school_class").first()
        if period is None:
            raise NotFound("not_found", what=f"đợt nhập số {period_id}")
        closed = close_period(Actor.operator(), period=period, reason=reason)
    document = _period(closed)
    answer(document, as_json=as_json, human=lambda: messages.print("Đã đóng đợt nhập."))


@periods.command(name="close-due")
def close_due_ones(school: str = SCHOOL, as_json: bool = JSON_OPTION) -> None:
    """Khóa các cột của đợt nhập đã hết hạn, khóa lại các yêu cầu mở khóa đã hết giờ."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.organisations.queries import school as find_school
    from hocbaso.apps.periods.use_cases.close_due import close_due

    with told(as_json=as_json):
        done = close_due(Actor.system(), school=find_school(school) if school else None)
    document = {"locks": done.locks, "cases": list(done.cases)}
    words = f"Đã ghi {done.locks} khóa, khóa lại {len(done.cases)} yêu cầu."
    answer(document, as_json=as_json, human=lambda: messages.print(words))


def _case(case: UnlockCase) -> dict[str, Any]:
    from hocbaso.apps.common import clock

    def when(moment: datetime | None) -> str | None:
        return clock.iso_seconds(moment) if moment else None

    return {
        "number": case.number,
        "school": case.school.code,
        "year": case.school_year,
        "class": case.school_class.name,
        "part": case.part,
        "moment": case.moment,
        "columns": case.columns,
        "state": case.state,
        "requested_by": case.requested_by.username,
        "requested_at": when(case.requested_at),
        "why": case.why,
        "until": when(case.until),
        "decided_by": case.decided_by.username if case.decided_by else None,
        "decided_at": when(case.decided_at),
        "agreed_by": case.agreed_by.username if case.agreed_by else None,
        "in_force_at": when(case.in_force_at),
        "ended_at": when(case.ended_at),
    }


@unlock.command(name="list")
def list_cases(
    school: str = SCHOOL,
    year: str = typer.Option("", "--year", help="Năm học; mặc định mọi năm."),
    state: str = typer.Option("", "--state", help="open hoặc một trạng thái, ví dụ in_force."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Các yêu cầu mở khóa của một trường, hoặc của mọi trường trên nút."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations.models import Kind, Organisation
    from hocbaso.apps.organisations.queries import school as find_school
    from hocbaso.apps.periods.calendar import cases_of

    with told(as_json=as_json):
        schools = [find_school(school)] if school else Organisation.objects.filter(kind=Kind.SCHOOL)
        document = [_case(c) for c in cases_of(schools, year=year, state=state)]

    def human() -> None:
        rows = [
            [c["number"], c["class"], c["part"], c["moment"], c["state"], c["until"], c["requested_by"]]
            for c in document
        ]
        heads = ["Số", "Lớp", "Phần", "Thời điểm", "Trạng thái", "Mở đến", "Người yêu cầu"]
        table(f"{len(rows)} yêu cầu mở khóa", heads, rows)

    answer(document, as_json=as_json, human=human)


@unlock.command()
def show(
    number: str = typer.Argument(..., help="Số yêu cầu, ví dụ MK-2025-79000201-0007."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Một yêu cầu mở khóa với biên bản, học sinh và mọi thay đổi đã làm theo nó."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.assessment.models import ResultChange
    from hocbaso.apps.periods.models import UnlockCase
    from hocbaso.core.errors import NotFound

    with told(as_json=as_json):
        rows = UnlockCase.objects.select_related(
            "school", "school_class", "requested_by", "decided_by", "agreed_by"
        )
        case = rows.filter(number=number).first()
        if case is None:
            raise NotFound("not_found", what=f"yêu cầu {number}")
        pupils = case.cells.filter(enrolment__isnull=False).values_list("enrolment__pupil__code", flat=True)
        changes = ResultChange.objects.filter(case_number=number).order_by("id")
        document = {
            **_case(case),
            "minutes": case.minutes,
            "pupils": sorted(set(pupils)),
            "signed_minutes": [
                {"name": m.name, "digest": m.file_id, "by": m.by} for m in case.signed_minutes.all()
            ],
            "changes": [
                {"pupil": c.enrolment.pupil.code, "field": c.field, "old": c.old, "new": c.new, "by": c.by}
                for c in changes.select_related("enrolment__pupil")
            ],
        }
    answer(document, as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(periods, name="periods")
    app.add_typer(unlock, name="unlock")
