"""Excel functions that the calculation engine lacks or gets wrong, as pure functions.

The module of a function is imported when the function is first asked for: a book that needs none of them pays nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rebalance_xl.recalc.native.registry import NativeFunction

#: The functions of each module.
MODULES: Final[dict[str, str]] = {
    "aggregates": (
        "RXL.AGGREGATE MODE MODE.SNGL MODE.MULT DSUM DAVERAGE DMAX DMIN DPRODUCT DCOUNT DCOUNTA DGET DVAR DVARP DSTDEV"
        " DSTDEVP RXL.CRITERION RXL.COUNTIFS RXL.SUMIF RXL.SUMIFS RXL.AVERAGEIF RXL.AVERAGEIFS RXL.MAXIFS"
        " RXL.MINIFS FREQUENCY"
    ),
    "arithmetic": (
        "CEILING FLOOR CEILING.MATH FLOOR.MATH CEILING.PRECISE ISO.CEILING ECMA.CEILING FLOOR.PRECISE MROUND ROMAN"
        " DOLLARDE DOLLARFR SUMXMY2 SUMX2MY2 SUMX2PY2 PROB PERMUTATIONA MULTINOMIAL GCD LCM"
    ),
    "array_shapes": (
        "RXL.FIT RXL.SORTABLE EXPAND WRAPROWS WRAPCOLS TRIMRANGE PERCENTOF TAKE DROP VSTACK HSTACK SORTBY UNIQUE"
        " CHOOSEROWS CHOOSECOLS"
    ),
    "bonds": "PRICE YIELD DURATION MDURATION ODDFPRICE ODDFYIELD ODDLPRICE ODDLYIELD",
    "calendar_dates": "DATE YEAR MONTH DAY WEEKDAY TIME HOUR MINUTE SECOND DATEVALUE TIMEVALUE VALUE NUMBERVALUE",
    "careful": "RXL.NUMBER RXL.TRUTH RXL.NUMERIC RXL.COMPARE RXL.SHOWN RXL.BOUND RXL.COUNTED RXL.FITTING RXL.POWER"
    " RXL.UNKNOWN RXL.FAULT",
    "cashflows": "IRR MIRR XNPV XIRR IPMT PPMT FVSCHEDULE",
    "depreciation": "DB VDB AMORLINC AMORDEGRC",
    "securities": (
        "COUPDAYS COUPDAYBS COUPDAYSNC COUPNCD COUPPCD COUPNUM ACCRINT ACCRINTM"
        " DISC PRICEDISC YIELDDISC INTRATE RECEIVED PRICEMAT YIELDMAT TBILLPRICE TBILLYIELD TBILLEQ"
    ),
    "complex_numbers": (
        "IMABS IMARGUMENT IMCONJUGATE IMCOS IMCOSH IMCOT IMCSC IMCSCH IMDIV IMEXP IMLN IMLOG10 IMLOG2 IMPOWER IMPRODUCT"
        " IMSEC IMSECH IMSIN IMSINH IMSQRT IMSUB IMSUM IMTAN COMPLEX"
    ),
    "distributions": (
        "F.DIST F.DIST.RT FDIST F.INV F.INV.RT FINV CHISQ.DIST CHISQ.DIST.RT CHISQ.INV CHISQ.INV.RT T.DIST T.DIST.2T"
        " T.DIST.RT T.INV T.INV.2T BINOM.DIST BINOMDIST BINOM.DIST.RANGE BINOM.INV CRITBINOM NEGBINOM.DIST"
        " POISSON.DIST POISSON EXPON.DIST EXPONDIST LOGNORM.DIST LOGNORM.INV LOGINV"
    ),
    "engineering": (
        "BIN2DEC OCT2DEC HEX2DEC DEC2BIN DEC2OCT DEC2HEX BIN2OCT BIN2HEX OCT2BIN OCT2HEX HEX2BIN HEX2OCT BITLSHIFT"
        " BITRSHIFT CONVERT"
    ),
    "lookup": "RXL.XMATCH RXL.XLOOKUP RXL.LOOKUP RXL.MATCH RXL.VLOOKUP RXL.HLOOKUP ADDRESS ERROR.TYPE",
    "matrix": "MMULT MINVERSE MDETERM MUNIT",
    "number_text": "TEXT FIXED DOLLAR USDOLLAR",
    "text_parts": (
        "UPPER LOWER PROPER TRIM REPLACE RXL.N RXL.T SEARCH TEXTBEFORE TEXTAFTER REGEXTEST REGEXEXTRACT REGEXREPLACE"
        " ENCODEURL"
    ),
}

#: Functions that the engine answers rightly in their plain forms only; the others are computed by ``RXL.`` and the
#: name: from a number of arguments on, LOOKUP in arrays and whole columns, MATCH of a constant in rising order.
ALTERNATIVES: Final[dict[str, int]] = {"AGGREGATE": 3, "XMATCH": 3, "XLOOKUP": 5, "LOOKUP": 2, "MATCH": 2}

#: Functions that pass over errors in the range of this argument; ``RXL.`` and the name is asked when there are some.
BLIND_TO_ERRORS: Final[dict[str, int]] = {
    **{"SUMIF": 2, "AVERAGEIF": 2, "SUMIFS": 0, "AVERAGEIFS": 0, "MAXIFS": 0, "MINIFS": 0}
}

#: The module of each function.
MODULE_OF: Final = {name: module for module, names in MODULES.items() for name in names.split()}


def native(name: str) -> NativeFunction:
    """Return the function of a worksheet name.

    >>> native("MMULT").callable([[1.0, 2.0]], [[3.0], [4.0]])
    [[11.0]]
    """
    from rebalance_xl.recalc.native.registry import REGISTERED

    importlib.import_module(f"{__name__}.{MODULE_OF[name]}")
    return REGISTERED[name]
