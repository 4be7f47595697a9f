"""``hocbaso identity send | letters`` (seed 002 steps 2 and 3)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.core.errors import DomainError, NotFound, Unreadable
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.identity import AGAIN, CLASS, SCHOOL, STAFF, YEAR, commands, find_scope
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, told

if TYPE_CHECKING:
    from hocbaso.apps.organisations.models import Organisation
    from hocbaso.apps.pupils.models import Pupil, SchoolClass

register_errors(
    {
        "identity_pupils_not_found": (
            "Năm học {year} trường không có học sinh mang mã {codes}.",
            "There are no pupils {codes} in {year}.",
        ),
        "identity_day": ("Ngày “{written}” chưa đúng; ghi dạng 2026-12-06.", "{written!r} is not a date."),
        "identity_out": ("Không ghi được tệp {path}: {reason}", "Cannot write {path}: {reason}"),
    }
)

PUPILS = typer.Option(None, "--pupil", help="Chỉ học sinh mang mã này; ghi nhiều lần được.")
UNTIL = typer.Option(None, "--until", help="Hạn mang giấy tờ, ví dụ 2026-12-06; mặc định sau hai tuần.")
OUT = typer.Option(..., "--out", help="Tệp PDF sẽ ghi.")


@commands.command()
def send(
    school: str = SCHOOL,
    year: str = YEAR,
    class_name: str | None = CLASS,
    pupils: list[str] | None = PUPILS,
    staff: bool = STAFF,
    again: bool = AGAIN,
    as_json: bool = JSON_OPTION,
) -> None:
    """Đưa vào hàng đợi những ai đến lượt, rồi kết thúc; ``identity work`` hoặc máy chủ hỏi tiếp."""
    with told(as_json=as_json):
        scope = find_scope(school, year, class_name, staff)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.identity.use_cases.send import send as send_pupils
        from hocbaso.apps.identity.use_cases.send import send_staff

        actor = Actor.operator()
        if staff:
            made = send_staff(actor, school=scope.school, year=year, again=again)
        else:
            made = send_pupils(
                actor,
                school=scope.school,
                year=year,
                school_class=scope.school_class,
                pupils=_pupils(scope.school, year, pupils) if pupils else None,
                again=again,
            )
        document = {
            "school": school,
            "year": year,
            "sending": made.pk,
            "queued": made.queued,
            "already": made.already,
            "incomplete": made.incomplete,
        }
    answer(document, as_json=as_json, human=lambda: _tell(document))
    raise typer.Exit(Exit.NEGATIVE if made.incomplete else Exit.DONE)


def _tell(document: dict[str, Any]) -> None:
    messages.print(
        f"Đã xếp hàng {document['queued']} người, {document['already']} người không phải gửi lại, "
        f"{len(document['incomplete'])} hồ sơ còn thiếu hoặc cần xác nhận.",
        markup=False,
    )


@commands.command()
def letters(
    school: str = SCHOOL,
    year: str = YEAR,
    class_name: str | None = CLASS,
    pupils: list[str] | None = PUPILS,
    until: str | None = UNTIL,
    out: Path = OUT,
    as_json: bool = JSON_OPTION,
) -> None:
    """In giấy báo gửi phụ huynh những em cần gia đình hoặc công an xử lý."""
    with told(as_json=as_json):
        scope = find_scope(school, year, class_name, False)
        from django.db import transaction

        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.identity.use_cases.print_letters import print_letters

        chosen = _pupils(scope.school, year, pupils) if pupils else None
        lines: list[dict[str, Any]] = []
        try:
            with transaction.atomic():  # a letter that could not be written was not printed
                made = print_letters(
                    Actor.operator(),
                    classes=_classes(scope.school, year, scope.school_class),
                    pupils=chosen,
                    until=_day(until) if until else None,
                )
                out.write_bytes(made.pdf)
        except OSError as error:
            raise Unreadable("identity_out", path=out, reason=error.strerror) from error
        except DomainError as refusal:
            if refusal.code != "identity_no_letter":
                raise
        else:
            lines = [
                {"pupil": letter.pupil.code, "kind": letter.kind, "until": letter.until.isoformat()}
                for letter in made.letters
            ]
    document = {"school": school, "year": year, "file": str(out) if lines else None, "letters": lines}
    answer(document, as_json=as_json, human=lambda: messages.print(f"Đã in {len(lines)} giấy báo."))


def _classes(school: Organisation, year: str, one: SchoolClass | None) -> list[SchoolClass]:
    from hocbaso.apps.pupils.models import SchoolClass

    if one is not None:
        return [one]
    return list(SchoolClass.objects.filter(school=school, school_year=year).select_related("school"))


def _pupils(school: Organisation, year: str, codes: list[str]) -> list[Pupil]:
    from hocbaso.apps.identity.queries import pupils_of

    found = {row.pupil.code: row.pupil for row in pupils_of(school, year).filter(pupil__code__in=codes)}
    absent = [code for code in codes if code not in found]
    if absent:
        raise NotFound("identity_pupils_not_found", year=year, codes=", ".join(absent))
    return [found[code] for code in dict.fromkeys(codes)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unreadable("identity_day", written=text) from None
