"""``hocbaso keys check``: is everything there that signing wants, before a teacher finds out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table

commands = typer.Typer(no_args_is_help=True, help="Khóa ký và nơi tin cậy của nút.")

_STATES = {"ok": "được", "warn": "xem lại", "stop": "CHƯA ĐƯỢC"}
_PARTS = {
    "provider": "nơi giữ khóa",
    "root": "gốc tin cậy",
    "list": "thu hồi",
    "stamp": "dấu thời gian",
    "token": "thiết bị",
    "node": "khóa của nút",
    "seal": "bản PDF",
    "service": "ký từ xa",
}


@commands.command()
def check(as_json: bool = JSON_OPTION) -> None:
    """Thử từng thứ trong keys.toml, trust.toml, HOCBASO_TSA; không hỏi mã PIN, không ký gì cho ai.

    Trả về 1 nếu có thứ chưa dùng được.
    """
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.signing.providers.checking import STOP, look

    lines = [asdict(line) for line in look()]
    bad = sum(line["state"] == STOP for line in lines)
    answer({"ok": not bad, "checks": lines}, as_json=as_json, human=lambda: _tell(lines, bad))
    raise typer.Exit(Exit.NEGATIVE if bad else Exit.DONE)


def _tell(lines: list[dict[str, Any]], bad: int) -> None:
    rows = [[_STATES[one["state"]], _PARTS[one["part"]], one["name"], one["words"]] for one in lines]
    table("Khóa và nơi tin cậy", ["", "Phần", "Tên", "Kết quả"], rows, limit=len(rows))
    messages.print(f"{bad} thứ chưa dùng được." if bad else "Mọi thứ dùng được.")


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(commands, name="keys")
