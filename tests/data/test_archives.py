"""Archives unpacked without trust."""

import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from curator.errors import ArchiveError
from data.archives import ArchiveLimits, archive_stem, unpack_archive
from tests.data.packages import tar_gz, zipped

Pack = Callable[[Path, dict[str, bytes]], Path]


both = pytest.mark.parametrize("pack", [tar_gz, zipped], ids=["tar.gz", "zip"])


def refusal(archive: Path, limits: ArchiveLimits | None = None) -> str:
    folder = archive.parent / "out"
    folder.mkdir()
    with pytest.raises(ArchiveError) as refused:
        unpack_archive(archive, folder, limits or ArchiveLimits())
    return str(refused.value)


@both
def test_files_come_out_under_their_names(pack: Pack, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    unpack_archive(pack(tmp_path / "misnamed.bin", {"a/b/fig.jpg": b"jpeg", "a.xml": b"xml"}), out)
    assert {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()} == {
        "a/b/fig.jpg": b"jpeg",
        "a.xml": b"xml",
    }


@both
@pytest.mark.parametrize("name", ["../evil.jpg", "/tmp/evil.jpg", "a/../../evil.jpg", "a\\..\\..\\evil.jpg"])
def test_a_path_that_leaves_the_folder_is_refused(pack: Pack, name: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.pack", {name: b"evil"})
    assert refusal(archive) == (
        f"x.pack: its member {name!r} would be written outside the folder, expected relative paths without '..'; "
        "pack the files again"
    )
    assert not list(tmp_path.rglob("evil.jpg"))


@both
def test_folders_nested_without_end_are_refused(pack: Pack, tmp_path: Path) -> None:
    assert refusal(pack(tmp_path / "x.pack", {"a/" * 900 + "fig.jpg": b"jpeg"})) == (
        f"x.pack: its member {'a/' * 20!r} lies 900 folders deep, expected at most 31; pack the files again"
    )


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.CHRTYPE, "special file"),
        (tarfile.FIFOTYPE, "special file"),
    ],
    ids=["symlink", "hard-link", "device", "fifo"],
)
def test_links_and_devices_in_a_tar_are_refused(kind: bytes, word: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        info = tarfile.TarInfo("fig.jpg")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    assert refusal(tmp_path / "x.tar") == (
        f"x.tar: its member 'fig.jpg' is a {word}, expected regular files; pack the files themselves"
    )


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        info = zipfile.ZipInfo("fig.jpg")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(info, "/etc/passwd")
    assert refusal(tmp_path / "x.zip") == (
        "x.zip: its member 'fig.jpg' is a link, expected regular files; pack the files themselves"
    )


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"fig.jpg": b"jpeg"})
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # general purpose flag of both headers
        raw[raw.index(signature) + offset] |= 1
    path.write_bytes(raw)
    assert refusal(path) == (
        "x.zip: its member 'fig.jpg' is encrypted, expected plain files; pack it without a password"
    )


@both
def test_too_many_members_are_refused(pack: Pack, tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.pack", {f"{n}.jpg": b"" for n in range(4)})
    assert refusal(archive, ArchiveLimits(max_members=3)) == (
        "x.pack: more than 3 members; split it, or raise the setting max_members"
    )


@both
def test_an_archive_that_unpacks_to_too_much_is_refused(pack: Pack, tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.pack", {"a.tif": bytes(3000), "b.tif": bytes(3000)})
    assert refusal(archive, ArchiveLimits(max_bytes=5000)) == (
        "x.pack: unpacks to more than 5,000 bytes; split it, or raise the setting max_bytes"
    )


@both
def test_a_bomb_is_refused_by_its_ratio(pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.archives._RATIO_FREE_BYTES", 2**20)
    archive = pack(tmp_path / "x.pack", {"a.tif": bytes(4 * 2**20)})
    size = archive.stat().st_size
    message = refusal(archive)
    assert message.startswith(f"x.pack: {size:,} bytes unpack to more than ")
    assert message.endswith(", over 200 times as much, as bombs do; unpack it yourself if you trust it")


@both
def test_an_archive_that_is_cut_off_is_refused(pack: Pack, tmp_path: Path) -> None:
    noise = bytes(n * n * 31 % 251 for n in range(50_000))
    whole = pack(tmp_path / "x.pack", {"a.tif": noise})
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    message = refusal(whole)
    assert message.startswith("x.pack: cannot be unpacked (")
    assert message.endswith("), expected a whole .tar.gz or .zip; fetch it again")


@pytest.mark.parametrize("content", [b"", b"not an archive"], ids=["empty", "text"])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(content)
    assert refusal(tmp_path / "x.tar.gz").startswith("x.tar.gz: cannot be unpacked (")


@pytest.mark.parametrize(
    ("name", "stem"),
    [("PMC1.tar.gz", "PMC1"), ("a.b.TGZ", "a.b"), ("x.meca", "x"), ("x.zip", "x"), ("x.gz", None), (".zip", None)],
)
def test_an_archive_is_known_by_its_suffix(name: str, stem: str | None) -> None:
    assert archive_stem(Path("folder", name)) == stem
