"""Offline codes: verification against the bare public-key operation; sizes of lists, bundle and symbol."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from tests.unit.engines.trust.offline_support import Node
from tests.unit.engines.trust.verify_support import NOW, evidence_of

from benchmarks.harness import Contender, Experiment, Figure, Ratio
from hocbaso.core.document.codes import new_code
from hocbaso.core.document.model import SchoolLevel
from hocbaso.engines.ledger.entries import EntryType, LogEntry
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.keys import signing_public_key, verify_with_key
from hocbaso.engines.trust.offline_code import OfflineCode, StatusPlace, read_code
from hocbaso.engines.trust.offline_results import SUBJECTS, Results, SubjectResult
from hocbaso.engines.trust.qr import qr_matrix
from hocbaso.engines.trust.status_list import Status, StatusList, bitstring, compress, list_digest, sign_list
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.offline import verify_code

CODES = 200
COUNTRY, WITHDRAWN = 20_000_000, 0.001
#: A province: 3 500 schools, 12 school years of 450 sheets a school.
SCHOOLS, SHEETS, YEARS = 3_500, 450, 12
LIST = 1 << 20


def _entries(length: int, used: int, seed: int) -> dict[int, Status]:
    """So many of the used places withdrawn as the share says, half replaced, half revoked."""
    draw = random.Random(seed)
    places = draw.sample(range(length), round(used * WITHDRAWN))
    return {place: draw.choice((Status.REPLACED, Status.REVOKED)) for place in places}


def _content(number: int) -> OfflineCode:
    subjects = tuple(SubjectResult(code, "8.5") for code, _ in SUBJECTS[14:27])
    issued = NOW - timedelta(days=3)
    return OfflineCode(
        code=new_code(SchoolLevel.UPPER_SECONDARY, "79", "79000303", 2025, bytes(range(8))),
        version=1,
        digest=f"{number:064x}",
        issued_at=issued,
        signed_at=issued + timedelta(days=1),
        name="Nguyễn Phúc Bảo Quỳnh Hương",
        birth_date="2010-02-09",
        school="Trường Trung học phổ thông Bằng Lăng",
        class_name="10A1",
        place=StatusPlace("2025-1", number),
        results=Results("Tốt", "Tốt", True, True, "Học sinh Xuất sắc", subjects),
    )


@lru_cache(maxsize=1)
def province() -> TrustBundle:
    """The bundle of a whole province: its lists hold half of their places, as the node fills them."""
    node = Node()
    signer = node.signer()
    lists = []
    for year in range(YEARS):
        left, number = SCHOOLS * SHEETS, 0
        while left > 0:
            number += 1
            used = min(left, LIST // 2)
            left -= used
            bits = bitstring(LIST, _entries(LIST - CODES, used, 100 * year + number))
            content = StatusList(
                f"{2025 - year}-{number}", "https://nut.example", NOW, NOW + timedelta(days=90), bits
            )
            lists.append(sign_list(content, signer))
    entries = [LogEntry(EntryType.STATUS_LIST, list_digest(t), "", "2026-05-11T00:00:00Z") for t in lists]
    return replace(
        node.bundle(lists[0]),
        status_lists=tuple(lists),
        **evidence_of(entries, range(len(entries))),  # type: ignore[arg-type]
    )


def offline() -> Experiment:
    """Verify codes of 13 subjects; the sizes that travel."""
    node, bundle = Node(), province()
    clean = node.bundle()
    texts = [node.text(_content(number)) for number in range(CODES)]
    using = Verifier(clean)
    key = signing_public_key(node.holder.certificate)
    envelopes = [read_code(text).envelope for text in texts]
    assert verify_code(texts[0], using, now=NOW)[0].valid

    def verify() -> None:
        for text in texts:
            verify_code(text, using, now=NOW)

    def raw() -> None:
        for envelope in envelopes:
            verify_with_key(key, envelope.digest, envelope.signature)

    return Experiment(
        title="Verify a signed QR code of 13 subjects",
        unit="codes",
        contenders=(
            Contender("hocbaso verify --qr", CODES, verify),
            Contender("raw P-256", CODES, raw),
        ),
        ratios=(Ratio("verify ÷ raw", "hocbaso verify --qr", "raw P-256"),),
        figures=lambda: _sizes(bundle, texts[0]),
    )


def _sizes(bundle: TrustBundle, text: str) -> list[Figure]:
    country = len(compress(bitstring(COUNTRY, _entries(COUNTRY, COUNTRY, 1))))
    bare = len(bundle.to_json().encode())
    return [
        Figure("status list of 20 M entries, 0.1 % withdrawn", round(country / 1000, 1), "kB"),
        Figure(f"bundle of {SCHOOLS} schools, {YEARS} years", round(bare / 1000, 1), "kB", 300, "issue 3, 6"),
        Figure("version of the symbol, 13 subjects", (len(qr_matrix(text)) - 17) / 4, "", 13, "trust.md 6"),
    ]
