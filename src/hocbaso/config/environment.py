"""The environment variables that a node reads: typed, complete, and loud when wrong."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hocbaso.core.errors import DomainError
from hocbaso.engines.ledger.notes import KeyType, NoteVerifier
from hocbaso.engines.population.limits import NightWindow
from hocbaso.engines.population.settings import SANDBOX_URL, GatewaySettings, WrongSettings
from hocbaso.engines.trust.addresses import check_address
from hocbaso.interfaces.agent.protocol import DEFAULT_PORT

SANDBOX_PROVIDER = "hocbaso.sandbox.wiring.provider"
ENVIRONMENTS = ("thu_nghiem", "chinh_thuc")


class WrongEnvironment(Exception):
    """A setting is missing or has a value that cannot be right."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What ``HOCBASO_*`` variables say."""

    home: Path
    database_url: str
    secret_key: str
    debug: bool
    allowed_hosts: tuple[str, ...]
    public_url: str
    environment: str  # "thu_nghiem" | "chinh_thuc": what issued documents say about themselves
    key_provider: str  # dotted path of the function that gives signers (ports of engines.trust)
    https: bool
    metrics_token: str  # who sends it may read /metrics from elsewhere; empty: loopback only
    proxies: int  # reverse proxies in front that append to X-Forwarded-For
    demo: bool  # the second-factor page shows the current code; sandbox only
    witnesses: tuple[str, ...]  # verifier keys (C2SP vkey) whose cosignatures are published with the log
    population: GatewaySettings  # the population registry; without address there is none
    tsa: tuple[str, ...] = ()  # addresses of time-stamp authorities, in order of preference
    agent_port: int = DEFAULT_PORT  # where pages look for the signing program in the person's own PC


def _secret_key(home: Path) -> str:
    """The node's own secret, made once and kept readable only for its owner."""
    path = home / "secret_key"
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        pass
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".secret_key.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    with suppress(FileExistsError):  # another process was faster: its key stays, whole
        os.link(temporary, path)
    temporary.unlink()
    return path.read_text("ascii").strip()


