"""Other people's verifiers on our XML signatures: xmlsec1 and signxml, for every signature and key kind."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path

import pytest
from lxml import etree
from signxml.algorithms import DigestAlgorithm
from signxml.exceptions import InvalidDigest, InvalidSignature, SignXMLException
from signxml.xades import (
    XAdESSignatureConfiguration,
    XAdESSignaturePolicy,
    XAdESVerifier,
    XAdESVerifyResult,
)

from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import DS, document_bytes
from hocbaso.engines.trust import xades
from tests.unit.sandbox.cases import NOW, SHEET, der, pem, prepare_step, sandbox, signed, signers

pytestmark = pytest.mark.interop

KINDS = ["rsa2048", "rsa3072", "p256"]
IDS = ["ck-cn", "ck-ht", "ck-cd"]
SIGNED_IDS = [
    "ToNamHoc",
    "MonHoc",
    f"{DS}:SignatureValue",
    "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def trust_options(kind: str, folder: Path) -> list[str]:
    """Every root and issuing authority of the sandbox; xmlsec1 takes one certificate per file."""
    options: list[str] = []
    for option, certificates in (
        ("--trusted-pem", sandbox(kind).roots()),
        ("--untrusted-pem", sandbox(kind).issuing()),
    ):
        for index, certificate in enumerate(certificates):
            path = folder / f"{option.strip('-')}-{index}.pem"
            path.write_bytes(pem(certificate))
            options += [option, str(path)]
    return options


def xmlsec1(document: bytes, number: int, kind: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Verify the ``number``-th signature as anybody would."""
    path = folder / "hocba.xml"
    path.write_bytes(document)
    command = ["xmlsec1", "--verify", *trust_options(kind, folder)]
    command += ["--verification-time", NOW.strftime("%Y-%m-%d %H:%M:%S")]
    command += ["--node-xpath", f"(//*[local-name()='Signature'])[{number}]"]
    for name in SIGNED_IDS:
        command += ["--id-attr:Id", name]
    environment = {**os.environ, "TZ": "UTC"}
    return subprocess.run([*command, str(path)], capture_output=True, text=True, env=environment, timeout=60)


class Nth(XAdESVerifier):
    """signxml's verifier on the signature with a given Id."""

    def __init__(self, signature_id: str) -> None:
        super().__init__()
        self.signature_id = signature_id

    def _get_signature(self, root: etree._Element) -> etree._Element:
        return root.find(f".//{{{DS}}}Signature[@Id='{self.signature_id}']")


def signxml(document: bytes, signature_id: str, kind: str, folder: Path) -> list[XAdESVerifyResult]:
    roots = folder / "roots.pem"
    roots.write_bytes(b"".join(map(pem, sandbox(kind).roots())))
    text = xades.signature_policy(NOW)
    policy = XAdESSignaturePolicy(
        Identifier=text.id,
        Description="",
        DigestMethod=DigestAlgorithm.SHA256,
        DigestValue=base64.b64encode(text.digest).decode(),
    )
    return Nth(signature_id).verify(
        document,
        ca_pem_file=str(roots),
        expect_signature_policy=policy,
        expect_config=XAdESSignatureConfiguration(expect_references=True, verification_time=NOW),
    )


def test_xmlsec1_finds_every_signature_good(kind: str, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        answer = xmlsec1(signed(kind).document, number, kind, tmp_path)
        assert answer.returncode == 0, answer.stderr
        assert "OK" in answer.stdout + answer.stderr


def test_signxml_finds_every_signature_good_and_schema_valid(kind: str, tmp_path: Path) -> None:
    for signature_id, expected in zip(IDS, (2, 3, 3), strict=True):
        results = signxml(signed(kind).document, signature_id, kind, tmp_path)
        assert len(results) == expected
        assert etree.QName(results[0].signed_xml).localname == "ToNamHoc"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Diem>10</Diem>", b"<Diem>9</Diem>"),
        (b'Id="mon-toan"', b'Id="mon-khac"'),
        (b"Th\xe1\xbb\x8b", b"Thi"),
    ],
)
def test_a_change_of_the_sheet_breaks_all_three(old: bytes, new: bytes, tmp_path: Path) -> None:
    changed = signed("p256").document.replace(old, new, 1)
    assert changed != signed("p256").document
    for number in (1, 2, 3):
        assert xmlsec1(changed, number, "p256", tmp_path).returncode != 0
    with pytest.raises((InvalidDigest, InvalidSignature)):
        signxml(changed, "ck-cd", "p256", tmp_path)


