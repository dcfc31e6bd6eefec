"""Keys in the keyring and the environment, what they may do, and names of coins, venues and contracts."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from rebalance_xl.venues import keys
from rebalance_xl.venues.names import coin_of, multiple_of, plain_symbol, split_pair, venue_id
from rebalance_xl.venues.rights import binance_rights, bybit_rights, coinbase_rights, okx_rights
from tests.venues.loopback import KEY, PASSWORD, SECRET, Venues, maker


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """Put a keyring in place that keeps what it is given in memory."""
    keyring = pytest.importorskip("keyring")
    kept: dict[tuple[str, str], str] = {}

    def forget(service: str, name: str) -> None:
        del kept[service, name]

    monkeypatch.setattr(keyring, "get_password", lambda service, name: kept.get((service, name)))
    monkeypatch.setattr(keyring, "set_password", lambda service, name, value: kept.update({(service, name): value}))
    monkeypatch.setattr(keyring, "delete_password", forget)
    monkeypatch.setattr(keyring, "get_keyring", lambda: kept)
    for part in ("KEY", "SECRET", "PASSWORD"):
        monkeypatch.delenv(f"REBALANCE_XL_OKX_{part}", raising=False)
    return kept


@pytest.fixture
def command() -> Any:
    """Return the module of the command."""
    return importlib.import_module("rebalance_xl.commands.venues")


def typed(*values: str) -> Any:
    """Return a reader that gives values one after the other, as a person types them."""
    waiting = list(values)
    return lambda prompt: waiting.pop(0)


def test_a_key_is_added_tested_listed_and_removed(
    ring: dict[tuple[str, str], str], command: Any, server: Venues, capsys: pytest.CaptureFixture[str]
) -> None:
    """A read-only key goes into the keyring, and nothing of it is printed but its last four characters."""
    assert command.add("OKX", maker(server), typed(KEY, SECRET, PASSWORD)) == 0
    assert ring["rebalance-xl", "okx:secret"] == SECRET
    assert command.check("okx", maker(server)) == 0
    assert command.show() == 0
    assert command.remove("okx") == 0
    assert not any(name.startswith("okx") for _, name in ring)
    assert command.remove("okx") == 1
    assert command.check("okx", maker(server)) == 1
    said = "".join(capsys.readouterr())
    assert "...0001" in said
    assert "it may only read" in said
    for word in (KEY, SECRET, PASSWORD):
        assert word not in said


def test_a_key_that_may_trade_is_not_kept(
    ring: dict[tuple[str, str], str], command: Any, server: Venues, capsys: pytest.CaptureFixture[str]
) -> None:
    """The venue says that the key may trade: it is refused before the keyring sees it."""
    server.rules.append(
        lambda request: (
            (200, {"code": "0", "data": [{"perm": "read_only,trade"}]}, {})
            if request.path.endswith("/account/config")
            else None
        )
    )
    assert command.add("okx", maker(server), typed(KEY, SECRET, PASSWORD)) == 1
    assert ring == {}
    assert "may trade: it is not kept" in capsys.readouterr().err


def test_a_wrong_key_is_not_kept(
    ring: dict[tuple[str, str], str], command: Any, server: Venues, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that the venue does not accept, a blank part and an unknown venue leave the keyring alone."""
    server.rules.append(lambda request: (401, {"code": "50111", "msg": "Invalid OK-ACCESS-KEY", "data": []}, {}))
    assert command.add("okx", maker(server), typed(KEY, SECRET, PASSWORD)) == 1
    assert command.add("okx", maker(server), typed(KEY, "", PASSWORD)) == 1
    assert command.add("nowhere", maker(server), typed(KEY)) == 1
    assert ring == {}
    said = capsys.readouterr().err
    assert "okx does not accept the key" in said
    assert "the secret is blank" in said


