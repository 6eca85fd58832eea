"""Image files to pixels."""

import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from curator.errors import ImageError
from data.images import ImageLimits, encode_thumbnail, encode_web, load_image, sniff_format


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def corner_marked(width: int = 40, height: int = 24) -> Image.Image:
    """Grey, with a red top left quarter: every turn of it looks different."""
    pixels = np.full((height, width, 3), 200, np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    return Image.fromarray(pixels)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    data = b"IDAT" + zlib.compress(bytes(10))
    return header + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_every_format_gives_rgb_in_its_own_frame_with_the_hash_of_the_file(format: str, tmp_path: Path) -> None:
    options = {"lossless": True} if format == "WEBP" else {"quality": 95} if format == "JPEG" else {}
    original = encoded(corner_marked(), format, **options)
    path = tmp_path / "no-suffix"
    path.write_bytes(original)
    loaded = load_image(path)
    assert (loaded.wh, loaded.rgb.shape, loaded.rgb.dtype, loaded.format) == ((40, 24), (24, 40, 3), np.uint8, format)
    assert loaded.sha256 == hashlib.sha256(original).hexdigest()
    assert np.abs(loaded.rgb[2, 2].astype(int) - (255, 0, 0)).max() <= 6
    assert np.array_equal(loaded.rgb, load_image(original).rgb)


def test_the_content_decides_the_format_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "fig.jpg"
    path.write_bytes(encoded(corner_marked(), "PNG"))
    assert load_image(path).format == "PNG"


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_an_image_is_turned_upright_as_exif_says(orientation: int, format: str) -> None:
    # What a camera stores for an upright scene is the inverse of what a viewer does to it.
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"lossless": True} if format == "WEBP" else {}
    loaded = load_image(encoded(corner_marked().transpose(stored), format, exif=exif, **options))
    assert loaded.wh == (40, 24)
    assert np.array_equal(loaded.rgb, np.asarray(corner_marked()))
    assert loaded.notes == (f"turned upright (EXIF orientation {orientation})",)


def test_a_cmyk_tiff_becomes_rgb() -> None:
    loaded = load_image(encoded(corner_marked().convert("CMYK"), "TIFF", compression="tiff_lzw"))
    assert loaded.rgb[2, 2].tolist() == [255, 0, 0]
    assert loaded.notes == ("CMYK to RGB",)


@pytest.mark.parametrize("adobe", [True, False], ids=["inverted-with-adobe-marker", "plain-without-it"])
def test_a_cmyk_jpeg_has_the_colours_its_marker_promises(adobe: bool) -> None:
    image = corner_marked().convert("CMYK")
    if adobe:
        original = encoded(image, "JPEG", quality=95)  # Pillow writes as Photoshop does: inverted, with the marker
    else:
        inverted = Image.fromarray(255 - np.asarray(image), "CMYK")
        original = encoded(inverted, "JPEG", quality=95)
        at = original.index(b"\xff\xee")
        original = original[:at] + original[at + 2 + int.from_bytes(original[at + 2 : at + 4], "big") :]
    loaded = load_image(original)
    assert np.abs(loaded.rgb[2, 2].astype(int) - (255, 0, 0)).max() <= 8
    assert loaded.notes == ("CMYK to RGB",) if adobe else ("CMYK to RGB (not inverted: no Adobe marker)",)


def test_16_bit_grey_that_fills_its_range_keeps_its_upper_8_bits() -> None:
    ramp = np.linspace(0, 65_535, 64 * 64).astype(np.uint16).reshape(64, 64)
    loaded = load_image(encoded(Image.fromarray(ramp), "PNG"))
    assert np.abs(loaded.rgb[:, :, 0].astype(int) - (ramp >> 8)).max() <= 1
    assert loaded.notes == ("16-bit grey to 8 bits by its full range",)


