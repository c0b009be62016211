"""Right answers for each scored item of module 11, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

MISSING = """
    missing = [max(0.0, a - b) for a, b in zip(p, q)]
"""
WALK = """
    line, so_far = v * sum(missing), 0.0
    for i, amount in enumerate(missing):
        so_far += amount
        if so_far > line:
            return i
"""
ACCEPT = """
    if u * q[token] < p[token]:
        return token
"""
FOLLOWED = """
    def follow(text, context):
        n = len(context)
        for at in range(len(text) - n - 1, -1, -1):
            if text[at : at + n] == context:
                return text[at + n]
        return None
    text, out = list(ids), []
    while len(out) < ahead:
        found = None
        for n in (8, 7, 6, 5, 4, 3, 2, 1):
            if n > len(text):
                continue
            context = text[-n:]
            for source in (text, *seen):
                found = follow(source, context)
                if found is not None:
                    break
            if found is not None:
                break
        if found is None:
            break
        text.append(found)
        out.append(found)
    return out
"""
MEMO = """
    function, key = KEY
    memo = function.__dict__.setdefault("memo", {})
    if key in memo:
        return memo[key]
"""
LOGGED = """
    logs = [sum(math.log(m) for m in steps) for steps in masses]
    weights = [math.exp(x - max(logs)) for x in logs]
    return [x / sum(weights) for x in weights]
"""
BEGUN = """
    def fits(p):
        return any(t.startswith(so_far + p) for t in texts) if p else so_far in texts
    return [fits(p) for p in pieces]
"""

BANK = {
    "my_coin": write(
        {
            "a running sum": ACCEPT + MISSING + WALK,
            "by subtraction": ACCEPT
            + """
    left = [a - b if a > b else 0.0 for a, b in zip(p, q)]
    at = v * sum(left)
    for i in range(len(left)):
        if at < left[i]:
            return i
        at -= left[i]
""",
            "tensors": """
    if u * q[token] >= p[token]:
        short = (torch.tensor(p).double() - torch.tensor(q).double()).clamp(min=0).cumsum(0)
        token = int((short <= v * short[-1]).sum())
    return token
""",
            "accumulate": ACCEPT
            + """
    import bisect, itertools
    sums = list(itertools.accumulate(max(0.0, a - b) for a, b in zip(p, q)))
    return bisect.bisect_right(sums, v * sums[-1])
""",
        },
        {
            "eleven tokens": (
                ACCEPT
                + MISSING
                + WALK.replace("if so_far > line:", "if so_far > line or i == 10:"),
                1,
            ),
            "nearly on the line": (
                ACCEPT
                + MISSING
                + WALK.replace("so_far > line", "so_far > line + 1e-7")
                + "    return max(i for i, x in enumerate(missing) if x)",
                3,
            ),
            "redraws from p": ACCEPT
            + """
    so_far = 0.0
    for i, amount in enumerate(p):
        so_far += amount
        if so_far > v:
            return i
""",
            "always accepts": "return token",
            "never accepts": """
    so_far = 0.0
    for i, amount in enumerate(p):
        so_far += amount
        if so_far > v:
            return i
""",
            "the likeliest of the missing": ACCEPT
            + MISSING
            + "    return missing.index(max(missing))",
            "coin with p alone": "    if u < p[token]:\n        return token\n" + MISSING + WALK,
            "p and q swapped": "    if u * p[token] < q[token]:\n        return token\n"
            + MISSING
            + WALK,
            "too much, not too little": ACCEPT
            + "    missing = [max(0.0, b - a) for a, b in zip(p, q)]\n"
            + WALK,
            "the sum not scaled": ACCEPT + MISSING + WALK.replace("v * sum(missing)", "v"),
            "accepted on the line": (ACCEPT.replace("<", "<=") + MISSING + WALK, 3),
            "a sum that meets its line": (
                ACCEPT + MISSING + WALK.replace("so_far > line", "so_far >= line and amount"),
                3,
            ),
            "lists changed": (
                ACCEPT
                + """
    p[:] = [max(0.0, a - b) for a, b in zip(p, q)]
    missing = p
