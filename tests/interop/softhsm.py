"""Throw-away SoftHSM2 tokens with credentials of the sandbox."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hocbaso.engines.trust.providers.pkcs11 import TokenAddress
from hocbaso.sandbox.ca import StoredCredential

PIN = "planted-4711-pin"
SO_PIN = "planted-so-pin-9"


@lru_cache(maxsize=1)
def module() -> Path:
    """SoftHSM2's library, wherever the distribution keeps it."""
    places = ("/usr/lib/softhsm", "/usr/lib/*/softhsm", "/usr/lib64", "/usr/local/lib/softhsm")
    found = [path for place in places for path in sorted(Path("/").glob(f"{place[1:]}/libsofthsm2.so"))]
    assert found, "softhsm2 is not installed: run `make system-packages`"
    return found[0]


@dataclass(frozen=True)
class SoftToken:
    """One token in a directory of its own."""

    folder: Path
    label: str

    @property
    def environment(self) -> dict[str, str]:
        """What the driver needs to find it."""
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    @property
    def address(self) -> TokenAddress:
        """Where it is for a signer."""
        return TokenAddress(module(), label=self.label)

    @property
    def tokens(self) -> Path:
        """The files that are the token; gone, the token is pulled out."""
        return self.folder / "tokens"

    def tool(self, *command: str) -> str:
        """Run another program on this token."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add(self, credential: StoredCredential, identifier: str, label: str) -> None:
        """Put a credential's key and certificate on the token."""
        with tempfile.TemporaryDirectory(prefix="hbs-p11-") as scratch:
            key, certificate = Path(scratch) / "key.pem", Path(scratch) / "certificate.der"
            key.write_bytes(
                credential.private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )
            certificate.write_bytes(credential.certificate.public_bytes(Encoding.DER))
            self.tool(
                *("softhsm2-util", "--import", str(key), "--token", self.label, "--label", label),
                *("--id", identifier, "--pin", PIN),
            )
            self.write_certificate(certificate, identifier, label)

    def write_certificate(self, certificate: Path, identifier: str, label: str) -> None:
        """Put a certificate (DER) on the token."""
        self.tool(
            *("pkcs11-tool", "--module", str(module()), "--token-label", self.label, "--login"),
            *("--pin", PIN, "--write-object", str(certificate), "--type", "cert"),
            *("--id", identifier, "--label", label),
        )


def new_token(folder: Path, label: str = "Hoa Mai") -> SoftToken:
    """An empty token below ``folder``."""
    token = SoftToken(folder, label)
    token.tokens.mkdir(parents=True)
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {token.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    token.tool(
        *("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN)
    )
    return token
