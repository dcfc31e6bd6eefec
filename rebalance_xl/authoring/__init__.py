"""The builder of ``workbook/Rebalancer.xlsm``: sheets, wrappers, VBA project, ribbon, from sources."""
