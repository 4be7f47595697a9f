"""The tolerant checker against the strict verifier: what conforms is never invalid; nothing crashes it."""

from __future__ import annotations

import random
from functools import lru_cache

import pytest

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.conformance import check_document, check_file, load_vectors
from hocbaso.engines.trust.conformance.report import MAX_VIOLATIONS
from hocbaso.engines.trust.verification.document import Verifier, verifier
from hocbaso.engines.trust.verification.verdict import Question, Result

SET = load_vectors()
DATA = {vector.file: vector.data for vector in SET.vectors}
FORM = (Question.INTACT, Question.SCHEMA, Question.SIGNATURES)
PRIMARY, TEAM = DATA["dung/tieu-hoc-p256.xml"], DATA["dung/day-nhom.xml"]
PIECES = [
    b"<",
    b">",
    b"/",
    b" ",
    b"\n",
    b"&amp;",
    b"<!---->",
    b'Id="tnh"',
    b"<a></a>",
    b"\x00",
    b"\xff",
    b"=",
]


@lru_cache(maxsize=1)
def using() -> Verifier:
    return verifier(TrustBundle.from_json(SET.bundle))


def agree(data: bytes) -> bool:
    """Whether the checker lets it pass; fails where checker and verifier contradict each other."""
    try:
        report = check_document(data, using(), now=SET.now)
    except Unreadable:
        return False
    try:
        verdict = using().verify(data, now=SET.now)
    except Unreadable:
        assert not report.conforms
        return False
    if report.conforms:
        assert [verdict.check(question).result for question in FORM] == [Result.OK] * 3
        assert verdict.verdict != "invalid"
    if verdict.verdict == "valid":
        assert report.conforms, report.rules
    return report.conforms


def changed(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    kind = dice.randrange(5)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + dice.choice(PIECES) + data[place:]
    if kind == 2:
        return data[:place] + data[place + dice.randrange(1, 40) :]
    end = min(len(data), place + dice.randrange(1, 2000))
    if kind == 3:
        return data[:end] + data[place:end] + data[end:]
    other = dice.randrange(len(data))
    return data[:other] + data[place:end] + data[other:]


@pytest.mark.parametrize("document", [PRIMARY, TEAM], ids=["primary", "team"])
def test_whatever_is_changed_checker_and_verifier_never_contradict_each_other(document: bytes) -> None:
    dice = random.Random(20261122)
    assert agree(document)
    assert not any(agree(changed(document, dice)) for _ in range(60))


def test_a_spare_certificate_of_nobody_beside_the_time_stamp_is_told() -> None:
    """Found by long fuzzing: one bit in what no signature covers left checker and verifier of two minds."""
    flipped = PRIMARY[:24983] + bytes([PRIMARY[24983] ^ 1]) + PRIMARY[24984:]
    places = [place for place in range(24_000, len(PRIMARY), 40) if PRIMARY[place : place + 1].isalnum()]
    for data in [flipped, *(PRIMARY[:p] + bytes([PRIMARY[p] ^ 1]) + PRIMARY[p + 1 :] for p in places[:60])]:
        assert not agree(data)


HOSTILE = {
    "a tag without end": b"<HocBaSo" + b" a" * 1000,
    "openings without end": b"<MonHoc " * 9_000,
    "signatures without end": b'<HocBaSo xmlns="urn:hocbaso:1" phienBan="1.0"><DSCKS>' + b"<x/>" * 9_000,
    "attributes without end": b"<a " + b" ".join(b'b%d=""' % n for n in range(9_000)) + b"/>",
    "another encoding": "<?xml version='1.0' encoding='UTF-16'?><HocBaSo/>".encode("utf-16"),
    "an encoding that lies": b"<?xml version='1.0' encoding='UTF-7'?><HocBaSo>+ADw-</HocBaSo>",
    "nothing but a root": b"<HocBaSo/>",
    "an empty sheet": b'<HocBaSo xmlns="urn:hocbaso:1"><ToNamHoc Id="tnh"></ToNamHoc></HocBaSo>',
    "a number too large": PRIMARY.replace(b"<PhienBan>1<", b"<PhienBan>" + b"9" * 5000 + b"<"),
    "a digit of another script": PRIMARY.replace(b"<PhienBan>1<", "<PhienBan>\u00b2<".encode()),
    "a surrogate": PRIMARY.replace(b"Kinh", b"&#xD800;"),
    "comments without end": b"<HocBaSo>" + b"<!--" * 500_000,
    "many elements of one fault": PRIMARY.replace(b"</HocSinh>", b"<x></x>" * 15_000 + b"</HocSinh>"),
    "empty signatures": PRIMARY.replace(
        b"</DSCKS>",
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"></ds:Signature>' * 9 + b"</DSCKS>",
    ),
    "many signatures": PRIMARY.replace(
        b"</DSCKS>", b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>' * 9_000 + b"</DSCKS>"
    ),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_gets_a_bounded_report_and_never_an_exception(data: bytes) -> None:
    try:
        (report,) = check_file("x", data, None, now=SET.now)
    except Unreadable:
        return
    assert not report.conforms
    assert len(report.violations) <= MAX_VIOLATIONS


def test_several_faults_are_all_told_with_their_places() -> None:
    data = PRIMARY.replace(b"<DanToc>Kinh", b"<DanToc> Kinh").replace(b"<GioiTinh>N", b"<GioiTinh>X") + b"\n"
    (report,) = check_file("x", data, None, now=SET.now)
    assert set(report.rules) == {"HBS-1.14", "HBS-3.09", "HBS-3.15", "HBS-5.01"}
    places = {item.rule: item.place for item in report.violations}
    assert places["HBS-3.15"] == "/HocBaSo/ToNamHoc[@Id='tnh']/HocSinh/DanToc"
    assert places["HBS-5.01"] == "/HocBaSo/DSCKS/Signature[@Id='ck-cd']"
