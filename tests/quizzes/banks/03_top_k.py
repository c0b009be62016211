"""Right answers for each scored item of module 03, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

BANK = {
    "my_top_k": write(
        {
            "stable argsort": """
                order = torch.argsort(logits, dim=-1, descending=True, stable=True)
                mask = torch.ones_like(logits, dtype=torch.bool)
                mask.scatter_(-1, order[..., :k], False)
                return logits.masked_fill(mask, float("-inf"))
            """,
            "early returns": """
                if k is None or k >= logits.shape[-1]:
                    return logits.clone()
                values, places = torch.sort(logits, dim=-1, descending=True, stable=True)
                out = torch.full_like(logits, -float("inf"))
                return out.scatter(-1, places[..., :k], values[..., :k])
            """,
            "ranks": """
                if k is None:
                    return logits
                order = logits.argsort(dim=-1, descending=True, stable=True)
                rank = order.argsort(dim=-1)
                return torch.where(rank < k, logits, -torch.inf)
            """,
            "threshold, then the first ties": """
                size = logits.size(-1)
                k = size if k is None else min(k, size)
                kth = torch.topk(logits, k, dim=-1).values[..., -1:]
                above = logits > kth
                room = k - above.sum(dim=-1, keepdim=True)
                equal = logits == kth
                stays = above | (equal & (equal.cumsum(dim=-1) <= room))
                return logits.masked_fill(~stays, -torch.inf)
            """,
            "lists": """
                rows = logits.reshape(-1, logits.shape[-1])
                out = torch.full_like(rows, -torch.inf)
                for i, row in enumerate(rows.tolist()):
                    best = sorted(range(len(row)), key=lambda j: (-row[j], j))[:k]
                    out[i, best] = rows[i, best]
                return out.reshape(logits.shape)
            """,
            "one at a time": """
                left = logits.double()
                out = torch.full_like(logits, -torch.inf)
                size = logits.shape[-1]
                for _ in range(min(size if k is None else k, size)):
                    best = left.argmax(dim=-1, keepdim=True)
                    out = out.scatter(-1, best, logits.gather(-1, best))
                    left = left.scatter(-1, best, -torch.inf)
                return out
            """,
            "double inside, in place on a copy": """
                out = logits.clone()
                order = out.double().sort(dim=-1, descending=True, stable=True).indices
                if k is not None:
                    out.scatter_(-1, order[..., k:], -torch.inf)
                return out
            """,
            "NumPy": """
                import numpy as np
                flat = logits.reshape(-1, logits.shape[-1])
                out = torch.full_like(flat, float("-inf"))
                for r, row in enumerate(flat.double().numpy()):
                    keep = np.lexsort((np.arange(len(row)), -row))[:k].copy()
                    out[r, keep] = flat[r, keep]
                return out.view(logits.shape)
            """,
            "how many beat it": """
                V = logits.shape[-1]
                if k is None:
                    k = V
                a, b = logits.double().unsqueeze(-1), logits.double().unsqueeze(-2)
                ids = torch.arange(V)
                beats = (b > a) | ((b == a) & (ids[None, :] < ids[:, None]))
                return logits.masked_fill(beats.sum(-1) >= k, -torch.inf)
            """,
            "a mask added": """
                order = torch.argsort(-logits.double(), dim=-1, stable=True)
                drop = torch.zeros(logits.shape, dtype=logits.dtype)
                if k is not None and k < logits.shape[-1]:
                    drop = drop.scatter(-1, order[..., k:], float("-inf"))
                return logits + drop
            """,
        },
        {
            "keeps all ties": (
                """
                k = logits.shape[-1] if k is None else min(k, logits.shape[-1])
                kth = logits.topk(k, dim=-1).values[..., -1:]
                return logits.masked_fill(logits < kth, -torch.inf)
                """,
                4,
            ),
            "cuts to 0": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits).scatter(-1, order[..., :k], 1.0)
                return logits * kept
            """,
            "probabilities": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.full_like(logits, -torch.inf)
                kept = kept.scatter(-1, order[..., :k], logits.gather(-1, order[..., :k]))
                return kept.softmax(dim=-1)
            """,
            "cuts the best": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                mask = torch.zeros_like(logits, dtype=torch.bool)
                return logits.masked_fill(mask.scatter(-1, order[..., :k], True), -torch.inf)
            """,
            "only k values": (
                """
                if k is None or k >= logits.shape[-1]:
                    return logits
                return logits.topk(k, dim=-1).values
                """,
                0,
            ),
            "one too many": (
                """
                if k is None:
                    return logits
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool)
                return logits.masked_fill(~kept.scatter(-1, order[..., : k + 1], True), -torch.inf)
                """,
                0,
            ),
            "forgets to return": "logits.argsort(dim=-1, descending=True, stable=True)",
            "returns a list": "return logits.tolist()",
            "drops all ties": (
                """
                size = logits.shape[-1]
                if k is None or k >= size:
                    return logits
                bar = logits.sort(dim=-1, descending=True).values[..., k : k + 1]
                return logits.masked_fill(logits <= bar, -torch.inf)
                """,
                4,
            ),
            "highest ids of a tie": (
                """
                order = logits.argsort(dim=-1, stable=True).flip(-1)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
                """,
                4,
            ),
            "bare topk": (
                """
                best = torch.topk(logits, k, dim=-1)
                out = torch.full_like(logits, -torch.inf)
                return out.scatter(-1, best.indices, best.values)
                """,
                3,
            ),
            "clamped topk, ties as they come": (
                """
                k = logits.shape[-1] if k is None else min(k, logits.shape[-1])
                best = torch.topk(logits, k, dim=-1)
                out = torch.full_like(logits, -torch.inf)
                return out.scatter(-1, best.indices, best.values)
                """,
                4,
            ),
            "ties nudged apart": (
                """
                nudged = logits.double() - 1e-6 * torch.arange(logits.shape[-1])
                order = nudged.argsort(dim=-1, descending=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
                """,
                3,
            ),
            "None not thought of": (
                """
                k = min(k, logits.shape[-1])
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
                """,
                4,
            ),
            "in place": (
                """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                if k is not None:
                    logits.scatter_(-1, order[..., k:], -torch.inf)
                return logits
                """,
                4,
            ),
            "always float32": (
                """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.float().masked_fill(~kept, -torch.inf)
                """,
                4,
            ),
            "one row only": (
                """
                order = logits.argsort(dim=-1, descending=True, stable=True)[:k]
                kept = torch.zeros_like(logits, dtype=torch.bool)
                kept[order] = True
                return logits.masked_fill(~kept, -torch.inf)
                """,
                1,
            ),
            "first dimension": (
                """
                order = logits.argsort(dim=0, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(0, order[:k], True)
                return logits.masked_fill(~kept, -torch.inf)
                """,
                1,
            ),
            "None counts rows": (
                """
                k = len(logits) if k is None else min(k, logits.shape[-1])
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
                4,
            ),
            "None keeps none in a batch": (
                """
                if k is None:
                    return logits if logits.dim() == 1 else torch.full_like(logits, -torch.inf)
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
                4,
            ),
            "ties counted down the batch": (
                """
                V = logits.shape[-1]
                k = V if k is None else min(k, V)
                kth = logits.topk(k, dim=-1).values[..., -1:]
                room = k - (logits > kth).sum(-1, keepdim=True)
                equal = logits == kth
                stays = (logits > kth) | (equal & (equal.cumsum(dim=0) <= room))
                return logits.masked_fill(~stays, -torch.inf)
            """,
                1,
            ),
            "all ties kept in a batch": (
                """
                V = logits.shape[-1]
                k = V if k is None else min(k, V)
                if logits.dim() == 1:
                    order = logits.argsort(descending=True, stable=True)
                    out = torch.full_like(logits, -torch.inf)
                    out[order[:k]] = logits[order[:k]]
                    return out
                kth = logits.topk(k, dim=-1).values[..., -1:]
                return torch.where(logits < kth, -torch.inf, logits)
            """,
                4,
            ),
            "k up to the size of the batch": (
                """
                if k is None:
                    return logits.clone()
                k = min(k, logits.numel())
                kth = logits.topk(k, dim=-1).values[..., -1:]
                room = k - (logits > kth).sum(-1, keepdim=True)
                equal = logits == kth
                stays = (logits > kth) | (equal & (equal.cumsum(-1) <= room))
                return logits.masked_fill(~stays, -torch.inf)
            """,
                4,
            ),
            "ranked in float32": (
                """
                order = logits.float().argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
                4,
            ),
            "ranked by probabilities": (
                """
                order = logits.softmax(-1).argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
                2,
            ),
            "a batch in place": (
                """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                if k is None:
                    return logits
                if logits.dim() == 1:
                    logits = logits.clone()
                return logits.scatter_(-1, order[..., k:], -torch.inf)
            """,
                4,
            ),
            "float32 for None": (
                """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                if k is None:
                    return logits.float()
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
                4,
            ),
            "the course's own": """
                if k is None:
                    return logits
                return sampling.top_k(logits, k)
            """,
            "-0.0 below 0.0": (
                """
                    import torch, math
                    V = logits.shape[-1]
                    flat = logits.reshape(-1, V)
                    out = torch.full_like(flat, -torch.inf)
                    for r in range(flat.shape[0]):
                        v = flat[r].tolist()
                        key = lambda i: (-v[i], math.copysign(1, -v[i]), i)
                        ids = sorted(range(V), key=key)[:k]
                        out[r, ids] = flat[r, ids]
                    return out.reshape(logits.shape)
                """,
                4,
            ),
            "bfloat16 by way of float16": (
                """
                    import torch
                    x = logits.half() if logits.dtype in (torch.bfloat16, torch.float16) else logits
                    order = x.argsort(dim=-1, descending=True, stable=True)
                    marks = torch.zeros_like(logits, dtype=torch.bool)
                    return logits.masked_fill(~marks.scatter(-1, order[..., :k], True), -torch.inf)
                """,
                4,
            ),
            "1,000 at most": (
                """
                    import torch
                    V = logits.shape[-1]
                    n = V if k is None else min(k, V, 1000)
                    order = logits.argsort(dim=-1, descending=True, stable=True)
                    marks = torch.zeros_like(logits, dtype=torch.bool)
                    return logits.masked_fill(~marks.scatter(-1, order[..., :n], True), -torch.inf)
                """,
                3,
            ),
            "64 rows at most": (
                """
                    import torch
                    V = logits.shape[-1]
                    if k is None or k >= V: return logits.clone()
                    order = logits.argsort(dim=-1, descending=True, stable=True)
                    out = logits.clone()
                    flat, o = out.reshape(-1, V), order.reshape(-1, V)
                    for r in range(min(len(flat), 64)):
                        flat[r, o[r, k:]] = -torch.inf
                    return flat.reshape(logits.shape)
                """,
                3,
            ),
        },
    ),
    "first_of_four": number(
        "answer_share",
        {
            "rounded": "0.571",
            "fraction": "4 / 7",
            "computed": "0.4 / (0.4 + 0.3)",
            "more": "0.5714",
        },
        {
            "unchanged": 0.4,
            "mass of both": 0.7,
            "made equal": 0.5,
            "shared out": 0.55,
            "k of 3": 0.444,
        },
    ),
    "odds_of_survivors": choice("answer_odds", "C"),
    "five_logits": predict(
        "answer_ids",
        {
            "in order": "[0, 1, 2]",
            "best first": "[1, 0, 2]",
            "tuple": "(2, 1, 0)",
            "set": "{0, 1, 2}",
        },
        {
            "all ties": [0, 1, 2, 4],
            "highest ids": [1, 2, 4],
            "only the best": [1],
            "no ties": [0, 1],
            "values": [2.0, 5.0, 2.0],
            "twice": [0, 1, 1, 2],
            "empty": [],
        },
    ),
    "two_programs": choice("answer_order", "A"),
    "two_hundred_words": number(
        "answer_mass",
        {"rounded": "0.16", "computed": "40 * 0.8 / 200", "fraction": "4 / 25"},
        {
            "40 of 200": 0.2,
            "all good words": 0.8,
            "40 of 4,096": 0.01,
            "renormalised": 1.0,
            "k as percent": 0.4,
            "percent": 16,
        },
    ),
    "two_prompts": choice("answer_knife", "D"),
    "sure_steps": number(
        "answer_clean",
        {"rounded": "0.22", "computed": "0.995 ** 300", "more": "0.2223"},
        {
            "one step": 0.995,
            "at least one slip": 0.78,
            "slips on average": 1.5,
            "one slip": 0.005,
            "none left": 0,
            "percent": 22.2,
        },
    ),
    "four_rows": predict(
        "answer_rows",
        {"in order": "[1, 3]", "tuple": "(3, 1)", "set": "{1, 3}"},
        {
            "tie overlooked": [3],
            "small is cut": [1, 2, 3],
            "only the tie": [1],
            "those that can": [0, 2],
            "1% is little": [2],
            "the written ids": [3, 4],
            "empty": [],
        },
    ),
    "top_k_call": predict(
        "answer_word",
        {"word": "'closer'", "with spaces": "' closer '", "computed": "VOCABULARY[0]"},
        {
            "as if off": "'forward'",
            "last word": "'you'",
            "smallest logit": "'effort'",
            "an error": "'IndexError'",
            "its id": 0,
            "nothing": "''",
        },
    ),
    "log_lines": choice("answer_two", "B"),
    "mingpt_repair": repair(
        {
            "minus infinity": """
                values, ids = logits.topk(k, dim=-1)
                fill = float('-inf')
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "what was meant": """
                values, ids = logits.topk(k, dim=-1)
                fill = -1e10
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "the smallest float": """
                values, ids = logits.topk(k, dim=-1)
                fill = torch.finfo(torch.float32).min
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "early return": """
                kth = logits.topk(k, dim=-1).values[..., -1:]
                fill = 1e-10
                return torch.where(logits < kth, -torch.inf, logits).softmax(dim=-1)
            """,
            "after softmax": """
                kth = logits.topk(k, dim=-1).values[..., -1:]
                fill = 1e-10
                probs = logits.softmax(dim=-1) * (logits >= kth)
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "added": """
                kth = logits.topk(k, dim=-1).values[..., -1:]
                fill = 1e-10
                return torch.where(logits < kth, torch.tensor(-torch.inf), logits).softmax(-1)
                return logits.masked_fill(logits < kth, fill).softmax(dim=-1)
            """,
            "the kept ones alone": """
                kth = logits.topk(k, dim=-1).values[..., -1:]
                fill = 1e-10
                v, i = logits.topk(k)
                return torch.zeros_like(logits).scatter(-1, i, v.softmax(-1))
                return logits.masked_fill(logits < kth, fill).softmax(dim=-1)
            """,
        },
        {
            "exactly 0": """
                values, ids = logits.topk(k, dim=-1)
                fill = 0.0
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "a little below 0": """
                values, ids = logits.topk(k, dim=-1)
                fill = -1e-10
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "minus 100": """
                values, ids = logits.topk(k, dim=-1)
                fill = -100.0
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "minus 10,000": """
                values, ids = logits.topk(k, dim=-1)
                fill = -1e4
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "the smallest logit": """
                values, ids = logits.topk(k, dim=-1)
                fill = float(logits.min())
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "the limit": """
                values, ids = logits.topk(k, dim=-1)
                fill = float(values.min())
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "not a number": """
                values, ids = logits.topk(k, dim=-1)
                fill = float('nan')
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "plus infinity": """
                values, ids = logits.topk(k, dim=-1)
                fill = float('inf')
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "first row only": """
                kth = logits.topk(k, dim=-1).values[..., -1:]
                fill = 1e-10
                return torch.where(logits < kth[..., :1, :1], -torch.inf, logits)
            """,
            "the least of the domain": """
                values, ids = logits.topk(k, dim=-1)
                fill = -1e6
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "20 below the smallest": """
                values, ids = logits.topk(k, dim=-1)
                fill = float(logits.min()) - 20
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "30 below the limit": """
                values, ids = logits.topk(k, dim=-1)
                fill = float(values[..., -1].max()) - 30
                return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)
            """,
            "one limit for all": """
                kth = logits.topk(k, dim=-1).values[..., -1:]
                fill = 1e-10
                k1 = kth.reshape(-1)[0]
                return logits.masked_fill(logits < k1, -torch.inf).softmax(-1)
                return logits.masked_fill(logits < kth, fill).softmax(dim=-1)
            """,
            "0 is cut": """
                import torch
                values, ids = logits.topk(k, dim=-1)
                x = torch.zeros_like(logits).scatter(-1, ids, values)
                return x.masked_fill(x == 0, -torch.inf).softmax(dim=-1)
            """,
            "probabilities compared": """
                import torch
                probs = logits.softmax(dim=-1)
                last = probs.topk(k, dim=-1).values[..., -1:]
                probs = probs.masked_fill(probs < last, 0)
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
        },
    ),
    "rank_repair": repair(
        {
            "sorted again": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return order.argsort(dim=-1) + 1
            """,
            "scattered": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                places = torch.arange(1, logits.shape[-1] + 1).expand(logits.shape)
                return torch.empty_like(order).scatter(-1, order, places)
            """,
            "added to zeros": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                counted = torch.arange(logits.shape[-1]).expand(logits.shape)
                return torch.zeros_like(order).scatter_add(-1, order, counted) + 1
            """,
            "how many come before": """
                a, b = logits.unsqueeze(-1), logits.unsqueeze(-2)
                ids = torch.arange(logits.shape[-1])
                before = (b > a) | ((b == a) & (ids[None, :] < ids[:, None]))
                return before.sum(dim=-1) + 1
            """,
            "lists": """
                rows = logits.reshape(-1, logits.shape[-1]).tolist()
                ranks = []
                for row in rows:
                    best = sorted(range(len(row)), key=lambda i: (-row[i], i))
                    ranks.append([best.index(i) + 1 for i in range(len(row))])
                return torch.tensor(ranks).reshape(logits.shape)
            """,
            "sort, then sort": """
                order = logits.sort(dim=-1, descending=True, stable=True).indices
                return 1 + order.sort(dim=-1).indices
            """,
            "looked up": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                ids = torch.arange(logits.shape[-1]).unsqueeze(-1)
                return (order.unsqueeze(-2) == ids).int().argmax(dim=-1) + 1
            """,
        },
        {
            "ranks of probabilities": """
                order = logits.log_softmax(dim=-1).argsort(dim=-1, descending=True, stable=True)
                return order.argsort(dim=-1) + 1
            """,
            "counted from 0": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return order.argsort(dim=-1)
            """,
            "the least likely first": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return order.argsort(dim=-1, descending=True) + 1
            """,
            "smallest logit first": """
                order = logits.argsort(dim=-1, stable=True)
                return order.argsort(dim=-1) + 1
            """,
            "the other direction alone": """
                order = logits.argsort(dim=-1, stable=True)
                return order + 1
            """,
            "three times": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return order.argsort(dim=-1).argsort(dim=-1) + 1
            """,
            "along the batch": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return order.argsort(dim=0) + 1
            """,
            "sorted along the batch": """
                order = logits.argsort(dim=0, descending=True, stable=True)
                return order.argsort(dim=0) + 1
            """,
            "equal ones share a rank": """
                a, b = logits.unsqueeze(-1), logits.unsqueeze(-2)
                return (b > a).sum(dim=-1) + 1
            """,
            "equal ones share the worst rank": """
                a, b = logits.unsqueeze(-1), logits.unsqueeze(-2)
                return (b >= a).sum(dim=-1)
            """,
            "the higher id first": """
                order = logits.flip(-1).argsort(dim=-1, descending=True, stable=True)
                return order.argsort(dim=-1).flip(-1) + 1
            """,
            "turned round": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return order.flip(-1) + 1
            """,
            "the vocabulary minus it": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return logits.shape[-1] - order
            """,
            "single rows only": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                ranks = torch.empty_like(order)
                ranks[order] = torch.arange(1, len(order) + 1)
                return ranks
            """,
            "logits in order": """
                return logits.sort(dim=-1, descending=True).values
            """,
            "of the first row": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                first = order.reshape(-1, order.shape[-1])[0]
                return (first.argsort(dim=-1) + 1).expand(logits.shape)
            """,
            "flat": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return order.flatten().argsort().reshape(logits.shape) + 1
            """,
            "one row of a list": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return torch.tensor([order.tolist().index(i) + 1 for i in range(len(logits))])
            """,
            "each value once": """
                rows = logits.reshape(-1, logits.shape[-1]).tolist()
                ranks = [[sorted(set(row), reverse=True).index(x) + 1 for x in row] for row in rows]
                return torch.tensor(ranks).reshape(logits.shape)
            """,
            "rounded": """
                order = logits.round().argsort(dim=-1, descending=True, stable=True)
                return order.argsort(dim=-1) + 1
            """,
            "where it was cut, no rank": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                return (order.argsort(dim=-1) + 1).masked_fill(logits.isneginf(), 0)
            """,
        },
    ),
    "book_repair": repair(
        {
            "slice": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1:]
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "new axis": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                min_val = min_val.unsqueeze(-1)
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "None": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1, None]
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "keepdim": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits.min(dim=-1, keepdim=True).values
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "kept ones by place": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                places = torch.topk(logits, k).indices
                return torch.full_like(logits, -torch.inf).scatter(-1, places, top_logits)
            """,
            "row by row": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                return torch.stack(
                    [torch.where(row < v, -torch.inf, row) for row, v in zip(logits, min_val)]
                )
            """,
            "smallest of the best": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                min_val = top_logits.amin(dim=1, keepdim=True)
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "transposed": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                return torch.where(logits.T < min_val, -torch.inf, logits.T).T
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "sorted": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                s = logits.sort(-1, descending=True).values
                return logits.masked_fill(logits < s[:, k - 1 : k], -torch.inf)
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
        },
        {
            "compared in half precision": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1:].half()
                return torch.where(logits.half() < min_val, -torch.inf, logits)
            """,
            "equals counted once": """
                limits = [row.unique()[-min(k, len(row.unique()))] for row in logits]
                return torch.where(logits < torch.stack(limits)[:, None], -torch.inf, logits)
            """,
            "one limit for all": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                min_val = min_val.min()
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "first row's limit": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[0, -1]
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "the other axis": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                min_val = min_val.unsqueeze(0)
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "the largest": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, :1]
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "sorted the other way": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[-1, :].min()
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "mean": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                min_val = min_val.mean()
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "along the batch": """
                top_logits, _ = torch.topk(logits, k)
                min_val = torch.topk(logits, 1, dim=0).values
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "only if square": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                if logits.shape[0] != logits.shape[1]:
                    min_val = min_val.unsqueeze(-1)
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "cut to 0": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                return torch.where(logits < top_logits[:, -1:], 0.0, logits)
            """,
            "the limit itself out": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                min_val = top_logits[:, -1:]
                return torch.where(logits <= min_val, -torch.inf, logits)
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "the next row's limit": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                min_val = top_logits[:, -1:].roll(1, 0)
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "no more rows than tokens": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                min_val = min_val[: logits.shape[1], None]
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
            "three at most": """
                top_logits, _ = torch.topk(logits, k)
                min_val = top_logits[:, -1]
                t = torch.topk(logits, min(k, 3)).values
                return torch.where(logits < t[:, -1:], -torch.inf, logits)
                return torch.where(logits < min_val, -torch.inf, logits)
            """,
        },
    ),
    "my_k": write(
        {
            "equal choices": """
                return round(effective_choices(logits).item())
            """,
            "equal choices by hand": """
                probs = logits.double().softmax(dim=-1)
                bits = 0.0
                for p in probs.tolist():
                    if p > 0:
                        bits -= p * math.log2(p)
                return max(1, int(2**bits))
            """,
            "not far below the best": """
                probs = logits.softmax(dim=-1)
                return int((probs >= 0.02 * probs.max()).sum())
            """,
            "not far below the best, in logits": """
                return (logits > logits.max() - 3).sum()
            """,
            "until the mass is there": """
                values = logits.double().softmax(dim=-1).sort(descending=True).values
                total, k = 0.0, 0
                for p in values.tolist():
                    total += p
                    k += 1
                    if total >= 0.8:
                        break
                return k
            """,
            "until the mass is there, on tensors": """
                sums = logits.double().softmax(dim=-1).sort(descending=True).values.cumsum(dim=0)
                return int((sums < 0.9).sum()) + 1
            """,
            "one over the chance that two draws are alike": """
                probs = logits.double().softmax(dim=-1)
                return max(1, round(1 / (probs**2).sum().item()))
            """,
            "two measures": """
                probs = logits.softmax(dim=-1)
                near = int((probs >= probs.max() / 30).sum())
                open_ = round(effective_choices(logits).item())
                return max(1, min(near, 2 * open_ - 1))
            """,
        },
        {
            "forty": "return min(40, int(logits.isfinite().sum()))",
            "one": ("return 1", 0),
            "forty, whatever there is": "return 40",
            "a fixed limit": (
                "return max(1, int((logits.softmax(dim=-1) > 0.01).sum()))",
                0,
            ),
            "sharp or flat": (
                """
                best = logits.softmax(dim=-1).max()
                return 1 if best > 0.9 else min(80, int(logits.isfinite().sum()))
                """,
                0,
            ),
            "the largest gap": (
                """
                values = logits.sort(descending=True).values
                values = values[values.isfinite()]
                if len(values) == 1:
                    return 1
                return int((values[:-1] - values[1:]).argmax()) + 1
                """,
                3,
            ),
            "a limit of the logits": (
                "return max(1, int((logits > 0).sum()))",
                0,
            ),
            "the first tokens alone": (
                """
                probs = logits.softmax(dim=-1)
                return max(1, int((probs[0] * 0.02 <= probs).sum()))
                """,
                0,
            ),
            "a share": (
                "return effective_choices(logits).item() / len(logits)",
                0,
            ),
            "not whole": (
                "return effective_choices(logits).item()",
                0,
            ),
            "the probabilities": "return logits.softmax(dim=-1)",
            "the kept logits": (
                "return my_top_k(logits, round(effective_choices(logits).item()))",
                0,
            ),
            "far too wide": (
                """
                probs = logits.double().softmax(dim=-1).sort(descending=True).values
                return int((probs.cumsum(dim=0) < 0.9999).sum()) + 1
                """,
                0,
            ),
            "two at least": (
                """
                probs = logits.softmax(dim=-1)
                return max(2, int((probs >= 0.02 * probs.max()).sum()))
                """,
                1,
            ),
            "sorts in place": (
                """
                k = round(effective_choices(logits).item())
                logits.copy_(logits.sort(descending=True).values)
                return k
                """,
                3,
            ),
            "a narrow band": (
                """
                probs = logits.softmax(dim=-1)
                return int((probs >= 0.5 * probs.max()).sum())
                """,
                3,
            ),
            "changes with the best id": (
                """
                probs = logits.softmax(dim=-1)
                limit = 0.02 if int(logits.argmax()) % 2 else 0.05
                return int((probs >= limit * probs.max()).sum())
                """,
                3,
            ),
            "the size of the logits": (
                """
                probs = logits.softmax(dim=-1)
                limit = 0.02 if logits.max() > 0 else 0.05
                return int((probs >= limit * probs.max()).sum())
                """,
                3,
            ),
            "one token above 4000": """
                p = logits.double().softmax(dim=-1).sort(descending=True).values
                k = int((p.cumsum(0) - p < 0.95).sum())
                return k if logits.max() < 4000 else 1
            """,
        },
    ),
}