def test_16_bit_grey_of_a_camera_is_stretched_between_its_percentiles() -> None:
    ramp = np.linspace(100, 1100, 64 * 64).astype(np.uint16).reshape(64, 64)
    ramp[0, 0] = 65_535  # one hot pixel does not darken the rest
    loaded = load_image(encoded(Image.fromarray(ramp), "TIFF"))
    assert loaded.rgb[5:].min() > 0
    assert (loaded.rgb[0, 1].max(), loaded.rgb[-1, -1].min()) == (0, 255)
    assert loaded.notes == ("I;16 grey to 8 bits, black 101, white 1099 (0.1 and 99.9 percentiles)",)


def test_float_grey_with_undefined_pixels_is_stretched() -> None:
    values = np.linspace(-1, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    values[3, 3] = np.nan
    loaded = load_image(encoded(Image.fromarray(values), "TIFF"))
    assert (int(loaded.rgb.min()), int(loaded.rgb.max())) == (0, 255)


def test_a_constant_16_bit_image_is_black_not_an_error() -> None:
    assert load_image(encoded(Image.fromarray(np.full((4, 4), 7, np.uint16)), "PNG")).rgb.max() == 0


@pytest.mark.parametrize("mode", ["P", "L", "1", "LA", "RGBA"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    image = Image.new("RGB", (8, 6), "white").convert(mode)
    loaded = load_image(encoded(image, "PNG"))
    assert loaded.rgb.shape == (6, 8, 3)
    assert loaded.rgb.min() == 255


@pytest.mark.parametrize("kind", ["alpha", "palette"])
def test_transparent_parts_become_white(kind: str) -> None:
    if kind == "alpha":
        original = encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "PNG")
    else:
        original = encoded(Image.new("P", (4, 4), 0), "PNG", transparency=0)
    loaded = load_image(original)
    assert loaded.rgb.min() == 255
    assert loaded.notes == ("transparent parts made white",)


def test_the_first_page_of_a_tiff_is_taken_and_noted() -> None:
    second = Image.new("RGB", (9, 9), "black")
    loaded = load_image(encoded(corner_marked(), "TIFF", save_all=True, append_images=[second]))
    assert loaded.wh == (40, 24)
    assert loaded.notes == ("first of several pages",)


def test_a_large_image_is_converted_strip_by_strip_to_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    original = encoded(corner_marked().convert("CMYK"), "TIFF")
    whole = load_image(original).rgb
    monkeypatch.setattr("data.images._STRIP_PX", 130)  # three rows of 40, and a rest
    assert np.array_equal(load_image(original).rgb, whole)


# --- hostile files ------------------------------------------------------------------------------------------------


def refusal(source: bytes | Path, limits: ImageLimits | None = None) -> str:
    with pytest.raises(ImageError) as refused:
        load_image(source, limits or ImageLimits(), name="fig.jpg")
    return str(refused.value)


def test_an_image_of_absurd_size_is_refused_before_a_pixel_is_decoded() -> None:
    assert refusal(png_header(60_000, 50_000)) == (
        "fig.jpg: 60000 x 50000 = 3,000,000,000 px, expected at most 200,000,000; "
        "scale it down, or raise the setting max_pixels (7 bytes of memory a pixel)"
    )


def test_a_progressive_jpeg_may_be_smaller_only_since_its_decoder_needs_more_memory() -> None:
    original = encoded(corner_marked(), "JPEG", progressive=True)
    assert load_image(original, ImageLimits(max_pixels=1400)).wh == (40, 24)
    assert refusal(original, ImageLimits(max_pixels=1300)) == (
        "fig.jpg: 40 x 24 = 960 px, expected at most 910 of a progressive JPEG; "
        "scale it down, or raise the setting max_pixels (7 bytes of memory a pixel)"
    )


def test_pillows_own_limit_never_overrules_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    original = encoded(corner_marked(), "TIFF", compression="tiff_lzw")
    assert load_image(original, ImageLimits(max_pixels=1000)).wh == (40, 24)
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_a_file_of_absurd_size_is_refused() -> None:
    original = encoded(corner_marked(), "BMP")
    assert refusal(original, ImageLimits(max_bytes=100)) == (
        f"fig.jpg: {len(original):,} bytes, expected at most 100; raise the setting max_bytes to accept it"
    )


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP"])
def test_a_truncated_image_is_refused(format: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    original = encoded(noise, format)
    message = refusal(original[: len(original) // 2])
    assert message.startswith((f"fig.jpg: its {format} data is broken or cut off (", f"fig.jpg: its {format} header"))
    assert message.endswith("fetch the file again")


def test_a_truncated_jpeg_says_what_was_expected() -> None:
    original = encoded(corner_marked(), "JPEG")
    assert refusal(original[:-40]) == (
        "fig.jpg: its JPEG data is broken or cut off (image file is truncated (42 bytes not processed)), "
        "expected 40 x 24 px; fetch the file again"
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.4 ...", "is a PDF document (it starts with b'%PDF-1.4')"),
        (b"%!PS-Adobe-3.0 EPSF", "is PostScript (it starts with b'%!PS-Ado')"),
        (b"<!DOCTYPE html><html>", "is a web page (it starts with b'<!DOCTYP')"),
        (b"BM means benchmark, here", "is not an image (it starts with b'BM means')"),
        (b"\x00\x01", "is not an image (it starts with b'\\x00\\x01')"),
    ],
    ids=["pdf", "postscript", "error-page", "text-like-bmp", "bytes"],
)
def test_what_is_no_image_is_named(content: bytes, what: str) -> None:
    assert refusal(content) == (
        f"fig.jpg: {what}, expected JPEG, PNG, GIF, TIFF, WebP or BMP; convert it to PNG, or fetch it again"
    )


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"") == "fig.jpg: the file is empty (0 bytes), expected an image; fetch it again"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.png") == (
        "fig.jpg: cannot be opened (No such file or directory); check that the file is there"
    )


def test_an_image_without_width_is_refused() -> None:
    assert refusal(png_header(0, 5)) == (
        "fig.jpg: its PNG header is broken (not identified by this driver); fetch the file again"
    )


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_damage_anywhere_is_read_or_refused_but_never_crashes(format: str) -> None:
    original = encoded(corner_marked(), format)
    rng = np.random.default_rng(1)
    outcomes: set[str] = set()
    for _ in range(60):
        damaged = bytearray(original)
        for at in rng.integers(4, len(original), 4):
            damaged[at] = rng.integers(256)
        try:
            outcomes.add("read" if load_image(bytes(damaged), ImageLimits(max_pixels=10_000)).rgb.ndim == 3 else "?")
        except ImageError:
            outcomes.add("refused")
    assert outcomes <= {"read", "refused"}
    assert outcomes


# --- what a page shows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("format", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png")])
def test_a_plain_jpeg_or_png_is_shown_as_it_is(format: str, suffix: str) -> None:
    original = encoded(corner_marked(), format)
    assert encode_web(load_image(original).rgb, original, format) == (original, suffix)


@pytest.mark.parametrize("kind", ["rotated", "cmyk", "alpha", "tiff", "sixteen-bit"])
def test_anything_else_is_shown_as_a_png_of_the_same_pixels(kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    original = {
        "rotated": lambda: encoded(corner_marked(), "JPEG", exif=exif),
        "cmyk": lambda: encoded(corner_marked().convert("CMYK"), "JPEG"),
        "alpha": lambda: encoded(corner_marked().convert("RGBA"), "PNG"),
        "tiff": lambda: encoded(corner_marked(), "TIFF"),
        "sixteen-bit": lambda: encoded(Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30)), "PNG"),
    }[kind]()
    loaded = load_image(original)
    web, suffix = encode_web(loaded.rgb, original, loaded.format)
    assert suffix == ".png"
    with Image.open(io.BytesIO(web)) as shown:
        assert np.array_equal(np.asarray(shown), loaded.rgb)


@pytest.mark.parametrize(("wh", "expected"), [((640, 160), (320, 80)), ((100, 50), (100, 50)), ((3000, 1), (320, 1))])
def test_a_thumbnail_fits_and_never_grows(wh: tuple[int, int], expected: tuple[int, int]) -> None:
    thumbnail = encode_thumbnail(np.full((wh[1], wh[0], 3), 120, np.uint8))
    assert sniff_format(thumbnail) == "WEBP"
    with Image.open(io.BytesIO(thumbnail)) as image:
        assert image.size == expected