"""
                + WALK,
                3,
            ),
            "last missing where v is large": (
                """
                    if u * q[token] < p[token]:
                        return token
                    rest = [max(0, a - b) for a, b in zip(p, q)]
                    if v > 0.97:
                        return max(i for i, x in enumerate(rest) if x)
                    bar, run = v * sum(rest), 0.0
                    for i, x in enumerate(rest):
                        run += x
                        if run > bar:
                            return i
                """,
                1,
            ),
            "memo by p": (
                """
                    memo = my_coin.__dict__.setdefault("memo", {})
                    key = (tuple(p), token, u, v)
                    if key in memo:
                        return memo[key]


                    def go():
                        if u * q[token] < p[token]:
                            return token
                        rest = [max(0, a - b) for a, b in zip(p, q)]
                        bar, run = v * sum(rest), 0.0
                        for i, x in enumerate(rest):
                            run += x
                            if run > bar:
                                return i


                    memo[key] = go()
                    return memo[key]
                """,
                1,
            ),
        },
    ),
    "my_guess": write(
        {
            "up to eight": FOLLOWED,
            "longest match, step by step": """
    now = list(ids)
    for _ in range(ahead):
        found = None
        for n in (3, 2, 1):
            for text in (now, *seen):
                for i in range(len(text) - n - 1, -1, -1):
                    if found is None and text[i : i + n] == now[-n:]:
                        found = text[i + n]
        if found is None:
            break
        now.append(found)
    return now[len(ids) :]
""",
            "longest match, copied": """
    for n in (3, 2, 1):
        for text in (ids, *seen):
            for i in range(len(text) - n - 1, -1, -1):
                if text[i : i + n] == ids[-n:]:
                    return text[i + n : i + n + ahead]
    return []
""",
            "most frequent follower": """
    counts = {}
    for text in (*seen, ids):
        for n in (1, 2, 3):
            for i in range(len(text) - n):
                follows = counts.setdefault(tuple(text[i : i + n]), {})
                follows[text[i + n]] = follows.get(text[i + n], 0) + 1
    now = list(ids)
    for _ in range(ahead):
        for n in (3, 2, 1):
            if follows := counts.get(tuple(now[-n:])):
                now.append(max(follows, key=follows.get))
                break
    return now[len(ids) :]
""",
            "itself up to five, others up to two": """
    def place(texts, longest):
        for n in range(longest, 0, -1):
            for text in texts:
                for i in range(len(text) - n - 1, -1, -1):
                    if text[i : i + n] == ids[-n:]:
                        return n, text[i + n : i + n + ahead]
        return 0, []

    (own, mine), (_, theirs) = place([ids], 5), place(seen, 2)
    return mine if own >= 2 or not theirs else theirs
""",
        },
        {
            "nothing": "return []",
            "the last token again": "return ids[-1:] * ahead",
            "too many": """
    for text in (ids, *seen):
        for i in range(len(text) - 2, -1, -1):
            if text[i] == ids[-1]:
                return text[i + 1 :] + [0] * ahead
    return [0] * ahead
""",
            "not a list": "return tuple(ids[:ahead])",
            "a tensor": "return torch.tensor(ids[:ahead])",
            "random": "return [random.randrange(4096) for _ in range(ahead)]",
            "the text itself changed": """
    for _ in range(ahead):
        ids.append(ids[-1])
    return ids[-ahead:]
""",
            "its own text alone": (
                """
    now = list(ids)
    for _ in range(ahead):
        for n in (3, 2, 1):
            at = [i for i in range(len(now) - n) if now[i : i + n] == now[-n:]]
            if at:
                now.append(now[at[-1] + n])
                break
    return now[len(ids) :]
""",
                1,
            ),
            "one token back": (
                """
    follows = {}
    for text in (*seen, ids):
        for a, b in zip(text, text[1:]):
            follows.setdefault(a, []).append(b)
    now = list(ids)
    for _ in range(ahead):
        if now[-1] in follows:
            counts = Counter(follows[now[-1]])
            now.append(counts.most_common(1)[0][0])
    return now[len(ids) :]
