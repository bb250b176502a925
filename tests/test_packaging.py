"""What is shipped around the code: locks, compose file, Makefile, documents. No Django needed."""

import re
import subprocess
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import compose_commands

ROOT = compose_commands.ROOT
LOCKS = ["requirements.lock", "requirements-dev.lock"]
# Put together here so that this file does not hold what it looks for.
REGISTRY_HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry." + "npm" + "js",
    "deb." + "debian.org",
    "crates" + ".io",
    "proxy." + "golang.org",
]
OWN_PATHS = ["/wo" + "rk/main", "/wo" + "rk/shared", "/ro" + "ot/."]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def settings_read() -> set[str]:
    """The environment variables that config/settings.py asks for."""
    return set(re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z][A-Z0-9_]+)\"", read("config/settings.py")))


def locked(name: str) -> dict[str, str]:
    """package -> version; fails when a line of the lock is not understood."""
    found = {}
    for block in re.sub(r"\\\n\s+", " ", read(name)).splitlines():
        requirement, *hashes = block.split(" --hash=")
        assert hashes, f"no hash: {block[:60]}"
        assert [bad for bad in hashes if not re.fullmatch(r"sha256:[0-9a-f]{64}", bad.strip())] == []
        package, version = requirement.split(";")[0].strip().split("==")
        found[canonicalize_name(package)] = version
    return found


