"""``hocbaso duplicates scan | list | rekey`` (issue 4, point 4)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import typer

from hocbaso.core.errors import NotFound, Unreadable
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

commands = typer.Typer(no_args_is_help=True, help="Tìm hồ sơ trùng; thay mã tạm bằng mã của Bộ.")

register_errors(
    {
        "unit_not_found": ("Không có đơn vị mang mã {code}.", "There is no unit with code {code}."),
        "rekey_file": (
            "Tệp {file} không đọc được: {detail}. Cần các cột ma_hoc_sinh, so_dinh_danh, ho_ten, ngay_sinh.",
            "{file} cannot be read: {detail}.",
        ),
    }
)
_COLUMNS = ("ma_hoc_sinh", "so_dinh_danh", "ho_ten", "ngay_sinh")
UNIT = typer.Option(..., "--unit", help="Mã trường hoặc đơn vị quản lý.")


def _unit(code: str) -> Any:
    from hocbaso.apps.organisations.models import Organisation

    found = Organisation.objects.filter(code=code).first()
    if found is None:
        raise NotFound("unit_not_found", code=code)
    return found


@commands.command()
def scan(unit: str = UNIT, as_json: bool = JSON_OPTION) -> None:
    """So mọi hồ sơ của đơn vị với nhau; ghi các cặp nghi trùng để người xem xét."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.matching.use_cases.scan import scan as look

        made = look(Actor.operator(), _unit(unit))
        document = {
            "unit": unit,
            "files": made.files,
            "compared": made.compared,
            "opened": made.opened,
            "lapsed": made.lapsed,
            "skipped": made.skipped,
            "seconds": round((made.finished_at - made.started_at).total_seconds(), 1),
        }
    answer(
        document,
        as_json=as_json,
        human=lambda: messages.print(
            f"Đã so {made.files} hồ sơ: {made.opened} cặp mới, {made.lapsed} cặp không còn giống nhau."
        ),
    )


@commands.command(name="list")
def list_pairs(unit: str = UNIT, as_json: bool = JSON_OPTION) -> None:
    """Các cặp đang chờ xem xét; chỉ mã học sinh, không có tên."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        from hocbaso.apps.matching.lists import MOST, pairs_of

        rows = [
            {
                "pair": row.pk,
                "kind": row.kind,
                "score": row.score,
                "state": row.state,
                "codes": [row.first.code, row.second.code],
                "why": [part["text"] for part in row.explanation],
            }
            for row in pairs_of(_unit(unit))[:MOST]
        ]
    answer({"pairs": rows}, as_json=as_json, human=lambda: _show(rows))
    raise typer.Exit(Exit.NEGATIVE if rows else Exit.DONE)


def _show(rows: list[dict[str, Any]]) -> None:
    lines = [[row["pair"], row["kind"], row["score"], row["state"], ", ".join(row["codes"])] for row in rows]
    table("Hồ sơ nghi trùng", ["Cặp", "Loại", "Độ giống", "Tình trạng", "Mã học sinh"], lines)


@commands.command()
def rekey(
    file: Path = typer.Argument(..., help="Tệp CSV của Bộ: ma_hoc_sinh, so_dinh_danh, ho_ten, ngay_sinh."),
    school: str = typer.Option(..., "--school", help="Mã trường."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Thay mã tạm bằng mã của Bộ, đối chiếu theo số định danh, họ tên và ngày sinh."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.matching.use_cases.temporary import rekey_all
        from hocbaso.apps.organisations.queries import school as school_of

        done = rekey_all(Actor.operator(), school_of(school), _lines(file), reason=f"Tệp {file.name}")
        counts: dict[str, int] = {}
        for one in done:
            counts[one.outcome] = counts.get(one.outcome, 0) + 1
        rows = [
            {"code": one.line.code, "before": one.before, "outcome": one.outcome, "text": one.text}
            for one in done
        ]
    answer(
        {"counts": counts, "rows": rows},
        as_json=as_json,
        human=lambda: messages.print(f"Đã thay {counts.get('rekeyed', 0)} mã trên {len(rows)} dòng."),
    )
    waiting = sum(counts.get(kind, 0) for kind in ("differs", "taken"))
    raise typer.Exit(Exit.NEGATIVE if waiting else Exit.DONE)


def _lines(file: Path) -> list[Any]:
    from hocbaso.apps.matching.use_cases.temporary import MinistryLine
    from hocbaso.core.vietnamese.dates import read_date

    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            lacks = [name for name in _COLUMNS if name not in (reader.fieldnames or [])]
            if lacks:
                raise Unreadable("rekey_file", file=file.name, detail=f"thiếu cột {', '.join(lacks)}")
            rows = [tuple((row[name] or "").strip() for name in _COLUMNS) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable("rekey_file", file=file.name, detail=type(error).__name__) from error
    return [
        MinistryLine(code, number, name, read_date(birth).value or "") for code, number, name, birth in rows
    ]


def register(app: typer.Typer) -> None:
    """Hang the commands below ``hocbaso``."""
    app.add_typer(commands, name="duplicates")
