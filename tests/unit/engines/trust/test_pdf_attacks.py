"""What was ever done to signed PDF files (pdf-insecurity.org and its heirs), done to ours; each is named.

Universal signature forgery, incremental saving, signature wrapping, shadow attacks (hide, replace, hide and
replace), evil annotations and attacks on certification, and the archive's own: foreign or moved revisions.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from functools import lru_cache

import pytest
from asn1crypto import crl as asn1_crl
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pypdf import PdfReader

from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.pades_archive import opened, with_archive_stamp, with_validation_data
from hocbaso.engines.trust.pades_check import sealed_file
from hocbaso.engines.trust.verification import Conclusion, Result, Verdict
from hocbaso.engines.trust.verification.pdf_changes import named_change, sentence_of
from hocbaso.sandbox.tsa import SandboxStamper
from tests.unit.engines.trust.pdf_support import SEALED, Years, rendition
from tests.unit.engines.trust.verify_support import DAY, T0, YEAR, Holder, Pki

NOW = SEALED + 5 * DAY
YEARS = Years("T")


@lru_cache(maxsize=1)
def authority() -> Holder:
    return YEARS.authority("Dấu thời gian", T0 - DAY, T0 + 6 * YEAR)


@lru_cache(maxsize=1)
def sealed() -> bytes:
    return YEARS.sealed(authority())


@lru_cache(maxsize=1)
def archived() -> bytes:
    """B-LTA: seal, store, document time stamp."""
    return YEARS.archived(sealed(), SEALED + DAY, authority()).pdf


@lru_cache(maxsize=1)
def bundle():
    return YEARS.bundle(NOW)


def judged(pdf: bytes) -> Verdict:
    return YEARS.verdict(pdf, NOW, bundle=bundle())


def end_of_seal() -> int:
    return len(sealed())


def changed(pdf: bytes, objects: dict[int, bytes], *, root: int | None = None) -> bytes:
    """An incremental update as any program writes one."""
    size = int(re.findall(rb"/Size (\d+)", pdf)[-1])
    previous = int(re.findall(rb"startxref\n(\d+)", pdf)[-1])
    base = PdfReader(io.BytesIO(pdf)).trailer.raw_get("/Root").idnum
    out, places = bytearray(pdf), {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    lines = b"".join(b"%d 1\n%010d 00000 n \n" % (number, place) for number, place in sorted(places.items()))
    names = b"/Size %d /Root %d 0 R /Prev %d" % (
        max([size, *(n + 1 for n in places)]),
        root or base,
        previous,
    )
    out += b"xref\n" + lines + b"trailer\n<<" + names + b">>\nstartxref\n%d\n%%%%EOF\n" % table
    return bytes(out)


class Parts:
    """Where things stand in a file, by their object numbers."""

    def __init__(self, pdf: bytes) -> None:
        self.pdf = pdf
        self.reader = PdfReader(io.BytesIO(pdf))
        self.size = int(self.reader.trailer["/Size"])
        self.root = self.reader.trailer.raw_get("/Root").idnum
        self.page = self.reader.pages[0].indirect_reference.idnum
        root = self.reader.trailer["/Root"]
        self.form = (
            root.raw_get("/AcroForm").idnum if "/AcroForm" in root else 0
        )  # only what is sealed has one
        self.contents = self.reader.pages[0].raw_get("/Contents").idnum
        self.metadata = self.reader.trailer["/Root"].raw_get("/Metadata").idnum

    def text(self, number: int) -> bytes:
        """The newest text of an object."""
        found = re.findall(rb"(?s)(?<![0-9])%d 0 obj\s*(.*?)\s*endobj" % number, self.pdf)
        return found[-1]

    def more(self, number: int, entries: bytes) -> bytes:
        """A dictionary with further entries."""
        return self.text(number)[:-2] + entries + b">>"


ATTACKS: dict[str, Callable[[Parts], dict[int, bytes]]] = {
    "annotations": lambda p: {
        p.size: b"<</Type/Annot/Subtype/FreeText/Rect[50 50 400 400]/Contents(10)/DA(/F 90 Tf)>>",
        p.page: re.sub(rb"/Annots ?\[", b"/Annots [%d 0 R " % p.size, p.text(p.page)),
    },
    "page_content": lambda p: {p.contents: b"<</Length 10>>\nstream\n0 0 9 9 re\nendstream"},
    "pages": lambda p: {
        p.size: b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % p.page,
        p.root: re.sub(rb"/Pages \d+ 0 R", b"/Pages %d 0 R" % p.size, p.text(p.root)),
    },
    "form": lambda p: {
        p.size: b"<</FT/Tx/T(Diem)/V(10)/Subtype/Widget/Rect[50 50 90 90]/F 4/P %d 0 R>>" % p.page,
        p.form: re.sub(rb"/Fields ?\[", b"/Fields [%d 0 R " % p.size, p.text(p.form)),
    },
    "actions": lambda p: {p.root: p.more(p.root, b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>")},
    "attachments": lambda p: {
        p.size: b"<</Type/Filespec/F(la.exe)/UF(la.exe)/EF<</F %d 0 R>>>>" % (p.size + 1),
        p.size + 1: b"<</Type/EmbeddedFile/Length 2>>\nstream\nMZ\nendstream",
        p.root: re.sub(rb"/AF ?\[", b"/AF [%d 0 R " % p.size, p.text(p.root)),
    },
    "metadata": lambda p: {p.metadata: b"<</Type/Metadata/Subtype/XML/Length 5>>\nstream\n<xmp>\nendstream"},
    "layers": lambda p: {p.root: p.more(p.root, b"/OCProperties<</OCGs[]/D<<>>>>")},
    "second_signature": lambda p: {
        p.size: b"<</FT/Sig/T(Hai)/Subtype/Widget/Rect[0 0 0 0]/F 132/V %d 0 R>>" % seal_number(p),
        p.form: re.sub(rb"/Fields ?\[", b"/Fields [%d 0 R " % p.size, p.text(p.form)),
    },
    "catalog": lambda p: {p.root: re.sub(rb"/Perms ?<<.*?>>", b"", p.text(p.root), flags=re.DOTALL)},
    "objects (allow changes)": lambda p: {seal_number(p): p.text(seal_number(p)).replace(b"/P 1", b"/P 3")},
    "objects": lambda p: {p.reader.trailer["/Root"].raw_get("/Outlines").idnum: b"<</Type/Outlines>>"},
}


def seal_number(parts: Parts) -> int:
    return parts.reader.trailer["/Root"]["/Perms"].raw_get("/DocMDP").idnum


@pytest.mark.parametrize("base", [sealed, archived], ids=["B-T", "B-LTA"])
@pytest.mark.parametrize("name", list(ATTACKS))
def test_an_attack_by_incremental_update_is_refused_by_name(name: str, base: Callable[[], bytes]) -> None:
    forged = changed(base(), ATTACKS[name](Parts(base())))
    verdict = judged(forged)
    assert verdict.conclusion is Conclusion.INVALID
    assert verdict.rendition is not None
    assert verdict.rendition.whole.result is Result.FAILED
    word = named_change(base(), forged)
    assert word == name.split(" ")[0]
    assert verdict.rendition.whole.sentence == sentence_of(word)
    with pytest.raises(DomainError) as refused:
        opened(forged)
    assert refused.value.code == "pdf_not_extendable"


@pytest.mark.parametrize(
    "tail",
    [
        b"\n",
        b"%%EOF\n",
        b"% ghi chu\n",
        b"247 0 obj\n<</Length 10>>\nstream\n0 0 9 9 re\nendstream\nendobj\n",
        b"247 0 obj\n<</Length 10>>\nstream\n0 0 9 9 re\nendstream\nendobj\nstartxref\n0\n%%EOF\n",
        b"trailer\n<</Root 3 0 R>>\n",
        b"xref\n0 0\ntrailer\n<<>>\nstartxref\n99\n%%EOF\n",
        b"\0" * 4096,
    ],
    ids=range(8),
)
def test_incremental_saving_without_an_honest_table_is_refused(tail: bytes) -> None:
    verdict = judged(archived() + tail)
    assert verdict.conclusion is Conclusion.INVALID
    assert verdict.rendition is not None
    assert verdict.rendition.whole.sentence.startswith("Tệp PDF có phần thêm vào sau khi đóng dấu")


USF = {
    "no byte range": (rb"/ByteRange \[[^\]]*\]", lambda m: b" " * len(m[0])),
    "empty byte range": (rb"/ByteRange \[[^\]]*\]", lambda m: b"/ByteRange []".ljust(len(m[0]))),
    "null byte range": (rb"/ByteRange \[[^\]]*\]", lambda m: b"/ByteRange null".ljust(len(m[0]))),
    "negative byte range": (rb"/ByteRange \[0 \d", lambda m: b"/ByteRange [0 -"),
    "short byte range": (rb"(/ByteRange \[0 \d+ \d+) (\d+)\]", lambda m: m[1] + b" 0]".ljust(len(m[2]) + 2)),
    "empty contents": (rb"/Contents <[0-9a-fA-F]{9000,}>", lambda m: b"/Contents <>".ljust(len(m[0]))),
    "null contents": (rb"/Contents <[0-9a-fA-F]{9000,}>", lambda m: b"/Contents null".ljust(len(m[0]))),
    "zero contents": (
        rb"/Contents <[0-9a-fA-F]{9000,}>",
        lambda m: b"/Contents <" + b"0" * (len(m[0]) - 12) + b">",
    ),
    "another filter": (rb"/SubFilter /ETSI.CAdES.detached", lambda m: b"/SubFilter /adbe.x509.rsa_sha1 "),
    "no field": (rb"/FT /Sig", lambda m: b"/FT /Tx "),
}


@pytest.mark.parametrize("name", list(USF))
def test_universal_signature_forgery_is_never_valid(name: str) -> None:
    pattern, put = USF[name]
    forged, count = re.subn(pattern, put, archived(), count=1)
    assert count == 1
    assert len(forged) == len(archived())
    try:
        verdict = judged(forged)
    except Unreadable:
        return
    assert not verdict.valid
    assert verdict.rendition is not None
    assert verdict.rendition.seal.result is not Result.OK


def test_signature_wrapping_moves_the_seal_and_is_refused() -> None:
    """The byte range is widened over room for other content (SWA)."""
    pdf = sealed()
    match = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]( +)", pdf)
    assert match is not None
    first, second, rest = int(match[1]), int(match[2]), int(match[3])
    moved = (
        pdf[:second] + b"\n247 0 obj\n<</Length 10>>\nstream\n0 0 9 9 re\nendstream\nendobj\n" + pdf[second:]
    )
    numbers = b"/ByteRange [0 %d %d %d]" % (first, second + len(moved) - len(pdf), rest)
    forged = moved.replace(match[0], numbers.ljust(len(match[0])), 1)
    assert not accepted(forged)


class Quiet(IncrementalPdfFileWriter):
    """Leaves the document's metadata alone."""

    def _update_meta(self) -> None:
        return


