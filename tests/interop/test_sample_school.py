"""The sample school, from its workbooks to issued files: every signature of every sheet by two strangers."""

from __future__ import annotations

import base64
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from signxml import DigestAlgorithm
from signxml.xades import XAdESSignatureConfiguration, XAdESSignaturePolicy

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.organisations.use_cases.create_school import create_school
from hocbaso.apps.signing.ports import key_provider
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.verification import verify_document
from hocbaso.interfaces.cli import transcript_runs as runs
from tests.interop.test_xml_signatures import SIGNED_IDS, Nth

pytestmark = [pytest.mark.interop, pytest.mark.django_db]
YEAR = "2025-2026"
SIGNATURES = ("ck-cn", "ck-ht", "ck-cd")


def _issue(samples: Path, out: Path) -> list[Path]:
    """Import the three workbooks, close with everybody, sign, issue, export."""
    operator = Actor.operator()
    school = create_school(
        operator,
        code="79000101",
        name="Trường Tiểu học Hoa Mai",
        levels=["tieu_hoc"],
        province_code="79",
        commune_code="26929",
    )
    for kind, name in (
        (Kind.PUPILS, "danh_sach_hoc_sinh"),
        (Kind.STAFF, "danh_sach_can_bo"),
        (Kind.RESULTS, "ket_qua_cuoi_nam"),
    ):
        data = (samples / "tieu_hoc" / f"{name}.xlsx").read_bytes()
        outcome = import_workbook(operator, kind=kind, school=school, year=YEAR, data=data, file_name=name)
        assert outcome.batch is not None
    assert runs.run("79000101", YEAR, include_incomplete=True)["issued"] == 170
    runs.export("79000101", YEAR, out, pdf=False)
    return sorted(out.glob("*.xml"))


def _xmlsec1(path: Path, number: int, options: list[str]) -> str:
    command = ["xmlsec1", "--verify", *options]
    command += ["--node-xpath", f"(//*[local-name()='Signature'])[{number}]"]
    for name in SIGNED_IDS:
        command += ["--id-attr:Id", name]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=60)
    return "" if done.returncode == 0 else f"{path.name} signature {number}: {done.stderr[-300:]}"


def _signxml(path: Path, roots: Path) -> None:
    text = xades.signature_policy(datetime.now(UTC))
    policy = XAdESSignaturePolicy(
        Identifier=text.id,
        Description="",
        DigestMethod=DigestAlgorithm.SHA256,
        DigestValue=base64.b64encode(text.digest).decode(),
    )
    config = XAdESSignatureConfiguration(expect_references=True)
    for signature_id in SIGNATURES:
        Nth(signature_id).verify(
            path.read_bytes(), ca_pem_file=str(roots), expect_signature_policy=policy, expect_config=config
        )


def test_every_signature_of_every_sample_sheet_is_good_to_xmlsec1_signxml_and_us(
    samples: Path, tmp_path: Path
) -> None:
    files = _issue(samples, tmp_path / "out")
    assert len(files) == 170
    trust = key_provider().trust()
    options: list[str] = []
    for option, certificates in (
        ("--trusted-pem", [a.certificate for a in trust.anchors]),
        ("--untrusted-pem", list(trust.intermediates)),
    ):
        for index, certificate in enumerate(certificates):
            path = tmp_path / f"{option.strip('-')}-{index}.pem"
            path.write_bytes(certificate.public_bytes(Encoding.PEM))
            options += [option, str(path)]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        asked = [(path, number) for path in files for number in (1, 2, 3)]
        complaints = list(pool.map(lambda pair: _xmlsec1(*pair, options), asked))
    assert [c for c in complaints if c] == []
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"".join(a.certificate.public_bytes(Encoding.PEM) for a in trust.anchors))
    for path in files:
        _signxml(path, roots)
    bundle = TrustBundle.from_json((tmp_path / "out" / "trust-bundle.json").read_bytes())
    now = datetime.now(UTC)
    assert {verify_document(path.read_bytes(), bundle, now=now).verdict for path in files} == {"valid"}