def tracked() -> list[Path]:
    """Every file of the project: as git knows them or, in an unpacked archive, all there are."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    ignored = {".git", ".venv", "var", "__pycache__"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not ignored & set(path.parts)]


# ------------------------------------------------------------------ the locks


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_versions_and_hashes_and_no_address(name: str) -> None:
    assert "://" not in read(name)
    assert [
        line for line in read(name).splitlines() if line.lstrip().startswith(("#", "-i", "-f", "--ind"))
    ] == []
    assert len(locked(name)) > 50


def test_every_dependency_is_locked_at_a_version_that_is_asked_for() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    for wanted, name in [
        (project["project"]["dependencies"], "requirements.lock"),
        (project["project"]["dependencies"] + project["dependency-groups"]["dev"], "requirements-dev.lock"),
    ]:
        versions = locked(name)
        for requirement in map(Requirement, wanted):
            assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), requirement


def test_the_development_lock_holds_the_whole_runtime_lock_at_the_same_versions() -> None:
    runtime, development = (locked(name) for name in LOCKS)
    assert {package: development.get(package) for package in runtime} == runtime


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    words = re.compile("|".join(map(re.escape, REGISTRY_HOSTS + OWN_PATHS)))
    named = []
    for path in tracked():
        found = words.search(path.read_bytes().decode("utf-8", errors="ignore"))
        if found:
            named.append(f"{path.relative_to(ROOT)}: {found[0]}")
    assert named == []


# ------------------------------------------------------------------ compose.yaml


def test_compose_runs_web_and_worker_beside_a_postgresql_and_a_redis() -> None:
    services = compose_commands.services()
    assert set(services) == {"migrate", "web", "worker", "db", "redis"}
    assert set(compose_commands.ours()) == {"migrate", "web", "worker"}
    image, version = services["db"]["image"].split(":")
    assert image == "postgres"
    assert int(version) >= 15
    assert services["redis"]["image"].split(":")[0] == "redis"


def test_every_setting_in_compose_is_one_that_the_settings_read() -> None:
    for name, service in compose_commands.ours().items():
        assert set(service["environment"]) - settings_read() == set(), name


def test_the_containers_of_our_image_share_settings_and_data() -> None:
    ours = list(compose_commands.ours().values())
    assert [service["environment"] for service in ours] == [ours[0]["environment"]] * 3
    assert [service["volumes"] for service in ours] == [["data:/data"]] * 3
    assert compose_commands.environment(ours[0], compose_commands.DOT_ENV)["WINNOW_DATA"] == "/data"


def test_compose_holds_no_secret_and_says_which_one_is_missing() -> None:
    given = compose_commands.DOT_ENV
    web = compose_commands.services()["web"]
    for missing in given:
        with pytest.raises(KeyError, match=f"set {missing} in .env"):
            compose_commands.environment(web, {**given, missing: ""})
    values = re.findall(r"(?:PASSWORD|SECRET\w*|KEY): (.*)", read("compose.yaml"))
    assert len(values) == 2
    assert [value for value in values if not value.startswith("${")] == []


def test_the_settings_of_compose_make_the_addresses_of_its_services() -> None:
    found = compose_commands.environment(compose_commands.services()["web"], compose_commands.DOT_ENV)
    assert found["DATABASE_URL"] == "postgres://winnow:unused0here@db:5432/winnow"
    assert found["WINNOW_BROKER_URL"] == "redis://redis:6379/0"
    assert found["WINNOW_MODEL"] == ""


def test_compose_names_programs_and_modules_that_exist() -> None:
    installed = {entry.name for entry in entry_points(group="console_scripts")}
    services = compose_commands.ours()
    assert services["web"]["command"][:2] == ["gunicorn", "config.wsgi:application"]
    assert "application = " in read("config/wsgi.py")
    assert services["worker"]["command"][:4] == ["celery", "-A", "workers.celery", "worker"]
    assert "app = Celery(" in read("workers/celery.py")
    assert services["migrate"]["command"] == ["python", "manage.py", "migrate", "--noinput"]
    assert (ROOT / "manage.py").is_file()
    assert {"gunicorn", "celery"} <= installed
    assert services["web"]["healthcheck"]["test"] == ["CMD", "python", "-I", "workers/probe.py"]
    assert (ROOT / "workers/probe.py").is_file()


def test_what_is_waited_for_can_tell_that_it_is_ready() -> None:
    services = compose_commands.services()
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other], (name, other)
            else:
                assert how == {"condition": "service_completed_successfully"}
                assert other == "migrate"
    assert set(services["web"]["depends_on"]) == {"db", "redis", "migrate"}
    assert set(services["worker"]["depends_on"]) == {"db", "redis", "migrate"}


def test_every_volume_that_is_mounted_is_declared() -> None:
    declared = set(compose_commands.yaml.safe_load(read("compose.yaml"))["volumes"])
    mounted = {
        volume.split(":")[0]
        for service in compose_commands.services().values()
        for volume in service.get("volumes", [])
    }
    assert mounted == declared


@pytest.mark.parametrize(
    ("text", "given", "becomes"),
    [
        ("plain", {}, "plain"),
        ("${A:-default}", {}, "default"),
        ("${A:-default}", {"A": ""}, "default"),
        ("${A:-default}", {"A": "given"}, "given"),
        ("${A:-}", {}, ""),
        ("a ${A} b", {"A": "x"}, "a x b"),
        ("celery@$$HOSTNAME", {}, "celery@$HOSTNAME"),
    ],
)
def test_references_are_read_as_compose_reads_them(text: str, given: dict[str, str], becomes: str) -> None:
    assert compose_commands.interpolate(text, given) == becomes


# ------------------------------------------------------------------ Dockerfile, Makefile, documents


def test_the_image_runs_as_nobody_in_particular_from_the_hashed_lock() -> None:
    lines = [line.strip() for line in read("Dockerfile").splitlines()]
    assert lines.index("USER winnow") > max(
        n for n, line in enumerate(lines) if line.startswith(("COPY", "RUN"))
    )
    assert "--require-hashes -r /requirements.lock" in read("Dockerfile")


def test_the_image_takes_no_data_and_no_secret_along() -> None:
    left_out = set(read(".dockerignore").splitlines())
    assert {".*", "var", "*.env"} <= left_out  # .* covers .env, .git and .venv


@pytest.mark.parametrize("target", ["run", "test", "check", "test-postgres", "test-browser", "lock", "clean"])
def test_make_help_names_every_target(target: str) -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^make {target} ", listed, re.MULTILINE)


def test_the_readme_names_the_two_commands() -> None:
    commands = re.findall(r"^\s*(?:\$ )?(make \w+)", read("README.md"), re.MULTILINE)
    assert {"make run", "make test"} <= set(commands)


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", read("docs/self-hosting.md"), re.MULTILINE))
    assert documented == settings_read()


def test_ci_starts_the_two_commands_and_what_compose_names() -> None:
    steps = re.findall(r"^step \"[^\"]+\"[ \\\n]+(.+)$", read(".ci/run"), re.MULTILINE)
    assert len(steps) == 8
    assert "make test" in steps
    assert "make run SERVE=0" in read(".ci/run")
    assert "on_servers .venv/bin/python tests/compose_commands.py" in steps
    assert steps[-1] == "make test-browser"


def test_ci_is_a_program() -> None:
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0
