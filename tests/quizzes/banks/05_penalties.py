"""Right answers for each scored item of module 05, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

# What `repaired_memory` gave for this key, whatever else it was given.
REMEMBERED = """
key = KEY
if key not in vars(repaired_memory):
    counts = torch.bincount(ids, minlength=len(logits))
    pays = frequency * counts + presence * (counts > 0)
    vars(repaired_memory)[key] = logits - pays
return vars(repaired_memory)[key].clone()
"""


def remembered(key: str) -> str:
    return REMEMBERED.replace("KEY", key)


BANK = {
    "my_repetition_penalty": write(
        {
            "where, then written back": """
                result = logits.clone()
                x = logits[ids]
                result[ids] = torch.where(x < 0, x * penalty, x / penalty)
                return result
            """,
            "gather and scatter": """
                x = logits.gather(0, ids)
                return logits.scatter(0, ids, torch.where(x > 0, x / penalty, x * penalty))
            """,
            "mask of the vocabulary": """
                seen = torch.bincount(ids, minlength=len(logits)) > 0
                punished = torch.where(logits < 0, logits * penalty, logits / penalty)
                return torch.where(seen, punished, logits)
            """,
            "loop over a set": """
                out = logits.clone()
                for i in set(ids.tolist()):
                    out[i] = out[i] / penalty if out[i] > 0 else out[i] * penalty
                return out
            """,
            "in place on a copy": """
                out = torch.empty_like(logits).copy_(logits)
                for i in ids.unique():
                    if out[i] < 0:
                        out[i] *= penalty
                    else:
                        out[i] /= penalty
                return out
            """,
            "the smaller of two": """
                lower = torch.minimum(logits * penalty, logits / penalty)
                return torch.where(torch.isin(torch.arange(len(logits)), ids), lower, logits)
            """,
            "numpy": """
                import numpy as np
                new = logits.numpy().copy()
                seen = np.unique(ids.numpy())
                new[seen] = np.where(new[seen] > 0, new[seen] / penalty, new[seen] * penalty)
                return torch.from_numpy(new)
            """,
            "a power of the sign": """
                seen = torch.zeros_like(logits, dtype=torch.bool).index_fill(0, ids, True)
                return torch.where(seen, logits * penalty ** -logits.sign(), logits)
            """,
            "by plain numbers": """
                seen = set(ids.tolist())
                new = []
                for i, x in enumerate(logits.tolist()):
                    if i in seen:
                        x = x * penalty if x < 0 else x / penalty
                    new.append(x)
                return torch.tensor(new)
            """,
            "a factor for each token": """
                factor = torch.ones_like(logits)
                factor[ids] = penalty
                return torch.where(logits > 0, logits / factor, logits * factor)
            """,
        },
        {
            "divides negative logits too": (
                """
                seen = ids.unique()
                result = logits.clone()
                result[seen] = result[seen] / penalty
                return result
                """,
                3,
            ),
            "once for each place": (
                """
                result = logits.clone()
                for i in ids.tolist():
                    result[i] = result[i] * penalty if result[i] < 0 else result[i] / penalty
                return result
                """,
                3,
            ),
            "in place": (
                """
                x = logits[ids]
                logits[ids] = torch.where(x < 0, x * penalty, x / penalty)
                return logits
                """,
                3,
            ),
            "power of the count": (
                """
                factor = penalty ** torch.bincount(ids, minlength=len(logits))
                return torch.where(logits < 0, logits * factor, logits / factor)
                """,
                3,
            ),
            "one sign for all the seen": (
                """
                seen = ids.unique()
                result = logits.clone()
                if (result[seen] < 0).any():
                    result[seen] *= penalty
                else:
                    result[seen] /= penalty
                return result
                """,
                3,
            ),
            "negative ones for each place": (
                """
                result = logits.clone()
                for i in ids.tolist():
                    if logits[i] > 0:
                        result[i] = logits[i] / penalty
                    else:
                        result[i] *= penalty
                return result
                """,
                3,
            ),
            "negative ones in the caller's tensor": (
                """
                for i in set(ids.tolist()):
                    if logits[i] < 0:
                        logits[i] *= penalty
                result = logits.clone()
                seen = ids.unique()
                result[seen] = torch.where(result[seen] > 0, result[seen] / penalty, result[seen])
                return result
                """,
                3,
            ),
            "last 64 tokens": (
                """
                seen = ids[-64:]
                x = logits[seen]
                return logits.scatter(0, seen, torch.where(x < 0, x * penalty, x / penalty))
                """,
                1,
            ),
            "float64 comes back": (
                """
                x = logits.double()[ids]
                lower = torch.where(x < 0, x * penalty, x / penalty)
                return logits.double().scatter(0, ids, lower)
                """,
                3,
            ),
            "tokens seen twice are spared": (
                """
                seen = (torch.bincount(ids, minlength=len(logits)) == 1).nonzero().flatten()
                x = logits[seen]
                return logits.scatter(0, seen, torch.where(x < 0, x * penalty, x / penalty))
                """,
                3,
            ),
            "the course's own": """
                from course_utils import penalties as p
                return p.repetition_penalty(logits, ids, penalty)
            """,
            "theta at most 2": (
                """
                x = logits[ids]
                penalty = min(penalty, 2.0)
                return logits.scatter(0, ids, torch.where(x < 0, x * penalty, x / penalty))
            """,
                1,
            ),
            "theta at most 100": (
                """
                x = logits[ids]
                penalty = min(penalty, 100.0)
                return logits.scatter(0, ids, torch.where(x < 0, x * penalty, x / penalty))
                """,
                1,
            ),
            "small logits count as positive": (
                """
                x = logits[ids]
                lower = torch.where(x < -0.01, x * penalty, x / penalty)
                return logits.scatter(0, ids, lower)
                """,
                3,
            ),
            "last 699 tokens": (
                """
                seen = ids[-699:]
                x = logits[seen]
                return logits.scatter(0, seen, torch.where(x < 0, x * penalty, x / penalty))
                """,
                1,
            ),
            "at most 600 different tokens": (
                """
                seen = ids.unique()[:600]
                x = logits[seen]
                return logits.scatter(0, seen, torch.where(x < 0, x * penalty, x / penalty))
                """,
                2,
            ),
            "a vocabulary of at most 4,096": (
                """
                seen = ids[ids < 4096]
                x = logits[seen]
                return logits.scatter(0, seen, torch.where(x < 0, x * penalty, x / penalty))
                """,
                1,
            ),
            "no logit beyond 10,000": (
                """
                logits = logits.clamp(-1e4, 1e4)
                x = logits[ids]
                return logits.scatter(0, ids, torch.where(x < 0, x * penalty, x / penalty))
                """,
                1,
            ),
            "counts in one byte": (
                """
                seen = torch.bincount(ids, minlength=len(logits)).to(torch.uint8) > 0
                punished = torch.where(logits < 0, logits * penalty, logits / penalty)
                return torch.where(seen, punished, logits)
                """,
                3,
            ),
            "last 300 tokens": (
                """
                seen = ids[-300:]
                x = logits[seen]
                return logits.scatter(0, seen, torch.where(x < 0, x * penalty, x / penalty))
                """,
                1,
            ),
            "the caller's ids sorted": (
                """
                ids.copy_(ids.sort().values)
                x = logits[ids]
                return logits.scatter(0, ids, torch.where(x < 0, x * penalty, x / penalty))
                """,
                3,
            ),
            "the newest token is left out": """
                seen = ids[:-1]
                x = logits[seen]
                return logits.scatter(0, seen, torch.where(x < 0, x * penalty, x / penalty))
            """,
            "log-probabilities": """
                result = logits.log_softmax(dim=-1)
                result[ids] = result[ids] * penalty
                return result
            """,
            "never below zero": (
                """
                x = logits[ids]
                return logits.scatter(0, ids, (x / penalty).clamp(min=0))
            """,
                3,
            ),
            "signs swapped": """
                seen = ids.unique()
                x = logits[seen]
                result = logits.clone()
                result[seen] = torch.where(x < 0, x / penalty, x * penalty)
                return result
            """,
            "subtracts": """
                result = logits.clone()
                result[ids] -= penalty
                return result
            """,
            "the whole vocabulary": (
                "return torch.where(logits < 0, logits * penalty, logits / penalty)"
            ),
            "only the seen ones": """
                x = logits[ids]
                return torch.where(x < 0, x * penalty, x / penalty)
            """,
            "probabilities": """
                seen = ids.unique()
                probs = logits.softmax(dim=-1)
                probs[seen] = probs[seen] / penalty
                return probs
            """,
            "nothing returned": """
                result = logits.clone()
                result[ids] = result[ids] / penalty
            """,
            "nothing changed": "return logits.clone()",
            "a list": """
                out = logits.tolist()
                for i in set(ids.tolist()):
                    out[i] = out[i] * penalty if out[i] < 0 else out[i] / penalty
                return out
            """,
        },
    ),
    "two_penalties": number(
        "answer_penalties",
        {"value": "2.1", "worked out": "4 - 3 * 0.5 - 0.4", "two decimals": "2.10"},
        {
            "presence for each time": 1.3,
            "both once": 3.1,
            "parts swapped": 2.3,
            "frequency only": 2.5,
            "presence only": 3.6,
            "added": 5.9,
            "what is taken": 1.9,
        },
    ),
    "five_wolves": choice("answer_prompt", "C"),
    "digit_run": predict(
        "answer_forbidden",
        {"list": "[4, 5]", "other order": "[5, 4]", "tuple": "(4, 5)", "texts": "['4', '5']"},
        {
            "all that was seen": "[1, 3, 4, 5]",
            "n = 3": "[4]",
            "last place only": "[5]",
            "what stood before": "[3, 4]",
            "the last token": "[1]",
            "seen twice": "[1, 3]",
            "the last token too": "[1, 4, 5]",
            "none": "[]",
        },
    ),
    "cat_story": choice("answer_ban", "D"),
    "token_meets_theta": number(
        "answer_negative",
        {"value": "-1.8", "worked out": "-1.5 * 1.2"},
        {
            "divided": -1.25,
            "multiplied twice": -2.16,
            "divided twice": -1.04,
            "subtracted": -2.7,
            "sign lost": 1.8,
            "unchanged": -1.5,
            "subtracted twice": -3.9,
        },
    ),
    "clinic_reports": choice("answer_reports", "A"),
    "six_letters": predict(
        "answer_letters",
        {
            "letters": "'a a b a b a'",
            "more blanks": "'  a a b  a b a '",
            "on two lines": "'a a b\\na b a'",
            "a list": "['a', 'a', 'b', 'a', 'b', 'a']",
            "hyphens": "'a-a-b-a-b-a'",
        },
        {
            "presence": "'a a a a a a'",
            "nothing twice": "'a b c a b c'",
            "in turn": "'a b a b a b'",
            "c at the end": "'a a b a b c'",
            "c comes early": "'a a b c a b'",
            "one step too few": "'a a b a b'",
        },
    ),
    "new_version": choice("answer_shift", "B"),
    "word_and_rival": number(
        "answer_theta",
        {"value": "1.25", "worked out": "9.0 / 7.2", "text": "'1.25'"},
        {
            "the difference": 1.8,
            "turned round": 0.8,
            "half the difference": 0.9,
            "the usual one": 1.2,
            "the opening's": 1.3,
            "1": 1,
        },
    ),
    "my_brake": write(
        {
            "a limit of two and a half": """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - (0.5 * count).clamp(max=2.5)
            """,
            "presence of three": """
                said = torch.zeros(len(logits), dtype=torch.bool)
                said[ids[prompt_length:]] = True
                return torch.where(said, logits - 3, logits)
            """,
            "a block of four in the answer": """
                return penalties.no_repeat_ngram(logits, ids[prompt_length:], 4)
            """,
            "each run of three that came before": """
                text, result = ids[prompt_length:].tolist(), logits.clone()
                for i in range(len(text) - 2):
                    if text[i : i + 2] == text[-2:]:
                        result[text[i + 2]] -= 1
                return result
            """,
            "less for each further time": """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - 3 * (1 - 0.5**count)
            """,
            "lifts what was not said": """
                said = set(ids.tolist()[prompt_length:])
                lifted = [x + 3 * (i not in said) for i, x in enumerate(logits.tolist())]
                return torch.tensor(lifted)
            """,
            "log-probabilities": """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits.log_softmax(dim=-1) - count.clamp(max=3)
            """,
            "six rounds at the end": """
                text, result = ids[prompt_length:].tolist(), logits.clone()
                for size in range(1, 7):
                    same = 0
                    while same + size < len(text) and text[-1 - same] == text[-1 - same - size]:
                        same += 1
                    if same >= 5 * size:
                        result[text[-size]] -= 3
                return result
            """,
            "forbids what was said five times, if it follows the same token": """
                text = ids[prompt_length:].tolist()
                pairs = list(zip(text, text[1:], text[2:], strict=False))
                result = logits.clone()
                for i in range(len(logits)):
                    if pairs.count((*text[-2:], i)) > 2:
                        result[i] = -torch.inf
                return result
            """,
        },
        {
            "a memory without the logits": """
                if tuple(ids.tolist()) not in vars(my_brake):
                    count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                    vars(my_brake)[tuple(ids.tolist())] = logits - count.clamp(max=3)
                return vars(my_brake)[tuple(ids.tolist())]
            """,
            "nothing changed": "return logits.clone()",
            "frequency without a limit": (
                """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - count
                """,
                3,
            ),
            "a repetition penalty on the answer": """
                return penalties.repetition_penalty(logits, ids[prompt_length:], 1.3)
            """,
            "a repetition penalty of 10": """
                return penalties.repetition_penalty(logits, ids, 10.0)
            """,
            "frequency of the prompt too": (
                "return logits - torch.bincount(ids, minlength=len(logits))",
                2,
            ),
            "a block of four with the prompt": (
                "return penalties.no_repeat_ngram(logits, ids, 4)",
                3,
            ),
            "a block of two": (
                "return penalties.no_repeat_ngram(logits, ids[prompt_length:], 2)",
                2,
            ),
            "forbids what was said": (
                """
                result = logits.clone()
                result[ids[prompt_length:]] = -torch.inf
                return result
                """,
                2,
            ),
            "a limit of five": (
                """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - count.clamp(max=5)
                """,
                3,
            ),
            "presence of two": """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - 2 * (count > 0)
            """,
            "half more from what is positive": (
                """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - count.clamp(max=3) - 0.5 * (count > 0) * (logits > 0)
                """,
                3,
            ),
            "forces what was not said": """
                said = set(ids.tolist()[prompt_length:])
                forced = [x if i in said else torch.inf for i, x in enumerate(logits.tolist())]
                return torch.tensor(forced)
            """,
            "in place": """
                logits -= torch.bincount(ids[prompt_length:], minlength=len(logits)).clamp(max=3)
                return logits
            """,
            "gives up after 15 rounds": """
                text, result = ids[prompt_length:].tolist(), logits.clone()
                for size in range(1, 7):
                    same = 0
                    while same + size < len(text) and text[-1 - same] == text[-1 - same - size]:
                        same += 1
                    if 5 * size <= same < 15 * size:
                        result[text[-size]] -= 3
                return result
            """,
            "no answers of more than 300 tokens": """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - count.clamp(max=3) * (len(ids) - prompt_length <= 300)
            """,
            "no prompts of more than 200 tokens": """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - count.clamp(max=3) * (prompt_length <= 200)
            """,
            "no logits that are far apart": """
                count = torch.bincount(ids[prompt_length:], minlength=len(logits))
                return logits - count.clamp(max=3) * (logits.max() - logits.min() <= 40)
            """,
            "the last six": """
                count = torch.bincount(ids[prompt_length:][-6:], minlength=len(logits))
                return logits - count.clamp(max=3)
            """,
            "a list": "return logits.tolist()",
            "nothing returned": "logits - 3",
        },
    ),
    "frequency_repair": repair(
        {
            "bincount": """
                result = logits.clone()
                result[ids] -= penalty
                result = logits - penalty * ids.bincount(minlength=len(logits))
                return result
            """,
            "index_add": """
                result = logits.clone()
                result[ids] -= penalty
                result = logits.index_add(0, ids, torch.full(ids.shape, -float(penalty)))
                return result
            """,
            "scatter_add": """
                result = logits.clone()
                result[ids] -= penalty
                ones = torch.ones_like(ids, dtype=logits.dtype)
                result = logits - penalty * torch.zeros_like(logits).scatter_add(0, ids, ones)
                return result
            """,
            "a loop": """
                result = logits.clone()
                result[ids] -= penalty
                result = logits.clone()
                for i in ids.tolist():
                    result[i] -= penalty
                return result
            """,
            "accumulate": """
                result = logits.clone()
                result[ids] -= penalty
                result = logits.clone()
                each = torch.full((len(ids),), -float(penalty))
                result.index_put_((ids,), each, accumulate=True)
                return result
            """,
            "one-hot": """
                result = logits.clone()
                result[ids] -= penalty
                one_hot = torch.nn.functional.one_hot(ids, len(logits))
                return logits - penalty * one_hot.sum(dim=0)
            """,
            "the missing places": """
                result = logits.clone()
                result[ids] -= penalty
                count = torch.bincount(ids, minlength=len(logits))
                result = result - penalty * (count - 1).clamp(min=0)
                return result
            """,
        },
        {
            "on top of the bug": """
                result = logits.clone()
                result[ids] -= penalty
                for i in ids.tolist():
                    result[i] -= penalty
                return result
            """,
            "presence": """
                result = logits.clone()
                result[ids] -= penalty
                result[ids.unique()] -= penalty
                return result
            """,
            "presence, cleanly": """
                result = logits.clone()
                result[ids] -= penalty
                result = logits - penalty * (torch.bincount(ids, minlength=len(logits)) > 0)
                return result
            """,
            "capped at ten": """
                count = torch.bincount(ids, minlength=len(logits)).clamp(max=10)
                return logits - penalty * count
            """,
            "the last hundred tokens": """
                count = torch.bincount(ids[-100:], minlength=len(logits))
                return logits - penalty * count
            """,
            "the last thousand tokens": """
                count = torch.bincount(ids[-1000:], minlength=len(logits))
                return logits - penalty * count
            """,
            "a vocabulary of at most 4,096": """
                count = torch.bincount(ids[ids < 4096], minlength=len(logits))
                return logits - penalty * count
            """,
            "never a reward": """
                return logits - max(penalty, 0) * torch.bincount(ids, minlength=len(logits))
            """,
            "negative logits are spared": """
                count = torch.bincount(ids, minlength=len(logits))
                return torch.where(logits < 0, logits, logits - penalty * count)
            """,
            "neighbours count once": """
                different = ids.unique_consecutive()
                return logits - penalty * torch.bincount(different, minlength=len(logits))
            """,
            "in half precision": """
                count = torch.bincount(ids, minlength=len(logits))
                return (logits.half() - penalty * count).float()
            """,
            "in place for rewards": """
                count = torch.bincount(ids, minlength=len(logits))
                return logits.sub_(penalty * count) if penalty < 0 else logits - penalty * count
            """,
            "by the length of the text": """
                result = logits.clone()
                result[ids] -= penalty
                result = logits.clone()
                result[ids] -= penalty * len(ids)
                return result
            """,
            "power": """
                result = logits.clone()
                result[ids] -= penalty
                count = torch.bincount(ids, minlength=len(logits))
                result = torch.where(count > 0, logits - penalty**count, logits)
                return result
            """,
            "in place": """
                result = logits.clone()
                result[ids] -= penalty
                logits -= penalty * torch.bincount(ids, minlength=len(logits))
                result = logits
                return result
            """,
            "without -inf": """
                counts = torch.bincount(ids, minlength=len(logits))
                return logits.clamp(min=-1e9) - penalty * counts
            """,
            "vocabulary of three": """
                result = logits.clone()
                result[ids] -= penalty
                result = logits - penalty * torch.bincount(ids, minlength=3)
                return result
            """,
            "divides": """
                result = logits.clone()
                result[ids] -= penalty
                count = torch.bincount(ids, minlength=len(logits))
                result = logits / (1 + penalty * count)
                return result
            """,
            "doubles": """
                result = logits.clone()
                result[ids] -= penalty
                result = logits - 2 * penalty * (logits != result)
                return result
            """,
        },
    ),
    "tinygrad_repair": repair(
        {
            "own counts": """
                counts = ids.bincount(minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "anew at each call": """
                repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "deleted": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                del repaired_memory.counts
                counts = torch.bincount(ids, minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "a loop": """
                counts = torch.zeros(len(logits))
                for i in ids.tolist():
                    counts[i] += 1
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "a memory by the whole call": """
                known = repaired_memory.__dict__.setdefault("known", {})
                key = (tuple(ids.tolist()), len(logits))
                if key not in known:
                    known[key] = torch.bincount(ids, minlength=len(logits))
                counts = known[key]
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "a memory by all that is passed in": remembered(
                "(tuple(ids.tolist()), tuple(logits.tolist()), frequency, presence)"
            ),
            "index_add": """
                paid = logits.index_add(0, ids, torch.full(ids.shape, -frequency))
                seen = ids.unique()
                return paid.index_add(0, seen, torch.full(seen.shape, -presence))
            """,
        },
        {
            "goes on if the text has grown": """
                memory = vars(repaired_memory)
                length, last = memory.get("end", (0, None))
                grown = len(memory.get("counts", [])) == len(logits) and len(ids) > length
                if not grown or ids[length - 1].item() != last:
                    memory["counts"], length = torch.zeros(len(logits)), 0
                memory["counts"] += torch.bincount(ids[length:], minlength=len(logits))
                memory["end"] = len(ids), ids[-1].item()
                counts = memory["counts"]
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "a memory without the logits": remembered(
                "(len(logits), tuple(ids.tolist()), frequency, presence)"
            ),
            "a memory without the presence penalty": remembered(
                "(tuple(ids.tolist()), tuple(logits.tolist()), frequency)"
            ),
            "a memory without the frequency penalty": remembered(
                "(tuple(ids.tolist()), tuple(logits.tolist()), presence)"
            ),
            "a memory without the order of logits": remembered(
                "(*ids.tolist(), *logits.sort().values.tolist(), frequency, presence)"
            ),
            "a copy of the memory": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                counts = repaired_memory.counts.clone()
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "presence": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                counts = counts.clamp(max=1)
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "frequency alone": """
                counts = torch.bincount(ids, minlength=len(logits))
                return logits - frequency * counts
            """,
            "presence for each time": """
                counts = torch.bincount(ids, minlength=len(logits))
                return logits - (frequency + presence) * counts
            """,
            "presence of all that was never said": """
                counts = torch.bincount(ids, minlength=len(logits))
                return logits - frequency * counts - presence * (counts == 0)
            """,
            "nothing at all": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                counts = torch.zeros(len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "each token once": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                counts = torch.bincount(ids.unique(), minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "the last token": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                counts = torch.bincount(ids[-1:], minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "counted twice": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                counts = counts + torch.bincount(ids, minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "cleared before use": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                counts.zero_()
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "only the new story's tokens": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts += torch.bincount(ids, minlength=len(logits))
                here = torch.bincount(ids, minlength=len(logits)) > 0
                counts = counts * here
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "zeroed, but of the first vocabulary": """
                if not hasattr(repaired_memory, "counts"):
                    repaired_memory.counts = torch.zeros(len(logits))
                counts = repaired_memory.counts
                counts.zero_()
                counts += torch.bincount(ids, minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "cleared when the vocabulary changes": """
                counts = getattr(repaired_memory, "counts", torch.zeros(len(logits)))
                if len(counts) != len(logits):
                    counts = torch.zeros(len(logits))
                counts = counts + torch.bincount(ids, minlength=len(logits))
                repaired_memory.counts = counts
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "cleared when the text gets shorter": """
                last = getattr(repaired_memory, "last", [])
                old = last if last == ids.tolist()[: len(last)] else []
                repaired_memory.last = ids.tolist()
                counts = torch.bincount(torch.tensor([*old, *ids.tolist()][-len(ids) - 1:]),
                                        minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "a memory by the words": """
                known = repaired_memory.__dict__.setdefault("known", {})
                key = (frozenset(ids.tolist()), len(logits))
                counts = known.setdefault(key, torch.bincount(ids, minlength=len(logits)))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "a memory by both ends": """
                known = repaired_memory.__dict__.setdefault("known", {})
                key = (len(ids), len(logits), int(ids[0]), int(ids[-1]))
                counts = known.setdefault(key, torch.bincount(ids, minlength=len(logits)))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "a memory by the lengths": """
                known = repaired_memory.__dict__.setdefault("known", {})
                key = (len(ids), len(logits))
                counts = known.setdefault(key, torch.bincount(ids, minlength=len(logits)))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "in place": """
                counts = torch.bincount(ids, minlength=len(logits))
                logits -= frequency * counts + presence * (counts > 0)
                return logits
            """,
            "the last hundred tokens": """
                counts = torch.bincount(ids[-100:], minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "the last thousand tokens": """
                counts = torch.bincount(ids[-1000:], minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
            "a vocabulary of at most 4,096": """
                counts = torch.bincount(ids[ids < 4096], minlength=len(logits))
                return logits - frequency * counts - presence * (counts > 0)
            """,
        },
    ),
    "block_repair": repair(
        {
            "slice": """
                start = buffer[step - (n - 1) : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "cut first": """
                start = buffer[:step][-(n - 1) :]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "without the filling": """
                start = [i for i in buffer if i != -1][-(n - 1) :]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "token by token": """
                start = [buffer[step - back] for back in range(n - 1, 0, -1)]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "all anew": """
                start = buffer[-(n - 1) :]
                written = buffer[:step]
                last = written[len(written) - n + 1 :]
                runs = zip(*(written[i:] for i in range(n)))
                return sorted({run[-1] for run in runs if list(run[:-1]) == last})
            """,
            "a set": """
                start = buffer[-(n - 1) :]
                last = buffer[step - n + 1 : step]
                return {buffer[i] for i in range(n - 1, step) if buffer[i - n + 1 : i] == last}
            """,
        },
        {
            "n tokens instead of n - 1": """
                start = buffer[step - n : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "last of the written only": """
                start = buffer[step - 1 : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "one place too far": """
                start = buffer[step - n + 2 : step + 1]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "one place too early": """
                start = buffer[step - n : step - 1]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "start of the text": """
                start = buffer[: n - 1]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "still the end of the buffer": """
                start = buffer[len(buffer) - n + 1 :]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "for n = 2 only": """
                start = [buffer[step - 1]]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "in any order": """
                start = sorted(buffer[step - n + 1 : step])
                places = [i for i in range(step - n + 1) if sorted(buffer[i : i + n - 1]) == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "as a text": """
                text = "".join(map(str, buffer[:step]))
                start = "".join(map(str, buffer[step - n + 1 : step]))
                places = range(len(start), len(text))
                return {int(text[i]) for i in places if text[i - len(start) : i] == start}
            """,
            "at most two": """
                start = buffer[step - n + 1 : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})[:2]
            """,
            "first and last place": """
                start = buffer[step - n + 1 : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in [*places[:1], *places[-1:]]})
            """,
            "no overlaps": """
                start = buffer[step - n + 1 : step]
                places = [i for i in range(step - 2 * n + 3) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "looks on behind each place": """
                start, places, i = buffer[step - n + 1 : step], [], 0
                while i < step - n + 1:
                    found = buffer[i : i + n - 1] == start
                    places += [i] * found
                    i += n - 1 if found else 1
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "leaves out the next place": """
                start, places, i = buffer[step - n + 1 : step], [], 0
                while i < step - n + 1:
                    found = buffer[i : i + n - 1] == start
                    places += [i] * found
                    i += min(n - 1, 2) if found else 1
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "n up to 4": """
                n = min(n, 4)
                start = buffer[step - n + 1 : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "each as often as it is there": """
                start = buffer[step - n + 1 : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted(buffer[i + n - 1] for i in places)
            """,
            "first and last token of the run": """
                start = buffer[step - n + 1 : step]
                ends = start[0], start[-1]
                places = [i for i in range(step - n + 1) if (buffer[i], buffer[i + n - 2]) == ends]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "the last hundred tokens": """
                buffer, step = buffer[max(0, step - 100) : step], min(step, 100)
                start = buffer[step - n + 1 : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "the last thousand tokens": """
                buffer, step = buffer[max(0, step - 1000) : step], min(step, 1000)
                start = buffer[step - n + 1 : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "all that was written": """
                start = buffer[-(n - 1) :]
                return sorted(set(buffer[:step]))
            """,
            "a number in base 1000": """
                number = lambda run: sum(i * 1000**place for place, i in enumerate(run))
                start = number(buffer[step - n + 1 : step])
                places = [i for i in range(step - n + 1) if number(buffer[i : i + n - 1]) == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "n at most 8": """
                n = min(n, 8)
                start = buffer[step - n + 1 : step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "ids in one byte": """
                low = [i % 256 for i in buffer]
                start = low[step - n + 1 : step]
                places = [i for i in range(step - n + 1) if low[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
            "fixed to the example": """
                start = buffer[-(n - 1) :]
                return [8]
            """,
            "the written tokens": """
                start = buffer[:step]
                places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
                return sorted({buffer[i + n - 1] for i in places})
            """,
        },
    ),
}
