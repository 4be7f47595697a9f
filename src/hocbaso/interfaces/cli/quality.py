"""``hocbaso quality run | report | catalogue``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from hocbaso.core.errors import NotFound
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.imports import check_year
from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.organisations.models import Organisation

commands = typer.Typer(no_args_is_help=True, help="Chất lượng dữ liệu: đúng, đủ, sạch, sống.")

register_errors(
    {
        "quality_no_classes": (
            "Năm học {year} trường chưa có lớp nào.",
            "The school has no classes in {year}.",
        ),
    }
)

SCHOOL = typer.Option(..., "--school", help="Mã trường.")
YEAR = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026.")


@commands.command()
def run(school: str = SCHOOL, year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """Tính lại cả trường; chạy bao nhiêu lần cũng được cùng kết quả."""
    with told(as_json=as_json):
        unit = _school(school, year)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.quality.use_cases.compute import run as run_all

        done = run_all(Actor.operator(), school=unit, year=year)
        document = {"opened": done.opened, "solved": done.solved, **_report(unit, year)}
    answer(document, as_json=as_json, human=lambda: _tell(document))


@commands.command()
def report(school: str = SCHOOL, year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """Điểm đã tính của trường và các lớp; chỉ đọc."""
    with told(as_json=as_json):
        document = _report(_school(school, year), year)
    answer(document, as_json=as_json, human=lambda: _tell(document))


@commands.command()
def catalogue(as_json: bool = JSON_OPTION) -> None:
    """In danh mục quy tắc (Markdown) như trong docs/quality.md."""
    from hocbaso.core.quality.catalogue import markdown

    text = markdown()
    answer({"markdown": text}, as_json=as_json, human=lambda: typer.echo(text, nl=False))


def _school(code: str, year: str) -> Organisation:
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations import queries as units
    from hocbaso.apps.pupils.models import SchoolClass

    unit = units.school(code)
    check_year(year)
    if not SchoolClass.objects.filter(school=unit, school_year=year).exists():
        raise NotFound("quality_no_classes", year=year)
    return unit


def _report(unit: Organisation, year: str) -> dict[str, Any]:
    from django.db.models import Count

    from hocbaso.apps.quality import queries
    from hocbaso.apps.quality.models import WAITING, Finding

    board = queries.school_board(unit, year)
    rules = Finding.objects.filter(school=unit, school_year=year, state__in=WAITING).order_by()
    return {
        "school": unit.code,
        "year": year,
        "computed_at": board.total.at,
        "score": board.total.as_json(),
        "classes": [{"class": c.school_class.name, **c.tally.as_json()} for c in board.classes],
        "rules": dict(sorted(rules.values_list("rule").annotate(n=Count("pk")))),
    }


def _tell(document: dict[str, Any]) -> None:
    names = ("dung", "du", "sach", "song")
    rows = [
        [
            line["class"],
            *(f"{line[n]['done']}/{line[n]['total']}" for n in names),
            line["errors"],
            line["queries"],
        ]
        for line in document["classes"]
    ]
    table("Các lớp, thấp nhất trước", ["Lớp", "Đúng", "Đủ", "Sạch", "Sống", "Lỗi", "Xem lại"], rows)
    score = document["score"]
    counts = " · ".join(
        f"{label} {score[n]['done']}/{score[n]['total']}"
        for n, label in zip(names, ("đúng", "đủ", "sạch", "sống"), strict=True)
    )
    messages.print(f"{document['school']}, năm học {document['year']}: {counts}", markup=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="quality")
