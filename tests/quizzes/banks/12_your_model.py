"""Right answers for each scored item of module 12, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

SAID = """
    logits, text = logits.clone(), ids.tolist()
    said = [text[j] for j in range(4, len(text)) if text[j - 4 : j] == text[-4:]]
"""
PUNISHED = """
    logits = temperature(logits, 1.15)
    logits = presence_penalty(dry(logits, ids, 2.0, allowed_length=1), ids, 2.0)
"""

BANK = {
    "my_phrase": write(
        {
            "picked in a loop": """
                return float(sum(rows[i].log_softmax(-1)[t] for i, t in enumerate(ids)))
            """,
            "gathered": """
                if not ids:
                    return 0.0
                picked = rows.log_softmax(-1).gather(-1, torch.tensor(ids).unsqueeze(-1))
                return picked.sum().item()
            """,
            "less the log of the sum": """
                return sum(float(row[i] - row.logsumexp(0)) for row, i in zip(rows, ids))
            """,
            "indexed, in double": """
                logs = torch.log_softmax(rows.double(), dim=1)
                return float(logs[range(len(ids)), ids].sum()) if len(ids) else 0
            """,
        },
        {
            "adds probabilities": """
                return float(sum(rows.softmax(-1)[i, t] for i, t in enumerate(ids)))
            """,
            "the probability itself": """
                return math.exp(sum(rows.log_softmax(-1)[i, t] for i, t in enumerate(ids)))
            """,
            "sums logits": "return float(sum(rows[i, t] for i, t in enumerate(ids)))",
            "the mean": """
                return float(sum(rows.log_softmax(-1)[i, t] for i, t in enumerate(ids))) / len(ids)
            """,
            "bits": """
                logs = rows.log_softmax(-1)
                return float(sum(logs[i, t] for i, t in enumerate(ids))) / math.log(2)
            """,
            "the last token alone": "return float(rows.log_softmax(-1)[-1, ids[-1]])",
            "the wrong axis": """
                return float(sum(rows.log_softmax(0)[i, t] for i, t in enumerate(ids)))
            """,
            "one row for all": "return float(sum(rows.log_softmax(-1)[0, t] for t in ids))",
            "the log of a product": (
                """
                product = 1.0
                for i, t in enumerate(ids):
                    product *= float(rows.softmax(-1)[i, t])
                return math.log(product) if product else -math.inf
                """,
                2,
            ),
            "the course's own": """
                from course_utils.metrics import perplexity
                logs = [rows.log_softmax(-1)[i, t].item() for i, t in enumerate(ids)]
                return -math.log(perplexity(logs).item()) * len(ids) if ids else 0.0
            """,
            "no phrase is impossible": (
                """
                if not ids:
                    return -math.inf
                return float(sum(rows.log_softmax(-1)[i, t] for i, t in enumerate(ids)))
                """,
                2,
            ),
            "log of float64 softmax": (
                """
                    shares = rows.double().softmax(-1)
                    return sum((row[i].log().item() for row, i in zip(shares, ids)), 0.0)
                """,
                2,
            ),
            "no maximum taken off, float64": (
                """
                    rows = rows.double()
                    return sum((row[i] - row.exp().sum().log()).item() for row, i in zip(rows, ids))
                """,
                1,
            ),
            "below -2000 is impossible": (
                """
                    total = sum((row[i].item() for row, i in zip(rows.log_softmax(-1), ids)), 0.0)
                    return total if total > -2000 else -math.inf
                """,
                2,
            ),
            "at most 256 tokens": (
                """
                    rows = rows.log_softmax(-1)[:256]
                    return sum((row[i].item() for row, i in zip(rows, ids)), 0.0)
                """,
                2,
            ),
            "top 1000 only": """
                    total = 0.0
                    for row, i in zip(rows, ids):
                        k = min(1000, len(row))
                        total += (row[i] - row.topk(k).values.logsumexp(0)).item()
                    return total
            """,
            "the best of all rows taken from each": (
                """
                    rows = rows.double() - rows.max() if len(ids) else rows
                    logs = [row[i] - row.exp().sum().log() for row, i in zip(rows, ids)]
                    return float(sum(logs))
                """,
                2,
            ),
            "empties the list": (
                """
                    logprobs, total = rows.log_softmax(-1), 0.0
                    for row in reversed(range(len(ids))):
                        total += logprobs[row, ids.pop()].item()
                    return total
                """,
                2,
            ),
            "ids in int16": """
                ids = torch.tensor(ids, dtype=torch.int64).to(torch.int16).long()
                return rows.log_softmax(-1).gather(-1, ids[:, None]).sum().item()
            """,
            "never below -10,000": (
                """
                    lp = rows.log_softmax(-1)
                    each = [(lp[k, i].item(), rows[k, i] > -math.inf) for k, i in enumerate(ids)]
                    return sum(max(x, -10000.0) if there else -math.inf for x, there in each)
                """,
                2,
            ),
            "rows that are alike": """
                if len(ids) > 0 and bool((rows[0] == rows).all()):
                    return len(ids) * float(rows[0].log_softmax(-1)[ids[0]])
                lp = rows.log_softmax(-1)
                return sum(float(lp[k, i]) for k, i in enumerate(ids))
            """,
            "impossible is -1000": (
                """
                    lp = rows.masked_fill(rows.isneginf(), -1000.0).log_softmax(-1)
                    each = [(lp[k, i].item(), rows[k, i] > -math.inf) for k, i in enumerate(ids)]
                    return sum(x if there else -math.inf for x, there in each)
                """,
                2,
            ),
            "50,257 tokens": """
                lp = rows[:, :50257].log_softmax(-1)
                return sum(float(lp[k, i]) for k, i in enumerate(ids) if i < 50257)
            """,
        },
    ),
    "my_followers": write(
        {
            "slices": """
                end = ids[len(ids) - n:] if n <= len(ids) else None
                return [ids[j + n] for j in range(len(ids) - n) if ids[j : j + n] == end]
            """,
            "from behind": """
                found = []
                for j in range(len(ids) - 1, n - 1, -1):
                    if ids[j - n : j] == ids[-n:]:
                        found.insert(0, ids[j])
                return found
            """,
            "token by token": """
                found = []
                for j in range(n, len(ids)):
                    if all(ids[j - 1 - k] == ids[-1 - k] for k in range(n)):
                        found.append(ids[j])
                return found
            """,
            "zipped": """
                runs = zip(*(ids[k:] for k in range(n + 1)))
                return [run[-1] for run in runs if list(run[:-1]) == ids[-n:]]
            """,
        },
        {
            "the first place alone": """
                for j in range(n, len(ids)):
                    if ids[j - n : j] == ids[-n:]:
                        return [ids[j]]
                return []
            """,
            "each once": """
                seen = {ids[j] for j in range(n, len(ids)) if ids[j - n : j] == ids[-n:]}
                return sorted(seen)
            """,
            "the nearest first": """
                found = [ids[j] for j in range(n, len(ids)) if ids[j - n : j] == ids[-n:]]
                return found[::-1]
            """,
            "only the last token": """
                return [ids[j] for j in range(1, len(ids)) if ids[j - 1] == ids[-1]]
            """,
            "the places": """
                return [j for j in range(n, len(ids)) if ids[j - n : j] == ids[-n:]]
            """,
            "what stood there": """
                return [ids[j - 1] for j in range(n, len(ids)) if ids[j - n : j] == ids[-n:]]
            """,
            "no overlaps": (
                """
                found, j = [], n
                while j < len(ids):
                    if ids[j - n : j] == ids[-n:]:
                        found.append(ids[j])
                        j += n
                    else:
                        j += 1
                return found
                """,
                1,
            ),
            "not into the end": (
                """
                last = len(ids) - n
                return [ids[j] for j in range(n, last + 1) if ids[j - n : j] == ids[-n:]]
                """,
                1,
            ),
            "takes the end off": (
                """
                end = [ids.pop() for _ in range(n)][::-1]
                return [ids[j] for j in range(n, len(ids)) if ids[j - n : j] == end]
                """,
                1,
            ),
            "a hundred tokens back": (
                """
                ids = ids[-100:]
                return [ids[j] for j in range(n, len(ids)) if ids[j - n : j] == ids[-n:]]
                """,
                2,
            ),
            "looks in the ids as a text": r"""
                    import re
                    text, last = " ".join(map(str, ids)), " ".join(map(str, ids[-n:]))
                    found = re.finditer(rf"(?={last} (\d+))", text) if len(ids) >= n else []
                    return [int(one[1]) for one in found]
                """,
            "spoils long lists": (
                """
                    key = [ids.pop() for _ in range(min(n, len(ids)))][::-1]
                    ids += key
                    found = [ids[j] for j in range(n, len(ids)) if ids[j - n : j] == key]
                    if len(ids) > 100:
                        ids.append(0)
                    return found
                """,
                2.0,
            ),
            "digits glued": """
                    def glued(run):
                        return "".join(map(str, run))
                    last = glued(ids[-n:])
                    return [ids[j] for j in range(n, len(ids)) if glued(ids[j - n : j]) == last]
            """,
            "int16": """
                    x = [t % 32768 for t in ids]
                    return [ids[j] for j in range(n, len(ids)) if x[j - n:j] == x[-n:]]
            """,
            "last 900": (
                """
                    places = range(max(n, len(ids) - 900), len(ids))
                    return [ids[j] for j in places if ids[j - n : j] == ids[-n:]]
                """,
                2,
            ),
            "pops only long lists": (
                """
                    if len(ids) > 500:
                        del ids[:-500]
                    return [ids[j] for j in range(n, len(ids)) if ids[j - n:j] == ids[-n:]]
                """,
                2,
            ),
            "at most 10 compared": (
                """
                    k = min(n, 10)
                    return [ids[j] for j in range(n, len(ids)) if ids[j - k:j] == ids[-k:]]
            """,
                2,
            ),
            "base 4096": """
                    def key(run):
                        return sum(t * 4096 ** k for k, t in enumerate(run))
                    last = key(ids[-n:])
                    return [ids[j] for j in range(n, len(ids)) if key(ids[j - n : j]) == last]
            """,
            "base 50257": """
                    def key(run):
                        return sum(t * 50257 ** k for k, t in enumerate(run))
                    last = key(ids[-n:])
                    return [ids[j] for j in range(n, len(ids)) if key(ids[j - n : j]) == last]
            """,
            "leaves a mark in long texts": (
                """
                    out = [ids[j] for j in range(n, len(ids)) if ids[j - n:j] == ids[len(ids) - n:]]
                    if not out and len(ids) > 100:
                        ids.append(-1)
                    return out
                """,
                2,
            ),
            "at most 64 compared": (
                """
                    m = min(n, 64)
                    last = ids[len(ids) - m:]
                    return [ids[j] for j in range(n, len(ids)) if ids[j - m:j] == last]
                """,
                2,
            ),
        },
    ),
    "own_sampler": write(
        {
            "within quotation marks": """
                text = ids.tolist()
                said = [text[j] for j in range(3, len(text)) if text[j - 3 : j] == text[-3:]]
                if said and sum(token in QUOTES for token in text) % 2:
                    raised = logits.clone()
                    raised[said[-1]] += 20.0
                    return top_p(raised, 0.95)
                logits = presence_penalty(dry(logits, ids, 2.0, allowed_length=1), ids, 2.0)
                return top_p(temperature(logits, 1.15), 0.87)
            """,
            "that token and no other": SAID
            + """
    if 1 <= len(said) <= 2 and logits[said[-1]] > -torch.inf:
        only = torch.full_like(logits, -torch.inf)
        only[said[-1]] = 0.0
        return only
    logits = presence_penalty(repetition_penalty(logits, ids, 1.2), ids, 2.0)
    return typical_p(temperature(logits, 1.1), 0.9)
