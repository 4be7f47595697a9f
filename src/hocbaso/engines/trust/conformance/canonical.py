"""Canonical octets and base64, tolerantly: what a foreign signer may have hashed."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode

from lxml import etree

from hocbaso.core.document.names import DS, XADES
from hocbaso.core.document.parse import hardened_parser

_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_HASHES = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}


def ds(name: str) -> str:
    """A name of XML Signature as lxml writes it."""
    return f"{{{DS}}}{name}"


def xades(name: str) -> str:
    """A name of XAdES 1.3.2 as lxml writes it."""
    return f"{{{XADES}}}{name}"


def canonical(node: etree._Element, algorithm: str | None = None) -> bytes:
    """C14N 1.0 of an element in its document; exclusive where ``algorithm`` says so.

    The element is written and read once more first: lxml's inclusive C14N of an inner element is wrong.
    """
    apart = etree.fromstring(etree.tostring(node, with_tail=False), hardened_parser())
    exclusive = (algorithm or "").startswith(_EXCLUSIVE)
    octets: bytes = etree.tostring(apart, method="c14n", exclusive=exclusive, with_comments=False)
    return octets


def digest_of(octets: bytes, algorithm: str | None) -> bytes | None:
    """The digest by a DigestMethod; ``None``: an algorithm that nobody knows here."""
    name = _HASHES.get(algorithm or "")
    return None if name is None else hashlib.new(name, octets, usedforsecurity=False).digest()


def lenient_base64(text: str | None) -> tuple[bytes | None, bool]:
    """The octets of a base64 text and whether it was written in the one exact way."""
    given = text or ""
    try:
        data = b64decode("".join(given.split()).encode(), validate=True)
    except ValueError:
        return None, False
    return data, b64encode(data).decode() == given


def attribute(node: etree._Element | None, name: str) -> str | None:
    """An attribute's text, or ``None`` without element or attribute."""
    return None if node is None else node.get(name)
