"""``hocbaso import …`` (design 4.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.core.errors import register as register_errors
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.intake.planning import Plan
    from hocbaso.apps.intake.use_cases.check_workbook import Read

commands = typer.Typer(no_args_is_help=True, help="Nhập tệp Excel của ngành: học sinh, cán bộ, kết quả.")

register_errors(
    {
        "intake_no_file": (
            "Không mở được tệp {path}: {reason}.",
            "Cannot open {path}: {reason}.",
        ),
        "intake_cannot_write": (
            "Không ghi được tệp {path}: {reason}.",
            "Cannot write {path}: {reason}.",
        ),
    }
)

FILE = typer.Argument(..., metavar="FILE", help="Tệp .xlsx, .xls hoặc .ods.")
SCHOOL = typer.Option(..., "--school", help="Mã trường.")
YEAR = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026.")
DRY_RUN = typer.Option(False, "--dry-run", help="Chỉ kiểm tra; không ghi gì vào cơ sở dữ liệu.")
ANNOTATED = typer.Option(
    None, "--annotated", metavar="OUT.xlsx", help="Ghi lại tệp của trường, ô sai có ghi chú."
)
ACCEPT = typer.Option(False, "--accept-good-rows", help="Ghi các dòng tốt, bỏ lại các dòng bị từ chối.")


@commands.command()
def pupils(
    file: Path = FILE,
    school: str = SCHOOL,
    year: str = YEAR,
    dry_run: bool = DRY_RUN,
    annotated: Path | None = ANNOTATED,
    accept_good_rows: bool = ACCEPT,
    as_json: bool = JSON_OPTION,
) -> None:
    """Nhập danh sách học sinh."""
    _import("pupils", file, school, year, dry_run, annotated, accept_good_rows, as_json)


@commands.command()
def staff(
    file: Path = FILE,
    school: str = SCHOOL,
    year: str = YEAR,
    dry_run: bool = DRY_RUN,
    annotated: Path | None = ANNOTATED,
    accept_good_rows: bool = ACCEPT,
    as_json: bool = JSON_OPTION,
) -> None:
    """Nhập danh sách cán bộ, giáo viên với phân công của năm học."""
    _import("staff", file, school, year, dry_run, annotated, accept_good_rows, as_json)


@commands.command()
def results(
    file: Path = FILE,
    school: str = SCHOOL,
    year: str = YEAR,
    dry_run: bool = DRY_RUN,
    annotated: Path | None = ANNOTATED,
    accept_good_rows: bool = ACCEPT,
    as_json: bool = JSON_OPTION,
) -> None:
    """Nhập kết quả cuối năm (tiểu học) hoặc sổ điểm (trung học); tự nhận ra biểu mẫu."""
    _import("results", file, school, year, dry_run, annotated, accept_good_rows, as_json)


@commands.command()
def undo(
    batch: int = typer.Argument(..., metavar="BATCH", help="Số của lần nhập."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Hoàn tác một lần nhập trong 24 giờ, khi chưa có gì dựa vào nó."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.intake.use_cases.undo_batch import undo_batch

    with told(as_json=as_json):
        undone = undo_batch(Actor.operator(), batch)
    document = {"batch": undone.pk, "state": undone.state}
    answer(document, as_json=as_json, human=lambda: messages.print(f"Đã hoàn tác lần nhập số {undone.pk}."))


@commands.command()
def resume(as_json: bool = JSON_OPTION) -> None:
    """Làm tiếp những lần nhập đang dở vì máy hoặc tiến trình bị dừng."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.intake.use_cases.run_batch import resume_stale

    with told(as_json=as_json):
        done = resume_stale()
    answer(
        {"resumed": done}, as_json=as_json, human=lambda: messages.print(f"Đã làm tiếp {len(done)} lần nhập.")
    )