def _witnesses(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    try:
        if all(NoteVerifier.parse(key).key_type is KeyType.WITNESS for key in keys):
            return keys
    except DomainError:
        pass
    raise WrongEnvironment("HOCBASO_LOG_WITNESSES must be verifier keys of witnesses with commas between")


def _tsa(text: str) -> tuple[str, ...]:
    """Names and credentials stand in ``tsa.toml``, never here: variables are seen by too many."""
    found = tuple(dict.fromkeys(text.replace(",", " ").split()))
    try:
        for url in found:
            check_address(url)
    except ValueError as error:
        raise WrongEnvironment(f"HOCBASO_TSA: {error}") from None
    return found


def _flag(values: Mapping[str, str], name: str, default: bool) -> bool:
    text = values.get(name, "1" if default else "0").lower()
    if text not in ("0", "1", "true", "false"):
        raise WrongEnvironment(f"{name} must be 0 or 1, not {text!r}")
    return text in ("1", "true")


def _count(values: Mapping[str, str], name: str) -> int:
    text = values.get(name, "0")
    if not text.isdecimal() or int(text) > 5:
        raise WrongEnvironment(f"{name} must be a number from 0 to 5, not {text!r}")
    return int(text)


def _port(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name, str(default))
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise WrongEnvironment(f"{name} must be a port from 1024 to 65535, not {text!r}")
    return int(text)


def _number(values: Mapping[str, str], name: str, default: float) -> float:
    text = values.get(name, "").strip()
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise WrongEnvironment(f"{name} must be a number from 0, not {text!r}")
    return number


def _file(values: Mapping[str, str], name: str) -> Path | None:
    text = values.get(name, "").strip()
    if text and not Path(text).is_file():
        raise WrongEnvironment(f"{name} must name a file, not {text!r}")
    return Path(text) if text else None


def _population(values: Mapping[str, str], default_url: str) -> GatewaySettings:
    """``HOCBASO_POPULATION_*``: a node of the sandbox finds the sandbox's registry, another one none."""
    prefix = "HOCBASO_POPULATION_"
    given = GatewaySettings()
    try:
        return GatewaySettings(
            url=values.get(f"{prefix}URL", default_url).strip().rstrip("/"),
            client=values.get(f"{prefix}CLIENT", given.client).strip(),
            ca_file=_file(values, f"{prefix}CA"),
            client_certificate=_file(values, f"{prefix}CERT"),
            client_key=_file(values, f"{prefix}KEY"),
            connect_timeout=_number(values, f"{prefix}CONNECT_TIMEOUT", given.connect_timeout),
            read_timeout=_number(values, f"{prefix}READ_TIMEOUT", given.read_timeout),
            attempts=int(_number(values, f"{prefix}ATTEMPTS", given.attempts)),
            quota=int(_number(values, f"{prefix}QUOTA", given.quota)),
            rate=_number(values, f"{prefix}RATE", given.rate),
            window=NightWindow.parse(values.get(f"{prefix}WINDOW", "")),
        )
    except WrongSettings as error:
        raise WrongEnvironment(f"{prefix}…: {error}") from None
    except ValueError as error:
        raise WrongEnvironment(f"{prefix}WINDOW: {error}") from None


def read(values: Mapping[str, str] | None = None) -> Environment:
    """Read the variables.

    :raises WrongEnvironment: a value cannot be right; the message names the variable.
    """
    values = os.environ if values is None else values
    home = Path(values.get("HOCBASO_HOME", "./var")).resolve()
    environment = values.get("HOCBASO_ENVIRONMENT", "thu_nghiem")
    if environment not in ENVIRONMENTS:
        raise WrongEnvironment(f"HOCBASO_ENVIRONMENT must be one of {ENVIRONMENTS}, not {environment!r}")
    provider = values.get("HOCBASO_KEY_PROVIDER", SANDBOX_PROVIDER if environment == "thu_nghiem" else "")
    if not provider:
        raise WrongEnvironment(
            "HOCBASO_KEY_PROVIDER must name where the keys are when HOCBASO_ENVIRONMENT=chinh_thuc"
        )
    debug = _flag(values, "HOCBASO_DEBUG", False)
    if debug and environment == "chinh_thuc":
        raise WrongEnvironment("HOCBASO_DEBUG=1 is not for a node with HOCBASO_ENVIRONMENT=chinh_thuc")
    public_url = values.get("HOCBASO_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    if not public_url.startswith(("http://", "https://")):
        raise WrongEnvironment("HOCBASO_PUBLIC_URL must start with http:// or https://")
    hosts = values.get("HOCBASO_ALLOWED_HOSTS", "127.0.0.1,localhost")
    return Environment(
        home=home,
        database_url=values.get("HOCBASO_DATABASE_URL", f"sqlite:///{home / 'hocbaso.sqlite3'}"),
        secret_key=values.get("HOCBASO_SECRET_KEY") or _secret_key(home),
        debug=debug,
        allowed_hosts=tuple(h.strip() for h in hosts.split(",") if h.strip()),
        public_url=public_url,
        environment=environment,
        key_provider=provider,
        metrics_token=values.get("HOCBASO_METRICS_TOKEN", ""),
        proxies=_count(values, "HOCBASO_PROXIES"),
        demo=environment == "thu_nghiem" and _flag(values, "HOCBASO_DEMO", False),
        witnesses=_witnesses(values.get("HOCBASO_LOG_WITNESSES", "")),
        population=_population(values, SANDBOX_URL if environment == "thu_nghiem" else ""),
        tsa=_tsa(values.get("HOCBASO_TSA", "")),
        agent_port=_port(values, "HOCBASO_AGENT_PORT", DEFAULT_PORT),
        https=_flag(values, "HOCBASO_HTTPS", public_url.startswith("https://")),
    )
