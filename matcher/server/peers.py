"""Who is at the other end of a connection: what the record says, whose share it takes, and its address."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

import grpc

from matcher.texts.unseen import visible

Address = tuple[str, int]
_MAPPED: Final = "::ffff:"


def peer_of(context: grpc.ServicerContext) -> str:
    """Common name of the client's certificate where it showed one, and the transport address."""
    return visible(" ".join([*_names(context), context.peer()])[:200])


def share_of(context: grpc.ServicerContext) -> str:
    """Whose share of the server a call takes: the name in the client's certificate, without one the host."""
    names = _names(context)
    return f"name {names[0]}" if names else f"host {address_of(context.peer())[0]}"


def address_of(peer: str) -> Address:
    """Host and port of "ipv4:192.0.2.1:50000" or "ipv6:%5B2001:db8::1%5D:50000"; port 0 where there is none."""
    host, _, port = unquote(peer).partition(":")[2].rpartition(":")
    return plain_host(host.removeprefix("[").removesuffix("]")), int(port) if port.isdigit() else 0


def plain_host(host: str) -> str:
    """An IPv4 address that came over an IPv6 socket, as the IPv4 address."""
    return host.removeprefix(_MAPPED) if "." in host else host


def _names(context: grpc.ServicerContext) -> list[str]:
    return [name.decode("utf-8", "replace") for name in context.auth_context().get("x509_common_name", ())]
