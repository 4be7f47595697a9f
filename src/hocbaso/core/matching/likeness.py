"""How likely two files are one person: points a field, each explained.

Points stand for the logarithm of how much more often a field agrees (or differs) between two files of one
person than between two of strangers (Fellegi and Sunter 1969), rounded to whole points; they were set by hand
and measured on planted duplicates (docs/matching.md). From :data:`LIKELY` on a person has to look.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rapidfuzz.distance import OSA

from hocbaso.core.errors import register, sentence
from hocbaso.core.matching.names import Difference, NameVerdict, compare_names, words
from hocbaso.core.vietnamese.letters import fold

#: (field, verdict) → points. The documented table; the sentences below go with it.
POINTS: dict[tuple[str, str], int] = {
    ("name", "exact"): 40,
    ("name", "soft"): 40,
    ("name", "marks"): 30,
    ("name", "joined"): 30,
    ("name", "order"): 28,
    ("name", "letter"): 26,
    ("name", "word"): 20,
    ("name", "different"): -60,
    ("birth_date", "same"): 30,
    ("birth_date", "swapped"): 22,
    ("birth_date", "digit"): 15,
    ("birth_date", "month"): 14,  # one side knows month and year only
    ("birth_date", "year"): 8,  # one side knows the year only, or stands for it with 1 January
    ("birth_date", "different"): -40,
    ("sex", "same"): 4,
    ("sex", "different"): -12,
    ("residence", "commune"): 8,
    ("residence", "province"): 3,
    ("residence", "different"): -4,
    ("father", "same"): 12,
    ("father", "close"): 8,
    ("father", "different"): -14,
    ("mother", "same"): 12,
    ("mother", "close"): 8,
    ("mother", "different"): -14,
    ("number", "digit"): 6,  # two numbers that differ by one slip
    ("number", "different"): -20,
    ("number", "both_verified"): -200,  # the register knows them as two persons
}
#: From this many points on a person has to look.
LIKELY = 70
HIGHEST = 100

register(
    {
        "matching.name.exact": ("Họ tên giống nhau.", "The same name."),
        "matching.name.soft": ("Họ tên chỉ khác cách viết.", "The name differs in writing only."),
        "matching.name.different": ("Họ tên khác nhau.", "The names differ."),
        "matching.birth_date.same": ("Ngày sinh giống nhau.", "The same date of birth."),
        "matching.birth_date.swapped": (
            "Ngày và tháng sinh có thể bị đảo chỗ.",
            "Day and month of birth stand in each other's place.",
        ),
        "matching.birth_date.digit": (
            "Ngày sinh khác một chữ số, có thể do gõ nhầm.",
            "The date of birth differs by one digit.",
        ),
        "matching.birth_date.month": (
            "Một bên chỉ ghi tháng và năm sinh; phần đã ghi giống nhau.",
            "One side knows month and year only; they agree.",
        ),
        "matching.birth_date.year": (
            "Một bên chỉ biết năm sinh (hoặc ghi 01/01); năm sinh giống nhau.",
            "One side knows the year only; it agrees.",
        ),
        "matching.birth_date.different": ("Ngày sinh khác nhau.", "The dates of birth differ."),
        "matching.sex.same": ("Giới tính giống nhau.", "The same sex."),
        "matching.sex.different": ("Giới tính khác nhau.", "The sex differs."),
        "matching.residence.commune": (
            "Thường trú cùng xã, phường.",
            "Both reside in the same commune.",
        ),
        "matching.residence.province": (
            "Thường trú cùng tỉnh, thành phố, khác xã, phường.",
            "The same province, another commune.",
        ),
        "matching.residence.different": (
            "Thường trú khác tỉnh, thành phố.",
            "Another province.",
        ),
        "matching.father.same": ("Cha cùng họ tên.", "The father bears the same name."),
        "matching.father.close": ("Họ tên cha gần giống nhau.", "The father's name is close."),
        "matching.father.different": ("Họ tên cha khác nhau.", "The father's name differs."),
        "matching.mother.same": ("Mẹ cùng họ tên.", "The mother bears the same name."),
        "matching.mother.close": ("Họ tên mẹ gần giống nhau.", "The mother's name is close."),
        "matching.mother.different": ("Họ tên mẹ khác nhau.", "The mother's name differs."),
        "matching.number.digit": (
            "Hai số định danh chỉ khác một chữ số hoặc hai chữ số đảo chỗ.",
            "The personal numbers differ by one slip.",
        ),
        "matching.number.different": ("Hai số định danh khác nhau.", "The personal numbers differ."),
        "matching.number.both_verified": (
            "Cả hai số định danh đều đã xác thực: hệ thống dân cư biết đây là hai người.",
            "Both numbers are verified: the register knows two persons.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What is compared of one file, with the keys that comparing needs often; see :func:`profile`."""

    ref: int  # the caller's own number of the file
    name: str
    birth_date: str  # partial ISO, "" unknown
    sex: str
    province_code: str
    commune_code: str
    father: str
    mother: str
    personal_number: str = field(repr=False)
    verified: bool
    folded: str  # the name for equality in writing
    skeleton: str  # its letters without marks, y read as i


