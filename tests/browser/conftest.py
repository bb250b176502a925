"""People in headless Chromium: Debian's, found on the machine; nothing is downloaded."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.factories import PASSWORD


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium, without the calls home that a closed network refuses."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is missing: install Debian's package chromium")
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    return {"executable_path": chromium, "args": ["--no-sandbox", "--disable-gpu", *quiet]}


@pytest.fixture
def at_the_browser(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """`at_the_browser("bob@example.org", password)` is a page of a browser that person signed in with.

    Everything the browser complained about (scripts, the content policy, missing files) fails the test at its end.
    """
    complaints: list[str] = []
    contexts = []

    def sign_in(email: str, password: str = PASSWORD, **context: Any) -> Page:
        contexts.append(browser.new_context(base_url=live_server.url, **context))
        page = contexts[-1].new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: _stays_here(asked.url, live_server.url, complaints))
        page.goto("/sign-in/")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live_server.url}/")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert complaints == []


def _stays_here(url: str, home: str, complaints: list[str]) -> None:
    if not url.startswith((home, "data:")):
        complaints.append(f"asked {url}")
