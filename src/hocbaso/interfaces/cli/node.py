"""``hocbaso init | serve | sandbox | demo``: the node itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages


def prepare_home() -> dict[str, Any]:
    """Database and log key of the node; may be run again at any time."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.HOCBASO_HOME.mkdir(parents=True, exist_ok=True)
    call_command("migrate", interactive=False, verbosity=0)
    from hocbaso.apps.common import guards
    from hocbaso.apps.ledger.keys import log_signer

    guards.install(connection)
    log_signer("init")
    database = settings.DATABASES["default"]
    shown = database["NAME"] if connection.vendor == "sqlite" else f"{database['HOST']}/{database['NAME']}"
    return {"home": str(settings.HOCBASO_HOME), "database": f"{connection.vendor}:{shown}"}


def init(as_json: bool = JSON_OPTION) -> None:
    """Tạo hoặc nâng cấp cơ sở dữ liệu và khóa nhật ký của nút."""
    document = prepare_home()
    answer(document, as_json=as_json)


def serve(
    host: str = typer.Option("127.0.0.1", "--host"),
    port: int = typer.Option(8000, "--port"),
    workers: int = typer.Option(2, "--workers"),
) -> None:
    """Chạy máy chủ web (Granian)."""
    prepare_home()
    run_server(host, port, workers)


def server_command(host: str, port: int, workers: int) -> list[str]:
    """The command line of the web server."""
    return [
        str(Path(sys.executable).with_name("granian")),
        *("--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", "8", "--no-ws", "--log-level", "warning"),
        "hocbaso.config.wsgi:application",
    ]


def run_server(host: str, port: int, workers: int) -> None:
    """Replace this process by the web server."""
    os.environ.setdefault("HOCBASO_PUBLIC_URL", f"http://{host}:{port}")
    messages.print(f"Học bạ số chạy tại http://{host}:{port}/ (Ctrl+C để dừng)")
    command = server_command(host, port, workers)
    if os.name == "posix":
        os.execv(command[0], command)
    raise typer.Exit(subprocess.call(command))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(serve)
