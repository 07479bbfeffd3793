"""What a terminal obeys: names and statements of a history are anybody's, and none of them acts on whoever reads."""

from __future__ import annotations

# C0 but for tab and newline, DEL, C1; and what makes a terminal show text in another order than it is read in
# (Unicode's explicit directional controls, UAX #9).
OBEYED = frozenset(
    code
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(code) not in "\t\n"
)

_ESCAPES = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in OBEYED}


def shown(text: str) -> str:
    r"""Return the text with its escape, as `\x1b`, in place of each character that a terminal would obey."""
    return text.translate(_ESCAPES)
