"""The sample lower secondary school, from its workbooks to issued files, under other people's verifiers.

Every signature of every sheet by signxml; by xmlsec1 too (many files a process); one booklet as sealed PDF by
pdfsig, pyHanko, qpdf, pdfdetach; its pages' QR by zxing.
"""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from lxml import etree
from PIL import Image
from pytest_django import DjangoDbBlocker
from signxml import DigestAlgorithm
from signxml.xades import XAdESSignatureConfiguration, XAdESSignaturePolicy

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.organisations.use_cases.create_school import create_school
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.use_cases.render import booklet_of
from hocbaso.core.document.names import DS
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.pades import seal_pdf
from hocbaso.engines.trust.qr import read_qr
from hocbaso.engines.trust.verification import verify_document
from hocbaso.interfaces.cli import transcript_runs as runs
from hocbaso.sandbox.provider import SandboxKeyProvider
from tests.interop.test_pdf import answering, run
from tests.interop.test_xml_signatures import SIGNED_IDS, Nth

pytestmark = [pytest.mark.interop, pytest.mark.django_db]

YEAR, SCHOOL, NAME = "2025-2026", "79000201", "Trường THCS Sao Khuê"
PUPILS = 69
CHAIN = ["ck-cn", "ck-ht", "ck-cd"]
#: How many files one xmlsec1 process looks at: starting it takes longer than a signature.
AT_ONCE = 35


@dataclass(frozen=True)
class Issued:
    """What the school exported, and the trust that others are given."""

    files: list[Path]
    folder: Path
    options: list[str]  # xmlsec1's, one certificate a file
    roots: Path
    booklet: bytes  # of the first file's pupil, not sealed yet


@pytest.fixture(scope="module")
def issued(
    samples: Path,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Issued:
    folder = tmp_path_factory.mktemp("secondary-sample")
    with django_db_blocker.unblock(), transaction.atomic():
        out = folder / "out"
        _issue(samples / "thcs", out)
        trust = key_provider().trust()
        files = sorted(out.glob("*.xml"))
        row = IssuedSheet.objects.get(sheet__pupil__code=files[0].stem)
        assert documents.export([row])[0].xml == files[0].read_bytes()
        booklet = booklet_of([row])
        transaction.set_rollback(True)
    options: list[str] = []
    for option, certificates in (
        ("--trusted-pem", [a.certificate for a in trust.anchors]),
        ("--untrusted-pem", list(trust.intermediates)),
    ):
        for index, certificate in enumerate(certificates):
            path = folder / f"{option.strip('-')}-{index}.pem"
            path.write_bytes(certificate.public_bytes(Encoding.PEM))
            options += [option, str(path)]
    roots = folder / "roots.pem"
    roots.write_bytes(b"".join(a.certificate.public_bytes(Encoding.PEM) for a in trust.anchors))
    return Issued(files, folder, options, roots, booklet)


def _issue(samples: Path, out: Path) -> None:
    operator = Actor.operator()
    school = create_school(
        operator, code=SCHOOL, name=NAME, levels=["thcs"], province_code="79", commune_code="25747"
    )
    for kind, name in (
        (Kind.PUPILS, "danh_sach_hoc_sinh"),
        (Kind.STAFF, "danh_sach_can_bo"),
        (Kind.RESULTS, "so_diem_6A1"),
        (Kind.RESULTS, "so_diem_9A1"),
    ):
        data = (samples / f"{name}.xlsx").read_bytes()
        done = import_workbook(operator, kind=kind, school=school, year=YEAR, data=data, file_name=name)
        assert done.batch is not None
    assert runs.run(SCHOOL, YEAR, include_incomplete=True)["issued"] == PUPILS
    runs.export(SCHOOL, YEAR, out, pdf=False)


def signature_ids(path: Path) -> list[str]:
    return [str(node.get("Id")) for node in etree.parse(path).iter(f"{{{DS}}}Signature")]


def by_count(files: list[Path]) -> dict[int, list[Path]]:
    """Files by their number of signatures: a pupil who is exempt has fewer."""
    found: dict[int, list[Path]] = defaultdict(list)
    for path in files:
        found[len(signature_ids(path))].append(path)
    return found


def xmlsec1(paths: list[Path], number: int, options: list[str]) -> str:
    """The ``number``-th signature of every file (trust.md section 8); empty when all are good."""
    command = ["xmlsec1", "--verify", *options]
    command += ["--node-xpath", f"(//*[local-name()='Signature'])[{number}]"]
    for name in SIGNED_IDS:
        command += ["--id-attr:Id", name]
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, timeout=120)
    good = (done.stdout + done.stderr).splitlines().count("OK")
    if (done.returncode, good) == (0, len(paths)):
        return ""
    return f"signature {number}: {good} of {len(paths)} good, {done.stderr[-300:]}"


def test_every_subject_teacher_homeroom_principal_and_seal_stands_in_every_sheet(issued: Issued) -> None:
    assert len(issued.files) == PUPILS
    for path in issued.files:
        ids = signature_ids(path)
        assert ids[-3:] == CHAIN
        assert len(ids) == 15
        assert all(one.startswith("ck-bm-") for one in ids[:-3])


def test_every_signature_of_every_sheet_is_good_to_xmlsec1(issued: Issued) -> None:
    asked = [
        (paths[start : start + AT_ONCE], number)
        for count, paths in by_count(issued.files).items()
        for number in range(1, count + 1)
        for start in range(0, len(paths), AT_ONCE)
    ]
    assert sum(len(paths) for paths, _ in asked) == 15 * PUPILS
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        complaints = list(pool.map(lambda pair: xmlsec1(*pair, issued.options), asked))
    assert [c for c in complaints if c] == []