def test_what_another_program_archived_is_not_refused_and_not_believed() -> None:
    out = io.BytesIO(sealed())
    lists = [asn1_crl.CertificateList.load(YEARS.pki.crl())]
    writer = Quiet(out, strict=True)
    DocumentSecurityStore.supply_dss_in_writer(writer, None, crls=lists)
    writer.write_in_place()
    verdict = judged(out.getvalue())
    assert verdict.conclusion is Conclusion.INDETERMINATE
    assert "một chương trình khác" in verdict.reason


# --- prepared before sealing -------------------------------------------------------------------------------


HIDDEN: dict[str, tuple[Callable[[Parts], dict[int, bytes]], str]] = {
    "script": (ATTACKS["actions"], "tự chạy"),
    "launch": (lambda p: {p.root: p.more(p.root, b"/OpenAction<</S/Launch/F(a.exe)>>")}, "tự chạy"),
    "page": (lambda p: {p.page: p.more(p.page, b"/AA<</O<</S/URI/URI(http://a)>>>>")}, "tự chạy"),
    "layers": (ATTACKS["layers"], "lớp ẩn hiện"),
    "unreachable": (lambda p: {p.size: b"<</Type/Action/S/JavaScript/JS(app.alert\\(1\\))>>"}, "JavaScript"),
    "note": (
        lambda p: {
            p.size: b"<</Type/Annot/Subtype/FreeText/Rect[50 50 400 400]/Contents(10)/DA(/F 90 Tf)>>",
            p.page: p.more(p.page, b"/Annots[%d 0 R]" % p.size),
        },
        "vật chèn",
    ),
}


