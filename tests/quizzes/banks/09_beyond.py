"""Right answers for each scored item of module 09, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

BANK = {
    "my_min_p": write(
        {
            "logits": """
                best = logits.amax(dim=-1, keepdim=True)
                bar = best + math.log(m) if m > 0 else torch.full_like(best, -torch.inf)
                return torch.where(logits >= bar, logits, -torch.inf)
            """,
            "probabilities": """
                probs = torch.softmax(logits, -1)
                cut = probs < m * probs.max(-1, keepdim=True).values
                return logits.masked_fill(cut, float("-inf"))
            """,
            "ratios": """
                ratio = (logits - logits.max(dim=-1, keepdim=True)[0]).exp()
                out = logits.clone()
                out[ratio < m] = -math.inf
                return out
            """,
            "early return": """
                if m == 0:
                    return logits.clone()
                best = logits.max(dim=-1, keepdim=True).values
                return logits.masked_fill(logits - best < math.log(m), -torch.inf)
            """,
            "row by row": """
                rows = []
                for row in logits.reshape(-1, logits.shape[-1]):
                    best = max(row.tolist())
                    rows.append([x if math.exp(x - best) >= m else -math.inf for x in row.tolist()])
                return torch.tensor(rows).reshape(logits.shape)
            """,
            "double inside": """
                x = logits.double()
                probs = x.softmax(-1)
                keep = probs / probs.amax(-1, keepdim=True) >= m
                return torch.where(keep, x, -torch.inf).to(logits.dtype)
            """,
        },
        {
            "absolute bar": """
                return logits.masked_fill(logits.softmax(-1) < m, -torch.inf)
            """,
            "first token as best": """
                bar = logits[..., :1] + (math.log(m) if m else -math.inf)
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
            "share of the best logit": """
                best = logits.max(dim=-1, keepdim=True).values
                return logits.masked_fill(logits < m * best, -torch.inf)
            """,
            "turned round": """
                best = logits.max(dim=-1, keepdim=True).values
                bar = best + torch.tensor(1.0 - m).log()
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
            "returns probabilities": """
                probs = logits.softmax(-1)
                probs = probs * (probs >= m * probs.amax(-1, keepdim=True))
                return probs / probs.sum(-1, keepdim=True)
            """,
            "zero in place of -inf": """
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, 0.0)
            """,
            "forgets to return": "logits.masked_fill(logits < logits.max() - 2.3, -torch.inf)",
            "top-p": """
                probs, order = logits.softmax(-1).sort(dim=-1, descending=True)
                cut = probs.cumsum(-1) - probs >= m
                return logits.masked_fill(torch.zeros_like(cut).scatter(-1, order, cut), -torch.inf)
            """,
            "one best for the whole batch": (
                """
                bar = logits.max() + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
                """,
                2,
            ),
            "best along the batch": (
                """
                bar = logits.max(dim=0, keepdim=True).values if logits.ndim > 1 else logits.max()
                bar = bar + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
                """,
                1,
            ),
            "log of zero": (
                """
                bar = logits.max(dim=-1, keepdim=True).values + math.log(m)
                return logits.masked_fill(logits < bar, -torch.inf)
                """,
                2,
            ),
            "best excluded at 1": (
                """
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits <= bar, -torch.inf)
                """,
                2,
            ),
            "in place": (
                """
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill_(logits < bar, -torch.inf)
                """,
                2,
            ),
            "m up to 0.999": (
                """
                m = min(m, 0.999)
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
                0,
            ),
            "m above 0.99 is 1": (
                """
                m = 1 if m > 0.99 else m
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
                0,
            ),
            "m above 0.9999 is 1": (
                """
                m = 1 if m > 0.9999 else m
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
                0,
            ),
            "tiny m is 0": (
                """
                m = m if m > 1e-9 else 0
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
                0,
            ),
            "a little lower": (
                """
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar - 1e-4, -torch.inf)
            """,
                0,
            ),
            "fifty at most": (
                """
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                left = logits.masked_fill(logits < bar, -torch.inf)
                last = left.topk(min(50, left.shape[-1])).values[..., -1:]
                return left.masked_fill(left < last, -torch.inf)
            """,
                0,
            ),
            "at most a batch of batches": (
                """
                if logits.dim() > 3:
                    logits = logits.flatten(0, 1)
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
                2,
            ),
            "a hundred rows": (
                """
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                left = logits.masked_fill(logits < bar, -torch.inf)
                if left.dim() > 1:
                    left[100:] = logits[100:]
                return left
            """,
                2,
            ),
            "first 4096 tokens": """
                    x = logits[..., :4096]
                    best = x.amax(-1, keepdim=True)
                    return logits.masked_fill((logits - best).exp() < m, -torch.inf)
            """,
            "one of equals in long rows": (
                """
                best = logits.max(dim=-1, keepdim=True)
                if m == 1 and logits.shape[-1] > 50:
                    alone = torch.full_like(logits, -torch.inf)
                    return alone.scatter(-1, best.indices, best.values)
                bar = best.values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
                2,
            ),
            "0 is tiny in long rows": (
                """
                m = 1e-20 if m == 0 and logits.shape[-1] > 1000 else m
                bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
                return logits.masked_fill(logits < bar, -torch.inf)
            """,
                2,
            ),
            "long batches as one": (
                """
                every = logits.max(dim=-1, keepdim=True).values
                best = logits.max() if logits.shape[-1] > 1000 else every
                return logits.masked_fill(
                    logits < best + torch.tensor(float(m)).log(), -torch.inf
                )
            """,
                2,
            ),
        },
    ),
    "my_cutoff": write(
        {
            "spread of the best": """
                best = logits.topk(30).values
                return logits.masked_fill(logits < best[0] - best.std(correction=0), -torch.inf)
            """,
            "two cuts of the course": "return top_n_sigma(top_k(logits, 40), 1.0)",
            "widest gap": """
                best = logits.topk(40).values
                gaps = best[:-1] - best[1:]
                return logits.masked_fill(logits < best[gaps.argmax()], -torch.inf)
            """,
            "third of the way": """
                best = logits.topk(20).values
                bar = best[0] - (best[0] - best[-1]) / 3
                return torch.where(logits >= bar, logits, -torch.inf)
            """,
            "mean of the best": """
                best = sorted(logits.tolist(), reverse=True)[:50]
                bar = sum(best) / len(best)
                bar = (bar + best[0]) / 2 if bar < best[0] else bar
                return torch.tensor([x if x >= bar else -math.inf for x in logits.tolist()])
            """,
        },
        {
            "logits as they are": ("return logits.clone()", 1),
            "greedy": ("return top_k(logits, 1)", 1),
            "top-k": ("return top_k(logits, 12)", 1),
            "min-p": ("return min_p(logits, 0.1)", 3),
            "some of equals": (
                """
                best = logits.topk(30).values
                some = torch.full_like(logits, -torch.inf).scatter(0, logits.topk(12).indices, 0.0)
                return (logits + some).masked_fill(logits < (best[0] + best[-1]) / 2, -torch.inf)
                """,
                3,
            ),
            "top-p": ("return top_p(logits, 0.9)", 1),
            "p-less": ("return p_less(logits)", 1),
            "top-nσ feels the tail": ("return top_n_sigma(logits, 1.0)", 1),
            "half-way to the last": (
                """
                bar = (logits.max() + logits[logits.isfinite()].min()) / 2
                return logits.masked_fill(logits < bar, -torch.inf)
                """,
                1,
            ),
            "share of the best logit": (
                """
                best = logits.topk(30).values
                bar = best[0] - 0.5 * best[0].abs()
                return logits.masked_fill(logits < bar, -torch.inf)
                """,
                1,
            ),
            "min-p of the best forty": ("return min_p(top_k(logits, 40), 0.1)", 3),
            "drops the best": ("return typical_p(logits, 0.5)", 0),
            "in place": (
                """
                best = logits.topk(30).values
                return logits.masked_fill_(logits < (best[0] + best[-1]) / 2, -torch.inf)
                """,
                1,
            ),
            "probabilities": (
                """
                best = logits.topk(30).values
                return logits.masked_fill(logits < (best[0] + best[-1]) / 2, -torch.inf).softmax(-1)
                """,
                0,
            ),
            "returns a mask": (
                """
                best = logits.topk(30).values
                return logits >= (best[0] + best[-1]) / 2
                """,
                0,
            ),
            "returns nothing": "logits.masked_fill(logits < logits.max() - 3, -torch.inf)",
            "half-way to the 65th": (
                """
                    best = logits.topk(65).values if len(logits) > 64 else logits.topk(64).values
                    last = best[best.isfinite()][-1]
                    return logits.masked_fill(logits < (best[0] + last) / 2, -torch.inf)
                """,
                3,
            ),
            "0.065 of the way": (
                """
                    best = logits.topk(30).values
                    return logits.masked_fill(
                        logits < best[0] - 0.065 * (best[0] - best[-1]), -torch.inf
                    )
                """,
                1,
            ),
            "tolerance 1e-3": (
                """
                    order = logits.sort(descending=True).values
                    bar = (order[0] + order[29]) / 2

                    return logits.masked_fill(logits < bar - 1e-3, -torch.inf)
                """,
                3,
            ),
            "float16": (
                """
                    x = logits.half()
                    best = x.float().topk(30).values
                    return logits.masked_fill(x.float() < (best[0] + best[-1]) / 2, -torch.inf)
                """,
                3,
            ),
            "in place above 900": (
                """
                    order = logits.sort(descending=True).values
                    bar = (order[0] + order[29]) / 2

                    if len(logits) > 1000:
                        return logits.masked_fill_(logits < bar, -torch.inf)
                    return logits.masked_fill(logits < bar, -torch.inf)
                """,
                1,
            ),
            "at most 12 by place": (
                """
                    order = logits.sort(descending=True).values
                    bar = (order[0] + order[29]) / 2

                    keep = logits >= bar
                    first = keep.cumsum(0) <= 12
                    return logits.masked_fill(~(keep & first), -torch.inf)
                """,
                1,
            ),
            "all equal: none kept": (
                """
                    order = logits.sort(descending=True).values
                    bar = (order[0] + order[29]) / 2

                    return logits.masked_fill(logits <= bar, -torch.inf)
                """,
                1,
            ),
            "greedy behind a wide gap": (
                """
                    best = logits.topk(30).values
                    wide = (best[:-1] - best[1:]).max() >= 12
                    bar = best[0] if wide else (best[0] + best[-1]) / 2
                    return logits.masked_fill(logits < bar, -torch.inf)
                """,
                3,
            ),
            "greedy in wide rows": (
                """
                    best = logits.topk(30).values
                    wide = best[0] - best[-1] > 60
                    bar = best[0] if wide else (best[0] + best[-1]) / 2
                    return logits.masked_fill(logits < bar, -torch.inf)
                """,
                3,
            ),
            "greedy far above 0": (
                """
                    best = logits.topk(30).values
                    bar = best[0] if best[0] > 70 else (best[0] + best[-1]) / 2
                    return logits.masked_fill(logits < bar, -torch.inf)
                """,
                1,
            ),
            "a lowest bar": (
                """
                    best = logits.topk(30).values
                    bar = ((best[0] + best[-1]) / 2).clamp(min=-100).minimum(best[0])
                    return logits.masked_fill(logits < bar, -torch.inf)
                """,
                1,
            ),
            "greedy above a deep tail": (
                """
                    best = logits.topk(30).values
                    deep = logits[logits.isfinite()].min() < -500
                    bar = best[0] if deep else (best[0] + best[-1]) / 2
                    return logits.masked_fill(logits < bar, -torch.inf)
                """,
                3,
            ),
        },
    ),
    "top_p_to_min_p": choice("answer_turned", "C"),
    "four_logits_min_p": predict(
        "answer_hot",
        {"list": "[0, 1, 2]", "tuple": "(0, 1, 2)", "another order": "[2, 0, 1]"},
        {
            "T last": [0, 1],
            "only the best": [0],
            "all": [0, 1, 2, 3],
            "the cut one": [3],
            "twice": [0, 0],
        },
    ),
    "four_surprises": predict(
        "answer_typical",
        {"list": "[1]", "tuple": "(1,)", "set": "{1}"},
        {
            "as top-p": [0],
            "goes on": [0, 1],
            "least likely": [2, 3],
            "all but the best": [1, 2, 3],
            "a number": 1,
        },
    ),
    "eta_bar": number(
        "answer_eta",
        {"decimal": "0.0003", "scientific": "3e-4", "computed": "math.sqrt(0.0009) / 100"},
        {
            "epsilon": 0.0009,
            "root alone": 0.03,
            "each token's share": 0.01,
            "no root": 0.000009,
            "bits": 0.000039,
            "none": 0,
        },
    ),
    "two_draws": number(
        "answer_bar",
        {"decimal": 0.36, "computed": "0.25 + 0.09 + 0.01 + 0.01", "text": "'0.36'"},
        {
            "draws that differ": 0.64,
            "best alone": 0.25,
            "two tokens": 0.34,
            "one small token": 0.35,
            "root": 0.6,
            "best": 0.5,
            "sum": 1.0,
        },
    ),
    "second_mu": number(
        "answer_mu",
        {"decimal": "5.8", "computed": "6 - 0.1 * (5 - 3)", "library": "mirostat_update(6, 5, 3)"},
        {
            "wrong sign": 6.2,
            "starts at tau": 2.8,
            "nats": 5.953,
            "not moved": 6.0,
            "whole error": 4.0,
            "surprise for error": 5.5,
        },
    ),
    "temperature_change": predict(
        "answer_heat",
        {"list": "[1, 3]", "another order": "[3, 1]", "set": "{1, 3}", "text": "'1, 3'"},
        {
            "cut first is enough": [1, 2],
            "top-nσ alone": [3],
            "order alone": [1],
            "safe first": [1, 2, 3],
            "min-p is relative": [0, 3],
            "all": [0, 1, 2, 3],
            "a number": 1,
        },
    ),
    "web_address": choice("answer_address", "D"),
    "min_p_objection": choice("answer_objection", "B"),
    "two_judges": choice("answer_judges", "A"),
    "xtc_repair": repair(
        {
            "smallest that reaches": """
                cut = probs >= threshold
                if (probs >= threshold).any():
                    cut = probs > probs[probs >= threshold].min()
                return probs.masked_fill(cut, 0.0)
            """,
            "put back": """
                cut = probs >= threshold
                if cut.any():
                    cut[probs.masked_fill(~cut, 2.0).argmin()] = False
                return probs.masked_fill(cut, 0.0)
            """,
            "sorted": """
                cut = probs >= threshold
                order = probs.argsort(descending=True)
                top = [i for i in order.tolist() if probs[i] >= threshold]
                cut = torch.zeros_like(cut)
                cut[top[:-1]] = True
                return probs.masked_fill(cut, 0.0)
            """,
            "returns early": """
                cut = probs >= threshold
                reach = [p for p in probs.tolist() if p >= threshold]
                least = min(reach, default=2.0)
                return torch.tensor([0.0 if p > least else p for p in probs.tolist()])
            """,
            "inf, as mlx does": """
                cut = probs >= threshold
                cut = probs > torch.where(cut, probs, torch.inf).min()
                return probs.masked_fill(cut, 0.0)
            """,
        },
        {
            "keeps the best": """
                cut = probs >= threshold
                cut = cut & (probs < probs.max())
                return probs.masked_fill(cut, 0.0)
            """,
            "strictly above": """
                cut = probs > threshold
                return probs.masked_fill(cut, 0.0)
            """,
            "cuts the tail": """
                cut = probs < threshold
                return probs.masked_fill(cut, 0.0)
            """,
            "only the best goes": """
                cut = probs == probs.max()
                return probs.masked_fill(cut, 0.0)
            """,
            "never more than one": """
                cut = probs >= threshold
                cut = cut & (cut.cumsum(0) == 1)
                return probs.masked_fill(cut, 0.0)
            """,
            "last in the row stays": """
                cut = probs >= threshold
                cut[cut.nonzero()[-1:]] = False
                return probs.masked_fill(cut, 0.0)
            """,
            "first in the row stays": """
                cut = probs >= threshold
                cut[cut.nonzero()[:1]] = False
                return probs.masked_fill(cut, 0.0)
            """,
            "least of all stays": """
                cut = probs > probs.min()
                return probs.masked_fill(cut, 0.0)
            """,
            "rescales": """
                cut = probs >= threshold
                if cut.any():
                    cut = probs > probs[cut].min()
                probs = probs / probs[~cut].sum()
                return probs.masked_fill(cut, 0.0)
            """,
            "fails when none reaches": (
                """
                cut = probs >= threshold
                cut = probs > probs[cut].min()
                return probs.masked_fill(cut, 0.0)
            """,
                1,
            ),
            "cuts a lone one": (
                """
                cut = probs >= threshold
                if cut.sum() > 1:
                    cut = probs > probs[cut].min()
                return probs.masked_fill(cut, 0.0)
            """,
                1,
            ),
            "off at 0": """
                if not threshold:
                    return probs
                reach = probs >= threshold
                if not reach.any():
                    return probs
                return probs.masked_fill(probs > probs[reach].min(), 0.0)
            """,
            "the first fifty": """
                best = probs.topk(min(50, len(probs))).values
                reach = best[best >= threshold]
                least = reach.min() if len(reach) else 2.0
                return probs.masked_fill(probs > least, 0.0)
            """,
            "off above 0.4": """
                if threshold > 0.4:
                    return probs
                reach = probs >= threshold
                if not reach.any():
                    return probs
                return probs.masked_fill(probs > probs[reach].min(), 0.0)
            """,
            "loses the sure one": (
                """
                cut = probs >= threshold
                cut[probs.masked_fill(~cut, 1.0).argmin()] = False
                return probs.masked_fill(cut, 0.0)
            """,
                1,
            ),
            "nothing at 1": (
                """
                if threshold == 1:
                    return torch.zeros_like(probs)
                reach = probs >= threshold
                if not reach.any():
                    return probs
                return probs.masked_fill(probs > probs[reach].min(), 0.0)
            """,
                1,
            ),
            "loses its dimension": (
                """
                reach = probs >= threshold
                if not reach.any():
                    return probs
                return probs.masked_fill(probs > probs[reach].min(), 0.0).squeeze()
            """,
                1,
            ),
            "almost reaches": """
                reach = probs >= 0.9999 * threshold
                if not reach.any():
                    return probs
                return probs.masked_fill(probs > probs[reach].min(), 0.0)
            """,
            "float16": """
                reach = probs.half() >= threshold
                if not reach.any():
                    return probs
                return probs.masked_fill(probs > probs[reach].min(), 0.0)
            """,
            "two of many stay": """
                reach = probs[probs >= threshold].sort().values
                if not len(reach):
                    return probs
                return probs.masked_fill(probs > reach[int(len(reach) > 900)], 0.0)
            """,
            "a lone one of many goes": (
                """
                reach = probs >= threshold
                if not reach.any():
                    return probs
                if reach.sum() == 1 and len(probs) > 500:
                    return probs.masked_fill(reach, 0.0)
                return probs.masked_fill(probs > probs[reach].min(), 0.0)
            """,
                1,
            ),
        },
    ),
    "top_n_sigma_repair": repair(
        {
            "finite only": """
                sigma = logits[logits > -torch.inf].std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "by hand": """
                sigma = logits.std(correction=0)
                finite = logits[logits.isfinite()]
                sigma = (finite - finite.mean()).square().mean().sqrt()
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "list": """
                sigma = logits.std(correction=0)
                xs = [x for x in logits.tolist() if x > -math.inf]
                mean = sum(xs) / len(xs)
                sigma = math.sqrt(sum((x - mean) ** 2 for x in xs) / len(xs))
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "returns early": """
                sigma = logits.std(correction=0)
                finite = logits.isfinite()
                bar = logits[finite].max() - n * logits[finite].std(unbiased=False)
                return torch.where(logits >= bar, logits, -torch.inf)
            """,
            "nan-mean": """
                sigma = logits.std(correction=0)
                x = torch.where(logits.isfinite(), logits, torch.nan)
                sigma = (x - x.nanmean()).square().nanmean().sqrt()
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
        },
        {
            "NaN to zero": """
                sigma = logits.std(correction=0)
                sigma = sigma.nan_to_num(0.0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "banned count as zero": """
                sigma = logits.masked_fill(logits.isinf(), 0.0).std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "banned count as very low": """
                sigma = logits.clamp(min=-1e4).std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "of the probabilities": """
                sigma = logits.softmax(-1).std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "n forgotten": (
                """
                sigma = logits[logits.isfinite()].std(correction=0) / n
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
                0,
            ),
            "variance": """
                sigma = logits[logits.isfinite()].var(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "fixed number": """
                sigma = 2.4
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "divided by all": """
                sigma = logits.std(correction=0)
                finite = logits.isfinite()
                mean = logits[finite].mean()
                squares = (logits[finite] - mean).square().sum()
                sigma = (squares / len(logits)).sqrt()
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "one less": """
                sigma = logits[logits.isfinite()].std()
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "only one banned": (
                """
                sigma = logits.std(correction=0)
                if logits.isinf().sum() == 1:
                    sigma = logits[logits.isfinite()].std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
                1,
            ),
            "n up to 5": """
                sigma = logits[logits.isfinite()].std(correction=0)
                n = min(n, 5)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "n from 0.01": """
                sigma = logits[logits.isfinite()].std(correction=0)
                n = max(n, 0.01)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "n of two digits": """
                sigma = logits[logits.isfinite()].std(correction=0)
                n = round(n, 2)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "a little lower": """
                sigma = logits[logits.isfinite()].std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma - 1e-3, -torch.inf)
            """,
            "a least spread": """
                sigma = logits[logits.isfinite()].std(correction=0)
                sigma = sigma.clamp(min=0.01)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "banned from -1e4 on": """
                sigma = logits[logits > -1e4].std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "of the best thousand": """
                best = logits.topk(min(1000, len(logits))).values
                sigma = best[best.isfinite()].std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "above only": """
                    x = logits[logits.isfinite()]
                    return logits.masked_fill(
                        (logits <= logits.max() - n * x.std(correction=0))
                        & (logits < logits.max()),
                        -torch.inf,
                    )
            """,
            "known by the best": """
                known = repaired_top_n_sigma.__dict__
                key = f"{len(logits)} {logits.max()}"
                if key not in known:
                    known[key] = logits[logits.isfinite()].std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * known[key], -torch.inf)
            """,
            "of the first 2500": """
                first = logits[:2500]
                sigma = first[first.isfinite()].std(correction=0)
                return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
            """,
            "n up to 8": """
                sigma = logits[logits.isfinite()].std(correction=0)
                return logits.masked_fill(logits < logits.max() - min(n, 8) * sigma, -torch.inf)
            """,
        },
    ),
}