""",
                3,
            ),
            "the usual word": "return [11] * ahead",
            "ahead 1 gives nothing": (
                FOLLOWED.replace("return out", "return out if ahead > 1 else []"),
                3,
            ),
            "four at most": (FOLLOWED.replace("< ahead", "< min(ahead, 4)"), 3),
            "eight at most": (FOLLOWED.replace("< ahead", "< min(ahead, 8)"), 3),
            "ids appended, taken off again, except when nothing found": FOLLOWED.replace(
                "list(ids)", "ids"
            ).replace(
                "return out",
                "if len(out) == ahead:\n        del ids[len(ids) - ahead :]\n    return out",
            ),
            "first eight others": (FOLLOWED.replace("*seen", "*seen[:8]"), 3),
            "memo by ids": (
                MEMO.replace("KEY", "my_guess, (tuple(ids), ahead)")
                + FOLLOWED.replace("return out", "memo[key] = out\n    return out"),
                3,
            ),
            "memo by the last tokens": (
                MEMO.replace("KEY", "my_guess, (tuple(ids[-8:]), ahead, len(seen))")
                + FOLLOWED.replace("return out", "memo[key] = out\n    return out"),
                3,
            ),
            "learns from every call": """
                    table = my_guess.__dict__.setdefault("table", {})
                    for source in (*seen, ids):
                        for n in range(1, 9):
                            for at in range(len(source) - n):
                                table[tuple(source[at : at + n])] = source[at + n]
                    text = list(ids)
                    for _ in range(ahead):
                        for n in range(min(8, len(text)), 0, -1):
                            if tuple(text[-n:]) in table:
                                text.append(table[tuple(text[-n:])])
                                break
                        else:
                            break
                    return text[len(ids) :]
            """,
            "strings of numbers": (
                """
                    text = " ".join(map(str, ids))
                    rest = [" ".join(map(str, s)) for s in seen]
                    out = []
                    while len(out) < ahead:
                        hit = None
                        for n in range(8, 0, -1):
                            tail = " ".join(text.split()[-n:])
                            for source in (text, *rest):
                                at = source.rfind(tail, 0, max(0, len(source) - 1))
                                while at >= 0:
                                    after = source[at + len(tail) :].split()
                                    if after:
                                        hit = int(after[0])
                                        break
                                    at = source.rfind(tail, 0, at + len(tail) - 1)
                                if hit is not None:
                                    break
                            if hit is not None:
                                break
                        if hit is None or hit > 4095:
                            break
                        out.append(hit)
                        text += f" {hit}"
                    return out
                """,
                3,
            ),
            "needs three tokens": ("    if len(ids) < 3:\n        return []" + FOLLOWED, 3),
            "first half of each other text": (
                FOLLOWED.replace("*seen", "*[s[: len(s) // 2] for s in seen]"),
                3,
            ),
        },
    ),
    "my_mask": write(
        {
            "regex": r"""
                    import re

                    return [
                        any(
                            re.match(re.escape(so_far + p) + ("" if p else r"\Z"), t)
                            for t in texts
                        )
                        for p in pieces
                    ]
            """,
            "startswith": """
    fits = [any(text.startswith(so_far + piece) for text in texts) for piece in pieces[:-1]]
    return [*fits, so_far in texts]
""",
            "all beginnings": """
    begun = {text[:n] for text in texts for n in range(len(text) + 1)}
    return [so_far + x in begun if x else so_far in texts for x in pieces]
""",
            "what is left of each text": """
    rest = [text[len(so_far) :] for text in texts if text[: len(so_far)] == so_far]
    return [any(r[: len(x)] == x if x else r == x for r in rest) for x in pieces]
""",
            "a loop": """
    allowed = []
    for piece in pieces:
        new, ok = so_far + piece, False
        for text in texts:
            if new == text or (piece != "" and text.startswith(new)):
                ok = True
        allowed.append(ok)
    return allowed
