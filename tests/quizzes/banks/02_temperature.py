"""Right answers for each scored item of module 02, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

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
        },
    ),
    "from_one_to_three": choice("answer_order", "B"),
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
    "disputed_formula": choice("answer_logprobs", "C"),
    "temperature_code_repair": repair(
        {
            "logits divided": """
                probs = logits.softmax(dim=-1)
                probs = (logits / temperature).softmax(dim=-1)
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "power of probabilities": """
                probs = logits.softmax(dim=-1)
                probs = logits.softmax(dim=-1) ** (1 / temperature)
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "log-probabilities": """
                probs = logits.softmax(dim=-1)
                probs = (logits.log_softmax(dim=-1) / temperature).exp()
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "returns early": """
                probs = logits.softmax(dim=-1)
                probs = probs / temperature
                return torch.softmax(logits / temperature, -1)
            """,
        },
        {
            "still probabilities": """
                probs = logits.softmax(dim=-1)
                probs = probs / temperature
                probs = probs * temperature
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "softmax again": """
                probs = logits.softmax(dim=-1)
                probs = probs / temperature
                probs = (probs / temperature).softmax(dim=-1)
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "multiplies": """
                probs = logits.softmax(dim=-1)
                probs = (logits * temperature).softmax(dim=-1)
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "fixed temperature": """
                probs = logits.softmax(dim=-1)
                probs = (logits / 2).softmax(dim=-1)
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "square root": """
                probs = logits.softmax(dim=-1)
                probs = logits.softmax(dim=-1) ** 0.5
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "over rows": """
                probs = logits.softmax(dim=-1)
                probs = (logits / temperature).softmax(dim=0)
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
        },
    ),
    "paths_repair": repair(
        {
            "once for both": """
                scaled = logits / temperature
                if fast:
                    scaled = scaled / temperature
                scaled = logits / temperature
                return scaled.softmax(dim=-1)
            """,
            "undo": """
                scaled = logits / temperature
                if fast:
                    scaled = scaled / temperature
                if fast:
                    scaled = scaled * temperature
                return scaled.softmax(dim=-1)
            """,
            "early return": """
                scaled = logits / temperature
                if fast:
                    scaled = scaled / temperature
                return (logits / temperature).softmax(dim=-1)
            """,
        },
        {
            "temperature lost": """
                scaled = logits / temperature
                if fast:
                    scaled = scaled / temperature
                scaled = logits
                return scaled.softmax(dim=-1)
            """,
            "square root always": """
                scaled = logits / temperature
                if fast:
                    scaled = scaled / temperature
                scaled = logits / temperature**0.5
                return scaled.softmax(dim=-1)
            """,
            "undone on both paths": """
                scaled = logits / temperature
                if fast:
                    scaled = scaled / temperature
                scaled = scaled * temperature
                return scaled.softmax(dim=-1)
            """,
            "slow path broken": """
                scaled = logits / temperature
                if fast:
                    scaled = scaled / temperature
                scaled = logits / temperature if fast else logits
                return scaled.softmax(dim=-1)
            """,
            "multiplies": """
                scaled = logits / temperature
                if fast:
                    scaled = scaled / temperature
                scaled = logits * temperature
                return scaled.softmax(dim=-1)
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
        },
    ),
}
