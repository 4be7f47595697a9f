"""``hocbaso classes …``: classes of a year, and the roll-over to the next."""

from __future__ import annotations

from typing import Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, table, told

commands = typer.Typer(no_args_is_help=True, help="Lớp học và kết chuyển năm học.")
SCHOOL_OPTION = typer.Option(..., "--school", help="Mã trường.")


@commands.command("list")
def list_classes(
    school: str = SCHOOL_OPTION,
    year: str = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Các lớp của một năm học: khối, sĩ số, giáo viên chủ nhiệm, điểm trường."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations import queries as units
    from hocbaso.apps.pupils.queries import class_list
    from hocbaso.core.vietnamese.school_year import SchoolYear

    with told(as_json=as_json):
        unit = units.school(school)
        span = str(SchoolYear.parse(year))
    rows = [
        {
            "class": line.school_class.name,
            "grade": line.school_class.grade,
            "campus": line.school_class.campus,
            "homeroom": line.homeroom,
            "pupils": line.pupils,
            "girls": line.girls,
            "left": line.left,
            "closed_on": line.school_class.closed_on,
        }
        for line in class_list(unit, span)
    ]

    def human() -> None:
        cells = [[r["class"], r["grade"], r["pupils"], r["left"], r["homeroom"] or "–"] for r in rows]
        table(f"{unit.name}, năm học {span}", ["Lớp", "Khối", "Sĩ số", "Đã nghỉ", "Chủ nhiệm"], cells, 200)

    answer({"school": unit.code, "year": span, "classes": rows}, as_json=as_json, human=human)


@commands.command("roll-over")
def roll_over_year(
    school: str = SCHOOL_OPTION,
    from_year: str = typer.Option("", "--from", help="Năm học kết thúc, ví dụ 2025-2026."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Chỉ xem phương án, không ghi gì."),
    no_teachers: bool = typer.Option(False, "--no-teachers", help="Không đề xuất phân công từ năm trước."),
    undo: int = typer.Option(None, "--undo", help="Hoàn tác lần kết chuyển mang số này (trong 24 giờ)."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Kết chuyển: lên lớp, ở lại, hoàn thành cấp học; ai còn chờ kết quả thì kết chuyển sau."""
    if undo is None and not from_year:
        raise typer.BadParameter("cần --from NĂM hoặc --undo SỐ")
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations import queries as units

    with told(as_json=as_json):
        unit = units.school(school)
        if undo is not None:
            document = _undo(unit, undo)
        else:
            document = _roll(unit, from_year, dry_run=dry_run, no_teachers=no_teachers)
    answer(document, as_json=as_json, human=lambda: _tell(document))


def _undo(unit: Any, number: int) -> dict[str, Any]:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.pupils.use_cases.roll_over import undo_roll_over

    batch = undo_roll_over(Actor.operator(), school=unit, batch_id=number)
    return {"batch": batch.pk, "state": batch.state}


def _roll(unit: Any, from_year: str, *, dry_run: bool, no_teachers: bool) -> dict[str, Any]:
    from dataclasses import replace

    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.pupils.use_cases.plan_roll_over import Choices, plan_roll_over
    from hocbaso.apps.pupils.use_cases.roll_over import prepared, roll_over

    draft = prepared(unit, from_year)
    choices = Choices.from_json(draft.choices) if draft else Choices()
    if no_teachers:
        choices = replace(choices, copy_teachers=False)
    if dry_run:
        return plan_roll_over(unit, from_year, choices).report() | {"written": False, "batch": None}
    batch = roll_over(Actor.operator(), school=unit, from_year=from_year, choices=choices)
    return {**batch.report, "written": True, "batch": batch.pk, "state": batch.state}


def _tell(document: dict[str, Any]) -> None:
    if "class_moves" not in document:
        messages.print(f"Đã hoàn tác lần kết chuyển số {document['batch']}.")
        return
    rows = [
        [
            m["class"],
            m["to"] or "hoàn thành cấp học",
            m["up"] + m["leave"],
            m["stay"],
            m["choose"],
            m["pending"],
        ]
        for m in document["class_moves"]
    ]
    columns = ["Lớp", "Sang lớp", "Lên/hoàn thành", "Ở lại", "Chưa chọn lớp", "Chờ kết quả"]
    table(f"Kết chuyển {document['from_year']} sang {document['to_year']}", columns, rows, 200)
    if document["written"]:
        messages.print(
            f"Đã kết chuyển {document['up'] + document['stay']} học sinh, lần số {document['batch']}."
        )
    else:
        messages.print("Đây là phương án; chưa có gì được ghi vào hệ thống.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="classes")
