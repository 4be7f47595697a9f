"""The quick re-verification against the full path: ``python -m benchmarks.fuzz_again --count 1000000``.

Stored documents (primary with three signatures, with subject teachers too, RSA and P-256) are mutated: bits,
cuts, insertions, pieces and whole elements of other documents, changes inside base64, spare base64 bits,
values and whole signatures exchanged, Ids doubled. Right is one answer of both paths: good exactly when the
bytes are those of a document that was signed. A finding is written below ``--keep`` and ends the run with 1.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.engines.trust.verify_support import Pki, School, rsa_key, sheet_of

from benchmarks.fuzz_verify import MUTATIONS, Mutation
from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.engines.trust.verification.again import Reverifier

_SIGNATURE = re.compile(rb"<ds:Signature xmlns.*?</ds:Signature>", re.DOTALL)
_VALUE = re.compile(rb"(?<=-sv\">)[A-Za-z0-9+/=]+(?=</ds:SignatureValue>)")
_END_OF_BASE64 = re.compile(rb"[A-Za-z0-9+/]=+<")
_ID = re.compile(rb' Id="[^"]*"')
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _exchange(
    chance: random.Random, data: bytes, seeds: Sequence[bytes], pattern: re.Pattern[bytes]
) -> bytes:
    here, there = list(pattern.finditer(data)), pattern.findall(chance.choice(seeds))
    if not here or not there:
        return data[1:]
    place = chance.choice(here)
    return data[: place.start()] + chance.choice(there) + data[place.end() :]


def _signatures(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return _exchange(chance, data, seeds, _SIGNATURE)


def _values(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return _exchange(chance, data, seeds, _VALUE)


def _ids(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    return _exchange(chance, data, seeds, _ID)


def _spare_bits(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Another character before the padding: the same octets for a reader that is not strict."""
    ends = list(_END_OF_BASE64.finditer(data))
    if not ends:
        return data[1:]
    at = chance.choice(ends).start()
    letter = _ALPHABET.index(data[at : at + 1])
    return data[:at] + _ALPHABET[letter ^ chance.choice((1, 2, 3)) :][:1] + data[at + 1 :]


def _sheets(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """The signatures of one document below the sheet of another."""
    other = chance.choice(seeds)
    return other[: other.find(b"<DSCKS>")] + data[data.find(b"<DSCKS>") :]


OWN: tuple[Mutation, ...] = (_signatures, _values, _ids, _spare_bits, _sheets)


@dataclass
class Differential:
    """Documents whose form is known to the quick path, and what was found."""

    seeds: list[bytes]
    quick: Reverifier
    tried: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[bytes, str]] = field(default_factory=list)

    def once(self, chance: random.Random) -> None:
        """One mutated document, by both paths."""
        data = chance.choice(self.seeds)
        for _ in range(chance.choice((1, 1, 1, 2))):
            mutate = chance.choice((*MUTATIONS, *OWN))
            self.kinds[mutate.__name__] += 1
            data = mutate(chance, data, self.seeds) or b"\0"
        self.tried += 1
        try:
            answers = (self.quick.quick(data), Reverifier().prove(data))
        except Exception:  # whatever it is, it is a finding
            self.findings.append((data, traceback.format_exc()))
            return
        right = data in self.seeds
        if answers != (right, right):
            self.findings.append((data, f"quick {answers[0]}, full {answers[1]}, unchanged {right}"))


def differential() -> Differential:
    """Eight documents of two schools, one of them with RSA keys; their forms learnt."""
    seeds: list[bytes] = []
    for school in (School(Pki("P")), School(Pki("R"))):
        if school.pki.label == "R":
            school.holders |= {
                role: school.pki.issue(f"RSA {role.value}", key=rsa_key())
                for role in (SignerRole.HOMEROOM, SignerRole.SEAL)
            }
        for number in range(2):
            text = emit(sheet_of(nonce=f"{number:064x}", homeroom_comment=f"Lời phê {number}."))
            for subjects in ((), ("toan",)):
                seeds.append(document_bytes(text, school.signatures(text, subjects=subjects, stamped=None)))
    quick = Reverifier()
    assert all(map(quick.prove, seeds))
    assert all(map(quick.quick, seeds))
    return Differential(seeds, quick)


def main() -> int:
    """Run, and say what was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", type=Path, default=Path("var/fuzz"))
    chosen = options.parse_args()
    work, chance, begin = differential(), random.Random(chosen.seed), time.perf_counter()
    while work.tried < chosen.count and not work.findings:
        work.once(chance)
    seconds = time.perf_counter() - begin
    print(f"{work.tried} documents in {seconds:.0f} s; mutations: {dict(work.kinds)}")
    print(f"{len(work.findings)} findings (accepted changes, disagreements, crashes)")
    for number, (data, what) in enumerate(work.findings):
        chosen.keep.mkdir(parents=True, exist_ok=True)
        place = chosen.keep / f"again-{chosen.seed}-{number}.xml"
        place.write_bytes(data)
        print(f"FINDING {place}\n{what}")
    return 1 if work.findings else 0


if __name__ == "__main__":
    sys.exit(main())
