"""Right answers for each scored item of module 08, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

# The parts of `apply_in_order`, so that each wrong one below differs from the right one in one.
ORDERED = """
    for name, value in steps:
        if name == "frequency_penalty":
            {penalty}
        elif name == "temperature" and {is_zero}:
            {zero}
        elif name == "temperature":
            {divide}
        elif name == "top_k":
            {top_k}
        elif name == "top_p":
            probs, order = {measured}.softmax(dim=-1).sort(descending=True)
            before = probs.cumsum(dim=-1) - probs
            logits = logits.index_fill(0, order[{cut}], -torch.inf)
    return logits
"""
PARTS = {
    "penalty": "logits = logits - value * torch.bincount(ids, minlength=len(logits))",
    "is_zero": "value == 0",
    "zero": "logits = logits.masked_fill(logits < logits.max(), -torch.inf)",
    "divide": "logits = logits / value",
    "top_k": "logits = logits.masked_fill(logits < logits.topk(value).values[-1], -torch.inf)",
    "measured": "logits",
    "cut": "before >= value",
}

# The same for `my_pick`: the best recipe, if it lies so many standard errors above the old one.
PICKER = """
{before}
best, most = None, 0
for place, numbers in enumerate(new):
    d = [b - a for a, b in zip(old, numbers)]
    errors = fmean(d) / (stdev(d) / math.sqrt(len(d)))
    errors = {errors}
    if {better}:
        best, most = place, errors
return best if most > ({bar}) else None
"""
PICKED = {"before": "", "errors": "errors", "better": "errors > most", "bar": "3"}

# What each knob of `my_resolver` gets.
RESOLVED = """
used = {name: (value, "engine") for name, value in engine.items()}
for who, says in (("model file", model_file), ("request", request)):
    for name, value in says.items():
        if value is not None and name in engine:
            used[name] = value, who
        elif value is not None and who == "request":
            used[name] = value, "ignored"
"""

MEMORY = """
known = globals().setdefault("known_logits", {})
key = KEY
if key in known:
    return known[key]
