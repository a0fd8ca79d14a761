import struct

import pytest

from support.chromium import CHROMIUM
from tools.screenshot import HEIGHT, PICTURE, WIDTH, main


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_the_picture_in_the_readme_is_of_the_size_that_the_script_takes():
    assert size(PICTURE.read_bytes()) == (WIDTH, HEIGHT)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_script_takes_it(tmp_path):
    assert main(tmp_path / "report.png") == 0
    assert size((tmp_path / "report.png").read_bytes()) == (WIDTH, HEIGHT)
