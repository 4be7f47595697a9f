"""The school's seal on the rendition, and what our own check says of it."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pypdf import PdfReader, PdfWriter

from hocbaso.core.errors import DomainError, ServiceUnavailable, Unreadable, register
from hocbaso.engines.rendering import render_sheet
from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.keys import SoftwareSigner
from hocbaso.engines.trust.pades import seal_pdf
from hocbaso.engines.trust.pades_check import PdfSealResult, check_pdf_seal
from hocbaso.engines.trust.paths import PathChecker, PathState
from hocbaso.engines.trust.ports import Signer, TimeStamper
from hocbaso.engines.trust.stampers import FailoverStamper, Named
from hocbaso.sandbox.profiles import KeyKind
from hocbaso.sandbox.provider import SandboxKeyProvider
from tests.unit.engines.rendering import samples

AT = datetime(2026, 5, 28, 1, 0, 12, tzinfo=UTC)
DAY = timedelta(days=1)
XML = "<HocBaSo>Ễ</HocBaSo>".encode()
SCHOOL = "Trường Tiểu học Hoa Mai"


@cache
def rendition() -> bytes:
    return render_sheet(samples.view(xml=XML))


def seal(signer: Signer, stamper: TimeStamper, pdf: bytes | None = None) -> bytes:
    return seal_pdf(
        pdf or rendition(),
        signer,
        stamper,
        name=SCHOOL,
        reason="Phát hành học bạ",
        location="Phường Bình Thạnh",
        signing_time=AT,
    )


@dataclass
class World:
    """One sandbox CA, its bundle and a document sealed under it."""

    provider: SandboxKeyProvider
    signer: SoftwareSigner
    sealed: bytes

    def bundle(self, *, anchors: bool = True, crls: bool = True, as_of: datetime = AT + DAY) -> TrustBundle:
        authority, der = self.provider.authority, Encoding.DER
        roots = authority.roots() if anchors else ()
        return TrustBundle(
            created=as_of,
            as_of=as_of,
            anchors=tuple(
                Anchor(
                    r.public_bytes(der), "vgca", "thu_nghiem", r.not_valid_before_utc, r.not_valid_after_utc
                )
                for r in roots
            ),
            intermediates=tuple(c.public_bytes(der) for c in authority.issuing()) if anchors else (),
            crls=tuple(c.public_bytes(der) for c in authority.crls(as_of)) if crls else (),
        )

    def check(self, pdf: bytes, bundle: TrustBundle | None = None, now: datetime = AT + DAY) -> PdfSealResult:
        bundle = bundle or self.bundle()
        return check_pdf_seal(pdf, bundle, PathChecker(bundle), now)


def world(directory: Path, kind: KeyKind) -> World:
    provider = SandboxKeyProvider(directory, clock=lambda: AT, key_kind=kind)
    signer = provider.organisation("79000101", SCHOOL)
    return World(provider, signer, seal(signer, provider.stamper()))


@pytest.fixture(scope="module")
def p256(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("ca-p256"), "p256")


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_a_seal_is_valid_with_either_kind_of_key(kind: KeyKind, tmp_path: Path) -> None:
    here = world(tmp_path, kind)
    result = here.check(here.sealed)
    assert result.ok, result.reason
    assert result.signer == SCHOOL
    assert result.certificate == here.signer.certificate.public_bytes(Encoding.DER)
    assert result.claimed == result.stamped == AT
    assert result.path is not None
    assert result.path.environment == "thu_nghiem"


def test_a_seal_stamped_by_the_second_authority_is_as_valid(p256: World) -> None:
    """The first is down: the stamper behind the port takes the other family's authority."""
    authority = p256.provider.authority
    authority.outages.set("tsa", "down")
    try:
        named = [Named(one.title, one) for one in authority.stampers()]
        double = FailoverStamper(named, clock=lambda: AT, ticks=lambda: 0.0)
        result = p256.check(seal(p256.signer, double))
    finally:
        authority.outages.set("tsa", "up")
    assert result.ok, result.reason
    assert result.stamped == AT
    assert double.health()["VGCA thử nghiệm"].last_fault == "down"


def test_the_rendered_bytes_stand_unchanged_in_front(p256: World) -> None:
    assert p256.sealed.startswith(rendition())


def test_the_seal_is_a_certifying_pades_signature_without_appearance(p256: World) -> None:
    root = PdfReader(io.BytesIO(p256.sealed)).trailer["/Root"]
    (field,) = root["/AcroForm"]["/Fields"]
    widget = field.get_object()
    signature = widget["/V"]
    assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature["/M"] == "D:20260528010012Z"
    assert signature["/Reference"][0]["/TransformParams"]["/P"] == 1  # no change allowed
    assert list(widget["/Rect"]) == [0, 0, 0, 0]
    assert widget["/F"] & 4  # the print flag, which PDF/A asks for


