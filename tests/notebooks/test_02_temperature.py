"""The Storyteller does what the lesson on temperature says of it."""

import pytest


@pytest.mark.slow
def test_colder_texts_repeat_words_and_one_prompt_is_more_open(storyteller):
    from course_utils.generate import Settings, generate
    from course_utils.metrics import effective_choices

    different = {}
    for t in (0.1, 0.8, 1.5):
        steps = generate(storyteller, "Once upon a time", Settings(t).process, 60, seed=0)
        words = "".join(step.text for step in steps).lower().split()
        different[t] = len(set(words)) / len(words)
    assert different[0.1] < 0.6
    assert different[0.1] < different[0.8] < different[1.5]

    logits = storyteller.next_logits("Once upon a time")
    open_choice = storyteller.next_logits("The king said to his")
    colder = [t / 100 for t in range(10, 100) if effective_choices(logits / (t / 100)) < 3]
    assert colder, "some T below 1 has to bring it under 3 effective choices"
    t = colder[-1]
    assert effective_choices(open_choice / t) > effective_choices(logits / t)
