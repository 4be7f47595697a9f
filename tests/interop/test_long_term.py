"""Other people's tools on exported B-LT and B-LTA documents: xmlsec1, signxml, openssl, lxml."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree
from signxml.xades import XAdESVerifier

from hocbaso.core.document.names import DS, document_bytes
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.longterm.validation_data import gather
from tests.interop.test_xml_signatures import signxml, xmlsec1
from tests.unit.sandbox.cases import NOW, SHEET, der, pem, sandbox, signed

pytestmark = pytest.mark.interop
AT = str(int(NOW.timestamp()))
XA = "http://uri.etsi.org/01903/v1.3.2#"
ALGORITHMS = ("sha256", "sha512")  # of the two archive stamps in a row


@pytest.fixture(params=["rsa2048", "rsa3072", "p256"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@dataclass
class _Root:
    certificate: x509.Certificate


@dataclass
class _Known:
    kind: str

    @property
    def anchors(self) -> list[_Root]:
        return [_Root(root) for root in sandbox(self.kind).roots()]

    @property
    def intermediates(self) -> tuple[x509.Certificate, ...]:
        return sandbox(self.kind).issuing()

    @property
    def crls(self) -> list[bytes]:
        """Only the roots' lists: about holders OCSP is asked."""
        authority = sandbox(self.kind)
        return [der(authority.crl(stem, NOW)) for stem in authority.authorities() if stem.endswith("root")]


def _ocsp(kind: str):
    authority = sandbox(kind)
    return lambda certificate, issuer: (
        authority.ocsp(certificate, issuer, NOW) if issuer in authority.issuing() else None
    )


@lru_cache(maxsize=3)
def archived(kind: str) -> bytes:
    """A B-LTA document with two archive time stamps."""
    case, authority = signed(kind), sandbox(kind)
    stamper = authority.stamper(lambda: NOW)
    value = stamper.stamp(xades.signature_value_digest(case.signatures[2]))
    chains = [(s.certificate, *s.chain) for s in case.signers]
    signers = gather(chains, NOW, _Known(kind), _ocsp(kind))
    stamp = gather([(stamper.certificate,)], NOW, _Known(kind), _ocsp(kind))
    unsigned = xades.Unsigned(value, signers.certificates, signers.crls, signers.ocsps, stamp)
    signatures = list(case.signatures)
    for algorithm in ALGORITHMS:
        seal = xades.read_signature(xades.with_properties(case.signatures[2], unsigned))
        targets = xades.referable(SHEET, signatures)
        imprint = xades.archive_digest(seal, targets, len(unsigned.archive), algorithm)
        archive = (*unsigned.archive, xades.ArchiveStamp(stamper.stamp(imprint), stamp))
        unsigned = replace(unsigned, archive=archive)
    return document_bytes(SHEET, [*signatures[:2], xades.with_properties(case.signatures[2], unsigned)])


def test_every_signature_stays_good_for_xmlsec1_and_signxml(kind: str, tmp_path: Path) -> None:
    document = archived(kind)
    for number, signature_id in enumerate(("ck-cn", "ck-ht", "ck-cd"), 1):
        answer = xmlsec1(document, number, kind, tmp_path)
        assert answer.returncode == 0, answer.stderr
        assert signxml(document, signature_id, kind, tmp_path)
    seal = etree.fromstring(document).find(f".//{{{DS}}}Signature[@Id='ck-cd']")
    XAdESVerifier().validate_schema(seal)


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60)


def _c14n(node: etree._Element) -> bytes:
    """Inclusive C14N 1.0, by lxml, of an element with the namespaces in scope."""
    return etree.tostring(etree.fromstring(etree.tostring(node, with_tail=False)), method="c14n")


def _covered(document: bytes, stamp: etree._Element) -> Iterator[bytes]:
    """EN 319 132-1 clause 5.5.2.2, read off the document: what ``stamp`` covers, piece by piece."""
    root = etree.fromstring(document)
    seal = root.find(f".//{{{DS}}}Signature[@Id='ck-cd']")
    info = seal.find(f"{{{DS}}}SignedInfo")
    for reference in info.iterfind(f"{{{DS}}}Reference"):
        (node,) = root.xpath("//*[@Id=$id]", id=reference.get("URI").removeprefix("#"))
        yield _c14n(node)
    for name in ("SignedInfo", "SignatureValue", "KeyInfo"):
        yield _c14n(seal.find(f"{{{DS}}}{name}"))
    for item in seal.find(f".//{{{XA}}}UnsignedSignatureProperties"):
        if item.get("Id") == stamp.get("Id"):
            return
        yield _c14n(item)


def _trust(kind: str, folder: Path) -> list[str]:
    roots, issuing = folder / "roots.pem", folder / "issuing.pem"
    roots.write_bytes(b"".join(map(pem, sandbox(kind).roots())))
    issuing.write_bytes(b"".join(map(pem, sandbox(kind).issuing())))
    return ["-attime", AT, "-CAfile", str(roots), "-untrusted", str(issuing)]


def test_openssl_accepts_every_archive_stamp_over_an_imprint_computed_here(kind: str, tmp_path: Path) -> None:
    document = archived(kind)
    stamps = etree.fromstring(document).findall(".//{*}ArchiveTimeStamp")
    assert len(stamps) == len(ALGORITHMS)
    for stamp in stamps:
        data, token = tmp_path / "data.bin", tmp_path / "token.der"
        data.write_bytes(b"".join(_covered(document, stamp)))
        token.write_bytes(b64decode(stamp.findtext(f"{{{XA}}}EncapsulatedTimeStamp")))
        command = ["ts", "-verify", "-in", str(token), "-token_in", *_trust(kind, tmp_path)]
        answer = _openssl(*command, "-data", str(data))
        assert answer.returncode == 0, answer.stderr
        data.write_bytes(data.read_bytes()[:-1])
        assert _openssl(*command, "-data", str(data)).returncode != 0


def test_openssl_verifies_every_embedded_list_and_ocsp_answer(tmp_path: Path) -> None:
    kind = "p256"
    trust = _trust(kind, tmp_path)
    everything = tmp_path / "all.pem"
    everything.write_bytes((tmp_path / "roots.pem").read_bytes() + (tmp_path / "issuing.pem").read_bytes())
    root = etree.fromstring(archived(kind))
    lists = {node.text for node in root.iterfind(".//{*}EncapsulatedCRLValue")}
    answers = {node.text for node in root.iterfind(".//{*}EncapsulatedOCSPValue")}
    assert lists
    assert answers
    for text in lists:
        (tmp_path / "list.crl").write_bytes(b64decode(text))
        said = _openssl(
            *("crl", "-inform", "DER", "-in", str(tmp_path / "list.crl"), "-noout"),
            *("-CAfile", str(everything)),
        )
        assert "verify OK" in said.stdout + said.stderr
    for text in answers:
        (tmp_path / "answer.ors").write_bytes(b64decode(text))
        said = _openssl("ocsp", "-respin", str(tmp_path / "answer.ors"), "-noverify", "-resp_text")
        assert "Cert Status: good" in said.stdout
        said = _openssl(
            "ocsp", "-respin", str(tmp_path / "answer.ors"), "-CAfile", str(everything), *trust[:2]
        )
        assert "Response verify OK" in said.stdout + said.stderr
