"""Right answers for each scored item of module 10, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

STEPS = """
    steps, _, last = text.partition(";")
    left = list(numbers)
"""


def verified(
    steps: str = 'steps.split(",")',
    written: str = "written",
    ends: str = "last == str(left[0])",
    split: str = 'text.partition(";")',
    skip: str = "False",
) -> str:
    """A verifier with another expression for its steps, for one as written, for the end, for how
    the text is split, or for the steps that do not count."""
    return f"""
        import re
        steps, _, last = {split}
        left, before = list(numbers), None
        for written in {steps}:
            if {skip}:
                continue
            before = written
            for a, b in permutations(left, 2):
                if right_step(a, b) == {written}:
                    left.remove(a)
                    left.remove(b)
                    left.append(a + b)
                    break
            else:
                return False
        return len(left) == 1 and bool({ends})
    """


# Numbers and sums stay to be used again.
POOL = (
    verified()
    .replace("left.remove(a)", "pass")
    .replace("left.remove(b)", "pass")
    .replace("len(left) == 1", "len(left) == 2 * len(numbers) - 1")
)
CHOSEN = """
    spoken = [t for t in found if t[0] is not None]
    if not spoken:
        return None
    pool = [t for t in spoken if t[2]] or spoken
    count = Counter(a for a, _, _ in pool)
    best = {a: max(p for b, p, _ in pool if b == a) for a in count}
    return max(count, key=lambda a: (count[a], best[a]))
