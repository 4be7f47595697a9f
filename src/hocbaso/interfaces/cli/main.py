"""``hocbaso``: the command of a node, an operator, a vendor, a verifier."""

from __future__ import annotations

import os
import sys

import typer

from hocbaso import __version__
from hocbaso.interfaces.cli.output import Exit, messages

app = typer.Typer(
    name="hocbaso",
    help="Học bạ số: quản lý, ký, phát hành và xác thực học bạ số.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"hocbaso {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="In phiên bản."),
) -> None:
    """Commands that need the database set Django up themselves; ``verify`` never does."""


def use_database() -> None:
    """Set Django up, once; commands that need no database never call this."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hocbaso.config.settings")
    import django

    django.setup()


def _register() -> None:
    from hocbaso.interfaces.cli import accounts, imports, log, node, schools, transcripts, verify

    for module in (node, schools, accounts, imports, transcripts, log):
        module.register(app)
    verify.register_commands(app)


def main() -> None:
    """Entry point: no traceback ever reaches a user."""
    _register()
    try:
        app()
    except SystemExit:
        raise
    except KeyboardInterrupt:
        messages.print("Đã dừng theo yêu cầu.")
        raise SystemExit(130) from None
    except Exception as error:
        if os.environ.get("HOCBASO_DEBUG") == "1":
            raise
        messages.print(f"Lỗi ngoài dự kiến: {type(error).__name__}: {error}", style="red", markup=False)
        raise SystemExit(Exit.UNUSABLE) from None
