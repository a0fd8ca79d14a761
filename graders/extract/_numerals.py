r"""Rewrites numbers in any script and notation in one plain form, so that a single grammar can parse them.

`plain` rewrites only text whose new form leaves every number unchanged: digits of other scripts, Unicode
signs, HTML tags, calculator annotations (`<<6*12=72>>`) and LaTeX layout. Unknown text is left as it is and
makes the number next to it unread.
"""

from __future__ import annotations

import re

from .._invisible import BLANK, INVISIBLE
from ._runs import DECIMAL, GROUP, OVER, VULGAR

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_NOTE = re.compile(r"<<[^<>]*(?:>>|\Z)")
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
_STRUCK_TAG = re.compile(r"<(s|del|strike)>[^<>]{0,200}</\1>", re.I)
_INLINE_TAG = re.compile(r"</?(?:b|i|u|em|strong|span|code|font|mark|small|big|tt)(?:\s[^<>]{0,200})?>", re.I)
_TAG = re.compile(r"</?(?:[abipqsu]|[A-Za-z][\w:-]{1,20})(?:\s[^<>]{0,200})?/?>")
_ENTITY = re.compile(r"&#?\w{2,10};")
_TIMES = re.compile(r"(?=[\sxX])(?<=[0-9)}$π])\s?[xX]\s?(?=[0-9($])")
_EMPHASIS = re.compile(
    r"(?=[*_`])(?<![\w)*\\])(\*{1,3}|_{1,3}|`{1,3})(?=\S)([^*_`\n]{1,60})(?<=\S)\1(?![\w(*])"
)

_MIXED = re.compile(f"(?<=[0-9])(?=[{''.join(VULGAR)}])")
_RAISED = re.compile("[⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{1,8}")
_SUNK = re.compile("[₀₁₂₃₄₅₆₇₈₉]{1,8}")
_LEVEL = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "+-01234567890123456789")
_GAP = re.compile(r"(?<=[0-9])\xa0(?=[0-9]{3}(?![0-9]))")