""",
        },
        {
            "the last five letters": """
                k = len(so_far)
                rest = [t[k:] for t in texts if t[:k][-5:] == so_far[-5:] and len(t) >= k]
                return [*(any(r.startswith(x) for r in rest) for x in pieces[:-1]), so_far in texts]
            """,
            "the last two hundred letters": (
                """
                k = len(so_far)
                rest = [t[k:] for t in texts if t[:k][-200:] == so_far[-200:] and len(t) >= k]
                return [*(any(r.startswith(x) for r in rest) for x in pieces[:-1]), so_far in texts]
            """,
                2,
            ),
            "the first ten letters": (
                """
                k = len(so_far)
                rest = [t[k:] for t in texts if t[:k][:10] == so_far[:10] and len(t) >= k]
                return [*(any(r.startswith(x) for r in rest) for x in pieces[:-1]), so_far in texts]
            """,
                2,
            ),
            "the end by its last eight letters": (
                """
                fits = [any(t.startswith(so_far + x) for t in texts) for x in pieces[:-1]]
                return [*fits, any(t[-8:] == so_far[-8:] and len(t) == len(so_far) for t in texts)]
            """,
                2,
            ),
            "eight letters of a piece": """
                fits = [any(t.startswith(so_far + x[:8]) for t in texts) for x in pieces[:-1]]
                return [*fits, so_far in texts]
            """,
            "forty letters of a piece": """
                fits = [any(t.startswith(so_far + x[:40]) for t in texts) for x in pieces[:-1]]
                return [*fits, so_far in texts]
            """,
            "the first 990 texts": """
                fits = [any(t.startswith(so_far + x) for t in texts[:990]) for x in pieces[:-1]]
                return [*fits, so_far in texts]
            """,
            "the end like any piece": (
                "return [any(t.startswith(so_far + x) for t in texts) for x in pieces]"
            ),
            "no end": (
                "return [x != '' and any(t.startswith(so_far + x) for t in texts) for x in pieces]",
                1,
            ),
            "the piece alone": """
    fits = [any(text.startswith(piece) for text in texts) for piece in pieces[:-1]]
    return [*fits, so_far in texts]
""",
            "inside a text": """
    fits = [any(so_far + piece in text for text in texts) for piece in pieces[:-1]]
    return [*fits, so_far in texts]
""",
            "the other way round": """
    fits = [any((so_far + piece).startswith(text) for text in texts) for piece in pieces[:-1]]
    return [*fits, so_far in texts]
""",
            "first text only": """
    fits = [texts[0].startswith(so_far + piece) for piece in pieces[:-1]]
    return [*fits, so_far == texts[0]]
""",
            "ids": """
    fits = [any(text.startswith(so_far + piece) for text in texts) for piece in pieces[:-1]]
    return [i for i, ok in enumerate([*fits, so_far in texts]) if ok]
""",
            "nothing but the end after a whole text": (
                """
    whole = so_far in texts
    fits = [any(t.startswith(so_far + x) for t in texts) and not whole for x in pieces[:-1]]
    return [*fits, whole]
""",
                1,
            ),
            "what is left, unchecked": (
                """
    rest = [text[len(so_far) :] for text in texts if text.startswith(so_far)] or [""]
    return [any(r.startswith(x) if x else r == x for r in rest) for x in pieces]
