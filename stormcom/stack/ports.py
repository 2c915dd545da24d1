"""Ports: are they free, and if not, who holds them?"""

import socket

import psutil

from stormcom.stack.errors import PortTaken


def require_free(port: int, *, host: str, purpose: str, option: str) -> None:
    """Check that `port` can be listened on. Errors: PortTaken, naming the holder where it can be told."""
    if is_free(port, host=host):
        return
    raise PortTaken(
        f"Port {port}, needed for {purpose}, is taken{describe_holder(port)}. Stop that process, or choose another "
        f"port: `stormcom up {option} {port + 1}`."
    )


def is_free(port: int, *, host: str) -> bool:
    """Say whether one could listen on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections of a server that has just ended linger; they don't keep a new one from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def describe_holder(port: int) -> str:
    """Return ' by NAME (pid N: command)', or nothing where the holder belongs to somebody else."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                process = psutil.Process(connection.pid)
                command = " ".join(process.cmdline())[:80]
                return f" by {process.name()} (pid {connection.pid}: {command})"
    except psutil.Error:
        return ""
    return ""
