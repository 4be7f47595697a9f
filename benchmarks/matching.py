"""Duplicates planted among synthetic pupils: seconds, memory, how many are found, how many found are true.

``python -m benchmarks.matching --pupils 100000``; names are drawn by how common they are in Viet Nam (rounded
from public counts of family names), dates over twelve years. Compared with all pairs of a sample.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from hocbaso.core.matching import LIKELY, Pairing, Profile, candidate_pairs, keys_of, likeness, profile
from hocbaso.core.matching.likeness import hopeless
from hocbaso.core.vietnamese.letters import split_syllable

_FAMILIES = "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Mai Trịnh Đoàn"
FAMILIES = dict(
    zip(
        _FAMILIES.split(),
        (310, 109, 95, 71, 30, 25, 28, 25, 14, 21, 20, 14, 13, 13, 10, 9, 8, 7, 7, 6),
        strict=True,
    )
)
MIDDLES = {
    "Nam": "Gia Minh Quốc Đức Văn Hữu Hoàng Bảo Anh Thanh Tuấn Đình Công Thành Ngọc Xuân Phúc Nhật Quang",
    "Nữ": "Thị Ngọc Bảo Thanh Minh Phương Khánh Thùy Kim Quỳnh Hồng Mỹ Thảo Hoàng Diễm Tuyết Yến Ánh Mai Như",
}
GIVENS = {
    "Nam": "Huy Khang Bảo Minh Phúc Anh Khoa Phát Đạt Khôi Long Nam Duy Quân Kiệt Thịnh Tuấn Hưng Hoàng Hiếu "
    "Nhân Trí Tài Phong Nguyên An Phú Thành Đức Dũng Lộc Khánh Vinh Tiến Nghĩa Thiện Hào Hải Đăng Quang Lâm "
    "Nhật Trung Tùng Cường Hòa Quý Sơn Bình Thái",
    "Nữ": "Anh Vy Ngọc Nhi Hân Thư Linh Như Ngân Phương Thảo My Trân Quỳnh Nghi Trang Trâm An Thy Châu Trúc "
    "Uyên Yến Ý Tiên Mai Hà Vân Nguyên Hương Quyên Duyên Kim Trinh Thanh Tuyền Hằng Dương Chi Giang Lan Thúy "
    "Hòa Quý Diệp Tú Nga Khánh Oanh Loan",
}
ELDERS = "Hùng Dũng Hải Tuấn Thắng Cường Sơn Lan Hoa Hương Hạnh Thủy Liên Nga Hồng Mai Loan Phượng Bích Dung"


@dataclass(frozen=True)
class Child:
    name: str
    birth: str
    sex: str
    commune: int
    father: str
    mother: str


class People:
    """Draws people; the same seed, the same people."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self._families, self._weights = list(FAMILIES), list(FAMILIES.values())

    def _family(self) -> str:
        return self.dice.choices(self._families, self._weights)[0]

    def _pick(self, words: str) -> str:
        """Names in front are more common."""
        listed = words.split()
        return listed[min(int(self.dice.expovariate(3.0) * len(listed)), len(listed) - 1)]

    def name(self, sex: str, family: str = "") -> str:
        middles = [self._pick(MIDDLES[sex]) for _ in range(self.dice.choices((1, 2), (45, 55))[0])]
        return " ".join((family or self._family(), *dict.fromkeys(middles), self._pick(GIVENS[sex])))

    def elder(self, sex: str, family: str = "") -> str:
        middle = "Thị" if sex == "Nữ" else self._pick(MIDDLES["Nam"])
        return f"{family or self._family()} {middle} {self._pick(ELDERS)}"

    def child(self) -> Child:
        sex, family = self.dice.choice(("Nam", "Nữ")), self._family()
        born = date(2008, 1, 1) + timedelta(days=self.dice.randrange(12 * 365))
        father = "" if self.dice.random() < 0.05 else self.elder("Nam", family)
        mother = "" if self.dice.random() < 0.03 else self.elder("Nữ")
        commune = self.dice.randrange(3321)
        return Child(self.name(sex, family), born.isoformat(), sex, commune, father, mother)

    def spoiled(self, child: Child) -> tuple[Child, str]:
        """A second file of the same child, and what was done to it."""
        kind = self.dice.choice(list(SPOIL))
        return SPOIL[kind](self, child), kind


def _with(child: Child, **values: object) -> Child:
    return Child(**(vars(child) | values))


def _unmarked(text: str) -> str:
    letters = " ".join(split_syllable(word)[0] for word in text.split())
    return letters.translate(str.maketrans("ăâđêôơưĂÂĐÊÔƠƯ", "aadeoouAADEOOU"))


def _swapped(_: People, child: Child) -> Child:
    year, month, day = child.birth.split("-")
    return _with(child, birth=f"{year}-{day}-{month}") if int(day) <= 12 else _digit(_, child)


