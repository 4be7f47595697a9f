"""``hocbaso archive status | extend | renew | record | pdf``: what keeps sheets provable for decades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from hocbaso.interfaces.cli import archive_pdf, archive_records
from hocbaso.interfaces.cli.imports import check_year
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.organisations.models import Organisation
    from hocbaso.apps.preservation.standing import Standing
    from hocbaso.apps.preservation.work import Outcome

commands = typer.Typer(no_args_is_help=True, help="Lưu trữ dài hạn: giữ cho học bạ còn kiểm chứng được.")

SCHOOL = typer.Option(None, "--school", help="Mã trường; không nêu thì mọi trường của nút.")
YEAR = typer.Option("", "--year", help="Năm học, ví dụ 2025-2026; không nêu thì mọi năm.")


@commands.command()
def status(school: str = SCHOOL, year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """Bao nhiêu tờ ở mức nào, khi nào phải nối dấu thời gian và vì sao; trả về 1 nếu có báo động."""
    with told(as_json=as_json):
        unit = _scope(school, year)
        from hocbaso.apps.preservation.standing import standing
        from hocbaso.apps.transcripts.models import IssuedSheet

        rows = IssuedSheet.objects.all()
        rows = rows.filter(sheet__school=unit) if unit is not None else rows
        found = standing(rows.filter(sheet__school_year=year) if year else rows)
    document = _document(found)
    answer(document, as_json=as_json, human=lambda: _tell(found))
    raise typer.Exit(Exit.NEGATIVE if found.alarms else Exit.DONE)


@commands.command()
def extend(school: str = SCHOOL, year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """Thêm chứng thư và thông tin thu hồi cho tờ đã phát hành (B-LT); chạy lại được sau khi bị dừng."""
    with told(as_json=as_json):
        unit = _scope(school, year)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.use_cases.extend import extend as run

        done = run(Actor.operator(), school=unit, year=year or None)
    _finish(done, as_json)


@commands.command()
def renew(
    school: str = SCHOOL,
    year: str = YEAR,
    early: bool = typer.Option(
        False, "--early", help="Cấp ngay dấu thời gian lưu trữ đầu tiên cho tờ chưa có, dù chưa đến hạn."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Nối dấu thời gian lưu trữ cho tờ đến hạn theo chính sách (B-LTA); chạy lại được sau khi bị dừng."""
    with told(as_json=as_json):
        unit = _scope(school, year)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.use_cases.renew import renew as run

        done = run(Actor.operator(), school=unit, year=year or None, early=early)
    _finish(done, as_json)


def _scope(school: str | None, year: str) -> Organisation | None:
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations import queries

    if year:
        check_year(year)
    return queries.school(school) if school else None


def _finish(done: Outcome, as_json: bool) -> None:
    document = {
        "done": done.done,
        "waiting": done.waiting,
        "failed": done.failed,
        "reasons": dict(sorted(done.reasons.items())),
        "stopped": done.stopped or None,
    }

    def human() -> None:
        messages.print(f"Xong {done.done} tờ; chờ dữ liệu mới {done.waiting}; chưa làm được {done.failed}.")
        for code, count in sorted(done.reasons.items()):
            messages.print(f"  {code}: {count}")
        if done.stopped:
            messages.print(done.stopped, style="yellow", markup=False)

    answer(document, as_json=as_json, human=human)
    if done.stopped:
        raise typer.Exit(Exit.UNAVAILABLE)
    raise typer.Exit(Exit.NEGATIVE if done.failed else Exit.DONE)


def _document(found: Standing) -> dict[str, Any]:
    from hocbaso.apps.preservation.words import alarm_words

    groups = [
        {
            "level": group.level,
            "sheets": group.sheets,
            "due": group.due.date().isoformat(),
            "reason": group.reason,
            "ends": group.ends.date().isoformat(),
            "certificate_ends": group.certificate_ends.date().isoformat(),
            "algorithms": list(group.algorithms),
        }
        for group in found.groups
    ]
    return {
        "sheets": found.total,
        "levels": found.levels,
        "due_now": found.due,
        "next_renewal": groups[0] if groups else None,
        "groups": groups,
        "troubles": [
            {"deed": one.deed, "code": one.code, "message": one.message, "sheets": one.sheets}
            for one in found.troubles
        ],
        "alarms": [
            {"code": one.code, "sheets": one.sheets, "message": alarm_words(one)} for one in found.alarms
        ],
        "policy": {
            "id": found.policy.id,
            "version": found.policy.version,
            "valid_from": found.policy.valid_from.isoformat(),
        },
    }


def _tell(found: Standing) -> None:
    from hocbaso.apps.preservation.words import alarm_words, level_words, reason_words

    rows = [[level, count, level_words(level)] for level, count in found.levels.items()]
    table(f"{found.total} tờ đã phát hành", ["Mức", "Số tờ", "Nghĩa là"], rows)
    renewals = [
        [f"{g.due:%d/%m/%Y}", g.sheets, g.level, reason_words(g.reason), f"{g.ends:%d/%m/%Y}"]
        for g in found.groups
    ]
    if renewals:
        table("Việc nối dấu thời gian", ["Từ ngày", "Số tờ", "Mức", "Vì", "Hết giá trị"], renewals)
    for trouble in found.troubles:
        messages.print(f"{trouble.sheets} tờ: {trouble.message}", style="yellow", markup=False)
    for alarm in found.alarms:
        messages.print(alarm_words(alarm), style="red", markup=False)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    archive_records.register(commands)
    archive_pdf.register(commands)
    app.add_typer(commands, name="archive")
