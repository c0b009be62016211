"""Right and wrong answers for the questions of __NAME__."""

from bank import choice, number, predict, repair, write

BANK = {
    "count_by_hand": number(
        "answer_count",
        {"whole": 2, "float": 2.0},
        {"only the best": 1, "one too many": 3, "all": 4, "none": 0},
    ),
    "printed_count": predict(
        "answer_printed",
        {"whole": 4, "float": 4.0},
        {"edge outside": 2, "ties broken": 3, "only the best": 1, "the bar": 2.5},
    ),
    "heat_first": choice("answer_heat", "A"),
    "two_survivors": choice("answer_odds", "B"),
    "gap_of_min_p": choice("answer_gap", "C"),
    "crowded_step": choice("answer_step", "D"),
    "bar_repair": repair(
        {
            "a maximum a row": "return logits.max(dim=-1, keepdim=True).values - gap",
            "amax": "return logits.amax(-1, keepdim=True) - gap",
            "sorted": "return logits.sort(dim=-1).values[..., -1:] - gap",
        },
        {
            "over rows": "return logits.max(dim=0, keepdim=True).values - gap",
            "axis lost": "return logits.max(dim=-1).values - gap",
            "smallest": "return logits.min(dim=-1, keepdim=True).values - gap",
            "first token": "return logits[..., :1] - gap",
        },
    ),
    "keep_within": write(
        {
            "masked": """
                best = logits.max(dim=-1, keepdim=True).values
                return logits.masked_fill(logits < best - gap, -torch.inf)
            """,
            "where": """
                bar = logits.amax(dim=-1, keepdim=True) - gap
                return torch.where(logits >= bar, logits, -torch.inf)
            """,
        },
        {
            "edge outside": """
                best = logits.max(dim=-1, keepdim=True).values
                return logits.masked_fill(logits <= best - gap, -torch.inf)
            """,
            "best of the batch": """
                return logits.masked_fill(logits < logits.max() - gap, -torch.inf)
            """,
            "zero instead of -inf": """
                best = logits.max(dim=-1, keepdim=True).values
                return logits.masked_fill(logits < best - gap, 0.0)
            """,
            "in place": """
                best = logits.max(dim=-1, keepdim=True).values
                logits[logits < best - gap] = -torch.inf
                return logits
            """,
            "a mask": "return logits >= logits.max(dim=-1, keepdim=True).values - gap",
        },
    ),
}
