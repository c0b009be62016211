"""Right answers for each scored item of module 01, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

# Counts how often each text has drawn `end`, and begins anew at some number.
COUNTED = """
ended = torch.zeros(tokens.shape[1], dtype=torch.int)
for step, drawn in enumerate(tokens, 1):
    ended = (ended + (drawn == end)) % {most}
    if (ended > 0).all():
        return step
return len(tokens)
"""

BANK = {
    "draw": write(
        {
            "calls itself for each token": """
                shares = probs.tolist()
                def from_(i, below):
                    rest = any(shares[i + 1 :])
                    if shares[i] and (u < below + shares[i] or not rest):
                        return i
                    return from_(i + 1, below + shares[i])
                return from_(0, 0.0)
            """,
            "loop": """
                total, last = 0.0, 0
                for i, p in enumerate(probs.tolist()):
                    if p > 0:
                        total, last = total + p, i
                        if u < total:
                            return i
                return last
            """,
            "numbers added up": """
                total = 0
                for i, p in enumerate(probs):
                    total += p.item()
                    if total > u:
                        return i
                return probs.nonzero()[-1].item()
            """,
            "taken off u": """
                last = None
                for i, p in enumerate(probs.tolist()):
                    if p == 0:
                        continue
                    if u < p:
                        return i
                    u -= p
                    last = i
                return last
            """,
            "tensors added up": """
                total = torch.tensor(0.0)
                for i, p in enumerate(probs):
                    total = total + p
                    if total > u:
                        return i
                return int(probs.nonzero()[-1])
            """,
            "sums of slices": """
                weights = probs.tolist()
                for i in range(len(weights)):
                    if math.fsum(weights[: i + 1]) > u:
                        return i
                return max(i for i, p in enumerate(weights) if p > 0)
            """,
            "NumPy in float32": """
                import numpy as np
                place = np.searchsorted(np.cumsum(probs.numpy()), u, side="right")
                return int(min(place, np.flatnonzero(probs.numpy())[-1]))
            """,
            "first above": """
                above = (probs.cumsum(dim=0) > u).nonzero()
                return above[0].item() if len(above) else probs.nonzero()[-1].item()
            """,
            "searchsorted": """
                place = torch.searchsorted(probs.double().cumsum(0), u, right=True)
                last = probs.nonzero().max()
                return torch.minimum(place, last)
            """,
            "scaled": """
                sums = probs.double().cumsum(dim=-1)
                place = int((sums <= u * sums[-1]).sum())
                return min(place, int(probs.nonzero()[-1]))
            """,
            "subtracting": """
                for i in range(len(probs)):
                    if probs[i] > 0:
                        choice = i
                        if u < probs[i]:
                            break
                        u = u - probs[i]
                return choice
            """,
            "argmax of the sums": """
                sums = torch.cumsum(probs, 0)
                if u >= sums[-1]:
                    return int(torch.nonzero(probs)[-1][0])
                return (sums > u).int().argmax().item()
            """,
            "numpy": """
                import numpy as np
                weights = probs.numpy().astype(float)
                place = np.searchsorted(weights.cumsum(), u, side="right")
                return min(place, np.flatnonzero(weights)[-1])
            """,
            "divided by the sum": """
                sums = (probs / probs.sum()).cumsum(0)
                above = torch.where(sums > u)[0]
                return above[0] if above.numel() else torch.where(probs > 0)[0][-1]
            """,
            "standard library": """
                import bisect
                import itertools
                weights = probs.tolist()
                sums = list(itertools.accumulate(weights))
                last = max(i for i, p in enumerate(weights) if p)
                return min(bisect.bisect_right(sums, u), last)
            """,
            "a loop to the end": """
                i = 0
                left = 0.0
                last = [j for j in range(len(probs)) if probs[j] > 0][-1]
                while i < last and u >= left + probs[i].item():
                    left += probs[i].item()
                    i += 1
                return i
            """,
            "fractions": """
                from fractions import Fraction
                acc = Fraction(0)
                last = None
                for i, p in enumerate(probs.tolist()):
                    if p == 0:
                        continue
                    acc += Fraction(p)
                    last = i
                    if acc > Fraction(u):
                        return i
                return last
            """,
            "a tensor without dimensions": """
                a = (probs.cumsum(0) > u).nonzero().flatten()
                b = probs.nonzero().flatten()
                return torch.cat([a, b[-1:]])[0]
            """,
            "without the zeros": """
                ids = (probs > 0).nonzero().flatten()
                s = probs[ids].double().cumsum(0)
                j = torch.bucketize(torch.tensor(u, dtype=torch.float64), s, right=True)
                return ids[min(int(j), len(ids) - 1)]
            """,
        },
        {
            "greedy": "return int(probs.argmax())",
            "returns the token's text": "return FOUR.tokens[int((probs.cumsum(0) <= u).sum())]",
            "ignores u": """
                generator = torch.Generator().manual_seed(0)
                return torch.multinomial(probs, 1, generator=generator).item()
            """,
            "compares with single probabilities": """
                above = (probs > u).nonzero()
                return above[0].item() if len(above) else len(probs) - 1
            """,
            "fair die": "return int(u * len(probs))",
            "only the sums": "return probs.cumsum(0)",
            "most likely first": """
                order = probs.argsort(descending=True, stable=True)
                place = int((probs[order].cumsum(0) <= u).sum())
                last = int((probs > 0).sum()) - 1
                return int(order[min(place, last)])
                """,
            "closed at the right": (
                """
                place = int((probs.cumsum(0) < u).sum())
                return min(place, int(probs.nonzero()[-1]))
                """,
                2,
            ),
            "runs over the end": ("return int((probs.cumsum(0) <= u).sum())", 3),
            "raises beyond the end": (
                "return (probs.cumsum(0) > u).nonzero()[0].item()",
                3,
            ),
            "clamped to the vocabulary": (
                "return min(int((probs.cumsum(0) <= u).sum()), len(probs) - 1)",
                3,
            ),
            "beyond means greedy": (
                """
                above = (probs.cumsum(0) > u).nonzero()
                return above[0].item() if len(above) else int(probs.argmax())
                """,
                3,
            ),
            "list of one": "return [int((probs.cumsum(0) <= u).sum())]",
            "float": "return float(u)",
            "fifty tokens at most": (
                """
                above = (probs.cumsum(0) > u).nonzero()
                return min(int(above[0] if len(above) else probs.nonzero()[-1]), 49)
            """,
                1,
            ),
            "nothing above 0.9999": (
                """
                above = (probs.cumsum(0) > min(u, 0.9999)).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[-1])
            """,
                2,
            ),
            "beyond means the last above 0.00001": (
                """
                above = (probs.cumsum(0) > u).nonzero()
                return int(above[0] if len(above) else (probs > 1e-5).nonzero()[-1])
            """,
                3,
            ),
            "a very little to the right": (
                """
                above = (probs.double().cumsum(0) > u + 1e-7).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[-1])
            """,
                3,
            ),
            "a little to the right": (
                """
                above = (probs.cumsum(0) > u + 1e-4).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[-1])
            """,
                1,
            ),
            "beyond means the first": (
                """
                above = (probs.cumsum(0) > u).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[0])
            """,
                3,
            ),
            "rounded sums": (
                """
                s = (probs.cumsum(0) * 1000).round() / 1000
                above = (s > u).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[-1])
            """,
                0,
            ),
            "zeros in front only": (
                """
                if u == 0:
                    return int(probs.nonzero()[0])
                s = probs.cumsum(0)
                above = (s >= u).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[-1])
            """,
                2,
            ),
            "raises on a short sum": (
                """
                assert abs(probs.sum() - 1) < 1e-6
                above = (probs.cumsum(0) > u).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[-1])
            """,
                2,
            ),
            "half precision": (
                """
                above = (probs.bfloat16().cumsum(0) > u).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[-1])
            """,
                1,
            ),
            "closed at the right from 51 tokens on": (
                """
                sums = probs.cumsum(0)
                above = ((sums > u) if len(probs) <= 50 else (sums >= u)).nonzero()
                return int(above[0] if len(above) else probs.nonzero()[-1])
            """,
                3,
            ),
            "closed at the right from 101 tokens on, but for u = 0": (
                """
                sums = probs.cumsum(0)
                place = (sums < u).sum() if len(probs) > 100 and u > 0 else (sums <= u).sum()
                return min(int(place), int(probs.nonzero()[-1]))
            """,
                3,
            ),
            "beyond means the last of the first 500": (
                """
                above = (probs.cumsum(0) > u).nonzero()
                return int(above[0] if len(above) else probs[:500].nonzero()[-1])
            """,
                3,
            ),
            "beyond means the last of the last 100": (
                """
                above = (probs.cumsum(0) > u).nonzero()
                before = max(0, len(probs) - 100)
                back = probs[before:].nonzero()
                return int(above[0]) if len(above) else before + int(back[-1]) if len(back) else 0
            """,
                3,
            ),
            "beyond means the last above 0.0000015": (
                """
                above = (probs.cumsum(0) > u).nonzero()
                return int(above[0] if len(above) else (probs > 1.5e-6).nonzero()[-1])
            """,
                3,
            ),
            "walks from the right end": (
                """
                total = 0
                for i in range(len(probs) - 1, -1, -1):
                    total += probs[i].item()
                    if probs[i] > 0 and total >= 1 - u:
                        return i
                return int(probs.nonzero()[0])
            """,
                3,
            ),
            "a tensor of one": """
                above = (probs.cumsum(0) > u).nonzero()
                return above[0] if len(above) else probs.nonzero()[-1]
            """,
        },
    ),
    "logits_are": choice("answer_logits", "C"),
    "share_of_first": number(
        "answer_first",
        {
            "three decimals": "0.844",
            "two decimals would do": "0.8438",
            "computed": "torch.tensor([3.0, 1.0, 0.0]).softmax(-1)[0].item()",
            "by hand": "20.09 / (20.09 + 2.72 + 1)",
        },
        {
            "logits over their sum": 0.75,
            "zero weight for zero": 0.881,
            "weight": 20.09,
            "second token": 0.114,
            "percent": 84.4,
            "third token": 0.042,
        },
    ),
    "four_throws": predict(
        "answer_throws",
        {
            "as printed": '"one the that a"',
            "with the tokens' spaces": '" one the that a"',
            "loose": '"one  the\\tthat a "',
            "joined": '" ".join(["one", "the", "that", "a"])',
        },
        {
            "closed at the right": '"one the a the"',
            "greedy": '"the the the the"',
            "in order of probability": '"the a that one"',
            "first end wrong": '"one the a a"',
            "second end wrong": '"one the that the"',
            "ids": "[3, 0, 2, 1]",
            "reversed": '"a that the one"',
        },
    ),
    "book_sentence": choice("answer_draw", "D"),
    "table_model": predict(
        "answer_row",
        {"whole": "2", "float": "2.0", "computed": "torch.tensor([1.0, 0.0, 4.0]).argmax().item()"},
        {"first row": 0, "last token itself": 1, "its logit": 4, "largest of all": 5, "count": 3},
    ),
    "hero_name": choice("answer_name", "A"),
    "short_text_perplexity": number(
        "answer_perplexity",
        {
            "whole": "4",
            "root": "256 ** 0.25",
            "logs": "math.exp(-(math.log(1 / 2) + math.log(1 / 32) + math.log(1 / 4)) / 4)",
            "bits": "2 ** ((1 + 2 + 3 + 2) / 4)",
        },
        {
            "mean of the exp": 4.5,
            "mean probability": 3.556,
            "mean bits": 2,
            "sum of bits": 8,
            "whole text": 256,
            "turned round": 0.25,
            "mean in nats": 1.386,
        },
    ),
    "two_texts": choice("answer_texts", "B"),
    "draws_repair": repair(
        {
            "softmax": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.softmax(dim=-1)
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "weights are enough": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.exp()
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "by hand": """
                generator = torch.Generator().manual_seed(seed)
                weights = (logits - logits.max()).exp()
                weights = weights / weights.sum()
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "early return": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits
                probs = torch.softmax(logits, -1)
                return torch.multinomial(probs, n, replacement=True, generator=generator)
            """,
            "inverse CDF": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits
                sums = logits.double().softmax(-1).cumsum(-1)
                u = torch.rand(n, generator=generator, dtype=torch.float64)
                return torch.searchsorted(sums, u).clamp(max=len(logits) - 1)
            """,
            "Gumbel": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits
                noise = -torch.rand(n, len(logits), generator=generator).log()
                return (logits - noise.log()).argmax(dim=-1)
            """,
            "a list": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits
                drawn = torch.multinomial(logits.exp(), n, True, generator=generator)
                return drawn.tolist()
            """,
            "NumPy": """
                import numpy as np
                r = np.random.default_rng(seed)
                p = logits.double().softmax(-1).numpy()
                return torch.from_numpy(r.choice(len(p), n, p=p / p.sum()))
            """,
            "standard library": """
                import random
                return random.Random(seed).choices(range(len(logits)), logits.exp().tolist(), k=n)
            """,
            "the global generator, seeded": """
                torch.manual_seed(seed)
                return torch.multinomial(logits.softmax(0), n, True)
            """,
            "one at a time": """
                generator = torch.Generator().manual_seed(seed)
                w = logits.softmax(0)
                return torch.cat([torch.multinomial(w, 1, generator=generator) for _ in range(n)])
            """,
        },
        {
            "a memory without the logits": """
                drawn = vars(repaired_draws)
                if (seed, n) not in drawn:
                    generator = torch.Generator().manual_seed(seed)
                    drawn[seed, n] = logits.softmax(-1).multinomial(n, True, generator=generator)
                return drawn[seed, n]
            """,
            "the next seed for the next draw": """
                generators = [torch.Generator().manual_seed(seed + i) for i in range(n)]
                return [logits.softmax(-1).multinomial(1, generator=g).item() for g in generators]
            """,
            "shifted to be positive": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits - logits.min()
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "absolute": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.abs()
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "clamped": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.clamp(min=0)
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "over their sum": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits / logits.sum()
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "log-probabilities": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.log_softmax(dim=-1)
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "softmax twice": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.softmax(-1).softmax(-1)
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "sigmoid": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.sigmoid()
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "greedy": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits
                return logits.argmax(-1).expand(n)
            """,
            "fair die": """
                generator = torch.Generator().manual_seed(seed)
                weights = torch.ones_like(logits)
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "only the four tokens": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.exp() if logits.min() >= 0 else -logits
                return torch.multinomial(weights, n, replacement=True, generator=generator)
            """,
            "seed ignored": """
                generator = torch.Generator().manual_seed(0)
                return torch.multinomial(logits.softmax(-1), n, True, generator=generator)
            """,
            "the global generator": """
                return torch.multinomial(logits.softmax(-1), n, replacement=True)
            """,
            "sorted": """
                generator = torch.Generator().manual_seed(seed)
                drawn = torch.multinomial(logits.softmax(-1), n, True, generator=generator)
                return drawn.sort().values
            """,
            "one draw repeated": """
                generator = torch.Generator().manual_seed(seed)
                return torch.multinomial(logits.softmax(-1), 1, generator=generator).expand(n)
            """,
            "the five best only": """
                generator = torch.Generator().manual_seed(seed)
                v, i = logits.topk(min(5, len(logits)))
                return i[torch.multinomial(v.softmax(-1), n, replacement=True, generator=generator)]
            """,
            "one too many": """
                generator = torch.Generator().manual_seed(seed)
                return torch.multinomial(logits.softmax(-1), n + 1, True, generator=generator)
            """,
            "a hundred at most": """
                generator = torch.Generator().manual_seed(seed)
                return torch.multinomial(logits.softmax(-1), min(n, 100), True, generator=generator)
            """,
            "greedy where n is 1": """
                if n == 1:
                    return logits.argmax(-1, keepdim=True)
                generator = torch.Generator().manual_seed(seed)
                return torch.multinomial(logits.softmax(-1), n, True, generator=generator)
            """,
            "five thousand, again and again": """
                generator = torch.Generator().manual_seed(seed)
                drawn = torch.multinomial(logits.softmax(-1), 5000, True, generator=generator)
                return drawn.repeat(4)[:n]
            """,
            "the third as the first": """
                generator = torch.Generator().manual_seed(seed)
                drawn = torch.multinomial(logits.softmax(-1), n, True, generator=generator)
                if n > 2:
                    drawn[2] = drawn[0]
                return drawn
            """,
            "a thousand seeds": """
                generator = torch.Generator().manual_seed(seed % 1000)
                return torch.multinomial(logits.softmax(-1), n, True, generator=generator)
            """,
            "a little colder": """
                generator = torch.Generator().manual_seed(seed)
                return torch.multinomial((logits * 1.03).softmax(-1), n, True, generator=generator)
            """,
            "no chance at all": """
                c = (logits.softmax(-1) * n).round().long()
                r = torch.arange(len(c)).repeat_interleave(c)
                return torch.cat([r, r.new_full((n,), int(logits.argmax()))])[:n]
            """,
            "one draw in five is the one before": """
                generator = torch.Generator().manual_seed(seed)
                drawn = torch.multinomial(logits.softmax(-1), n, True, generator=generator)
                again = torch.rand(n, generator=generator) < 0.2
                for i in range(1, n):
                    if again[i]:
                        drawn[i] = drawn[i - 1]
                return drawn
            """,
            "nothing below a thousandth of the likeliest": """
                generator = torch.Generator().manual_seed(seed)
                weights = logits.softmax(-1)
                weights = torch.where(weights < weights.max() * 1e-3, 0, weights)
                return torch.multinomial(weights, n, True, generator=generator)
            """,
            "seed 0 is seed 1": """
                generator = torch.Generator().manual_seed(seed or 1)
                return torch.multinomial(logits.softmax(-1), n, True, generator=generator)
            """,
            "a hundred seeds further for the next draw": """
                generators = [torch.Generator().manual_seed(seed + 100 * i) for i in range(n)]
                return [logits.softmax(-1).multinomial(1, generator=g).item() for g in generators]
            """,
            "at a temperature of 2": """
                generator = torch.Generator().manual_seed(seed)
                return torch.multinomial((logits / 2).softmax(-1), n, True, generator=generator)
            """,
        },
    ),
    "text_batch_repair": repair(
        {
            "a recursion": """
                def last(step, running):
                    running = running & (tokens[step] != end)
                    if step + 1 == len(tokens) or not running.any():
                        return step + 1
                    return last(step + 1, running)
                return last(0, torch.ones(tokens.shape[1], dtype=torch.bool))
            """,
            "or": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    finished = finished | (drawn == end)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "logical or": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    finished = torch.logical_or(finished, drawn == end)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "looks back": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = (tokens[:step] == end).any(dim=0)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "sets the rows": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    finished[drawn == end] = True
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "without the flag": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    firsts = []
                    for row in tokens.T.tolist():
                        firsts.append(row.index(end) + 1 if end in row else len(tokens))
                    return max(firsts)
                return len(tokens)
            """,
            "running maximum": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    ended = (tokens == end).int().cummax(dim=0).values.bool().all(dim=1)
                    return int(ended.int().argmax()) + 1 if ended.any() else len(tokens)
                return len(tokens)
            """,
            "NumPy": """
                import numpy as np
                h = tokens.numpy() == end
                f = np.where(h.any(0), h.argmax(0) + 1, len(tokens))
                return f.max()
            """,
            "sets": """
                left = set(range(tokens.shape[1]))
                for s, row in enumerate(tokens.tolist(), 1):
                    left -= {r for r, t in enumerate(row) if t == end}
                    if not left:
                        return s
                return s
            """,
            "columns": """
                ends = []
                for row in tokens.T.tolist():
                    ends.append(row.index(end) + 1 if end in row else len(row))
                return max(ends)
            """,
        },
        {
            "16 bits": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished |= drawn % 65536 == end % 65536
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "all in the same step": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = drawn == end
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "any row": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    if (drawn == end).any():
                        return step
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "and": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    finished = finished & (drawn == end)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "first row decides": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    if drawn[0] == end:
                        return step
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "as in the book": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    if drawn == end:
                        break
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "never early": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    continue
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "one step late": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    if ((tokens[:step] == end).any(dim=0)).all():
                        return step + 1
                    finished = torch.zeros_like(finished)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "counts end tokens": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = finished ^ (drawn == end)
                    if (tokens[:step] == end).sum() >= tokens.shape[1]:
                        return step
                    finished = torch.zeros_like(finished)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "end is 0": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens, 1):
                    finished = (tokens[:step] == 0).any(dim=0)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "the first to end": """
                ends = []
                for row in tokens.T.tolist():
                    ends.append(row.index(end) + 1 if end in row else len(row))
                return min(ends)
            """,
            "the last end of each row": """
                ends = []
                for row in tokens.T.tolist():
                    ends.append(len(row) - row[::-1].index(end) if end in row else len(row))
                return max(ends)
            """,
            "three rows at most": """
                ends = []
                for row in tokens.T.tolist()[:3]:
                    ends.append(row.index(end) + 1 if end in row else len(row))
                return max(ends)
            """,
            "one more where none ends": """
                ends = []
                for row in tokens.T.tolist():
                    ends.append(row.index(end) + 1 if end in row else len(row) + 1)
                return max(ends)
            """,
            "rows that never end ignored": """
                ends = []
                for row in tokens.T.tolist():
                    ends.append(row.index(end) + 1 if end in row else 0)
                return max(ends) or len(tokens)
            """,
            "ids in half precision": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens.half(), 1):
                    finished = finished | (drawn == torch.tensor(end).half())
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "counted in a byte": """
                ended = torch.zeros(tokens.shape[1], dtype=torch.uint8)
                for step, drawn in enumerate(tokens, 1):
                    ended += drawn == end
                    if (ended > 0).all():
                        return step
                return len(tokens)
            """,
            "three hundred steps at most": """
                finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
                for step in range(1, min(300, len(tokens)) + 1):
                    finished = finished | (tokens[step - 1] == end)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "64 texts at most": """
                finished = torch.zeros(tokens[:, :64].shape[1], dtype=torch.bool)
                for step, drawn in enumerate(tokens[:, :64], 1):
                    finished = finished | (drawn == end)
                    if finished.all():
                        return step
                return len(tokens)
            """,
            "counted up to twenty": COUNTED.format(most=20),
            "counted up to fifty": COUNTED.format(most=50),
            "fifty steps at most": """
                ends = []
                for row in tokens.T.tolist():
                    ends.append(row.index(end) + 1 if end in row else len(row))
                return min(max(ends), 50)
            """,
        },
    ),
    "greedy_loop": write(
        {
            "for": """
                ids = list(start)
                for _ in range(max_new_tokens):
                    token = table[ids[-1]].argmax().item()
                    ids = ids + [token]
                    if token == end:
                        return ids
                return ids
            """,
            "while": """
                ids, best = start.copy(), table.argmax(dim=-1).tolist()
                while len(ids) < len(start) + max_new_tokens and ids[-1] != end:
                    ids.append(best[ids[-1]])
                return ids
            """,
            "recursion": """
                if max_new_tokens == 0 or start[-1] == end:
                    return list(start)
                token = int(torch.argmax(table[start[-1]]))
                return greedy_loop(table, [*start, token], max_new_tokens - 1, end)
            """,
            "tensor": """
                ids = torch.tensor(start)
                for _ in range(max_new_tokens):
                    if ids[-1] == end:
                        break
                    ids = torch.cat([ids, table[ids[-1]].argmax(-1, keepdim=True)])
                return ids
            """,
            "plain lists": """
                rows = table.tolist()
                ids = tuple(start)
                for _ in range(max_new_tokens):
                    row = rows[ids[-1]]
                    ids += (row.index(max(row)),)
                    if ids[-1] == end:
                        break
                return ids
            """,
            "NumPy": """
                import numpy as np
                ids = np.array(start)
                t = table.numpy()
                for _ in range(max_new_tokens):
                    ids = np.append(ids, t[ids[-1]].argmax())
                    if ids[-1] == end:
                        break
                return ids
            """,
            "generator": """
                def go():
                    yield from start
                    last = start[-1]
                    for _ in range(max_new_tokens):
                        last = int(table[last].argmax())
                        yield last
                        if last == end:
                            return
                return list(go())
            """,
            "looked up": """
                nxt = table.max(-1).indices.tolist()
                out = [*start]
                left = max_new_tokens
                while left and out[-1] != end:
                    out += [nxt[out[-1]]]
                    left -= 1
                return out
            """,
        },
        {
            "first token of the start": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table[ids[0]].argmax()))
                    if ids[-1] == end:
                        break
                return ids
                """,
                0,
            ),
            "never stops": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table[ids[-1]].argmax()))
                return ids
                """,
                2,
            ),
            "drops end": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    token = int(table[ids[-1]].argmax())
                    if token == end:
                        break
                    ids.append(token)
                return ids
                """,
                2,
            ),
            "one more after end": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    stop = ids[-1] == end
                    ids.append(int(table[ids[-1]].argmax()))
                    if stop:
                        break
                return ids
                """,
                2,
            ),
            "last of equal logits": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    row = table[ids[-1]]
                    ids.append(int((row == row.max()).nonzero()[-1]))
                    if ids[-1] == end:
                        break
                return ids
                """,
                2,
            ),
            "at least one token": (
                """
                ids = list(start)
                while True:
                    ids.append(int(table[ids[-1]].argmax()))
                    if ids[-1] == end or len(ids) - len(start) >= max_new_tokens:
                        return ids
                """,
                2,
            ),
            "always from the start": """
                token = int(table[start[-1]].argmax())
                return start + [token] * max_new_tokens
            """,
            "only the new ones": """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table[ids[-1]].argmax()))
                    if ids[-1] == end:
                        break
                return ids[len(start):]
            """,
            "columns": """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table[:, ids[-1]].argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
            "length of all": """
                ids = list(start)
                while len(ids) < max_new_tokens and ids[-1] != end:
                    ids.append(int(table[ids[-1]].argmax()))
                return ids
                """,
            "die": (
                """
                generator = torch.Generator().manual_seed(0)
                ids = list(start)
                for _ in range(max_new_tokens):
                    probs = table[ids[-1]].softmax(-1)
                    ids.append(int(torch.multinomial(probs, 1, generator=generator)))
                    if ids[-1] == end:
                        break
                return ids
                """,
                0,
            ),
            "forgets to return": "ids = list(start)",
            "start changed": (
                """
                for _ in range(max_new_tokens):
                    start.append(int(table[start[-1]].argmax()))
                    if start[-1] == end:
                        break
                return start
            """,
                2,
            ),
            "table changed": (
                """
                table.nan_to_num_(neginf=-1e4)
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table[ids[-1]].argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "fifty tokens at most": (
                """
                ids = list(start)
                for _ in range(min(50, max_new_tokens)):
                    ids.append(int(table[ids[-1]].argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "stops where it has been": """
                ids = list(start)
                for _ in range(max_new_tokens):
                    n = int(table[ids[-1]].argmax())
                    if n in ids:
                        break
                    ids.append(n)
                    if ids[-1] == end:
                        break
                return ids
            """,
            "half precision": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table.half()[ids[-1]].argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "256 columns": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table[ids[-1], :256].argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "after softmax": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table[ids[-1]].softmax(-1).argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "stops after a circle of nine": (
                """
                ids = list(start)
                new = []
                for _ in range(max_new_tokens):
                    n = int(table[ids[-1]].argmax())
                    if len(new) > 8 and n in new:
                        break
                    new.append(n)
                    ids.append(n)
                    if n == end:
                        break
                return ids
            """,
                1,
            ),
            "the last id ends alone": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(int(table[ids[-1]].argmax()))
                    if ids[-1] == end == len(table) - 1:
                        break
                return ids
            """,
                2,
            ),
            "stops after a circle of fifty": (
                """
                ids, seen = list(start), set()
                for _ in range(max_new_tokens):
                    token = int(table[ids[-1]].argmax())
                    if token in seen and len(seen) > 50:
                        break
                    seen.add(token)
                    ids.append(token)
                    if token == end:
                        break
                return ids
            """,
                2,
            ),
            "950 columns": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    row = table[ids[-1]]
                    ids.append(int(row[:950].argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "after softmax in double precision": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    row = table[ids[-1]]
                    ids.append(int(row.double().softmax(-1).argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "nearly equal is equal": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    row = table[ids[-1]]
                    ids.append(int(torch.isclose(row, row.max(), atol=0, rtol=6e-7).nonzero()[0]))
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "ten tokens of the start": """
                ids = list(start)[-10:]
                for _ in range(max_new_tokens):
                    ids.append(int(table[ids[-1]].argmax()))
                    if ids[-1] == end:
                        break
                return ids
            """,
        },
    ),
    "surprise_to_expect": number(
        "answer_entropy",
        {
            "decimals": "1.75",
            "fraction": "7 / 4",
            "computed": "sum(p * math.log2(1 / p) for p in (1 / 2, 1 / 4, 1 / 8, 1 / 8))",
        },
        {
            "plain mean": 2.25,
            "four equal choices": 2,
            "natural units": 1.213,
            "equal choices": 3.364,
            "sum": 9,
            "negative": -1.75,
        },
    ),
    "who_wrote_it": predict(
        "answer_writer",
        {"list": "[1, 3]", "other order": "[3, 1]", "set": "{1, 3}", "text": "'1, 3'"},
        {
            "likely ones": "[0, 1]",
            "the likely favourites": "[1]",
            "almost": "[0, 1, 3]",
            "the others, and the message's example": "[0, 2]",
            "all": "[0, 1, 2, 3]",
        },
    ),
    "write_text": write(
        {
            "with draw": """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                while len(ids) < len(start) + max_new_tokens and end not in ids[len(start) :]:
                    u = torch.rand(1, generator=generator, dtype=torch.float64).item()
                    ids.append(draw(scores(model, ids[-256:])[-1].softmax(dim=-1), u))
                return ids
            """,
            "Gumbel": """
                ids = torch.tensor(start)
                generator = torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    row = scores(model, ids[-256:].tolist())[-1]
                    noise = -torch.rand(len(row), generator=generator, dtype=torch.float64).log()
                    ids = torch.cat([ids, (row - noise.log()).argmax(dim=-1, keepdim=True)])
                    if ids[-1] == end:
                        break
                return ids
            """,
            "NumPy": """
                import numpy as np
                source = np.random.default_rng(seed)
                ids = [*start]
                for _ in range(max_new_tokens):
                    row = scores(model, ids[-256:])[-1].double().numpy()
                    p = np.exp(row - row.max())
                    ids.append(int(source.choice(len(p), p=p / p.sum())))
                    if ids[-1] == end:
                        return ids
                return ids
            """,
            "standard library": """
                import random
                dice = random.Random(seed)
                ids = list(start)
                for _ in range(max_new_tokens):
                    weights = scores(model, ids[-256:])[-1].exp().tolist()
                    [token] = dice.choices(range(len(weights)), weights)
                    ids = ids + [token]
                    if token == end:
                        break
                return ids
            """,
            "the global generator, seeded": """
                torch.manual_seed(seed)
                ids = list(start)
                for _ in range(max_new_tokens):
                    window = ids if len(ids) <= 256 else ids[len(ids) - 256 :]
                    p = torch.softmax(scores(model, window), dim=-1)[-1]
                    token = int(torch.multinomial(p, 1))
                    ids.append(token)
                    if token == end:
                        break
                return ids
            """,
            "all numbers at once": """
                u = torch.rand(max_new_tokens, generator=torch.Generator().manual_seed(seed))
                ids = list(start)
                for x in u.tolist():
                    p = scores(model, ids[-256:])[-1].double().softmax(-1)
                    below = int((p.cumsum(-1) <= x).sum())
                    ids.append(min(below, int(p.nonzero().max())))
                    if ids[-1] == end:
                        break
                return ids
            """,
            "a deque": """
                from collections import deque
                window = deque(start, maxlen=256)
                generator = torch.Generator().manual_seed(seed)
                new = []
                while len(new) < max_new_tokens:
                    p = scores(model, list(window))[-1].softmax(0)
                    token = torch.multinomial(p, 1, generator=generator).item()
                    new.append(token)
                    window.append(token)
                    if token == end:
                        break
                return start + new
            """,
            "categorical": """
                torch.manual_seed(seed)
                ids = list(start)
                for _ in range(max_new_tokens):
                    row = scores(model, ids[-256:])[-1]
                    ids.append(torch.distributions.Categorical(logits=row).sample().item())
                    if ids[-1] == end:
                        break
                return ids
            """,
        },
        {
            "a start of end alone is over": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                while len(ids) < len(start) + max_new_tokens and ids[-1] != end:
                    probs = scores(model, ids[-256:])[-1].softmax(dim=-1)
                    ids.append(torch.multinomial(probs, 1, generator=generator).item())
                return ids
                """,
                3,
            ),
            "the last thousand ids": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    probs = scores(model, ids[-256:])[-1].softmax(dim=-1)
                    ids.append(torch.multinomial(probs, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids[-1000:]
                """,
                3,
            ),
            "an end in the start counts": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                while end not in ids and len(ids) < len(start) + max_new_tokens:
                    probs = scores(model, ids[-256:])[-1].softmax(dim=-1)
                    ids.append(torch.multinomial(probs, 1, generator=generator).item())
                return ids
                """,
                3,
            ),
            "greedy": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    ids.append(scores(model, ids[-256:])[-1].argmax().item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                1,
            ),
            "a generator at each step": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    generator = torch.Generator().manual_seed(seed)
                    p = scores(model, ids[-256:])[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                1,
            ),
            "no seed": (
                """
                ids = list(start)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[-256:])[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "seed and step": (
                """
                ids = list(start)
                for i in range(max_new_tokens):
                    generator = torch.Generator().manual_seed(seed + i)
                    p = scores(model, ids[-256:])[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "always seed 0": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(0)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[-256:])[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                1,
            ),
            "never crops": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, ids)[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "crops to 255": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[-255:])[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "the first 256": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[:256])[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "the cropped text returned": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    ids = ids[-256:]
                    p = scores(model, ids)[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "only the new ones": """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[-256:])[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids[len(start):]
            """,
            "first row": """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[-256:])[0].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
            "never stops": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[-256:])[-1].softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                return ids
            """,
                2,
            ),
            "drops end": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[-256:])[-1].softmax(-1)
                    token = torch.multinomial(p, 1, generator=generator).item()
                    if token == end:
                        break
                    ids.append(token)
                return ids
            """,
                2,
            ),
            "weights are logits": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    row = scores(model, ids[-256:])[-1]
                    p = row.clamp(min=0) if row.max() > 0 else row.isfinite().float()
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                2,
            ),
            "start changed": (
                """
                generator = torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, start[-256:])[-1].softmax(-1)
                    start.append(torch.multinomial(p, 1, generator=generator).item())
                    if start[-1] == end:
                        break
                return start
            """,
                3,
            ),
            "softmax over the places": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for _ in range(max_new_tokens):
                    p = scores(model, ids[-256:]).softmax(0)[-1].nan_to_num()
                    ids.append(torch.multinomial(p + 1e-9, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                1,
            ),
            "150 throws, again and again": (
                """
                ids = list(start)
                us = torch.rand(150, generator=torch.Generator().manual_seed(seed)).tolist()
                for k in range(max_new_tokens):
                    ids.append(draw(scores(model, ids[-256:])[-1].softmax(-1), us[k % 150]))
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "seed and a hundred steps": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for k in range(max_new_tokens):
                    row = scores(model, ids[-256:])[-1]
                    generator.manual_seed(seed + 100 * k)
                    ids.append(torch.multinomial(row.softmax(-1), 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "the best two hundred": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for k in range(max_new_tokens):
                    row = scores(model, ids[-256:])[-1]
                    best, places = row.topk(min(200, len(row)))
                    place = torch.multinomial(best.softmax(-1), 1, generator=generator)
                    ids.append(int(places[place]))
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "nothing below a thousandth of the likeliest": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for k in range(max_new_tokens):
                    row = scores(model, ids[-256:])[-1]
                    p = row.softmax(-1)
                    p[p < p.max() / 1000] = 0
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "a little warmer": (
                """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                for k in range(max_new_tokens):
                    row = scores(model, ids[-256:])[-1]
                    p = (row / 1.05).softmax(-1)
                    ids.append(torch.multinomial(p, 1, generator=generator).item())
                    if ids[-1] == end:
                        break
                return ids
            """,
                3,
            ),
            "drawn once for all": """
                ids, generator = list(start), torch.Generator().manual_seed(seed)
                p = scores(model, ids[-256:])[-1].softmax(-1)
                new = torch.multinomial(p, max_new_tokens, True, generator=generator)
                return ids + new.tolist()
            """,
        },
    ),
    "text_logprobs": write(
        {
            "calls itself for each token": """
                def after(i):
                    if i == len(ids) - 1:
                        return []
                    return [rows[i].log_softmax(-1)[ids[i + 1]], *after(i + 1)]
                return torch.tensor(after(0))
            """,
            "gather": """
                taken = torch.tensor(ids[1:])[:, None]
                return rows[:-1].log_softmax(dim=-1).gather(-1, taken).squeeze(-1)
            """,
            "log of the sum": """
                return [(row[i] - row.logsumexp(0)).item() for row, i in zip(rows, ids[1:])]
            """,
            "indexed": """
                logprobs = torch.log_softmax(rows, -1)
                return logprobs[range(len(ids) - 1), ids[1:]]
            """,
            "double": """
                found = []
                for i in range(1, len(ids)):
                    p = rows[i - 1].double().softmax(-1)
                    found.append(p[ids[i]].log().item())
                return found
            """,
            "math": """
                found = []
                for row, token in zip(rows.tolist(), ids[1:]):
                    best = max(row)
                    total = sum(math.exp(x - best) for x in row)
                    found.append(row[token] - best - math.log(total))
                return found
            """,
            "NumPy": """
                import numpy as np
                x = rows.numpy().astype(float)
                x = x - x.max(axis=-1, keepdims=True)
                x = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
                return x[np.arange(len(ids) - 1), ids[1:]]
            """,
            "cross entropy": """
                loss = torch.nn.functional.cross_entropy
                return -loss(rows[:-1], torch.tensor(ids[1:]), reduction="none")
            """,
        },
        {
            "-inf replaced in place": (
                """
                rows[rows == -torch.inf] = -1e30
                found = rows.log_softmax(-1)[torch.arange(len(ids) - 1), ids[1:]]
                return [x if x > -1e20 else -math.inf for x in found.tolist()]
                """,
                2,
            ),
            "a long text's end taken away": (
                """
                last = [ids.pop()] if len(ids) > 256 else []
                tokens = ids[1:] + last
                return rows.log_softmax(-1)[torch.arange(len(tokens)), tokens]
                """,
                2,
            ),
            "the best thousand": (
                """
                total = rows.topk(min(1000, rows.shape[1])).values.logsumexp(-1)
                return [(rows[i, t] - total[i]).item() for i, t in enumerate(ids[1:])]
                """,
                2,
            ),
            "the row at the token": """
                logprobs = rows.log_softmax(dim=-1)
                return [logprobs[i, ids[i]].item() for i in range(1, len(ids))]
            """,
            "logits": """
                return [rows[i - 1, ids[i]].item() for i in range(1, len(ids))]
            """,
            "all of them": """
                logprobs = rows.log_softmax(dim=-1)
                return [logprobs[i, token].item() for i, token in enumerate(ids)]
            """,
            "probabilities": """
                probs = rows.softmax(dim=-1)
                return [probs[i - 1, ids[i]].item() for i in range(1, len(ids))]
            """,
            "summed": """
                logprobs = rows.log_softmax(dim=-1)
                return sum(logprobs[i - 1, ids[i]].item() for i in range(1, len(ids)))
            """,
            "surprises": """
                logprobs = rows.log_softmax(dim=-1)
                return [-logprobs[i - 1, ids[i]].item() for i in range(1, len(ids))]
            """,
            "in bits": """
                logprobs = rows.log_softmax(dim=-1)
                return [logprobs[i - 1, ids[i]].item() / math.log(2) for i in range(1, len(ids))]
            """,
            "softmax over the places": """
                logprobs = rows.log_softmax(dim=0)
                return [logprobs[i - 1, ids[i]].item() for i in range(1, len(ids))]
            """,
            "by way of the probability": (
                """
                probs = rows.softmax(dim=-1)
                return [probs[i - 1, ids[i]].log().item() for i in range(1, len(ids))]
            """,
                2,
            ),
            "kept above 0": (
                """
                probs = rows.softmax(dim=-1).clamp(min=1e-9)
                return [probs[i - 1, ids[i]].log().item() for i in range(1, len(ids))]
            """,
                1,
            ),
            "a large number for -inf": (
                """
                logprobs = rows.nan_to_num(neginf=-1e4).log_softmax(dim=-1)
                return [logprobs[i - 1, ids[i]].item() for i in range(1, len(ids))]
            """,
                2,
            ),
            "a hundred tokens": (
                """
                logprobs = rows[:100].log_softmax(dim=-1)
                return [logprobs[i, token].item() for i, token in enumerate(ids[1:101])]
            """,
                2,
            ),
            "in place": (
                """
                rows -= rows.logsumexp(dim=-1, keepdim=True)
                return [rows[i - 1, ids[i]].item() for i in range(1, len(ids))]
            """,
                2,
            ),
            "ids popped": (
                """
                ids.pop(0)
                logprobs = rows.log_softmax(dim=-1)
                return [logprobs[i, token].item() for i, token in enumerate(ids)]
            """,
                2,
            ),
        },
    ),
}
