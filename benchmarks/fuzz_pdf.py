"""Mutated archived PDF files against the verifier: ``python -m benchmarks.fuzz_pdf --count 2000``.

The seeds are one rendition at each level (B-T, B-LT, B-LTA, renewed) and one of another school. Two promises
are watched: nothing but :class:`Unreadable` is ever raised, and no file but a seed, or a seed cut back to one
of its own revisions, is ever ``valid``. A finding is written below ``--keep``; the status is 1 then.
The same seed number gives the same run, but for the keys.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.engines.trust.pdf_support import SEALED, Years
from tests.unit.engines.trust.verify_support import DAY, T0, YEAR

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.pades_archive import with_archive_stamp
from hocbaso.engines.trust.pades_check import sealed_file
from hocbaso.engines.trust.verification import verify_file

_NOW = SEALED + 5 * DAY
_OBJECT = re.compile(rb"(?s)[0-9]+ 0 obj\n.*?endobj\n")
_NUMBER = re.compile(rb"[0-9]+")
_WORDS = [
    *(
        b"",
        b"\0",
        b"\n",
        b" ",
        b"%%EOF\n",
        b"endobj\n",
        b">>",
        b"<<",
        b"]",
        b"%x\n",
        b"/OpenAction<</S/JavaScript>>",
    ),
    *(
        b"xref\n0 0\n",
        b"startxref\n0\n%%EOF\n",
        b"/Annots[1 0 R]",
        b"/ByteRange[0 1 2 3]",
        b"trailer\n<<>>\n",
    ),
]
Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def _flip(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        changed[_place(chance, data)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _place(chance: random.Random, data: bytes) -> int:
    """Anywhere, or behind the seal, where no signature may cover anything."""
    return (
        chance.randrange(len(data))
        if chance.random() < 0.4
        else chance.randrange(2 * len(data) // 3, len(data))
    )


def _insert(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + chance.choice(_WORDS) + data[at + chance.choice((0, 0, 1)) :]


def _cut(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at + chance.choice((1, 2, 7, 60, 900)) :]


def _number(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """One number of an appended revision changed: object, offset, length, byte range."""
    found = list(_NUMBER.finditer(data, 2 * len(data) // 3))
    if not found:
        return _flip(chance, data, seeds)
    match = chance.choice(found)
    value = chance.choice((0, 1, int(match[0][:9]) + 1, 229, 247, 254, 256, 10**9))
    return data[: match.start()] + b"%d" % value + data[match.end() :]


def _objects(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Objects of an appended revision doubled, taken away, or exchanged for those of another file."""
    mine, theirs = list(_OBJECT.finditer(data)), _OBJECT.findall(chance.choice(seeds))
    if len(mine) < 2 or len(theirs) < 2:
        return _flip(chance, data, seeds)
    one = mine[-chance.randrange(1, min(24, len(mine)))]
    put = chance.choice((b"", one[0] * 2, theirs[-chance.randrange(1, min(24, len(theirs)))]))
    return data[: one.start()] + put + data[one.end() :]


def _revisions(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Whole revisions put in, taken out or behind another file's seal."""
    parts = re.split(rb"(?<=%%EOF\n)", data)
    others = re.split(rb"(?<=%%EOF\n)", chance.choice(seeds))
    at = chance.randrange(len(parts))
    return b"".join(
        chance.choice(([*parts[:at], *parts[at + 1 :]], [*parts[:at], chance.choice(others), *parts[at:]]))
    )


def _update(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """An honest incremental update that replaces any object by any other."""
    number, bodies = chance.randrange(1, 280), _OBJECT.findall(data)
    sizes, tables = re.findall(rb"/Size (\d+)", data), re.findall(rb"startxref\n(\d+)", data)
    roots = re.findall(rb"/Root (\d+) 0 R", data)
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %s/Root %s 0 R/Prev %s>>\nstartxref\n%d\n%%%%EOF\n"
    if not (sizes and tables and roots and bodies):
        return _flip(chance, data, seeds)
    text = re.sub(rb"^[0-9]+", b"%d" % number, chance.choice(bodies))
    return data + text + table % (number, len(data), sizes[-1], roots[-1], tables[-1], len(data) + len(text))


MUTATIONS: list[Mutation] = [_flip, _flip, _insert, _cut, _number, _objects, _revisions, _update]


@dataclass
class PdfFuzzer:
    """Seeds, their bundle, and what was found."""

    bundle: TrustBundle
    seeds: list[bytes]
    good: set[bytes]
    answers: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[bytes, str]] = field(default_factory=list)

    def once(self, chance: random.Random) -> None:
        """One mutated file."""
        data = chance.choice(self.seeds)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            data = chance.choice(MUTATIONS)(chance, data, self.seeds) or b"%PDF-1.7\n"
        try:
            (verdict,) = verify_file("f", data, self.bundle, now=_NOW)
        except Unreadable:
            self.answers["unreadable"] += 1
            return
        except Exception:  # whatever it is, it is a finding
            self.findings.append((data, traceback.format_exc()))
            return
        self.answers[verdict.verdict] += 1
        if verdict.valid and data not in self.good:
            self.findings.append((data, f"accepted: {verdict.to_json()}"))


def fuzzer() -> PdfFuzzer:
    """One rendition at every level; the files that are valid by right."""
    years, other = Years("F"), Years("G")
    tsa = years.authority("Dấu thời gian", T0 - DAY, T0 + 6 * YEAR)
    sealed = years.sealed(tsa)
    stored = years.long_term(sealed, SEALED + DAY).pdf
    archived = years.archived(sealed, SEALED + DAY, tsa).pdf
    renewed = with_archive_stamp(archived, years.stamper(tsa, SEALED + 2 * DAY), SEALED + 2 * DAY)
    strange = other.archived(other.sealed(), SEALED + DAY, other.school.tsa).pdf
    bundle, good = years.bundle(_NOW), set[bytes]()
    for pdf in (sealed, stored, archived, renewed):
        assert years.verdict(pdf, _NOW, bundle=bundle).valid
        file = sealed_file(pdf)
        assert file is not None
        good |= {pdf[: file.sealed_end], *(pdf[: revision.end] for revision in file.revisions)}
    return PdfFuzzer(bundle, [sealed, stored, archived, renewed, strange], good)


def main() -> int:
    """Run and say what was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", type=Path, default=Path("var/fuzz"))
    chosen = options.parse_args()
    logging.disable()  # pyHanko remarks on every torn PDF
    warnings.simplefilter("ignore")
    work, chance, begun = fuzzer(), random.Random(chosen.seed), time.process_time()
    for _ in range(chosen.count):
        work.once(chance)
        if work.findings:
            break
    spent = time.process_time() - begun
    total = sum(work.answers.values()) + len(work.findings)
    print(f"{total} files in {spent:.0f} s (processor): {dict(work.answers)}, {len(work.findings)} findings")
    for number, (data, what) in enumerate(work.findings):
        chosen.keep.mkdir(parents=True, exist_ok=True)
        place = chosen.keep / f"pdf-{chosen.seed}-{number}.pdf"
        place.write_bytes(data)
        print(f"FINDING {place}\n{what}")
    return 1 if work.findings else 0


if __name__ == "__main__":
    sys.exit(main())
