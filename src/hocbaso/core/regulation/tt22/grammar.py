"""How marks and ratings are written, and what of it is accepted (experience 6.2 point 4)."""

from __future__ import annotations

from decimal import Decimal

from hocbaso.core.errors import register, sentence
from hocbaso.core.regulation.secondary_model import Form
from hocbaso.core.regulation.tt22.model import (
    ABSENT,
    EXEMPT,
    NOT_PASSED,
    PASSED,
    Rating,
    mark_text,
    show_mark,
)
from hocbaso.core.vietnamese.decimals import read_decimal
from hocbaso.core.vietnamese.letters import LOOKALIKES, collapse, nfc
from hocbaso.core.vietnamese.reading import Reading, asked, empty, exact, refused

register(
    {
        "mark.score": (
            "“{written}” không phải là điểm. Ghi số từ 0 đến 10, nhiều nhất một chữ số thập phân "
            "(8 hoặc 7,5); V là vắng, M là miễn.",
            "{written!r} is not a score.",
        ),
        "mark.range": (
            "“{written}” nằm ngoài khoảng điểm từ 0 đến 10. Nếu thầy cô muốn ghi {shown} thì gõ cả dấu phẩy.",
            "{written!r} is not within 0 to 10.",
        ),
        "mark.out_of_range": (
            "“{written}” nằm ngoài khoảng điểm từ 0 đến 10.",
            "{written!r} is not within 0 to 10.",
        ),
        "mark.places": (
            "“{written}” có quá một chữ số thập phân. Phần mềm không tự làm tròn; "
            "thầy cô ghi điểm đã làm tròn, ví dụ 7,6.",
            "{written!r} has more than one decimal; nothing is rounded on entry.",
        ),
        "mark.quick": (
            "Gõ nhanh {written} được ghi là {shown}.",
            "Quick entry {written} means {shown}.",
        ),
        "mark.letter_in_scored": (
            "Môn này cho điểm từ 0 đến 10; không ghi mức “{written}”.",
            "The subject takes scores, not {written!r}.",
        ),
        "mark.number_in_comment": (
            "Môn này chỉ đánh giá bằng nhận xét: Đ (Đạt) hoặc CĐ (Chưa đạt); không ghi điểm “{written}”.",
            "The subject takes Đ or CĐ, not a number.",
        ),
        "mark.comment": (
            "“{written}” không phải là mức đánh giá. Chỉ ghi Đ (Đạt), CĐ (Chưa đạt), V (vắng) hoặc M (miễn).",
            "{written!r} is not Đ or CĐ.",
        ),
        "mark.near": (
            "Ô ghi “{written}”. Nếu là {shown} thì thầy cô xác nhận.",
            "{written!r} may mean {shown}.",
        ),
        "rating.unknown": (
            "“{written}” không phải là mức đánh giá. Chỉ có Tốt, Khá, Đạt hoặc Chưa đạt.",
            "{written!r} is not a rating.",
        ),
    }
)

_FLAGS = {"v": ABSENT, "vắng": ABSENT, "m": EXEMPT, "miễn": EXEMPT}
_COMMENTS = {"đ": PASSED, "đạt": PASSED, "cđ": NOT_PASSED, "chưa đạt": NOT_PASSED}
#: Typed without the Vietnamese keyboard.
_PLAIN_COMMENTS = {"d": PASSED, "cd": NOT_PASSED}
_RATINGS = {text.casefold(): one for one in Rating for text in (one.value, one.abbreviation)}
_PLAIN_RATINGS = {"d": Rating.PASS, "cd": Rating.FAIL}


def _text(raw: object) -> str:
    if isinstance(raw, float):  # as a spreadsheet shows it: 75, 10,1
        return str(int(raw)) if raw.is_integer() else str(raw).replace(".", ",")
    text = "".join(LOOKALIKES.get(char, char) for char in nfc(raw)) if isinstance(raw, str) else str(raw)
    return collapse(text)


def read_mark(raw: object, form: Form, *, quick: bool = False) -> Reading[str]:
    """Read one cell of a mark book into canonical text.

    :param raw: what was typed, or a workbook cell (text, int, float, Decimal).
    :param quick: keyboard entry: ``75`` is 7.5 (a score of two digits, 10 stays 10) and ``d`` is Đ; the
        reading is exact and its ``message`` says what was understood.
    :returns: exact; asked for float noise (8.600000000000001) and letters typed without marks; refused
        with ``mark.*`` otherwise. Nothing is ever rounded in silence.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return empty()
    written = _text(raw)
    flag = _FLAGS.get(written.casefold()) if isinstance(raw, str) else None
    if flag is not None:
        return exact(flag)
    return _score(raw, written, quick) if form is Form.SCORED else _comment(written, quick)


def _score(raw: object, written: str, quick: bool) -> Reading[str]:
    key = written.casefold()
    if key in _COMMENTS or key in _PLAIN_COMMENTS:
        return refused("mark.letter_in_scored", written=written)
    if quick and isinstance(raw, str) and _two_digits(written):
        return _noted(mark_text(Decimal(f"{written[0]}.{written[1]}")), written)
    reading = read_decimal(raw)
    if reading.value is not None:
        text = mark_text(reading.value)
        if reading.exact:
            return exact(text)
        return Reading(text, False, reading.code, reading.message)
    if reading.code == "decimal.places":
        return refused("mark.places", written=written.replace(".", ","))
    if reading.code == "decimal.range":
        if _two_digits(written):
            return refused("mark.range", written=written, shown=f"{written[0]},{written[1]}")
        return refused("mark.out_of_range", written=written)
    if written[:1] == "-" and written[1:].replace(",", "").replace(".", "").isdecimal():
        return refused("mark.out_of_range", written=written)
    return refused("mark.score", written=written)


def _two_digits(written: str) -> bool:
    return len(written) == 2 and written.isascii() and written.isdigit() and written != "10"


def _comment(written: str, quick: bool) -> Reading[str]:
    key = written.casefold()
    if key in _COMMENTS:
        return exact(_COMMENTS[key])
    plain = _PLAIN_COMMENTS.get(key)
    if plain is not None:
        return _noted(plain, written) if quick else asked(plain, "mark.near", written=written, shown=plain)
    if written.replace(",", "").replace(".", "").isdecimal():
        return refused("mark.number_in_comment", written=written)
    return refused("mark.comment", written=written)


def _noted(text: str, written: str) -> Reading[str]:
    return Reading(text, True, "mark.quick", sentence("mark.quick", written=written, shown=show_mark(text)))


def read_rating(raw: object) -> Reading[Rating]:
    """``Tốt``, ``T``, ``khá``, ``CĐ`` … in any case; ``D`` and ``CD`` are asked, anything else refused."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return empty()
    written = _text(raw)
    key = written.casefold()
    if key in _RATINGS:
        return exact(_RATINGS[key])
    if key in _PLAIN_RATINGS:
        near = _PLAIN_RATINGS[key]
        return asked(near, "mark.near", written=written, shown=near.value)
    return refused("rating.unknown", written=written)
