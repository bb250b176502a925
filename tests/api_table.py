"""docs/api.md, written from the API's own URLs and docstrings: `python -m tests.api_table` writes it anew."""

import inspect
import os
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
HEAD = """# API

Everything a page can do, a program can do under `/api/`: the same verbs, the same permissions, the same blindness.

Sign in with a session, or with a token: `POST /api/token/` with e-mail and password, then send
`Authorization: Token ...`. Bodies are JSON (or multipart for files). A stranger gets 404, an insufficient role 403.
Every error has one shape: `{"error": {"code", "what", "kept", "mend"}}`: what happened, what was kept, what to do.

```sh
curl localhost:8000/api/token/ -d email=bob@example.org -d password=...     # {"token": "..."}
curl -H "Authorization: Token $TOKEN" localhost:8000/api/r/demo/screen/title_abstract/next/
```

This table is written from the code (`python -m tests.api_table`), and a test compares the two.

| address | what |
|---|---|
"""


def rows() -> Iterator[tuple[str, str]]:
    """(address, what its view says of itself) of every API URL."""
    from django.urls import URLPattern, get_resolver

    def walk(patterns, prefix: str) -> Iterator[tuple[str, str]]:
        for entry in patterns:
            address = prefix + str(entry.pattern)
            if isinstance(entry, URLPattern):
                view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)
                yield address, " ".join((inspect.getdoc(view or entry.callback) or "").split())
            else:
                yield from walk(entry.url_patterns, address)

    return (row for row in walk(get_resolver().url_patterns, "/") if row[0].startswith("/api/"))


def page() -> str:
    """The whole page."""
    lines = [f"| `{address}` | {what.replace('|', chr(92) + '|')} |" for address, what in rows()]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
