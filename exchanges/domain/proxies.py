"""The URL of a proxy that requests leave by, and what is wrong with one."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

SCHEMES = {"http", "https"}  # SOCKS would need libraries of its own, for requests and for sockets
FORM = "it must be http://user:password@host:port"


def decoded(url: str) -> str:
    """The URL with user and password as they are: `websockets` decodes nothing."""
    parts = urlsplit(url)
    if parts.username is None:
        return url
    user, password = _user_of(parts)
    return f"{parts.scheme}://{user}:{password}@{parts.netloc.rpartition('@')[2]}"


def fault_of(url: str) -> str:
    """What keeps us from leaving by this proxy; empty if nothing does. It quotes nothing."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname and parts.port)
    except ValueError:
        return FORM
    if parts.scheme not in SCHEMES:
        return "only HTTP proxies can be used"
    if not is_whole or parts.path not in {"", "/"} or parts.query or parts.fragment:
        return FORM
    return "" if _is_readable(parts, url) else "its user or password has a character that ends them"


def _is_readable(parts: SplitResult, url: str) -> bool:
    """Whether who reads the decoded URL finds the same in it."""
    if parts.username is None:
        return True
    try:
        again = urlsplit(decoded(url))
        found = (again.username, again.password, again.hostname, again.port)
    except ValueError:
        return False
    is_plain = decoded(url).isascii()
    return is_plain and found == (*_user_of(parts), parts.hostname, parts.port)


def _user_of(parts: SplitResult) -> tuple[str, str]:
    return unquote(parts.username or ""), unquote(parts.password or "")
