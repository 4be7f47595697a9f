"""``hocbaso transcripts …``: close, sign, issue, list, export (design 4.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

commands = typer.Typer(no_args_is_help=True, help="Học bạ: chốt, ký, phát hành, liệt kê, xuất tệp.")

SCHOOL = typer.Option(..., "--school", help="Mã trường.")
YEAR = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026.")
CLASS = typer.Option(None, "--class", help="Chỉ một lớp, ví dụ 1A.")
INCOMPLETE = typer.Option(
    False,
    "--include-incomplete",
    help="Hiệu trưởng quyết định chốt cả học sinh chưa hoàn thành, không chờ hè.",
)

#: A pupil who waits for the summer is a normal outcome; anything else that blocks is a negative answer.
_NORMAL = {"summer_pending"}


def _status(blocked: list[dict[str, str]], failed: list[Any]) -> Exit:
    serious = failed or [b for b in blocked if b["code"] not in _NORMAL]
    return Exit.NEGATIVE if serious else Exit.DONE


def _tell_blocked(blocked: list[dict[str, str]]) -> None:
    if blocked:
        rows = [[b["pupil"], b.get("class", ""), b["message"]] for b in blocked]
        table(f"{len(blocked)} học sinh chưa chốt được", ["Mã học sinh", "Lớp", "Vì sao"], rows)


def _end(document: dict[str, Any], as_json: bool) -> None:
    def human() -> None:
        counts = {k: v for k, v in document.items() if isinstance(v, int)}
        messages.print(" · ".join(f"{_WORDS.get(k, k)} {v}" for k, v in counts.items()))
        _tell_blocked(document.get("blocked", []))
        for failure in document.get("failed", []):
            messages.print(f"{failure['pupil']}: {failure['reason']}", style="red", markup=False)

    answer(document, as_json=as_json, human=human)
    unfinished = document.get("failed") or document.get("sealed")  # what waits for a stamp is not issued
    raise typer.Exit(_status(document.get("blocked", []), [unfinished] if unfinished else []))


_WORDS = {
    "closed": "đã chốt",
    "signed": "đã ký",
    "waiting": "đang chờ",
    "issued": "đã phát hành",
    "sealed": "đã đóng dấu, chờ dấu thời gian",
    "log_size": "cỡ nhật ký",
}


@commands.command()
def close(
    school: str = SCHOOL,
    year: str = YEAR,
    class_name: str = CLASS,
    include_incomplete: bool = INCOMPLETE,
    as_json: bool = JSON_OPTION,
) -> None:
    """Chốt kết quả năm học: mỗi học sinh một tờ, từ đó không đọc bảng sống nữa."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.interfaces.cli import transcript_runs as runs

    with told(as_json=as_json):
        document = runs.close(school, year, class_name, include_incomplete)
    _end(document, as_json)


@commands.command()
def sign(
    school: str = SCHOOL,
    year: str = YEAR,
    role: str = typer.Option(..., "--as", help="gvbm | gvcn | hieu_truong"),
    as_json: bool = JSON_OPTION,
) -> None:
    """Ký bằng khóa hộp cát của những người được phân công."""
    from hocbaso.interfaces.cli.main import use_database

    if role not in ("gvbm", "gvcn", "hieu_truong"):
        messages.print("--as chỉ nhận gvbm, gvcn hoặc hieu_truong.", style="red")
        raise typer.Exit(Exit.UNUSABLE)
    use_database()
    from hocbaso.interfaces.cli import transcript_runs as runs

    with told(as_json=as_json):
        document = runs.sign(school, year, role)
    _end(document, as_json)


@commands.command()
def issue(school: str = SCHOOL, year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """Đóng dấu số và ghi nhật ký: phát hành."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.interfaces.cli import transcript_runs as runs

    with told(as_json=as_json):
        document = runs.issue(school, year)
    _end(document, as_json)


@commands.command()
def run(
    school: str = SCHOOL,
    year: str = YEAR,
    include_incomplete: bool = INCOMPLETE,
    as_json: bool = JSON_OPTION,
) -> None:
    """Chốt, ký mọi bước bằng khóa hộp cát, phát hành."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.interfaces.cli import transcript_runs as runs

    with told(as_json=as_json):
        document = runs.run(school, year, include_incomplete)
    _end(document, as_json)


def _words(result: dict[str, Any]) -> str:
    """A year's result in one cell: overall level, or study and conduct."""
    if "overall" in result:
        return str(result["overall"])
    return f"Học tập {result['study']}, rèn luyện {result['conduct']}"


@commands.command(name="list")
def list_sheets(school: str = SCHOOL, year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """Liệt kê các tờ học bạ của trường trong năm."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.interfaces.cli import transcript_runs as runs

    with told(as_json=as_json):
        document = runs.list_sheets(school, year)

    def human() -> None:
        rows = [
            [r["code"], r["pupil"], r["class"], r["state"], r["version"], _words(r["result"])]
            for r in document
        ]
        table(
            f"{len(rows)} tờ học bạ",
            ["Mã học bạ", "Mã học sinh", "Lớp", "Trạng thái", "Phiên bản", "Kết quả"],
            rows,
        )

    answer(document, as_json=as_json, human=human)


@commands.command()
def export(
    school: str = SCHOOL,
    year: str = YEAR,
    out: Path = typer.Option(..., "--out", help="Thư mục nhận tệp."),
    pdf: bool = typer.Option(False, "--pdf", help="Xuất thêm bản thể hiện PDF."),
    archive: bool = typer.Option(
        False, "--archive", help="Bản PDF có dấu thời gian lưu trữ (PAdES B-LTA); kéo theo --pdf."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xuất học bạ đã phát hành (XML, PDF) và gói tin cậy để xác thực ngoại tuyến."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.interfaces.cli import transcript_runs as runs

    with told(as_json=as_json):
        document = runs.export(school, year, out, pdf, archive)
    answer(
        document,
        as_json=as_json,
        human=lambda: messages.print(f"Đã ghi {len(document['files'])} tệp vào {out}"),
    )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="transcripts")
