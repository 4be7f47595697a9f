"""Results of former circulars as they stand on paper: read and shown, never assessed anew (domain sheet A16).

Sources: Thông tư 58/2011/TT-BGDĐT with 26/2020 (secondary: hạnh kiểm Điều 4, học lực Điều 5 and 13, lên lớp
Điều 15), Thông tư 30/2014/TT-BGDĐT with 22/2016 (primary: Điều 6, 9, 10 and 14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from hocbaso.core.errors import register
from hocbaso.core.vietnamese.decimals import read_decimal
from hocbaso.core.vietnamese.letters import LOOKALIKES, collapse, nfc
from hocbaso.core.vietnamese.reading import Reading, asked, empty, exact, refused

register(
    {
        "legacy.value": (
            "“{written}” không phải là {kind}. Chỉ có: {allowed}.",
            "{written!r} is not one of {allowed}.",
        ),
        "legacy.near": (
            "Ô ghi “{written}”. Nếu là {shown} thì thầy cô xác nhận.",
            "{written!r} may mean {shown}.",
        ),
    }
)

E = TypeVar("E", bound=StrEnum)


class Ability58(StrEnum):
    """Học lực (TT 58/2011 Điều 5)."""

    EXCELLENT = "Giỏi"
    FAIR = "Khá"
    AVERAGE = "Trung bình"
    WEAK = "Yếu"
    POOR = "Kém"

    @property
    def rank(self) -> int:
        """4 best, 0 lowest."""
        return ("POOR", "WEAK", "AVERAGE", "FAIR", "EXCELLENT").index(self.name)


class Conduct58(StrEnum):
    """Hạnh kiểm (TT 58/2011 Điều 3)."""

    GOOD = "Tốt"
    FAIR = "Khá"
    AVERAGE = "Trung bình"
    WEAK = "Yếu"

    @property
    def rank(self) -> int:
        """3 best, 0 lowest."""
        return ("WEAK", "AVERAGE", "FAIR", "GOOD").index(self.name)


class Title58(StrEnum):
    """Danh hiệu cuối năm (TT 58/2011 Điều 18)."""

    EXCELLENT = "Học sinh giỏi"
    ADVANCED = "Học sinh tiên tiến"


class SubjectLevel30(StrEnum):
    """Mức của môn học (TT 22/2016 Điều 1 khoản 2; before 2016 only the last two)."""

    GOOD = "Hoàn thành tốt"
    COMPLETED = "Hoàn thành"
    NOT_COMPLETED = "Chưa hoàn thành"


class TraitLevel30(StrEnum):
    """Mức của năng lực, phẩm chất (TT 22/2016; before 2016 Đạt and Chưa đạt)."""

    GOOD = "Tốt"
    PASS = "Đạt"  # noqa: S105 - the word of the circular
    EFFORT = "Cần cố gắng"
    FAIL = "Chưa đạt"


class Completion30(StrEnum):
    """Hoàn thành chương trình lớp học (TT 30/2014 Điều 14)."""

    COMPLETED = "Hoàn thành"
    NOT_COMPLETED = "Chưa hoàn thành"


_SHORT: Mapping[type[StrEnum], Mapping[str, StrEnum]] = {
    Ability58: {
        "g": Ability58.EXCELLENT,
        "k": Ability58.FAIR,
        "tb": Ability58.AVERAGE,
        "tr.bình": Ability58.AVERAGE,
        "y": Ability58.WEAK,
        "kém": Ability58.POOR,
    },
    Conduct58: {
        "t": Conduct58.GOOD,
        "k": Conduct58.FAIR,
        "tb": Conduct58.AVERAGE,
        "tr.bình": Conduct58.AVERAGE,
        "y": Conduct58.WEAK,
    },
    Title58: {
        "hsg": Title58.EXCELLENT,
        "giỏi": Title58.EXCELLENT,
        "hstt": Title58.ADVANCED,
        "tiên tiến": Title58.ADVANCED,
    },
    SubjectLevel30: {
        "t": SubjectLevel30.GOOD,
        "htt": SubjectLevel30.GOOD,
        "h": SubjectLevel30.COMPLETED,
        "ht": SubjectLevel30.COMPLETED,
        "c": SubjectLevel30.NOT_COMPLETED,
        "cht": SubjectLevel30.NOT_COMPLETED,
    },
    TraitLevel30: {
        "t": TraitLevel30.GOOD,
        "đ": TraitLevel30.PASS,
        "c": TraitLevel30.EFFORT,
        "ccg": TraitLevel30.EFFORT,
        "cđ": TraitLevel30.FAIL,
    },
    Completion30: {"ht": Completion30.COMPLETED, "cht": Completion30.NOT_COMPLETED},
}


def _read(kind: type[E], what: str, raw: object) -> Reading[E]:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return empty()
    written = "".join(LOOKALIKES.get(char, char) for char in nfc(collapse(str(raw))))
    key = written.casefold()
    for value in kind:
        if key == value.value.casefold():
            return exact(value)
    short = _SHORT[kind].get(key)
    if isinstance(short, kind):
        return exact(short)
    if key == "d" and kind is TraitLevel30:
        near = kind("Đạt")
        return asked(near, "legacy.near", written=written, shown=near.value)
    allowed = ", ".join(value.value for value in kind)
    return refused("legacy.value", written=written, kind=what, allowed=allowed)


def read_ability58(raw: object) -> Reading[Ability58]:
    """``Giỏi`` … ``Kém`` or ``G``, ``K``, ``TB``, ``Y``; ``Kém`` is always written out."""
    return _read(Ability58, "xếp loại học lực", raw)


def read_conduct58(raw: object) -> Reading[Conduct58]:
    """``Tốt`` … ``Yếu`` or ``T``, ``K``, ``TB``, ``Y``."""
    return _read(Conduct58, "xếp loại hạnh kiểm", raw)


def read_title58(raw: object) -> Reading[Title58]:
    """``Học sinh giỏi``, ``Học sinh tiên tiến`` or ``HSG``, ``HSTT``."""
    return _read(Title58, "danh hiệu", raw)


def read_average58(raw: object) -> Reading[Decimal]:
    """ĐTBcn or ĐTBmcn: 0 to 10 with one decimal (TT 58/2011 Điều 10, 11)."""
    return read_decimal(raw)


def read_subject_level30(raw: object) -> Reading[SubjectLevel30]:
    """``Hoàn thành tốt`` … or ``T``, ``H``, ``C``, ``HTT``, ``HT``, ``CHT``."""
    return _read(SubjectLevel30, "mức đạt được của môn học", raw)


def read_trait_level30(raw: object) -> Reading[TraitLevel30]:
    """``Tốt``, ``Đạt``, ``Cần cố gắng`` (from 2016), ``Chưa đạt`` (before) or their letters."""
    return _read(TraitLevel30, "mức năng lực, phẩm chất", raw)


def read_completion30(raw: object) -> Reading[Completion30]:
    """``Hoàn thành`` or ``Chưa hoàn thành`` (or ``HT``, ``CHT``)."""
    return _read(Completion30, "kết quả hoàn thành chương trình lớp học", raw)


@dataclass(frozen=True, slots=True)
class LegacyYear58:
    """The year-end line of a secondary transcript of TT 58/2011."""

    ability: Ability58 | None
    conduct: Conduct58 | None
    average: Decimal | None = None  # ĐTBcn
    title: Title58 | None = None
    promoted: bool | None = None

    @property
    def shown(self) -> str:
        """One line for lists: ``Học lực Khá, hạnh kiểm Tốt, ĐTBcn 7,2, Học sinh tiên tiến``."""
        parts = [
            f"Học lực {self.ability.value}" if self.ability else "",
            f"hạnh kiểm {self.conduct.value}" if self.conduct else "",
            f"ĐTBcn {self.average:f}".replace(".", ",") if self.average is not None else "",
            self.title.value if self.title else "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class LegacyYear30:
    """The year-end line of a primary transcript of TT 30/2014."""

    completion: Completion30 | None
    promoted: bool | None = None
    awards: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """One line for lists."""
        done = f"{self.completion.value} chương trình lớp học" if self.completion else ""
        return ", ".join(part for part in (done, *self.awards) if part)
