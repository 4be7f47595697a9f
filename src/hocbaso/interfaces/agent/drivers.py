"""Where vendors put their PKCS#11 drivers, and which of them are on this PC."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Files that the middleware of tokens issued in Viet Nam installs in System32: what other signing programs
#: look for. A driver of the other word size than this Python cannot be loaded; SysWOW64 is not looked at.
_WINDOWS = (
    "eTPKCS11.dll",  # SafeNet eToken
    "eps2003csp11.dll",  # EnterSafe ePass2003
    "gclib.dll",  # Gemalto
    *(f"viettel-ca_v{n}.dll" for n in (6, 5, 4)),
    *(f"vnptca_p11_v{n}.dll" for n in (10, 9, 8, 7, 6)),
    "vnpt-ca_csp11.dll",
    "vnpt-ca_v34.dll",
    *(f"nca_v{n}.dll" for n in (9, 8, 7, 6, 5, 4)),
    *(f"fptca_v{n}.dll" for n in (6, 5, 4, 3)),
    "fca_v1.dll",
    "BkavCA.dll",
    "CA2_csp11.dll",
    "ncca_csp11_v1.dll",
    "ica_csp11_v1.dll",
    "st3csp11.dll",
    "SignatureP11.dll",  # WatchData
    "wdpkcs.dll",
    "bit4xpki.dll",
)
_WINDOWS_FOLDERS = ("OpenSC Project\\OpenSC\\pkcs11\\opensc-pkcs11.dll",)
_MACOS = (
    "/usr/local/lib/libeTPkcs11.dylib",
    "/usr/local/lib/libcastle.1.0.0.dylib",
    *(f"/usr/local/lib/viettel-ca_v{n}.dylib" for n in (6, 5, 4)),
    "/Library/OpenSC/lib/opensc-pkcs11.so",
)
_LINUX = (
    "/usr/lib/libeTPkcs11.so",
    "/usr/lib/x86_64-linux-gnu/libeTPkcs11.so",
    "/usr/lib/libcastle.so.1.0.0",
    "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib64/opensc-pkcs11.so",
    "/usr/lib/opensc-pkcs11.so",
)


def known_places(platform: str = sys.platform, values: Mapping[str, str] | None = None) -> list[Path]:
    """Where drivers would be on this kind of system, best known first.

    :param values: the environment (folders of Windows).
    """
    environment = os.environ if values is None else values
    if platform == "win32":
        system = Path(environment.get("SYSTEMROOT", "C:\\Windows")) / "System32"
        programs = Path(environment.get("PROGRAMFILES", "C:\\Program Files"))
        return [*(system / name for name in _WINDOWS), *(programs / name for name in _WINDOWS_FOLDERS)]
    return [Path(name) for name in (_MACOS if platform == "darwin" else _LINUX)]


def drivers(given: Sequence[Path]) -> list[Path]:
    """The drivers to use: those that the person named, else every known one that is installed."""
    if given:
        return [path.absolute() for path in given]
    return [path for path in known_places() if path.is_file()]
