"""Every test here has its own cache folder, no data folder, and no network but mirrors on loopback."""

import gzip
import io
import os
import pickle
import struct
import tarfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cnncourse.data import cache, command, download, inventory, loading, registry
from cnncourse.data.formats.checksums import checksum
from cnncourse.data.registry import Content, RemoteFile

REAL = os.environ.get("CNNCOURSE_DATA", "")


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNCOURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CNNCOURSE_OFFLINE", "1")
    for name in ("no_proxy", "NO_PROXY"):  # the tests' own server is on this machine
        monkeypatch.setenv(name, "*")
    monkeypatch.delenv("CNNCOURSE_DATA", raising=False)
    for kept in (loading._announced, cache._noted, download._given_up):
        kept.clear()


def idx(array):
    array = np.asarray(array, dtype=np.uint8)
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def picture(colour, size=(4, 3), kind="PNG"):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def tar(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.fixture
def tiny(monkeypatch):
    """Tiny sets under the names of the real ones, with checksums of their own, and no address or folder."""
    digits = np.random.default_rng(0).integers(0, 256, (50, 28, 28))
    raw = {
        "train-images-idx3-ubyte": idx(digits[:30]),
        "train-labels-idx1-ubyte": idx(np.arange(30) % 10),
        "t10k-images-idx3-ubyte": idx(digits[30:]),
        "t10k-labels-idx1-ubyte": idx(np.arange(20) % 10),
    }
    packed = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in raw.items()}
    rows = np.random.default_rng(1).integers(0, 256, (10, 3072), dtype=np.uint8)
    batch = pickle.dumps({b"data": rows, b"labels": list(range(10))})
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    batches = dict.fromkeys(names, batch)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    ball = {"cifar-10-python.tar.gz": buffer.getvalue()}

    def contents(files):
        return {name: Content(checksum(data, "sha256"), len(data)) for name, data in files.items()}

    def remote(files):
        return tuple(
            RemoteFile(name, checksum(data, "sha256"), len(data), ()) for name, data in files.items()
        )

    entries = {
        name: entry if entry.format == "drawn" else replace(entry, system=(), remote=(), contents={})
        for name, entry in registry.REGISTRY.items()
    }
    entries["mnist"] = replace(
        entries["mnist"], counts={"train": 30, "test": 20}, contents=contents(raw), remote=remote(packed)
    )
    entries["cifar10"] = replace(
        entries["cifar10"],
        counts={"train": 50, "test": 10},
        contents=contents(batches),
        remote=remote(ball),
    )
    monkeypatch.setattr(registry, "_ENTRIES", entries)
    for module in (registry, inventory, command):
        monkeypatch.setattr(module, "REGISTRY", entries)

    def mirrors(name, *urls):
        entry = entries[name]
        files = tuple(replace(file, mirrors=urls) for file in entry.remote)
        entries[name] = replace(entry, remote=files)
        return entries[name]

    return SimpleNamespace(
        entries=entries, raw=raw, packed=packed, batches=batches, ball=ball, rows=rows, mirrors=mirrors
    )


@pytest.fixture
def tree(tmp_path):
    """Write a tree of the ten classes of CIFAR-10 with ``each`` images a class; return its root."""

    def write(root=tmp_path / "data", each=2, size=(32, 32), kind="PNG"):
        for split in ("train", "test"):
            for label, name in enumerate(registry.entry("cifar10").classes):
                folder = root / split / name
                folder.mkdir(parents=True)
                for number in range(each):
                    data = picture((label * 20, number, 7), size, kind)
                    (folder / f"{number:04}.{kind.lower()}").write_bytes(data)
        return root

    return write


class _Mirror(BaseHTTPRequestHandler):
    """Serves ``server.files``; the first part of the path says how badly it behaves."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        manner, name = self.path.strip("/").split("/")
        self.server.asked.append((manner, name, self.headers.get("Range")))
        data = self.server.files.get(name)
        if manner == "gone" or data is None:
            return self.send_error(404)
        if manner == "silent":
            self.server.over.wait()
            return None
        if manner == "wrong":
            data = bytes(len(data))
        if manner == "portal":
            data = b"<html>Please log in</html>"
        start = 0
        if (span := self.headers.get("Range")) and manner != "norange":
            start = int(span.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        rest = data[start:]
        self.wfile.write(rest[: len(rest) // 2] if manner in ("broken", "stalls") else rest)
        if manner == "stalls":
            self.server.over.wait()
        return None


@pytest.fixture
def mirror(tiny, monkeypatch):
    """A server on loopback that has the tiny files; downloads are allowed."""
    monkeypatch.delenv("CNNCOURSE_OFFLINE")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Mirror)
    server.daemon_threads = True
    server.files = {**tiny.packed, **tiny.ball}
    server.asked = []
    server.over = threading.Event()
    server.url = lambda manner: f"http://127.0.0.1:{server.server_address[1]}/{manner}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()
