"""Where a Redis-protocol server is, read from one URL: `redis://`, `rediss://` (TLS) or `sentinel://`.

    redis://user:password@host:6379/0
    rediss://host:6380/0?ssl_ca_certs=/etc/ssl/ours.pem
    sentinel://host-1:26379;sentinel://host-2:26379/0?master_name=mymaster

Sentinels are spelt as kombu spells them. Account, database and options belong to the servers behind them; each is
given once, in any part. With TLS the certificate and its host name are checked; whoever turns that off is told in the
log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from buffrsign.core.errors import Permanent

SCHEMES = "redis://, rediss:// or sentinel://"
EXPECTED = f"a {SCHEMES} URL"

_PORTS = {"redis": 6379, "rediss": 6379, "sentinel": 26379}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_CERTIFICATES = {"required": "required", "optional": "optional", "none": "none"}
_CERTIFICATES |= {f"cert_{name}": name for name in _CERTIFICATES}
_TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
_SENTINEL_OPTIONS = ("master_name", "sentinel_username", "sentinel_password")
_OPTIONS = {"redis": (), "rediss": _TLS_OPTIONS, "sentinel": (*_SENTINEL_OPTIONS, *_TLS_OPTIONS)}


class AddressRefused(Permanent, ValueError):
    """The URL names no server. The message says what is wrong with it, and repeats no secret."""


@dataclass(frozen=True, repr=False)
class Address:
    """One server, or one primary behind sentinels. `hosts` are the sentinels then, and `master_name` is set."""

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    username: str = ""
    password: str = ""
    database: int = 0
    options: tuple[tuple[str, str], ...] = ()

    @property
    def is_sentinel(self) -> bool:
        """Whether sentinels say where the server is."""
        return self.scheme == "sentinel"

    @property
    def is_loopback(self) -> bool:
        """Whether it is surely this machine. Sentinels may name any machine, so they never are."""
        return not self.is_sentinel and all(host in _LOOPBACK for host, _port in self.hosts)

    @property
    def master_name(self) -> str | None:
        """What the sentinels call the primary."""
        return dict(self.options).get("master_name")

    @property
    def tls(self) -> dict[str, Any] | None:
        """The TLS options, as redis-py, kombu and Flower name them; None without TLS."""
        given = {name: value for name, value in self.options if name in _TLS_OPTIONS}
        if self.scheme != "rediss" and not given:
            return None
        checked: dict[str, Any] = {"ssl_cert_reqs": "required", **given}
        if "ssl_check_hostname" in given:
            checked["ssl_check_hostname"] = given["ssl_check_hostname"] == "true"
        return checked

    @property
    def checks_certificates(self) -> bool:
        """False if somebody between could pose as the server, in spite of TLS."""
        tls = self.tls or {}
        return tls.get("ssl_cert_reqs") != "none" and tls.get("ssl_check_hostname") is not False

    @property
    def sentinel_account(self) -> dict[str, str]:
        """The account at the sentinels themselves, if they ask for one."""
        options = dict(self.options)
        names = {"username": "sentinel_username", "password": "sentinel_password"}
        return {name: options[option] for name, option in names.items() if option in options}

    def with_database(self, database: int) -> "Address":
        """Another database of the same server."""
        return replace(self, database=database)

    def url(self) -> str:
        """The URL, with everything."""
        *others, last = self._parts()
        query = f"?{urlencode(self.options)}" if self.options else ""
        return ";".join([*others, f"{last}/{self.database}{query}"])

    def url_without_options(self) -> str:
        """The URL as Celery wants it: each part complete, and the options given to it as settings instead."""
        return ";".join(f"{part}/{self.database}" for part in self._parts())

    def _parts(self) -> list[str]:
        account = ""
        if self.username or self.password:
            password = f":{quote(self.password, safe='')}" if self.password else ""
            account = f"{quote(self.username, safe='')}{password}@"
        return [f"{self.scheme}://{account}{_bracketed(host)}:{port}" for host, port in self.hosts]

    def __repr__(self) -> str:
        return f"Address({self.scheme}://…)"


def read_address(url: str) -> Address:
    """The address in a URL.

    Raises:
        AddressRefused: it is none of the three forms, or says something twice, or something we do not know.
    """
    parts = [_split(part) for part in url.split(";")]
    scheme = parts[0].scheme
    if any(part.scheme != scheme for part in parts) or (len(parts) > 1 and scheme != "sentinel"):
        raise AddressRefused("only sentinel:// URLs are joined by semicolons, each with its sentinel://")
    accounts = {(unquote(part.username or ""), unquote(part.password or "")) for part in parts} - {("", "")}
    username, password = _only("account", accounts, default=("", ""))
    address = Address(
        scheme=scheme,
        hosts=tuple((part.hostname or "", part.port or _PORTS[scheme]) for part in parts),
        username=username,
        password=password,
        database=_only("database", {_database(part.path) for part in parts if part.path.strip("/")}, default=0),
        options=_options(scheme, [pair for part in parts for pair in _pairs(part.query)]),
    )
    if address.is_sentinel and not address.master_name:
        raise AddressRefused("a sentinel:// URL needs ?master_name=, the name that the sentinels know the primary by")
    return address


def _split(part: str) -> SplitResult:
    try:
        split = urlsplit(part.strip())
        known = split.scheme in _PORTS and bool(split.hostname) and not any(map(str.isspace, part.strip()))
        known = known and not split.fragment and (split.port is None or split.port > 0)
    except ValueError:
        known = False
    if not known or part != part.strip():
        raise AddressRefused(
            f"no server can be read from this URL; expected a host after {SCHEMES}, and in a password signs like "
            ": / ? # @ ; written as %3A %2F %3F %23 %40 %3B"
        )
    return split


def _database(path: str) -> int:
    text = path.strip("/")
    if not (text.isascii() and text.isdigit()):
        raise AddressRefused("the database in a URL is a number, as in redis://host:6379/0")
    return int(text)


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise AddressRefused("the options of a URL are name=value, joined by &") from None


def _options(scheme: str, pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in _OPTIONS[scheme]:
            raise AddressRefused(_unknown(scheme, name))
        value = _CHECKS.get(name, _text)(name, value)  # noqa: PLW2901 - the same value, in one spelling
        if given.setdefault(name, value) != value:
            raise AddressRefused(f"the URL gives {name} twice, and differently")
    return tuple(given.items())


def _unknown(scheme: str, name: str) -> str:
    known = ", ".join(_OPTIONS[scheme])
    shown = name if name.isidentifier() and name.isascii() else "one"
    if not known:
        return f"the option {shown} does not belong in a redis:// URL; TLS is asked for by rediss://"
    return f"the option {shown} does not belong in a {scheme}:// URL; known are {known}"


def _text(name: str, value: str) -> str:
    if not value:
        raise AddressRefused(f"the URL gives {name} no value")
    return value


def _verification(name: str, value: str) -> str:
    known = _CERTIFICATES.get(value.lower())
    if known is None:
        raise AddressRefused(f"{name} is required, optional or none")
    return known


def _boolean(name: str, value: str) -> str:
    if value.lower() not in {"true", "false"}:
        raise AddressRefused(f"{name} is true or false")
    return value.lower()


_CHECKS = {"ssl_cert_reqs": _verification, "ssl_check_hostname": _boolean}


def _only(what: str, found: set[Any], *, default: Any) -> Any:
    if len(found) > 1:
        raise AddressRefused(f"the parts of a sentinel:// URL name more than one {what}; give it once")
    return found.pop() if found else default


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def as_settings(address: Address) -> Mapping[str, Any]:
    """What redis-py needs to reach the server itself, whoever says where it is: account, database and TLS."""
    tls = {"ssl": True, **address.tls} if address.tls is not None else {}
    return {
        "db": address.database,
        "username": address.username or None,
        "password": address.password or None,
        **tls,
    }


def sentinel_settings(address: Address, *, timeout_s: float) -> dict[str, Any]:
    """What redis-py needs to ask the sentinels: bounded waits and no repeats, since there are others to ask."""
    tls = {"ssl": True, **address.tls} if address.tls is not None else {}
    bounds = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s, "retry": None}
    return {**bounds, **tls, **address.sentinel_account}
