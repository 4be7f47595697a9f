"""The books on paper: every form, everybody on it, nothing clipped, nothing of others, the same bytes."""

from __future__ import annotations

import dataclasses
import io
import re
import subprocess
import tempfile
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import Moment
from hocbaso.engines.rendering import books
from hocbaso.engines.rendering.books.layout import Book, texts_of
from hocbaso.engines.trust.qr import read_qr
from tests.unit.engines.rendering.books import samples

NINE = [
    (grade, moment) for grade in (2, 3, 5) for moment in (Moment.MID_FIRST, Moment.END_FIRST, Moment.END_YEAR)
]


def text(pdf: bytes, *options: str) -> str:
    out = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True).stdout
    return re.sub(r"\s+", " ", out.decode())


def pages(pdf: bytes) -> int:
    return len(PdfReader(io.BytesIO(pdf)).pages)


def misplaced(pdf: bytes) -> list[str]:
    """Words that leave the page's printable area, and pairs that lie on each other."""
    out = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    wrong = []
    for page in out.decode().split("<page ")[1:]:
        width, height = (float(x) for x in re.findall(r'(?:width|height)="([\d.]+)"', page)[:2])
        words = [
            (float(x0), float(y0), float(x1), float(y1), w)
            for x0, y0, x1, y1, w in re.findall(
                r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)<', page
            )
        ]
        wrong += [w for x0, y0, x1, y1, w in words if x0 < 20 or y0 < 8 or x1 > width - 20 or y1 > height - 8]
        words.sort()
        for i, (_x0, y0, x1, y1, w) in enumerate(words):
            for u0, v0, u1, v1, other in words[i + 1 : i + 80]:
                if u0 >= x1 - 1.2:
                    break
                if min(y1, v1) - max(y0, v0) > 0.45 * min(y1 - y0, v1 - v0) and min(x1, u1) - u0 > 1.2:
                    wrong.append(f"{w} on {other}")
    return wrong


