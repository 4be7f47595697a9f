"""Other people's tools on the sealed rendition: pdfsig (NSS), pyHanko's command, qpdf, pdfdetach, pdffonts.

The sandbox answers on loopback, so that both ask for revocation as in the world. (pdfsig 22.12 with
``-no-ocsp`` calls every chain "unknown issue": it reads a stale NSS error after a successful validation.)
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.engines.rendering import Booklet, render_booklet, render_sheet
from hocbaso.engines.trust.pades import seal_pdf
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.profiles import KeyKind
from hocbaso.sandbox.provider import SandboxKeyProvider
from hocbaso.sandbox.server import make_app
from tests.unit.engines.rendering import samples

pytestmark = pytest.mark.interop

XML = '<HocBaSo xmlns="urn:hocbaso:1">Ễ &amp; "trích"\n</HocBaSo>'.encode()
OLDER = b'<HocBaSo xmlns="urn:hocbaso:1">2024</HocBaSo>'
SCHOOL = "Trường Tiểu học Hoa Mai"


def run(*command: str | Path) -> str:
    """Standard output and error together; the exit status must be 0."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def answering(folder: Path, kind: KeyKind) -> Iterator[SandboxAuthority]:
    """A sandbox CA whose OCSP, CRL and AIA addresses answer."""
    with make_server("127.0.0.1", 0, lambda environ, start: [], handler_class=_Quiet) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        authority = SandboxAuthority(folder, key_kind=kind, base_url=url)  # of today: NSS reads the clock
        server.set_app(make_app(authority))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Sealed:
    """A sealed booklet on disk, with the anchors it stands under."""

    pdf: Path
    root: Path
    nss: Path


@pytest.fixture(scope="module", params=["rsa2048", "p256"])
def sealed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    kind: KeyKind = request.param
    folder = tmp_path_factory.mktemp(f"pdf-{kind}")
    with answering(folder / "ca", kind) as authority:
        yield sealed_under(authority, folder)


def sealed_under(authority: SandboxAuthority, folder: Path) -> Sealed:
    provider = SandboxKeyProvider(authority)
    booklet = Booklet(
        sheets=(
            samples.view(samples.sheet(year="2024-2025", grade=2), xml=OLDER),
            samples.view(xml=XML),
        )
    )
    pdf = folder / "hocba.pdf"
    pdf.write_bytes(
        seal_pdf(
            render_booklet(booklet),
            provider.organisation("79000101", SCHOOL),
            provider.stamper(),
            name=SCHOOL,
            reason="Phát hành học bạ",
            location="Phường Bình Thạnh",
            signing_time=datetime.now(UTC),
        )
    )
    nss = folder / "nss"
    nss.mkdir()
    run("certutil", "-N", "-d", f"sql:{nss}", "--empty-password")
    for number, certificate in enumerate(authority.roots()):
        root = folder / f"root{number}.pem"
        root.write_bytes(certificate.public_bytes(Encoding.PEM))
        run("certutil", "-A", "-a", "-d", f"sql:{nss}", "-n", f"root{number}", "-t", "CT,C,C", "-i", root)
    return Sealed(pdf, folder / "root0.pem", nss)


def test_pdfsig_finds_one_valid_seal_over_the_whole_file_and_trusts_it(sealed: Sealed) -> None:
    said = run("pdfsig", "-nssdir", f"sql:{sealed.nss}", sealed.pdf)
    assert said.count("Signature #") == 1
    assert "Signature Validation: Signature is Valid." in said
    assert "Certificate Validation: Certificate is Trusted." in said
    assert "Total document signed" in said
    assert "Signature Type: ETSI.CAdES.detached" in said
    assert f"Signer Certificate Common Name: {SCHOOL}" in said


def test_pdfsig_sees_a_changed_byte(sealed: Sealed, tmp_path: Path) -> None:
    forged = bytearray(sealed.pdf.read_bytes())
    forged[len(forged) // 3] ^= 1
    target = tmp_path / "forged.pdf"
    target.write_bytes(forged)
    said = run("pdfsig", "-nocert", target)
    assert "Signature is Valid" not in said


def test_pyhanko_calls_it_pades_with_time_stamp_and_trusts_it(sealed: Sealed) -> None:
    command = Path(sys.executable).with_name("pyhanko")
    said = run(
        command,
        "sign",
        "adesverify",
        "--pretty-print",
        "--trust-replace",
        "--trust",
        sealed.root,
        sealed.pdf,
    )
    assert "The signature is judged VALID" in said


def test_qpdf_finds_no_fault(sealed: Sealed) -> None:
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", sealed.pdf)


def test_pdfdetach_takes_the_signed_xml_out_byte_by_byte(sealed: Sealed, tmp_path: Path) -> None:
    run("pdfdetach", "-saveall", "-o", tmp_path, sealed.pdf)
    assert (tmp_path / "hocba.xml").read_bytes() == XML
    assert (tmp_path / "hocba-2024-2025.xml").read_bytes() == OLDER
    assert len(list(tmp_path.iterdir())) == 2


def test_every_font_is_embedded_with_its_characters(sealed: Sealed) -> None:
    fonts = [line.split() for line in run("pdffonts", sealed.pdf).splitlines()[2:]]
    assert {font[0].split("+")[1] for font in fonts} >= {
        "LiberationSerif",
        "LiberationSerif-Bold",
        "LiberationSerif-Italic",
        "LiberationMono",
    }
    assert all(font[-5:-2] == ["yes", "yes", "yes"] for font in fonts), fonts  # embedded, subset, to Unicode


def test_poppler_reads_the_name_as_it_was_written(tmp_path: Path) -> None:
    name = "Công Tằng Tôn Nữ Hoàng Thị Nguyệt Minh Châu"
    pdf = tmp_path / "sheet.pdf"
    pdf.write_bytes(render_sheet(samples.view(samples.with_pupil(samples.sheet(), full_name=name))))
    assert name in " ".join(run("pdftotext", "-l", "1", pdf, "-").replace("Lớp: 3B", "").split())
    assert name in run("pdfinfo", pdf)
