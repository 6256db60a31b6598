"""Proof that `tests/offline` on PYTHONPATH cuts Python off from the network and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OUTSIDE = "192.0.2.1"  # reserved for documentation: nobody answers there (RFC 5737)


def run(code: str, *arguments: str, blocked: bool = True) -> str:
    """Run code in a Python of its own; gives what it printed."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if blocked:
        environment["PYTHONPATH"] = str(HERE)
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return result.stdout + result.stderr


ATTEMPTS = {
    "connect": "socket.create_connection((sys.argv[1], 80), timeout=5)",
    "connect_ex": "socket.socket().connect_ex((sys.argv[1], 80))",
    "udp": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', (sys.argv[1], 9))",
    "connect6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "name": "socket.getaddrinfo('example.org', 80)",
    "old name": "socket.gethostbyname('example.org')",
    "urllib": "urllib.request.urlopen('http://example.org', timeout=5)",
    "grandchild": "subprocess.run([sys.executable, '-c', "
    "'import socket; socket.create_connection((\"192.0.2.1\", 80), timeout=5)'], check=True)",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_leaves_the_machine(attempt: str) -> None:
    code = f"import socket, subprocess, sys, urllib.request\n{ATTEMPTS[attempt]}\nprint('open')"
    said = run(code, OUTSIDE)
    assert "no network (tests/offline)" in said
    assert "open" not in said.splitlines()


def test_without_the_folder_nothing_is_refused() -> None:
    """Or the test above would prove nothing."""
    code = "import sys; sys.audit('socket.connect', None, ('192.0.2.1', 80)); print('open')"
    assert "no network" in run(code)
    assert run(code, blocked=False) == "open\n"


class Hello(BaseHTTPRequestHandler):
    """Answers every request."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a server on this machine."""
    with HTTPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_machine_itself_is_within_reach(server: int, host: str) -> None:
    code = (
        "import sys, urllib.request\n"
        "print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())"
    )
    assert run(code, f"http://{host}:{server}/") == "hello\n"


def test_a_download_fails_at_once_with_the_remedy(tmp_path: Path) -> None:
    """The way of a reader who has neither the file nor a network."""
    code = (
        "from paper_nas.datasets import DatasetUnavailable, find_published_file\n"
        "try:\n    find_published_file('x.txt', 'https://example.org/x.txt', '0' * 64)\n"
        "except DatasetUnavailable as reason:\n    print('as it should be:', reason)"
    )
    code = (
        "import os, sys\nos.environ.pop('PAPER_NAS_DATA', None)\n"
        "import pooch\npooch.os_cache = lambda name: sys.argv[1]\n" + code
    )
    said = run(code, str(tmp_path))
    assert "as it should be: x.txt is not in" in said
    assert "PAPER_NAS_DATA" in said
