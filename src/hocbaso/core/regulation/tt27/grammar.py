"""How levels, test scores and year-end marks are written, and what of it is accepted."""

from __future__ import annotations

from typing import TypeVar

from hocbaso.core.errors import register
from hocbaso.core.regulation.tt27.model import DEFAULT_SETTING, Overall, Setting, SubjectLevel, TraitLevel
from hocbaso.core.vietnamese.decimals import read_integer
from hocbaso.core.vietnamese.letters import LOOKALIKES, collapse, nfc
from hocbaso.core.vietnamese.reading import Reading, asked, empty, exact, refused

register(
    {
        "tt27.level_near": (
            "Ô ghi “{written}”. Nếu là mức {proposal} ({label}) thì thầy cô xác nhận.",
            "{written!r} may mean level {proposal}.",
        ),
        "tt27.overall_unknown": (
            "“{written}” không phải là kết quả xếp loại. Chỉ có HTXS, HTT, HT hoặc CHT.",
            "{written!r} is not an overall level.",
        ),
        "tt27.flag": (
            "Ô đánh dấu chỉ ghi x hoặc để trống; không đọc được “{written}”.",
            "A mark is x or blank, not {written!r}.",
        ),
    }
)

L = TypeVar("L", SubjectLevel, TraitLevel)


def _text(raw: object) -> str:
    return "" if raw is None else collapse(nfc(str(raw)))


def _read_level(kind: type[L], raw: object, error: str) -> Reading[L]:
    written = _text(raw)
    if not written:
        return empty()
    for level in kind:
        if written in (level.value, level.label):
            return exact(level)
    near = "".join(LOOKALIKES.get(char, char) for char in written).upper()
    if kind is TraitLevel and near == "D":
        near = "Đ"
    for level in kind:
        if near in (level.value, level.label.upper()):
            return asked(level, "tt27.level_near", written=written, proposal=level.value, label=level.label)
    return refused(error, written=written)


def read_subject_level(raw: object) -> Reading[SubjectLevel]:
    """``T``, ``H``, ``C`` or the words; another case is asked, anything else refused."""
    return _read_level(SubjectLevel, raw, "tt27.subject_level")


def read_trait_level(raw: object) -> Reading[TraitLevel]:
    """``T``, ``Đ``, ``C`` or the words; ``D`` and another case are asked, anything else refused."""
    return _read_level(TraitLevel, raw, "tt27.trait_level")


def read_test_score(raw: object, *, setting: Setting = DEFAULT_SETTING) -> Reading[int]:
    """A periodic test's score: whole numbers 1 to 10, 0 by setting (Điều 7 khoản 1: no decimals)."""
    return read_integer(raw, low=setting.lowest_score, high=10)


def read_overall(raw: object) -> Reading[Overall]:
    """``HTXS``, ``HTT``, ``HT``, ``CHT`` or the circular's words, in any case."""
    written = _text(raw)
    if not written:
        return empty()
    for overall in Overall:
        if written.casefold() in (overall.abbreviation.casefold(), overall.value.casefold()):
            return exact(overall)
    return refused("tt27.overall_unknown", written=written)


def read_flag(raw: object) -> Reading[bool]:
    """``x`` or ``X`` is yes, blank is no, anything else is refused."""
    written = _text(raw)
    if written.lower() in ("", "x"):
        return exact(bool(written))
    return refused("tt27.flag", written=written)
