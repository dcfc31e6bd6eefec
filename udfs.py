"""What xlwings imports: every worksheet function of the catalogue, under its worksheet name."""

from rebalance_xl.hosts.excel import worksheet_functions

globals().update(worksheet_functions())
