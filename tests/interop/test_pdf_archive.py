"""Other people's tools on the archived rendition (PAdES B-LTA): pdfsig, pyHanko, openssl, qpdf, poppler.

pdfsig 22.12 does not know document time stamps ("Unable to validate this type of signature"); openssl judges
them here, over octets that the test takes out of the file by itself.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from hocbaso.engines.trust.bundle import Anchor
from hocbaso.engines.trust.longterm.policy import long_term_policy
from hocbaso.engines.trust.longterm.validation_data import Gatherer
from hocbaso.engines.trust.pades_archive import opened
from hocbaso.engines.trust.pades_extend import Extender
from hocbaso.engines.trust.verification.pdf import attached_documents
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.provider import SandboxKeyProvider
from tests import loops
from tests.interop.test_pdf import Sealed, answering, run, sealed_under
from tests.unit.engines.trust import test_pdf_years as years
from tests.unit.engines.trust.pdf_support import SEALED
from tests.unit.engines.trust.verify_support import DAY, T0, YEAR

pytestmark = pytest.mark.interop


@dataclass
class Lasting:
    """The sealed booklet of ``test_pdf.py`` and what became of it."""

    sealed: Sealed
    pdf: Path
    authority: SandboxAuthority


@dataclass
class Known:
    """What the sandbox's authority says of itself."""

    authority: SandboxAuthority

    @property
    def anchors(self):
        return [Root(root) for root in self.authority.roots()]

    @property
    def intermediates(self):
        return self.authority.issuing()

    @property
    def crls(self):
        return [crl.public_bytes(Encoding.DER) for crl in self.authority.crls()]


@dataclass
class Root:
    certificate: object


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lasting]:
    folder = tmp_path_factory.mktemp("archive")
    with answering(folder / "ca", "p256") as authority:
        sealed = sealed_under(authority, folder)
        now = datetime.now(UTC)
        anchors = [Anchor.of(root, "vgca", "thu_nghiem") for root in authority.roots()]
        extender = Extender(anchors, Gatherer(Known(authority)), long_term_policy(now.date()))
        content = sealed.pdf.read_bytes()
        stamper = SandboxKeyProvider(authority).stamper()
        done = extender.archive(content, attached_documents(content)[0], stamper, now)
        assert (done.before, done.after) == ("B-T", "B-LTA")
        pdf = folder / "luu-tru.pdf"
        pdf.write_bytes(done.pdf)
        yield Lasting(sealed, pdf, authority)


def test_pdfsig_still_finds_the_seal_valid_and_trusts_it(lasting: Lasting) -> None:
    said = run("pdfsig", "-nssdir", f"sql:{lasting.sealed.nss}", lasting.pdf)
    first, second = said.split("Signature #2")
    assert "Signature Validation: Signature is Valid." in first
    assert "Certificate Validation: Certificate is Trusted." in first
    assert "Signature Field Name: DauThoiGian1" in second


def test_pyhanko_judges_seal_and_archive_stamp_valid(lasting: Lasting) -> None:
    command = Path(sys.executable).with_name("pyhanko")
    trust = ("--trust-replace", "--trust", lasting.sealed.root)
    said = run(command, "sign", "adesverify", "--pretty-print", *trust, lasting.pdf)
    assert "The signature is judged VALID" in said


def test_openssl_verifies_the_document_time_stamp_over_the_octets_of_its_range(
    lasting: Lasting, tmp_path: Path
) -> None:
    data = lasting.pdf.read_bytes()
    found = re.findall(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+) *\]", data)
    start, first, second, rest = (int(number) for number in found[-1])
    stamp = opened(data).stamps[-1]
    assert (start, second + rest) == (0, stamp.end)
    gap = data[first:second]
    assert gap[:1] + gap[-1:] == b"<>"
    token = tmp_path / "token.der"
    assert bytes.fromhex(gap[1:-1].decode()).rstrip(b"\0") == stamp.token.rstrip(b"\0")
    token.write_bytes(stamp.token)
    digest = hashlib.sha256(data[:first] + data[second : second + rest]).hexdigest()
    subs = tmp_path / "subs.pem"
    subs.write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in lasting.authority.issuing()))
    command = ("openssl", "ts", "-verify", "-token_in", "-in", token, "-untrusted", subs)
    said = run(*command, "-digest", digest, "-CAfile", lasting.sealed.root)
    assert "Verification: OK" in said


def test_qpdf_finds_no_fault_and_pdf_a_is_still_claimed(lasting: Lasting) -> None:
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", lasting.pdf)
    said = run("pdfinfo", "-meta", lasting.pdf)
    assert re.search(r"pdfaid:part>3<", said)
    assert re.search(r"pdfaid:conformance>B<", said)


def test_poppler_shows_the_same_pages_and_gives_out_the_same_attachments(
    lasting: Lasting, tmp_path: Path
) -> None:
    for name, pdf in (("a", lasting.sealed.pdf), ("b", lasting.pdf)):
        run("pdftoppm", "-r", "50", pdf, tmp_path / name)
        (tmp_path / f"t{name}").mkdir()
        run("pdfdetach", "-saveall", "-o", tmp_path / f"t{name}", pdf)
    pages = sorted(tmp_path.glob("a-*.ppm"))
    assert len(pages) > 1
    for page in pages:
        assert page.read_bytes() == (tmp_path / page.name.replace("a-", "b-", 1)).read_bytes()
    found = [{i.name: i.read_bytes() for i in (tmp_path / f"t{name}").iterdir()} for name in "ab"]
    assert found[0] == found[1]


# --- over the years ----------------------------------------------------------------------------------------


def opinion(pdf: bytes, at: datetime, *lists: bytes) -> str:
    """pyHanko's validation with archive data (EN 319 102-1 clause 5.6.3), with the lists of that day."""
    roots = [asn1_x509.Certificate.load(pki.root.der) for pki in years.YEARS.pkis]
    policy = CertValidationPolicySpec(
        SimpleTrustManager.build(roots), CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=True)
    )
    known = LocalKnowledge(known_crls=[CRLContainer(asn1_crl.CertificateList.load(der)) for der in lists])
    offline = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy, offline, local_knowledge=known))
    (seal,) = PdfFileReader(io.BytesIO(pdf), strict=True).embedded_regular_signatures
    timing = ValidationTimingInfo(at, at, point_in_time_validation=True)
    return str(loops.run(ades.ades_lta_validation(seal, spec, timing)).ades_subindic)


@pytest.mark.parametrize(
    ("file", "at", "good"),
    [
        (years.archived, SEALED + 5 * DAY, True),
        (years.archived, T0 + 5 * YEAR, True),
        (years.archived, T0 + 7 * YEAR, False),
        (years.renewed, T0 + 6 * YEAR - 30 * DAY, True),
    ],
)
def test_pyhanko_and_we_agree_over_the_years(file, at: datetime, good: bool) -> None:
    passed = opinion(file(), at, *years.YEARS.lists(at)) == "AdESPassed.OK"
    assert passed is years.judged(file(), at).valid is good
