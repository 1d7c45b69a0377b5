"""Documentation is run: README.md's shell lines against a server, its program as one of the examples; the pages of
the tutorial, and those for people who come from FastAPI, whole (pages.py)."""
import json
import re
import subprocess
import sys

import pytest

import console
import pages
from served import ROOT, serving

README = (ROOT / "README.md").read_text()
RUN = sorted([*(ROOT / "docs" / "tutorial").glob("*.md"), *(ROOT / "docs").glob("from-*.md"),
              *(ROOT / "docs" / name for name in ("serving-models.md", "language-models.md"))])


def test_shell_lines_work_as_pasted():
    block = re.search(r"```sh\n(.*?)```", README, re.S)[1]
    with serving("serval", "serve", ROOT / "models", "--log-level", "off") as served:
        for line in block.strip().splitlines():
            out = subprocess.run(line.replace("http://127.0.0.1:8000", served.url), shell=True, cwd=ROOT,
                                 capture_output=True, text=True, check=True).stdout
            if "/chat " in line:
                assert out.startswith("data: {") and out.endswith('data: {"done":true}\n\n'), out
            else:
                assert "error" not in json.loads(out), out


def test_the_printed_commands_work_as_pasted():
    with serving("serval", "serve", cwd=ROOT) as served:
        commands = [line.strip() for line in served.err if line.strip().startswith("curl ")]
        *pictures, chat = [subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True,
                                          check=True).stdout for command in commands]
        assert [json.loads(out)["predictions"][0]["label"] for out in pictures] == ["7", "7"]
        events = [json.loads(line[6:]) for line in chat.splitlines() if line.startswith("data: ")]
        assert "".join(event.get("content", "") for event in events) and events[-1] == {"done": True}
        assert any(line.strip().endswith("/docs") for line in served.err)


def test_the_program_in_the_readme_is_the_example():
    code = re.search(r"```c\n(.*?)```", README, re.S)[1]
    assert code == (ROOT / "examples" / "greeting" / "main.c").read_text()
    with serving("examples/greeting", "--log-level", "off") as served:
        def post(body):
            out = subprocess.run(["curl", "-s", f"{served.url}/greet", "-H", "Content-Type: application/json",
                                  "-d", body], capture_output=True, text=True, check=True).stdout
            return json.loads(out)
        assert post('{"name": "Ada"}') == {"text": "Hello Ada, 1 times"}
        wrong = post('{"name": "", "times": 11}')
        assert [entry["loc"] for entry in wrong["detail"]] == [["body", "name"], ["body", "times"]]


@pytest.mark.parametrize("page", ["errors", "metrics", "settings"])
def test_pages_from_tables_are_up_to_date(page):
    out = subprocess.run([ROOT / "tools" / "write-docs", "--check"], capture_output=True, text=True)
    assert f"docs/{page}.md" not in out.stdout


def test_the_reference_is_up_to_date():
    out = subprocess.run([ROOT / "tools" / "write-reference", "--check"], capture_output=True, text=True)
    assert not out.returncode, out.stdout


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_the_page_is_true(page, tmp_path):
    checked = pages.run_page(page, tmp_path)
    assert checked or page.stem in ("README", "14-conclusion")


def test_the_python_answers_alike(tmp_path):
    pytest.importorskip("slowapi")
    text = (ROOT / "docs" / "from-fastapi.md").read_text()
    (tmp_path / "shop.py").write_text("\n".join(code for info, code in pages.blocks_of(text) if info == "python"))
    (tmp_path / "pydantic_settings.py").write_text("from pydantic import BaseModel as BaseSettings\n")
    with subprocess.Popen([sys.executable, "-m", "uvicorn", "shop:app", "--port", "0"], cwd=tmp_path, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:
        try:
            url = next(found[0] for found in (re.search(r"http://[\d.:]+", line) for line in server.stderr) if found)
            for command, wanted in pages.requests_of(text):
                console.check(command, wanted, url, tmp_path)
        finally:
            server.terminate()
