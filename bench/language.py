"""Rows of language models: streams of Serval beside llama-server on the same libraries.

Both sides get the same requests to /v1/completions: greedy, ends ignored, so that all answers are equally long. Prompts
begin with a number of their own: nobody computes less because a prompt is known. Servers and client share the CPUs.
Engines have 2 threads, or BENCH_THREADS: with 1, CPU times mean something on a machine that others use, too.
"""
import json
import os
import pathlib
import re
import statistics
import subprocess
import time

from harness import BIN, BUILD, MODELS, ROOT, SERVAL, Missing, Server, free_port, note, request_file, start_all, verdict

LARGE = MODELS / "llm" / "smollm2-135m-instruct"
CONTEXT, SLOTS, ANSWER = 2560 if LARGE.exists() else 512, 16, 128
THREADS = int(os.environ.get("BENCH_THREADS", "2"))
STORY = ("Entry @@@@@@ of the harbour book. The morning was grey and the wind came from the north. Three boats had left "
         "before dawn, and the old keeper of the light wrote down their names, as he had done every day for thirty years. "
         "He wrote with a short pencil, and he never hurried, because the sea does not hurry either. At noon a stranger "
         "came up the path with a letter in her hand and asked him who had lived in the white house behind the hill. He")
LINES = " ".join(f"Line {i}: a boat came home with {i % 7} baskets." for i in range(1000))


def find_model() -> pathlib.Path:
    return LARGE if LARGE.exists() else ROOT / "models" / "chat"


def find_file(folder: pathlib.Path) -> pathlib.Path:
    return next(folder.glob("*/*.gguf"))


def ask(name: str, model: pathlib.Path, prompt: str, n_tokens: int) -> pathlib.Path:
    body = {"model": model.name, "prompt": prompt, "max_tokens": n_tokens, "temperature": 0, "stream": True,
            "ignore_eos": True}
    return request_file(name, "/v1/completions", json.dumps(body).encode(), {"Connection": "close"})


def serval_language(model: pathlib.Path, name: str = "serval", context: int = CONTEXT, threads: int = THREADS, **settings):
    port = free_port()
    wanted = {"generation.context": context, "generation.sequences": SLOTS, "engine.threads": threads,
              **{f"generation.{key}": value for key, value in settings.items()}}
    sets = [word for key, value in wanted.items() for word in ("--set", f"{model.name}.{key}={value}")]
    command = [SERVAL, "serve", model, "--port", port, "--log-format", "json", *sets]
    return Server(name, command, port, "0,1", ready=(f"/v2/models/{model.name}/ready",))


def build_llama_server() -> str:
    """Built once, where this build's programs are. Missing says why it could not be."""
    done = subprocess.run([ROOT / "bench" / "llama_server.sh", BUILD / "llama-server"], capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"no row of llama-server: it could not be built: {done.stderr[-400:].strip()}")
    return done.stdout.strip()


def llama_server(model: pathlib.Path, slots: int | None = SLOTS, threads: int = THREADS) -> Server:
    binary, port = build_llama_server(), free_port()
    room = ["-np", slots, "-c", slots * CONTEXT] if slots else ["-c", 4 * CONTEXT]
    command = [binary, "-m", find_file(model), "--host", "127.0.0.1", "--port", port, "-t", threads, "-tb", threads,
               "--no-webui", *room]
    return Server(f"llama-server -np {slots}" if slots else "llama-server", command, port, "0,1", ready=("/health",))


def run_streams(server: Server, request: pathlib.Path, n: int, *options) -> dict:
    before = server.cpu()
    command = ["taskset", "-c", "0,1", BIN / "bench_streams", server.port, request, n, *options]
    out = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    found = {**json.loads(out), "server_cpu_s": server.cpu() - before}
    bad = [stream["status"] for stream in found["streams"] if stream["status"] != 200 and "--hold" not in options]
    if bad:
        raise Missing(f"{server.name} answered {bad[0]} to {len(bad)} of {n} streams")
    for stream in found["streams"]:  # the last two: finish_reason, [DONE]
        stream["tokens"] = stream["events"] if stream["left"] else stream["events"][:-2]
    return found


def quantile(values: list, share: float) -> float:
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))] if ordered else 0


def gaps_of(streams: list) -> list:
    return [after - before for stream in streams for before, after in zip(stream["tokens"], stream["tokens"][1:])]


def rate_round(server: Server, request: pathlib.Path, n: int) -> dict:
    found = run_streams(server, request, n)
    streams = found["streams"]
    first = [stream["tokens"][0] - stream["asked"] for stream in streams]
    seconds = (max(stream["tokens"][-1] for stream in streams) - min(stream["asked"] for stream in streams)) / 1e3
    tokens = n * ANSWER
    time.sleep(0.3)  # threads that wait busily have gone to sleep
    return {"rate": tokens / seconds, "cpu_us": found["server_cpu_s"] / tokens * 1e6,
            "client_us": found["client_cpu_s"] / tokens * 1e6, "first_p50_ms": quantile(first, 0.5),
            "first_p90_ms": quantile(first, 0.9), "gap_p50_ms": quantile(gaps_of(streams), 0.5),
            "gap_p90_ms": quantile(gaps_of(streams), 0.9), "gap_max_ms": max(gaps_of(streams))}


