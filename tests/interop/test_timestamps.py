"""Other people's tools on the sandbox's time stamps, chains, lists and OCSP answers: openssl, rfc3161-client,
pyHanko's certificate validator."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
import rfc3161_client
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from lxml import etree
from pyhanko_certvalidator import CertificateValidator, ValidationContext

from hocbaso.core.document.names import DS
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.stampers import FailoverStamper, Named
from hocbaso.engines.trust.timestamps import request_bytes
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.revocation import question
from tests import loops
from tests.unit.sandbox.cases import NOW, der, pem, sandbox, signed

pytestmark = pytest.mark.interop
AT = str(int(NOW.timestamp()))


@pytest.fixture(params=["rsa2048", "rsa3072", "p256"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["tsa", "tsa2"])
def which(request: pytest.FixtureRequest) -> str:
    """The first and the second authority: under the first and the second family."""
    return request.param


def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60)


def trust_files(authority: SandboxAuthority, folder: Path) -> tuple[str, str]:
    """Files with the roots and with the issuing authorities."""
    roots, issuing = folder / "roots.pem", folder / "issuing.pem"
    roots.write_bytes(b"".join(map(pem, authority.roots())))
    issuing.write_bytes(b"".join(map(pem, authority.issuing())))
    return str(roots), str(issuing)


def test_openssl_verifies_the_seals_time_stamp_over_the_canonical_value(
    kind: str, which: str, tmp_path: Path
) -> None:
    case = signed(kind)
    value = etree.fromstring(case.document).findall(f".//{{{DS}}}SignatureValue")[2]
    data = etree.tostring(etree.fromstring(etree.tostring(value, with_tail=False)), method="c14n")
    (tmp_path / "sv.bin").write_bytes(data)
    authorities = [Named(one.name, one) for one in case.authority.stampers() if one.name == which]
    double = FailoverStamper(authorities, clock=lambda: NOW, ticks=lambda: 0.0)
    token = double.stamp(xades.signature_value_digest(case.signatures[2]))
    (tmp_path / "token.der").write_bytes(token)
    roots, issuing = trust_files(case.authority, tmp_path)
    command = ["ts", "-verify", "-in", str(tmp_path / "token.der"), "-token_in", "-attime", AT]
    command += ["-CAfile", roots, "-untrusted", issuing]
    answer = openssl(*command, "-data", str(tmp_path / "sv.bin"))
    assert answer.returncode == 0, answer.stderr
    (tmp_path / "sv.bin").write_bytes(data + b" ")
    assert openssl(*command, "-data", str(tmp_path / "sv.bin")).returncode != 0


def test_openssl_asks_and_believes_the_authority(kind: str, which: str, tmp_path: Path) -> None:
    """A query made by openssl, answered by the sandbox, verified by openssl against that very query."""
    data, query, reply = (tmp_path / name for name in ("data", "query.tsq", "reply.tsr"))
    data.write_bytes(b"hoc ba so")
    made = openssl("ts", "-query", "-data", str(data), "-sha256", "-cert", "-out", str(query))
    assert made.returncode == 0, made.stderr
    reply.write_bytes(sandbox(kind).stamper(name=which).respond(query.read_bytes()))
    roots, issuing = trust_files(sandbox(kind), tmp_path)
    answer = openssl(
        *("ts", "-verify", "-queryfile", str(query), "-in", str(reply), "-attime", AT),
        *("-CAfile", roots, "-untrusted", issuing),
    )
    assert answer.returncode == 0, answer.stderr


def test_rfc3161_client_verifies_a_response(kind: str) -> None:
    authority = sandbox(kind)
    digest = hashlib.sha256(b"hoc ba so").digest()
    response = rfc3161_client.decode_timestamp_response(authority.stamper().respond(request_bytes(digest, 7)))
    builder = rfc3161_client.VerifierBuilder().add_root_certificate(authority.roots()[0])
    builder = builder.add_intermediate_certificate(authority.issuing()[0])
    verifier = builder.tsa_certificate(authority.unit("tsa").certificate).nonce(7).build()
    assert verifier.verify(response, digest)
    assert response.tst_info.gen_time == NOW


def test_openssl_verifies_chains_with_their_lists_and_sees_a_revocation(tmp_path: Path) -> None:
    authority = SandboxAuthority(tmp_path / "sandbox", clock=lambda: NOW, key_kind="p256")
    good = authority.issue_person("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai")
    bad = authority.issue_person("Võ Tuấn Đạt", "079094815407", "Trường Tiểu học Hoa Mai")
    seal = authority.issue_organisation("79000101", "Trường Tiểu học Hoa Mai")
    authority.revoke(bad.certificate, NOW)
    roots, issuing = trust_files(authority, tmp_path)
    lists = tmp_path / "crls.pem"
    lists.write_bytes(b"".join(map(pem, authority.crls())))

    def verify(name: str, certificate: object) -> subprocess.CompletedProcess[str]:
        path = tmp_path / f"{name}.pem"
        path.write_bytes(pem(certificate))
        command = ["verify", "-attime", AT, "-crl_check_all", "-x509_strict", "-CAfile", roots]
        return openssl(*command, "-untrusted", issuing, "-CRLfile", str(lists), str(path))

    for name, certificate in (
        ("good", good.certificate),
        ("seal", seal.certificate),
        ("tsa", authority.unit("tsa").certificate),
        ("ocsp", authority.unit("vgca-ocsp").certificate),
    ):
        answer = verify(name, certificate)
        assert answer.returncode == 0, answer.stderr
    answer = verify("bad", bad.certificate)
    assert answer.returncode != 0
    assert "certificate revoked" in answer.stderr


def test_openssl_believes_the_responder(tmp_path: Path) -> None:
    authority = sandbox("p256")
    credential = authority.issue_person("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai")
    roots, issuing = trust_files(authority, tmp_path)
    for name, content in (
        ("cert.pem", pem(credential.certificate)),
        ("issuer.pem", pem(credential.chain[0])),
        ("answer.der", authority.ocsp_for(question(credential.certificate, credential.chain[0]))),
    ):
        (tmp_path / name).write_bytes(content)
    answer = openssl(
        *("ocsp", "-issuer", str(tmp_path / "issuer.pem"), "-cert", str(tmp_path / "cert.pem")),
        *("-respin", str(tmp_path / "answer.der"), "-CAfile", roots, "-verify_other", issuing),
        *("-attime", AT, "-no_nonce", "-validity_period", "999999999"),
    )
    assert "cert.pem: good" in answer.stdout, answer.stderr
    assert "Response verify OK" in answer.stderr, answer.stderr


async def _validate(authority: SandboxAuthority, certificate: object, *, ocsp: bool) -> object:
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(der(root)) for root in authority.roots()],
        other_certs=[asn1_x509.Certificate.load(der(item)) for item in authority.issuing()],
        crls=[asn1_crl.CertificateList.load(der(crl)) for crl in authority.crls()],
        ocsps=[asn1_ocsp.OCSPResponse.load(authority.ocsp(certificate))] if ocsp else [],
        moment=NOW,
        allow_fetching=False,
        revocation_mode="require",
    )
    validator = CertificateValidator(asn1_x509.Certificate.load(der(certificate)), (), context)
    return await validator.async_validate_usage({"digital_signature", "non_repudiation"})


@pytest.mark.parametrize("ocsp", [False, True])
def test_pyhanko_validates_paths_with_required_revocation(kind: str, ocsp: bool) -> None:
    case = signed(kind)
    for signer in case.signers:
        assert loops.run(_validate(case.authority, signer.certificate, ocsp=ocsp))
