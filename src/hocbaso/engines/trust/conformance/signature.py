"""One foreign signature, read tolerantly: form (area 4) and what it binds (area 5)."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from hocbaso.core.document.names import C14N10, XADES141
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.conformance.canonical import (
    attribute,
    canonical,
    digest_of,
    ds,
    lenient_base64,
    xades,
)
from hocbaso.engines.trust.conformance.report import Findings, path_of
from hocbaso.engines.trust.keys import (
    ECDSA_SHA256,
    RSA_SHA256,
    PublicKey,
    signing_public_key,
    verify_with_key,
)
from hocbaso.engines.trust.paths import X509_FAILURES
from hocbaso.engines.trust.verification.plan import Place, place_of
from hocbaso.engines.trust.xades.policies import SIGNATURE_POLICIES, signature_policy
from hocbaso.engines.trust.xades.profile import MAX_REFERENCES, SHA256, SIGNED_PROPERTIES_TYPE

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_PARTS = ["SignedInfo", "SignatureValue", "KeyInfo", "Object"]
#: What may stand beside the seal, a letter each, and in which order (B-T, B-LT, B-LTA).
_UNSIGNED = {
    xades("SignatureTimeStamp"): "S",
    f"{{{XADES141}}}TimeStampValidationData": "V",
    xades("CertificateValues"): "C",
    xades("RevocationValues"): "R",
    f"{{{XADES141}}}ArchiveTimeStamp": "A",
}
_ORDER = re.compile(r"(?:SV?)?C?R?(?:(?<=.)AV?)*")
_MAX_CERTIFICATES = 10


@dataclass
class View:
    """What a signature says, as far as it can be read."""

    node: etree._Element
    signature_id: str
    place: Place | None
    role: str | None = None
    targets: list[tuple[str, bytes | None, str | None, str | None]] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    key: PublicKey | None = None
    time: datetime | None = None
    value_digest: bytes | None = None
    stamp: bytes | None = None


def read_view(node: etree._Element, found: Findings) -> View:
    """Read one ``ds:Signature`` and report what is wrong with its form and inner bindings."""
    sid = node.get("Id") or ""
    view = View(node, sid, place_of(sid))
    if view.place is None:
        found.at("HBS-4.02", node, sid)
    children = [etree.QName(child).localname for child in node if isinstance(child.tag, str)]
    if children.count("Object") != 1:
        found.at("HBS-4.17", node)
    once = [
        name for place, name in enumerate(children) if name != "Object" or "Object" not in children[:place]
    ]
    if once != _PARTS:
        found.at("HBS-4.03", node, ", ".join(children[:8]))
    _check_namespaces(node, found)
    _read_key_info(view, found)
    _read_value(view, found)
    properties = _read_object(view, found)
    _read_signed_info(view, properties, found)
    return view


def _check_namespaces(node: etree._Element, found: Findings) -> None:
    expected = {
        ds("Signature"): {"ds"},
        xades("QualifyingProperties"): {"xades"},
        f"{{{XADES141}}}TimeStampValidationData": {"xades141"},
        f"{{{XADES141}}}ArchiveTimeStamp": {"xades141"},
    }
    for element in node.iter():
        if not isinstance(element.tag, str):
            continue
        parent = element.getparent()
        above = {} if parent is None else parent.nsmap
        declared = {prefix for prefix, uri in element.nsmap.items() if above.get(prefix) != uri}
        if declared != expected.get(element.tag, set()):
            found.at("HBS-4.23", element, ", ".join(str(prefix) for prefix in sorted(map(str, declared))))


def _read_key_info(view: View, found: Findings) -> None:
    info = view.node.find(ds("KeyInfo"))
    if info is None:
        return
    allowed = {ds("KeyInfo"), ds("X509Data"), ds("X509Certificate")}
    strange = [item for item in info.iter() if isinstance(item.tag, str) and item.tag not in allowed]
    if strange or len(info) != 1:
        found.at("HBS-4.10", info, ", ".join(etree.QName(item).localname for item in strange[:4]))
    for item in list(info.iter(ds("X509Certificate")))[:_MAX_CERTIFICATES]:
        data = _octets(item, found)
        if data is not None:
            view.certificates.append(data)
    if not view.certificates:
        found.at("HBS-7.01", info)
        return
    try:
        read = [x509.load_der_x509_certificate(data) for data in view.certificates]
        view.key = signing_public_key(read[0])
    except DomainError:
        found.at("HBS-7.02", info)
    except X509_FAILURES as error:
        found.at("HBS-7.01", info, type(error).__name__)


def _read_value(view: View, found: Findings) -> None:
    node = view.node.find(ds("SignatureValue"))
    if node is None:
        return
    if node.get("Id") != f"{view.signature_id}-sv":
        found.at("HBS-4.21", node)
    view.value_digest = hashlib.sha256(canonical(node)).digest()


def _read_object(view: View, found: Findings) -> etree._Element | None:
    """The signed properties; their parts are checked one by one."""
    qualifying = [
        item for child in view.node.iter(ds("Object")) for item in child.iter(xades("QualifyingProperties"))
    ]
    if len(qualifying) != 1:
        found.at("HBS-4.17", view.node)
    if not qualifying:
        return None
    holder = qualifying[0]
    properties = holder.find(xades("SignedProperties"))
    right = holder.get("Target") == f"#{view.signature_id}"
    if not right or attribute(properties, "Id") != f"{view.signature_id}-sp":
        found.at("HBS-4.16", holder)
    if properties is not None:
        _read_properties(view, properties, found)
    _read_unsigned(view, holder, found)
    return properties


def _read_properties(view: View, properties: etree._Element, found: Findings) -> None:
    time = properties.findtext(f".//{xades('SigningTime')}")
    try:
        if time is None or not _TIME.fullmatch(time):
            raise ValueError
        view.time = datetime.fromisoformat(time)
    except ValueError:
        found.at("HBS-4.11", properties, time or "")
    _check_bound_certificates(view, properties, found)
    identifier = properties.findtext(f".//{xades('SigPolicyId')}/{xades('Identifier')}")
    hashed = properties.findtext(f".//{xades('SigPolicyHash')}/{ds('DigestValue')}")
    if not _names_policy_in_force(identifier, hashed, view.time):
        found.at("HBS-4.13", properties, identifier or "")
    roles = [item.text or "" for item in properties.iter(xades("ClaimedRole"))]
    if len(roles) != 1 or properties.find(f".//{xades('SignerRoleV2')}") is None:
        found.at("HBS-4.14", properties, ", ".join(roles[:3]))
    else:
        view.role = roles[0]
        if view.place is not None and roles[0] != view.place.role:
            found.at("HBS-5.08", properties, roles[0])


def _names_policy_in_force(identifier: str | None, hashed: str | None, time: datetime | None) -> bool:
    """Whether these are a text's identifier and digest; where the time is readable, of the text in force."""
    texts = SIGNATURE_POLICIES if time is None else (signature_policy(time),)
    return any((identifier, hashed) == (item.id, b64encode(item.digest).decode()) for item in texts)


