"""Right answers for each scored item of module 04, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

SORTED = """
    probs, order = logits.softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
    mass = probs.cumsum(dim=-1)
"""
BACK = """
    keep = torch.zeros_like(stays).scatter(-1, order, stays)
    return logits.masked_fill(~keep, -torch.inf)
"""
ALL = """
    if p == 1:
        return logits.clone()
"""

BANK = {
    "my_top_p": write(
        {
            "mass before": ALL + SORTED + "    stays = mass - probs < p" + BACK,
            "shifted sums": """
                if p >= 1.0:
                    return logits.clone()
                ranked, order = torch.sort(logits, dim=-1, descending=True, stable=True)
                sums = torch.softmax(ranked, dim=-1).cumsum(dim=-1)
                drop = sums >= p
                drop[..., 1:] = drop[..., :-1].clone()
                drop[..., 0] = False
                ranked = ranked.masked_fill(drop, float("-inf"))
                return torch.empty_like(logits).scatter(-1, order, ranked)
            """,
            "double, gathered back": """
                if p == 1.0:
                    return logits
                order = logits.argsort(dim=-1, descending=True, stable=True)
                probs = logits.double().softmax(-1).gather(-1, order)
                sums = probs.cumsum(-1)[..., :-1]
                before = torch.cat([torch.zeros_like(probs[..., :1]), sums], -1)
                rank = order.argsort(dim=-1)
                return torch.where((before < p).gather(-1, rank), logits, torch.tensor(-torch.inf))
            """,
            "row by row, in lists": """
                out = torch.full_like(logits, -torch.inf)
                flat, given = out.view(-1, logits.shape[-1]), logits.reshape(-1, logits.shape[-1])
                for row, target in zip(given, flat):
                    probs = row.softmax(0).tolist()
                    held = 0.0
                    for i in sorted(range(len(probs)), key=lambda i: (-probs[i], i)):
                        if held < p or p == 1:
                            target[i] = row[i]
                        held += probs[i]
                return out
            """,
            "log-softmax": """
                if p == 1:
                    return logits + 0
                logp = torch.log_softmax(logits, dim=-1)
                order = torch.argsort(logp, dim=-1, descending=True, stable=True)
                probs = logp.exp().gather(-1, order)
                size = (probs.cumsum(-1) < p).sum(-1, keepdim=True) + 1
                cut = torch.arange(probs.shape[-1]) >= size
                out = logits.clone()
                out[torch.zeros_like(cut).scatter(-1, order, cut)] = float("-inf")
                return out
            """,
        },
        {
            "drops the crossing token": ALL + SORTED + "    stays = mass <= p" + BACK,
            "drops it but keeps one": ALL
            + SORTED
            + "    stays = mass <= p\n    stays[..., 0] = True"
            + BACK,
            "one too many": ALL
            + SORTED
            + """
    stays = mass - probs < p
    stays[..., 1:] = stays[..., :-1].clone()
"""
            + BACK,
            "sort not undone": ALL
            + SORTED
            + "    return logits.masked_fill(mass - probs >= p, -torch.inf)",
            "never sorted": ALL
            + """
    probs = logits.softmax(dim=-1)
    return logits.masked_fill(probs.cumsum(dim=-1) - probs >= p, -torch.inf)
""",
            "sums logits": ALL
            + """
    values, order = logits.sort(dim=-1, descending=True, stable=True)
    stays = values.cumsum(dim=-1) - values < p
"""
            + BACK,
            "sums log-probabilities": ALL
            + """
    values, order = logits.log_softmax(-1).sort(dim=-1, descending=True, stable=True)
    stays = values.cumsum(dim=-1) - values < p
"""
            + BACK,
            "threshold on each token": """
                return logits.masked_fill(logits.softmax(-1) < p, -torch.inf)
            """,
            "min-p": """
                probs = logits.softmax(dim=-1)
                bar = (1 - p) * probs.amax(dim=-1, keepdim=True)
                return logits.masked_fill(probs < bar, -torch.inf)
            """,
            "returns probabilities": ALL
            + SORTED
            + "    stays = mass - probs < p"
            + BACK.replace("logits.masked_fill(~keep, -torch.inf)", "logits.softmax(-1) * keep"),
            "returns a list": ALL
            + SORTED
            + "    stays = mass - probs < p"
            + BACK.rstrip()
            + ".tolist()",
            "keeps all": "return logits.clone()",
            "only the best": """
                best = logits.argmax(dim=-1, keepdim=True)
                out = torch.full_like(logits, -torch.inf)
                return out.scatter(-1, best, logits.gather(-1, best))
            """,
            "p = 1 not apart": (SORTED + "    stays = mass - probs < p" + BACK, 4),
            "highest ids of a tie": (
                ALL
                + """
    probs, order = logits.softmax(dim=-1).sort(dim=-1, stable=True)
    stays = probs.cumsum(dim=-1) > 1 - p
    stays[..., -1] = True
