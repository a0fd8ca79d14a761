"""Finds secrets and personal data using their formats and check digits."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Finder: TypeAlias = Callable[[str], Iterator[str]]

_BEFORE, _BEHIND = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_LATIN = "A-Za-z0-9\u00c0-\u024f\u0370-\u052f"  # also Greek and Cyrillic, which separate words by spaces
# IBAN lengths by country, from the ISO 13616 registry.
_IBAN_LENGTHS = {
    pair[:2]: int(pair[2:])
    for pair in """
        AD24 AE23 AT20 BE16 BG22 BR29 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FR27 GB22 GR27 HR21 HU28 IE22
        IL23 IS26 IT27 LI21 LT20 LU20 LV21 MC27 MT31 NL18 NO15 PL28 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24
        SM27 TR26 UA29
    """.split()
}
_IBAN = re.compile(rf"{_BEFORE}[A-Z]{{2}}\d\d(?: ?[A-Z0-9]{{1,4}}){{2,9}}", re.ASCII)
_CARD = re.compile(
    r"(?<![\d.,-])(?:[3-6]\d{12,18}|2[2-7]\d{14}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{1,7}"
    r"|3\d{3}([ -])\d{6}\2\d{5})(?![\d-])",
    re.ASCII,
)

# Chinese identity number (GB 11643): region, birthday, sequence number and check digit.
_CITIZEN = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])",
    re.ASCII,
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _found(pattern: str) -> Finder:
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: (found[0] for found in compiled.finditer(text))


def _cards(text: str) -> Iterator[str]:
    for found in _CARD.finditer(text):
        digits = [int(sign) for sign in found[0] if sign.isdigit()]
        doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
        if 13 <= len(digits) <= 19 and not (sum(doubled) + sum(digits[::-2])) % 10:
            yield found[0]


def _ibans(text: str) -> Iterator[str]:
    for found in _IBAN.finditer(text):
        number = found[0].replace(" ", "")
        length = _IBAN_LENGTHS.get(number[:2], 99)
        if len(number) >= length:
            number = number[:length]
            if int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1:
                yield number


def _citizens(text: str) -> Iterator[str]:
    for found in _CITIZEN.finditer(text):
        total = sum(int(sign) * weight for sign, weight in zip(found[0], _WEIGHTS, strict=False))
        if "10X98765432"[total % 11] == found[0][-1].upper():
            yield found[0]


KINDS: dict[str, Finder] = {
    "private_key": _found(r"-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    "aws_key": _found(rf"{_BEFORE}(?:AKIA|ASIA)[A-Z2-7]{{16}}{_BEHIND}"),
    "github_token": _found(rf"{_BEFORE}(?:gh[pousr]_[A-Za-z0-9]{{36}}|github_pat_\w{{50}})"),
    "slack_token": _found(rf"{_BEFORE}xox[abeprs]-[A-Za-z0-9-]{{10}}"),
    "google_key": _found(rf"{_BEFORE}AIza[\w-]{{35}}(?![\w-])"),
    "api_key": _found(
        rf"{_BEFORE}(?:sk|rk|pk)[-_](?:[a-z]{{2,10}}[-_]){{0,3}}(?=[\w-]{{0,40}}\d)[\w-]{{20}}"
        rf"|{_BEFORE}(?:hf_[A-Za-z0-9]{{34}}|npm_[A-Za-z0-9]{{36}}|glpat-[\w-]{{20}})"
    ),
    "jwt": _found(rf"{_BEFORE}eyJ[\w-]{{10,4000}}+\.eyJ[\w-]{{10,8000}}+\.[\w-]{{10}}"),
    "email": _found(
        rf"(?<![\w.%+-])[{_LATIN}][{_LATIN}._%+'-]{{0,63}}+@(?:[{_LATIN}-]{{1,63}}+\.){{1,8}}[A-Za-z]{{2,24}}(?![A-Za-z0-9-])"
    ),
    "phone": _found(
        r"(?<![\w.+-])(?:\+\d{1,3}(?:[ .()/-]{0,3}\d){6,12}"
        r"|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4})(?:(?=x\d)|(?![\w-]))"
    ),
    "card": _cards,
    "iban": _ibans,
    "cn_id": _citizens,
    "us_ssn": _found(r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])"),
}
"""Functions that yield each kind of secret or personal data in a text."""
