"""Known answers: one row per fact, with where it is from.

Sources: "reference" is the example on the function's page in Microsoft's function reference (or the page's own formula
worked by hand), "excel" a value that Excel itself cached in a workbook of a public test corpus, "excel's way" worked by
hand as Excel counts, which 150,000 calls compared with Excel by an open library of financial functions show, "math" an
identity.
"""

from __future__ import annotations

from typing import Any

import pytest

from rebalance_xl.cells import MISSING
from tests.native.calls import call, column, error, row

NA, NUM, VALUE, DIV0 = error("#N/A"), error("#NUM!"), error("#VALUE!"), error("#DIV/0!")
D2008_02_15, D2008_05_15 = 39493.0, 39583.0

MATRIX = [
    ("MMULT", ([[1.0, 3.0], [7.0, 2.0]], [[2.0, 0.0], [0.0, 2.0]]), [[2.0, 6.0], [14.0, 4.0]], "reference"),
    ("MMULT", ([[1.0, 2.0]], [[1.0, 2.0]]), VALUE, "reference"),
    ("MMULT", ([[1e16, 1.0, -1e16]], [[1.0], [1.0], [1.0]]), 0.0, "one term after the other"),
    ("MMULT", ([[1e16, 1.0, -1e16]], [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]), [[0.0, 0.0]], "one term after the other"),
    ("MMULT", ([[1.0, None]], [[1.0], [2.0]]), VALUE, "reference"),
    ("MINVERSE", ([[4.0, -1.0], [2.0, 0.0]],), [[0.0, 0.5], [-1.0, 2.0]], "reference"),
    ("MINVERSE", ([[1.0, 2.0], [2.0, 4.0]],), NUM, "reference"),
    ("MINVERSE", ([[1.0, 2.0]],), VALUE, "reference"),
    ("MDETERM", ([[1.0, 3.0, 8.0, 5.0], [1.0, 3.0, 6.0, 1.0], [1.0, 1.0, 1.0, 0.0], [7.0, 3.0, 10.0, 2.0]],), 88.0,
     "reference"),
    ("MDETERM", ([[3.0, 6.0, 1.0], [1.0, 1.0, 0.0], [3.0, 10.0, 2.0]],), 1.0, "reference"),
    ("MUNIT", (2.0,), [[1.0, 0.0], [0.0, 1.0]], "reference"),
    ("MUNIT", (0.2,), VALUE, "excel"),
]  # fmt: skip

BONDS = [
    ("PRICE", (D2008_02_15, 43054.0, 0.0575, 0.065, 100.0, 2.0, 0.0), 94.63436162132213, "reference"),
    ("YIELD", (D2008_02_15, 42689.0, 0.0575, 95.04287, 100.0, 2.0, 0.0), 0.06500000688073143, "reference"),
    ("DURATION", (39448.0, 42370.0, 0.08, 0.09, 2.0, 1.0), 5.993774955545186, "reference"),
    ("DURATION", (43282.0, 54058.0, 0.08, 0.09, 2.0, 1.0), 10.919145281591925, "reference"),
    ("MDURATION", (39448.0, 42370.0, 0.08, 0.09, 2.0, 1.0), 5.735669813918839, "reference"),
    ("COUPDAYBS", (39107.0, 39767.0, 2.0, 1.0), 71.0, "reference"),
    ("COUPDAYS", (39107.0, 39767.0, 2.0, 1.0), 181.0, "reference"),
    ("COUPDAYSNC", (39107.0, 39767.0, 2.0, 1.0), 110.0, "reference"),
    ("COUPNCD", (39107.0, 39767.0, 2.0, 1.0), 39217.0, "reference"),
    ("COUPNUM", (39107.0, 39767.0, 2.0, 1.0), 4.0, "reference"),
    ("COUPPCD", (39107.0, 39767.0, 2.0, 1.0), 39036.0, "reference"),
    ("COUPDAYS", (43831.0, 44197.0, 4.0, 3.0), 91.25, "excel"),
    ("COUPDAYBS", (43831.0, 45368.0, 1.0, 0.0), 284.0, "excel"),
    ("COUPDAYSNC", (43831.0, 44197.0, 1.0, 2.0), 366.0, "excel"),
    ("COUPNUM", (43831.0, 43831.0, 2.0, 1.0), NUM, "reference"),
    ("COUPNUM", (43831.0, 44197.0, 3.0, 1.0), NUM, "reference"),
    ("COUPNUM", (43831.0, 44197.0, 2.0, 5.0), NUM, "reference"),
    ("COUPNUM", (43831.0, 44197.0, True, 0.0), VALUE, "reference"),
    ("ODDFPRICE", (39763.0, 44256.0, 39736.0, 39873.0, 0.0785, 0.0625, 100.0, 2.0, 1.0), 113.59771747407883,
     "reference"),
    ("ODDFYIELD", (39763.0, 44256.0, 39736.0, 39873.0, 0.0575, 84.5, 100.0, 2.0, 0.0), 0.07724554159729888,
     "reference"),
    ("ODDFPRICE", (37408.0, 37817.0, 37271.0, 37636.0, 0.06, 0.05, 100.0, 2.0, 2.0),
     3 * (1 + 181 / 180) / 1.025 ** (1 + 44 / 180) + 103 / 1.025 ** (2 + 44 / 180) - 3 * 137 / 180, "excel's way"),
    ("ODDFPRICE", (37408.0, 37833.0, 37287.0, 37652.0, 0.06, 0.05, 100.0, 2.0, 4.0),
     6 / 1.025 ** (2 + 59 / 180) + 103 / 1.025 ** (3 + 59 / 180) - 3 * 121 / 180, "excel's way"),
    ("ODDFPRICE", (37408.0, 37833.0, 37287.0, 37651.0, 0.06, 0.05, 100.0, 2.0, 4.0), NUM, "excel's way"),
    ("ODDLPRICE", (37681.0, 37787.0, 37636.0, 0.06, 0.05, 100.0, 4.0, 2.0),
     (100 + 1.5 * (1 + 61 / 91)) / (1 + (45 / 90 + 61 / 91) * 0.05 / 4) - 1.5 * 45 / 90, "excel's way"),
    ("COUPDAYSNC", (36932.0, 38595.0, 2.0, 4.0), 18.0, "excel's way"),
    ("COUPDAYSNC", (37861.0, 38045.0, 1.0, 0.0), 358.0 - 178.0, "excel's way"),
    ("DISC", (36950.0, 37134.0, 98.0, 100.0, 0.0), 2 / 100 * 360 / 181, "excel's way"),
    ("PRICEMAT", (37986.0, 38198.0, 37695.0, 0.06, 0.05, 0.0),
     100 * ((1 + 495 / 360 * 0.06) / (1 + 209 / 360 * 0.05) - 286 / 360 * 0.06), "excel's way"),
    ("ODDLPRICE", (39485.0, 39614.0, 39370.0, 0.0375, 0.0405, 100.0, 2.0, 0.0), 99.87828601472134, "reference"),
    ("ODDLPRICE", (39763.0, 44256.0, 39736.0, 0.0785, 0.0625, 100.0, 2.0, 0.0), 110.88286909824446, "excel"),
    ("ODDLYIELD", (39763.0, 44256.0, 39736.0, 0.0575, 84.5, 100.0, 2.0, 0.0), 0.08254808631495333, "excel"),
    ("ODDLYIELD", (39558.0, 39614.0, 39440.0, 0.0375, 99.875, 100.0, 2.0, 0.0), 0.04519223562916936, "reference"),
]  # fmt: skip

