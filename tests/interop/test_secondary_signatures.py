"""Secondary sheets under other people's verifiers: every subject teacher, homeroom, principal and seal."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from lxml import etree

from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SignerRole, YearSheet
from hocbaso.core.document.names import DS, document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.core.document.schema import validate
from hocbaso.core.document.signers import subject_signatures
from hocbaso.engines.trust import xades
from tests.interop.test_xml_signatures import KINDS, signxml, xmlsec1
from tests.unit.core.document.secondary_sheets import teacher
from tests.unit.engines.trust.secondary_support import many_subjects, shared_out
from tests.unit.sandbox.cases import NOW, prepare_step, signers

pytestmark = pytest.mark.interop

COUNTS = [1, 2, 9, 13]
CHAIN = (SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL)


def issue(sheet: YearSheet, kind: str) -> bytes:
    """The sheet with every signature that it asks for."""
    homeroom, principal, seal = signers(kind)  # type: ignore[arg-type]
    text = emit(sheet)
    made = [
        xades.sign(
            xades.prepare_subjects(
                text,
                wanted.subjects,
                number=wanted.number,
                signing_time=NOW,
                certificate=homeroom.certificate,
                chain=homeroom.chain,
            ),
            homeroom,
        )
        for wanted in subject_signatures(sheet)
    ]
    before = tuple(made)
    for role, signer in zip(CHAIN, (homeroom, principal, seal), strict=True):
        made.append(xades.sign(prepare_step(role, signer, before, text), signer))
        before = tuple(made[-1:])
    return document_bytes(text, made)


@lru_cache
def document(count: int, kind: str) -> bytes:
    return issue(shared_out(count), kind)


def ids(data: bytes) -> list[str]:
    return [node.get("Id") for node in etree.fromstring(data).iter(f"{{{DS}}}Signature")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", COUNTS)
def test_xmlsec1_and_signxml_find_every_signature_of_a_secondary_sheet_good(
    count: int, kind: str, tmp_path: Path
) -> None:
    data = document(count, kind)
    assert len(ids(data)) == count + 3
    assert validate(data) == []
    for number, signature_id in enumerate(ids(data), start=1):
        answer = xmlsec1(data, number, kind, tmp_path)
        assert answer.returncode == 0, (signature_id, answer.stderr)
        assert signxml(data, signature_id, kind, tmp_path)


def test_the_homeroom_teacher_of_the_fullest_sheet_stays_below_thirty_references(tmp_path: Path) -> None:
    data = issue(many_subjects(27), "p256")
    assert len(ids(data)) == 30
    homeroom = etree.fromstring(data).find(f".//{{{DS}}}Signature[@Id='ck-cn']")
    assert len(homeroom.findall(f".//{{{DS}}}SignedInfo/{{{DS}}}Reference")) == 29
    assert xmlsec1(data, 28, "p256", tmp_path).returncode == 0
    assert signxml(data, "ck-cn", "p256", tmp_path)


def test_a_second_signature_over_the_same_subject_has_an_id_that_all_resolve(tmp_path: Path) -> None:
    sheet = shared_out(2)
    both = replace(sheet, responsible=(*sheet.responsible, teacher(5, "ngu-van")))
    data = issue(both, "p256")
    assert ids(data) == ["ck-bm-ngu-van", "ck-bm-ngu-van.2", "ck-bm-toan", "ck-cn", "ck-ht", "ck-cd"]
    for number, signature_id in enumerate(ids(data), start=1):
        assert xmlsec1(data, number, "p256", tmp_path).returncode == 0
        assert signxml(data, signature_id, "p256", tmp_path)


def test_a_changed_mark_breaks_its_teacher_and_the_chain_and_no_other_teacher(tmp_path: Path) -> None:
    data = document(13, "p256")
    changed = data.replace(b"<CaNam>9.3<", b"<CaNam>9.4<", 1)
    assert changed != data
    broken = [
        signature_id
        for number, signature_id in enumerate(ids(data), start=1)
        if xmlsec1(changed, number, "p256", tmp_path).returncode != 0
    ]
    assert broken == ["ck-bm-toan", "ck-cn", "ck-ht", "ck-cd"]


def test_a_teachers_signature_taken_out_breaks_the_homeroom_teachers(tmp_path: Path) -> None:
    split = split_document(document(9, "p256"))
    less = document_bytes(split.sheet, split.signatures[1:])
    good = [xmlsec1(less, number, "p256", tmp_path).returncode == 0 for number in (1, 9, 10, 11)]
    assert good == [True, False, True, True]


if shutil.which("javac"):

    def test_the_jdk_under_secure_validation_finds_every_signature_good(tmp_path: Path) -> None:
        cases = {f"{count}-{kind}": document(count, kind) for count in (2, 13) for kind in KINDS}
        cases["27-p256"] = issue(many_subjects(27), "p256")
        for name, data in cases.items():
            (tmp_path / f"{name}.xml").write_bytes(data)
        source = Path(__file__).with_name("VerifySignatures.java")
        paths = [str(tmp_path / f"{name}.xml") for name in cases]
        done = subprocess.run(
            ["java", str(source), *paths], capture_output=True, text=True, timeout=120, check=True
        )
        answers = done.stdout.split()
        assert len(answers) == sum(len(ids(data)) for data in cases.values())
        assert set(answers) == {"true"}
        broken = tmp_path / "broken.xml"
        broken.write_bytes(document(2, "p256").replace(b"<CaNam>9.3<", b"<CaNam>9.4<", 1))
        done = subprocess.run(
            ["java", str(source), str(broken)], capture_output=True, text=True, timeout=120, check=True
        )
        assert done.stdout.split() == ["true", "false", "false", "false", "false"]
