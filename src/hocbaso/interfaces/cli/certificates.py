"""``hocbaso certificates list | as-of | readiness``, and the deeds of :mod:`.certificate_deeds`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from hocbaso.interfaces.cli.certificate_deeds import register as deeds
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from datetime import date

    from hocbaso.apps.organisations.models import Organisation
    from hocbaso.apps.signing.authority import Authority

commands = typer.Typer(no_args_is_help=True, help="Chứng thư số: ai ký được gì cho trường nào.")

deeds(commands)
SCHOOL = typer.Option(..., "--school", help="Mã trường.")


@commands.command("list")
def list_registered(school: str = SCHOOL, as_json: bool = JSON_OPTION) -> None:
    """Sổ đăng ký chứng thư số hôm nay; chỉ đọc."""
    with told(as_json=as_json):
        unit = _school(school)
        from hocbaso.apps.common import clock

        document = _document(unit, clock.today())
    answer(document, as_json=as_json, human=lambda: _tell(document))


@commands.command("as-of")
def as_of(
    school: str = SCHOOL,
    day: str = typer.Option(..., "--day", help="Ngày, ví dụ 2026-05-31."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Ngày đó ai ký được gì cho trường; chỉ đọc."""
    wanted = _day(day)
    with told(as_json=as_json):
        document = _document(_school(school), wanted)
    answer(document, as_json=as_json, human=lambda: _tell(document))


@commands.command()
def readiness(
    school: str = SCHOOL,
    refresh: bool = typer.Option(False, "--refresh", help="Hỏi lại tình trạng thu hồi trước khi trả lời."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Ai phải ký, có chứng thư số gì, còn thiếu gì; trả về 1 nếu có người chưa ký được."""
    with told(as_json=as_json):
        unit = _school(school)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.signing import authority
        from hocbaso.apps.signing import readiness as boards

        actor = Actor.operator()
        asked = authority.refresh(actor, unit) if refresh else 0
        board = boards.board(actor, unit)
        document: dict[str, Any] = {
            "school": unit.code,
            "year_end": board.year_end.isoformat(),
            "asked": asked,
            "required": len(board.required),
            "able": board.able,
            "people": [
                {
                    "name": line.name,
                    "account": line.who.user.username if line.who.user else None,
                    "roles": line.who.roles,
                    "states": [str(state) for state in line.states],
                    "certificate": line.certificate.digest if line.certificate else None,
                    "family": line.certificate.family if line.certificate else None,
                    "ends_on": line.ends_on.isoformat() if line.ends_on else None,
                    "days_left": line.days_left,
                    "missing_seats": [str(place) for place in line.missing],
                    "request": line.request.request.number if line.request else None,
                }
                for line in board.lines
            ],
        }
    answer(document, as_json=as_json, human=lambda: _tell_board(document))
    raise typer.Exit(Exit.DONE if document["able"] == document["required"] else Exit.NEGATIVE)


def _school(code: str) -> Organisation:
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations.queries import school

    return school(code)


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("Ghi ngày theo dạng năm-tháng-ngày, ví dụ 2026-05-31.") from error


def _document(unit: Organisation, day: date) -> dict[str, Any]:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.signing.authority import as_of as register

    rows = register(Actor.operator(), unit, day)
    return {"school": unit.code, "day": day.isoformat(), "registrations": [_row(one) for one in rows]}


def _row(one: Authority) -> dict[str, Any]:
    row = one.row
    return {
        "name": one.name,
        "account": row.user.username if row.user else None,
        "role": row.role,
        "class": row.class_name or None,
        "school_year": row.school_year or None,
        "subject": row.subject_code or None,
        "certificate": row.certificate_id,
        "serial": row.certificate.serial,
        "family": row.certificate.family,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "usable": one.usable,
        "why_not": one.why_not or None,
    }


def _tell(document: dict[str, Any]) -> None:
    rows = document["registrations"]
    messages.print(f"Ngày {document['day']}: {len(rows)} đăng ký của trường {document['school']}.")
    if rows:
        table(
            "Sổ đăng ký chứng thư số",
            ["Người ký", "Vai trò", "Lớp", "Môn", "Số hiệu", "Ký được"],
            [
                [
                    row["name"],
                    row["role"],
                    row["class"] or "",
                    row["subject"] or "",
                    row["serial"][:18],
                    "có" if row["usable"] else row["why_not"],
                ]
                for row in rows
            ],
        )


def _tell_board(document: dict[str, Any]) -> None:
    messages.print(
        f"{document['able']} / {document['required']} người và con dấu phải ký đều ký được hôm nay."
    )
    table(
        "Tình hình chứng thư số",
        ["Người ký", "Vai trò", "Tình trạng", "Hết hạn"],
        [
            [one["name"], ", ".join(one["roles"]), ", ".join(one["states"]), one["ends_on"] or ""]
            for one in document["people"]
        ],
    )


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(commands, name="certificates")
