"""Which functions take ranges as they are, compute with whole arrays or always give one value, and who computes them.

Excel gives every parameter a class: a *value* parameter of an ordinary formula takes one cell of a range (implicit
intersection), a *reference* parameter takes the range, an *array* parameter makes everything inside it work on arrays.
Source of the classes: the function descriptions in ECMA-376 part 1, 18.17.7, and [MS-XLS] 2.5.198.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import formualizer as fz

from ..native import MODULE_OF, native

VALUE, REFERENCE, ARRAY = "V", "R", "A"


def names_in(words: str) -> frozenset[str]:
    """Return the names of functions in a text."""
    return frozenset(words.split())


#: Functions that take several references where one is written (3-D references and unions can be listed instead).
LISTS: Final = names_in(
    """SUM AVERAGE AVERAGEA COUNT COUNTA MIN MINA MAX MAXA PRODUCT STDEV STDEVA STDEVP STDEVPA STDEV.S STDEV.P VAR VARA
    VARP VARPA VAR.S VAR.P SUMSQ AND OR XOR MEDIAN DEVSQ AVEDEV GEOMEAN HARMEAN KURT SKEW SKEW.P NPV CONCAT"""
)

#: One value whatever the arguments are; reference parameters.
AGGREGATES: Final = LISTS | names_in(
    """GCD LCM MULTINOMIAL COUNTBLANK ROWS COLUMNS AREAS SHEETS DSUM DCOUNT DCOUNTA DAVERAGE DMAX DMIN DGET
    DPRODUCT DSTDEV DSTDEVP DVAR DVARP T N TYPE ISREF"""
)

#: One value whatever the arguments are; array parameters.
ARRAY_AGGREGATES: Final = names_in(
    """SUMPRODUCT MDETERM CORREL COVAR COVARIANCE.P COVARIANCE.S PEARSON RSQ SLOPE INTERCEPT STEYX FTEST F.TEST
    CHITEST CHISQ.TEST SUMX2MY2 SUMX2PY2 SUMXMY2 MODE MODE.SNGL IRR MIRR XIRR XNPV PROB"""
)

#: Arrays as results, array parameters: functions that spill also where a program without dynamic arrays wrote them.
SPILLING: Final = names_in(
    """MMULT MINVERSE TRANSPOSE FREQUENCY LINEST TREND GROWTH FILTER SORT SORTBY UNIQUE SEQUENCE RANDARRAY VSTACK HSTACK
    TAKE DROP CHOOSEROWS CHOOSECOLS TOCOL TOROW WRAPROWS WRAPCOLS EXPAND TEXTSPLIT"""
)
#: The same, and others.
ARRAY_MAKERS: Final = SPILLING | names_in(
    "LOGEST MODE.MULT MUNIT MAP REDUCE SCAN BYROW BYCOL MAKEARRAY LAMBDA LET GROUPBY PIVOTBY"
)

#: Functions whose parameters differ: one class per parameter, the last one repeated.
MIXED: Final[dict[str, str]] = {
    "SUMIF": "RVR", "COUNTIF": "RV", "AVERAGEIF": "RVR", "SUBTOTAL": "VR", "AGGREGATE": "VVR", "VLOOKUP": "VRVV",
    "HLOOKUP": "VRVV", "MATCH": "VRV", "XMATCH": "VRVV", "RANK": "VRV", "RANK.EQ": "VRV", "RANK.AVG": "VRV",
    "LARGE": "RV", "SMALL": "RV", "PERCENTILE": "RV", "PERCENTILE.INC": "RV", "PERCENTILE.EXC": "RV",
    "QUARTILE": "RV", "QUARTILE.INC": "RV", "QUARTILE.EXC": "RV", "PERCENTRANK": "RVV", "PERCENTRANK.INC": "RVV",
    "PERCENTRANK.EXC": "RVV", "TRIMMEAN": "RV", "FORECAST": "VAA", "FORECAST.LINEAR": "VAA", "TTEST": "AAVV",
    "T.TEST": "AAVV", "ZTEST": "RV", "Z.TEST": "RV", "NETWORKDAYS": "VVR", "WORKDAY": "VVR",
    "NETWORKDAYS.INTL": "VVVR", "WORKDAY.INTL": "VVVR", "TEXTJOIN": "VVR", "FVSCHEDULE": "VR", "SERIESSUM": "VVVR",
    "LOOKUP": "VAA", "CELL": "VR", "ISFORMULA": "R", "FORMULATEXT": "R", "SHEET": "R", "ROW": "R", "COLUMN": "R",
    "RXL.AGGREGATE": "VVAV", "RXL.XMATCH": "VRV", "RXL.XLOOKUP": "VRRV", "RXL.LOOKUP": "VAA", "RXL.MATCH": "VR",
    "RXL.VLOOKUP": "VRVV", "RXL.HLOOKUP": "VRVV", "RXL.SUMIF": "RVR", "RXL.AVERAGEIF": "RVR",
    "RXL.CRITERION": "V", "RXL.N": "V", "RXL.T": "V", "RXL.POWER": "V", "RXL.SORTABLE": "A",
}  # fmt: skip

#: Functions of MIXED that can give a reference or more than one value although their value arguments are single.
NOT_SINGLE: Final = names_in("LOOKUP ROW COLUMN")

#: Pairs of a range and a criterion.
CRITERIA: Final[dict[str, str]] = {
    "RXL.COUNTIFS": "RV", "RXL.SUMIFS": "RRV", "RXL.AVERAGEIFS": "RRV", "RXL.MAXIFS": "RRV", "RXL.MINIFS": "RRV",
    "SUMIFS": "RRV", "AVERAGEIFS": "RRV", "MAXIFS": "RRV", "MINIFS": "RRV", "COUNTIFS": "RV",
}  # fmt: skip

#: Of these, the ones of Excel: their ranges have to be of one size.
SAME_SIZE: Final = names_in("SUMIFS AVERAGEIFS MAXIFS MINIFS COUNTIFS")

#: Functions with criteria, which may be errors.
WITH_CRITERIA: Final = SAME_SIZE | {"COUNTIF", "SUMIF", "AVERAGEIF"}

#: Functions that pass one of their arguments through; the class of those is the class wanted of the call itself.
TRANSPARENT: Final[dict[str, int]] = {"IF": 1, "CHOOSE": 1, "IFERROR": 0, "IFNA": 0, "IFS": 0, "SWITCH": 0}

#: Give references or arrays from reference parameters; single only by what they are asked for.
REFERENCE_MAKERS: Final[dict[str, str]] = {
    "INDEX": "RVVV", "OFFSET": "RVVVV", "INDIRECT": "VV", "XLOOKUP": "VRRVVV",
}  # fmt: skip

#: One value per value: with single arguments a single result.
ELEMENTWISE: Final = names_in(
    """ABS ACCRINT ACCRINTM ACOS ACOSH ACOT ACOTH ADDRESS AMORDEGRC AMORLINC ARABIC ASC ASIN ASINH ATAN ATAN2 ATANH BASE
    BESSELI BESSELJ BESSELK BESSELY BETADIST BETA.DIST BETAINV BETA.INV BIN2DEC BIN2HEX BIN2OCT BINOMDIST BINOM.DIST
    BINOM.INV BINOM.DIST.RANGE BITAND BITLSHIFT BITOR BITRSHIFT BITXOR CEILING CEILING.MATH CEILING.PRECISE CHAR
    CHIDIST CHIINV CHISQ.DIST CHISQ.DIST.RT CHISQ.INV CHISQ.INV.RT CLEAN CODE COMBIN COMBINA COMPLEX CONCATENATE
    CONFIDENCE CONFIDENCE.NORM CONFIDENCE.T CONVERT COS COSH COT COTH COUPDAYBS COUPDAYS COUPDAYSNC COUPNCD COUPNUM
    COUPPCD CRITBINOM CSC CSCH CUMIPMT CUMPRINC DATE DATEDIF DATEVALUE DAY DAYS DAYS360 DB DBCS DDB DEC2BIN DEC2HEX
    DEC2OCT DECIMAL DEGREES DELTA DISC DOLLAR DOLLARDE DOLLARFR DURATION EDATE EFFECT ENCODEURL EOMONTH ERF
    ERF.PRECISE ERFC ERFC.PRECISE ERROR.TYPE EVEN EXACT EXP EXPONDIST EXPON.DIST FACT FACTDOUBLE FALSE FDIST F.DIST
    F.DIST.RT FIND FINDB FINV F.INV F.INV.RT FISHER FISHERINV FIXED FLOOR FLOOR.MATH FLOOR.PRECISE FV GAMMA
    GAMMADIST GAMMA.DIST GAMMAINV GAMMA.INV GAMMALN GAMMALN.PRECISE GAUSS GESTEP HEX2BIN HEX2DEC HEX2OCT HOUR
    HYPERLINK HYPGEOMDIST HYPGEOM.DIST IMABS IMAGINARY IMARGUMENT IMCONJUGATE IMCOS IMCOSH IMCOT IMCSC IMCSCH IMDIV
    IMEXP IMLN IMLOG10 IMLOG2 IMPOWER IMREAL IMSEC IMSECH IMSIN IMSINH IMSQRT IMSUB IMTAN INT INTRATE IPMT ISBLANK
    ISERR ISERROR ISEVEN ISLOGICAL ISNA ISNONTEXT ISNUMBER ISO.CEILING ISODD ISOWEEKNUM ISPMT ISTEXT LEFT LEFTB LEN
    LENB LN LOG LOG10 LOGINV LOGNORM.DIST LOGNORM.INV LOGNORMDIST LOWER MDURATION MID MIDB MINUTE MOD MONTH MROUND
    NA NEGBINOMDIST NEGBINOM.DIST NOMINAL NORMDIST NORM.DIST NORMINV NORM.INV NORMSDIST NORM.S.DIST NORMSINV
    NORM.S.INV NOT NOW NPER NUMBERVALUE OCT2BIN OCT2DEC OCT2HEX ODD ODDFPRICE ODDFYIELD ODDLPRICE ODDLYIELD
    PDURATION PERMUT PERMUTATIONA PHI PI PMT POISSON POISSON.DIST POWER PPMT PRICE PRICEDISC PRICEMAT PROPER PV
    QUOTIENT RADIANS RAND RANDBETWEEN RATE RECEIVED REPLACE REPLACEB REPT RIGHT RIGHTB ROMAN ROUND ROUNDDOWN ROUNDUP
    RRI SEARCH SEARCHB SEC SECH SECOND SIGN SIN SINH SLN SQRT SQRTPI STANDARDIZE SUBSTITUTE SYD TAN TANH TBILLEQ
    TBILLPRICE TBILLYIELD TDIST T.DIST T.DIST.2T T.DIST.RT TEXT TEXTAFTER TEXTBEFORE TIME TIMEVALUE TINV T.INV
    T.INV.2T TODAY TRIM TRUE TRUNC UNICHAR UNICODE UPPER VALUE VALUETOTEXT VDB WEEKDAY WEEKNUM WEIBULL WEIBULL.DIST
    YEAR YEARFRAC YIELD YIELDDISC YIELDMAT"""
)

#: Functions that give texts.
_TEXTS: Final = names_in(
    """ADDRESS ASC BASE BIN2HEX BIN2OCT CHAR CLEAN COMPLEX CONCAT CONCATENATE DBCS DEC2BIN DEC2HEX DEC2OCT DOLLAR
    ENCODEURL FIXED FORMULATEXT HEX2BIN HEX2OCT LEFT LEFTB LOWER MID MIDB OCT2BIN OCT2HEX PROPER REPLACE REPLACEB REPT
    RIGHT RIGHTB ROMAN SUBSTITUTE T TEXT TEXTAFTER TEXTBEFORE TEXTJOIN TRIM UNICHAR UPPER VALUETOTEXT"""
)
#: Functions that give truth values.
_TRUTHS: Final = names_in(
    """AND EXACT FALSE ISBLANK ISERR ISERROR ISEVEN ISFORMULA ISLOGICAL ISNA ISNONTEXT ISNUMBER ISODD ISREF ISTEXT NOT
    OR TRUE XOR"""
)
#: Functions that give numbers of few digits.
_WHOLE: Final = names_in(
    """AREAS CODE COLUMN COLUMNS COUNT COUNTA COUNTBLANK COUNTIF COUNTIFS DATE DAY FIND FINDB HOUR INT LEN LENB MATCH
    MINUTE MONTH RANDBETWEEN RANK RANK.EQ ROUND ROUNDDOWN ROUNDUP ROW ROWS SEARCH SEARCHB SECOND SHEET SHEETS TODAY
    TRUNC TYPE UNICODE WEEKDAY WEEKNUM XMATCH YEAR"""
)
#: Functions listed here that give what cells hold.
_CELLS: Final = names_in("CELL DGET HLOOKUP HYPERLINK LOOKUP VLOOKUP")
#: What functions and operators certainly give.
TEXT, NUMBER, WHOLE, TRUTH = "text", "number", "whole number", "truth value"

#: What a left-out argument in the middle stands for where the engine takes it for a 0.
GAP_DEFAULTS: Final[dict[tuple[str, int], str]] = {
    ("NETWORKDAYS.INTL", 2): "1", ("WORKDAY.INTL", 2): "1", ("SORT", 1): "1", ("SORT", 2): "1",
    ("LINEST", 2): "TRUE", ("LOGEST", 2): "TRUE", ("TREND", 3): "TRUE", ("GROWTH", 3): "TRUE",
    ("PERCENTRANK", 2): "3", ("PERCENTRANK.INC", 2): "3", ("PERCENTRANK.EXC", 2): "3",
    ("SEQUENCE", 0): "1", ("SEQUENCE", 1): "1", ("SEQUENCE", 2): "1", ("SEQUENCE", 3): "1",
}  # fmt: skip

_ONE_VALUE: Final = AGGREGATES | ARRAY_AGGREGATES
_CLASSES: Final[dict[str, str]] = {
    **dict.fromkeys(ELEMENTWISE | {"IF", "CHOOSE"}, VALUE),
    **dict.fromkeys(AGGREGATES, REFERENCE),
    **dict.fromkeys(ARRAY_AGGREGATES | ARRAY_MAKERS, ARRAY),
    **MIXED,
    **REFERENCE_MAKERS,
    **CRITERIA,
    "TRANSPOSE": VALUE,  # alone in an ordinary formula it gets one cell, and is #VALUE! for most ranges
}

#: Functions that the engine has a name for, but no answer that can be trusted.
DISTRUSTED: Final = names_in("GROUPBY PIVOTBY")

#: What the engine applies to arrays by itself.
LIFTED_BY_ENGINE: Final = names_in("COS SIN TAN IF IFERROR IFNA PI RAND NOW TODAY NA TRUE FALSE")

#: Of these, the ones with several arguments: their arrays have to be of one size.
CELL_BY_CELL: Final = names_in("IF IFERROR IFNA")

# In all of these a function's name is in capitals and without a prefix, and positions count from 0.


def parameter_class(name: str, position: int) -> str:
    """Return the class of a function's parameter; REFERENCE for a function that is not listed."""
    classes = _CLASSES.get(name, REFERENCE)
    repeated = 2 if name in CRITERIA else 1
    if position >= len(classes):
        position = len(classes) - repeated + (position - len(classes)) % repeated
    return classes[position]