"""
                + BACK,
                4,
            ),
            "whole ties": (
                ALL
                + SORTED
                + """
    last = (mass < p).sum(dim=-1, keepdim=True).clamp(max=probs.shape[-1] - 1)
    bar = probs.gather(-1, last)
    return logits.masked_fill(logits.softmax(dim=-1) < bar, -torch.inf)
""",
                4,
            ),
            "sums over rows": (
                ALL
                + """
    probs, order = logits.softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
    stays = probs.cumsum(dim=0) - probs < p if logits.dim() > 1 else probs.cumsum(0) - probs < p
"""
                + BACK,
                3,
            ),
            "first row's order": (
                ALL
                + SORTED
                + """
    stays = mass - probs < p
    first = order.reshape(-1, order.shape[-1])[0].expand_as(order)
    keep = torch.zeros_like(stays).scatter(-1, first, stays)
    return logits.masked_fill(~keep, -torch.inf)
""",
                3,
            ),
            "one row only": (
                ALL
                + """
    probs, order = logits.softmax(dim=-1).sort(descending=True, stable=True)
    out = torch.full_like(logits, -torch.inf)
    stay = order[probs.cumsum(dim=-1) - probs < p]
    out[stay] = logits[stay]
    return out
""",
                2,
            ),
            "in place": (
                ALL
                + SORTED
                + """
    stays = mass - probs < p
    logits[~torch.zeros_like(stays).scatter(-1, order, stays)] = -torch.inf
    return logits
""",
                4,
            ),
            "p = 1 not apart in a batch": (
                """
    if p == 1 and logits.dim() == 1:
        return logits.clone()
"""
                + SORTED
                + "    stays = mass - probs < p"
                + BACK,
                4,
            ),
            "the best of all rows taken off": (
                ALL
                + """
    weights = (logits - logits.max()).exp()
    probs = weights / weights.sum(dim=-1, keepdim=True)
    probs, order = probs.sort(dim=-1, descending=True, stable=True)
    stays = probs.cumsum(dim=-1) - probs < p
"""
                + BACK,
                4,
            ),
            "tiny p raised in a batch": (
                ALL
                + SORTED
                + "    stays = mass - probs < (p if logits.dim() == 1 else max(p, 0.001))"
                + BACK,
                4,
            ),
            "-inf as -20 in a batch": (
                ALL
                + """
    finite = logits.clamp(min=-20) if logits.dim() > 1 else logits
    finite = torch.where(logits.isneginf(), finite, logits)
    probs, order = finite.softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
    stays = probs.cumsum(dim=-1) - probs < p
"""
                + BACK,
                4,
            ),
            "tiny p keeps all that are best": (
                ALL
                + SORTED
                + """
    stays = mass - probs < p
    if p < 1e-6:
        stays = probs == probs[..., :1]
"""
                + BACK,
                4,
            ),
            "almost 1 is 1": (
                """
    if p > 1 - 1e-5:
        return logits.clone()
