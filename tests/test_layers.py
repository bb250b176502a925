"""Nouns, verbs, doors: the import rules of docs/architecture.md, read from the code.

- No noun and no verb imports a door.
- Nouns and verbs import leftward only: reviews < screening < extraction. Doors may read from any app.
- No noun or verb starts background work or asks a model: neither imports workers.
- Only workers/llm.py (and the offline stand-in registered with it) imports litellm.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = ["reviews", "screening", "extraction"]
DOORS = {
    "views", "api", "urls", "api_urls", "admin", "management", "forms", "pages", "prisma", "export", "flow_diagram",
    "listing", "trail_reading", "waiting", "rule_preview", "demo", "templatetags",
}  # fmt: skip


def modules() -> list[Path]:
    found = [p for app in [*APPS, "workers"] for p in sorted((ROOT / app).rglob("*.py"))]
    return [p for p in found if "migrations" not in p.parts]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    """Absolute names of everything a module imports, at any depth of the code."""
    own = dotted(path).split(".")
    package = own if path.name == "__init__.py" else own[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *((node.module or "").split(".") if node.module else [])])
            names |= {origin} | {f"{origin}.{alias.name}" for alias in node.names}
    return names


def is_door(module: str) -> bool:
    app, *rest = module.split(".")
    return app == "workers" or (
        app in APPS and bool(rest) and (rest[0] in DOORS or rest[0].startswith("flow_"))
    )


def test_no_noun_or_verb_imports_a_door():
    breaches = {
        (dotted(path), name)
        for path in modules()
        if not is_door(dotted(path))
        for name in imports(path)
        if is_door(name) or name.split(".")[0] in {"config", "tests"}
    }
    assert breaches == set()


def test_nouns_and_verbs_import_leftward_only():
    breaches = {
        (dotted(path), name)
        for path in modules()
        if not is_door(dotted(path))
        for name in imports(path)
        if name.split(".")[0] in APPS
        and APPS.index(name.split(".")[0]) > APPS.index(dotted(path).split(".")[0])
    }
    assert breaches == set()


def test_one_file_imports_litellm():
    importers = {
        dotted(path) for path in modules() for name in imports(path) if name.split(".")[0] == "litellm"
    }
    assert importers <= {"workers.llm", "workers.offline"}


def test_there_are_no_signal_receivers_or_generic_foreign_keys():
    words = ("django.dispatch", "django.db.models.signals", "GenericForeignKey", "contenttypes.fields")
    breaches = {
        (dotted(path), word)
        for path in modules()
        for word in words
        if word in path.read_text(encoding="utf-8")
    }
    assert breaches == set()


def test_no_file_is_a_drawer_for_everything():
    names = {path.name for path in modules()}
    assert names & {"utils.py", "helpers.py", "common.py", "services.py", "core.py", "misc.py"} == set()


def test_only_verbs_write_to_the_trail():
    """A door that logged on its own could tell of a change that was not made, or forget one that was."""
    breaches = {
        dotted(path) for path in modules() if is_door(dotted(path)) and "reviews.audit.log" in imports(path)
    }
    assert breaches == set()


def test_a_row_that_others_point_to_is_locked_so_that_they_still_can():
    """FOR UPDATE on a review or record keeps off every event that points to it: two verbs could wait for each other."""
    locks = re.compile(r"\b(?:Review|Record)\.objects\.select_for_update\(.*")
    breaches = [
        (dotted(path), line)
        for path in modules()
        for line in locks.findall(path.read_text(encoding="utf-8"))
        if "no_key=True" not in line
    ]
    assert breaches == []
