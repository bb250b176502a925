"""Who this worker process is, so that a lease can be told to be a dead worker's."""

import os
import socket
import uuid

_TOKEN = uuid.uuid4().hex[:12]


def lease_name() -> str:
    """This process: host, process id, and a token made anew when the module is loaded."""
    return f"{socket.gethostname()}:{os.getpid()}:{_TOKEN}"


def is_dead(lease: str) -> bool:
    """Whether the holder of `lease` was a process on this host that is gone.

    Of workers on other hosts nothing is known: their leases are left to run out. A process id that came back
    with another token (a container's worker is often process 1 again) is a dead holder too.
    """
    host, pid, token = lease.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    if int(pid) == os.getpid():
        return token != _TOKEN
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
