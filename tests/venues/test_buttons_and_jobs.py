"""The function behind the Refresh buttons, and the message of a nightly job."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from rebalance_xl.book.problems import BookError
from rebalance_xl.hosts.file import FileWorkbook
from rebalance_xl.venues.buttons import apply, preview_refresh
from tests.venues.books import NOW, find, rows_of, venue_book, write_book
from tests.venues.conftest import Refresh
from tests.venues.loopback import Venues, environment, maker


def test_a_button_shows_the_words_of_the_command_and_then_writes(
    server: Venues, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The preview names cell, old, new, source and time; nothing is written before apply; both hosts call this."""
    for name, value in environment("okx").items():
        monkeypatch.setenv(name, value)
    path = venue_book(tmp_path / "book.xlsx", "okx")
    port = FileWorkbook.open(path)
    before = path.read_bytes()
    shown = preview_refresh(port, NOW, make=maker(server))
    assert shown.has_changes
    assert "Portfolio!F2 (BTC okx Price): 80000 -> 90000  [okx BTC/USDT, 2026-11-28 21:59]" in shown.text
    assert path.read_bytes() == before
    apply(port, shown)
    assert find(rows_of(path, "Portfolio"), Asset="BTC")["Price"] == 90000.0


def test_a_button_says_why_it_cannot(tmp_path: Path, server: Venues) -> None:
    """A book without venues is told what to write."""
    book = write_book(tmp_path / "book.xlsx", {"Portfolio": [{"Asset": "BTC", "Quantity": 1.0, "Price": 9.0}]})
    with pytest.raises(BookError, match="the book names no venue"):
        preview_refresh(FileWorkbook.open(book), NOW, make=maker(server))


class Hook:
    """A webhook on this computer that keeps what it is sent."""

    def __init__(self, status: int = 200) -> None:
        self.messages: list[Any] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                hook.messages.append(json.loads(self.rfile.read(size)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()


def test_a_trigger_is_told_with_the_chosen_figures_only(refresh: Refresh, tmp_path: Path) -> None:
    """The webhook gets trigger and number of trades; value and lines only where the user chose them."""
    hook = Hook()
    rows = [
        {"Asset": "BTC", "Venue": "okx", "Quantity": 0.02, "Price": 80000.0, "Target": 0.9, "Band": 0.05},
        {"Asset": "SOL", "Venue": "okx", "Quantity": 15.0, "Price": 150.0, "Target": 0.1, "Band": 0.05},
        {"Asset": "USDT", "Venue": "okx", "Quantity": 200.0, "Price": 1.0, "Kind": "stable"},
    ]
    book = write_book(tmp_path / "book.xlsx", {"Portfolio": rows})
    try:
        answer = refresh(book, only="prices", notify=[hook.url])
        assert answer.code == 0, answer.err
        (message,) = hook.messages
        assert set(message) == {"date", "trigger", "trades", "text", "content"}
        assert (message["trigger"], message["date"]) == ("THRESHOLD", "2026-11-28")
        assert message["trades"] >= 1
        refresh(book, only="prices", notify=[f"file:{tmp_path / 'notes.jsonl'}"], notify_fields="trigger,value,lines")
        note = json.loads((tmp_path / "notes.jsonl").read_text())
        assert set(note) == {"date", "trigger", "value", "lines"}
        assert note["value"] == pytest.approx(0.02 * 90000 + 15 * 150 + 200)
    finally:
        hook.close()


def test_a_quiet_book_sends_nothing_and_a_failing_hook_is_told(refresh: Refresh, tmp_path: Path) -> None:
    """Without a trigger there is no message; a webhook that answers 500 costs a line, not the refresh."""
    rows = [{"Asset": "BTC", "Venue": "okx", "Quantity": 1.0, "Price": 80000.0, "Target": 1.0, "Band": 0.05}]
    quiet = write_book(tmp_path / "quiet.xlsx", {"Portfolio": rows})
    notes = tmp_path / "notes.jsonl"
    assert refresh(quiet, only="prices", notify=[f"file:{notes}"]).code == 0
    assert not notes.exists()
    hook = Hook(500)
    rows[0]["Target"] = 0.5
    rows.append({"Asset": "SOL", "Venue": "okx", "Quantity": 1.0, "Price": 150.0, "Target": 0.5, "Band": 0.05})
    loud = write_book(tmp_path / "loud.xlsx", {"Portfolio": rows})
    try:
        answer = refresh(loud, only="prices", notify=[hook.url, "mail:false"])
    finally:
        hook.close()
    assert answer.code == 0
    assert "--notify webhook: the webhook answers 500" in answer.err
    assert "--notify mail: the program ended with 1" in answer.err
    assert find(rows_of(loud, "Portfolio"), Asset="BTC")["Price"] == 90000.0