def _check_bound_certificates(view: View, properties: etree._Element, found: Findings) -> None:
    bound = properties.find(f".//{xades('SigningCertificateV2')}")
    if bound is None:
        found.at("HBS-4.12", properties)
        return
    wanted = []
    for item in bound.iter(xades("CertDigest")):
        method = attribute(item.find(ds("DigestMethod")), "Algorithm")
        if method != SHA256:
            found.at("HBS-4.08", item, method or "")
        value = item.find(ds("DigestValue"))
        wanted.append((method, None if value is None else _octets(value, found)))
    have = [
        (method, digest_of(der, method)) for (method, _), der in zip(wanted, view.certificates, strict=False)
    ]
    if len(wanted) != len(view.certificates) or have != wanted:
        found.at("HBS-5.07", bound)


def _read_unsigned(view: View, holder: etree._Element, found: Findings) -> None:
    unsigned = holder.find(xades("UnsignedProperties"))
    if unsigned is None:
        return
    if view.place is not None and view.place.role != "con_dau":
        found.at("HBS-4.19", unsigned)
    inner = unsigned.find(xades("UnsignedSignatureProperties"))
    items = [] if inner is None else [item for item in inner if isinstance(item.tag, str)]
    letters = "".join(_UNSIGNED.get(str(item.tag), "?") for item in items)
    if len(unsigned) != 1 or not letters or not _ORDER.fullmatch(letters):
        found.at("HBS-4.18", unsigned, ", ".join(etree.QName(item).localname for item in items[:6]))
    stamp = unsigned.find(f".//{xades('SignatureTimeStamp')}/{xades('EncapsulatedTimeStamp')}")
    if stamp is not None:
        view.stamp = _octets(stamp, found)


