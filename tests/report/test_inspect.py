"""The page of `inspect` and the timeline: whole, without a network, and alive in a browser where there is one."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aiebuild.designs.mel import mel_overlay
from aiebuild.designs.spec import Design
from aiebuild.dialect import parse_module
from aiebuild.host.fifos import find_paths
from aiebuild.host.lower import device_of
from aiebuild.manifest.types import Buffer, Layout, Manifest
from aiebuild.report.inspect import page, timeline_values
from aiebuild.report.timeline import events, merged, write_timeline
from aiebuild.timing.costs import Machine
from aiebuild.timing.gemm import Gemm
from aiebuild.timing.simulate import Run, simulate
from aiebuild.timing.stages import Stage
from aiebuild.timing.validation import record

GEMM = Gemm("npu1", "int8", "int32", (16, 16, 16), (128, 64, 128), "rows", c_depth=2, memory_depth=2)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def run() -> Run:
    known = record(GEMM)
    paths = find_paths(device_of(parse_module(known.text, "gemm.mlir")))
    return simulate(paths, known.program, known.trace, Machine(), spans=True)


@pytest.fixture(scope="module")
def text(run: Run) -> str:
    buffer = Buffer("mel.<constants>", 4096, 0, "weights/mel.bin", layout=Layout("row_major", "int16", (2048,)))
    manifest = Manifest(1, "tiny", "npu1", "host", "0", "host", None, (), {}, (), (), (), (buffer,), {})
    design = Design("tiny", "npu1", (mel_overlay(80, "npu1").overlay(),))
    return page(manifest, design, [Stage("a product", "gemm", "gemm", run, ())], Machine())


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.outside += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole(text: str) -> None:
    found = _Page()
    found.feed(text)
    assert found.open == []
    assert found.outside == []
    assert not re.findall(r"https?://", text)
    assert found.seen["svg"] == 2  # a floor plan and a roofline
    assert found.seen["canvas"] == 1
    assert found.seen["circle"] >= 2
    assert "mel.&lt;constants&gt;" in text
    assert "Modelled, not measured" in text
    for c in range(4):
        assert f"core {c},2" in text
        assert f"memory tile {c},1" in text


def test_the_timeline_of_the_page(run: Run) -> None:
    values = timeline_values(run, "t")
    assert len(values["tracks"]) == 1 + len(run.cores) + len(run.movers)
    assert {span[0] for span in values["spans"]} <= set(range(len(values["tracks"])))
    assert max(span[3] for span in values["spans"]) <= values["end"] * 1.001
    assert values["end"] == pytest.approx(1e6 * run.seconds)


def test_perfetto(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.json.gz"
    write_timeline(path, [("a product", run)])
    read = json.loads(gzip.decompress(path.read_bytes()))
    assert read["otherData"] == {"modelled": "true"}
    named = {e["args"]["name"] for e in read["traceEvents"] if e["name"] == "thread_name"}
    assert {"control processor", "core 0,2", "core 3,5", "shim 0 MM2S 0 @A0_in", "DDR, GB/s over 20 us"} <= named
    shown = [e for e in read["traceEvents"] if e["ph"] == "X"]
    assert len(shown) == len(list(merged(run)))
    assert all(e["dur"] >= 0 and 0 <= e["ts"] <= 1e6 * run.seconds * 1.01 for e in shown)
    moved = [e["args"]["GB/s"] for e in events([("a product", run)]) if e["ph"] == "C"]
    assert sum(moved) * 20e-6 * 1e9 == pytest.approx(sum(run.ddr_bytes))


def test_in_a_browser(text: str, tmp_path: Path) -> None:
    browser = next((name for name in map(shutil.which, BROWSERS) if name), None)
    if browser is None:
        pytest.skip("no Chromium")
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=10000", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert 'data-ready="yes"' in done.stdout
    drawn = re.search(r'<canvas[^>]* data-drawn="(\d+)"', done.stdout)
    assert drawn is not None
    assert int(drawn.group(1)) > 100
