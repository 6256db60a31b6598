"""Cuts Python off from the network; the machine itself (loopback, local sockets) stays in reach.

Python imports a module of this name at its start, so this folder on PYTHONPATH is enough, for a
process and for all that it starts: `make offline`. An audit hook sees every connection and every
look-up of a name that goes through Python's sockets and refuses it as a machine without a network
would: at once, with an error that libraries know. (Sockets opened in C, as ZeroMQ's between Jupyter
and its kernels, do not pass here.)
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys

LOCAL_NAMES = {"", "localhost"}
HOST_ARGUMENT = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}
ADDRESS_ARGUMENT = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


def is_local(host: object) -> bool:
    """Whether a host, by name or number, is this machine; None stands for it too."""
    if host is None:
        return True
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name.lower() in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """The hook: raise for what would leave the machine.

    Raises:
        OSError: A connection to another machine ("network is unreachable").
        socket.gaierror: The look-up of another machine's name.
    """
    if event in HOST_ARGUMENT and not is_local(arguments[HOST_ARGUMENT[event]]):
        raise socket.gaierror(socket.EAI_AGAIN, f"no network (tests/offline): {arguments[0]!r}")
    if event in ADDRESS_ARGUMENT:
        address = arguments[ADDRESS_ARGUMENT[event]]
        # Of local sockets the address is a path, of a connected one None.
        if isinstance(address, tuple) and not is_local(address[0]):
            raise OSError(errno.ENETUNREACH, f"no network (tests/offline): {address!r}")


if __name__ == "sitecustomize":  # at Python's start, not where a test looks at this file
    sys.addaudithook(refuse)