ACCRUED = [  # issue, first interest, settlement, rate, par, frequency, basis, method -> what Excel cached
    ((39508.0, 39691.0, 39569.0, 0.1, 1000.0, 2.0, 0.0), 16.666666666666664),
    ((39142.0, 39691.0, 39569.0, 0.1, 1000.0, 2.0, 0.0), 116.94444444444446),
    ((39142.0, 39691.0, 39569.0, 0.1, 1000.0, 2.0, 0.0, False), 66.94444444444446),
    ((39508.0, 39691.0, 39569.0, 0.1, 1000.0, 4.0), 16.944444444444446),
    ((42736.0, 43070.0, 42826.0, 0.33, 3000.0, 4.0, 1.0), 241.12362637362637),
    ((42736.0, 43070.0, 42826.0, 0.33, 3000.0, 4.0, 2.0), 236.5),
    ((42736.0, 43070.0, 42826.0, 0.33, 3000.0, 4.0, 3.0), 240.04109589041096),
    ((42736.0, 43070.0, 42826.0, 0.33, 3000.0, 4.0, 4.0, False), -247.5),
    ((44348.0, 44531.0, 44621.0, 0.025, 5000.0, 2.0, 2.0, True), 93.75),
    ((44348.0, 44531.0, 44621.0, 0.025, 5000.0, 2.0, 2.0, False), 94.79166666666667),
    ((44348.0, 44531.0, 44805.0, 0.075, 100.0, 2.0, 1.0, True), 9.385245901639344),
    ((44166.0, 44531.0, 44713.0, 0.075, 100.0, 1.0, 2.0, True), 11.291666666666666),
]  # fmt: skip

SECURITIES = [
    ("DISC", (39107.0, 39248.0, 97.975, 100.0), 0.05207142857142884, "excel"),
    ("PRICEDISC", (39494.0, 39508.0, 0.0525, 100.0, 2.0), 99.79583333333333, "reference"),
    ("YIELDDISC", (39494.0, 39508.0, 99.795, 100.0, 2.0), 0.05282257198685834, "reference"),
    ("INTRATE", (D2008_02_15, D2008_05_15, 1000000.0, 1014420.0, 2.0), 0.05768, "reference"),
    ("RECEIVED", (D2008_02_15, D2008_05_15, 1000000.0, 0.0575, 2.0), 1014584.6544071021, "reference"),
    ("PRICEMAT", (D2008_02_15, 39551.0, 39397.0, 0.061, 0.061, 0.0), 99.98449887555694, "reference"),
    ("YIELDMAT", (39522.0, 39755.0, 39394.0, 0.0625, 100.0123, 0.0), 0.060954333691538576, "reference"),
    ("TBILLEQ", (39538.0, 39600.0, 0.0914), 0.09415149356594302, "reference"),
    ("TBILLEQ", (2040.0, 2400.0, 0.8), 2.5066048253748145, "excel"),
    ("TBILLEQ", (14640.0, 15006.0, 0.5), 0.8522961312491701, "excel"),
    ("TBILLEQ", (1000.0, 1366.0, 0.5), NUM, "excel"),
    ("TBILLEQ", (True, 45731.0, 0.5), VALUE, "excel"),
    ("TBILLPRICE", (39538.0, 39600.0, 0.09), 98.45, "reference"),
    ("TBILLYIELD", (39538.0, 39600.0, 98.45), 0.09141696292534264, "reference"),
    ("ACCRINTM", (39539.0, 39614.0, 0.1, 1000.0, 3.0), 20.54794520547945, "reference"),
    ("DOLLARDE", (1.02, 16.0), 1.125, "reference"),
    ("DOLLARDE", (1.1, 32.0), 1.3125, "reference"),
    ("DOLLARDE", (10.0, 0.5), DIV0, "excel"),
    ("DOLLARFR", (1.125, 16.0), 1.02, "reference"),
    ("DOLLARFR", (100.98999, 36.0), 100.35639640000001, "excel"),
    ("FVSCHEDULE", (1.0, row(0.09, 0.11, 0.1)), 1.33089, "reference"),
    ("FVSCHEDULE", (1.0, column(0.09, None)), 1.09, "reference"),
]  # fmt: skip

