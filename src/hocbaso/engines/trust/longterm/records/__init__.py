"""Evidence records (RFC 4998): one time stamp keeps very many issued sheets provable, and can be renewed.

``read_record`` and :class:`EvidenceRecord` (DER), :class:`HashTree`, the data objects of a sheet, renewal,
and :func:`verify_record`. Pure functions: time, tokens and stored bytes are passed in.
"""

from hocbaso.engines.trust.longterm.records.faults import OPEN, RecordFault
from hocbaso.engines.trust.longterm.records.model import (
    ArchiveTimeStamp,
    Chain,
    EvidenceRecord,
    digest,
    identifier,
    sequence_der,
)
from hocbaso.engines.trust.longterm.records.objects import (
    DataObject,
    Kind,
    member_hashes,
    objects_of_document,
    objects_of_file,
)
from hocbaso.engines.trust.longterm.records.reading import MAX_RECORD, read_record
from hocbaso.engines.trust.longterm.records.renewal import (
    Due,
    combined,
    new_algorithm,
    renewal_due,
    stamp_imprint,
)
from hocbaso.engines.trust.longterm.records.tree import (
    BLOCK,
    HashTree,
    block_roots,
    climb,
    group_hash,
    path_in_blocks,
    reduced,
    stored_leaves,
)
from hocbaso.engines.trust.longterm.records.verify import RecordVerdict, protects, unreadable, verify_record

__all__ = [
    "BLOCK",
    "MAX_RECORD",
    "OPEN",
    "ArchiveTimeStamp",
    "Chain",
    "DataObject",
    "Due",
    "EvidenceRecord",
    "HashTree",
    "Kind",
    "RecordFault",
    "RecordVerdict",
    "block_roots",
    "climb",
    "combined",
    "digest",
    "group_hash",
    "identifier",
    "member_hashes",
    "new_algorithm",
    "objects_of_document",
    "objects_of_file",
    "path_in_blocks",
    "protects",
    "read_record",
    "reduced",
    "renewal_due",
    "sequence_der",
    "stamp_imprint",
    "stored_leaves",
    "unreadable",
    "verify_record",
]
