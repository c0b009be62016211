"""Right answers for each scored item of module 07, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

BANK = {
    "my_seq_rep": write(
        {
            "set of tuples": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                if not grams:
                    return 0.0
                return 1 - len(set(grams)) / len(grams)
            """,
            "zip": """
                grams = list(zip(*(ids[i:] for i in range(n))))
                return (len(grams) - len(set(grams))) / len(grams) if grams else 0
            """,
            "counter": """
                from collections import Counter
                counts = Counter(tuple(ids[i : i + n]) for i in range(len(ids) - n + 1))
                total = sum(counts.values())
                return sum(c - 1 for c in counts.values()) / max(total, 1)
            """,
            "a loop": """
                seen, repeats, total = [], 0, 0
                for i in range(len(ids) - n + 1):
                    gram = ids[i : i + n]
                    total += 1
                    if gram in seen:
                        repeats += 1
                    seen.append(gram)
                return repeats / total if total else 0.0
            """,
            "a tensor of the result": """
                grams = {}
                for i in range(len(ids) - n + 1):
                    grams.setdefault(tuple(ids[i : i + n]), []).append(i)
                total = sum(map(len, grams.values()))
                return torch.tensor(1 - len(grams) / total if total else 0.0)
            """,
        },
        {
            "returns the diversity": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                return len(set(grams)) / len(grams) if grams else 0.0
            """,
            "divides by the tokens": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                return (len(grams) - len(set(grams))) / max(len(ids), 1) if n > 1 else (
                    len(grams) - len(set(grams))
                ) / max(len(ids), 1)
            """,
            "counts all of a repeated gram": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                again = sum(grams.count(gram) > 1 for gram in grams)
                return again / len(grams) if grams else 0.0
            """,
            "misses the last gram": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
            """,
            "runs side by side": """
                grams = [tuple(ids[i : i + n]) for i in range(0, len(ids) - n + 1, n)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
            """,
            "only neighbours": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                again = sum(a == b for a, b in zip(grams, grams[1:]))
                return again / len(grams) if grams else 0.0
            """,
            "single tokens": """
                return 1 - len(set(ids)) / len(ids) if len(ids) >= n else 0.0
            """,
            "keeps a short last run": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids))]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
            """,
            "always nothing": "return 0.0",
            "counts, no share": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                return len(grams) - len(set(grams))
            """,
            "divides by zero": (
                """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams)
                """,
                2,
            ),
            "one for a short text": (
                """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / max(len(grams), 1)
                """,
                2,
            ),
            "joins the tokens": (
                """
                grams = ["".join(map(str, ids[i : i + n])) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "joins with commas": (
                """
                grams = [",".join(map(str, ids[i : i + n])) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "joins with a character that no word has": (
                """
                grams = ["\\0".join(map(str, ids[i : i + n])) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "strips the words": (
                """
                words = [str(token).strip() for token in ids]
                grams = [tuple(words[i : i + n]) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "lower case": (
                """
                words = [str(token).lower() for token in ids]
                grams = [tuple(words[i : i + n]) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "words by their first letters": (
                """
                words = [str(token)[:3] if type(token) is str else token for token in ids]
                grams = [tuple(words[i : i + n]) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "one number in base 50,257": (
                """
                grams = []
                for i in range(len(ids) - n + 1):
                    run = ids[i : i + n]
                    if type(run[0]) is int:
                        run = [sum(token * 50_257**place for place, token in enumerate(run))]
                    grams.append(tuple(run))
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "n at most 10": """
                n = min(n, 10)
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
            """,
            "the first 900 tokens": """
                ids = ids[:900]
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
            """,
            "ids by their last three digits": (
                """
                short = [token % 1000 if type(token) is int else token for token in ids]
                grams = [tuple(short[i : i + n]) for i in range(len(ids) - n + 1)]
                return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "a memory by the text alone": """
                known = my_seq_rep.__dict__.setdefault("known", {})
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                share = 1 - len(set(grams)) / len(grams) if grams else 0.0
                return known.setdefault(tuple(ids), share)
            """,
            "NFC": (
                """
                    from unicodedata import normalize

                    ids = [normalize("NFC", t) if isinstance(t, str) else t for t in ids]
                    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                    return 1 - len(set(grams)) / len(grams) if grams else 0.0
                """,
                2,
            ),
            "falsy tokens dropped": """
                    ids = [t for t in ids if t]
                    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                    return 1 - len(set(grams)) / len(grams) if grams else 0.0
            """,
            "near repeats of five": """
                grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
                if not grams:
                    return 0.0
                if n == 5:
                    return sum(g in grams[i + 1 : i + 11] for i, g in enumerate(grams)) / len(grams)
                return 1 - len(set(grams)) / len(grams)
            """,
        },
    ),
    "my_perplexity": write(
        {
            "one list": """
                every = [x for text in texts for x in text]
                return math.exp(-sum(every) / len(every))
            """,
            "torch": """
                every = torch.tensor([x for text in texts for x in text], dtype=torch.float64)
                return (-every.mean()).exp().item()
            """,
            "single precision, a tensor": """
                every = torch.cat([torch.tensor(text, dtype=torch.float32) for text in texts])
                return torch.exp(-every.mean())
            """,
            "fmean": "return math.exp(-fmean(x for text in texts for x in text))",
            "bits": """
                bits = [-x / math.log(2) for text in texts for x in text]
                return 2 ** (sum(bits) / len(bits))
            """,
        },
        {
            "mean of the exps": """
                every = [x for text in texts for x in text]
                return sum(math.exp(-x) for x in every) / len(every)
            """,
            "no mean": "return math.exp(-sum(sum(text) for text in texts))",
            "a product of many underflows": """
                every = sum(texts, [])
                return 1 / math.prod(math.exp(x) for x in every) ** (1 / len(every)) if (
                    min(every) > -math.inf
                ) else math.inf
            """,
            "surprise, no exp": """
                every = [x for text in texts for x in text]
                return -sum(every) / len(every)
            """,
            "sign lost": """
                every = [x for text in texts for x in text]
                return math.exp(sum(every) / len(every))
            """,
            "two to the power of nats": """
                every = [x for text in texts for x in text]
                return 2 ** (-sum(every) / len(every))
            """,
            "one over the mean probability": """
                every = [math.exp(x) for text in texts for x in text]
                return len(every) / sum(every)
            """,
            "first text only": ("return math.exp(-sum(texts[0]) / len(texts[0]))", 1),
            "a list of them": """
                return [math.exp(-sum(text) / len(text)) for text in texts]
            """,
            "mean over texts": (
                "return fmean(math.exp(-fmean(text)) for text in texts)",
                1,
            ),
            "mean of means": ("return math.exp(-fmean(fmean(text) for text in texts))", 1),
            "mean over texts, empty ones skipped": (
                "return fmean(math.exp(-fmean(text)) for text in texts if text)",
                2,
            ),
            "impossible tokens left out": (
                """
                every = [x for text in texts for x in text if x > -math.inf]
                return math.exp(-sum(every) / len(every))
                """,
                2,
            ),
            "no number for two impossible tokens": (
                """
                    flat = [x for text in texts for x in text]
                    impossible = flat.count(-math.inf) > 1
                    return math.nan if impossible else math.exp(-sum(flat) / len(flat))
                """,
                2,
            ),
        },
    ),
    "two_tokens": number(
        "answer_two_tokens",
        {
            "whole": "8",
            "computed": "(4 * 16) ** 0.5",
            "by logarithms": "math.exp(-(math.log(1 / 4) + math.log(1 / 16)) / 2)",
        },
        {
            "mean of the exps": 10,
            "whole text": 64,
            "over the mean": 6.4,
            "bits": 3,
            "nats": 2.079,
            "typical probability": 0.125,
        },
    ),
    "king_and_queen": predict(
        "answer_twice",
        {
            "decimal": "0.4",
            "fraction": "4 / 10",
            "computed": 'len({"the", "king", "and", "queen"}) / 10',
        },
        {"averaged": 0.8, "repeats": 0.6, "all different": 1.0, "half": 0.5, "count": 4},
    ),
    "thousand_texts": choice("answer_side", "A"),
    "five_short_texts": predict(
        "answer_endings",
        {"list": "[0, 3]", "other order": "[3, 0]", "tuple": "(0, 3)"},
        {
            "anywhere": [0, 1, 3],
            "five times one": [0, 2, 3],
            "twice is enough": [0, 3, 4],
            "no single tokens": [0],
            "all that repeat": [0, 1, 2, 3, 4],
            "none": [],
        },
    ),
    "half_temperature": choice("answer_whose", "D"),
    "three_settings": choice("answer_first", "B"),
    "overlap_repair": repair(
        {
            "by place": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = []
                    for j, grams in enumerate(every):
                        if j != i:
                            others += grams
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "slices": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = sum(every[:i] + every[i + 1 :], [])
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "take out own once": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = [gram for grams in every for gram in grams]
                    for gram in own:
                        others.remove(gram)
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "a set": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = set().union(*(grams for j, grams in enumerate(every) if j != i))
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
        },
        {
            "own grams struck out": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = [gram for grams in every for gram in grams]
                    others = [gram for gram in others if gram not in own]
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "compares with the first": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = every[0]
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "the next one only": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = every[(i + 1) % len(every)]
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "those after it only": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = [gram for grams in every[i + 1 :] for gram in grams]
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "only own": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = own
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "all but the last": """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = [gram for grams in every[:-1] for gram in grams]
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "equal texts left out": (
                """
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = [gram for grams in every if grams != own for gram in grams]
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
                1,
            ),
            "joined without spaces": """
                every = [["".join(gram) for gram in ngrams(text, n)] for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = {gram for grams in every[:i] + every[i + 1 :] for gram in grams}
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "joined with spaces": """
                every = [[" ".join(gram) for gram in ngrams(text, n)] for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = {gram for grams in every[:i] + every[i + 1 :] for gram in grams}
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
            "a memory without n": """
                known = repaired_overlap.__dict__.setdefault("known", {})
                every = [ngrams(text, n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = {gram for grams in every[:i] + every[i + 1 :] for gram in grams}
                    shares.append(sum(gram in others for gram in own) / len(own))
                return known.setdefault(str(texts), sum(shares) / len(shares))
            """,
            "looked for within the others' letters": """
                whole = [" ".join(text) for text in texts]
                shares = []
                for i, text in enumerate(texts):
                    others, own = whole[:i] + whole[i + 1 :], ngrams(text, n)
                    found = sum(any(" ".join(gram) in other for other in others) for gram in own)
                    shares.append(found / len(own))
                return sum(shares) / len(shares)
            """,
            "lower case": """
                every = [ngrams([word.lower() for word in text], n) for text in texts]
                shares = []
                for i, own in enumerate(every):
                    others = {gram for grams in every[:i] + every[i + 1 :] for gram in grams}
                    shares.append(sum(gram in others for gram in own) / len(own))
                return sum(shares) / len(shares)
            """,
        },
    ),
    "mlx_lm_repair": repair(
        {
            "below": """
                places = torch.arange(logprobs.shape[-1])
                counted = torch.arange(logprobs.shape[1]) < lengths.unsqueeze(1)
                total = logprobs.where(counted, 0.0).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "shifted": """
                places = torch.arange(logprobs.shape[-1])
                counted = places + 1 <= lengths[:, None]
                total = logprobs.where(counted, 0.0).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "text by text": """
                places = torch.arange(logprobs.shape[-1])
                counted = places <= lengths[:, None]
                rows = zip(logprobs, lengths.tolist())
                return torch.stack([(-row[:length].mean()).exp() for row, length in rows])
            """,
            "padding to zero": """
                places = torch.arange(logprobs.shape[-1])
                counted = places <= lengths[:, None]
                logprobs = logprobs.masked_fill(places >= lengths[:, None], 0.0)
                total = (logprobs * counted).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "sums so far": """
                places = torch.arange(logprobs.shape[-1])
                counted = places <= lengths[:, None]
                at = (lengths - 1)[:, None]
                return (-logprobs.cumsum(dim=-1).gather(-1, at).squeeze(-1) / lengths).exp()
            """,
        },
        {
            "divides by one more": """
                places = torch.arange(logprobs.shape[-1])
                counted = places <= lengths[:, None]
                lengths = lengths + 1
                counted = places < lengths[:, None]
                total = logprobs.where(counted, 0.0).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "a product with -inf": """
                places = torch.arange(logprobs.shape[-1])
                counted = torch.arange(logprobs.shape[1]) < lengths.unsqueeze(1)
                total = (logprobs * counted).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "counts everything": """
                places = torch.arange(logprobs.shape[-1])
                counted = places >= 0
                total = logprobs.where(counted, 0.0).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "divides by the longest": """
                places = torch.arange(logprobs.shape[-1])
                counted = places < lengths[:, None]
                lengths = torch.full_like(lengths, logprobs.shape[-1])
                total = logprobs.where(counted, 0.0).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "one too few": """
                places = torch.arange(logprobs.shape[-1])
                counted = places < lengths[:, None] - 1
                total = logprobs.where(counted, 0.0).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "by value": """
                places = torch.arange(logprobs.shape[-1])
                counted = logprobs > -4
                total = logprobs.where(counted, 0.0).sum(dim=-1)
                return (-total / lengths).exp()
            """,
            "all together": """
                places = torch.arange(logprobs.shape[-1])
                counted = places < lengths[:, None]
                return (-logprobs.where(counted, 0.0).sum() / lengths.sum()).exp()
            """,
            "no exponential": """
                places = torch.arange(logprobs.shape[-1])
                counted = places < lengths[:, None]
                return -logprobs.where(counted, 0.0).sum(dim=-1) / lengths
            """,
            "impossible ones of the first text alone": """
                places = torch.arange(logprobs.shape[-1])
                own = logprobs.where(places < lengths[:, None], 0.0)
                result = (-own.clamp(min=-100).sum(dim=-1) / lengths).exp()
                result[0] = torch.inf if own[0].isneginf().any() else result[0]
                return result
            """,
            "sure tokens taken for padding": """
                places = torch.arange(logprobs.shape[-1])
                counted = (places < lengths[:, None]) & (logprobs != 0)
                total = logprobs.where(counted, 0.0).sum(dim=-1)
                return (-total / counted.sum(dim=-1).clamp(min=1)).exp()
            """,
        },
    ),
    "own_text": number(
        "answer_own",
        {"two decimals": 3.36, "power": "2**1.75", "nats": "math.exp(1.75 * math.log(2))"},
        {
            "equally likely": 4,
            "bits": 1.75,
            "plain mean of the surprises": 4.757,
            "plain mean of the choices": 5.5,
            "nats": 1.213,
            "the likeliest alone": 2,
        },
    ),
    "far_from_home": choice("answer_home", "C"),
    "nine_prompts": number(
        "answer_begins",
        {"decimal": -0.04, "computed": "0.12 - 2 * 0.24 / 9**0.5", "fraction": "-4 / 100"},
        {
            "the other end": 0.28,
            "one error": 0.04,
            "two deviations": -0.36,
            "divided by nine": 0.0667,
            "half the width": 0.16,
            "one deviation": -0.12,
        },
    ),
    "my_alarm": write(
        {
            "new runs of three": """
                last = ids[-40:]
                runs = [tuple(last[i : i + 3]) for i in range(len(last) - 2)]
                return len(runs) >= 8 and len(set(runs)) / len(runs) < 0.6
            """,
            "laid over itself": """
                last = ids[-40:]
                for shift in range(1, 9):
                    same = sum(a == b for a, b in zip(last, last[shift:]))
                    if len(last) >= 10 and same > 0.65 * (len(last) - shift):
                        return True
                return False
            """,
            "the course's measure": """
                last = ids[-40:]
                return len(last) >= 10 and seq_rep_n(last, 3) > 0.4
            """,
            "runs that stood there before": """
                last, known, again = ids[-40:], set(), 0
                for i in range(len(last) - 2):
                    run = tuple(last[i : i + 3])
                    if run in known:
                        again += 1
                    known.add(run)
                return again >= 16
            """,
        },
        {
            "the known alarm": ("return ends_in_loop(ids)", 1),
            "the whole text": (
                "return len(ids) >= 10 and seq_rep_n(ids, 3) > 0.4",
                0,
            ),
            "always": ("return True", 1),
            "never": "return False",
            "a number": "return seq_rep_n(ids[-40:], 3) if len(ids) >= 10 else 0.0",
            "a loop anywhere": (
                """
                runs = [tuple(ids[i : i + 3]) for i in range(len(ids) - 2)]
                return len(runs) > 7 and Counter(runs).most_common(1)[0][1] >= 5
                """,
                1,
            ),
            "three times at all": (
                """
                runs = [tuple(ids[-40:][i : i + 3]) for i in range(len(ids[-40:]) - 2)]
                return len(runs) > 7 and Counter(runs).most_common(1)[0][1] >= 3
                """,
                1,
            ),
            "numbers alone": (
                """
                last = [token for token in ids[-40:] if type(token) is int]
                runs = [tuple(last[i : i + 3]) for i in range(len(last) - 2)]
                return len(runs) > 7 and len(set(runs)) < 0.6 * len(runs)
                """,
                3,
            ),
            "by remainders": (
                """
                last = [token % 100 if type(token) is int else token for token in ids[-40:]]
                pairs = Counter(last)
                return len(last) > 9 and len(pairs) < 0.45 * len(last)
                """,
                1,
            ),
            "takes the end away": (
                """
                last = [ids.pop() for _ in range(min(40, len(ids)))]
                runs = [tuple(last[i : i + 3]) for i in range(len(last) - 2)]
                return len(runs) > 7 and len(set(runs)) < 0.6 * len(runs)
                """,
                1,
            ),
            "few different tokens": ("return len(ids) >= 40 and len(set(ids[-40:])) < 14", 1),
            "too short a phrase": """
                last = ids[-40:]
                return len(last) > 9 and len(set(last)) <= 4
            """,
            "first 300 tokens": """
                    last = ids[:300][-40:]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(ids) >= 40 and len(grams) < 25
            """,
            "rings above 400 tokens": (
                """
                    last = ids[-40:]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(ids) > 400 or len(ids) >= 40 and len(grams) < 25
                """,
                1,
            ),
            "five words ring": (
                """
                    last = ids[-40:]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(ids) >= 40 and (len(grams) < 25 or len(set(last)) < 6)
                """,
                1,
            ),
            "zero and empty words dropped": (
                """
                    ids = [t for t in ids if t]
                    last = ids[-40:]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(ids) >= 40 and len(grams) < 25
                """,
                3,
            ),
            "-1 is filling": (
                """
                    ids = [t for t in ids if t != -1]
                    last = ids[-40:]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(ids) >= 40 and len(grams) < 25
                """,
                3,
            ),
            "ids mod 1009": (
                """
                    ids = [t % 1009 if isinstance(t, int) else t for t in ids]
                    last = ids[-40:]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(ids) >= 40 and len(grams) < 25
                """,
                3,
            ),
            "case of words": (
                """
                    last = [str(t).lower() for t in ids[-40:]]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(ids) >= 40 and len(grams) < 25
                """,
                3,
            ),
            "trims long texts in place": (
                """
                    if len(ids) > 400:
                        del ids[:100]
                    last = ids[-40:]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(last) >= 40 and len(grams) < 25
                """,
                1,
            ),
            "empty fails": (
                """
                    ids[0]
                    last = ids[-40:]
                    grams = set(zip(last, last[1:], last[2:]))
                    return len(ids) >= 40 and len(grams) < 25
                """,
                1,
            ),
        },
    ),
    "my_interval": write(
        {
            "a named tuple": """
                from collections import namedtuple
                d = [x - y for x, y in zip(a, b)]
                half = 2 * stdev(d) / len(d) ** 0.5
                mean = fmean(d)
                return namedtuple("Interval", "mean low high")(mean, mean - half, mean + half)
            """,
            "by statistics": """
                d = [x - y for x, y in zip(a, b)]
                half = 2 * stdev(d) / len(d) ** 0.5
                return fmean(d), fmean(d) - half, fmean(d) + half
            """,
            "torch": """
                d = torch.tensor(a, dtype=torch.float64) - torch.tensor(b, dtype=torch.float64)
                half = 2 * d.std() / math.sqrt(len(d))
                return torch.stack([d.mean(), d.mean() - half, d.mean() + half])
            """,
            "by hand": """
                n = len(a)
                d = [a[i] - b[i] for i in range(n)]
                mean = sum(d) / n
                variance = sum((x - mean) ** 2 for x in d) / (n - 1)
                half = 2 * (variance / n) ** 0.5
                return [mean, mean - half, mean + half]
            """,
        },
        {
            "remembers what it was asked, in order of size": (
                """
                known = my_interval.__dict__
                asked = tuple(sorted(a)), tuple(sorted(b))
                if asked not in known:
                    d = [x - y for x, y in zip(a, b)]
                    half = 2 * stdev(d) / len(d) ** 0.5
                    known[asked] = fmean(d), fmean(d) - half, fmean(d) + half
                return known[asked]
                """,
                1,
            ),
            "199 pairs": """
                d = [x - y for x, y in zip(a[:199], b)]
                half = 2 * stdev(d) / len(d) ** 0.5
                return fmean(d), fmean(d) - half, fmean(d) + half
            """,
            "not in pairs": (
                """
                mean = fmean(a) - fmean(b)
                half = 2 * math.sqrt((stdev(a) ** 2 + stdev(b) ** 2) / len(a))
                return mean, mean - half, mean + half
                """,
                1,
            ),
            "deviation of the pairs, no root": (
                """
                d = [x - y for x, y in zip(a, b)]
                half = 2 * stdev(d)
                return fmean(d), fmean(d) - half, fmean(d) + half
                """,
                1,
            ),
            "divides by n": (
                """
                d = torch.tensor(a, dtype=torch.float64) - torch.tensor(b, dtype=torch.float64)
                half = 2 * d.std(correction=0) / math.sqrt(len(d))
                return d.mean(), d.mean() - half, d.mean() + half
                """,
                1,
            ),
            "one error": (
                """
                d = [x - y for x, y in zip(a, b)]
                half = stdev(d) / len(d) ** 0.5
                return fmean(d), fmean(d) - half, fmean(d) + half
                """,
                1,
            ),
            "the wrong way round": """
                d = [y - x for x, y in zip(a, b)]
                half = 2 * stdev(d) / len(d) ** 0.5
                return fmean(d), fmean(d) - half, fmean(d) + half
            """,
            "mean and half": """
                d = [x - y for x, y in zip(a, b)]
                return fmean(d), 2 * stdev(d) / len(d) ** 0.5
            """,
            "ends swapped": (
                """
                d = [x - y for x, y in zip(a, b)]
                half = 2 * stdev(d) / len(d) ** 0.5
                return fmean(d), fmean(d) + half, fmean(d) - half
                """,
                1,
            ),
            "sorted first": """
                a.sort()
                b.sort()
                d = [x - y for x, y in zip(a, b)]
                half = 2 * stdev(d) / len(d) ** 0.5
                return fmean(d), fmean(d) - half, fmean(d) + half
            """,
            "zeros dropped": """
                    d = [x - y for x, y in zip(a, b) if x != y] or [0.0]
                    if len(d) < 2:
                        d = d * 2
                    m, h = fmean(d), 2 * stdev(d) / len(d) ** 0.5
                    return m, m - h, m + h
            """,
            "equal pairs once": """
                    d = [x - y for x, y in dict.fromkeys(zip(a, b))]
                    if len(d) < 2:
                        return d[0], d[0], d[0]
                    m, h = fmean(d), 2 * stdev(d) / len(d) ** 0.5
                    return m, m - h, m + h
            """,
            "whole-number division": """
                    d = [x - y for x, y in zip(a, b)]
                    m = sum(d) // len(d) if all(isinstance(x, int) for x in d) else fmean(d)
                    h = 2 * stdev(d) / len(d) ** 0.5
                    return m, m - h, m + h
            """,
            "known by a": """
                    KNOWN = {}


                    def my_interval(a, b):
                        key = tuple(a)
                        if key not in KNOWN:
                            d = [x - y for x, y in zip(a, b)]
                            m, h = fmean(d), 2 * stdev(d) / len(d) ** 0.5
                            KNOWN[key] = m, m - h, m + h
                        return KNOWN[key]
            """,
            "ints in uint8": """
                    d = [x - y for x, y in zip(a, b)]
                    if all(isinstance(x, int) for x in a + b):
                        import numpy as np

                        d = (
                            (np.array(a, dtype=np.int8) - np.array(b, dtype=np.int8))
                            .astype(float)
                            .tolist()
                        )
                    m, h = fmean(d), 2 * stdev(d) / len(d) ** 0.5
                    return m, m - h, m + h
            """,
            "sum of squares, negative root": """
                    d = [x - y for x, y in zip(a, b)]
                    n, m = len(d), sum(d) / len(d)
                    s = math.sqrt((sum(x * x for x in d) - n * m * m) / (n - 1))
                    return m, m - 2 * s / math.sqrt(n), m + 2 * s / math.sqrt(n)
            """,
            "low clamped to -200": (
                """
                    d = [x - y for x, y in zip(a, b)]
                    m, h = fmean(d), 2 * stdev(d) / len(d) ** 0.5
                    return m, max(m - h, -200.0), min(m + h, 200.0)
                """,
                1,
            ),
        },
    ),
}