CASH_FLOWS = [
    ("XNPV", (0.09, row(-10000.0, 2750.0, 4250.0, 3250.0, 2750.0), row(39448.0, 39508.0, 39751.0, 39859.0, 39904.0)),
     2086.647602031535, "reference"),
    ("XNPV", (0.1, row(20.0, None), row(44958.0, 44986.0)), NUM, "excel"),
    ("XNPV", (-0.3, row(-100.0, 23.0), row(44958.0, 44986.0)), NUM, "excel"),
    ("XIRR", (row(-20.0, 5.0, 5.0, 5.0, 5.0, 5.0), row(44958.0, 44986.0, 45017.0, 45078.0, 45108.0, 45139.0)),
     1.1859161972999572, "excel"),
    ("XIRR", (row(-55.0, 10.0, 5.0, 5.0, 5.0, 5.0), row(100.0, 120.0, 300.0, 101.0, 200.0, 150.0)),
     -0.9271996639668942, "excel"),
    ("XIRR", (row(-10000.0, 3000.0, 4200.0, 6800.0), row(41275.0, 41306.0, 41334.0, 41365.0)), 5.315237760543824,
     "excel"),
    ("XIRR", (row(20.0, 1.0, 2.0), row(44958.0, 44986.0, 45017.0)), NUM, "excel"),
    ("XIRR", (row(-70.0, 12.0, "hello"), row(44958.0, 44986.0, 45017.0)), VALUE, "excel"),
    ("MIRR", (row(-120000.0, 39000.0, 30000.0, 21000.0, 37000.0, 46000.0), 0.1, 0.12), 0.126094130365905, "reference"),
    ("MIRR", (row(-1.0, 2.0, 1.0), 0.1, -2.5), NUM, "math"),
    ("IPMT", (0.1 / 12, 1.0, 36.0, 8000.0), -66.66666666666667, "reference"),
    ("IPMT", (0.1, 3.0, 3.0, 8000.0, 0.0, 1.0), -265.8610271903324, "excel"),
    ("IPMT", (0.01, 1.0, 36.0, 8000.0, 0.0, 1.0), 0.0, "excel"),
    ("IPMT", (0.1, 4.0, 3.0, 8000.0, 10.0, 1.0), NUM, "excel"),
    ("PPMT", (0.1 / 12, 1.0, 24.0, 2000.0), -75.62318600836673, "reference"),
    ("PPMT", (0.1, 3.0, 3.0, 8000.0, 0.0, 1.0), -2658.610271903324, "excel"),
    ("PPMT", (0.0, 4.0, 20.0, 300.0, 0.0, 1.0), -15.0, "excel"),
    ("DB", (1000000.0, 100000.0, 6.0, 1.0, 7.0), 186083.33333333334, "reference"),
    ("DB", (1000000.0, 100000.0, 6.0, 7.0, 7.0), 15845.098473848071, "reference"),
    ("VDB", (1000.0, 0.0, 5.0, 0.0, 5.0), 1000.0, "math"),
    ("VDB", (1000.0, 0.0, 5.0, 0.0, 5.0, 2.0, True), 922.24, "math"),
    ("VDB", (2400.0, 300.0, 3650.0, 0.0, 1.0), 1.3150684931506849, "reference"),
    ("VDB", (2400.0, 300.0, 120.0, 6.0, 18.0), 396.3060532647506, "reference"),
    ("VDB", (2400.0, 300.0, 120.0, 6.0, 18.0, 1.5), 311.80893665823605, "reference"),
    ("VDB", (2400.0, 300.0, 10.0, 0.0, 0.875, 1.5), 315.0, "reference"),
    ("AMORDEGRC", (2400.0, 39679.0, 39813.0, 300.0, 1.0, 0.15, 1.0), 776.0, "reference"),
    ("AMORLINC", (2400.0, 39679.0, 39813.0, 300.0, 1.0, 0.15, 1.0), 360.0, "reference"),
    ("AMORLINC", (3650.0, 37956.0, 38077.0, 0.0, 0.0, 0.1, 1.0), 121.0, "excel's way"),
    ("AMORLINC", (36500.0, 37315.0, 38046.0, 100.0, 0.0, 0.01, 3.0), 730.0, "excel's way"),
    ("AMORLINC", (36500.0, 37315.0, 38046.0, 100.0, 0.3, 0.01, 3.0), 365.0, "excel's way"),
    *(("AMORDEGRC", (1000.0, 38047.0, 38352.0, 100.0, float(period), 0.15, 1.0), float(amount), "excel's way")
      for period, amount in enumerate((313, 258, 161, 101, 63, 52, 0, 0, 0))),
    ("AMORDEGRC", (1000.0, 38047.0, 38352.0, 100.0, 0.7, 0.15, 1.0), 0.0, "excel's way"),
]  # fmt: skip