def test_an_exchanged_earlier_signature_breaks_the_later_one(tmp_path: Path) -> None:
    """The principal's signature is bound to the very value that the homeroom teacher gave."""
    homeroom = signers("p256")[0]
    again = xades.sign(prepare_step(SignerRole.HOMEROOM, homeroom), homeroom)
    assert again != signed("p256").signatures[0]  # ECDSA is randomised
    document = document_bytes(SHEET, [again, *signed("p256").signatures[1:]])
    assert xmlsec1(document, 1, "p256", tmp_path).returncode == 0
    assert xmlsec1(document, 2, "p256", tmp_path).returncode != 0
    assert xmlsec1(document, 3, "p256", tmp_path).returncode == 0
    with pytest.raises(SignXMLException):
        signxml(document, "ck-ht", "p256", tmp_path)


def test_subject_teachers_sign_their_subjects(kind: str, tmp_path: Path) -> None:
    teacher, principal, seal = signers(kind)
    subjects = {
        "toan": b'<MonHoc xmlns="urn:hocbaso:1" Id="mon-toan"><Muc>T</Muc><Diem>10</Diem></MonHoc>',
        "tieng-viet": b'<MonHoc xmlns="urn:hocbaso:1" Id="mon-tieng-viet"><Muc>H</Muc>'
        b"<NhanXet></NhanXet></MonHoc>",
    }
    made = [
        xades.sign(
            xades.prepare(
                role=SignerRole.SUBJECT_TEACHER,
                subject=code,
                objects=[xades.data_object(f"mon-{code}", canonical)],
                signing_time=NOW,
                certificate=teacher.certificate,
                chain=teacher.chain,
            ),
            teacher,
        )
        for code, canonical in subjects.items()
    ]
    made.append(xades.sign(prepare_step(SignerRole.HOMEROOM, teacher, tuple(made)), teacher))
    made.append(xades.sign(prepare_step(SignerRole.PRINCIPAL, principal, (made[-1],)), principal))
    made.append(xades.sign(prepare_step(SignerRole.SEAL, seal, (made[-1],)), seal))
    document = document_bytes(SHEET, made)
    for number in range(1, 6):
        answer = xmlsec1(document, number, kind, tmp_path)
        assert answer.returncode == 0, answer.stderr
    for signature_id in ("ck-bm-toan", "ck-bm-tieng-viet", *IDS):
        assert signxml(document, signature_id, kind, tmp_path)


def test_a_signature_under_another_root_is_refused(tmp_path: Path) -> None:
    assert xmlsec1(signed("p256").document, 1, "rsa2048", tmp_path).returncode != 0
    with pytest.raises(SignXMLException):
        signxml(signed("p256").document, "ck-cn", "rsa2048", tmp_path)


def test_the_exported_seal_with_its_evidence_stays_good_and_schema_valid(kind: str, tmp_path: Path) -> None:
    case, authority = signed(kind), sandbox(kind)
    seal = xades.with_unsigned(
        case.signatures[2],
        authority.stamper().stamp(xades.signature_value_digest(case.signatures[2])),
        [der(item) for item in (*authority.issuing(), *authority.roots())],
        [der(crl) for crl in authority.crls()],
        [authority.ocsp(case.signers[2].certificate)],
    )
    document = document_bytes(SHEET, [*case.signatures[:2], seal])
    answer = xmlsec1(document, 3, kind, tmp_path)
    assert answer.returncode == 0, answer.stderr
    result = signxml(document, "ck-cd", kind, tmp_path)[-1]
    assert etree.QName(result.signed_xml).localname == "SignedProperties"
    verifier = XAdESVerifier()
    verifier.validate_schema(etree.fromstring(document).find(f".//{{{DS}}}Signature[@Id='ck-cd']"))
    encapsulated = etree.fromstring(document).findall(".//{*}EncapsulatedX509Certificate")
    assert len(encapsulated) == 4
