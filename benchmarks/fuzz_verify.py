"""Mutated files against the verifier, endlessly if wanted: ``python -m benchmarks.fuzz_verify --seconds 60``.

Two promises are watched. Nothing but :class:`Unreadable` is ever raised; and a file that is accepted
(``valid``) says what the file that it was made from says: the same sheet, digest, signers and time.
A finding is written below ``--keep`` and ends the run with status 1. The same seed gives the same run.
"""

from __future__ import annotations

import argparse
import base64
import io
import logging
import random
import re
import sys
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.unit.engines.trust.verify_support import DAY, NOW, Pki, School, sheet_of

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SchoolLevel, SignerRole, YearSheet
from hocbaso.core.document.names import document_bytes
from hocbaso.core.errors import Unreadable
from hocbaso.engines.rendering import SealStamp, SheetView, render_sheet
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.pades import seal_pdf
from hocbaso.engines.trust.qr import verification_url
from hocbaso.engines.trust.verification import Verdict, verify_file
from hocbaso.engines.trust.xades import read_signature, with_unsigned, without_unsigned
from hocbaso.sandbox.tsa import SandboxStamper

_BASE64 = re.compile(rb">([A-Za-z0-9+/]{40,}={0,2})<")
_TAG = re.compile(rb"<[^<>]*>")
_WORDS = [b"", b"\0", b"\xff", b"<", b">", b"&amp;", b"&#x41;", b'Id="tnh"', b"<!--x-->", b"<!DOCTYPE a>"]
_WORDS += [
    b"=",
    b" ",
    b"\n",
    b"\xef\xbb\xbf",
    b"A" * 70_000,
    b"<ds:Signature>",
    b"<xades:UnsignedProperties>",
]

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def _flip(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.choice((1, 2, 7, 60, 900)) :]