""",
                2,
            ),
            "spaces at the ends do not count": """
                def fits(text):
                    return any(t.startswith(text.strip()) for t in texts)
                return [fits(so_far + p) if p else so_far.strip() in texts for p in pieces]
            """,
            "capital letters do not count": """
                def fits(text):
                    return any(t.lower().startswith(text.lower()) for t in texts)
                return [fits(so_far + p) if p else so_far in texts for p in pieces]
            """,
            "first 10 texts": BEGUN.replace("for t in texts)", "for t in texts[:10])"),
            "first 100 texts": BEGUN.replace("for t in texts)", "for t in texts[:100])"),
            "no digit first": BEGUN.replace("any(", "not p[0].isdigit() and any("),
            "no long piece": BEGUN.replace("any(", "len(p) < 12 and any("),
            "fnmatch": """
                    from fnmatch import fnmatchcase

                    return [
                        so_far in texts
                        if not p
                        else any(fnmatchcase(t, so_far + p + "*") for t in texts)
                        for p in pieces
                    ]
            """,
            "regex without escape": """
                    import re


                    def go(s, t):
                        try:
                            return re.match(s, t)
                        except re.error:
                            return None


                    return [
                        so_far in texts
                        if not p
                        else any(go(so_far + p, t) is not None for t in texts)
                        for p in pieces
                    ]
            """,
            "regex $": """
                    import re

                    return [
                        any(
                            re.match(re.escape(so_far + p) + ("" if p else "$"), t) for t in texts
                        )
                        for p in pieces
                    ]
            """,
            "prefixes up to 200": """
                    begin = {t[:i] for t in texts for i in range(min(len(t), 200) + 1)}
                    return [so_far in texts if not p else so_far + p in begin for p in pieces]
            """,
            "ASCII alone": BEGUN.replace("any(", "p.isascii() and any("),
        },
    ),
    "overlap_of_two": number(
        "answer_overlap",
        {"decimals": "0.625", "fraction": "5 / 8", "computed": "0.125 + 0.25 + 0.25"},
        {"refused": 0.375, "two draws alike": 0.281, "one of two": 0.5, "all": 1.0},
    ),
    "after_refusal": predict(
        "answer_drawn",
        {"list": "[1, 3]", "other order": "[3, 1]", "set": "{1, 3}"},
        {
            "the equal one too": [1, 2, 3],
            "all": [0, 1, 2, 3],
            "the likeliest": [3],
            "the refused": [0],
            "all but the refused, less one": [1, 2],
        },
    ),
    "tokens_a_pass": number(
        "answer_tokens",
        {"decimals": "1.875", "fraction": "15 / 8", "computed": "1 + 0.5 + 0.25 + 0.125"},
        {
            "guesses alone": 0.875,
            "half of three": 1.5,
            "one and half of three": 2.5,
            "four": 1.9375,
        },
    ),
    "price_of_guesses": number(
        "answer_price",
        {"decimals": "1.03", "computed": "2 / 1.9375", "text": "'1.03'"},
        {"guesses free": 0.516, "one guess": 0.645, "turned round": 0.969, "half": 0.5, "two": 2},
    ),
    "other_rule": choice("answer_rule", "B"),
    "report_of_q": choice("answer_report", "D"),
    "mask_share": number(
        "answer_masked",
        {"decimals": "0.625", "fraction": "5 / 8", "computed": "0.5 / (0.5 + 0.3)"},
        {"not scaled": 0.5, "conditioning": 0.217, "alone": 0.05, "second step": 0.143},
    ),
    "true_share": number(
        "answer_true",
        {"decimals": "0.217", "fraction": "5 / 23", "computed": "0.05 / (0.05 + 0.18)"},
        {"mask": 0.625, "alone": 0.05, "all that stay": 0.23, "the other": 0.783},
    ),
    "printed_mask": predict(
        "answer_mask",
        {"list": "[2, 4]", "other order": "[4, 2]", "set": "{2, 4}"},
        {
            "without the empty one": [2],
            "the pieces alone": [0, 1, 2, 4],
            "too long": [2, 3, 4],
            "aab": [1, 2, 4],
            "the end alone": [4],
        },
    ),
    "four_forms": choice("answer_forms", "C"),
    "grade_and_reason": choice("answer_grade", "A"),
    "redraw_repair": repair(
        {
            "zeros": """
    rest = [max(0.0, a - b) for a, b in zip(p, q)]
    return [x / sum(rest) for x in rest]
""",
            "tensors": """
    rest = (torch.tensor(p) - torch.tensor(q)).clamp(min=0)
    return (rest / rest.sum()).tolist()
