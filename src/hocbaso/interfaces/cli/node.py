"""``hocbaso init | serve | sandbox | demo``: the node itself."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from hocbaso.core.errors import DomainError
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, table, told
from hocbaso.interfaces.cli.worker import end_with, start_beside, worker

SANDBOX_PORT = 8089
#: Software keys and the sandbox's remote service; by name: nothing of the house imports the sandbox.
DEMO_KEYS = "hocbaso.sandbox.demo.keys.provider"

register_errors(
    {
        "demo_not_here": (
            "`hocbaso demo` tạo tài khoản mà ai cũng biết mật khẩu, nên chỉ chạy ở nút thử nghiệm: không đặt "
            "HOCBASO_ENVIRONMENT và HOCBASO_KEY_PROVIDER, và dùng một HOCBASO_HOME riêng. Chưa ghi gì.",
            "The demo is for trial nodes alone; nothing was written.",
        ),
        "sandbox_port_taken": (
            "Cổng {port} đang có chương trình khác dùng (có thể là hộp cát khác). Dừng chương trình đó, hoặc "
            "chọn cổng khác với --port.",
            "Port {port} is taken.",
        ),
    }
)


def prepare_home() -> dict[str, Any]:
    """Database and log key of the node; may be run again at any time."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
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
    from hocbaso.apps.signing.ports import key_provider

    key_provider()  # a keys.toml or trust.toml that cannot be right stops the start, not the first teacher
    run_server(host, port, workers)


def server_command(host: str, port: int, workers: int) -> list[str]:
    """The command line of the web server."""
    return [
        str(Path(sys.executable).with_name("granian")),
        *("--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", "8", "--no-ws", "--log-level", "warning"),
        *("--respawn-failed-workers", "--respawn-interval", "0.5"),  # else one dead worker ends the node
        "hocbaso.config.wsgi:application",
    ]


def run_server(host: str, port: int, workers: int) -> None:
    """Replace this process by the web server."""
    os.environ.setdefault("HOCBASO_PUBLIC_URL", f"http://{host}:{port}")
    messages.print(f"Học bạ số chạy tại http://{host}:{port}/ (Ctrl+C để dừng)")
    start_beside()
    command = server_command(host, port, workers)
    if os.name == "posix":
        os.execv(command[0], command)  # noqa: S606  our own server, no shell
    raise typer.Exit(subprocess.call(command))


def demo(
    host: str = typer.Option("127.0.0.1", "--host"),
    port: int = typer.Option(8000, "--port"),
    seed_only: bool = typer.Option(False, "--seed-only", help="Chỉ tạo dữ liệu, không chạy máy chủ."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Tỉnh thử nghiệm có sẵn năm trường: tạo dữ liệu, in tài khoản, chạy máy chủ."""
    os.environ.setdefault("HOCBASO_PUBLIC_URL", f"http://{host}:{port}")
    os.environ["HOCBASO_DEMO"] = (
        "1"  # the second-factor page shows the code: nobody here has a phone enrolled
    )
    with told(as_json=as_json):
        _only_for_trials()
    os.environ.setdefault("HOCBASO_KEY_PROVIDER", DEMO_KEYS)
    prepare_home()
    # By name: the sandbox is the outside world, nothing of the house imports it.
    seeding = import_module("hocbaso.sandbox.demo.seed")
    accounts = seeding.seed(lambda step: messages.print(f"  {step}", markup=False))
    _fill_demo_register()
    document = {
        "address": f"http://{host}:{port}/",
        "password": seeding.PASSWORD,
        "accounts": [asdict(account) for account in accounts],
    }
    answer(document, as_json=as_json, human=lambda: _tell_demo(document))
    if not seed_only:
        _start_sandbox_beside()
        run_server(host, port, workers=2)


def _only_for_trials() -> None:
    """Before anything is written: accounts whose passwords everybody knows are for no genuine node.

    :raises DomainError: ``demo_not_here``
    """
    trial = os.environ.get("HOCBASO_ENVIRONMENT", "thu_nghiem") == "thu_nghiem"
    own_keys = os.environ.get("HOCBASO_KEY_PROVIDER", DEMO_KEYS).startswith("hocbaso.sandbox.")
    home = Path(os.environ.get("HOCBASO_HOME", "./var"))
    genuine = any((home / name).exists() for name in ("keys.toml", "trust.toml"))  # whatever the shell says
    if genuine or not (trial and own_keys):
        raise DomainError("demo_not_here")


def _fill_demo_register() -> None:
    from django.conf import settings

    registry = import_module("hocbaso.sandbox.server").open_registry(settings.HOCBASO_HOME / "sandbox")
    import_module("hocbaso.sandbox.population.demo").fill(registry)
    registry.store.close()


def _start_sandbox_beside() -> None:
    """The outside world of the demo, in a process that ends with this one.

    Where its port is taken (another demo: other people, other keys) it gets another one, and the server that
    follows is told.
    """
    port = str(_sandbox_port())
    os.environ["HOCBASO_SANDBOX_PORT"] = port
    os.environ.setdefault("HOCBASO_POPULATION_URL", f"http://127.0.0.1:{port}/population")
    command = Path(sys.executable).with_name("hocbaso")
    subprocess.Popen([str(command), "sandbox", "--port", port, "--beside", str(os.getpid())])


def _sandbox_port() -> int:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", SANDBOX_PORT)) == 0
    if not taken:
        return SANDBOX_PORT
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _tell_demo(document: dict[str, Any]) -> None:
    rows = [[a["school"], a["post"], a["username"], a["name"]] for a in document["accounts"]]
    table("Tài khoản thử nghiệm", ["Trường", "Vị trí", "Tên đăng nhập", "Họ tên"], rows)
    messages.print(f"Mật khẩu chung: {document['password']}", markup=False)
    messages.print("Mã xác nhận hai bước hiện ngay trên trang (chỉ ở hộp cát).")
    messages.print("Muốn thử ký số từ xa (mã PIN và mã gửi về điện thoại): vào trang Nơi giữ khóa ký.")
    messages.print(f"Địa chỉ: {document['address']}", style="bold")


def sandbox(
    host: str = typer.Option("127.0.0.1", "--host"),
    port: int = typer.Option(SANDBOX_PORT, "--port"),
    population: Path = typer.Option(None, "--population", help="CSV dân cư, nạp vào cơ sở dữ liệu dân cư."),
    residence: Path = typer.Option(None, "--residence", help="CSV cư trú, nạp như trên."),
    beside: int = typer.Option(0, "--beside", hidden=True),
) -> None:
    """Thế giới bên ngoài trên máy này: chứng thực (OCSP, CRL), dấu thời gian, cơ sở dữ liệu dân cư."""
    if beside:
        end_with(beside)
    prepare_home()
    from django.conf import settings

    server = import_module("hocbaso.sandbox.server")
    directory = settings.HOCBASO_HOME / "sandbox"
    registry = server.open_registry(directory)
    with told(as_json=False):
        loaded = registry.load(population, residence)
    if loaded:
        counts = ", ".join(f"{count} {_LOADED[part]}" for part, count in loaded.items())
        messages.print(f"Dữ liệu dân cư: {counts}.")

    def ready(address: str) -> None:
        messages.print(f"Hộp cát chạy tại {address}/ (Ctrl+C để dừng)")

    with told(as_json=False):
        try:
            server.serve(host, port, directory=directory, registry=registry, ready=ready)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise DomainError("sandbox_port_taken", port=port) from None


_LOADED = {"people": "người", "stays": "dòng cư trú"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (init, serve, worker, demo, sandbox):
        app.command()(command)