ROUNDING = [
    ("CEILING", (2.5, 1.0), 3.0, "reference"),
    ("CEILING", (-2.5, -2.0), -4.0, "reference"),
    ("CEILING", (-2.5, 2.0), -2.0, "reference"),
    ("CEILING", (0.234, 0.01), 0.24, "reference"),
    ("CEILING", (2.5, -2.0), NUM, "reference"),
    ("CEILING", (2.5, 0.0), 0.0, "excel"),
    ("FLOOR", (3.7, 2.0), 2.0, "reference"),
    ("FLOOR", (-2.5, -2.0), -2.0, "reference"),
    ("FLOOR", (2.5, -2.0), NUM, "reference"),
    ("FLOOR", (7.1, 0.1), 7.1000000000000005, "excel"),
    ("FLOOR", (2.5, 0.0), DIV0, "reference"),
    ("FLOOR", (-1e-307, 45301.0), -45301.0, "excel"),
    ("FLOOR", (0.0, 0.0), 0.0, "excel"),
    ("CEILING.MATH", (-8.1, 2.0), -8.0, "reference"),
    ("CEILING.MATH", (-5.5, 2.0, -1.0), -6.0, "reference"),
    ("CEILING.MATH", (24.3, 5.0), 25.0, "reference"),
    ("FLOOR.MATH", (-8.1, 2.0), -10.0, "reference"),
    ("FLOOR.MATH", (-5.5, 2.0, -1.0), -4.0, "reference"),
    ("CEILING.PRECISE", (-4.3, -2.0), -4.0, "reference"),
    ("FLOOR.PRECISE", (-3.2, -1.0), -4.0, "reference"),
    ("ISO.CEILING", (-4.3, 2.0), -4.0, "reference"),
    ("MROUND", (10.0, 3.0), 9.0, "reference"),
    ("MROUND", (-10.0, -3.0), -9.0, "reference"),
    ("MROUND", (1.3, 0.2), 1.4000000000000001, "reference"),
    ("MROUND", (5.0, -2.0), NUM, "reference"),
    ("MROUND", (True, 2.0), VALUE, "excel"),
    ("ROMAN", (499.0, 0.0), "CDXCIX", "reference"),
    ("ROMAN", (499.0, 1.0), "LDVLIV", "reference"),
    ("ROMAN", (499.0, 2.0), "XDIX", "reference"),
    ("ROMAN", (499.0, 3.0), "VDIV", "reference"),
    ("ROMAN", (499.0, 4.0), "ID", "reference"),
    ("ROMAN", (499.0, True), "CDXCIX", "reference"),
    ("ROMAN", (4000.0,), VALUE, "reference"),
    ("GCD", (row(24.0, 36.0),), 12.0, "reference"),
    ("GCD", (5.0, 0.0), 5.0, "reference"),
    ("GCD", (-1.0,), NUM, "reference"),
    ("LCM", (24.0, 36.0), 72.0, "reference"),
    ("LCM", (column(4.0, None, 6.0), 10.0), 60.0, "reference"),
]  # fmt: skip

STATISTICS = [
    ("F.DIST", (15.20686486, 6.0, 4.0, True), 0.99, "reference"),
    ("F.DIST", (15.20686486, 6.0, 4.0, False), 0.0012238, "reference"),
    ("F.DIST.RT", (15.20686486, 6.0, 4.0), 0.01, "reference"),
    ("F.INV", (0.01, 6.0, 4.0), 0.10930991, "reference"),
    ("FINV", (0.01, 6.9, 4.9), 15.206864861157, "reference"),
    ("CHISQ.DIST", (0.5, 1.0, True), 0.5204998778, "reference"),
    ("CHISQ.DIST.RT", (18.307, 10.0), 0.0500005891, "reference"),
    ("CHISQ.INV", (0.93, 1.0), 3.283020286759536, "reference"),
    ("T.DIST", (60.0, 1.0, True), 0.99469533, "reference"),
    ("T.DIST.2T", (1.959999998, 60.9), 0.0546449299759, "reference"),
    ("T.INV", (0.75, 2.0), 0.816496580927726, "reference"),
    ("T.INV.2T", (0.546449, 60.0), 0.606533, "reference"),
    ("F.INV", (0.0, 6.0, 4.0), 0.0, "math"),
    ("CHISQ.INV.RT", (1.0, 3.0), 0.0, "math"),
    ("T.INV.2T", (1.0, 5.0), 0.0, "math"),
    ("T.INV", (0.5, 5.0), 0.0, "math"),
    ("T.INV", (0.5, 0.9), NUM, "reference"),
    ("T.DIST.2T", (1.0, 1.0), 0.5, "math"),
    ("T.INV.2T", (1e-12, 1.0), 636619772367.5814, "math"),  # 1 / tan(p pi / 2)
    ("CHISQ.INV.RT", (1e-12, 2.0), 55.26204223185709, "math"),  # -2 log(p)
    ("F.INV.RT", (1e-12, 2.0, 2.0), 999999999999.0, "math"),  # 1 / p - 1
    ("F.INV", (1e-12, 2.0, 2.0), 1.000000000001e-12, "math"),
    ("T.DIST.2T", (2.5, 1e10), 0.012419330667437, "math"),  # the normal one and 2 phi(x) (x^3 + x) / 4n
    ("F.DIST", (2.5, 1.0, 1e10, True), 0.886153702, "math"),  # the chi-squared distribution's
    ("BINOM.DIST", (0.0, 43000.0, 0.0, False), 1.0, "math"),
    ("BINOM.DIST", (5000.0, 10000.0, 0.5, False), 0.007978646139382154, "math"),
    ("BINOM.DIST", (6.0, 10.0, 0.5, False), 0.205078125, "reference"),
    ("BINOM.DIST", (0.0, 0.0, 0.0, True), 1.0, "excel"),
    ("BINOM.DIST", (1.0, 1000000.0, 1e-05, "TRUE"), 0.0004993787976951216, "excel"),
    ("BINOM.DIST", (10.0, 2.0, 0.3, True), NUM, "excel"),
    ("BINOM.DIST.RANGE", (60.0, 0.75, 48.0), 0.08397496742904752, "reference"),
    ("BINOM.DIST.RANGE", (60.0, 0.75, 45.0, 50.0), 0.5236297934718873, "reference"),
    ("BINOM.INV", (6.0, 0.5, 0.75), 4.0, "reference"),
    ("BINOM.INV", (10.0, 0.7, 1.0), NUM, "excel"),
    ("NEGBINOM.DIST", (10.0, 5.0, 0.25, True), 0.3135140584781766, "reference"),
    ("NEGBINOM.DIST", (10.0, 5.0, 0.25, False), 0.05504866037517786, "reference"),
    ("POISSON.DIST", (2.0, 5.0, True), 0.12465201948308113, "excel"),
    ("POISSON.DIST", (1000000.0, 1000000.0, True), 0.5002659614862837, "excel"),
    ("POISSON.DIST", (1.0, 0.0, False), 0.0, "excel"),
    ("EXPON.DIST", (0.2, 10.0, True), 0.8646647167633873, "reference"),
    ("LOGNORM.DIST", (4.0, 3.5, 1.2, True), 0.0390835557068005, "reference"),
    ("LOGNORM.INV", (0.039084, 3.5, 1.2), 4.0000252186806, "reference"),
    ("PROB", (column(0.0, 1.0, 2.0, 3.0), column(0.2, 0.3, 0.1, 0.4), 2.0), 0.1, "reference"),
    ("PROB", (column(0.0, 1.0, 2.0, 3.0), column(0.2, 0.3, 0.1, 0.4), 1.0, 3.0), 0.8, "reference"),
    ("PROB", (column(0.0, 1.0), column(0.2, 0.3), 1.0), NUM, "reference"),
    ("PROB", (column(0.0, 1.0), column(1.0), 1.0), NA, "reference"),
    ("PERMUTATIONA", (3.0, 2.0), 9.0, "reference"),
    ("PERMUTATIONA", (0.0, 0.0), 1.0, "excel"),
    ("MULTINOMIAL", (2.0, 3.0, 4.0), 1260.0, "reference"),
    ("MULTINOMIAL", (True, 1.0), VALUE, "excel"),
]  # fmt: skip