"""

BANK = {
    "my_pass_at_k": write(
        {
            "combinations": "return 1 - math.comb(n - c, k) / math.comb(n, k)",
            "product": "return 1 - math.prod(max(n - c - i, 0) / (n - i) for i in range(k))",
            "the library's way": """
                if n - c < k:
                    return 1.0
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
            """,
            "one by one": """
                wrong = 1.0
                for i in range(k):
                    wrong = wrong * max(0, n - c - i) / (n - i)
                return 1 - wrong
            """,
            "whole numbers first": """
                every = math.comb(n, k)
                return (every - math.comb(n - c, k)) / every
            """,
        },
        {
            "puts each try back": "return 1 - (1 - c / n) ** k",
            "all wrong": "return math.comb(n - c, k) / math.comb(n, k)",
            "all right": "return math.comb(c, k) / math.comb(n, k)",
            "one try": "return c / n",
            "n and c swapped": "return 1 - math.comb(n, k) / math.comb(n - c, k)",
            "exactly one": "return c * math.comb(n - c, k - 1) / math.comb(n, k)",
            "permutations against combinations": (
                "return 1 - math.perm(n - c, k) / math.comb(n, k)"
            ),
            "calls the course": """
                from course_utils.think import pass_at_k
                return pass_at_k(n, c, k)
            """,
            "rounded": "return round(1 - math.comb(n - c, k) / math.comb(n, k), 3)",
            "factorials as floats": (
                """
                def ways(n, k):
                    if k > n:
                        return 0.0
                    if n > 100:
                        return 1.0
                    f = math.factorial
                    return f(n) / f(k) / f(n - k)
                return 1 - ways(n - c, k) / ways(n, k)
                """,
                1,
            ),
            "expected number for few": (
                """
                    return (
                        1 - math.comb(n - c, k) / math.comb(n, k) if k * c > n / 10 else k * c / n
                    )
                """,
                1,
            ),
            "put back, of many": (
                """
                    return (
                        1 - math.comb(n - c, k) / math.comb(n, k)
                        if n < 100 or k > 3
                        else 1 - (1 - c / n) ** k
                    )
                """,
                1,
            ),
        },
    ),
    "two_right_of_five": number(
        "answer_pass",
        {"decimal": "0.9", "fraction": "9 / 10", "computed": "1 - 1 / 10"},
        {
            "puts back": 0.784,
            "all wrong": 0.1,
            "one try": 0.4,
            "three of five": 0.6,
            "sure": 1.0,
            "two tries": 0.7,
        },
    ),
    "estimator_repair": repair(
        {
            "at the top": """
                if k > n:
                    return None
                if n - c < k:
                    return 1.0
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
            """,
            "combinations": """
                if n < k:
                    return None
                return 1.0 - math.comb(n - c, k) / math.comb(n, k)
            """,
            "inside the short cut": """
                if n - c < k:
                    return 1.0 if k <= n else None
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
            """,
        },
        {
            "none right is zero": """
                if c == 0:
                    return 0.0
                if n - c < k:
                    return 1.0
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
            """,
            "no short cut": """
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
            """,
            "as few as k": """
                if k >= n:
                    return None
                if n - c < k:
                    return 1.0
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
            """,
            "none where it was sure": """
                if n - c < k:
                    return None
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
            """,
            "only where none was right": (
                """
                if c == 0 and k > n:
                    return None
                if n - c < k:
                    return 1.0
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
                """,
                1,
            ),
            "not a number": """
                if k > n:
                    return float("nan")
                if n - c < k:
                    return 1.0
                return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
            """,
        },
    ),
    "squared_texts": number(
        "answer_higher",
        {
            "decimal": "0.163",
            "computed": "0.16 / 0.34 - 0.16 / 0.52",
            "rounded": "0.1629",
        },
        {
            "by p squared": 0.471,
            "at T = 1/2": 0.308,
            "the other way round": -0.163,
            "not sharpened at the first word": 0.071,
            "no difference": 0.0,
        },
    ),
    "acceptance_repair": repair(
        {
            "one exponent": """
                log_ratio = alpha * (new[0] - old[0]) + old[1] - new[1]
                return math.exp(min(0.0, log_ratio))
            """,
            "weights": """
                weight = lambda text: alpha * text[0] - text[1]
                gain = weight(new) - weight(old)
                return 1.0 if gain >= 0 else math.exp(gain)
            """,
            "unpacked": """
                (p, q), (p_old, q_old) = new, old
                return math.exp(-max(0, alpha * (p_old - p) + q - q_old))
            """,
        },
        {
            "overflows": (
                """
                ratio = math.exp(alpha * (new[0] - old[0]) + old[1] - new[1])
                return min(1.0, ratio)
                """,
                1,
            ),
            "proposals left out": """
                return math.exp(min(0.0, alpha * (new[0] - old[0])))
            """,
            "proposals the wrong way round": """
                return math.exp(min(0.0, alpha * (new[0] - old[0]) + new[1] - old[1]))
            """,
            "proposals to the power as well": """
                return math.exp(min(0.0, alpha * (new[0] - old[0] + old[1] - new[1])))
            """,
            "never below the old one": """
                return 1.0 if alpha * (new[0] - old[0]) + old[1] - new[1] >= 0 else 0.0
            """,
            "a logistic": """
                gain = alpha * (new[0] - old[0]) + old[1] - new[1]
                return 1 / (1 + math.exp(min(700, -gain)))
            """,
            "clamped at twenty": (
                """
                gain = alpha * (new[0] - old[0]) + old[1] - new[1]
                return math.exp(max(-300.0, min(0.0, gain))) if new[0] > -30 else 1.0
                """,
                1,
            ),
            "each clamped at 5000": (
                """
                    a = max(-5000, min(5000, alpha * (new[0] - old[0])))
                    b = old[1] - new[1]
                    return math.exp(min(0.0, a + b))
                """,
                1,
            ),
            "memo by texts": """
                    memo = repaired_acceptance.__dict__.setdefault("memo", {})
                    return memo.setdefault(
                        (new, old),
                        math.exp(min(0.0, alpha * (new[0] - old[0]) + old[1] - new[1])),
                    )
            """,
        },
    ),
    "strength_of_guidance": number(
        "answer_gamma",
        {"decimal": "1.67", "fraction": "5 / 3", "computed": "2.5 / 1.5"},
        {
            "the model itself": 1.0,
            "beyond one": 0.67,
            "a round one": 2.0,
            "the difference": 1.5,
            "the distance": 2.5,
        },
    ),
    "thought_cut_short": choice("answer_cut", "D"),
    "my_vote": write(
        {
            "counter": """
                votes = Counter(a for a in answers if a is not None)
                return max(votes, key=votes.get, default=None)
            """,
            "most common": """
                votes = Counter([a for a in answers if a is not None]).most_common(1)
                return votes[0][0] if votes else None
            """,
            "a dict": """
                votes = {}
                for a in answers:
                    if a is not None:
                        votes[a] = votes.get(a, 0) + 1
                best = None
                for a, count in votes.items():
                    if best is None or count > votes[best]:
                        best = a
                return best
            """,
            "count": """
                given = [a for a in answers if a is not None]
                return max(given, key=given.count, default=None)
            """,
        },
        {
            "too few votes": (
                """
                if answers.count(None) > 0.9 * len(answers):
                    return None
                votes = Counter(a for a in answers if a is not None)
                return max(votes, key=votes.get, default=None)
            """,
                1,
            ),
            "None votes": ("return Counter(answers).most_common(1)[0][0]", 1),
            "the first": "return answers[0]",
            "the median": "return sorted(answers)[len(answers) // 2]",
            "the rarest": """
                votes = Counter(a for a in answers if a is not None)
                return min(votes, key=votes.get, default=None)
            """,
            "the largest": "return max((a for a in answers if a is not None), default=None)",
            "the count": """
                votes = Counter(a for a in answers if a is not None)
                return max(votes.values(), default=None)
            """,
            "calls the course": """
                from course_utils.think import majority_vote
                return majority_vote(answers) if answers else None
            """,
            "a set": (
                """
                given = [a for a in answers if a is not None]
                return max(sorted(set(given)), key=given.count, default=None)
                """,
                1,
            ),
            "falls at an empty list": (
                """
                votes = Counter(a for a in answers if a is not None)
                return max(votes, key=votes.get)
                """,
                1,
            ),
            "drops zero as well": (
                """
                votes = Counter(a for a in answers if a or a == 0)
                votes = Counter(a for a in answers if a)
                return max(votes, key=votes.get, default=None)
                """,
                0,
            ),
            "last of the ties": (
                """
                given = [a for a in answers if a is not None]
                return max(reversed(given), key=given.count, default=None)
                """,
                1,
            ),
            "sorts the list": (
                """
                given = [a for a in answers if a is not None]
                best = max(given, key=given.count, default=None)
                answers.clear()
                return best
                """,
                1,
            ),
            "counts as uint8": """
                    import numpy as np

                    v = [a for a in answers if a is not None]
                    n = {}
                    for a in v:
                        n[a] = np.uint8((int(n.get(a, 0)) + 1) % 256)
                    return max(n, key=lambda a: int(n[a])) if n else None
            """,
            "memo by the bag": (
                """
                    memo = my_vote.__dict__.setdefault("memo", {})
                    v = [a for a in answers if a is not None]
                    return memo.setdefault(
                        frozenset(Counter(v).items()), max(v, key=v.count, default=None)
                    )
                """,
                1,
            ),
            "last 256": """
                    v = [a for a in answers[-256:] if a is not None]
                    return max(v, key=v.count) if v else None
            """,
            "-1 no vote": """
                    v = [a for a in answers if a is not None and a != -1]
                    return max(v, key=v.count) if v else None
            """,
            "int8 counts capped at 127": """
                    v = [a for a in answers if a is not None]
                    return max(v, key=lambda a: min(v.count(a), 127)) if v else None
            """,
        },
    ),
    "counted_and_weighed": predict(
        "answer_two",
        {"as printed": '"291 None"', "lower case": '"291 none"', "computed": 'f"{291} {None}"'},
        {
            "likeliest with an answer": '"291 291"',
            "the other of the tie": '"301 None"',
            "None votes": '"None None"',
            "swapped": '"None 291"',
            "both others": '"301 291"',
        },
    ),
    "ever_more_tries": choice("answer_more", "B"),
    "lenient_judge": number(
        "answer_share",
        {"decimal": "0.36", "fraction": "0.1 / 0.28", "computed": "10 / (10 + 18)"},
        {
            "no verifier": 0.1,
            "accepted": 0.28,
            "refused": 0.8,
            "odds": 0.56,
            "a fifth of all": 0.33,
            "not weighed": 0.83,
        },
    ),
    "cold_tries": choice("answer_cold", "A"),
    "five_workings": predict(
        "answer_good",
        {"list": "[1, 4]", "other order": "[4, 1]", "set": "{1, 4}", "tuple": "(1, 4)"},
        {
            "ends in 80 and adds up": [0, 1, 4],
            "ends in 80": [0, 1, 3, 4],
            "left to right only": [1],
            "numbers used twice": [1, 2, 4],
            "the last alone": [4],
        },
    ),
    "my_verifier": write(
        {
            "all right steps": """
                from itertools import permutations
                steps, _, last = text.partition(";")
                left = list(numbers)
                for written in steps.split(","):
                    fits = [p for p in permutations(left, 2) if right_step(*p) == written]
                    if not fits:
                        return False
                    left.remove(fits[0][0])
                    left.remove(fits[0][1])
                    left.append(sum(fits[0]))
                return len(left) == 1 and last == str(left[0])
            """,
            "reads the step": """
                import re
                steps, _, last = text.partition(";")
                left = Counter(numbers)
                for written in steps.split(","):
                    match = re.fullmatch(r"([1-9][0-9]{0,3})[+]([1-9][0-9]{0,3})=.*", written)
                    if not match:
                        return False
                    a, b = int(match[1]), int(match[2])
                    left.subtract([a, b])
                    if min(left.values()) < 0 or written != right_step(a, b):
                        return False
                    left[a + b] += 1
                return [str(n) for n in left.elements()] == [last]
            """,
            "recursion": """
                if len(numbers) == 1:
                    return text == f";{numbers[0]}" or text == str(numbers[0])
                for i, a in enumerate(numbers):
                    for j, b in enumerate(numbers):
                        step = right_step(a, b)
                        rest = numbers[: min(i, j)] + numbers[min(i, j) + 1 : max(i, j)]
                        rest = rest + numbers[max(i, j) + 1 :] + [a + b]
                        after = text[len(step) + 1 :]
                        if i != j and text.startswith(step + (";" if len(rest) == 1 else ",")):
                            if after[:1] != ";" and my_verifier(rest, after):
                                return True
                return False
            """,
        },
        {
            "the last step twice": (verified(skip="written == before and len(left) == 1"), 1),
            "a comma before the answer": (
                verified(split='text.replace(";", ",").rpartition(",")'),
                2,
            ),
            "semicolons between steps": (
                verified(split='text.rpartition(";")', steps='steps.replace(";", ",").split(",")'),
                2,
            ),
            "a number and itself": (
                """
                left = list(numbers)
                steps, sep, final = text.partition(";")
                for s in steps.split(","):
                    for a in left:
                        hit = [b for b in left if s == right_step(a, b)]
                        if hit:
                            left.remove(a)
                            if hit[0] in left:
                                left.remove(hit[0])
                            left.append(a + hit[0])
                            break
                    else:
                        return False
                return len(left) == 1 and final == str(left[0])
            """,
                1,
            ),
            "tabs do not count": (verified(written=r'written.strip("\t\r\v")'), 2),
            "the answer alone": "return text.endswith(f';{sum(numbers)}')",
            "steps alone": """
                import re
                for written in text.partition(";")[0].split(","):
                    match = re.fullmatch(r"([0-9]+)[+]([0-9]+)=.*", written)
                    if not match or written != right_step(int(match[1]), int(match[2])):
                        return False
                return True
            """,
            "accepts all": "return True",
            "refuses all": "return False",
            "a text": "return 'yes'",
            "nines": "return text[-1:].isdigit() and int(text[-1]) % 9 == sum(numbers) % 9",
            "sums without marks": """
                from itertools import permutations
                steps, _, last = text.partition(";")
                left = list(numbers)
                for written in steps.split(","):
                    plain = written.replace("'", "")
                    fits = [p for p in permutations(left, 2) if f"{p[0]}+{p[1]}={sum(p)}" == plain]
                    if not fits:
                        return False
                    for n in fits[0]:
                        left.remove(n)
                    left.append(sum(fits[0]))
                return [str(n) for n in left] == [last]
            """,
            "calls the course": """
                from course_utils.sums import verify
                return verify(numbers, text)
            """,
            "steps and the sum": (
                """
                import re
                steps, _, last = text.partition(";")
                for written in steps.split(","):
                    match = re.fullmatch(r"([1-9][0-9]*)[+]([1-9][0-9]*)=.*", written)
                    if not match or written != right_step(int(match[1]), int(match[2])):
                        return False
                return last == str(sum(numbers))
                """,
                1,
            ),
            "raises on another form": (
                """
                steps, _, last = text.partition(";")
                left = list(numbers)
                for written in steps.split(","):
                    a, b = map(int, written.split("=")[0].split("+"))
                    if a not in left:
                        return False
                    left.remove(a)
                    if b not in left or written != right_step(a, b):
                        return False
                    left.remove(b)
                    left.append(a + b)
                return [str(n) for n in left] == [last]
                """,
                1,
            ),
            "takes the list apart": (
                """
                from itertools import permutations
                steps, _, last = text.partition(";")
                for written in steps.split(","):
                    fits = [p for p in permutations(numbers, 2) if right_step(*p) == written]
                    if not fits:
                        return False
                    for n in fits[0]:
                        numbers.remove(n)
                    numbers.append(sum(fits[0]))
                return [str(n) for n in numbers] == [last]
                """,
                2,
            ),
            "empty steps are left out": (verified(steps='filter(None, steps.split(","))'), 2),
            "spaces round a step": (verified(written="written.strip()"), 2),
            "a line break at the end": (verified(ends='re.match(rf"{left[0]}$", last)'), 2),
            "numbers stay in the list": (
                POOL.replace("last == str(left[0])", "last == str(sum(numbers))"),
                1,
            ),
            "memo by text and sum": (
                """
                    memo = my_verifier.__dict__.setdefault("memo", {})
                    key = (text, sum(numbers))
                    if key in memo:
                        return memo[key]

                    left = list(numbers)
                    work, _, end = text.partition(";")
                    for one in work.split(","):
                        for i, j in permutations(range(len(left)), 2):
                            if one == right_step(left[i], left[j]):
                                total = left[i] + left[j]
                                left = [n for k, n in enumerate(left) if k not in (i, j)] + [
                                    total
                                ]
                                break
                        else:
                            memo[key] = False
                            return False
                    memo[key] = len(left) == 1 and end == str(left[0])
                    return memo[key]
                """,
                1,
            ),
            "wide digits": (
                verified()
                .replace("import re", "import re, unicodedata")
                .replace("text.partition", "unicodedata.normalize('NFKC', text).partition"),
                2,
            ),
            "other marks": (
                verified().replace("text.partition", "text.replace('’', \"'\").partition"),
                2,
            ),
            "used numbers stay, last sum is the end": (
                POOL.replace("last == str(left[0])", "last == str(left[-1]) == str(sum(numbers))"),
                1,
            ),
            "no sum from 400 on": verified(ends="last == str(left[0]) and left[0] < 400"),
            "text end tag dropped": (
                verified().replace("text.partition", "text.replace('<|endoftext|>', '').partition"),
                2,
            ),
        },
    ),
    "work_for_a_count": choice("answer_job", "C"),
    "my_chooser": write(
        {
            "vote of the accepted, then of all": """
                found = [one for one in found if one[0] is not None]
                found = [one for one in found if one[2]] or found
                found = sorted(found, key=lambda one: -one[1])
                votes = Counter(one[0] for one in found)
                return max(votes, key=votes.get, default=None)
            """,
            "likeliest of the accepted, then of all": """
                found = [one for one in found if one[0] is not None]
                best = max(found, key=lambda one: (one[2], one[1]), default=(None,))
                return best[0]
            """,
            "likeliest of the accepted, then a vote": """
                found = sorted((t for t in found if t[0] is not None), key=lambda t: -t[1])
                for says, _, accepted in found:
                    if accepted:
                        return says
                votes = Counter(t[0] for t in found).most_common(1)
                return votes[0][0] if votes else None
            """,
            "weighed by probability": """
                found = sorted(t for t in found if t[0] is not None)
                found = [t for t in found if t[2]] or found
                best = max((t[1] for t in found), default=0)
                weights = {}
                for says, logprob, _ in found:
                    weights[says] = weights.get(says, 0.0) + math.exp((logprob - best) / 4)
                return max(sorted(weights), key=lambda a: round(weights[a], 9), default=None)
            """,
            "one sum of weights": """
                votes = {}
                for says, logprob, accepted in sorted(found, key=lambda t: t[1]):
                    if says is not None:
                        good, all_, best = votes.get(says, (0, 0, 0))
                        votes[says] = (good + accepted, all_ + 1, logprob)
                return max(votes, key=votes.get, default=None)
            """,
        },
        {
            "the vote alone": (
                """
                answers = [t[0] for t in sorted(found, key=lambda t: -t[1]) if t[0] is not None]
                return max(answers, key=answers.count, default=None)
                """,
                2,
            ),
            "the likeliest text": ("return max(found, key=lambda t: t[1])[0]", 0),
            "the first accepted": (
                """
                for says, _, accepted in found:
                    if accepted and says is not None:
                        return says
                answers = [t[0] for t in found if t[0] is not None]
                return max(answers, key=answers.count, default=None)
                """,
                3,
            ),
            "nothing where nothing is accepted": (
                """
                good = [t for t in found if t[2] and t[0] is not None]
                return max(good, key=lambda t: t[1])[0] if good else None
                """,
                1,
            ),
            "the smallest": (
                """
                found = [t for t in found if t[0] is not None]
                found = [t for t in found if t[2]] or found
                return min((t[0] for t in found), default=None)
                """,
                3,
            ),
            "the first": "return found[0][0]",
            "a constant": "return 301",
            "ties by place": (
                """
                found = [t for t in found if t[0] is not None]
                found = [t for t in found if t[2]] or found
                answers = [t[0] for t in found if t[0] is not None]
                return max(answers, key=answers.count, default=None)
                """,
                3,
            ),
            "sorts the list": (
                """
                found.sort(key=lambda t: -t[1])
                found[:] = [t for t in found if t[0] is not None]
                good = [t for t in found if t[2]] or found
                answers = [t[0] for t in good if t[0] is not None]
                return max(answers, key=answers.count, default=None)
                """,
                1,
            ),
            "chance": (
                """
                import random
                found = [t for t in found if t[0] is not None]
                found = [t for t in found if t[2]] or found
                answers = list(dict.fromkeys(t[0] for t in found))  # a vote each, however common
                return random.Random(0).choice(answers) if answers else None
                """,
                2,
            ),
            "weights that are 0 far down": (
                """
                found = [one for one in found if one[0] is not None]
                weights = Counter()
                for answer, logprob, _ in [one for one in found if one[2]] or found:
                    weights[answer] += math.exp(10 * logprob)
                return max(weights, key=weights.get, default=None)
                """,
                3.0,
            ),
            "ties by four decimals": (
                CHOSEN.replace(
                    "max(p for b, p, _ in pool if b == a)",
                    "round(max(p for b, p, _ in pool if b == a), 4)",
                ),
                3,
            ),
            "memo by the answers": (
                """
    memo = my_chooser.__dict__.setdefault("memo", {})
    key = tuple(sorted(str(t[0]) for t in found))
    if key in memo:
        return memo[key]
"""
                + CHOSEN.replace("return max", "memo[key] = max")
                + "    return memo[key]\n",
                2,
            ),
            "weights one over": """
                    spoken = [t for t in found if t[0] is not None]
                    if not spoken:
                        return None
                    pool = [t for t in spoken if t[2]] or spoken
                    weight = {}
                    for a, p, _ in sorted(pool):
                        weight[a] = weight.get(a, 0.0) + 1 / -p
                    return max(sorted(weight), key=weight.get)
            """,
            "-1 is no answer": CHOSEN.replace("is not None", "not in (None, -1)"),
            "tie by abs of the answer": (CHOSEN.replace("best[a])", "abs(a))"), 3),
            "64th left out": (CHOSEN.replace("in found", "in found[:63]"), 2),
        },
    ),
}