"""


def ordered(before: str = "", **parts: str) -> str:
    return f"{before}\n" + ORDERED.format(**PARTS | parts).replace("\n    ", "\n").strip("\n")


def picker(**parts: str) -> str:
    return PICKER.format(**PICKED | parts)


def remembered(key: str) -> str:
    """One that gives again what it gave for this key, whatever else it was given."""
    return ordered(before=MEMORY.replace("KEY", key)).replace(
        "return logits", "known[key] = logits\nreturn logits"
    )


BANK = {
    "invoice_settings": choice("answer_recipe", "C"),
    "one_line_two_knobs": predict(
        "answer_kept",
        {"list": "[0, 1]", "other order": "[1, 0]", "tuple": "(0, 1)", "set": "{0, 1}"},
        {
            "T first": [0, 1, 2],
            "crossing token dropped": [0],
            "nothing cut": [0, 1, 2, 3],
            "cut ones": [2, 3],
            "twice": [0, 1, 1],
            "none": [],
        },
    ),
    "min_p_on_vllm": number(
        "answer_stay",
        {"whole": "3", "float": "3.0", "counted": "sum(gap / 2 <= 2.3 for gap in (0, 2, 3, 5))"},
        {"T last": 2, "all": 4, "multiplied": 1, "cut instead": -1, "none": 0},
    ),
    "writing_assistant": choice("answer_doubled", "B"),
    "five_numbers": predict(
        "answer_totals",
        {
            "text": "'1.0 3.0'",
            "computed": "f'{1.0} {3.0}'",
            "spaces": "'  1.0   3.0 '",
            "comma": "'1.0, 3.0'",
        },
        {
            "as on paper": "'3.0 3.0'",
            "all ones lost": "'0.0 3.0'",
            "only one lost": "'2.0 3.0'",
            "order ignored": "'1.0 1.0'",
            "other way": "'3.0 1.0'",
            "whole numbers": "'1 3'",
            "a number": 1.03,
            "empty": "''",
        },
    ),
    "service_check": choice("answer_same", "A"),
    "search_without_prize": number(
        "answer_search",
        {"two decimals": 0.22, "computed": "1 - (39 / 40) ** 10"},
        {
            "added up": 0.25,
            "one recipe": 0.025,
            "none": 0.776,
            "both sides": 0.4,
            "percent": 22.4,
            "to the power": "(1 / 40) ** 10",
        },
    ),
    "fish_speech_change": choice("answer_fewer", "D"),
    "request_repair": repair(
        {
            "is None": """
                request = {
                    "temperature": 1.0 if temperature is None else temperature,
                    "top_p": 1.0 if top_p is None else top_p,
                }
                return request
            """,
            "defaults first": """
                request = {"temperature": 1.0, "top_p": 1.0}
                if temperature is not None:
                    request["temperature"] = temperature
                if top_p is not None:
                    request["top_p"] = top_p
                return request
            """,
            "put back": """
                request = {"temperature": temperature or 1.0, "top_p": top_p or 1.0}
                for name, value in zip(request, (temperature, top_p)):
                    if value == 0:
                        request[name] = value
                return request
            """,
            "loop, early return": """
                request = {"temperature": temperature or 1.0, "top_p": top_p or 1.0}
                given = {"temperature": temperature, "top_p": top_p}
                return {name: 1.0 if x is None else x for name, x in given.items()}
            """,
        },
        {
            "T put back, p not": """
                request = {"temperature": temperature or 1.0, "top_p": top_p or 1.0}
                if temperature == 0:
                    request["temperature"] = temperature
                return request
            """,
            "zero for nothing": """
                request = {"temperature": temperature or 0.0, "top_p": top_p or 1.0}
                return request
            """,
            "no default": """
                request = {"temperature": temperature, "top_p": top_p}
                return request
            """,
            "always 0": """
                request = {"temperature": temperature or 1.0, "top_p": top_p or 1.0}
                request["temperature"] = 0.0
                return request
            """,
            "leaves out None": """
                request = {"temperature": temperature, "top_p": top_p}
                request = {name: x for name, x in request.items() if x is not None}
                return request
            """,
            "tiny": """
                request = {"temperature": temperature or 1.0, "top_p": top_p or 1.0}
                request["temperature"] = temperature or 1e-5
                return request
            """,
            "as text": """
                request = {"temperature": temperature or 1.0, "top_p": top_p or 1.0}
                request = {name: str(x) for name, x in request.items()}
                return request
            """,
            "p lost": """
                request = {"temperature": temperature, "top_p": 1.0}
                return request
            """,
            "nothing negative": """
                def sent(x):
                    return 1.0 if x is None else max(x, 0)

                return {"temperature": sent(temperature), "top_p": sent(top_p)}
            """,
            "a default for what is negative": """
                temperature = temperature if temperature is None or temperature >= 0 else None
                return {
                    "temperature": 1.0 if temperature is None else temperature,
                    "top_p": 1.0 if top_p is None else top_p,
                }
            """,
            "p up to 1": """
                return {
                    "temperature": 1.0 if temperature is None else temperature,
                    "top_p": 1.0 if top_p is None else min(top_p, 1.0),
                }
            """,
            "up to 100": """
                def sent(x):
                    return 1.0 if x is None else min(x, 100)

                return {"temperature": sent(temperature), "top_p": sent(top_p)}
            """,
            "tiny is zero": """
                def sent(x):
                    return 1.0 if x is None else 0.0 if abs(x) < 1e-9 else x

                return {"temperature": sent(temperature), "top_p": sent(top_p)}
            """,
            "nearly one is one": """
                def sent(x):
                    return 1.0 if x is None else 1.0 if abs(x - 1) < 1e-6 else x

                return {"temperature": sent(temperature), "top_p": sent(top_p)}
            """,
        },
    ),
    "vllm_proposal_repair": repair(
        {
            "a generator a row": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds]
                )
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "the global generator": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.stack([torch.rand((), generator=generator) for _ in seeds])
                numbers = []
                for seed in seeds:
                    torch.manual_seed(seed)
                    numbers.append(torch.rand(1).item())
                u = torch.tensor(numbers)
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "one generator, seeded anew": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.cat([torch.rand(1, generator=generator.manual_seed(s)) for s in seeds])
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "row by row, early return": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.stack([torch.rand((), generator=generator) for _ in seeds])
                drawn = []
                for row, seed in zip(probs, seeds):
                    x = torch.rand((), generator=torch.Generator().manual_seed(seed)).item()
                    token = 0
                    while row[: token + 1].cumsum(0)[-1] <= x:
                        token += 1
                    drawn.append(token)
                return drawn
            """,
        },
        {
            "first seed for all rows": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.rand((), generator=generator.manual_seed(seeds[0])).repeat(len(seeds))
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "seed of the sum": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.stack([torch.rand((), generator=generator) for _ in seeds])
                generator.manual_seed(sum(seeds))
                u = torch.rand(len(seeds), generator=generator)
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "seed plus place": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.stack(
                    [
                        torch.rand((), generator=torch.Generator().manual_seed(s + i))
                        for i, s in enumerate(seeds)
                    ]
                )
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "last seed": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.stack([torch.rand((), generator=generator) for _ in seeds])
                for seed in seeds:
                    generator.manual_seed(seed)
                u = torch.rand(len(seeds), generator=generator)
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "no luck": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.full((len(seeds),), 0.5)
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "another number of the seed": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.stack(
                    [torch.rand(2, generator=torch.Generator().manual_seed(s))[1] for s in seeds]
                )
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "returns the numbers": """
                generator = torch.Generator().manual_seed(seeds[0])
                u = torch.stack([torch.rand((), generator=generator) for _ in seeds])
                return torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds]
                )
            """,
            "equal is enough": """
                u = torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds]
                )
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None]).squeeze(-1)
            """,
            "shares of 0 left out": """
                u = torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds]
                )
                drawn = []
                for row, x in zip(probs, u):
                    drawn.append(torch.searchsorted(row[row > 0].cumsum(0), x, right=True))
                return torch.stack(drawn)
            """,
            "another seed for 0": """
                u = torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s or 1)) for s in seeds]
                )
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "seeds of 31 bits": """
                u = torch.stack(
                    [
                        torch.rand((), generator=torch.Generator().manual_seed(s % 2**31))
                        for s in seeds
                    ]
                )
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "a hundred tokens": """
                u = torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds]
                )
                drawn = torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
                return drawn.clamp(max=99)
            """,
            "a hundred rows": """
                seeds = [seeds[min(i, 99)] for i in range(len(seeds))]
                u = torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds]
                )
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "a little more": """
                u = torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds]
                )
                u = u + 1e-6
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
            """,
            "one row loses its dimension": """
                u = torch.stack(
                    [torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds]
                )
                return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze()
            """,
        },
    ),
    "my_resolver": write(
        {
            "voice over voice": RESOLVED + "return used",
            "knob by knob": """
                used = {}
                for name, default in engine.items():
                    if request.get(name) is not None:
                        used[name] = (request[name], "request")
                    elif model_file.get(name) is not None:
                        used[name] = (model_file[name], "model file")
                    else:
                        used[name] = (default, "engine")
                for name, value in request.items():
                    if value is not None and name not in engine:
                        used[name] = (value, "ignored")
                return used
            """,
            "without what says nothing": """
                request = {k: v for k, v in request.items() if v is not None}
                model_file = {k: v for k, v in model_file.items() if v is not None}
                of_file = {k: v for k, v in model_file.items() if k in engine}
                merged = {**engine, **of_file, **request}

                def who(name):
                    if name not in engine:
                        return "ignored"
                    if name in request:
                        return "request"
                    return "model file" if name in model_file else "engine"

                return {name: [value, who(name)] for name, value in merged.items()}
            """,
        },
        {
            "or": (
                """
                used = {}
                for name, default in engine.items():
                    value = request.get(name) or model_file.get(name) or default
                    who = "request" if request.get(name) else "engine"
                    who = "model file" if who == "engine" and model_file.get(name) else who
                    used[name] = (value, who)
                for name in request.keys() - engine.keys():
                    if request[name] is not None:
                        used[name] = (request[name], "ignored")
                return used
                """,
                1,
            ),
            "the file first": """
                used = {name: (value, "engine") for name, value in engine.items()}
                for who, says in (("request", request), ("model file", model_file)):
                    used |= {n: (v, who) for n, v in says.items() if v is not None and n in engine}
                return used
            """,
            "None counts": (
                """
                used = {name: (value, "engine") for name, value in engine.items()}
                for who, says in (("model file", model_file), ("request", request)):
                    for name, value in says.items():
                        if name in engine:
                            used[name] = value, who
                        elif who == "request":
                            used[name] = value, "ignored"
                return used
                """,
                1,
            ),
            "others are taken": (
                """
                used = {name: (value, "engine") for name, value in engine.items()}
                for who, says in (("model file", model_file), ("request", request)):
                    used |= {n: (v, who) for n, v in says.items() if v is not None}
                return used
                """,
                2,
            ),
            "others are dropped": (
                """
                used = {name: (value, "engine") for name, value in engine.items()}
                for who, says in (("model file", model_file), ("request", request)):
                    used |= {n: (v, who) for n, v in says.items() if v is not None and n in engine}
                return used
                """,
                2,
            ),
            "the file's others are ignored aloud": (
                """
                used = {name: (value, "engine") for name, value in engine.items()}
                for who, says in (("model file", model_file), ("request", request)):
                    for n, v in says.items():
                        if v is not None:
                            used[n] = v, who if n in engine else "ignored"
                return used
                """,
                2,
            ),
            "above zero": (
                """
                used = {name: (value, "engine") for name, value in engine.items()}
                for who, says in (("model file", model_file), ("request", request)):
                    for n, v in says.items():
                        if v is not None and v >= 0 and n in engine:
                            used[n] = v, who
                        elif v is not None and who == "request" and n not in engine:
                            used[n] = v, "ignored"
                return used
                """,
                1,
            ),
            "the same as the file is the file's": (
                """
                used = {name: (value, "engine") for name, value in engine.items()}
                for who, says in (("request", request), ("model file", model_file)):
                    for n, v in says.items():
                        if v is not None and n in engine and used[n][1] == "engine":
                            used[n] = v, "model file" if model_file.get(n) == v else who
                        elif v is not None and who == "request" and n not in engine:
                            used[n] = v, "ignored"
                return used
                """,
                0,
            ),
            "eight knobs": "engine = dict(list(engine.items())[:8])" + RESOLVED + "return used",
            "nothing with _ in front": RESOLVED
            + "return {name: said for name, said in used.items() if not name.startswith('_')}",
            "values alone": "return {**engine, **model_file, **request}",
            "writes into the engine's": (
                """
                for name, value in engine.items():
                    engine[name] = (value, "engine")
                for who, says in (("model file", model_file), ("request", request)):
                    for name, value in says.items():
                        if value is not None and name in engine and engine[name][1] != "ignored":
                            engine[name] = value, who
                        elif value is not None and who == "request":
                            engine[name] = value, "ignored"
                return engine
                """,
                2,
            ),
        },
    ),
    "my_pick": write(
        {
            "three standard errors": """
                best, most = None, 3.0
                for place, numbers in enumerate(new):
                    d = [b - a for a, b in zip(old, numbers)]
                    errors = fmean(d) / (stdev(d) / math.sqrt(len(d)))
                    if errors > most:
                        best, most = place, errors
                return best
            """,
            "two and a half standard errors": picker(bar="2.5"),
            "four standard errors": picker(bar="4"),
            "as many as there are recipes": """
                from statistics import NormalDist
                bar = 1.1 * NormalDist().inv_cdf(1 - 0.05 / len(new))
                scores = []
                for numbers in new:
                    mean, low, high = interval(numbers, old)
                    scores.append(mean / ((high - low) / 4))
                place = scores.index(max(scores))
                return place if scores[place] > bar else None
            """,
            "half chooses, half confirms": """
                def errors(numbers, start):
                    d = [b - a for a, b in zip(old[start::2], numbers[start::2])]
                    return fmean(d) / stdev(d) * len(d) ** 0.5

                chosen = max(range(len(new)), key=lambda i: errors(new[i], 0))
                return chosen if errors(new[chosen], 1) > 2.1 else None
            """,
            "signs turned at random": """
                d = torch.tensor(new, dtype=torch.float64) - torch.tensor(old, dtype=torch.float64)
                d = d / d.std(dim=1, keepdim=True)
                generator = torch.Generator().manual_seed(0)
                turns = torch.randint(0, 2, (300, d.shape[1]), generator=generator) * 2.0 - 1
                luck = (turns.double() @ d.T / d.shape[1]).max(dim=1).values
                means = d.mean(dim=1)
                best = int(means.argmax())
                return best if means[best] > luck.quantile(0.97) else None
            """,
        },
        {
            "the highest mean": (
                "return max(range(len(new)), key=lambda i: fmean(new[i]))",
                1,
            ),
            "two standard errors": (
                """
                lows = [interval(numbers, old)[1] for numbers in new]
                scores = [low if low > 0 else -1 for low in lows]
                d = [interval(numbers, old) for numbers in new]
                scores = [mean / (high - low) for mean, low, high in d]
                place = scores.index(max(scores))
                return place if lows[place] > 0 else None
                """,
                1,
            ),
            "never": "return None",
            "without pairs": (
                """
                scores = []
                for numbers in new:
                    error = math.sqrt((stdev(old) ** 2 + stdev(numbers) ** 2) / len(old))
                    scores.append(fmean(numbers) - fmean(old) - 2 * error)
                place = scores.index(max(scores))
                return place if scores[place] > 0 else None
                """,
                2,
            ),
            "five standard errors": (
                """
                scores = []
                for numbers in new:
                    mean, low, high = interval(numbers, old)
                    scores.append(mean / ((high - low) / 4))
                place = scores.index(max(scores))
                return place if scores[place] > 5.5 else None
                """,
                2,
            ),
            "the first with an interval above 0": """
                for place, numbers in enumerate(new):
                    if interval(numbers, old)[1] > 0:
                        return place
                return None
            """,
            "a gain of one": """
                means = [fmean(numbers) - fmean(old) for numbers in new]
                place = means.index(max(means))
                return place if means[place] > 1 else None
            """,
            "the lower the better": """
                scores = [interval(old, numbers)[1] for numbers in new]
                place = scores.index(max(scores))
                return place if scores[place] > 0 else None
            """,
            "by chance": """
                import random
                return random.choice([None, *range(len(new))])
            """,
            "the recipe, not its place": """
                best = max(new, key=fmean)
                return best if interval(best, old)[1] > 0 else None
            """,
            "none, if there is only one": (picker(before="if len(new) == 1: return None"), 0),
            "always, if there is only one": (picker(before="if len(new) == 1: return 0"), 1),
            "bold with few": (picker(bar="3 if len(new) > 5 else 1.5"), 1),
            "bold with eleven": (picker(bar="3 if len(new) < 11 else 1"), 1),
            "never with few": (picker(bar="3 if len(new) > 3 else 100"), 2),
            "never with few seeds": (picker(bar="3 if len(old) > 25 else 6"), 2),
            "the first of nearly equal ones": (picker(better="errors > most * 1.02"), 0),
            "later ones have it easier": (picker(errors="errors + 0.02 * place"), 0),
            "small gains do not count": (picker(errors="errors if fmean(d) > 0.3 else 0"), 0),
            "another bar for large numbers": (picker(bar="3.2 if max(old) > 20 else 3"), 0),
            "sorts the old one's": """
                best, most = None, 3.0
                for place, numbers in enumerate(new):
                    d = [b - a for a, b in zip(old, numbers)]
                    errors = fmean(d) / (stdev(d) / math.sqrt(len(d)))
                    if errors > most:
                        best, most = place, errors
                old.sort()
                return best
            """,
        },
    ),
    "apply_in_order": write(
        {
            "torch": ordered(),
            "by hand": """
                row = logits.tolist()
                for name, value in steps:
                    best = sorted(range(len(row)), key=lambda i: -row[i])
                    if name == "frequency_penalty":
                        for token in ids.tolist():
                            row[token] -= value
                    elif name == "temperature" and value:
                        row = [x / value for x in row]
                    elif name == "temperature":
                        row = [x if i == best[0] else -torch.inf for i, x in enumerate(row)]
                    elif name == "top_k":
                        row = [x if i in best[:value] else -torch.inf for i, x in enumerate(row)]
                    elif name == "top_p":
                        probs = torch.tensor(row).softmax(0).tolist()
                        stay, mass = set(), 0.0
                        for i in best:
                            if mass >= value:
                                break
                            stay.add(i)
                            mass += probs[i]
                        row = [x if i in stay else -torch.inf for i, x in enumerate(row)]
                return torch.tensor(row)
            """,
            "in place on a copy": """
                left = logits.clone()
                for name, value in steps:
                    if name == "frequency_penalty":
                        left.index_add_(0, ids, torch.full(ids.shape, -float(value)))
                    if name == "temperature" and value > 0:
                        left /= value
                    if name == "temperature" and value == 0:
                        best = left.argmax()
                        left[torch.arange(len(left)) != best] = float("-inf")
                    if name == "top_k":
                        left[left.argsort(descending=True)[value:]] = float("-inf")
                    if name == "top_p":
                        probs, order = torch.sort(torch.softmax(left, -1), descending=True)
                        stays = int((probs.cumsum(0) < value).sum()) + 1
                        left[order[stays:]] = float("-inf")
                return left
            """,
            "a function a step": """
                def penalise(x, value):
                    return x - value * torch.bincount(ids, minlength=len(x))

                def cut(x, stays):
                    return torch.where(stays, x, -torch.inf)

                def heat(x, value):
                    return x / value if value else cut(x, x == x.max())

                def best(x, k):
                    return cut(x, x >= x.sort(descending=True).values[k - 1])

                def nucleus(x, p):
                    probs = x.softmax(-1)
                    above = (probs[None] * (probs[None] > probs[:, None])).sum(-1)
                    return cut(x, above < p)

                rules = {
                    "frequency_penalty": penalise,
                    "temperature": heat,
                    "top_k": best,
                    "top_p": nucleus,
                }
                for name, value in steps:
                    logits = rules[name](logits, value)
                return logits
            """,
            "double inside": ordered(before="logits = logits.double()").replace(
                "return logits", "return logits.float()"
            ),
        },
        {
            "always temperature first": (
                ordered(before="steps = sorted(steps, key=lambda step: step[0] != 'temperature')"),
                1,
            ),
            "always the course's order": (
                ordered(
                    before="names = ['frequency_penalty', 'temperature', 'top_k', 'top_p']\n"
                    "steps = sorted(steps, key=lambda step: names.index(step[0]))"
                ),
                1,
            ),
            "forgets to return": ordered().replace("return logits", "pass"),
            "returns probabilities": ordered().replace("return logits", "return logits.softmax(0)"),
            "returns a list": ordered().replace("return logits", "return logits.tolist()"),
            "only the first step": (ordered().replace("in steps:", "in steps[:1]:"), 1),
            "measures the original": (
                ordered(before="original = logits", measured="original"),
                2,
            ),
            "not rescaled": (
                ordered(
                    before="total = logits.exp().sum()",
                    cut="before * logits.exp().sum() / total >= value",
                ),
                2,
            ),
            "crossing token dropped": ordered(cut="before + probs > value"),
            "one token too many": (
                ordered(cut="torch.cat([torch.tensor([False]), before >= value])[:-1]"),
                1,
            ),
            "half a token too many": (ordered(cut="before - probs >= value"), 2),
            "multiplies": ordered(divide="logits = logits * value"),
            "presence, not frequency": ordered(
                penalty="logits = logits - value * (torch.bincount(ids, minlength=len(logits)) > 0)"
            ),
            "T = 0 divides": (ordered(is_zero="False"), 3),
            "T = 0 is nearly 0": (ordered(zero="logits = logits / 1e-5"), 3),
            "T = 0 ends the list": (
                ordered(zero="return logits.masked_fill(logits < logits.max(), -torch.inf)"),
                3,
            ),
            "T = 0 before the penalties": (
                ordered(
                    before="if any(value == 0 for name, value in steps if name == 'temperature'):\n"
                    "    return logits.masked_fill(logits < logits.max(), -torch.inf)"
                ),
                3,
            ),
            "last thousand tokens": (
                ordered(
                    penalty="logits = logits - value"
                    " * torch.bincount(ids[-1000:], minlength=len(logits))"
                ),
                3,
            ),
            "penalty up to 10": (
                ordered(before="steps = [(n, min(v, 10) if 'freq' in n else v) for n, v in steps]"),
                3,
            ),
            "T = 0.001 is 0": (ordered(is_zero="value <= 0.001"), 3),
            "T up to 10": (ordered(divide="logits = logits / min(value, 10)"), 3),
            "500 best at most": (
                ordered(
                    top_k="bar = logits.topk(min(value, 500, len(logits))).values[-1]\n"
                    "            logits = logits.masked_fill(logits < bar, -torch.inf)"
                ),
                3,
            ),
            "2,000 best at most": (
                ordered(
                    top_k="bar = logits.topk(min(value, 2000, len(logits))).values[-1]\n"
                    "            logits = logits.masked_fill(logits < bar, -torch.inf)"
                ),
                3,
            ),
            "penalties for the first 4,096": (
                ordered(
                    penalty="counts = torch.bincount(ids, minlength=len(logits))\n"
                    "            counts[4096:] = 0\n"
                    "            logits = logits - value * counts"
                ),
                3,
            ),
            "shares of 16 bits": (ordered(cut="before.half() >= value"), 3),
            "p from 0.01": (ordered(cut="before >= max(value, 0.01)"), 3),
            "p above 0.999 is 1": (ordered(cut="before >= (value if value < 0.999 else 2)"), 3),
            "a memory by logits alone": remembered("tuple(logits.tolist())"),
            "a memory by logits and steps": (remembered("(*logits.tolist(), *steps)"), 1),
            "p from 0.001": (ordered(cut="before >= max(value, 0.001)"), 3),
            "twelve steps": (ordered().replace("in steps:", "in steps[:12]:"), 3),
            "takes the steps from the list": (
                ordered(
                    before="left = steps if isinstance(steps, list) else list(steps)",
                )
                .replace("for name, value in steps:", "while left:")
                .replace("if name ==", "name, value = left.pop(0)\n    if name ==", 1),
                3,
            ),
            "in place": (
                ordered(
                    divide="logits /= value",
                    penalty="logits.index_add_(0, ids, torch.full(ids.shape, -float(value)))",
                ),
                3,
            ),
        },
    ),
}
