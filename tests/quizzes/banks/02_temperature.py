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
    "hotter_order": choice("answer_order", "B"),
    "ratio_at_two": number(
        "answer_ratio",
        {"e": "2.71828", "two decimals": "2.72", "computed": "torch.e", "one decimal": "2.7"},
        {"unchanged": 7.39, "half the ratio": 3.69, "ratio of logits": 2, "doubled gap": 54.6},
    ),
    "cold_tie": choice("answer_tie", "D"),
    "hot_choices": predict(
        "answer_choices",
        {"whole": "9", "float": "9.0", "computed": "len(VOCABULARY)"},
        {"greedy": 1, "bits": 3, "at T = 1": 2, "T itself": 1_000_000, "none": 0},
    ),
    "no_new_knowledge": choice("answer_knowledge", "A"),
    "share_when_colder": number(
        "answer_share",
        {"rounded": "0.941", "fraction": "16 / 17", "two squares": "0.8**2 / (0.8**2 + 0.2**2)"},
        {"unchanged": 0.8, "divided": 1.6, "not normalised": 0.64, "hotter": 0.667, "half": 0.9},
    ),
    "log_probs_too": choice("answer_logprobs", "C"),
    "scaling_repair": repair(
        {
            "logits divided": "probs = (logits / temperature).softmax(dim=-1)",
            "power of probabilities": "probs = logits.softmax(dim=-1) ** (1 / temperature)",
            "log-probabilities": """
                probs = (logits.log_softmax(dim=-1) / temperature).exp()
            """,
            "returns early": "return torch.softmax(logits / temperature, -1)",
        },
        {
            "still probabilities": "probs = probs * temperature",
            "softmax again": "probs = (probs / temperature).softmax(dim=-1)",
            "multiplies": "probs = (logits * temperature).softmax(dim=-1)",
            "fixed temperature": "probs = (logits / 2).softmax(dim=-1)",
            "square root": "probs = logits.softmax(dim=-1) ** 0.5",
            "over rows": "probs = (logits / temperature).softmax(dim=0)",
        },
    ),
    "twice_repair": repair(
        {
            "once for both": "scaled = logits / temperature",
            "undo": "if fast:\n    scaled = scaled * temperature",
            "early return": "return (logits / temperature).softmax(dim=-1)",
        },
        {
            "temperature lost": "scaled = logits",
            "square root always": "scaled = logits / temperature**0.5",
            "undone on both paths": "scaled = scaled * temperature",
            "slow path broken": "scaled = logits / temperature if fast else logits",
            "multiplies": "scaled = logits * temperature",
        },
    ),
    "zero_repair": repair(
        {
            "one-hot": """
                if temperature == 0:
                    best = logits.argmax(dim=-1)
                    probs = torch.nn.functional.one_hot(best, logits.shape[-1]).float()
            """,
            "early return": """
                if not temperature:
                    out = torch.zeros_like(logits)
                    out.scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
                    return out
            """,
            "first of the best": """
                if temperature == 0:
                    best = logits == logits.max(dim=-1, keepdim=True).values
                    probs = (best & (best.cumsum(dim=-1) == 1)).float()
            """,
        },
        {
            "NaN to zero": "probs = probs.nan_to_num(0.0)",
            "back to T = 1": "if temperature == 0:\n    probs = logits.softmax(dim=-1)",
            "ids": "if temperature == 0:\n    probs = logits.argmax(dim=-1)",
            "always greedy": "probs = torch.eye(logits.shape[-1])[logits.argmax(dim=-1)]",
            "raises": "if temperature == 0:\n    raise ValueError('temperature must be above 0')",
            "tiny T": ("probs = (logits / max(temperature, 1e-5)).softmax(dim=-1)", 1),
            "all of the best": (
                """
                if temperature == 0:
                    best = (logits == logits.max(dim=-1, keepdim=True).values).float()
                    probs = best / best.sum(dim=-1, keepdim=True)
                """,
                1,
            ),
            "one row only": (
                """
                if temperature == 0:
                    probs = torch.zeros_like(logits)
                    probs[..., logits.argmax()  % logits.shape[-1]] = 1.0
                """,
                1,
            ),
        },
    ),
}
