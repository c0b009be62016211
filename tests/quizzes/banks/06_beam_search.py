"""Right answers for each scored item of module 06, and wrong ones for misconceptions."""

from bank import choice, number, predict, repair, write

RANKED = """
candidates = [([*ids, token], total + logprob)
              for (ids, total), row in zip(beams, logprobs.tolist())
              for token, logprob in enumerate(row)]
candidates.sort(key=lambda text: -text[1])
return candidates[:num_beams]
"""
SEARCH = """
beams = [((), 0.0)]
for step in range(depth):
    new = []
    for tokens, total in beams:
        if tokens and tokens[-1] == END:
            new.append((tokens, total))
        else:
            new += [((*tokens, t), total + math.log(p)) for t, p in table[tokens].items()]
    beams = sorted(new, key=lambda beam: -beam[1])[:num_beams]
return beams
"""
DECODER = """
beams = [([], 0.0)]
for row in rows:
    candidates = []
    for ids, cost in beams:
        for token, p in enumerate(row):
            candidates.append(([*ids, token], cost - math.log(p)))
    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
return [ids for ids, _ in beams]
"""
GROWTH = """
beams, vocabulary = logprobs.shape
places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
parents, tokens = places // vocabulary, places % vocabulary
return torch.cat([ids[parents], tokens.unsqueeze(-1)], dim=-1)
"""