class _Spellings(dict[int, str]):
    """ASCII spellings of characters, for `str.translate`. Digits of other scripts are added on first use."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isdecimal():
            character = str(int(character))
        elif _INVISIBLE.match(character):
            character = ""
        self[code] = character
        return character


def _spellings() -> _Spellings:
    """Build the table of characters and their ASCII spellings."""
    table = _Spellings()
    table.update(dict.fromkeys((0x2212, 0x2010, 0x2011, 0x2012, 0x2013, 0xFE63, 0xFF0D, 0x2796), "-"))
    # No-break, narrow, thin and figure spaces always group digits; an ordinary space sometimes does.
    table.update(dict.fromkeys((0xA0, 0x202F, 0x2009, 0x2007, 0x2008), "\xa0"))
    table.update(dict.fromkeys(map(ord, "†‡§"), ""))  # these mark footnotes
    table.update(dict.fromkeys((0x3000, 0x2002, 0x2003, *map(ord, BLANK)), " "))
    table.update(dict.fromkeys(map(ord, (DECIMAL, GROUP, OVER)), " "))
    pairs = zip("．，／＋％＄：＝（）［］⁄∕∶﹪٪’‘′＜＞！＊", ".,/+%$:=()[]//:%%'''<>!*", strict=True)
    table.update({ord(wide): ascii_ for wide, ascii_ in pairs})
    table.update({0x066B: DECIMAL, 0x066C: GROUP, 0x2026: "...", 0x2E31: "·", 0x2217: "*", 0x2044: "/"})
    table.update(
        {0xBA: "\u00b0", 0xAA: "\u00b0"}
    )  # ordinals of Spanish and Portuguese, also typed for degrees
    table.update({ord(character): quotient for character, quotient in VULGAR.items()})
    return table


_SPELLED = _spellings()

_NUM = r"[0-9]+(?:[.,][0-9]+)*"
_ARGUMENT = rf"(?:\{{\s{{0,3}}([-+]?\s?{_NUM})\s{{0,3}}\}}|\s?([0-9]))"
_FRACTION = re.compile(
    rf"(?:(?P<before>[0-9])\s?)?\\(?:[dtcs]|nice)?frac\s{{0,2}}{_ARGUMENT}\s{{0,2}}{_ARGUMENT}"
)
_OVER = re.compile(rf"\{{\s{{0,3}}([-+]?{_NUM})\s{{0,3}}\\over\s{{0,3}}([-+]?{_NUM})\s{{0,3}}\}}")
_LAYOUT = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|scriptstyle|rm|bf|it|sf|tt|normalsize|[lL]arge|LARGE"
    r"|[hH]uge|small|tiny|phantom)(?![A-Za-z])\s?|\\(?:text)?color\s?\{[^{}]{0,40}\}|\\!"
)
_WRAPPER = re.compile(
    r"(?P<before>\w?)\\(?:text[a-z]{0,10}|math(?:rm|bf|it|sf|tt|normal)|mbox|hbox|boldsymbol|bm|pmb|operatorname"
    r"|underline|boxed|fbox|box|emph)\s?\{(?P<inside>[^{}]{0,400})\}"
)
_BRACED_COMMA = re.compile(r"(?<=[0-9])\s?\{,\s?\}\s?(?=[0-9])")
_THIN_COMMA = re.compile(r",\s?\\!\s?(?=[0-9])")
_COMMAND = re.compile(r"\\([A-Za-z]{1,20})")
_COMMANDS = {
    **dict.fromkeys(("times", "ast"), "×"),
    **dict.fromkeys(("cdot", "cdotp"), "·"),
    **dict.fromkeys(("le", "leq", "leqslant", "ge", "geq", "geqslant", "ne", "neq", "lt", "gt"), "≤"),
    **dict.fromkeys(("pm", "mp"), "±"),
    **dict.fromkeys(("approx", "simeq", "sim", "thickapprox"), "≈"),
    **dict.fromkeys(("dots", "ldots", "cdots"), "..."),
    **dict.fromkeys(("degree", "degrees", "circ"), "°"),
    **dict.fromkeys(("dollar", "textdollar"), "$"),
    **dict.fromkeys(("euro", "texteuro"), "€"),
    **dict.fromkeys(("pounds", "textsterling"), "£"),
    **dict.fromkeys(
        ("quad", "qquad", "hline", "therefore", "implies", "Rightarrow", "rightarrow", "to"), " "
    ),
    **dict.fromkeys(("bmod", "mod"), " mod "),
    **dict.fromkeys(("cm", "km", "mm", "kg"), None),
    "div": "÷",
    "infty": "∞",
    "pi": "π",
    "percent": "%",
}
_LATEX = (
    (re.compile(r"(?<=[0-9])\\[,;:](?=[0-9]{3}(?![0-9]))"), GROUP),
    (re.compile(r"\\[,;: ]|\\\\"), " "),
    (re.compile(r"\\([$%#&_])"), r"\1"),
    (re.compile(r"\\[()\[\]]"), "$"),
    (re.compile(r"\{([-+])\}"), r"\1"),
    (re.compile(r"\\pmod\s?\{([^{}]{0,40})\}"), r" (mod \1)"),
    (re.compile(r"\^\s?\{?\s?(?:°|o(?![A-Za-z]))\s?\}?"), "°"),
    (re.compile(r"\^\s?\{?\s?(st|nd|rd|th)(?![A-Za-z])\s?\}?"), r"\1"),
    (re.compile(r"\^\s?\{([-+]?[0-9]{1,6})\}"), r"^\1"),
)


def plain(text: str) -> str:
    """Rewrite a text's numbers in one plain form.

    Args:
        text: Any text.
    """
    if "&" in text and _ENTITY.search(text):
        from html import unescape

        text = unescape(text)
    if not text.isascii():
        text = _MIXED.sub(" ", text).translate(_SPELLED)
        text = _GAP.sub(GROUP, text).replace("\xa0", " ")
        text = _RAISED.sub(_raised, text)
        text = _SUNK.sub(lambda found: "_" + found[0].translate(_LEVEL), text)
    if "~~" in text:
        text = _STRUCK.sub(" ", text)
    if "<" in text:
        text = _NOTE.sub(" ", text)
        text = _STRUCK_TAG.sub(" ", text).replace("<sup>", "^").replace("</sup>", "")
        text = _TAG.sub(" ", _INLINE_TAG.sub("", text))
    if "\\" in text or "{" in text:
        text = _without_latex(text)
    if "x" in text or "X" in text:
        text = _TIMES.sub(" × ", text)
    if "*" in text or "_" in text or "`" in text:
        text = _EMPHASIS.sub(r"\2", text)
    return text


def _raised(found: re.Match[str]) -> str:
    """Rewrite a superscript as a power, or remove it if it marks a footnote."""
    before = found.string[max(0, found.start() - 2) : found.start()]
    if found[0] == "¹" and before[-1:].isdecimal() and before != "10":
        return ""
    return "^" + found[0].translate(_LEVEL)


def _without_latex(text: str) -> str:
    """Remove LaTeX layout commands, but keep commands that change the meaning."""
    text = _THIN_COMMA.sub(",", _BRACED_COMMA.sub(",", text))
    text = _LAYOUT.sub("", text)
    for _ in range(6):  # wrappers may be nested six levels deep
        before = text
        text = _FRACTION.sub(_quotient, text)
        text = _OVER.sub(lambda found: _over(found[1], found[2]), text)
        text = _WRAPPER.sub(_unwrapped, text)
        if text == before:
            break
    text = _COMMAND.sub(lambda found: _spelled_command(found[1], found[0]), text)
    for pattern, instead in _LATEX:
        text = pattern.sub(instead, text)
    return text


def _spelled_command(name: str, command: str) -> str:
    """Return the plain form of a command. Unknown commands are returned unchanged."""
    return (_COMMANDS[name] or f" {name}") if name in _COMMANDS else command


def _unwrapped(found: re.Match[str]) -> str:
    r"""Return a wrapper's content, with a space between it and preceding digits: `35\text{cm}` is `35 cm`."""
    before, inside = found["before"], found["inside"]
    if not before and found.start() and found.string[found.start() - 1] == "}":  # from the previous wrapper
        before = " "
    return f"{before} {inside}" if before and inside[:1].isalnum() else before + inside


def _quotient(found: re.Match[str]) -> str:
    r"""Return `\frac{1}{2}` as a quotient, and `3\frac{1}{2}` as a mixed number."""
    written = _over(found[2] or found[3], found[4] or found[5])
    return f"{found['before']} {written}" if found["before"] else written


def _over(above: str, below: str) -> str:
    """Return a quotient with its sign in front. If it has two signs, both are kept, which makes it unread."""
    above, below = above.replace(" ", ""), below.replace(" ", "")
    if below[0] in "+-":
        above, below = below[0] + above, below[1:]
    return f"{above}{OVER}{below}"
