"""The real ccxt against a server on this computer: bodies from files, signatures checked, faults on demand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from rebalance_xl.venues.keys import Secrets
from rebalance_xl.venues.profiles import profile_of

BODIES = Path(__file__).parent / "bodies"
KEY, SECRET, PASSWORD = "kkkk-reading-key-0001", "c2VjcmV0LW9mLXRlc3Rz", "pass-phrase-of-tests"
#: Words of paths that change something at a venue: no request may hold one.
CHANGING = ("order", "withdraw", "transfer", "leverage", "batch")


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    venue: str
    method: str
    path: str
    query: dict[str, str]
    text: str
    headers: dict[str, str]
    body: str
    arrived: float

    @property
    def signed(self) -> bool:
        """Whether it carries the key."""
        return KEY in str(self.headers) or KEY in self.text


Answer = tuple[int, Any, dict[str, str]]
Rule = Callable[[Request], "Answer | None"]


@dataclass
class Venues:
    """What the server answers and what it has seen.

    `rules` are asked first; a rule that returns None passes the request on to the bodies.
    """

    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    base: str = ""

    def answer(self, request: Request) -> Answer:
        """Return status, body and headers for a request."""
        for rule in self.rules:
            found = rule(request)
            if found is not None:
                return found
        for answer in self.bodies.get(request.venue, {}).get("answers", []):
            wanted = answer.get("query", {})
            if request.path.endswith(answer["path"]) and all(request.query.get(k) == v for k, v in wanted.items()):
                return answer.get("status", 200), answer["body"], {}
        return 404, {"code": 404, "msg": "no such body"}, {}

    def asked(self, venue: str = "") -> list[str]:
        """Return method and path of what was asked."""
        return [f"{each.method} {each.path}" for each in self.seen if not venue or each.venue == venue]


@contextmanager
def serving(venues: Venues) -> Iterator[Venues]:
    """Serve on a free port of this computer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer, else each waits 40 ms for an acknowledgement
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            text = self.path
            path, _, query = text.partition("?")
            venue = path.split("/")[1]
            pairs = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
            request = Request(
                venue,
                self.command,
                "/" + path.split("/", 2)[2],
                pairs,
                text,
                dict(self.headers),
                body,
                time.monotonic(),
            )
            venues.seen.append(request)
            status, answer, headers = venues.answer(request)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            length = int(headers.pop("Length", len(data)))
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(length))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                return
            if length != len(data):
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - the name that http.server asks for

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    venues.base = f"http://127.0.0.1:{server.server_port}"
    try:
        yield venues
    finally:
        server.shutdown()
        server.server_close()


def market(symbol: str, name: str, size: float = 1.0, **more: Any) -> dict[str, Any]:
    """Return a market as ccxt holds it: "BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDT:USDT-261225"."""
    pair, _, settle = symbol.partition(":")
    base, quote = pair.split("/")
    settle, _, day = settle.partition("-")
    contract, inverse = bool(settle), settle == base
    kind = "future" if day else "swap" if contract else "spot"
    found = {
        "id": name, "symbol": symbol, "base": base, "quote": quote, "settle": settle or None, "baseId": base,
        "quoteId": quote, "settleId": settle or None, "type": kind, "spot": not contract, "margin": False,
        "swap": kind == "swap", "future": kind == "future", "option": False, "contract": contract,
        "linear": contract and not inverse if contract else None, "inverse": inverse if contract else None,
        "subType": ("inverse" if inverse else "linear") if contract else None,
        "contractSize": size if contract else None, "active": True, "expiry": None, "expiryDatetime": None,
        "precision": {"amount": 1e-8, "price": 1e-8}, "limits": {}, "info": {}, **more,
    }  # fmt: skip
    return found


def bodies_of(venue: str) -> dict[str, Any]:
    """Return the bodies of a venue that belong to the project."""
    found: dict[str, Any] = json.loads((BODIES / f"{venue}.json").read_text(encoding="utf-8"))
    found["markets"] = [market(*each[:3], **(each[3] if len(each) > 3 else {})) for each in found["markets"]]
    return found