ENGINEERING = [
    ("BIN2DEC", ("1111111111",), -1.0, "reference"),
    ("BIN2HEX", ("11111011", 4.0), "00FB", "reference"),
    ("BIN2OCT", ("1001", 3.0), "011", "reference"),
    ("BIN2OCT", ("1111111111", 3.0), "7777777777", "reference"),
    ("DEC2BIN", (9.0, 4.0), "1001", "reference"),
    ("DEC2BIN", (-100.0,), "1110011100", "reference"),
    ("DEC2BIN", (512.0,), NUM, "reference"),
    ("DEC2BIN", (12.0, None), NUM, "excel"),
    ("DEC2BIN", (True,), VALUE, "excel"),
    ("DEC2HEX", (-54.0,), "FFFFFFFFCA", "reference"),
    ("DEC2HEX", (64.0, 1.0), NUM, "reference"),
    ("DEC2OCT", (-100.0,), "7777777634", "reference"),
    ("HEX2DEC", ("FFFFFFFF5B",), -165.0, "reference"),
    ("HEX2BIN", ("FFFFFFFFFF",), "1111111111", "math"),
    ("OCT2HEX", ("7777777533",), "FFFFFFFF5B", "reference"),
    ("BITLSHIFT", (4.0, 2.0), 16.0, "reference"),
    ("BITRSHIFT", (13.0, 2.0), 3.0, "reference"),
    ("BITRSHIFT", (12.0, 54.0), NUM, "excel"),
    ("BITLSHIFT", (2.0**47, 1.0), NUM, "math"),
    ("CONVERT", (1.0, "lbm", "kg"), 0.45359237, "reference"),
    ("CONVERT", (68.0, "F", "C"), 20.0, "reference"),
    ("CONVERT", (2.5, "ft", "sec"), NA, "reference"),
    ("CONVERT", (100.0, "ft", "m"), 30.48, "reference"),
    ("CONVERT", (1.0, "Mang2", "m2"), 1e-08, "excel"),
    ("CONVERT", (1.0, "kibyte", "bit"), 8192.0, "math"),
    ("CONVERT", (0.05, "Mlbm", "g"), NA, "excel"),
    ("CONVERT", (1.0, "Reau", "K"), 274.4, "excel"),
    ("COMPLEX", (3.0, 4.0, "j"), "3+4j", "reference"),
    ("COMPLEX", (0.0, 1.0), "i", "reference"),
    ("IMABS", ("5+12i",), 13.0, "reference"),
    ("IMCOS", ("1+i",), "0.833730025131149-0.988897705762865i", "reference"),
    ("IMDIV", ("-238+240i", "10+24i"), "5+12i", "reference"),
    ("IMEXP", ("1+i",), "1.46869393991589+2.28735528717884i", "reference"),
    ("IMLN", ("3+4i",), "1.6094379124341+0.927295218001612i", "reference"),
    ("IMPOWER", ("2+3i", 3.0), "-46+9.00000000000001i", "reference"),
    ("IMPRODUCT", ("3+4i", "5-3i"), "27+11i", "reference"),
    ("IMSUB", ("13+4i", "5+3i"), "8+i", "reference"),
    ("IMSUM", (column("3+4i", None, "5-3i"),), "8+i", "reference"),
    ("IMSQRT", ("1+i",), "1.09868411346781+0.455089860562227i", "reference"),
    ("IMSUM", ("1+i", "1+j"), VALUE, "reference"),
    ("IMABS", ("1+2k",), NUM, "reference"),
]  # fmt: skip

