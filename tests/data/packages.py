"""Small articles as publishers ship them: JATS, images, archives of both."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

from PIL import Image


def picture(shade: int = 0, format: str = "JPEG", wh: tuple[int, int] = (8, 6)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", wh, (shade, 90, 160)).save(out, format)
    return out.getvalue()


def jats(*figures: tuple[str, str], pmcid: str | None = None, license_url: str | None = None) -> bytes:
    """An article with (figure id, href) for each figure; "Fig. 1" in its text cites the first."""
    ids = f'<article-id pub-id-type="pmc">{pmcid}</article-id>' if pmcid else ""
    license_element = f'<license xlink:href="{license_url}"/>' if license_url else ""
    body = "".join(
        f'<fig id="{figure_id}"><label>Figure {number}</label><caption><p>Caption of {figure_id}.</p></caption>'
        f'<graphic xlink:href="{href}"/></fig>'
        for number, (figure_id, href) in enumerate(figures, start=1)
    )
    return (
        '<?xml version="1.0"?><article xmlns:xlink="http://www.w3.org/1999/xlink"><front><article-meta>'
        f"{ids}<title-group><article-title>A title</article-title></title-group>"
        f"<permissions>{license_element}</permissions></article-meta></front>"
        f'<body><p>See <xref ref-type="fig" rid="{figures[0][0] if figures else ""}">Fig. 1</xref>.</p>{body}</body>'
        "</article>"
    ).encode()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def tar_gz(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path
