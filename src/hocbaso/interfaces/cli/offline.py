"""``hocbaso offline …``: codes that verify without a network, status lists, the small trust bundle."""

from __future__ import annotations

from pathlib import Path

import typer

from hocbaso.core.errors import DomainError
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, told

register_errors(
    {
        "code_variant": (
            "Chọn --variant ket-qua (kèm kết quả) hoặc danh-tinh (chỉ danh tính và mã tóm lược).",
            "The variant is ket-qua or danh-tinh.",
        )
    }
)

commands = typer.Typer(
    no_args_is_help=True, help="Xác thực không cần mạng: mã QR có chữ ký, gói tin cậy nhỏ."
)


@commands.command()
def bundle(
    out: Path = typer.Option(..., "--out", help="Tệp trust-bundle.json sẽ ghi."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Ghi gói tin cậy nhỏ của cả nút: gốc, danh sách thu hồi, danh sách tình trạng, điểm kiểm."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.transcripts.offline.bundle import offline_bundle

    with told(as_json=as_json):
        made = offline_bundle(fresh=True)
    content = made.to_json().encode()
    out.write_bytes(content)
    document = {
        "file": str(out),
        "bytes": len(content),
        "as_of": made.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status_lists": len(made.status_lists),
        "code_signers": len(made.code_signers),
    }
    answer(document, as_json=as_json)


@commands.command()
def qr(
    code: str = typer.Argument(..., help="Mã học bạ đã phát hành."),
    variant: str = typer.Option("ket-qua", "--variant", help="ket-qua hoặc danh-tinh."),
    out: Path = typer.Option(None, "--out", help="Tệp PNG hoặc SVG sẽ ghi; không nêu thì chỉ in văn bản mã."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Tạo mã QR có chữ ký của một học bạ; mỗi lần tạo đều ghi nhật ký."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.transcripts.offline.use_cases.make_code import Variant, make_code
    from hocbaso.apps.transcripts.queries import issued_by_code
    from hocbaso.engines.trust.qr import qr_png, qr_svg

    with told(as_json=as_json):
        if variant not in tuple(Variant):
            raise DomainError("code_variant")
        issued = issued_by_code(code)[0]
        text = make_code(Actor.operator(), issued=issued, variant=Variant(variant))
    if out is not None:
        svg = out.suffix.lower() == ".svg"
        out.write_bytes(qr_svg(text).encode() if svg else qr_png(text))
    document = {"code": issued.code, "version": issued.version, "variant": variant, "text": text}
    document["file"] = str(out) if out is not None else None
    answer(document, as_json=as_json, human=lambda: messages.print(text, markup=False, soft_wrap=True))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="offline")
