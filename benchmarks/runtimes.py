"""Sampling at batch 1 by four runtimes: the same weights, prompt and knobs, float32, one thread.

onnxruntime and CTranslate2 need the extra `[bench]`. Each has a function that makes a `Text`.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterable
from importlib.metadata import version

import numpy as np
import torch
from engine import (
    KNOBS,
    NEW,
    PROMPT,
    SAMPLING,
    Result,
    against_transformers,
    by_course,
    by_transformers,
    hf,
    interleaved,
    neighbours,
)

from course_utils.generate import Row, Settings, draw, generate
from course_utils.model.storyteller import load

GREEDY = 50  # tokens that a runtime must share with the course before it is timed

# New tokens, and whether to draw them with the knobs or to take the best, to their ids.
Text = Callable[[int, bool], list[int]]


def sampling(repeats: int) -> tuple[Result, str]:
    """The row of the course beside transformers, and a table of all, timed in the same turns."""
    calls = {"transformers": by_transformers(1, **SAMPLING), "the course": by_course(1)}
    absent = []
    for make in (onnxruntime, ctranslate2):
        try:
            text = checked(make())
        except ModuleNotFoundError as error:
            absent.append(f"| {make.__name__} | {error}: `pip install --editable '.[bench]'` | |")
        else:
            calls[f"{make.__name__} {version(make.__name__)}"] = whole(text)
    times = dict(zip(calls, interleaved(list(calls.values()), repeats), strict=True))
    theirs = times["transformers"]
    rows = [
        f"| {name} | {NEW / statistics.median(side):,.0f} | {neighbours(theirs, side):.2f} |"
        for name, side in times.items()
    ]
    lines = [
        f"Sampling at batch 1 by other runtimes, whose greedy text of {GREEDY} tokens is the "
        "course's. CTranslate2 has its own loop and draw, and holds end-of-text back; onnxruntime "
        "runs a graph of one step with its own attention kernel, and the course's `draw` draws:",
        "",
        "| | tokens/s | times transformers |",
        "|---|---:|---:|",
        *rows,
        *absent,
    ]
    sides = theirs, times["the course"]
    row = against_transformers("sampling, batch 1", 1, sides, "2.3, stretch 2.6")
    return row, "\n".join(lines)


def whole(text: Text) -> Callable[[], None]:
    def call() -> None:
        assert len(text(NEW, True)) == NEW

    return call


def ctranslate2() -> Text:
    """CTranslate2, by its own converter for GPT-2, loop and draw; its end-of-text is held back."""
    import ctranslate2
    from ctranslate2.converters.transformers import GPT2Loader

    names = [f"token{i}" for i in range(load().vocab_size)]
    loader = GPT2Loader()
    spec = loader.get_model_spec(hf(torch.float32))
    loader.set_vocabulary(spec, names)
    end = names[load().tokenizer.eot_token]
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = end
    with tempfile.TemporaryDirectory() as folder:
        spec.validate()
        spec.save(folder)
        one = {"inter_threads": 1, "intra_threads": 1, "compute_type": "float32"}
        generator = ctranslate2.Generator(folder, device="cpu", **one)
    prompt = [names[i] for i in load().encode(PROMPT)]

    def text(new: int, sample: bool) -> list[int]:
        temperature, top_k, top_p = KNOBS.values() if sample else (1, 1, 1)
        (result,) = generator.generate_batch(
            [prompt],
            min_length=new,
            max_length=new,
            include_prompt_in_result=False,
            sampling_temperature=temperature,
            sampling_topk=top_k,
            sampling_topp=top_p,
        )
        return result.sequences_ids[0]

    return text


def onnxruntime() -> Text:
    """onnxruntime, on a graph of one step with room for all keys and values; the course draws."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph(), options, ["CPUExecutionProvider"])
    config = load().gpt.config
    room = (1, config.n_head, config.n_positions, config.n_embd // config.n_head)
    value = onnxruntime.OrtValue.ortvalue_from_numpy
    prompt = load().encode(PROMPT)

    def text(new: int, sample: bool) -> list[int]:
        settings = Settings(**KNOBS) if sample else Settings(temperature=0)
        row = Row(load(), PROMPT, 0)
        logits = np.zeros((1, config.vocab_size), np.float32)
        binding = session.io_binding()
        for layer in range(config.n_layer):
            for name in ("key", "value"):
                store = value(np.zeros(room, np.float32))  # its kernel adds to it where it is
                binding.bind_ortvalue_input(f"past_{name}_{layer}", store)
                binding.bind_ortvalue_output(f"{name}_{layer}", store)
        address = ("cpu", 0, np.float32, logits.shape, logits.ctypes.data)
        binding.bind_output("logits", *address)
        scores, ids = torch.from_numpy(logits), prompt
        for _ in range(new):
            length = len(row.ids)
            binding.bind_cpu_input("ids", np.array([ids]))
            binding.bind_cpu_input("positions", np.arange(length - len(ids), length))
            binding.bind_cpu_input("last", np.array([length - 1], np.int32))
            binding.bind_cpu_input("length", np.array(length, np.int32))
            session.run_with_iobinding(binding)
            ids, _, _ = draw(settings, scores, [row])
            row.ids += ids
        return row.ids[len(prompt) :]

    return text


def graph() -> bytes:
    """One step of the Storyteller as an ONNX model, with onnxruntime's own attention kernel."""
    from onnx import TensorProto, helper, numpy_helper

    gpt, microsoft = load().gpt, "com.microsoft"
    config = gpt.config
    nodes, weights = [], []

    def weight(name: str, values: torch.Tensor) -> str:
        weights.append(numpy_helper.from_array(values.detach().contiguous().numpy(), name))
        return name

    def node(kind: str, inputs: Iterable[str], outputs: int | list[str] = 1, **attributes) -> str:
        names = [f"{kind}_{len(nodes)}"] if outputs == 1 else outputs
        nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0]

    def norm(name: str, x: str) -> str:
        layer = gpt.get_submodule(name)
        parts = weight(f"{name}.weight", layer.weight), weight(f"{name}.bias", layer.bias)
        return node("LayerNormalization", (x, *parts), epsilon=layer.eps)

    def projection(name: str, x: str) -> str:
        layer = gpt.get_submodule(name)
        x = node("MatMul", (x, weight(f"{name}.weight", layer.weight)))
        return node("Add", (x, weight(f"{name}.bias", layer.bias)))

    tokens = node("Gather", (weight("wte", gpt.wte.weight), "ids"))
    x = node("Add", (tokens, node("Gather", (weight("wpe", gpt.wpe.weight), "positions"))))
    for i in range(config.n_layer):
        block, stored = f"h.{i}", [f"{name}_{i}" for name in ("key", "value")]
        qkv = projection(f"{block}.attn.c_attn", norm(f"{block}.ln_1", x))
        past = [f"past_{name}" for name in stored]
        y = node(
            "GroupQueryAttention",
            (qkv, "", "", *past, "last", "length"),
            [f"attended_{i}", *stored],
            domain=microsoft,
            num_heads=config.n_head,
            kv_num_heads=config.n_head,
        )
        x = node("Add", (x, projection(f"{block}.attn.c_proj", y)))
        y = projection(f"{block}.mlp.c_fc", norm(f"{block}.ln_2", x))
        y = node("Gelu", (y,), approximate="tanh")
        x = node("Add", (x, projection(f"{block}.mlp.c_proj", y)))
    x = node("Gather", (x, weight("end", torch.tensor(-1))), axis=1)
    node("MatMul", (norm("ln_f", x), weight("head", gpt.wte.weight.T)), ["logits"])

    def tensors(kind: int, shapes: dict[str, list]) -> list:
        return [helper.make_tensor_value_info(n, kind, shape) for n, shape in shapes.items()]

    room = [1, config.n_head, config.n_positions, config.n_embd // config.n_head]
    stores = {f"{name}_{i}": room for i in range(config.n_layer) for name in ("key", "value")}
    inputs = [
        *tensors(TensorProto.INT64, {"ids": [1, "new"], "positions": ["new"]}),
        *tensors(TensorProto.INT32, {"last": [1], "length": []}),
        *tensors(TensorProto.FLOAT, {f"past_{name}": shape for name, shape in stores.items()}),
    ]
    outputs = tensors(TensorProto.FLOAT, {"logits": [1, config.vocab_size]} | stores)
    versions = [helper.make_opsetid("", 20), helper.make_opsetid(microsoft, 1)]
    made = helper.make_graph(nodes, "storyteller", inputs, outputs, weights)
    return helper.make_model(made, opset_imports=versions, ir_version=10).SerializeToString()


def checked(text: Text) -> Text:
    """The runtime, if its greedy text is the course's; a wrong model's speed would say nothing."""
    ours = [step.token for step in generate(load(), PROMPT, Settings(temperature=0), GREEDY)]
    theirs = text(GREEDY, False)
    assert theirs == ours, f"other greedy text: {theirs} for {ours}"
    return text
