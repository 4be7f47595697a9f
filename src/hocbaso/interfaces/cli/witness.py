"""``hocbaso witness``: cosign a log's checkpoint after checking that it only grew. Needs no database.

A witness (the ministry, the inspectorate, anybody) runs it on a machine of its own, e.g. every half hour.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, told

register_errors(
    {
        "witness_key_unreadable": (
            "Không mở được tệp khóa nhân chứng {file}.",
            "The witness key {file} cannot be read.",
        ),
        "witness_needs_key": (
            "Lần đầu theo dõi một nhật ký cần khóa của nó (--log-key), lấy từ nguồn ngoài nút, ví dụ văn bản "
            "công bố.",
            "The first time a log's key must be given by --log-key.",
        ),
    }
)


def witness(
    log: str = typer.Option(..., "--log", help="Địa chỉ nhật ký (…/log/2025-2026) hoặc thư mục tệp."),
    key_file: Path = typer.Option(..., "--key-file", help="Khóa của nhân chứng; chưa có thì tạo mới."),
    state: Path = typer.Option(..., "--state", help="Tệp ghi nhớ điểm kiểm đã ký gần nhất."),
    name: str = typer.Option(..., "--name", help="Tên nhân chứng, ví dụ thanh-tra.example."),
    log_key: str = typer.Option("", "--log-key", help="Khóa kiểm tra của nhật ký (vkey), cần ở lần đầu."),
    out: Path | None = typer.Option(None, "--out", help="Ghi điểm kiểm đã đồng ký ra tệp."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Đồng ký điểm kiểm của một nhật ký sau khi kiểm chứng nó chỉ dài thêm; từ chối mọi lần viết lại."""
    with told(as_json=as_json):
        document = cosign(log, key_file, state, name, log_key)
    if out is not None:
        out.write_text(document["checkpoint"], "utf-8")
    answer(document, as_json=as_json, human=lambda: messages.print(document["checkpoint"], markup=False))


def cosign(log: str, key_file: Path, state: Path, name: str, log_key: str) -> dict[str, Any]:
    """One round of a witness; what it remembers is on the disk before the cosigned note is given.

    :returns: origin, size, witness (its verifier key), checkpoint (the note with its line).
    :raises DomainError: ``log_shrunk``, ``log_forked``, ``checkpoint_inconsistent``, ``note_forged``, …: then
        nothing is signed, and both notes are kept beside the state; ``state_in_use``.
    """
    from hocbaso.interfaces.cli.published_log import one_round

    with one_round(state):
        return _cosign(log, key_file, state, name, log_key)


def _cosign(log: str, key_file: Path, state: Path, name: str, log_key: str) -> dict[str, Any]:
    from hocbaso.engines.ledger.checkpoints import Checkpoint
    from hocbaso.engines.ledger.checkpoints import witness as cosigned
    from hocbaso.engines.ledger.notes import KeyType, NoteSigner, split_note
    from hocbaso.interfaces.cli.published_log import open_log, read_state, write_state

    known = read_state(state)
    if known is None and not log_key:
        raise Unreadable("witness_needs_key")
    vkey = log_key or str(known and known.get("log_key", ""))
    published = open_log(log, vkey)
    signer = NoteSigner(name, _private_key(key_file), KeyType.WITNESS)
    note, head = published.note()
    last: Checkpoint | None = None
    proof: tuple[bytes, ...] = ()
    if known is not None:
        try:
            last = Checkpoint.parse(split_note(str(known["note"]))[0])
        except (KeyError, DomainError) as error:
            raise Unreadable("state_unreadable", file=state.name) from error
        try:
            proof = published.check_growth(last, head)
        except DomainError:
            _keep_evidence(state, note)
            raise
    text, head = cosigned(note, published.key, last, proof, signer, int(clock.now().timestamp()))
    write_state(state, {"log_key": vkey, "note": note, "size": head.size})
    return {"origin": head.origin, "size": head.size, "witness": str(signer.verifier), "checkpoint": text}


def _keep_evidence(state: Path, note: str) -> None:
    """The note that was refused stays beside the one that was cosigned: together they prove the rewriting.
    Each has a name of its own, so that a later one does not cover the first."""
    name = hashlib.sha256(note.encode()).hexdigest()[:12]
    state.with_suffix(f".tu-choi-{name}").write_text(note, "utf-8")


def _private_key(file: Path) -> Ed25519PrivateKey:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise Unreadable("witness_key_unreadable", file=file.name) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Unreadable("witness_key_unreadable", file=file.name)
    return key


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="witness")(witness)
