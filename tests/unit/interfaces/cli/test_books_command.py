"""``hocbaso books``: every book as a file without the web."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.interfaces.cli import books
from tests.builders import YEAR, finished_class, make_school
from tests.secondary import finished_secondary_class, make_secondary_school

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    app = typer.Typer()
    books.register(app)

    def call(*arguments: object, school: str = "79000101"):
        common = ["--school", school, "--year", YEAR]
        return CliRunner().invoke(app, [*map(str, arguments), *common])

    return call


def test_one_book_into_a_file(run, tmp_path):
    finished_class(make_school(), "3A", 2)
    out = tmp_path / "lop.pdf"
    result = run("class-summary", "--class", "3A", "--moment", "cn", "--out", out, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"kind": "class-summary", "files": [str(out)]}
    assert out.read_bytes().startswith(b"%PDF")
    assert [p.name for p in tmp_path.iterdir()] == ["lop.pdf"]


def test_a_book_of_every_class_into_a_folder(run, tmp_path):
    school = make_school(classes=("3A", "3B"))
    finished_class(school, "3A", 1)
    result = run("entry-sheets", "--moment", "chk1", "--out", tmp_path / "phieu")
    assert result.exit_code == 0
    assert sorted(p.name for p in (tmp_path / "phieu").iterdir()) == [
        f"phieu-nhap-3A-chk1-{YEAR}.pdf",
        f"phieu-nhap-3B-chk1-{YEAR}.pdf",
    ]
    one_file = run("entry-sheets", "--moment", "chk1", "--out", tmp_path / "mot.pdf")
    assert one_file.exit_code == 2
    assert not (tmp_path / "mot.pdf").exists()


def test_secondary_books_and_the_register(run, tmp_path):
    school = make_secondary_school(classes=("7A2",))
    finished_secondary_class(school, "7A2", 2)
    code = school.unit.code
    subject = run(
        "subject-book",
        "--class",
        "7A2",
        "--subject",
        "toan",
        "--out",
        tmp_path,
        "--format",
        "xlsx",
        school=code,
    )
    assert subject.exit_code == 0
    register = run("register", "--whole", "--out", tmp_path / "dang-bo.xlsx", "--format", "xlsx", school=code)
    assert register.exit_code == 0
    four = run("slips", "--four", "--moment", "hk1", "--out", tmp_path, school=code)
    assert four.exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "dang-bo.xlsx",
        f"phieu-ket-qua-7A2-hk1-{YEAR}.pdf",
        f"so-mon-hoc-7A2-toan-{YEAR}.xlsx",
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("yearbook",), 2, "book_unknown"),
        (("class-summary", "--class", "9Z"), 2, "books_class_not_found"),
        (("class-book",), 1, "books_none"),
        (("class-summary", "--class", "3A"), 1, "book_needs_moment"),
        (("homeroom", "--class", "3A", "--format", "xlsx"), 1, "book_no_such_format"),
    ],
)
def test_a_refusal_is_a_sentence_and_writes_nothing(run, tmp_path, arguments, status, code):
    make_school()
    result = run(*arguments, "--out", tmp_path / "so.pdf", "--json")
    assert result.exit_code == status
    assert json.loads(result.stdout)["error"]["code"] == code
    assert list(tmp_path.iterdir()) == []
