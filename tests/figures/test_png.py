import hashlib
import os
import struct
import subprocess
import sys

from service.figures.lines import Series, lines
from service.figures.png import png
from tests.conftest import PROJECT

DRAWN = """
import hashlib, sys
from service.figures.png import png
sys.stdout.write(hashlib.sha256(png(sys.stdin.read())).hexdigest())
"""


def figure(title: str) -> str:
    return lines([Series("", {2000: 1, 2001: 2})], title=title, desc="Words", standalone=True)


def drawn(title: str) -> bytes:
    return png(figure(title))


def size(image: bytes) -> tuple[int, int]:
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", image[16:24])
    return width, height


def test_an_image_of_twice_the_size() -> None:
    svg = figure("Title")
    assert 'width="472" height="304"' in svg
    assert size(png(svg)) == (944, 608)


def test_the_same_drawing_gives_the_same_bytes_in_another_process() -> None:
    environment = os.environ | {"TZ": "Asia/Tokyo", "LANG": "C", "SOURCE_DATE_EPOCH": "1"}
    other = subprocess.run(
        [sys.executable, "-c", DRAWN],
        input=figure("Title"),
        cwd=PROJECT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert other.stdout == hashlib.sha256(drawn("Title")).hexdigest()
    assert drawn("Title") == drawn("Title")


def test_letters_are_drawn_and_not_boxes() -> None:
    """A font that lacks them would give all the same box; without any font there'd be nothing."""
    nothing = drawn("")
    for letters in ("IW", "ÉÔ", "ΔΩ", "ЖЯ", "بت"):
        assert len({nothing, *map(drawn, letters)}) == 3, letters