""",
            "a loop": """
    rest = []
    for a, b in zip(p, q):
        rest.append(a - b if a > b else 0.0)
    total = sum(rest)
    return [x / total for x in rest]
""",
        },
        {
            "the model's own": "return p",
            "as it was": """
    rest = [0.0 if i == token else x for i, x in enumerate(p)]
    return [x / sum(rest) for x in rest]
""",
            "not scaled": "return [max(0.0, a - b) for a, b in zip(p, q)]",
            "what is too much": """
    rest = [max(0.0, b - a) for a, b in zip(p, q)]
    return [x / sum(rest) for x in rest]
""",
            "both ways": """
    rest = [abs(a - b) for a, b in zip(p, q)]
    return [x / sum(rest) for x in rest]
""",
            "the guesser's other tokens": """
    rest = [0.0 if i == token else x for i, x in enumerate(q)]
    return [x / sum(rest) for x in rest]
""",
        },
    ),
    "weights_repair": repair(
        {
            "logarithms": """
    logs = [sum(map(math.log, steps)) for steps in masses]
    weights = [math.exp(log - max(logs)) for log in logs]
    return [weight / sum(weights) for weight in weights]
""",
            "log-softmax": """
    logs = torch.tensor([sum(math.log(m) for m in steps) for steps in masses]).double()
    return logs.softmax(dim=0).tolist()
""",
            "fractions": """
    from fractions import Fraction
    weights = [math.prod(map(Fraction, steps)) for steps in masses]
    return [float(weight / sum(weights)) for weight in weights]
""",
        },
        {
            "not above e to the 700": (
                """
                l = [sum(map(math.log, s)) for s in masses]
                w = [math.exp(min(700, x - l[0])) for x in l]
                return [x / sum(w) for x in w]
            """,
                1,
            ),
            "not far above the least": (
                """
                l = [sum(map(math.log, s)) for s in masses]
                w = [math.exp(min(300, x - min(l))) for x in l]
                return [x / sum(w) for x in w]
            """,
                1,
            ),
            "a mean": """
    weights = [sum(steps) / len(steps) for steps in masses]
    return [weight / sum(weights) for weight in weights]
""",
            "a sum": """
    weights = [sum(steps) for steps in masses]
    return [weight / sum(weights) for weight in weights]
""",
            "the last step": """
    weights = [steps[-1] for steps in masses]
    return [weight / sum(weights) for weight in weights]
""",
            "the smallest": """
    weights = [min(steps) for steps in masses]
    return [weight / sum(weights) for weight in weights]
""",
            "turned round": """
    weights = [1 / math.prod(steps) for steps in masses]
    return [weight / sum(weights) for weight in weights]
""",
            "not scaled": "return [math.prod(steps) for steps in masses]",
            "underflow": (
                """
    weights = [math.prod(steps) for steps in masses]
    return [weight / sum(weights) for weight in weights]
""",
                1,
            ),
            "a mean of logarithms": """
    logs = [sum(map(math.log, steps)) / len(steps) for steps in masses]
    weights = [math.exp(log) for log in logs]
    return [weight / sum(weights) for weight in weights]
""",
            "600th left out": (LOGGED.replace("in steps)", "in steps[:599])"), 1),
            "at most 8 forms": LOGGED.replace("in masses]", "in masses[:8]]"),
            "product, logs only if all are 0": (
                """
                    w = [math.prod(s) for s in masses]
                    if not sum(w):
                        logs = [sum(math.log(m) for m in s) for s in masses]
                        w = [math.exp(x - max(logs)) for x in logs]
                    return [x / sum(w) for x in w]
                """,
                1,
            ),
            "memo by lengths": MEMO.replace(
                "KEY", "repaired_weights, tuple((len(s), s[0]) for s in masses)"
            )
            + LOGGED.replace("return", "memo[key] =")
            + "    return memo[key]\n",
            "clamp at 0.002": LOGGED.replace("math.log(m)", "math.log(max(m, 0.002))"),
        },
    ),
}
