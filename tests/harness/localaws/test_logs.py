from __future__ import annotations

import os

from harness.localaws.logs import LogTail


def test_only_what_came_after_an_offset_is_cut_out():
    logs = LogTail()
    reading, writing = os.pipe()
    logs.attach(reading)
    os.write(writing, b"before\n")
    assert logs.since(0) == "before\n"
    offset = logs.offset
    os.write(writing, b"after\n")
    assert logs.since(offset) == "after\n"
    logs.write("platform\n")
    assert logs.since(offset, 13) == "ter\nplatform\n"
    os.close(writing)
    logs.close()


def test_a_line_of_the_platform_s_stands_after_what_the_process_wrote_before():
    logs = LogTail()
    reading, writing = os.pipe()
    logs.attach(reading)
    for number in range(200):  # races with the thread that reads the pipe
        begin = logs.offset
        os.write(writing, b"." * 50_000)
        logs.write(f"REPORT {number}\n")
        assert logs.since(begin, 4_096).endswith(f"...REPORT {number}\n")
        assert logs.offset == begin + 50_000 + len(f"REPORT {number}\n")
    os.close(writing)
    logs.close()


def test_a_long_log_is_kept_to_its_end(tmp_path):
    logs = LogTail(tmp_path / "log")
    for number in range(3000):
        logs.write(f"{number:0999}\n")
    kept = logs.since(0)
    assert kept.endswith("2999\n")
    assert 256 * 1024 <= len(kept) <= 512 * 1024
    logs.close()
    assert (tmp_path / "log").stat().st_size == 3_000_000


def test_bytes_that_are_no_text_do_not_matter():
    logs = LogTail()
    reading, writing = os.pipe()
    logs.attach(reading)
    os.write(writing, b"\xff\xfe")
    assert logs.since(0) == "\ufffd\ufffd"
    os.close(writing)
    logs.close()
