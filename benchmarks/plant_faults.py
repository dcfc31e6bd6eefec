"""Plants single-line faults into functions/, book/ and recalc/ and counts how many the owning tests notice.

    python benchmarks/plant_faults.py            all faults, about a minute each
    python benchmarks/plant_faults.py --area book --only cap
    python benchmarks/plant_faults.py --area book --random 40 --seed 1

A fault is a line of the code and what it is changed into. Each is planted into a copy of the checkout, the tests of the
area that owns the line are run there, and a fault that no test notices survives. The checkout itself is not touched.
With --random the faults are drawn by a seed instead (random_faults.py): nobody chose them to be easy or hard.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from function_faults import FUNCTIONS
from random_faults import drawn

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Fault:
    """One line and what it becomes; `area` names the tests that should notice."""

    area: str
    name: str
    file: str
    line: str
    becomes: str
    at: int = -1


def book(name: str, file: str, line: str, becomes: str) -> Fault:
    """Return a fault in rebalance_xl/book."""
    return Fault("book", name, f"rebalance_xl/book/{file}.py", line, becomes)


def functions(name: str, file: str, line: str, becomes: str) -> Fault:
    """Return a fault in rebalance_xl/functions."""
    return Fault("functions", name, f"rebalance_xl/functions/{file}.py", line, becomes)


def recalc(name: str, file: str, line: str, becomes: str) -> Fault:
    """Return a fault in rebalance_xl/recalc."""
    return Fault("recalc", name, f"rebalance_xl/recalc/{file}.py", line, becomes)


#: The tests that own each area.
TESTS = {
    "book": [
        f"tests/book/test_{name}.py"
        for name in ("review_rules", "money_and_debts", "odd_positions", "derivative_lines", "venues")
    ]
    + ["tests/book"],
    "functions": ["tests/golden", "tests/derivatives", "tests/functions"],
    "recalc": ["tests/recalc", "tests/native"],
}

FAULTS = (
    # --- money: fees, credit, transfers, reserve
    book(
        "bonus credit ignored", "money", "        return max(0.0, gross - self.credit(venue))", "        return gross"
    ),
    book("credit counted twice", "money", "gross - net\n", "0.0\n"),
    book(
        "withdrawal fee dropped",
        "money",
        "        return self.book.venue(source.venue).withdrawal_fee",
        "        return 0.0",
    ),
    book("money stuck at a venue is spent", "money", "not self.book.venue(source.venue).withdrawals", "False"),
    book(
        "cash spent after proceeds",
        "money",
        "_KINDS = {CASH: 0, PROCEEDS: 1, RAISED: 2}",
        "_KINDS = {CASH: 2, PROCEEDS: 1, RAISED: 0}",
    ),
    book(
        "ReserveMin counted twice",
        "money",
        "held - (settings.reserve_min or 0.0) * total)",
        "held - 2 * (settings.reserve_min or 0.0) * total)",
    ),
    book(
        "ReserveMax counts the targets again",
        "money",
        "- settings.reserve_max * total - targeted",
        "- settings.reserve_max * total",
    ),
    book(
        "a stablecoin's target is not kept",
        "money",
        "- target * total)\n            targeted",
        ")\n            targeted",
    ),
    # --- who acts
    book(
        "on the band is beyond it",
        "triggers",
        "abs(drift) > max(state.width + EDGE, DUST)",
        "abs(drift) >= state.width - EDGE",
    ),
    book(
        "a review ignores ReviewDrift",
        "triggers",
        "drifted = judgement.review and abs(drift) > review_drift + EDGE",
        "drifted = judgement.review and abs(drift) > EDGE",
    ),
    book(
        "the review is due a day late",
        "triggers",
        "math.floor(book.as_of) >= following",
        "math.floor(book.as_of) > following",
    ),
    book(
        "the cooldown is a day shorter",
        "triggers",
        "(math.floor(book.as_of) - math.floor(book.last_execution))",
        "(math.floor(book.as_of) - math.floor(book.last_execution) + 1)",
    ),
    book("a stable row triggers without a band", "triggers", "(state.stable and not state.holding.banded)", "False"),
    book("locked rows trigger", "triggers", "if state.locked or", "if False or"),
    book(
        "TrimTo is not mirrored below",
        "triggers",
        "- book.settings.trim_to * state.width) * total - state.value",
        ") * total - state.value",
    ),
    book(
        "rows that cannot trade act",
        "triggers",
        "if state.beyond and (state.stable or _can_trade(book, state, total, drift)):",
        "if state.beyond:",
    ),
    book(
        "an EXIT event keeps the target",
        "triggers",
        '0.0 if state.named.action == "EXIT" else target * level',
        "target * level",
    ),
    book("an event's level is ignored", "triggers", "else target * level", "else target"),
    book(
        "the earliest event has the last word",
        "triggers",
        "key=lambda event: -event.start",
        "key=lambda event: event.start",
    ),
    book("an event ends a day early", "triggers", "day <= math.floor(event.end)", "day < math.floor(event.end)"),
    book("REDUCE acts on the band itself", "triggers", "<= max(state.width + EDGE, DUST)", "< state.width - EDGE"),
    book(
        "a position with target 0 is kept",
        "states",
        "self.target == 0 and self.hedge_ratio is None",
        "self.target == -1",
    ),
    # --- sales
    book(
        "TurnoverCap counts locked rows",
        "states",
        "return sum(row.free_value for row in self.rows)",
        "return sum(row.value for row in self.rows)",
    ),
    book("locked units are sold", "rows", "1.0 - self.locked_units / held", "1.0"),
    book(
        "a trim ends at the target",
        "trims",
        "goal = state.target + book.settings.trim_to * state.width\n    if",
        "goal = state.target\n    if",
    ),
    book("TurnoverCap cuts nothing", "trims", "share = cap * total / whole", "share = 1.0 or cap * total / whole"),
    book("a sale pays no fee", "trims", "amount * book.venue(holding.venue).spot_fee)", "0.0)"),
    book(
        "the strongest holding is the weakest",
        "trims",
        "sorted(ranked, key=lambda pair: pair[0])",
        "sorted(ranked, key=lambda pair: -pair[0])",
    ),
    # --- needs and deployment
    book(
        "a purchase ignores its fee",
        "needs",
        "need.priority, need.fee_rate = row.priority, book.venue(row.venue).spot_fee",
        "need.priority, need.fee_rate = row.priority, 0.0",
    ),
    book(
        "priorities are turned round",
        "needs",
        "_URGENT.get(need.kind, 2), not need.first, priority, lack",
        "_URGENT.get(need.kind, 2), not need.first, -priority, lack",
    ),
    book(
        "a tie goes to the smallest shortfall",
        "needs",
        "lack = -round(need.wanted / need.goal, 9)",
        "lack = round(need.wanted / need.goal, 9)",
    ),
    book("the reserve is no need", "needs", "goal = minimum * after", "goal = 0.0 * minimum * after"),
    book(
        "a margin need ignores what is posted",
        "needs",
        "wanted = state.target * draft.total - _posted(state)",
        "wanted = state.target * draft.total",
    ),
    book("BuyScope is ignored", "needs", 'breaching = book.settings.buy_scope == "breaching"', "breaching = False"),
    book(
        "pro rata is by priority",
        "deploy",
        'if draft.book.settings.deploy_method == "pro_rata":\n        split',
        "if False:\n        split",
    ),
    book(
        "the reserve is filled from cash",
        "deploy",
        "return (PROCEEDS, RAISED) if need.kind == KEEP else _ALL_KINDS",
        "return _ALL_KINDS",
    ),
    book(
        "spot money pays margin",
        "deploy",
        "else (ANY, FUTURES) if need.kind in (MARGIN, HEDGE) else (ANY, SPOT)",
        "else (ANY, FUTURES, SPOT)",
    ),
    # --- rows that pay
    book(
        "payers go below their target",
        "payers",
        "excess = state.value - sold - state.target * total",
        "excess = state.value - sold",
    ),
    book("fees left over count as excess", "payers", "if excess <= 2 * fee * state.target * total:", "if False:"),
    book("lots of payers are rounded down", "payers", "units = rounded_up(wanted, price, lot)", "units = float('inf')"),
    book("the smallest excess pays first", "payers", "found.append((-round(", "found.append((round("),
    # --- futures
    book(
        "the profit of a closing is dropped",
        "derivatives",
        "released = (margin_of(position) + pnl_of(position)) * share",
        "released = margin_of(position) * share",
    ),
    book(
        "a closing pays no fee",
        "derivatives",
        "quantity * position.unit_value * book.venue(position.venue).futures_fee)",
        "0.0)",
    ),
    book(
        "an opening beyond the last tier is taken",
        "derivatives",
        "if tiers.is_beyond(position, notional):",
        "if False:",
    ),
    book(
        "the tier's leverage is ignored",
        "derivatives",
        "if most is not None and position.leverage > most:",
        "if False:",
    ),
    book(
        "a position that is gone is added to",
        "derivatives",
        '    if state.gone:\n        return Refusal("gone")',
        '    if False:\n        return Refusal("gone")',
    ),
    book(
        "a hedge ignores the open short",
        "derivatives",
        "shorted = 0.0 if state.gone else open_short(state.position)",
        "shorted = 0.0",
    ),
    book(
        "a coin-margined short counts at the mark",
        "derivatives",
        "return position.quantity / position.entry * position.money",
        "return position.notional",
    ),
    book(
        "isolated equity may be negative",
        "futures",
        "equity = 0.0 if gone else max(0.0, equity)",
        "equity = 0.0 if gone else equity",
    ),
    book(
        "a position past its price keeps its worth",
        "futures",
        "equity = 0.0 if gone else max(0.0, equity)",
        "equity = max(0.0, equity)",
    ),
    # --- record
    book(
        "the purchase fee enters the cost basis",
        "ledger",
        "ledger.costs.get(row, holding.cost_basis or 0.0) + fill.amount",
        "ledger.costs.get(row, holding.cost_basis or 0.0) + fill.amount + fill.fee",
    ),
    book("a fill's price is ignored", "fills", "amount = quantity * price", "amount = amount"),
    book(
        "the fee of a sale is not paid",
        "ledger",
        "ledger.pay(holding.venue, -step * fill.amount - fill.fee)",
        "ledger.pay(holding.venue, -step * fill.amount)",
    ),
    book(
        "a closing leaves the margin",
        "ledger",
        'state["Margin"] = state["Margin"] - margin if state["Quantity"] else 0.0',
        'state["Margin"] = state["Margin"]',
    ),
    book("Record always sets LastReview", "actions", "if review and port.read_name", "if port.read_name"),
    book(
        "the Journal has the value before",
        "execution",
        "_journal(ledger, money, book_value(after))",
        "_journal(ledger, money, book_value(book))",
    ),
    book(
        "a changed book is not noticed",
        "actions",
        "if planned and planned != mark_of(book) and not changed:",
        "if False:",
    ),
    # --- functions
    functions(
        "the band's edge is beyond it",
        "allocation",
        "flag = where(share - targets > width + TOLERANCE, TRIM",
        "flag = where(share - targets > width - TOLERANCE, TRIM",
    ),
    functions(
        "a relative band is absolute",
        "allocation",
        "where(band_kind == 1.0, band * target,",
        "where(band_kind == 1.0, band,",
    ),
    functions(
        "5/25 takes the larger",
        "allocation",
        "five_25 = minimum(0.05 + 0.0 * target, 0.25 * target)",
        "five_25 = 0.05 + 0.0 * target",
    ),
    functions(
        "LIFO with equal dates",
        "lots",
        "sorted(reversed(usable), key=lambda i: -dates[i]",
        "sorted(usable, key=lambda i: -dates[i]",
    ),
    functions("priority ignores order", "deployment", "left -= given[i]", "left -= 0.0"),
    functions(
        "pro rata ignores shortage",
        "deployment",
        "share = 1.0 if wanted <= available else available / wanted",
        "share = 1.0",
    ),
    functions("a short hedge is subtracted with the wrong sign", "hedging", "- open_short", "+ open_short"),
    functions(
        "a spread's days are lost",
        "spreads",
        "return where(wrong, NUM, per_day * 365.0)",
        "return where(wrong, NUM, per_day * 360.0)",
    ),
    functions("the deviation is of the whole", "spreads", "(len(known) - 1))", "len(known))"),
    functions(
        "a stepped tier begins at its floor",
        "tiers",
        "if size > tier.floor * (1.0 + TOLERANCE):",
        "if size >= tier.floor:",
    ),
    functions(
        "the next review loses its month end",
        "triggers",
        "day=last_day if at_month_end else min(day.day, last_day)",
        "day=min(day.day, last_day)",
    ),
    functions("a breakout needs no buffer", "triggers", "max(before) * (1.0 + buffer)", "max(before)"),
    # --- recalc
    recalc(
        "an area loses its first column",
        "references",
        "self.left <= column <= self.right",
        "self.left < column <= self.right",
    ),
    recalc(
        "an area is a row too low", "references", "return self.bottom - self.top + 1", "return self.bottom - self.top"
    ),
    recalc(
        "columns are counted from 0", "references", "number * 26 + ord(letter) - 64", "number * 26 + ord(letter) - 65"
    ),
    recalc(
        "a table without a header loses a row",
        "files/package",
        "return self.area.top + int(self.header)",
        "return self.area.top + 1",
    ),
    recalc(
        "a totals row is data", "files/package", "return self.area.bottom - int(self.totals)", "return self.area.bottom"
    ),
    recalc("values that differ are the same", "outcome", "isclose(old, new, rel_tol=SAME_WITHIN, abs_tol=0.0)", "True"),
    # --- recalc: values kept or written, loops, arrays, what lies beside the cells
    recalc(
        "an error that follows from a kept one is written", "evaluation/decision", "if finding.doubtful:", "if False:"
    ),
    recalc("a linked data type is overwritten", "evaluation/decision", "if finding.linked:", "if False:"),
    recalc("a loop at rest is moved", "evaluation/loops", "cell.old if rests or", "cell.old if"),
    recalc(
        "a blank in an array stays blank",
        "evaluation/spills",
        "    if cell is None:\n        return 0.0",
        "    if cell is None:\n        return ''",
    ),
    recalc(
        "a longer array is cut off",
        "evaluation/spills",
        "if (row >= tall and tall > 1) or",
        "if False and (row >= tall and tall > 1) or",
    ),
    recalc(
        "a data table takes rows for columns",
        "evaluation/data_tables",
        "put = [above[column], beside[row]]",
        "put = [beside[row], above[column]]",
    ),
    recalc(
        "links are counted from 0", "evaluation/external_links", "enumerate(references, 1)", "enumerate(references)"
    ),
    recalc(
        "numbers near each other are not looked for",
        "evaluation/suspects",
        "suspects = [*_noisy(calculation), *_near(calculation)]",
        "suspects = [*_noisy(calculation)]",
    ),
    recalc(
        "a swapped date is the American one",
        "evaluation/suspects",
        "            suspects += _with_dates(calculation)\n",
        "",
    ),
    recalc("noise of a last subtraction is shown", "formulas/fifteen_digits", "<=ABS(rl_right)*1E-15,0,", "<0,0,"),
    recalc(
        "an intersection takes the row above",
        "formulas/operands",
        'return f"{prefix}{column_letters(area.left)}{row}"',
        'return f"{prefix}{column_letters(area.left)}{row - 1}"',
    ),
    recalc(
        "a name is no array formula",
        "formulas/compiling_references",
        "out = inner.expression(expression, ARRAY if formula else wanted)",
        "out = inner.expression(expression, wanted)",
    ),
    recalc(
        "errors in summed ranges are passed over",
        "formulas/compiling_calls",
        "if watched is not None and watched < len(call.arguments):",
        "if False:",
    ),
    # --- recalc: functions of our own
    recalc(
        "greater is greater or equal",
        "native/criteria",
        "return lambda cell: is_number(cell) and compare(cell, number)",
        "return lambda cell: is_number(cell) and (compare(cell, number) or cell == number)",
    ),
    recalc("a wildcard is a plain star", "native/criteria", '".*" if sign == "*"', '"[*]" if sign == "*"'),
    recalc(
        "a criterion's percent is no number",
        "native/criteria",
        "return criterion if number is None else sign + repr(number)",
        "return criterion if True else sign + repr(number)",
    ),
    recalc(
        "an error among numbers met is left out",
        "native/arguments",
        "            raise Fault(cell.code, cell.reason)\n        elif isinstance(cell, int)",
        "            continue\n        elif isinstance(cell, int)",
    ),
    recalc(
        "the mean of nothing is 0",
        "native/aggregates",
        "return math.fsum(numbers) / len(numbers)",
        "return math.fsum(numbers) / max(len(numbers), 1)",
    ),
    recalc(
        "a year of cash flows has 360 days",
        "native/cashflows",
        "(int(day) - start) / 365.0)",
        "(int(day) - start) / 360.0)",
    ),
    recalc("CEILING takes any signs", "native/rounding", "if number > 0 > significance:", "if False:"),
    recalc(
        "FLOOR.MATH without a significance rounds to tens",
        "native/rounding",
        "def floor_math(number: float, significance: float = 1.0",
        "def floor_math(number: float, significance: float = 10.0",
    ),
    recalc(
        "halves of MROUND go down",
        "native/rounding",
        "math.floor(quotient(number, multiple) + 0.5)",
        "math.ceil(quotient(number, multiple) - 0.5)",
    ),
    recalc(
        "1900 has no 29 February",
        "native/days",
        "if day == PHANTOM_DAY:\n        return 1900, 2, 29",
        "if day == PHANTOM_DAY:\n        return 1900, 3, 1",
    ),
    recalc(
        "the American rule is the European one",
        "native/days",
        "        if d2 == 31 and d1 >= 30:",
        "        if d2 == 31:",
    ),
    recalc(
        "the next smaller is the next larger",
        "native/lookup",
        "(other < key) == (match_mode == -1)",
        "(other < key) == (match_mode == 1)",
    ),
    recalc(
        "a discounted price is too high",
        "native/discounted",
        "redemption - rate * redemption * years",
        "redemption + rate * redemption * years",
    ),
    recalc(
        "a Treasury bill's year has 365 days",
        "native/discounted",
        "price = 100.0 * (1.0 - discount * days / 360.0)",
        "price = 100.0 * (1.0 - discount * days / 365.0)",
    ),
    recalc(
        "the declining balance never changes to equal amounts",
        "native/depreciation",
        "if not no_switch and even > amount:",
        "if no_switch and even > amount:",
    ),
    recalc(
        "DB's first year is whole", "native/depreciation", "amount = cost * rate * months / 12", "amount = cost * rate"
    ),
    recalc(
        "rows of criteria must all be met",
        "native/aggregates",
        "row for row in database[1:] if any(all(",
        "row for row in database[1:] if all(all(",
    ),
    recalc(
        "degrees of freedom are rounded",
        "native/roles",
        'at most 10^10", int)',
        'at most 10^10", round)',
    ),
    recalc(
        "the exclusive percentile is the inclusive one",
        "native/aggregates",
        "place = part * (count + 1) - 1 if exclusive",
        "place = part * (count - 1) if exclusive",
    ),
    recalc(
        "wrapped rows are not filled up",
        "native/array_shapes",
        "cells += [pad_with] * (-len(cells) % size)",
        "cells += [None] * (-len(cells) % size)",
    ),
    recalc(
        "TAKE from the end takes from the start",
        "native/array_shapes",
        "return slice(0, number) if wanted > 0 else slice(size - number, size)",
        "return slice(0, number)",
    ),
    recalc(
        "a long text is not refused",
        "native/careful",
        "return TOO_LONG if value.__class__ is str and len(value) > LONGEST else value",
        "return value",
    ),
)


def planted(fault: Fault, root: Path) -> bool:
    """Plant a fault into a copy of the checkout; False where its line is no longer there."""
    path = root / fault.file
    text = path.read_text(encoding="utf-8")
    start = text.find(fault.line) if fault.at < 0 else fault.at
    if start < 0 or not text.startswith(fault.line, start):
        return False
    path.write_text(text[:start] + fault.becomes + text[start + len(fault.line) :], encoding="utf-8")
    return True


def noticed(fault: Fault, root: Path) -> bool:
    """Run the tests that own a fault in the copy; True where one of them fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-m", "not slow", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *TESTS[fault.area]], cwd=root, capture_output=True, timeout=1800, check=False)
    return done.returncode != 0


