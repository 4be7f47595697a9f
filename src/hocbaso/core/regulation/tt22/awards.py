"""Year-end titles: Điều 15 khoản 1 điểm a."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hocbaso.core.regulation.tt22.model import Decision, Rating, Setting, SubjectOutcome

EXCELLENT_TITLE = "Học sinh Xuất sắc"
GOOD_TITLE = "Học sinh Giỏi"
WHERE = "Điều 15 khoản 1 điểm a"
_NINE = Decimal("9.0")


def title(
    outcomes: Sequence[SubjectOutcome], study: Decision | None, conduct: Decision | None, setting: Setting
) -> Decision | None:
    """``Học sinh Xuất sắc``, ``Học sinh Giỏi`` (``Học viên …`` in continuing education) or none.

    Both need study and conduct of the year at Tốt; the first also six scored subjects of 9.0 or more.
    """
    if study is None or conduct is None:
        return None
    if study.rating is not Rating.GOOD or conduct.rating is not Rating.GOOD:
        return None
    excellent = sum(
        1 for one in outcomes if one.subject.scored and isinstance(one.year, Decimal) and one.year >= _NINE
    )
    top = excellent >= setting.min_scored
    value = EXCELLENT_TITLE if top else GOOD_TITLE
    if setting.continuing:
        value = value.replace("Học sinh", "Học viên")
    counted = (
        f"có {excellent} môn có ĐTBmcn từ 9,0 trở lên (cần {setting.min_scored})"
        if top
        else f"có {excellent} môn có ĐTBmcn từ 9,0 trở lên (danh hiệu Xuất sắc cần {setting.min_scored})"
    )
    text = (
        f"{value}, vì kết quả rèn luyện và kết quả học tập cả năm đều là Tốt, {counted} "
        f"{setting.cite(WHERE)}."
    )
    return Decision(value, setting.clause(WHERE), text)
