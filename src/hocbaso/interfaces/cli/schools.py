"""``hocbaso school …``."""

from __future__ import annotations

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, told

commands = typer.Typer(no_args_is_help=True, help="Trường học trong cây đơn vị.")


@commands.command()
def add(
    code: str = typer.Argument(..., help="Mã trường."),
    name: str = typer.Argument(..., help="Tên trường."),
    level: list[str] = typer.Option(
        ..., "--level", help="mam_non, tieu_hoc, thcs, thpt, gdtx; lặp lại nếu liên cấp."
    ),
    province: str = typer.Option(..., "--province", help="Mã tỉnh 2 chữ số, ví dụ 79."),
    commune: str = typer.Option(..., "--commune", help="Mã xã 5 chữ số."),
    managed_by: str = typer.Option(None, "--managed-by", help="so | xa (mặc định theo cấp học cao nhất)."),
    ownership: str = typer.Option("public", "--ownership", help="public | private."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Thêm trường; Bộ, Sở và UBND cấp xã quản lý được tạo theo nếu chưa có."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.organisations.use_cases.create_school import create_school

    with told(as_json=as_json):
        school = create_school(
            Actor.operator(),
            code=code,
            name=name,
            levels=level,
            province_code=province,
            commune_code=commune,
            managed_by=managed_by,
            ownership=ownership,
        )
    document = {"code": school.code, "name": school.name, "levels": school.levels}
    answer(document, as_json=as_json, human=lambda: messages.print(f"Đã thêm {school.name} ({school.code})."))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="school")