def main(arguments: list[str]) -> int:
    """Plant the faults asked for one after the other; return 1 where fewer than 95 % are noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--area", choices=sorted(TESTS))
    parser.add_argument("--only", default="", help="faults whose name holds this text")
    parser.add_argument("--random", type=int, default=0, help="draw so many faults in the area instead")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn by")
    options = parser.parse_args(arguments)
    faults = [*FAULTS, *(functions(*each) for each in FUNCTIONS)]
    if options.random:
        area = options.area or "book"
        found = drawn(ROOT, f"rebalance_xl/{area}", options.random, options.seed)
        faults = [Fault(area, name, file, old, new, at) for name, file, old, new, at in found]
    chosen = [f for f in faults if options.area in (None, f.area) and options.only in f.name]
    survivors, gone = [], []
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "checkout"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
        for fault in chosen:
            original = (root / fault.file).read_text(encoding="utf-8")
            if not planted(fault, root):
                gone.append(fault)
                print(f"GONE      {fault.area}: {fault.name}", flush=True)
                continue
            found = noticed(fault, root)
            (root / fault.file).write_text(original, encoding="utf-8")
            print(f"{'noticed' if found else 'SURVIVES'}   {fault.area}: {fault.name}", flush=True)
            if not found:
                survivors.append(fault)
    tried = len(chosen) - len(gone)
    share = 1 - len(survivors) / tried if tried else 1.0
    print(f"{tried - len(survivors)} of {tried} faults were noticed ({share:.0%}); {len(gone)} lines are gone")
    return 0 if share >= 0.95 and not gone else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
