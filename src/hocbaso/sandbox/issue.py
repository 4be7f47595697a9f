"""The sandbox's authorities at their counter, to rehearse a real node (docs/a-real-node.md).

    python -m hocbaso.sandbox.issue FOLDER person NAME NUMBER ORGANISATION OUT
    python -m hocbaso.sandbox.issue FOLDER seal CODE NAME OUT
    python -m hocbaso.sandbox.issue FOLDER revoke CERTIFICATE

``FOLDER`` is the ``sandbox`` folder of the home where ``hocbaso sandbox`` runs; ``HOCBASO_SANDBOX_KEY`` says
the kind of keys. ``OUT.key`` (PKCS#8 PEM, readable for its owner alone) and ``OUT.cer`` (DER) are written.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hocbaso.sandbox.ca import SandboxAuthority, StoredCredential
from hocbaso.sandbox.profiles import KEY_KINDS, KeyKind


def _authority(folder: str) -> SandboxAuthority:
    wanted = os.environ.get("HOCBASO_SANDBOX_KEY", "rsa3072")
    kind: KeyKind | None = next((one for one in KEY_KINDS if one == wanted), None)
    if kind is None:
        raise ValueError(f"HOCBASO_SANDBOX_KEY must be one of {', '.join(KEY_KINDS)}, not {wanted!r}")
    return SandboxAuthority(folder, key_kind=kind)


def _hand_over(credential: StoredCredential, out: str) -> None:
    key = credential.private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(f"{out}.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key)
    Path(f"{out}.cer").write_bytes(credential.certificate.public_bytes(Encoding.DER))


def main(arguments: list[str]) -> int:
    """The counter as a command; 2: not understood, or no such certificate."""
    try:
        match arguments:
            case [folder, "person", name, number, organisation, out]:
                _hand_over(_authority(folder).issue_person(name, number, organisation), out)
            case [folder, "seal", code, name, out]:
                # P-256 for the node's own key: QR codes and status lists are signed with nothing else
                kind: KeyKind | None = "p256" if code == "NUT" else None
                _hand_over(_authority(folder).issue_organisation(code, name, key_kind=kind), out)
            case [folder, "revoke", file]:
                certificate = x509.load_der_x509_certificate(Path(file).read_bytes())
                _authority(folder).revoke(certificate, datetime.now(UTC))
            case _:
                sys.stderr.write(__doc__ or "")
                return 2
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyError:
        sys.stderr.write("that certificate was not issued here\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
