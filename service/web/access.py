"""Who may: keys and their scopes, quotas, and how fast one caller may ask."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, request

from service.accounts.accounts import Accounts
from service.accounts.keys import Key
from service.accounts.quotas import Used
from service.accounts.rates import Allowance
from service.domain.access import Scope, permits
from service.errors import Forbidden, InvalidInput, RateLimited, Unauthorized
from service.web.contract import operation_of

_DAY_S = 86_400
KEY_COOKIE = "key"
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True)
class Caller:
    """`key` is None where anyone may read; `address` is the network one that rates go by."""

    key: Key | None
    address: str


def install_access(app: Flask, accounts: Accounts) -> None:
    """Admit or refuse each request before it is answered.

    What its operation's scope says is needed; without a contract, reading needs `read` and all
    else `admin`. Operations open to all, the page's static files and CORS' preflights have
    neither keys nor limits. `app.config["BOUND_HOST"]` is the host that the server is bound to:
    unless the settings say otherwise, anyone on this machine may read where that is loopback.
    """
    app.extensions["accounts"] = accounts
    app.before_request(_admit)
    app.after_request(_tell)


def admits(view: Callable[..., Any], scope: Scope, *, open_to_all: bool = False) -> None:
    """Say of a view without a contract what it needs; `open_to_all` is slowed down, but needs no
    key."""
    view.needs = None if open_to_all else scope  # type: ignore[attr-defined]


def accounts() -> Accounts:
    found = current_app.extensions["accounts"]
    assert isinstance(found, Accounts)
    return found


def caller() -> Caller:
    """Who asks; to be called where a key or none was admitted."""
    found = g.caller
    assert isinstance(found, Caller)
    return found


def sent_key() -> Key | None:
    """The good key that the request bears, None where it bears none. Raises Unauthorized for any
    other. For what is open to all but tells some more: no quota is counted."""
    token = _token()
    return accounts().keys.check(token) if token is not None else None


def _admit() -> None:
    operation = operation_of(request)
    if request.method == "OPTIONS" or request.endpoint == "static":
        return
    if operation is not None and operation.scope is None:
        return
    keys, token, address = accounts().keys, _token(), _network(request.remote_addr)
    # A key that was never good here counts towards its sender's address: guessing is slow, too.
    known = keys.remembered(token) if token is not None else None
    _slow_down(f"key {known.id}" if known else f"address {address}")
    g.caller = Caller(None, address)
    if request.endpoint is None:
        return  # no such path or method: to be told so needs no key
    needed = operation.scope if operation is not None else _needed_by_view()
    if needed is None:
        return
    if token is None:
        if needed is Scope.READ and anyone_reads_here():
            return
        raise Unauthorized(
            "an API key is needed here, sent as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
        )
    key = keys.check(token)
    if not permits(key.scopes, needed):
        raise Forbidden(needed)
    g.caller = Caller(key, address)
    g.used = accounts().quotas.count(key)


def _needed_by_view() -> Scope | None:
    usual = Scope.READ if request.method in ("GET", "HEAD") else Scope.ADMIN
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "needs", usual)


def _slow_down(who: str) -> None:
    allowances = g.allowances = accounts().rates.hit(who)
    if allowances and not allowances[-1].granted:
        spent = allowances[-1]
        raise RateLimited(
            f"more than {spent.limit:,} requests in {spent.window_s:,} seconds", spent.resets_s
        )


def _tell(answer: Response) -> Response:
    """The headers of the IETF's draft on rate limits: what is allowed, and what is left of it."""
    policies, left = [], []
    allowances: list[Allowance] = g.get("allowances", [])
    for a in allowances:
        policies.append(f'"{a.window_s}s";q={a.limit};w={a.window_s}')
        left.append(f'"{a.window_s}s";r={a.left};t={a.resets_s}')
    used: Used | None = g.get("used")
    if used is not None:
        policies.append(f'"day";q={used.quota};w={_DAY_S}')
        left.append(f'"day";r={used.left};t={int(used.resets_s) + 1}')
    if policies:
        answer.headers["RateLimit-Policy"] = ", ".join(policies)
        answer.headers["RateLimit"] = ", ".join(left)
    return answer


def _token() -> str | None:
    """What was sent as a key. Never in the address, which logs and referrers keep. A browser sends
    it as a cookie, which other sites' pages can't make it do (SameSite=Strict)."""
    header = request.headers.get("Authorization")
    own = request.headers.get("X-API-Key")
    if header is None:
        return request.cookies.get(KEY_COOKIE) if own is None else own
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthorized("Authorization must be `Bearer KEY`", sent=True)
    if own is not None and own != token.strip():
        raise InvalidInput("X-API-Key", "differs from the key in Authorization: send one")
    return token.strip()


def from_this_machine() -> bool:
    """Whether the request was made here, and not passed on by a proxy, declared or not."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    return is_loopback(request.remote_addr)


def anyone_reads(app: Flask) -> bool:
    """Whether reading may need no key: everybody's, or on this machine."""
    allowed: bool | None = app.extensions["accounts"].settings.anonymous_read
    return is_loopback(app.config.get("BOUND_HOST")) if allowed is None else allowed


def anyone_reads_here() -> bool:
    if accounts().settings.anonymous_read is None and not from_this_machine():
        return False
    return anyone_reads(current_app)


@functools.lru_cache(1_000)
def is_loopback(host: str | None) -> bool:
    """Whether only this machine reaches a server that is bound to `host`."""
    found = _parsed(host)
    return host == "localhost" or (found is not None and found.is_loopback)


@functools.lru_cache(1_000)
def _network(address: str | None) -> str:
    """One subscriber: an IPv4 address, or the 64 bits of a network that IPv6 gives to each."""
    found = _parsed(address)
    if found is None:
        return "unknown"  # a socket file has no address
    bits = 64 if found.version == 6 else 32
    return str(ipaddress.ip_network((found, bits), strict=False))


def _parsed(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address((text or "").strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