def profile(
    ref: int,
    name: str,
    birth_date: str,
    sex: str = "",
    *,
    province_code: str = "",
    commune_code: str = "",
    father: str = "",
    mother: str = "",
    personal_number: str = "",
    verified: bool = False,
) -> Profile:
    """A file made ready for comparing; unknown values are empty."""
    skeleton = "".join(words(name)).replace("y", "i")
    return Profile(
        ref,
        name,
        birth_date,
        sex,
        province_code,
        commune_code,
        father,
        mother,
        personal_number,
        verified,
        fold(name),
        skeleton,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """What one field says. ``text`` quotes neither file."""

    field: str
    verdict: str
    points: int

    @property
    def text(self) -> str:
        code = f"matching.{self.field}.{self.verdict}"
        if self.field == "name" and self.verdict in _CLOSE:
            code = f"matching.{self.verdict}"
        return sentence(code)


_CLOSE = frozenset(
    d.value
    for d in (Difference.MARKS, Difference.JOINED, Difference.ORDER, Difference.LETTER, Difference.WORD)
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """The parts of a comparison and what they come to."""

    parts: tuple[Part, ...]

    @property
    def score(self) -> int:
        """0 to 100."""
        return max(0, min(HIGHEST, sum(part.points for part in self.parts)))

    @property
    def kind(self) -> Literal["exact", "likely", ""]:
        """``exact``: name (in writing at most), date and sex agree, a parent too, and nothing speaks against
        it. ``likely``: a person has to look. Empty: nothing to show."""
        if self.score < LIKELY:
            return ""
        verdicts = {part.field: part.verdict for part in self.parts}
        named = verdicts["name"] in ("exact", "soft") and verdicts.get("birth_date") == "same"
        parents = [verdicts[p] for p in ("father", "mother") if p in verdicts]
        against = any(part.points < 0 for part in self.parts if part.field != "residence")
        same = named and verdicts.get("sex") == "same" and "same" in parents and not against
        return "exact" if same else "likely"


def likeness(a: Profile, b: Profile) -> Likeness:
    """Compare two files. Symmetric. Fields that one side does not know say nothing."""
    verdicts = [("name", _name(a, b)), ("birth_date", _birth_date(a.birth_date, b.birth_date))]
    verdicts.append(("sex", _sex(a.sex, b.sex)))
    verdicts.append(("residence", _residence(a, b)))
    verdicts.append(("father", _parent(a.father, b.father)))
    verdicts.append(("mother", _parent(a.mother, b.mother)))
    verdicts.append(("number", _number(a, b)))
    return Likeness(tuple(Part(name, v, POINTS[name, v]) for name, v in verdicts if v))


def hopeless(a: Profile, b: Profile) -> bool:
    """Quickly: the names are "different" for certain, so that nothing could make the files alike."""
    if a.skeleton == b.skeleton:
        return False
    shorter, longer = sorted((a.skeleton, b.skeleton), key=len)
    apart = len(longer) - len(shorter)
    if apart:
        kept = next(
            (n for n, (x, y) in enumerate(zip(shorter, longer, strict=False)) if x != y), len(shorter)
        )
        return longer[kept + apart :] != shorter[kept:]  # neither a letter nor a word is left out
    return OSA.distance(a.skeleton, b.skeleton, score_cutoff=1) > 1 and sorted(a.skeleton) != sorted(
        b.skeleton
    )


def _name(a: Profile, b: Profile) -> str:
    if a.name == b.name:
        return "exact"
    if a.folded == b.folded:
        return "soft"
    found = compare_names(a.name, b.name)
    if found.verdict is NameVerdict.CLOSE:
        return found.differences[0].value
    return found.verdict.value


def _birth_date(a: str, b: str) -> str:
    if not a or not b:
        return ""
    if a == b:
        return "same" if len(a) == 10 else ("month" if len(a) == 7 else "year")
    shorter, longer = sorted((a, b), key=len)
    if len(shorter) < 10:
        if not longer.startswith(shorter):
            return "different"
        return "month" if len(shorter) == 7 else "year"
    year, month, day = a.split("-")
    if b == f"{year}-{day}-{month}":
        return "swapped"
    if OSA.distance(a.replace("-", ""), b.replace("-", ""), score_cutoff=1) <= 1:
        return "digit"
    if a[:4] == b[:4] and "-01-01" in (a[4:], b[4:]):
        return "year"
    return "different"


def _sex(a: str, b: str) -> str:
    return "" if not a or not b else ("same" if a == b else "different")


def _residence(a: Profile, b: Profile) -> str:
    if not a.province_code or not b.province_code:
        return ""
    if a.province_code != b.province_code:
        return "different"
    if a.commune_code and a.commune_code == b.commune_code:
        return "commune"
    return "province"


def _parent(a: str, b: str) -> str:
    if not a or not b:
        return ""
    if a == b or fold(a) == fold(b):
        return "same"
    verdict = compare_names(a, b).verdict
    if verdict in (NameVerdict.EXACT, NameVerdict.SOFT):
        return "same"
    return "close" if verdict is NameVerdict.CLOSE else "different"


def _number(a: Profile, b: Profile) -> str:
    left, right = a.personal_number, b.personal_number
    if not left or not right or left == right:
        return ""
    if a.verified and b.verified:
        return "both_verified"
    return "digit" if OSA.distance(left, right, score_cutoff=1) <= 1 else "different"
