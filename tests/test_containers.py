"""The Dockerfile, the compose file and the units of docs/running.md name what exists.

What runs them is not part of the tests: each file that is copied, setting, command and option is looked up instead.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from curator.settings import LabelStudioSettings, load_settings
from data.label_studio.images import checked_public_url
from ui.cli import main

ROOT = Path(__file__).parents[1]
VARIABLES_OF_COMMANDS = {"CURATOR_PROJECT", "CURATOR_MODELS"}
"""Read elsewhere than in the settings."""

# as Label Studio 1.23 reads them (core/settings/base.py, server.py): prefix LABEL_STUDIO_, HEARTEX_ or none
VARIABLES_THERE = {
    "LABEL_STUDIO_USERNAME",
    "LABEL_STUDIO_PASSWORD",
    "LABEL_STUDIO_USER_TOKEN",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK",
    "USE_DEFAULT_BANNED_SUBNETS",
    "COLLECT_ANALYTICS",
    "LATEST_VERSION_CHECK",
    "SENTRY_DSN",
    "FRONTEND_SENTRY_DSN",
}

Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """Of the Dockerfile: keyword and arguments, lines joined, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def said(keyword: str) -> list[str]:
    return [arguments for name, arguments in instructions() if name == keyword]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return found


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"][name]
    return found


