"""``hocbaso``: the command of a node, an operator, a vendor, a verifier."""

from __future__ import annotations

import logging
import os
import sys

import typer

from hocbaso import __version__
from hocbaso.interfaces.cli.output import Exit, messages, print_error

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
    from hocbaso.interfaces.cli import (
        accounts,
        agent,
        archive,
        books,
        certificates,
        classes,
        collect,
        conformance,
        exports,
        identity,
        imports,
        keys,
        log,
        matching,
        node,
        offline,
        periods,
        photos,
        privacy,
        quality,
        residence,
        schools,
        timestamps,
        transcripts,
        verify,
        watching,
        witness,
    )

    identities = (collect, identity, watching, matching, residence)
    school_work = (
        classes,
        imports,
        photos,
        privacy,
        *identities,
        exports,
        transcripts,
        timestamps,
        archive,
        certificates,
        books,
        periods,
        quality,
    )
    for module in (node, keys, agent, schools, accounts, *school_work, log, witness, offline, conformance):
        module.register(app)
    verify.register_commands(app)


def main() -> None:
    """Entry point: no traceback ever reaches a user."""
    os.umask(0o077)  # the node's state is readable for its owner alone
    # A library tells of hostile certificates with tracebacks; what is wrong is told by the verdict.
    logging.getLogger("pyhanko_certvalidator").addHandler(logging.NullHandler())
    _register()
    try:
        app()
    except SystemExit as stopped:
        if stopped.code == Exit.UNUSABLE:
            print_error("wrong_usage", "Lệnh chưa đúng cách dùng; xem hướng dẫn với --help.")
        raise
    except KeyboardInterrupt:
        messages.print("Đã dừng theo yêu cầu.")
        raise SystemExit(130) from None
    except Exception as error:
        if os.environ.get("HOCBASO_DEBUG") == "1":
            raise
        raise SystemExit(_unexpected(error)) from None


def _unexpected(error: Exception) -> Exit:
    """Tell what nobody caught; by name, because Django may not be loaded."""
    name = type(error).__name__
    code, message, status = "unexpected", f"Lỗi ngoài dự kiến: {name}: {error}", Exit.UNUSABLE
    if name in ("OperationalError", "ProgrammingError", "InterfaceError"):
        if "no such table" in str(error) or "does not exist" in str(error):
            code, message = "not_initialised", "Nút chưa được khởi tạo. Hãy chạy `hocbaso init` trước."
        else:
            code, status = "database_unavailable", Exit.UNAVAILABLE
            message = f"Cơ sở dữ liệu không trả lời: {error}"
    elif name == "WrongEnvironment":
        code, message = "wrong_environment", f"Biến môi trường chưa đúng: {error}"
    elif name == "ImproperlyConfigured":  # keys.toml, trust.toml, tsa.toml: the message names file and entry
        code, message = "wrong_configuration", f"Tệp cấu hình của nút chưa đúng: {error}"
    print_error(code, message)
    messages.print(message, style="red", markup=False)
    return status
