"""Kết quả rèn luyện: semester and year (Điều 8 khoản 2), training in summer (Điều 13)."""

from __future__ import annotations

from hocbaso.core.regulation.tt22.model import DEFAULT_SETTING, Decision, Rating, Setting

TERM_WHERE = "Điều 8 khoản 2 điểm a"
YEAR_WHERE = "Điều 8 khoản 2 điểm b"
SUMMER_WHERE = "Điều 13"

_G, _F, _P, _N = Rating.GOOD, Rating.FAIR, Rating.PASS, Rating.FAIL
#: Year by semester II (row) and semester I (column), each in the order Tốt, Khá, Đạt, Chưa đạt.
_YEAR = {
    _G: (_G, _G, _F, _F),
    _F: (_F, _F, _F, _P),
    _P: (_F, _P, _P, _P),
    _N: (_N, _N, _N, _N),
}


def conduct_term(rating: Rating | None, term: str, setting: Setting = DEFAULT_SETTING) -> Decision | None:
    """The homeroom teacher's rating of a semester, with its clause."""
    if rating is None:
        return None
    text = f"{rating.value}, do giáo viên chủ nhiệm đánh giá {term} {setting.cite(TERM_WHERE)}."
    return Decision(rating.value, setting.clause(TERM_WHERE), text, rating)


def conduct_year(
    hk1: Rating | None, hk2: Rating | None, setting: Setting = DEFAULT_SETTING
) -> Decision | None:
    """Conduct of the year from both semesters (Điều 8 khoản 2 điểm b); ``None`` while one is missing."""
    if hk1 is None or hk2 is None:
        return None
    rating = _YEAR[hk2][3 - hk1.rank]
    text = (
        f"{rating.value}, vì kết quả rèn luyện học kỳ I là {hk1.value}, học kỳ II là {hk2.value} "
        f"{setting.cite(YEAR_WHERE)}."
    )
    return Decision(rating.value, setting.clause(YEAR_WHERE), text, rating)


def conduct_after_summer(rating: Rating, setting: Setting = DEFAULT_SETTING) -> Decision:
    """The new rating after training in summer, decided by the principal (Điều 13)."""
    text = f"{rating.value}, đánh giá lại sau khi rèn luyện trong kỳ nghỉ hè {setting.cite(SUMMER_WHERE)}."
    return Decision(rating.value, setting.clause(SUMMER_WHERE), text, rating)
