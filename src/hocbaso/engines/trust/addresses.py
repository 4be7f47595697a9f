"""Where a time-stamp authority may be asked; apart, because the settings ask before anything is loaded."""

from __future__ import annotations

from urllib.parse import urlsplit

#: Names of this machine: secrets may go there without TLS.
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def check_address(url: str, *, secret: bool = False) -> None:
    """Whether an authority may be asked there.

    :param secret: a password or the like goes along: TLS is needed.
    :raises ValueError: not http(s), with user or password inside, or a secret in the open.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the time-stamp authority needs an http or https address")
    if parts.username or parts.password:
        raise ValueError("the address of a time-stamp authority holds no user or password")
    if secret and parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError("a password goes to a time-stamp authority by https only")
