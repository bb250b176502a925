"""Does the web process answer? Asked by `manage.py up`, by compose's health check and by CI.

Standard library only and started in a twentieth of a second: a health check runs twice a minute for years.
From the shell: `python -I workers/probe.py [PORT]`, exit status 0 when all is well.
"""

import http.client
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

PATH = "/healthz"


class Answer(NamedTuple):
    """The HTTP status (0 when there was no answer) and, unless it is 200, what is wrong in a few words."""

    status: int
    wrong: str


def ask(address: str, port: int, *, name: str, timeout: float = 5.0) -> Answer:
    """What /healthz says.

    `name` goes into the Host header, for the web process answers only to the names it is known by. The
    scheme is said to be https because that is what the proxy in front says where there is one; where there
    is none the header means nothing. Never goes through a proxy of the environment.
    """
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", PATH, headers={"Host": name, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        page = answer.headers.get_content_type() == "text/html"
        body = "a page" if page else answer.read(2000).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, f"no answer at {address} port {port}: {error or type(error).__name__}")
    finally:
        connection.close()
    if answer.status == http.HTTPStatus.OK:
        return Answer(answer.status, "")
    return Answer(answer.status, f"{PATH} answered {answer.status}: {body}")


def known_as(allowed: Sequence[str]) -> str:
    """A name the web process answers to, from a list like Django's ALLOWED_HOSTS (also '*', '.a.org')."""
    names = [name.strip() for name in allowed if name.strip()]
    return "localhost" if not names or "*" in names else names[0].removeprefix(".")


if __name__ == "__main__":
    said = ask(
        "127.0.0.1",
        int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "8000")),
        name=known_as(os.environ.get("WINNOW_ALLOWED_HOSTS", "").split(",")),
    )
    sys.exit(said.wrong or 0)
