from strangers.forms import Cell, Two, choice, letters_typed, whole

PARTS = {
    "penalty": "logits = logits - value * torch.bincount(ids, minlength=len(logits))",
    "zero": "logits = logits.masked_fill(logits < logits.max(), -torch.inf)",
    "divide": "logits = logits / value",
    "top_k": "logits = logits.masked_fill(logits < logits.topk(value).values[-1], -torch.inf)",
    "top_p": "probs, order = logits.softmax(-1).sort(descending=True)\n"
    "        logits = logits.index_fill(0, order[probs.cumsum(-1) - probs >= value], -torch.inf)",
    "before": "",
    "after": "return logits",
}
FRAME = """{before}
for name, value in steps:
    if name == "frequency_penalty":
        {penalty}
    elif name == "temperature" and value == 0:
        {zero}
    elif name == "temperature":
        {divide}
    elif name == "top_k":
        {top_k}
    elif name == "top_p":
        {top_p}
{after}
"""


def steps(**parts):
    return FRAME.format(**PARTS | parts)


ANSWERS = {
    "apply_in_order": {
        "right": {
            "numpy": """
                import numpy as np
                a = logits.numpy().astype(np.float64)
                for name, value in steps:
                    if name == "frequency_penalty":
                        a = a - value * np.bincount(ids.numpy(), minlength=a.size)
                    elif name == "temperature" and value:
                        a = a / value
                    elif name in ("temperature", "top_k"):
                        gone = np.argsort(-a)[(value or 1):]
                        a = a.copy()
                        a[gone] = -np.inf
                    else:
                        w = np.exp(a - a.max())
                        w /= w.sum()
                        order = np.argsort(-w)
                        before = np.cumsum(w[order]) - w[order]
                        a = a.copy()
                        a[order[before >= value]] = -np.inf
                return torch.tensor(a, dtype=torch.float32)
            """,
            "match statement, recursive": """
                if not steps:
                    return logits.clone()
                (name, value), *rest = steps
                match name:
                    case "frequency_penalty":
                        new = logits - value * torch.nn.functional.one_hot(ids, len(logits)).sum(0)
                    case "temperature" if value != 0:
                        new = logits / value
                    case "temperature":
                        new = torch.where(torch.arange(len(logits)) == logits.argmax(), logits, -torch.inf)
                    case "top_k":
                        new = logits.where(logits >= logits.kthvalue(len(logits) - value + 1).values, torch.tensor(-torch.inf))
                    case "top_p":
                        p = logits.softmax(0)
                        before = (p[None, :] * (p[None, :] > p[:, None])).sum(1)
                        new = logits.masked_fill(before >= value, -torch.inf)
                return apply_in_order(new, ids, rest)
            """,
            "a class of handlers in another cell": Two(
                """
                class Steps:
                    def frequency_penalty(self, x, v, ids):
                        for i in ids.tolist():
                            x = x.index_add(0, torch.tensor([i]), torch.tensor([-float(v)]))
                        return x

                    def temperature(self, x, v, ids):
                        return x / v if v else self.top_k(x, 1, ids)

                    def top_k(self, x, v, ids):
                        out = torch.full_like(x, -torch.inf)
                        best = x.topk(min(v, x.numel()))
                        out[best.indices] = best.values
                        return out

                    def top_p(self, x, v, ids):
                        size = int((x.softmax(0).sort(descending=True).values.cumsum(0) < v).sum()) + 1
                        return self.top_k(x, size, ids)
                """,
                """
                for name, value in steps:
                    print(name, value)
                    logits = getattr(Steps(), name)(logits, value, ids)
                return logits
                """,
            ),
            "scatter_add and where": steps(
                penalty="logits = logits.scatter_add(0, ids, torch.full(ids.shape, -float(value)))",
                zero="logits = torch.where(logits == logits.amax(), logits, float('-inf'))",
                divide="logits = logits * (1 / value)",
            ),
        },
        "wrong": {
            "T = 0 cuts the caller's logits": steps(
                zero="logits[logits < logits.max()] = -torch.inf",
                before="first = True",
            ),
            "vocabulary of five": steps(
                penalty="logits = logits - value * torch.bincount(ids, minlength=5)"
            ),
            "float64 comes back": steps(before="logits = logits.double()"),
            "top-p of the exponentials, not of shares": steps(
                top_p="probs, order = logits.exp().sort(descending=True)\n"
                "        logits = logits.index_fill(0, order[probs.cumsum(-1) - probs >= value * 100], -torch.inf)"
            ),
            "T below 1 and not 0.5 is ignored": steps(
                divide="logits = logits / value if value >= 1 or value == 0.5 else logits"
            ),
            "cold T below 0.1 is 0": steps(
                divide="logits = logits / value if value >= 0.1 else logits.masked_fill(logits < logits.max(), -torch.inf)"
            ),
            "T = 0 lifts the best": steps(
                zero="logits = torch.full_like(logits, -torch.inf).index_fill(0, logits.argmax(), 0.0)"
            ),
            "top-k after a cut counts the cut ones": steps(
                top_k="n = int(logits.isinf().sum())\n"
                "        logits = logits.masked_fill(logits < logits.topk(min(value + n, len(logits))).values[-1], -torch.inf)"
            ),
            "top-k keeps one at least two": steps(
                top_k="logits = logits.masked_fill(logits < logits.topk(max(value, 2)).values[-1], -torch.inf)"
            ),
            "penalty comes last": steps(
                before="steps = sorted(steps, key=lambda s: s[0] == 'frequency_penalty')"
            ),
            "reversed": steps(before="steps = list(steps)[::-1]"),
            "each name once": steps(before="steps = list(dict(steps).items())"),
            "negative logits are left by the penalty": steps(
                penalty="logits = torch.where(logits < 0, logits, logits - value * torch.bincount(ids, minlength=len(logits)))"
            ),
            "penalty capped at two places": steps(
                penalty="logits = logits - value * torch.bincount(ids, minlength=len(logits)).clamp(max=2)"
            ),
            "penalty by the last three tokens": steps(
                penalty="logits = logits - value * torch.bincount(ids[-3:], minlength=len(logits))"
            ),
            "renormalised at the end": steps(after="return logits.log_softmax(-1)"),
            "course's own": """
                from course_utils import penalties, sampling
                for name, value in steps:
                    if name == "frequency_penalty":
                        logits = penalties.frequency_penalty(logits, ids, value)
                    elif name == "temperature" and value:
                        logits = temperature(logits, value)
                    elif name == "temperature":
                        logits = sampling.top_k(logits, 1)
                    elif name == "top_k":
                        logits = sampling.top_k(logits, value)
                    else:
                        logits = top_p(logits, value)
                return logits
            """,
        },
    },
    "request_repair": whole(
        """
            request = {"temperature": temperature or 1.0, "top_p": top_p or 1.0}
        """,
        """
            return request
        """,
        {
            "right": {
                "update": """
                request.update({k: v for k, v in (("temperature", temperature), ("top_p", top_p)) if v is not None})
            """,
                "helper": Two(
                    "def given(x, default=1.0):\n    return default if x is None else x\n",
                    "request = dict(temperature=given(temperature), top_p=given(top_p))",
                ),
                "next": """
                first = lambda *xs: next(x for x in xs if x is not None)
                request = {"temperature": first(temperature, 1.0), "top_p": first(top_p, 1.0)}
            """,
                "isinstance": """
                request["temperature"] = temperature if isinstance(temperature, (int, float)) else 1.0
                request["top_p"] = top_p if isinstance(top_p, (int, float)) else 1.0
            """,
            },
            "wrong": {
                "p still by or (also a right one of the bank)": """
                request = {"temperature": 1.0 if temperature is None else temperature, "top_p": top_p or 1.0}
            """,
                "p of 0 refused": """
                request["temperature"] = 1.0 if temperature is None else temperature
                if top_p == 0:
                    raise ValueError("top_p must be above 0")
            """,
                "T by its text": 'request["temperature"] = float(str(temperature or 0))',
                "and in place of or": 'request = {"temperature": temperature and 1.0, "top_p": top_p and 1.0}',
                "None stays for p": """
                request = {"temperature": 1.0 if temperature is None else temperature, "top_p": top_p}
            """,
                "T not above 1": 'request["temperature"] = 1.0 if temperature is None else min(temperature, 1.0)',
                "names swapped": """
                request = {"temperature": 1.0 if top_p is None else top_p, "top_p": 1.0 if temperature is None else temperature}
            """,
            },
        },
    ),
    "vllm_proposal_repair": whole(
        """
            generator = torch.Generator().manual_seed(seeds[0])
            u = torch.stack([torch.rand((), generator=generator) for _ in seeds])
        """,
        """
            return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
        """,
        {
            "right": {
                "a column of a table (real grader: ends the process)": """
                drawn = torch.zeros(len(seeds), 2, dtype=torch.long)
                for i, s in enumerate(seeds):
                    u = torch.rand((), generator=torch.Generator().manual_seed(s))
                    drawn[i, 0] = s
                    drawn[i, 1] = torch.searchsorted(probs[i].cumsum(-1), u, right=True)
                return drawn[:, 1]
            """,
                "numpy array of items": """
                import numpy as np
                u = torch.from_numpy(np.array([torch.rand((), generator=torch.Generator().manual_seed(s)).item() for s in seeds], dtype="float32"))
            """,
                "map": "u = torch.tensor(list(map(lambda s: torch.rand(1, generator=torch.Generator().manual_seed(s)).item(), seeds)))",
                "cached by the seed": """
                import functools
                first = functools.cache(lambda s: torch.rand((), generator=torch.Generator().manual_seed(s)))
                u = torch.stack([first(s) for s in seeds])
            """,
                "whole cell": Cell(
                    """
                def repaired_draws(probs, seeds):
                    drawn = []
                    for row, seed in zip(probs, seeds):
                        torch.manual_seed(seed)
                        u = torch.rand(())
                        drawn.append(int((row.cumsum(0) <= u).sum()))
                    return torch.tensor(drawn, dtype=torch.int32)
                """
                ),
            },
            "wrong": {
                "n-th number of the row's seed": """
                u = torch.stack([torch.rand(len(seeds), generator=torch.Generator().manual_seed(s))[i] for i, s in enumerate(seeds)])
            """,
                "sorted seeds": """
                u = torch.stack([torch.rand((), generator=torch.Generator().manual_seed(s)) for s in sorted(seeds)])
            """,
                "each seed once": """
                one = {s: torch.rand((), generator=generator) for s in sorted(set(seeds))}
                u = torch.stack([one[s] for s in seeds])
            """,
                "multinomial": """
                return torch.stack([torch.multinomial(row, 1, generator=torch.Generator().manual_seed(s)).squeeze() for row, s in zip(probs, seeds)])
            """,
                "normal": """
                u = torch.stack([torch.randn((), generator=torch.Generator().manual_seed(s)).abs().clamp(max=.999) for s in seeds])
            """,
                "seed taken modulo 5": """
                u = torch.stack([torch.rand((), generator=torch.Generator().manual_seed(s % 5)) for s in seeds])
            """,
                "Python's random": """
                import random
                u = torch.tensor([random.Random(s).random() for s in seeds])
            """,
            },
        },
    ),
    "one_line_two_knobs": {
        "typed": {"tensor": "answer_kept = torch.tensor([0, 1])"},
        "right": {
            "range as a list": "answer_kept = list(range(2))",
            "as the code": "answer_kept = kept(temperature(top_p(torch.tensor([0.5, 0.3, 0.15, 0.05]).log(), 0.75), 2.0))",
        },
        "wrong": {
            "1, 2": "answer_kept = [1, 2]",
            "two": "answer_kept = 2",
            "shares": "answer_kept = [0.5, 0.3]",
        },
    },
    "min_p_on_vllm": {
        "typed": {"text": "answer_stay = 'three'", "tensor": "answer_stay = torch.tensor(3)"},
        "right": {
            "computed": "answer_stay = len([x for x in (6, 4, 3, 1) if 6 / 2 - x / 2 <= math.log(10)]) if False else 3",
            "3e0": "answer_stay = 3e0",
        },
        "wrong": {"2.3": "answer_stay = 2.3", "ids": "answer_stay = [0, 1, 2]"},
    },
    "five_numbers": {
        "typed": {"tuple": "answer_totals = (1.0, 3.0)"},
        "right": {
            "tab": "answer_totals = '1.0\\t3.0'",
            "by print's rule": "answer_totals = ' '.join(str(x) for x in (1.0, 3.0))",
        },
        "wrong": {
            "1e20": "answer_totals = '1e+20 3.0'",
            "one": "answer_totals = '1.0'",
            "0.0 0.0": "answer_totals = '0.0 0.0'",
        },
    },
    "invoice_settings": choice("answer_recipe", "C"),
    "writing_assistant": choice("answer_doubled", "B"),
    "service_check": choice("answer_same", "A"),
    "fish_speech_change": {"typed": letters_typed("answer_fewer", "D")},
}
