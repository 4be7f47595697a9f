"""The English catalogue: nothing untranslated, nothing altered by translating, pages in English."""

from __future__ import annotations

import gettext
import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from tools import messages

from hocbaso.apps.accounts import door
from hocbaso.core.errors import NotAllowed
from hocbaso.interfaces.web import errors

VIETNAMESE = re.compile(
    "[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ]", re.IGNORECASE
)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%%|</?\w+>")


@pytest.fixture(scope="module")
def stored():
    return messages.load()


def test_every_message_of_the_source_is_translated(stored):
    wanted = {(m.context, m.id) for m in messages.extract() if m.id}
    have = {(m.context, m.id) for m in stored if m.id}
    assert wanted - have == set()  # else: make messages, then translate
    assert have - wanted == set()  # nothing the pages no longer say
    assert messages.missing(stored) == []


def test_a_translation_keeps_placeholders_markup_and_outer_spaces(stored):
    wrong = []
    for message in stored:
        if not message.id:
            continue
        identifiers = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = {frozenset(PLACEHOLDER.findall(text)) for text in identifiers}
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in strings:
            first, source = text[:1].isspace(), identifiers[0]
            same_edges = first == source[:1].isspace() and text[-1:].isspace() == source[-1:].isspace()
            if {frozenset(PLACEHOLDER.findall(text))} != wanted or not same_edges:
                wrong.append((source, text))
    assert wrong == []


def test_the_compiled_catalogue_is_that_of_the_text_form(stored):
    with messages.MO.open("rb") as stream:
        compiled = gettext.GNUTranslations(stream)
    assert compiled.gettext("Đăng nhập") == "Sign in"
    wrong = []
    for message in stored:
        if isinstance(message.id, tuple):
            singular, plural = message.id
            found = tuple(compiled.ngettext(singular, plural, n) for n in (1, 2))
        elif message.id:
            found = compiled.pgettext(message.context, message.id) if message.context else None
            found = found or compiled.gettext(message.id)
        else:
            continue
        if found != message.string:
            wrong.append((message.id, found))
    assert wrong == []
    assert len(compiled._catalog) == sum(
        2 if isinstance(m.id, tuple) else 1 for m in stored
    )  # the header counts too: nothing is left over from earlier


def test_messages_are_found_in_every_way_they_are_marked(tmp_path):
    pages = tmp_path / "templates"
    pages.mkdir()
    pages.joinpath("a.html").write_text(
        '{% load i18n %}\n  {% translate "một" %}<p>{% status "ok" _("hai") %}</p>\n'
        "    {% blocktranslate with n=x %}ba {{ n }} 5%{% endblocktranslate %}\n"
        "{% blocktranslate count n=x %}{{ n }} bốn{% plural %}{{ n }} nhiều{% endblocktranslate %}"
        '{% translate "năm" context "nơi" %}{{ x|default:_("sáu") }}\n',
        encoding="utf-8",
    )
    (tmp_path / "a.py").write_text(
        'X = gettext_lazy("bảy " "tám")\nY = ngettext("%(n)s chín", "%(n)s mười", 2)\nZ = _(variable)\n',
        encoding="utf-8",
    )
    found = {(m.context, m.id) for m in messages.extract(tmp_path) if m.id}
    assert found == {
        (None, "một"),
        (None, "hai"),
        (None, "ba %(n)s 5%%"),
        (None, ("%(n)s bốn", "%(n)s nhiều")),
        ("nơi", "năm"),
        (None, "sáu"),
        (None, "bảy tám"),
        (None, ("%(n)s chín", "%(n)s mười")),
    }


def test_merging_keeps_translations_and_guesses_none(tmp_path):
    source = tmp_path / "a.py"
    source.write_text('_("Lưu ảnh")\n_("Đóng")\n', encoding="utf-8")
    catalog = messages.extract(tmp_path)
    catalog.get("Lưu ảnh").string, catalog.get("Đóng").string = "Save the photo", "Close"
    source.write_text('_("Lưu ảnh")\n_("Đóng lại")\n', encoding="utf-8")
    merged = messages.merged(catalog, messages.extract(tmp_path))
    assert merged.get("Lưu ảnh").string == "Save the photo"
    assert messages.missing(merged) == ["Đóng lại"]
    assert merged.get("Đóng") is None


def _text(response) -> str:
    """What a reader sees, without the offer to change to Vietnamese."""
    html = response.content.decode().replace("Tiếng Việt", "")
    return re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def english() -> Client:
    """Somebody who chose English in the footer."""
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "Forgotten the password, or a new phone?"),
        ("/xac-thuc", "No account needed. The page shows only the initials"),
        ("/xac-thuc?c=HB-2025-79-9-ABCDEF", "It could not be verified"),
    ],
)
def test_a_page_for_an_english_reader_has_no_vietnamese(path, words):
    text = _text(english().get(path))
    assert words in text
    assert '<html lang="en">' in text
    assert [line.strip() for line in text.splitlines() if VIETNAMESE.search(line)] == []


@pytest.mark.django_db
def test_a_refused_form_speaks_english():
    text = _text(english().post("/", {"username": ""}))
    assert "2 things to correct" in text
    assert "Enter the user name" in text
    assert not VIETNAMESE.search(text)


def test_a_refusal_names_in_english_what_the_policy_names_in_vietnamese():
    refusals = {
        what: NotAllowed("not_allowed", what=what)
        for what in (entry.what for entry in door._rules.values() if VIETNAMESE.search(entry.what))
    }
    assert "ký học bạ với vai trò hiệu trưởng" in refusals
    with translation.override("en"):
        answers = {what: errors.words(refusal) for what, refusal in refusals.items()}
    assert (
        answers["ký học bạ với vai trò hiệu trưởng"] == "You may not do this: sign year sheets as principal."
    )
    assert {what for what, answer in answers.items() if VIETNAMESE.search(answer)} == set()


@pytest.mark.django_db
def test_a_browser_s_own_language_is_no_choice():
    answer = Client(headers={"accept-language": "en-GB,en;q=0.9"}).get("/xac-thuc")
    assert '<html lang="vi">' in answer.content.decode()


@pytest.mark.django_db
def test_the_switch_in_the_footer_changes_the_language_and_back():
    client = Client(headers={"accept-language": "vi"})
    assert "Xác thực học bạ" in client.get("/xac-thuc").content.decode()
    for language, heading in (("en", "Verify a transcript"), ("vi", "Xác thực học bạ")):
        answer = client.post("/ngon-ngu", {"language": language, "next": "/xac-thuc"}, follow=True)
        assert f'<html lang="{language}">' in answer.content.decode()
        assert f"<h1>{heading}</h1>" in answer.content.decode()