def _import(
    kind_name: str,
    file: Path,
    school_code: str,
    year: str,
    dry_run: bool,
    annotated: Path | None,
    accept_good_rows: bool,
    as_json: bool,
) -> None:
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.intake.models import Kind
    from hocbaso.apps.intake.use_cases.check_workbook import dry_run as check
    from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
    from hocbaso.apps.organisations import queries

    kind = Kind(kind_name)
    with told(as_json=as_json):
        school = queries.school(school_code)
        check_year(year)
        data = read_bytes(file)
        with _progress() as progress:
            batch_id = None
            if dry_run:
                plan, found = check(Actor.operator(), kind=kind, school=school, year=year, data=data)
            else:
                outcome = import_workbook(
                    Actor.operator(),
                    kind=kind,
                    school=school,
                    year=year,
                    data=data,
                    file_name=file.name,
                    accept_good_rows=accept_good_rows,
                    progress=progress,
                )
                plan, found = outcome.plan, outcome.found
                batch_id = outcome.batch.pk if outcome.batch else None
        if annotated is not None:
            _hand_back(annotated, data, plan)
    _answer(plan, found, batch_id, dry_run=dry_run, as_json=as_json)
    raise typer.Exit(Exit.NEGATIVE if plan.refused else Exit.DONE)


def check_year(year: str) -> None:
    """A year that is none is wrong usage, not a negative answer."""
    try:
        SchoolYear.parse(year)
    except DomainError as error:
        raise Unreadable(error.code, **error.params) from error


def read_bytes(file: Path) -> bytes:
    """A workbook's bytes, no more than are ever read.

    :raises Unreadable: ``intake_no_file``
    """
    from hocbaso.engines.workbooks.limits import MAX_BYTES

    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)  # one more: the reader then says that it is too large
    except OSError as error:
        raise Unreadable("intake_no_file", path=file, reason=error.strerror or "lỗi đọc tệp") from error


def _hand_back(out: Path, data: bytes, plan: Plan) -> None:
    from hocbaso.engines.workbooks.annotate import annotate

    content = annotate(data, plan.issues)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Unreadable("intake_cannot_write", path=out, reason=error.strerror or "lỗi ghi tệp") from error


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing in a pipe."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as shown:
        task = shown.add_task("Đọc và kiểm tra tệp", total=None)

        def told_rows(done: int, total: int) -> None:
            shown.update(task, description="Ghi vào hệ thống", completed=done, total=total)

        yield told_rows


def _answer(plan: Plan, found: Read, batch_id: int | None, *, dry_run: bool, as_json: bool) -> None:
    from hocbaso.apps.intake.use_cases.check_workbook import report_of

    report = report_of(plan, found)
    document: dict[str, Any] = {
        name: report[name]
        for name in (
            "new",
            "changed",
            "same",
            "refused",
            "warnings",
            "issues",
            "changes",
            "missing",
            "skipped",
            "rows",
            "sheets",
        )
    }
    document |= {"dry_run": dry_run, "batch": batch_id, "written": batch_id is not None}
    answer(document, as_json=as_json, human=lambda: _human(document))


def _human(document: dict[str, Any]) -> None:
    if document["issues"]:
        rows = [[i["sheet"], i["row"], i["column"], i["message"]] for i in document["issues"]]
        table("Cần xem lại", ["Trang tính", "Dòng", "Cột", "Lý do"], rows)
    messages.print(
        f"Mới {document['new']} · thay đổi {document['changed']} · giữ nguyên {document['same']} · "
        f"bị từ chối {document['refused']} · cảnh báo {document['warnings']}"
    )
    if document["batch"]:
        messages.print(f"Đã ghi. Lần nhập số {document['batch']}; hoàn tác được trong 24 giờ.")
    elif document["dry_run"] or document["refused"]:
        messages.print("Chưa có gì được ghi vào hệ thống.")
    else:
        messages.print("Mọi dòng giống dữ liệu đang có; không có gì để ghi.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="import")
