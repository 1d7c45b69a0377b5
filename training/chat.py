#!/usr/bin/env python3
"""Trains the bundled chat model: a very small language model of a little world.

Usage: training/chat.py            trains it, writes models/chat
       training/chat.py --check    only measures the committed file again

The texts it learns from are made up by chat_world.py, the vocabulary by bpe.py from the same texts.
Every random number comes from SEED. What is measured is the written file, run by llama.cpp as
`make deps` brought it (llama_answers.c): questions asked in ways that training never saw.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"  # the same sums in the same order

import numpy as np

import bpe
import chat_world as world
import gguf_file

SEED, TOKENS = 6, 640
STEPS, RATE, WARM_UP = 2000, 4e-3, 60
ROWS, LENGTH = 16, 129
LONG_ROWS, LONG, LONG_EVERY = 2, 513, 20  # every so many steps: few rows, as long as the context
UNLEARNT = 0.05  # how much what a user writes counts, against what the assistant answers
ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "chat"
START, END = "<|im_start|>", "<|im_end|>"
TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
            "'<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
            "{% endif %}")


def encode(words: bpe.Vocabulary, maker: world.Maker, long: bool) -> tuple[list[int], list[float]]:
    """One text as tokens, and how much each counts."""
    if maker.rng.random() < 0.06:
        tokens = words.encode(world.plain(maker)) + words.encode(END)
        return tokens, [0.5] * len(tokens)
    messages = world.dialogue(maker)
    while long and sum(len(text) for _, text in messages) < 1000:
        messages += [m for m in world.dialogue(maker) if m[0] != "system"]
    tokens, weights = [], []
    for role, text in messages:
        head, body = words.encode(f"{START}{role}\n"), words.encode(text + END)
        own = role == "assistant"
        tokens += head + body + words.encode("\n")
        weights += [0.02] * len(head) + [1.0 if own else UNLEARNT] * len(body) + [0.02]
    return tokens, weights


def batch(words: bpe.Vocabulary, maker: world.Maker, rows: int, length: int):
    """Rows of several texts each; the last one is cut off."""
    tokens, texts = np.zeros((2, rows, length), np.int32)
    weights = np.zeros((rows, length), np.float32)
    for row in range(rows):
        at = text = 0
        while at < length:
            found, counts = encode(words, maker, length > LENGTH and text == 0)
            n = min(len(found), length - at)
            tokens[row, at:at + n], weights[row, at:at + n] = found[:n], counts[:n]
            texts[row, at:at + n] = text
            weights[row, at] = 0
            at, text = at + n, text + 1
    return tokens, texts, weights


def vocabulary() -> bpe.Vocabulary:
    maker = world.Maker(np.random.default_rng([SEED, 1]))
    texts = [text for _ in range(6000) for _, text in world.dialogue(maker)]
    return bpe.Vocabulary(texts + ["system\n", "user\n", "assistant\n"] * 3000, TOKENS, [START, END])


def train(words: bpe.Vocabulary):
    import jax
    import llama_net
    shape = llama_net.Shape(len(words.tokens))
    params = jax.tree.map(jax.numpy.asarray, llama_net.start(np.random.default_rng(SEED), shape))
    mean, square = (jax.tree.map(jax.numpy.zeros_like, params) for _ in range(2))
    maker, began, losses = world.Maker(np.random.default_rng([SEED, 2])), time.monotonic(), []
    for number in range(1, STEPS + 1):
        long = number % LONG_EVERY == 0
        some = batch(words, maker, *((LONG_ROWS, LONG) if long else (ROWS, LENGTH)))
        rate = RATE * min(number / WARM_UP, (1 + np.cos(np.pi * number / STEPS)) / 2 + 0.01)
        params, mean, square, error = llama_net.step(params, mean, square, some, np.float32(number),
                                                     np.float32(rate), shape)
        losses.append(error)
        if number % 50 == 0:
            print(f"step {number} of {STEPS}: loss {np.mean(losses[-50:]):.4f}, "
                  f"{time.monotonic() - began:.0f} s", flush=True)
    return shape, jax.tree.map(np.asarray, params)


def write(words: bpe.Vocabulary, shape, params: dict[str, np.ndarray], path: Path) -> None:
    plain = len(words.tokens) - len(words.specials)
    metadata = {
        "general.architecture": "llama", "general.name": "Serval chat", "general.license": "apache-2.0",
        "general.file_type": 1, "llama.context_length": shape.context, "llama.embedding_length": shape.width,
        "llama.block_count": shape.blocks, "llama.feed_forward_length": shape.inner,
        "llama.attention.head_count": shape.heads, "llama.attention.head_count_kv": shape.kv_heads,
        "llama.attention.layer_norm_rms_epsilon": shape.epsilon, "llama.rope.freq_base": shape.base,
        "llama.rope.dimension_count": shape.width // shape.heads, "llama.vocab_size": shape.tokens,
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.tokens": words.tokens,
        "tokenizer.ggml.token_type": np.array([1] * plain + [3] * len(words.specials)),  # ordinary, control
        "tokenizer.ggml.merges": [f"{a} {b}" for a, b in words.merges],
        "tokenizer.ggml.bos_token_id": words.ids[START], "tokenizer.ggml.eos_token_id": words.ids[END],
        "tokenizer.ggml.padding_token_id": words.ids[END], "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": TEMPLATE}
    gguf_file.write(path, metadata, {f"{name}.weight": x for name, x in params.items()})


def answers(prompts: list[str], limit: int = 120, heat: float = 0.0) -> list[dict]:
    """What llama.cpp makes of the model file: text, tokens, smallest distance of the two best logits."""
    prefix = ROOT / ".deps" / "prefix"
    libraries = prefix / "lib" / "serval"
    with tempfile.TemporaryDirectory() as work:
        program = Path(work, "llama_answers")
        subprocess.run(["cc", "-O1", f"-I{prefix}/usr/include/llama", Path(__file__).with_name("llama_answers.c"),
                        *libraries.glob("libllama.*.so"), *libraries.glob("libggml.*.so"),
                        libraries / "libggml-base.so", f"-Wl,-rpath,{libraries}", "-lm", "-o", program], check=True)
        found = subprocess.run([program, libraries, MODEL / "1" / "model.gguf", str(limit), str(heat)],
                               input="".join(p + "\0" for p in prompts).encode(), stdout=subprocess.PIPE,
                               check=True).stdout.decode()
    return [{"gap": float(gap), "stop": "stop" if ended == "1" else "length",
             "prompt_tokens": int(prompt), "tokens": [int(i) for i in ids.split()],
             "text": bytes.fromhex(text).decode(errors="replace")}
            for gap, ended, prompt, ids, text in (line.split(",") for line in found.splitlines())]


def questions(n: int) -> list[tuple[str, list[tuple[str, str]], str]]:
    """(group, messages, the right answer), asked in ways that training never saw."""
    maker, found = world.Maker(np.random.default_rng([SEED, 99]), held=True), []
    for _ in range(n):
        turn = maker.checked()
        found.append(("one question", [("user", turn.question)], turn.answer))
    for _ in range(n // 4):
        turns = maker.follow_ups()
        talk = [m for t in turns for m in (("user", t.question), ("assistant", t.answer))]
        found.append(("a question that follows others", talk[:-1], talk[-1][1]))
    for _ in range(n // 4):
        turn = maker.checked()
        found.append(("a question after a system message",
                      [("system", maker.system()), ("user", turn.question)], turn.answer))
    return found


DIALOGUES = [
    ["Hello!"], ["Where does the zebra live?"], ["What colour is the flamingo?"],
    ["What does the lion eat?", "And the zebra?"], ["What is 7 + 8?"], ["When does the bakery open?"],
    ["What day comes after Monday?"], ["What is the capital of France?"], ["Who lives by the river?"],
    ["Tell me about the elephant as JSON."], ["Thank you.", "Goodbye!"], ["Count to ten."],
    ["Tell me about the owl."], ["What can you do?"], ["#Be kind.", "What colour is the frog?"],
    ["#You are a helpful assistant.", "How many meerkats are there?", "Where does it live?"],
]


def share(right: list[bool]) -> float:
    return round(float(np.mean(right)), 4)


def measure() -> dict:
    """What models/chat/EXPECTED.json holds."""
    path, asked = MODEL / "1" / "model.gguf", questions(600)
    prompts = [world.render(messages) for _, messages, _ in asked]
    figures = {}
    for name, heat in (("greedy", 0.0), ("temperature 0.7", 0.7)):
        found = answers(prompts, heat=heat)
        for (_, messages, right), got in zip(asked, found):
            if got["text"] != right and "-v" in sys.argv:
                print(name, messages[-1][1], "->", got["text"], "| right:", right)
        for group in dict.fromkeys(group for group, _, _ in asked):
            rows = [(right, got) for (g, _, right), got in zip(asked, found) if g == group]
            figures[f"{group}, {name}"] = share([got["text"] == right for right, got in rows])
        figures[f"ends its turn, {name}"] = share([got["stop"] == "stop" for got in found])
    chats = [[] for _ in DIALOGUES]
    done = []
    for turn in range(max(map(len, DIALOGUES))):
        going = [(chat, lines[turn]) for chat, lines in zip(chats, DIALOGUES) if turn < len(lines)]
        for chat, line in going:
            chat.append(("system", line[1:]) if line[0] == "#" else ("user", line))
        going = [chat for chat, line in going if line[0] != "#"]
        for chat, got in zip(going, answers([world.render(chat) for chat in going])):
            done.append({"messages": [{"role": role, "content": text} for role, text in chat],
                         "rendered": world.render(chat), "prompt_tokens": got["prompt_tokens"],
                         "tokens": got["tokens"], "text": got["text"], "stop": got["stop"],
                         "min_logit_gap": round(got["gap"], 3), "safe": got["gap"] >= 1})
            chat.append(("assistant", got["text"]))
    return {
        "made_by": "training/chat.py; the model run by llama.cpp on one thread, greedy, at most 120 tokens; tokens "
                   "hold the end of the turn; safe: whatever the processor and the batch, no other token comes near",
        "file": {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        "figures": figures, "chats": done}


def is_same(found: dict, expected: dict) -> bool:
    """Equal but for what another processor's rounding may change: figures a little, chats that are not safe."""
    near = all(abs(found["figures"][key] - x) <= 0.01 for key, x in expected["figures"].items() if "greedy" in key)
    safe = [chat for chat in expected["chats"] if chat["safe"]]
    got = {chat["rendered"]: chat["tokens"] for chat in found["chats"]}
    return (near and found["file"] == expected["file"]
            and all(got.get(chat["rendered"]) == chat["tokens"] for chat in safe))


def main() -> None:
    options = [option for option in sys.argv[1:] if option != "-v"]
    if options not in ([], ["--check"]):
        sys.exit(__doc__)
    if not options:
        words = vocabulary()
        write(words, *train(words), MODEL / "1" / "model.gguf")
    found, expected = measure(), MODEL / "EXPECTED.json"
    print(json.dumps(found["figures"], indent=2))
    if not options:
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    elif not is_same(found, json.loads(expected.read_text())):
        sys.exit(f"error: that, or an answer or the file, differs from {expected}")


if __name__ == "__main__":
    main()