def test_one_changed_sheet_among_many_is_seen_by_xmlsec1(issued: Issued) -> None:
    changed = issued.folder / "changed.xml"
    good = issued.files[3].read_bytes()
    changed.write_bytes(good.replace(b"<HocKyI>", b"<HocKyI>1", 1))
    assert changed.read_bytes() != good
    last = len(signature_ids(changed))
    assert xmlsec1([*issued.files[:3], issued.files[4]], last, issued.options) == ""
    assert xmlsec1([*issued.files[:3], changed, issued.files[4]], last, issued.options)


def test_every_signature_of_every_sheet_is_good_to_signxml_and_to_us(issued: Issued) -> None:
    text = xades.signature_policy(datetime.now(UTC))
    policy = XAdESSignaturePolicy(
        Identifier=text.id,
        Description="",
        DigestMethod=DigestAlgorithm.SHA256,
        DigestValue=base64.b64encode(text.digest).decode(),
    )
    config = XAdESSignatureConfiguration(expect_references=True)
    for path in issued.files:
        data = path.read_bytes()
        for signature_id in signature_ids(path):
            results = Nth(signature_id).verify(
                data, ca_pem_file=str(issued.roots), expect_signature_policy=policy, expect_config=config
            )
            signed = etree.QName(results[0].signed_xml).localname
            assert signed == ("MonHoc" if signature_id.startswith("ck-bm-") else "ToNamHoc")
    bundle = TrustBundle.from_json((issued.files[0].parent / "trust-bundle.json").read_bytes())
    now = datetime.now(UTC)
    assert {verify_document(p.read_bytes(), bundle, now=now).verdict for p in issued.files} == {"valid"}


# --- the sealed booklet --------------------------------------------------------------


@dataclass(frozen=True)
class Sealed:
    """The booklet on disk, sealed under a CA that answers, with the anchors it stands under."""

    pdf: Path
    root: Path
    nss: Path


@pytest.fixture(scope="module")
def sealed(issued: Issued) -> Iterator[Sealed]:
    folder = issued.folder
    with answering(folder / "ca", "p256") as authority:
        provider = SandboxKeyProvider(authority)
        pdf, nss, root = folder / "hocba.pdf", folder / "nss", folder / "root.pem"
        pdf.write_bytes(
            seal_pdf(
                issued.booklet,
                provider.organisation(SCHOOL, NAME),
                provider.stamper(),
                name=NAME,
                reason="Bản thể hiện của Học bạ số",
                location=NAME,
                signing_time=datetime.now(UTC),
            )
        )
        nss.mkdir()
        run("certutil", "-N", "-d", f"sql:{nss}", "--empty-password")
        for number, certificate in enumerate(authority.roots()):
            path = folder / f"anchor{number}.pem"
            path.write_bytes(certificate.public_bytes(Encoding.PEM))
            run("certutil", "-A", "-a", "-d", f"sql:{nss}", "-n", f"r{number}", "-t", "CT,C,C", "-i", path)
        (folder / "anchor0.pem").rename(root)
        yield Sealed(pdf, root, nss)


def test_pdfsig_and_pyhanko_trust_the_seal(sealed: Sealed) -> None:
    said = run("pdfsig", "-nssdir", f"sql:{sealed.nss}", sealed.pdf)
    assert "Signature Validation: Signature is Valid." in said
    assert "Certificate Validation: Certificate is Trusted." in said
    assert "Total document signed" in said
    assert f"Signer Certificate Common Name: {NAME}" in said
    command = Path(sys.executable).with_name("pyhanko")
    said = run(
        *(command, "sign", "adesverify", "--pretty-print"),
        *("--trust-replace", "--trust", sealed.root, sealed.pdf),
    )
    assert "The signature is judged VALID" in said


def test_qpdf_finds_no_fault_and_the_xml_inside_is_the_issued_one(sealed: Sealed, issued: Issued) -> None:
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", sealed.pdf)
    inside = issued.folder / "inside"
    inside.mkdir()
    run("pdfdetach", "-saveall", "-o", inside, sealed.pdf)
    (attached,) = inside.iterdir()
    assert attached.read_bytes() == issued.files[0].read_bytes()
    count = len(signature_ids(attached))
    assert [xmlsec1([attached], n, issued.options) for n in range(1, count + 1)] == [""] * count


@pytest.mark.parametrize(("dpi", "first", "last"), [(100, 1, 5), (200, 4, 4)])
def test_the_code_on_every_page_leads_to_this_sheet(
    sealed: Sealed, issued: Issued, dpi: int, first: int, last: int
) -> None:
    prefix = issued.folder / f"page-{dpi}"
    run("pdftoppm", "-png", "-r", str(dpi), "-f", str(first), "-l", str(last), sealed.pdf, prefix)
    pages = sorted(issued.folder.glob(f"{prefix.name}-*.png"))
    assert len(pages) == last - first + 1
    code = etree.parse(issued.files[0]).findtext(".//{urn:hocbaso:1}MaHocBa")
    read = set()
    for path in pages:
        out = io.BytesIO()
        Image.open(path).convert("L").save(out, "PNG")
        read.add(read_qr(out.getvalue()))
    ((address,),) = read
    assert code
    assert code in address