def _read_signed_info(view: View, properties: etree._Element | None, found: Findings) -> None:
    info = view.node.find(ds("SignedInfo"))
    if info is None:
        return
    method = attribute(info.find(ds("CanonicalizationMethod")), "Algorithm")
    if method != C14N10:
        found.at("HBS-4.04", info, method or "")
    references = info.findall(ds("Reference"))
    if len(references) > MAX_REFERENCES:
        found.at("HBS-4.09", info, str(len(references)))
    own = f"#{view.signature_id}-sp"
    data = [item for item in references if item.get("URI") != own and item.get("Type") is None]
    for number, reference in enumerate(references):
        _read_reference(view, reference, found, data)
        if number > 2 * MAX_REFERENCES:
            break
    _check_properties_reference(view, references, properties, found)
    _check_formats(view, properties, len(data), found)
    _check_value(view, info, method, found)


def _read_reference(
    view: View, reference: etree._Element, found: Findings, data: list[etree._Element]
) -> None:
    uri = reference.get("URI")
    transforms = [item.get("Algorithm") for item in reference.iter(ds("Transform"))]
    if transforms != [C14N10]:
        found.add("HBS-4.07", f"{path_of(reference)}[{uri}]", ", ".join(map(str, transforms[:4])))
    method = attribute(reference.find(ds("DigestMethod")), "Algorithm")
    if method != SHA256:
        found.add("HBS-4.08", f"{path_of(reference)}[{uri}]", method or "")
    value = reference.find(ds("DigestValue"))
    digest = None if value is None else _octets(value, found)
    if uri is None or not uri.startswith("#") or uri.startswith("#xpointer"):
        found.add("HBS-4.22", f"{path_of(reference)}[{uri}]", uri or "")
        return
    if reference in data:
        place = data.index(reference)
        if reference.get("Id") != f"{view.signature_id}-r{place}":
            found.add("HBS-4.21", f"{path_of(reference)}[{uri}]", str(reference.get("Id")))
        view.targets.append((uri[1:], digest, method, transforms[0] if transforms else None))


def _check_properties_reference(
    view: View, references: list[etree._Element], properties: etree._Element | None, found: Findings
) -> None:
    own = [item for item in references if item.get("URI") == f"#{view.signature_id}-sp"]
    typed = [item for item in references if item.get("Type") is not None]
    if len(own) != 1 or typed != own or own[0].get("Type") != SIGNED_PROPERTIES_TYPE or properties is None:
        found.at("HBS-5.03", view.node)
        return
    method = attribute(own[0].find(ds("DigestMethod")), "Algorithm")
    transform = attribute(own[0].find(f".//{ds('Transform')}"), "Algorithm")
    wanted = digest_of(canonical(properties, transform), method)
    stated, _ = lenient_base64(own[0].findtext(ds("DigestValue")))
    if wanted is not None and wanted != stated:
        found.at("HBS-5.03", view.node, "DigestValue")


def _check_formats(view: View, properties: etree._Element | None, count: int, found: Findings) -> None:
    if properties is None:
        return
    formats = list(properties.iter(xades("DataObjectFormat")))
    named = [item.get("ObjectReference") for item in formats]
    kinds = {item.findtext(xades("MimeType")) for item in formats}
    if named != [f"#{view.signature_id}-r{place}" for place in range(count)] or kinds - {"text/xml"}:
        found.at("HBS-4.15", properties)


def _check_value(view: View, info: etree._Element, method: str | None, found: Findings) -> None:
    algorithm = attribute(info.find(ds("SignatureMethod")), "Algorithm")
    if algorithm not in (RSA_SHA256, ECDSA_SHA256):
        found.at("HBS-4.05", info, algorithm or "")
        return
    node = view.node.find(ds("SignatureValue"))
    value = None if node is None else _octets(node, found)
    if view.key is None:
        return
    if (algorithm == RSA_SHA256) != isinstance(view.key, rsa.RSAPublicKey):
        found.at("HBS-4.06", info, algorithm)
        return
    digest = hashlib.sha256(canonical(info, method)).digest()
    if value is None or not verify_with_key(view.key, digest, value):
        found.at("HBS-5.06", view.node)


def _octets(node: etree._Element, found: Findings) -> bytes | None:
    data, exact = lenient_base64(node.text)
    if not exact or len(node):
        found.at("HBS-4.20", node)
    return data
