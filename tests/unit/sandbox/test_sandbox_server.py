"""The authorities over HTTP, asked through WSGI."""

from __future__ import annotations

import io
import queue
import threading
import urllib.request
from base64 import b64encode
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from hocbaso.sandbox.revocation import question
from hocbaso.sandbox.server import make_app, serve
from tests.unit.sandbox.cases import NOW, sandbox, signers


def call(
    method: str, path: str, body: bytes = b"", length: str | None = None
) -> tuple[int, dict[str, str], bytes]:
    seen: list[tuple[str, list[tuple[str, str]]]] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)) if length is None else length,
        "wsgi.input": io.BytesIO(body),
    }
    content = b"".join(
        make_app(sandbox())(environ, lambda status, headers, *_: seen.append((status, headers)))
    )
    return int(seen[0][0][:3]), dict(seen[0][1]), content


def test_every_address_that_certificates_name_answers() -> None:
    for certificate in (signers()[0].certificate, signers()[2].certificate, *sandbox().issuing()):
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        issuers = [
            item for item in access if item.access_method == x509.AuthorityInformationAccessOID.CA_ISSUERS
        ]
        base = sandbox().base_url
        status, _, body = call("GET", points[0].full_name[0].value.removeprefix(base))
        assert status == 200
        crl = x509.load_der_x509_crl(body)
        status, _, body = call("GET", issuers[0].access_location.value.removeprefix(base))
        assert status == 200
        issuer = x509.load_der_x509_certificate(body)
        certificate.verify_directly_issued_by(issuer)
        assert crl.is_signature_valid(issuer.public_key())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ocsp_answers_both_ways_of_asking(method: str) -> None:
    certificate, issuer = signers()[0].certificate, signers()[0].chain[0]
    request = question(certificate, issuer)
    path, body = (
        ("/ocsp", request) if method == "POST" else ("/ocsp/" + quote(b64encode(request), safe=""), b"")
    )
    status, headers, content = call(method, path, body)
    assert (status, headers["Content-Type"]) == (200, "application/ocsp-response")
    answer = ocsp.load_der_ocsp_response(content)
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.this_update_utc == NOW


@pytest.mark.parametrize(
    ("method", "path", "length", "status"),
    [
        ("GET", "/", None, 404),
        ("GET", "/crl/vgca-ocsp.crl", None, 404),
        ("GET", "/crl/../ca/tsa.pem", None, 404),
        ("GET", "/aia/tsa.pem", None, 404),
        ("GET", "/tsa", None, 405),
        ("POST", "/crl/vgca-root.crl", None, 405),
        ("POST", "/tsa", "", 400),
        ("POST", "/tsa", "-1", 400),
        ("POST", "/ocsp", "99999999", 400),
        ("GET", "/ocsp/%%%", None, 400),
    ],
)
def test_anything_else_gets_a_plain_refusal(method: str, path: str, length: str | None, status: int) -> None:
    assert call(method, path, length=length)[0] == status


def test_no_private_key_is_ever_served() -> None:
    for path in ("/roots.pem", "/aia/vgca-root.cer", "/crl/vgca-root.crl"):
        status, _, content = call("GET", path)
        assert status == 200
        assert b"PRIVATE" not in content


def test_the_server_tells_its_address_once_it_listens() -> None:
    addresses: queue.Queue[str] = queue.Queue()
    options = {"directory": sandbox(), "ready": addresses.put}
    threading.Thread(target=serve, args=("127.0.0.1", 0), kwargs=options, daemon=True).start()
    with urllib.request.urlopen(addresses.get(timeout=60) + "/roots.pem", timeout=60) as reply:
        assert x509.load_pem_x509_certificates(reply.read()) == list(sandbox().roots())