def _digit(people: People, child: Child) -> Child:
    day = int(child.birth[8:])
    return _with(child, birth=f"{child.birth[:8]}{(day + 10 if day <= 18 else day - 10):02d}")


def _typo(people: People, child: Child) -> Child:
    words = child.name.split()
    at = people.dice.randrange(1, len(words))
    words[at] += people.dice.choice("nhg")
    return _with(child, name=" ".join(words))


def _shorter(_: People, child: Child) -> Child:
    words = child.name.split()
    return _with(child, name=" ".join((words[0], *words[2:]) if len(words) > 3 else words))


SPOIL: dict[str, Callable[[People, Child], Child]] = {
    "the same": lambda _, c: c,
    "no marks": lambda _, c: _with(c, name=_unmarked(c.name)),
    "capitals": lambda _, c: _with(c, name=c.name.upper()),
    "day and month": _swapped,
    "a digit of the date": _digit,
    "month only": lambda _, c: _with(c, birth=c.birth[:7]),
    "year only": lambda _, c: _with(c, birth=c.birth[:4]),
    "a letter of the name": _typo,
    "no middle name": _shorter,
    "moved": lambda p, c: _with(c, commune=p.dice.randrange(3321)),
    "moved, no parents": lambda p, c: _with(c, commune=p.dice.randrange(3321), father="", mother=""),
    "no marks, digit": lambda p, c: _digit(p, _with(c, name=_unmarked(c.name))),
}


def population(count: int, seed: int = 1) -> Iterator[tuple[Child, int, str]]:
    """Children, one in a hundred of whom has a second file: (child, place of the first file or -1, what)."""
    people = People(seed)
    made = 0
    while made < count:
        child = people.child()
        yield child, -1, ""
        made += 1
        if made < count and people.dice.random() < 0.01:
            other, kind = people.spoiled(child)
            yield other, made - 1, kind
            made += 1


def _profile(ref: int, child: Child) -> Profile:
    return profile(
        ref,
        child.name,
        child.birth,
        child.sex,
        province_code=f"{child.commune % 34:02d}",
        commune_code=f"{child.commune:05d}",
        father=child.father,
        mother=child.mother,
    )


def run(count: int) -> dict[str, object]:
    """One measured search through ``count`` files."""
    files: list[Profile] = []
    planted: dict[tuple[int, int], str] = {}
    for ref, (child, first, kind) in enumerate(population(count)):
        files.append(_profile(ref, child))
        if first >= 0:
            planted[first, ref] = kind
    started = time.perf_counter()
    told = Pairing()
    found: dict[tuple[int, int], str] = {}
    for i, j in candidate_pairs(map(keys_of, files), told):
        if not hopeless(files[i], files[j]):
            result = likeness(files[i], files[j])
            if result.score >= LIKELY:
                found[i, j] = result.kind
    seconds = time.perf_counter() - started
    hits = planted.keys() & found.keys()
    exact = [pair for pair, kind in found.items() if kind == "exact"]
    missed = Counter(planted[pair] for pair in planted.keys() - hits)
    return {
        "files": count,
        "seconds": round(seconds, 1),
        "files_a_second": round(count / seconds),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "pairs_compared": told.pairs,
        "pairs_of_all": count * (count - 1) // 2,
        "skipped_files": told.skipped_files,
        "planted": len(planted),
        "found": len(found),
        "recall": round(len(hits) / max(1, len(planted)), 4),
        "precision": round(len(hits) / max(1, len(found)), 4),
        "exact": len(exact),
        "exact_precision": round(sum(p in planted for p in exact) / max(1, len(exact)), 4),
        "missed": dict(missed.most_common()),
    }


def naive(count: int) -> dict[str, object]:
    """Every pair of a sample: what blocking leaves out, and how long all pairs of many would take."""
    files = [_profile(ref, child) for ref, (child, _f, _k) in enumerate(population(count))]
    started = time.perf_counter()
    everything = {
        (i, j)
        for i in range(count)
        for j in range(i + 1, count)
        if not hopeless(files[i], files[j]) and likeness(files[i], files[j]).score >= LIKELY
    }
    seconds = time.perf_counter() - started
    blocked = {
        (i, j)
        for i, j in candidate_pairs(map(keys_of, files))
        if likeness(files[i], files[j]).score >= LIKELY
    }
    pairs = count * (count - 1) // 2
    return {
        "files": count,
        "seconds": round(seconds, 1),
        "found": len(everything),
        "left_out_by_blocking": len(everything - blocked),
        "all_pairs_of_100000_would_take_hours": round(seconds / pairs * 100_000**2 / 2 / 3600, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pupils", type=int, default=100_000)
    parser.add_argument(
        "--sample", type=int, default=2000, help="files of which every pair is compared; 0: none"
    )
    options = parser.parse_args()
    result = {"blocking": run(options.pupils)}
    if options.sample:
        result["all pairs"] = naive(options.sample)
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
