"""The English catalogue of the web interface: extract, merge, compile. Needs only Babel and Django.

    python tools/messages.py           bring ``django.po`` and ``django.mo`` up to date
    python tools/messages.py --check   change nothing; exit code 1 when something is missing or stale

Message identifiers are the Vietnamese sentences themselves, so only translations have a catalogue.
GNU gettext is not needed: Django turns a template into text with plain ``gettext`` calls
(:func:`django.utils.translation.template.templatize`, what ``makemessages`` uses too) and Babel reads those.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "hocbaso"
PO = SOURCE / "locale" / "en" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")

#: What marks a message; ``_("…")`` and ``pgettext("context", "…")`` both in Python and in templates.
_FUNCTIONS = (
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
)
#: ``@rule("permission", "the doing")`` of the apps' policies: a refusal names the doing.
_POLICIES = ("rule",)
_WIDTH = 100
_HEADER = """\
# The English words of the web interface. Identifiers are the Vietnamese words of the source.
# Terms: docs/glossary.md. After a change of the source: make messages, then translate here."""

Found = tuple[str | tuple[str, ...], str | None]


def _python(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _template(path: Path) -> str:
    from django.utils.translation.template import templatize

    text = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    # Indented text is no valid Python; the margin says nothing about messages.
    return "\n".join(line.strip() for line in text.splitlines())


def _messages(text: str, functions: tuple[str, ...]) -> Iterator[Found]:
    """Messages of one file: identifier (or singular and plural), context; calls on variables stay out."""
    calls = extract_python(BytesIO(text.encode()), dict.fromkeys(functions), [], {})
    for _line, function, found, _comments in calls:
        name = str(function)
        arguments = list(found) if isinstance(found, tuple) else [found]
        if name == "rule":
            arguments.pop(0)
        context = str(arguments.pop(0)) if "pgettext" in name else None
        size = 2 if name.startswith("n") else 1
        wanted = tuple(str(argument) for argument in arguments[:size] if argument)
        if len(wanted) == size:
            yield (wanted if size == 2 else wanted[0]), context


def extract(source: Path = SOURCE) -> Catalog:
    """All messages of the templates and the Python files under ``source``, without translations."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_I18N=True)
    files = dict.fromkeys(source.rglob("templates/**/*.html"), _template)
    files |= {path: _python for path in source.rglob("*.py") if "migrations" not in path.parts}
    catalog = _empty()
    for path in sorted(files):
        place = path.relative_to(source.parent).as_posix()
        functions = (*_FUNCTIONS, *_POLICIES) if path.name.endswith("policies.py") else _FUNCTIONS
        for identifier, context in _messages(files[path](path), functions):
            catalog.add(identifier, context=context, locations=[(place, 0)])
    return catalog


def _empty() -> Catalog:
    return _headed(Catalog(locale="en", domain="django", fuzzy=False, charset="utf-8"))


def _headed(catalog: Catalog) -> Catalog:
    """Fixed words instead of Babel's blanks; dates stay, so that a run without news writes nothing."""
    catalog.header_comment = _HEADER
    catalog.project, catalog.version = "hocbaso", "web"
    catalog.last_translator, catalog.language_team = "hocbaso", "English"
    catalog.msgid_bugs_address = "none"
    if isinstance(catalog.revision_date, str):
        catalog.revision_date = catalog.creation_date
    return catalog


def load(path: Path = PO) -> Catalog:
    """The catalogue as it is stored; an empty one before the first run."""
    if not path.exists():
        return _empty()
    with path.open("rb") as stream:
        return _headed(read_po(stream, locale="en", domain="django"))


def merged(stored: Catalog, source: Catalog) -> Catalog:
    """``source`` with the translations of ``stored``. Nothing is guessed: a changed sentence has none."""
    stored.update(source, no_fuzzy_matching=True, update_creation_date=False)
    stored.obsolete.clear()
    return stored


def missing(catalog: Catalog) -> list[str]:
    """Identifiers without a (complete, not fuzzy) translation."""
    return [str(message.id) for message in catalog if message.id and not _translated(message)]


def _translated(message: Message) -> bool:
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(texts) and not message.fuzzy


def po_bytes(catalog: Catalog) -> bytes:
    """The text form. Places without line numbers, so that an edit elsewhere changes nothing here."""
    out = BytesIO()
    write_po(out, catalog, width=_WIDTH, sort_by_file=False, include_lineno=False, ignore_obsolete=True)
    return out.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """The compiled form that Django reads."""
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def _stale(catalog: Catalog) -> list[Path]:
    wanted = {PO: po_bytes(catalog), MO: mo_bytes(catalog)}
    return [path for path, content in wanted.items() if not path.exists() or path.read_bytes() != content]


def main(arguments: list[str]) -> int:
    catalog = merged(load(), extract())
    left, stale = missing(catalog), _stale(catalog)
    sys.stderr.writelines(f"untranslated: {identifier}\n" for identifier in left)
    if arguments == ["--check"]:
        sys.stderr.writelines(f"stale: {path.relative_to(ROOT)}\n" for path in stale)
        return 1 if left or stale else 0
    for path, content in ((PO, po_bytes(catalog)), (MO, mo_bytes(catalog))):
        if path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    sys.stdout.write(f"{len(catalog)} messages, {len(left)} untranslated\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
