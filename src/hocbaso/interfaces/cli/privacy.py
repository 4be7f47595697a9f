"""``hocbaso privacy views | exports | purge`` (issue 4)."""

from __future__ import annotations

from typing import Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, table, told

commands = typer.Typer(no_args_is_help=True, help="Ai đã xem, ai đã xuất dữ liệu của học sinh.")

PUPIL = typer.Option(..., "--pupil", help="Mã học sinh.")
SCHOOL = typer.Option(..., "--school", help="Mã trường.")


@commands.command()
def views(pupil: str = PUPIL, as_json: bool = JSON_OPTION) -> None:
    """Mọi lượt xem hồ sơ của một học sinh, mới nhất trước."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        document = _views(pupil)
    rows = [[v["at"], v["who"], v["role"], v["what"], v["purpose"]] for v in document["views"]]
    columns = ["Lúc", "Ai xem", "Vai trò", "Xem gì", "Mục đích"]
    answer(document, as_json=as_json, human=lambda: table(f"Hồ sơ {pupil}", columns, rows))


def _views(code: str) -> dict[str, Any]:
    """:raises NotFound: ``no_such_pupil_code``"""
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.matching import aliases
    from hocbaso.apps.privacy.log import viewed
    from hocbaso.apps.privacy.queries import line_of, views_of_pupil
    from hocbaso.apps.pupils.models import Pupil
    from hocbaso.core.errors import NotFound

    found = Pupil.objects.filter(code=code).first()
    if found is None:
        raise NotFound("no_such_pupil_code", code=code)
    lines = [line_of(entry) for entry in views_of_pupil(*aliases.files_of(found))]
    viewed(Actor.operator(), [found], where="cli")  # looking at who looked is a look, too
    return {
        "pupil": code,
        "views": [
            {
                "at": line.at.isoformat(),
                "who": line.who,
                "role": line.role,
                "unit": line.unit,
                "what": line.what,
                "purpose": line.purpose,
            }
            for line in lines
        ],
    }


@commands.command()
def exports(school: str = SCHOOL, as_json: bool = JSON_OPTION) -> None:
    """Các tệp có dữ liệu cá nhân đã xuất khỏi hệ thống."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        document = _exports(school)
    rows = [[e["number"], e["at"], e["who"], e["purpose"], e["persons"] or ""] for e in document["exports"]]
    columns = ["Số xuất", "Lúc", "Ai xuất", "Nội dung", "Số người"]
    answer(document, as_json=as_json, human=lambda: table(f"Trường {school}", columns, rows))


def _exports(code: str) -> dict[str, Any]:
    from hocbaso.apps.organisations.queries import school as school_by_code
    from hocbaso.apps.privacy.queries import exports_of_school, name_of, role_words

    return {
        "school": code,
        "exports": [
            {
                "number": e.number,
                "at": e.at.isoformat(),
                "who": name_of(e),
                "role": role_words(e.role),
                "what": e.what,
                "purpose": e.purpose,
                "persons": e.persons,
                "digest": e.digest,
            }
            for e in exports_of_school(school_by_code(code))
        ],
    }


@commands.command()
def purge(school: str = SCHOOL, as_json: bool = JSON_OPTION) -> None:
    """Xóa lượt xem cũ hơn hạn giữ của đơn vị (không bao giờ dưới 24 tháng)."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.organisations.queries import school as school_by_code
        from hocbaso.apps.privacy.use_cases.purge import months_kept, purge_views

        unit = school_by_code(school)
        count = purge_views(Actor.operator(), unit)
        document = {"school": school, "deleted": count, "months_kept": months_kept(unit)}
    answer(document, as_json=as_json, human=lambda: messages.print(f"Đã xóa {count} lượt xem cũ."))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="privacy")
