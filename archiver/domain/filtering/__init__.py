"""Expressions over the columns of rows, whatever the rows are: `--where` of every command."""
