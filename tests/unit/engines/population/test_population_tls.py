"""The gateway on a real TLS line: known authority, own certificate."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hocbaso.engines.population import Fault, GatewaySettings, PopulationUnavailable, XRoadPopulation
from tests.unit.engines.population.cases import good, query


def certificate(folder: Path, name: str, issuer: Path | None = None) -> Path:
    """A certificate for loopback with its key in one PEM file; its own issuer, or ``issuer``'s."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    parent, parent_key = subject, key
    if issuer:
        pem = issuer.read_bytes()
        parent = x509.load_pem_x509_certificate(pem).subject
        parent_key = load_pem_private_key(pem, None)  # type: ignore[assignment]
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(parent, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .sign(parent_key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return file


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        content = good(httpx.Request("POST", "https://127.0.0.1/", content=body)).content
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class QuietServer(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A handshake that fails is what some tests want."""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Path]]]:
    """A registry that wants to see a client certificate of its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    files = {"root": certificate(folder, "root"), "stranger": certificate(folder, "stranger")}
    files |= {name: certificate(folder, name, files["root"]) for name in ("server", "client")}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["server"])
    context.load_verify_locations(files["root"])
    context.verify_mode = ssl.CERT_REQUIRED
    server = QuietServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}", files
    server.shutdown()
    server.server_close()


def ask(url: str, ca: Path, client: Path | None) -> bool:
    settings = GatewaySettings(url=url, ca_file=ca, client_certificate=client, attempts=1, read_timeout=10)
    with XRoadPopulation(settings, now=lambda: datetime.now(UTC)) as gateway:
        return gateway.ask([query()])[0].verified


def test_both_sides_know_each_other(line: tuple[str, dict[str, Path]]) -> None:
    url, files = line
    assert ask(url, files["root"], files["client"])


@pytest.mark.parametrize(("ca", "client"), [("stranger", "client"), ("root", None), ("root", "stranger")])
def test_otherwise_nothing_is_asked(line: tuple[str, dict[str, Path]], ca: str, client: str | None) -> None:
    url, files = line
    with pytest.raises(PopulationUnavailable) as caught:
        ask(url, files[ca], files[client] if client else None)
    assert caught.value.fault is Fault.UNAVAILABLE
