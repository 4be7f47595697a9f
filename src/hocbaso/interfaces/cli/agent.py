"""``hocbaso agent``: the signing program in the teacher's own PC. No database, no Django."""

from __future__ import annotations

from pathlib import Path

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, messages, told


def agent(
    site: list[str] = typer.Option(
        [], "--site", help="Địa chỉ trang học bạ, ví dụ https://hocba.truong.edu.vn; ghi nhiều lần được."
    ),
    module: list[Path] = typer.Option(
        [],
        "--module",
        help="Tệp trình điều khiển PKCS#11 của thiết bị ký; không ghi thì tìm ở những nơi thường cài.",
    ),
    port: int = typer.Option(
        24817, "--port", min=0, max=65535, help="Cổng trên máy này; trang học bạ tìm ở cổng mặc định."
    ),
    terminal: bool = typer.Option(
        False, "--terminal", help="Hỏi mã PIN ngay ở cửa sổ dòng lệnh, không mở trình duyệt."
    ),
    no_browser: bool = typer.Option(
        False, "--no-browser", help="Không tự mở trình duyệt; in địa chỉ cửa sổ để thầy cô tự mở."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Chương trình ký trên máy của thầy cô: ký học bạ bằng USB token, mã PIN không rời máy này.

    Chạy chương trình, cắm thiết bị ký, rồi mở trang ký học bạ và bấm Ghép nối.

    Chương trình chỉ nghe trên máy này (127.0.0.1), chỉ làm việc với trang ghi ở --site, chỉ ký học bạ số.

    Dừng: Ctrl+C.
    """
    from hocbaso.interfaces.agent.program import Options, run

    options = Options(
        tuple(site),
        tuple(module),
        port,
        terminal=terminal,
        browser=not (no_browser or as_json),
        as_json=as_json,
    )
    with told(as_json=as_json):
        run(options, lambda line: None if as_json else messages.print(line, markup=False))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="agent")(agent)
