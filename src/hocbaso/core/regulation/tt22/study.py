"""Kết quả học tập of a semester or year: table of Điều 9 khoản 2 and adjustment of khoản 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.secondary_model import SecondarySubject, Term
from hocbaso.core.regulation.tt22.model import (
    DEFAULT_SETTING,
    EXEMPT,
    PASSED,
    Decision,
    Rating,
    Setting,
    mark_text,
    mark_value,
    show_mark,
)

TABLE_WHERE = "Điều 9 khoản 2"
ADJUST_WHERE = "Điều 9 khoản 3"
YEAR = "cn"

register(
    {
        "tt22.missing_result": (
            "{name}: chưa có kết quả nên chưa xét được kết quả học tập.",
            "{name} has no result.",
        ),
        "tt22.nothing_assessed": (
            "Học sinh được miễn mọi môn học nên không có căn cứ để xét kết quả học tập.",
            "The pupil is exempt from every subject.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class _Rung:
    """One of the three levels that must be earned; who reaches none is Chưa đạt."""

    rating: Rating
    point: str
    comments_failed: int  # at most
    lowest: Decimal  # every scored subject at least
    counted: Decimal  # so many scored subjects at least


_RUNGS = (
    _Rung(Rating.GOOD, "điểm a", 0, Decimal("6.5"), Decimal("8.0")),
    _Rung(Rating.FAIR, "điểm b", 0, Decimal("5.0"), Decimal("6.5")),
    _Rung(Rating.PASS, "điểm c", 1, Decimal("3.5"), Decimal("5.0")),
)


@dataclass(frozen=True, slots=True)
class _Results:
    scores: tuple[tuple[SecondarySubject, Decimal], ...]
    comments: tuple[tuple[SecondarySubject, bool], ...]

    def without(self, code: str) -> _Results:
        return _Results(
            tuple(pair for pair in self.scores if pair[0].code != code),
            tuple(pair for pair in self.comments if pair[0].code != code),
        )

    def raised(self, code: str) -> _Results:
        return _Results(
            tuple((one, Decimal(10) if one.code == code else value) for one, value in self.scores),
            tuple((one, True if one.code == code else passed) for one, passed in self.comments),
        )

    def meets(self, rung: _Rung, needed: int) -> bool:
        return (
            sum(1 for _, passed in self.comments if not passed) <= rung.comments_failed
            and all(value >= rung.lowest for _, value in self.scores)
            and sum(1 for _, value in self.scores if value >= rung.counted) >= needed
        )

    def level(self, needed: int) -> Rating:
        return next((rung.rating for rung in _RUNGS if self.meets(rung, needed)), Rating.FAIL)


def study_rating(
    results: Sequence[tuple[SecondarySubject, str]],
    setting: Setting = DEFAULT_SETTING,
    where: Term | str = YEAR,
) -> Decision:
    """Study result from the subjects' semester or year results.

    :param results: subject and canonical text; exempt ones (``M``) are left out.
    :param where: a semester, or ``"cn"`` for the year (names the average in the explanation).
    :raises DomainError: ``tt22.missing_result`` for a blank, ``tt22.nothing_assessed``.
    """
    data = _results(results)
    base = data.level(setting.min_scored)
    spoiler = _spoiler(data, base, setting)
    average = "ĐTBmcn" if where == YEAR else "ĐTBmhk"
    reason = _reason(data, base, setting.min_scored, average)
    if spoiler is None:
        where_said = f"{TABLE_WHERE} {_point(base)}"
        text = f"{base.value}, {reason} {setting.cite(where_said)}."
        return Decision(base.value, setting.clause(where_said), text, base)
    subject, without = spoiler
    final = base.raised()
    told = (
        "nếu không tính" if setting.adjust_reading == "left_out" else "nếu không bị thấp ở"
    ) + f" {subject.name} ({_shown(data, subject.code)})"
    text = (
        f"{final.value}: theo {TABLE_WHERE} thì ở mức {base.value}, {reason}; {told} thì đạt mức "
        f"{without.value}, tức là bị thấp xuống {without.rank - base.rank} mức chỉ do duy nhất một môn học, "
        f"nên được điều chỉnh lên mức liền kề là {final.value} {setting.cite(ADJUST_WHERE)}."
    )
    return Decision(final.value, setting.clause(ADJUST_WHERE), text, base, subject.code)


def _results(results: Sequence[tuple[SecondarySubject, str]]) -> _Results:
    scores: list[tuple[SecondarySubject, Decimal]] = []
    comments: list[tuple[SecondarySubject, bool]] = []
    for subject, text in results:
        if text == EXEMPT:
            continue
        value = mark_value(text)
        if not text or (value is None) is subject.scored:
            raise DomainError("tt22.missing_result", name=subject.name)
        if value is None:
            comments.append((subject, text == PASSED))
        else:
            scores.append((subject, value))
    if not scores and not comments:
        raise DomainError("tt22.nothing_assessed")
    return _Results(tuple(scores), tuple(comments))


def _spoiler(data: _Results, base: Rating, setting: Setting) -> tuple[SecondarySubject, Rating] | None:
    """The one subject because of which the level is two or more steps too low (Điều 9 khoản 3, A1)."""
    tried = [subject for subject, _ in data.scores]
    if setting.adjust_includes_comment:
        tried += [subject for subject, _ in data.comments]
    found = []
    for subject in tried:
        other = (
            data.without(subject.code) if setting.adjust_reading == "left_out" else data.raised(subject.code)
        )
        level = other.level(setting.min_scored)
        if level in (Rating.GOOD, Rating.FAIR) and level.rank >= base.rank + 2:
            found.append((subject, level))
    return found[0] if len(found) == 1 else None


def _point(rating: Rating) -> str:
    return next((rung.point for rung in _RUNGS if rung.rating is rating), "điểm d")


def _reason(data: _Results, rating: Rating, needed: int, average: str) -> str:
    """Why this level, and what stands in the way of the next one."""
    above = next((rung for rung in reversed(_RUNGS) if rung.rating.rank == rating.rank + 1), None)
    obstacle = "; ".join(_obstacles(data, above, needed)) if above else ""
    rung = next((rung for rung in _RUNGS if rung.rating is rating), None)
    if rung is None:
        return f"vì chưa đủ điều kiện của mức Đạt: {obstacle}"
    reached = sum(1 for _, value in data.scores if value >= rung.counted)
    lowest = (
        f"không có môn nào có {average} dưới 3,5"
        if rung.rating is Rating.PASS
        else f"tất cả {len(data.scores)} môn tính điểm có {average} từ {_vi(rung.lowest)} trở lên"
    )
    parts = [*_comments_said(data), lowest, f"có {reached} môn từ {_vi(rung.counted)} trở lên (cần {needed})"]
    text = "vì " + ", ".join(parts)
    return f"{text}; chưa đạt mức {above.rating.value} vì {obstacle}" if above else text


def _comments_said(data: _Results) -> list[str]:
    failed = [subject.name for subject, passed in data.comments if not passed]
    if failed:
        return [f"chỉ có 1 môn đánh giá bằng nhận xét Chưa đạt ({failed[0]})"]
    return ["các môn đánh giá bằng nhận xét đều Đạt"] if data.comments else []


def _obstacles(data: _Results, rung: _Rung, needed: int) -> Iterator[str]:
    failed = [subject.name for subject, passed in data.comments if not passed]
    if len(failed) > rung.comments_failed:
        yield f"{', '.join(failed)} Chưa đạt"
    low = [(subject.name, value) for subject, value in data.scores if value < rung.lowest]
    if low:
        names = ", ".join(f"{name} ({_vi(value)})" for name, value in low)
        yield f"{names} dưới {_vi(rung.lowest)}"
    reached = sum(1 for _, value in data.scores if value >= rung.counted)
    if reached < needed:
        count = f"chỉ có {reached} môn" if reached else "không có môn nào"
        yield f"{count} từ {_vi(rung.counted)} trở lên (cần {needed})"


def _shown(data: _Results, code: str) -> str:
    for subject, value in data.scores:
        if subject.code == code:
            return _vi(value)
    return "Chưa đạt"


def _vi(value: Decimal) -> str:
    return show_mark(mark_text(value), places=1)


def raise_min(setting: Setting, *, min_scored: int, continuing: bool) -> Setting:
    """The setting for a grade: its own number of counted subjects unless the school set another."""
    needed = setting.min_scored if setting.min_scored != DEFAULT_SETTING.min_scored else min_scored
    return replace(setting, min_scored=needed, continuing=continuing)