@pytest.mark.parametrize("name", list(HIDDEN))
def test_what_could_change_the_page_by_itself_is_refused_although_the_school_sealed_it(name: str) -> None:
    """Shadow attacks begin before the seal: who prepares the file need not be who seals it."""
    plain = rendition(YEARS.document)
    make, word = HIDDEN[name]
    verdict = judged(YEARS.sealed(authority(), changed(plain, make(Parts(plain)))))
    assert verdict.conclusion is Conclusion.INVALID
    assert verdict.rendition is not None
    assert verdict.rendition.whole.result is Result.FAILED
    assert word in verdict.rendition.whole.sentence


# --- the archive's own revisions ---------------------------------------------------------------------------


def tail() -> bytes:
    return archived()[end_of_seal() :]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b"/Type/DSS", b"/Type /DSS"),
        lambda text: text.replace(b"/Size ", b"/Size 1"),
        lambda text: text.replace(b"/Prev ", b"/Prev 0"),
        lambda text: text.replace(b"Rect[0 0 0 0]", b"Rect[0 0 9 9]"),
        lambda text: text.replace(b"/V 0/", b"/V 1/"),
        lambda text: text.replace(b"DauThoiGian1", b"DauThoiGian2"),
        lambda text: text.replace(b"%%EOF\n", b"%%EOF\r", 1),
        lambda text: text.replace(b"/OCSPs[", b"/OCSPs[ "),
        lambda text: text[len(text) // 2 :] + text[: len(text) // 2],
        lambda text: text + text,
    ],
    ids=range(10),
)
def test_a_revision_that_is_written_otherwise_is_not_ours(change: Callable[[bytes], bytes]) -> None:
    forged = sealed() + change(tail())
    assert forged != archived()
    assert not judged(forged).valid


