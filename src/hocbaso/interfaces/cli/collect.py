"""``hocbaso identity collect export | import`` (menu 4.1.6)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.core.errors import Unreadable
from hocbaso.interfaces.cli import identity
from hocbaso.interfaces.cli.imports import ACCEPT, ANNOTATED, DRY_RUN, FILE, check_year, read_bytes
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.identity.collection.planning import Plan
    from hocbaso.apps.identity.collection.use_cases.import_collection import Outcome
    from hocbaso.apps.organisations.models import Organisation
    from hocbaso.apps.pupils.models import SchoolClass

commands = typer.Typer(no_args_is_help=True, help="Tệp Excel thu thập số định danh.")

CLASSES = typer.Option(None, "--class", help="Một lớp; ghi nhiều lần cho nhiều lớp. Mặc định cả trường.")
STAFF = typer.Option(False, "--staff", help="Thêm trang cán bộ, giáo viên.")
OUT = typer.Option(..., "--output", metavar="OUT.xlsx", help="Nơi ghi tệp.")


@commands.command("export")
def export(
    school: str = identity.SCHOOL,
    year: str = identity.YEAR,
    classes: list[str] = CLASSES,
    staff: bool = STAFF,
    output: Path = OUT,
    as_json: bool = JSON_OPTION,
) -> None:
    """Xuất tệp thu thập: chỉ những người chưa xác thực, mỗi lớp một trang."""
    with told(as_json=as_json):
        unit, chosen = _scope(school, year, classes or [])
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.identity.collection.use_cases.export_collection import export_collection

        made = export_collection(Actor.operator(), school=unit, year=year, classes=chosen, staff=staff)
        _put(output, made.content)
    document = {
        "file": str(output),
        "number": made.number,
        "pupils": made.pupils,
        "staff": made.staff,
        "sheets": list(made.sheets),
    }
    answer(document, as_json=as_json)


@commands.command("import")
def bring_in(
    file: Path = FILE,
    school: str = identity.SCHOOL,
    year: str = identity.YEAR,
    dry_run: bool = DRY_RUN,
    annotated: Path | None = ANNOTATED,
    accept_good_rows: bool = ACCEPT,
    as_json: bool = JSON_OPTION,
) -> None:
    """Nộp lại tệp thu thập đã điền: kiểm tra từng ô, rồi ghi vào hồ sơ."""
    with told(as_json=as_json):
        unit, _ = _scope(school, year, [])
        data = read_bytes(file)
        outcome = _import(unit, year, data, file.name, dry_run=dry_run, accept_good_rows=accept_good_rows)
        if annotated is not None:
            from hocbaso.engines.workbooks.annotate import annotate

            _put(annotated, _marked(annotate(data, outcome.plan.issues), unit, len(outcome.plan.rows)))
    document = _document(outcome, dry_run=dry_run)
    answer(document, as_json=as_json, human=lambda: _human(document))
    raise typer.Exit(Exit.NEGATIVE if document["refused"] else Exit.DONE)


def _marked(content: bytes, school: Organisation, persons: int) -> bytes:
    """The workbook holds whole numbers: handing it back is an export like any other."""
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.identity.collection.use_cases.export_collection import PURPOSE
    from hocbaso.apps.privacy.watermark import mark_workbook

    return mark_workbook(content, Actor.operator(), PURPOSE, what="collection", persons=persons, unit=school)


def _scope(code: str, year: str, names: list[str]) -> tuple[Organisation, list[SchoolClass] | None]:
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations import queries as units
    from hocbaso.apps.pupils.models import SchoolClass
    from hocbaso.core.errors import NotFound

    school = units.school(code)
    check_year(year)
    if not names:
        return school, None
    rows = SchoolClass.objects.filter(school=school, school_year=year, name__in=names).select_related(
        "school"
    )
    found = {row.name: row for row in rows}
    for name in names:
        if name not in found:
            raise NotFound("identity_class_not_found", year=year, name=name)
    return school, [found[name] for name in dict.fromkeys(names)]


def _import(
    school: Organisation, year: str, data: bytes, name: str, *, dry_run: bool, accept_good_rows: bool
) -> Outcome:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.identity.collection.use_cases import import_collection as use_case

    if dry_run:
        made, found = use_case.check(Actor.operator(), school=school, year=year, data=data)
        return use_case.Outcome(made, found, None)
    return use_case.import_collection(
        Actor.operator(),
        school=school,
        year=year,
        data=data,
        file_name=name,
        accept_good_rows=accept_good_rows,
    )


def _document(outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
    from hocbaso.apps.identity.collection.report import report_of

    upload = outcome.upload
    report = upload.report if upload is not None else report_of(outcome.plan, outcome.found)
    names = ("rows", "sheets", "changed", "confirmed", "same", "untouched", "waiting", "refused", "warnings")
    document = {name: report[name] for name in (*names, "changes", "issues")}
    return document | {
        "dry_run": dry_run,
        "written": upload is not None,
        "upload": upload.pk if upload is not None else None,
        "left": _left(outcome.plan),
    }


def _left(plan: Plan) -> int:
    """Rows that nobody has filled in yet."""
    counts = plan.counts
    return counts["untouched"] + counts["wait"]


def _human(document: dict[str, Any]) -> None:
    if document["issues"]:
        rows = [[i["sheet"], i["row"], i["column"], i["message"]] for i in document["issues"]]
        table("Cần xem lại", ["Trang tính", "Dòng", "Cột", "Lý do"], rows)
    messages.print(
        f"Sửa {document['changed']} · xác nhận {document['confirmed']} · giữ nguyên {document['same']} · "
        f"chưa điền {document['left']} · bị từ chối {document['refused']} · cảnh báo {document['warnings']}"
    )
    if document["written"]:
        messages.print("Đã ghi vào hồ sơ. Gửi xác thực lại: hocbaso identity verify.")
    else:
        messages.print("Chưa có gì được ghi vào hệ thống.")


def _put(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Unreadable("intake_cannot_write", path=out, reason=error.strerror or "lỗi ghi tệp") from error


def register(app: typer.Typer) -> None:
    """Add the commands below ``identity``, which is registered before."""
    identity.commands.add_typer(commands, name="collect")
