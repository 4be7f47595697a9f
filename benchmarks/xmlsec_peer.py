"""python-xmlsec (libxmlsec1) on the same three signatures: the fastest verifier that others use from Python.

It is given every advantage: keys are loaded before the clock starts, the document is parsed once for all
signatures, no certificate is judged and the XAdES properties are only hashed, never understood.
"""

from __future__ import annotations

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lxml import etree

from hocbaso.core.document.names import DS
from hocbaso.engines.trust.keys import PrivateKey, PublicKey

_IDS = ("Id",)
_WITH_ID = ("ToNamHoc", "SignatureValue", "SignedProperties")


def _known_ids(root: etree._Element) -> None:
    """libxmlsec resolves no ``#id`` that nobody has declared."""
    for element in root.iter(etree.Element):
        if etree.QName(element).localname in _WITH_ID:
            xmlsec.tree.add_ids(element, _IDS)


class XmlsecVerifier:
    """Verifies every signature of a document with keys that are known beforehand."""

    def __init__(self, keys: list[PublicKey]) -> None:
        pems = [key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in keys]
        self._keys = [xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM) for pem in pems]

    def verify(self, document: bytes) -> None:
        """:raises xmlsec.Error: a signature is not good."""
        root = etree.fromstring(document)
        _known_ids(root)
        for signature, key in zip(root.iter(f"{{{DS}}}Signature"), self._keys, strict=True):
            context = xmlsec.SignatureContext()
            context.key = key
            context.verify(signature)


class XmlsecSigner:
    """Signs a document that holds a signature template, as python-xmlsec does it: parse, digest, sign.

    :param template: the document with three signatures whose values are made anew, in order.
    """

    def __init__(self, template: bytes, key: PrivateKey) -> None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM)
        self._template = template

    def sign_sheet(self) -> bytes:
        """The three signatures of a sheet, each over its references as they are then."""
        root = etree.fromstring(self._template)
        _known_ids(root)
        for signature in root.iter(f"{{{DS}}}Signature"):
            for reference in signature.iter(f"{{{DS}}}Reference"):
                reference.find(f"{{{DS}}}DigestValue").text = ""
            signature.find(f"{{{DS}}}SignatureValue").text = ""
            context = xmlsec.SignatureContext()
            context.key = self._key
            context.sign(signature)
        return etree.tostring(root)
