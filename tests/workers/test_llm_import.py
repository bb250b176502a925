"""litellm weighs 150 MB: one file imports it, on first use. And what a model is called on a page."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers import llm

ROOT = Path(__file__).resolve().parents[2]


def test_litellm_is_imported_on_first_use_only_and_reads_no_env_file(tmp_path):
    (tmp_path / ".env").write_text("WINNOW_LEAK=1\n")
    code = """
import os, sys
from workers import llm
assert "litellm" not in sys.modules
llm.describe("openai/x")
assert "litellm" not in sys.modules
llm.load()
assert "litellm" in sys.modules
assert "WINNOW_LEAK" not in os.environ
assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_one_file_imports_litellm():
    importing = [
        path.relative_to(ROOT).as_posix()
        for app in ("config", "reviews", "screening", "extraction", "workers")
        for path in (ROOT / app).rglob("*.py")
        if any(
            line.strip().startswith(("import litellm", "from litellm"))
            for line in path.read_text().splitlines()
        )
    ]
    assert importing == ["workers/llm.py"]


@pytest.mark.parametrize(
    ("model", "label", "is_offline"),
    [
        (llm.OFFLINE_MODEL, "Offline stand-in (rule-based, not a language model)", True),
        ("offline/anything", "Offline stand-in (rule-based, not a language model)", True),
        ("ollama/llama3.2", "llama3.2 (through ollama)", False),
        ("openrouter/acme/m-1", "acme/m-1 (through openrouter)", False),
        ("gpt-4o", "gpt-4o", False),
    ],
)
def test_a_model_is_named_to_people(model, label, is_offline):
    assert llm.describe(model) == llm.ModelInfo(model, label, is_offline)
