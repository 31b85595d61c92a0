"""The built book, a server for it on this machine, and a browser that looks at it."""

import fcntl
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and writes no log."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


def is_fresh(index: Path) -> bool:
    """Say whether the book was built after everything it is made of."""
    if not index.exists():
        return False
    sources = [ROOT / "_config.yml", ROOT / "_toc.yml", *(ROOT / "cnncourse" / "explorers").glob("*.js")]
    sources += [p for p in (ROOT / "book").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return index.stat().st_mtime >= max(p.stat().st_mtime for p in sources)


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the book of a folder as `make book` does: from nothing, every warning an error."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "--path-output", "."]
    command += ["--all", "--warningiserror", "--nitpick", "--keep-going"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book; builds it where `make book` has not just done so."""
    html = ROOT / "_build" / "html"
    (ROOT / "_build").mkdir(exist_ok=True)
    with open(ROOT / "_build" / "tests.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_fresh(html / "index.html"):
            built = build(ROOT)
            assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return html


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the book is served for these tests."""
    handler = functools.partial(Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's chromium, driven by playwright."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing = "chromium is not installed — run: make system-deps"
        if os.environ.get("CI") and sys.platform == "linux":
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield chromium
        chromium.close()
