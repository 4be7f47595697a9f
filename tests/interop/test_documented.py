"""The commands in docs/xml-profile.md, as they stand there, on what an export gives."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hocbaso.core.document.emit import emit
from hocbaso.core.document.names import document_bytes
from hocbaso.engines.rendering import Booklet, render_booklet
from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.pades import seal_pdf
from hocbaso.engines.trust.xades import prepare, sheet_object, sign, signature_value_digest, with_unsigned
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.provider import SandboxKeyProvider
from tests.interop.test_pdf import answering
from tests.unit.core.document.sheets import grade_three
from tests.unit.engines.rendering import samples
from tests.unit.sandbox.cases import STEPS, der

pytestmark = pytest.mark.interop
DOCUMENT = Path(__file__).parents[2] / "docs" / "xml-profile.md"
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An exported document, its rendition and its bundle, under a sandbox of today that answers."""
    place = tmp_path_factory.mktemp("export")
    with answering(tmp_path_factory.mktemp("ca"), "p256") as authority:
        export(authority, place)
        yield place


def export(authority: SandboxAuthority, place: Path) -> None:
    now = datetime.now(UTC)
    provider = SandboxKeyProvider(authority)
    school = provider.organisation("79000101", "Trường Tiểu học Hoa Mai")
    text, made = emit(grade_three()), list[bytes]()
    people = [("Trần Bảo", "079195112649"), ("Lê Minh", "079195112650")]
    signers = [authority.issue_person(*who, "Trường Tiểu học Hoa Mai").signer() for who in people]
    for role, signer in zip(STEPS, (*signers, school), strict=True):
        prepared = prepare(
            role=role,
            objects=[sheet_object(text)],
            signing_time=now,
            certificate=signer.certificate,
            chain=signer.chain,
            previous=made[-1:],
        )
        made.append(sign(prepared, signer))
    made[-1] = with_unsigned(made[-1], provider.stamper().stamp(signature_value_digest(made[-1])))
    document = document_bytes(text, made)
    (place / "hocba.xml").write_bytes(document)
    pdf = render_booklet(Booklet((samples.view(xml=document),)))
    about = {"name": "Trường", "reason": "Phát hành", "location": "Bình Thạnh"}
    (place / "hocba.pdf").write_bytes(seal_pdf(pdf, school, provider.stamper(), signing_time=now, **about))
    bundle = TrustBundle(
        created=now,
        as_of=now,
        anchors=tuple(Anchor.of(root, "hop_cat", "thu_nghiem") for root in authority.roots()),
        intermediates=tuple(map(der, authority.issuing())),
        crls=tuple(map(der, authority.crls())),
    )
    (place / "trust-bundle.json").write_text(bundle.to_json(), "utf-8")


def run(kind: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-"] if kind == "python" else ["bash", "-e"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        input=text,
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_every_command_of_the_document_says_yes(folder: Path) -> None:
    said = ""
    for kind, text in BLOCKS:
        answer = run(kind, text, folder)
        assert answer.returncode == 0, f"{text}\n{answer.stdout}{answer.stderr}"
        said += answer.stdout + answer.stderr
    assert len(BLOCKS) == 5
    assert len(re.findall("^OK$", said, re.MULTILINE)) == 3  # xmlsec1, each signature
    assert "Verification: OK" in said  # openssl ts
    assert "seal.pem: OK" in said
    assert "Signature is Valid" in said
    assert "Certificate is Trusted" in said


def test_the_commands_say_no_to_an_altered_document(folder: Path) -> None:
    genuine = (folder / "hocba.xml").read_bytes()
    try:
        (folder / "hocba.xml").write_bytes(genuine.replace("Nguyễn".encode(), "Trần".encode(), 1))
        answers = [run(kind, text, folder) for kind, text in BLOCKS[:3]]
    finally:
        (folder / "hocba.xml").write_bytes(genuine)
    assert [answer.returncode != 0 for answer in answers] == [False, True, True]
