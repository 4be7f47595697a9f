"""A whole verification against the bare public-key operations, against signxml and python-xmlsec."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm
from signxml.xades import XAdESSignatureConfiguration, XAdESSignaturePolicy, XAdESVerifier

from benchmarks import node as nodes
from benchmarks.harness import Contender, Experiment, Ratio
from benchmarks.signing import digests, signing_with, verifying_with
from benchmarks.xmlsec_peer import XmlsecVerifier
from hocbaso.core.document.names import DS
from hocbaso.core.document.parse import split_document
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.verification import Verifier
from hocbaso.engines.trust.verification.again import Reverifier
from hocbaso.engines.trust.verification.plan import slice_sheet
from hocbaso.engines.trust.verification.signatures import check_signatures, read_signatures
from hocbaso.engines.trust.verification.verdict import Result
from hocbaso.sandbox.profiles import KeyKind, new_key

DOCUMENTS, PEER_DOCUMENTS = 70, 5
IDS = ("ck-cn", "ck-ht", "ck-cd")
BYTES_AIM = {"rsa2048": 0.37, "p256": 0.70}
AGAIN_AIM = {"rsa2048": 0.60, "rsa3072": 0.60, "p256": 0.85}
PARSE_AIM = {"rsa2048": 0.15, "p256": 0.39}


class _Nth(XAdESVerifier):
    """signxml on the signature with a given Id."""

    signature_id = ""

    def _get_signature(self, root: etree._Element) -> etree._Element:
        return root.find(f".//{{{DS}}}Signature[@Id='{self.signature_id}']")


def _peer(roots: str, document: bytes, config: XAdESSignatureConfiguration) -> None:
    text = xades.signature_policy(datetime.now(UTC))  # a node signs now
    policy = XAdESSignaturePolicy(
        Identifier=text.id,
        Description="",
        DigestMethod=DigestAlgorithm.SHA256,
        DigestValue=base64.b64encode(text.digest).decode(),
    )
    root = etree.fromstring(document)  # parsed once for the three
    for signature_id in IDS:
        verifier = _Nth()
        verifier.signature_id = signature_id
        verifier.verify(root, ca_pem_file=roots, expect_signature_policy=policy, expect_config=config)


def verifying(kind: KeyKind) -> Experiment:
    """Documents a second."""
    node = nodes.start(kind)
    from hocbaso.apps.signing.ports import key_provider
    from hocbaso.apps.transcripts.documents import export, stored_document
    from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle

    _, rows = nodes.issued_school(DOCUMENTS)
    documents = [one.xml for one in export(rows)]
    stored = [stored_document(row) for row in rows]
    known = Reverifier()
    if not all(map(known.prove, stored)):
        raise AssertionError("a stored document of our own is not good")
    bundle = TrustBundle.from_json(trust_bundle(rows).to_json().encode())
    verifier, now = Verifier(bundle), datetime.now(UTC)
    libxmlsec = XmlsecVerifier(
        [x509.load_der_x509_certificate(der).public_key() for der in _signers(stored[0])]
    )
    roots = node.home / "roots.pem"
    anchors = key_provider().trust().anchors
    roots.write_bytes(b"".join(anchor.certificate.public_bytes(Encoding.PEM) for anchor in anchors))
    config = XAdESSignatureConfiguration(expect_references=True, verification_time=now)

    def whole() -> None:
        for document in documents:
            if verifier.verify(document, now=now).verdict != "valid":
                raise AssertionError("a document of our own is not valid")

    def byte_path() -> None:
        for document in documents:
            split = split_document(document)
            findings = read_signatures(split.signatures, slice_sheet(split.sheet))
            if check_signatures(findings).result is not Result.OK:
                raise AssertionError("a signature of our own is not good")

    def again() -> None:
        for document in stored:
            if not known.quick(document):
                raise AssertionError("a stored document of our own is not good")

    def peer() -> None:
        for document in documents[:PEER_DOCUMENTS]:
            _peer(str(roots), document, config)

    def others() -> None:
        for document in documents:
            libxmlsec.verify(document)

    return Experiment(
        title=f"Verify a document, {kind.upper()}",
        unit="documents",
        contenders=[
            Contender("strict verification with bundle", DOCUMENTS, whole),
            Contender("three signatures, byte path", DOCUMENTS, byte_path),
            Contender("strict re-verification", DOCUMENTS, again),
            _raw(kind),
            Contender("signxml, three signatures", PEER_DOCUMENTS, peer),
            Contender("python-xmlsec, three signatures", DOCUMENTS, others),
        ],
        ratios=[
            Ratio("whole ÷ (raw verify ÷ 3)", "strict verification with bundle", "raw verify", 1 / 3,
                  PARSE_AIM.get(kind), "trust.md 9: parse + C14N, signatures only"),
            Ratio("byte path ÷ (raw verify ÷ 3)", "three signatures, byte path", "raw verify", 1 / 3,
                  BYTES_AIM.get(kind), "trust.md 9"),
            Ratio("re-verification ÷ (raw verify ÷ 3)", "strict re-verification", "raw verify", 1 / 3,
                  AGAIN_AIM.get(kind), "issue of trust"),
            Ratio("re-verification ÷ signxml's three signatures", "strict re-verification",
                  "signxml, three signatures", aim=12, source="issue of trust"),
            Ratio("re-verification ÷ python-xmlsec's three signatures", "strict re-verification",
                  "python-xmlsec, three signatures", aim=2.5, source="issue of trust"),
            Ratio("whole ÷ signxml's three signatures", "strict verification with bundle",
                  "signxml, three signatures"),
        ],
        remarks=[
            "The whole answers all eight questions: time stamp, paths, revocation, authority, status, log "
            "included. Paths and revocation of a signer are judged once for a class of documents."
        ],
    )  # fmt: skip


def _signers(document: bytes) -> list[bytes]:
    """DER certificate of each signature, in order."""
    split = split_document(document)
    findings = read_signatures(split.signatures, slice_sheet(split.sheet))
    return [finding.parts.ders[0] for finding in findings if finding.parts is not None]


def _raw(kind: KeyKind) -> Contender:
    key = new_key(kind)
    sign, verify = signing_with(key), verifying_with(key.public_key())
    work = [(digest, sign(digest)) for digest in digests(3 * DOCUMENTS)]
    repeat = 10

    def run() -> None:
        for _ in range(repeat):
            for digest, value in work:
                verify(digest, value)

    assert len({hashlib.sha256(value).digest() for _, value in work}) == len(work)
    return Contender("raw verify", repeat * len(work), run, unit="operations")
