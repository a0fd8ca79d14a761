"""Writes minimal ELF files, with the headers that compilers write."""

from __future__ import annotations

import struct

X86_64, AARCH64, RISCV = 62, 183, 243


def elf(machine: int = X86_64, *versions: str, weak: tuple[str, ...] = ()) -> bytes:
    """Return a 64-bit little-endian shared object that requires symbol versions such as `GLIBC_2.34`.

    Args:
        machine: The processor's number in the ELF header.
        versions: The required versions.
        weak: The optional versions.
    """
    every = [*((name, 0) for name in versions), *((name, 2) for name in weak)]
    strings, entries = b"\0", b""
    for number, (name, flags) in enumerate(every):
        after = 16 if number < len(every) - 1 else 0
        entries += struct.pack("<IHHII", 0, flags, 2, len(strings), after)
        strings += name.encode() + b"\0"
    need = struct.pack("<HHIII", 1, len(every), 0, 16, 0) + entries if every else b""
    table = 64 + len(strings) + len(need)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, table, 0, 64, 0, 0, 64, 3, 1)
    sections = bytes(64)
    for kind, offset, size, link in ((3, 64, len(strings), 0), (0x6FFFFFFE, 64 + len(strings), len(need), 1)):
        sections += struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, offset, size, link, 1, 8, 0)
    return header + strings + need + sections