BANK = {
    "beam_step": write(
        {
            "recursive merge": """
                    def merge(a, b):
                        if not a or not b:
                            return a or b
                        if a[0][1] >= b[0][1]:
                            return [a[0]] + merge(a[1:], b)[:num_beams]
                        return [b[0]] + merge(a, b[1:])[:num_beams]


                    def per(i):
                        ids, total = beams[i]
                        mine = sorted(
                            [
                                ([*ids, t], total + lp)
                                for t, lp in enumerate(logprobs[i].tolist())
                            ],
                            key=lambda c: -c[1],
                        )
                        return mine[:num_beams]


                    def go(lo, hi):
                        if hi - lo == 1:
                            return per(lo)
                        mid = (lo + hi) // 2
                        return merge(go(lo, mid), go(mid, hi))[:num_beams]


                    return go(0, len(beams))[:num_beams]
            """,
            "one sorted list": """
                candidates = []
                for (ids, total), row in zip(beams, logprobs.tolist()):
                    for token, logprob in enumerate(row):
                        candidates.append((ids + [token], total + logprob))
                return sorted(candidates, key=lambda c: -c[1])[:num_beams]
            """,
            "flattened table": """
                sums = logprobs + torch.tensor([[total] for _, total in beams])
                order = sums.flatten().argsort(descending=True)[:num_beams].tolist()
                size = logprobs.size(1)
                return [(beams[i // size][0] + [i % size], sums[i // size, i % size].item())
                        for i in order]
            """,
            "best of each, then of all": """
                pool = []
                for (ids, total), row in zip(beams, logprobs):
                    values, tokens = row.topk(min(num_beams, len(row)))
                    pairs = zip(values.tolist(), tokens.tolist())
                    pool += [([*ids, t], total + v) for v, t in pairs]
                pool.sort(key=lambda text: text[1], reverse=True)
                return pool[:num_beams]
            """,
            "heap": """
                import heapq
                pairs = ((total + float(logprobs[i, t]), i, t)
                         for i, (_, total) in enumerate(beams) for t in range(logprobs.shape[1]))
                return [(list(beams[i][0]) + [t], total)
                        for total, i, t in heapq.nlargest(num_beams, pairs)]
            """,
            "leaves tensors inside": """
                candidates = [(ids + [t], total + logprobs[i][t])
                              for i, (ids, total) in enumerate(beams)
                              for t in torch.arange(logprobs.shape[-1])]
                return sorted(candidates, key=lambda c: c[1], reverse=True)[:num_beams]
            """,
            "tuples of ids": """
                new = [(tuple(ids) + (t,), total + x)
                       for (ids, total), row in zip(beams, logprobs)
                       for t, x in enumerate(row.tolist())]
                new.sort(key=lambda text: -text[1])
                return tuple(new[:num_beams])
            """,
            "in place on copies": """
                import copy
                grown = []
                for i, (ids, total) in enumerate(beams):
                    for t in range(logprobs.shape[1]):
                        mine = copy.copy(ids)
                        mine.append(t)
                        grown.append((mine, total + logprobs[i, t].item()))
                grown.sort(key=lambda text: text[1])
                grown.reverse()
                return grown[:num_beams]
            """,
            "merged lazily": """
                import heapq
                from itertools import islice
                def children(ids, total, row):
                    values, tokens = row.sort(descending=True)
                    for x, t in zip(values.tolist(), tokens.tolist()):
                        yield -(total + x), (*ids, t)
                rows = [children(ids, total, row) for (ids, total), row in zip(beams, logprobs)]
                return [(ids, -cost) for cost, ids in islice(heapq.merge(*rows), num_beams)]
            """,
        },
        {
            "best child of each beam": """
                found = []
                for (ids, total), row in zip(beams, logprobs):
                    best, token = row.max(dim=-1)
                    found.append((ids + [int(token)], total + float(best)))
                return sorted(found, key=lambda text: -text[1])[:num_beams]
                """,
            "k of each beam, not cut": (
                """
                found = []
                for (ids, total), row in zip(beams, logprobs):
                    values, tokens = row.topk(min(num_beams, len(row)))
                    found += [(ids + [t], total + v)
                              for v, t in zip(values.tolist(), tokens.tolist())]
                return sorted(found, key=lambda text: -text[1])
                """,
                1,
            ),
            "k of each beam, one after the other": (
                """
                found = []
                for (ids, total), row in zip(beams, logprobs):
                    values, tokens = row.topk(min(num_beams, len(row)))
                    found += [(ids + [t], total + v)
                              for v, t in zip(values.tolist(), tokens.tolist())]
                return found[:num_beams]
                """,
                1,
            ),
            "one best child of each, k from one text": (
                """
                share = max(1, num_beams // len(beams))
                found = []
                for (ids, total), row in zip(beams, logprobs):
                    values, tokens = row.topk(min(share, len(row)))
                    found += [(ids + [t], total + v)
                              for v, t in zip(values.tolist(), tokens.tolist())]
                return sorted(found, key=lambda text: -text[1])
                """,
                1,
            ),
            "totals forgotten": (
                """
                best, places = logprobs.flatten().topk(min(num_beams, logprobs.numel()))
                size = logprobs.shape[1]
                return [(beams[p // size][0] + [p % size], v)
                        for v, p in zip(best.tolist(), places.tolist())]
                """,
                1,
            ),
            "ranked by token, totals right": (
                """
                best, places = logprobs.flatten().topk(min(num_beams, logprobs.numel()))
                size = logprobs.shape[1]
                return [(beams[p // size][0] + [p % size], beams[p // size][1] + v)
                        for v, p in zip(best.tolist(), places.tolist())]
                """,
                1,
            ),
            "wrong past": (
                """
                totals = torch.tensor([[total] for _, total in beams]) + logprobs
                best, places = totals.flatten().topk(min(num_beams, totals.numel()))
                size = logprobs.shape[1]
                return [(beams[n % len(beams)][0] + [p % size], v)
                        for n, (v, p) in enumerate(zip(best.tolist(), places.tolist()))]
                """,
                2,
            ),
            "at most two children": """
                found = []
                for (ids, total), row in zip(beams, logprobs):
                    values, tokens = row.topk(min(2 if len(beams) > 1 else num_beams, len(row)))
                    found += [(ids + [t], total + v)
                              for v, t in zip(values.tolist(), tokens.tolist())]
                return sorted(found, key=lambda text: -text[1])[:num_beams]
                """,
            "first and last text only": """
                pairs = list(zip(beams, logprobs.tolist()))
                ends = pairs if len(pairs) < 2 else [pairs[0], pairs[-1]]
                found = [(ids + [t], total + x)
                         for (ids, total), row in ends
                         for t, x in enumerate(row)]
                return sorted(found, key=lambda text: -text[1])[:num_beams]
                """,
            "no more than the vocabulary": RANKED.replace(
                "[:num_beams]", "[:min(num_beams, logprobs.shape[1])]"
            ),
            "five at most": RANKED.replace("[:num_beams]", "[:min(num_beams, 5)]"),
            "adds to the caller's table": (
                """
                logprobs += torch.tensor([[total] for _, total in beams])
                best, places = logprobs.flatten().topk(min(num_beams, logprobs.numel()))
                size = logprobs.shape[1]
                return [(beams[p // size][0] + [p % size], v)
                        for v, p in zip(best.tolist(), places.tolist())]
                """,
                2,
            ),
            "sorts the caller's list": (
                "beams.sort(key=lambda text: text[0])\n" + RANKED,
                1,
            ),
            "likelihoods, then logarithms": """
                found = [(ids + [t], math.log(math.exp(total) * p or 1e-300))
                         for (ids, total), row in zip(beams, logprobs.exp().tolist())
                         for t, p in enumerate(row)]
                return sorted(found, key=lambda text: -text[1])[:num_beams]
                """,
            "past cut to its last five": (
                RANKED.replace("[*ids, token]", "[*ids[-5:], token]"),
                2,
            ),
            "texts of three tokens or more rot": (
                RANKED.replace("[*ids, token]", "[*sorted(ids), token]"),
                2,
            ),
            "shared list": (
                """
                candidates = []
                for (ids, total), row in zip(beams, logprobs.tolist()):
                    for token, logprob in enumerate(row):
                        ids.append(token)
                        candidates.append((ids, total + logprob))
                return sorted(candidates, key=lambda c: -c[1])[:num_beams]
                """,
                1,
            ),
            "empties the caller's list": (
                """
                candidates = []
                while beams:
                    ids, total = beams.pop(0)
                    row = logprobs[-len(beams) - 1].tolist()
                    candidates += [(ids + [t], total + x) for t, x in enumerate(row)]
                return sorted(candidates, key=lambda c: -c[1])[:num_beams]
                """,
                2,
            ),
            "only the new tokens": (
                """
                totals = torch.tensor([[total] for _, total in beams]) + logprobs
                best, places = totals.flatten().topk(min(num_beams, totals.numel()))
                return list(zip((places % logprobs.shape[1]).tolist(), best.tolist()))
                """,
                1,
            ),
            "worst first": """
                candidates = [(ids + [t], total + x)
                              for (ids, total), row in zip(beams, logprobs.tolist())
                              for t, x in enumerate(row)]
                return sorted(candidates, key=lambda c: c[1])[:num_beams]
            """,
            "best last": """
                candidates = [(ids + [t], total + x)
                              for (ids, total), row in zip(beams, logprobs.tolist())
                              for t, x in enumerate(row)]
                return sorted(candidates, key=lambda c: c[1])[-num_beams:]
            """,
            "more than there are": (
                """
                totals = torch.tensor([[total] for _, total in beams]) + logprobs
                best, places = totals.flatten().topk(num_beams)
                size = logprobs.shape[1]
                return [(beams[p // size][0] + [p % size], v)
                        for v, p in zip(best.tolist(), places.tolist())]
                """,
                2,
            ),
            "probabilities": """
                candidates = [(ids + [t], total + x)
                              for (ids, total), row in zip(beams, logprobs.exp().tolist())
                              for t, x in enumerate(row)]
                return sorted(candidates, key=lambda c: -c[1])[:num_beams]
            """,
            "a capped vocabulary": """
                candidates = [(ids + [t], total + x)
                              for (ids, total), row in zip(beams, logprobs.tolist())
                              for t, x in enumerate(row[:64])]
                return sorted(candidates, key=lambda c: -c[1])[:num_beams]
            """,
            "ranked by rounded totals": RANKED.replace("-text[1]", "-round(text[1], 2)"),
            "best only": """
                candidates = [(ids + [t], total + x)
                              for (ids, total), row in zip(beams, logprobs.tolist())
                              for t, x in enumerate(row)]
                return max(candidates, key=lambda c: c[1])
            """,
            "vocabulary of 4096 at most": (
                RANKED.replace("enumerate(row)", "enumerate(row[:4096])"),
                2,
            ),
            "999 beams in": (RANKED.replace("zip(beams,", "zip(beams[:999],"), 1),
            "texts told apart by their digits": """
                best = {}
                for (ids, total), row in zip(beams, logprobs.tolist()):
                    for token, logprob in enumerate(row):
                        digits = "".join(map(str, [*ids, token]))
                        if digits not in best or total + logprob > best[digits][1]:
                            best[digits] = [*ids, token], total + logprob
                return sorted(best.values(), key=lambda text: -text[1])[:num_beams]
            """,
            "rare tokens skipped below -9": RANKED.replace(
                "enumerate(row)", "enumerate(row) if logprob > -9"
            ),
            "at most 1000 texts": (
                """
                    out = []
                    for (ids, total), row in zip(beams, logprobs.tolist()):
                        out += [([*ids, t], total + lp) for t, lp in enumerate(row)]
                    return sorted(out, key=lambda c: -c[1])[:min(num_beams, 1000)]
                """,
                2,
            ),
        },
    ),
    "my_beam_search": write(
        {
            "while some run": """
                held = [((), 0.0)]
                while depth > 0:
                    depth -= 1
                    pool = [text for text in held if text[0][-1:] == (END,)]
                    for tokens, total in held:
                        if tokens[-1:] != (END,):
                            pool += [(tokens + (t,), total + math.log(p))
                                     for t, p in table[tokens].items()]
                    held = sorted(pool, key=lambda text: -text[1])[:num_beams]
                return held
            """,
            "lists, finished ones apart": """
                running, finished = [([], 0.0)], []
                for _ in range(depth):
                    grown = [(ids + [t], total + math.log(p))
                             for ids, total in running
                             for t, p in table[tuple(ids)].items()]
                    best = sorted(grown + finished, key=lambda x: x[1], reverse=True)[:num_beams]
                    finished = [x for x in best if x[0][-1] == END]
                    running = [x for x in best if x[0][-1] != END]
                return sorted(running + finished, key=lambda x: x[1], reverse=True)
            """,
            "recursive": """
                def grow(beams, left):
                    if left == 0:
                        return beams
                    new = []
                    for tokens, total in beams:
                        if END in tokens:
                            new.append((tokens, total))
                            continue
                        new.extend(((*tokens, t), total + math.log(p))
                                   for t, p in table[tokens].items())
                    new.sort(key=lambda beam: beam[1], reverse=True)
                    return grow(new[:num_beams], left - 1)
                return grow([((), 0.0)], depth)
            """,
            "products, log at the end": """
                beams = {(): 1.0}
                for _ in range(depth):
                    new = {}
                    for tokens, p in beams.items():
                        if tokens and tokens[-1] == END:
                            new[tokens] = p
                        else:
                            for token, q in table[tokens].items():
                                new[tokens + (token,)] = p * q
                    best = sorted(new, key=new.get, reverse=True)[:num_beams]
                    beams = {tokens: new[tokens] for tokens in best}
                return [(tokens, math.log(p)) for tokens, p in beams.items()]
            """,
            "stops when all have ended": """
                import heapq
                beams = [(0.0, ())]
                for _ in range(depth):
                    if all(tokens and tokens[-1] == END for _, tokens in beams):
                        break
                    candidates = []
                    for total, tokens in beams:
                        ended = len(tokens) > 0 and tokens[-1] == END
                        if ended:
                            candidates.append((total, tokens))
                        else:
                            for token in table[tokens]:
                                more = torch.tensor(table[tokens][token], dtype=torch.float64)
                                candidates.append((total + more.log().item(), (*tokens, token)))
                    beams = heapq.nlargest(num_beams, candidates)
                return [(list(tokens), total) for total, tokens in beams]
            """,
            "a queue of generations": """
                from collections import deque
                generations = deque([{(): 0.0}], maxlen=1)
                for _ in range(depth):
                    old, new = generations[0], {}
                    for text, total in old.items():
                        after = {"": 1.0} if END in text else table[text]
                        for token, p in after.items():
                            new[text + (token,) if token else text] = total + math.log(p)
                    best = sorted(new.items(), key=lambda item: item[1])[::-1][:num_beams]
                    generations.append(dict(best))
                return [(tokens, total) for tokens, total in generations[0].items()]
            """,
        },
        {
            "one best child of each": """
                beams = sorted((((t,), math.log(p)) for t, p in table[()].items()),
                               key=lambda b: -b[1])[:num_beams]
                for _ in range(depth - 1):
                    new = []
                    for tokens, total in beams:
                        if tokens[-1] == END:
                            new.append((tokens, total))
                        else:
                            t = max(table[tokens], key=table[tokens].get)
                            new.append((tokens + (t,), total + math.log(table[tokens][t])))
                    beams = sorted(new, key=lambda b: -b[1])
                return beams
                """,
            "all texts, then the best": (
                """
                beams = [((), 0.0)]
                for _ in range(depth):
                    new = []
                    for tokens, total in beams:
                        if tokens and tokens[-1] == END:
                            new.append((tokens, total))
                        else:
                            new += [(tokens + (t,), total + math.log(p))
                                    for t, p in table[tokens].items()]
                    beams = new
                return sorted(beams, key=lambda b: -b[1])[:num_beams]
                """,
                1,
            ),
            "adds probabilities": """
                beams = [((), 0.0)]
                for _ in range(depth):
                    new = []
                    for tokens, total in beams:
                        if tokens and tokens[-1] == END:
                            new.append((tokens, total))
                        else:
                            new += [(tokens + (t,), total + p) for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                return beams
            """,
            "multiplies logarithms": """
                beams = [((), 1.0)]
                for _ in range(depth):
                    new = []
                    for tokens, total in beams:
                        if tokens and tokens[-1] == END:
                            new.append((tokens, total))
                        else:
                            new += [(tokens + (t,), total * -math.log(p))
                                    for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: b[1])[:num_beams]
                return [(tokens, -total) for tokens, total in beams]
            """,
            "goes on after the end": (
                """
                beams = [((), 0.0)]
                for _ in range(depth):
                    new = [(tokens + (t,), total + math.log(p)) for tokens, total in beams
                           for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                return beams
                """,
                3,
            ),
            "finished texts are dropped": (
                """
                beams = [((), 0.0)]
                for _ in range(depth):
                    new = []
                    for tokens, total in beams:
                        if not (tokens and tokens[-1] == END):
                            new += [(tokens + (t,), total + math.log(p))
                                    for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                return beams
                """,
                3,
            ),
            "finished texts take no place": (
                """
                beams, done = [((), 0.0)], []
                for _ in range(depth):
                    new = [(tokens + (t,), total + math.log(p)) for tokens, total in beams
                           for t, p in table[tokens].items()]
                    done += [b for b in new if b[0][-1] == END]
                    new = [b for b in new if b[0][-1] != END]
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                return sorted(beams + done, key=lambda b: -b[1])
                """,
                3,
            ),
            "stops at the first end": (
                """
                beams = [((), 0.0)]
                for _ in range(depth):
                    new = [(tokens + (t,), total + math.log(p)) for tokens, total in beams
                           for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                    if any(tokens[-1] == END for tokens, _ in beams):
                        break
                return beams
                """,
                3,
            ),
            "at most two children": (
                SEARCH.replace(
                    "table[tokens].items()",
                    "sorted(table[tokens].items(), key=lambda x: -x[1])[:2]",
                ),
                1,
            ),
            "five steps at most": (SEARCH.replace("range(depth)", "range(min(depth, 5))"), 2),
            "two beams at most": (SEARCH.replace("[:num_beams]", "[:min(num_beams, 2)]"), 1),
            "ten logarithms": SEARCH.replace("math.log(p)", "math.log10(p)"),
            "an end costs nothing": (
                SEARCH.replace("math.log(p)", "(math.log(p) if t != END else 0.0)"),
                3,
            ),
            "ends by any word that holds a stop": SEARCH.replace(
                "tokens[-1] == END", "(tokens[-1] == END or '.' in tokens[-1])"
            ),
            "finished ones pay at each step": (
                SEARCH.replace("(tokens, total))", "(tokens, total - 0.01))"),
                3,
            ),
            "stops when the best has ended": (
                SEARCH.replace(
                    "return beams",
                    "    if beams[0][0][-1] == END:\n        break\nreturn beams",
                ),
                3,
            ),
            "stops after as many ends as beams": (
                """
                beams, done = [((), 0.0)], []
                for _ in range(depth):
                    new = [((*tokens, t), total + math.log(p)) for tokens, total in beams
                           for t, p in table[tokens].items()]
                    new = sorted(new, key=lambda b: -b[1])[:num_beams]
                    done += [b for b in new if b[0][-1] == END]
                    beams = [b for b in new if b[0][-1] != END]
                    if len(done) >= num_beams:
                        break
                return sorted(done + beams, key=lambda b: -b[1])[:num_beams]
                """,
                3,
            ),
            "the unlikely are dropped": SEARCH.replace(
                "return beams", "return [b for b in beams if b[1] > -3]"
            ),
            "all at the last step": (
                SEARCH.replace(
                    "[:num_beams]", "[:num_beams if step < depth - 1 or step == 0 else None]"
                ),
                1,
            ),
            "ranked by the mean": (
                """
                beams = [((), 0.0)]
                for _ in range(depth):
                    new = []
                    for tokens, total in beams:
                        if tokens and tokens[-1] == END:
                            new.append((tokens, total))
                        else:
                            new += [(tokens + (t,), total + math.log(p))
                                    for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: -b[1] / len(b[0]))[:num_beams]
                return beams
                """,
                3,
            ),
            "end left out of the tokens": (
                """
                beams = [((), 0.0, False)]
                for _ in range(depth):
                    new = []
                    for tokens, total, ended in beams:
                        if ended:
                            new.append((tokens, total, True))
                            continue
                        for t, p in table[tokens].items():
                            longer = tokens if t == END else tokens + (t,)
                            new.append((longer, total + math.log(p), t == END))
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                return [(tokens, total) for tokens, total, _ in beams]
                """,
                3,
            ),
            "greedy whatever the width": """
                tokens, total = (), 0.0
                for _ in range(depth):
                    if tokens and tokens[-1] == END:
                        break
                    best = max(table[tokens], key=table[tokens].get)
                    total += math.log(table[tokens][best])
                    tokens += (best,)
                return [(tokens, total)]
            """,
            "last token's logarithm": """
                beams = [((), 0.0)]
                for _ in range(depth):
                    new = []
                    for tokens, total in beams:
                        if tokens and tokens[-1] == END:
                            new.append((tokens, total))
                        else:
                            new += [(tokens + (t,), math.log(p)) for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                return beams
                """,
            "unlikely tokens lifted": (SEARCH.replace("math.log(p)", "math.log(max(p, 1e-3))"), 0),
            "at most 40 steps": (SEARCH.replace("range(depth)", "range(min(depth, 40))"), 2),
            "takes from the table": (SEARCH.replace("table[tokens]", "table.pop(tokens)"), 3),
            "joined texts": """
                beams = [((), 0.0)]
                for _ in range(depth):
                    new = []
                    for tokens, total in beams:
                        if tokens and tokens[-1] == END:
                            new.append((tokens, total))
                        else:
                            new += [(tokens + (t,), total + math.log(p))
                                    for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                return [("".join(tokens), total) for tokens, total in beams]
            """,
            "probability, not its logarithm": """
                beams = [((), 1.0)]
                for _ in range(depth):
                    new = []
                    for tokens, total in beams:
                        if tokens and tokens[-1] == END:
                            new.append((tokens, total))
                        else:
                            new += [(tokens + (t,), total * p) for t, p in table[tokens].items()]
                    beams = sorted(new, key=lambda b: -b[1])[:num_beams]
                return beams
            """,
            "lengthens what ended, if it has a row": (
                """
                    beams = [((), 0.0)]
                    for _ in range(depth):
                        found = []
                        for text, total in beams:
                            if text not in table:
                                found.append((text, total))
                            for token, p in table.get(text, {}).items():
                                found.append(((*text, token), total + math.log(p)))
                        beams = sorted(found, key=lambda one: -one[1])[:num_beams]
                    return beams
                """,
                3.0,
            ),
            "cap 256": (SEARCH.replace("[:num_beams]", "[:min(num_beams, 256)]"), 3),
            "below -600 dropped": (
                SEARCH.replace(".items()", ".items() if total + math.log(p) > -600"),
                3,
            ),
            "100 tokens a row": (
                SEARCH.replace("table[tokens].items()", "[*table[tokens].items()][:100]"),
                3,
            ),
            "texts joined to one key": (
                SEARCH.replace(
                    "sorted(new,",
                    "sorted({''.join(text): (text, total) for text, total in new}.values(),",
                ),
                3,
            ),
            "one more beam where the last ended": (
                """
                    beams = [((), 0.0)]
                    for step in range(depth):
                        cands = []
                        for tokens, total in beams:
                            if tokens and tokens[-1] == END:
                                cands.append((tokens, total))
                            else:
                                row = table[tokens].items()
                                cands += [((*tokens, t), total + math.log(p)) for t, p in row]
                        cands.sort(key=lambda c: -c[1])
                        beams = cands[:num_beams]
                        if step == 0 and beams[-1][0][-1] == END:
                            beams = cands[:num_beams + 1]
                    return beams[:num_beams]
                """,
                3,
            ),
        },
    ),
    "fair_score": write(
        {
            "log": """
                    return total / math.log(length + 1)
            """,
            "power": "return total / length**0.7",
            "root": "return total / math.sqrt(length)",
            "Google's": "return total / ((5 + length) / 6) ** 0.9",
            "a reward for each token": "return total + 1.5 * length",
            "a reward of 1": "return total + length",
            "mean with a small toll": "return total / length - 0.3 * math.log(length)",
            "a bonus, added up": """
                bonus = 0.0
                for _ in range(length):
                    bonus += 0.8
                return total + bonus
            """,
            "as a tensor": "return torch.tensor(total, dtype=torch.float64) / length**0.6",
        },
        {
            "the sum": ("return total", 1),
            "the mean": ("return total / length", 1),
            "perplexity, negative": ("return -math.exp(-total / length)", 1),
            "mean probability": ("return math.exp(total / length)", 1),
            "a reward that pays for going on": ("return total + 3 * length", 1),
            "too strong": ("return total / length**2", 1),
            "too weak": ("return total / length**0.1", 1),
            "the wrong way": ("return total * length", 1),
            "too large a reward": ("return total + 6 * length", 1),
            "too small a reward": ("return total + 0.02 * length", 1),
            "the length alone": "return length",
            "the shortest": "return -length",
            "sign lost": "return -total / length",
            "perplexity": "return math.exp(-total / length)",
            "rounded": "return round(total / length, 1)",
            "probability": "return math.exp(total)",
            "nothing at all": "return 0.0",
            "reward up to 50 tokens": ("return total + min(length, 50)", 1),
            "words for a number": "return 'good'",
            "whole numbers": "return total // length",
            "short ones only": ("return total / min(length, 20)", 1),
            "alpha 0.16": (
                """
                    return total / length**0.16
                """,
                1,
            ),
            "gnmt 0.3": (
                """
                    return total / ((5 + length) / 6) ** 0.3
                """,
                1,
            ),
            "mean plus 3/n": (
                """
                    return (total + 3) / length
                """,
                1,
            ),
            "reward with falling margin": (
                """
                    return total + 0.5 * length - 0.001 * length**2
                """,
                1,
            ),
            "mean clamped at -12": """
                    return max(total, -12 * length) + 0.5 * length
            """,
            "typical probability and a small price": (
                """
                    return math.exp(total / length) - 1e-6 * length
                """,
                1,
            ),
            "a step down at 150 tokens": (
                """
                    return total + 0.5 * length - (0.5 if length >= 150 else 0)
                """,
                1,
            ),
        },
    ),
    "candidates": number(
        "answer_candidates",
        {"whole": "20480", "product": "5 * 4096", "float": "20480.0"},
        {"one beam's": 4096, "those kept": 5, "five by five": 25, "added": 4101, "all": "4096**5"},
    ),
    "letter_tree": predict(
        "answer_tree",
        {"three decimals": "0.186", "product": "0.3 * 0.62", "computed": "round(0.3 * 0.62, 3)"},
        {"the best of all": 0.2, "greedy": 0.18, "one token": 0.62, "log": -1.682, "sum": 1.12},
    ),
    "post_about_greedy": choice("answer_greedy", "C"),
    "best_places": predict(
        "answer_places",
        {"list": "[0, 1]", "any order": "[1, 0]", "tuple": "(0, 1)", "set": "{0, 1}"},
        {
            "one of each beam": "[0, 3]",
            "totals forgotten": "[3, 4]",
            "tokens of both": "[0, 4]",
            "counted from 1": "[1, 2]",
            "least likely": "[2, 5]",
            "twice": "[0, 0]",
        },
    ),
    "winning_score": number(
        "answer_score",
        {"mean": "-0.6", "fraction": "-3.6 / 6", "better of two": "max(-2.0 / 2, -3.6 / 6)"},
        {
            "short one's": -1.0,
            "sum": -2.0,
            "long one's sum": -3.6,
            "multiplied": -21.6,
            "end not counted": -0.72,
            "sign lost": 0.6,
            "other's length": -1.8,
        },
    ),
    "alpha_and_length": choice("answer_direction", "A"),
    "silent_length": number(
        "answer_length",
        {"whole": 8, "float": 8.0, "computed": "math.ceil(math.log(0.02) / math.log(0.6))"},
        {"rounded down": 7, "one more": 9, "ratio": 30, "two": 2, "logarithm": 7.66},
    ),
    "library_beams": choice("answer_copies", "B"),
    "right_job": choice("answer_job", "D"),
    "beams_on_sums": number(
        "answer_won",
        {"whole": 145, "sum": "700 - (640 - 85)", "float": 145.0},
        {"the difference": 60, "the lost": 85, "subtracted": -25, "all wrong": 360, "less": 215},
    ),
    "tutorial_repair": repair(
        {
            "best first over ranks": """
                    import heapq

                    order = [sorted(range(len(r)), key=lambda t: -r[t]) for r in rows]


                    def cost(ranks):
                        return -math.fsum(
                            math.log(r[o[j]]) for r, o, j in zip(rows, order, ranks)
                        )


                    start = (0,) * len(rows)
                    heap, seen, out = [(cost(start), start)], {start}, []
                    while heap and len(out) < k:
                        _, ranks = heapq.heappop(heap)
                        out.append([o[j] for o, j in zip(order, ranks)])
                        for i, j in enumerate(ranks):
                            nxt = ranks[:i] + (j + 1,) + ranks[i + 1 :]
                            if j + 1 < len(rows[i]) and nxt not in seen:
                                seen.add(nxt)
                                heapq.heappush(heap, (cost(nxt), nxt))
                    return out
            """,
            "minus the logarithm": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost - math.log(p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "plus minus": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost + -math.log(p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "bits": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost - math.log2(p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "one over the product": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost / p
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "torch": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost - torch.tensor(p).log().item()
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "highest sums": DECODER.replace("cost - ", "cost + ").replace(
                "beam: beam[1]", "beam: -beam[1]"
            ),
            "all texts, then the best": DECODER.replace(
                "sorted(candidates, key=lambda beam: beam[1])[:k]", "candidates"
            ).replace("in beams]", "in sorted(beams, key=lambda beam: beam[1])[:k]]"),
            "highest products": DECODER.replace("cost - math.log(p)", "cost * p")
            .replace("[([], 0.0)]", "[([], 1.0)]")
            .replace("beam: beam[1])", "beam: beam[1], reverse=True)"),
        },
        {
            "logarithm without minus": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost * math.log(p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "plus the logarithm": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost + math.log(p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "product, lowest first": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost * p
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "cost forgotten": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = -math.log(p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "adds probabilities": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost - p
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "one over p": DECODER.replace("- math.log(p)", "+ 1 / p"),
            "only the largest cost": DECODER.replace(
                "cost - math.log(p)", "max(cost, -math.log(p))"
            ),
            "squared": DECODER.replace("cost - math.log(p)", "cost + math.log(p) ** 2"),
            "a mean": DECODER.replace("cost - math.log(p)", "cost / 2 - math.log(p)"),
            "at most two children": DECODER.replace(
                "enumerate(row)", "sorted(enumerate(row), key=lambda x: -x[1])[:2]"
            ),
            "ten steps": DECODER.replace("in rows", "in rows[:10]"),
            "three texts": DECODER.replace("[:k]", "[:min(k, 3)]"),
            "likeliest last": DECODER.replace("in beams]", "in beams[::-1]]"),
            "adds what is missing": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost + (1 - p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "product of misses": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = cost * (1 - p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "rounded costs": DECODER.replace("beam: beam[1]", "beam: round(beam[1], 3)"),
            "products in float32": DECODER.replace(
                "cost - math.log(p)", "float(torch.tensor(cost) * p)"
            )
            .replace("[([], 0.0)]", "[([], 1.0)]")
            .replace("beam: beam[1])", "beam: beam[1], reverse=True)"),
            "logarithm of the cost": """
                beams = [([], 1.0)]
                for row in rows:
                    candidates = []
                    for ids, cost in beams:
                        for token, p in enumerate(row):
                            new_cost = -math.log(cost) - math.log(p)
                            candidates.append(([*ids, token], new_cost))
                    beams = sorted(candidates, key=lambda beam: beam[1])[:k]
                return [ids for ids, _ in beams]
            """,
            "rows of 100": DECODER.replace("enumerate(row)", "enumerate(row[:100])"),
            "eps 1e-9 in the log": DECODER.replace("math.log(p)", "math.log(p + 1e-9)"),
        },
    ),
    "beam_tensors_repair": repair(
        {
            "indexed": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids[places // vocabulary], tokens[:, None]], dim=-1)
                return grown
            """,
            "index_select": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                parents = torch.div(places, vocabulary, rounding_mode="floor")
                past = ids.index_select(0, parents)
                grown = torch.hstack([past, tokens[:, None]])
                return grown
            """,
            "one by one": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                rows = []
                for place in places.tolist():
                    parent, token = divmod(place, vocabulary)
                    rows.append(ids[parent].tolist() + [token])
                grown = torch.tensor(rows)
                return grown
            """,
            "returns early": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                parents = (places - tokens) // vocabulary
                return torch.cat((ids[parents], tokens.view(-1, 1)), 1)
            """,
            "gather": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                parents = (places // vocabulary).unsqueeze(-1).expand(-1, ids.shape[1])
                grown = torch.cat([ids.gather(0, parents), tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
        },
        {
            "remainder of beams": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids[places % beams], tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
            "divided by beams": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                parents = (places // beams).clamp(max=beams - 1)
                grown = torch.cat([ids[parents], tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
            "sorted parents": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                parents = (places // vocabulary).sort().values
                grown = torch.cat([ids[parents], tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
            "all from the best": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                parents = (places // vocabulary)[:1].expand(beams)
                grown = torch.cat([ids[parents], tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
            "by total": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                order = totals.argsort(descending=True)
                grown = torch.cat([ids[order], tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
            "parents as tokens": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                tokens = places // vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
            "best child of each": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                tokens = logprobs.argmax(dim=-1)
                grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
            "past only": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = ids[places // vocabulary]
                return grown
            """,
            "through half precision": GROWTH.replace("dim=-1)", "dim=-1).half().long()"),
            "parents in half precision": GROWTH.replace(
                "places // vocabulary,", "(places.half() / vocabulary).long(),"
            ),
            "spoils its ids": GROWTH.replace("return", "ids[:] = ids[parents]\nreturn").replace(
                "[ids[parents], tokens", "[ids, tokens"
            ),
            "tokens as decimals": GROWTH.replace("tokens.unsqueeze(-1)", "tokens[:, None] / 1"),
            "last token of the past": GROWTH.replace("ids[parents]", "ids[parents][:, -1:]"),
            "totals forgotten": GROWTH.replace("totals.unsqueeze(-1) + ", ""),
            "totals along the vocabulary": GROWTH.replace(
                "totals.unsqueeze(-1)", "totals[:logprobs.shape[1]].mean()"
            ),
            "not sorted": GROWTH.replace("topk(beams)", "topk(beams, sorted=False)").replace(
                ".indices", ".indices.sort().values"
            ),
            "a child for each": GROWTH.replace("places // vocabulary,", "torch.arange(beams),"),
            "at most three beams": GROWTH.replace(
                "places // vocabulary", "(places // vocabulary).clamp(max=2)"
            ),
            "two beams swapped": """
                beams, vocabulary = logprobs.shape
                places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
                tokens = places % vocabulary
                grown = torch.cat([ids.flip(0), tokens.unsqueeze(-1)], dim=-1)
                return grown
            """,
            "64 beams": GROWTH.replace("ids[parents]", "ids[parents.clamp(max=63)]"),
            "parents as int8": GROWTH.replace("ids[parents]", "ids[parents.to(torch.int8).long()]"),
            "unlikely ones all alike": GROWTH.replace("+ logprobs", "+ logprobs.clamp(min=-20)"),
            "vocabulary from the last possible token": """
                beams, v = logprobs.shape
                s = (totals[:, None] + logprobs)
                places = s.flatten().topk(beams).indices
                v = int((logprobs > -torch.inf).any(0).nonzero().max()) + 1
                parents = ids[(places // v).clamp(max=beams - 1)]
                return torch.cat([parents, (places % v)[:, None]], dim=-1)
            """,
            "at most ten children": """
                beams, v = logprobs.shape
                k = min(10, beams, v)
                s, tok = (totals[:, None] + logprobs).topk(k)
                parent = torch.arange(beams).repeat_interleave(k)
                o = s.flatten().argsort(descending=True)[:beams]
                return torch.cat([ids[parent[o]], tok.flatten()[o, None]], -1)
            """,
        },
    ),
}