def checked(pdf: bytes) -> bytes:
    """The file, when qpdf finds it sound and no word is out of place."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        found = subprocess.run(["qpdf", "--check", file.name], capture_output=True, check=False)
    assert found.returncode == 0, found.stderr
    assert misplaced(pdf) == []
    return pdf


BOOKS = {
    "class summary": lambda n: books.render_book(books.class_summary(samples.primary(4, Moment.END_YEAR, n))),
    "subject book": lambda n: books.render_book(books.subject_book(samples.subject_book(n))),
    "comment subject": lambda n: books.render_book(books.subject_book(samples.subject_book(n, scored=False))),
    "class book": lambda n: books.render_book(books.class_book(samples.class_book(n))),
    "register": lambda n: books.render_book(books.register_book(samples.register(n))),
    "homeroom": lambda n: books.render_book(books.homeroom_book(samples.homeroom(n))),
    "entry sheets": lambda n: books.render_book(books.entry_sheets(samples.entry(n))),
    "slips, two": lambda n: books.render_slips(samples.slips(n, 2)),
    "slips, four": lambda n: books.render_slips(samples.slips(n, 4)),
    "slips, primary": lambda n: books.render_slips(samples.slips(n, 2, secondary=False)),
}


@pytest.mark.parametrize(("number", "grade", "moment"), [(n + 1, *one) for n, one in enumerate(NINE)])
def test_each_of_the_nine_forms(number, grade, moment):
    assert books.form_number(grade, moment) == number
    data = samples.primary(grade, moment, 10)
    pdf = checked(books.render_book(books.class_summary(data)))
    shown = text(pdf, "-layout")
    assert f"Mẫu số {number} " in shown
    label = {"ghk1": "Giữa học kỳ I", "chk1": "Cuối học kỳ I", "cn": "Cuối năm học"}[moment.value]
    assert f"{label} – Năm học 2025-2026" in shown
    assert ("Được lên lớp" in text(pdf)) == (moment is Moment.END_YEAR)
    tested = {s.name for s in data.subjects if s.tested}
    assert tested == {
        (2, Moment.MID_FIRST): set(),
        (3, Moment.MID_FIRST): set(),
        (5, Moment.MID_FIRST): {"Tiếng Việt", "Toán"},
        (2, Moment.END_FIRST): {"Tiếng Việt", "Toán"},
        (2, Moment.END_YEAR): {"Tiếng Việt", "Toán"},
    }.get((grade, moment), tested)
    line = re.search(r"1 Nguyễn Ngọc Hoài An 02/02/2016 x ([A-ZĐx0-9 ]+?) 2 Trần", shown)
    assert line is not None
    row = data.rows[0]
    expected = [v for s in data.subjects for v in ("H", "9" if s.tested else "") if v]
    expected += ["Đ"] * len(data.traits)
    if moment is Moment.END_YEAR:
        expected += ["x", row.award, "x", "x"]
    assert line[1].split() == expected


def test_a_class_of_another_level_has_no_form():
    with pytest.raises(ValueError, match="6"):
        books.form_number(6, Moment.END_YEAR)


@pytest.mark.parametrize("name", BOOKS)
def test_forty_five_pupils_stand_on_their_pages_without_touching(name):
    pdf = checked(BOOKS[name](45))
    shown = text(pdf)
    for pupil in samples.NAMES:
        assert re.sub(r"\s+", " ", shown).count(pupil.split()[-1]) >= 4
    footers = shown.count("Xuất từ Học bạ số lúc 17:05 ngày 22/05/2026 bởi Lê Nguyễn Phương Thảo")
    assert footers == pages(pdf)


def test_a_long_table_repeats_its_heading_and_names_the_class_on_every_page():
    pdf = books.render_book(books.class_book(dataclasses.replace(samples.class_book(45), terms=(3,))))
    assert pages(pdf) > 1
    shown = text(pdf)
    sheets = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    assert all("Họ và tên" in sheet for sheet in sheets if "/2016" in sheet)
    assert sum("/2016" in sheet for sheet in sheets) > 1
    assert shown.count("Lớp 7A2 · Năm học 2025-2026") == pages(pdf) - 1


@pytest.mark.parametrize("name", BOOKS)
def test_an_empty_class_has_its_book(name):
    pdf = checked(BOOKS[name](0))
    assert re.search(r"[Cc]hưa có", text(pdf)) or name == "register"


def test_the_same_input_gives_the_same_bytes():
    for name, draw in BOOKS.items():
        assert draw(3) == draw(3), name


@pytest.mark.parametrize("long", [samples.LONG_NAME, "N" * 60, "Ễ" * 60])
def test_a_name_of_sixty_characters_is_shown_whole(long):
    person = samples.person(1, long)
    data = samples.primary(5, Moment.END_YEAR, 3)
    rows = (dataclasses.replace(data.rows[0], person=person), *data.rows[1:])
    summary = books.class_summary(dataclasses.replace(data, rows=rows))
    cls = samples.class_book(3)
    book = books.class_book(
        dataclasses.replace(cls, rows=(dataclasses.replace(cls.rows[0], person=person), *cls.rows[1:]))
    )
    given = samples.slips(3, 4)
    one = dataclasses.replace(given.slips[0], person=person)
    slips = dataclasses.replace(given, slips=(one, *given.slips[1:]))
    for pdf in (books.render_book(summary), books.render_book(book), books.render_slips(slips)):
        bare = re.sub(r"\s+", "", text(checked(pdf), "-layout" if " " in long else "-raw"))
        letters = Counter(bare)
        if " " in long:
            assert all(word in bare for word in long.split())
        else:
            assert letters[long[0]] >= 60


def test_text_is_never_markup():
    hostile = '#eval("1+1") $x$ *b* _i_ \\ @r <l> `r` // "'
    data = samples.primary(1, Moment.END_FIRST, 1)
    row = dataclasses.replace(data.rows[0], person=samples.person(1, hostile))
    pdf = books.render_book(books.class_summary(dataclasses.replace(data, rows=(row,))))
    assert re.sub(r"\s", "", hostile) in re.sub(r"\s", "", text(pdf, "-raw"))


@pytest.mark.parametrize("bad", ["Lê ☐ An", "Lê 😀 An", "Lê 中 An", "Lê\u200bAn"])
def test_a_character_that_cannot_be_printed_is_named(bad):
    data = samples.class_book(1)
    row = dataclasses.replace(data.rows[0], person=samples.person(1, bad))
    with pytest.raises(DomainError) as refused:
        books.render_book(books.class_book(dataclasses.replace(data, rows=(row,))))
    assert refused.value.code == "character_not_printable"
    assert "Họ và tên" in refused.value.message
    slips = samples.slips(1)
    slip = dataclasses.replace(slips.slips[0], person=samples.person(1, bad))
    with pytest.raises(DomainError, match="Họ và tên"):
        books.render_slips(dataclasses.replace(slips, slips=(slip,)))


LEVELS = st.sampled_from(["T", "H", "C", "M", ""])
TRAITS = st.sampled_from(["T", "Đ", "C", ""])


@settings(max_examples=40)
@given(st.data(), st.sampled_from(NINE), st.integers(0, 12))
def test_totals_are_the_counts_of_their_columns_and_leave_out_who_has_left(data, form, pupils):
    given_class = samples.primary(*form, pupils)
    rows = tuple(
        dataclasses.replace(
            row,
            person=dataclasses.replace(row.person, left=data.draw(st.booleans())),
            levels={s.code: data.draw(LEVELS) for s in given_class.subjects},
            traits={t.code: data.draw(TRAITS) for t in given_class.traits},
        )
        for row in given_class.rows
    )
    changed = dataclasses.replace(given_class, rows=rows)
    (part,) = books.class_summary(changed).parts
    stay = [row for row in rows if not row.person.left]
    for foot, letters in zip(part.table.foot, ("TT", "HĐ", "CC"), strict=True):
        values = iter(foot.values)
        for subject in changed.subjects:
            assert next(values) == sum(row.levels[subject.code] == letters[0] for row in stay)
            if subject.tested:
                assert next(values) is None
        for group in ("pham_chat", "nang_luc_chung", "nang_luc_dac_thu"):
            for trait in (t for t in changed.traits if t.group == group):
                assert next(values) == sum(row.traits[trait.code] == letters[1] for row in stay)
    assert f"Tổng số học sinh: {len(stay)};" in part.notes[0]


def test_averages_have_one_decimal_and_marks_stand_as_entered():
    data = samples.subject_book(1)
    term = books.TermCells(("8", "7.5", "", "10"), "V", "9", "8")
    row = dataclasses.replace(data.rows[0], terms=(term, term), year="8", retest="5.5", note="Mới đến")
    shown = text(books.render_book(books.subject_book(dataclasses.replace(data, rows=(row,)))), "-layout")
    assert "02/02/2016 8 7,5 10 V 9 8,0" in shown
    raw = text(books.render_book(books.subject_book(dataclasses.replace(data, rows=(row,)))), "-raw")
    assert "Mới đến. Đánh giá lại trong hè: 5,5" in raw


def test_a_slip_holds_one_pupil_and_no_comparison():
    data = samples.slips(9, 2)
    pdf = books.render_slips(data)
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 5
    whole = text(pdf)
    for word in ("Xếp hạng", "xếp thứ", "Hạng", "trung bình lớp", "Sĩ số"):
        assert word not in whole
    for number, slip in enumerate(data.slips):
        page = re.sub(r"\s+", " ", reader.pages[number // 2].extract_text())
        assert slip.person.code in page
        others = [s.person.code for n, s in enumerate(data.slips) if n // 2 != number // 2]
        assert not any(code in page for code in others)
    assert pages(books.render_slips(dataclasses.replace(data, per_page=4))) == 3


def test_a_slip_with_long_comments_takes_the_room_it_needs():
    data = samples.slips(3, 2, secondary=False)
    comment = ("Em chăm chỉ, biết lắng nghe và giúp đỡ bạn bè trong học tập. " * 9)[:500]
    slips = tuple(
        dataclasses.replace(s, lines=tuple(dataclasses.replace(x, comment=comment) for x in s.lines))
        for s in data.slips
    )
    pdf = checked(books.render_slips(dataclasses.replace(data, slips=slips)))
    assert text(pdf).count("Em chăm chỉ") == 9 * 3 * len(slips[0].lines)


def test_the_code_in_the_corner_of_an_entry_sheet_leads_to_its_page(tmp_path):
    sheets = samples.entry(5)
    path = tmp_path / "phieu.pdf"
    path.write_bytes(books.render_book(books.entry_sheets(sheets)))
    subprocess.run(["pdftoppm", "-r", "150", "-png", str(path), str(tmp_path / "trang")], check=True)
    found = [read_qr(image.read_bytes()) for image in sorted(tmp_path.glob("trang*.png"))]
    assert found == [(sheet.page_code.url,) for sheet in sheets]
    assert sheets[0].page_code.code in text(path.read_bytes())


def test_everything_from_data_is_asked_whether_it_prints():
    """Names, notes, facts and cells of every book reach the check."""
    made: list[Book] = [
        books.class_summary(samples.primary(3, Moment.END_YEAR)),
        books.subject_book(samples.subject_book()),
        books.class_book(samples.class_book()),
        books.register_book(samples.register()),
        books.homeroom_book(samples.homeroom()),
        books.entry_sheets(samples.entry()),
    ]
    for book in made:
        asked = " ".join(value for _field, value in texts_of(book))
        for part in book.parts:
            assert part.title in asked
            for row in part.table.rows if part.table else ():
                assert all(cell in asked for cell in row if isinstance(cell, str))