DATES = [
    ("DATE", (2008.0, 14.0, 2.0), 39846.0, "reference"),
    ("DATE", (2008.0, -3.0, 2.0), 39327.0, "reference"),
    ("DATE", (2008.0, 1.0, -15.0), 39432.0, "reference"),
    ("DATE", (108.0, 1.0, 2.0), 39449.0, "reference"),
    ("DATE", (1900.0, 2.0, 29.0), 60.0, "excel"),
    ("DATE", (1900.0, 1.0, 0.0), 0.0, "excel"),
    ("DATE", (10000.0, 1.0, 1.0), NUM, "reference"),
    ("DATE", (1900.0, 1.0, -30.0), NUM, "excel"),
    ("DAY", (60.0,), 29.0, "excel"),
    ("DAY", (0.0,), 0.0, "excel"),
    ("DAY", (-5.0,), NUM, "excel"),
    ("DAY", (2958466.0,), NUM, "excel"),
    ("YEAR", ("2020-01-22",), 2020.0, "reference"),
    ("MONTH", (None,), 1.0, "excel"),
    ("WEEKDAY", (39492.0,), 5.0, "reference"),
    ("WEEKDAY", (39492.0, 2.0), 4.0, "reference"),
    ("WEEKDAY", (39492.0, 3.0), 3.0, "reference"),
    ("WEEKDAY", (1.0,), 1.0, "excel"),
    ("HOUR", ("2:30 PM",), 14.0, "reference"),
    ("MINUTE", ("12:45 PM",), 45.0, "reference"),
    ("SECOND", (0.70011574074,), 10.0, "reference"),
    ("DATEVALUE", ("22-MAY-2011",), 40685.0, "reference"),
    ("DATEVALUE", ("2011/02/23",), 40597.0, "reference"),
    ("DATEVALUE", (40597.0,), VALUE, "reference"),
    ("TIMEVALUE", ("22-Aug-2011 6:35 AM",), 0.274305555555556, "reference"),
    ("VALUE", ("$1,000",), 1000.0, "reference"),
    ("VALUE", ("",), VALUE, "reference"),
    ("VALUE", ("abc",), VALUE, "reference"),
]  # fmt: skip

TEXT = [
    ("FIXED", (1234.567, 1.0), "1,234.6", "reference"),
    ("FIXED", (1234.567, -1.0), "1,230", "reference"),
    ("FIXED", (-1234.567, -1.0, True), "-1230", "reference"),
    ("GAMMA.DIST", (10.00001131, 9.0, 2.0, False), 0.032639130418294, "reference"),
    ("GAMMA.DIST", (10.00001131, 9.0, 2.0, True), 0.0680940038697872, "reference"),
    ("GAMMA.DIST", (0.0, 1.0, 2.0, False), 0.5, "definition"),
    ("GAMMA.DIST", (1e5, 1e5, 1.0, True), 0.5004205221103651, "scipy"),
    ("GAMMA.INV", (0.5, 1e5, 1.0), 99999.6666668642, "scipy"),
    ("GAMMA", (-3.75,), 0.26786612886141653, "definition"),
    ("GAMMA", (-4.5,), -0.06001960130501, "definition"),
    ("COMPLEX", (3.5, True), VALUE, "excel"),
    ("DOLLAR", (1234.567, 2.0), "$1,234.57", "reference"),
    ("DOLLAR", (-1234.567, -2.0), "($1,200)", "reference"),
    ("DOLLAR", (-0.123, 4.0), "($0.1230)", "reference"),
    ("DOLLAR", (-0.001, 2.0), "($0.00)", "excel"),
    ("PROPER", ("76BudGet",), "76Budget", "reference"),
    ("PROPER", ("2-way street",), "2-Way Street", "reference"),
    ("TEXTBEFORE", ("Red riding hood's, red hood", "hood"), "Red riding ", "reference"),
    ("TEXTBEFORE", ("Red riding hood's, red hood", "hood", -1.0), "Red riding hood's, red ", "reference"),
    ("TEXTBEFORE", ("abc", "x", 1.0, 0.0, 1.0), "abc", "excel"),
    ("TEXTAFTER", ("Red riding hood's, red hood", "basket"), NA, "reference"),
    ("TEXTAFTER", ("123 the 456 the 891", "THE", 2.0, 1.0), " 891", "excel"),
    ("TEXTAFTER", ("123 the 456 the 891", "the", -1.6), " 456 the 891", "excel"),
    ("TEXTAFTER", ("a-b_c", row("-", "_"), 2.0), "c", "reference"),
    ("TEXTAFTER", ("del", "deli", 1.0), VALUE, "excel"),
    ("TEXTAFTER", ("abc", "x", 1.0, 0.0, 0.0, "none"), "none", "excel"),
    ("REGEXTEST", ("alfalfa", "[b-z]"), True, "reference"),
    ("REGEXTEST", ("alfalfa", "[A-Z]"), False, "reference"),
    ("REGEXTEST", ("alfalfa", "[A-Z]", 1.0), True, "reference"),
    ("REGEXTEST", ("a", "("), VALUE, "reference"),
    ("REGEXEXTRACT", ("DylanWilliams", "[A-Z][a-z]+", 1.0), [["Dylan"], ["Williams"]], "reference"),
    ("REGEXEXTRACT", ("(378) 555-4195", r"[0-9()]+ [0-9-]+"), "(378) 555-4195", "reference"),
    ("REGEXEXTRACT", ("abc", "x"), NA, "reference"),
    ("REGEXREPLACE", ("SoniaBrown", "([A-Z][a-z]+)([A-Z][a-z]+)", "$2, $1"), "Brown, Sonia", "reference"),
    ("REGEXREPLACE", ("a1b2", "[0-9]", "#", -1.0), "a1b#", "reference"),
    ("ENCODEURL", ("a b/c",), "a%20b%2Fc", "reference"),
]  # fmt: skip