def gives_one_value(name: str, single_arguments: bool) -> bool:
    """Say whether a call certainly gives one value, when every argument for a value parameter is one or not."""
    single = name in ELEMENTWISE or name in MIXED or name in CRITERIA or name in TRANSPARENT
    return name in _ONE_VALUE or (single and single_arguments and name not in NOT_SINGLE)


def gives(name: str) -> str:
    """Return what a function certainly gives, errors aside: TEXT, TRUTH, WHOLE, other NUMBERs, or "" for anything."""
    for kind, names in ((TEXT, _TEXTS), (TRUTH, _TRUTHS), (WHOLE, _WHOLE)):
        if name in names:
            return kind
    listed = name in ELEMENTWISE or name in _ONE_VALUE or name in MIXED or name in CRITERIA
    return NUMBER if listed and name not in _CELLS else ""


def lifts(name: str) -> bool:
    """Say whether a function has to be called cell by cell where it is given arrays."""
    listed = name in ELEMENTWISE or name in MIXED or name in CRITERIA
    return name not in LIFTED_BY_ENGINE and (listed or name in ("INDEX", "XLOOKUP", "CHOOSE", "SWITCH", "IFS"))


# --- who computes a function: the engine, or the catalogue and the native functions, which it calls ----------


def implementation(name: str) -> Any:
    """Return the catalogue function or the native function of a name, None when there is neither."""
    if name in MODULE_OF:
        return native(name)
    if name in _CLASSES or name in TRANSPARENT:
        return None  # one of Excel's own: a book of these need not load the catalogue
    from ...functions import FUNCTIONS

    return FUNCTIONS.get(name)


@cache
def engine_knows(name: str) -> bool:
    """Say whether the engine has a worksheet function, by asking it."""
    probe = fz.Workbook(mode=fz.WorkbookMode.Interactive)
    try:
        probe.sheet("S").set_formula(1, 1, f"={name}()")
        value = probe.evaluate_cell("S", 1, 1)
    except Exception:
        return False
    return not (isinstance(value, dict) and value.get("kind") in ("Name", "Error"))
