"""A person at a browser without scripts: opens addresses, finds a form on the page, fills it in, sends it.

So a walk fails when a page lacks the form a person would need, which a bare POST would never notice.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD


@dataclass
class Form:
    """A form as it stands on a page: where it goes, and what its fields hold."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    buttons: set[tuple[str, str]] = field(default_factory=set)


class _Reader(HTMLParser):
    """Collects the forms and links of a page. Fields outside a form may belong to it by their form attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.links: list[str] = []
        self.elsewhere: list[tuple[str, dict[str, str]]] = []
        self.inside: Form | None = None
        self.select = self.textarea = ""
        self.typed = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = Form(a.get("action", ""), a.get("method", "get").lower())
            self.forms.append(self.inside)
            self.by_id[a.get("id", "")] = self.inside
        elif tag == "a" and "href" in a:
            self.links.append(a["href"])
        elif tag == "option":
            if self.select and self.inside and ("selected" in a or self.select not in self.inside.fields):
                self.inside.fields[self.select] = [a.get("value", "")]
        elif tag in ("input", "button", "select", "textarea") and a.get("name"):
            if "form" in a:
                self.elsewhere.append((tag, a))
            elif self.inside:
                self._field(self.inside, tag, a)

    def _field(self, form: Form, tag: str, a: dict[str, str]) -> None:
        name, kind = a["name"], a.get("type", "submit" if tag == "button" else "text")
        if kind in ("submit", "image"):
            form.buttons.add((name, a.get("value", "")))
            return
        form.names.add(name)
        if tag == "select":
            self.select = name
        elif tag == "textarea":
            self.textarea, self.typed = name, ""
        elif (kind not in ("radio", "checkbox") or "checked" in a) and kind != "file":
            form.fields.setdefault(name, []).append(a.get("value", "on" if kind == "checkbox" else ""))

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.typed += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.textarea and self.inside:
            self.inside.fields[self.textarea] = [self.typed.removeprefix("\n")]
            self.textarea = ""
        elif tag == "select":
            self.select = ""
        elif tag == "form":
            self.inside = None

    def finish(self) -> "_Reader":
        for tag, a in self.elsewhere:
            if a["form"] in self.by_id:
                self._field(self.by_id[a["form"]], tag, a)
        return self


class Person:
    """Somebody with a browser of their own: cookies, CSRF checks and all."""

    def __init__(self, name: str) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.name, self.email = name, f"{name.lower()}@example.org"
        self.address = self.text = ""

    def open(self, name: str, *args: object, **query: object) -> str:
        """Open the page called `name`; its text."""
        return self.go(reverse(name, args=args), query)

    def go(self, address: str, query: dict[str, object] | None = None) -> str:
        """Open an address on this site, which must answer 200."""
        return self._arrived(self.client.get(address, query or {}, follow=True))

    def follow(self, part: str) -> str:
        """Follow the first link on the page whose address contains `part`."""
        found = [link for link in self._read().links if part in link]
        assert found, f"no link to {part!r} on {self.address}"
        return self.go(urljoin(self.address, found[0]))

    def form(self, to: str) -> Form:
        """The one form on the page that is sent to an address ending in `to` ("": to the page itself)."""
        forms = [form for form in self._read().forms if form.method == "post"]
        here = urlsplit(self.address).path
        found = [f for f in forms if (urlsplit(f.action).path or here).endswith(to or here)]
        assert len(found) == 1, f"{len(found)} forms to {to!r} on {self.address}: {[f.action for f in forms]}"
        return found[0]

    def send(self, to: str, *, press: tuple[str, str] | None = None, **given: Any) -> str:
        """Fill in the form that goes to `to`, press a button (name, value), and land where it leads."""
        form = self.form(to)
        unknown = set(given) - form.names
        assert not unknown, f"no field {unknown} in the form to {to!r} on {self.address}, only {form.names}"
        if press:
            assert press in form.buttons, f"no button {press} on {self.address}, only {form.buttons}"
        data: dict[str, Any] = form.fields | given | (dict([press]) if press else {})
        action = urljoin(self.address, form.action or self.address)
        return self._arrived(self.client.post(action, data, follow=True, headers={"referer": self.address}))

    def sign_up(self) -> str:
        """Make an account; one lands where one came from."""
        return self.send("/sign-up/", name=self.name, email=self.email, password=PASSWORD, again=PASSWORD)

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.text)
        reader.close()
        return reader.finish()

    def _arrived(self, answer: Any) -> str:
        where = answer.redirect_chain[-1][0] if answer.redirect_chain else answer.request["PATH_INFO"]
        assert answer.status_code == 200, (
            f"{answer.status_code} at {where}: {answer.content.decode()[-3000:]}"
        )
        query = answer.request.get("QUERY_STRING", "")
        self.address = urljoin("http://testserver", answer.request["PATH_INFO"]) + (
            f"?{query}" if query else ""
        )
        self.text = answer.content.decode()
        return self.text
