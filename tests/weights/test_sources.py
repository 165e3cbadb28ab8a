"""Where weights come from: order, verification, and what happens when a source lies, hangs or is not there."""

from __future__ import annotations

import hashlib
import http.server
import multiprocessing
import socket
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ct2_writer import SMALL

from aiebuild.config.model import HubSource, ModelConfig, PackageFile, PackagePart, PackageSource, Wheel
from aiebuild.errors import BuildError, MissingError, UsageError
from aiebuild.weights import fetch_weights
from aiebuild.weights.cache import WeightCache
from aiebuild.weights.hub import HubUnreachable, check_reachable
from aiebuild.weights.packages import extract

MODEL = b"model" * 1000
TOKENIZER = b'{"version": "1.0"}'
HUB = HubSource("owner/model", "ctranslate2", ("model.bin", "tokenizer.json"))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def config(*sources: HubSource | PackageSource) -> ModelConfig:
    hub = tuple(s for s in sources if isinstance(s, HubSource))
    packages = tuple(s for s in sources if isinstance(s, PackageSource))
    return ModelConfig("test.en", SMALL, (), hub, packages)


class FakeHub(http.server.ThreadingHTTPServer):
    """Enough of the hub for a download: HEAD and GET of /owner/name/resolve/main/file."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FakeHubHandler)
        self.files: dict[str, bytes] = {}
        self.requests = 0
        self.stall = threading.Event()  # set: answer; cleared: stop in the middle of a body
        self.stall.set()
        self.stalled = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class FakeHubHandler(http.server.BaseHTTPRequestHandler):
    server: FakeHub

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        self.server.requests += 1
        data = self.server.files.get(self.path.rsplit("/", 1)[1])
        if data is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", f'"{sha(data)}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data[: len(data) // 2])
            if not self.server.stall.is_set():
                self.wfile.flush()
                self.server.stalled.set()
                self.server.stall.wait(30)
                return
            self.wfile.write(data[len(data) // 2 :])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def no_user_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with FakeHub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        server.files = {"model.bin": MODEL, "tokenizer.json": TOKENIZER}
        yield server
        server.shutdown()


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")


def test_hub_then_cache(hub: FakeHub, tmp_path: Path) -> None:
    lines: list[str] = []
    files = fetch_weights(config(HUB), cache=tmp_path / "cache", report=lines.append)
    assert files.model_path.read_bytes() == MODEL
    assert files.tokenizer_path.read_bytes() == TOKENIZER
    assert files.sha256 == {"model.bin": sha(MODEL), "tokenizer.json": sha(TOKENIZER)}
    assert sorted(path.name for path in files.folder.iterdir()) == ["files.json", "model.bin", "tokenizer.json"]
    assert any("owner/model" in line for line in lines)
    asked = hub.requests
    again = fetch_weights(config(HUB), cache=tmp_path / "cache", offline=True)
    assert again == files
    assert hub.requests == asked


def test_a_wrong_hash_from_the_hub_is_an_error_and_leaves_nothing(hub: FakeHub, tmp_path: Path) -> None:
    source = replace(HUB, sha256={"model.bin": sha(b"what it should be")})
    with pytest.raises(BuildError) as caught:
        fetch_weights(config(source), cache=tmp_path / "cache")
    assert caught.value.exit_code == 1
    assert f"model.bin: SHA-256 is {sha(MODEL)}, expected {sha(b'what it should be')}" in str(caught.value)
    assert list((tmp_path / "cache" / "test.en").iterdir()) == []


def test_an_unknown_hash_is_recorded_and_binds_later(hub: FakeHub, tmp_path: Path) -> None:
    files = fetch_weights(config(HUB), cache=tmp_path / "cache")
    for path in files.folder.iterdir():
        path.unlink()
    files.folder.rmdir()
    hub.files["model.bin"] = b"something else"
    with pytest.raises(BuildError, match="as recorded in") as caught:
        fetch_weights(config(HUB), cache=tmp_path / "cache")
    assert sha(MODEL) in str(caught.value)
    hub.files["model.bin"] = MODEL
    assert fetch_weights(config(HUB), cache=tmp_path / "cache") == files


def test_a_repository_without_the_file_is_passed_over(hub: FakeHub, tmp_path: Path) -> None:
    del hub.files["tokenizer.json"]
    lines: list[str] = []
    with pytest.raises(MissingError) as caught:
        fetch_weights(config(HUB), cache=tmp_path / "cache", report=lines.append)
    assert caught.value.exit_code == 3
    assert any(line.startswith("weights: passing over hub owner/model") for line in lines)
    assert "\n" not in str(caught.value)


def test_an_unreachable_hub_is_asked_once(no_hub: None, tmp_path: Path) -> None:
    lines: list[str] = []
    other = replace(HUB, repo="owner/other")
    start = time.monotonic()
    with pytest.raises(MissingError, match="no weights for test"):
        fetch_weights(config(HUB, other), cache=tmp_path / "cache", report=lines.append)
    assert time.monotonic() - start < 30  # half a second, on a machine with nothing else to do
    assert [line.split(": ")[1] for line in lines] == ["passing over hub owner/model", "passing over hub owner/other"]
    assert all("cannot be reached" in line for line in lines)


def test_a_hub_that_never_answers_is_left_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(HubUnreachable):
            check_reachable(HUB, seconds=0.5)
        assert time.monotonic() - start < 20  # not for ever, that is


def test_offline_asks_nobody(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="offline"):
        fetch_weights(config(HUB), cache=tmp_path / "cache", offline=True)
    assert hub.requests == 0


def test_files_of_the_hubs_own_cache_are_used_offline(tmp_path: Path) -> None:
    snapshot = tmp_path / "hf" / "models--owner--model" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "model.bin").write_bytes(MODEL)
    (snapshot / "tokenizer.json").write_bytes(TOKENIZER)
    refs = snapshot.parent.parent / "refs"
    refs.mkdir()
    (refs / "main").write_text("0" * 40)
    files = fetch_weights(config(HUB), cache=tmp_path / "cache", offline=True)
    assert files.model_path.read_bytes() == MODEL


@pytest.mark.parametrize("damage", ["truncate", "change", "remove", "record"])
def test_a_damaged_cache_is_an_error_with_the_way_out(damage: str, hub: FakeHub, tmp_path: Path) -> None:
    files = fetch_weights(config(HUB), cache=tmp_path / "cache")
    if damage == "truncate":
        files.model_path.write_bytes(MODEL[:-1])
    elif damage == "change":
        files.model_path.write_bytes(MODEL[:-1] + b"!")
    elif damage == "remove":
        files.tokenizer_path.unlink()
    else:
        (files.folder / "files.json").write_text("{")
    with pytest.raises(BuildError, match="weights in the cache are damaged") as caught:
        fetch_weights(config(HUB), cache=tmp_path / "cache")
    assert str(files.folder) in str(caught.value.hint)


def test_a_cached_file_the_configuration_no_longer_names_is_an_error(hub: FakeHub, tmp_path: Path) -> None:
    fetch_weights(config(HUB), cache=tmp_path / "cache")
    changed = replace(HUB, sha256={"model.bin": "0" * 64})
    with pytest.raises(BuildError, match=f"model.bin: SHA-256 is {sha(MODEL)}, expected {'0' * 64}"):
        fetch_weights(config(changed), cache=tmp_path / "cache")


def test_leftovers_of_a_killed_fetch_are_cleared(hub: FakeHub, tmp_path: Path) -> None:
    stale = tmp_path / "cache" / "test.en" / ".partial-killed"
    stale.mkdir(parents=True)
    (stale / "model.bin").write_bytes(MODEL[:10])
    fetch_weights(config(HUB), cache=tmp_path / "cache")
    assert not stale.exists()


def _fetch(cache: Path, done: multiprocessing.Queue[str]) -> None:
    done.put(str(fetch_weights(config(HUB), cache=cache).folder))


def test_two_at_once_fetch_once(hub: FakeHub, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    done: multiprocessing.Queue[str] = context.Queue()
    workers = [context.Process(target=_fetch, args=(tmp_path / "cache", done)) for _ in range(3)]
    for worker in workers:
        worker.start()
    folders = {done.get(timeout=30) for _ in workers}
    for worker in workers:
        worker.join(timeout=30)
    assert len(folders) == 1
    assert all(worker.exitcode == 0 for worker in workers)


def test_a_fetch_killed_midway_leaves_nothing_in_the_way(hub: FakeHub, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    hub.stall.clear()
    worker = context.Process(target=_fetch, args=(tmp_path / "cache", context.Queue()))
    worker.start()
    assert hub.stalled.wait(30)
    worker.kill()
    worker.join(timeout=30)
    hub.stall.set()
    model = tmp_path / "cache" / "test.en"
    assert [path.name[:9] for path in model.iterdir()] == [".partial-"]
    files = fetch_weights(config(HUB), cache=tmp_path / "cache")
    assert files.model_path.read_bytes() == MODEL
    assert list(model.iterdir()) == [files.folder]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that refuses")
def test_a_cache_that_cannot_be_written(hub: FakeHub) -> None:
    with pytest.raises(MissingError, match="cannot be written"):
        fetch_weights(config(HUB), cache=Path("/proc/aiebuild"))


def wheel(folder: Path, package: str, version: str, members: dict[str, bytes]) -> Path:
    name = package.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            archive.writestr(f"{name}/{member}", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackageSource:
    """A model in two wheels, in a folder pip looks into instead of an index."""
    index = tmp_path / "index"
    index.mkdir()
    half = len(MODEL) // 2
    one = wheel(index, "aiebuild-test-one", "1.0.0", {"data/model.bin.part1": MODEL[:half]})
    two_members = {"data/model.bin.part2": MODEL[half:], "data/tokenizer.json": TOKENIZER}
    two = wheel(index, "aiebuild-test-two", "1.0.0", two_members)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return PackageSource(
        "ctranslate2",
        (
            Wheel("aiebuild-test-one", "1.0.0", sha(one.read_bytes())),
            Wheel("aiebuild-test-two", "1.0.0", sha(two.read_bytes())),
        ),
        (
            PackageFile(
                "model.bin",
                sha(MODEL),
                (
                    PackagePart("aiebuild-test-one", "aiebuild_test_one/data/model.bin.part1", sha(MODEL[:half])),
                    PackagePart("aiebuild-test-two", "aiebuild_test_two/data/model.bin.part2", sha(MODEL[half:])),
                ),
            ),
            PackageFile(
                "tokenizer.json",
                sha(TOKENIZER),
                (PackagePart("aiebuild-test-two", "aiebuild_test_two/data/tokenizer.json", sha(TOKENIZER)),),
            ),
        ),
    )


def test_packages_after_an_unreachable_hub(no_hub: None, packages: PackageSource, tmp_path: Path) -> None:
    lines: list[str] = []
    files = fetch_weights(config(HUB, packages), cache=tmp_path / "cache", report=lines.append)
    assert files.model_path.read_bytes() == MODEL
    assert files.source == "Python packages aiebuild-test-one 1.0.0, aiebuild-test-two 1.0.0"
    assert sorted(path.name for path in files.folder.iterdir()) == ["files.json", "model.bin", "tokenizer.json"]
    assert any("aiebuild-test-two" in line and "not installed" in line for line in lines)


def test_a_wrong_wheel_is_an_error(packages: PackageSource, tmp_path: Path) -> None:
    wrong = replace(packages, wheels=(replace(packages.wheels[0], sha256="0" * 64), packages.wheels[1]))
    with pytest.raises(BuildError, match=r"aiebuild_test_one-1\.0\.0-py3-none-any\.whl: SHA-256 is .* expected 0000"):
        fetch_weights(config(wrong), cache=tmp_path / "cache")
    assert list((tmp_path / "cache" / "test.en").iterdir()) == []


def test_a_wrong_member_and_a_wrong_whole_are_errors(packages: PackageSource, tmp_path: Path) -> None:
    archives = {
        package.package: tmp_path / "index" / f"{package.package.replace('-', '_')}-1.0.0-py3-none-any.whl"
        for package in packages.wheels
    }
    target = tmp_path / "model.bin"
    model = packages.files[0]
    extract(model, archives, target)
    assert target.read_bytes() == MODEL
    first, second = model.parts
    with pytest.raises(BuildError, match=r"model\.bin\.part1: SHA-256 is .* expected 0000"):
        extract(replace(model, parts=(replace(first, sha256="0" * 64), second)), archives, target)
    with pytest.raises(BuildError, match=r"model\.bin: SHA-256 is .* expected 0000"):
        extract(replace(model, sha256="0" * 64), archives, target)
    gone = replace(first, member="aiebuild_test_one/data/nothing")
    with pytest.raises(BuildError, match="has no member aiebuild_test_one/data/nothing"):
        extract(replace(model, parts=(gone, second)), archives, target)


def test_packages_nobody_has_are_passed_over(
    packages: PackageSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(MissingError, match="aiebuild-test-one"):
        fetch_weights(config(packages), cache=tmp_path / "cache")


def test_the_users_folder_and_file(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(MODEL)
    with pytest.raises(UsageError, match=r"has no tokenizer\.json"):
        fetch_weights(config(HUB), path=tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(TOKENIZER)
    by_folder = fetch_weights(config(HUB), path=tmp_path, cache=tmp_path / "unused")
    by_file = fetch_weights(config(HUB), path=tmp_path / "model.bin", cache=tmp_path / "unused")
    assert by_folder.model_path == by_file.model_path == tmp_path / "model.bin"
    assert by_folder.sha256["model.bin"] == sha(MODEL)
    assert not (tmp_path / "unused").exists()
    (tmp_path / "model.bin").rename(tmp_path / "model.safetensors")
    assert fetch_weights(config(HUB), path=tmp_path).format == "safetensors"


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_a_users_path_without_weights(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        fetch_weights(config(HUB), path=tmp_path / name)
    assert caught.value.exit_code == 2


def test_find_in_an_empty_cache(tmp_path: Path) -> None:
    assert WeightCache(tmp_path / "none").find(config(HUB)) is None