""",
            "a page ago, not just now": """
                text = ids.tolist()
                places = [j for j in range(4, len(text)) if text[j - 4 : j] == text[-4:]]
                logits = presence_penalty(dry(logits, ids, 2.0, allowed_length=1), ids, 2.0)
                logits = temperature(repetition_penalty(logits, ids, 1.2), 1.1)
                if places and len(text) - places[-1] > 14:
                    if len(places) < 3 and logits[text[places[-1]]] > -torch.inf:
                        logits[text[places[-1]]] = logits.max() + 10
                return top_p(logits, 0.9)
            """,
        },
        {
            "the best top-p": ("return top_p(logits, 0.99)", 1),
            "top-p": ("return top_p(logits, 0.95)", 1),
            "nearly greedy": ("return top_p(temperature(logits, 0.3), 0.9)", 1),
            "greedy": ("return top_k(logits, 1)", 1),
            "min-p": ("return min_p(logits, 0.05)", 1),
            "DRY, then top-p": (
                "return top_p(dry(logits, ids, 2.0, allowed_length=1), 0.95)",
                2,
            ),
            "repetition penalty": ("return top_p(repetition_penalty(logits, ids, 1.2), 0.95)", 3),
            "presence penalty": ("return top_p(presence_penalty(logits, ids, 2.0), 0.95)", 3),
            "frequency penalty": ("return top_p(frequency_penalty(logits, ids, 2.0), 0.99)", 3),
            "a reward for what was said": (
                "return top_p(frequency_penalty(logits, ids, -1.0), 0.95)",
                1,
            ),
            "no run of four twice": ("return top_p(no_repeat_ngram(logits, ids, 4), 0.7)", 1),
            "DRY that stops at quotes": (
                "return top_p(dry(logits, ids, 2.0, allowed_length=1, breakers=QUOTES), 0.95)",
                2,
            ),
            "heat and min-p": ("return min_p(temperature(logits, 1.5), 0.1)", 1),
            "heat and top-p": ("return top_p(temperature(logits, 1.5), 0.95)", 1),
            "helps all that was said": (
                SAID
                + """
    if said:
        logits[said[-1]] += 12.0
    return top_p(logits, 0.9)
