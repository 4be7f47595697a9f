"""``hocbaso certificates end | refresh | recount | setting``: what changes the register or its figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, told

SCHOOL = typer.Option(..., "--school", help="Mã trường.")
_ALL = 10**9  # more certificates than any node registers


def end(
    school: str = SCHOOL,
    certificate: str = typer.Option(..., "--certificate", help="SHA-256 của chứng thư số."),
    reason: str = typer.Option(..., "--reason", help="Lý do."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Kết thúc đăng ký của một chứng thư số ở trường từ hết hôm nay; nhật ký công khai ghi sự kiện."""
    with told(as_json=as_json):
        unit = _unit(school)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.signing.authority import end_registrations
        from hocbaso.apps.signing.models import Certificate
        from hocbaso.core.errors import DomainError

        found = Certificate.objects.filter(pk=certificate.lower()).first()
        if found is None:
            raise DomainError("registration_not_found")
        ended = end_registrations(Actor.operator(), unit, found, reason)
        document = {"school": unit.code, "certificate": found.pk, "ended": ended}
    answer(document, as_json=as_json, human=lambda: messages.print(f"Đã kết thúc {document['ended']} dòng."))


def refresh(
    limit: int = typer.Option(
        None, "--limit", min=1, help="Số chứng thư số hỏi nhiều nhất; mặc định 200, với --all là tất cả."
    ),
    everybody: bool = typer.Option(
        False,
        "--all",
        help="Hỏi cả chứng thư số mới hỏi xong, ví dụ khi nghe tin có thu hồi.",
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Hỏi các nơi cấp về thu hồi của chứng thư số đến hạn hỏi lại, và kết thúc đăng ký hết phân công."""
    with told(as_json=as_json):
        _database()
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.signing.endings import end_departed
        from hocbaso.apps.signing.refreshing import A_ROUND, refresh_due

        actor = Actor.operator()
        done = refresh_due(actor, limit=limit or (_ALL if everybody else A_ROUND), everybody=everybody)
        document: dict[str, Any] = {
            "asked": done.asked,
            "revoked": done.revoked,
            "silent": done.silent,
            "left": done.left,
            "ended": end_departed(actor),
        }
    answer(
        document,
        as_json=as_json,
        human=lambda: messages.print(
            f"Đã hỏi {document['asked']}, thu hồi {document['revoked']}, chưa trả lời {document['silent']}; "
            f"kết thúc {document['ended']} đăng ký hết phân công."
            + (" Còn chứng thư số chưa hỏi được: chạy lại lệnh này sau ít phút." if document["left"] else "")
        ),
    )


def recount(as_json: bool = JSON_OPTION) -> None:
    """Đếm lại số liệu chứng thư số của mọi trường cho các cấp quản lý."""
    with told(as_json=as_json):
        _database()
        from hocbaso.apps.organisations.models import Kind, Organisation
        from hocbaso.apps.signing.figures import recount as count

        schools = Organisation.objects.filter(kind=Kind.SCHOOL).values_list("pk", flat=True)
        document = {"schools": count(schools)}
    answer(document, as_json=as_json, human=lambda: messages.print(f"Đã đếm {document['schools']} trường."))


def setting(
    unit: str = typer.Option(..., "--unit", help="Mã trường hoặc Sở."),
    value: str = typer.Option(None, "--value", help="yes | no | inherit; để trống: chỉ xem."),
    since: str = typer.Option("", "--from", help="Từ ngày, ví dụ 2026-09-05; để trống: hôm nay."),
    basis: str = typer.Option("", "--basis", help="Căn cứ."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Giáo viên môn có ký học bạ tiểu học không: xem, hoặc đặt từ một ngày với căn cứ."""
    with told(as_json=as_json):
        _database()
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.common import clock
        from hocbaso.apps.organisations.models import Organisation
        from hocbaso.apps.organisations.use_cases.dated_settings import present, set_dated
        from hocbaso.apps.signing.seats import PRIMARY_SETTING
        from hocbaso.core.errors import NotFound

        found = Organisation.objects.filter(code=unit).first()
        if found is None:
            raise NotFound("school_not_found", code=unit)
        if value is not None:
            set_dated(
                Actor.operator(),
                unit=found,
                key=PRIMARY_SETTING,
                value="" if value == "inherit" else value,
                valid_from=_day(since) if since else clock.today(),
                basis=basis,
            )
        holds = present(found, PRIMARY_SETTING)
        document: dict[str, Any] = {
            "unit": found.code,
            "value": holds.value,
            "set_by": holds.unit.code if holds.unit else None,
            "since": holds.row.valid_from.isoformat() if holds.row else None,
            "basis": holds.row.legal_basis if holds.row else None,
        }
    answer(document, as_json=as_json, human=lambda: _tell(document))


def _tell(document: dict[str, Any]) -> None:
    words = "giáo viên môn học ký môn của mình" if document["value"] == "yes" else "ba chữ ký"
    source = f"{document['set_by']} đặt từ {document['since']}" if document["set_by"] else "mặc định"
    messages.print(f"{document['unit']}: {words} ({source}).")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("Ghi ngày theo dạng năm-tháng-ngày, ví dụ 2026-05-31.") from error


def _database() -> None:
    from hocbaso.interfaces.cli.main import use_database

    use_database()


def _unit(code: str) -> Any:
    _database()
    from hocbaso.apps.organisations.queries import school

    return school(code)


def register(commands: typer.Typer) -> None:
    """Add the deeds to ``hocbaso certificates``."""
    for name, deed in (("end", end), ("refresh", refresh), ("recount", recount), ("setting", setting)):
        commands.command(name)(deed)