def maker(venues: Venues, limits: bool = False, timeout: int = 20_000) -> Callable[[str, Secrets], Any]:
    """Return a function that makes ccxt's exchange with its addresses led to the server."""
    import ccxt

    def make(code: str, secrets: Secrets) -> Any:
        options = {key: value for key, value in profile_of(code).options.items() if key != "adjustForTimeDifference"}
        exchange = getattr(ccxt, code)(
            {**secrets.parts, "enableRateLimit": limits, "timeout": timeout, "options": options}
        )
        exchange.urls["api"] = led(exchange.urls["api"], f"{venues.base}/{code}")
        exchange.options["tiersUrl"] = f"{venues.base}/{code}/capi/v3/market/riskLimits"
        exchange.set_markets([exchange.safe_market_structure(each) for each in venues.bodies[code]["markets"]])
        return exchange

    return make


def led(tree: Any, base: str) -> Any:
    """Return addresses of ccxt led to the server, with their host and path kept."""
    if isinstance(tree, Mapping):
        return {key: led(value, base) for key, value in tree.items()}
    rest = tree.split("://", 1)[-1].replace("{hostname}", "host")
    return f"{base}/{rest}"


def secrets_of(code: str) -> Secrets:
    """Return the key of the tests for a venue."""
    return Secrets(code, {"apiKey": KEY, "secret": SECRET, "password": PASSWORD}, "environment")


def environment(*venues: str) -> dict[str, str]:
    """Return an environment that holds the key of the tests for venues."""
    found = {}
    for venue in venues:
        found[f"REBALANCE_XL_{venue.upper()}_KEY"] = KEY
        found[f"REBALANCE_XL_{venue.upper()}_SECRET"] = SECRET
        found[f"REBALANCE_XL_{venue.upper()}_PASSWORD"] = PASSWORD
    return found


# --- signatures, from the venues' public rules -----------------------------------------------------------------


def _hmac(text: str) -> bytes:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()


def signature_fault(request: Request) -> str:
    """Return what is wrong with a signed request by the venue's own rule, empty where it is right."""
    check = {
        "binance": _query_signed, "bybit": _bybit, "okx": _passphrase_signed, "weex": _passphrase_signed,
        "bingx": _query_signed, "mexc": _mexc,
    }[request.venue]  # fmt: skip
    return check(request)


def _query_signed(request: Request) -> str:
    header = {"binance": "X-MBX-APIKEY", "bingx": "X-BX-APIKEY", "mexc": "X-MEXC-APIKEY"}[request.venue]
    query = request.text.partition("?")[2]
    plain, _, signature = query.rpartition("&signature=")
    if _header(request, header) != KEY:
        return f"no {header}"
    if request.venue == "bingx":
        plain = urllib.parse.unquote(plain)
    if not any(each.startswith("timestamp=") for each in plain.split("&")):
        return "no timestamp"
    return "" if signature == _hmac(plain).hex() else f"signature of {plain}"


def _bybit(request: Request) -> str:
    time_, window = _header(request, "X-BAPI-TIMESTAMP"), _header(request, "X-BAPI-RECV-WINDOW")
    text = f"{time_}{KEY}{window}{request.text.partition('?')[2] or request.body}"
    if _header(request, "X-BAPI-API-KEY") != KEY:
        return "no X-BAPI-API-KEY"
    return "" if _header(request, "X-BAPI-SIGN") == _hmac(text).hex() else f"signature of {text}"


def _passphrase_signed(request: Request) -> str:
    lead = "OK-ACCESS" if request.venue == "okx" else "ACCESS"
    path = request.path.split("/", 2)[2]
    query = request.text.partition("?")[2]
    target = f"/{path}" + (f"?{query}" if query else "")
    text = f"{_header(request, f'{lead}-TIMESTAMP')}{request.method}{target}{request.body}"
    if _header(request, f"{lead}-PASSPHRASE") != PASSWORD or _header(request, f"{lead}-KEY") != KEY:
        return "key or passphrase"
    wanted = base64.b64encode(_hmac(text)).decode()
    return "" if _header(request, f"{lead}-SIGN") == wanted else f"signature of {text}"


def _mexc(request: Request) -> str:
    if "contract" not in request.path and "private" not in request.path:
        return _query_signed(request)
    text = f"{KEY}{_header(request, 'Request-Time')}{request.text.partition('?')[2] or request.body}"
    if _header(request, "ApiKey") != KEY:
        return "no ApiKey"
    return "" if _header(request, "Signature") == _hmac(text).hex() else f"signature of {text}"


def _header(request: Request, name: str) -> str:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), "")
