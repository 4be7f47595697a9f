"""The published XML schemas (also served at ``/schemas/``) and validation against them."""

from __future__ import annotations

import threading
from importlib import resources

from lxml import etree

from hocbaso.core.document.names import NS
from hocbaso.core.document.parse import check_limits, hardened_parser
from hocbaso.core.errors import Unreadable

SCHEMA_NAMES = ("hocbaso-1.0.xsd", "xmldsig-hocbaso-1.0.xsd")

# libxml2's validators keep their messages in themselves: one for each thread.
_LOCAL = threading.local()


def schema_files() -> dict[str, bytes]:
    """The schemas by file name, for publishing."""
    folder = resources.files(__name__)
    return {name: folder.joinpath(name).read_bytes() for name in SCHEMA_NAMES}


def _schema() -> etree.XMLSchema:
    schema: etree.XMLSchema | None = getattr(_LOCAL, "schema", None)
    if schema is None:
        path = resources.files(__name__).joinpath(SCHEMA_NAMES[0])
        schema = _LOCAL.schema = etree.XMLSchema(etree.parse(str(path), hardened_parser()))
    return schema


def validate(document: bytes) -> list[str]:
    """What the schema finds wrong with a whole document, in libxml2's words; empty if it is valid.

    Input that must not be parsed or is not well-formed gives one message. The messages quote content, so
    they may hold personal data.
    """
    try:
        check_limits(document)
        root = etree.fromstring(document, hardened_parser())
    except (Unreadable, etree.XMLSyntaxError) as error:
        return [str(error)]
    schema = _schema()
    if schema.validate(root):
        return []
    return [f"{entry.path}: {entry.message}".replace(f"{{{NS}}}", "") for entry in schema.error_log]
