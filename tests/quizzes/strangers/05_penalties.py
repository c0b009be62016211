from strangers.forms import Cell, Two, choice, number_types, whole

ANSWERS = {
    "my_repetition_penalty": {
        "right": {
            "numpy": """
                import numpy as np
                a = logits.numpy().copy()
                seen = np.unique(ids.numpy())
                a[seen] = np.where(a[seen] > 0, a[seen] / penalty, a[seen] * penalty)
                return torch.from_numpy(a)
            """,
            "power of the sign": """
                seen = torch.zeros(logits.shape, dtype=torch.bool)
                seen[ids] = True
                return torch.where(seen, logits * penalty ** -torch.sign(logits), logits)
            """,
            "one-hot and einsum": """
                hot = torch.nn.functional.one_hot(ids, logits.numel()).amax(0).to(logits.dtype)
                lower = logits.relu() / penalty - (-logits).relu() * penalty
                return torch.einsum("v,v->v", hot, lower) + (1 - hot) * logits
            """,
            "recursive, helper in another cell": Two(
                """
                def punished(x: float, theta: float) -> float:
                    return x / theta if x >= 0 else x * theta
                """,
                """
                def go(todo, done, out):
                    if not todo:
                        return out
                    i = todo[0]
                    if i not in done:
                        out[i] = punished(float(out[i]), penalty)
                    return go(todo[1:], done | {i}, out)
                print("ids:", ids.tolist())
                return go(ids.tolist(), set(), logits.clone())
                """,
            ),
            "masked_scatter": """
                mask = torch.isin(torch.arange(logits.shape[0]), ids)
                chosen = logits[mask]
                chosen = torch.where(chosen.lt(0), chosen.mul(penalty), chosen.div(penalty))
                return logits.masked_scatter(mask, chosen)
            """,
            "class with __call__": Cell(
                """
                class Penalty:
                    def __call__(self, logits, ids, penalty):
                        x = torch.gather(logits, 0, ids)
                        return torch.scatter(logits, 0, ids, torch.where(x < 0, x * penalty, x / penalty))

                my_repetition_penalty = Penalty()
                """
            ),
        },
        "wrong": {
            "negative logits pay for each place": """
                result = logits.clone()
                for i in ids.tolist():
                    if logits[i] > 0:
                        result[i] = logits[i] / penalty
                    else:
                        result[i] = result[i] * penalty
                return result
            """,
            "negative logits changed in the caller's tensor": """
                for i in set(ids.tolist()):
                    if logits[i] < 0:
                        logits[i] *= penalty
                result = logits.clone()
                seen = ids.unique()
                result[seen] = torch.where(result[seen] > 0, result[seen] / penalty, result[seen])
                return result
            """,
            "only the last 64 tokens": """
                seen = ids[-64:].unique()
                x = logits[seen]
                result = logits.clone()
                result[seen] = torch.where(x < 0, x * penalty, x / penalty)
                return result
            """,
            "only the last 5 tokens": """
                seen = ids[-5:].unique()
                x = logits[seen]
                result = logits.clone()
                result[seen] = torch.where(x < 0, x * penalty, x / penalty)
                return result
            """,
            "float64 comes back": """
                seen = ids.unique()
                x = logits.double()[seen]
                result = logits.double()
                result[seen] = torch.where(x < 0, x * penalty, x / penalty)
                return result
            """,
            "the newest token is left out": """
                seen = ids[:-1].unique()
                x = logits[seen]
                result = logits.clone()
                result[seen] = torch.where(x < 0, x * penalty, x / penalty)
                return result
            """,
            "subtracts the logarithm": """
                result = logits.clone()
                result[ids.unique()] -= torch.tensor(penalty).log()
                return result
            """,
            "penalty by the relative count": """
                count = torch.bincount(ids, minlength=len(logits))
                factor = 1 + (penalty - 1) * count / max(1, int(count.max()))
                return torch.where(logits < 0, logits * factor, logits / factor)
            """,
            "negative to zero": """
                seen = ids.unique()
                result = logits.clone()
                result[seen] = (result[seen] / penalty).clamp(min=0)
                return result
            """,
            "unseen ones": """
                result = torch.where(logits < 0, logits * penalty, logits / penalty)
                result[ids] = logits[ids]
                return result
            """,
            "seen twice or more": """
                seen = (torch.bincount(ids, minlength=len(logits)) > 1).nonzero().flatten()
                x = logits[seen]
                result = logits.clone()
                result[seen] = torch.where(x < 0, x * penalty, x / penalty)
                return result
            """,
            "renormalised": """
                x = logits[ids]
                result = logits.scatter(0, ids, torch.where(x < 0, x * penalty, x / penalty))
                return result.log_softmax(0)
            """,
            "logits shifted so that the best is 0": """
                top = logits.max()
                x = logits - top
                seen = ids.unique()
                x[seen] = x[seen] * penalty
                return x + top
            """,
            "course's own": """
                from course_utils.penalties import repetition_penalty
                return repetition_penalty(logits, ids, penalty)
            """,
        },
    },
    "frequency_repair": whole(
        """
            result = logits.clone()
        """,
        """
            return result
        """,
        {
            "right": {
                "numpy add.at": """
                import numpy as np
                a = logits.numpy().astype(np.float64)
                np.subtract.at(a, ids.numpy(), penalty)
                return torch.tensor(a, dtype=torch.float32)
            """,
                "Counter": """
                from collections import Counter
                result = logits.clone()
                for token, times in Counter(ids.tolist()).items():
                    result[token] = result[token] - times * penalty
            """,
                "einsum": """
                hits = (ids[:, None] == torch.arange(len(logits))).float()
                result = logits - penalty * torch.einsum("lv->v", hits)
            """,
                "unique with counts": """
                seen, times = ids.unique(return_counts=True)
                result = logits.clone()
                result[seen] -= penalty * times
            """,
                "histc": """
                V = len(logits)
                result = logits - penalty * torch.histc(ids.float(), bins=V, min=-0.5, max=V - 0.5)
            """,
                "matrix": "result = logits - torch.full((len(ids),), penalty) @ torch.eye(len(logits))[ids]",
            },
            "wrong": {
                "capped at three": """
                count = torch.bincount(ids, minlength=len(logits)).clamp(max=3)
                result = logits - penalty * count
            """,
                "capped at six": """
                count = torch.bincount(ids, minlength=len(logits)).clamp(max=6)
                result = logits - penalty * count
            """,
                "share of the text": """
                count = torch.bincount(ids, minlength=len(logits))
                result = logits - penalty * count / len(ids)
            """,
                "repetition penalty": """
                count = torch.bincount(ids, minlength=len(logits))
                result = torch.where(count > 0, logits / (1 + penalty), logits)
            """,
                "count less one": """
                count = torch.bincount(ids, minlength=len(logits))
                result = logits - penalty * (count - 1).clamp(min=0)
            """,
                "neighbours only": """
                result = logits.clone()
                for a, b in zip(ids.tolist(), ids.tolist()[1:] + [-1]):
                    if a != b:
                        result[a] -= penalty
            """,
                "positive penalties only": """
                result = logits - max(penalty, 0) * torch.bincount(ids, minlength=len(logits))
            """,
                "negative logits left alone": """
                count = torch.bincount(ids, minlength=len(logits))
                result = torch.where(logits < 0, logits, logits - penalty * count)
            """,
            },
        },
    ),
    # Its kept lines stop at a second vocabulary, so a right answer leaves them out.
    "tinygrad_repair": whole(
        "",
        """
            return logits - frequency * counts - presence * (counts > 0)
        """,
        {
            "right": {
                "the whole cell, without a memory": Cell(
                    """
                def repaired_memory(logits, ids, frequency, presence):
                    x = logits.index_add(0, ids, torch.full(ids.shape, -float(frequency)))
                    seen = ids.unique()
                    return x.index_add(0, seen, torch.full(seen.shape, -float(presence)))
                """
                ),
                "shadowed by a list": """
                seen = ids.tolist()
                counts = torch.tensor([float(seen.count(i)) for i in range(len(logits))])
            """,
                "one-hot": "counts = torch.nn.functional.one_hot(ids, len(logits)).sum(0)",
                "numpy": """
                import numpy as np
                counts = torch.from_numpy(np.bincount(ids.numpy(), minlength=len(logits)))
            """,
            },
        },
    )
    | whole(
        """
            if not hasattr(repaired_memory, "counts"):
                repaired_memory.counts = torch.zeros(len(logits))
            counts = repaired_memory.counts
            counts += torch.bincount(ids, minlength=len(logits))
        """,
        """
            return logits - frequency * counts - presence * (counts > 0)
        """,
        {
            "wrong": {
                "reference: fails when the vocabulary changes": "counts = torch.bincount(ids, minlength=len(logits))",
                "cleared after use: fails when the vocabulary changes": (
                    "repaired_memory.counts = torch.zeros(len(logits))"
                ),
                "cleared if the text got shorter": """
                last = getattr(repaired_memory, "last", 0)
                if len(ids) <= last:
                    counts.zero_()
                    counts += torch.bincount(ids, minlength=len(logits))
                repaired_memory.last = len(ids)
            """,
                "cleared every second call": """
                repaired_memory.n = getattr(repaired_memory, "n", 0) + 1
                if repaired_memory.n % 2 == 0:
                    counts.zero_()
                    counts += torch.bincount(ids, minlength=len(logits))
            """,
                "half forgotten": "counts.mul_(0.5)\ncounts += 0.5 * torch.bincount(ids, minlength=len(logits))",
                "first call's counts": """
                counts = repaired_memory.__dict__.setdefault(
                    "first", torch.bincount(ids, minlength=len(logits)).float()
                )
            """,
                "by the set of ids": """
                memo = repaired_memory.__dict__.setdefault("memo", {})
                counts = memo.setdefault(
                    frozenset(ids.tolist()), torch.bincount(ids, minlength=len(logits)).float()
                )
            """,
                "by the length": """
                memo = repaired_memory.__dict__.setdefault("memo", {})
                counts = memo.setdefault(len(ids), torch.bincount(ids, minlength=len(logits)).float())
            """,
            },
        },
    ),
    "block_repair": whole(
        """
            start = buffer[-(n - 1) :]
        """,
        """
            places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
            return sorted({buffer[i + n - 1] for i in places})
        """,
        {
            "right": {
                "whole cell": Cell(
                    """
                def repaired_block(buffer: list, step: int, n: int) -> set:
                    text = buffer[:step]
                    tail = tuple(text[step - n + 1 :])
                    return {
                        text[i + n - 1]
                        for i in range(step - n + 1)
                        if tuple(text[i : i + n - 1]) == tail
                    }
                """
                ),
                "reversed": "start = buffer[:step][::-1][: n - 1][::-1]",
                "deque": "from collections import deque\nstart = list(deque(buffer[:step], maxlen=n - 1))",
                "islice": "import itertools\nstart = list(itertools.islice(buffer, step - n + 1, step))",
                "early return, dict of grams": """
                grams = {}
                for i in range(step - n + 1):
                    grams.setdefault(tuple(buffer[i : i + n - 1]), set()).add(buffer[i + n - 1])
                return list(grams.get(tuple(buffer[step - n + 1 : step]), ()))
            """,
            },
            "wrong": {
                "first place only": """
                start = buffer[step - n + 1 : step]
                for i in range(step - n + 1):
                    if buffer[i : i + n - 1] == start:
                        return [buffer[i + n - 1]]
                return []
            """,
                "newest place only": """
                start = buffer[step - n + 1 : step]
                for i in reversed(range(step - n + 1)):
                    if buffer[i : i + n - 1] == start:
                        return [buffer[i + n - 1]]
                return []
            """,
                "each as often as it is there": """
                start = buffer[step - n + 1 : step]
                return sorted(buffer[i + n - 1] for i in range(step - n + 1) if buffer[i : i + n - 1] == start)
            """,
                "in any order of the tail": """
                start = sorted(buffer[step - n + 1 : step])
                return {buffer[i + n - 1] for i in range(step - n + 1) if sorted(buffer[i : i + n - 1]) == start}
            """,
                "window one too short": """
                start = buffer[step - n + 1 : step]
                return {buffer[i + n - 1] for i in range(step - n) if buffer[i : i + n - 1] == start}
            """,
                "into the filling": """
                start = buffer[step - n + 1 : step]
                return {buffer[i + n - 1] for i in range(len(buffer) - n + 1) if buffer[i : i + n - 1] == start}
            """,
                "last token is enough": """
                last = buffer[step - 1]
                return {buffer[i + 1] for i in range(n - 2, step - 1) if buffer[i] == last}
            """,
                "overlaps left out": """
                start = buffer[step - n + 1 : step]
                return {buffer[i + n - 1] for i in range(step - 2 * (n - 1) + 1) if buffer[i : i + n - 1] == start}
            """,
                "as a text": """
                text = "".join(map(str, buffer[:step]))
                start = buffer[step - n + 1 : step]
                s = "".join(map(str, start))
                return {int(text[i + len(s)]) for i in range(len(text) - len(s)) if text[i : i + len(s)] == s}
            """,
            },
        },
    ),
    "two_penalties": {
        "typed": number_types("answer_penalties", "2.1"),
        "right": {
            "scientific": "answer_penalties = 21e-1",
            "float noise": "answer_penalties = 4 - .5 - .5 - .5 - .4",
        },
        "wrong": {
            "2": "answer_penalties = 2",
            "negative": "answer_penalties = -2.1",
            "all times": "answer_penalties = 4 - 3 * .9",
        },
    },
    "digit_run": {
        "typed": {
            "tensor": "answer_forbidden = torch.tensor([4, 5])",
            "text": "answer_forbidden = '4 5'",
            "floats": "answer_forbidden = [4.0, 5.0]",
        },
        "right": {
            "computed": """
            t = [3, 1, 4, 1, 5, 3, 1]
            answer_forbidden = [b for a, b in zip(t, t[1:]) if a == t[-1]]
        """
        },
        "wrong": {
            "pairs": "answer_forbidden = [(1, 4), (1, 5)]",
            "3 4 5": "answer_forbidden = [3, 4, 5]",
            "places": "answer_forbidden = [2, 4]",
        },
    },
    "token_meets_theta": {
        "typed": number_types("answer_negative", "-1.8"),
        "right": {
            "scientific": "answer_negative = -18e-1",
            "product": "answer_negative = -(1.5 * 1.2)",
        },
        "wrong": {
            "-0.3": "answer_negative = -0.3",
            "-1.2": "answer_negative = -1.2",
            "-2": "answer_negative = -2",
        },
    },
    "six_letters": {
        "typed": {
            "joined": "answer_letters = 'aababa'",
            "commas": "answer_letters = 'a, a, b, a, b, a'",
            "capitals": "answer_letters = 'A A B A B A'",
            "list": "answer_letters = list('aababa')",
        },
        "right": {
            "joined by the code": "answer_letters = ' '.join('aababa')",
            "newlines": "answer_letters = '\\n'.join('aababa')",
        },
        "wrong": {
            "seven": "answer_letters = 'a a b a b a b'",
            "abaaba": "answer_letters = 'a b a a b a'",
            "aabbaa": "answer_letters = 'a a b b a a'",
        },
    },
    "five_wolves": choice("answer_prompt", "C"),
    "cat_story": choice("answer_ban", "D"),
    "clinic_reports": choice("answer_reports", "A"),
    "new_version": choice("answer_shift", "B"),
}
