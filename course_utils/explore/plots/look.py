"""What pictures and their words have in common: colours, and text as it can be seen.

Without matplotlib, whose import takes what grading a class can spare.
"""

# Three colours, far apart in lightness, so that a grey print still tells them apart.
KEPT = "#1f4e79"
CUT = "#e3e6ea"
DRAWN = "#d9730d"
DRAWN_TEXT = "#a35200"  # the same, dark enough to be read
INK = "#1a1a1a"
QUIET = "#5f6770"
GRID = "#e8eaed"
EDGE = "#a6adb5"  # of what is cut
FRESH = "#b9c1ca"
PAPER = "#ffffff"

# What the page calls each colour, and what it makes of it in the dark.
PALETTE = {
    KEPT: ("kept", "#9ccbf5"),
    CUT: ("cut", "#30363c"),
    DRAWN: ("drawn", "#d9730d"),
    DRAWN_TEXT: ("drawn-text", "#f2a65a"),
    INK: ("ink", "#e8eaed"),
    QUIET: ("quiet", "#a9b1ba"),
    GRID: ("grid", "#2b3036"),
    EDGE: ("edge", "#6b747d"),
    FRESH: ("fresh", "#4d555e"),
    PAPER: ("paper", "#111111"),
}
CLASSES = {color: name for color, (name, _) in PALETTE.items()}
READABLE = {DRAWN: DRAWN_TEXT, EDGE: QUIET, FRESH: QUIET}

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}
JOINERS = "\u200c\u200d"  # between two characters they shape a word, or an emoji


def printable(said: str) -> str:
    """The text, with what has no shape, or turns round what follows, as its code.

    >>> printable("猫\n"), printable("a\0\u202e")
    ('猫\n', 'a\\x00\\u202e')
    """
    if said.isprintable():
        return said
    last = len(said) - 1
    return "".join(
        c if c == "\n" or c.isprintable() or (c in JOINERS and 0 < i < last) else ascii(c)[1:-1]
        for i, c in enumerate(said)
    )


def visible(token: str) -> str:
    """The token as text that shows its spaces, line breaks and characters without a shape.

    >>> visible(" 猫\n"), visible("a\0\u202e")
    ('␣猫⏎', 'a\\x00\\u202e')
    """
    return printable("".join(VISIBLE.get(char, char) for char in token))


def readable(text: str) -> str:
    """As `visible`, but with the spaces left as they are: words in a line are read by them."""
    return " ".join(visible(part) for part in text.split(" "))


def signed(number: float, form: str = ".2f") -> str:
    """A number with the minus sign that is as wide as a plus, and 0 without one.

    >>> signed(-4.09), signed(-0.001), signed(-0.5, "g"), signed(float("-inf"))
    ('−4.09', '0.00', '−0.5', '−∞')
    """
    said = format(number, form)
    if not said.strip("-0."):
        return said.removeprefix("-")
    return said.replace("-", "−").replace("inf", "∞")


def percent(share: float) -> str:
    """Three digits at most, and never 0.0% or 100.0% for what is not quite 0 or 1.

    >>> percent(0.4123), percent(0.00004), percent(1.0), percent(0.0)
    ('41.2%', '<0.1%', '100%', '0%')
    """
    if share <= 0:
        return "0%"
    if share < 0.0005:
        return "<0.1%"
    if share >= 1 - 1e-9:
        return "100%"
    return f"{share:.1%}" if share < 0.9995 else ">99.9%"
