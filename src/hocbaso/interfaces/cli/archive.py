"""``hocbaso archive``: what keeps issued sheets provable for decades."""

from __future__ import annotations

import typer

commands = typer.Typer(no_args_is_help=True, help="Lưu trữ dài hạn: giữ cho học bạ còn kiểm chứng được.")


@commands.callback()
def options() -> None:
    """Every command works on the node's own sheets."""


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(commands, name="archive")
