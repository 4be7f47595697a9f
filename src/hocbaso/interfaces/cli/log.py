"""``hocbaso log …``: checkpoint, proof, audit."""

from __future__ import annotations

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, told

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


@commands.command()
def audit(as_json: bool = JSON_OPTION) -> None:
    """Tính lại mọi băm từ các dòng đã phát hành; nói rõ dòng nào bị sửa, mất hay thừa."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.transcripts.use_cases.audit_log import audit_everything

    report = audit_everything()
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


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="log")
