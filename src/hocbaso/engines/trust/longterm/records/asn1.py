"""RFC 4998 section 2 and appendix B as asn1crypto definitions (module with IMPLICIT TAGS).

Only reading uses them; what is written comes from :mod:`.model`, and what was read must be written the same.
"""

from __future__ import annotations

from asn1crypto import cms, core


class AnyAttribute(core.Sequence):  # type: ignore[misc]
    """Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }."""

    _fields = [("type", core.ObjectIdentifier), ("values", core.SetOf, {"spec": core.Any})]


class CryptoInfos(core.SequenceOf):  # type: ignore[misc]
    """CryptoInfos ::= SEQUENCE SIZE (1..MAX) OF Attribute."""

    _child_spec = AnyAttribute


class Attributes(core.SetOf):  # type: ignore[misc]
    """Attributes ::= SET SIZE (1..MAX) OF Attribute."""

    _child_spec = AnyAttribute


class EncryptionInfo(core.Sequence):  # type: ignore[misc]
    """EncryptionInfo ::= SEQUENCE { encryptionInfoType, encryptionInfoValue }."""

    _fields = [("encryption_info_type", core.ObjectIdentifier), ("encryption_info_value", core.Any)]


class Identifier(core.Sequence):  # type: ignore[misc]
    """AlgorithmIdentifier of a hash."""

    _fields = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]


class Identifiers(core.SequenceOf):  # type: ignore[misc]
    """SEQUENCE OF AlgorithmIdentifier."""

    _child_spec = Identifier


class PartialHashtree(core.SequenceOf):  # type: ignore[misc]
    """PartialHashtree ::= SEQUENCE OF OCTET STRING."""

    _child_spec = core.OctetString


class ReducedHashtree(core.SequenceOf):  # type: ignore[misc]
    """SEQUENCE OF PartialHashtree."""

    _child_spec = PartialHashtree


class ArchiveTimeStamp(core.Sequence):  # type: ignore[misc]
    """Section 4.1."""

    _fields = [
        ("digest_algorithm", Identifier, {"implicit": 0, "optional": True}),
        ("attributes", Attributes, {"implicit": 1, "optional": True}),
        ("reduced_hashtree", ReducedHashtree, {"implicit": 2, "optional": True}),
        ("time_stamp", cms.ContentInfo),
    ]


class ArchiveTimeStampChain(core.SequenceOf):  # type: ignore[misc]
    """Section 5.1: time stamps of one tree, each over the one before."""

    _child_spec = ArchiveTimeStamp


class ArchiveTimeStampSequence(core.SequenceOf):  # type: ignore[misc]
    """Section 5.1: chains, each over the data objects and all chains before."""

    _child_spec = ArchiveTimeStampChain


class EvidenceRecord(core.Sequence):  # type: ignore[misc]
    """Section 3.1."""

    _fields = [
        ("version", core.Integer),
        ("digest_algorithms", Identifiers),
        ("crypto_infos", CryptoInfos, {"implicit": 0, "optional": True}),
        ("encryption_info", EncryptionInfo, {"implicit": 1, "optional": True}),
        ("archive_time_stamp_sequence", ArchiveTimeStampSequence),
    ]