def _insert(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.choice(_WORDS) + data[at:]


def _splice(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """A piece of another file of the same kind, or of this one, put elsewhere."""
    other = chance.choice(seeds)
    start = chance.randrange(len(other))
    piece = other[start : start + chance.choice((4, 40, 400, 4000))]
    at = chance.randrange(len(data))
    return data[:at] + piece + data[at + chance.choice((0, len(piece))) :]


def _elements(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Whole elements taken away, doubled, or exchanged for those of another file."""
    tags = list(_TAG.finditer(data))
    others = list(_TAG.finditer(other := chance.choice(seeds)))
    if len(tags) < 3 or len(others) < 3:
        return _flip(chance, data, seeds)
    first = chance.randrange(len(tags) - 1)
    last = min(first + chance.choice((1, 2, 4, 30)), len(tags) - 1)
    source = chance.randrange(len(others) - 1)
    piece = other[others[source].start() : others[min(source + last - first, len(others) - 1)].start()]
    return data[: tags[first].start()] + piece + data[tags[chance.choice((first, last))].start() :]


def _inside(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """A change inside the DER that stands in base64: certificates, lists, tokens, values."""
    texts = list(_BASE64.finditer(data))
    if not texts:
        return _flip(chance, data, seeds)
    text = chance.choice(texts)
    try:
        der = base64.b64decode(text[1])
    except ValueError:  # an earlier change made it no base64
        return _flip(chance, data, seeds)
    changed = chance.choice((_flip, _cut, _insert, _splice))(chance, der, [der])
    return data[: text.start(1)] + base64.b64encode(changed) + data[text.end(1) :]


MUTATIONS: list[Mutation] = [_flip, _cut, _insert, _splice, _elements, _inside, _inside]


@dataclass
class Fuzzer:
    """Files of every kind, their bundle, and what was found."""

    bundle: TrustBundle
    groups: dict[str, list[bytes]]
    meanings: set[object]
    tried: int = 0
    accepted: int = 0
    refused: int = 0
    findings: list[tuple[str, bytes, str]] = field(default_factory=list)

    def once(self, chance: random.Random) -> None:
        """One mutated file."""
        kind = chance.choices(list(self.groups), [9 if name == "xml" else 2 for name in self.groups])[0]
        seeds = self.groups[kind]
        data = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 3))):
            data = chance.choice(MUTATIONS)(chance, data, seeds) or b"\0"
        self.tried += 1
        try:
            verdicts = verify_file("f", data, self.bundle, now=NOW)
        except Unreadable:
            self.refused += 1
            return
        except Exception:  # whatever it is, it is a finding
            self.findings.append((kind, data, traceback.format_exc()))
            return
        for verdict in verdicts:
            if verdict.valid:
                self.accepted += 1
                if meaning(verdict) not in self.meanings:
                    self.findings.append((kind, data, f"accepted with another meaning: {verdict.to_json()}"))


def meaning(verdict: Verdict) -> object:
    """What a reader takes from a verdict."""
    signers = tuple((s.role, s.signer, s.valid, s.time, s.serial, s.subject) for s in verdict.signatures)
    return (
        verdict.sheet,
        verdict.code,
        verdict.version,
        verdict.digest,
        verdict.best_signature_time,
        signers,
    )


def fuzzer(*, with_pdf: bool = True) -> Fuzzer:
    """Two issued documents (one with long-term evidence), a package, an address and a sealed rendition."""
    school, sheet = School(Pki("F")), sheet_of()
    code = new_code(SchoolLevel.PRIMARY, "79", "79000101", 2025, bytes(8))
    plain = school.issue(sheet)
    other = emit(replace(sheet, code=code, nonce="5a" * 32, homeroom_comment="Một tờ khác."))
    signatures = school.signatures(other, subjects=("toan",))
    token = read_signature(signatures[-1]).unsigned.time_stamp
    lists = school.pki.lists(this_update=NOW - DAY, next_update=NOW + 9 * DAY)
    signatures[-1] = with_unsigned(without_unsigned(signatures[-1]), token, [school.pki.sub.der], lists)
    longer = document_bytes(other, signatures)
    bundle = school.bundle(plain, longer)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("a.xml", plain)
        archive.writestr("b.xml", longer)
    address = verification_url("https://hocbaso.example", sheet.code, bundle.status[0].digest)
    groups = {"xml": [plain, longer], "zip": [package.getvalue()], "text": [address.encode()]}
    if with_pdf:
        groups["pdf"] = [_sealed(school, sheet, plain, bundle.status[0].digest, address)]
    meanings: set[object] = set()
    for files in groups.values():
        for data in files:
            verdicts = verify_file("f", data, bundle, now=NOW)
            assert all(verdict.valid for verdict in verdicts), [verdict.reason for verdict in verdicts]
            meanings |= {meaning(verdict) for verdict in verdicts}
    return Fuzzer(bundle, groups, meanings)


def _sealed(school: School, sheet: YearSheet, document: bytes, digest: str, address: str) -> bytes:
    stamp = SealStamp(sheet.school.name, sheet.frozen_at, True)
    pdf = render_sheet(SheetView(sheet, digest, document, (), stamp, address))
    chain = (school.tsa.certificate, school.pki.sub.certificate)
    signer = school.signer(school.holders[SignerRole.SEAL])
    stamper = SandboxStamper(school.tsa.key, chain, lambda: NOW)
    return seal_pdf(
        pdf, signer, stamper, name="Trường", reason="Phát hành", location="Bình Thạnh", signing_time=NOW
    )


def main() -> int:
    """Run for some seconds and say what was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", type=Path, default=Path("var/fuzz"))
    chosen = options.parse_args()
    logging.disable()  # pyHanko remarks on every torn PDF
    warnings.simplefilter("ignore")
    work, chance = fuzzer(), random.Random(chosen.seed)
    ends = time.monotonic() + chosen.seconds
    while time.monotonic() < ends and not work.findings:
        work.once(chance)
    print(f"{work.tried} files, {work.refused} unreadable; {work.accepted} valid with the same meaning")
    for number, (kind, data, what) in enumerate(work.findings):
        chosen.keep.mkdir(parents=True, exist_ok=True)
        place = chosen.keep / f"{chosen.seed}-{number}.{kind}"
        place.write_bytes(data)
        print(f"FINDING {place}\n{what}")
    return 1 if work.findings else 0


if __name__ == "__main__":
    sys.exit(main())