ARRAYS = [
    ("EXPAND", ([[1.0, 2.0]], 2.0, 3.0, "-"), [[1.0, 2.0, "-"], ["-", "-", "-"]], "reference"),
    ("EXPAND", ([[1.0, 2.0]], 1.0, 1.0), VALUE, "reference"),
    ("WRAPROWS", (row(*"ABCDEFG"), 3.0), [["A", "B", "C"], ["D", "E", "F"], ["G", NA, NA]], "reference"),
    ("WRAPCOLS", (row(*"ABCDE"), 3.0, "x"), [["A", "D"], ["B", "E"], ["C", "x"]], "reference"),
    ("WRAPROWS", ([[1.0, 2.0], [3.0, 4.0]], 2.0), VALUE, "reference"),
    ("WRAPROWS", (row(1.0), 0.0), NUM, "reference"),
    ("TAKE", ([[1.0, 2.0], [3.0, 4.0]], None, 1.0), error("#CALC!"), "reference"),
    ("TAKE", ([[1.0, 2.0], [3.0, 4.0]], MISSING, 1.0), [[1.0], [3.0]], "reference"),
    ("TAKE", ([[1.0, 2.0], [3.0, 4.0]], -1.0), [[3.0, 4.0]], "reference"),
    ("DROP", ([[1.0, 2.0], [3.0, 4.0]], 1.0, -1.0), [[3.0]], "reference"),
    ("DROP", ([[1.0, 2.0]], 1.0), error("#CALC!"), "reference"),
    ("CHOOSECOLS", ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], row(1.0, -1.0)), [[1.0, 3.0], [4.0, 6.0]], "reference"),
    ("CHOOSECOLS", ([[1.0, 2.0], [4.0, 5.0]], 2.0, column(1.0, 2.0)), [[2.0, 1.0, 2.0], [5.0, 4.0, 5.0]], "reference"),
    ("CHOOSEROWS", ([[1.0, 2.0], [4.0, 5.0]], column(-1.0, 1.0)), [[4.0, 5.0], [1.0, 2.0]], "reference"),
    ("CHOOSEROWS", ([[1.0, 2.0]], 2.0), VALUE, "reference"),
    ("CHOOSECOLS", ([[1.0, 2.0]], 0.0), VALUE, "reference"),
    ("VSTACK", (row(1.0, 2.0), row(3.0)), [[1.0, 2.0], [3.0, NA]], "reference"),
    ("HSTACK", (column(1.0, 2.0), row(3.0)), [[1.0, 3.0], [2.0, NA]], "reference"),
    ("SORTBY", (column("a", "b", "c"), column(3.0, 1.0, 2.0)), column("b", "c", "a"), "reference"),
    ("SORTBY", (row("a", "b", "c"), row(1.0, 1.0, 2.0), -1.0, row("z", "y", "x"), 1.0), row("c", "b", "a"), "math"),
    ("TRIMRANGE", ([[None, None], [None, 1.0], [None, None]],), [[1.0]], "reference"),
    ("PROB", (column("Hi", "ho"), column("hi", "ho"), 1.0), DIV0, "excel"),
    ("PERCENTOF", (column(1.0, 2.0), column(1.0, 2.0, 3.0, 6.0)), 0.25, "reference"),
    ("RXL.AGGREGATE", (18.0, 6.0, [[1.0, 2.0, 3.0, 4.0]], 0.25), 1.25, "math"),
    ("RXL.AGGREGATE", (16.0, 6.0, [[1.0, 2.0, 3.0, 4.0]], 0.25), 1.75, "math"),
    ("RXL.AGGREGATE", (14.0, 6.0, column(1.0, DIV0, 3.0), 1.0), 3.0, "reference"),
    ("RXL.AGGREGATE", (15.0, 4.0, column(1.0, DIV0), 1.0), DIV0, "reference"),
    ("RXL.AGGREGATE", (16.0, 6.0, column(1.0, 2.0, 3.0, 4.0), 0.3), 1.9, "math"),
    ("RXL.AGGREGATE", (9.0, 6.0, column(1.0, DIV0, 2.0)), 3.0, "reference"),
    ("RXL.XMATCH", ("Ind*", column("Albania", "Indonesia", "India"), 2.0, -1.0), 3.0, "excel"),
    ("RXL.XMATCH", ("[A-Z][a-z]+y", column("Albania", "Germany"), 3.0, 1.0), 2.0, "excel"),
    ("RXL.XMATCH", (4.0, row(9.0, 7.0, 5.0, 3.0), 1.0, -2.0), 3.0, "math"),
    ("RXL.XMATCH", (4.0, row(9.0, 7.0, 5.0, 3.0), 0.0, -2.0), NA, "math"),
    ("RXL.XLOOKUP", (46523.0, column(510300.0, 204100.0, 160726.0, 84200.0, 39475.0, 9700.0),
                     column(0.37, 0.35, 0.32, 0.24, 0.22, 0.1), 0.0, 1.0, -2.0), [[0.24]], "excel"),
    ("RXL.XLOOKUP", (1.0, column(5.0, 6.0), column("a", "b"), "none", -1.0), "none", "math"),
    ("RXL.LOOKUP", (2.0, column(DIV0, 1.0, DIV0, 1.0, DIV0), column(1.0, 2.0, 3.0, 4.0, 5.0)), 4.0, "reference"),
    ("RXL.LOOKUP", (4.19, row(4.14, 4.19, 5.17), row("red", "orange", "yellow")), "orange", "reference"),
    ("RXL.LOOKUP", ("bump", [["a", 1.0], ["b", 2.0], ["c", 3.0]]), 2.0, "reference"),
    ("RXL.LOOKUP", (0.0, row(4.14, 4.19)), NA, "reference"),
    ("RXL.MATCH", (1e99, column(3.0, 1.0, None, "x", 2.0, None)), 5.0, "math"),
    ("RXL.MATCH", ("Apples", column("Apples", "Oranges", "Bananas", "Lemons")), 1.0, "excel"),
    ("ERROR.TYPE", (error("#CALC!"),), 14.0, "excel"),
    ("ERROR.TYPE", (1.0,), NA, "reference"),
]  # fmt: skip

