"""What our verifier calls valid, other people's verifiers accept; what is tampered with, all refuse.

The others check mathematics and path of one signature at a time; order, authority, status and log are ours
alone, and so are the bytes outside every signature.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import SignatureConfiguration
from signxml.exceptions import InvalidInput, SignXMLException
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier

from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import DS, document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.engines.trust.verification import verify_document
from tests.unit.engines.trust.verify_support import NOW, T0, YEAR, Pki, School, rsa_key, sheet_of

pytestmark = pytest.mark.interop

SCHOOL = School(Pki("I"), ends=T0 + 9 * YEAR)
SHEET = sheet_of()
HOMEROOM = SignerRole.HOMEROOM
ID_ATTRIBUTES = (
    "ToNamHoc",
    "MonHoc",
    "http://www.w3.org/2000/09/xmldsig#:SignatureValue",
    "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
)


@lru_cache(maxsize=1)
def document() -> bytes:
    """Two subject teachers, a homeroom teacher with an RSA key, principal and seal."""
    SCHOOL.holders[HOMEROOM] = SCHOOL.pki.issue("Trần RSA", key=rsa_key(), ends=SCHOOL.ends)
    return SCHOOL.issue(SHEET, subjects=("toan", "dao-duc"))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        for stem, holder in (("root", SCHOOL.pki.root), ("sub", SCHOOL.pki.sub)):
            (path / f"{stem}.pem").write_bytes(holder.certificate.public_bytes(Encoding.PEM))
        yield path


def by_xmlsec(folder: Path, data: bytes) -> list[bool]:
    """One answer for each signature, by xmlsec1."""
    (folder / "doc.xml").write_bytes(data)
    count = data.count(b"</ds:Signature>")
    base = ["xmlsec1", "--verify", "--trusted-pem", "root.pem", "--untrusted-pem", "sub.pem"]
    for name in ID_ATTRIBUTES:
        base += ["--id-attr:Id", name]
    answers = []
    for number in range(1, count + 1):
        node = f"(//*[local-name()='Signature'])[{number}]"
        done = subprocess.run(
            [*base, "--node-xpath", node, "doc.xml"], cwd=folder, capture_output=True, check=False
        )
        answers.append(done.returncode == 0)
    return answers


class Nth(XAdESVerifier):
    """signxml's verifier for the signature with a given Id."""

    def __init__(self, signature_id: str) -> None:
        super().__init__()
        self.signature_id = signature_id

    def _get_signature(self, root):  # type: ignore[no-untyped-def]
        return root.find(f".//{{{DS}}}Signature[@Id='{self.signature_id}']")


def by_signxml(folder: Path, data: bytes) -> list[bool]:
    """One answer for each signature, by signxml."""
    answers = []
    for signature_id in re.findall(rb'<ds:Signature [^>]*Id="([^"]+)"', data):
        try:
            Nth(signature_id.decode()).verify(
                data,
                ca_pem_file=str(folder / "root.pem"),
                expect_config=XAdESSignatureConfiguration(expect_references=True),
            )
            answers.append(True)
        except (SignXMLException, InvalidInput, etree.LxmlError, ValueError):
            answers.append(False)
    return answers


def ours(data: bytes) -> str:
    return verify_document(data, SCHOOL.bundle(document()), now=NOW).verdict


def test_what_we_call_valid_is_accepted_by_xmlsec1_and_by_signxml(folder: Path) -> None:
    assert ours(document()) == "valid"
    assert by_xmlsec(folder, document()) == [True] * 5
    assert by_signxml(folder, document()) == [True] * 5


def _swapped_values() -> bytes:
    split = split_document(document())
    values = [re.search(rb'-sv">([^<]+)<', text)[1] for text in split.signatures]  # type: ignore[index]
    signatures = list(split.signatures)
    signatures[3] = signatures[3].replace(values[3], values[4])
    signatures[4] = signatures[4].replace(values[4], values[3])
    return document_bytes(split.sheet, signatures)


def _of_another_pupil() -> bytes:
    other = emit(sheet_of(pupil=replace(SHEET.pupil, full_name="Người Khác", code="79000101250002")))
    return document_bytes(other, split_document(document()).signatures)


def _instead(old: str, new: str) -> bytes:
    return document().replace(old.encode(), new.encode(), 1)


#: What was done, and the numbers of the signatures that it must break for everybody.
TAMPERED = {
    "a mark": (lambda: _instead("<DiemKiemTra>10<", "<DiemKiemTra>9<"), [0, 2, 3, 4]),
    "the pupil's name": (lambda: _instead("Tôn Nữ Ngọc", "Tôn Nữ Châu"), [2, 3, 4]),
    "the whole sheet": (_of_another_pupil, [2, 3, 4]),
    "signature values exchanged": (_swapped_values, [3, 4]),
    "a claimed time": (lambda: _instead("T02:00:00Z</xades:S", "T01:59:00Z</xades:S"), [2]),
    "a claimed role": (lambda: _instead(">hieu_truong</xades:C", ">con_dau</xades:C"), [3]),
}


@pytest.mark.parametrize(("make", "broken"), TAMPERED.values(), ids=TAMPERED)
def test_what_is_tampered_with_is_refused_by_all_three(make, broken: list[int], folder: Path) -> None:  # type: ignore[no-untyped-def]
    data = make()
    assert data != document()
    assert ours(data) == "invalid"
    expected = [number not in broken for number in range(5)]
    assert by_xmlsec(folder, data) == expected
    assert by_signxml(folder, data) == expected


def test_the_order_of_signing_is_bound_for_everybody(folder: Path) -> None:
    """A homeroom teacher's signature made anew breaks the principal's, whoever checks."""
    split = split_document(document())
    again = SCHOOL.sign(split.sheet, HOMEROOM, split.signatures[:2], at=T0)
    data = document_bytes(split.sheet, [*split.signatures[:2], again, *split.signatures[3:]])
    assert ours(data) == "invalid"
    assert by_xmlsec(folder, data) == [True, True, True, False, True]
    assert by_signxml(folder, data) == [True, True, True, False, True]


def test_the_canonicaliser_of_libxml2_gives_the_digests_that_we_take_from_slices(folder: Path) -> None:
    """Every reference of every signature, recomputed by signxml, is the element that we show."""
    verdict = verify_document(document(), SCHOOL.bundle(document()), now=NOW)
    results = Nth("ck-cd").verify(
        document(),
        ca_pem_file=str(folder / "root.pem"),
        expect_config=SignatureConfiguration(expect_references=True),
    )
    signed = [result.signed_xml for result in results]
    assert signed[0] is not None
    assert signed[0].tag.endswith("ToNamHoc")
    name = signed[0].findtext(".//{*}HocSinh/{*}HoVaTen")
    assert verdict.sheet is not None
    assert name == verdict.sheet.pupil.full_name