"""
                + SORTED
                + "    stays = mass - probs < p"
                + BACK,
                4,
            ),
        },
    ),
    "five_tokens_share": number(
        "answer_share",
        {"rounded": "0.571", "fraction": "4 / 7", "computed": "0.5 / (0.5 + 0.25 + 0.125)"},
        {
            "not renormalised": 0.5,
            "crossing token dropped": 0.667,
            "divided by p": 0.625,
            "one too many": 0.533,
            "the kept mass": 0.875,
        },
    ),
    "two_knives": choice("answer_knife", "A"),
    "printed_nucleus": predict(
        "answer_ids",
        {"list": "[1, 3]", "other order": "[3, 1]", "set": "{1, 3}", "tuple": "(1, 3)"},
        {
            "places in the sorted list": [0, 1],
            "from the left": [0, 1, 2],
            "one too many": [0, 1, 3],
            "crossing token dropped": [1],
            "all": [0, 1, 2, 3],
            "twice": [1, 3, 3],
        },
    ),
    "nucleus_calls": predict(
        "answer_counts",
        {"as printed": '"2 3"', "with spaces": '" 2  3 "', "computed": 'f"{2} {3}"'},
        {
            "the other way round": '"3 2"',
            "T ignored in both": '"3 3"',
            "T before the cut in both": '"2 2"',
            "crossing token dropped": '"1 2"',
            "one too many": '"3 4"',
        },
    ),
    "cut_upon_cut": number(
        "answer_left",
        {"whole": "2", "float": "2.0", "computed": "len(kept(top_p(top_k(FOUR.logits, 3), 0.75)))"},
        {"not renormalised": 3, "crossing token dropped": 1, "top-k ignored": 4, "none": 0},
    ),
    "greedy_settings": choice("answer_greedy", "C"),
    "colder_cut": choice("answer_colder", "D"),
    "two_p_values": choice("answer_digits", "B"),
    "guarded_steps": predict(
        "answer_steps",
        {"list": "[2, 4]", "other order": "[4, 2]", "set": "{2, 4}", "text": '"2, 4"'},
        {
            "the sure step too": [0, 2, 4],
            "all": [0, 1, 2, 3, 4],
            "all but the sure one": [1, 2, 3, 4],
            "sums of exactly p": [1, 3],
            "one of the two": [2],
            "the other": [4],
        },
    ),
    "line_repair": repair(
        {
            "mass before": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) - values >= p
                return order[~cut]
            """,
            "shifted": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) >= p
                cut = torch.cat([torch.tensor([False]), cut[:-1]])
                return order[~cut]
            """,
            "by size": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) > p
                return order[: int((values.cumsum(0) < p).sum()) + 1]
            """,
            "a loop": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) > p
                ids, held = [], 0.0
                for value, i in zip(values.tolist(), order.tolist()):
                    if held >= p:
                        break
                    ids.append(i)
                    held += value
                return ids
            """,
            "reversed sums": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.flip(0).cumsum(0).flip(0) <= 1 - p
                return order[~cut]
            """,
        },
        {
            "one is always kept": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) > p
                cut[0] = False
                return order[~cut]
            """,
            "keeps all": """
                values, order = probs.sort(descending=True, stable=True)
                cut = torch.zeros_like(values, dtype=torch.bool)
                return order[~cut]
            """,
            "not strict": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) >= p
                return order[~cut]
            """,
            "only the best": """
                values, order = probs.sort(descending=True, stable=True)
                cut = torch.arange(len(values)) > 0
                return order[~cut]
            """,
            "two too many": """
                values, order = probs.sort(descending=True, stable=True)
                cut = torch.cat([torch.tensor([False, False]), (values.cumsum(0) > p)[:-2]])
                return order[~cut]
            """,
            "single shares": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values < p
                return order[~cut]
            """,
            "places, not ids": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) > p
                return torch.arange(len(values))[values.cumsum(0) - values < p]
            """,
            "at most 63 tokens": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) - values >= p
                return order[~cut][:63]
            """,
            "p at most 0.98": """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) - values >= min(p, 0.98)
                return order[~cut]
            """,
            "one too many at equality": (
                """
                values, order = probs.sort(descending=True, stable=True)
                cut = torch.cat([torch.tensor([False]), (values.cumsum(0) > p)[:-1]])
                return order[~cut]
            """,
                1,
            ),
            "mass before, not strict": (
                """
                values, order = probs.sort(descending=True, stable=True)
                cut = values.cumsum(dim=0) - values > p
                return order[~cut]
            """,
                1,
            ),
        },
    ),
    "size_repair": repair(
        {
            "equal or all": """
                if p == 1:
                    return len(probs)
                reached = probs.double().sort(descending=True).values.cumsum(dim=0) >= p
                return int(reached.int().argmax()) + 1 if reached.any() else len(probs)
            """,
            "early return": """
                held, size = 0.0, 0
                for share in sorted(probs.tolist(), reverse=True):
                    if size and held >= p and p != 1:
                        break
                    held += share
                    size += 1
                return size
            """,
            "searchsorted": """
                if p == 1:
                    return probs.numel()
                mass = probs.double().sort(descending=True).values.cumsum(dim=0)
                mass[-1] = 1.0
                last = int(torch.searchsorted(mass, p))
                return last + 1
            """,
            "clamped": """
                mass = probs.to(torch.float64).sort(descending=True).values.cumsum(dim=0)
                last = min(int((mass < p).sum()), len(probs) - 1)
                if p >= 1:
                    last = len(probs) - 1
                return last + 1
            """,
        },
        {
            "one less": """
                mass = probs.sort(descending=True).values.cumsum(dim=0)
                last = int((mass > p).int().argmax())
                last = last - 1
                return last + 1
            """,
            "keeps all": """
                mass = probs.sort(descending=True).values.cumsum(dim=0)
                last = len(probs) - 1
                return last + 1
            """,
            "largest share": """
                mass = probs.sort(descending=True).values.cumsum(dim=0)
                last = int(mass.argmax())
                return last + 1
            """,
            "p a little smaller": """
                mass = probs.sort(descending=True).values.cumsum(dim=0)
                last = int((mass > p - 0.2).int().argmax())
                return last + 1
            """,
            "rounding of the sum of all": """
                mass = probs.sort(descending=True).values.cumsum(dim=0)
                last = int((mass >= p).int().argmax())
                return last + 1
            """,
            "counted past the end": """
                mass = probs.double().sort(descending=True).values.cumsum(dim=0)
                last = int((mass < p).sum())
                return last + 1
            """,
            "float32 decides": """
                mass = probs.sort(descending=True).values.cumsum(dim=0)
                last = min(int((mass < p).sum()), len(probs) - 1)
                return last + 1 if p < 1 else len(probs)
            """,
            "p = 1 stops where the sum is 1": """
                mass = probs.double().sort(descending=True).values.cumsum(dim=0)
                return min(int((mass < p).sum()) + 1, len(probs))
            """,
            "p = 1 apart": (
                """
                mass = probs.double().sort(descending=True).values.cumsum(dim=0)
                last = int((mass > p).int().argmax()) if mass[-1] > p else len(probs) - 1
                if p == 1:
                    last = len(probs) - 1
                return last + 1
            """,
                1,
            ),
            "p = 1 one early": """
                mass = probs.double().sort(descending=True).values.cumsum(dim=0)
                last = int((mass > p).int().argmax())
                if p == 1:
                    last = len(probs) - 2
                return last + 1
            """,
            "p at least 0.01": """
                mass = probs.double().sort(descending=True).values.cumsum(dim=0)
                last = min(int((mass < max(p, 0.01)).sum()), len(probs) - 1)
                return last + 1 if p < 1 else len(probs)
            """,
            "almost 1 is 1": """
                mass = probs.double().sort(descending=True).values.cumsum(dim=0)
                last = min(int((mass < p).sum()), len(probs) - 1)
                return last + 1 if p < 1 - 1e-7 else len(probs)
            """,
            "equality, and 1 still greedy": """
                mass = probs.double().sort(descending=True).values.cumsum(dim=0)
                last = int((mass >= p).int().argmax()) if p < 1 else 0
                return last + 1
            """,
        },
    ),
    "entry_p": write(
        {
            "pairs": """
                own = (-probs[token], token)
                return float(sum(x for i, x in enumerate(probs) if (-x, i) < own))
            """,
            "sorted ids": """
                total = 0.0
                for i in sorted(range(len(probs)), key=lambda i: -probs[i]):
                    if i == token:
                        return total
                    total += probs[i]
            """,
            "torch": """
                values, order = torch.tensor(probs).sort(descending=True, stable=True)
                at = int((order == token).nonzero())
                return (values.cumsum(0) - values)[at].item()
            """,
            "two loops": """
                more = sum(x for x in probs if x > probs[token])
                return more + sum(x for x in probs[:token] if x == probs[token])
            """,
        },
        {
            "with the token itself": """
                own = (-probs[token], token)
                return float(sum(x for i, x in enumerate(probs) if (-x, i) <= own))
            """,
            "its own share": "return probs[token]",
            "from the left": "return float(sum(probs[:token]))",
            "the less likely": "return float(sum(x for x in probs if x < probs[token]))",
            "one minus": "return 1.0 - probs[token]",
            "returns a count": "return sum(x > probs[token] for x in probs)",
            "of 100 tokens": """
                own = (-probs[token], token)
                return float(sum(x for i, x in enumerate(probs[:100]) if (-x, i) < own))
            """,
            "0 of an impossible token": """
                own = (-probs[token], token)
                return float(sum(x for i, x in enumerate(probs) if (-x, i) < own and own[0]))
            """,
            "ties left out": ("return float(sum(x for x in probs if x > probs[token]))", 1),
            "ties the other way": (
                """
                more = sum(x for x in probs if x > probs[token])
                return more + sum(x for x in probs[token + 1 :] if x == probs[token])
                """,
                1,
            ),
        },
    ),
    "my_cut": write(
        {
            "equal choices": """
                logprobs = logits.log_softmax(dim=-1)
                choices = (-(logprobs.exp() * logprobs).sum()).exp()
                rank = logits.argsort(descending=True).argsort()
                return logits.masked_fill(rank >= max(1, int(choices + 0.5)), -torch.inf)
            """,
            "a share": """
                probs, order = logits.softmax(dim=-1).sort(descending=True, stable=True)
                go = order[probs.cumsum(dim=0) - probs >= 0.9]
                out = logits.clone()
                out[go] = -torch.inf
                return out
            """,
            "not far below the best": """
                return logits.masked_fill(logits < logits.max() - 3, -torch.inf)
            """,
            "not much less likely than one expects": """
                logprobs = logits.log_softmax(dim=-1)
                usual = (logprobs.exp() * logprobs).sum()
                return torch.where(logprobs > usual - 2, logits, torch.tensor(-torch.inf))
            """,
            "as likely as two draws that agree": """
                probs = logits.softmax(dim=-1)
                bar = (probs * probs).sum() / 2
                return logits.masked_fill(probs < bar, -torch.inf)
            """,
        },
        {
            "the old knife": """
                least = logits.topk(min(40, len(logits))).values[-1]
                return logits.masked_fill(logits < least, -torch.inf)
            """,
            "keeps all": "return logits.clone()",
            "only the best": """
                out = torch.full_like(logits, -torch.inf)
                out[logits.argmax()] = logits.max()
                return out
            """,
            "the best and its equals": """
                return logits.masked_fill(logits < logits.max(), -torch.inf)
            """,
            "at least one in a hundred": """
                return logits.masked_fill(logits.softmax(dim=-1) < 0.01, -torch.inf)
            """,
            "the sum with each token": """
                probs, order = logits.softmax(dim=-1).sort(descending=True)
                out = logits.clone()
                out[order[probs.cumsum(dim=0) > 0.9]] = -torch.inf
                return out
            """,
            "a bar for the logits": "return logits.masked_fill(logits < 0, -torch.inf)",
            "a bar that is too low": """
                return logits.masked_fill(logits < logits.max() - 9, -torch.inf)
            """,
            "all or one": (
                """
                if logits.softmax(dim=-1).max() < 0.98:
                    return logits.clone()
                return logits.masked_fill(logits < logits.max(), -torch.inf)
            """,
                3,
            ),
            "probabilities": """
                probs = logits.softmax(dim=-1)
                return torch.where(probs >= 0.1 * probs.max(), probs, torch.tensor(-torch.inf))
            """,
            "in place": (
                """
                logits[logits < logits.max() - 3] = -torch.inf
                return logits
            """,
                3,
            ),
            "looks at the left half": """
                probs = logits.softmax(dim=-1)
                bar = 0.1 * probs[: len(probs) // 2 + 1].max()
                return logits.masked_fill(probs < bar, -torch.inf)
            """,
            "at most 49 of less than 100": """
                probs = logits.softmax(dim=-1)
                size = int((probs >= 0.1 * probs.max()).sum())
                size = min(size, 49) if len(probs) < 100 else size
                out = torch.full_like(logits, -torch.inf)
                stay = logits.topk(size).indices
                out[stay] = logits[stay]
                return out
            """,
            "two of a very sure model": """
                probs = logits.softmax(dim=-1)
                keep = probs >= 0.1 * probs.max()
                keep[probs.topk(2).indices] |= probs.max() > 0.9999
                return logits.masked_fill(~keep, -torch.inf)
            """,
            "nothing of many tokens at half": """
                probs = logits.softmax(dim=-1)
                bar = 0.1 if len(probs) < 1000 or not 0.4 < probs.max() < 0.9 else 2
                return logits.masked_fill(probs < bar * probs.max(), -torch.inf)
            """,
            "nothing between 0.5 and 0.505": """
                probs = logits.softmax(dim=-1)
                bar = 2 if 0.5 < probs.max() < 0.505 else 0.1
                return logits.masked_fill(probs < bar * probs.max(), -torch.inf)
            """,
            "a share that is a little too small": """
                probs, order = logits.softmax(dim=-1).sort(descending=True, stable=True)
                out = logits.clone()
                out[order[probs.cumsum(dim=0) - probs >= 0.54]] = -torch.inf
                return out
            """,
            "another bar for high and low logits": (
                """
                probs = logits.softmax(dim=-1)
                bar = 0.1 if logits.max() < 20 or logits.min() > -20 else 0.5
                return logits.masked_fill(probs < bar * probs.max(), -torch.inf)
            """,
                3,
            ),
            "the second stays if it is last": (
                """
                probs = logits.softmax(dim=-1)
                best, second = logits.topk(2).values
                keep = probs >= 0.1 * probs.max()
                keep[-1] |= (logits[-1] == second) & (best - second < 3.9) & (probs.max() < 0.9)
                return logits.masked_fill(~keep, -torch.inf)
            """,
                3,
            ),
        },
    ),
}
