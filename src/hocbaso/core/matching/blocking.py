"""Which files are worth comparing: those that share a key. A million files without half a billion pairs.

Each file has up to four keys; two files of one person share at least one unless name and date are both badly
wrong:

1. name without marks + year of birth: any mistake in day, month, marks;
2. day of birth (day and month in either order) + given name: mistakes in family or middle names;
3. day of birth + initials: a slip inside the given name;
4. day of birth + mother's name: a name that was changed.

Memory: eight bytes a key and file, plus one sorted pass a kind of key.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from hocbaso.core.matching.likeness import Profile
from hocbaso.core.matching.names import words

KINDS = 4
#: A block that is longer says too little (a column filled with one value): it is told, not compared.
LONGEST_BLOCK = 400
_NONE = 0


def keys_of(file: Profile) -> tuple[int, int, int, int]:
    """The keys of one file as 64-bit numbers; 0 where it has none of the kind."""
    parts = words(file.name)
    if not parts or len(file.birth_date) < 4:
        return (_NONE, _NONE, _NONE, _NONE)
    year = file.birth_date[:4]
    by_name = _key("n", file.skeleton, year)
    if len(file.birth_date) < 10:
        return (by_name, _NONE, _NONE, _NONE)
    month, day = file.birth_date[5:7], file.birth_date[8:10]
    born = year + (month + day if month <= day else day + month)
    initials = "".join(word[0] for word in parts)
    by_mother = _key("m", "".join(words(file.mother)), born) if file.mother else _NONE
    return (by_name, _key("g", parts[-1], born), _key("i", initials, born), by_mother)


def _key(kind: str, text: str, rest: str) -> int:
    """64 bits that two different texts hardly share (and if so, only compare in vain)."""
    whole = f"{kind}{text}|{rest}".encode()
    return (crc32(whole) << 32 | crc32(whole[::-1])) or 1


@dataclass(slots=True)
class Pairing:
    """What blocking did, for the report."""

    files: int = 0
    pairs: int = 0
    skipped_blocks: int = 0
    skipped_files: int = 0


def candidate_pairs(
    keys: Sequence[tuple[int, ...]] | Iterable[tuple[int, ...]],
    told: Pairing | None = None,
    *,
    longest: int = LONGEST_BLOCK,
) -> Iterator[tuple[int, int]]:
    """Places ``(i, j)``, ``i < j``, of files that share a key; each pair once.

    :param keys: of :func:`keys_of`, in the caller's order of files.
    :param told: counts are written into it.
    """
    told = told if told is not None else Pairing()
    columns = [array("Q") for _ in range(KINDS)]
    for row in keys:
        told.files += 1
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    for kind, column in enumerate(columns):
        earlier = columns[:kind]
        for block in _blocks(column):
            if len(block) > longest:
                told.skipped_blocks += 1
                told.skipped_files += len(block)
                continue
            for n, i in enumerate(block):
                for j in block[n + 1 :]:
                    if not any(one[i] and one[i] == one[j] for one in earlier):
                        told.pairs += 1
                        yield i, j


def _blocks(column: array[int]) -> Iterator[list[int]]:
    """Places that share a key, in rising order; single ones are left out."""
    order = sorted(range(len(column)), key=column.__getitem__)
    start, size = 0, len(order)
    while start < size:
        value = column[order[start]]
        end = start + 1
        while end < size and column[order[end]] == value:
            end += 1
        if value != _NONE and end - start > 1:
            yield order[start:end]
        start = end