def test_revisions_of_another_file_prove_nothing_here() -> None:
    other = Years("U")
    foreign = other.archived(other.sealed(), SEALED + DAY, other.school.tsa)
    strange = foreign.pdf[len(other.sealed()) :]
    assert not judged(sealed() + strange).valid


def test_a_stamp_over_something_else_is_found_out() -> None:
    file = opened(archived())
    room = 6 * 1024
    token = YEARS.stamper(authority(), SEALED + 2 * DAY).stamp(bytes(32))
    forged = file.with_stamp(token, room).pdf
    verdict = judged(forged)
    assert verdict.conclusion is Conclusion.INVALID
    assert verdict.rendition is not None
    assert verdict.rendition.archive is not None
    assert verdict.sub_indication == "HASH_FAILURE"


def test_a_stamp_that_claims_an_earlier_time_than_the_one_before_is_refused() -> None:
    back = with_archive_stamp(archived(), YEARS.stamper(authority(), T0), NOW)
    verdict = judged(back)
    assert verdict.sub_indication == "TIMESTAMP_ORDER_FAILURE"
    assert not verdict.valid


def test_a_stamp_of_an_unknown_authority_leaves_the_answer_open() -> None:
    other = Pki("Lạ")
    holder = other.issue("Dấu thời gian lạ", time_stamping=True)
    chain = (holder.certificate, other.sub.certificate)
    stamper = SandboxStamper(holder.key, chain, lambda: SEALED + 2 * DAY)
    assert judged(with_archive_stamp(archived(), stamper, NOW)).conclusion is Conclusion.INDETERMINATE


def test_planted_validation_data_is_not_believed() -> None:
    strange = Pki("Lạ")
    holder = strange.issue("Ai đó")
    for planted in (
        with_validation_data(archived(), [holder.der], (), ()),
        with_validation_data(archived(), (), [strange.crl()], ()),
        with_validation_data(archived(), (), [b"khong phai DER"], ()),
        with_validation_data(archived(), (), (), [b"\x30\x03\x0a\x01\x06"]),
    ):
        assert not judged(planted).valid


def test_cutting_back_to_an_earlier_revision_gives_an_earlier_file_and_no_more() -> None:
    """Nobody can prove that something was appended once; what is left is judged for itself."""
    stored = sealed_file(archived())
    assert stored is not None
    verdict = judged(archived()[: stored.revisions[0].end])
    assert verdict.rendition is not None
    assert (verdict.valid, verdict.rendition.level) == (True, "B-LT")


# --- any octet ---------------------------------------------------------------------------------------------


@given(st.dictionaries(st.floats(0, 1, exclude_max=True), st.integers(1, 255), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_no_changed_octet_of_an_archived_file_is_valid(damage: dict[float, int]) -> None:
    pdf = bytearray(archived())
    for position, mask in {int(place * len(pdf)): mask for place, mask in damage.items()}.items():
        pdf[position] ^= mask
    assert not accepted(bytes(pdf))


def test_no_flipped_bit_behind_the_seal_is_valid() -> None:
    chance = random.Random(20260601)
    for _ in range(15):
        pdf = bytearray(archived())
        pdf[chance.randrange(end_of_seal(), len(pdf))] ^= 1 << chance.randrange(8)
        assert not accepted(bytes(pdf))


def test_no_octet_can_be_put_in_or_taken_out() -> None:
    chance = random.Random(7)
    for _ in range(12):
        at = chance.randrange(len(archived()))
        inserted = archived()[:at] + bytes([chance.choice(b"\0 \n0/%")]) + archived()[at:]
        for pdf in (inserted, archived()[:at] + archived()[at + chance.choice((1, 7)) :]):
            assert not accepted(pdf)


def accepted(pdf: bytes) -> bool:
    try:
        return judged(pdf).valid
    except Unreadable:
        return False
