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
            "minus minus": "return a - -b",
            "a loop": """
                total = 0
                for number in (a, b):
                    total = total + number
                return total
            """,
            "NumPy": "import numpy as np\nreturn np.add(a, b)",
            "tensor": "import torch\nreturn torch.tensor(a, dtype=torch.float64) + b",
        },
        {
            "right for the example only": "return 5",
            "multiplies": "return a * b",
            "prints": "print(a + b)",
            "whole numbers only": "return int(a) + int(b)",
            "text": "return str(a + b)",
            "no negative ones": "return abs(a) + abs(b)",
            "small ones only": "return min(a, 10**6) + min(b, 10**6)",
            "rounded": "return round(a + b, 2)",
            "the larger twice": "return 2 * max(a, b) - abs(a - b) % 7",
            "in a list": "return [a + b]",
        },
    ),
}
