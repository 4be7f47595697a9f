"""Static files: another content has another address, and only such an address is kept for ever."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test import Client

from hocbaso.config.static_files import digest_of, static_url


def test_every_change_of_name_or_content_changes_the_address(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    one = tmp_path / "web" / "a.js"
    one.write_text("1")
    seen = [static_url(tmp_path)]
    one.write_text("2")
    seen.append(static_url(tmp_path))
    one.rename(one.with_name("b.js"))
    seen.append(static_url(tmp_path))
    (tmp_path / "c.css").write_text("")
    seen.append(static_url(tmp_path))
    assert len(set(seen)) == len(seen)
    assert static_url(tmp_path) == seen[-1] == f"/static/{digest_of(tmp_path)}/"


def test_a_file_is_served_under_its_set_and_may_be_kept_for_ever(db: None) -> None:
    client, name = Client(), "web/gradebook_grammar.js"
    answer = client.get(static(name))
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert (answer.status_code, content) == (200, Path(str(finders.find(name))).read_bytes())
    assert "immutable" in answer.headers["Cache-Control"]
    assert static(name).startswith(settings.STATIC_URL)
    assert client.get(f"/static/{name}").status_code == 404
    assert client.get(f"/static/{'0' * 12}/{name}").status_code == 404
