"""Functions that try to have told what a hidden test gives them, and the forms it may have then."""

import base64
import codecs

# A line of the tests in test_told for each bit of it.
LINES = (
    "''.join('\\n' + ['Each element.', 'A list doubles.'][int(b)] "
    "for c in str(x) for b in f'{ord(c):08b}')"
)
# Bodies of functions of x, the secret: a text or a number.
HOSTILE = {
    "returns it": "return x",
    "prints it": "print(x); return 0",
    "prints it in other words": "print(' '.join(map(str, map(ord, str(x))))); return 0",
    "warns of it": "import warnings, sys; warnings.warn(str(x)); print(x, file=sys.stderr)",
    "raises it": "raise ValueError(x)",
    "raises it reversed": "raise ValueError(str(x)[::-1])",
    "raises it as a key": "raise KeyError(x)",
    "raises a type of its name": "raise type('E' + str(x).encode().hex(), (Exception,), {})()",
    "raises it in many words": "raise ValueError('[ok] '.join(str(x)))",
    "raises the author's words": "raise ValueError('Twice 2 is 4. ' * (len(str(x)) + 1))",
    "raises it as a syntax error": "raise SyntaxError(x, ('f', 1, len(str(x)), str(x)))",
    "raises it after lines": "raise ValueError('\\n' * 300 + str(x))",
    "raises an assertion": "raise AssertionError(x)",
    "exits with it": "raise SystemExit(x)",
    "returns a type of its name": "return type('T' + str(x).encode().hex(), (), {})()",
    "returns it in a list": "return [type('T' + str(x).encode().hex(), (), {})()]",
    "returns it as a key": "return {type('T' + str(x).encode().hex(), (), {})(): 1}",
    "returns it as a shape": "return torch.zeros([ord(c) % 3 + 2 for c in str(x)][:4])",
    "returns it as a length": "return [0] * sum(map(ord, str(x)))",
    "returns it as a number": "return int(str(x).encode().hex(), 16) % 2**53",
    "returns it as a tensor": "return torch.tensor([float(ord(c)) for c in str(x)])",
    "returns it as base64": "import base64; return base64.b64encode(str(x).encode()).decode()",
    "returns it as a line of a check": "return f'[ok] {x}'",
    "returns it doubled": "return [x, x]",
    "keeps it in a name": "global kept; kept = str(x); return 0",
    "keeps it in a number": "global kept_number; kept_number = float(len(str(x)) * 7); return 0",
    "keeps it in a type": "global kind; kind = type('K' + str(x).encode().hex(), (), {})()",
    "changes what it was given": "x.append(x[0]) if type(x) is list else None; return x",
    "returns words with it": "return ' '.join(w + str(x) for w in 'Each element.'.split())",
    "raises lines of the author": f"raise ValueError('n' + {LINES})",
    "asserts a line of the author": f"raise AssertionError({LINES}.strip().split('\\n')[1])",
    "returns lines of the author": f"return {LINES}[:400]",
    "prints lines of the author": f"print({LINES}, end=''); return 0",
    "warns so many times": "import warnings; [warnings.warn(str(i)) for i in range(len(str(x)))]",
    "makes the points of it": "return float(len(str(x)))",
}


def transformed(secret: object) -> set[str]:
    text = str(secret)
    data = text.encode()
    return {
        *(
            text,
            text[::-1],
            data.hex(),
            base64.b64encode(data).decode(),
            codecs.encode(text, "rot13"),
        ),
        *(" ".join(map(str, data)), str(list(data)), str([float(c) for c in data]), "-".join(text)),
        *(str(len(text) * 7), str(sum(data)), str(int(data.hex(), 16) % 2**53)),
        str(tuple(c % 3 + 2 for c in data[:4])),
    }