def in_turns(servers: list, rounds: int, measure) -> dict:
    found = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            found[server.name].append(measure(server))
    return found


def judge(what: str, ours: list, other: list, key: str, bound: float, least: bool) -> dict:
    """Of rounds side by side: `key` of ours is at least (or at most) `bound` times the other's."""
    ratios = [a[key] / b[key] for a, b in zip(ours, other)]
    words = verdict(ratios if least else [bound * bound / ratio for ratio in ratios], bound)
    print(f"  goal: {what} {'>=' if least else '<='} {bound:g} x: {statistics.median(ratios):.2f} x "
          f"({min(ratios):.2f} to {max(ratios):.2f}), {words}")
    return {"goal": what, "ratio": statistics.median(ratios), "least": min(ratios), "most": max(ratios), "verdict": words}


def stream_rows(servers: list, request: pathlib.Path, rounds: int) -> list:
    rows = []
    for n in (1, 4, 16):
        found = in_turns(servers, rounds, lambda server: rate_round(server, request, n))
        for name, runs in found.items():
            row = {"work": f"{n} streams", "server": name, "rates": [run["rate"] for run in runs],
                   **{key: statistics.median(run[key] for run in runs) for key in runs[0]}}
            rows.append(row)
            print(f"{n:3} streams  {name:22} {row['rate']:7.1f} tok/s (best {max(row['rates']):.1f})  CPU "
                  f"{row['cpu_us']:7.0f} us/tok  first token p50 {row['first_p50_ms']:7.1f} p90 {row['first_p90_ms']:7.1f} ms"
                  f"  gap p50 {row['gap_p50_ms']:5.1f} p90 {row['gap_p90_ms']:6.1f} max {row['gap_max_ms']:6.1f} ms")
        ours, other = found.get("serval"), found.get(f"llama-server -np {SLOTS}")
        if ours and other:
            rows.append(judge(f"{n} streams: tokens/s", ours, other, "rate", 1.0, True))
            rows.append(judge(f"{n} streams: CPU per token", ours, other, "cpu_us", 1.0, False))
            rows.append(judge(f"{n} streams: p90 gap", ours, other, "gap_p90_ms", 1.1, False))
        if ours and other and n != 4:
            rows.append(judge(f"{n} streams: first token, p50", ours, other, "first_p50_ms", 1.05 if n == 1 else 0.6, False))
    return rows


def long_round(server: Server, request: pathlib.Path, long: pathlib.Path) -> dict:
    """Four streams run while a prompt of 2,000 tokens arrives."""
    streams = run_streams(server, request, 4, "--then", long, 16)["streams"]
    late = streams.pop()
    if not late["tokens"]:
        raise Missing(f"{server.name} gave no answer to the long prompt")
    ends = [(before, after) for stream in streams for before, after in zip(stream["tokens"], stream["tokens"][1:])
            if after > late["asked"] and before < late["tokens"][0]]
    return {"first_ms": late["tokens"][0] - late["asked"], "gap_max_ms": max((b - a for a, b in ends), default=0)}


def long_prompts(model: pathlib.Path, rounds: int) -> list:
    if model != LARGE:
        raise Missing("no row of a long prompt: the model's context is too short")
    request = ask("beside-long", model, STORY, 512)
    long = ask("long", model, "Entry @@@@@@. " + LINES[:7000], 8)
    makers = [lambda gap=gap: serval_language(model, f"serval, max_gap {gap} ms", max_gap=f"{gap}ms")
              for gap in (25, 50, 100, 200, 400)]
    rows = []
    for make in [*makers, lambda: llama_server(model)]:
        try:
            server = make()
        except Missing as missing:
            rows.append(note(f"  {missing}"))
            continue
        runs = [long_round(server, request, long) for _ in range(rounds + 1)][1:]  # the first one learns how fast it is
        server.stop()
        row = {"work": "long prompt beside 4 streams", "server": server.name,
               "first_ms": statistics.median(run["first_ms"] for run in runs),
               "gap_max_ms": statistics.median(run["gap_max_ms"] for run in runs),
               "gap_worst_ms": max(run["gap_max_ms"] for run in runs)}
        rows.append(row)
        print(f"2,000 tokens beside 4 streams  {row['server']:22} first token {row['first_ms']:7.1f} ms  longest gap of "
              f"the others {row['gap_max_ms']:6.1f} ms (worst round {row['gap_worst_ms']:.1f})")
        if row["server"] == "serval, max_gap 200 ms":
            rows.append(judge("no gap above max_gap (200 ms)", runs, [{"gap_max_ms": 200}] * rounds, "gap_max_ms", 1, False))
    return rows


def rate_after(streams: list, event: int) -> float:
    """Tokens a second of these streams from their token `event` on."""
    begin = max(stream["tokens"][event] for stream in streams)
    counts = [sum(1 for time_ms in stream["tokens"] if time_ms > begin) for stream in streams]
    return sum(counts) / (max(stream["tokens"][-1] for stream in streams) - begin) * 1e3


