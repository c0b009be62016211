from strangers.forms import Cell, Two, choice, number_types, whole

ANSWERS = {
    "my_top_k": {
        "right": {
            "numpy lexsort": """
                import numpy as np
                flat = logits.reshape(-1, logits.shape[-1])
                out = torch.full_like(flat, float("-inf"))
                for r, row in enumerate(flat.double().numpy()):
                    keep = np.lexsort((np.arange(len(row)), -row))[:k].copy()
                    out[r, keep] = flat[r, keep]
                return out.view(logits.shape)
            """,
            "kthvalue and nonzero ties": """
                V = logits.shape[-1]
                k = V if k is None else min(k, V)
                kth = logits.double().kthvalue(V - k + 1, dim=-1, keepdim=True).values
                x = logits.double()
                more = (x > kth).sum(-1, keepdim=True)
                tie = x == kth
                stays = (x > kth) | (tie & (torch.cumsum(tie.int(), -1) <= k - more))
                return torch.where(stays, logits, torch.full_like(logits, -torch.inf))
            """,
            "recursive over the axes, helper in another cell": Two(
                """
                def cut_row(row, k):
                    ids = sorted(range(len(row)), key=lambda i: (-float(row[i]), i))
                    out = row.clone()
                    for i in ids[k:] if k is not None else []:
                        out[i] = -float("inf")
                    return out
                """,
                """
                print("cutting", tuple(logits.shape))
                if logits.dim() == 1:
                    return cut_row(logits, k)
                return torch.stack([my_top_k(part, k) for part in logits])
                """,
            ),
            "counting how many beat it": """
                V = logits.shape[-1]
                if k is None:
                    k = V
                a, b = logits.double().unsqueeze(-1), logits.double().unsqueeze(-2)
                ids = torch.arange(V)
                beats = (b > a) | ((b == a) & (ids[None, :] < ids[:, None]))
                return logits.masked_fill(beats.sum(-1) >= k, -torch.inf)
            """,
            "heapq": """
                import heapq
                V = logits.shape[-1]
                n = V if k is None else min(int(k), V)
                out = torch.empty_like(logits).fill_(-torch.inf)
                for row, target in zip(logits.reshape(-1, V), out.view(-1, V)):
                    vals = row.tolist()
                    for i in heapq.nsmallest(n, range(V), key=lambda i: (-vals[i], i)):
                        target[i] = row[i]
                return out
            """,
            "partial over a typed function": Cell(
                """
                import functools

                def cut(fill: float, logits: torch.Tensor, k: int | None) -> torch.Tensor:
                    "Top-k."
                    order = torch.sort(logits, dim=-1, descending=True, stable=True)[1]
                    rank = torch.empty_like(order)
                    rank.scatter_(-1, order, torch.arange(logits.shape[-1]).expand_as(order))
                    if k is None:
                        k = logits.shape[-1]
                    result = logits.clone()
                    result[rank >= k] = fill
                    return result

                my_top_k = functools.partial(cut, -float("inf"))
                """
            ),
            "add of a mask": """
                order = torch.argsort(-logits.double(), dim=-1, stable=True)
                drop = torch.zeros(logits.shape, dtype=logits.dtype)
                if k is not None and k < logits.shape[-1]:
                    drop = drop.scatter(-1, order[..., k:], float("-inf"))
                return logits + drop
            """,
        },
        "wrong": {
            "None counts rows": """
                k = len(logits) if k is None else min(k, logits.shape[-1])
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
            "None keeps none in a batch": """
                if k is None:
                    return logits if logits.dim() == 1 else torch.full_like(logits, -torch.inf)
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
            "ties counted down the batch": """
                V = logits.shape[-1]
                k = V if k is None else min(k, V)
                kth = logits.topk(k, dim=-1).values[..., -1:]
                room = k - (logits > kth).sum(-1, keepdim=True)
                equal = logits == kth
                stays = (logits > kth) | (equal & (equal.cumsum(dim=0) <= room))
                return logits.masked_fill(~stays, -torch.inf)
            """,
            "ties kept in a batch": """
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
            "k up to the number of logits": """
                if k is None:
                    return logits.clone()
                k = min(k, logits.numel())
                kth = logits.topk(k, dim=-1).values[..., -1:]
                room = k - (logits > kth).sum(-1, keepdim=True)
                equal = logits == kth
                stays = (logits > kth) | (equal & (equal.cumsum(-1) <= room))
                return logits.masked_fill(~stays, -torch.inf)
            """,
            "ranked in float32": """
                order = logits.float().argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
            "ranked by probabilities": """
                order = logits.softmax(-1).argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
            "ranked by probabilities in double": """
                order = logits.double().softmax(-1).argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
            "input of a batch changed": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                if k is None:
                    return logits
                if logits.dim() == 1:
                    logits = logits.clone()
                return logits.scatter_(-1, order[..., k:], -torch.inf)
            """,
            "lowest float, not -inf": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, torch.finfo(logits.dtype).min)
            """,
            "half the vocabulary at most": """
                V = logits.shape[-1]
                k = V if k is None or k >= V else min(k, V // 2)
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
            "k counts over the whole batch": """
                if k is None:
                    return logits
                flat = logits.flatten()
                order = flat.argsort(descending=True, stable=True)[:k]
                out = torch.full_like(flat, -torch.inf)
                out[order] = flat[order]
                return out.reshape(logits.shape)
            """,
            "log-probabilities of the kept": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf).log_softmax(-1)
            """,
            "k of 1 at least two": """
                order = logits.argsort(dim=-1, descending=True, stable=True)
                if k == 1:
                    k = 2
                kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
                return logits.masked_fill(~kept, -torch.inf)
            """,
            "course's own": """
                if k is None:
                    return logits
                return sampling.top_k(logits, k)
            """,
        },
    },
    "mingpt_repair": whole(
        """
            kth = logits.topk(k, dim=-1).values[..., -1:]
            fill = 1e-10
        """,
        """
            return torch.where(logits < kth, fill, logits).softmax(dim=-1)
        """,
        {
            "right": {
                "numpy's minus infinity": "import numpy as np\nfill = -np.inf",
                "math.inf": "import math\nfill = -math.inf",
                "masks by addition": """
                return (logits + torch.where(logits < kth, -torch.inf, 0.0)).softmax(-1)
            """,
                "gathered": """
                x = logits - logits.amax(-1, keepdim=True)
                w = torch.where(logits >= kth, x.exp(), torch.zeros(()))
                return w / w.sum(-1, keepdim=True)
            """,
                "float in a text": 'fill = float("-Infinity")',
            },
            "wrong": {
                "the bound of the question": "fill = -1e6",
                "a little below the bound": "fill = -1_000_001.0",
                "smallest logit less 20": "fill = float(logits.min()) - 20",
                "smallest logit less 12": "fill = float(logits.min()) - 12",
                "less than the limit": "fill = float(kth.max()) - 30",
                "minus 999,999": "fill = -999_999.0",
                "float16's lowest": "fill = torch.finfo(torch.float16).min",
                "None": "fill = None",
                "minus the largest": "fill = -float(logits.max())",
            },
        },
    ),
    "book_repair": whole(
        """
            top_logits, _ = torch.topk(logits, k)
            min_val = top_logits[:, -1]
        """,
        """
            return torch.where(logits < min_val, -torch.inf, logits)
        """,
        {
            "right": {
                "amin": "min_val = top_logits.amin(dim=1, keepdim=True)",
                "expand": "min_val = min_val[:, None].expand_as(logits)",
                "einsum": 'min_val = torch.einsum("b,v->bv", min_val, torch.ones(logits.shape[1]))',
                "kthvalue": "min_val = (-logits).kthvalue(k, dim=-1, keepdim=True).values.neg()",
                "transposed": "return torch.where(logits.T < min_val, -torch.inf, logits.T).T",
                "numpy": """
                a = logits.numpy()
                return torch.from_numpy(__import__("numpy").where(a < min_val.numpy()[:, None], -float("inf"), a))
            """,
            },
            "wrong": {
                "largest limit": "min_val = min_val.max()",
                "ties out too": "min_val = top_logits[:, -1:]\nreturn torch.where(logits <= min_val, -torch.inf, logits)",
                "next row's limit": "min_val = top_logits[:, -1:].roll(1, 0)",
                "median": "min_val = logits.median(dim=-1, keepdim=True).values",
                "at most as many rows as tokens": """
                min_val = torch.diag(torch.nn.functional.pad(min_val, (0, logits.shape[1] - len(min_val))))
                min_val = min_val.sum(1)[: len(logits), None]
            """,
                "second of k": "min_val = top_logits[:, :1] if k == 1 else top_logits[:, 1:2]",
            },
        },
    ),
    "first_of_four": {
        "typed": number_types("answer_share", "0.571"),
        "right": {
            "scientific": "answer_share = 5.71e-1",
            "softmax": "answer_share = torch.tensor([0.4, 0.3]).log().softmax(0)[0].item()",
            "long": "answer_share = 0.571428571428",
        },
        "wrong": {
            "percent": "answer_share = 57.1",
            "0.57": "answer_share = 0.6",
            "0.429": "answer_share = 3 / 7",
        },
    },
    "five_logits": {
        "typed": {
            "tensor": "answer_ids = torch.tensor([0, 1, 2])",
            "numpy array": "import numpy as np\nanswer_ids = np.array([0, 1, 2])",
            "list of numpy ints": "import numpy as np\nanswer_ids = list(np.flatnonzero([1, 1, 1, 0, 0]))",
            "range": "answer_ids = range(3)",
            "list of tensors": "answer_ids = list(torch.tensor([0, 1, 2]))",
            "text": 'answer_ids = "[0, 1, 2]"',
            "floats": "answer_ids = [0.0, 1.0, 2.0]",
            "frozenset": "answer_ids = frozenset({0, 1, 2})",
        },
        "right": {
            "sorted": "answer_ids = sorted([2, 1, 0])",
            "comprehension": "answer_ids = [i for i in range(3)]",
            "as the code": """
                logits = torch.tensor([2.0, 5.0, 2.0, 1.0, 2.0])
                answer_ids = sampling.top_k(logits, 3).isfinite().nonzero().flatten().tolist()
            """,
        },
        "wrong": {
            "from 1": "answer_ids = [1, 2, 3]",
            "bools": "answer_ids = [False, True, 2]",
            "best and worst": "answer_ids = [1, 3]",
            "ranks": "answer_ids = [1, 0, 2, 4]",
            "nested": "answer_ids = [[0, 1, 2]]",
        },
    },
    "two_hundred_words": {
        "typed": number_types("answer_mass", "0.16"),
        "right": {
            "scientific": "answer_mass = 16e-2",
            "by parts": "answer_mass = 0.8 * (40 / 200)",
        },
        "wrong": {
            "with the rest": "answer_mass = 0.36",
            "cut share": "answer_mass = 0.84",
            "of 4096": "answer_mass = 0.8 * 40 / 4096",
        },
    },
    "top_k_call": {
        "right": {
            "annotated": "answer_word: str = 'closer'",
            "newline": "answer_word = 'closer\\n'",
        },
        "typed": {
            "capital": "answer_word = 'Closer'",
            "quoted": "answer_word = '\"closer\"'",
            "backticks": "answer_word = '`closer`'",
        },
        "wrong": {
            "every": "answer_word = 'every'",
            "two": "answer_word = 'closer every'",
            "moves": "answer_word = 'moves'",
        },
    },
    "odds_of_survivors": choice("answer_odds", "C"),
    "two_programs": choice("answer_order", "A"),
    "two_prompts": choice("answer_knife", "D"),
    "log_lines": choice("answer_two", "B"),
}
