"""CONVERT: units of measurement, their prefixes, and what they are in the base unit of their kind.

Source of the units and abbreviations: the function reference of Excel for CONVERT; of the factors: NIST Special
Publication 811 and the CODATA values of 2006 that Excel uses.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from rebalance_xl.recalc.native.arguments import to_text
from rebalance_xl.recalc.native.faults import Fault
from rebalance_xl.recalc.native.registry import worksheet

_INCH, _FOOT, _YARD, _MILE, _NAUTICAL = 0.0254, 0.3048, 0.9144, 1609.344, 1852.0
_LIGHT_YEAR, _PICA_POINT, _GALLON, _POUND = 9460730472580800.0, _INCH / 72, 0.003785411784, 453.59237
_HORSEPOWER = 745.6998715822702

#: Per kind of quantity the units as abbreviation and factor; a "+" before the abbreviation allows decimal prefixes.
_UNITS: Final[dict[str, dict[str, float]]] = {
    "mass": {
        **{"+g": 1.0, "sg": 14593.902937206363, "lbm": _POUND, "+u": 1.660538782e-24, "ozm": _POUND / 16},
        **{"grain": _POUND / 7000, "cwt": _POUND * 100, "shweight": _POUND * 100, "uk_cwt": _POUND * 112},
        **{"lcwt": _POUND * 112, "hweight": _POUND * 112, "stone": _POUND * 14, "ton": _POUND * 2000},
        **{"uk_ton": _POUND * 2240, "LTON": _POUND * 2240, "brton": _POUND * 2240},
    },
    "distance": {
        **{"+m": 1.0, "mi": _MILE, "Nmi": _NAUTICAL, "in": _INCH, "ft": _FOOT, "yd": _YARD, "+ang": 1e-10},
        **{"ell": 1.143, "+ly": _LIGHT_YEAR, "+parsec": 30856775812815532.0, "+pc": 30856775812815532.0},
        **{"Picapt": _PICA_POINT, "Pica": _PICA_POINT, "pica": _INCH / 6, "survey_mi": 1609.3472186944373},
    },
    "time": {
        **{"yr": 31557600.0, "day": 86400.0, "d": 86400.0, "hr": 3600.0, "mn": 60.0, "min": 60.0},
        **{"+sec": 1.0, "+s": 1.0},
    },
    "pressure": {
        **{"+Pa": 1.0, "+p": 1.0, "+atm": 101325.0, "+at": 101325.0, "+mmHg": 133.322},
        **{"psi": 6894.757293168362, "Torr": 101325.0 / 760},
    },
    "force": {"+N": 1.0, "+dyn": 1e-5, "+dy": 1e-5, "lbf": 4.4482216152605, "+pond": 0.00980665},
    "energy": {
        **{"+J": 1.0, "+e": 1e-7, "+c": 4.184, "+cal": 4.1868, "+eV": 1.602176487e-19, "+ev": 1.602176487e-19},
        **{"HPh": _HORSEPOWER * 3600, "hh": _HORSEPOWER * 3600, "+Wh": 3600.0, "+wh": 3600.0},
        **{"flb": 1.3558179483314004, "BTU": 1055.05585262, "btu": 1055.05585262},
    },
    "power": {"+W": 1.0, "+w": 1.0, "HP": _HORSEPOWER, "h": _HORSEPOWER, "PS": 735.49875},
    "magnetism": {"+T": 1.0, "+ga": 1e-4},
    "volume": {
        **{"tsp": _GALLON / 768, "tspm": 5e-6, "tbs": _GALLON / 256, "oz": _GALLON / 128, "cup": _GALLON / 16},
        **{"pt": _GALLON / 8, "us_pt": _GALLON / 8, "+uk_pt": 0.00056826125, "qt": _GALLON / 4},
        **{"uk_qt": 0.0011365225, "gal": _GALLON, "uk_gal": 0.00454609, "+l": 0.001, "+L": 0.001, "+lt": 0.001},
        **{"barrel": 0.158987294928, "bushel": 0.03523907016688, "GRT": 2.8316846592, "regton": 2.8316846592},
        **{"MTON": 1.13267386368},
    },
    "area": {"uk_acre": 4046.8564224, "us_acre": 4046.8726098742522, "+ar": 100.0, "ha": 10000.0, "Morgen": 2500.0},
    "information": {"+bit": 1.0, "+byte": 8.0},
    "speed": {
        **{"admkn": 0.5147733333333333, "kn": _NAUTICAL / 3600, "+mph": 0.44704},
        **{"+m/h": 1 / 3600, "+m/hr": 1 / 3600, "+m/s": 1.0, "+m/sec": 1.0},
    },
}
#: Lengths that have squares and cubes, with those that take prefixes.
_POWERS: Final = {
    **{"+ang": 1e-10, "ft": _FOOT, "in": _INCH, "ly": _LIGHT_YEAR, "+m": 1.0, "mi": _MILE, "Nmi": _NAUTICAL},
    **{"Picapt": _PICA_POINT, "Pica": _PICA_POINT, "yd": _YARD},
}
_TEMPERATURES: Final = {"C": 0, "cel": 0, "F": 1, "fah": 1, "K": 2, "kel": 2, "Rank": 3, "Reau": 4}
_PREFIXES: Final = {
    **{"Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "e": 1, "d": -1},
    **{"c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24},
}
_BINARY: Final = {"Yi": 80, "Zi": 70, "Ei": 60, "Pi": 50, "Ti": 40, "Gi": 30, "Mi": 20, "ki": 10}


@cache
def _table() -> dict[str, tuple[str, float, int]]:
    """Return the kind and the factor of each unit, and the power in which prefixes count (0: it takes none)."""
    table = {
        name.removeprefix("+"): (kind, factor, int(name.startswith("+")))
        for kind, units in _UNITS.items()
        for name, factor in units.items()
    }
    for name, length in _POWERS.items():
        for power, kind in ((2, "area"), (3, "volume")):
            for sign in ("", "^"):
                prefixed = power if name.startswith("+") else 0
                table[f"{name.removeprefix('+')}{sign}{power}"] = kind, length**power, prefixed
    return table


def _found(name: str) -> tuple[str, float]:
    """Return the kind and the factor of a unit with or without a prefix."""
    table = _table()
    if name in table:
        return table[name][:2]
    for length in (2, 1):
        prefix = name[:length]
        kind, factor, power = table.get(name[length:], ("", 0.0, 0))
        if power and prefix in _PREFIXES:
            return kind, factor * 10.0 ** (_PREFIXES[prefix] * power)
        if power and prefix in _BINARY and kind == "information":
            return kind, factor * 2.0 ** _BINARY[prefix]
    raise Fault("#N/A", f"{name!r} is no unit")


def _temperature(name: str) -> tuple[int, float] | None:
    """Return the scale of a temperature and the factor of its prefix, None for anything else."""
    if name in _TEMPERATURES:
        return _TEMPERATURES[name], 1.0
    for length in (2, 1):
        if name[length:] in ("K", "kel") and name[:length] in _PREFIXES:
            return 2, 10.0 ** _PREFIXES[name[:length]]
    return None


def _to_kelvin(value: float, scale: int) -> float:
    return (value + 273.15, (value - 32) / 1.8 + 273.15, value, value / 1.8, value * 1.25 + 273.15)[scale]


def _from_kelvin(value: float, scale: int) -> float:
    return (value - 273.15, (value - 273.15) * 1.8 + 32, value, value * 1.8, (value - 273.15) / 1.25)[scale]


@worksheet("CONVERT", kinds="number any any")
def convert(number: float, from_unit: Any, to_unit: Any) -> float:
    """Return a number in another unit of the same kind; #N/A for an unknown unit or another kind."""
    source, target = to_text(from_unit), to_text(to_unit)
    before, after = _temperature(source), _temperature(target)
    if before is not None and after is not None:
        if source == target:
            return number
        return _from_kelvin(_to_kelvin(number * before[1], before[0]), after[0]) / after[1]
    kind, factor = _found(source)
    other, divisor = _found(target)
    if kind != other:
        raise Fault("#N/A", f"{source!r} measures {kind}, {target!r} {other}")
    return number * factor / divisor if factor != divisor else number