def filled(value: str) -> str:
    """As compose does it, with ``x`` for what .env must give."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", re.sub(r"\$\{\w+:\?[^}]*\}", "x", value))


def check_command(words: list[str]) -> None:
    """That the command line can be parsed: the command and its options exist, values are of their kind."""
    name, options = words[0], words[1:]
    context = click.Context(main)
    found = main.get_command(context, name)
    assert found is not None, name
    found.make_context(name, options, parent=context)


def test_each_file_that_is_copied_exists_and_is_not_ignored() -> None:
    sources = [
        source
        for arguments in said("COPY")
        if not arguments.startswith("--from=build")
        for source in arguments.split()[:-1]
    ]
    assert "requirements.lock" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignored(source), source


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git",
        "var",
        "tests",
        "docs",
        "secret.key",
        ".venv",
        "ui/__pycache__",
        "curator.egg-info",
        "compose.yaml",
    ],
)
def test_nothing_else_gets_into_the_image(path: str) -> None:
    assert ignored(path)


def ignored(path: str) -> bool:
    """As Docker reads .dockerignore: the last pattern that fits the path, or a folder above it, holds."""
    held = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = path.split("/")
        names = parts if "**/" in line else [parts[0]]
        if any(fnmatch.fnmatch(name, pattern) for name in names):
            held = not line.startswith("!")
    return held


def test_each_package_is_in_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {name.removesuffix("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    copied = {arguments.split()[0] for arguments in said("COPY")}

    assert packages <= copied
    (compiled,) = [arguments for arguments in said("RUN") if "compileall" in arguments]
    assert packages <= set(compiled.partition("compileall -q ")[2].split())


def test_dependencies_are_those_of_the_lock_with_their_hashes() -> None:
    installs = [arguments for arguments in said("RUN") if "pip install" in arguments]

    assert len(installs) == 2
    assert "--require-hashes --no-deps -r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "setuptools==" in lock  # builds the package without fetching anything


def test_the_image_runs_as_somebody_who_is_not_root_and_owns_the_project() -> None:
    (user,) = said("USER")
    number, _, group = user.partition(":")

    assert number.isdecimal()
    assert int(number) >= 1000
    assert said("VOLUME") == ["/project"]
    (made,) = [arguments for arguments in said("RUN") if "useradd" in arguments]
    assert f"--owner={number} --group={group} --mode=700 /project" in made
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")


def test_base_images_are_pinned() -> None:
    assert len(said("FROM")) == 2
    for base in said("FROM"):
        assert re.match(r"python:3\.\d+-slim-\w+( AS \w+)?$", base), base


def test_one_opencv_is_installed_and_it_needs_no_library_of_the_system() -> None:
    """``opencv-python`` would write the same files, with windows, and fail to load where libGL is missing."""
    for name in ("requirements.lock", "requirements-models.lock", "requirements-dev.lock"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(r"^opencv-[\w-]+(?===)", lock, flags=re.MULTILINE) == ["opencv-python-headless"], name
    assert not [command for command in said("RUN") if "apt-get" in command]


def test_what_the_image_runs_by_default_is_a_command_that_serves_to_other_containers() -> None:
    assert said("ENTRYPOINT") == ['["curator"]']
    (default,) = said("CMD")
    words = json.loads(default)
    check_command(words)

    assert words[words.index("--host") + 1] == "0.0.0.0"
    assert words[words.index("--port") + 1] in said("EXPOSE")
    assert said("STOPSIGNAL") == ["SIGTERM"]


def test_the_image_s_health_is_its_readiness() -> None:
    (check,) = said("HEALTHCHECK")
    words = json.loads(check.partition(" CMD ")[2])

    assert words[:2] == ["python", "-c"]
    compile(words[2], "healthcheck", "exec")
    assert f"http://127.0.0.1:{said('EXPOSE')[0]}/readyz" in words[2]


def test_variables_of_the_image_are_read_by_curator() -> None:
    (environment,) = said("ENV")
    names = {pair.partition("=")[0] for pair in environment.split()}

    assert {name for name in names if name.startswith("CURATOR_")} <= VARIABLES_OF_COMMANDS
    assert "CURATOR_PROJECT=/project" in environment


def test_all_that_is_written_goes_to_the_project_or_to_tmp() -> None:
    """So that the root can be read-only, as the compose file has it."""
    (made,) = [arguments for arguments in said("RUN") if "useradd" in arguments]
    (environment,) = said("ENV")
    folders = [value for _, _, value in (pair.partition("=") for pair in environment.split()) if value[:1] == "/"]

    assert "--no-create-home --home-dir /tmp" in made
    assert {"/tmp/matplotlib", "/project", "/project/models"} <= set(folders)
    assert service("curator")["read_only"] is True
    # no owner's number after it: Podman refuses such options, and /tmp is open to all
    assert service("curator")["tmpfs"] == ["/tmp"]


def test_the_settings_of_the_compose_file_are_settings(tmp_path: Path) -> None:
    environment = {name: filled(value) for name, value in service("curator")["environment"].items()}

    settings = load_settings(tmp_path, environment).label_studio

    assert settings != LabelStudioSettings()
    assert settings.images == "signed"
    assert checked_public_url(settings.public_url) == "http://curator.internal:7860"
    assert checked_public_url(settings.image_url) == "http://localhost:7860"
    assert settings.api_key == "x"


def test_the_two_containers_reach_each_other() -> None:
    curator, there = service("curator"), service("label-studio")
    names = set(compose()["services"])
    environment = curator["environment"]

    assert environment["CURATOR_LABEL_STUDIO_URL"] == "http://label-studio:8080"
    # a webhook's address without a dot is refused there (Django's URLValidator)
    assert environment["CURATOR_LABEL_STUDIO_PUBLIC_URL"] == "http://curator.internal:7860"
    assert curator["networks"] == {"default": {"aliases": ["curator.internal"]}}
    assert {"curator", "label-studio"} == names
    assert curator["depends_on"] == {"label-studio": {"condition": "service_healthy"}}
    assert environment["CURATOR_LABEL_STUDIO_API_KEY"] == there["environment"]["LABEL_STUDIO_USER_TOKEN"]
    assert there["environment"]["USE_DEFAULT_BANNED_SUBNETS"] == "false"
    assert there["environment"]["LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN"] == "true"
    assert set(there["environment"]) == VARIABLES_THERE


def test_the_release_of_label_studio_is_the_one_that_is_tested_against() -> None:
    lock = (ROOT / "requirements-labelstudio.lock").read_text(encoding="utf-8")
    release = re.search(r"^label-studio==(\S+)", lock, flags=re.MULTILINE)
    assert release

    assert service("label-studio")["image"] == f"heartexlabs/label-studio:{release[1]}"


def test_the_compose_file_runs_a_command_that_exists() -> None:
    words = service("curator")["command"]
    check_command(words)

    assert "--sync" in words
    assert words[words.index("--host") + 1] == "0.0.0.0"


def test_no_secret_is_in_the_compose_file_and_none_has_a_default() -> None:
    for name in compose()["services"]:
        for variable, value in service(name)["environment"].items():
            if re.search("TOKEN$|KEY$|PASSWORD$", variable) and not variable.endswith("LEGACY_API_TOKEN"):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), variable


def test_both_are_open_to_this_machine_alone_and_keep_what_they_hold() -> None:
    for name in compose()["services"]:
        for port in service(name)["ports"]:
            assert port.startswith("127.0.0.1:"), port
        for volume in service(name)["volumes"]:
            assert volume.partition(":")[0] in compose()["volumes"]
    assert service("curator")["volumes"] == ["project:/project"]
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").replace("/", "").split()


def test_curator_gets_longer_to_end_than_it_takes() -> None:
    grace_s = int(service("curator")["stop_grace_period"].removesuffix("s"))

    assert grace_s > 2 * load_settings(Path("/nowhere"), {}).serve.stop_s


def units() -> dict[str, str]:
    """Those of docs/running.md, by the file that they are to stand in."""
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for block in re.findall(r"^```\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        parts = re.split(r"^# (/etc/systemd/system/\S+)\n", block, flags=re.MULTILINE)
        found |= {Path(name).name: body for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    return found


def test_the_units_run_commands_that_exist() -> None:
    assert set(units()) == {"curator.service", "curator-backup.service", "curator-backup.timer"}
    lines = [line for unit in units().values() for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert len(lines) == 3
    for line in lines:
        words = shlex.split(line.partition("=")[2])
        assert Path(words[0]).name == "curator"
        check_command(words[1:])
    variables = {name for unit in units().values() for name in re.findall(r"^Environment=(\w+)=", unit, re.MULTILINE)}
    assert variables <= VARIABLES_OF_COMMANDS


@pytest.mark.process
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for name, unit in units().items():
        here = unit.replace("/opt/curator/.venv/bin/curator", sys.executable)
        (tmp_path / name).write_text(here.replace("User=curator", "User=root"), encoding="utf-8")
    paths = [str(tmp_path / name) for name in units()]

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )

    ours = [line for line in checked.stderr.splitlines() if "curator" in line]
    assert (ours, checked.returncode) == ([], 0)


def test_the_longest_end_fits_into_what_systemd_allows() -> None:
    allowed = re.search(r"^TimeoutStopSec=(\d+)$", units()["curator.service"], flags=re.MULTILINE)
    assert allowed

    assert int(allowed[1]) > 2 * load_settings(Path("/nowhere"), {}).serve.stop_s