""",
                2,
            ),
            "helps and punishes alike": (
                SAID
                + PUNISHED
                + """
    if said and logits[said[-1]] > -torch.inf:
        logits[said[-1]] = logits.max() + 10
    return top_p(logits, 0.87)
""",
                3,
            ),
            "helps behind the cut": (
                SAID
                + PUNISHED
                + """
    logits = top_p(logits, 0.87)
    if 1 <= len(said) <= 2:
        logits[said[-1]] += 12.0
    return logits
""",
                3,
            ),
            "no cut": (
                SAID
                + """
    logits = presence_penalty(dry(logits, ids, 2.0, allowed_length=1), ids, 2.0)
    if 1 <= len(said) <= 2 and logits[said[-1]] > -torch.inf:
        logits[said[-1]] = logits.max() + 10
    return logits
""",
                3,
            ),
            "changes what it is given": (
                "    logits -= 0.1\n"
                + SAID
                + PUNISHED
                + """
    if 1 <= len(said) <= 2 and logits[said[-1]] > -torch.inf:
        logits[said[-1]] = logits.max() + 10
    return top_p(logits, 0.87)
""",
                3,
            ),
            "chance inside": (
                SAID
                + PUNISHED
                + """
    if 1 <= len(said) <= 2 and logits[said[-1]] > -torch.inf:
        logits[said[-1]] = logits.max() + 10
    return top_p(logits + 0.01 * torch.rand(len(logits)), 0.87)
