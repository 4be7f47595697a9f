"""``hocbaso export …``: results in the sector's own forms."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from hocbaso.core.errors import Unreadable
from hocbaso.interfaces.cli.imports import SCHOOL, YEAR, check_year
from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, told

commands = typer.Typer(no_args_is_help=True, help="Xuất kết quả theo biểu mẫu của ngành.")


@commands.callback()
def _group() -> None:
    """Keeps ``results`` a sub-command while it is the only one."""


@commands.command()
def results(
    school: str = SCHOOL,
    year: str = YEAR,
    out: Path = typer.Option(..., "--out", metavar="DIR", help="Thư mục ghi tệp; được tạo nếu chưa có."),
    class_name: str = typer.Option("", "--class", help="Chỉ lớp này."),
    subject: str = typer.Option("", "--subject", help="Chỉ môn này (mã môn, ví dụ toan); cấp trung học."),
    empty: bool = typer.Option(False, "--empty", help="Biểu trống để nhập, có sẵn danh sách học sinh."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xuất sổ điểm (trung học) và biểu kết quả cuối năm (tiểu học), nhập lại được."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.assessment.use_cases.export_marks import export_results
    from hocbaso.apps.organisations import queries

    with told(as_json=as_json):
        check_year(year)
        made = export_results(
            Actor.operator(),
            school=queries.school(school),
            year=year,
            class_name=class_name,
            subject=subject,
            empty=empty,
        )
        files = [_write(out, form.name, form.content) for form in made]
    document = {
        "files": files,
        "forms": [{"file": form.name, "classes": list(form.classes), "pages": form.pages} for form in made],
        "empty": empty,
    }
    answer(document, as_json=as_json, human=lambda: messages.print(f"Đã ghi {len(files)} tệp vào {out}."))


def _write(out: Path, name: str, content: bytes) -> str:
    path = out / name
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.chmod(path, 0o600)  # pupils' marks: for who took them out
    except OSError as error:
        raise Unreadable("intake_cannot_write", path=path, reason=error.strerror or "lỗi ghi tệp") from error
    return str(path)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="export")
