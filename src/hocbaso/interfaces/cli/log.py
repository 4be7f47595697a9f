"""``hocbaso log …``: checkpoint, proof, audit, monitor."""

from __future__ import annotations

from pathlib import Path

import typer

from hocbaso.core.errors import Unreadable
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

commands = typer.Typer(no_args_is_help=True, help="Nhật ký công khai của nút.")
YEAR = typer.Option(None, "--year", help="Năm học của nhật ký; mặc định nhật ký mới nhất.")


@commands.command()
def checkpoint(year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """In điểm kiểm tra đã ký (C2SP signed note)."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.ledger import queries

    with told(as_json=as_json):
        log = queries.log_name(year)
        text = queries.latest_checkpoint(log)
    size = queries.log_size(log)
    answer(
        {"log": log, "size": size, "checkpoint": text},
        as_json=as_json,
        human=lambda: messages.print(text, markup=False),
    )


@commands.command()
def prove(code: str = typer.Argument(..., help="Mã học bạ."), as_json: bool = JSON_OPTION) -> None:
    """Bằng chứng một học bạ nằm trong nhật ký."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.transcripts import queries

    with told(as_json=as_json):
        proof = queries.inclusion_proof_of(code)
    answer(proof, as_json=as_json)


def _note(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise Unreadable("note_unreadable", problem=file.name) from error


@commands.command()
def audit(
    saved: list[Path] = typer.Option(
        [],
        "--checkpoint",
        help="Điểm kiểm cũ do người khác giữ; lặp lại được. Phát hiện nhật ký bị viết lại.",
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Tính lại mọi băm từ các dòng đã phát hành; nói rõ dòng nào bị sửa, mất hay thừa."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.transcripts.use_cases.audit_log import audit_everything

    with told(as_json=as_json):
        notes = [_note(file) for file in saved]
    report = audit_everything(notes)
    document = {
        "ok": report.ok,
        "entries": report.entries,
        "events": report.events,
        "findings": report.findings,
    }

    def human() -> None:
        words = "Nhật ký nguyên vẹn" if report.ok else "Nhật ký CÓ VẤN ĐỀ"
        messages.print(f"{words}: {report.entries} mục, {report.events} sự kiện.")
        for finding in report.findings:
            messages.print(f"- {finding}", style="red", markup=False)

    answer(document, as_json=as_json, human=human)
    raise typer.Exit(Exit.DONE if report.ok else Exit.NEGATIVE)


@commands.command()
def cosign(
    file: Path = typer.Argument(..., help="Điểm kiểm đã được nhân chứng đồng ký (hocbaso witness --out)."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Nhận chữ ký của nhân chứng và công bố cùng điểm kiểm."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.ledger.use_cases.cosign import take

    with told(as_json=as_json):
        taken = take(_note(file))
    document = {"log": taken.log, "size": taken.size, "witnesses": list(taken.witnesses)}
    answer(document, as_json=as_json)


@commands.command()
def monitor(
    where: str = typer.Option(..., "--log", help="Địa chỉ nhật ký (…/log/2025-2026) hoặc thư mục tệp."),
    school: str = typer.Option(..., "--school", help="Mã trường."),
    state: Path = typer.Option(..., "--state", help="Tệp ghi nhớ chỗ đã đọc tới."),
    log_key: str = typer.Option("", "--log-key", help="Khóa kiểm tra của nhật ký (vkey), cần ở lần đầu."),
    known: Path | None = typer.Option(
        None, "--known", help="Tệp có các mã tóm lược trường đã phát hành, mỗi dòng một mã; mục khác là lạ."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Cho trường biết mọi mục mới ghi dưới tên mình; tự tính lại nhật ký, không cần cơ sở dữ liệu."""
    from hocbaso.interfaces.cli.monitor import look

    with told(as_json=as_json):
        document = look(where, school, state, log_key, known)

    def human() -> None:
        messages.print(f"Nhật ký {document['origin']}: {document['size']} mục, đúng như điểm kiểm đã ký.")
        table("Mục mới dưới tên trường", ["Mục", "Loại", "Thời điểm", "Mã tóm lược"], [
            [one["index"], one["type"], one["time"], one["digest"]] for one in document["new"]
        ])  # fmt: skip
        for finding in document["findings"]:
            messages.print(f"- {finding}", style="red", markup=False)

    answer(document, as_json=as_json, human=human)
    raise typer.Exit(Exit.DONE if document["ok"] else Exit.NEGATIVE)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="log")
