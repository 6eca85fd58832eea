"""Image files to pixels: RGB in the product's frame, whatever the publisher sent.

Files are untrusted: the content decides the format (never the name), the size is checked before a pixel is decoded,
and only the six raster decoders below are ever run (Pillow would hand EPS to Ghostscript).
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from curator.errors import ImageError
from curator.geometry import Size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Rgb: TypeAlias = npt.NDArray[np.uint8]
"""uint8, height x width x 3 (red, green, blue)."""
File: TypeAlias = BufferedReader | BytesIO


@dataclass(frozen=True, slots=True)
class ImageLimits:
    max_pixels: int = 200_000_000
    """Pillow holds a colour image at 4 bytes a pixel and the array takes 3 more: 1.4 GiB at this size (measured)."""
    max_bytes: int = 2 * 2**30
    """Of the file; guess: an uncompressed 16-bit RGB TIFF at ``max_pixels`` has 1.2 GB."""


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True, eq=False)
class LoadedImage:
    rgb: Rgb
    """Upright (EXIF rotation applied), transparent parts white."""
    wh: Size
    """Width and height of ``rgb``: the frame of all boxes."""
    sha256: str
    """Hex digest of the original file's bytes."""
    format: str
    """What the content is: JPEG, PNG, GIF, TIFF, WEBP or BMP."""
    notes: tuple[str, ...] = ()
    """What was done to the pixels beyond decoding, in words."""