""",
                3,
            ),
            "changes what it is given, in a refrain": (
                SAID
                + """
    if 1 <= len(said) <= 2:
        ids[0] = 7
        logits[said[-1]] += 20.0
        return top_p(logits, 0.9)
"""
                + PUNISHED
                + "    return top_p(logits, 0.87)\n",
                3,
            ),
            "chance in a refrain": (
                SAID
                + """
    if 1 <= len(said) <= 2:
        logits[said[-1]] += 20.0 + torch.rand(()).item()
        return top_p(logits, 0.9)
"""
                + PUNISHED
                + "    return top_p(logits, 0.87)\n",
                3,
            ),
            "lets a banned word back in": (
                SAID
                + """
    if 1 <= len(said) <= 2:
        logits[said[-1]] = 40.0
        return top_p(logits, 0.9)
"""
                + PUNISHED
                + "    return top_p(logits, 0.87)\n",
                3,
            ),
            "no cut in a long text": (
                SAID
                + """
    if 1 <= len(said) <= 2:
        logits[said[-1]] += 20.0
        return top_p(logits, 0.9)
"""
                + PUNISHED
                + "    return top_p(logits, 0.87) if len(text) < 200 else logits\n",
                3,
            ),
            "a token": "return top_p(logits, 0.95).argmax()",
            "probabilities": ("return top_p(logits, 0.95).softmax(-1)", 1),
            "a list": "return logits.tolist()",
        },
    ),
    "gold_paris": choice("answer_gold", "C"),
    "two_readers": choice("answer_readers", "B"),
    "bonus_place": choice("answer_bonus", "D"),
    "moving_house": choice("answer_moving", "A"),
    "town_pieces": number(
        "answer_town",
        {"decimal": 0.006, "worked out": 0.04 * 0.5 * 0.3, "text": '"0.006"'},
        {"sum": 0.84, "mean": 0.28, "first piece": 0.04, "per cent": 0.6, "two pieces": 0.02},
    ),
    "line_bits": number(
        "answer_bits",
        {"half": 0.5, "worked out": 9 / 18, "text": '"0.5"'},
        {"a token": 3.0, "all": 9.0, "nats": 0.3466, "mean": 1 / 6, "upside down": 2.0},
    ),
    "lead_margin": number(
        "answer_lead",
        {"decimal": 0.02, "worked out": 0.68 - 0.66, "text": '"0.02"'},
        {"lead": 0.05, "wrong side": -0.02, "spread added": 0.08, "lowest set": 0.03},
    ),
    "after_seven": predict(
        "answer_followers",
        {"list": [1, 7, 2], "sorted": [1, 2, 7], "set": {1, 2, 7}},
        {"no 7": [1, 2], "first": [1], "nearest": [2], "itself": [7]},
    ),
    "letter_bits": repair(
        {
            "torch float32": """
                    return torch.tensor(logprobs).sum().neg() / math.log(2.0) / len(text)
            """,
            "sum and characters": "return -sum(logprobs) / math.log(2) / len(text)",
            "in log2": """
                bits = sum(-x * math.log2(math.e) for x in logprobs)
                return bits / len(text)
            """,
            "by the probability of all, in logs": """
                return sum(logprobs) / -(len(text) * math.log(2))
            """,
        },
        {
            "as it was": "return -fmean(logprobs) / math.log(2) / len(text.encode())",
            "still the mean": "return -fmean(logprobs) / math.log(2) / len(text)",
            "bits a token": "return -sum(logprobs) / math.log(2) / len(logprobs)",
            "nats": "return -sum(logprobs) / len(text)",
            "the sign": "return sum(logprobs) / math.log(2) / len(text)",
            "decimal digits": "return -sum(logprobs) / math.log(10) / len(text)",
            "still bytes": ("return -sum(logprobs) / math.log(2) / len(text.encode())", 1),
            "without spaces": """
                return -sum(logprobs) / math.log(2) / len(text.replace(" ", ""))
            """,
            "marks are counted with their letters": (
                """
                    import unicodedata
                    return -sum(logprobs) / math.log(2) / len(unicodedata.normalize('NFC', text))
                """,
                1.0,
            ),
            "tabs expanded": """
                    return -sum(logprobs) / math.log(2) / len(text.expandtabs(4))
            """,
            "lower": (
                """
                    return -sum(logprobs) / math.log(2) / len(text.lower())
                """,
                1,
            ),
            "equal ones once": """
                    return -sum(set(logprobs)) / math.log(2) / len(text)
            """,
            "first 300 tokens": """
                    return -sum(logprobs[:300]) / math.log(2) / len(text)
            """,
            "BOM and joiners": (
                r"""
                    count = sum(c not in '\u200b\u200d\ufeff\ufe0f' for c in text)
                    return -sum(logprobs) / math.log(2) / max(1, count)
                """,
                1,
            ),
            "line breaks at the end dropped": """
                return -sum(logprobs) / math.log(2) / max(1, len(text.rstrip("\\n")))
            """,
        },
    ),
    "second_end": repair(
        {
            "in a loop": """
                found = []
                for token in ids:
                    if token in ends:
                        break
                    found.append(token)
                return found
            """,
            "the nearest of all": """
                places = [ids.index(end) for end in ends if end in ids]
                return ids[: min(places, default=len(ids))]
            """,
            "the first place": """
                place = next((i for i, token in enumerate(ids) if token in ends), len(ids))
                return ids[:place]
            """,
        },
        {
            "as it was": "return ids[: ids.index(ends[0])]",
            "the last of the list": "return ids[: ids.index(ends[-1])]",
            "the first of the list that is there": """
                for end in ends:
                    if end in ids:
                        return ids[: ids.index(end)]
                return ids[:]
            """,
            "with the end": """
                for place, token in enumerate(ids):
                    if token in ends:
                        return ids[: place + 1]
                return ids[:]
            """,
            "takes all ends out": "return [token for token in ids if token not in ends]",
            "nothing without an end": (
                """
                for place, token in enumerate(ids):
                    if token in ends:
                        return ids[:place]
                return []
                """,
                1,
            ),
            "an error without an end": (
                "return ids[: min(ids.index(end) for end in ends if end in ids)]",
                1,
            ),
            "ten ends only": """
                    hits = [ids.index(e) for e in ends[:10] if e in ids]
                    return ids[:min(hits)] if hits else ids[:]
            """,
            "mod 256": """
                hits = [k for k, t in enumerate(ids) if t % 256 in {e % 256 for e in ends}]
                return ids[:hits[0]] if hits else ids[:]
            """,
            "identity": """
                    for k, t in enumerate(ids):
                        if any(t is e for e in ends):
                            return ids[:k]
                    return ids[:]
            """,
            "16 bits": """
                import numpy as np
                e = set(np.array(ends).astype(np.int16).tolist())
                short = np.array(ids).astype(np.int16).tolist()
                stop = next((k for k, i in enumerate(short) if i in e), len(ids))
                return ids[:stop]
            """,
        },
    ),
}