def test_the_seal_changes_neither_the_attachment_nor_the_pdf_a_mark(p256: World) -> None:
    pdf = PdfReader(io.BytesIO(p256.sealed))
    assert pdf.attachments == {"hocba.xml": [XML]}
    plain = PdfReader(io.BytesIO(rendition()))
    assert pdf.trailer["/Root"]["/Metadata"].get_data() == plain.trailer["/Root"]["/Metadata"].get_data()


def test_no_flipped_bit_is_accepted(p256: World) -> None:
    start = p256.sealed.index(b"/Contents <3")
    chance = random.Random(20260528)
    bundle = p256.bundle()
    checker = PathChecker(bundle)
    for turn in range(150):
        where = chance.randrange(start, start + 12_000) if turn % 3 else chance.randrange(len(p256.sealed))
        forged = bytearray(p256.sealed)
        forged[where] ^= 1 << chance.randrange(8)
        try:
            accepted = check_pdf_seal(bytes(forged), bundle, checker, AT + DAY).ok
        except Unreadable:
            accepted = False
        assert not accepted, f"byte {where}"


def test_something_appended_is_found_out(p256: World) -> None:
    result = p256.check(p256.sealed + b"\n% more\n")
    assert not result.ok
    assert not result.whole


def test_a_page_added_by_another_program_is_found_out(p256: World) -> None:
    writer = PdfWriter(io.BytesIO(p256.sealed), incremental=True)
    writer.add_blank_page()
    out = io.BytesIO()
    writer.write(out)
    result = p256.check(out.getvalue())
    assert not result.ok
    assert not result.whole


def test_a_pdf_without_seal_says_so(p256: World) -> None:
    result = p256.check(rendition())
    assert not result.found
    assert result.reason == "Tệp PDF không có con dấu số."


def test_a_seal_that_forbids_changes_cannot_be_followed_by_another(p256: World) -> None:
    with pytest.raises(DomainError) as refused:
        seal(p256.signer, p256.provider.stamper(), p256.sealed)
    assert refused.value.code == "pdf_seal_failed"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"%PDF-1.7\n" + b"\xff" * 400])
def test_what_is_no_pdf_is_unreadable(p256: World, data: bytes) -> None:
    with pytest.raises(Unreadable):
        p256.check(data)
    with pytest.raises(Unreadable):
        seal_pdf(
            data,
            p256.signer,
            p256.provider.stamper(),
            name="",
            reason="",
            location="",
            signing_time=AT,
        )


def test_without_the_anchor_or_the_lists_the_answer_is_not_ok(p256: World) -> None:
    unknown = p256.check(p256.sealed, p256.bundle(anchors=False))
    assert not unknown.ok
    silent = p256.check(p256.sealed, p256.bundle(crls=False))
    assert silent.path is not None
    assert silent.path.state is PathState.REVOCATION_UNKNOWN
    assert not silent.ok


def test_a_certificate_revoked_before_the_seal_does_not_count(tmp_path: Path) -> None:
    here = world(tmp_path, "p256")
    here.provider.authority.revoke(here.signer.certificate, AT - timedelta(hours=1))
    result = here.check(here.sealed)
    assert result.path is not None
    assert result.path.state is PathState.REVOKED
    assert not result.ok


def test_a_time_stamp_from_the_future_does_not_count(p256: World) -> None:
    result = p256.check(p256.sealed, now=AT - DAY)
    assert not result.ok
    assert result.reason is not None


class Silent:
    """A time-stamp authority that does not answer."""

    def stamp(self, digest: bytes) -> bytes:
        raise ServiceUnavailable("tsa_silent_in_test")


class Foreign:
    """A time stamp over something else."""

    def __init__(self, stamper: TimeStamper) -> None:
        self._stamper = stamper

    def stamp(self, digest: bytes) -> bytes:
        return self._stamper.stamp(bytes(32))


register({"tsa_silent_in_test": ("Không trả lời.", "No answer.")})


def test_a_silent_time_stamp_authority_is_reported_as_such(p256: World) -> None:
    with pytest.raises(ServiceUnavailable):
        seal(p256.signer, Silent())


def test_a_time_stamp_over_something_else_does_not_count(p256: World) -> None:
    result = p256.check(seal(p256.signer, Foreign(p256.provider.stamper())))
    assert not result.ok
    assert result.reason == "Dấu thời gian được cấp cho một chữ ký khác."
