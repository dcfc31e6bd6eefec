"""Edge cases of single functions, worked out by hand: the call as a formula, its answer as one, and why.

A gap in an array is a blank cell; a gap between commas is an omitted argument.
"""

from __future__ import annotations

from collections.abc import Iterator

from rebalance_xl import expressions
from rebalance_xl.catalogue import FUNCTIONS
from rebalance_xl.cells import from_serial, is_range

from .golden import Case

#: function, name of the case, arguments, answer
EDGE_CASES: list[tuple[str, str, str, str]] = [
    # --- weights and totals
    ("WEIGHT", "blank between", "{5000;;5000}", '={0.5;"";0.5}'),
    ("WEIGHT", "all blank", "{;;}", '=""'),
    ("WEIGHT", "empty book", "{0;0}", "={#DIV/0!;#DIV/0!}"),
    ("WEIGHT", "empty book in one number", "5,0", "=#DIV/0!"),
    ("WEIGHT", "rows and columns", "{1,2;3,4}", "={0.1,0.2;0.3,0.4}"),
    ("WEIGHT", "one row below a header", '{"Value";7}', "=1"),
    ("WEIGHT", "an error makes the total unknown", "{5;#REF!;5}", "={#REF!;#REF!;#REF!}"),
    ("WEIGHT", "a given total keeps the other rows", "{5;#REF!;5},20", "={0.25;#REF!;0.25}"),
    ("WEIGHT", "text among numbers", '{5;"n/a";5},20', "={0.25;#VALUE!;0.25}"),
    ("WEIGHT", "negative value", "{5;-1;5},20", "={0.25;#NUM!;0.25}"),
    ("WEIGHT", "header text over text is no header twice", '{"Value";"abc";5},20', "={#VALUE!;0.25}"),
    ("WEIGHT", "too many arguments", '{5;5},10,{"A";"B"},"no",1', "=#VALUE!"),
    # --- targets
    ("TARGET_VALUE", "blank target", "{60;40},{0.5;}", '={50;""}'),
    ("TARGET_VALUE", "targets sum to 1.2", "{60;40},{0.7;0.5}", "={#NUM!;#NUM!}"),
    ("TARGET_VALUE", "one target for all rows sums too", "{60;40},0.6", "={#NUM!;#NUM!}"),
    ("TARGET_VALUE", "one target for all rows", "{60;40},0.5", "={50;50}"),
    ("TARGET_VALUE", "targets in percents", "{60;40},{60;40}", "={#NUM!;#NUM!}"),
    ("TARGET_VALUE", "targets sum to 1 in binary", "{10;10;10},{0.7;0.2;0.1}", "={21;6;3}"),
    ("TARGET_VALUE", "one range runs on into blank rows", "{60;40;;},{0.5;0.5}", "={50;50}"),
    ("TARGET_VALUE", "a header over one range only", '{"Value";60;40},{0.5;0.5}', "={50;50}"),
    ("DRIFT", "relative to a target of 0", '{60;40},{0;1},"relative"', "={#DIV/0!;-0.6}"),
    ("DRIFT", "blank target", "{60;40},{;0.5}", '={"";-0.1}'),
    # --- flags
    ("DRIFT_FLAG", "exactly on the band is a hold", "55,0.5,0.05,,100", '="HOLD"'),
    ("DRIFT_FLAG", "a hair beyond the band", "55.0001,0.5,0.05,,100", '="TRIM"'),
    ("DRIFT_FLAG", "blank target", "{50;50},{;0.5}", '={"UNTARGETED";"HOLD"}'),
    ("DRIFT_FLAG", "a target of 0 has no band", "{1;99},{0;0.95},0.05", '={"TRIM";"HOLD"}'),
    ("DRIFT_FLAG", "nothing held of a target of 0", "{0;99},{0;0.95},0.05", '={"HOLD";"HOLD"}'),
    ("DRIFT_FLAG", "relative band", '{12.1;11.9;76},{0.1;0.1;0.8},0.2,"relative"', '={"TRIM";"HOLD";"HOLD"}'),
    ("DRIFT_FLAG", "5/25, small target", '{12.6;12.4;75},{0.1;0.1;0.8},,"5/25"', '={"TRIM";"HOLD";"HOLD"}'),
    ("DRIFT_FLAG", "5/25, large target", '{55.1;44.9},{0.5;0.5},0.2,"5/25"', '={"TRIM";"ADD"}'),
    ("DRIFT_FLAG", "a blank band is 0", "{51;49},{0.5;0.5},{;0.05}", '={"TRIM";"HOLD"}'),
    # --- amounts
    ("TRIM_AMOUNT", "blank target is never sold", "{60;40},{;0.1}", "={0;30}"),
    ("TRIM_AMOUNT", "a target of 0 sells all", "{60;40},{0;0.5},0.1", "={60;0}"),
    ("TRIM_AMOUNT", "to the edge", '{40;20;40},{0.5;0.3;0.2},{0.05;0.05;0.1},"edge"', "={0;0;10}"),
    ("TRIM_AMOUNT", "to a share of the band", "{40;20;40},{0.5;0.3;0.2},{0.05;0.05;0.1},0.25", "={0;0;17.5}"),
    ("TRIM_AMOUNT", "the share of the band as text", '{40;60},{0.5;0.5},0.05,"0.25"', "={#VALUE!;#VALUE!}"),
    ("TRIM_AMOUNT", "relative band, midpoint", '{30;70},{0.2;0.8},0.2,"midpoint","relative"', "={8;0}"),
    ("TRIM_AMOUNT", "practical example, variant 2", "{5000;3000;4000},{0.45;0.35;0.2}", "={0;0;1600}"),
    ("TRIM_AMOUNT", "blank row between", "{5000;;3000;4000},{0.45;0.1;0.25;0.2}", '={0;"";0;1600}'),
    ("TRIM_AMOUNT", "per row with a total", "4000,0.2,0.05,,,12000", "=1600"),
    ("TRIM_AMOUNT", "per row without a total", "4000,0.2,0.05", "=#VALUE!"),
    ("ADD_AMOUNT", "practical example, variant 2", "{5000;3000;4000},{0.45;0.35;0.2}", "={400;1200;0}"),
    ("ADD_AMOUNT", "blank target is never bought", "{60;40},{0.9;}", "={30;0}"),
    ("TRADE_AMOUNT", "practical example, variant 1", "{5000;3000;4000},{0.5;0.3;0.2}", "={1000;600;-1600}"),
    (
        "REBALANCE_REASON",
        "blank row",
        "{50;;50},{0.5;;0.5}",
        (
            '={"HOLD: weight 50.00 % is 0.00 points above the target of 50.00 %, not beyond the band of 0.00 points";'
            '"";'
            '"HOLD: weight 50.00 % is 0.00 points above the target of 50.00 %, not beyond the band of 0.00 points"}'
        ),
    ),
    (
        "REBALANCE_REASON",
        "add",
        "20,0.3,0.05,,,100",
        (
            '="ADD: weight 20.00 % is 10.00 points below the target of 30.00 %, beyond the band of 5.00 points; '
            'buy 10.00 to reach 30.00 %"'
        ),
    ),
    # --- orders and gains
    ("ORDER_QUANTITY", "whole lots of a binary fraction", "0.3,1,0.1", "=0.3"),
    ("ORDER_QUANTITY", "selling rounds towards 0", "-1600,180,0.1", "=-8.8"),
    ("ORDER_QUANTITY", "exactly the minimum notional", "5,2.5,0.1,5", "=2"),
    ("ORDER_QUANTITY", "blank price", "{100;200},{10;}", "={10;#N/A}"),
    ("ORDER_QUANTITY", "price 0", "100,0", "=#NUM!"),
    ("REALIZED_GAIN", "a loss", "1000,4000,5000", "=-250"),
    ("REALIZED_GAIN", "more sold than held", "5000,4000,2000", "=#NUM!"),
    ("REALIZED_GAIN", "nothing sold of nothing", "0,0,0", "=0"),
    ("LOT_GAIN", "FIFO by date", "10,200,{12;8},{150;50},{46010;46000}", "=1300"),
    ("LOT_GAIN", "LIFO by date", '10,200,{12;8},{150;50},{46010;46000},"LIFO"', "=500"),
    ("LOT_GAIN", "LIFO without dates", '10,200,{8;12},{50;150},,"LIFO"', "=500"),
    ("LOT_GAIN", "a lot without a date counts last", '1,200,{1;1},{50;150},{;46000},"LIFO"', "=50"),
    ("LOT_GAIN", "a loss", "1,100,{5},{130}", "=-30"),
    ("LOT_GAIN", "more sold than the lots hold", "21,200,{8;12},{50;150}", "=#NUM!"),
    ("LOT_GAIN", "one quantity beside two prices", "1,200,5,{50;60}", "=#VALUE!"),
    ("LOT_GAIN", "blank row between", "10,200,{8;;12},{50;;150}", "=1300"),
    # --- deployment
    ("DEPLOY", "not enough by priority, variant 2", "1120,{400;1200}", "={400;720}"),
    ("LOT_GAIN", "one price for all lots", "10,200,{8;12},100", "=1000"),
    ("RESERVE_GAP", "one kind for all rows", '{60;40},"stable"', "=-80"),
    ("HEDGE_RATIO", "one return beside two", "{0.1;0.2},0.1", "=#VALUE!"),
    ("AVERAGE_ENTRY", "one price for all fills", "{10;10},20", "=20"),
    ("REBALANCE_PLAN", "one value for two assets", '{"A";"B"},5,{0.5;0.5}', "=#VALUE!"),
    ("DEPLOY", "a blank need", "100,{60;;60}", '={60;"";40}'),
    ("DEPLOY", "a blank priority comes last", "15,{10;10;10},,{;1;2}", "={0;10;5}"),
    ("DEPLOY", "proceeds of another length", "{1600;0;0;0},{400;600;600}", "={400;600;600}"),
    ("DEPLOY", "proceeds in a row, one need", "{4,5},8", "=8"),
    ("DEPLOY", "nothing to deploy", '0,{400;600},"pro_rata"', "={0;0}"),
    ("UNDEPLOYED", "variant 1: nothing left", "1600,{1000;600}", "=0"),
    ("UNDEPLOYED", "never negative", "100,{400;600}", "=0"),
    ("UNDEPLOYED", "proceeds of another length", "{1600;;0},{400;600}", "=600"),
    ("OVERCOMMITTED", "variant 2: the split of 1,600 leaves 1,120", "1120,{400;1200;0}", "=480"),
    ("OVERCOMMITTED", "enough", "1600,{400;600}", "=0"),
    ("RESERVE_GAP", "a blank kind is spot", '{7000;3000},{;"stable"}', "=-1000"),
    ("RESERVE_GAP", "exactly on the minimum", '{95;5},{"spot";"stable"}', "=0"),
    ("RESERVE_GAP", "unknown kind", '{95;5},{"spot";"stabel"}', "=#VALUE!"),
    ("RESERVE_GAP", "minimum above maximum", '{95;5},{"spot";"stable"},0.3,0.2', "=#NUM!"),
    ("RESERVE_GAP", "empty book", '{0;0},{"spot";"stable"}', "=#DIV/0!"),
    ("RESERVE_GAP", "a given total", '{900;100},{"spot";"stable"},0.2,0.3,1000', "=100"),
    ("RESERVE_FLAG", "high", '{7000;3000},{"spot";"Stable"}', '="HIGH"'),
    ("RESERVE_FLAG", "exactly on the maximum", '{80;20},{"spot";"stable"}', '="OK"'),
    ("REBALANCE_PLAN", "rows of one asset with different targets", '{"BTC";"btc"},{5;5},{0.5;0.4}', "=#VALUE!"),
    ("REBALANCE_PLAN", "empty book", '{"BTC";"ETH"},{0;0},{0.5;0.5}', "=#DIV/0!"),
    ("REBALANCE_PLAN", "targets above 1", '{"BTC";"ETH"},{5;5},{0.7;0.5}', "=#NUM!"),
    (
        "REBALANCE_PLAN",
        "nothing to do",
        '{"BTC";"ETH"},{5;5},{0.5;0.5},,,,,FALSE',
        (
            '={"BTC","HOLD",0,0.5,0.5,"HOLD: weight 50.00 % is 0.00 points above the target of 50.00 %, '
            'not beyond the band of 0.00 points";"ETH","HOLD",0,0.5,0.5,"HOLD: weight 50.00 % is 0.00 points above the '
            'target of 50.00 %, not beyond the band of 0.00 points"}'
        ),
    ),
    # --- reviews, breakouts, events
    ("NEXT_REVIEW", "leap year", 'DATE(2024,1,31),"monthly"', "=DATE(2024,2,29)"),
    ("NEXT_REVIEW", "quarter from a month end", 'DATE(2026,2,28),"quarterly"', "=DATE(2026,5,31)"),
    ("NEXT_REVIEW", "year from 29 February", 'DATE(2024,2,29),"yearly"', "=DATE(2025,2,28)"),
    ("NEXT_REVIEW", "weekly over New Year", 'DATE(2025,12,29),"weekly"', "=DATE(2026,1,5)"),
    ("NEXT_REVIEW", "day 30 in February", 'DATE(2026,1,30),"monthly"', "=DATE(2026,2,28)"),
    ("NEXT_REVIEW", "beyond the year 9999", 'DATE(9999,12,1),"monthly"', "=#NUM!"),
    ("NEXT_REVIEW", "0 days", "DATE(2026,1,31),0", "=#NUM!"),
    ("NEXT_REVIEW", "two dates, a blank between", '{46053;;46054},"weekly"', '={46060;"";46061}'),
    ("REVIEW_DUE", "on the day", "DATE(2026,1,1),30,DATE(2026,1,31)", "=TRUE"),
    ("REVIEW_DUE", "the day before", "DATE(2026,1,1),30,DATE(2026,1,30)", "=FALSE"),
    ("REVIEW_DUE", "two rows", '{46053;46100},"weekly",46061', "={TRUE;FALSE}"),
    ("BREAKOUT", "the highest close is no breakout", "{100;104;102;104},3", '="NONE"'),
    ("BREAKOUT", "too few closes", "{100;104},2", "=#N/A"),
    ("BREAKOUT", "blanks are skipped", "{100;;104;102;;106},3", '="UP"'),
    ("BREAKOUT", "only the lookback counts", "{200;100;104;106},2", '="UP"'),
    ("BREAKOUT", "down, within the buffer", "{100;104;99},2,0.02", '="NONE"'),
    ("EVENT_ACTION", "the latest start wins", '"BTC",{"BTC";"BTC"},{"hold";"exit"},{46000;46010},,46020', '="EXIT"'),
    ("EVENT_ACTION", "not begun yet", '"BTC",{"BTC"},{"trim"},{46030},,46020', '=""'),
    ("EVENT_ACTION", "last day counts", '"BTC",{"BTC"},{"trim"},{46000},{46020},46020', '="TRIM"'),
    ("EVENT_ACTION", "one per asset", '{"BTC";"ETH"},{"ETH"},{"trim"},{46000},,46020', '={"";"TRIM"}'),
    ("EVENT_ACTION", "an event without a start", '"BTC",{"BTC";"BTC"},{"trim";"exit"},{46000;},,46020', '="TRIM"'),
    ("EVENT_ACTION", "no event has a start", '"BTC",{"BTC"},{"trim"},{""},,46020', '=""'),
    (
        "REBALANCE_TRIGGER",
        "an event outranks",
        ('{40;20;40},{0.5;0.3;0.2},0.05,46000,"monthly",46010,{"";"TRIM"}'),
        '="EVENT"',
    ),
    ("REBALANCE_TRIGGER", "due but nothing drifted", '{50;50},{0.5;0.5},0.1,46000,"weekly",46010', '="NONE"'),
    (
        "REBALANCE_TRIGGER",
        "drift of exactly 5 points on a review day",
        ('{55;45},{0.5;0.5},0.1,46000,"weekly",46010'),
        '="NONE"',
    ),
    ("REBALANCE_TRIGGER", "never reviewed is due", '{56;44},{0.5;0.5},0.1,{""},"weekly",46010', '="TIME"'),
    ("REBALANCE_TRIGGER", "empty book", '{0;0},{0.5;0.5},0.1,46000,"weekly",46010', "=#DIV/0!"),
    ("REBALANCE_TRIGGER", "one value beside three targets", '50,{0.5;0.3;0.2},0.1,46000,"weekly",46010', "=#VALUE!"),
    # --- hedging
    ("HEDGE_NOTIONAL", "blank row", "{10000;;5000},0.3", '={3000;"";1500}'),
    ("HEDGE_NOTIONAL", "a ratio in percents", "10000,30", "=#NUM!"),
    ("HEDGE_CONTRACTS", "nearest, half away from 0", '25,1,10,,"nearest"', "=3"),
    ("HEDGE_CONTRACTS", "down is towards 0", '-3050,2500,1000,"inverse"', "=-3"),
    ("HEDGE_CONTRACTS", "whole contracts of a binary fraction", "0.3,1,0.1", "=3"),
    ("HEDGE_RATIO", "rows with a blank are skipped", "{0.02;;0.03;-0.02},{0.01;0.9;0.015;-0.01}", "=2"),
    ("HEDGE_RATIO", "one row", "{0.02},{0.01}", "=#N/A"),
    ("HEDGE_RATIO", "the futures do not move", "{0.02;0.03},{0.01;0.01}", "=#DIV/0!"),
    ("HEDGE_PNL", "with funding", "10000,3000,-0.1,12.5", "=-712.5"),
    ("HEDGE_PNL", "a fall by more than all", "10000,3000,-1.1", "=#NUM!"),
    (
        "CROSS_LIQUIDATION_PRICE",
        "nothing held in a long column with a blank",
        (
            '{"";"short";"short";"short";"short";"short";"short";"short";"short";"short";"short";"short";"short";"short";'
            '"short";"short"},0,1,0,0.005'
        ),
        '={"";#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A;#N/A}',
    ),
    (
        "CROSS_LIQUIDATION_PRICE",
        "an unknown venue for a long column",
        ('"long",{1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1},1,0,0.005,,,,"nowhere"'),
        "={#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;#VALUE!;"
        "#VALUE!;#VALUE!;#VALUE!}",
    ),
    # --- margin, liquidation, carry: the numbers of the domain's worked examples
    ("INITIAL_MARGIN", "leverage 0", "5000,0", "=#NUM!"),
    ("LIQUIDATION_DISTANCE", "NEVER among prices", '{45000;"never"},50000', '={0.1;"NEVER"}'),
    ("FUTURES_PNL", "600 of margin at 10x lose all in a fall by 10 %", '"long",2.4,2500,2250', "=-600"),
    ("FUNDING_PAYMENT", "a long pays positive funding", '"long",10000,0.0001', "=-1"),
    ("FUNDING_PAYMENT", "a short receives it", '"short",10000,0.0001', "=1"),
    ("BASIS", "backwardation", "100,98", "=-2"),
    ("BASIS_RATE", "one of two rows blank", "{100;},{102;}", "=0.02"),
    (
        "HEDGED_LIQUIDATION_PRICE",
        "both prices",
        '1,50000,0.995,50000,1000,0.005,,,,50000,"both"',
        '={"NEVER",150753.76884422112}',
    ),
    ("LIQUIDATION_DISTANCE", "past the price of a short", '49000,50000,"short"', "=-0.02"),
    ("LIQUIDATION_DISTANCE", "NEVER with a side", '"NEVER",50000,"long"', '="NEVER"'),
    ("ACCOUNT_EQUITY", "a ratio above 1", '{"coin","balance","price","ratio";"BTC",1,60000,1.5},,"multi"', "=#NUM!"),
    ("ACCOUNT_EQUITY", "a coin without price", '{"coin","balance","ratio";"BTC",1,0.9},,"multi"', "=#N/A"),
    ("ACCOUNT_EQUITY", "a coin without ratio", '{"coin","balance","price";"BTC",1,60000},,"multi"', "=#N/A"),
    ("ACCOUNT_EQUITY", "an unknown mode", '{"coin","balance";"BTC",1},,"both"', "=#VALUE!"),
    ("ACCOUNT_EQUITY", "a column is missing", '{"coin";"BTC"}', "=#VALUE!"),
    ("ACCOUNT_EQUITY", "a coin twice", '{"coin","balance";"BTC",1;"btc",2}', "=#VALUE!"),
    ("STRESS_TABLE", "a shock in percents", '{"BTC";-20},{"coin","balance","price";"BTC",1,60000}', "=#NUM!"),
    ("STRESS_TABLE", "a coin that is not held", '{"BTCC";-0.2},{"coin","balance","price";"BTC",1,60000}', "=#VALUE!"),
]


def cases() -> Iterator[Case]:
    """Yield the edge cases as calls with answers."""
    for name, title, arguments, answer in EDGE_CASES:
        call = expressions.parse(f"={name}({arguments})")
        assert isinstance(call, expressions.Call)
        result = expressions.evaluate(expressions.parse(answer))
        if FUNCTIONS[name].result.kind == "date":
            result = _dated(result)
        given = tuple(expressions.evaluate(each) for each in call.arguments)
        yield Case(f"{name}: {title}", name, given, result, "edge")


def _dated(result: object) -> object:
    if is_range(result):
        return [[_dated(cell) for cell in row] for row in result]  # type: ignore[attr-defined]
    return from_serial(result) if isinstance(result, float) else result
