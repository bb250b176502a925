"""The web process never loads litellm: 150 MB and two seconds that only a worker needs."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import importlib, pkgutil, sys
import config.wsgi, config.asgi
from django.urls import get_resolver

def walk(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            walk(pattern)

walk(get_resolver())
loaded = []
for app in ("reviews", "screening", "extraction"):
    for part in ("views", "api", "forms", "templatetags"):
        try:
            package = importlib.import_module(f"{app}.{part}")
        except ModuleNotFoundError as missing:
            assert missing.name == f"{app}.{part}", missing
            continue
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
            loaded.append(module.name)
for module in ("workers.tasks", "workers.starting", "workers.batches", "workers.llm"):
    importlib.import_module(module)
assert "screening.views.runs" in loaded and "extraction.api.sheets" in loaded, loaded
heavy = sorted(name for name in ("litellm", "openai", "tiktoken", "tokenizers") if name in sys.modules)
assert heavy == [], heavy
"""


def test_no_page_and_no_api_loads_the_models_library(tmp_path):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "WINNOW_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, env=environment, timeout=120, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
