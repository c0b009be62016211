"""Right answers for each scored item of module 02, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write


def halving(
    low: float = 0.001,
    high: float = 1000.0,
    rounds: int = 50,
    hotter: str = "effective_choices(logits / middle) < choices",
) -> str:
    """The reference's search for a temperature, with one thing changed."""
    return f"""
low, high = {low}, {high}
for _ in range({rounds}):
    middle = math.sqrt(low * high)
    if {hotter}:
        low = middle
    else:
        high = middle
return low
"""


BANK = {
    "softmax_with_temperature": write(
        {
            "torch": "return torch.softmax(logits.float() / temperature, dim=-1)",
            "by hand": """
                z = logits.to(torch.float32) / temperature
                weights = (z - z.max(dim=-1, keepdim=True).values).exp()
                return weights / weights.sum(dim=-1, keepdim=True)
            """,
            "logsumexp": """
                z = logits.float() / temperature
                return (z - z.logsumexp(dim=-1, keepdim=True)).exp()
            """,
            "double inside": "return (logits.double() / temperature).softmax(-1).float()",
            "in place on a copy": """
                z = logits.clone().float()
                z /= temperature
                return torch.nn.functional.softmax(z, dim=-1)
            """,
            "warns": "return (torch.tensor(logits).float() / temperature).softmax(-1)",
            "NumPy": """
                import numpy as np
                z = logits.detach().numpy().astype(np.float64) / temperature
                z = z - z.max(-1, keepdims=True)
                e = np.exp(z)
                return torch.from_numpy((e / e.sum(-1, keepdims=True)).astype(np.float32))
            """,
            "lists": """
                if logits.dim() > 1:
                    return torch.stack([softmax_with_temperature(x, temperature) for x in logits])
                z = [x / temperature for x in logits.tolist()]
                m = max(z)
                import math
                e = [math.exp(x - m) for x in z]
                return torch.tensor([x / sum(e) for x in e])
            """,
            "shifted before the division": """
                x = logits.float()
                x = x - x.amax(-1, keepdim=True)
                return (x / temperature).softmax(-1)
            """,
            "times one over T": """
                return (logits.float() * (1 / temperature)).softmax(-1)
            """,
        },
        {
            "temperature ignored": "return logits.float().softmax(dim=-1)",
            "scales probabilities": """
                probs = logits.float().softmax(dim=-1) / temperature
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "multiplies": "return (logits.float() * temperature).softmax(dim=-1)",
            "only scales": "return logits.float() / temperature",
            "forgets to return": "(logits.float() / temperature).softmax(dim=-1)",
            "returns a list": "return (logits.float() / temperature).softmax(-1).tolist()",
            "softmax over rows": (
                "return (logits.float() / temperature).softmax(dim=0)",
                3,
            ),
            "sums everything": (
                """
                z = logits.float() / temperature
                weights = (z - z.max()).exp()
                return weights / weights.sum()
                """,
                3,
            ),
            "no maximum subtracted": (
                """
                weights = (logits.float() / temperature).exp()
                return weights / weights.sum(dim=-1, keepdim=True)
                """,
                3,
            ),
            "half precision": ("return (logits / temperature).softmax(dim=-1).float()", 3),
            "in place": (
                """
                logits = logits.float()
                logits /= temperature
                return logits.softmax(dim=-1)
                """,
                3,
            ),
            "double result": (
                """
                return (logits.double() / temperature).softmax(-1)
            """,
                3,
            ),
            "half precision result": (
                """
                return (logits.float() / temperature).softmax(-1).to(logits.dtype)
            """,
                3,
            ),
            "coldest T of 0.01": (
                """
                return (logits.float() / max(temperature, 0.01)).softmax(-1)
            """,
                3,
            ),
            "greedy below 0.001": (
                """
                if temperature < 1e-3:
                    best = logits.argmax(dim=-1)
                    return torch.eye(logits.shape[-1])[best]
                return (logits.float() / temperature).softmax(dim=-1)
            """,
                3,
            ),
            "coldest T of 0.00002": (
                """
                return (logits.float() / max(temperature, 2e-5)).softmax(-1)
            """,
                3,
            ),
            "hottest T of 100,000": (
                """
                return (logits.float() / min(temperature, 1e5)).softmax(-1)
            """,
                3,
            ),
            "a fair die from 100,000 on": (
                """
                if temperature >= 1e5:
                    return torch.full(logits.shape, 1 / logits.shape[-1])
                return (logits.float() / temperature).softmax(dim=-1)
            """,
                3,
            ),
            "hottest T of 10": (
                """
                return (logits.float() / min(temperature, 10)).softmax(-1)
            """,
                3,
            ),
            "NaN to zero": (
                """
                w = (logits.float() / temperature).exp()
                return (w / w.sum(-1, keepdim=True)).nan_to_num(0.0)
            """,
                3,
            ),
            "in place in batches": (
                """
                x = logits.float() if logits.dim() == 1 else logits.to(torch.float32)
                if x.dim() > 1:
                    x /= temperature
                    return x.softmax(-1)
                return (x / temperature).softmax(-1)
            """,
                3,
            ),
            "in place when cold": (
                """
                x = logits.float()
                if temperature < 0.01:
                    x -= x.max(-1, keepdim=True).values
                return (x / temperature).softmax(-1)
            """,
                3,
            ),
            "one maximum for the batch": (
                """
                x = logits.float() / temperature
                e = (x - x.max()).exp()
                return e / e.sum(-1, keepdim=True)
            """,
                3,
            ),
            "no token is impossible": (
                """
                x = logits.float().clamp(min=-1e4) / temperature
                return x.softmax(-1)
            """,
                3,
            ),
            "the course's own": """
                from course_utils import sampling
                return sampling.temperature(logits.float(), temperature).softmax(-1)
            """,
            "half precision result of a batch": (
                """
                probs = (logits.float() / temperature).softmax(-1)
                return probs if logits.dim() == 1 else probs.to(logits.dtype)
                """,
                3,
            ),
            "half precision in batches": (
                """
                x = logits if logits.dim() > 1 else logits.float()
                return (x / temperature).float().softmax(-1)
                """,
                3,
            ),
            "one maximum for the batch, in double": (
                """
                x = (logits.double() - logits.double().max()) / temperature
                e = x.exp()
                return (e / e.sum(-1, keepdim=True)).float()
                """,
                3,
            ),
            "coldest T of 0.01 in batches": (
                """
                if logits.dim() > 1:
                    temperature = max(temperature, 0.01)
                return (logits.float() / temperature).softmax(-1)
                """,
                3,
            ),
            "hottest T of 1,000 in batches": (
                """
                if logits.dim() > 1:
                    temperature = min(temperature, 1000)
                return (logits.float() / temperature).softmax(-1)
                """,
                3,
            ),
            "coldest T of 0.001 in half precision": (
                """
                if logits.dtype == torch.float16:
                    temperature = max(temperature, 1e-3)
                return (logits.float() / temperature).softmax(-1)
                """,
                3,
            ),
            "many at minus ten million": (
                """
                x = logits.float().nan_to_num(neginf=-1e7)
                return (x / temperature).softmax(-1)
                """,
                3,
            ),
            "only the best 1,000": (
                """
                x = logits.float()
                if x.shape[-1] > 1000:
                    x = x.masked_fill(x < x.topk(1000).values[..., -1:], -torch.inf)
                return (x / temperature).softmax(-1)
                """,
                2,
            ),
        },
    ),
    "choose": write(
        {
            "argmax of what is above": """
                if not temperature:
                    return logits.argmax(-1)
                sums = (logits / temperature).softmax(-1).cumsum(-1)
                return (sums > u.unsqueeze(-1)).int().argmax(-1)
            """,
            "searchsorted": """
                if temperature == 0:
                    return logits.max(dim=-1).indices
                sums = (logits / temperature).softmax(dim=-1).cumsum(dim=-1)
                return torch.searchsorted(sums, u.unsqueeze(-1), right=True).squeeze(-1)
            """,
            "row by row": """
                if logits.dim() > 1:
                    rows = [choose(x, temperature, y) for x, y in zip(logits, u)]
                    return torch.stack(rows)
                if temperature == 0:
                    return torch.tensor(logits.tolist().index(max(logits.tolist())))
                total = 0.0
                for i, p in enumerate(softmax_with_temperature(logits, temperature).tolist()):
                    total += p
                    if total > u.item():
                        break
                return torch.tensor(i)
            """,
            "weights": """
                if temperature == 0:
                    return torch.argmax(logits, dim=-1)
                best = logits.max(dim=-1, keepdim=True).values
                weights = ((logits - best) / temperature).exp()
                left = u[..., None] * weights.sum(dim=-1, keepdim=True)
                return (weights.cumsum(dim=-1) <= left).sum(dim=-1)
            """,
        },
        {
            "temperature ignored": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                return (logits.softmax(-1).cumsum(-1) <= u[..., None]).sum(-1)
                """,
                1,
            ),
            "always greedy": ("return logits.argmax(dim=-1)", 1),
            "no zero": (
                """
                sums = (logits / temperature).softmax(-1).cumsum(-1)
                return (sums <= u[..., None]).sum(-1)
                """,
                2,
            ),
            "a tiny T for zero": (
                """
                sums = (logits / max(temperature, 1e-5)).softmax(-1).cumsum(-1)
                return (sums <= u[..., None]).sum(-1)
                """,
                2,
            ),
            "one row only": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                sums = (logits / temperature).softmax(-1).cumsum(-1)
                return (sums <= u.flatten()[0]).sum(-1)
                """,
                2,
            ),
            "one best for all rows": (
                """
                if temperature == 0:
                    return logits.argmax()
                sums = (logits / temperature).softmax(-1).cumsum(-1)
                return (sums <= u[..., None]).sum(-1)
                """,
                2,
            ),
            "the last of the best": (
                """
                if temperature == 0:
                    return logits.shape[-1] - 1 - logits.flip(-1).argmax(-1)
                sums = (logits / temperature).softmax(-1).cumsum(-1)
                return (sums <= u[..., None]).sum(-1)
                """,
                2,
            ),
            "best after softmax": (
                """
                if temperature == 0:
                    return logits.half().argmax(-1)
                sums = (logits / temperature).softmax(-1).cumsum(-1)
                return (sums <= u[..., None]).sum(-1)
                """,
                2,
            ),
            "the best probability": (
                """
                probs = (logits / (temperature or 1.0)).softmax(-1)
                if temperature == 0:
                    return probs.argmax(-1)
                return (probs.cumsum(-1) <= u[..., None]).sum(-1)
                """,
                2,
            ),
            "in place": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                logits /= temperature
                return (logits.softmax(-1).cumsum(-1) <= u[..., None]).sum(-1)
                """,
                1,
            ),
            "likeliest first": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                probs, order = (logits / temperature).softmax(-1).sort(dim=-1, descending=True)
                place = (probs.cumsum(-1) <= u[..., None]).sum(-1, keepdim=True)
                return order.gather(-1, place).squeeze(-1)
                """,
                1,
            ),
            "a chance of its own": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                return torch.multinomial((logits / temperature).softmax(-1), 1).squeeze(-1)
                """,
                1,
            ),
            "the course's own": """
                from course_utils import sampling
                if temperature == 0:
                    return sampling.greedy(logits)
                probs = sampling.temperature(logits, temperature).softmax(-1)
                return (probs.cumsum(-1) <= u[..., None]).sum(-1)
            """,
            "probabilities": "return softmax_with_temperature(logits, temperature)",
            "-200 for impossible": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                logits = logits.nan_to_num(neginf=-200.0)
                return ((logits / temperature).softmax(-1).cumsum(-1) <= u[..., None]).sum(-1)
                """,
                1,
            ),
            "only the best 1,000": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                least = logits.topk(min(1000, logits.shape[-1])).values[..., -1:]
                logits = logits.masked_fill(logits < least, -torch.inf)
                return ((logits / temperature).softmax(-1).cumsum(-1) <= u[..., None]).sum(-1)
                """,
                1,
            ),
            "only the best 300 of a single row": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                if logits.dim() == 1 and len(logits) > 300:
                    logits = logits.masked_fill(logits < logits.topk(300).values[-1], -torch.inf)
                return ((logits / temperature).softmax(-1).cumsum(-1) <= u[..., None]).sum(-1)
                """,
                2,
            ),
            "ids of one byte": (
                """
                if temperature == 0:
                    return logits.argmax(-1)
                sums = (logits / temperature).softmax(-1).cumsum(-1)
                return (sums <= u[..., None]).sum(-1).to(torch.uint8)
                """,
                1,
            ),
        },
    ),
    "temperature_for": write(
        {
            "half of the way": """
                low, high = 0.001, 1000.0
                while high / low > 1.00001:
                    middle = (low * high) ** 0.5
                    if effective_choices(logits.double() / middle) > choices:
                        high = middle
                    else:
                        low = middle
                return (low + high) / 2
            """,
            "ever smaller steps": """
                T, step = 1.0, 2.0
                for _ in range(120):
                    too_many = effective_choices(logits.double() / T) > choices
                    T = T / step if too_many else T * step
                    step = step**0.9
                return T
            """,
            "halves of the logarithm": """
                def off(t):
                    p = (logits.double() / math.exp(t)).softmax(-1)
                    return math.exp(-(p * p.clamp(min=1e-300).log()).sum().item()) - choices
                low, high = math.log(0.001), math.log(1000)
                for _ in range(60):
                    middle = (low + high) / 2
                    low, high = (low, middle) if off(middle) > 0 else (middle, high)
                return math.exp(low)
            """,
        },
        {
            "the number of choices": "return float(choices)",
            "no search": "return 1.0",
            "choices over choices": "return choices / effective_choices(logits).item()",
            "entropy in place of choices": halving(
                hotter="effective_choices(logits / middle).log2() < choices"
            ),
            "the wrong half": halving(hotter="effective_choices(logits / middle) > choices"),
            "five rounds": halving(rounds=5),
            "nothing above 1": halving(low=0.001, high=1.0),
            "from 0.1 to 10": (
                halving(low=0.1, high=10.0),
                2,
            ),
            "in place": "logits -= logits.max()\n" + halving(),
            "softmax at that T": """
                return (logits / choices).softmax(-1)
            """,
            "nothing above 100": (
                halving(high=100.0),
                2,
            ),
        },
    ),
    "my_thermostat": write(
        {
            "at most one, for eight": """
                low, high = 0.001, 1.0
                for _ in range(40):
                    middle = (low + high) / 2
                    if effective_choices(logits.double() / middle) > 8:
                        high = middle
                    else:
                        low = middle
                return 1.0 if effective_choices(logits) <= 8 else low
            """,
            "first of a list": """
                for T in [0.97**k for k in range(220)]:
                    if effective_choices(logits / T) <= 15:
                        return T
                return 0.001
            """,
            "colder until tame": """
                T = 1.0
                while effective_choices(logits - logits.max() if T == 1 else logits / T) > 10:
                    T *= 0.95
                return T
            """,
            "its own search": """
                x = logits.double()
                if effective_choices(x) <= 4.9:
                    return 1
                low, high = 0.001, 1.0
                while high - low > 1e-9:
                    middle = (low + high) / 2
                    if effective_choices(x / middle) > 4:
                        high = middle
                    else:
                        low = middle
                return low
            """,
        },
        {
            "four at every step": (
                halving(rounds=60, hotter="effective_choices(logits / middle) < 4"),
                2,
            ),
            "always 1": "return 1.0",
            "always 0.1": "return 0.1",
            "always 0.5": "return 0.5",
            "greedy where open": """
                return 1.0 if effective_choices(logits) < 20 else 0.001
            """,
            "hotter where open": """
                return 0.2 + 0.1 * effective_choices(logits).log2().item()
            """,
            "warm where sure": (
                """
                if logits.softmax(-1).max() >= 0.9:
                    return 3.0 if len(logits) < 20 else 1.1
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T
                """,
                2,
            ),
            "by the largest logit": """
                return 0.5 if logits.max() > 10 else 1.0
            """,
            "cold where logits are large": (
                """
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T * 0.97 if logits.max() > 10 else T
                """,
                3,
            ),
            "a token": "return logits.argmax()",
            "in place": """
                logits /= 2
                return min(1.0, temperature_for(logits, 8))
            """,
            "always 1 for 25 tokens": """
                T = 1.0
                while len(logits) > 25 and effective_choices(logits / T) > 8:
                    T *= 0.98
                return T
            """,
            "hotter just below 20": """
                if 18 < effective_choices(logits) < 20:
                    return 1.5
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T
            """,
            "two choices of just above five": """
                if 5 <= effective_choices(logits) < 5.3:
                    return temperature_for(logits, 2)
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T
            """,
            "two choices of eight tokens": """
                if len(logits) <= 8 and effective_choices(logits) >= 5:
                    return temperature_for(logits, 2)
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T
            """,
            "warm where very sure": (
                """
                if logits.softmax(-1).max() > 0.999:
                    return 1.5
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T
                """,
                2,
            ),
            "a little by the mean": (
                """
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T * (1 + 0.0005 * logits[logits.isfinite()].mean().item())
                """,
                3,
            ),
            "colder above 45": (
                """
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T * 0.9 if logits.max() > 45 else T
                """,
                3,
            ),
            "-50 for impossible": """
                logits = logits.nan_to_num(neginf=-50.0)
                T = 1.0
                while effective_choices(logits / T) > 8:
                    T *= 0.98
                return T
            """,
        },
    ),
    "shares_elsewhere": choice("answer_shares", "B"),
    "ratio_at_two": number(
        "answer_ratio",
        {"e": "2.71828", "two decimals": "2.72", "computed": "torch.e", "one decimal": "2.7"},
        {"unchanged": 7.39, "half the ratio": 3.69, "ratio of logits": 2, "doubled gap": 54.6},
    ),
    "near_zero": choice("answer_tie", "D"),
    "by_a_million": predict(
        "answer_choices",
        {"whole": "9", "float": "9.0", "computed": "len(VOCABULARY)"},
        {"greedy": 1, "bits": 3, "at T = 1": 2, "T itself": 1_000_000, "none": 0},
    ),
    "australia_capital": choice("answer_knowledge", "A"),
    "api_shares": number(
        "answer_share",
        {"rounded": "0.941", "fraction": "16 / 17", "two squares": "0.8**2 / (0.8**2 + 0.2**2)"},
        {"unchanged": 0.8, "divided": 1.6, "not normalised": 0.64, "hotter": 0.667, "half": 0.9},
    ),
    "favourite_and_rivals": number(
        "answer_favourite",
        {"rounded": 0.17, "computed": "torch.tensor([3.0] + [0.0] * 100).softmax(-1)[0]"},
        {
            "at T = 1": 0.8,
            "one rival": 0.95,
            "half the share": 0.4,
            "root of the odds": 0.67,
            "ratio": 0.2,
        },
    ),
    "five_ways": predict(
        "answer_ways",
        {"list": [1, 3, 4], "set": {4, 3, 1}, "text": "'1, 3, 4'"},
        {
            "no roots": [1, 3],
            "no shift": [3, 4],
            "no product": [1, 4],
            "probabilities divided": [0, 1, 3, 4],
            "softmax twice": [1, 2, 3],
            "all": [0, 1, 2, 3, 4],
        },
    ),
    "disputed_formula": choice("answer_logprobs", "C"),
    "temperature_code_repair": repair(
        {
            "power": """
                scaled = probs ** (1 / temperature)
                return scaled / scaled.sum(dim=-1, keepdim=True)
            """,
            "torch.pow": """
                scaled = torch.pow(probs, 1 / temperature)
                return scaled / scaled.sum(dim=-1, keepdim=True)
            """,
            "logarithms": """
                return (probs.log() / temperature).softmax(-1)
            """,
            "logarithms, then exp": """
                scaled = (probs.log() / temperature).exp()
                return scaled / scaled.sum(dim=-1, keepdim=True)
            """,
            "in place": """
                scaled = probs.pow_(1 / temperature)
                return scaled / scaled.sum(dim=-1, keepdim=True)
            """,
            "against the best": """
                scaled = (probs / probs.max(dim=-1, keepdim=True).values) ** (1 / temperature)
                return scaled / scaled.sum(-1)[..., None]
            """,
            "row by row": """
                if probs.dim() > 1:
                    return torch.stack([repaired_scaling(x, temperature) for x in probs])
                scaled = [p ** (1 / temperature) for p in probs.tolist()]
                return torch.tensor([x / sum(scaled) for x in scaled])
            """,
            "NumPy": """
                import numpy as np
                z = probs.double().numpy() ** (1 / temperature)
                return torch.from_numpy(z / z.sum(-1, keepdims=True))
            """,
        },
        {
            "softmax of probabilities": """
                return (probs / temperature).softmax(dim=-1)
            """,
            "power of T": """
                scaled = probs**temperature
                return scaled / scaled.sum(dim=-1, keepdim=True)
            """,
            "divided and multiplied": """
                scaled = probs / temperature
                scaled = scaled * temperature
                return scaled / scaled.sum(dim=-1, keepdim=True)
            """,
            "without the sum": """
                return probs ** (1 / temperature)
            """,
            "only divided": """
                return probs / temperature
            """,
            "square root": """
                scaled = probs**0.5
                return scaled / scaled.sum(dim=-1, keepdim=True)
            """,
            "sums everything": """
                scaled = probs ** (1 / temperature)
                return scaled / scaled.sum()
            """,
            "over rows": """
                scaled = probs ** (1 / temperature)
                return scaled / scaled.sum(dim=0, keepdim=True)
            """,
            "a little for zeros": """
                return ((probs + 1e-5).log() / temperature).softmax(dim=-1)
            """,
            "zeros become nan": """
                logits = probs.log() / temperature
                logits = logits - logits.mean(dim=-1, keepdim=True)
                return logits.softmax(dim=-1)
            """,
            "hottest T of 5": """
                return (probs.log() / min(temperature, 5)).softmax(-1)
            """,
            "coldest T of 0.5": """
                return (probs.log() / max(temperature, 0.5)).softmax(-1)
            """,
            "half precision": """
                return (probs.log().bfloat16() / temperature).softmax(-1).float()
            """,
            "a little warmer": """
                return (probs.log() / (temperature + 0.01)).softmax(-1)
            """,
            "nothing below 0.000015": """
                probs = probs * (probs >= 1.5e-5)
                return (probs.log() / temperature).softmax(-1)
            """,
            "hottest T of 9": """
                return (probs.log() / min(temperature, 9)).softmax(-1)
            """,
        },
    ),
    "sampling_code_repair": repair(
        {
            "one-hot": """
                probs = (logits / temperature).softmax(dim=-1)
                if temperature == 0:
                    best = logits.argmax(dim=-1)
                    probs = torch.nn.functional.one_hot(best, logits.shape[-1]).float()
                return probs
            """,
            "early return": """
                probs = (logits / temperature).softmax(dim=-1)
                if not temperature:
                    out = torch.zeros_like(logits)
                    out.scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
                    return out
                return probs
            """,
            "first of the best": """
                probs = (logits / temperature).softmax(dim=-1)
                if temperature == 0:
                    best = logits == logits.max(dim=-1, keepdim=True).values
                    probs = (best & (best.cumsum(dim=-1) == 1)).float()
                return probs
            """,
            "row by row": """
                if temperature > 0:
                    return (logits / temperature).softmax(-1)
                out = torch.zeros_like(logits)
                for o, l in zip(out.view(-1, out.shape[-1]), logits.reshape(-1, out.shape[-1])):
                    o[l.tolist().index(l.max().item())] = 1
                return out
            """,
            "where": """
                probs = (logits / (temperature or 1)).softmax(dim=-1)
                if temperature == 0:
                    ids = torch.arange(logits.shape[-1])
                    probs = (ids == logits.argmax(-1, keepdim=True)).float()
                return probs
            """,
            "whole numbers": """
                if temperature == 0:
                    return torch.nn.functional.one_hot(logits.argmax(-1), logits.size(-1))
                return torch.softmax(logits / temperature, -1)
            """,
        },
        {
            "NaN to zero": """
                probs = (logits / temperature).softmax(dim=-1)
                probs = probs.nan_to_num(0.0)
                return probs
            """,
            "back to T = 1": """
                probs = (logits / temperature).softmax(dim=-1)
                if temperature == 0:
                    probs = logits.softmax(dim=-1)
                return probs
            """,
            "ids": """
                probs = (logits / temperature).softmax(dim=-1)
                if temperature == 0:
                    probs = logits.argmax(dim=-1)
                return probs
            """,
            "always greedy": """
                probs = torch.eye(logits.shape[-1])[logits.argmax(dim=-1)]
                return probs
            """,
            "raises": """
                probs = (logits / temperature).softmax(dim=-1)
                if temperature == 0:
                    raise ValueError('temperature must be above 0')
                return probs
            """,
            "tiny T": (
                """
                probs = (logits / max(temperature, 1e-5)).softmax(dim=-1)
                return probs
            """,
                1,
            ),
            "all of the best": (
                """
                probs = (logits / temperature).softmax(dim=-1)
                if temperature == 0:
                    best = (logits == logits.max(dim=-1, keepdim=True).values).float()
                    probs = best / best.sum(dim=-1, keepdim=True)
                return probs
            """,
                1,
            ),
            "one row only": (
                """
                probs = (logits / temperature).softmax(dim=-1)
                if temperature == 0:
                    probs = torch.zeros_like(logits)
                    probs[..., logits.argmax()  % logits.shape[-1]] = 1.0
                return probs
            """,
                1,
            ),
            "last of the best": (
                """
                if temperature == 0:
                    n = logits.shape[-1]
                    i = n - 1 - logits.flip(-1).argmax(-1, keepdim=True)
                    return torch.zeros_like(logits).scatter(-1, i, 1.0)
                return (logits / temperature).softmax(-1)
            """,
                1,
            ),
            "greedy below 0.05": """
                if temperature < 0.05:
                    return torch.eye(logits.shape[-1])[logits.argmax(-1)]
                return (logits / temperature).softmax(-1)
            """,
            "two dimensions only": (
                """
                if temperature == 0:
                    out = torch.zeros_like(logits)
                    if logits.dim() == 1:
                        out[logits.argmax()] = 1
                    else:
                        out[torch.arange(len(out)), logits.argmax(-1)] = 1
                    return out
                return (logits / temperature).softmax(-1)
            """,
                1,
            ),
            "best in half precision": """
                if temperature == 0:
                    return torch.eye(logits.shape[-1])[logits.half().argmax(-1)]
                return (logits / temperature).softmax(-1)
            """,
            "best after softmax": (
                """
                if temperature == 0:
                    return torch.eye(logits.shape[-1])[logits.softmax(-1).argmax(-1)]
                return (logits / temperature).softmax(-1)
            """,
                1,
            ),
            "largest without its sign": """
                if temperature == 0:
                    return torch.eye(logits.shape[-1])[logits.abs().argmax(-1)]
                return (logits / temperature).softmax(-1)
            """,
            "rounded": """
                if temperature == 0:
                    return torch.eye(logits.shape[-1])[logits.round(decimals=1).argmax(-1)]
                return (logits / temperature).softmax(-1)
            """,
            "hottest T of 9": """
                if temperature == 0:
                    return torch.eye(logits.shape[-1])[logits.argmax(-1)]
                return (logits / min(temperature, 9)).softmax(-1)
            """,
        },
    ),
}