ORCHARD = [
    ["Tree", "Height", "Age", "Yield", "Profit"],
    ["Apple", 18.0, 20.0, 14.0, 105.0],
    ["Pear", 12.0, 12.0, 10.0, 96.0],
    ["Cherry", 13.0, 14.0, 9.0, 105.0],
    ["Apple", 14.0, 15.0, 10.0, 75.0],
    ["Pear", 9.0, 8.0, 8.0, 76.8],
    ["Apple", 8.0, 9.0, 6.0, 45.0],
]
TALL_APPLES = [["Tree", "Height", "Height"], ["=Apple", ">10", "<16"]]
FRUIT = [["Tree", "Height"], ["=Apple", ">10"], ["=Pear", None]]
DATABASE = [
    ("DCOUNT", (ORCHARD, "Age", TALL_APPLES), 1.0, "reference"),
    ("DCOUNTA", (ORCHARD, "Profit", TALL_APPLES), 1.0, "reference"),
    ("DMAX", (ORCHARD, "Profit", FRUIT), 105.0, "reference"),
    ("DMIN", (ORCHARD, "Profit", TALL_APPLES), 75.0, "reference"),
    ("DSUM", (ORCHARD, "Profit", [["Tree"], ["=Apple"]]), 225.0, "reference"),
    ("DSUM", (ORCHARD, "Profit", TALL_APPLES), 75.0, "reference"),
    ("DPRODUCT", (ORCHARD, "Yield", FRUIT), 14.0 * 10.0 * 10.0 * 8.0, "math"),
    ("DAVERAGE", (ORCHARD, "Yield", [["Tree", "Height"], ["=Apple", ">10"]]), 12.0, "reference"),
    ("DAVERAGE", (ORCHARD, 3.0, [["Tree"], [None]]), 13.0, "reference"),
    ("DAVERAGE", (ORCHARD, "Yield", [["Tree"], ["=Quince"]]), DIV0, "math"),
    ("DSTDEV", (ORCHARD, "Yield", [["Tree"], ["=Apple"], ["=Pear"]]), 2.9664793948382653, "reference"),
    ("DSTDEVP", (ORCHARD, "Yield", [["Tree"], ["=Apple"], ["=Pear"]]), 2.6532998322843198, "reference"),
    ("DVAR", (ORCHARD, "Yield", [["Tree"], ["=Apple"], ["=Pear"]]), 8.8, "reference"),
    ("DVARP", (ORCHARD, "Yield", [["Tree"], ["=Apple"], ["=Pear"]]), 7.04, "reference"),
    ("DGET", (ORCHARD, "Yield", [["Tree"], ["=Apple"]]), NUM, "reference"),
    ("DGET", (ORCHARD, "Yield", [["Tree", "Height"], ["Apple", ">16"]]), 14.0, "reference"),
    ("DGET", (ORCHARD, "Yield", [["Tree"], ["Plum"]]), VALUE, "reference"),
    ("DSUM", (ORCHARD, "Colour", [["Tree"], ["Apple"]]), VALUE, "excel"),
    ("DSUM", (ORCHARD, 6.7, [["Tree"], ["Apple"]]), VALUE, "excel"),
    ("DSUM", (ORCHARD[:1], "Yield", [["Tree"], ["Apple"]]), VALUE, "excel"),
    ("DMAX", (ORCHARD, "Yield", [["Tree"], ["Plum"]]), 0.0, "excel"),
    ("DSUM", (ORCHARD, "Yield", [["tree"], ["=*e*r"]]), 18.0, "math"),
]  # fmt: skip

EVERYTHING = [
    *MATRIX, *BONDS, *SECURITIES, *CASH_FLOWS, *ROUNDING, *STATISTICS, *ENGINEERING, *DATES, *TEXT, *ARRAYS, *DATABASE,
    *(("ACCRINT", arguments, expected, "excel") for arguments, expected in ACCRUED),
]  # fmt: skip


def same(expected: Any, actual: Any) -> bool:
    """Tell whether two worksheet values agree: numbers to 9 digits of the expected value, everything else exactly."""
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(expected) == len(actual)
            and all(len(a) == len(b) and all(map(same, a, b)) for a, b in zip(expected, actual, strict=True))
        )
    if isinstance(expected, float) and isinstance(actual, float | int) and not isinstance(actual, bool):
        return actual == pytest.approx(expected, rel=2e-9, abs=1e-12)
    return type(expected) is type(actual) and expected == actual


@pytest.mark.parametrize(
    "name, arguments, expected, source", EVERYTHING, ids=[f"{number}-{row[0]}" for number, row in enumerate(EVERYTHING)]
)
def test_known_answer(name: str, arguments: tuple[Any, ...], expected: Any, source: str) -> None:
    """Every function gives the answer that is known for it."""
    actual = call(name, *arguments)
    if isinstance(expected, float) and len(f"{expected:.15g}".replace(".", "").lstrip("-0")) <= 10:
        shown = f"{expected:.10g}"
        decimals = len(shown.partition(".")[2]) if "e" not in shown else 12
        assert actual == pytest.approx(expected, rel=1e-9, abs=0.6 * 10.0**-decimals), source
    else:
        assert same(expected, actual), (expected, actual, source)