# The plug-in classes are called directly, not through ``Image.open``: that one warns or raises by a process-wide limit.
_READERS: dict[str, Callable[[File], ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
_NOT_IMAGES = {
    b"%PDF": "a PDF document",
    b"%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "PostScript",
    b"<!DO": "a web page",
    b"<!do": "a web page",
    b"<htm": "a web page",
    b"<svg": "an SVG drawing",
    b"<?xm": "XML",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "gzip data",
    b"\x00\x00\x00\x0cjP": "JPEG 2000",
    b"\x00\x00\x00\x0cJX": "JPEG XL",
}


def sniff_format(head: bytes) -> str | None:
    """Format by the first 16 bytes; None where it is none that can be read."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "TIFF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    # "BM" alone begins too many texts: bytes 6 to 10 are reserved and zero.
    return "BMP" if head.startswith(b"BM") and head[6:10] == bytes(4) else None


def load_image(source: bytes | Path, limits: ImageLimits = DEFAULT_LIMITS, name: str | None = None) -> LoadedImage:
    """RGB pixels, size, hash and what was done to get them; ``name`` is used in messages.

    A path is decoded from disk: the file is never held in memory as a whole.

    Raises:
        ImageError: empty, not an image, truncated, or larger than ``limits`` allow.
    """
    name = name or (source.name if isinstance(source, Path) else "image")
    with _opened(source, name) as file:
        sha256 = _checked_digest(file, name, limits)
        decoded = _decoded(file, name, limits)
    rgb, notes = decoded.rgb, decoded.notes
    if decoded.orientation in _UPRIGHT:  # Pillow's copy of the pixels is gone by now: this makes a second one of ours
        rgb = np.ascontiguousarray(_UPRIGHT[decoded.orientation](rgb))
    height, width = rgb.shape[:2]
    return LoadedImage(rgb, (width, height), sha256, decoded.format, notes)


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    rgb: Rgb
    orientation: object
    """EXIF orientation that the pixels still need."""
    format: str
    notes: tuple[str, ...]


def _decoded(file: File, name: str, limits: ImageLimits) -> _Decoded:
    with _open_checked(file, name, limits) as image:
        try:
            # Decoders of foreign bytes raise whatever they like: each of it means "this file is broken".
            notes = list(_about(image))
            stated = _orientation(image)
            image.load()
            rgb = _to_rgb(image, notes)
            pending = _orientation(image)  # Pillow has turned a TIFF by now, and nothing else
        except Exception as error:
            raise ImageError(
                f"{name}: its {image.format} data is broken or cut off ({error}), expected "
                f"{image.width} x {image.height} px; fetch the file again"
            ) from error
        if stated in _UPRIGHT:
            notes.append(f"turned upright (EXIF orientation {stated})")
        return _Decoded(rgb, pending, str(image.format), tuple(notes))


def encode_web(rgb: Rgb, original: bytes, format: str) -> tuple[bytes, str]:
    """(bytes, suffix) of a file that a browser shows with exactly the pixels' frame and looks.

    The original where that is true of it: JPEG or PNG, grey or RGB, opaque, not rotated; else a PNG.
    """
    if format in ("JPEG", "PNG"):
        with _READERS[format](BytesIO(original)) as image:
            plain = image.mode in ("L", "RGB", "1", "P") and "transparency" not in image.info
            if plain and _orientation(image) not in _UPRIGHT:
                return original, ".jpg" if format == "JPEG" else ".png"
    # Level 3: a tenth larger than the default 6 and three times as fast (measured on micrographs).
    done, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not done:
        raise ImageError(f"an image of {rgb.shape[1]} x {rgb.shape[0]} px could not be written as PNG")
    return data.tobytes(), ".png"


def encode_thumbnail(rgb: Rgb, max_side: int = 320) -> bytes:
    """WebP of at most ``max_side`` pixels a side; small images keep their size."""
    height, width = rgb.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(rgb, wh, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    out = BytesIO()
    Image.fromarray(small).save(out, "WEBP", quality=80, method=4)
    return out.getvalue()


# --- opening ------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(source: bytes | Path, name: str) -> Iterator[File]:
    if isinstance(source, bytes):
        yield BytesIO(source)
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise ImageError(f"{name}: cannot be opened ({error.strerror}); check that the file is there") from error
    with file:
        yield file


def _checked_digest(file: File, name: str, limits: ImageLimits) -> str:
    size = file.seek(0, 2)
    if size == 0:
        raise ImageError(f"{name}: the file is empty (0 bytes), expected an image; fetch it again")
    if size > limits.max_bytes:
        raise ImageError(
            f"{name}: {size:,} bytes, expected at most {limits.max_bytes:,}; raise the setting max_bytes to accept it"
        )
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _open_checked(file: File, name: str, limits: ImageLimits) -> Iterator[ImageFile.ImageFile]:
    """The image with its header read and its size allowed; no pixel decoded yet."""
    file.seek(0)
    head = file.read(16)
    file.seek(0)
    found_format = sniff_format(head)
    if found_format is None:
        kind = next((kind for magic, kind in _NOT_IMAGES.items() if head.startswith(magic)), None)
        what = f"is {kind}" if kind else "is not an image"
        raise ImageError(
            f"{name}: {what} (it starts with {head[:8]!r}), expected JPEG, PNG, GIF, TIFF, WebP or BMP; "
            "convert it to PNG, or fetch it again"
        )
    try:
        image = _READERS[found_format](file)
    except Exception as error:  # see load_image; Pillow also refuses a width or height of 0 here
        raise ImageError(f"{name}: its {found_format} header is broken ({error}); fetch the file again") from error
    with image:
        width, height = image.size
        # A progressive JPEG is decoded by way of all its coefficients: 10 bytes a pixel instead of 7 (measured).
        progressive = bool(image.info.get("progressive"))
        allowed = limits.max_pixels * 7 // 10 if progressive else limits.max_pixels
        if width * height > allowed:
            raise ImageError(
                f"{name}: {width} x {height} = {width * height:,} px, expected at most {allowed:,}"
                f"{' of a progressive JPEG' if progressive else ''}; "
                "scale it down, or raise the setting max_pixels (7 bytes of memory a pixel)"
            )
        # The TIFF reader also asks Pillow's own limit, which holds for the whole process: ours decides, so that one
        # must not be lower.
        if Image.MAX_IMAGE_PIXELS is not None:
            Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, limits.max_pixels)
        yield image


def _about(image: ImageFile.ImageFile) -> Iterator[str]:
    if image.format in ("TIFF", "GIF", "WEBP") and _has_second_frame(image):
        yield f"first of several {'pages' if image.format == 'TIFF' else 'frames'}"


def _orientation(image: Image.Image) -> object:
    """As stated by the file, which may put anything there; only 2 to 8 mean that it is to be turned."""
    return image.getexif().get(ExifTags.Base.Orientation)


def _has_second_frame(image: ImageFile.ImageFile) -> bool:
    """Asked by seeking: counting the pages of a TIFF walks all of them."""
    try:
        image.seek(1)
    except Exception:  # no second frame, or a broken one: either way the first is the figure
        return False
    finally:
        image.seek(0)
    return True


# --- pixels -------------------------------------------------------------------------------------------------------

_UPRIGHT: dict[object, Callable[[Rgb], Rgb]] = {
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.transpose(1, 0, 2),
    6: lambda rgb: rgb.transpose(1, 0, 2)[:, ::-1],
    7: lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
    8: lambda rgb: rgb.transpose(1, 0, 2)[::-1],
}
"""EXIF orientation (Exif 2.3, tag 0x0112) to what turns the stored pixels upright."""

_STRIP_PX = 2**22
"""Pixels converted at a time, so that no conversion holds a second copy of the image; guess: 64 MB of temporaries."""


def _to_rgb(image: ImageFile.ImageFile, notes: list[str]) -> Rgb:
    """Strip by strip from Pillow's image into one array."""
    width, height = image.size
    rgb: Rgb = np.empty((height, width, 3), np.uint8)
    convert = _converter(image, notes)
    rows = max(1, _STRIP_PX // width)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        rgb[top:bottom] = convert(image.crop((0, top, width, bottom)))
    return rgb


def _converter(image: ImageFile.ImageFile, notes: list[str]) -> Callable[[Image.Image], Rgb]:
    """From a strip of the image to uint8 values that broadcast to rows x width x 3."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        low, high, how = _display_range(image)
        notes.append(how)
        return lambda strip: _scaled(np.asarray(strip), low, high)
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        notes.append("transparent parts made white")
        return _flattened
    if mode == "CMYK":
        # Pillow reads every CMYK JPEG as inverted, which is Adobe's habit; without Adobe's marker it is not.
        if image.format == "JPEG" and "adobe" not in image.info:
            notes.append("CMYK to RGB (not inverted: no Adobe marker)")
            return lambda strip: np.asarray(
                Image.fromarray(255 - np.asarray(strip), "CMYK").convert("RGB"), dtype=np.uint8
            )
        notes.append("CMYK to RGB")
    elif mode not in ("L", "RGB"):
        notes.append({"P": "palette to RGB", "1": "bilevel to RGB"}.get(mode, f"{mode} to RGB"))
    return lambda strip: np.asarray(strip.convert("RGB"))


def _flattened(strip: Image.Image) -> Rgb:
    rgba = strip.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))


def _display_range(image: Image.Image) -> tuple[float, float, str]:
    """(black, white, what was decided) for grey values of more than 8 bits.

    A figure that uses the 16-bit range is shown as published (the upper 8 bits). Raw camera data fills a small part
    of it and would be black: there black and white are the 0.1 and 99.9 percentiles of about a million of its pixels.
    """
    step = max(1, int((image.width * image.height / 1_000_000) ** 0.5))
    sample = np.asarray(image)[::step, ::step].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    low, high = (float(v) for v in np.percentile(sample, (0.1, 99.9))) if sample.size else (0.0, 1.0)
    if image.mode != "F" and low >= 0 and 32_768 <= high <= 65_535:  # guess: reaches the upper half
        return 0.0, 65_535.0, "16-bit grey to 8 bits by its full range"
    if image.mode != "F" and low >= 0 and high <= 255 and image.mode == "I":
        return 0.0, 255.0, "32-bit grey with 8-bit values"
    return low, high, f"{image.mode} grey to 8 bits, black {low:g}, white {high:g} (0.1 and 99.9 percentiles)"


def _scaled(values: npt.NDArray[np.generic], low: float, high: float) -> Rgb:
    unit = (np.nan_to_num(values.astype(np.float32)) - low) / max(high - low, 1e-12)
    return (np.clip(unit, 0, 1) * 255).round().astype(np.uint8)[:, :, None]
