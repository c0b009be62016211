"""Right and wrong answers for the two questions of the start page."""

from bank import number, write

BANK = {
    "read_a_bar": number(
        "answer_share",
        {"as shown": "71.3", "rounded": "71"},
        {
            "slider not moved": "57.2",
            "a share, no percent": "0.713",
            "another word's bar": "28",
            "slider at 0": "100",
        },
    ),
    "add": write(
        {
            "plus": "return a + b",
            "sum": "return sum((a, b))",
            "in steps": "total = a\ntotal += b\nreturn total",
        },
        {
            "right for the example only": "return 5",
            "multiplies": "return a * b",
            "prints": "print(a + b)",
            "whole numbers only": "return int(a) + int(b)",
            "text": "return str(a + b)",
        },
    ),
}
