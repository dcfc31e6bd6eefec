"""Further single-line faults in rebalance_xl/functions, for plant_faults.py: name, module, line, what it becomes."""

from __future__ import annotations

FUNCTIONS: tuple[tuple[str, str, str, str], ...] = (
    # --- allocation
    ("a target of 0 has a band", "allocation", "return where(target == 0.0, 0.0, width)", "return width"),
    ("TrimTo is not mirrored below", "allocation", "(targets - add_to * width)", "(targets + add_to * width)"),
    ("a trim ends at the target", "allocation", "(targets + trim_to * width)", "(targets + 0.0 * width)"),
    ("a trade adds what it trims", "allocation", "return added - trim_amount(", "return added + trim_amount("),
    ("the minimum notional is met by any order", "allocation", "< min_notional - TOLERANCE", "< 0.0"),
    ("a lot is rounded up", "allocation", "floor(units / step * (1.0 + 1e-14) + TOLERANCE)",
     "floor(units / step + 1.0)"),
    ("the gain is the proceeds", "allocation", "gain = sold_value * (1.0 - divide(cost_basis, value))",
     "gain = sold_value"),
    ("a relative drift is in points", "allocation", "divide(points, targets), points)", "points, points)"),
    # --- deployment and reserve
    ("what is left counts what is missing", "deployment", "max(0.0, _known(proceeds) - _known(needs))",
     "_known(proceeds) - _known(needs)"),
    ("over-committed is what is left", "deployment", "max(0.0, _known(needs) - _known(proceeds))",
     "max(0.0, _known(proceeds) - _known(needs))"),
    ("the reserve counts every row", "deployment", 'if kind == "stable" and value == value)', "if value == value)"),
    ("a reserve above its maximum is fine", "deployment", "if reserve > maximum * total + TOLERANCE * total:",
     "if False:"),
    # --- lots
    ("LIFO is FIFO", "lots", "elif method == LIFO:", "elif False:"),
    ("HIFO takes the cheapest", "lots", "(-prices[i], bought(i))", "(prices[i], bought(i))"),
    ("a gain forgets what the lot cost", "lots", "units * (price - cost) for", "units * price for"),
    ("more than the lots hold is sold", "lots", "if sold_quantity > held * (1.0 + TOLERANCE):", "if False:"),
    # --- contracts, carry
    ("a short gains when prices rise", "contracts", "return where(wrong, NUM, side * quantity * move)",
     "return where(wrong, NUM, quantity * move)"),
    ("the closing fee is dropped from the break-even", "contracts",
     "lowered = 1.0 - side * where(inverse, open_fee, close_fee)", "lowered = 1.0 + 0.0 * close_fee"),
    ("an inverse entry is averaged like a linear one", "contracts",
     "    if contract == INVERSE:\n        return filled /",
     "    if False:\n        return filled /"),
    ("longs are paid the funding", "carry", "0.0 - side * notional * rate)", "side * notional * rate)"),
    ("funding is paid once a day", "carry", "settlements = days * divide(24.0, interval_hours, NUM)",
     "settlements = days"),
    # --- margin, liquidation, tiers
    ("margin is leverage times notional", "margin", "divide(notional, leverage, NUM))", "notional * leverage)"),
    ("a bankruptcy price may be below 0", "margin", "where(found < 0.0, INFINITY, found)", "found"),
    ("a distance has no side", "margin", "where(side == 0.0, abs(apart), 0.0 - side * apart)", "abs(apart)"),
    ("the amount of a tier is forgotten", "tiers", "value * tier.rate - tier.amount)", "value * tier.rate)"),
    ("the size beyond the last tier is allowed", "tiers", "return size > table.largest", "return size > size"),
    ("added margin bears no fee anywhere", "venues", "return _of(_FEE_ON_ADDED_MARGIN, venue) * taker_fee",
     "return 0.0 * taker_fee"),
    ("the venue's fee does not count", "venues", "return _of(_COUNTS_FEE, venue) * taker_fee",
     "return 0.0 * taker_fee"),
    # --- hedging, spreads, triggers
    ("beta is ignored", "hedging", "spot_value * hedge_ratio * beta - open_short",
     "spot_value * hedge_ratio - open_short"),
    ("the funding of a hedge is dropped", "hedging", "- hedge_notional * price_change - funding_cost",
     "- hedge_notional * price_change"),
    ("a profit of other positions is dropped", "liquidation_equation",
     "wallet_balance - other_maintenance + other_pnl",
     "wallet_balance - other_maintenance"),
    ("drift on the edge is a trigger", "triggers", "if drift > width + TOLERANCE:", "if drift >= width - TOLERANCE:"),
    ("a breakout downwards is none", "triggers", "        return DOWN", "        return NO_BREAKOUT"),
    ("a review is due a day late", "triggers", "float(math.floor(as_of) >= due)", "float(math.floor(as_of) > due)"),
)  # fmt: skip