def departures(servers: list, model: pathlib.Path, rounds: int) -> list:
    """Eight of sixteen leave at token 32: the others from token 40 on, beside eight that were alone from the start."""
    request, rows = ask("departures", model, STORY, ANSWER), []

    def measure(server):
        halved = [stream for stream in run_streams(server, request, 16, "--leave", 32)["streams"] if not stream["left"]]
        alone = run_streams(server, request, 8)["streams"]
        return {"halved": rate_after(halved, 40), "alone": rate_after(alone, 40)}

    for name, runs in in_turns(servers, rounds, measure).items():
        row = {"work": "8 of 16 leave", "server": name,
               **{key: statistics.median(run[key] for run in runs) for key in runs[0]}}
        rows.append(row)
        print(f"8 of 16 leave  {name:22} {row['halved']:7.1f} tok/s, eight alone {row['alone']:7.1f} tok/s")
        if name == "serval":
            halved, alone = ([{"rate": run[key]} for run in runs] for key in ("halved", "alone"))
            rows.append(judge("8 of 16 leave: of 8 contiguous", halved, alone, "rate", 0.9, True))
    return rows


def thread_cpu(server: Server, name: str) -> float:
    """Seconds of the process's threads of that name, by the scheduler's own clock."""
    tasks = pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks
               if (task / "comm").read_text().strip() == name) / 1e9


def find_smallest() -> pathlib.Path:
    shared = MODELS / "llm" / "stories260k"
    return shared if shared.exists() else ROOT / "models" / "chat"


def http_cost(rounds: int) -> list:
    """Of the smallest model, whose own work is least: CPU per token with HTTP, and of the same work in process."""
    model, n_tokens, n = find_smallest(), 256, 16
    request = ask("smallest", model, "Once upon a time @@@@@@", n_tokens)
    server = serval_language(model, threads=1, context=320)
    runs = []
    for number in range(rounds + 1):
        cpu, loops = server.cpu(), thread_cpu(server, "serval-loop")
        run_streams(server, request, n)
        tokens = n * n_tokens
        with_http, loops = (server.cpu() - cpu) / tokens * 1e6, (thread_cpu(server, "serval-loop") - loops) / tokens * 1e6
        command = [BIN / "bench_language", find_file(model), n, 1, 16, n_tokens]
        out = subprocess.run(["taskset", "-c", "0,1", *map(str, command)], capture_output=True, text=True, check=True).stdout
        bare = json.loads(out)["cpu_us_per_token"]
        if number:
            runs.append({"server_us": with_http, "bare_us": bare, "loop_us": loops})
    server.stop()
    row = {"work": "HTTP per streamed token", "server": "serval",
           **{key: statistics.median(run[key] for run in runs) for key in runs[0]}}
    print(f"HTTP per streamed token: loop {row['loop_us']:.1f} us of CPU; whole server {row['server_us']:.1f} us, the same "
          f"without HTTP {row['bare_us']:.1f} us")
    return [row, judge("HTTP CPU per streamed token, of 10 us", runs, [{"loop_us": 10}] * len(runs), "loop_us", 1, False)]


def idle_streams() -> list:
    """A thousand streams in line behind sixteen: what each of them holds."""
    model = find_smallest()
    server = serval_language(model, threads=1, context=320, waiting=2000)
    request = ask("waiting", model, "Once upon a time @@@@@@", 256)
    run_streams(server, request, SLOTS)

    def threads():
        return int(re.search(r"Threads:\s+(\d+)", pathlib.Path(f"/proc/{server.process.pid}/status").read_text())[1])

    def hold(n):
        command = [BIN / "bench_streams", server.port, request, n, "--hold", 6]
        client = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
        time.sleep(3)
        seen = server.memory("Private_Dirty"), threads(), server.gauge("vllm:num_requests_waiting")
        client.wait()
        time.sleep(1)
        return seen

    few, many = hold(SLOTS), hold(1000 + SLOTS)
    server.stop()
    each = (many[0] - few[0]) * 1024 / 1000
    row = {"work": "1,000 waiting streams", "server": "serval", "kib": each, "threads": many[1] - few[1], "waiting": many[2]}
    print(f"1,000 waiting streams ({many[2]:.0f} in line when looked at): {each:.2f} KiB each, {row['threads']} threads more")
    return [row]


def language(rounds: int, _seconds: float) -> list:
    model = find_model()
    request = ask("stream", model, STORY, ANSWER)
    servers, rows = start_all(lambda: serval_language(model), lambda: llama_server(model),
                              lambda: llama_server(model, None))
    for server in servers:
        run_streams(server, request, 4)  # memory is touched, speeds are known
    rows += stream_rows(servers, request, rounds)
    rows += departures([server for server in servers if server.name != "llama-server"], model, rounds)
    for server in servers:
        server.stop()
    for part in (lambda: long_prompts(model, rounds), lambda: http_cost(rounds), idle_streams):
        try:
            rows += part()
        except Missing as missing:
            rows.append(note(f"  {missing}"))
    return rows


BENCHES = {"language": language}
