"""What xlwings imports: every worksheet function of the catalogue, under its worksheet name."""