def test_a_machine_without_a_keyring_is_told_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, command: Any, server: Venues, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the variables to set, before anything of a key is asked for."""

    def nobody(prompt: str) -> str:
        raise AssertionError(prompt)

    keyring = pytest.importorskip("keyring")
    failing = importlib.import_module("keyring.backends.fail").Keyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: failing)
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(failing, name))
    assert command.add("okx", maker(server), nobody) == 1
    assert "set REBALANCE_XL_OKX_KEY and REBALANCE_XL_OKX_SECRET" in capsys.readouterr().err
    assert not keys.find_secrets("okx", {})


def test_secrets_are_taken_out_of_texts() -> None:
    """Parts of keys, and what stands behind the question mark of an address, are not handed on."""
    secrets = keys.Secrets("okx", {"apiKey": "abcdefghijkl", "secret": "hidden"})
    text = "GET https://www.okx.com/api?sign=5 abcdefghijkl hidden"
    assert keys.scrubbed(text, [secrets]) == "GET https://www.okx.com/api *** ***"
    assert "hidden" not in repr(secrets)
    assert keys.environment_venues({"REBALANCE_XL_OKX_KEY": "x", "PATH": "y"}) == ["okx"]


def test_rights_as_venues_tell_them() -> None:
    """What a key may do beyond reading, and answers that tell nothing."""
    assert binance_rights({"enableReading": True, "ipRestrict": False}).notes == ("no list of addresses is set for it",)
    assert binance_rights({"enableReading": True, "enableInternalTransfer": True}).excess == (
        "transfer to other accounts",
    )
    assert bybit_rights({"result": {"readOnly": 1, "deadlineDay": 9}}).notes == ("it expires in 9 days",)
    assert okx_rights({"data": [{"perm": "read_only, withdraw"}]}).excess == ("withdraw",)
    assert coinbase_rights({"can_view": True, "can_trade": True}).excess == ("trade",)
    for told in (binance_rights({}), bybit_rights([]), okx_rights({"data": []}), coinbase_rights(None)):
        assert (told.told, told.read_only) == (False, False)


#: Names as venues and networks spell them, and the coin: name@venue=coin.
SPELLINGS = [
    "XXBT@kraken=BTC",
    "XBT.F@kraken=BTC",
    "XETH@kraken=ETH",
    "ZEUR@kraken=EUR",
    "XTZ@kraken=XTZ",
    "ZRX@kraken=ZRX",
    "XRP@kraken=XRP",
    "ZEC@kraken=ZEC",
    "DOT28.S@kraken=DOT",
    "ETH2.S@kraken=ETH",
    "ATOM.S@kraken=ATOM",
    "XDG@kraken=DOGE",
    "LDBTC@binance=BTC",
    "LDUSDT@binance=USDT",
    "LDO@binance=LDO",
    "BETH@binance=BETH",
    "USDT-TRC20@=USDT",
    "USDT_ERC20@=USDT",
    "USDT_(ERC20)@=USDT",
    "USDTTRON@=USDT",
    "USDC.E@=USDC",
    "USDC-TRX@=USDC",
    "USDE@=USDE",
    "SOL_(Solana)@=SOL",
    "Bitcoin_(BTC)@=BTC",
    "WBTC@=WBTC",
    "stETH@=STETH",
    "1INCH@=1INCH",
    "XBT@kucoinfutures=BTC",
    "CGLD@coinbase=CELO",
    "LDXYZ@binance=LDXYZ",
    "mycoin@=MYCOIN",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_names_of_coins(spelling: str) -> None:
    """Venues' and networks' spellings lead to one coin; real coins that look like them stay."""
    name, _, rest = spelling.partition("@")
    venue, _, coin = rest.partition("=")
    assert coin_of(name.replace("_(", " ("), venue).coin == coin


def test_names_of_contracts_pairs_and_venues() -> None:
    """1000SHIB is 1,000 SHIB and 1INCH is no multiple; pairs are split by known coins; people's names of venues."""
    assert multiple_of("1000SHIB", {"SHIB"}) == ("SHIB", 1000.0)
    assert multiple_of("SHIB1000", {"SHIB"}) == ("SHIB", 1000.0)
    assert multiple_of("1000000MOG", {"MOG"}) == ("MOG", 1e6)
    assert multiple_of("kPEPE", {"PEPE"}) == ("PEPE", 1000.0)
    assert multiple_of("1INCH", {"SHIB"}) == ("1INCH", 1.0)
    assert multiple_of("1000XYZ", set()) == ("1000XYZ", 1.0)
    assert split_pair("BTCFDUSD") == ("BTC", "FDUSD")
    assert split_pair("ADAEUR") == ("ADA", "EUR")
    assert split_pair("BTC") is None
    assert venue_id("Binance.com") == "binance"
    assert plain_symbol("BTC/USDT:USDT-261225") == "BTCUSDT-261225"


def test_alias_before_rule() -> None:
    """The user's own name of a coin at one venue, or anywhere, goes first."""
    aliases = {("okx", "BEAM"): "BEAMX", ("", "FOO"): "BTC"}
    assert coin_of("BEAM", "okx", aliases).coin == "BEAMX"
    assert coin_of("BEAM", "gate", aliases).coin == "BEAM"
    assert coin_of("foo", "okx", aliases).coin == "BTC"


def test_options_of_ccxt_are_those_of_the_profile() -> None:
    """An exchange is opened with its limits on, its own options, and no call for currencies."""
    pytest.importorskip("ccxt")
    from rebalance_xl.venues.exchange import MissingPackageError, open_exchange

    found = open_exchange("binance", keys.Secrets("binance", {"apiKey": "a", "secret": "b"}))
    assert (found.enableRateLimit, found.timeout, found.has["fetchCurrencies"]) == (True, 20000, False)
    assert found.options["adjustForTimeDifference"] is True
    assert found.verbose is False
    with pytest.raises(MissingPackageError, match="knows no venue nowhere"):
        open_exchange("nowhere", keys.Secrets("nowhere"))


def test_markets_are_kept_for_a_day(tmp_path: Any) -> None:
    """The second run reads them from the disk; a damaged file is asked for again; no key is in it."""
    from rebalance_xl.venues.exchange import load_markets

    asked: list[int] = []

    class Fake(SimpleNamespace):
        def load_markets(self) -> None:
            asked.append(1)
            self.markets = {"BTC/USDT": {"symbol": "BTC/USDT", "info": {"big": "x", "uly": "BTC-USDT"}}}

        def set_markets(self, markets: list[Any]) -> None:
            self.markets = {each["symbol"]: each for each in markets}

    for _ in (1, 2):
        fake = Fake(id="okx", markets=None)
        load_markets(fake, tmp_path)
        assert fake.markets["BTC/USDT"]["info"]["uly"] == "BTC-USDT"
    assert len(asked) == 1
    (tmp_path / "markets-okx.json").write_text("[{]")
    load_markets(Fake(id="okx", markets=None), tmp_path)
    assert len(asked) == 2
